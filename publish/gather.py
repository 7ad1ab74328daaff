"""From the store to the entries of one publication.

In:  a store; a publication; the records of all sources; `now`, for `max_age` only.
Out: the stored entries to publish, in order; the lines of all entries that belong to it.
Never: renders; reads contents of more entries than a publication can need (`MOST_LOOKED_AT`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from feedmill.feeds.deny import DenyList
from feedmill.feeds.entry import StoredEntry
from feedmill.feeds.publication import Publication
from feedmill.feeds.source import SourceRecord
from feedmill.publish.merge import merge, site_hosts
from feedmill.publish.select import fair, named_sources, select, wanted

SPARE = 1.25  # how many more entries are asked for, as some are the same entry from several sources
MOST_LOOKED_AT = 5000  # entries that are read to find those that a publication wants
_AT_FIRST = 4  # times the limit, when most will not be wanted


class Counts(Protocol):
    """What `store.counts()` answers."""

    @property
    def entries(self) -> int: ...


class Placed(Protocol):
    """An entry's place: see feeds.store_outline."""

    @property
    def row(self) -> int: ...
    @property
    def source(self) -> int: ...
    @property
    def sort_at(self) -> int: ...


class Line(Placed, Protocol):
    """An entry in outline."""

    @property
    def fingerprint(self) -> str: ...


class Headline(Placed, Protocol):
    """What a list shows of an entry."""

    @property
    def id(self) -> str: ...
    @property
    def url(self) -> str | None: ...
    @property
    def title(self) -> str: ...
    @property
    def summary(self) -> str: ...


class Retraction(Protocol):
    """An entry that was taken down: see feeds.store_outline."""

    @property
    def row(self) -> int: ...
    @property
    def source_url(self) -> str: ...
    @property
    def id(self) -> str: ...
    @property
    def at(self) -> datetime: ...


class Memory(Protocol):
    """The part of the store that publishing reads, and `meta`, where it remembers what it delivered."""

    def latest(
        self, *, limit: int, tags: Sequence[str] = (), source_urls: Sequence[str] | None = None
    ) -> list[StoredEntry]: ...
    def companions(self, of: Sequence[StoredEntry]) -> list[StoredEntry]: ...
    def records(self) -> list[SourceRecord]: ...
    def counts(self) -> Counts: ...
    def publication_id(self, path: str, make: Callable[[], str]) -> str: ...
    def outline(self) -> Sequence[Line]: ...
    def headlines(self, entry_rows: Sequence[int]) -> Sequence[Headline]: ...
    def pick(self, entry_rows: Sequence[int]) -> list[StoredEntry]: ...
    def tagged(self, tags: Sequence[str]) -> dict[str, set[int]]: ...
    def extras(self, entry_rows: Sequence[int]) -> dict[int, dict[str, str]]: ...
    def retractions(self) -> Sequence[Retraction]: ...
    def meta(self, key: str) -> str | None: ...
    def set_meta(self, key: str, value: str | None) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Planet:
    """What all publications of one edition share: read once."""

    records: Sequence[SourceRecord]
    deny: DenyList
    now: datetime


def newest(store: Memory, publication: Publication, planet: Planet) -> list[StoredEntry]:
    """The entries that the publication shows: asked for in growing numbers until there are enough of them."""
    test = wanted(publication, planet.records, planet.deny, now=planet.now)
    urls = named_sources(publication, planet.records)
    belongs, sites = _membership(publication, planet, urls), site_hosts(planet.records)
    asked = int(publication.limit * SPARE) + 20
    if test is not None and (publication.select.where or publication.select.words):
        asked *= _AT_FIRST
    while True:
        found = store.latest(limit=asked, tags=publication.tags, source_urls=urls)
        kept = found if test is None else [stored for stored in found if test(stored)]
        # Older entries matter only where there are some that were not read.
        older = store.companions(kept) if len(found) == asked else []
        older = [stored for stored in older if belongs(stored) and (test is None or test(stored))]
        merged = [cluster.shown for cluster in merge(kept, sites, older=older)]
        chosen = select(fair(merged, publication), limit=publication.limit)
        if len(chosen) == publication.limit or len(found) < asked or asked >= MOST_LOOKED_AT:
            return chosen
        asked = min(MOST_LOOKED_AT, asked * 4)


def _membership(publication: Publication, planet: Planet, urls: Sequence[str] | None) -> Callable[[StoredEntry], bool]:
    """Whether an entry is of the publication's sources and tags: what `latest` asks of the store."""
    tags = {tag.strip().casefold() for tag in publication.tags}
    of_source = {record.source.url: {tag.casefold() for tag in record.source.tags} for record in planet.records}
    named = None if urls is None else set(urls)

    def belongs(stored: StoredEntry) -> bool:
        if named is not None and stored.source_url not in named:
            return False
        own = of_source.get(stored.source_url, set()).union(term.casefold() for term in stored.entry.categories)
        return not tags or not tags.isdisjoint(own)

    return belongs


def belonging(
    publication: Publication, planet: Planet, lines: Sequence[Line], *, tagged: dict[str, set[int]]
) -> list[Line]:
    """The lines of all entries of its sources and tags, whatever their age: for archives, search and branches."""
    urls = named_sources(publication, planet.records)
    if urls is None and not publication.tags:
        return list(lines)
    named = set(urls) if urls is not None else None
    rows = {record.row for record in planet.records if named is None or record.source.url in named}
    if not publication.tags:
        return [line for line in lines if line.source in rows]
    tags = {tag.strip().casefold() for tag in publication.tags}
    with_tag = {
        record.row
        for record in planet.records
        if record.row in rows and any(tag.strip().casefold() in tags for tag in record.source.tags)
    }
    entries: set[int] = set().union(*(tagged.get(tag, set()) for tag in tags))
    return [line for line in lines if line.source in with_tag or (line.source in rows and line.row in entries)]


def extras_of(store: Memory, stored: Iterable[StoredEntry]) -> Mapping[int, Mapping[str, str]]:
    """What the documents said of entries with enclosures, in words of podcasts (check J1); others have none to tell."""
    rows = [each.row for each in stored if each.entry.enclosures]
    return store.extras(rows) if rows else {}


def asks_of_contents(publication: Publication, planet: Planet) -> bool:
    """True when only an entry's content tells whether it belongs to the publication."""
    chosen = publication.select
    asks = chosen.words or chosen.authors or chosen.languages or chosen.where or publication.profile == "podcast"
    return bool(asks or planet.deny)


def in_batches(rows: Iterable[int], size: int = 500) -> Iterable[list[int]]:
    """Rows in handfuls, so that a rebuild of years fits into memory."""
    batch: list[int] = []
    for row in rows:
        batch.append(row)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
