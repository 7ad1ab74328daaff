"""Which link is the entry's page."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from feedmill.ingest.links import feed_places, read_link
from feedmill.ingest.parsed import Link, ParsedEntry, ParsedFeed

SOURCE_URL = "https://blog.example/feed.xml"
Feed = Callable[..., ParsedFeed]


def link(feed: ParsedFeed) -> str | None:
    return read_link(feed.entries[0], feed_places(feed, source_url=SOURCE_URL))[0]


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (ParsedEntry(links=(Link(href="/a"),)), "https://blog.example/a"),
        (ParsedEntry(links=(Link(href="a", base="https://blog.example/2020/"),)), "https://blog.example/2020/a"),
        (ParsedEntry(links=(Link(href="/a"), Link(href="/b"))), "https://blog.example/b"),
        (ParsedEntry(links=(Link(href="/a"), Link(href="/b.pdf", media_type="application/pdf"))), "https://blog.example/a"),
        (ParsedEntry(links=(Link(href="/a", media_type="text/html; charset=utf-8"),
                             Link(href="/b.json", media_type="application/json"))),
         "https://blog.example/a"),
        (ParsedEntry(links=(Link(href="/b.pdf", media_type="application/pdf"),)), "https://blog.example/b.pdf"),
        (ParsedEntry(links=(Link(href="/a", rel="self"), Link(href="/r", rel="replies"))), None),
        (ParsedEntry(links=(Link(href=" "), Link(href="javascript:x"), Link(href="/a", rel=""))), "https://blog.example/a"),
        (ParsedEntry(links=(Link(href="/a"),), orig_link="https://blog.example/o?utm_source=feed"), "https://blog.example/o"),
        (ParsedEntry(links=(Link(href="/a?x=1&amp;y=2"),)), "https://blog.example/a?x=1&y=2"),
        (ParsedEntry(links=(Link(href="www.other.example/a"),)), "http://www.other.example/a"),
        (ParsedEntry(links=(Link(href="https://x.example/a?ref=blog.example"),)), "https://x.example/a"),
        (ParsedEntry(id="https://blog.example/p", id_is_permalink=True), "https://blog.example/p"),
        (ParsedEntry(id="https://blog.example/p"), "https://blog.example/p"),
        (ParsedEntry(id="https://blog.example/p", id_is_permalink=False), None),
        (ParsedEntry(id="tag:blog.example,2020:1"), None),
        (ParsedEntry(id="p/1", id_is_permalink=True), None),
        (ParsedEntry(id="/p/1", id_is_permalink=True), "https://blog.example/p/1"),
        (ParsedEntry(id="/p/1", id_is_permalink=False), None),
        (ParsedEntry(id="/p/1"), None),
        (ParsedEntry(id="https://blog.example/p", links=(Link(href="mailto:a@b.example"),)), "https://blog.example/p"),
    ],
)  # fmt: skip
def test_the_entrys_page_is_chosen(make_feed: Feed, entry: ParsedEntry, expected: str | None) -> None:
    assert link(make_feed(entry)) == expected


def test_repairs_of_a_link_are_noted(make_feed: Feed) -> None:
    feed = make_feed(ParsedEntry(id="https://blog.example/p?utm_source=x"))
    _, notes = read_link(feed.entries[0], feed_places(feed, source_url=SOURCE_URL))

    assert [note.detail for note in notes] == ["no link: the id is a permalink", "removed tracking: utm_source"]


def test_a_feed_knows_its_places(make_feed: Feed) -> None:
    places = feed_places(make_feed(), source_url=SOURCE_URL)

    assert (places.base, places.site_url, places.feed_url) == (
        "https://blog.example/",
        "https://blog.example/",
        SOURCE_URL,
    )
    assert places.own_hosts == {"blog.example"}


@pytest.mark.parametrize(
    ("site", "entry", "expected"),
    [
        ("baker.example", "baker.example/rye", "https://baker.example/rye"),
        ("baker.example/", "Baker.Example/rye", "https://baker.example/rye"),
        ("https://baker.example/", "baker.example/rye", "https://baker.example/rye"),
        ("http://baker.example/", "baker.example/rye", "http://baker.example/rye"),
        ("baker.example/", "/rye", "https://baker.example/rye"),
        ("baker.example/", "rye.html", "https://baker.example/rye.html"),
        ("index.html", "rye.html", "https://blog.example/rye.html"),
        ("blog/index.php", "v1.2/rye", "https://blog.example/blog/v1.2/rye"),
    ],
)
def test_an_address_without_its_scheme_is_no_folder(make_feed: Feed, site: str, entry: str, expected: str) -> None:
    """A feed that names its site as people say it; a file of that kind is still a file."""
    about = (Link(href=site), Link(href="baker.example/feed.xml", rel="self"))
    feed = make_feed(ParsedEntry(links=(Link(href=entry),)), links=about)

    assert link(feed) == expected


def test_a_feed_that_calls_itself_localhost_is_where_it_was_fetched(make_feed: Feed) -> None:
    links = (Link(href="http://localhost/feed", rel="self"), Link(href="/blog/"))

    assert feed_places(make_feed(links=links), source_url=SOURCE_URL).feed_url == SOURCE_URL


def test_a_feed_without_links_or_a_web_address_still_has_a_place() -> None:
    places = feed_places(ParsedFeed(format="text"), source_url="stdin")

    assert (places.base, places.site_url, places.feed_url) == ("stdin", None, "stdin")


def test_the_demo_on_loopback_may_call_itself_so(make_feed: Feed) -> None:
    feed = ParsedFeed(
        format="rss20",
        about=make_feed(links=(Link(href="http://127.0.0.1:8000/f", rel="self"),)).about,
        base="http://127.0.0.1:8000/feed",
    )

    assert feed_places(feed, source_url="http://127.0.0.1:8000/feed").feed_url == "http://127.0.0.1:8000/f"
