"""Blogs that change overnight: documents to write, a planet to read them, and what its readers see."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

# The house's planet and blogs: tests of another folder cannot be imported by name.
_spec = spec_from_file_location("house_conftest", Path(__file__).parents[1] / "house" / "conftest.py")
_house = module_from_spec(_spec)
__import__("sys").modules["house_conftest"] = _house
_spec.loader.exec_module(_house)
blogs, planet = _house.blogs, _house.planet

NOW = datetime.now(UTC).replace(microsecond=0)

_SUBJECTS = [
    "bread",
    "rivers",
    "clocks",
    "maps",
    "birds",
    "bridges",
    "kites",
    "apples",
    "trains",
    "letters",
    "lamps",
    "boats",
    "gardens",
    "chess",
    "cellos",
    "moss",
]
_VERBS = [
    "repairs",
    "collects",
    "draws",
    "forgets",
    "measures",
    "paints",
    "sells",
    "borrows",
    "studies",
    "carries",
    "invents",
    "trades",
    "counts",
]
_PLACES = [
    "kitchen",
    "harbour",
    "attic",
    "village",
    "library",
    "station",
    "orchard",
    "workshop",
    "museum",
    "valley",
    "tower",
    "bakery",
    "island",
]


def prose(number: int, words: int = 80) -> str:
    """Text of a post: every number has its own."""
    said: list[str] = []
    at = number * 7919 + 13
    while len(said) < words:
        at = (at * 1103515245 + 12345) % 2**31
        subject, verb, place = _SUBJECTS[at % 16], _VERBS[at // 16 % 13], _PLACES[at // 208 % 13]
        said += f"Neighbour {at % 97} {verb} old {subject} near the {place} on morning {at % 31}.".split()
    return " ".join(said)


@dataclass(frozen=True)
class Post:
    """One item of a feed; `date` None: undated."""

    number: int
    guid: str
    link: str
    date: datetime | None
    title: str = ""
    text: str = ""
    extra: str = ""

    def item(self) -> str:
        title = escape(self.title or f"Notes on {_SUBJECTS[self.number % 16]}, {prose(self.number, 6)}")
        date = f"<pubDate>{format_datetime(self.date)}</pubDate>" if self.date else ""
        text = escape(f"<p>{self.text or prose(self.number)}</p>")
        guid = f'<guid isPermaLink="false">{escape(self.guid)}</guid>' if self.guid else ""
        return (
            f"<item><title>{title}</title><link>{escape(self.link)}</link>{guid}{date}{self.extra}"
            f"<description>{text}</description></item>"
        )


def posts(
    count: int, *, site: str = "http://ada.example", start: int = 1, newest: datetime | None = None
) -> list[Post]:
    """`count` posts, one in three days, the newest first."""
    at = newest or NOW - timedelta(days=2)
    return [
        Post(
            number=number,
            guid=f"{site}/?p={number}",
            link=f"{site}/2020/post-{number}",
            date=at - timedelta(days=3 * (start + count - 1 - number)),
        )
        for number in reversed(range(start, start + count))
    ]


def feed(items: Sequence[Post], *, site: str = "http://ada.example", title: str = "Ada", language: str = "en") -> bytes:
    return (
        f'<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>{escape(title)}</title>'
        f"<link>{site}/</link><description>a blog</description><language>{language}</language>"
        f"{''.join(post.item() for post in items)}</channel></rss>"
    ).encode()


@dataclass
class Readers:
    """What those who subscribed to the planet see."""

    planet: Any
    blogs: Any
    seen: set[str] = field(default_factory=set)
    urls: list[str] = field(default_factory=list)

    def subscribe(self, *names: str) -> None:
        self.urls += [self.blogs.url(name) for name in names]
        self.planet.configure(*self.urls)

    def serve(self, name: str, document: bytes, media_type: str = "application/rss+xml") -> None:
        self.blogs.documents[name] = (document, media_type)

    def sync(self) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
        return self.planet.sync("--force")

    def items(self) -> list[dict[str, Any]]:
        return list(json.loads((self.planet.output / "feed.json").read_bytes())["items"])

    def news(self) -> list[str]:
        """The titles, newest first, of items whose id was never in feed.json or atom.xml before."""
        items = self.items()
        atom = (self.planet.output / "atom.xml").read_text()
        assert all(f"<id>{escape(item['id'])}</id>" in atom for item in items)
        found = [item for item in items if item["id"] not in self.seen]
        self.seen.update(item["id"] for item in items)
        return [item["title"] for item in found]

    def order(self) -> list[str]:
        return [item["id"] for item in self.items()]

    def state(self, name: str) -> dict[str, Any]:
        return next(row for row in self.planet.status()["sources"] if row["url"] == self.blogs.url(name))


class Writing:
    """The functions above, for tests: sibling modules cannot be imported."""

    now = NOW
    prose = staticmethod(prose)
    posts = staticmethod(posts)
    feed = staticmethod(feed)
    Post = Post
    change = staticmethod(replace)


@pytest.fixture
def write() -> type[Writing]:
    return Writing


@pytest.fixture
def readers(planet: Any, blogs: Any) -> Readers:
    return Readers(planet, blogs)
