"""One tick: every source that is due is looked at, and what it says is remembered.

    store.claim(now)                 -> the sources that are due, leased to us
    workers.fetch_all                -> outcomes, as they arrive                        [threads]
      NotModified, or a body we have -> settle                                          no parsing
      Failure, Gone                  -> settle                                          nothing is lost
      Fetched                        -> parse -> identify -> store.known -> unseen      unchanged entries stop here
                                        -> prepare -> normalize + clean -> sort_updates
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
from feedmill.feeds.outcome import Failure, FailureKind, Fetched, FetchRecord, Gone, NotModified, Outcome
from feedmill.feeds.source import LASTING, NO_RULES, SourceRules
from feedmill.feeds.update import UpdatePlan
from feedmill.ingest import plan as plans
from feedmill.ingest import report as reports
from feedmill.ingest.budget import within_budget
from feedmill.ingest.digest import Digest, read_document
from feedmill.ingest.options import FetchOptions, ScheduleOptions
from feedmill.ingest.report import SourceReport
from feedmill.ingest.websub import with_links
from feedmill.ingest.workers import Answer, fetch_all

if TYPE_CHECKING:
    from feedmill.feeds.entry import Entry
    from feedmill.feeds.source import SourceRecord, SourceState
    from feedmill.feeds.store import Claim, Store
    from feedmill.feeds.subscription import Pushed
    from feedmill.ingest.fetch import Fetcher
    from feedmill.ingest.hub_watch import HubWatch
    from feedmill.ingest.withdrawal import Book

# Longer than a tick of a planet with hundreds of sources on one slow site; a dead process gives its leases back at
# once when it ran on this machine (the store asks whether it lives), so this bounds only losses across machines.
LEASE = timedelta(minutes=30)
CLAIM_AT_ONCE = 2000
QUIET_AT_ONCE = 64
# Trouble that our own network can cause for every source at once (reference network.md, check 82).
OUR_OWN = frozenset({FailureKind.DNS, FailureKind.TIMEOUT})
OUTAGE_SITES = 3
EMPTIED = "the document holds no entries any more; what it held before is kept"


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
    visible_change: bool = False  # a source's standing or description moved, in a way that a reader of the status sees
    _told: bool = False
    _missing: Book | None = None  # entries that their sources list no more

    def run(self, *, urls: Sequence[str] | None = None, force: bool = False) -> Iterator[SourceReport]:
        """Look at what is due (all of `urls`, or of everything); one report for every source, due or not."""
        claimed: set[int] = set()
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
        if self._missing is not None:
            self._missing.save()
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

    def _settle(self, answers: Sequence[Answer], *, outage: bool = False) -> Iterator[SourceReport]:
        """Plan each answer, commit them together, report."""
        if not answers:
            return
        now = self.clock()
        drafts = [self._draft(answer, now, outage=outage) for answer in answers]
        if any(plan.new or plan.changed for plan, _ in drafts):
            self._tell()
        kept = self.store.commit([plan for plan, _ in drafts], now)
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

    def _draft(self, answer: Answer, now: datetime, *, outage: bool) -> tuple[UpdatePlan, SourceReport]:
        """The plan and the report of one answer."""
        record = answer.claim.record
        if answer.outcome is None:
            return _postponed(answer)
        moment = plans.Moment(now=now, options=self.scheduling, chance=self.chance())
        outcome = answer.outcome
        digest = Digest()
        merged = self._is_merged(answer, outcome)
        if isinstance(outcome, Fetched) and not merged:
            digest = self._digest(answer, outcome, now)
            if digest.failure is not None:
                outcome = replace(digest.failure, status=outcome.status)
        new, changed = plans.sort_updates(digest.updates)
        if self.hubs is not None:
            answered = isinstance(outcome, Fetched | NotModified) and not merged
            moment = replace(moment, slow=self.hubs.judge(record, new if answered else None, now))
        if merged and isinstance(outcome, Fetched | NotModified):
            state = plans.settle_merged(record.source.url, record.state, record.channel, outcome, moment)
        else:
            posted = [update.entry for update in new if update.held_reason is None or update.held_until]
            state = self._next_state(answer, outcome, digest, posted, moment, outage=outage)
        news = plans.count_news(new)
        revised = sum(update.revised for update in changed)
        self.visible_change = self.visible_change or _shown(state) != _shown(record.state)
        word = _word(outcome)
        salvaged = f"of {digest.salvaged} entries only the words could be kept" if digest.salvaged else ""
        moved = plans.news_of_move(record.state, state, record.source.url)
        detail = "; ".join(filter(None, (state.detail or salvaged, moved)))
        failure = state.failure or (outcome.kind if isinstance(outcome, Failure) else None)
        fetch_record = FetchRecord(
            at=now,
            status=outcome.status,
            outcome=word,
            failure=failure,
            detail=detail,
            bytes=answer.bytes,
            duration=answer.duration,
            new=news,
            changed=revised,
        )
        plan = UpdatePlan(
            source_row=record.row,
            lease=answer.claim.lease,
            state=state,
            record=fetch_record,
            new=new,
            changed=changed,
            unchanged=digest.unchanged,
            channel=digest.channel,
            site=answer.site_state,
        )
        report = SourceReport(
            source=record.source.url,
            outcome=word,
            status=outcome.status,
            new=news,
            changed=revised,
            unchanged=digest.unchanged + len(changed) - revised,
            failure=failure,
            detail=detail,
            next_fetch=state.next_fetch,
            reason=state.reason,
        )
        return plan, report

    def _next_state(
        self,
        answer: Answer,
        outcome: Outcome,
        digest: Digest,
        new: Sequence[Entry],
        moment: plans.Moment,
        *,
        outage: bool,
    ) -> SourceState:
        record = answer.claim.record
        url, state, channel = record.source.url, record.state, digest.channel or record.channel
        if isinstance(outcome, Fetched):
            settled = plans.settle_fetched(url, state, channel, outcome, moment, new)
            settled = replace(settled, detail=digest.remark)
            if digest.alarm is not None:
                return plans.settle_alarm(settled, digest.alarm)
            return plans.lift_alarm(settled) if digest.lifted else settled
        if isinstance(outcome, NotModified):
            return plans.settle_not_modified(url, state, channel, outcome, moment)
        if isinstance(outcome, Gone):
            return plans.settle_gone(state, channel, outcome, moment)
        if outage:
            return plans.settle_outage(state, moment)
        return plans.settle_failure(state, channel, outcome, moment)

    def _is_merged(self, answer: Answer, outcome: Outcome | None) -> bool:
        """Whether it redirects for good to another source that we have: the entries are that one's (check 89)."""
        if not isinstance(outcome, Fetched | NotModified) or outcome.move is None:
            return False
        targets = self.store.records([outcome.move.permanent_url])
        return any(target.row != answer.claim.record.row for target in targets)

    def _digest(self, answer: Answer, outcome: Fetched, now: datetime) -> Digest:
        """Read a document; one with the hash we have is not parsed, one whose entries we have is not cleaned."""
        record = answer.claim.record
        if outcome.document.body_hash and outcome.document.body_hash == record.state.body_hash:
            described = with_links(record.channel, outcome.links)
            return Digest(unchanged=record.entries, channel=described if described != record.channel else None)
        rules = self.rules.get(record.source.url, NO_RULES)
        has_past = record.entries > 0 or record.state.last_success is not None
        digest = read_document(
            self.store, record.row, record.source.url, outcome.document, now, rules=rules, has_past=has_past
        )
        if digest.updates or (record.state.held_as and digest.failure is None):
            from feedmill.ingest.scrutiny import scrutinize

            scrutinize(self.store, record, digest, delta=outcome.delta, now=now)
        whole = not (outcome.delta or digest.remark or digest.failure or digest.alarm)
        if whole and self.fetching.follow_deletions and record.entries and record.state.held_as is None:
            self._follow_deletions(record, digest, outcome.document.body, now)
        if digest.channel is not None:
            if record.entries and not digest.channel.entries and not outcome.delta:
                digest.remark = EMPTIED
            if outcome.delta:  # a difference does not tell how many entries the document holds
                digest.channel = replace(digest.channel, entries=record.channel.entries)
            digest.channel = with_links(digest.channel, outcome.links)
        return digest

    def _follow_deletions(self, record: SourceRecord, digest: Digest, body: bytes, now: datetime) -> None:
        """Take note of what a whole document lists no more; what it says was deleted, and what is back, at once."""
        from feedmill.ingest.withdrawal import Book, withdraw

        if self._missing is None:
            self._missing = Book(self.store)
        buried, back = self._missing.note(record, digest, body, now)
        if buried or back:
            self._tell()
        if buried:
            withdraw(self.store, buried, "its feed says that it was deleted", now)
        if back:
            self.store.release_entries(back)

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
            moment = plans.Moment(now=now, options=self.scheduling, chance=self.chance())
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
            shown = _shown(plan.state) != _shown(claim.record.state)
            (done,) = self.store.commit([plan], now)
            if done:  # else its lease was lost, and whoever has it now leaves the push to the next round
                self.visible_change = self.visible_change or shown
                self.store.drop_pushes([documents[0].row])
                yield report


def _postponed(answer: Answer) -> tuple[UpdatePlan, SourceReport]:
    """The site is held: the source was not asked, and is looked at after the hold, in its turn (check 108)."""
    record = answer.claim.record
    reason = f"its site {answer.site} asked us to wait; its sources are looked at one after the other then"
    state = replace(record.state, next_fetch=answer.postponed_until, reason=reason)
    plan = UpdatePlan(source_row=record.row, lease=answer.claim.lease, state=state, record=None)
    report = SourceReport(
        source=record.source.url,
        outcome=reports.SKIPPED,
        failure=state.failure,
        detail=state.detail,
        next_fetch=state.next_fetch,
        reason=reason,
    )
    return plan, report


def _word(outcome: Outcome) -> str:
    if isinstance(outcome, Fetched):
        return reports.FETCHED
    if isinstance(outcome, NotModified):
        return reports.NOT_MODIFIED
    return reports.GONE if isinstance(outcome, Gone) else reports.FAILED


def _shown(state: SourceState) -> tuple[object, ...]:
    """What the published status says of a source, besides times and counts."""
    lasting = state.failures >= LASTING
    return (state.standing, state.failure, state.detail, state.moved_to, state.held_reason, lasting)
