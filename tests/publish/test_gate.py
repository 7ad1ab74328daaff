"""The gate: what readers have must not vanish at once; an edition goes out whole or not at all."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from feedmill.feeds.publication import Selection
from feedmill.publish import render as rendering
from feedmill.publish.edition import publish


def files(folder: Path) -> dict[str, bytes]:
    status = {"status.json", "status.html"}
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name not in status}


def test_an_edition_that_would_lose_most_of_its_entries_is_held_and_the_status_says_so(bakery, tmp_path: Path) -> None:
    store, options = bakery.planet(5), bakery.options(tmp_path)
    publish(store, options)
    before = files(tmp_path)
    store.entries = store.entries[:3]

    held = publish(store, options)
    again = publish(store, options)
    store.entries = bakery.planet(5).entries
    back = publish(store, options)

    assert [problem for problem in held.problems if "it would lose 7 of its 10 entries at once" in problem]
    assert held.publications[0].held == again.publications[0].held != ""
    assert files(tmp_path) == before
    assert (back.problems, back.publications[0].held) == ((), "")


def test_the_status_files_tell_of_a_held_edition(bakery, tmp_path: Path) -> None:
    store, options = bakery.planet(5), bakery.options(tmp_path)
    publish(store, options)
    store.entries = []
    publish(store, options)

    status = json.loads((tmp_path / "status.json").read_text())
    assert "it would lose 10 of its 10 entries" in status["publications"][0]["held"]
    assert "held back" in (tmp_path / "status.html").read_text()


def test_the_operator_may_let_it_go_out(bakery, tmp_path: Path) -> None:
    store, options = bakery.planet(5), bakery.options(tmp_path)
    publish(store, options)
    store.entries = store.entries[:1]

    report = publish(store, options, accept_loss=True)

    assert (report.problems, publish(store, options).problems) == ((), ())
    assert len(json.loads((tmp_path / "feed.json").read_text())["items"]) == 1


@pytest.mark.parametrize("way", ["pushed out", "configured", "taken down", "aged", "few", "half", "never"])
def test_what_leaves_in_the_normal_way_passes(bakery, tmp_path: Path, way: str) -> None:
    store = bakery.planet(5)
    publication = bakery.publication(limit=10)
    if way == "aged":
        publication = replace(publication, select=Selection(max_age=timedelta(days=2)))
    if way == "never":
        publication = replace(publication, max_loss=1.0)
    if way == "few":
        store.entries = store.entries[:3]
    now = bakery.start + timedelta(days=1)
    publish(store, bakery.options(tmp_path, publication), now=now)
    if way == "pushed out":
        store.entries = [bakery.entry(n) for n in range(20, 30)]
    elif way == "configured":
        publication = replace(publication, tags=("nothing",))
    elif way == "taken down":
        store.gone = {stored.row: now for stored in store.entries[:9]}
    elif way == "aged":
        now += timedelta(days=9)
    elif way == "few":
        store.entries = []
    elif way == "half":
        store.entries = store.entries[:5]
    else:
        store.entries = []

    assert publish(store, bakery.options(tmp_path, publication), now=now).problems == ()


@pytest.mark.parametrize("kind", ["atom", "rss", "json", "opml"])
def test_when_one_feed_fails_the_last_good_edition_stays_whole(bakery, tmp_path: Path, monkeypatch, kind: str) -> None:
    publish(bakery.planet(1), bakery.options(tmp_path))
    before = files(tmp_path)
    monkeypatch.setitem(rendering._RENDERERS, kind, lambda *_: (b"<broken", 1, ()))
    store = bakery.planet(2)
    store.sources.append(bakery.source("eve"))

    report = publish(store, bakery.options(tmp_path))
    after = files(tmp_path)
    monkeypatch.undo()

    assert [problem for problem in report.problems if "the last good edition stays whole" in problem]
    feeds = {name for name in before if name.endswith((".xml", ".json", ".opml"))}
    assert {name: after[name] for name in feeds} == {name: before[name] for name in feeds}
    assert publish(store, bakery.options(tmp_path)).problems == ()
    assert len(json.loads((tmp_path / "feed.json").read_text())["items"]) == 4


def test_the_gate_survives_a_lost_ledger(bakery, tmp_path: Path) -> None:
    store, options = bakery.planet(2), bakery.options(tmp_path)
    publish(store, options)
    store.metas["edition:"] = "{broken"

    report = publish(store, options)

    assert (report.problems, report.written) == ((), ())
