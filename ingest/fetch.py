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
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol, Self

from feedmill.feeds.outcome import Failure, FailureKind, Outcome, Validators
from feedmill.ingest import exchange
from feedmill.ingest.codings import BodyError, read_body
from feedmill.ingest.connect import Deadline, TransportError
from feedmill.ingest.exchange import Answer, Asked, Redirect, Trail
from feedmill.ingest.freshness import Headers
from feedmill.ingest.options import FetchOptions, TlsTrust
from feedmill.ingest.target import Target, read_target
from feedmill.ingest.transport import Arrived, Transport, prepared, wire_pieces

MAX_HOPS = 5  # check 90


def _wall_clock() -> datetime:
    return datetime.now(UTC)


class Gatekeeper(Protocol):
    """Asked before every request of a look; `ingest.passage` is one."""

    def enter(self, url: str) -> float | None:
        """Seconds that were waited, or None when `url` must not be asked now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """What holds for all requests of one look. `exception`: an origin, and whom its certificate is believed for."""

    start: Target
    deadline: Deadline
    conditional: bool
    gatekeeper: Gatekeeper | None
    exception: tuple[tuple[str, str, int], TlsTrust] | None

    def trust(self, target: Target) -> TlsTrust | None:
        """The exception that holds at `target`, if any: a redirect to elsewhere goes without it."""
        return self.exception[1] if self.exception is not None and self.exception[0] == target.origin else None


def _exception(source_url: str, trust: TlsTrust | None) -> tuple[tuple[str, str, int], TlsTrust] | None:
    target = read_target(source_url) if trust is not None else None
    return (target.origin, trust) if isinstance(target, Target) and trust is not None else None


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
        self._transport = transport or Transport.for_options(options)
        self._now = now

    def fetch(
        self,
        url: str,
        *,
        validators: Validators = Validators(),  # noqa: B008 - frozen
        conditional: bool = True,
        gatekeeper: Gatekeeper | None = None,
        source_url: str = "",
    ) -> Outcome:
        """Ask for `url` once, following redirects. `conditional=False` asks for the whole document (check 33).

        `gatekeeper` is asked before every request; the time it takes is not counted against the deadline. When it
        says no, the outcome is a `Failure` that its owner throws away. `source_url` is the configured URL for whose
        sake it is asked: what the operator wrote down about its certificate holds at its origin (check 102).
        """
        target = read_target(url)
        if isinstance(target, Failure):
            return target
        deadline = Deadline(self._options.timeout.total_seconds())
        try:
            look = _Look(
                start=target,
                deadline=deadline,
                conditional=conditional,
                gatekeeper=gatekeeper,
                exception=_exception(source_url, self._options.trust.get(source_url)),
            )
            return self._follow(look, validators)
        except (TransportError, BodyError) as trouble:
            return Failure(kind=trouble.kind, detail=trouble.detail)

    def close(self) -> None:
        """Close the idle connections."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _follow(self, look: _Look, validators: Validators) -> Outcome:
        target, trail = look.start, Trail()
        seen = {target.url}
        for _ in range(MAX_HOPS + 1):
            if look.gatekeeper is not None:
                waited = look.gatekeeper.enter(target.url)
                if waited is None:
                    return Failure(kind=FailureKind.RATE_LIMITED, detail=f"{target.host} is not to be asked now")
                look.deadline.extend(waited)
            sent = exchange.applicable(validators, target, conditional=look.conditional)
            step = self._ask(Asked(target=target, validators=sent), trail, look)
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

    def _ask(self, asked: Asked, trail: Trail, look: _Look) -> Outcome | Redirect:
        authorization = look.start.authorization if asked.target.origin == look.start.origin else None
        headers = exchange.request_headers(asked, user_agent=self._options.user_agent, authorization=authorization)
        trust = look.trust(asked.target)
        response = self._transport.send(prepared(asked.target, headers), timeout=look.deadline, trust=trust)
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
