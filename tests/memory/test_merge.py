"""Which entries of several sources are one, which one is shown, and what must never be merged."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from feedmill.feeds.entry import Entry, Origin, StoredEntry
from feedmill.feeds.likeness import text_hash
from feedmill.feeds.source import Channel, Source, SourceRecord
from feedmill.publish.merge import merge, site_hosts

AT = datetime(2026, 3, 2, 8, tzinfo=UTC)
SITES = {f"https://{name}.example/feed": f"{name}.example" for name in ("ada", "bob", "eve", "kim")}


@pytest.fixture
def make(write):
    def made(row, source, *, text="", html=None, hours=0, hashed=True, **fields):
        given = {
            "id": f"id-{row}",
            "guid": f"g{row}",
            "url": f"https://{source}.example/{row}",
            "title": f"Post of {source}",
        }
        entry = Entry(**{**given, "content_text": text, "content_html": text if html is None else html, **fields})
        return StoredEntry(
            row=row,
            source_url=f"https://{source}.example/feed",
            entry=entry,
            first_seen=AT + timedelta(hours=hours),
            sort_at=AT + timedelta(hours=hours),
            canonical_key=entry.url.partition("://")[2] if entry.url else None,
            text_hash=text_hash(entry.content_text, entry.content_html) if hashed else None,
        )

    return made


def shown(stored, **more):
    """(row shown, id, other sources by name) of each cluster."""
    return [
        (
            cluster.shown.row,
            cluster.shown.entry.id,
            [url.split("/")[2].partition(".")[0] for url in cluster.shown.also_in],
        )
        for cluster in merge(stored, SITES, **more)
    ]


def test_one_source_alone_has_nothing_to_merge(make):
    """Not even equal texts."""
    assert [row for row, *_ in shown([make(1, "ada", id="same"), make(2, "ada", id="same")])] == [1, 2]


def test_the_same_id_is_one_entry_and_the_first_seen_speaks(make):
    """Whoever only has the id, on another page, does not get to speak for the entry."""
    first = make(1, "ada", id="x", url="https://elsewhere.example/1")
    claim = make(2, "bob", id="x", hours=1)

    clusters = merge([claim, first], SITES)

    assert [(cluster.shown.row, cluster.merged) for cluster in clusters] == [(1, ((2, "id"),))]
    assert shown([claim, first]) == [(1, "x", ["bob"])]
    assert shown([make(1, "ada", id="x", text="word " * 50), make(2, "bob", id="x", text="word " * 50)])[0][0] == 1


def test_of_those_seen_at_once_the_row_decides_nothing(make):
    """Rows of several sources are given in the order in which these answered."""
    text = "word " * 50

    assert shown([make(1, "ada", text=text, id="a"), make(2, "bob", text=text, id="b")]) == [(1, "a", ["bob"])]
    assert shown([make(2, "ada", text=text, id="a"), make(1, "bob", text=text, id="b")]) == [(2, "a", ["bob"])]


def test_the_same_page_is_one_entry_and_its_own_site_speaks(make, write):
    """The id, the place and the first sight are those that readers know."""
    page = "https://ada.example/1"
    teaser = make(2, "bob", url=page, text=write.prose(1)[:200], hours=1)
    own = make(1, "ada", url=page, text=write.prose(1, 90), hours=5)

    (cluster,) = merge([own, teaser], SITES)

    assert (cluster.shown.row, cluster.shown.entry.id, cluster.shown.sort_at) == (1, "id-2", teaser.sort_at)
    assert (cluster.merged, cluster.shown.first_seen) == (((2, "link"),), teaser.first_seen)
    assert cluster.shown.also_in == ("https://bob.example/feed",)


def test_what_names_its_origin_was_passed_on(make):
    """Even where it lies on the planet's own site."""
    text = "word " * 50
    planet = make(1, "bob", text=text, origin=Origin(title="Ada", url="https://ada.example/feed"))
    own = make(2, "ada", text=text, url="https://blog.ada.example/2", hours=3)
    elsewhere = make(3, "eve", text=text, url="https://x.example/", hours=4)

    assert shown([planet, own, elsewhere]) == [(2, "id-1", ["bob", "eve"])]


def test_two_who_comment_on_one_page_are_two(make, write):
    """Each has forty words or more of their own, and they are other words."""
    page = "https://news.example/1"

    assert (
        len(shown([make(1, "ada", url=page, text=write.prose(1)), make(2, "bob", url=page, text=write.prose(2))])) == 2
    )
    assert len(shown([make(1, "ada", url=page, text=write.prose(1)), make(2, "bob", url=page, text="So true!")])) == 1


def test_a_link_that_one_source_uses_twice_merges_nothing(make):
    """Nor does a home page."""
    page, home = "https://news.example/log", "https://news.example/"

    assert len(shown([make(1, "ada", url=page), make(2, "ada", url=page), make(3, "bob", url=page)])) == 3
    assert len(shown([make(1, "ada", url=home), make(2, "bob", url=home)])) == 2
    assert len(shown([make(1, "ada", url=None), make(2, "bob", url=None)])) == 2


def test_nearly_the_same_words_are_one_entry(make, write):
    """At 0.85; with sixty own words; within two weeks; unless the titles count differently."""
    text = write.prose(4, 150)
    edited = text.replace("Neighbour", "Neighbor", 1)
    one, other = make(1, "ada", text=text, title="News 3"), make(2, "bob", text=edited, title="News 3", hours=1)

    assert [cluster.merged for cluster in merge([one, other], SITES)] == [((2, "near"),)]
    assert len(shown([one, replace(other, sort_at=AT + timedelta(days=15))])) == 2
    assert len(shown([one, replace(other, entry=replace(other.entry, title="News 4"))])) == 2
    assert len(shown([one, make(2, "bob", text=write.prose(4, 75))])) == 2
    assert len(shown([one, make(2, "bob", text=text.replace("old", "new"))])) == 2
    assert len(shown([make(1, "ada", text=text[:250]), make(2, "bob", text=edited[:250])])) == 2


def test_a_quotation_makes_nothing_alike(make, write):
    """Two comments of sixty words under one long quotation."""
    quoted = f"<blockquote>{write.prose(9, 400)}</blockquote>"
    entries = [
        make(n, name, text=f"{write.prose(n)} {write.prose(9, 400)}", html=write.prose(n) + quoted)
        for n, name in ((1, "ada"), (2, "bob"))
    ]

    assert len(shown(entries)) == 2


def test_entries_of_one_source_are_never_merged_not_even_through_a_third(make, write):
    """Ada's two posts both look like Bob's."""
    text = write.prose(4, 150)
    entries = [make(1, "ada", text=text), make(2, "ada", text=text, hours=1), make(3, "bob", text=text, hours=2)]

    assert shown(entries) == [(1, "id-1", ["bob"]), (2, "id-2", [])]


def test_phrases_that_everybody_has_are_no_sign(make, write):
    """A platform's sentence in fifty blogs."""
    sites = {}
    entries = []
    for n in range(50):
        name = f"blog{n}"
        sites[f"https://{name}.example/feed"] = f"{name}.example"
        entries.append(
            make(n, name, text="this platform says the same sentence below every post " + write.prose(n, 90))
        )

    assert len(merge(entries, sites)) == 50


def test_older_entries_keep_what_readers_know_and_come_alone_to_nothing(make, write):
    """A copy of what fell out of the feed is no news: it goes to the place of the older one."""
    text = "word " * 50
    old, copy, other = make(1, "ada", text=text), make(2, "bob", text=text, hours=900), make(3, "eve", hours=901)
    alone = make(4, "kim", hours=2)

    (one, two) = merge([other, copy], SITES, older=[old, alone])

    assert (one.shown.row, two.shown.row, two.shown.entry.id, two.shown.sort_at) == (3, 1, "id-1", old.sort_at)


def test_a_site_is_known_by_its_host():
    """That of its page, else of its feed."""
    records = [
        SourceRecord(row=1, source=Source(url="https://feeds.example/ada")),
        SourceRecord(
            row=2,
            source=Source(url="https://feeds.example/bob"),
            channel=Channel(about=Origin(site_url="https://www.bob.example/blog")),
        ),
        SourceRecord(row=3, source=Source(url="https://[bad")),
    ]

    assert list(site_hosts(records).values()) == ["feeds.example", "bob.example", ""]
