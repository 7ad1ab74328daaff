"""The sources' own icons."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

Whole = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "icons",
        sa.Column("source", Whole, nullable=False),
        sa.Column("url", sa.Text, nullable=False, server_default=""),
        sa.Column("looked_at", Whole, nullable=False),
        sa.Column("name", sa.Text, nullable=False, server_default=""),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("source", name="icons_pkey"),
        sa.ForeignKeyConstraint(["source"], ["sources.id"], name="icons_source_fkey"),
        sqlite_strict=True,
    )
