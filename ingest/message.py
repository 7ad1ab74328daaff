"""One HTTP message out, one short answer back: what WebSub sends besides fetching feeds.

In:  method, URL, headers and body as the caller made them.
Out: `Reply` (status, headers, the first bytes of the body), or the `Failure` that says why there is none.
Never: follows a redirect (WebSub takes one for a refusal, or decides itself), repeats, decodes a body, connects to an
address that was not checked, or waits past the deadline. Expected trouble is never raised.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from feedmill.feeds.outcome import Failure, FailureKind
from feedmill.ingest.connect import Deadline, TransportError
from feedmill.ingest.options import FetchOptions
from feedmill.ingest.target import read_target
from feedmill.ingest.transport import Arrived, Transport, prepared, wire_pieces

MAX_REPLY_BYTES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """`headers` by lower-case name, repeated ones joined; `body` as it came, cut off at what was asked for."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Messenger:
    """Sends messages through the guarded transport; one instance serves all threads of a process."""

    def __init__(self, options: FetchOptions, *, transport: Transport | None = None) -> None:
        self._options = options
        self._transport = transport or Transport.for_options(options)

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout: timedelta | None = None,
        max_reply_bytes: int = MAX_REPLY_BYTES,
    ) -> Reply | Failure:
        """Send once. `timeout` is total, `[fetch] timeout` when None; userinfo of `url` goes into Authorization."""
        target = read_target(url)
        if isinstance(target, Failure):
            return target
        lines = {"User-Agent": self._options.user_agent, "Accept-Encoding": "identity", **(headers or {})}
        if target.authorization is not None:
            lines["Authorization"] = target.authorization
        if body is not None:
            lines["Content-Length"] = str(len(body))
        deadline = Deadline((timeout or self._options.timeout).total_seconds())
        try:
            response = self._transport.send(prepared(target, lines, method=method, body=body), timeout=deadline)
        except TransportError as trouble:
            return Failure(kind=trouble.kind, detail=trouble.detail)
        try:
            return Reply(
                status=response.status_code,
                headers={name.lower(): value for name, value in response.headers.items()},
                body=_start_of_body(response, max_reply_bytes),
            )
        except TransportError as trouble:
            return Failure(kind=FailureKind.UNPARSABLE, detail=f"the answer was cut short: {trouble.detail}")
        finally:
            self._transport.finish(response)

    def close(self) -> None:
        """Close the idle connections."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _start_of_body(response: Arrived, max_bytes: int) -> bytes:
    start = bytearray()
    for piece in wire_pieces(response, response.held.target):
        start += piece[: max_bytes - len(start)]
        if len(start) >= max_bytes:
            break
    return bytes(start)
