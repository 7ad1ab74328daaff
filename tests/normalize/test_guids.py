"""Identity inside a source: unique, independent of place, stable."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedmill.ingest.normalize import Identified, identify
from feedmill.ingest.parsed import Link, ParsedEntry, ParsedFeed, ParsedSource, Text, raw_hash

SOURCE_URL = "https://blog.example/feed.xml"
Feed = Callable[..., ParsedFeed]


def entry(guid: str | None = None, link: str | None = None, title: str | None = None, **more: Any) -> ParsedEntry:
    return ParsedEntry(
        id=guid,
        links=(Link(href=link),) if link else (),
        title=Text(value=title) if title is not None else None,
        **more,
    )


def guids(feed: ParsedFeed) -> list[str]:
    return [item.guid for item in identify(feed, source_url=SOURCE_URL)]


def test_a_guid_is_opaque_but_for_the_space_around_it(make_feed: Feed) -> None:
    assert guids(make_feed(entry("  t3_x?utm_source=a&amp;b \n"), entry("HTTP://Blog.Example/%7ea"))) == [
        "t3_x?utm_source=a&amp;b",
        "HTTP://Blog.Example/%7ea",
    ]


@pytest.mark.parametrize(
    "guid", [None, "", "  ", "0", "null", "#", "None", "https://blog.example/", "https://blog.example", SOURCE_URL]
)
def test_an_id_that_names_nothing_gives_way_to_the_canonical_link(make_feed: Feed, guid: str | None) -> None:
    [item] = identify(make_feed(entry(guid, "/post?utm_source=rss")), source_url=SOURCE_URL)

    assert item.guid == "https://blog.example/post"
    assert "canonical link" in item.notes[0].detail


def test_without_id_and_link_title_and_date_name_the_entry_else_its_text(make_feed: Feed) -> None:
    titled = entry(title="A", published="2020-01-01")
    text = entry(summary=Text(value="Some words"))
    [first, second] = guids(make_feed(titled, text))

    assert first.startswith("entry:")
    assert second.startswith("text:")
    assert guids(make_feed(replace(titled, summary=Text(value="edited")))) == [first]


def test_the_home_page_as_link_of_every_entry_names_none(make_feed: Feed) -> None:
    found = guids(make_feed(entry(None, "https://blog.example/", "A"), entry(None, "https://blog.example", "B")))

    assert len(set(found)) == 2
    assert all(guid.startswith("entry:") for guid in found)


def test_entries_that_share_an_id_are_told_apart_by_their_links(make_feed: Feed) -> None:
    found = guids(make_feed(entry("7", "/a"), entry("7", "/b"), entry("8", "/c")))

    assert found == ["7 https://blog.example/a", "7 https://blog.example/b", "8"]


def test_entries_that_share_id_and_link_are_told_apart_by_title_date_and_text(make_feed: Feed) -> None:
    found = guids(
        make_feed(
            entry("7", "/a", "A"), entry("7", "/a", "B"), entry("7", "/a"), entry("7", "/a", summary=Text(value="x"))
        )
    )

    assert len(set(found)) == 4


def test_entries_that_differ_in_one_odd_field_only_are_still_two(make_feed: Feed) -> None:
    found = guids(make_feed(entry("7", "/a", "A"), entry("7", "/a", "A", rights="mine")))

    assert len(set(found)) == 2


def test_entries_equal_to_the_letter_are_one(make_feed: Feed) -> None:
    assert guids(make_feed(entry("7", "/a"), entry("7", "/a"), entry("9"))) == ["7", "9"]


def test_a_very_long_id_is_shortened_to_what_a_database_can_index(make_feed: Feed) -> None:
    [one, other] = guids(make_feed(entry("x" * 5000 + "1"), entry("x" * 5000 + "2")))

    assert len(one) < 200
    assert one != other


def test_raw_json_is_canonical_and_can_be_stored_whatever_it_holds(make_feed: Feed) -> None:
    parsed = entry("7\x00\ud800", title="\udfff\x00é")
    [item] = identify(make_feed(parsed), source_url=SOURCE_URL)

    assert item.raw.encode()
    assert "\x00" not in item.raw
    assert ParsedEntry.from_json(item.raw) == parsed
    assert item.raw_hash == raw_hash(item.raw)
    assert item.guid == "7"


def test_a_feeds_own_id_names_no_entry(make_feed: Feed) -> None:
    assert guids(make_feed(entry("tag:blog.example,2020:feed", "/a"), id="tag:blog.example,2020:feed")) == [
        "https://blog.example/a"
    ]


ENTRIES = st.lists(
    st.builds(
        entry,
        st.sampled_from([None, "", "7", "8", "0", "https://blog.example/"]),
        st.sampled_from([None, "/a", "/b", "https://blog.example/"]),
        st.sampled_from([None, "", "A", "B"]),
        rights=st.sampled_from([None, "mine"]),
    ),
    max_size=8,
)


def feed_of(entries: list[ParsedEntry]) -> ParsedFeed:
    return ParsedFeed(
        format="rss20",
        about=ParsedSource(links=(Link(href="https://blog.example/"),)),
        entries=tuple(entries),
        base=SOURCE_URL,
    )


@given(ENTRIES, st.randoms(use_true_random=False))
def test_guids_are_unique_and_do_not_depend_on_the_order(entries: list[ParsedEntry], random: Any) -> None:
    first = identify(feed_of(entries), source_url=SOURCE_URL)
    shuffled = list(entries)
    random.shuffle(shuffled)
    second = identify(feed_of(shuffled), source_url=SOURCE_URL)

    def by_raw(items: list[Identified]) -> dict[str, str]:
        return {item.raw_hash: item.guid for item in items}

    assert len({item.guid for item in first}) == len(first) == len({e.to_json() for e in entries})
    assert by_raw(first) == by_raw(second)
    assert all(item.guid for item in first)
