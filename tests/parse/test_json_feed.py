"""JSON Feed 1.0 and 1.1, and what pretends to be one."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from feedmill.feeds.outcome import Failure, FailureKind, RawDocument
from feedmill.ingest.parse import parse
from feedmill.ingest.parsed import Category, Link, ParsedFeed, Person

Make = Callable[..., RawDocument]


def feed_of(make: Make, value: dict[str, Any]) -> ParsedFeed:
    feed = parse(make(json.dumps({"version": "https://jsonfeed.org/version/1.1", **value})))
    assert isinstance(feed, ParsedFeed)
    return feed


def test_version_1_1(document: Make) -> None:
    """Every field that has a place in our nouns arrives there."""
    item = {
        "id": "m1",
        "url": "/1",
        "external_url": "https://else.example/",
        "title": "Moss",
        "content_html": "<p>green</p>",
        "content_text": "green",
        "summary": "on stones",
        "date_published": "2024-01-01T00:00:00Z",
        "date_modified": "2024-01-02T00:00:00Z",
        "authors": [{"name": "Ada", "url": "https://ada.example/"}],
        "tags": ["moss", "", "moss", "stone"],
        "image": "/i.jpg",
        "language": "en",
        "attachments": [{"url": "/a.mp3", "mime_type": "audio/mpeg", "size_in_bytes": 12, "title": "sound"}],
    }
    feed = feed_of(
        document,
        {
            "title": "Moss log",
            "description": "Small plants",
            "home_page_url": "https://moss.example/",
            "feed_url": "https://moss.example/feed.json",
            "icon": "/icon.png",
            "favicon": "/favicon.png",
            "language": "en-GB",
            "hubs": [{"type": "websub", "url": "https://hub.example/"}],
            "items": [item],
        },
    )
    entry = feed.entries[0]

    assert feed.format == "json11"
    assert [(link.rel, link.href) for link in feed.about.links] == [
        ("alternate", "https://moss.example/"),
        ("self", "https://moss.example/feed.json"),
    ]
    assert feed.about.icon == "/icon.png"
    assert feed.about.language == "en-GB"
    assert feed.hints == (("hub", "https://hub.example/"),)
    assert [(link.rel, link.href) for link in entry.links] == [
        ("alternate", "/1"),
        ("related", "https://else.example/"),
    ]
    assert [(text.kind, text.value, text.language) for text in entry.contents] == [("html", "<p>green</p>", "en")]
    assert entry.summary is not None
    assert entry.summary.value == "on stones"
    assert (entry.published, entry.updated) == ("2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z")
    assert entry.authors == (Person(name="Ada", url="https://ada.example/"),)
    assert entry.categories == (Category(term="moss"), Category(term="stone"))
    assert entry.enclosures == (
        Link(href="/a.mp3", rel="enclosure", media_type="audio/mpeg", title="sound", length="12"),
    )
    assert entry.extras == {"json:image": "/i.jpg"}


def test_version_1_0_author(document: Make) -> None:
    """1.0 has one author and a version without a number behind the point."""
    feed = parse(
        document(
            '{"version":"https://jsonfeed.org/version/1","items":[{"id":"a","author":{"name":"Bo"},"content_text":"x"}]}'
        )
    )

    assert isinstance(feed, ParsedFeed)
    assert feed.format == "json10"
    assert feed.entries[0].authors == (Person(name="Bo"),)
    assert feed.entries[0].contents[0].kind == "text"


@pytest.mark.parametrize(("written", "read"), [("7", "7"), ("7.50", "7.50"), ("9" * 5000, "9" * 5000), ("true", None)])
def test_ids_that_are_no_strings(document: Make, written: str, read: str | None) -> None:
    """A number as id is the digits as written, however many; a truth value is no id."""
    feed = parse(document(f'{{"version":"https://jsonfeed.org/version/1","items":[{{"id":{written}}}]}}'))

    assert isinstance(feed, ParsedFeed)
    assert feed.entries[0].id == read


def test_fields_of_the_wrong_type(document: Make) -> None:
    """A field of another type than it should have is not there; the entry is."""
    feed = feed_of(
        document,
        {
            "title": 3,
            "items": [
                {"id": "a", "title": ["x"], "tags": "moss", "authors": {"name": "x"}, "attachments": [1, {"url": 2.5}]},
                "no object",
                None,
            ],
            "hubs": "none",
            "authors": [None, {"name": None}],
        },
    )

    assert len(feed.entries) == 1
    assert feed.entries[0].title is None
    assert [link.href for link in feed.entries[0].enclosures] == ["2.5"]
    assert [note.detail for note in feed.notes] == ["2 items are no objects and were left out"]


def test_not_a_number(document: Make) -> None:
    """NaN and Infinity are nothing that a feed says."""
    feed = parse(
        document(
            '{"version":"https://jsonfeed.org/version/1","items":[{"id":"a","title":NaN,"date_published":Infinity}]}'
        )
    )

    assert isinstance(feed, ParsedFeed)
    assert feed.entries[0].title is None
    assert feed.entries[0].published is None


def test_items_that_are_no_list(document: Make) -> None:
    """A JSON Feed whose items are no list is a feed without entries, with a note."""
    feed = feed_of(document, {"items": {"id": "a"}})

    assert feed.entries == ()
    assert "not a list" in feed.notes[0].detail


def test_characters(document: Make) -> None:
    """A byte order mark is no obstacle; lone surrogates and NULs do not get through."""
    feed = parse(
        document(b'\xef\xbb\xbf {"version":"https://jsonfeed.org/version/1.1","items":[{"title":"a\\u0000\\ud800b"}]}')
    )

    assert isinstance(feed, ParsedFeed)
    assert feed.entries[0].title is not None
    assert feed.entries[0].title.value == "ab"


def test_expired(document: Make) -> None:
    """A feed that says it is finished says so in the hints."""
    assert feed_of(document, {"expired": True, "items": []}).hints == (("expired", "true"),)


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        ("[" * 200_000, FailureKind.UNPARSABLE, "nested too deep"),
        ('{"a":' * 100_000, FailureKind.UNPARSABLE, "nested too deep"),
        ('{"version":"https://jsonfeed.org/version/1","items":[', FailureKind.UNPARSABLE, "begins like JSON"),
        ("{oops", FailureKind.NOT_A_FEED, "begins like JSON"),
        ('{"error":"gone"}', FailureKind.NOT_A_FEED, "no JSON Feed"),
        ("[]", FailureKind.NOT_A_FEED, "no JSON Feed"),
    ],
    ids=["arrays", "objects", "cut-off", "braces", "api", "list"],
)
def test_no_json_feed(document: Make, body: str, kind: FailureKind, words: str) -> None:
    """What is no JSON Feed is a failure with a sentence, whatever its depth."""
    outcome = parse(document(body))

    assert isinstance(outcome, Failure)
    assert outcome.kind is kind
    assert words in outcome.detail
