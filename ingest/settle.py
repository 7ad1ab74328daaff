"""What one answer comes to: everything that is decided about a source after it was asked.

      postponed                      -> its turn comes after the site's hold
      NotModified, or a body we have -> settled, no parsing
      Failure, Gone                  -> settled, nothing is lost
      Fetched                        -> parse -> identify -> store.known -> unseen      unchanged entries stop here
                                        -> prepare -> normalize + clean -> sort_updates

In:  an `Answer`, the store (read, but for what a feed withdraws), the rules, the moment.
Out: an `UpdatePlan` for the store, and the `SourceReport` that tells of it.
Never: commits, fetches.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from feedmill.feeds.outcome import Failure, Fetched, FetchRecord, Gone, NotModified, Outcome
from feedmill.feeds.source import LASTING, NO_RULES, SourceRules
from feedmill.feeds.update import UpdatePlan
from feedmill.ingest import plan as plans
from feedmill.ingest import report as reports
from feedmill.ingest.digest import Digest, read_document
from feedmill.ingest.options import FetchOptions
from feedmill.ingest.report import SourceReport
from feedmill.ingest.websub import with_links
from feedmill.ingest.workers import Answer

if TYPE_CHECKING:
    from feedmill.feeds.entry import Entry
    from feedmill.feeds.source import SourceRecord, SourceState
    from feedmill.feeds.store import Store
    from feedmill.ingest.hub_watch import HubWatch
    from feedmill.ingest.withdrawal import Book

EMPTIED = "the document holds no entries any more; what it held before is kept"


@dataclass(slots=True, kw_only=True)
class Settlement:
    """Drafts the answers of one tick. `before_news` is called before anything that readers will see is written."""

    store: Store
    fetching: FetchOptions
    rules: Mapping[str, SourceRules]
    before_news: Callable[[], None]
    hubs: HubWatch | None
    visible_change: bool = False  # a source's standing or description moved, in a way that a reader of the status sees
    missing: Book | None = None  # entries that their sources list no more
    sight: datetime | None = None  # when new entries count as first seen; None: when they are settled

    def draft(self, answer: Answer, moment: plans.Moment, *, outage: bool) -> tuple[UpdatePlan, SourceReport]:
        """The plan and the report of one answer; `outage`: that it failed is our own network's fault."""
        record = answer.claim.record
        if answer.outcome is None:
            return _postponed(answer)
        now = moment.now
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
        self.visible_change = self.visible_change or shown(state) != shown(record.state)
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
            self.store,
            record.row,
            record.source.url,
            outcome.document,
            self.sight or now,
            rules=rules,
            has_past=has_past,
        )
        if digest.updates or (record.state.held_as and digest.failure is None):
            from feedmill.ingest.scrutiny import scrutinize

            scrutinize(self.store, record, digest, delta=outcome.delta, now=self.sight or now)
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

        if self.missing is None:
            self.missing = Book(self.store)
        buried, back = self.missing.note(record, digest, body, now)
        if buried or back:
            self.before_news()
        if buried:
            withdraw(self.store, buried, "its feed says that it was deleted", now)
        if back:
            self.store.release_entries(back)


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


def shown(state: SourceState) -> tuple[object, ...]:
    """What the published status says of a source, besides times and counts."""
    lasting = state.failures >= LASTING
    return (state.standing, state.failure, state.detail, state.moved_to, state.held_reason, lasting)
