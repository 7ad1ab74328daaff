"""Podcast fields pass through: only what upstream had, and only what directories accept."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import feedparser
import pytest

from feedmill.publish.edition import publish
from feedmill.publish.podcast import podcast_values, seconds_of
from feedmill.publish.podcast_categories import categories_of

SAID = {
    "itunes:duration": "1:02:03",
    "itunes:explicit": "clean",
    "itunes:image": "https://ada.example/cover.jpg",
    "itunes:episode": "7",
    "podcast:transcript": "https://ada.example/7.vtt",
    "podcast:chapters": "https://ada.example/7.json",
    "media:thumbnail": "https://ada.example/t.jpg",
}


CAST = (
    ("podcast:guid", "917393e3-1b1e-5cef-ace4-edaa54e1f810"),
    ("itunes:type", "serial"),
    ("itunes:explicit", "yes"),
    ("itunes:image", "https://ada.example/show.jpg"),
    ("itunes:category", "Games & Hobbies"),
    ("itunes:category", "Video Games"),
    ("itunes:name", "Ada's Radio"),
    ("itunes:email", "radio@ada.example"),
)
DURATION = "<itunes:duration>1:02:03</itunes:duration>"


@pytest.fixture
def episodes(bakery):
    """Ada's podcast among blogs; one of its two posts with words of podcasts has no recording."""
    store = bakery.planet(1)
    ada = store.sources[0]
    store.sources[0] = replace(ada, channel=replace(ada.channel, podcast=CAST))
    store.entries.append(bakery.entry(7, enclosures=(bakery.enclosure(),)))
    store.said = {7: SAID, 0: SAID}
    return store


def test_a_planet_with_an_address_passes_on_what_an_episode_says_in_rss_and_in_atom(
    bakery, episodes, tmp_path: Path
) -> None:
    publication = bakery.publication(owner="Us", owner_email="us@planet.example")
    report = publish(episodes, bakery.options(tmp_path, publication))
    feed = feedparser.parse((tmp_path / "rss.xml").read_bytes())

    assert report.problems == ()
    assert feed.entries[0].itunes_duration == "1:02:03"
    assert feed.entries[0].image.href == "https://ada.example/cover.jpg"
    for name in ("rss.xml", "atom.xml"):
        raw = (tmp_path / name).read_text()
        assert raw.count("itunes:duration>") == 2  # one element: entry 0 has no enclosure
        assert '<podcast:transcript url="https://ada.example/7.vtt" type="text/vtt"/>' in raw
        assert '<podcast:chapters url="https://ada.example/7.json" type="application/json+chapters"/>' in raw
        assert raw.index("<itunes:category") < raw.index("<itunes:duration")
        assert '<itunes:category text="Leisure">' in raw  # as Apple calls it today
        assert "<itunes:email>us@planet.example</itunes:email>" in raw
        assert "<itunes:explicit>true</itunes:explicit>" in raw.partition("<item>")[0].partition("<entry")[0]
        assert "podcast:guid" not in raw, "a planet is not the podcast"
    (attachment,) = json.loads((tmp_path / "feed.json").read_text())["items"][0]["attachments"]
    assert attachment["duration_in_seconds"] == 3723


def test_a_planet_without_an_address_tells_the_same_in_words_that_ask_for_none(
    bakery, episodes, tmp_path: Path
) -> None:
    """iTunes' words ask the channel for an owner's address: nobody invents one (check B8), nor is a podcast's taken."""
    publish(episodes, bakery.options(tmp_path))

    for name in ("rss.xml", "atom.xml"):
        raw = (tmp_path / name).read_text()
        assert "itunes" not in raw
        assert "radio@ada.example" not in raw
        assert 'duration="3723"' in raw
        assert '<media:rating scheme="urn:simple">nonadult</media:rating>' in raw
        assert "<podcast:episode>7</podcast:episode>" in raw
        assert "podcast:transcript" in raw
    assert b"duration_in_seconds" in (tmp_path / "feed.json").read_bytes()


def test_a_podcasts_own_feed_repeats_what_its_channel_says(bakery, episodes, tmp_path: Path) -> None:
    publish(episodes, bakery.options(tmp_path, bakery.publication(source_feeds=True, owner_email="us@planet.example")))
    raw = (tmp_path / "source" / "ada-example" / "atom.xml").read_text()

    assert DURATION in raw
    for told in (
        "<podcast:guid>917393e3-1b1e-5cef-ace4-edaa54e1f810</podcast:guid>",
        "<itunes:type>serial</itunes:type>",
        "<itunes:email>radio@ada.example</itunes:email>",
        '<itunes:image href="https://ada.example/show.jpg"/>',
        '<itunes:category text="Video Games"/>',
    ):
        assert raw.count(told) == 1, told
    assert "itunes" not in (tmp_path / "source" / "bob-example" / "atom.xml").read_text()


def test_a_planet_of_one_podcast_is_that_podcast(bakery, episodes, tmp_path: Path) -> None:
    """Its one feed, cleaned and republished: nobody has to repeat in the configuration what the podcast says."""
    episodes.sources = episodes.sources[:1]
    episodes.entries = [entry for entry in episodes.entries if entry.source_url == episodes.sources[0].source.url]
    publish(episodes, bakery.options(tmp_path))

    for name in ("rss.xml", "atom.xml"):
        raw = (tmp_path / name).read_text()
        assert DURATION in raw
        assert "<itunes:email>radio@ada.example</itunes:email>" in raw
        assert "917393e3-1b1e-5cef-ace4-edaa54e1f810" in raw


def test_a_publication_of_podcasts_speaks_their_words_in_any_case(bakery, episodes, tmp_path: Path) -> None:
    publish(episodes, bakery.options(tmp_path, bakery.publication(profile="podcast")))
    raw = (tmp_path / "rss.xml").read_text()

    assert (DURATION in raw, "itunes:email" in raw) == (True, False)


def test_a_channel_that_says_something_new_of_itself_is_told_anew(bakery, episodes, tmp_path: Path) -> None:
    options = bakery.options(tmp_path, bakery.publication(owner_email="us@planet.example", source_feeds=True))
    publish(episodes, options)
    ada = episodes.sources[0]
    cast = (*(row for row in CAST if row[0] != "itunes:category"), ("itunes:category", "Technology"))
    episodes.sources[0] = replace(ada, channel=replace(ada.channel, podcast=cast))

    publish(episodes, options)

    for name in ("rss.xml", "atom.xml", "source/ada-example/atom.xml"):
        assert '<itunes:category text="Technology"/>' in (tmp_path / name).read_text()


def test_a_planet_in_several_languages_says_so_where_a_show_must_say_one(bakery, episodes, tmp_path: Path) -> None:
    episodes.entries.append(bakery.entry(8, language="de"))
    publish(episodes, bakery.options(tmp_path, bakery.publication(language=None, owner_email="us@planet.example")))

    assert "<language>mul</language>" in (tmp_path / "rss.xml").read_text()


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        (["Society & Culture", "History"], (("Society & Culture", ()), ("History", ()))),
        (["arts", "Books", "Knitting"], (("Arts", ("Books",)),)),
        (["Science & Medicine", "Natural Sciences"], (("Science", ("Natural Sciences",)),)),
        (["Video Games"], ()),
        (["Technology", "Tech News", "Gadgets"], (("Technology", ()), ("News", ("Tech News",)))),
        (["Technology", "Technology"], (("Technology", ()),)),
        (["", "Audio Blogs"], ()),
    ],
)
def test_categories_are_those_that_directories_know_today(terms: list[str], expected: tuple) -> None:
    assert categories_of(terms) == expected


def test_a_feed_without_episodes_declares_no_words_of_podcasts(bakery, tmp_path: Path) -> None:
    publish(bakery.planet(1), bakery.options(tmp_path))

    assert "itunes" not in (tmp_path / "rss.xml").read_text()


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("itunes:duration", "3723", "3723"),
        ("itunes:duration", "an hour", None),
        ("itunes:duration", "1:75:00", None),
        ("itunes:explicit", "YES", "true"),
        ("itunes:explicit", "maybe", None),
        ("itunes:image", "javascript:x", None),
        ("itunes:season", "0", None),
        ("itunes:episodeType", "bonus", "bonus"),
        ("podcast:transcript", "x", None),
        ("itunes:keywords", "a,b", None),
    ],
)
def test_what_is_malformed_is_not_passed_on(name: str, value: str, kept: str | None) -> None:
    assert dict(podcast_values({name: value})).get(name) == kept


def test_a_duration_is_seconds_minutes_or_hours() -> None:
    assert [seconds_of([("itunes:duration", text)]) for text in ("59", "12:30", "1:00:01")] == [59, 750, 3601]
    assert seconds_of([]) is None


@pytest.mark.parametrize("address", [None, "us@planet.example"])
def test_the_w3c_validator_finds_nothing_in_episodes(bakery, episodes, tmp_path: Path, w3c, address) -> None:
    publication = bakery.publication(owner_email=address, owner="Us", source_feeds=True)
    publish(episodes, bakery.options(tmp_path, publication))

    for name in ("rss.xml", "atom.xml", "source/ada-example/atom.xml"):
        assert w3c((tmp_path / name).read_bytes(), f"https://planet.example/{name}") == [], name
