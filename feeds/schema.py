"""The tables of the memory, once for SQLite and PostgreSQL.

In:  nothing.
Out: `TABLES` (SQLAlchemy metadata), its tables, `REVISIONS` and `HEAD` (the migrations that lead here).
Never: opens a database, holds a query; what is written here has been frozen in `migrations/versions` first.

An index with `sqlite_where` is as partial on PostgreSQL (`partial_everywhere`, when tables are made): to say so here
would load that dialect into every process, a tenth of the start of each command.

How a column is to be read: a time is integer epoch seconds UTC; a name that ends in `_ms` is milliseconds (sites are
spaced by fractions of a second); a name that ends in `_hash` of type bytes is blake2b-128. Identities are indexed by
such a hash and not by their text, because PostgreSQL refuses index rows above 2.7 KB and a guid may be a megabyte.
Lists and small structures are JSON text (see `encoding`).
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    and_,
)

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008")
HEAD = REVISIONS[-1]

# "fmil" as a big-endian number: SQLite's application_id, by which `file` and we know our own.
APPLICATION_ID = 0x666D696C

AT_ONCE = -(2**53)
"""`sources.next_fetch` of a source that is due at once: smaller than every date, so that one index range finds all
that is due (NULL sorts first on SQLite and last on PostgreSQL)."""

NAMES = {
    "pk": "%(table_name)s_pkey",
    "fk": "%(table_name)s_%(column_0_name)s_fkey",
    "uq": "%(table_name)s_%(column_0_name)s_key",
}

TABLES = MetaData(naming_convention=NAMES)

# STRICT tables know INTEGER and not BIGINT; PostgreSQL's INTEGER ends in 2038.
Whole = BigInteger().with_variant(Integer, "sqlite")


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False, server_default="")


def _json(name: str, empty: str) -> Column[str]:
    return Column(name, Text, nullable=False, server_default=empty)


def _count(name: str) -> Column[int]:
    return Column(name, Whole, nullable=False, server_default="0")


def _maybe_text(name: str) -> Column[str]:
    return Column(name, Text)


def _maybe_time(name: str) -> Column[int]:
    return Column(name, Whole)


def _hash(name: str, *, primary_key: bool = False) -> Column[bytes]:
    return Column(name, LargeBinary, nullable=False, primary_key=primary_key)


def _source(*, primary_key: bool = False) -> Column[int]:
    return Column("source", Whole, ForeignKey("sources.id"), nullable=False, primary_key=primary_key)


sources = Table(
    "sources",
    TABLES,
    Column("id", Whole, primary_key=True),
    Column("url", Text, nullable=False),  # as configured
    Column("url_key", Text, nullable=False, unique=True),  # two spellings of one address share a row
    _maybe_text("title"),
    _json("tags", "[]"),
    _count("position"),  # in the configuration
    Column("added_at", Whole, nullable=False),
    _maybe_time("removed_at"),  # no longer configured since
    _maybe_text("lease"),
    _maybe_time("lease_until"),
    _count("entry_count"),  # rows of `entries` that are not taken down; kept by whoever adds or removes one
    _count("fetch_count"),  # of all time; fetch_count % 50 is the next slot of the ring
    # What we remember between two looks (SourceState)
    Column("standing", Text, nullable=False, server_default="new"),
    _maybe_text("etag"),
    _maybe_text("last_modified"),
    _maybe_text("issued_by"),
    _maybe_text("body_hash"),
    Column("next_fetch", Whole, nullable=False, server_default=str(AT_ONCE)),
    Column("reason", Text, nullable=False, server_default="never fetched"),
    _maybe_time("hold_until"),
    _count("failures"),
    _maybe_text("failure"),
    _text("detail"),
    _maybe_time("failing_since"),
    _maybe_time("last_attempt"),
    _maybe_time("last_success"),
    Column("last_status", Whole),
    _maybe_time("last_full"),
    _maybe_text("moved_to"),
    _maybe_time("moved_since"),
    _count("moved_count"),
    _json("rate", "{}"),
    _json("channel", "{}"),  # what the last good document said of itself (Channel)
    _maybe_text("adopted"),  # revision 0003: asked here instead, since a permanent redirect was believed
    _maybe_text("held_as"),  # revision 0004: which alarm holds the source (HeldAs), and in words
    _maybe_text("held_reason"),
    sqlite_strict=True,
)
Index("sources_due", sources.c.next_fetch, sources.c.id, sqlite_where=sources.c.removed_at.is_(None))

entries = Table(
    "entries",
    TABLES,
    Column("id", Whole, primary_key=True, autoincrement=False),  # from `counters`: never used twice
    _source(),
    _hash("guid_hash"),
    _hash("id_hash"),  # of published_id
    Column("sort_at", Whole, nullable=False),  # min(published, first_seen), frozen at first sight
    Column("first_seen", Whole, nullable=False),
    _maybe_text("url"),
    _text("guid"),
    _text("published_id"),  # frozen at first sight
    _text("title"),
    _maybe_time("published"),
    _maybe_time("updated"),
    _maybe_text("language"),
    _text("summary"),
    _json("authors", "[]"),
    _json("categories", "[]"),
    _json("enclosures", "[]"),
    _maybe_text("image"),
    _maybe_text("rights"),
    _maybe_text("origin"),  # JSON; NULL unless the document carried one
    _json("notes", "[]"),
    _text("raw_hash"),
    _text("fingerprint"),
    _text("recipe"),
    _count("revision"),
    # revision 0002
    _maybe_text("canonical_key"),
    _maybe_text("text_hash"),
    _maybe_time("held_at"),
    _maybe_text("held_reason"),
    _maybe_time("deleted_at"),  # taken down: known, never shown, without content
    _maybe_time("held_until"),  # revision 0004: shown from then on without being released, as it is dated ahead
    _maybe_time("stamp"),  # revision 0008: the second that is its alone (see store_stamps); NULL: to be given
    UniqueConstraint("source", "guid_hash", name="entries_guid_key"),
    UniqueConstraint("source", "id_hash", name="entries_published_id_key"),
    sqlite_strict=True,
)

visible = and_(entries.c.held_at.is_(None), entries.c.deleted_at.is_(None))
"""The condition of what a publication may show; word for word the one of the index `entries_newest`."""

Index("entries_newest", entries.c.source, entries.c.sort_at.desc(), entries.c.id.desc(), sqlite_where=visible)
for _column in (entries.c.canonical_key, entries.c.text_hash, entries.c.held_at):
    Index(f"entries_{_column.name}", _column, sqlite_where=_column.is_not(None))

Index("entries_stamp", entries.c.stamp)
Index("entries_unstamped", entries.c.id, sqlite_where=entries.c.stamp.is_(None))

contents = Table(
    "contents",
    TABLES,
    Column("entry", Whole, ForeignKey("entries.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    _text("raw"),  # what the document said: ParsedEntry.to_json
    _text("html"),
    _text("text"),
    sqlite_strict=True,
)

terms = Table(
    "terms",
    TABLES,
    # The source first: what one ingest adds lies together. By term first, each new row dirties a page of its own.
    Column("source", Whole, primary_key=True, autoincrement=False),
    Column("term", Text, primary_key=True),  # a category of the entry, case folded
    Column("sort_at", Whole, primary_key=True, autoincrement=False),
    Column("entry", Whole, primary_key=True, autoincrement=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

aliases = Table(
    "aliases",
    TABLES,
    _source(primary_key=True),
    _hash("guid_hash", primary_key=True),
    Column("entry", Whole, ForeignKey("entries.id", ondelete="CASCADE"), nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
Index("aliases_entry", aliases.c.entry)

tombstones = Table(
    "tombstones",
    TABLES,
    _source(primary_key=True),
    _hash("guid_hash", primary_key=True),
    Column("at", Whole, nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

fetches = Table(
    "fetches",
    TABLES,
    _source(primary_key=True),
    Column("slot", Whole, primary_key=True, autoincrement=False),  # 0 .. 49, a ring
    Column("seq", Whole, nullable=False),
    Column("at", Whole, nullable=False),
    Column("status", Whole),
    _text("outcome"),
    _maybe_text("failure"),
    _text("detail"),
    _count("bytes"),
    _count("duration_ms"),
    _count("new"),
    _count("changed"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

sites = Table(
    "sites",
    TABLES,
    Column("key", Text, primary_key=True),
    Column("next_allowed_ms", Whole),
    Column("hold_until_ms", Whole),
    Column("spacing_ms", Whole),
    _count("refusals"),
    sqlite_strict=True,
)

publications = Table(
    "publications",
    TABLES,
    Column("path", Text, primary_key=True),
    Column("id", Text, nullable=False),
    sqlite_strict=True,
)

counters = Table(
    "counters",
    TABLES,
    Column("name", Text, primary_key=True),
    Column("value", Whole, nullable=False),
    sqlite_strict=True,
)

FIRST_COUNTERS = [{"name": "entry", "value": 0}]
"""The rows that a fresh `counters` holds: the last `entries.id` that was given out."""


def partial_everywhere() -> None:
    """Give PostgreSQL the conditions of the partial indexes."""
    for table in TABLES.tables.values():
        for index in table.indexes:
            condition = index.dialect_options["sqlite"]["where"]
            if condition is not None:
                index.dialect_options["postgresql"]["where"] = condition


meta = Table(
    "meta",
    TABLES,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
    sqlite_strict=True,
)

# --- WebSub (revision 0005). `key_hash` is of (topic, callback) or (hub, topic); `due_at` NULL: nothing is due.

hub_subscriptions = Table(
    "hub_subscriptions",
    TABLES,
    _hash("key_hash", primary_key=True),
    _text("topic"),
    _text("callback"),
    _text("host"),  # of the callback, for the cap
    _maybe_text("secret"),
    _count("since"),  # when it was first verified
    _count("lease_until"),
    Column("sent_hash", LargeBinary),  # of the content last delivered, or current when it began
    Column("due_hash", LargeBinary),  # of the content that `attempts` were made for
    _maybe_time("due_at"),
    _count("attempts"),
    _maybe_time("delivered_at"),
    _text("detail"),  # why the last delivery failed
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

hub_requests = Table(
    "hub_requests",
    TABLES,
    _hash("key_hash", primary_key=True),
    _text("mode"),  # subscribe, unsubscribe: to be verified; denied: to be told
    _text("topic"),
    _text("callback"),
    _text("host"),
    _maybe_text("secret"),
    _count("lease_seconds"),
    _count("asked_at"),
    _count("due_at"),
    _count("attempts"),
    _maybe_text("challenge"),  # of the attempt in flight
    _text("reason"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

hub_pings = Table(
    "hub_pings",
    TABLES,
    _hash("key_hash", primary_key=True),
    _text("hub"),
    _text("topic"),
    Column("sent_hash", LargeBinary),
    Column("due_hash", LargeBinary),
    _maybe_time("due_at"),
    _count("attempts"),
    _text("detail"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

# --- WebSub, the other side (revision 0006): our subscriptions at other people's hubs

subscriptions = Table(
    "subscriptions",
    TABLES,
    Column("id", Whole, primary_key=True),
    _source(),
    Column("key_hash", LargeBinary, nullable=False, unique=True),  # of source, hub, topic and our address
    _text("hub"),
    _text("topic"),
    Column("token", Text, nullable=False, unique=True),
    _text("callback"),
    _text("secret"),
    Column("standing", Text, nullable=False),
    _text("pending"),
    _maybe_time("asked_at"),
    _maybe_time("verified_at"),
    _maybe_time("lease_until"),  # the hub's lease
    Column("next_step", Whole, nullable=False),
    _maybe_time("last_push"),
    _count("pushes"),
    _count("confirmed"),
    _count("misses"),
    _count("failures"),
    _text("detail"),
    _json("heard", "[]"),
    _maybe_time("leased_until"),  # a process is asking the hub
    sqlite_strict=True,
)

pushes = Table(
    "pushes",
    TABLES,
    Column("id", Whole, primary_key=True),
    Column("subscription", Whole, ForeignKey("subscriptions.id", ondelete="CASCADE"), nullable=False),
    _source(),
    Column("received_at", Whole, nullable=False),
    _text("content_type"),
    Column("body", LargeBinary, nullable=False),
    sqlite_strict=True,
)

# --- the sources' own icons (revision 0007). `name`: of its file, "" where none was found; `url`: where it was sought

icons = Table(
    "icons",
    TABLES,
    _source(primary_key=True),
    _text("url"),
    Column("looked_at", Whole, nullable=False),
    _text("name"),
    Column("body", LargeBinary, nullable=False),
    sqlite_strict=True,
)
