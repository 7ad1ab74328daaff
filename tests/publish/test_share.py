"""Fair share: one source does not fill a feed while others post, and nobody's old posts come back because of it."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from feedmill.feeds.entry import StoredEntry
from feedmill.publish.edition import publish
from feedmill.publish.gather import newest
from feedmill.publish.select import in_order
from feedmill.publish.share import share_out

NAMES = ("ada", "bob", "cleo", "dev", "eve", "fay", "gil")


@pytest.fixture
def posts(bakery):
    def made(plan: dict[str, int], *, apart: timedelta = timedelta(hours=1), first: int = 1) -> list[StoredEntry]:
        """So many posts of each source, in turn, each a span after the one before."""
        left, found, number = dict(plan), [], first
        while any(left.values()):
            for name in [name for name, count in left.items() if count]:
                left[name] -= 1
                at = bakery.start + apart * number
                entry = bakery.entry(number, name)
                found.append(replace(entry, sort_at=at, first_seen=at))
                number += 1
        return in_order(found)

    return made


def count(shown: list[StoredEntry], name: str) -> int:
    return sum(f"//{name}." in stored.source_url for stored in shown)


def test_a_planet_that_has_room_shows_everything(posts) -> None:
    ordered = posts({"ada": 50, "bob": 1, "cleo": 1, "dev": 1, "eve": 1})

    assert share_out(ordered, limit=54).shown == ordered
    assert share_out(ordered, limit=54).over == []


@pytest.mark.parametrize("others", [0, 1, 2, 3])
def test_in_a_circle_of_four_nothing_is_cut_but_the_oldest(posts, others: int) -> None:
    ordered = posts({"ada": 90, **dict.fromkeys(NAMES[1 : 1 + others], 20)})

    assert share_out(ordered, limit=20).shown == ordered[:20]


def test_one_source_takes_a_quarter_while_others_fill_the_rest(posts) -> None:
    """Its first posts, as they came in; the others' newest; in order."""
    others = posts({"bob": 10, "cleo": 10, "dev": 10, "eve": 10})
    flood = posts({"ada": 60}, apart=timedelta(minutes=1), first=60 * 50)
    ordered = in_order([*others, *flood])

    shares = share_out(ordered, limit=20)

    assert [each for each in shares.shown if "//ada." in each.source_url] == flood[-5:]
    assert [each for each in shares.shown if "//ada." not in each.source_url] == others[:15]
    assert shares.shown == in_order(shares.shown)
    assert (shares.over, shares.is_sure) == (flood[:-5], True)


def test_the_others_must_have_posted_within_a_week_of_it(posts) -> None:
    """A blog that posts while all others sleep fills the feed."""
    old = posts(dict.fromkeys(NAMES[1:], 5))
    fresh = posts({"ada": 30}, first=24 * 30)

    assert count(share_out(in_order([*old, *fresh]), limit=20).shown, "ada") == 20


def test_no_place_stays_empty_when_two_flood_at_once(posts) -> None:
    ordered = posts({"ada": 60, "bob": 60, "cleo": 2, "dev": 2, "eve": 2, "fay": 2})

    assert len(share_out(ordered, limit=40).shown) == 40


@pytest.mark.parametrize("seed", range(10))
def test_what_left_the_feed_or_stood_back_never_comes_back(bakery, seed: int) -> None:
    """A planet of seven blogs of which one floods now and then, poll by poll. What was shown is pushed out by newer
    entries alone."""
    chance = random.Random(seed)
    at, number = bakery.start, 0
    stored: list[StoredEntry] = []
    shown: list[StoredEntry] = []
    over: list[StoredEntry] = []
    for _ in range(120):
        name, burst = (NAMES[0], chance.choice((1, 1, 12))) if chance.random() < 0.4 else (chance.choice(NAMES), 1)
        at += timedelta(hours=chance.choice((1, 5, 30)))
        for _ in range(burst):
            number += 1
            stored.append(replace(bakery.entry(number, name), sort_at=at, first_seen=at))
        shares = share_out(
            in_order(stored), limit=16,
            shown=[each.entry.id for each in shown], over=[each.entry.id for each in over],
        )  # fmt: skip
        arrived = {each.row for each in stored[-burst:]}
        lost = [each for each in shown if each not in shares.shown]

        assert {each.row for each in shares.shown} - {each.row for each in shown} <= arrived
        assert len(shares.shown) == min(16, len(stored))
        assert all(each.sort_at <= shares.shown[-1].sort_at for each in lost)
        shown, over = shares.shown, shares.over


def test_it_is_on_by_default_and_can_be_switched_off(bakery, posts, tmp_path: Path) -> None:
    store = bakery.planet(0)
    store.sources = [bakery.source(name) for name in NAMES]
    others = posts({"bob": 10, "cleo": 10, "dev": 10, "eve": 10})
    store.entries = [*others, *posts({"ada": 60}, apart=timedelta(minutes=1), first=60 * 50)]
    store.entries = [replace(each, row=at) for at, each in enumerate(store.entries)]
    chosen = bakery.publication(limit=20)
    off = replace(chosen, select=replace(chosen.select, fair=False))

    publish(store, bakery.options(tmp_path, chosen))

    assert (tmp_path / "atom.xml").read_text().count("<entry") == 20
    for publication, most in ((chosen, 5), (off, 20)):
        planet = _planet(store, bakery)
        assert count(newest(store, publication, planet), "ada") == most


def _planet(store, bakery):
    from feedmill.feeds.deny import DenyList
    from feedmill.publish.gather import Planet

    return Planet(records=store.records(), deny=DenyList(()), now=bakery.start)


def test_a_flood_that_is_deeper_than_what_is_read_first_is_read_through(bakery, posts) -> None:
    """Of 300 posts at once the newest 45 would fill the first question."""
    store = bakery.planet(0)
    store.sources = [bakery.source(name) for name in NAMES]
    rest = posts(dict.fromkeys(NAMES[1:6], 8))
    flood = posts({"ada": 300}, apart=timedelta(minutes=1), first=60 * 42)
    store.entries = [*rest, *(replace(each, row=each.row + 1000) for each in flood)]

    shown = newest(store, bakery.publication(limit=20), _planet(store, bakery))

    assert (count(shown, "ada"), len(shown)) == (5, 20)
