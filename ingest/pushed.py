"""A document that a hub brought, on the road of a fetched one.

    Pushed -> parse -> identify -> store.known -> unseen -> normalize, clean -> scrutinize -> UpdatePlan

In:  a claimed source, the pushed document.
Out: the plan to commit and its report.
Never: touches validators, body hash, channel or schedule: the next poll sees everything that the push left out. A push
       may be partial (B15): what is not in it is not gone, and it is scrutinised like a fetched document.
"""

from __future__ import annotations

from dataclasses import replace
from hashlib import blake2b
from typing import TYPE_CHECKING

from feedmill.feeds.outcome import FetchRecord, RawDocument
from feedmill.feeds.source import SourceRules, SourceState
from feedmill.feeds.update import UpdatePlan
from feedmill.ingest import plan as plans
from feedmill.ingest.digest import Digest, read_document
from feedmill.ingest.report import PUSHED, SourceReport
from feedmill.ingest.workers import asked_at

if TYPE_CHECKING:
    from feedmill.feeds.store import Claim, Store
    from feedmill.feeds.subscription import Pushed


def draft_pushed(
    store: Store, claim: Claim, pushed: Pushed, moment: plans.Moment, *, rules: SourceRules
) -> tuple[UpdatePlan, SourceReport]:
    """The plan of one push. A document that is none, or brings nothing new to an old one, makes us look ourselves."""
    record = claim.record
    digest = _read(store, claim, pushed, moment, rules)
    new, changed = plans.sort_updates(plans.without_older(digest.updates))
    posted = [update.entry for update in new if update.held_reason is None or update.held_until]
    state = plans.settle_pushed(record.state, moment, posted)
    if digest.alarm is not None:
        state = plans.settle_alarm(state, digest.alarm)
    elif digest.lifted:
        state = plans.lift_alarm(state)
    detail = "a hub brought it"
    if digest.failure is not None:
        state = _look_soon(state, moment)
        detail = f"a hub brought what is no feed: {digest.failure.detail}"
    elif digest.alarm is not None:
        detail = f"{detail}; {digest.alarm.reason}"
    news, revised = plans.count_news(new), sum(update.revised for update in changed)
    line = FetchRecord(
        at=moment.now, status=None, outcome=PUSHED, detail=detail, bytes=len(pushed.body), new=news, changed=revised
    )
    plan = UpdatePlan(
        source_row=record.row,
        lease=claim.lease,
        state=state,
        record=line,
        new=new,
        changed=changed,
        unchanged=digest.unchanged,
    )
    report = SourceReport(
        source=record.source.url,
        outcome=PUSHED,
        new=news,
        changed=revised,
        unchanged=digest.unchanged + len(changed) - revised,
        detail=detail,
        next_fetch=state.next_fetch,
        reason=state.reason,
    )
    return plan, report


def _read(store: Store, claim: Claim, pushed: Pushed, moment: plans.Moment, rules: SourceRules) -> Digest:
    """Relative addresses are read as in the last poll: against where the source answers."""
    record = claim.record
    body_hash = blake2b(pushed.body, digest_size=16).hexdigest()
    if body_hash == record.state.body_hash:
        return Digest(unchanged=record.entries)
    document = RawDocument(
        body=pushed.body,
        url=record.state.validators.issued_by or asked_at(record),
        content_type=pushed.content_type,
        body_hash=body_hash,
    )
    has_past = record.entries > 0 or record.state.last_success is not None
    digest = read_document(store, record.row, record.source.url, document, moment.now, rules=rules, has_past=has_past)
    if digest.updates or (record.state.held_as and digest.failure is None):
        from feedmill.ingest.scrutiny import scrutinize

        scrutinize(store, record, digest, delta=True, now=moment.now)
    return digest


def _look_soon(state: SourceState, moment: plans.Moment) -> SourceState:
    """Something happened there that the hub could not tell: our own next look comes as soon as manners allow."""
    earliest = (state.last_attempt or moment.now) + moment.options.min_interval
    when = max(moment.now, earliest)
    if state.next_fetch is None or state.next_fetch <= when:
        return state
    return replace(state, next_fetch=when, reason="its hub told of something that could not be read: we look ourselves")
