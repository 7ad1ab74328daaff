"""A planet that is served by `feedmill serve`, a relay that counts what readers ask, and the life of a feed."""

from __future__ import annotations

import http.client
import importlib.util
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from html import escape
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import pytest

_PLACE = Path(__file__).parents[1] / "house" / "conftest.py"
_SPEC = importlib.util.spec_from_file_location("tests_house_conftest", _PLACE)
_HOUSE = importlib.util.module_from_spec(_SPEC)
sys.modules.setdefault("tests_house_conftest", _HOUSE)
_SPEC.loader.exec_module(_HOUSE)

blogs = _HOUSE.blogs

FORMATS = {"atom": "atom.xml", "rss": "rss.xml", "json": "feed.json"}
EPISODE = "https://radio.example/1.mp3"
PROMO = '<p class="promo">Buy my book.</p>'
QUOTED = "Use the <b>bold</b> element"
TITLES = [
    'Cats & "dogs" <3',
    "1&1 is not R&D",
    QUOTED,
    "Grüße aus Köln: 日本語も",
    "A quiet day",
    "If a < b && c > d",
]


@dataclass(frozen=True)
class Item:
    """What a reader shows of an entry; `enclosure` None where the reader keeps none."""

    title: str
    enclosure: str | None = None


class Reader(Protocol):
    """A feed reader that is subscribed to one address.

    `reads_rss_titles_as_html`: RSS does not say whether a title is text or HTML. Most take it for text, as its Best
    Practices Profile has it and as we write it; of a title that quotes a tag the others make `QUOTED` something else.
    """

    reads_rss_titles_as_html: str | None

    def poll(self) -> None: ...
    def items(self) -> list[Item]: ...


@dataclass
class Relay:
    """Stands between readers and the server; `log` has (path, conditional, status) of each answer."""

    port: int = 0
    upstream: int = 0
    log: list[tuple[str, bool, int]] = field(default_factory=list)
    looked: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def statuses(self, name: str) -> list[int]:
        return [status for path, _, status in self.log if path == f"/{name}"]

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        given = {name: value for name, value in handler.headers.items() if name.lower() not in {"host", "connection"}}
        connection = http.client.HTTPConnection("127.0.0.1", self.upstream, timeout=10)
        connection.request(handler.command, handler.path, headers=given)
        answer = connection.getresponse()
        body = answer.read()
        asked = {"if-none-match", "if-modified-since"} & {name.lower() for name in given}
        self.log.append((handler.path, bool(asked), answer.status))
        handler.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in {"connection", "transfer-encoding", "keep-alive"}:
                handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)
        connection.close()


@pytest.fixture
def relay(answering: Callable[..., AbstractContextManager[int]]) -> Iterator[Relay]:
    made = Relay()
    with answering(made.answer) as made.port:
        yield made


def journal(titles: list[str], edited: bool) -> bytes:
    """A blog of posts, the first of them the newest; with a line that the operator does not want."""
    entries = []
    for number, title in enumerate(titles):
        text = f"<p>Post {number}: {'what the day brought, ' * 12}and so on.</p>"
        stamp = f"2024-03-{20 - number:02}T08:00:00Z"
        updated = stamp
        if edited and number == 1:
            text, updated = text.replace("so on", "so on, and a correction"), "2024-03-25T08:00:00Z"
        entries.append(
            f"<entry><id>tag:journal.example,2024:{len(titles) - number}</id><title>{escape(title)}</title>"
            f'<link href="https://journal.example/{len(titles) - number}"/><published>{stamp}</published>'
            f"<updated>{updated}</updated><content type='html'>{escape(text + PROMO)}</content></entry>"
        )
    return (
        '<feed xmlns="http://www.w3.org/2005/Atom"><id>tag:journal.example,2024:feed</id><title>Journal</title>'
        '<updated>2024-03-25T08:00:00Z</updated><author><name>Ann</name></author><link href="https://journal.example/"/>'
        f"{''.join(entries)}</feed>"
    ).encode()


RADIO = f"""<rss version="2.0"><channel><title>Radio</title><link>https://radio.example/</link><description>d</description>
<item><title>Episode one</title><guid isPermaLink="false">radio-1</guid><link>https://radio.example/1</link>
<pubDate>Mon, 04 Mar 2024 10:00:00 GMT</pubDate><description>The first one, an hour of it.</description>
<enclosure url="{EPISODE}" length="12345" type="audio/mpeg"/></item></channel></rss>""".encode()


@dataclass
class Scene:
    """A planet of two blogs that is served; each verb changes something, publishes, and waits until it is served."""

    planet: Any
    blogs: Any
    relay: Relay
    titles: list[str] = field(default_factory=lambda: list(TITLES))
    edited: bool = False

    def address(self, kind: str) -> str:
        return self.relay.url + FORMATS[kind]

    def published(self) -> list[Item]:
        """What the planet publishes, by its JSON Feed."""
        items = json.loads((self.planet.output / "feed.json").read_text())["items"]
        return [Item(item["title"], item.get("attachments", [{"url": None}])[0]["url"]) for item in items]

    def sync(self) -> None:
        self.blogs.documents["journal"] = (journal(self.titles, self.edited), "application/atom+xml")
        self.blogs.documents["radio"] = (RADIO, "application/rss+xml")
        self.planet.sync("--force")
        self.wait()

    def edit(self) -> None:
        """An author corrects a post, and says so in its date."""
        self.edited = True
        self.sync()

    def change_recipe(self) -> None:
        """The operator has a line taken out of every post."""
        toml = self.planet.folder / "feedmill.toml"
        toml.write_text(toml.read_text().replace("[[source]]\n", '[[source]]\ndrop = [".promo"]\n'))
        self.planet.run("reclean")
        assert "Buy my book" not in (self.planet.output / "rss.xml").read_text()
        self.wait()

    def take_down(self, title: str) -> None:
        items = json.loads((self.planet.output / "feed.json").read_text())["items"]
        (identity,) = [item["id"] for item in items if item["title"] == title]
        self.planet.run("takedown", identity)
        self.wait()

    def post(self, title: str) -> None:
        self.titles.insert(0, title)
        self.sync()

    def wait(self) -> None:
        """Until the server gives out what lies in the folder; it looks every two seconds."""
        if not self.relay.upstream:
            return
        for name in FORMATS.values():
            data = (self.planet.output / name).read_bytes()
            deadline = time.monotonic() + 15
            while self.fetch(name) != data:
                assert time.monotonic() < deadline, f"{name} is not served"
                time.sleep(0.05)

    def fetch(self, name: str) -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", self.relay.upstream, timeout=10)
        connection.request("GET", f"/{name}")
        body = connection.getresponse().read()
        connection.close()
        return body


@pytest.fixture
def scene(tmp_path: Path, blogs: Any, relay: Relay) -> Iterator[Scene]:
    """Seven posts of two blogs, published and served."""
    folder = tmp_path / "planet"
    folder.mkdir()
    planet = _HOUSE.Planet(folder)
    planet.configure(blogs.url("journal"), blogs.url("radio"), extra='site_spacing = "0s"\n[serve]\nport = 0')
    toml = folder / "feedmill.toml"
    toml.write_text(toml.read_text().replace("https://planet.example/", relay.url))
    made = Scene(planet, blogs, relay)
    made.sync()
    server = subprocess.Popen(
        planet.command("serve"), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=folder, text=True
    )
    try:
        for line in server.stdout:
            if found := re.search(r"http://[^\s/]+:\d+/", line):
                relay.upstream = urlsplit(found[0]).port or 0
                break
        made.wait()
        yield made
    finally:
        server.terminate()
        server.communicate(timeout=30)
    assert server.returncode == 0


def live(scene: Scene, readers: Mapping[str, Reader]) -> None:
    """A feed's life as readers of it see it: `readers` by format, all of one program."""
    published = scene.published()
    assert sorted(entry.title for entry in published) == sorted([*TITLES, "Episode one"])
    nothing_new(readers, published)
    for kind, reader in readers.items():
        enclosures = {entry.enclosure for entry in reader.items()} - {None}
        assert not enclosures or enclosures == {EPISODE}, kind

    scene.sync()  # no news: no file moves, and everybody is told so
    nothing_new(readers, published)
    nothing_new(readers, published)  # newsboat forgets the ETag of the look that made the subscription
    asked_again(scene, readers, 304)

    scene.edit()
    nothing_new(readers, published)
    asked_again(scene, readers, 200)

    scene.change_recipe()
    nothing_new(readers, published)
    asked_again(scene, readers, 200)

    scene.take_down("A quiet day")
    left = [entry for entry in published if entry.title != "A quiet day"]
    assert sorted(entry.title for entry in scene.published()) == sorted(entry.title for entry in left)
    for kind, reader in readers.items():
        reader.poll()
        assert titles(reader) in (expected(reader, kind, left), expected(reader, kind, published)), kind
    asked_again(scene, readers, 200)

    held = {kind: titles(reader) for kind, reader in readers.items()}
    scene.post("News at last")
    for kind, reader in readers.items():
        reader.poll()
        assert titles(reader) == sorted([*held[kind], "News at last"]), kind


def nothing_new(readers: Mapping[str, Reader], published: list[Item]) -> None:
    for kind, reader in readers.items():
        reader.poll()
        assert titles(reader) == expected(reader, kind, published), kind


def asked_again(scene: Scene, readers: Mapping[str, Reader], status: int) -> None:
    """Each reader asked with validators since the last time we looked, and got this answer."""
    looks = scene.relay.log[scene.relay.looked :]
    scene.relay.looked = len(scene.relay.log)
    for kind in readers:
        assert (f"/{FORMATS[kind]}", True, status) in looks, (kind, looks)


def titles(reader: Reader) -> list[str]:
    return sorted(entry.title for entry in reader.items())


def expected(reader: Reader, kind: str, published: list[Item]) -> list[str]:
    quoted = (kind == "rss" and reader.reads_rss_titles_as_html) or QUOTED
    return sorted(quoted if entry.title == QUOTED else entry.title for entry in published)


@pytest.fixture
def feed_life() -> Callable[[Scene, Mapping[str, Reader]], None]:
    """What every reader lives through."""
    return live


@pytest.fixture
def item() -> type[Item]:
    return Item
