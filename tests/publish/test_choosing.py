"""Which entries a publication has: by source, word, author, language, age, expression; fair shares; profiles."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import feedparser
import pytest

from feedmill.feeds.deny import Deny, DenyList
from feedmill.feeds.entry import Origin
from feedmill.feeds.publication import Selection
from feedmill.publish.edition import publish


def ids(bakery, tmp_path: Path, store, **publication) -> list[str]:
    chosen = bakery.publication(formats=("atom",), **publication)
    publish(store, bakery.options(tmp_path, chosen), now=bakery.start + timedelta(days=1))
    return [entry.id.rpartition("/")[2] for entry in feedparser.parse((tmp_path / "atom.xml").read_bytes()).entries]


@pytest.mark.parametrize(
    ("select", "found"),
    [
        ({"sources": ("THE BOB BLOG",)}, "531"),
        ({"sources": ("https://ada.example/feed.xml",)}, "420"),
        ({"sources": ("nobody",)}, ""),
        ({"words": ("sentence of 3",)}, "3"),
        ({"words": ("sentenc",)}, ""),
        ({"words": ("part 3", "part  1")}, "31"),
        ({"authors": ("grace hopper",)}, "4"),
        ({"languages": ("DE",)}, "2"),
        ({"languages": ("en",)}, "54310"),
        ({"where": "'/4' in url or words == 0"}, "4"),
        ({"max_age": timedelta(hours=20)}, "54"),
        ({"per_source": 1, "per_source_window": timedelta(days=1)}, "10"),
        ({"per_source": 2, "per_source_window": timedelta(days=300)}, "3210"),
    ],
)
def test_a_publication_has_what_it_asks_for(bakery, tmp_path: Path, select, found: str) -> None:
    store = bakery.planet(3)
    by_row = {stored.row: stored for stored in store.entries}
    grace = replace(by_row[4].entry, authors=(replace(by_row[4].entry.authors[0], name="Grace Hopper"),))
    store.entries = [
        replace(by_row[4], entry=grace)
        if stored.row == 4
        else replace(stored, entry=replace(stored.entry, language="de-AT" if stored.row == 2 else None))
        for stored in store.entries
    ]

    assert "".join(ids(bakery, tmp_path, store, select=Selection(**select))) == found


def test_what_few_entries_have_is_looked_for_further_back(bakery, tmp_path: Path) -> None:
    store = bakery.planet(0)
    store.entries = [bakery.entry(n, content_text="a needle" if n < 2 else "hay") for n in range(900)]

    assert ids(bakery, tmp_path, store, limit=2, select=Selection(words=("needle",))) == ["1", "0"]


def test_the_earliest_of_a_day_keep_their_place_when_more_come(bakery, tmp_path: Path) -> None:
    store = bakery.planet(2)
    fair = {"select": Selection(per_source=2)}
    before = ids(bakery, tmp_path, store, **fair)
    store.entries.append(bakery.entry(9))

    assert ids(bakery, tmp_path, store, **fair) == before == ["3", "2", "1", "0"]


def test_a_podcast_has_what_can_be_heard_or_seen(bakery, tmp_path: Path) -> None:
    store = bakery.planet(1)
    store.entries += [
        bakery.entry(7, enclosures=(bakery.enclosure(),)),
        bakery.entry(8, enclosures=(bakery.enclosure("talk.MP4?x=1", media_type=None),)),
        bakery.entry(9, enclosures=(bakery.enclosure("paper.pdf", media_type="application/pdf"),)),
    ]

    assert ids(bakery, tmp_path, store, profile="podcast") == ["8", "7"]


@pytest.mark.parametrize("profile", ["excerpt", "headlines"])
def test_a_profile_tells_less_of_the_same_entries(bakery, tmp_path: Path, profile: str) -> None:
    store = bakery.planet(1)
    store.entries.append(bakery.entry(7, summary="", content_text="word " * 400))
    publication = bakery.publication(profile=profile)

    report = publish(store, bakery.options(tmp_path, publication))

    assert report.problems == ()
    for name in ("atom.xml", "rss.xml"):
        feed = feedparser.parse((tmp_path / name).read_bytes())
        assert [entry.id for entry in feed.entries] == [stored.entry.id for stored in store.latest(limit=9)]
        assert "And a" not in (tmp_path / name).read_text()
    items = json.loads((tmp_path / "feed.json").read_text())["items"]
    assert max(len(item.get("content_html", "")) for item in items) < 700
    assert ("Read the whole post" in items[0].get("content_html", "")) is (profile == "excerpt")


@pytest.mark.parametrize(
    ("deny", "refused"),
    [
        (Deny(source="http://www.ada.example/feed.xml/"), "ada"),
        (Deny(domain="ADA.example"), "ada"),
        (Deny(domain="example"), "both"),
        (Deny(domain="da.example"), ""),
        (Deny(entry="https://ada.example/0"), "0"),
        (Deny(entry="guid-0"), ""),
    ],
)
def test_the_deny_list_knows_sources_domains_and_entries(bakery, tmp_path: Path, deny: Deny, refused: str) -> None:
    store = bakery.planet(1)
    options = replace(bakery.options(tmp_path, bakery.publication(formats=("json",))), deny=(deny,))
    publish(store, options)

    items = [item["id"] for item in json.loads((tmp_path / "feed.json").read_text())["items"]]
    left = {"ada": ["1"], "both": [], "": ["1", "0"], "0": ["1"]}[refused]
    assert [item.rpartition("/")[2] for item in items] == left


def test_a_denied_blog_does_not_come_back_through_another_planet(bakery) -> None:
    deny = DenyList((Deny(domain="spam.example", reason="asked to be left out"),))
    entry = bakery.entry(1, origin=Origin(title="Spam", url="https://feeds.spam.example/atom")).entry

    assert deny.entry(entry, "https://planet2.example/atom.xml") == (
        "the deny list names spam.example: asked to be left out"
    )
    assert deny.source("https://fine.example/feed") == ""
    assert deny.source("http://[") == ""
    assert deny.source("mailto:x") == ""
    assert not DenyList().entry(entry, "x")
