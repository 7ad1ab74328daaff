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
from functools import partial, reduce
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Text, and_, bindparam, case, cast, func, or_, select

from feedmill.feeds.bulk import in_chunks, read_all, read_many
from feedmill.feeds.encoding import moment, terms_of
from feedmill.feeds.entry import StoredEntry
from feedmill.feeds.schema import contents, entries, sources, terms, visible
from feedmill.feeds.store_entries import read
from feedmill.feeds.update import WITHDRAWN


class Line(NamedTuple):
    """A visible entry: its row, its source's row, its place in epoch seconds, the fingerprint of what readers see: of
    its words, and after it whatever else of the entry an output shows."""

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
    """An entry that was taken down, or withdrawn at its source, for the tombstone in the feeds (RFC 6721)."""

    row: int
    source_url: str
    id: str
    url: str | None
    at: datetime


# `fingerprint` is of the words alone: an entry whose image moved is no other post, but another line of a page.
_SELDOM = (entries.c.image, entries.c.rights, entries.c.origin)
_OF_RECORDINGS = case((entries.c.enclosures == "[]", ""), else_=entries.c.raw_hash)  # their `extras`


def _joined(*parts: ColumnElement[Any]) -> ColumnElement[str]:
    first, *rest = (func.coalesce(part, "") for part in parts)
    return reduce(lambda said, part: said.concat(part), rest, first)


# What few entries have is joined only where it is: a fifth of the time of all lines.
_FINGERPRINT = _joined(
    entries.c.fingerprint,
    cast(entries.c.stamp, Text),
    entries.c.language,
    case(
        (and_(func.coalesce(*_SELDOM).is_(None), entries.c.enclosures == "[]"), ""),
        else_=_joined(*_SELDOM, _OF_RECORDINGS),
    ),
)
# `visible`, but in no index's words: through `entries_newest` SQLite would go to and fro in a table that holds entries
# as they came in, source by source (50,000 entries of 500 sources: 140 ms; once through the table and sorted: 70 ms).
_VISIBLE_HERE = func.coalesce(entries.c.held_at, entries.c.deleted_at).is_(None)
_REMOVED = select(sources.c.id).where(sources.c.removed_at.is_not(None))
_LINES = (
    select(entries.c.id, entries.c.source, entries.c.sort_at, _FINGERPRINT.label("fingerprint"))
    .where(_VISIBLE_HERE, entries.c.source.not_in(_REMOVED))
    .order_by(entries.c.sort_at.desc(), entries.c.source, entries.c.id.desc())
)
_HEADLINES = select(
    entries.c.id, entries.c.source, entries.c.sort_at, entries.c.published_id, entries.c.url, entries.c.title,
    entries.c.summary,
).where(entries.c.id.in_(bindparam("rows", expanding=True)))  # fmt: skip
_TAGGED = select(terms.c.term, terms.c.entry).where(
    terms.c.term.in_(bindparam("terms", expanding=True)), terms.c.sort_at >= bindparam("since")
)
_EVER = -(2**53)
_RAW = select(contents.c.entry, contents.c.raw).where(contents.c.entry.in_(bindparam("rows", expanding=True)))
_GONE_SINCE = func.coalesce(entries.c.deleted_at, entries.c.held_at)
_RETRACTED = (
    select(entries.c.id, sources.c.url, entries.c.published_id, entries.c.url.label("link"), _GONE_SINCE)
    .join_from(entries, sources, sources.c.id == entries.c.source)
    .where(or_(entries.c.deleted_at.is_not(None), entries.c.held_reason.like(f"{WITHDRAWN}%")))
    .order_by(_GONE_SINCE.desc(), entries.c.id.desc())
)
_PLACES = (
    select(entries.c.id, entries.c.sort_at)
    .where(entries.c.source == bindparam("the_source"), visible)
    .order_by(entries.c.sort_at.desc(), entries.c.id.desc())
    .limit(bindparam("most"))
)


def outline(connection: Connection) -> list[Line]:
    """Every visible entry of the configured sources, the newest first by (sort_at, source, row), as `latest` has it."""
    return read_all(connection, _LINES, partial(tuple.__new__, Line))


def headlines(connection: Connection, rows: Sequence[int]) -> list[Headline]:
    """These entries, in this order."""
    found = {}
    for chunk in in_chunks(rows):
        for row in connection.execute(_HEADLINES, {"rows": chunk}):
            found[row.id] = Headline._make(row)
    return [found[row] for row in rows if row in found]


def tagged(connection: Connection, tags: Iterable[str], since: int | None = None) -> dict[str, set[int]]:
    """The rows of the entries that have these categories, by the tag in lower case; held ones may be among them.

    `since`: only of entries placed at that moment (epoch seconds) or later.
    """
    wanted = sorted(terms_of(list(tags)))
    found: dict[str, set[int]] = {term: set() for term in wanted}
    if wanted:
        values = {"terms": wanted, "since": _EVER if since is None else since}
        for term, row in read_many(connection, _TAGGED, values, tuple):
            found[term].add(row)
    return found


def places(connection: Connection, source_row: int, most: int) -> list[tuple[int, int]]:
    """(row, place in epoch seconds) of the newest visible entries of a source, newest first."""
    return read_many(connection, _PLACES, {"the_source": source_row, "most": most}, _pair)


def _pair(row: Sequence[int]) -> tuple[int, int]:
    return row[0], row[1]


def pick(connection: Connection, rows: Sequence[int]) -> list[StoredEntry]:
    """These entries with their content, in this order."""
    return read(connection, rows)


def extras(connection: Connection, rows: Sequence[int]) -> dict[int, dict[str, str]]:
    """The namespaced values that the documents gave these entries ("itunes:duration" -> "12:30"), by row."""
    found = {}
    for chunk in in_chunks(rows):
        for row, raw in connection.execute(_RAW, {"rows": chunk}):
            given = json.loads(raw).get("extras") if '"extras"' in raw else None
            if isinstance(given, dict):
                found[row] = {name: value for name, value in given.items() if isinstance(value, str)}
    return found


def retractions(connection: Connection) -> list[Retraction]:
    """What was taken down or withdrawn, and not pruned since, the last one first."""
    return [
        Retraction(row=row, source_url=source_url, id=published_id, url=url, at=moment(at))
        for row, source_url, published_id, url, at in connection.execute(_RETRACTED)
    ]
