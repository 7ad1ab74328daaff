"""The ground floor: the nouns everybody speaks, and the memory that keeps them.

Nouns (standard library only): `entry`, `source`, `publication`, `outcome`, `update`, `identity`, `errors`.
Memory (SQLAlchemy Core): `schema`, `store`, `migrations`.
Nothing here fetches, parses, cleans or renders.
"""
