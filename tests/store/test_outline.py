"""The outline: every visible entry in a line, whatever the database, as an edition's keys are made of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from feedmill.feeds.entry import Enclosure, Origin
from feedmill.feeds.source import Source

OTHER = "https://other.example/feed.xml"
HOUR = timedelta(hours=1)


def test_the_lines_are_what_is_visible_the_newest_first(store, hand):
    """Of two sources that come in by turns; what is held, taken down or of a removed source has no line."""
    store.reconcile([Source(url=hand.feed), Source(url=OTHER)], hand.now)
    for at, url in enumerate((hand.feed, OTHER, hand.feed, OTHER, hand.feed, OTHER)):
        entry = hand.entry(f"{at}", published=hand.now - (at * 7 % 6) * HOUR)
        hand.ingest(store, hand.update(entry), url=url)
    newest = [stored.row for stored in store.latest(limit=10)]
    whole = [line.row for line in store.outline()]
    store.hold_entries(newest[1:2], "a flood", hand.now)
    store.take_down(newest[3:4], hand.now)
    shown = [stored.row for stored in store.latest(limit=10)]

    assert whole == newest
    assert [line.row for line in store.outline()] == shown == [newest[at] for at in (0, 2, 4, 5)]
    assert [line.sort_at for line in store.outline()] == [
        int(stored.sort_at.timestamp()) for stored in store.latest(limit=10)
    ]
    store.reconcile([Source(url=OTHER)], hand.now)
    assert {line.source for line in store.outline()} == {record.row for record in store.records()}


def test_a_line_changes_with_all_that_an_output_shows_of_its_entry(store, hand):
    """Words, language, picture, rights, upstream and recordings: no two of these entries have one fingerprint."""
    plain = hand.entry("a", language="en")
    variants = [
        plain,
        replace(plain, language="de"),
        replace(plain, image="https://blog.example/a.png"),
        replace(plain, rights="CC0"),
        replace(plain, origin=Origin(title="Upstream")),
        replace(plain, enclosures=(Enclosure(url="https://blog.example/a.mp3", media_type="audio/mpeg", length=1),)),
    ]
    updates = [
        replace(hand.update(replace(entry, guid=str(at), id=f"urn:x:{at}")), fingerprint="same")
        for at, entry in enumerate(variants)
    ]
    hand.ingest(store, *updates)

    assert len({line.fingerprint for line in store.outline()}) == len(variants)
    assert all(line.fingerprint.startswith("same") for line in store.outline())
