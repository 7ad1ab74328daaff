"""Publishing from the real store: what was committed is what is published, and a rebuilt store gives the same bytes."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import feedparser
import pytest

from feedmill.feeds.outcome import FetchRecord
from feedmill.feeds.source import Source, SourceState, Standing
from feedmill.feeds.store import Store
from feedmill.feeds.update import WITHDRAWN, EntryUpdate, UpdatePlan
from feedmill.publish.edition import publish, publish_status


@pytest.fixture
def fill(bakery):
    def filled(path: Path, numbers: range) -> Store:
        """A store with one source and one entry for each number."""
        store = Store.open(path)
        now = bakery.start + timedelta(days=2)
        store.reconcile([Source(url="https://ada.example/feed.xml", tags=("python",))], now)
        (claim,) = store.claim(now, limit=1, lease=timedelta(minutes=5))
        entries = [bakery.entry(number, enclosures=(bakery.enclosure(),)).entry for number in numbers]
        plan = UpdatePlan(
            source_row=claim.record.row,
            lease=claim.lease,
            state=SourceState(standing=Standing.ACTIVE, last_status=200, last_success=now),
            record=FetchRecord(at=now, status=200, outcome="fetched", new=len(entries)),
            new=tuple(
                EntryUpdate(entry=entry, raw="{}", raw_hash=entry.guid, fingerprint=entry.guid, recipe="r")
                for entry in entries
            ),
            channel=bakery.source("ada").channel,
        )
        assert store.commit([plan], now) == [True]
        return store

    return filled


def test_what_was_stored_is_what_is_published(bakery, fill, tmp_path: Path) -> None:
    with fill(tmp_path / "a.db", range(1, 6)) as store:
        report = publish(store, bakery.options(tmp_path / "out"))
        again = publish(store, bakery.options(tmp_path / "out"))
        quiet = publish_status(store, bakery.options(tmp_path / "out"))
        checked = publish(store, bakery.options(tmp_path / "out"), check=True)

    feed = feedparser.parse((tmp_path / "out" / "atom.xml").read_bytes())
    assert [entry.id for entry in feed.entries] == [f"https://ada.example/{n}" for n in (5, 4, 3, 2, 1)]
    assert report.problems == ()
    assert (again.written, quiet.written, checked.problems) == ((), (), ())


def test_a_store_that_was_deleted_and_rebuilt_gives_the_same_feeds(bakery, fill, tmp_path: Path) -> None:
    for name in ("a", "b"):
        with fill(tmp_path / f"{name}.db", range(1, 6)) as store:
            publish(store, bakery.options(tmp_path / name))

    for file in ("atom.xml", "rss.xml", "feed.json", "index.html", "subscriptions.opml"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_a_publication_by_tag_reads_the_stores_tags(bakery, fill, tmp_path: Path) -> None:
    with fill(tmp_path / "a.db", range(1, 4)) as store:
        report = publish(
            store,
            bakery.options(
                tmp_path / "out", bakery.publication(tags=("Python",)), bakery.publication(path="x", tags=("x",))
            ),
        )

    assert [made.entries for made in report.publications] == [3, 0]


def test_a_takedown_leaves_the_store_the_feeds_and_the_archives(bakery, fill, tmp_path: Path) -> None:
    publication = bakery.publication(limit=2, archive=True, source_feeds=True, search=True)
    options = bakery.options(tmp_path / "out", publication)
    now = bakery.start + timedelta(days=3)
    with fill(tmp_path / "a.db", range(1, 6)) as store:
        publish(store, options, now=now)
        rows = [stored.row for key in ("https://ada.example/5", "https://ada.example/1") for stored in store.entry(key)]
        taken = store.take_down(rows, now)
        report = publish(store, options, now=now)
        again = publish(store, options, now=now)

    assert (taken, report.problems, again.written) == (2, (), ())
    for path in (tmp_path / "out").rglob("*"):
        if path.is_file():
            text = path.read_text(errors="replace")
            assert "part 5" not in text, path
            assert "part 1<" not in text, path
    for name in ("atom.xml", "archive/2026-03.xml"):
        assert b'ref="https://ada.example/1"' in (tmp_path / "out" / name).read_bytes()


def test_the_outline_is_what_publishing_needs_of_the_store(bakery, fill, tmp_path: Path) -> None:
    with fill(tmp_path / "a.db", range(1, 6)) as store:
        lines = sorted(store.outline())
        rows = [line.row for line in lines]
        headlines = store.headlines([rows[3], rows[0], 999])
        store.hold_entries(rows[:1], "a flood", bakery.start)
        store.take_down(rows[1:2], bakery.start)

        assert [line.row for line in sorted(store.outline())] == rows[2:]
        assert [headline.row for headline in headlines] == [rows[3], rows[0]]
        assert {headline.url for headline in headlines} == {
            stored.entry.url for stored in store.pick([rows[3], rows[0]])
        }
        assert store.tagged(["PYTHON", "nothing"]) == {"python": set(rows) - set(rows[1:2]), "nothing": set()}
        assert store.tagged([]) == {}
        (retraction,) = store.retractions()
        assert (retraction.row, retraction.at, retraction.source_url) == (
            rows[1], bakery.start.replace(microsecond=0), "https://ada.example/feed.xml",
        )  # fmt: skip
        store.reconcile([], bakery.start)
        assert store.outline() == []


def test_what_was_withdrawn_and_returns_is_archived_anew_and_has_no_tombstone_in_the_feed(
    bakery, fill, tmp_path: Path
) -> None:
    options = bakery.options(tmp_path / "out", bakery.publication(limit=2, archive=True, search=True))
    now = bakery.start + timedelta(days=3)
    oldest = "https://ada.example/1"

    def union() -> list[str]:
        return [
            entry.id
            for path in [*sorted((tmp_path / "out").glob("a*/*.xml")), tmp_path / "out" / "atom.xml"]
            for entry in feedparser.parse(path.read_bytes()).entries
        ]

    with fill(tmp_path / "a.db", range(1, 6)) as store:
        publish(store, options, now=now)
        first = union()
        (row,) = [stored.row for stored in store.entry(oldest)]
        store.hold_entries([row], f"{WITHDRAWN}its page answers 404", now)
        publish(store, options, now=now)
        gone, stone = union(), (tmp_path / "out" / "atom.xml").read_bytes()
        store.release_entries([row])
        report = publish(store, options, now=now)
        again = publish(store, options, now=now)

    assert oldest in first
    assert oldest not in gone
    assert f'ref="{oldest}"'.encode() in stone
    assert union().count(oldest) == 1
    assert set(union()) == set(first)
    assert b"deleted-entry" not in (tmp_path / "out" / "atom.xml").read_bytes()
    assert (report.problems, again.written) == ((), ())
