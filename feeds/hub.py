"""What our WebSub hub and our announcements to other hubs remember.

Out: `HubRequest` (asked for, not yet confirmed), `HubSubscription`, `Ping`, `HubCounts`.
Never: a decision (those are `publish.hub` and `publish.websub`), a secret or a challenge in its repr.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from feedmill.feeds.encoding import hash_of


def pair_key(first: str, second: str) -> bytes:
    """The key of a topic and a callback, or of a hub and a topic; neither can hold the line feed between them."""
    return hash_of(f"{first}\n{second}")


@dataclass(frozen=True, slots=True, kw_only=True)
class HubRequest:
    """What somebody asked of our hub. `key` names the pair of topic and callback: a later request replaces this one.

    `mode`: "subscribe" or "unsubscribe", to be confirmed by the callback; "denied", which the callback is to be told.
    `attempts`: tries so far. `challenge`: of the try in flight; it also tells whether the request was replaced since.
    """

    key: bytes
    mode: str
    topic: str  # as the subscriber wrote it: it is told so
    callback: str = field(repr=False)  # an address that nobody else should know
    host: str
    secret: str | None = field(default=None, repr=False)
    lease: timedelta = timedelta(0)
    attempts: int = 0
    challenge: str = field(default="", repr=False)
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HubSubscription:
    """A confirmed one that is owed the content of its topic. `attempts`: failed ones for this content."""

    key: bytes
    topic: str
    callback: str = field(repr=False)
    host: str
    secret: str | None = field(default=None, repr=False)
    attempts: int = 0
    failing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ping:
    """`hub` is to be told that `topic` changed; `digest` is of its new bytes (blake2b-128). `attempts`: failed ones."""

    key: bytes
    hub: str
    topic: str
    digest: bytes
    attempts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class HubCounts:
    """For people. `failing`: subscriptions whose last delivery failed; `troubles`: some of them, in words."""

    subscriptions: int = 0
    hosts: int = 0
    failing: int = 0
    waiting: int = 0  # requests not confirmed yet
    pings_due: int = 0
    troubles: tuple[str, ...] = ()
