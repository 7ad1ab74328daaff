"""What a feed says of itself, and how often it wishes to be asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from feedmill.feeds.entry import Author, Origin
from feedmill.feeds.source import Channel
from feedmill.ingest.channel import read_origin
from feedmill.ingest.normalize import normalize_channel
from feedmill.ingest.parsed import Link, ParsedFeed, ParsedSource, Person, Text

SOURCE_URL = "https://blog.example/feed.xml"
Feed = Callable[..., ParsedFeed]


@pytest.fixture
def wishes(make_feed: Feed) -> Callable[..., Channel]:
    def of(*hints: tuple[str, str]) -> Channel:
        return normalize_channel(replace(make_feed(), hints=hints), source_url=SOURCE_URL)

    return of


def test_a_feed_describes_itself_in_plain_absolute_terms(make_feed: Feed) -> None:
    feed = make_feed(
        id=" tag:blog.example,2020:feed ",
        title=Text(value="Ada &amp; <b>Bo</b>", kind="html"),
        subtitle=Text(value="On <i>mills</i>", kind="html"),
        authors=(Person(name="ada@blog.example (Ada)"),),
        updated="2020-01-02T03:04:05Z",
        language="en_us",
        rights="&copy; 2020 <b>Ada</b>",
        icon="/icon.png",
        logo="javascript:x",
        generator=" Mill\n 1.0 ",
    )

    assert normalize_channel(feed, source_url=SOURCE_URL) == Channel(
        format="atom10",
        about=Origin(
            id="tag:blog.example,2020:feed",
            title="Ada & Bo",
            url=SOURCE_URL,
            site_url="https://blog.example/",
            updated=datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC),
            subtitle="On mills",
            authors=(Author(name="Ada"),),
            language="en-US",
            rights="© 2020 Ada",
            icon="https://blog.example/icon.png",
        ),
        generator="Mill 1.0",
    )


def test_an_empty_feed_is_a_channel_too() -> None:
    channel = normalize_channel(ParsedFeed(format="rss20"), source_url=SOURCE_URL)

    assert channel == Channel(format="rss20", about=Origin(url=SOURCE_URL))


@pytest.mark.parametrize(
    ("written", "minutes"),
    [("60", 60), (" 30 ", 30), ("100000", 1440), ("0", None), ("-5", None), ("soon", None), ("", None), ("1.5", None)],
)
def test_ttl_is_minutes_up_to_a_day_or_nothing(
    wishes: Callable[..., Channel], written: str, minutes: int | None
) -> None:
    assert wishes(("ttl", written)).ttl == (timedelta(minutes=minutes) if minutes else None)


@pytest.mark.parametrize(
    ("hints", "hours"),
    [
        ([("updatePeriod", "hourly"), ("updateFrequency", "2")], 0.5),
        ([("updatePeriod", " Daily\n"), ("updateFrequency", "4")], 6),
        ([("updatePeriod", "daily")], 24),
        ([("updatePeriod", "weekly")], 24),
        ([("updateFrequency", "2")], 12),
        ([("updatePeriod", "hourly"), ("updateFrequency", "0")], None),
        ([("updatePeriod", "hourly"), ("updateFrequency", "-1")], None),
        ([("updatePeriod", "sometimes")], None),
        ([], None),
    ],
)
def test_update_period_over_frequency_is_one_gap(
    wishes: Callable[..., Channel], hints: list[tuple[str, str]], hours: float | None
) -> None:
    assert wishes(*hints).update_period == (timedelta(hours=hours) if hours else None)


def test_skipped_hours_and_days_are_sets_and_all_of_them_is_none(wishes: Callable[..., Channel]) -> None:
    channel = wishes(
        ("skipHours", "0"),
        ("skipHours", "24"),
        ("skipHours", "7 8"),
        ("skipHours", "99"),
        ("skipDays", "SATURDAY, sunday"),
        ("skipDays", "noday"),
    )

    assert channel.skip_hours == {0, 7, 8}
    assert channel.skip_days == {5, 6}
    assert wishes(*(("skipHours", str(hour)) for hour in range(24))).skip_hours == set()
    assert wishes(("skipDays", "monday tuesday wednesday thursday friday saturday sunday")).skip_days == set()


def test_hubs_are_absolute_and_each_once(wishes: Callable[..., Channel]) -> None:
    assert wishes(
        ("hub", "https://hub.example/"), ("hub", "https://hub.example/"), ("hub", "/hub"), ("hub", "xmpp:x")
    ).hubs == (
        "https://hub.example/",
        "https://blog.example/hub",
    )


def test_what_a_podcast_says_of_itself_is_kept_as_lines_with_an_absolute_picture(make_feed: Feed) -> None:
    said = (
        ("itunes:category", "Arts"),
        ("itunes:image", "/cover.jpg"),
        ("itunes:name", " Ada \n L "),
        ("itunes:type", " "),
    )
    channel = normalize_channel(replace(make_feed(), podcast=said), source_url=SOURCE_URL)

    assert channel.podcast == (
        ("itunes:category", "Arts"),
        ("itunes:image", "https://blog.example/cover.jpg"),
        ("itunes:name", "Ada L"),
    )


def test_the_source_of_a_planets_entry_is_kept_complete() -> None:
    source = ParsedSource(
        id="tag:up.example,2020:feed",
        title=Text(value="Up"),
        links=(Link(href="https://up.example/feed", rel="self"), Link(href="/", base="https://up.example/")),
        updated="0001-01-01",
    )

    assert read_origin(source, base=None) == Origin(
        id="tag:up.example,2020:feed", title="Up", url="https://up.example/feed", site_url="https://up.example/"
    )
