"""What the guest benches share: an origin on loopback that answers as a function says, a planet under its own clock.

Names below .example lead to loopback, so each is a public site of its own (`a.blog.example` and `b.blog.example` are
one). Nothing leaves the machine.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from feedmill.config.load import load
from feedmill.feeds.store import Store
from feedmill.ingest.fetch import Fetcher
from feedmill.ingest.report import SourceReport
from feedmill.ingest.sync import Tick
from feedmill.ingest.transport import Transport


@dataclass(frozen=True)
class Asked:
    """One request: host without port, path, fields by lower-case name."""

    host: str
    path: str
    fields: dict[str, str]


Answer = Callable[[Asked, socket.socket], bytes | None]
"""The bytes to send, or None when it wrote (or not) by itself and wants the connection closed."""


class Origin:
    """A thread for each connection; keep-alive; `answer` decides."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port: int = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        with suppress(OSError), sock:
            while True:
                data = b""
                while b"\r\n\r\n" not in data:
                    piece = sock.recv(65536)
                    if not piece:
                        return
                    data += piece
                line, *rows = data.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
                fields = {row.partition(":")[0].lower(): row.partition(":")[2].strip() for row in rows}
                host = fields.get("host", "").partition(":")[0]
                out = self.answer(Asked(host, line.split(" ")[1], fields), sock)
                if out is None:
                    return
                sock.sendall(out)


def reply(status: int, body: bytes = b"", *fields: str) -> bytes:
    """An answer with an honest length."""
    head = [f"HTTP/1.1 {status} Whatever", *fields]
    if status != 304:
        head.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(head) + "\r\n\r\n").encode() + body


def feed(name: str, posts: list[datetime]) -> bytes:
    """A feed with a posting at each moment, the newest first."""
    items = "".join(
        f"<item><title>{name}, {at:%d %b %H:%M}</title><link>https://{name}.invalid/{at.timestamp():.0f}</link>"
        f"<guid>https://{name}.invalid/{at.timestamp():.0f}</guid><pubDate>{format_datetime(at)}</pubDate>"
        f"<description>{'Some words of a post, as long as a summary is. ' * 8}</description></item>"
        for at in reversed(posts)
    )
    return f"<rss version='2.0'><channel><title>{name}</title>{items}</channel></rss>".encode()


def resolve(host: str, *args: Any, **options: Any) -> Any:
    """The name server."""
    return socket.getaddrinfo("127.0.0.1" if host.endswith(".example") else host, *args, **options)


class Planet:
    """`feedmill sync` without publishing, under a clock that the bench sets."""

    def __init__(self, folder: Path, urls: list[str], now: datetime, **fetch: str) -> None:
        lines = ['title = "A planet"', "[fetch]", "allow_private_networks = true"]
        lines += [f"{name} = {value}" for name, value in fetch.items()]
        lines += [f"[[source]]\nurl = {json.dumps(url)}" for url in urls]
        path = folder / "feedmill.toml"
        path.write_text("\n".join(lines) + "\n")
        self.settings = load(path)
        self.now = now
        self.store = Store.open(self.settings.store)
        self.store.reconcile(self.settings.sources, now)
        self.fetcher = self._fetcher()

    def _fetcher(self) -> Fetcher:
        transport = Transport(allow_private_networks=True, resolver=resolve)
        return Fetcher(self.settings.fetch, transport=transport, now=lambda: self.now)

    def sync(self, *, force: bool = False) -> Iterator[SourceReport]:
        """The reports, as they come."""
        tick = Tick(
            store=self.store,
            fetcher=self.fetcher,
            fetching=self.settings.fetch,
            scheduling=self.settings.schedule,
            clock=lambda: self.now,
        )
        return tick.run(force=force)

    def restart(self) -> None:
        """A new process, as far as memory goes."""
        self.close()
        self.store = Store.open(self.settings.store)
        self.fetcher = self._fetcher()

    def next_due(self) -> datetime:
        """When the next source is due."""
        return min(record.state.next_fetch or self.now for record in self.store.records())

    def close(self) -> None:
        self.fetcher.close()
        self.store.close()


@contextmanager
def running(answer: Answer) -> Iterator[Origin]:
    """An origin for the length of a block."""
    origin = Origin(answer)
    try:
        yield origin
    finally:
        origin.close()


MINUTE = timedelta(minutes=1)
