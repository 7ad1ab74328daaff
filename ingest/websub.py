"""WebSub as a subscriber, on paper: which hubs to ask, when, and for what. Pure; its siblings are `websub_answer` (what
the hub gets when it calls us) and `websub_trust` (how far it is believed).

In:  what a source offers (hub and topic), a `Subscription` as it is now, how a request went, `now`, a chance in [0, 1).
Out: the form to post, and what the subscription becomes; None: nothing changes.
Never: asks anybody, or makes a token.

    WANTED --asked--> pending --hub asks back--> ACTIVE --80-90 % of the lease--> asked again
       ^                 | silence, an error: back-off      | lease over: WANTED
       |                 v                                  | missed entries: asked anew; the third time DISTRUSTED
       +--- a week -- DENIED                                v
       +--- 30 days ------------------------------- DISTRUSTED (given up at the hub)
    no longer offered, switched off, source removed: LEAVING (given up at the hub, then forgotten)

The W3C Recommendation (2018) is quoted by its sections; B1-B15 are those of reference network.md 3.3, and three-digit
numbers the tests of websub.rocks. A hub is a stranger: what it says is bounded, and it only ever names its own topic.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlencode

from feedmill.feeds.outcome import Failure
from feedmill.feeds.source import Channel, SourceRecord, Standing
from feedmill.feeds.subscription import Subscription
from feedmill.feeds.subscription import SubscriptionStanding as Is
from feedmill.ingest.target import printable, read_target

SUBSCRIBE, UNSUBSCRIBE, DENIED = "subscribe", "unsubscribe", "denied"

ASKED_LEASE = timedelta(days=10)
ANSWER_WITHIN = timedelta(hours=1)  # for the hub to ask back
_FIRST_BACKOFF, _LONGEST_BACKOFF = timedelta(minutes=10), timedelta(hours=24)
AFTER_DISTRUST = timedelta(days=30)
_FAREWELLS = 3  # times a hub is told that we leave; after the lease it forgets us anyway
LONGEST_REASON = 200


# ---- what is offered ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A hub that tells of changes of `topic`."""

    hub: str
    topic: str


def with_links(channel: Channel, links: Sequence[tuple[str, str]]) -> Channel:
    """The channel with what the answer's Link headers say of hub and self: they go before the document (section 4)."""
    hubs = tuple(dict.fromkeys(url for rel, url in links if rel == "hub"))[:5]
    topic = next((url for rel, url in links if rel == "self"), None)
    if not hubs and topic is None:
        return channel
    return replace(channel, hubs=hubs or channel.hubs, topic=topic)


def offer_of(record: SourceRecord, *, address: str) -> Offer | None:
    """What a source offers; None when it offers nothing, or nothing that we may tell a hub.

    `address`: of its URL, secrets filled in. A source with a password in its address, or with a secret that was filled
    in, is never named to a hub. Of several hubs the first counts.
    """
    channel = record.channel
    if record.state.standing in (Standing.GONE, Standing.PAUSED, Standing.NEW) or not channel.hubs:
        return None
    named = channel.topic or channel.about.url or record.source.url
    own, topic, hub = read_target(address), read_target(named), read_target(channel.hubs[0])
    if isinstance(own, Failure) or isinstance(topic, Failure) or isinstance(hub, Failure):
        return None
    if address != record.source.url or own.authorization or topic.authorization or hub.authorization:
        return None
    return Offer(hub=hub.url, topic=named)


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What is to begin (by source row), to go on after all, and to end."""

    begin: tuple[tuple[int, Offer], ...] = ()
    again: tuple[Subscription, ...] = ()
    leave: tuple[Subscription, ...] = ()


def compare(offers: Mapping[int, Offer], present: Iterable[Subscription], *, base: str) -> Changes:
    """Offers against what there is: another hub or topic, or another address of ours, is another subscription (B12).

    `base`: what callbacks begin with.
    """
    begin = dict(offers)
    again, leave = [], []
    for subscription in present:
        same = Offer(hub=subscription.hub, topic=subscription.topic)
        wanted = offers.get(subscription.source_row) == same and subscription.callback == base + subscription.token
        if wanted:
            begin.pop(subscription.source_row, None)
        if subscription.standing is Is.LEAVING and wanted:
            again.append(subscription)
        if subscription.standing is not Is.LEAVING and not wanted:
            leave.append(subscription)
    return Changes(begin=tuple(begin.items()), again=tuple(again), leave=tuple(leave))


def leaving(subscription: Subscription, now: datetime) -> Subscription:
    """It is not wanted any more. A hub that refused us has nothing to be told."""
    asked_at = None if subscription.standing is Is.DENIED else subscription.asked_at
    return replace(subscription, standing=Is.LEAVING, asked_at=asked_at, pending="", failures=0, next_step=now)


def wanted_again(subscription: Subscription, now: datetime) -> Subscription | None:
    """What was to be given up is offered again before the hub was told."""
    if subscription.standing is not Is.LEAVING:
        return None
    return replace(subscription, standing=Is.WANTED, pending="", failures=0, next_step=now)


def lapsed(subscription: Subscription, now: datetime) -> Subscription | None:
    """The lease ran out before the hub renewed it."""
    if subscription.standing is not Is.ACTIVE or subscription.lease_until is None or subscription.lease_until > now:
        return None
    return replace(subscription, standing=Is.WANTED, lease_until=None, confirmed=0)


# ---- asking the hub -------------------------------------------------------------------------------------------------


def next_mode(subscription: Subscription, now: datetime) -> str | None:
    """What to ask of the hub, now that its next step has come; None: nothing, it is to be forgotten."""
    lease_runs = subscription.lease_until is not None and subscription.lease_until > now
    if subscription.standing is Is.LEAVING:
        worth_telling = subscription.asked_at is not None and (lease_runs or subscription.verified_at is None)
        return UNSUBSCRIBE if worth_telling and subscription.failures < _FAREWELLS else None
    if subscription.standing is Is.DISTRUSTED and lease_runs and subscription.failures < _FAREWELLS:
        return UNSUBSCRIBE
    return SUBSCRIBE


def asking(subscription: Subscription, mode: str, now: datetime) -> Subscription:
    """As it stands while the request is sent: hubs may ask back before they answer. Silence since the last request
    counts as a failure."""
    standing, failures = subscription.standing, subscription.failures + bool(subscription.pending)
    detail, misses = subscription.detail, subscription.misses
    lease_until = subscription.lease_until
    if mode == SUBSCRIBE:
        over = lease_until is None or lease_until <= now
        if standing is Is.DISTRUSTED:
            misses = failures = 0
        if over:
            standing, lease_until = Is.WANTED, None
        if subscription.pending:
            detail = "the hub took our request and never asked back"
    wait = max(ANSWER_WITHIN, _backoff(failures))
    if standing is Is.DISTRUSTED and failures + 1 >= _FAREWELLS:
        wait = AFTER_DISTRUST
    return replace(
        subscription,
        standing=standing,
        pending=mode,
        asked_at=now,
        lease_until=lease_until,
        failures=failures,
        misses=misses,
        detail=detail,
        next_step=now + wait,
    )


def form(subscription: Subscription, mode: str) -> bytes:
    """The body of the request (section 5.1); the secret is 43 bytes, below the 200 that are allowed.

    It goes to a hub that is asked without TLS too, against the letter of section 5.1: it gives away nothing that the
    callback beside it does not, and still keeps out who reads that address in some proxy's log later.
    """
    fields = {"hub.mode": mode, "hub.topic": subscription.topic, "hub.callback": subscription.callback}
    if mode == SUBSCRIBE:
        fields["hub.lease_seconds"] = str(int(ASKED_LEASE.total_seconds()))
        fields["hub.secret"] = subscription.secret
    return urlencode(fields).encode("ascii")


def refused(
    subscription: Subscription,
    detail: str,
    now: datetime,
    chance: float,
    *,
    wait: timedelta | None = None,
    heard: bool = True,
) -> Subscription | None:
    """The request did not go well; `heard` False: the hub may have taken it all the same. None: it asked back already.

    `wait`: its Retry-After.
    """
    if not subscription.pending:
        return None
    failures = subscription.failures + 1
    gap = jittered(max(_backoff(failures), wait or timedelta(0)), chance)
    if subscription.standing is Is.DISTRUSTED and failures >= _FAREWELLS:
        gap = AFTER_DISTRUST
    return replace(
        subscription,
        pending="" if heard else subscription.pending,
        failures=failures,
        detail=printable(detail, LONGEST_REASON),
        next_step=now + gap,
    )


def _backoff(failures: int) -> timedelta:
    if failures <= 0:
        return timedelta(0)
    return min(_FIRST_BACKOFF * (1 << min(failures - 1, 10)), _LONGEST_BACKOFF)


def jittered(gap: timedelta, chance: float) -> timedelta:
    """Up to a tenth later, so that a thousand sources of one hub do not come back in the same second."""
    return gap * (1 + 0.1 * min(max(chance, 0.0), 1.0))
