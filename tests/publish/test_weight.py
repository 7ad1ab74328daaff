"""A feed has a ceiling in bytes (check A18), and may be declared to be all there is (check E5)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from lxml import etree

from feedmill.feeds.entry import Author
from feedmill.publish.edition import publish
from feedmill.publish.weight import within

ATOM = "{http://www.w3.org/2005/Atom}"
HISTORY = "{http://purl.org/syndication/history/1.0}"
FEEDS = ("atom.xml", "rss.xml", "feed.json")
CEILING = 100_000
# What one format or another writes in more bytes than the text has.
COSTLY = {
    "ampersands": "&amp;",
    "tags": "<b>x</b>",
    "quotes": '"',
    "lines": "a\n\n\n\n\n\n\n\n\n",
    "letters": "ß字🌾",
    "backslashes": "\\",
}


def held(folder: Path, name: str) -> list[str]:
    """The ids that a feed holds, in its order."""
    data = (folder / name).read_bytes()
    if name == "feed.json":
        return [item["id"] for item in json.loads(data)["items"]]
    root = etree.fromstring(data)
    return [found.text for found in (root.iter(f"{ATOM}id") if name == "atom.xml" else root.iter("guid"))]


def in_feed(folder: Path) -> list[list[str]]:
    atom = etree.parse(folder / "atom.xml").getroot()
    return [
        [entry.findtext(f"{ATOM}id") for entry in atom.iter(f"{ATOM}entry")],
        held(folder, "rss.xml"),
        held(folder, "feed.json"),
    ]


def heavy(bakery, count: int, text: str, size: int = 20_000, *, bare: bool = False):
    """A store with `count` posts of that text, about `size` characters each; `bare`: and of nothing else."""
    store = bakery.planet(0)
    words = text * (size // len(text))
    around: dict[str, object] = {"title": "T", "summary": "", "categories": ()}
    if not bare:
        around = {
            "title": words[:300],
            "summary": words[:500],
            "categories": tuple(f"{words[:40]} {n}" for n in range(20)),
            "authors": (Author(name=words[:100]),),
        }
    store.entries = [
        bakery.entry(number, content_html=f"<p>{words}</p>", content_text=words, **around)
        for number in range(1, count + 1)
    ]
    return store


@pytest.mark.parametrize("bare", [True, False], ids=["bare", "with all"])
@pytest.mark.parametrize("text", COSTLY.values(), ids=COSTLY)
def test_no_feed_is_larger_than_its_ceiling_and_all_hold_the_same_newest_entries(
    bakery, tmp_path: Path, text: str, bare: bool
) -> None:
    """Whatever the posts are made of."""
    store = heavy(bakery, 12, text, bare=bare)

    report = publish(store, bakery.options(tmp_path, bakery.publication(max_bytes=CEILING)))

    sizes = [(tmp_path / name).stat().st_size for name in FEEDS]
    atom, rss, items = in_feed(tmp_path)
    newest = [stored.entry.id for stored in store.latest(limit=12)]
    assert report.problems == ()
    assert max(sizes) <= CEILING
    assert atom == rss == items == newest[: len(atom)]
    assert 1 <= len(atom) < 12
    assert report.publications[0].entries == len(atom)


def test_a_single_entry_stays_however_large_it_is(bakery, tmp_path: Path) -> None:
    store = heavy(bakery, 3, "words ", size=300_000)

    publish(store, bakery.options(tmp_path, bakery.publication(max_bytes=CEILING)))

    assert [len(ids) for ids in in_feed(tmp_path)] == [1, 1, 1]


def test_what_falls_out_is_in_the_archives_at_every_moment(bakery, tmp_path: Path) -> None:
    """The union holds every entry, and the gate takes no offence at what a large post pushes out (check E4)."""
    store = heavy(bakery, 8, "grain ", size=2_000)
    options = bakery.options(tmp_path, bakery.publication(max_bytes=CEILING, archive=True, max_loss=0.1))
    now = bakery.start + timedelta(days=2)
    for number, size in ((20, 2_000), (21, 60_000), (22, 90_000), (23, 1_000)):
        store.entries += [replace(entry, row=number) for entry in heavy(bakery, 1, "husk ", size).entries]
        at = now + timedelta(hours=number)
        store.entries[-1] = replace(
            store.entries[-1], sort_at=at, first_seen=at,
            entry=replace(store.entries[-1].entry, id=f"https://ada.example/{number}", published=at, updated=at),
        )  # fmt: skip
        report = publish(store, options, now=now + timedelta(hours=number))

        documents = [tmp_path / "atom.xml", *(tmp_path / "archive").glob("*.xml")]
        union = {entry.findtext(f"{ATOM}id") for path in documents for entry in etree.parse(path).iter(f"{ATOM}entry")}
        assert report.problems == ()
        assert union == {stored.entry.id for stored in store.entries}
        assert publish(store, options, now=now + timedelta(hours=number)).written == ()


def test_titles_weigh_little(bakery) -> None:
    """The ceiling is for what a profile tells, not for what the store keeps."""
    stored = heavy(bakery, 12, "words ", size=300_000).latest(limit=12)
    room = {
        profile: within(stored, bakery.publication(profile=profile, max_bytes=CEILING))
        for profile in ("headlines", "excerpt", "full")
    }

    assert room["headlines"] >= room["excerpt"] > room["full"] == 1
    assert within(stored, bakery.publication(max_bytes=0)) == 12


def test_a_sources_own_feed_has_the_same_ceiling(bakery, tmp_path: Path) -> None:
    store = heavy(bakery, 12, "words ")

    publish(store, bakery.options(tmp_path, bakery.publication(max_bytes=CEILING, source_feeds=True)))

    assert (tmp_path / "source" / "ada-example" / "atom.xml").stat().st_size <= CEILING


def complete(bakery, **fields):
    return bakery.publication(complete=True, max_bytes=0, formats=("atom", "rss", "json"), **fields)


def says_complete(folder: Path) -> list[bool]:
    return [etree.parse(folder / name).find(f".//{HISTORY}complete") is not None for name in ("atom.xml", "rss.xml")]


def test_a_feed_that_was_declared_complete_says_so_as_long_as_it_is(bakery, tmp_path: Path) -> None:
    """With one entry too many it makes no claim, and the operator hears of it (check E5)."""
    store = bakery.planet(3)
    options = bakery.options(tmp_path, complete(bakery, limit=6))

    report = publish(store, options)
    assert (report.problems, says_complete(tmp_path)) == ((), [True, True])

    store.entries.append(bakery.entry(70))
    report = publish(store, options)
    assert says_complete(tmp_path) == [False, False]
    assert report.problems == (
        "it is not complete, and does not say that it is: its feeds hold the newest 6 entries, and there are others",
    )


def test_no_other_feed_claims_to_be_complete(bakery, tmp_path: Path) -> None:
    """Neither one that happens to hold everything, nor the branches and archives of one that was declared so."""
    publish(bakery.planet(3), bakery.options(tmp_path / "some", bakery.publication(archive=True)))
    publish(bakery.planet(3), bakery.options(tmp_path / "all", complete(bakery, source_feeds=True, tag_feeds=True)))

    claiming = [path for path in tmp_path.rglob("*.xml") if b"<fh:complete" in path.read_bytes()]
    assert sorted(str(path.relative_to(tmp_path)) for path in claiming) == ["all/atom.xml", "all/rss.xml"]


def test_the_w3c_validator_finds_nothing_in_a_complete_feed(bakery, tmp_path: Path, w3c) -> None:
    publish(bakery.planet(3), bakery.options(tmp_path, complete(bakery)))

    assert says_complete(tmp_path) == [True, True]
    for name in ("atom.xml", "rss.xml"):
        assert w3c((tmp_path / name).read_bytes(), bakery.url + name) == []
