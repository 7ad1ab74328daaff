"""A folder that is served by a real server with its hub, and subscribers that are real servers, too."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from feedmill.feeds.store_hub import HubMemory
from feedmill.ingest.message import Messenger
from feedmill.ingest.options import FetchOptions
from feedmill.publish.handlers import handled
from feedmill.publish.headers import links_of
from feedmill.publish.hub import Hub, utc_now
from feedmill.publish.hub_calls import HubPace
from feedmill.publish.hub_form import HubLimits
from feedmill.publish.serve import make_app
from feedmill.publish.server import FolderServer, bind
from feedmill.publish.shelf import Shelf
from feedmill.publish.topics import Topics, is_feed

QUICK = HubPace(
    look=timedelta(seconds=0.1),
    delivery_pauses=(timedelta(seconds=1),) * 3,
    verification_pauses=(timedelta(seconds=1),),
    first_timeout=timedelta(seconds=3),
    later_timeout=timedelta(seconds=3),
)


def until(condition: Callable[[], object], seconds: float = 20) -> bool:
    """Whether `condition` came true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return bool(condition())


@dataclass(frozen=True, slots=True)
class Received:
    """One request that came to a callback. `headers` by lower-case name."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def query(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}


@dataclass(slots=True)
class Subscriber:
    """A callback. Answers every question with its challenge, and every delivery with `status`, unless told otherwise.

    `ask(question)` gives status and body of an answer to a GET; `hold`: no delivery is answered before it is set.
    """

    port: int
    received: list[Received] = field(default_factory=list)
    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    ask: Callable[[Received], tuple[int, bytes]] = lambda question: (
        200,
        question.query.get("hub.challenge", "").encode(),
    )
    hold: threading.Event | None = None

    def url(self, path: str = "/callback") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    @property
    def questions(self) -> list[Received]:
        return [each for each in self.received if each.method == "GET"]

    @property
    def deliveries(self) -> list[Received]:
        return [each for each in self.received if each.method == "POST"]


def make_subscriber() -> tuple[Subscriber, ThreadingHTTPServer]:
    class Callback(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.note(b"")
            status, body = subscriber.ask(subscriber.received[-1])
            self.reply(status, body)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.note(body)
            if subscriber.hold is not None:
                subscriber.hold.wait(30)
            self.reply(subscriber.status, b"")

        def note(self, body: bytes) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            subscriber.received.append(Received(self.command, self.path, headers, body))

        def reply(self, status: int, body: bytes) -> None:
            self.send_response(status)
            for name, value in subscriber.headers.items():
                self.send_header(name, value)
            if status != 204:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Callback)
    server.daemon_threads = True
    subscriber = Subscriber(server.server_port)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    return subscriber, server


@pytest.fixture
def subscribers() -> Iterator[Callable[[], Subscriber]]:
    """Makes callbacks; they end with the test."""
    servers: list[ThreadingHTTPServer] = []

    def make() -> Subscriber:
        subscriber, server = make_subscriber()
        servers.append(server)
        return subscriber

    yield make
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def subscriber(subscribers: Callable[[], Subscriber]) -> Subscriber:
    return subscribers()


@dataclass(slots=True)
class Planet:
    """A served folder with a hub."""

    folder: Path
    store: Path
    port: int
    shelf: Shelf
    memory: HubMemory
    stop: Callable[[], None]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    @property
    def hub_url(self) -> str:
        return f"{self.url}hub"

    def publish(self, name: str, body: bytes, *, refresh: bool = True) -> None:
        """New bytes, as `deliver` brings them: by rename."""
        target = self.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = target.with_name(f".{target.name}.tmp")
        beside.write_bytes(body)
        beside.replace(target)
        if refresh:
            self.shelf.refresh()

    def post(self, body: bytes | dict[str, str] | list[tuple[str, str]], **headers: str) -> tuple[int, str]:
        """POST to the hub: status and text."""
        data = body if isinstance(body, bytes) else urlencode(body).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded", **headers}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("POST", "/hub", data, headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def ask(self, mode: str, topic: str, callback: str, **more: str) -> tuple[int, str]:
        """Subscribe or unsubscribe; `topic` is a path below us or a URL. `lease_seconds=...` is hub.lease_seconds."""
        topic = topic if "://" in topic else f"{self.url}{topic}"
        given = {"hub.mode": mode, "hub.topic": topic, "hub.callback": callback}
        return self.post({**given, **{f"hub.{name}": value for name, value in more.items()}})

    def subscribe(self, topic: str, callback: str, **more: str) -> None:
        """Subscribe and wait until it is confirmed."""
        assert self.ask("subscribe", topic, callback, **more)[0] == 202
        assert until(self.settled)

    def settled(self) -> bool:
        return self.memory.counts().waiting == 0


@pytest.fixture
def planet(tmp_path: Path) -> Iterator[Callable[..., Planet]]:
    """Starts planets; the same folder and store again after `stop` is a restart."""
    with ExitStack() as closing:

        def start(
            *,
            limits: HubLimits | None = None,
            pace: HubPace = QUICK,
            is_topic: Callable[[str], bool] = is_feed,
            fetching: FetchOptions | None = None,
            port: int = 0,
            clock: Callable[[], datetime] = utc_now,
        ) -> Planet:
            folder, store = tmp_path / "public", tmp_path / "hub.db"
            folder.mkdir(exist_ok=True)
            if not list(folder.iterdir()):
                (folder / "atom.xml").write_bytes(b"<feed>first</feed>")
                (folder / "rss.xml").write_bytes(b"<rss>first</rss>")
            sockets = bind("127.0.0.1", port)
            port = sockets[0].getsockname()[1]
            site_url = f"http://127.0.0.1:{port}/"
            stack = ExitStack()
            shelf = Shelf(folder, links=links_of(site_url, [f"{site_url}hub"]))
            memory = stack.enter_context(HubMemory.open(store))
            options = fetching or FetchOptions(allow_private_networks=True)
            messenger = stack.enter_context(Messenger(options))
            hub = Hub(
                memory,
                Topics(shelf, site_url),
                hub_url=f"{site_url}hub",
                send=messenger.send,
                limits=limits or HubLimits(allow_private_networks=True),
                pace=pace,
                is_topic=is_topic,
                clock=clock,
            )
            site = make_app(shelf, routes=[handled("/hub", hub.answer, max_body_bytes=16_384)])
            stack.enter_context(FolderServer(site, sockets, drain=2))
            hub.start()
            stack.callback(hub.stop)
            closing.push(stack)
            return Planet(folder, store, port, shelf, memory, stack.close)

        yield start


@pytest.fixture(name="until")
def until_fixture() -> Callable[..., bool]:
    """Waits for a condition."""
    return until


@dataclass(slots=True)
class Blog:
    """A feed on loopback whose posts a test may change."""

    port: int
    posts: list[str] = field(default_factory=lambda: ["First"])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/feed.xml"

    def document(self) -> bytes:
        items = "".join(
            f"<item><title>{title}</title><link>http://blog.example/{number}</link><guid>http://blog.example/{number}"
            f"</guid><pubDate>Mon, 0{number + 1} Nov 2026 10:00:00 GMT</pubDate>"
            f"<description>{title}: words about bread.</description></item>"
            for number, title in enumerate(self.posts)
        )
        return (
            '<?xml version="1.0"?><rss version="2.0"><channel><title>Bread</title><link>http://blog.example/</link>'
            f"<description>d</description>{items}</channel></rss>"
        ).encode()


@pytest.fixture
def blog() -> Iterator[Blog]:
    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = found.document()
            self.send_response(200)
            self.send_header("Content-Type", "application/rss+xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    server.daemon_threads = True
    found = Blog(server.server_port)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield found
    server.shutdown()
    server.server_close()


@pytest.fixture
def free_port() -> int:
    """A port that was free a moment ago."""
    [listener, *_] = bind("127.0.0.1", 0)
    with listener:
        port: int = listener.getsockname()[1]
    return port


@pytest.fixture
def configured(tmp_path: Path, blog: Blog, free_port: int) -> Callable[..., Path]:
    """Writes a feedmill.toml with that blog and a public address on `free_port`; takes more lines of [serve]."""

    def write(*lines: str) -> Path:
        path = tmp_path / "feedmill.toml"
        path.write_text(
            "\n".join(
                (
                    'title = "Test"',
                    f'url = "http://127.0.0.1:{free_port}/"',
                    "[fetch]",
                    "allow_private_networks = true",
                    'site_spacing = "0s"',
                    "[serve]",
                    f"port = {free_port}",
                    *lines,
                    "[[source]]",
                    f'url = "{blog.url}"',
                    'tags = ["baking"]',
                )
            )
        )
        return path

    return write
