"""Entries that are held back or taken down, and the keys by which one post is known in several sources."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

Whole = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    for name, kind in (
        ("canonical_key", sa.Text()),
        ("text_hash", sa.Text()),
        ("held_at", Whole),
        ("held_reason", sa.Text()),
        ("deleted_at", Whole),
    ):
        op.add_column("entries", sa.Column(name, kind))
    op.drop_index("entries_newest", table_name="entries")
    visible = sa.text("held_at IS NULL AND deleted_at IS NULL")
    op.create_index(
        "entries_newest",
        "entries",
        ["source", sa.text("sort_at DESC"), sa.text("id DESC")],
        sqlite_where=visible,
        postgresql_where=visible,
    )
    for name in ("canonical_key", "text_hash", "held_at"):
        present = sa.text(f"{name} IS NOT NULL")
        op.create_index(f"entries_{name}", "entries", [name], sqlite_where=present, postgresql_where=present)
