"""What a hub gets when it calls us: its questions answered, its documents checked. Pure.

In:  a `Subscription` as it is now, the query or the body that came to its callback, `now`, a chance in [0, 1).
Out: the answer, and what the subscription becomes (None: as it was).
Never: reads a document (that is the mill's, as for a fetched one), or believes a signature that it did not compute.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from feedmill.feeds.subscription import Subscription
from feedmill.feeds.subscription import SubscriptionStanding as Is
from feedmill.ingest.target import printable
from feedmill.ingest.websub import (
    AFTER_DISTRUST,
    ANSWER_WITHIN,
    DENIED,
    LONGEST_REASON,
    SUBSCRIBE,
    UNSUBSCRIBE,
    jittered,
)

_LONGEST_LEASE = timedelta(days=30)
_UNSAID_LEASE = timedelta(days=1)  # of a hub that does not say for how long it will tell us
_LEAST_RENEWAL = timedelta(minutes=1)
_AFTER_DENIAL = timedelta(days=7)
_LONGEST_CHALLENGE = 4_096
_REMEMBERED_BODIES = 16
_ALGORITHMS = frozenset({"sha1", "sha256", "sha384", "sha512"})  # section 7: those a subscriber may meet
_SIGNATURE = re.compile(r"\s*([A-Za-z0-9]+)\s*=\s*([0-9A-Fa-f]+)\s*", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the hub gets for its question, and what the subscription becomes (None: as it was)."""

    status: int
    text: str = ""
    becomes: Subscription | None = None


def hear(subscription: Subscription, query: Mapping[str, str], now: datetime, chance: float) -> Reply:
    """The hub asks whether we want what it was asked for (section 5.3), or says that it will not (section 5.2).

    404 unless it is about this topic and about something that we are waiting for (205).
    """
    mode, topic = query.get("hub.mode", ""), query.get("hub.topic", "")
    if topic != subscription.topic:
        return Reply(status=404, text="we did not ask for this topic")
    if mode == DENIED:
        return Reply(status=200, text="noted", becomes=_denied(subscription, query.get("hub.reason", ""), now, chance))
    challenge = query.get("hub.challenge", "")
    if not challenge or len(challenge) > _LONGEST_CHALLENGE:
        return Reply(status=404, text="without a challenge there is nothing to confirm")
    if mode == SUBSCRIBE and _awaits(subscription, now):
        lease = _lease(query.get("hub.lease_seconds", ""))
        return Reply(status=200, text=challenge, becomes=_verified(subscription, lease, now, chance))
    if mode == UNSUBSCRIBE and subscription.pending == UNSUBSCRIBE:
        return Reply(status=200, text=challenge, becomes=_left(subscription, now))
    return Reply(status=404, text="we did not ask for this")


def _awaits(subscription: Subscription, now: datetime) -> bool:
    """A question that comes twice (our answer was lost) is answered twice."""
    if subscription.pending == SUBSCRIBE:
        return True
    asked = subscription.asked_at
    return subscription.standing is Is.ACTIVE and asked is not None and now - asked <= ANSWER_WITHIN


def _verified(subscription: Subscription, lease: timedelta, now: datetime, chance: float) -> Subscription:
    begins = subscription.standing is not Is.ACTIVE or subscription.verified_at is None
    # At 80 to 90 % of the lease (B7), so that there is time to try again.
    renewal = max(lease * (0.8 + 0.1 * min(max(chance, 0.0), 1.0)), _LEAST_RENEWAL)
    return replace(
        subscription,
        standing=Is.ACTIVE,
        pending="",
        verified_at=now if begins else subscription.verified_at,
        lease_until=now + lease,
        next_step=now + renewal,
        failures=0,
        detail="" if not subscription.misses else subscription.detail,
    )


def _denied(subscription: Subscription, reason: str, now: datetime, chance: float) -> Subscription:
    said = printable(reason.strip(), LONGEST_REASON)
    detail = f"the hub refuses to tell us: {said}" if said else "the hub refuses to tell us and does not say why"
    if subscription.standing in (Is.LEAVING, Is.DISTRUSTED):
        return _left(subscription, now)
    return replace(
        subscription,
        standing=Is.DENIED,
        pending="",
        lease_until=None,
        detail=detail,
        next_step=now + jittered(_AFTER_DENIAL, chance),
    )


def _left(subscription: Subscription, now: datetime) -> Subscription:
    later = now + (AFTER_DISTRUST if subscription.standing is Is.DISTRUSTED else timedelta(0))
    return replace(subscription, pending="", lease_until=None, verified_at=now, failures=0, next_step=later)


def _lease(said: str) -> timedelta:
    """What the hub grants (B7): absent or absurd values are read as a day, longer ones than 30 days as these."""
    if not (said.isascii() and said.isdigit()) or len(said) > 15 or int(said) == 0:
        return _UNSAID_LEASE
    return min(timedelta(seconds=min(int(said), 10**9)), _LONGEST_LEASE)


# ---- what is pushed -------------------------------------------------------------------------------------------------


def listens(subscription: Subscription) -> bool:
    """Whether what the hub pushes is wanted; else it is told that we are gone (410)."""
    return subscription.standing in (Is.ACTIVE, Is.WANTED) and subscription.asked_at is not None


def signature_fits(secret: str, header: str, body: bytes) -> bool:
    """X-Hub-Signature `method=hexadecimal` over the raw body (section 7), compared in constant time."""
    match = _SIGNATURE.fullmatch(header)
    if match is None or match[1].lower() not in _ALGORITHMS:
        return False
    expected = hmac.new(secret.encode("utf-8"), body, match[1].lower()).hexdigest()
    return hmac.compare_digest(expected.encode("ascii"), match[2].lower().encode("ascii"))


def pushed(subscription: Subscription, body_hash: str, now: datetime) -> Subscription:
    """A signed document came that had not come before."""
    return replace(
        subscription,
        last_push=now,
        pushes=subscription.pushes + 1,
        heard=(*subscription.heard, body_hash)[-_REMEMBERED_BODIES:],
    )
