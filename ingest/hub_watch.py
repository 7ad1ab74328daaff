"""Polling beside hubs: how slowly, and what each poll says of its hub.

In:  the subscriptions of a tick's sources; the entries that a poll found.
Out: a slow pace where a hub is trusted; misses and confirmations, in the store.
Never: asks a hub.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from feedmill.feeds.source import SourceRecord
from feedmill.feeds.subscription import Subscription, SubscriptionStanding
from feedmill.ingest.cadence import SlowPace
from feedmill.ingest.plan import is_undated
from feedmill.ingest.websub_trust import hub_name, judge_poll, pace

if TYPE_CHECKING:
    from feedmill.feeds.store import Store
    from feedmill.feeds.update import EntryUpdate


class HubWatch:
    """The hubs of one tick. `judge` in the course of a look, `settled` when what it brought is stored."""

    def __init__(self, store: Store, subscriptions: Iterable[Subscription]) -> None:
        self._store = store
        self._by_source = {
            each.source_row: each for each in subscriptions if each.standing is SubscriptionStanding.ACTIVE
        }
        self._judged: dict[int, tuple[Sequence[datetime | None], datetime | None, datetime]] = {}

    def judge(self, record: SourceRecord, new: Sequence[EntryUpdate] | None, now: datetime) -> SlowPace | None:
        """The pace after a poll that found `new` entries (None: it did not answer)."""
        subscription = self._by_source.get(record.row)
        if subscription is None:
            return None
        if new is not None and not (new and self._store.has_pushes(record.row)):  # what waits there was not missed
            dates = [None if is_undated(update.entry) else update.entry.published for update in new]
            self._judged[record.row] = (dates, record.state.last_success, now)
            subscription = judge_poll(subscription, dates, last_look=record.state.last_success, now=now) or subscription
        gap = pace(subscription, now)
        if gap is None or subscription.lease_until is None:
            return None
        words = f"its hub {hub_name(subscription)} tells us of new entries until {subscription.lease_until:%Y-%m-%d}"
        return SlowPace(gap=gap, words=f"{words}, so we only look besides")

    def settled(self, source_row: int) -> None:
        """What the poll found is stored: so is what it says of the hub."""
        judged = self._judged.pop(source_row, None)
        if judged is None:
            return
        dates, last_look, now = judged
        self._store.change_subscription(
            self._by_source[source_row].row, lambda now_is: judge_poll(now_is, dates, last_look=last_look, now=now)
        )
