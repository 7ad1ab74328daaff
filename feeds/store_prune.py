"""What leaves the memory: by age, by hand, with its source. What was seen stays seen.

In:  a connection in its transaction, row numbers or `now`.
Out: how many entries left.
Never: forgets a guid; works on so many rows at once that others wait.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BindParameter, Connection, and_, bindparam, delete, or_, select, update

from feedmill.feeds.bulk import run_many, write_over
from feedmill.feeds.encoding import milliseconds, seconds, storable, terms_of, texts_from
from feedmill.feeds.schema import aliases, contents, entries, sites, sources, tombstones
from feedmill.feeds.store_commit import DROP_TERM

BATCH = 500
"""Entries that leave in one transaction."""

_SITE_MEMORY = timedelta(days=30)

_ROWS: BindParameter[Any] = bindparam("rows", expanding=True)
_LEAVING = select(
    entries.c.id, entries.c.source, entries.c.guid_hash, entries.c.sort_at, entries.c.categories, entries.c.deleted_at
).where(entries.c.id.in_(_ROWS)).order_by(entries.c.id).with_for_update()  # fmt: skip
_LEAVING_ALIASES = select(aliases.c.source, aliases.c.guid_hash).where(aliases.c.entry.in_(_ROWS))
_DROP_ENTRIES = delete(entries).where(entries.c.id.in_(_ROWS))
_DROP_CONTENTS = delete(contents).where(contents.c.entry.in_(_ROWS))
_COUNT = (
    update(sources)
    .where(sources.c.id == bindparam("the_row"))
    .values(entry_count=sources.c.entry_count - bindparam("fewer"))
)
_CROWDED = select(sources.c.id).where(sources.c.removed_at.is_(None), sources.c.entry_count > bindparam("most"))
_SURPLUS = (
    select(entries.c.id, entries.c.sort_at)
    .where(entries.c.source == bindparam("the_source"), entries.c.deleted_at.is_(None))
    .order_by(entries.c.sort_at.desc(), entries.c.id.desc())
    .offset(bindparam("most"))
)
_ORPHANS = (
    select(entries.c.id)
    .join_from(entries, sources, sources.c.id == entries.c.source)
    .where(sources.c.removed_at < bindparam("removed_before"))
    .limit(BATCH)
)
_OLD_TAKEDOWNS = select(entries.c.id).where(entries.c.deleted_at < bindparam("old")).limit(BATCH)


def _drop_terms(connection: Connection, leaving: Sequence[Any]) -> None:
    gone = [
        {"the_source": row.source, "the_term": term, "the_sort_at": row.sort_at, "the_entry": row.id}
        for row in leaving
        for term in terms_of(texts_from(row.categories))
    ]
    run_many(connection, DROP_TERM, gone)


def _count_down(connection: Connection, leaving: Sequence[Any]) -> None:
    fewer: dict[int, int] = {}
    for row in leaving:
        if row.deleted_at is None:
            fewer[row.source] = fewer.get(row.source, 0) + 1
    run_many(connection, _COUNT, [{"the_row": row, "fewer": count} for row, count in sorted(fewer.items())])


def bury(connection: Connection, wanted: Sequence[int], now: datetime) -> int:
    """These entries leave with their content; their guids and aliases become tombstones."""
    leaving = connection.execute(_LEAVING, {"rows": list(wanted)}).all()
    if not leaving:
        return 0
    gone = {"rows": [row.id for row in leaving]}
    seen = [(row.source, bytes(row.guid_hash)) for row in leaving]
    seen += [(source, bytes(guid_hash)) for source, guid_hash in connection.execute(_LEAVING_ALIASES, gone)]
    at = seconds(now)
    write_over(
        connection, tombstones, [{"source": source, "guid_hash": guid, "at": at} for source, guid in sorted(set(seen))]
    )
    _drop_terms(connection, leaving)
    connection.execute(_DROP_ENTRIES, gone)  # contents and aliases go with them
    _count_down(connection, leaving)
    return len(leaving)


def next_batch(
    connection: Connection, now: datetime, *, keep_days: int, keep_entries: int, removed_days: int
) -> list[int]:
    """Up to `BATCH` entries that may leave: of sources removed long ago, taken down long ago, or old and beyond the
    newest `keep_entries` of their source."""
    old = seconds(now) - keep_days * 86_400
    removed_before = seconds(now) - removed_days * 86_400
    found = list(connection.scalars(_ORPHANS, {"removed_before": removed_before}))
    if not found:
        found = list(connection.scalars(_OLD_TAKEDOWNS, {"old": old}))
    if not found:
        for source in connection.scalars(_CROWDED, {"most": keep_entries}).all():
            surplus = connection.execute(_SURPLUS, {"the_source": source, "most": keep_entries})
            found += [row for row, sort_at in surplus if sort_at < old]
            if len(found) >= BATCH:
                break
    return found[:BATCH]


def forget_quiet_sites(connection: Connection, now: datetime) -> None:
    """Sites that ask for nothing any more: no hold and no spacing that still counts."""
    then = milliseconds(now - _SITE_MEMORY)
    passed = [or_(column.is_(None), column < then) for column in (sites.c.next_allowed_ms, sites.c.hold_until_ms)]
    connection.execute(delete(sites).where(and_(*passed)))


# --- by hand

_HOLD = (
    update(entries)
    .where(entries.c.id.in_(_ROWS), entries.c.held_at.is_(None), entries.c.deleted_at.is_(None))
    .values(held_at=bindparam("at"), held_reason=bindparam("reason"))
)
_SHOW = (
    update(entries)
    .where(entries.c.id.in_(_ROWS), entries.c.held_at.is_not(None))
    .values(held_at=None, held_reason=None, held_until=None)
)
_BLANK = (
    update(entries)
    .where(entries.c.id.in_(_ROWS))
    .values(
        deleted_at=bindparam("at"), title="", summary="", authors="[]", categories="[]", enclosures="[]", image=None,
        rights=None, origin=None, notes="[]", raw_hash="", fingerprint="", text_hash=None,
        revision=entries.c.revision + 1,
    )
)  # fmt: skip


def hold(connection: Connection, wanted: Sequence[int], reason: str, now: datetime) -> int:
    """Keep these entries from being shown; how many were not held before."""
    values = {"rows": list(wanted), "at": seconds(now), "reason": storable(reason)}
    return connection.execute(_HOLD, values).rowcount


def show(connection: Connection, wanted: Sequence[int]) -> int:
    """Release held entries into their place, which was fixed at first sight; how many were held."""
    return connection.execute(_SHOW, {"rows": list(wanted)}).rowcount


def take_down(connection: Connection, wanted: Sequence[int], now: datetime) -> int:
    """Retract these entries: their words go at once, id, URL and place stay until pruned, for the tombstone of the
    feed (RFC 6721); how many there were."""
    leaving = [row for row in connection.execute(_LEAVING, {"rows": list(wanted)}) if row.deleted_at is None]
    if not leaving:
        return 0
    gone = {"rows": [row.id for row in leaving]}
    _drop_terms(connection, leaving)
    connection.execute(_DROP_CONTENTS, gone)
    connection.execute(_BLANK, {**gone, "at": seconds(now)})
    _count_down(connection, leaving)
    return len(leaving)
