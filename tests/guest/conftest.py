"""Guests and hosts: the real house against origins that do exactly what a test tells them.

`origin` (tests/conftest.py) is a scripted server on loopback that remembers every request. `planet` drives the real
command line; names below .example lead to loopback there (`names/sitecustomize.py`), so that `a.blog.example` is a
public site. `house` is the same wiring in this process under a clock that the test sets, for what takes days.
"""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from feedmill.build import Mill
from feedmill.config.load import load
from feedmill.feeds.source import SiteState
from feedmill.feeds.store import Store
from feedmill.ingest.fetch import Fetcher
from feedmill.ingest.report import SourceReport
from feedmill.ingest.transport import Transport

NAMES = Path(__file__).parent / "names"
START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)  # a Monday


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


@pytest.fixture(name="reply")
def _reply() -> Callable[..., bytes]:
    return reply


@pytest.fixture(name="rss")
def _rss() -> Callable[..., bytes]:
    return rss


@pytest.fixture
def conditional() -> Callable[..., Callable[[Any], bytes]]:
    """`conditional(body, '"etag"', *fields)`: 304 to who knows the ETag, the body to others."""

    def make(body: bytes, etag: str = '"one"', *fields: str) -> Callable[[Any], bytes]:
        def answer(request: Any) -> bytes:
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


_OURS = (".example", ".github.io", ".tumblr.com")  # names of this machine


class _Names:
    """Names below .example are this machine, as on the command line; so are two that stand for shared hosts."""

    def __init__(self, house: House) -> None:
        self._house = house

    def __call__(self, host: str, port: int, **options: Any) -> Any:
        if self._house.offline:
            raise socket.gaierror(-3, "Temporary failure in name resolution")
        port = self._house.ports.get(port, port)
        return socket.getaddrinfo("127.0.0.1" if host.endswith(_OURS) else host, port, **options)


@dataclass
class House:
    """The wiring of `feedmill sync` in this process, under a clock that stands until the test moves it."""

    planet: Planet
    now: datetime = START
    offline: bool = False  # no name server answers
    ports: dict[int, int] = field(default_factory=dict)  # where 80 and 443 of our names are served
    context: ssl.SSLContext | None = None
    reports: dict[str, SourceReport] = field(default_factory=dict)

    def sync(self, *, force: bool = False, urls: list[str] | None = None) -> dict[str, SourceReport]:
        """One `sync` of a fresh process: everything it knows comes from the store."""
        settings = load(self.planet.folder / "feedmill.toml")
        fetcher = Fetcher(
            settings.fetch,
            transport=Transport(allow_private_networks=True, resolver=_Names(self), context=self.context),
            now=lambda: self.now,
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

    def site(self, key: str) -> SiteState:
        """What the store remembers of a site."""
        with Store.open(str(self.planet.folder / "feedmill.db"), read_only=True) as store:
            return store.sites([key])[key]

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

    def live(self, **length: float) -> None:
        """Every `sync` that has something to do, until that much later."""
        end = self.now + timedelta(**length)
        while True:
            due = min(record.state.next_fetch or self.now for record in self.records.values())
            if due > end:
                break
            self.now = max(due, self.now)
            self.sync()
        self.now = end


@pytest.fixture
def house(planet: Planet) -> House:
    return House(planet)
