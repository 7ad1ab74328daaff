"""A store in memory, entries and sources to fill it with, and the validators that may be at hand."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from feedmill.feeds.entry import Author, Enclosure, Entry, Origin, StoredEntry
from feedmill.feeds.publication import Publication
from feedmill.feeds.source import Channel, Source, SourceRecord, SourceState, Standing
from feedmill.feeds.store_outline import Headline, Line, Retraction
from feedmill.publish.aggregate import Edition, aggregate
from feedmill.publish.options import PublishOptions

START = datetime(2026, 3, 2, 8, 5, tzinfo=UTC)
URL = "https://planet.example/"


@dataclass
class Counts:
    entries: int
    sources: int


@dataclass
class FakeStore:
    """What publishing asks of a store, in memory; `asked` counts the questions."""

    entries: list[StoredEntry] = field(default_factory=list)
    sources: list[SourceRecord] = field(default_factory=list)
    ids: dict[str, str] = field(default_factory=dict)
    metas: dict[str, str] = field(default_factory=dict)
    said: dict[int, dict[str, str]] = field(default_factory=dict)  # row -> namespaced values
    pictures: dict[str, tuple[str, bytes]] = field(default_factory=dict)  # source URL -> file name and bytes
    gone: dict[int, datetime] = field(default_factory=dict)  # row -> when it was taken down

    def latest(
        self, *, limit: int, tags: Sequence[str] = (), source_urls: Sequence[str] | None = None
    ) -> list[StoredEntry]:
        wanted = {tag.casefold() for tag in tags}
        tagged = {record.source.url: {tag.casefold() for tag in record.source.tags} for record in self.sources}
        found = [
            stored
            for stored in self.visible()
            if (source_urls is None or stored.source_url in source_urls)
            and (
                not wanted
                or wanted & tagged.get(stored.source_url, set())
                or wanted & {category.casefold() for category in stored.entry.categories}
            )
        ]
        return sorted(found, key=lambda stored: (stored.sort_at, stored.row), reverse=True)[:limit]

    def visible(self) -> list[StoredEntry]:
        return [stored for stored in self.entries if stored.row not in self.gone]

    def outline(self) -> list[Line]:
        rows = {record.source.url: record.row for record in self.sources}
        lines = [
            Line(stored.row, rows[stored.source_url], int(stored.sort_at.timestamp()), repr(stored.entry))
            for stored in self.visible()
            if stored.source_url in rows
        ]
        return sorted(lines, key=lambda line: (line.sort_at, line.row), reverse=True)

    def headlines(self, entry_rows: Sequence[int]) -> list[Headline]:
        rows = {record.source.url: record.row for record in self.sources}
        return [
            Headline(
                stored.row, rows.get(stored.source_url, 0), int(stored.sort_at.timestamp()), stored.entry.id,
                stored.entry.url, stored.entry.title, stored.entry.summary,
            )
            for stored in self.pick(entry_rows)
        ]  # fmt: skip

    def pick(self, entry_rows: Sequence[int]) -> list[StoredEntry]:
        by_row = {stored.row: stored for stored in self.entries}
        return [by_row[row] for row in entry_rows if row in by_row]

    def tagged(self, tags: Sequence[str], since: int | None = None) -> dict[str, set[int]]:
        return {
            tag.casefold(): {
                stored.row
                for stored in self.entries
                if tag.casefold() in {category.casefold() for category in stored.entry.categories}
                and (since is None or stored.sort_at.timestamp() >= since)
            }
            for tag in tags
        }

    def extras(self, entry_rows: Sequence[int]) -> dict[int, dict[str, str]]:
        return {row: self.said[row] for row in entry_rows if row in self.said}

    def retractions(self) -> list[Retraction]:
        return [
            Retraction(
                row=stored.row, source_url=stored.source_url, id=stored.entry.id, url=None, at=self.gone[stored.row]
            )
            for stored in self.entries
            if stored.row in self.gone
        ]

    def icons(self) -> dict[str, str]:
        return {url: name for url, (name, _) in self.pictures.items()}

    def icon(self, name: str) -> bytes | None:
        return dict(self.pictures.values()).get(name)

    def meta(self, key: str) -> str | None:
        return self.metas.get(key)

    def set_meta(self, key: str, value: str | None) -> None:
        if value is None:
            self.metas.pop(key, None)
        else:
            self.metas[key] = value

    def companions(self, of: Sequence[StoredEntry]) -> list[StoredEntry]:
        return []

    def records(self) -> list[SourceRecord]:
        return list(self.sources)

    def counts(self) -> Counts:
        return Counts(entries=len(self.entries), sources=len(self.sources))

    def publication_id(self, path: str, make: Callable[[], str]) -> str:
        return self.ids.setdefault(path, make())


class Bakery:
    """Makes entries, sources and options that differ only in what a test says."""

    url = URL
    start = START
    store = FakeStore

    def source(self, name: str = "ada", **state: Any) -> SourceRecord:
        return SourceRecord(
            row=sum(name.encode()),
            source=Source(url=f"https://{name}.example/feed.xml", tags=("python",) if name == "ada" else ()),
            channel=Channel(
                format="atom10",
                about=Origin(
                    id=f"tag:{name}.example,2020:blog",
                    title=f"The {name} blog",
                    url=f"https://{name}.example/feed.xml",
                    site_url=f"https://{name}.example/",
                    subtitle=f"Notes & queries of {name}",
                    authors=(Author(name=name.title(), url=f"https://{name}.example/me"),),
                    language="en-GB",
                    rights=f"© {name}",
                    icon=f"https://{name}.example/icon.png",
                ),
            ),
            state=SourceState(**{"standing": Standing.ACTIVE, "last_status": 200, "last_success": START, **state}),
            entries=3,
        )

    def entry(self, number: int = 1, source: str = "ada", **fields: Any) -> StoredEntry:
        at = START + timedelta(hours=number)
        given: dict[str, Any] = {
            "id": f"https://{source}.example/{number}",
            "guid": f"guid-{number}",
            "url": f"https://{source}.example/{number}",
            "title": f'Cats & "dogs" <3, part {number}',
            "published": at,
            "updated": at + timedelta(minutes=5),
            "authors": (Author(name="Ada Lovelace", url=f"https://{source}.example/me"),),
            "language": "en",
            "summary": f"The first sentence of {number}, with <b> & co.",
            "content_html": f"<h1>Part</h1><p>The first sentence of {number}, with &lt;b&gt; &amp; co.</p><p>And a "
            f'<a href="https://elsewhere.example/?a=1&amp;b=2">link</a>.</p>',
            "content_text": f"Part\n\nThe first sentence of {number}, with <b> & co.\n\nAnd a link.",
            "categories": ("python", "cats & dogs"),
        }
        given.update(fields)
        return StoredEntry(
            row=number,
            source_url=f"https://{source}.example/feed.xml",
            entry=Entry(**given),
            first_seen=at + timedelta(minutes=30),
            sort_at=at,
        )

    def enclosure(self, name: str = "a.mp3", **fields: Any) -> Enclosure:
        return Enclosure(
            **{"url": f"https://ada.example/{name}", "media_type": "audio/mpeg", "length": 123456, **fields}
        )

    def publication(self, **fields: Any) -> Publication:
        return Publication(**{"title": "Planet Example", "url": URL, "language": "en", **fields})

    def options(self, output: Path, *publications: Publication) -> PublishOptions:
        return PublishOptions(
            output=output, title="Planet Example", url=URL, publications=publications or (self.publication(),)
        )

    def planet(self, count: int = 3) -> FakeStore:
        """A store with two sources and `count` entries of each."""
        entries = [
            self.entry(number * 2 + offset, source)
            for number in range(count)
            for offset, source in enumerate(("ada", "bob"))
        ]
        return FakeStore(entries=entries, sources=[self.source("ada"), self.source("bob")])


@pytest.fixture
def bakery() -> Bakery:
    return Bakery()


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder beside the repository with schemas that are not ours to commit."""
    folder = Path(os.environ.get("FEEDMILL_SHARED", Path(__file__).parents[2].parent / "shared"))
    if not folder.is_dir():
        pytest.skip("the shared folder with the schemas is not there (FEEDMILL_SHARED)")
    return folder


@pytest.fixture(scope="session")
def w3c() -> Callable[[bytes, str], list[str]]:
    """The W3C feed validator as a library: findings at its AA level, one word and the parameters each."""
    folder = os.environ.get("FEEDMILL_FEEDVALIDATOR")
    if not folder:
        pytest.skip("FEEDMILL_FEEDVALIDATOR does not name a checkout of the W3C feed validator")
    validator = _load_validator(Path(folder))

    def findings(data: bytes, url: str) -> list[str]:
        result = validator.validateString(data, firstOccurrenceOnly=0, base=url)
        events = validator.compatibility.AA(result["loggedEvents"])
        return [f"{type(event).__name__} {event.params}" for event in events]

    return findings


def _load_validator(folder: Path) -> ModuleType:
    import importlib
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sys.path.insert(0, str(folder / "src"))
        try:
            validator = importlib.import_module("feedvalidator")
            importlib.import_module("feedvalidator.compatibility")
        except ImportError as error:
            pytest.skip(f"the W3C feed validator cannot be imported: {error}")
        finally:
            sys.path.remove(str(folder / "src"))
    return validator


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, int], AbstractContextManager[None]]:
    """While it lasts, the n-th call of a function of `os` finds the disk full."""

    @contextmanager
    def fail(call: str, number: int) -> Iterator[None]:
        real, calls = getattr(os, call), count(1)

        def failing(*given: Any, **named: Any) -> Any:
            if next(calls) == number:
                raise OSError(28, "No space left on device")
            return real(*given, **named)

        monkeypatch.setattr(os, call, failing)
        try:
            yield
        finally:
            monkeypatch.setattr(os, call, real)

    return fail


@pytest.fixture
def make_edition(bakery: Bakery) -> Callable[..., Edition]:
    def made(*stored: StoredEntry, **publication: Any) -> Edition:
        """The edition of these entries, in their order."""
        return aggregate(
            bakery.publication(**publication),
            stored,
            [bakery.source("ada"), bakery.source("bob")],
            feed_id="urn:uuid:1225c695-cfb8-4ebb-aaaa-80da344efa6a",
            generator_version="0.1.0",
        )

    return made
