"""Decides, on paper, what one look at a source changes. Pure: no store, no socket, no clock.

In:  what we remember (`SourceRecord`, `KnownEntry`), what came (`Outcome`, identified entries), `now`
     and a chance in [0, 1).
Out: `unseen` (the entries that are worth HTML work), `sort_updates` (new and changed),
     `settle_*` (the next `SourceState`).
Never: removes an entry, or lets a failure touch validators, body hash or entries (reference network.md,
       checks 25-28, 39-41).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from feedmill.feeds.outcome import Failure, FailureKind, Fetched, Freshness, Gone, Move, NotModified, Validators
from feedmill.feeds.source import Channel, SourceState, Standing
from feedmill.feeds.update import FILTERED
from feedmill.ingest.cadence import SlowPace, gone_is_confirmed, hold_until, learn, move_is_confirmed, schedule

if TYPE_CHECKING:
    from feedmill.feeds.entry import Entry
    from feedmill.feeds.update import EntryUpdate, KnownEntry
    from feedmill.ingest.normalize import Identified
    from feedmill.ingest.options import ScheduleOptions
    from feedmill.ingest.takeover import Alarm

# An adopted address that fails so often in a row is given up again: the configured one is asked (check 86).
MOVE_TRUSTED_FAILURES = 3
# A move seen at least once is believed at once when the old address is dead: it cannot be asked for confirmation.
CLOCK_TOLERANCE = timedelta(minutes=5)  # between machines on one store
DEAD_STATUSES = frozenset({404, 410})


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What a decision may depend on besides the facts: the time, the options, chance (for jitter), and whether a hub
    tells us of new entries."""

    now: datetime
    options: ScheduleOptions
    chance: float
    slow: SlowPace | None = None


def unseen(items: Sequence[Identified], known: Mapping[str, KnownEntry]) -> list[Identified]:
    """The entries that are new or whose raw hash moved; a tombstone counts as seen."""
    fresh = []
    twice = _other_names(items, known)
    for item in items:
        memory = known.get(item.guid)
        if item.guid in twice:
            continue
        if memory is None or (not memory.pruned and memory.raw_hash != item.raw_hash):
            fresh.append(item)
    return fresh


def _other_names(items: Sequence[Identified], known: Mapping[str, KnownEntry]) -> set[str]:
    """Guids of entries that the document holds under an older name too: the entry's own guid speaks for it, else the
    first that stands in the document. Each of them in turn would rewrite what the other one said."""
    rows = {memory.row for memory in known.values() if not memory.pruned}
    if len(rows) == sum(not memory.pruned for memory in known.values()):
        return set()
    spoken = {memory.row for guid, memory in known.items() if memory.guid == guid and not memory.pruned}
    twice = set()
    for item in items:
        memory = known.get(item.guid)
        if memory is None or memory.pruned or memory.guid == item.guid:
            continue
        if memory.row in spoken:
            twice.add(item.guid)
        spoken.add(memory.row)
    return twice


def is_undated(entry: Entry) -> bool:
    """Whether its date is only when we first saw it."""
    return any(note.step == "dates" and note.detail.endswith("taken from first seen") for note in entry.notes)


def keep_date(update: EntryUpdate) -> EntryUpdate:
    """A known entry keeps the date that it was first published under, unless the document now gives an earlier one: a
    feed that stamps its entries anew at each build has not posted anything."""
    first = update.known.published if update.known is not None else None
    given = update.entry.published
    if first is None or (given is not None and given <= first):
        return update
    from feedmill.ingest.normalize import fingerprint

    entry = replace(update.entry, published=first)
    return replace(update, entry=entry, fingerprint=fingerprint(entry))


def sort_updates(updates: Sequence[EntryUpdate]) -> tuple[tuple[EntryUpdate, ...], tuple[EntryUpdate, ...]]:
    """(new, changed). A changed entry with the old fingerprint is kept too, marked unrevised: its raw hash moved."""
    new = tuple(update for update in updates if update.known is None)
    return new, tuple(_compared(update, update.known) for update in updates if update.known is not None)


def _compared(update: EntryUpdate, known: KnownEntry) -> EntryUpdate:
    """Revised or not; an entry in which readers see nothing new keeps its date of change too, whatever is stamped."""
    if update.fingerprint != known.fingerprint:
        return replace(update, revised=True)
    return replace(update, revised=False, entry=replace(update.entry, updated=known.updated))


def without_older(updates: Sequence[EntryUpdate]) -> list[EntryUpdate]:
    """But for entries of which we have a newer version: what is pushed may come late, or twice."""

    def is_older(update: EntryUpdate) -> bool:
        known, said = update.known.updated if update.known is not None else None, update.entry.updated
        return known is not None and said is not None and said < known

    return [update for update in updates if not is_older(update)]


def count_news(new: Sequence[EntryUpdate]) -> int:
    """How many new entries no alarm and no date holds back; filters are the operator's own wish, and count."""
    return sum(update.held_reason is None or update.held_reason.startswith(FILTERED) for update in new)


def settle_alarm(state: SourceState, alarm: Alarm) -> SourceState:
    """Held until the operator releases it, or the alarm is over."""
    detail = "; ".join(filter(None, (state.detail, alarm.reason)))
    return replace(state, standing=Standing.HELD, held_as=alarm.held_as, held_reason=alarm.reason, detail=detail)


def lift_alarm(state: SourceState) -> SourceState:
    """After an error message gave way to the feed, or a release."""
    return replace(state, standing=Standing.ACTIVE, held_as=None, held_reason=None)


def settle_not_modified(
    url: str, state: SourceState, channel: Channel, outcome: NotModified, moment: Moment
) -> SourceState:
    """After a 304: the validators it confirmed, a clean slate, the next look. `url` is the configured one."""
    return _succeed(url, state, channel, outcome, moment)


def settle_fetched(
    url: str, state: SourceState, channel: Channel, outcome: Fetched, moment: Moment, new_entries: Sequence[Entry] = ()
) -> SourceState:
    """After a document that could be read (or is the one we had): validators replaced as a set, the rate learned."""
    first = state.last_success is None
    dates = [entry.published for entry in new_entries]
    state = replace(
        state,
        body_hash=outcome.document.body_hash,
        last_full=moment.now,
        rate=learn(state.rate, new_dates=dates, now=moment.now, first=first),
    )
    return _succeed(url, state, channel, outcome, moment)


def settle_pushed(state: SourceState, moment: Moment, new_entries: Sequence[Entry]) -> SourceState:
    """After a document that a hub brought: the rate is learned, and nothing else is. Validators and body hash are those
    of the last poll, so that the next one sees all that the push left out; nor does a push mend or mar a standing."""
    dates = [entry.published for entry in new_entries]
    return replace(state, rate=learn(state.rate, new_dates=dates, now=moment.now, first=False))


def settle_merged(
    url: str, state: SourceState, channel: Channel, outcome: Fetched | NotModified, moment: Moment
) -> SourceState:
    """After a permanent redirect to a source we have: its entries are that one's, none is taken from here (check 89).

    Asked on until the redirect is confirmed, then left alone: naming the source asks it again.
    """
    tracked = _track_move(state, outcome.move, moment.now)
    target = tracked.get("moved_to", state.moved_to)
    state = replace(
        state,
        failures=0,
        failure=None,
        failing_since=None,
        last_attempt=moment.now,
        last_success=moment.now,
        last_status=outcome.status,
        detail=f"it redirects for good to {target}, which is a source already: its entries come from there",
        standing=state.standing if state.standing is Standing.HELD else Standing.ACTIVE,
        **tracked,
    )
    state = _look_again(state, channel, outcome.freshness, moment)
    if not _move_confirmed(url, state, moment.now):
        return state
    reason = f"merged into {target}, which is a source already: not asked any more; remove it from the configuration"
    return replace(state, standing=Standing.PAUSED, reason=reason)


def settle_failure(state: SourceState, channel: Channel, failure: Failure, moment: Moment) -> SourceState:
    """After trouble: counted and explained; what we have stays, the next look backs off.

    A 226 without IM means that somebody takes our validators for the start of a difference: the next request goes
    without them (check 43). An adopted address that keeps failing is given up; a dead one with a move is left for it.
    """
    state = replace(
        state,
        validators=Validators() if failure.status == 226 else state.validators,
        standing=state.standing if state.standing in (Standing.HELD, Standing.PAUSED) else Standing.FAILING,
        failures=state.failures + 1,
        failure=failure.kind,
        detail=failure.detail,
        failing_since=state.failing_since or moment.now,
        last_attempt=moment.now,
        last_status=failure.status,
    )
    freshness = Freshness(retry_after=failure.retry_after)
    state = replace(state, hold_until=hold_until(state, freshness, now=moment.now))
    return _look_again(_revert_or_adopt(state), channel, freshness, moment)


def _revert_or_adopt(state: SourceState) -> SourceState:
    if state.adopted is not None and state.failures >= MOVE_TRUSTED_FAILURES:
        return replace(state, adopted=None, moved_to=None, moved_since=None, moved_count=0)
    dead = state.last_status in DEAD_STATUSES or state.failure is FailureKind.DNS
    if state.adopted is None and state.moved_to is not None and dead:
        return replace(state, adopted=state.moved_to)
    return state


def settle_gone(state: SourceState, channel: Channel, outcome: Gone, moment: Moment) -> SourceState:
    """After a 410: believed when it was said three times over 48 hours; until then it is a failure like others."""
    told_before = state.failures if state.last_status == outcome.status else 0
    since = state.failing_since if told_before else moment.now
    failure = Failure(kind=FailureKind.HTTP_4XX, detail=outcome.detail, status=outcome.status)
    state = replace(state, failing_since=since, failures=told_before)
    state = settle_failure(state, channel, failure, moment)
    if not gone_is_confirmed(times=state.failures, since=since, now=moment.now):
        return state
    return _look_again(replace(state, standing=Standing.GONE), channel, Freshness(), moment)


def settle_outage(state: SourceState, moment: Moment) -> SourceState:
    """When nothing at all could be reached the fault is ours: counters stay, and the return is gentle (check 82)."""
    pause = moment.options.min_interval * (1 + moment.chance)
    reason = "no site could be reached: this looks like an outage of our own network, not of the feed"
    return replace(state, last_attempt=moment.now, next_fetch=moment.now + pause, reason=reason)


def is_ahead(state: SourceState, now: datetime) -> bool:
    """Whether the last look lies in the future: the clock was set back (check 67)."""
    resting = state.standing in (Standing.GONE, Standing.PAUSED)
    return not resting and state.last_attempt is not None and state.last_attempt > now + CLOCK_TOLERANCE


def settle_clock(state: SourceState, now: datetime) -> SourceState:
    """The same interval, counted from now."""
    gap = (state.next_fetch or now) - (state.last_attempt or now)
    reason = f"{state.reason}; the clock was set back, so the interval is counted anew"
    return replace(state, last_attempt=now, next_fetch=now + max(gap, timedelta(0)), reason=reason)


def _succeed(
    url: str, state: SourceState, channel: Channel, outcome: Fetched | NotModified, moment: Moment
) -> SourceState:
    state = replace(
        state,
        standing=_standing_of_success(state),
        validators=outcome.validators,
        failures=0,
        failure=None,
        detail="",
        failing_since=None,
        last_attempt=moment.now,
        last_success=moment.now,
        last_status=outcome.status,
        **_track_move(state, outcome.move, moment.now),
    )
    state = replace(state, hold_until=hold_until(state, outcome.freshness, now=moment.now))
    if _move_confirmed(url, state, moment.now):
        state = replace(state, adopted=state.moved_to)
    return _look_again(state, channel, outcome.freshness, moment)


def _standing_of_success(state: SourceState) -> Standing:
    """Held and paused stay so; a source that was merged (it has a move) and redirects no more is active again."""
    if state.standing is Standing.HELD or (state.standing is Standing.PAUSED and state.moved_to is None):
        return state.standing
    return Standing.ACTIVE


def _track_move(state: SourceState, move: Move | None, now: datetime) -> dict[str, Any]:
    """A permanent redirect is remembered, counted and dated. From an adopted address there is none, and it stays."""
    if move is None:
        if state.adopted is not None:
            return {}
        return {"moved_to": None, "moved_since": None, "moved_count": 0}
    if move.permanent_url == state.moved_to:
        return {"moved_count": state.moved_count + 1}
    return {"moved_to": move.permanent_url, "moved_since": now, "moved_count": 1}


def _move_confirmed(url: str, state: SourceState, now: datetime) -> bool:
    """Whether the move that is tracked is one to adopt: from where the source is asked now (check 86)."""
    if state.moved_to is None or state.moved_to == state.adopted:
        return False
    return move_is_confirmed(
        state.adopted or url, state.moved_to, times=state.moved_count, since=state.moved_since, now=now
    )


def news_of_move(before: SourceState, after: SourceState, url: str) -> str:
    """The line of history when the address that is asked changes; "" when it does not."""
    if before.adopted == after.adopted:
        return ""
    if after.adopted is None:
        return f"{before.adopted} failed {MOVE_TRUSTED_FAILURES} times: {url} is asked again, as configured"
    return f"moved for good: from now on {after.adopted} is asked; the configuration may be changed to it"


def _look_again(state: SourceState, channel: Channel, freshness: Freshness, moment: Moment) -> SourceState:
    next_fetch, reason = schedule(
        state,
        channel,
        now=moment.now,
        options=moment.options,
        freshness=freshness,
        chance=moment.chance,
        window=channel.entries,
        slow=moment.slow,
    )
    if state.adopted is not None:
        reason = f"{reason}; asked at {state.adopted}, where it moved for good: the configuration may name that"
    return replace(state, next_fetch=next_fetch, reason=reason)
