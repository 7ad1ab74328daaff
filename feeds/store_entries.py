"""The entries in the memory, read: what is known of a document's guids, what is newest, what hides behind an id.

In:  a connection in its transaction.
Out: `KnownEntry`, `StoredEntry`, `Twin`, `HeldEntry`.
Never: writes; reads `contents` before it knows which few rows are wanted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnClause,
    CompoundSelect,
    Connection,
    LargeBinary,
    Select,
    bindparam,
    literal_column,
    or_,
    select,
    true,
    union,
    union_all,
)

from feedmill.feeds import rows
from feedmill.feeds.bulk import in_chunks, run
from feedmill.feeds.encoding import hash_of, index_key, moment, seconds, storable, terms_of, texts_from, url_key
from feedmill.feeds.entry import StoredEntry
from feedmill.feeds.schema import aliases, contents, entries, sources, terms, tombstones, visible
from feedmill.feeds.update import KnownEntry

_NONE: ColumnClause[str] = literal_column("''")


@dataclass(frozen=True, slots=True, kw_only=True)
class Twin:
    """A stored entry that has the same canonical key or the same text as another one."""

    row: int
    source_row: int
    id: str
    first_seen: datetime
    canonical_key: str | None
    text_hash: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldEntry:
    """An entry that is kept but not shown, and why."""

    entry: StoredEntry
    source_row: int
    reason: str
    at: datetime


# --- what is known

_SOURCE: BindParameter[Any] = bindparam("the_source")
_ROOM = 512
"""Guids in one look-up; a look-up is padded to a power of two, so that there are ten texts to compile and to cache."""


@cache
def _known_statement(size: int) -> CompoundSelect[Any]:
    hashes = [bindparam(f"h{at}", type_=LargeBinary) for at in range(size)]
    return union_all(
        select(entries.c.guid_hash, literal_column("0").label("rank"), *rows.KNOWN).where(
            entries.c.source == _SOURCE, entries.c.guid_hash.in_(hashes)
        ),
        select(aliases.c.guid_hash, literal_column("1"), *rows.KNOWN)
        .join_from(aliases, entries, aliases.c.entry == entries.c.id)
        .where(aliases.c.source == _SOURCE, aliases.c.guid_hash.in_(hashes)),
        select(tombstones.c.guid_hash, literal_column("2"), _NONE, literal_column("0"), _NONE, _NONE, _NONE, _NONE,
               tombstones.c.at, tombstones.c.at, literal_column("NULL"), literal_column("NULL"))
        .where(tombstones.c.source == _SOURCE, tombstones.c.guid_hash.in_(hashes)),
    )  # fmt: skip


def known(connection: Connection, source_row: int, guids: Sequence[str]) -> dict[str, KnownEntry]:
    """What the memory holds of these guids: as an entry's own, as its alias, or as a tombstone (`pruned`, row 0)."""
    by_hash = {hash_of(guid): guid for guid in guids}
    hashes = list(by_hash)
    best: dict[str, tuple[int, KnownEntry]] = {}
    for start in range(0, len(hashes), _ROOM):
        chunk = hashes[start : start + _ROOM]
        chunk += chunk[:1] * ((1 << (len(chunk) - 1).bit_length()) - len(chunk))
        values = {"the_source": source_row, **{f"h{at}": guid_hash for at, guid_hash in enumerate(chunk)}}
        found: Iterable[Sequence[Any]] = run(connection, _known_statement(len(chunk)), values)
        for row in found:
            guid, rank = by_hash[bytes(row[0])], row[1]
            if guid not in best or rank < best[guid][0]:
                best[guid] = rank, rows.known_from(row[2:])
    return {guid: entry for guid, (_, entry) in best.items()}


# --- what is newest

_STORED = (
    select(*rows.STORED)
    .select_from(entries)
    .join(sources, sources.c.id == entries.c.source)
    .outerjoin(contents, contents.c.entry == entries.c.id)
)
_STORED_BY_ROW = _STORED.where(entries.c.id.in_(bindparam("rows", expanding=True)))
_Place = tuple[int, int, int]  # sort_at, the source's row negated, the entry's row: the greatest is the newest
_LISTED = select(sources.c.id, sources.c.tags, sources.c.url_key).where(sources.c.removed_at.is_(None))


def latest(
    connection: Connection,
    *,
    limit: int,
    tags: Sequence[str],
    before: datetime | None,
    source_urls: Sequence[str] | None,
) -> list[StoredEntry]:
    """The newest visible entries by (sort_at, source, row), newest first. `before` excludes the moment itself.

    Of one moment the source that was configured first comes first: which one answered first is chance.
    """
    wanted = set(terms_of(tags))
    keys = None if source_urls is None else {url_key(url) for url in source_urls}
    listed = [row for row in connection.execute(_LISTED) if keys is None or row.url_key in keys]
    tagged = [row.id for row in listed if not wanted or wanted.intersection(terms_of(texts_from(row.tags)))]
    moment_before = None if before is None else seconds(before)
    found = _newest_of_sources(connection, tagged, limit, moment_before)
    untagged = sorted({row.id for row in listed}.difference(tagged))
    if wanted and untagged:
        found += _newest_of_terms(connection, sorted(wanted), untagged, limit, moment_before)
        found = sorted(set(found), reverse=True)[:limit]
    return read(connection, [row for _, _, row in found])


def _newest_of_sources(
    connection: Connection, source_rows: Sequence[int], limit: int, before: int | None
) -> list[_Place]:
    """Of the newest visible entries of some sources, in order.

    SQLite walks the index `entries_newest` of each source only as far as the best `limit` reach; PostgreSQL must be
    told so, by a lateral join. Of the last moment that is reached all are asked for, and the sources decide.
    """
    if not source_rows:
        return []
    newest = select(entries.c.sort_at, entries.c.source, entries.c.id).where(visible)
    if before is not None:
        newest = newest.where(entries.c.sort_at < before)
    order = entries.c.sort_at.desc(), entries.c.id.desc()
    if connection.dialect.name == "sqlite":
        statement: Select[Any] = newest.where(entries.c.source.in_(source_rows)).order_by(*order).limit(limit)
    else:
        each = newest.where(entries.c.source == sources.c.id).order_by(*order).limit(limit).lateral()
        statement = (
            select(each.c.sort_at, each.c.source, each.c.id)
            .select_from(sources)
            .join(each, true())
            .where(sources.c.id.in_(source_rows))
            .order_by(each.c.sort_at.desc(), each.c.id.desc())
            .limit(limit)
        )
    found = _places(connection, statement)
    if found and len(found) == limit:
        last = min(found)[0]
        of_last = select(entries.c.sort_at, entries.c.source, entries.c.id).where(
            visible, entries.c.source.in_(source_rows), entries.c.sort_at == last
        )
        found = [place for place in found if place[0] > last] + _places(connection, of_last)
    return sorted(found, reverse=True)[:limit]


def _places(connection: Connection, statement: Select[Any]) -> list[_Place]:
    return [(sort_at, -source, row) for sort_at, source, row in connection.execute(statement)]


def _newest_of_terms(
    connection: Connection, wanted: Sequence[str], source_rows: Sequence[int], limit: int, before: int | None
) -> list[_Place]:
    """Of the newest visible entries of these sources that have one of these categories."""
    statement = (
        select(terms.c.sort_at, terms.c.source, terms.c.entry)
        .join_from(terms, entries, entries.c.id == terms.c.entry)
        .where(terms.c.source.in_(source_rows), terms.c.term.in_(wanted), visible)
        .order_by(terms.c.sort_at.desc(), terms.c.source, terms.c.entry.desc())
        .limit(limit * len(wanted))  # an entry comes once for each of its categories that is wanted
    )
    if before is not None:
        statement = statement.where(terms.c.sort_at < before)
    return _places(connection, statement)


def read(connection: Connection, wanted: Sequence[int]) -> list[StoredEntry]:
    """These entries with their content, in this order."""
    by_row: dict[int, StoredEntry] = {}
    for chunk in in_chunks(wanted):
        for row in connection.execute(_STORED_BY_ROW, {"rows": chunk}):
            stored = rows.stored_from(row)
            by_row[stored.row] = stored
    return [by_row[row] for row in wanted if row in by_row]


# --- one entry

_EVERY_SOURCE = select(sources.c.id)
_HASH: BindParameter[Any] = bindparam("hash")
_BY_HASH = union(
    select(entries.c.id).where(entries.c.source.in_(_EVERY_SOURCE), entries.c.guid_hash == _HASH),
    select(entries.c.id).where(entries.c.source.in_(_EVERY_SOURCE), entries.c.id_hash == _HASH),
    select(aliases.c.entry).where(aliases.c.source.in_(_EVERY_SOURCE), aliases.c.guid_hash == _HASH),
)  # the indexes begin with the source; naming every source uses them
_BY_URL = select(entries.c.id).where(entries.c.url == bindparam("url"))
_RAW = select(contents.c.raw).where(contents.c.entry == bindparam("row"))


def entry(connection: Connection, key: str) -> list[StoredEntry]:
    """All entries whose published id, guid (also a former one) or URL is `key`, oldest row first.

    Held entries, those taken down, and those of removed sources are among them. A URL is looked for in all rows.
    """
    found = set(connection.scalars(_BY_HASH, {"hash": hash_of(key)}))
    if "://" in key:
        found.update(connection.scalars(_BY_URL, {"url": storable(key)}))
    return read(connection, sorted(found))


def raw(connection: Connection, row: int) -> str | None:
    """What the document said."""
    found: str | None = connection.scalar(_RAW, {"row": row})
    return found


# --- twins and held entries

_TWINS = (
    select(
        entries.c.id, entries.c.source, entries.c.published_id, entries.c.first_seen, entries.c.canonical_key,
        entries.c.text_hash,
    )
    .where(
        or_(
            entries.c.canonical_key.in_(bindparam("keys", expanding=True)),
            entries.c.text_hash.in_(bindparam("hashes", expanding=True)),
        ),
        entries.c.deleted_at.is_(None),
    )
    .order_by(entries.c.first_seen, entries.c.id)
)  # fmt: skip
_HELD = (
    _STORED.add_columns(entries.c.source, entries.c.held_at)
    .where(entries.c.held_at.is_not(None), entries.c.deleted_at.is_(None))
    .order_by(entries.c.sort_at.desc(), entries.c.id.desc())
)


def twins(connection: Connection, canonical_keys: Sequence[str], text_hashes: Sequence[str]) -> list[Twin]:
    """The entries of any source with one of these canonical keys or text hashes, the one seen first at the head."""
    keys, hashes = [index_key(key) for key in canonical_keys], [index_key(text) for text in text_hashes]
    return [
        Twin(row=row, source_row=source, id=published_id, first_seen=moment(at), canonical_key=key, text_hash=text)
        for row, source, published_id, at, key, text in connection.execute(_TWINS, {"keys": keys, "hashes": hashes})
    ]


def held(connection: Connection, source_row: int | None) -> list[HeldEntry]:
    """The entries that are held back, newest first, of one source or of all."""
    statement = _HELD if source_row is None else _HELD.where(entries.c.source == source_row)
    found = []
    for *row, source, at in connection.execute(statement):
        stored = rows.stored_from(row)
        found.append(HeldEntry(entry=stored, source_row=source, reason=stored.held_reason or "", at=moment(at)))
    return found
