"""The entries in outline, for whoever must know what changed without reading all that is kept.

In:  a connection in its transaction.
Out: `Line`s (numbers and a fingerprint), `Headline`s (what a list shows), `Retraction`s, entries by row.
Never: writes; reads `contents`, but for the rows that `pick` is given.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, select

from feedmill.feeds.encoding import moment, terms_of
from feedmill.feeds.entry import StoredEntry
from feedmill.feeds.schema import contents, entries, sources, terms, visible
from feedmill.feeds.store_entries import read

_CHUNK = 5000  # SQLite takes 32,766 parameters in one statement, PostgreSQL 65,535


class Line(NamedTuple):
    """A visible entry: its row, its source's row, its place in epoch seconds, the fingerprint of what readers see."""

    row: int
    source: int
    sort_at: int
    fingerprint: str


class Headline(NamedTuple):
    """What a list of entries shows of one."""

    row: int
    source: int
    sort_at: int
    id: str
    url: str | None
    title: str
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Retraction:
    """An entry that was taken down, for the tombstone in the feeds (RFC 6721)."""

    row: int
    source_url: str
    id: str
    url: str | None
    at: datetime


_LINES = (
    select(entries.c.id, entries.c.source, entries.c.sort_at, entries.c.fingerprint)
    .join_from(entries, sources, sources.c.id == entries.c.source)
    .where(visible, sources.c.removed_at.is_(None))
)
_HEADLINES = select(
    entries.c.id, entries.c.source, entries.c.sort_at, entries.c.published_id, entries.c.url, entries.c.title,
    entries.c.summary,
).where(entries.c.id.in_(bindparam("rows", expanding=True)))  # fmt: skip
_TAGGED = select(terms.c.term, terms.c.entry).where(terms.c.term.in_(bindparam("terms", expanding=True)))
_RAW = select(contents.c.entry, contents.c.raw).where(contents.c.entry.in_(bindparam("rows", expanding=True)))
_RETRACTED = (
    select(entries.c.id, sources.c.url, entries.c.published_id, entries.c.url.label("link"), entries.c.deleted_at)
    .join_from(entries, sources, sources.c.id == entries.c.source)
    .where(entries.c.deleted_at.is_not(None))
    .order_by(entries.c.deleted_at.desc(), entries.c.id.desc())
)


def outline(connection: Connection) -> list[Line]:
    """Every visible entry of the configured sources, in no order."""
    return list(map(Line._make, connection.execute(_LINES)))


def headlines(connection: Connection, rows: Sequence[int]) -> list[Headline]:
    """These entries, in this order."""
    found = {}
    for chunk in _chunks(rows):
        for row in connection.execute(_HEADLINES, {"rows": chunk}):
            found[row.id] = Headline._make(row)
    return [found[row] for row in rows if row in found]


def tagged(connection: Connection, tags: Iterable[str]) -> dict[str, set[int]]:
    """The rows of the entries that have these categories, by the tag in lower case; held ones may be among them."""
    wanted = sorted(terms_of(list(tags)))
    found: dict[str, set[int]] = {term: set() for term in wanted}
    if wanted:
        for term, row in connection.execute(_TAGGED, {"terms": wanted}):
            found[term].add(row)
    return found


def pick(connection: Connection, rows: Sequence[int]) -> list[StoredEntry]:
    """These entries with their content, in this order."""
    return read(connection, rows)


def extras(connection: Connection, rows: Sequence[int]) -> dict[int, dict[str, str]]:
    """The namespaced values that the documents gave these entries ("itunes:duration" -> "12:30"), by row."""
    found = {}
    for chunk in _chunks(rows):
        for row, raw in connection.execute(_RAW, {"rows": chunk}):
            given = json.loads(raw).get("extras") if '"extras"' in raw else None
            if isinstance(given, dict):
                found[row] = {name: value for name, value in given.items() if isinstance(value, str)}
    return found


def retractions(connection: Connection) -> list[Retraction]:
    """What was taken down and not pruned since, the last one first."""
    return [
        Retraction(row=row, source_url=source_url, id=published_id, url=url, at=moment(at))
        for row, source_url, published_id, url, at in connection.execute(_RETRACTED)
    ]


def _chunks(rows: Sequence[int]) -> Iterable[Sequence[int]]:
    return (rows[start : start + _CHUNK] for start in range(0, len(rows), _CHUNK))
