"""A mill that is fast and does what a test tells it, blogs on loopback that count, and the real command line."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from feedmill.config.settings import Settings
from feedmill.feeds.source import Source, SourceRecord, SourceState, Standing
from feedmill.ingest.report import SourceReport, SyncSummary
from feedmill.publish.options import ServeOptions

FEED = """<?xml version="1.0"?><rss version="2.0"><channel><title>Blog {name}</title><link>http://{name}.example/</link>
<description>d</description><item><title>A post of {name}</title><link>http://{name}.example/1</link>
<guid isPermaLink="false">{name}-1</guid><pubDate>Mon, 02 Nov 2026 10:00:00 GMT</pubDate>
<description>Words about {name}.</description></item></channel></rss>"""


@dataclass
class Counts:
    entries: int


class FakeStore:
    """Two sources; remembers what was pruned."""

    def __init__(self) -> None:
        self.pruned = 0

    def records(self) -> list[SourceRecord]:
        return [
            SourceRecord(row=1, source=Source(url="http://a.example/"), state=SourceState(standing=Standing.ACTIVE)),
            SourceRecord(row=2, source=Source(url="http://b.example/"), state=SourceState(standing=Standing.FAILING)),
        ]

    def counts(self) -> Counts:
        return Counts(entries=7)

    def subscriptions(self) -> list[object]:
        return []

    def prune(self, now: object) -> int:
        self.pruned += 1
        return 3


@dataclass
class FakeMill:
    """`script` holds what each `sync` does, the last for ever: a summary to return, an error to raise, or a call."""

    script: list[SyncSummary | Exception | Callable[[threading.Event], SyncSummary]]
    reports: list[SourceReport] = field(default_factory=list)
    store: FakeStore = field(default_factory=FakeStore)
    synced: int = 0
    closed: int = 0

    def sync(self, *, stop: threading.Event, on_report: Callable[[SourceReport], None]) -> SyncSummary:
        self.synced += 1
        step = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(step, Exception):
            raise step
        if callable(step):
            return step(stop)
        for report in self.reports:
            on_report(report)
        return step

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A planet on a free port."""
    output = tmp_path / "public"
    output.mkdir()
    (output / "atom.xml").write_text("<feed/>")
    return Settings(
        path=tmp_path / "feedmill.toml",
        title="Test",
        url="http://127.0.0.1/",
        store=str(tmp_path / "feedmill.db"),
        output=output,
        serve=ServeOptions(port=0),
    )


def wait_for(what: Callable[[], object], seconds: float = 15) -> None:
    """Until `what()` is true."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def get(url: str, **headers: str) -> tuple[int, bytes]:
    """Status and body, errors included."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


class Blogs:
    """Feeds on loopback: /NAME.xml for any NAME; `delay` seconds each; `asked` lists the names in order."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.under_way = 0
        self.delay = 0.0
        self.lock = threading.Lock()
        blogs = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                name = self.path.strip("/").removesuffix(".xml")
                with blogs.lock:
                    blogs.asked.append(name)
                    blogs.under_way += 1
                time.sleep(blogs.delay)
                body = FEED.format(name=name).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/rss+xml")
                self.send_header("Content-Length", str(len(body)))
                self.send_header("ETag", f'"{name}"')
                self.end_headers()
                self.wfile.write(body)
                with blogs.lock:
                    blogs.under_way -= 1

            def log_message(self, *_: object) -> None:
                return

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def blogs() -> Iterator[Blogs]:
    found = Blogs()
    yield found
    found.close()


@dataclass
class Program:
    """A feedmill process; `urls` are the addresses it printed."""

    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)
    journal: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for stream, into in ((self.process.stdout, self.lines), (self.process.stderr, self.journal)):
            threading.Thread(target=self._collect, args=(stream, into), daemon=True).start()

    @staticmethod
    def _collect(stream, into: list[str]) -> None:
        with stream:
            into.extend(stream)

    @property
    def url(self) -> str:
        """The first address, once it is printed."""
        wait_for(lambda: self.found() or self.process.poll() is not None)
        assert self.found(), "".join(self.journal)
        return self.found()[0]

    def found(self) -> list[str]:
        return re.findall(r"http://\S+:\d+/(?=\s|$)", "".join(self.lines))

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal, return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(40)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Program]]:
    """Start `feedmill ARGS` in `tmp_path`; what still runs at the end is killed."""
    programs: list[Program] = []

    def begin(*arguments: str, folder: Path = tmp_path) -> Program:
        process = subprocess.Popen(
            [sys.executable, "-m", "feedmill", *arguments],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONWARNINGS": "default", "COVERAGE_PROCESS_START": ""},
        )
        programs.append(Program(process))
        return programs[-1]

    yield begin
    for program in programs:
        if program.process.poll() is None:
            program.process.kill()
            program.process.wait()


def write_config(folder: Path, blogs: Blogs | None = None, names: tuple[str, ...] = (), **extra: str) -> Path:
    """A feedmill.toml with these blogs, on a free port."""
    lines = ['title = "Test"', 'url = "http://127.0.0.1:1/"', 'store = "feedmill.db"', 'output = "public"']
    lines += ["[fetch]", "allow_private_networks = true", 'site_spacing = "0s"', "[serve]", "port = 0"]
    for name in names:
        assert blogs is not None
        lines += ["[[source]]", f'url = "http://127.0.0.1:{blogs.port}/{name}.xml"']
    path = folder / "feedmill.toml"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def tools():
    """The functions above, for tests (which cannot import this module)."""

    class Tools:
        pass

    Tools.wait_for = staticmethod(wait_for)
    Tools.get = staticmethod(get)
    Tools.write_config = staticmethod(write_config)
    Tools.FakeMill = FakeMill
    return Tools
