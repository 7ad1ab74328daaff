"""Fetching: one source's URL in, one outcome out.

In:  a URL and the validators we hold.
Out: `Fetched | NotModified | Gone | Failure`; expected trouble is never raised.
Never: keeps a cookie, reads .netrc or proxies from the environment, retries, follows a Refresh, waits past the
deadline, holds more of a body than the cap, decides what a rule means (that is `exchange`) or opens a socket
(that is `transport`).

    target = read the URL                                   refused? -> Failure(blocked_address)
    repeat at most 6 times:
        send headers(target)            validators only to the URL that issued them, credentials only to their origin
        3xx with Location -> target     each hop is judged anew
        304 -> NotModified
        200, 203, 226 -> body under the caps -> Fetched
        other -> Gone | Failure
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol, Self

import requests
from requests.structures import CaseInsensitiveDict

from feedmill.feeds.outcome import Failure, FailureKind, Outcome, Validators
from feedmill.ingest import exchange
from feedmill.ingest.codings import BodyError, read_body
from feedmill.ingest.connect import Deadline, TransportError
from feedmill.ingest.exchange import Answer, Asked, Redirect, Trail
from feedmill.ingest.freshness import Headers
from feedmill.ingest.options import FetchOptions
from feedmill.ingest.target import Target, read_target
from feedmill.ingest.transport import Arrived, Transport, wire_pieces

MAX_HOPS = 5  # check 90


def _wall_clock() -> datetime:
    return datetime.now(UTC)


class Gatekeeper(Protocol):
    """Asked before every request of a look; `ingest.passage` is one."""

    def enter(self, url: str) -> float | None:
        """Seconds that were waited, or None when `url` must not be asked now."""


class Fetcher:
    """Fetches documents politely; one instance serves all threads of a process.

    `transport` and `now` may be given by tests, and `transport` for a host's own certificates.
    """

    def __init__(
        self,
        options: FetchOptions,
        *,
        transport: Transport | None = None,
        now: Callable[[], datetime] = _wall_clock,
    ) -> None:
        self._options = options
        self._transport = transport or Transport(allow_private_networks=options.allow_private_networks)
        self._now = now

    def fetch(
        self,
        url: str,
        *,
        validators: Validators = Validators(),  # noqa: B008 - frozen
        conditional: bool = True,
        gatekeeper: Gatekeeper | None = None,
    ) -> Outcome:
        """Ask for `url` once, following redirects. `conditional=False` asks for the whole document (check 33).

        `gatekeeper` is asked before every request; the time it takes is not counted against the deadline. When it
        says no, the outcome is a `Failure` that its owner throws away.
        """
        target = read_target(url)
        if isinstance(target, Failure):
            return target
        deadline = Deadline(self._options.timeout.total_seconds())
        try:
            return self._follow(target, validators, deadline, conditional=conditional, gatekeeper=gatekeeper)
        except (TransportError, BodyError) as trouble:
            return Failure(kind=trouble.kind, detail=trouble.detail)

    def close(self) -> None:
        """Close the idle connections."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _follow(
        self,
        start: Target,
        validators: Validators,
        deadline: Deadline,
        *,
        conditional: bool,
        gatekeeper: Gatekeeper | None,
    ) -> Outcome:
        target, trail = start, Trail()
        seen = {start.url}
        for _ in range(MAX_HOPS + 1):
            asked = Asked(target=target, validators=exchange.applicable(validators, target, conditional=conditional))
            authorization = start.authorization if target.origin == start.origin else None
            if gatekeeper is not None:
                waited = gatekeeper.enter(target.url)
                if waited is None:
                    return Failure(kind=FailureKind.RATE_LIMITED, detail=f"{target.host} is not to be asked now")
                deadline.extend(waited)
            step = self._ask(asked, trail, deadline, authorization=authorization)
            if not isinstance(step, Redirect):
                return step
            if step.target.url in seen:
                return Failure(
                    kind=FailureKind.REDIRECT_LOOP, detail=f"the redirects run in a circle through {step.target.url}"
                )
            seen.add(step.target.url)
            trail = trail.extended(step, from_target=target)
            target = step.target
        return Failure(
            kind=FailureKind.REDIRECT_LOOP, detail=f"more than {MAX_HOPS} redirects, the last to {target.url}"
        )

    def _ask(self, asked: Asked, trail: Trail, deadline: Deadline, *, authorization: str | None) -> Outcome | Redirect:
        headers = exchange.request_headers(asked, user_agent=self._options.user_agent, authorization=authorization)
        response = self._transport.send(_prepared(asked.target, headers), timeout=deadline)
        try:
            return self._judge(asked, trail, response)
        finally:
            self._transport.finish(response)

    def _judge(self, asked: Asked, trail: Trail, response: Arrived) -> Outcome | Redirect:
        answer = Answer(status=response.status_code, headers=Headers(response.raw.headers.iteritems()))
        now = self._now()
        if answer.status == 304:
            return exchange.not_modified(asked, answer, trail, now=now)
        if answer.status in exchange.BODY_STATUSES:
            body = self._body(asked.target, answer, response)
            return exchange.delivered(asked, answer, trail, body, now=now)
        moved = exchange.redirect(asked, answer, now=now)
        if moved is not None:
            return moved
        start = self._error_body(asked.target, answer, response) if exchange.wants_error_body(answer) else b""
        return exchange.refused(answer, now=now, body_start=start)

    def _body(self, target: Target, answer: Answer, response: Arrived) -> bytes:
        try:
            return read_body(
                wire_pieces(response, target),
                answer.headers.joined("content-encoding"),
                max_body_bytes=self._options.max_body_bytes,
            )
        except TransportError as trouble:
            if trouble.kind is FailureKind.REFUSED:  # the connection broke while the document came
                raise TransportError(FailureKind.UNPARSABLE, f"the body was cut short: {trouble.detail}") from trouble
            raise

    def _error_body(self, target: Target, answer: Answer, response: Arrived) -> bytes:
        """The start of an error page, as far as it can be had: it only tells a wall from a refusal (check 84)."""
        start = bytearray()
        try:
            for piece in wire_pieces(response, target):
                start += piece[: exchange.MAX_ERROR_BODY_BYTES - len(start)]
                if len(start) >= exchange.MAX_ERROR_BODY_BYTES:
                    break
            encoding = answer.headers.joined("content-encoding")
            return read_body([bytes(start)], encoding, max_body_bytes=exchange.MAX_ERROR_BODY_BYTES)
        except (TransportError, BodyError):
            return bytes(start)


def _prepared(target: Target, headers: dict[str, str]) -> requests.PreparedRequest:
    """A request made by hand: `Request.prepare` would re-escape the path, read .netrc and join cookies."""
    prepared = requests.PreparedRequest()
    prepared.method = "GET"
    prepared.url = target.url
    prepared.headers = CaseInsensitiveDict(headers)
    return prepared
