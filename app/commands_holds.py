"""`release drop`: what is held back, shown or forgotten.

In:  a Session, sources and entries. Out: an exit code.
Never: decides what is to be held (`ingest.scrutiny` did); fetches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from feedmill.output import counted, plain
from feedmill.session import Session, pass_session

if TYPE_CHECKING:
    from feedmill.build import Mill
    from feedmill.feeds.source import SourceRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """What a name on the command line stands for: a source, or held entries by row."""

    name: str
    record: SourceRecord | None = None
    rows: tuple[int, ...] = ()


@click.command(short_help="Show what is held back.")
@click.argument("what", metavar="SOURCE|ID...", nargs=-1, required=True)
@pass_session
def release(session: Session, what: Sequence[str]) -> int:
    """Show what is held of a source, or single entries by URL or id, and publish. The source goes on as before."""
    return _settle(session, what, drop=False)


@click.command(short_help="Forget what is held back.")
@click.argument("what", metavar="SOURCE|ID...", nargs=-1, required=True)
@pass_session
def drop(session: Session, what: Sequence[str]) -> int:
    """Forget what is held of a source, or single entries by URL or id, for good. The source goes on as before."""
    return _settle(session, what, drop=True)


def _settle(session: Session, what: Sequence[str], *, drop: bool) -> int:
    verb = "dropped" if drop else "released"
    with session.mill() as mill:
        mill.reconcile()
        for target in [_find(mill, name) for name in what]:
            count = _end_source(mill, target.record, drop=drop) if target.record else _end_entries(mill, target, drop)
            session.output.say(f"{verb} {counted(count, 'entry', 'entries')} of {plain(target.name)}")
        report = mill.publish()
        untold = mill.announce()
    for problem in (*report.problems, *untold):
        session.output.warn(problem)
    return 1 if report.problems else 0


def _find(mill: Mill, name: str) -> _Target:
    """All names are looked up before anything is done: a wrong one changes nothing."""
    from feedmill.feeds.errors import FeedmillError

    for record in mill.store.records([name]):
        if record.state.held_as is None and not any(_by_alarm(held.reason) for held in mill.store.held(record.row)):
            raise FeedmillError(f"{name}: nothing is held of this source")
        return _Target(name=name, record=record)
    rows = tuple(stored.row for stored in mill.store.entry(name) if stored.held_reason is not None)
    if not rows:
        raise FeedmillError(f"{name}: neither a source nor an entry that is held; `feedmill status` tells what is")
    return _Target(name=name, rows=rows)


def _by_alarm(reason: str) -> bool:
    """Filters and dates hold entries too; they are not the source's."""
    from feedmill.feeds.update import DATED_AHEAD, FILTERED

    return not reason.startswith((FILTERED, DATED_AHEAD))


def _end_source(mill: Mill, record: SourceRecord, *, drop: bool) -> int:
    return mill.store.end_hold(record.row, mill.clock(), drop=drop)


def _end_entries(mill: Mill, target: _Target, drop: bool) -> int:
    from feedmill.feeds.source import HeldAs

    sources = {held.source_row for held in mill.store.held() if held.entry.row in target.rows}
    store, rows = mill.store, target.rows
    count = store.drop_entries(rows, mill.clock()) if drop else store.release_entries(rows)
    for record in store.records():
        if record.row not in sources or record.state.held_as is not HeldAs.FLOOD:
            continue
        if not any(_by_alarm(held.reason) for held in store.held(record.row)):
            store.end_hold(record.row, mill.clock())  # that was the last of the flood: the source is not held any more
    return count
