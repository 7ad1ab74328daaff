"""How far a hub is believed: what polling beside it found, how slow that may be, how it stands in words. Pure.

In:  a `Subscription`, the dates of entries that a poll found and no push had brought, `now`.
Out: the pace of polling beside it, what the subscription becomes, sentences.
Never: says more of a hub's address than its host, which may have a token in the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from feedmill.feeds.subscription import Subscription
from feedmill.feeds.subscription import SubscriptionStanding as Is
from feedmill.ingest.websub import AFTER_DISTRUST

MOST_MISSES = 3
_CONFIRMATIONS = 3  # polls that found nothing missed, and old misses are forgiven
_ON_ITS_WAY = timedelta(minutes=15)  # an entry so young may still be pushed


def pace(subscription: Subscription, now: datetime) -> timedelta | None:
    """How slowly the source may be polled beside it (reference scheduling.md section 2); None: as if there were none.

    6 h while the hub only promised, 12 h when a poll found nothing that it had missed, 24 h after three. After a miss
    not before the next confirmation.
    """
    running = subscription.lease_until is not None and subscription.lease_until > now
    if subscription.standing is not Is.ACTIVE or not running:
        return None
    if subscription.misses and not subscription.confirmed:
        return None
    if subscription.confirmed >= _CONFIRMATIONS:
        return timedelta(hours=24)
    return timedelta(hours=12 if subscription.confirmed else 6)


def judge_poll(
    subscription: Subscription, new_dates: Sequence[datetime | None], *, last_look: datetime | None, now: datetime
) -> Subscription | None:
    """After a poll that answered. `new_dates`: of the entries that no push had brought, None where undated.

    An entry counts against the hub when it appeared while the subscription ran, and is not so young that its push may
    be on the way.
    """
    since = subscription.verified_at
    if subscription.standing is not Is.ACTIVE or since is None or last_look is None:
        return None
    missed = [date for date in new_dates if (last_look >= since if date is None else since < date < now - _ON_ITS_WAY)]
    if missed:
        return _missed(subscription, now)
    if subscription.last_push is None or subscription.last_push <= last_look:
        return None
    confirmed = subscription.confirmed + 1
    forgiven = confirmed >= _CONFIRMATIONS
    return replace(
        subscription,
        confirmed=confirmed,
        misses=0 if forgiven else subscription.misses,
        detail="" if forgiven else subscription.detail,
    )


def _missed(subscription: Subscription, now: datetime) -> Subscription:
    misses = subscription.misses + 1
    given_up = misses >= MOST_MISSES
    lease_over = subscription.lease_until is None or subscription.lease_until <= now
    times = "an entry" if misses == 1 else f"entries {misses} times"
    return replace(
        subscription,
        standing=Is.DISTRUSTED if given_up else subscription.standing,
        misses=misses,
        confirmed=0,
        failures=0,
        pending="",
        next_step=now + (AFTER_DISTRUST if given_up and lease_over else timedelta(0)),  # asked anew, or given up
        detail=f"it missed {times} that we found ourselves",
    )


# ---- in words -------------------------------------------------------------------------------------------------------


def hub_name(subscription: Subscription) -> str:
    """The hub for people: its host. An address may have a token in it."""
    return urlsplit(subscription.hub).netloc.rpartition("@")[2]


def words_by_source(subscriptions: Iterable[Subscription], now: datetime) -> dict[str, str]:
    """A sentence for each source that has a subscription, by its URL; one that is being left only when it is all."""
    order = sorted(subscriptions, key=lambda each: (each.standing is not Is.LEAVING, each.row))
    return {each.source_url: words(each, now) for each in order}


def words(subscription: Subscription, now: datetime) -> str:
    """How it stands, in a sentence."""
    hub = hub_name(subscription)
    because = f": {subscription.detail}" if subscription.detail else ""
    if subscription.standing is Is.DENIED:
        return f"The hub {hub} was asked to tell us of new entries{because}; we look ourselves, and ask it again later."
    if subscription.standing is Is.DISTRUSTED:
        return f"The hub {hub} is not trusted any more{because}; we look ourselves."
    if subscription.standing is Is.LEAVING:
        return f"The hub {hub} is being told that we no longer want to hear of new entries."
    lease = subscription.lease_until
    if subscription.standing is not Is.ACTIVE or lease is None or lease <= now:
        asked = "is to be" if subscription.asked_at is None else "was"
        return f"The hub {hub} {asked} asked to tell us of new entries{because}; until it does we look ourselves."
    told = f"The hub {hub} tells us of new entries until {lease:%Y-%m-%d %H:%M} UTC"
    gap = pace(subscription, now)
    if gap is None:
        return f"{told}; but {subscription.detail or 'it missed some'}, so we look as often as without it."
    return f"{told}; we look every {int(gap.total_seconds()) // 3600} hours besides."
