"""One HTTP connection: uvicorn's protocol with a direct lane for the shelf, and with deadlines.

In:  bytes of a client.
Out: for a GET of a path on the shelf, the prepared answer in one write, with no task, scope or ASGI message made;
     for all else, what uvicorn does (the app of `serve` answers there, by the same `choose`).
Never: lets a client hold a connection by doing nothing, or by doing it slowly (network.md S18, T78).

Deadlines are times that a sweep looks at once a second, not timers: arming and disarming two timers for each request
would cost more than answering it. Bytes alone never extend a deadline; only a finished request does.

What we lean on in uvicorn (0.30-0.54, pinned by tests/serve): the names of HttpToolsProtocol's parser callbacks, its
attributes `url`, `headers`, `cycle`, `pipeline`, `flow`, `transport`, and `server_state.default_headers`.
Measured (bench/serve_bench.py): through ASGI a 304 costs 37 us of CPU and a gzip 200 60 us; in this lane 15 and 19.
"""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from feedmill.publish.clients import LOOPBACK, NEAR, Clients
from feedmill.publish.negotiate import choose
from feedmill.publish.serve import ServedFolder, conditions
from feedmill.publish.shelf import Representation

FOREVER = float("inf")
NOT_PLAIN = frozenset({b"expect", b"content-length", b"transfer-encoding"})
POST_COSTS = 5  # a subscription makes us ask a callback, a push makes us read a document
STATUS_LINES = {status: f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n".encode() for status in (200, 304)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one client may cost. Times in seconds.

    `head`: for a whole request head, from its first byte or from the connection's start; `body`: for a request body
    that nobody asked for; `idle`: between two requests; `stall`: without a byte taken of what we have to send;
    `head_bytes`: request line and headers; `connections`: at once, from all clients together.

    Of one client (see `clients`): `per_client` connections at once; `burst` requests at once and `rate` a second. An
    answer 304 is free, whoever asks how often: readers that behave meet no limit (network.md S17).
    `unlimited`, `trusted`: networks.
    """

    head: float = 10.0
    body: float = 10.0
    idle: float = 15.0
    stall: float = 30.0
    head_bytes: int = 16_384
    connections: int = 1000
    per_client: int = 100
    rate: float = 20.0
    burst: float = 600.0
    unlimited: tuple[str, ...] = NEAR
    trusted: tuple[str, ...] = LOOPBACK

    def clients(self) -> Clients:
        """Whoever counts them."""
        return Clients(
            connections=self.per_client,
            rate=self.rate,
            burst=self.burst,
            unlimited=self.unlimited,
            trusted=self.trusted,
        )


class ShelfConnection(HttpToolsProtocol):
    """See the module. `sweep` is called by `server` once a second."""

    site: ServedFolder | None = None  # all three of a subclass made by `connection_for`
    limits = Limits()
    clients = Limits().clients()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client is here; its request head is due."""
        super().connection_made(transport)
        peer = self.client[0] if self.client else ""
        self.peer = self.clients.name(peer)  # None: it meets no limit
        self.is_proxy = self.clients.trusts(peer)
        self.in_head = True
        self.head_bytes = self.chunk_bytes = 0
        self.direct = False  # the request being read was answered in the direct lane
        self._due(self.limits.head)
        self.unsent = 0
        self.unsent_since = FOREVER
        if not self.clients.enter(self.peer):
            self._refuse(429, wait=self.limits.idle)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self.clients.leave(self.peer)
        super().connection_lost(exc)

    # -- reading -------------------------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Feed the parser; a head that does not end within `head_bytes` is refused."""
        self.chunk_bytes = len(data)
        if self.in_head:
            self.head_bytes += self.chunk_bytes
        super().data_received(data)
        if self.in_head and self.head_bytes > self.limits.head_bytes and not self.transport.is_closing():
            self._refuse(431)

    def on_message_begin(self) -> None:
        """The first byte of a request: from here its head has `limits.head` seconds."""
        self.url = b""
        self.headers = []
        self.in_head = True
        self.direct = False
        self._due(self.limits.head)

    def on_headers_complete(self) -> None:
        """The head is whole: answer directly when it is a plain GET of something on the shelf."""
        url, headers = self.url, self.headers
        may_be_huge = self.head_bytes + self.chunk_bytes > self.limits.head_bytes
        self.in_head = False
        self.head_bytes = 0
        if may_be_huge and len(url) + sum(len(n) + len(v) + 4 for n, v in headers) > self.limits.head_bytes:
            self._refuse(431)
            return
        if self._answer_directly() or self.transport.is_closing():
            return
        if (self.peer is not None or self.is_proxy) and self._is_over(headers):
            return
        self._due(self.limits.body)
        super().on_message_begin()  # the scope, which the direct lane has no use for
        self.url = url
        headers_of_scope: list[tuple[bytes, bytes]] = self.headers
        headers_of_scope.extend(headers)
        self.expect_100_continue = any(n == b"expect" and v.lower() == b"100-continue" for n, v in headers)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """The bytes of a request body; nobody reads one after a direct answer."""
        if not self.direct and self.cycle is not None:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole; until the next one begins the connection is idle."""
        if self.direct:
            self._due(self.limits.idle)
            return
        if self.cycle is not None:
            self._due(self.limits.idle if self.cycle.response_complete else FOREVER)
            super().on_message_complete()

    # -- answering -----------------------------------------------------------------------------------------------

    def _answer_directly(self) -> bool:
        """Write the shelf's answer; False when this request is not plain enough and has to go through the app."""
        site = self.site
        parser = self.parser
        if site is None or not self._is_free() or parser.get_method() != b"GET" or parser.get_http_version() != "1.1":
            return False
        found = site.shelf.table.get(self.url.partition(b"?")[0].decode("ascii", "replace"))
        if not isinstance(found, Representation) or parser.should_upgrade() or not parser.should_keep_alive():
            return False
        asked = dict(self.headers)
        if len(asked) != len(self.headers) or not asked.keys().isdisjoint(NOT_PLAIN):  # repeated lines, or a body
            return False
        choice = choose(
            found,
            accept_encoding=asked.get(b"accept-encoding"),
            if_none_match=asked.get(b"if-none-match"),
            if_modified_since=asked.get(b"if-modified-since"),
        )
        status = choice.status
        if status == 406:
            return False
        forwarded = asked.get(b"x-forwarded-for")
        is_counted = status == 200 and (self.peer is not None or forwarded is not None)
        if is_counted and self._takes_too_much(forwarded, 1):
            return False
        self.direct = True
        site.served[status] += 1
        self.server_state.total_requests += 1
        variant = choice.variant
        pieces = [STATUS_LINES[status]]
        for name, value in self.server_state.default_headers:
            pieces += (name, b": ", value, b"\r\n")
        pieces += (variant.wire_304, b"\r\n") if status == 304 else (variant.wire_200, b"\r\n", variant.body)
        self.transport.write(b"".join(pieces))
        return True

    def _is_over(self, headers: list[tuple[bytes, bytes]]) -> bool:
        """The same for what the app answers: whether the request was refused."""
        method = self.parser.get_method()
        if method in (b"GET", b"HEAD") and self.site is not None:
            found = self.site.shelf.table.get(self.url.partition(b"?")[0].decode("ascii", "replace"))
            if isinstance(found, Representation) and choose(found, **conditions(headers)).status == 304:
                return False
        forwarded = b",".join(value for name, value in headers if name == b"x-forwarded-for")
        return self._takes_too_much(forwarded or None, POST_COSTS if method == b"POST" else 1)

    def _takes_too_much(self, forwarded: bytes | None, cost: float) -> bool:
        """Whether whoever asks has to wait; then it was told so. `forwarded` counts only from a proxy we trust."""
        client = self.clients.forwarded(forwarded) if self.is_proxy and forwarded is not None else self.peer
        if client is None:
            return False
        wait = self.clients.wait(client, cost, self.loop.time())
        if wait:
            self._refuse(429, wait=wait)
        return wait > 0

    def _is_free(self) -> bool:
        """Whether an answer written now would neither overtake another one nor pile up unread."""
        is_done = self.cycle is None or self.cycle.response_complete
        return is_done and not self.flow.write_paused and not self.transport.is_closing()

    def _refuse(self, status: int, *, wait: float | None = None) -> None:
        """A short answer without the app, then the end of the connection. `wait`: seconds, for Retry-After."""
        if self.site is not None:
            self.site.served[status] += 1
        phrase = HTTPStatus(status).phrase
        later = "" if wait is None else f"retry-after: {math.ceil(wait)}\r\n"
        self.transport.write(
            f"HTTP/1.1 {status} {phrase}\r\ncontent-type: text/plain\r\ncontent-length: {len(phrase) + 1}\r\n"
            f"{later}connection: close\r\n\r\n{phrase}\n".encode()
        )
        self.transport.close()

    def on_response_complete(self) -> None:
        """uvicorn's answer is written; idle from here, by our clock instead of its timer."""
        super().on_response_complete()
        self._unset_keepalive_if_required()
        if not self.in_head:
            self._due(self.limits.idle)

    def _due(self, seconds: float) -> None:
        """Something happened; the next thing has to within `seconds`."""
        self.since = self.loop.time()
        self.deadline = self.since + seconds

    # -- the sweep -----------------------------------------------------------------------------------------------

    def sweep(self, now: float) -> None:
        """End the connection when its time is over: nothing asked in time, or nothing taken of our answer."""
        unsent = self.transport.get_write_buffer_size()
        if unsent:
            if not self.unsent or unsent < self.unsent:
                self.unsent_since = now
            elif now - self.unsent_since > self.limits.stall:
                self.transport.abort()
        elif now > self.deadline:
            self.transport.close()
        self.unsent = unsent

    @property
    def patience(self) -> tuple[bool, float]:
        """Sorts connections by how little is lost with them: idle ones first, the longest idle before all."""
        answering = self.cycle is not None and not self.cycle.response_complete
        sending = self.transport.get_write_buffer_size() > 0
        return answering or sending, self.unsent_since if sending else self.since


def connection_for(site: ServedFolder, limits: Limits) -> type[ShelfConnection]:
    """The protocol class that uvicorn makes one of per client, bound to `site`.

    At the cap the least patient twentieth goes: holding connections open, or reading slowly, can never keep others out.
    """

    class Bound(ShelfConnection):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            if len(self.connections) > limits.connections:
                make_room(self.connections, limits.connections)

    Bound.site = site
    Bound.limits = limits
    Bound.clients = limits.clients()
    return Bound


def make_room(connections: set[Any], limit: int) -> None:
    """End a twentieth of the connections, at least as many as are above `limit`."""
    surplus = max(len(connections) - limit, limit // 20)
    for connection in sorted(connections, key=lambda one: one.patience)[:surplus]:
        connections.discard(connection)  # now, not in the next round of the loop: one accept may follow another
        connection.transport.abort()
