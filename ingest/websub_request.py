"""One request to a hub: posted, and where a redirect says so posted again.

In:  a messenger, the hub's address, the form; who is asked before each request (`fetch.Gatekeeper`).
Out: `Taken`, or the `Failure` that says why not.
Never: repeats a request that failed, follows a redirect that would turn it into a GET, shows what the hub wrote (T12).

A hub's address comes out of a stranger's document: every hop goes through the guarded transport (T9).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from feedmill.feeds.outcome import Failure, FailureKind
from feedmill.ingest.fetch import MAX_HOPS, Gatekeeper
from feedmill.ingest.freshness import Headers, rate_limit_reset, retry_after
from feedmill.ingest.message import Messenger
from feedmill.ingest.target import follow, read_target

_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_SAME_AGAIN = frozenset({307, 308})  # section 5.1.1; 203 and 204 of websub.rocks


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """The hub took the request; it will ask back."""

    status: int


def post_form(
    messenger: Messenger, url: str, body: bytes, *, now: datetime, gatekeeper: Gatekeeper | None = None
) -> Taken | Failure:
    """Post `body`. A `Failure` without a status says nothing of whether the hub read the request."""
    target = read_target(url)
    if isinstance(target, Failure):
        return target
    for _ in range(MAX_HOPS + 1):
        if gatekeeper is not None and gatekeeper.enter(target.url) is None:
            return Failure(kind=FailureKind.RATE_LIMITED, detail=f"{target.host} is not to be asked now")
        reply = messenger.send("POST", target.url, headers=_FORM, body=body, max_reply_bytes=1024)
        if isinstance(reply, Failure):
            return reply
        if 200 <= reply.status < 300:
            return Taken(status=reply.status)
        if reply.status not in _SAME_AGAIN:
            return _refusal(reply.status, reply.headers, now)
        target = follow(target, reply.headers.get("location", ""))
        if isinstance(target, Failure):
            return target
    return Failure(kind=FailureKind.REDIRECT_LOOP, detail=f"the hub redirects more than {MAX_HOPS} times", status=308)


def _refusal(status: int, fields: Mapping[str, str], now: datetime) -> Failure:
    headers = Headers(fields.items())
    wait = retry_after(headers, now=now)
    if status == 429:
        wait = wait or rate_limit_reset(headers, now=now)
        kind, detail = FailureKind.RATE_LIMITED, "the hub says that we ask too often (429)"
    elif 300 <= status < 400:
        kind, detail = (
            FailureKind.REDIRECT_LOOP,
            f"the hub answered with a redirect that a request cannot take ({status})",
        )
    else:
        kind = FailureKind.HTTP_4XX if status < 500 else FailureKind.HTTP_5XX
        detail = f"the hub answered {status}"
    return Failure(kind=kind, detail=detail, retry_after=wait, status=status)
