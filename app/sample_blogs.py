"""The blogs of `feedmill demo`: a handful of small servers on loopback, one of them down.

In:  the documents in `samples/`, written for this purpose.
Out: `Blogs`: each blog's feed URL and home page, served until `close`.
Never: listens on anything but 127.0.0.1.

Every blog has a port of its own, so that feedmill sees sites and not one site; they answer conditional requests, so
that a second sync shows what a 304 is; and each home page names its feed, so that `feedmill add` has something to find.
"""

from __future__ import annotations

import html
import socket
import threading
from dataclasses import dataclass, field
from hashlib import blake2b
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from typing import Self

LAST_MODIFIED = "Mon, 06 May 2024 07:12:00 GMT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One blog: the file of its feed, where it serves it, and as what."""

    name: str
    file: str
    path: str
    media_type: str
    tags: tuple[str, ...] = ()


SAMPLES = (
    Sample(
        name="Harbour Notes",
        file="harbour-blogger.xml",
        path="/feeds/posts/default",
        media_type="application/atom+xml; charset=UTF-8",
        tags=("sea",),
    ),
    Sample(
        name="The Patient Oven",
        file="oven-wordpress.xml",
        path="/feed/",
        media_type="application/rss+xml; charset=UTF-8",
        tags=("handwork",),
    ),
    Sample(name="Back Garden Observatory", file="observatory.rdf", path="/index.rdf", media_type="application/rdf+xml"),
    Sample(
        name="Loom & Ledger",
        file="loom.json",
        path="/feed.json",
        media_type="application/feed+json",
        tags=("handwork",),
    ),
    Sample(
        name="Letters & Small Type",
        file="letters-illformed.xml",
        path="/rss.xml",
        media_type="text/xml",
        tags=("handwork",),
    ),
)
DOWN = Sample(name="The Silent Lighthouse", file="", path="/feed.xml", media_type="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Blog:
    """A sample that is being served (or, for the one that is down, is not)."""

    sample: Sample
    home: str

    @property
    def feed(self) -> str:
        """The feed's URL."""
        return self.home + self.sample.path


@dataclass(slots=True)
class Blogs:
    """All of them. A context manager: leaving it stops the servers."""

    blogs: list[Blog] = field(default_factory=list)
    _servers: list[ThreadingHTTPServer] = field(default_factory=list)
    _reserved: socket.socket | None = None

    def __enter__(self) -> Self:
        for sample in SAMPLES:
            server = _server(sample)
            self._servers.append(server)
            threading.Thread(target=server.serve_forever, args=(0.1,), name=sample.name, daemon=True).start()
            self.blogs.append(Blog(sample=sample, home=_home(server.server_address[1])))
        # A port that is taken but on which nobody listens refuses every connection, for as long as we hold it.
        self._reserved = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._reserved.bind(("127.0.0.1", 0))
        self.blogs.append(Blog(sample=DOWN, home=_home(self._reserved.getsockname()[1])))
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()
        if self._reserved is not None:
            self._reserved.close()


def _home(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def _server(sample: Sample) -> ThreadingHTTPServer:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    home = _home(server.server_address[1])
    text = resources.files("feedmill").joinpath("samples", sample.file).read_text(encoding="utf-8")
    body = text.replace("@BASE@", home).encode()
    server.sample = sample  # type: ignore[attr-defined]
    server.feed = body  # type: ignore[attr-defined]
    server.etag = f'"{blake2b(body, digest_size=8).hexdigest()}"'  # type: ignore[attr-defined]
    return server


class _Handler(BaseHTTPRequestHandler):
    """The feed at its path, a picture below /pictures/, and everywhere else a page that names the feed."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer; a feed conditionally."""
        sample: Sample = self.server.sample  # type: ignore[attr-defined]
        path = self.path.partition("?")[0]
        if path == sample.path:
            self._feed(sample)
        elif path.startswith("/pictures/"):
            self._send(_LOAF if "rye" in path else _CRANE, "image/svg+xml")
        else:
            self._send(_page(sample).encode(), "text/html; charset=utf-8")

    do_HEAD = do_GET  # noqa: N815  (http.server's name)

    def _feed(self, sample: Sample) -> None:
        etag: str = self.server.etag  # type: ignore[attr-defined]
        validators = {"ETag": etag, "Last-Modified": LAST_MODIFIED}
        asked = self.headers.get("If-None-Match")
        same = etag in asked if asked else self.headers.get("If-Modified-Since") == LAST_MODIFIED
        if same:
            self.send_response(304)
            for name, value in validators.items():
                self.send_header(name, value)
            self.end_headers()
        else:
            self._send(self.server.feed, sample.media_type, validators)  # type: ignore[attr-defined]

    def _send(self, body: bytes, media_type: str, headers: dict[str, str] | None = None) -> None:
        self.send_response(200)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """The demo's terminal belongs to feedmill."""


def _page(sample: Sample) -> str:
    name, media_type = html.escape(sample.name), sample.media_type.partition(";")[0]
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{name}</title>'
        f'<link rel="alternate" type="{media_type}" title="{name}" href="{sample.path}"></head>'
        f"<body><h1>{name}</h1><p>A sample blog of <code>feedmill demo</code>. "
        f'Its posts live in <a href="{sample.path}">its feed</a>.</p></body></html>'
    )


_CRANE = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 200" width="320" height="200">'
    b'<rect width="320" height="200" fill="#dfe7ec"/><path d="M0 150 L320 130 V200 H0 Z" fill="#7b98a8"/>'
    b'<path d="M120 150 V50 L230 75 V82 L128 62 V150 Z" fill="#46535b"/></svg>'
)
_LOAF = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 420" width="640" height="420">'
    b'<rect width="640" height="420" fill="#efe3d3"/><rect y="300" width="640" height="120" fill="#b98b5e"/>'
    b'<path d="M120 320 V220 Q120 130 220 130 H430 Q530 130 530 220 V320 Z" fill="#5c3a21"/>'
    b'<path d="M120 320 V220 Q120 130 190 130 Q260 130 260 220 V320 Z" fill="#a9794b"/>'
    b'<path d="M310 150 l40 60 M370 148 l40 60 M430 150 l40 60" stroke="#8d6239" stroke-width="10"/></svg>'
)
