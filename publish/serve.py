"""The published folder over HTTP: an ASGI app on top of the shelf.

In:  GET and HEAD (and the CORS preflight of a reader that runs in a browser).
Out: the bytes of the shelf, 304, a redirect to a folder's slash, or a small error page.
Never: touches the disk, reads a query string, sets a cookie, or lets a request wait for another.

    path in the table ── GET, HEAD ──► choose ──► 200 | 304 | 406
                      └─ OPTIONS from a browser ──► 204 · any other method ──► 405 with Allow
    not in the table  ──► starlette: the routes of whoever runs us (/healthz, /metrics), else 404
                          a program's own paths, POST among them, are `handlers.handled(prefix, handler, ...)`:
                          `make_app(folder, routes=[handled("/hub", answer, max_body_bytes=16_384)])`
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute
from starlette.types import Message, Receive, Scope, Send

from feedmill.publish.headers import PAGE_POLICY, Header
from feedmill.publish.negotiate import choose
from feedmill.publish.shelf import Redirect, Representation, Shelf

ALLOWED = b"GET, HEAD"
ERROR_PAGE = (
    '<!doctype html>\n<html lang="en"><meta charset="utf-8"><meta name="color-scheme" content="light dark">'
    '<meta name="viewport" content="width=device-width"><title>{title}</title>\n'
    "<h1>{title}</h1>\n<p>{text}</p>\n</html>\n"
)
PREFLIGHT: tuple[Header, ...] = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-methods", ALLOWED),
    (b"access-control-allow-headers", b"If-None-Match, If-Modified-Since, Cache-Control"),
    (b"access-control-max-age", b"86400"),
    (b"vary", b"Origin, Access-Control-Request-Method, Access-Control-Request-Headers"),
)


class ServedFolder:
    """The ASGI application. `served` counts answers by status, for the metrics."""

    def __init__(self, shelf: Shelf, routes: Sequence[BaseRoute] = ()) -> None:
        self.shelf = shelf
        self.served: Counter[int] = Counter()
        self._rest = Starlette(routes=list(routes), exception_handlers={404: self._missing, 405: _wrong_method})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from the table when the path is in it: no routing, no middleware, no request object."""
        if scope["type"] == "http":
            found = self.shelf.table.get(scope["path"])
            if found is not None:
                await self._answer(found, scope, send)
                return
        await self._rest(scope, receive, self._counting(send))

    async def _answer(self, found: Representation | Redirect, scope: Scope, send: Send) -> None:
        method = scope["method"]
        if method not in ("GET", "HEAD"):
            asked = {name for name, _ in scope["headers"]}
            is_preflight = method == "OPTIONS" and b"access-control-request-method" in asked
            if is_preflight and isinstance(found, Representation) and found.cors:
                await self._send(send, 204, PREFLIGHT)
            else:
                await self._send(send, 405, (*plain_headers(b""), (b"allow", ALLOWED), (b"connection", b"close")))
            return
        if isinstance(found, Redirect):
            await self._send(send, 301, (*plain_headers(b""), (b"location", found.location)))
            return
        choice = choose(found, **conditions(scope["headers"]))
        if choice.status == 304:
            await self._send(send, 304, choice.variant.not_modified)
        elif choice.status == 200:
            await self._send(send, 200, choice.variant.ok, b"" if method == "HEAD" else choice.variant.body)
        else:
            text = b"This file is not available in any coding that Accept-Encoding allows.\n"
            headers = (*plain_headers(text), (b"vary", b"Accept-Encoding"))
            await self._send(send, 406, headers, b"" if method == "HEAD" else text)

    async def _send(self, send: Send, status: int, headers: Sequence[Header], body: bytes = b"") -> None:
        self.served[status] += 1
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _counting(self, send: Send) -> Send:
        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.served[message["status"]] += 1
            await send(message)

        return counted

    async def _missing(self, _request: Request, _error: Exception) -> Response:
        """404 with the folder's own 404.html if there is one; 503 as long as nothing at all was published."""
        headers = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": PAGE_POLICY}
        table = self.shelf.table
        if not table:
            text = "Nothing has been published yet. Please come back in a minute."
            page = ERROR_PAGE.format(title="Not published yet", text=text)
            return HTMLResponse(page, 503, {**headers, "Retry-After": "60", "Cache-Control": "no-store"})
        own = table.get("/404.html")
        page = ERROR_PAGE.format(title="Not found", text='There is nothing here. <a href="/">To the front page</a>.')
        body = own.identity.body if isinstance(own, Representation) else page.encode()
        return HTMLResponse(body, 404, {**headers, "Cache-Control": "public, max-age=60"})


def conditions(headers: Sequence[Header]) -> dict[str, bytes | None]:
    """The three request headers that decide, from lower-case ASGI header tuples; repeated lines joined."""
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        if name in (b"accept-encoding", b"if-none-match", b"if-modified-since"):
            found[name] = b"%s, %s" % (found[name], value) if name in found else value
    return {
        "accept_encoding": found.get(b"accept-encoding"),
        "if_none_match": found.get(b"if-none-match"),
        "if_modified_since": found.get(b"if-modified-since"),
    }


def plain_headers(body: bytes) -> tuple[Header, ...]:
    """The headers of a short answer in plain text."""
    return (
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode("ascii")),
        (b"x-content-type-options", b"nosniff"),
    )


async def _wrong_method(_: Request, error: Exception) -> Response:
    headers = {"Allow": "GET, HEAD", **(getattr(error, "headers", None) or {}), "X-Content-Type-Options": "nosniff"}
    return PlainTextResponse("Method not allowed\n", 405, headers)


def make_app(folder: Path | Shelf, *, routes: Sequence[BaseRoute] = ()) -> ServedFolder:
    """The ASGI app over `folder`, which is read now; call `app.shelf.refresh()` after a publish. `routes`: the rest."""
    shelf = folder if isinstance(folder, Shelf) else Shelf(folder)
    if not shelf.table:
        shelf.refresh()
    return ServedFolder(shelf, routes)
