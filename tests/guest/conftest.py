"""Guests and hosts: the real house against origins that do exactly what a test tells them.

`origin` is a scripted server on loopback that remembers every request. `planet` drives the real command line; names
below .example lead to loopback there (`names/sitecustomize.py`), so that `a.blog.example` is a public site. `house` is
the same wiring in this process under a clock that the test sets, for what takes days.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from feedmill.build import Mill
from feedmill.config.load import load
from feedmill.ingest.fetch import Fetcher
from feedmill.ingest.report import SourceReport
from feedmill.ingest.transport import Transport

NAMES = Path(__file__).parent / "names"
START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)  # a Monday


@dataclass(frozen=True)
class Request:
    """One request as it came. `at` is monotonic seconds."""

    path: str
    host: str
    fields: tuple[tuple[str, str], ...]
    at: float

    def get(self, name: str) -> str | None:
        return next((value for key, value in self.fields if key.lower() == name.lower()), None)

    @property
    def conditional(self) -> bool:
        return self.get("If-None-Match") is not None or self.get("If-Modified-Since") is not None


Answer = bytes | Callable[[Request], bytes] | Callable[[Request, socket.socket], None]


def reply(status: int = 200, body: bytes = b"", *fields: str) -> bytes:
    """The bytes of an answer with an honest Content-Length."""
    head = [f"HTTP/1.1 {status} Whatever", *fields]
    if status != 304:
        head.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(head) + "\r\n\r\n").encode("latin-1") + body


def rss(*names: str, title: str = "A blog", dates: tuple[datetime, ...] = (), more: str = "") -> bytes:
    """A feed with an entry for each name, the first the newest."""
    items = []
    for number, name in enumerate(names):
        date = dates[number] if dates else START - timedelta(days=3 * (number + 1))
        items.append(
            f"<item><title>Post {name}</title><link>https://blog.invalid/{name}</link>"
            f"<guid>https://blog.invalid/{name}</guid><pubDate>{format_datetime(date)}</pubDate>"
            f"<description>Some words about {name}, long enough to be a post.</description></item>"
        )
    return (
        f'<?xml version="1.0"?><rss version="2.0"><channel><title>{title}</title>'
        f"<link>https://blog.invalid/</link><description>.</description>{more}{''.join(items)}</channel></rss>"
    ).encode()


@dataclass
class Origin:
    """A scripted server. `script` maps a path to its answers in order, the last one repeats."""

    requests: list[Request] = field(default_factory=list)
    script: dict[str, list[Answer]] = field(default_factory=dict)
    busy: int = 0
    most_at_once: int = 0

    def __post_init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.listener.getsockname()[1]
        self.lock = threading.Lock()
        self.open: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def url(self, path: str = "/feed", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def on(self, path: str, *answers: Answer, host: str = "127.0.0.1") -> str:
        self.script[path] = list(answers)
        return self.url(path, host)

    def asked(self, path: str | None = None) -> list[Request]:
        with self.lock:
            return [each for each in self.requests if path is None or each.path == path]

    def gaps(self) -> list[float]:
        """Seconds between one request and the next."""
        times = sorted(each.at for each in self.asked())
        return [after - before for before, after in pairwise(times)]

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        with self.lock:
            for sock in self.open:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            with self.lock:
                self.open.add(sock)
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        try:
            while self._answer(sock):
                pass
        except (OSError, ValueError):
            pass
        finally:
            with self.lock:
                self.open.discard(sock)
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_WR)
            sock.close()

    def _answer(self, sock: socket.socket) -> bool:
        data = b""
        while b"\r\n\r\n" not in data:
            piece = sock.recv(65536)
            if not piece:
                return False
            data += piece
        line, *rows = data.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
        fields = tuple((row.partition(":")[0], row.partition(":")[2].strip()) for row in rows)
        host = next((value for name, value in fields if name.lower() == "host"), "").partition(":")[0]
        request = Request(line.split(" ")[1], host, fields, time.monotonic())
        with self.lock:
            self.requests.append(request)
            answers = self.script.get(request.path.partition("?")[0]) or [reply(404, b"nothing here")]
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
            self.busy += 1
            self.most_at_once = max(self.most_at_once, self.busy)
        try:
            if isinstance(answer, bytes):
                sock.sendall(answer)
                return True
            if answer.__code__.co_argcount == 1:
                sock.sendall(answer(request))  # type: ignore[call-arg, arg-type]
                return True
            answer(request, sock)  # type: ignore[call-arg]
            return False
        finally:
            with self.lock:
                self.busy -= 1


@pytest.fixture
def make_origin() -> Iterator[Callable[[], Origin]]:
    """Origins made on demand, each a site of its own."""
    made: list[Origin] = []

    def make() -> Origin:
        made.append(Origin())
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def origin(make_origin: Callable[[], Origin]) -> Origin:
    return make_origin()


@pytest.fixture(name="reply")
def _reply() -> Callable[..., bytes]:
    return reply


@pytest.fixture(name="rss")
def _rss() -> Callable[..., bytes]:
    return rss


@pytest.fixture
def conditional() -> Callable[..., Callable[[Request], bytes]]:
    """`conditional(body, '"etag"', *fields)`: 304 to who knows the ETag, the body to others."""

    def make(body: bytes, etag: str = '"one"', *fields: str) -> Callable[[Request], bytes]:
        def answer(request: Request) -> bytes:
            if request.get("If-None-Match") == etag:
                return reply(304, b"", f"ETag: {etag}", *fields)
            return reply(200, body, f"ETag: {etag}", "Content-Type: application/rss+xml", *fields)

        return answer

    return make


@dataclass
class Planet:
    """A folder with a feedmill.toml, and the command line run in it."""

    folder: Path

    def configure(self, *urls: str, fetch: str = "", schedule: str = "", extra: str = "") -> None:
        lines = [
            'title = "Planet Test"',
            'url = "https://planet.example/"',
            "[fetch]",
            "allow_private_networks = true",
            fetch if "timeout" in fetch else f'timeout = "10s"\n{fetch}',
            "[schedule]",
            schedule,
            extra,
            *(f"[[source]]\nurl = {json.dumps(url)}" for url in urls),
        ]
        (self.folder / "feedmill.toml").write_text("\n".join(lines) + "\n")

    def command(self, *args: str) -> list[str]:
        return [sys.executable, "-m", "feedmill", "--config", str(self.folder / "feedmill.toml"), *args]

    @property
    def environment(self) -> dict[str, str]:
        path = os.pathsep.join(filter(None, (str(NAMES), os.environ.get("PYTHONPATH"))))
        return {**os.environ, "PYTHONPATH": path}

    def start(self, *args: str) -> subprocess.Popen[str]:
        """The command on its own, not waited for."""
        return subprocess.Popen(
            self.command(*args), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=self.folder,
            env=self.environment,
        )  # fmt: skip

    def run(self, *args: str, expect: int | None = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            self.command(*args), capture_output=True, text=True, cwd=self.folder, timeout=300, check=False,
            env=self.environment,
        )  # fmt: skip
        assert expect is None or done.returncode == expect, (done.returncode, done.stdout, done.stderr)
        return done

    def sync(self, *args: str, expect: int | None = 0) -> dict[str, dict[str, Any]]:
        """The line of `sync --json` by source URL."""
        done = self.run("sync", "--json", *args, expect=expect)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        return {line["source"]: line for line in lines[:-1]}

    def status(self) -> dict[str, dict[str, Any]]:
        return {each["url"]: each for each in json.loads(self.run("status", "--json").stdout)["sources"]}

    def published(self) -> dict[str, tuple[int, bytes]]:
        """mtime and bytes of every published file but the status."""
        public = self.folder / "public"
        return {
            str(path.relative_to(public)): (path.stat().st_mtime_ns, path.read_bytes())
            for path in sorted(public.rglob("*"))
            if path.is_file() and not path.name.startswith("status.")
        }


@pytest.fixture
def planet(tmp_path: Path) -> Planet:
    return Planet(tmp_path)


class _Names:
    """Names below .example are this machine, as on the command line."""

    def __call__(self, host: str, *args: Any, **options: Any) -> Any:
        return socket.getaddrinfo("127.0.0.1" if host.endswith(".example") else host, *args, **options)


@dataclass
class House:
    """The wiring of `feedmill sync` in this process, under a clock that stands until the test moves it."""

    planet: Planet
    now: datetime = START
    reports: dict[str, SourceReport] = field(default_factory=dict)

    def sync(self, *, force: bool = False, urls: list[str] | None = None) -> dict[str, SourceReport]:
        """One `sync` of a fresh process: everything it knows comes from the store."""
        settings = load(self.planet.folder / "feedmill.toml")
        fetcher = Fetcher(
            settings.fetch, transport=Transport(allow_private_networks=True, resolver=_Names()), now=lambda: self.now
        )
        reports: list[SourceReport] = []
        with Mill(settings, clock=lambda: self.now) as mill:
            mill._fetcher = fetcher
            try:
                mill.sync(urls=urls, force=force, on_report=reports.append)
                self.records = {record.source.url: record for record in mill.store.records()}
                self.entries = mill.store.latest(limit=10_000)
                self.history = {url: mill.store.history(record.row) for url, record in self.records.items()}
            finally:
                fetcher.close()
        self.reports = {report.source: report for report in reports}
        return self.reports

    def after(self, **length: float) -> dict[str, SourceReport]:
        """`sync` that much later."""
        self.now += timedelta(**length)
        return self.sync()

    def when_due(self, url: str) -> dict[str, SourceReport]:
        """`sync` at the moment the source is due."""
        due = self.records[url].state.next_fetch
        assert due is not None
        self.now = max(due, self.now)
        return self.sync()


@pytest.fixture
def house(planet: Planet) -> House:
    return House(planet)
