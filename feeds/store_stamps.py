"""Stamps: the second that belongs to one entry alone, under which feeds say that it was updated.

In:  a connection in its transaction.
Out: `entries.stamp` of those that have none yet: the entry's own second, or else the next one that is free; for an
     undated entry, which is dated by when it was first seen, the last free one before it: nothing is from the future.
Never: moves a stamp that was given while the entry's own date stays (`store_commit` takes it back when that changes).

A blog that dates by the day, that was moved to another system at once, or that gives no dates has many entries of one
second. A feed in which two entries have the same `updated` is warned of by the W3C validator (DuplicateUpdated), and
readers that sort by it show them in any order. See docs/decisions/0013.

They are given in the order of (second, source, row), and not as entries come in: which worker was first shows nowhere.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, bindparam, func, select, update

from feedmill.feeds.bulk import in_chunks, run_many
from feedmill.feeds.schema import entries

_WINDOW = 3600  # seconds that are looked at together

OWN_SECOND = func.coalesce(entries.c.updated, entries.c.published, entries.c.first_seen)
"""What an entry's own dates say (check A8)."""

_UNSTAMPED = entries.c.stamp.is_(None)
_ANY = select(entries.c.id).where(_UNSTAMPED).limit(1)
_WAITING = (
    select(entries.c.id, OWN_SECOND, entries.c.first_seen)
    .where(_UNSTAMPED)
    .order_by(OWN_SECOND, entries.c.source, entries.c.id)
)
_TAKEN = select(entries.c.stamp).where(entries.c.stamp.in_(bindparam("seconds", expanding=True)))
_TAKEN_BETWEEN = select(entries.c.stamp).where(
    entries.c.stamp >= bindparam("since"), entries.c.stamp < bindparam("until")
)
_STAMP = update(entries).where(entries.c.id == bindparam("the_row")).values(stamp=bindparam("the_stamp"))


def waiting(connection: Connection) -> bool:
    """Whether any entry has no stamp yet."""
    return connection.scalar(_ANY) is not None


def give(connection: Connection) -> int:
    """Stamp what has none; how many that were."""
    waiting = connection.execute(_WAITING).all()
    dated = [(row, second) for row, second, first_seen in waiting if second != first_seen]
    undated = [(row, second) for row, second, first_seen in reversed(waiting) if second == first_seen]
    seconds = _Seconds(connection, (second for _, second, _ in waiting))
    stamps = {row: second for row, second in (*dated, *undated) if seconds.take(second)}
    for rows, step in ((dated, 1), (undated, -1)):
        late = [(row, second) for row, second in rows if row not in stamps]
        stamps.update((row, seconds.take_from(second, step)) for row, second in late)
    # by row: neighbours lie together
    run_many(connection, _STAMP, [{"the_row": row, "the_stamp": stamp} for row, stamp in sorted(stamps.items())])
    return len(stamps)


class _Seconds:
    """Which seconds are taken."""

    def __init__(self, connection: Connection, wanted: Iterable[int]) -> None:
        self._connection = connection
        self._taken: set[int] = set()
        self._windows: set[int] = set()
        self._reached: dict[tuple[int, int], int] = {}  # all seconds from here to there are taken
        distinct = sorted(set(wanted))
        for chunk in in_chunks(distinct):
            self._taken.update(connection.scalars(_TAKEN, {"seconds": chunk}))

    def take(self, second: int) -> bool:
        """Take one of the wanted seconds, if it is free."""
        if second in self._taken:
            return False
        self._taken.add(second)
        return True

    def take_from(self, second: int, step: int) -> int:
        """The first free second after (`step` 1) or before (-1) one that is taken."""
        at = self._reached.get((second, step), second)
        while at in self._taken:
            at += step
            self._look(at // _WINDOW)
        self._taken.add(at)
        self._reached[second, step] = at
        return at

    def _look(self, window: int) -> None:
        if window not in self._windows:
            self._windows.add(window)
            span = {"since": window * _WINDOW, "until": (window + 1) * _WINDOW}
            self._taken.update(self._connection.scalars(_TAKEN_BETWEEN, span))
