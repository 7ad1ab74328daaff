"""Requests that are not for a file: a path and a function that answers, beside the shelf on the same server.

In:  requests below a path of ours, GET and POST, with a body of bounded size.
Out: what the handler returns, with the headers that every answer of a program carries.
Never: runs a handler on the event loop (a slow store must not delay a reader's 304), reads more of a body than is
       allowed, or lets requests pile up: past `WAITING` of them the answer is 503 with Retry-After.

    hosting(settings, routes=[handled("/hub", hub.answer, max_body_bytes=16_384),
                              handled("/websub/", subscriber.answer, max_body_bytes=3_000_000)])

The time a request head and a body may take is the server's (`connection.Limits`); the time of a handler is its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from feedmill.feeds.errors import FeedmillError
from feedmill.publish.headers import Header

Answer = tuple[int, dict[str, str], bytes]
"""Status, headers, body. Content-Type is text/plain unless the handler names another."""

Handler = Callable[[str, str, str, Mapping[str, str], bytes], Answer]
"""(method, path, query, headers, body). `path` is percent-decoded and whole, prefix included; `query` is as sent,
without its question mark; header names are lower case and repeated ones are joined by ", ". May block and raise."""

THREADS = 4
WAITING = 64
BUSY_SECONDS = 5


def handled(
    prefix: str,
    handler: Handler,
    *,
    max_body_bytes: int,
    methods: Sequence[str] = ("GET", "POST"),
    threads: int = THREADS,
) -> BaseRoute:
    """A route for `make_app` and `hosting`: `handler` answers `prefix`, and all below it when it ends in a slash.

    HEAD is answered as GET without the body; every other method not in `methods` gets 405, a body above
    `max_body_bytes` 413.
    """
    path = f"{prefix}{{below:path}}" if prefix.endswith("/") else prefix
    return Route(path, _Handled(handler, max_body_bytes, tuple(methods), threads))


class _LeftError(Exception):
    """The client went before its request was whole."""


class _Handled:
    """The ASGI side of one handler."""

    def __init__(self, handler: Handler, max_body_bytes: int, methods: tuple[str, ...], threads: int) -> None:
        self._handler = handler
        self._max_body_bytes = max_body_bytes
        self._methods = methods
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="handler")
        self._waiting = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method = scope["method"]
        try:
            status, headers, body = await self._answer("GET" if method == "HEAD" else method, scope, receive)
        except _LeftError:
            return
        given = {name.lower(): value for name, value in headers.items()}
        shown = (
            {
                "content-type": "text/plain; charset=utf-8",
                "cache-control": "no-store",
                "x-content-type-options": "nosniff",
            }
            | given
            | {"content-length": str(len(body))}
        )
        lines: list[Header] = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in shown.items()]
        await send({"type": "http.response.start", "status": status, "headers": lines})
        await send({"type": "http.response.body", "body": b"" if method == "HEAD" else body})

    async def _answer(self, method: str, scope: Scope, receive: Receive) -> Answer:
        if method not in self._methods:
            return 405, {"allow": ", ".join(self._methods), "connection": "close"}, b"Method not allowed\n"
        headers = read_headers(scope["headers"])
        body = await self._read_body(headers, receive)
        if body is None:
            text = f"The body is too long, at most {self._max_body_bytes} bytes are read here.\n"
            return 413, {"connection": "close"}, text.encode()
        if self._waiting >= WAITING:
            return 503, {"retry-after": str(BUSY_SECONDS)}, b"Too many requests wait already; please ask again.\n"
        self._waiting += 1
        try:
            query = scope["query_string"].decode("latin-1")
            asked = (method, scope["path"], query, headers, body)
            return await asyncio.get_running_loop().run_in_executor(self._pool, self._handler, *asked)
        except FeedmillError:  # the store is busy or gone; whoever asks learns no more than that
            return 503, {"retry-after": "30"}, b"This cannot be answered at the moment; please ask again.\n"
        finally:
            self._waiting -= 1

    async def _read_body(self, headers: Mapping[str, str], receive: Receive) -> bytes | None:
        """None: longer than is allowed."""
        announced = headers.get("content-length", "0")
        if announced.isdigit() and int(announced) > self._max_body_bytes:
            return None
        pieces: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise _LeftError
            pieces.append(message.get("body", b""))
            size += len(pieces[-1])
            if size > self._max_body_bytes:
                return None
            if not message.get("more_body", False):
                return b"".join(pieces)


def read_headers(headers: Sequence[Header]) -> dict[str, str]:
    """ASGI header tuples as text by lower-case name; repeated lines joined as one list (RFC 9110, 5.3)."""
    found: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found
