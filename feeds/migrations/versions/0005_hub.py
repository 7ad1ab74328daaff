"""Who subscribed at our hub, what waits to be verified, and which changes other hubs have to be told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

Whole = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _key(table: str) -> tuple[sa.Column[bytes], sa.PrimaryKeyConstraint]:
    return (
        sa.Column("key_hash", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("key_hash", name=f"{table}_pkey"),
    )


def _text(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False, server_default="") for name in names]


def _whole(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, Whole, nullable=False, server_default="0") for name in names]


def upgrade() -> None:
    op.create_table(
        "hub_subscriptions",
        *_key("hub_subscriptions"),
        *_text("topic", "callback", "host"),
        sa.Column("secret", sa.Text),
        *_whole("since", "lease_until"),
        sa.Column("sent_hash", sa.LargeBinary),
        sa.Column("due_hash", sa.LargeBinary),
        sa.Column("due_at", Whole),
        *_whole("attempts"),
        sa.Column("delivered_at", Whole),
        *_text("detail"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "hub_requests",
        *_key("hub_requests"),
        *_text("mode", "topic", "callback", "host"),
        sa.Column("secret", sa.Text),
        *_whole("lease_seconds", "asked_at", "due_at", "attempts"),
        sa.Column("challenge", sa.Text),
        *_text("reason"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "hub_pings",
        *_key("hub_pings"),
        *_text("hub", "topic"),
        sa.Column("sent_hash", sa.LargeBinary),
        sa.Column("due_hash", sa.LargeBinary),
        sa.Column("due_at", Whole),
        *_whole("attempts"),
        *_text("detail"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
