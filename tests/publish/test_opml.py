"""Subscription lists out and in (checks D1-D5, T35)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from lxml import etree

from feedmill.feeds.source import Source, Standing
from feedmill.publish.edition import publish
from feedmill.publish.opml import DEEPEST, MOST_OUTLINES, modified_of, read_opml, write_opml

SOURCES = (
    Source(url="https://ada.example/feed.xml", title='Ada & "friends" <3', tags=("python", "cats, dogs")),
    Source(url="https://bob.example/?f=rss&p=1", title="Bob"),
)


def document(body: str, head: str = "<title>T</title>") -> bytes:
    return f'<?xml version="1.0"?><opml version="2.0"><head>{head}</head><body>{body}</body></opml>'.encode()


def test_what_is_exported_is_what_is_imported() -> None:
    back = read_opml(write_opml("My list", SOURCES))

    assert back.title == "My list"
    assert back.problems == ()
    assert back.sources == (
        Source(url="https://ada.example/feed.xml", title='Ada & "friends" <3', tags=("python", "cats dogs")),
        Source(url="https://bob.example/?f=rss&p=1", title="Bob"),
    )


def test_a_list_says_what_opml_2_asks_for(bakery) -> None:
    data = write_opml("T & U", [bakery.source("ada")], owner="Ada", modified=datetime(2026, 1, 2, tzinfo=UTC))
    root = etree.fromstring(data)

    assert root.get("version") == "2.0"
    assert [child.tag for child in root.find("head")] == ["title", "dateModified", "ownerName"]
    assert dict(root.find(".//outline").attrib) == {
        "type": "rss",
        "text": "The ada blog",
        "title": "The ada blog",
        "xmlUrl": "https://ada.example/feed.xml",
        "htmlUrl": "https://ada.example/",
        "category": "python",
    }
    assert modified_of(data) == datetime(2026, 1, 2, tzinfo=UTC)


def test_the_date_of_a_list_without_one_is_unknown() -> None:
    assert modified_of(write_opml("T", [])) is None
    assert modified_of(b"<dateModified>whenever</dateModified>") is None


def test_secrets_private_hosts_and_dead_feeds_are_left_out_unless_asked_for(bakery) -> None:
    gone = bakery.source("gone", standing=Standing.GONE)
    listed = [
        Source(url="https://ada:pw@ada.example/feed"),
        Source(url="https://ada.example/feed?token=x"),
        Source(url="http://10.0.0.1/feed"),
        Source(url="https://open.example/feed"),
        Source(url="https://open.example/feed"),
        Source(url="javascript:alert(1)"),
        gone,
    ]

    def urls(**asked: bool) -> list[str]:
        return [source.url for source in read_opml(write_opml("T", listed, **asked)).sources]

    assert urls() == ["https://open.example/feed"]
    assert len(urls(secrets=True)) == 3
    assert urls(private_hosts=True) == ["http://10.0.0.1/feed", "https://open.example/feed"]
    assert urls(gone=True) == ["https://open.example/feed", "https://gone.example/feed.xml"]


@pytest.mark.parametrize(
    ("adopted", "told"),
    [
        ("https://new.example/feed.xml", "https://new.example/feed.xml"),
        ("https://me:pw@new.example/feed.xml", "https://ada.example/feed.xml"),
        ("https://new.example/feed.xml?token=x", "https://ada.example/feed.xml"),
        ("http://10.0.0.1/feed.xml", "https://ada.example/feed.xml"),
        ("javascript:alert(1)", "https://ada.example/feed.xml"),
    ],
)
def test_a_feed_that_moved_for_good_is_listed_where_it_is_now_if_that_may_be_told(bakery, adopted, told) -> None:
    """Check D4, and D3 for the new address as well."""
    record = bakery.source("ada", adopted=adopted)

    (source,) = read_opml(write_opml("T", [record])).sources

    assert source.url == told


def test_where_a_private_feed_moved_to_is_not_told(bakery) -> None:
    """Its new address may be all that opens it."""
    record = bakery.source("ada", adopted="https://new.example/f/8c1f")
    record = replace(record, source=Source(url="https://me:pw@ada.example/feed"))

    assert read_opml(write_opml("T", [record])).sources == ()


def test_a_list_is_written_anew_when_a_feed_has_moved(bakery, tmp_path) -> None:
    """With the next edition; the feeds do not tell the address, and stay."""
    options, store = bakery.options(tmp_path, bakery.publication()), bakery.planet(2)
    publish(store, options)
    store.sources[0] = bakery.source("ada", adopted="https://new.example/feed.xml")

    written = {path.name for path in publish(store, options).written}

    assert "subscriptions.opml" in written
    assert not {"atom.xml", "rss.xml", "feed.json"} & written
    assert b"https://new.example/feed.xml" in (tmp_path / "subscriptions.opml").read_bytes()


def test_a_private_site_of_a_public_feed_is_not_told(bakery) -> None:
    record = bakery.source("ada")
    about = replace(record.channel.about, site_url="http://localhost:4000/")
    record = replace(record, channel=replace(record.channel, about=about))

    assert b"localhost" not in write_opml("T", [record])


def test_folders_and_categories_become_tags() -> None:
    nested = """
      <outline text="News"><outline text="Tech">
        <outline type="rss" text="A" xmlUrl="https://a.example/f" category="/x/y,z"/>
      </outline></outline>
      <outline text="B" title="The B" XMLURL="https://b.example/f"/>
      <outline text="Empty folder"/>
      <outline/>"""

    assert read_opml(document(nested)).sources == (
        Source(url="https://a.example/f", title="A", tags=("News", "Tech", "x", "y", "z")),
        Source(url="https://b.example/f", title="The B"),
    )


def test_a_feed_listed_in_two_folders_is_one_source_with_both_tags() -> None:
    twice = """
      <outline text="One"><outline text="A" xmlUrl="https://a.example/f"/></outline>
      <outline text="Two"><outline text="A again" xmlUrl="https://a.example/f"/></outline>"""

    assert read_opml(document(twice)).sources == (Source(url="https://a.example/f", title="A", tags=("One", "Two")),)


def test_outlines_inside_a_feed_do_not_take_its_name_for_a_tag() -> None:
    odd = '<outline text="A" xmlUrl="https://a.example/f"><outline text="B" xmlUrl="https://b.example/f"/></outline>'

    assert [source.tags for source in read_opml(document(odd)).sources] == [(), ()]


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "file:///etc/passwd", "data:text/xml,x", "ftp://a/b", "x y"]
)
def test_addresses_that_are_not_of_the_web_are_skipped_and_reported(address: str) -> None:
    body = f'<outline text="Odd" xmlUrl="{address}"/><outline text="Fine" xmlUrl="https://a.example/f"/>'

    read = read_opml(document(body))

    assert [source.url for source in read.sources] == ["https://a.example/f"]
    assert read.problems == (f"skipped 'Odd': {address!r} is not an http(s) address",)


def test_relative_addresses_count_from_where_the_list_came_from() -> None:
    read = read_opml(document('<outline text="A" xmlUrl="/f.xml"/>'), url="https://lists.example/my/list.opml")

    assert [source.url for source in read.sources] == ["https://lists.example/f.xml"]


def test_ten_thousand_outlines_are_read_and_the_rest_reported() -> None:
    body = "".join(f'<outline text="{n}" xmlUrl="https://a.example/{n}"/>' for n in range(MOST_OUTLINES + 5))

    read = read_opml(document(body))

    assert len(read.sources) == MOST_OUTLINES
    assert read.problems == ("only the first 10000 outlines were read",)


def test_a_thousand_levels_are_read_and_more_refused() -> None:
    leaf = '<outline text="A" xmlUrl="https://a.example/f"/>'

    def nested(depth: int) -> bytes:
        return document('<outline text="x">' * depth + leaf + "</outline>" * depth)

    assert read_opml(nested(DEEPEST - 1)).sources == (Source(url="https://a.example/f", title="A", tags=("x",)),)
    with pytest.raises(ValueError, match="nests deeper"):
        read_opml(nested(DEEPEST + 1))


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b'<!DOCTYPE opml [<!ENTITY a "b">]><opml version="2.0"><body/></opml>', "declares XML entities"),
        (
            b'<!DOCTYPE opml [<!ENTITY e SYSTEM "file:///etc/passwd">]><opml><body><outline text="&e;"/></body></opml>',
            "declares XML entities",
        ),
        (b"<opml><body>", "not well-formed"),
        (b"", "not well-formed"),
        (b"<html><body/></html>", "not OPML"),
        (b"<opml/>", "not OPML"),
        (b"x" * 20_000_001, "larger than"),
    ],
)
def test_what_is_dangerous_or_no_opml_is_refused_with_a_sentence(data: bytes, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        read_opml(data)


def test_a_prefix_that_nobody_declared_costs_nothing() -> None:
    body = '<outline text="A" xmlUrl="https://a.example/f" x:rank="1"/>'

    assert [source.url for source in read_opml(document(body)).sources] == ["https://a.example/f"]


def test_a_byte_order_mark_and_an_external_dtd_without_entities_do_no_harm() -> None:
    data = (
        b'\xef\xbb\xbf<!DOCTYPE opml SYSTEM "http://127.0.0.1:1/opml.dtd"><opml><body>'
        b'<outline text="A" xmlUrl="https://a.example/f"/></body></opml>'
    )

    assert len(read_opml(data).sources) == 1


def test_the_w3c_validator_finds_nothing(bakery, w3c) -> None:
    data = write_opml("T", [bakery.source("ada"), *SOURCES], owner="Ada", modified=datetime(2026, 1, 2, tzinfo=UTC))

    assert w3c(data, "https://planet.example/subscriptions.opml") == []
