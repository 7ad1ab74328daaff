"""Our own subscriptions at other people's hubs, and what they pushed that has not been read yet."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

Whole = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _text(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False, server_default="") for name in names]


def _maybe_whole(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, Whole) for name in names]


def _count(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, Whole, nullable=False, server_default="0") for name in names]


def upgrade() -> None:
    op.create_table(
        "subscriptions",
        sa.Column("id", Whole, nullable=False, autoincrement=True),
        sa.Column("source", Whole, nullable=False),
        sa.Column("key_hash", sa.LargeBinary, nullable=False),
        *_text("hub", "topic"),
        sa.Column("token", sa.Text, nullable=False),
        *_text("callback", "secret"),
        sa.Column("standing", sa.Text, nullable=False),
        *_text("pending"),
        *_maybe_whole("asked_at", "verified_at", "lease_until"),
        sa.Column("next_step", Whole, nullable=False),
        *_maybe_whole("last_push"),
        *_count("pushes", "confirmed", "misses", "failures"),
        *_text("detail"),
        sa.Column("heard", sa.Text, nullable=False, server_default="[]"),
        *_maybe_whole("leased_until"),
        sa.PrimaryKeyConstraint("id", name="subscriptions_pkey"),
        sa.ForeignKeyConstraint(["source"], ["sources.id"], name="subscriptions_source_fkey"),
        sa.UniqueConstraint("key_hash", name="subscriptions_key_hash_key"),
        sa.UniqueConstraint("token", name="subscriptions_token_key"),
        sqlite_strict=True,
    )
    op.create_table(
        "pushes",
        sa.Column("id", Whole, nullable=False, autoincrement=True),
        sa.Column("subscription", Whole, nullable=False),
        sa.Column("source", Whole, nullable=False),
        sa.Column("received_at", Whole, nullable=False),
        *_text("content_type"),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pushes_pkey"),
        sa.ForeignKeyConstraint(
            ["subscription"], ["subscriptions.id"], name="pushes_subscription_fkey", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["source"], ["sources.id"], name="pushes_source_fkey"),
        sqlite_strict=True,
    )
