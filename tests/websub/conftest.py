"""A blog with a hub, and a planet that subscribes: real sockets on loopback, a clock that the test sets.

`Blog` serves its feed with the links that a test wants and keeps what it was asked. `Hub` does what hubs do: it takes
subscription requests, asks back, delivers; a test may script each of these. `Planet` is the real mill with a real
server for the callbacks, in this process.
"""

from __future__ import annotations

import hmac
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlencode

import pytest

from feedmill.build import Mill
from feedmill.config.settings import Settings
from feedmill.feeds.publication import Publication
from feedmill.feeds.source import Source, SourceRecord
from feedmill.feeds.subscription import Subscription
from feedmill.ingest.message import Messenger
from feedmill.ingest.options import FetchOptions, ScheduleOptions
from feedmill.ingest.report import SourceReport
from feedmill.ingest.subscriber import MAX_PUSH_BYTES, PREFIX, Subscriber
from feedmill.publish.handlers import handled
from feedmill.publish.options import ServeOptions
from feedmill.publish.serve import make_app
from feedmill.publish.server import FolderServer, addresses, bind

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


class Loopback:
    """An HTTP server whose `on` maps (method, path) to a function of the handler."""

    def __init__(self) -> None:
        self.on: dict[tuple[str, str], Callable[[BaseHTTPRequestHandler, bytes], None]] = {}
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                path = self.path.partition("?")[0]
                owner.asked.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}))
                action = owner.on.get((self.command, path))
                if action is None:
                    answer(self, 404)
                else:
                    action(self, body)

            def do_GET(self) -> None:
                self._any()

            def do_POST(self) -> None:
                self._any()

            def log_message(self, *_: object) -> None:
                return

        class Server(ThreadingHTTPServer):
            daemon_threads = True

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def answer(handler: BaseHTTPRequestHandler, status: int, body: bytes = b"", *fields: tuple[str, str]) -> None:
    handler.send_response(status)
    for name, value in fields:
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def item(name: str, date: datetime, *, words: str = "") -> str:
    said = words or f"Some words about {name}, long enough to be a post."
    return (
        f"<item><title>Post {name}</title><link>https://blog.invalid/{name}</link>"
        f'<guid isPermaLink="false">{name}</guid><pubDate>{format_datetime(date)}</pubDate>'
        f"<description>{said}</description></item>"
    )


def rss(*items: str, links: str = "") -> bytes:
    return (
        '<?xml version="1.0"?><rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>Blog</title>'
        f"<link>https://blog.invalid/</link><description>.</description>{links}{''.join(items)}</channel></rss>"
    ).encode()


class Blog(Loopback):
    """A feed at /feed. `fields` are extra headers; `items` the entries, as RSS items; `links` stands in the channel."""

    def __init__(self) -> None:
        super().__init__()
        self.items = [item("one", START - timedelta(days=2))]
        self.fields: list[tuple[str, str]] = []
        self.links = ""
        self.on["GET", "/feed"] = self._feed

    @property
    def feed(self) -> str:
        return f"{self.url}/feed"

    @property
    def document(self) -> bytes:
        return rss(*self.items, links=self.links)

    def post(self, name: str, date: datetime) -> None:
        self.items.insert(0, item(name, date))

    def link(self, hub: str, topic: str | None = None) -> None:
        """Name the hub and itself in the headers."""
        self.fields = [("Link", f'<{topic or self.feed}>; rel="self"'), ("Link", f'<{hub}>; rel="hub"')]

    def polls(self) -> list[dict[str, str]]:
        """The headers of each request for the feed."""
        return [fields for method, path, fields in self.asked if method == "GET" and path.startswith("/feed")]

    def _feed(self, handler: BaseHTTPRequestHandler, _: bytes) -> None:
        tag = f'"{len(self.items)}-{hash(tuple(self.items)) & 0xFFFF}"'
        fields = [("ETag", tag), ("Content-Type", "application/rss+xml"), *self.fields]
        if handler.headers.get("If-None-Match") == tag:
            answer(handler, 304, b"", *fields)
        else:
            answer(handler, 200, self.document, *fields)


@dataclass(frozen=True)
class Heard:
    """What a callback answered."""

    status: int
    body: bytes
    headers: dict[str, str]


def call(url: str, *, body: bytes | None = None, method: str | None = None, **fields: str) -> Heard:
    request = urllib.request.Request(
        url, data=body, method=method, headers={name.replace("_", "-"): value for name, value in fields.items()}
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as reply:
            return Heard(reply.status, reply.read(), {k.lower(): v for k, v in reply.headers.items()})
    except urllib.error.HTTPError as error:
        with error:
            return Heard(error.code, error.read(), {k.lower(): v for k, v in error.headers.items()})


class Hub(Loopback):
    """A hub at /hub. It asks back before it answers, with `lease` seconds, unless `verifies` is False."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[dict[str, str]] = []
        self.verifications: list[Heard] = []
        self.verifies = True
        self.lease: str | None = "864000"
        self.status = 202
        self.fields: list[tuple[str, str]] = []
        self.on["POST", "/hub"] = self._asked

    @property
    def hub(self) -> str:
        return f"{self.url}/hub"

    def _asked(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        self.forms.append(form)
        if self.verifies:
            self.verifications.append(self.verify(form))
        answer(handler, self.status, b"", *self.fields)

    def verify(self, form: dict[str, str], **changes: str) -> Heard:
        """Ask back; `changes` to the question: topic, mode, challenge, lease_seconds, reason."""
        question = {
            "hub.mode": form["hub.mode"],
            "hub.topic": form["hub.topic"],
            "hub.challenge": "a challenge of theirs",
        }
        if self.lease is not None and form["hub.mode"] == "subscribe":
            question["hub.lease_seconds"] = self.lease
        question.update({f"hub.{name}": value for name, value in changes.items()})
        return call(f"{form['hub.callback']}?{urlencode(question)}")

    def deliver(self, body: bytes, *, method: str | None = "sha256", secret: str | None = None, **fields: str) -> Heard:
        """Push a document to the last one who subscribed. `method` None: unsigned."""
        form = self.forms[-1]
        if method is not None:
            key = (secret or form["hub.secret"]).encode()
            fields["X_Hub_Signature"] = f"{method}={hmac.new(key, body, method).hexdigest()}"
        return call(form["hub.callback"], body=body, Content_Type="application/rss+xml", **fields)


@dataclass
class Planet:
    """The real mill and its callbacks. `now` is the time."""

    mill: Mill
    subscriber: Subscriber
    public: str
    clock: dict[str, datetime]
    notes: list[str] = field(default_factory=list)

    @property
    def now(self) -> datetime:
        return self.clock["now"]

    @now.setter
    def now(self, moment: datetime) -> None:
        self.clock["now"] = moment

    def later(self, **gap: float) -> None:
        self.now += timedelta(**gap)

    def sync(self) -> list[SourceReport]:
        """One tick."""
        reports: list[SourceReport] = []
        self.mill.sync(on_report=reports.append)
        return reports

    def tend(self) -> int:
        """One round with the hubs."""
        return self.subscriber.keep_up(self.mill.store.records(), threading.Event())

    def take(self) -> list[SourceReport]:
        """Read what was pushed."""
        reports: list[SourceReport] = []
        self.mill.take_pushed(stop=threading.Event(), on_report=reports.append)
        return reports

    def subscribe(self) -> Subscription:
        """A tick and a round; the subscription that came of it."""
        self.sync()
        self.tend()
        return self.subscription

    @property
    def subscription(self) -> Subscription:
        (found,) = self.mill.store.subscriptions()
        return found

    @property
    def record(self) -> SourceRecord:
        (found,) = self.mill.store.records()
        return found

    def titles(self) -> list[str]:
        """Of the entries that are kept, newest first."""
        return [stored.entry.title for stored in self.mill.store.latest(limit=100)]

    def published(self) -> str:
        return (self.mill.settings.output / "atom.xml").read_text()


@pytest.fixture
def blog() -> Iterator[Blog]:
    found = Blog()
    yield found
    found.close()


@pytest.fixture
def hub() -> Iterator[Hub]:
    found = Hub()
    yield found
    found.close()


@pytest.fixture
def make_planet(tmp_path: Path) -> Iterator[Callable[..., Planet]]:
    """A planet of these sources; `fetch` changes its options."""
    closing: list[Callable[[], object]] = []

    def make(*urls: str, fetch: FetchOptions | None = None) -> Planet:
        clock = {"now": START}
        (tmp_path / "public").mkdir(exist_ok=True)
        (tmp_path / "public" / "index.html").write_text("<p>soon</p>")
        sockets = bind("127.0.0.1", 0)
        public = addresses(sockets)[0]
        settings = Settings(
            path=tmp_path / "feedmill.toml",
            title="Planet",
            url=public,
            store=str(tmp_path / "feedmill.db"),
            output=tmp_path / "public",
            fetch=fetch or FetchOptions(allow_private_networks=True, timeout=timedelta(seconds=5)),
            schedule=ScheduleOptions(),
            serve=ServeOptions(websub=True),
            sources=tuple(Source(url=url) for url in urls),
            publications=(Publication(path="", title="Planet", url=public),),
        )
        mill = Mill(settings, clock=lambda: clock["now"])
        mill.listening = True
        messenger = Messenger(settings.fetch)
        subscriber = Subscriber(
            store=mill.store,
            messenger=messenger,
            fetching=settings.fetch,
            base=public + PREFIX.removeprefix("/"),
            clock=lambda: clock["now"],
            chance=lambda: 0.0,
        )
        site = make_app(settings.output, routes=[handled(PREFIX, subscriber.answer, max_body_bytes=MAX_PUSH_BYTES)])
        server = FolderServer(site, sockets, drain=1)
        server.start()
        closing.extend((mill.close, messenger.close, server.stop))
        return Planet(mill=mill, subscriber=subscriber, public=public, clock=clock)

    yield make
    for close in reversed(closing):
        close()


@pytest.fixture
def planet(make_planet: Callable[..., Planet], blog: Blog, hub: Hub) -> Planet:
    """A planet of one blog that names its hub in its headers."""
    blog.link(hub.hub)
    return make_planet(blog.feed)


@pytest.fixture
def subscribed(planet: Planet) -> Planet:
    """A planet whose subscription is confirmed."""
    planet.subscribe()
    return planet


def wait_for(what: Callable[[], object], seconds: float = 20) -> None:
    """Until `what()` is true."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def now() -> datetime:
    """For real processes."""
    return datetime.now(UTC)


@pytest.fixture
def tools():
    """The functions above, for tests (which cannot import this module)."""

    class Tools:
        pass

    for function in (answer, item, rss, call, wait_for, now):
        setattr(Tools, function.__name__, staticmethod(function))
    return Tools
