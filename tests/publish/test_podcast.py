"""Podcast fields pass through: only what upstream had, and only what directories accept."""

from __future__ import annotations

import json
from pathlib import Path

import feedparser
import pytest

from feedmill.publish.edition import publish
from feedmill.publish.podcast import podcast_values, seconds_of

SAID = {
    "itunes:duration": "1:02:03",
    "itunes:explicit": "clean",
    "itunes:image": "https://ada.example/cover.jpg",
    "itunes:episode": "7",
    "podcast:transcript": "https://ada.example/7.vtt",
    "podcast:chapters": "https://ada.example/7.json",
    "media:thumbnail": "https://ada.example/t.jpg",
}


@pytest.fixture
def episodes(bakery):
    store = bakery.planet(1)
    store.entries.append(bakery.entry(7, enclosures=(bakery.enclosure(),)))
    store.said = {7: SAID, 0: SAID}
    return store


def test_an_episode_keeps_what_its_podcast_said(bakery, episodes, tmp_path: Path) -> None:
    report = publish(episodes, bakery.options(tmp_path, bakery.publication(profile="podcast", owner="Us")))
    feed = feedparser.parse((tmp_path / "rss.xml").read_bytes())
    raw = (tmp_path / "rss.xml").read_text()

    assert report.problems == ()
    assert (feed.entries[0].itunes_duration, feed.feed.author) == ("1:02:03", "Us")
    assert feed.entries[0].image.href == "https://ada.example/cover.jpg"
    assert '<podcast:transcript url="https://ada.example/7.vtt" type="text/vtt"/>' in raw
    assert '<podcast:chapters url="https://ada.example/7.json" type="application/json+chapters"/>' in raw
    assert raw.count("itunes:duration>") == 2  # one element: entry 0 has no enclosure
    (attachment,) = json.loads((tmp_path / "feed.json").read_text())["items"][0]["attachments"]
    assert attachment["duration_in_seconds"] == 3723


def test_a_mixed_feed_names_transcripts_and_leaves_itunes_words_to_podcasts(bakery, episodes, tmp_path: Path) -> None:
    publish(episodes, bakery.options(tmp_path))
    raw = (tmp_path / "rss.xml").read_text()

    assert ("podcast:transcript" in raw, "itunes" in raw) == (True, False)
    assert b"duration_in_seconds" in (tmp_path / "feed.json").read_bytes()


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


def test_the_w3c_validator_finds_nothing_in_episodes(bakery, episodes, tmp_path: Path, w3c) -> None:
    publish(episodes, bakery.options(tmp_path))

    assert w3c((tmp_path / "rss.xml").read_bytes(), "https://planet.example/rss.xml") == []
