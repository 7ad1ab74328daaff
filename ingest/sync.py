"""One tick: every source that is due is looked at, and what it says is remembered.

    store.claim(now)                 -> the sources that are due, leased to us
    workers.fetch_all                -> outcomes, as they arrive                        [threads]
    settlement.draft(answer)         -> what each comes to: a plan and a report                    `settle`
    store.commit(plan)               -> entries, validators, body hash, next fetch, lease: one transaction a source
    yield SourceReport
    take_pushed(claims)              -> the same road for a document that a hub brought           `pushed`

In:  a store, a fetcher, options. Out: reports. Never: publishes, prints, or reads the configuration.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import random
from typing import TYPE_CHECKING

from feedmill.feeds.errors import FeedmillError
from feedmill.feeds.outcome import Failure, FailureKind, Fetched, NotModified
from feedmill.feeds.source import NO_RULES, SourceRules
from feedmill.feeds.update import UpdatePlan
from feedmill.ingest import plan as plans
from feedmill.ingest import report as reports
from feedmill.ingest.budget import within_budget
from feedmill.ingest.options import FetchOptions, ScheduleOptions
from feedmill.ingest.report import SourceReport
from feedmill.ingest.settle import Settlement, shown
from feedmill.ingest.workers import Answer, fetch_all

if TYPE_CHECKING:
    from feedmill.feeds.source import SourceRecord
    from feedmill.feeds.store import Claim, Store
    from feedmill.feeds.subscription import Pushed
    from feedmill.ingest.fetch import Fetcher
    from feedmill.ingest.hub_watch import HubWatch

# Longer than a tick of a planet with hundreds of sources on one slow site; a dead process gives its leases back at
# once when it ran on this machine (the store asks whether it lives), so this bounds only losses across machines.
LEASE = timedelta(minutes=30)
CLAIM_AT_ONCE = 2000
QUIET_AT_ONCE = 64
# Trouble that our own network can cause for every source at once (reference network.md, check 82).
OUR_OWN = frozenset({FailureKind.DNS, FailureKind.TIMEOUT})
OUTAGE_SITES = 3


def _nothing() -> None:
    """The default announcement."""


def utc_now() -> datetime:
    """The wall clock; the one default of the tick that tests replace."""
    return datetime.now(UTC)


@dataclass(slots=True, kw_only=True)
class Tick:
    """The tick's surroundings; `run` does it."""

    store: Store
    fetcher: Fetcher
    fetching: FetchOptions
    scheduling: ScheduleOptions
    rules: Mapping[str, SourceRules] = field(default_factory=dict)  # by the source's URL; most have none
    address: Callable[[str], str] = str  # where to ask for a source's URL: the same, with its secrets filled in
    clock: Callable[[], datetime] = utc_now
    chance: Callable[[], float] = random
    stop: threading.Event = field(default_factory=threading.Event)
    before_news: Callable[[], None] = _nothing  # called once, before the first entry of the tick is committed
    hubs: HubWatch | None = None  # those that tell us of new entries, while somebody listens
    _told: bool = False
    _settlement: Settlement = field(init=False)

    def __post_init__(self) -> None:
        self._settlement = Settlement(
            store=self.store, fetching=self.fetching, rules=self.rules, before_news=self._tell, hubs=self.hubs
        )

    @property
    def visible_change(self) -> bool:
        """Whether a source's standing or description moved, in a way that a reader of the status sees."""
        return self._settlement.visible_change

    def run(self, *, urls: Sequence[str] | None = None, force: bool = False) -> Iterator[SourceReport]:
        """Look at what is due (all of `urls`, or of everything); one report for every source, due or not."""
        claimed: set[int] = set()
        # New entries count as first seen when the tick began, not in the order in which their sources happened to
        # answer: a store that is rebuilt from the same documents tells the same of them.
        self._settlement.sight = self.clock()
        self._show_what_is_due()
        if self.scheduling.requests_per_day is not None:
            self.scheduling = within_budget(self.scheduling, self.store.records(), now=self.clock())
        while not self.stop.is_set():
            now = self.clock()
            claims = self.store.claim(now, limit=CLAIM_AT_ONCE, lease=LEASE, force=force, urls=urls, skip_rows=claimed)
            if not claims:
                break
            claimed.update(claim.record.row for claim in claims)
            yield from self._work(claims)
        if self._settlement.missing is not None:
            self._settlement.missing.save()
        records = self._after_a_clock_set_back(self.store.records(urls))
        for record in records:
            if record.row not in claimed:
                yield SourceReport(
                    source=record.source.url,
                    outcome=reports.SKIPPED,
                    status=None,
                    failure=record.state.failure,
                    detail=record.state.detail,
                    next_fetch=record.state.next_fetch or self.clock(),
                    reason=record.state.reason,
                )

    def _show_what_is_due(self) -> None:
        """Entries that were dated ahead, and whose time has come."""
        due = self.store.due_entries(self.clock())
        if due:
            self._tell()
            self.store.release_entries(due)

    def _tell(self) -> None:
        if not self._told:
            self._told = True
            self.before_news()

    def _after_a_clock_set_back(self, records: list[SourceRecord]) -> list[SourceRecord]:
        """Sources that were looked at in the future: they keep their interval, counted from now (check 67)."""
        now = self.clock()
        ahead = {record.source.url for record in records if plans.is_ahead(record.state, now)}
        if not ahead:
            return records
        claims = self.store.claim(now, limit=len(ahead), lease=LEASE, force=True, urls=sorted(ahead))
        drafts = [
            UpdatePlan(
                source_row=claim.record.row,
                lease=claim.lease,
                state=plans.settle_clock(claim.record.state, now),
                record=None,
            )
            for claim in claims
        ]
        self.store.commit(drafts, now)
        states = {draft.source_row: draft.state for draft in drafts}
        return [replace(record, state=states.get(record.row, record.state)) for record in records]

    def take_in(self, documents: Mapping[str, Fetched]) -> Iterator[SourceReport]:
        """Begin sources, by URL, with what was fetched to look at them: no second request (check 1)."""
        claims = self.store.claim(self.clock(), limit=len(documents), lease=LEASE, force=True, urls=list(documents))
        yield from self._settle(
            [
                Answer(claim=claim, site="", outcome=documents[claim.record.source.url])
                for claim in claims
                if claim.record.source.url in documents
            ]
        )

    def _work(self, claims: Sequence[Claim]) -> Iterator[SourceReport]:
        """Fetch and settle what was claimed; what a stop left undone is given back."""
        waiting: list[Answer] = []  # failures that may be our own network's, until somebody answers
        quiet: list[Answer] = []  # 304s are written together: most of a tick is nothing but them
        reached = False
        answers = fetch_all(
            claims, self.fetcher, self.store, self.fetching, address=self.address, clock=self.clock, stop=self.stop
        )
        for batch in answers:
            settled: list[Answer] = []
            for answer in batch:
                if isinstance(answer.outcome, NotModified):
                    quiet.append(answer)
                    reached = True
                    continue
                ours = isinstance(answer.outcome, Failure) and answer.outcome.kind in OUR_OWN
                reached = reached or not ours
                (waiting if ours and not reached else settled).append(answer)
            if reached and waiting:
                settled = waiting + settled
                waiting = []
            if len(quiet) >= QUIET_AT_ONCE:
                settled += quiet
                quiet = []
            yield from self._settle(settled)
        yield from self._settle(quiet)
        outage = len({answer.site for answer in waiting}) >= OUTAGE_SITES
        yield from self._settle(waiting, outage=outage)

    def _moment(self, now: datetime) -> plans.Moment:
        return plans.Moment(now=now, options=self.scheduling, chance=self.chance())

    def _settle(self, answers: Sequence[Answer], *, outage: bool = False) -> Iterator[SourceReport]:
        """Plan each answer, commit them together, report."""
        if not answers:
            return
        now = self.clock()
        drafts = [self._settlement.draft(answer, self._moment(now), outage=outage) for answer in answers]
        if any(plan.new or plan.changed for plan, _ in drafts):
            self._tell()
        kept = self.store.commit([plan for plan, _ in drafts], self._settlement.sight or now)
        for (plan, report), done in zip(drafts, kept, strict=True):
            if done:
                if self.hubs is not None:
                    self.hubs.settled(plan.source_row)
                yield report
            else:
                yield replace(
                    report,
                    outcome=reports.SKIPPED,
                    new=0,
                    changed=0,
                    next_fetch=plan.state.next_fetch,
                    reason="another feedmill process took this source over",
                )

    # --- what a hub brought

    def take_pushed(self, waiting: Sequence[tuple[Claim, Sequence[Pushed]]]) -> Iterator[SourceReport]:
        """Take in the oldest pushed document of each source that is claimed, and give the source back."""
        from feedmill.ingest.pushed import draft_pushed

        for claim, documents in waiting:
            if not documents:
                self.store.release([claim])
                continue
            now = self.clock()
            rules = self.rules.get(claim.record.source.url, NO_RULES)
            moment = self._moment(now)
            try:
                plan, report = draft_pushed(self.store, claim, documents[0], moment, rules=rules)
            except FeedmillError:
                raise
            except Exception:  # a document over which we stumble must not wait for ever before all others
                self.store.drop_pushes([documents[0].row])
                self.store.release([each for each, _ in waiting])
                self.store.look_sooner(
                    [claim.record.row], now, "its hub brought what we stumbled over: we look ourselves"
                )
                raise
            if plan.new or plan.changed:
                self._tell()
            moved = shown(plan.state) != shown(claim.record.state)
            (done,) = self.store.commit([plan], now)
            if done:  # else its lease was lost, and whoever has it now leaves the push to the next round
                self._settlement.visible_change |= moved
                self.store.drop_pushes([documents[0].row])
                yield report
