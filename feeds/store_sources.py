"""The sources in the memory: who is configured, who is due, who works on whom.

In:  a connection in its transaction, `now`, the sources that the user wrote.
Out: `SourceRecord`s and `Claim`s.
Never: writes an entry; opens or ends a transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, insert, or_, select, update

from feedmill.feeds import leases, rows
from feedmill.feeds.encoding import seconds, seconds_up, storable, storable_or_none, texts, url_key
from feedmill.feeds.outcome import FetchRecord
from feedmill.feeds.schema import counters, fetches, sources
from feedmill.feeds.source import Source, SourceRecord, Standing

RESTING = (Standing.GONE.value, Standing.PAUSED.value)
"""Standings that are only looked at when the source is named or `force` is given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A source that this process may work on until its lease runs out or another one takes it over."""

    record: SourceRecord
    lease: str


_CONFIGURED = select(
    sources.c.id, sources.c.url_key, sources.c.url, sources.c.title, sources.c.tags, sources.c.position,
    sources.c.removed_at,
)  # fmt: skip
_RECORDS = select(*rows.RECORD).where(sources.c.removed_at.is_(None)).order_by(sources.c.position, sources.c.id)
_MOVED = select(sources.c.adopted, sources.c.url).where(sources.c.adopted.is_not(None), sources.c.removed_at.is_(None))
_RECORDS_BY_KEY = _RECORDS.where(sources.c.url_key.in_(bindparam("keys", expanding=True)))
_RECORDS_BY_ROW = select(*rows.RECORD).where(sources.c.id.in_(bindparam("rows", expanding=True)))
_BY_ROW = update(sources).where(sources.c.id == bindparam("the_row"))
_TAKE = update(sources).where(sources.c.id.in_(bindparam("rows", expanding=True)))
_RETURN = (
    update(sources)
    .where(sources.c.id == bindparam("the_row"), sources.c.lease == bindparam("the_lease"))
    .values(lease=None, lease_until=None)
)
_LEASES = select(sources.c.lease).where(sources.c.lease_until > bindparam("at")).distinct()
_HISTORY = select(*rows.FETCH).where(fetches.c.source == bindparam("the_row")).order_by(fetches.c.seq.desc())
TURNSTILE = select(counters.c.value).where(counters.c.name == "entry").with_for_update()
"""Makes two processes that reconcile at once go one after the other (SQLite's write lock does so anyway)."""


def _wanted(configured: Sequence[Source]) -> dict[str, dict[str, Any]]:
    """The columns of each configured source, by its key.

    Of two spellings of one address the first counts, with the tags of both.
    """
    spellings: dict[str, list[Source]] = {}
    for source in configured:
        spellings.setdefault(url_key(source.url), []).append(source)
    wanted = {}
    for position, (key, same) in enumerate(spellings.items()):
        first = same[0]
        tags = dict.fromkeys(tag for source in same for tag in source.tags)
        wanted[key] = {
            "url": storable(first.url),
            "title": storable_or_none(first.title),
            "tags": texts(tuple(tags)),
            "position": position,
            "removed_at": None,
        }
    return wanted


def changes(connection: Connection, configured: Sequence[Source]) -> bool:
    """Whether `reconcile` would write anything."""
    wanted = _wanted(configured)
    present = {row.url_key: row for row in connection.execute(_CONFIGURED)}
    return any(_differs(present.get(key), values) for key, values in wanted.items()) or any(
        row.removed_at is None and key not in wanted for key, row in present.items()
    )


def _differs(row: Any, values: dict[str, Any]) -> bool:
    if row is None:
        return True
    return (row.url, row.title, row.tags, row.position, row.removed_at) != tuple(values.values())


def reconcile(connection: Connection, configured: Sequence[Source], now: datetime) -> None:
    """Make the rows say what the configuration says."""
    connection.execute(TURNSTILE)
    wanted = _wanted(configured)
    present = {row.url_key: row for row in connection.execute(_CONFIGURED)}
    at = seconds(now)
    added = [{"url_key": key, "added_at": at, **values} for key, values in wanted.items() if key not in present]
    changed = [
        {"the_row": present[key].id, **values}
        for key, values in wanted.items()
        if key in present and _differs(present[key], values)
    ]
    removed = [
        {"the_row": row.id, "removed_at": at}
        for key, row in present.items()
        if key not in wanted and row.removed_at is None
    ]
    if changed:
        connection.execute(_BY_ROW, changed)
    if removed:
        connection.execute(_BY_ROW, removed)
    if added:
        connection.execute(insert(sources), added)


def records(connection: Connection, urls: Sequence[str] | None) -> list[SourceRecord]:
    """The configured sources in the order of the configuration."""
    if urls is None:
        found = connection.execute(_RECORDS)
    else:
        found = connection.execute(_RECORDS_BY_KEY, {"keys": [url_key(url) for url in urls]})
    return [rows.record_from(row) for row in found]


def moved(connection: Connection) -> dict[str, str]:
    """Where configured sources moved to for good, as `url_key`, to the URL that is configured."""
    return {url_key(adopted): url for adopted, url in connection.execute(_MOVED)}


def claim(
    connection: Connection,
    now: datetime,
    *,
    limit: int,
    lease: timedelta,
    force: bool,
    urls: Sequence[str] | None,
    skip_rows: Collection[int],
) -> list[Claim]:
    """Lease what is due, the longest due first. A lease whose process has died on this machine counts as run out."""
    at = seconds(now)
    due = select(sources.c.id).where(
        sources.c.removed_at.is_(None),
        is_free(connection, at),
        or_(sources.c.hold_until.is_(None), sources.c.hold_until <= at),
    )
    if not force:
        due = due.where(sources.c.next_fetch <= at)
    if urls is not None:
        due = due.where(sources.c.url_key.in_([url_key(url) for url in urls]))
    elif not force:
        due = due.where(sources.c.standing.not_in(RESTING))
    due = due.order_by(sources.c.next_fetch, sources.c.id).limit(limit + len(skip_rows))
    found = connection.scalars(due.with_for_update(skip_locked=True))
    taken = [row for row in found if row not in skip_rows][:limit]
    return take(connection, taken, now, lease)


def is_free(connection: Connection, at: int) -> ColumnElement[bool]:
    """Sources that nobody works on at the epoch second `at`."""
    dead = [token for token in connection.scalars(_LEASES, {"at": at}) if leases.is_dead(token)]
    return or_(sources.c.lease_until.is_(None), sources.c.lease_until <= at, sources.c.lease.in_(dead))


def take(connection: Connection, source_rows: Sequence[int], now: datetime, lease: timedelta) -> list[Claim]:
    """Lease these sources, which are free."""
    if not source_rows:
        return []
    token = leases.new_token()
    connection.execute(_TAKE, {"rows": source_rows, "lease": token, "lease_until": seconds_up(now + lease)})
    by_row = {row.id: rows.record_from(row) for row in connection.execute(_RECORDS_BY_ROW, {"rows": source_rows})}
    return [Claim(record=by_row[row], lease=token) for row in source_rows]


def release(connection: Connection, claims: Sequence[Claim]) -> None:
    """Give back leases that still are ours."""
    connection.execute(_RETURN, [{"the_row": claim.record.row, "the_lease": claim.lease} for claim in claims])


def history(connection: Connection, source_row: int) -> list[FetchRecord]:
    """The last fetches, newest first."""
    return [rows.fetch_from(row) for row in connection.execute(_HISTORY, {"the_row": source_row})]
