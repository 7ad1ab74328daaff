"""The second under which feeds tell an entry. What is published already keeps the one it has."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("entries", sa.Column("stamp", sa.BigInteger().with_variant(sa.Integer(), "sqlite")))
    entries = sa.table("entries", *map(sa.column, ("stamp", "updated", "published", "first_seen", "id")))
    own = sa.func.coalesce(entries.c.updated, entries.c.published, entries.c.first_seen)
    op.execute(sa.update(entries).values(stamp=own))
    op.create_index("entries_stamp", "entries", ["stamp"])
    unstamped = entries.c.stamp.is_(None)
    op.create_index("entries_unstamped", "entries", ["id"], sqlite_where=unstamped, postgresql_where=unstamped)
