"""What our hub sends to callbacks, and what their answers mean.

In:  a request or a subscription, the content of its topic.
Out: URLs, headers, `Verdict`s, the pause before the next try.
Never: a clock, a request, randomness: chance is an argument.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Protocol
from urllib.parse import urlencode

from feedmill.feeds.hub import HubRequest
from feedmill.feeds.outcome import Failure, FailureKind

SIGNED_BY = "sha256"  # sha1 is broken, and every subscriber that checks at all reads the method from the header

# After the first failure a minute, then longer each time: six tries in seven hours outlast most outages.
DELIVERY_PAUSES = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=25),
    timedelta(hours=2),
    timedelta(hours=5),
)
# A subscriber that is not up yet is asked again soon; one that says no is not asked again.
VERIFICATION_PAUSES = (timedelta(seconds=10), timedelta(minutes=1))
LONGEST_PAUSE = timedelta(hours=6)
_PASSING_STATUSES = frozenset({408, 425, 429})


class Replied(Protocol):
    """An answer that came: status, headers by lower-case name, the start of the body."""

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Mapping[str, str]: ...

    @property
    def body(self) -> bytes: ...


class Send(Protocol):
    """Sends one message through the guarded transport, without following redirects; never raises expected trouble."""

    def __call__(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout: timedelta | None = None,
        max_reply_bytes: int = 4096,
    ) -> Replied | Failure: ...


class Meaning(StrEnum):
    """DONE: as it should be. AGAIN: it may get better by itself. NO: it will not. GONE: 410."""

    DONE = "done"
    AGAIN = "again"
    NO = "no"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`detail` is a few words for the log; `wait` what the other side asked for."""

    meaning: Meaning
    detail: str = ""
    wait: timedelta = timedelta(0)


def question(request: HubRequest) -> str:
    """The URL that asks the callback whether it wants this, or tells it that it was denied (WebSub 5.2, 5.3).

    The callback's own query stays and comes first (5.1.1).
    """
    told = {"hub.mode": request.mode, "hub.topic": request.topic}
    if request.mode == "denied":
        told["hub.reason"] = request.reason
    else:
        told["hub.challenge"] = request.challenge
    if request.mode == "subscribe":
        told["hub.lease_seconds"] = str(request.lease // timedelta(seconds=1))
    return f"{request.callback}{'&' if '?' in request.callback else '?'}{urlencode(told)}"


def answer_to_question(request: HubRequest, reply: Replied | Failure) -> Verdict:
    """Only a 2xx whose body is the challenge is a yes; a redirect is a no (5.3.1)."""
    verdict = _by_status(reply)
    is_echo = isinstance(reply, Failure) or reply.body == request.challenge.encode()
    if verdict.meaning is Meaning.DONE and request.mode != "denied" and not is_echo:
        return Verdict(meaning=Meaning.NO, detail="it did not echo the challenge")
    if verdict.meaning is Meaning.GONE:
        return Verdict(meaning=Meaning.NO, detail=verdict.detail)
    return verdict


def delivery_headers(
    body: bytes, *, content_type: str, hub_url: str, topic_url: str, secret: str | None
) -> dict[str, str]:
    """The topic's own type, hub and self in one Link header, a signature exactly when there is a secret (7, 7.1)."""
    headers = {"Content-Type": content_type, "Link": f'<{hub_url}>; rel="hub", <{topic_url}>; rel="self"'}
    if secret is not None:
        headers["X-Hub-Signature"] = f"{SIGNED_BY}={hmac.new(secret.encode(), body, SIGNED_BY).hexdigest()}"
    return headers


def answer_to_delivery(reply: Replied | Failure) -> Verdict:
    """2xx took it, 410 ends the subscription, all else is tried again: also redirects and 4xx (7)."""
    verdict = _by_status(reply)
    if verdict.meaning is Meaning.NO:
        return Verdict(meaning=Meaning.AGAIN, detail=verdict.detail)
    return verdict


def answer_to_ping(reply: Replied | Failure) -> Verdict:
    """2xx took it; a hub that says no to the ping itself will say so again."""
    return _by_status(reply)


def pause_after(failures: int, pauses: tuple[timedelta, ...], wished: timedelta, chance: float) -> timedelta | None:
    """How long to wait after that many failures, spread by a tenth either way; None: that was the last try.

    `wished` is a Retry-After, which counts up to `LONGEST_PAUSE`; `chance` is from 0 up to 1.
    """
    if failures > len(pauses):
        return None
    spread = pauses[failures - 1] * (0.9 + 0.2 * chance)
    return max(spread, min(wished, LONGEST_PAUSE))


def _by_status(reply: Replied | Failure) -> Verdict:
    if isinstance(reply, Failure):
        refused = reply.kind is FailureKind.BLOCKED_ADDRESS  # our own guard's word: it will not change its mind
        return Verdict(meaning=Meaning.NO if refused else Meaning.AGAIN, detail=reply.detail)
    status = reply.status
    detail = f"it answered {status}"
    if 200 <= status < 300:
        return Verdict(meaning=Meaning.DONE)
    if status == 410:
        return Verdict(meaning=Meaning.GONE, detail=detail)
    if status >= 500 or status in _PASSING_STATUSES:
        return Verdict(meaning=Meaning.AGAIN, detail=detail, wait=_retry_after(reply.headers))
    return Verdict(
        meaning=Meaning.NO, detail=f"{detail}, a redirect, which is not followed" if status < 400 else detail
    )


def _retry_after(headers: Mapping[str, str]) -> timedelta:
    """Only the form in seconds: a date is some clock's, and the pauses are long enough."""
    value = headers.get("retry-after", "").strip()
    return timedelta(seconds=int(value)) if value.isascii() and value.isdigit() and len(value) < 8 else timedelta(0)
