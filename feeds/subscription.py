"""A subscription at somebody's hub (WebSub): what we asked for, what the hub confirmed, how far it is trusted.

Out: `Subscription`, `SubscriptionStanding`, `Pushed`.
Never: a decision (those are `ingest.websub`), a token or a secret in its repr.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class SubscriptionStanding(StrEnum):
    """WANTED: not confirmed (yet, or no longer). ACTIVE: confirmed, its lease runs. DENIED: the hub said no.
    DISTRUSTED: it missed entries again and again. LEAVING: to be given up at the hub, then forgotten."""

    WANTED = "wanted"
    ACTIVE = "active"
    DENIED = "denied"
    DISTRUSTED = "distrusted"
    LEAVING = "leaving"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """One source's subscription to `topic` at `hub`. `row` 0: not stored yet; `source_url` as configured.

    `pending` "subscribe" or "unsubscribe": asked of the hub, which has not asked us back; "" when nothing is.
    `next_step`: when we turn to the hub next (ask, renew, ask again, give up).
    """

    row: int = 0
    source_row: int
    source_url: str = ""
    hub: str
    topic: str
    token: str = field(repr=False)  # what is unguessable in the callback
    callback: str = field(repr=False)  # our address for this hub and topic; ends with the token
    secret: str = field(repr=False)
    standing: SubscriptionStanding = SubscriptionStanding.WANTED
    pending: str = ""
    asked_at: datetime | None = None
    verified_at: datetime | None = None
    lease_until: datetime | None = None
    next_step: datetime
    last_push: datetime | None = None  # that was ours: signed, and new to us
    pushes: int = 0
    confirmed: int = 0  # polls after a push that found nothing it had missed, since the last miss
    misses: int = 0  # polls that found an entry no push had brought
    failures: int = 0  # of asking the hub, in a row
    detail: str = ""  # why, when it is not as it should be
    heard: tuple[str, ...] = ()  # hashes of the last bodies that were pushed, oldest first: a replay is known by it


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """A document that a hub brought and that has not been read yet."""

    row: int
    subscription_row: int
    source_row: int
    received_at: datetime
    content_type: str
    body: bytes
