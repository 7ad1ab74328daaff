"""The first memory: sources, entries, contents, and what keeps them in order."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

Whole = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _text(name: str, default: str = "") -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False, server_default=default)


def _maybe_text(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text) for name in names]


def _maybe_whole(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, Whole) for name in names]


def _count(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, Whole, nullable=False, server_default="0") for name in names]


def _whole(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, Whole, nullable=False) for name in names]


def _hash(*names: str) -> list[sa.Column[bytes]]:
    return [sa.Column(name, sa.LargeBinary, nullable=False) for name in names]


def _belongs_to_source(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["source"], ["sources.id"], name=f"{table}_source_fkey")


def _belongs_to_entry(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["entry"], ["entries.id"], name=f"{table}_entry_fkey", ondelete="CASCADE")


def upgrade() -> None:
    _make_sources()
    _make_entries()
    _make_what_hangs_on_them()
    _make_the_rest()


def _make_sources() -> None:
    op.create_table(
        "sources",
        sa.Column("id", Whole, nullable=False, autoincrement=True),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("url_key", sa.Text, nullable=False),
        *_maybe_text("title"),
        _text("tags", "[]"),
        *_count("position"),
        *_whole("added_at"),
        *_maybe_whole("removed_at"),
        *_maybe_text("lease"),
        *_maybe_whole("lease_until"),
        *_count("entry_count", "fetch_count"),
        _text("standing", "new"),
        *_maybe_text("etag", "last_modified", "issued_by", "body_hash"),
        sa.Column("next_fetch", Whole, nullable=False, server_default=str(-(2**53))),
        _text("reason", "never fetched"),
        *_maybe_whole("hold_until"),
        *_count("failures"),
        *_maybe_text("failure"),
        _text("detail"),
        *_maybe_whole("failing_since", "last_attempt", "last_success", "last_status", "last_full"),
        *_maybe_text("moved_to"),
        *_maybe_whole("moved_since"),
        *_count("moved_count"),
        _text("rate", "{}"),
        _text("channel", "{}"),
        sa.PrimaryKeyConstraint("id", name="sources_pkey"),
        sa.UniqueConstraint("url_key", name="sources_url_key_key"),
        sqlite_strict=True,
    )
    configured = sa.text("removed_at IS NULL")
    op.create_index(
        "sources_due", "sources", ["next_fetch", "id"], sqlite_where=configured, postgresql_where=configured
    )


def _make_entries() -> None:
    op.create_table(
        "entries",
        sa.Column("id", Whole, nullable=False, autoincrement=False),
        *_whole("source"),
        *_hash("guid_hash", "id_hash"),
        *_whole("sort_at", "first_seen"),
        *_maybe_text("url"),
        _text("guid"),
        _text("published_id"),
        _text("title"),
        *_maybe_whole("published", "updated"),
        *_maybe_text("language"),
        _text("summary"),
        _text("authors", "[]"),
        _text("categories", "[]"),
        _text("enclosures", "[]"),
        *_maybe_text("image", "rights", "origin"),
        _text("notes", "[]"),
        _text("raw_hash"),
        _text("fingerprint"),
        _text("recipe"),
        *_count("revision"),
        sa.PrimaryKeyConstraint("id", name="entries_pkey"),
        _belongs_to_source("entries"),
        sa.UniqueConstraint("source", "guid_hash", name="entries_guid_key"),
        sa.UniqueConstraint("source", "id_hash", name="entries_published_id_key"),
        sqlite_strict=True,
    )
    op.create_index("entries_newest", "entries", ["source", sa.text("sort_at DESC"), sa.text("id DESC")])


def _make_what_hangs_on_them() -> None:
    op.create_table(
        "contents",
        sa.Column("entry", Whole, nullable=False, autoincrement=False),
        _text("raw"),
        _text("html"),
        _text("text"),
        sa.PrimaryKeyConstraint("entry", name="contents_pkey"),
        _belongs_to_entry("contents"),
        sqlite_strict=True,
    )
    op.create_table(
        "terms",
        sa.Column("source", Whole, nullable=False, autoincrement=False),
        sa.Column("term", sa.Text, nullable=False),
        sa.Column("sort_at", Whole, nullable=False, autoincrement=False),
        sa.Column("entry", Whole, nullable=False, autoincrement=False),
        sa.PrimaryKeyConstraint("source", "term", "sort_at", "entry", name="terms_pkey"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "aliases",
        *_whole("source"),
        *_hash("guid_hash"),
        *_whole("entry"),
        sa.PrimaryKeyConstraint("source", "guid_hash", name="aliases_pkey"),
        _belongs_to_source("aliases"),
        _belongs_to_entry("aliases"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("aliases_entry", "aliases", ["entry"])
    op.create_table(
        "tombstones",
        *_whole("source"),
        *_hash("guid_hash"),
        *_whole("at"),
        sa.PrimaryKeyConstraint("source", "guid_hash", name="tombstones_pkey"),
        _belongs_to_source("tombstones"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "fetches",
        *_whole("source"),
        sa.Column("slot", Whole, nullable=False, autoincrement=False),
        *_whole("seq", "at"),
        *_maybe_whole("status"),
        _text("outcome"),
        *_maybe_text("failure"),
        _text("detail"),
        *_count("bytes", "duration_ms", "new", "changed"),
        sa.PrimaryKeyConstraint("source", "slot", name="fetches_pkey"),
        _belongs_to_source("fetches"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def _make_the_rest() -> None:
    op.create_table(
        "sites",
        sa.Column("key", sa.Text, nullable=False),
        *_maybe_whole("next_allowed_ms", "hold_until_ms", "spacing_ms"),
        *_count("refusals"),
        sa.PrimaryKeyConstraint("key", name="sites_pkey"),
        sqlite_strict=True,
    )
    op.create_table(
        "publications",
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("path", name="publications_pkey"),
        sqlite_strict=True,
    )
    counters = op.create_table(
        "counters",
        sa.Column("name", sa.Text, nullable=False),
        *_whole("value"),
        sa.PrimaryKeyConstraint("name", name="counters_pkey"),
        sqlite_strict=True,
    )
    op.create_table(
        "meta",
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("key", name="meta_pkey"),
        sqlite_strict=True,
    )
    op.bulk_insert(counters, [{"name": "entry", "value": 0}])
