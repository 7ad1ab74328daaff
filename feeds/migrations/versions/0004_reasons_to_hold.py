"""Why a source is held, and until when an entry that is dated ahead waits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("sources", sa.Column("held_as", sa.Text()))
    op.add_column("sources", sa.Column("held_reason", sa.Text()))
    op.add_column("entries", sa.Column("held_until", sa.BigInteger().with_variant(sa.Integer(), "sqlite")))
