"""What is published bit by bit is, byte for byte, what would be published anew; and nothing else is rendered."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from feedmill.feeds.outcome import FetchRecord
from feedmill.feeds.source import Channel, Source, SourceState, Standing
from feedmill.feeds.store import Store
from feedmill.feeds.update import EntryUpdate, UpdatePlan
from feedmill.ingest.normalize import fingerprint
from feedmill.publish import branching, months
from feedmill.publish import ledger as ledgers
from feedmill.publish.edition import publish

NAMES = ("ada", "bob", "cleo", "dev")
TERMS = ("python", "cats & dogs", "maps", "radio")
# What is meant to depend on the past: closed archive documents, the date of the list, and what moves at every look.
OF_THE_PAST = ("subscriptions.opml", "status.html", "status.json")


class World:
    """A store with four sources that somebody keeps changing."""

    def __init__(self, bakery, store: Store, seed: int) -> None:
        self.bakery = bakery
        self.store = store
        self.chance = random.Random(seed)
        self.now = bakery.start + timedelta(days=90)
        self.numbers = 0
        self.titles = dict.fromkeys(NAMES, "")
        self.sources = [
            Source(url=f"https://{name}.example/feed.xml", tags=(TERMS[at % 2],)) for at, name in enumerate(NAMES)
        ]
        store.reconcile(self.sources, self.now)
        for name in NAMES:
            self.post(name, 12)

    def update(self, name: str, number: int) -> EntryUpdate:
        chance = self.chance
        at = self.bakery.start + timedelta(hours=number * 37 % 2000)
        words = f"{name} {number} {chance.random()}"
        given = self.bakery.entry(number, name).entry
        entry = replace(
            given,
            title=words,
            published=at,
            updated=at + timedelta(minutes=chance.randrange(99)),
            content_html=f"<p>{words}</p>",
            content_text=words,
            summary=words,
            categories=tuple(chance.sample(TERMS, chance.randrange(3))),
            image=chance.choice((None, f"https://{name}.example/{chance.randrange(9)}.png")),
            enclosures=chance.choice(((), (self.bakery.enclosure(),))),
        )
        raw = f'{{"extras":{{"itunes:duration":"{chance.randrange(9)}:00"}}}}'
        return EntryUpdate(
            entry=entry, raw=raw, raw_hash=raw, fingerprint=fingerprint(entry), recipe="r",
            canonical_key=None if entry.url is None else entry.url.partition("//")[2],
        )  # fmt: skip

    def commit(self, name: str, new=(), changed=()) -> None:
        (claim,) = self.store.claim(
            self.now, limit=1, lease=timedelta(minutes=5), force=True, urls=[f"https://{name}.example/feed.xml"]
        )
        about = self.bakery.source(name).channel.about
        plan = UpdatePlan(
            source_row=claim.record.row,
            lease=claim.lease,
            state=SourceState(standing=Standing.ACTIVE, last_status=200, last_success=self.now),
            record=FetchRecord(at=self.now, status=200, outcome="fetched", new=len(new)),
            new=tuple(new),
            changed=tuple(changed),
            channel=Channel(format="atom10", about=replace(about, title=about.title + self.titles[name])),
        )
        assert self.store.commit([plan], self.now) == [True]

    def post(self, name: str, count: int) -> None:
        numbers = range(self.numbers + 1, self.numbers + 1 + count)
        self.numbers += count
        self.commit(name, new=[self.update(name, number) for number in numbers])

    def edit(self, name: str) -> None:
        row = self.chance.choice([line.row for line in self.store.outline()])
        (stored,) = self.store.pick([row])
        name, number = stored.source_url.partition("//")[2].partition(".")[0], int(stored.entry.guid.partition("-")[2])
        known = self.store.known(self._row(name), [stored.entry.guid])[stored.entry.guid]
        update = self.update(name, number)
        if self.chance.random() < 0.3:  # only what stands beside the words
            entry = replace(stored.entry, image=update.entry.image, enclosures=update.entry.enclosures)
            update = replace(update, entry=entry, fingerprint=known.fingerprint, revised=False)
        self.commit(name, changed=[replace(update, known=known)])

    def _row(self, name: str) -> int:
        return self.store.records([f"https://{name}.example/feed.xml"])[0].row

    def step(self) -> None:
        """One of the things that happen to a planet."""
        name = self.chance.choice(NAMES)
        what = self.chance.randrange(8)
        rows = [line.row for line in self.store.outline()]
        if what <= 1:
            self.edit(name)
        elif what <= 3:
            self.post(name, self.chance.randrange(1, 4))
        elif what == 4:
            self.store.hold_entries(self.chance.sample(rows, 2), "a flood", self.now)
        elif what == 5:
            self.store.release_entries([held.entry.row for held in self.store.held()])
        elif what == 6:
            self.store.take_down(self.chance.sample(rows, 1), self.now)
        elif self.chance.random() < 0.5:
            self.titles[name] = f" {self.chance.randrange(99)}"
            self.commit(name)
        else:
            at = NAMES.index(name)
            self.sources[at] = replace(self.sources[at], tags=tuple(self.chance.sample(TERMS, 1)))
            self.store.reconcile(self.sources, self.now)


def files(folder: Path) -> dict[str, bytes]:
    found = {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
    return {name: data for name, data in found.items() if not _is_of_the_past(name.removesuffix(".gz"))}


def _is_of_the_past(name: str) -> bool:
    return name in OF_THE_PAST or name.endswith("/subscriptions.opml") or _is_archive(name)


def _is_archive(name: str) -> bool:
    return "archive/" in name and name.endswith(".xml")


@pytest.mark.parametrize("seed", range(4))
def test_an_edition_of_many_small_steps_has_the_bytes_of_one_made_anew(
    bakery, tmp_path: Path, monkeypatch, seed: int
) -> None:
    """Four planets of four sources, six editions each, with several publications, months, days, and twins."""
    monkeypatch.setattr(months, "MOST_ON_PAGE", 12)
    monkeypatch.setattr(branching, "MOST_OF_BRANCH", 14)
    monkeypatch.setattr(branching, "_LOOKED_THROUGH", (40, 2400)[seed % 2])
    all_of_it = bakery.publication(limit=9, archive=True, search=True, source_feeds=True, tag_feeds=True, max_loss=1.0)
    some = replace(
        all_of_it, path="some", url=f"{bakery.url}some/", tags=("python",), limit=5,
        profile=("excerpt", "podcast")[seed % 2],
        select=replace(all_of_it.select, per_source=2),
    )  # fmt: skip
    options = replace(bakery.options(tmp_path / "out", all_of_it, some), precompress=("gzip",))
    with Store.open(tmp_path / "a.db") as store:
        world = World(bakery, store, seed)
        for edition in range(6):
            for _ in range(world.chance.randrange(1, 3)):
                world.step()
            report = publish(store, options, now=world.now)
            kept = {key: store.meta(key) for key in ("edition:", "edition:some", "incidents")}
            anew = replace(options, output=tmp_path / f"anew{edition}")
            with monkeypatch.context() as elsewhere:
                elsewhere.setattr(branching, "_LOOKED_THROUGH", 5)  # then each tag asks for all of its entries
                publish(store, anew, now=world.now)
            for key, value in kept.items():
                store.set_meta(key, value)

            assert report.problems == ()
            assert files(options.output) == files(anew.output), edition


def test_one_edit_makes_only_what_shows_the_entry_anew(bakery, tmp_path: Path, monkeypatch) -> None:
    """Its source's and its tags' files, its month; and the feeds when it is in them. The others are not rendered."""
    options = bakery.options(
        tmp_path / "out",
        bakery.publication(limit=3, archive=True, search=True, source_feeds=True, tag_feeds=True, max_loss=1.0),
    )
    put: list[str] = []
    original = ledgers.Ledger.put

    def counted(self, name: str, data: bytes, key: str) -> None:
        put.append(name)
        original(self, name, data, key)

    monkeypatch.setattr(ledgers.Ledger, "put", counted)
    with Store.open(tmp_path / "a.db") as store:
        world = World(bakery, store, 1)
        publish(store, options, now=world.now)
        oldest = store.outline()[-1]
        (stored,) = store.pick([oldest.row])
        name = stored.source_url.partition("//")[2].partition(".")[0]
        known = store.known(oldest.source, [stored.entry.guid])[stored.entry.guid]
        entry = replace(stored.entry, title="Other words", categories=stored.entry.categories)
        update = replace(world.update(name, 1), entry=entry, fingerprint="other", known=known)
        put.clear()
        world.commit(name, changed=[update])
        publish(store, options, now=world.now)
        rendered = set(put)
        put.clear()
        again = publish(store, options, now=world.now)

    month = f"{stored.sort_at:%Y-%m}"
    tags = {made for made in rendered if made.startswith("tag/")}
    assert rendered - tags == {
        f"source/{name}-example/atom.xml", f"source/{name}-example/index.html", f"archive/{month}.html",
        f"search/{month}.json", "search/months.json",
    }  # fmt: skip
    assert {made.split("/")[1] for made in tags} <= {"python", "cats-dogs"}
    assert (put, again.written) == ([], ())
