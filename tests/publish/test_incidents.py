"""ops.xml: one entry for each incident, opened and closed; the operator's, not the readers'."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import feedparser
from lxml import etree

from feedmill.feeds.outcome import FailureKind
from feedmill.feeds.source import Source, Standing
from feedmill.publish.edition import publish, publish_status
from feedmill.publish.incidents import MOST, Incident, follow, ops_feed


def failing(bakery, name: str = "ada", hours: int = 1, **state):
    given = {
        "standing": Standing.FAILING,
        "failure": FailureKind.TLS,
        "detail": "the certificate expired on 1 March 2026",
        "failures": 3,
        "failing_since": bakery.start + timedelta(hours=hours),
        **state,
    }
    return bakery.source(name, **given)


def entries(folder: Path) -> list[tuple[str, str, str]]:
    feed = feedparser.parse((folder / "ops.xml").read_bytes())
    assert feed.bozo is False
    return [(entry.title, entry.tags[0].term, entry.id) for entry in feed.entries]


def test_an_incident_is_one_entry_from_its_beginning_to_its_end(bakery, tmp_path: Path) -> None:
    store, options = bakery.planet(1), bakery.options(tmp_path)
    publish(store, options)
    quiet = entries(tmp_path)
    store.sources[0] = failing(bakery)
    publish_status(store, options)
    ((title, standing, identity),) = entries(tmp_path)
    store.sources[0] = failing(bakery, failures=9, detail="still")
    publish_status(store, options)
    lasting = entries(tmp_path)
    store.sources[0] = bakery.source("ada", last_success=bakery.start + timedelta(hours=5))
    publish_status(store, options)

    assert quiet == []
    assert (title, standing) == ("The ada blog fails", "open")
    assert lasting == [(title, standing, identity)]
    assert entries(tmp_path) == [("The ada blog works again", "closed", identity)]
    text = (tmp_path / "ops.xml").read_text()
    assert "<updated>2026-03-02T13:05:00Z</updated>" in text
    assert "the certificate expired" in text
    assert "Authors: renew the certificate" in text
    assert "ops" not in (tmp_path / "atom.xml").read_text()


def test_a_second_spell_is_a_second_incident(bakery, tmp_path: Path) -> None:
    store, options = bakery.planet(1), bakery.options(tmp_path)
    for source in (failing(bakery), bakery.source("ada"), failing(bakery, hours=9), bakery.source("ada")):
        store.sources[0] = source
        publish_status(store, options)

    assert len({identity for _, _, identity in entries(tmp_path)}) == 2


def test_a_hiccup_is_no_incident_but_gone_and_held_are_at_once(bakery) -> None:
    hiccup = failing(bakery, failures=2)
    gone = failing(bakery, "bob", standing=Standing.GONE, failures=1, failing_since=None, last_attempt=bakery.start)
    held = failing(bakery, "eve", standing=Standing.HELD, failures=0)
    never = failing(bakery, "joe", standing=Standing.GONE, failing_since=None, last_attempt=None)

    found = follow([], [hiccup, gone, held, never])

    assert sorted(incident.state for incident in found) == ["gone", "held"]
    assert follow(found, [hiccup, gone, held, never]) == found


def test_a_source_that_is_removed_closes_its_incident(bakery) -> None:
    (incident,) = follow([], [failing(bakery)])
    (closed,) = follow([incident], [])

    assert closed.until == incident.since


def test_the_same_moment_twice_gives_two_ids_or_none(bakery) -> None:
    first = follow([], [failing(bakery)])
    closed = follow(first, [bakery.source("ada")])
    again = follow(closed, [failing(bakery, last_attempt=bakery.start + timedelta(hours=2))])

    assert len({(incident.source, incident.since) for incident in again}) == len(again) == 2


def test_only_the_newest_incidents_are_kept_and_no_password_is_told(bakery) -> None:
    old = [
        Incident(source=f"s{n}", title="x", state="gone", since=n, sentence="", advice="", until=n) for n in range(150)
    ]
    record = failing(bakery, detail="https://u:secret@ada.example/feed.xml refuses")
    record = replace(record, source=Source(url="https://u:secret@ada.example/feed.xml"))

    found = follow(old, [record])

    assert len(found) == MOST
    assert b"secret" not in ops_feed("Planet", "https://planet.example/", found, version="1")


def test_no_two_incidents_are_told_under_one_second(bakery) -> None:
    """A host goes down, and with it all its blogs at the same tick."""
    found = follow([], [failing(bakery, name) for name in ("ada", "bob", "eve")])
    data = ops_feed("Planet", "https://planet.example/", found, version="1")
    updated = [element.text for element in etree.fromstring(data).iter("{http://www.w3.org/2005/Atom}updated")]

    assert updated[0] == updated[1]  # the feed's own is that of its newest entry
    assert len(set(updated[1:])) == 3 and updated[1:] == sorted(updated[1:], reverse=True)


def test_the_ops_feed_has_no_finding(bakery, tmp_path: Path, w3c) -> None:
    store = bakery.planet(1)
    store.sources = [failing(bakery), failing(bakery, "bob", hours=2)]
    publish(store, bakery.options(tmp_path))
    (closed,) = follow(follow([], [failing(bakery)]), [bakery.source("ada")])

    assert w3c((tmp_path / "ops.xml").read_bytes(), "https://planet.example/ops.xml") == []
    data = ops_feed("Planet & <co>", "https://planet.example/", [closed], version="1")
    assert w3c(data, "https://planet.example/ops.xml") == []
