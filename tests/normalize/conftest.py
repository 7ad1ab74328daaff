"""What the normalization tests share: one small feed, one fixed moment, the folder of shared material."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from feedmill.feeds.entry import Entry
from feedmill.ingest.clean import DEFAULT_RECIPE
from feedmill.ingest.normalize import identify, normalize, prepare
from feedmill.ingest.parsed import Link, ParsedEntry, ParsedFeed, ParsedSource, Text

SOURCE_URL = "https://blog.example/feed.xml"
NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def source_url() -> str:
    return SOURCE_URL


@pytest.fixture
def make_feed() -> Callable[..., ParsedFeed]:
    """A feed of these entries, titled "Ada's Blog", at home on https://blog.example/."""

    def make(*entries: ParsedEntry, **about: Any) -> ParsedFeed:
        told = {
            "title": Text(value="Ada's Blog"),
            "links": (Link(href="https://blog.example/"), Link(href=SOURCE_URL, rel="self")),
            "language": "en",
        }
        return ParsedFeed(format="atom10", about=ParsedSource(**{**told, **about}), entries=entries, base=SOURCE_URL)

    return make


@pytest.fixture
def normalized(make_feed: Callable[..., ParsedFeed]) -> Callable[..., Entry]:
    """The one entry of a feed that has nothing else, normalized at NOW."""

    def one(entry: ParsedEntry | None = None, *, now: datetime = NOW, **fields: Any) -> Entry:
        feed = make_feed(entry or ParsedEntry(**fields))
        [item] = identify(feed, source_url=SOURCE_URL)
        return normalize(item, prepare(feed, source_url=SOURCE_URL), now=now, recipe=DEFAULT_RECIPE)

    return one


@pytest.fixture
def shared() -> Path:
    """The folder of shared material that lies beside the repository; not part of it."""
    folder = Path(os.environ.get("FEEDMILL_SHARED") or Path(__file__).parents[2].parent / "shared")
    if not folder.is_dir():
        pytest.skip("no folder of shared material beside the repository (or in FEEDMILL_SHARED)")
    return folder
