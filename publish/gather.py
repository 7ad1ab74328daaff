"""From the store to the entries of one publication.

In:  a store; a publication; the records of all sources; `now`, for `max_age` only.
Out: the stored entries to publish, in order; the lines of all entries that belong to it.
Never: renders; reads contents of more entries than a publication can need (`MOST_LOOKED_AT`).
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from operator import attrgetter
from typing import Protocol

from feedmill.feeds.deny import DenyList
from feedmill.feeds.entry import Origin, StoredEntry
from feedmill.feeds.publication import Publication
from feedmill.feeds.source import SourceRecord
from feedmill.publish.about import named_urn
from feedmill.publish.ledger import digest
from feedmill.publish.merge import merge, site_hosts
from feedmill.publish.select import fair, in_order, named_sources, wanted
from feedmill.publish.share import Shares, share_out
from feedmill.publish.weight import within

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
    def tagged(self, tags: Sequence[str], since: int | None = None) -> dict[str, set[int]]: ...
    def extras(self, entry_rows: Sequence[int]) -> dict[int, dict[str, str]]: ...
    def retractions(self) -> Sequence[Retraction]: ...
    def icons(self) -> dict[str, str]: ...
    def icon(self, name: str) -> bytes | None: ...
    def meta(self, key: str) -> str | None: ...
    def set_meta(self, key: str, value: str | None) -> None: ...


@dataclass(kw_only=True)
class Planet:
    """What all publications of one edition share: read once, when it is first asked for."""

    records: Sequence[SourceRecord]
    deny: DenyList
    now: datetime
    _outline: Sequence[Line] | None = field(default=None, init=False, repr=False, compare=False)

    def outline(self, store: Memory) -> Sequence[Line]:
        """Every visible entry in outline, newest first."""
        if self._outline is None:
            self._outline = store.outline()
        return self._outline

    @cached_property
    def about(self) -> Mapping[int, str]:
        """What entries and pages say of each source, by its row, as a key: its state, which moves, is not in it."""
        return {record.row: about_key(record) for record in self.records}


_ROW, _FINGERPRINT = attrgetter("row"), attrgetter("fingerprint")
_SAID = attrgetter(*(part.name for part in fields(Origin)))


def in_time(line: Placed) -> tuple[int, int, int]:
    """The order of the store: by place; of one moment the source that was configured first is the newest."""
    return line.sort_at, -line.source, line.row


def about_key(record: SourceRecord) -> str:
    """See `Planet.about`."""
    source, podcast = record.source, record.channel.podcast
    return f"{source.url}\0{source.title}\0{source.tags}\0{_SAID(record.channel.about)}{podcast or ''}"


def outline_key(lines: Sequence[Line]) -> str:
    """A short name of these entries in this order, and of what readers see of them."""
    rows = array("q", map(_ROW, lines))
    return digest(rows.tobytes(), "\0".join(map(_FINGERPRINT, lines)).encode("utf-8", "surrogatepass"))


def newest(store: Memory, publication: Publication, planet: Planet) -> list[StoredEntry]:
    """The entries that the publication shows."""
    return gather(store, publication, planet).shown


def gather(store: Memory, publication: Publication, planet: Planet) -> Shares:
    """What the publication shows, and what stands back: asked for in growing numbers until there is enough of it."""
    if publication.profile == "digest":
        return _within(Shares(shown=_days(store, publication, planet), over=[]), publication)
    shown, over = remembered_shares(store, publication)
    chosen = publication.select
    shares = Shares(shown=[], over=[])
    for ordered, has_all, followers in _readings(store, publication, planet):
        if chosen.fair and chosen.per_source is None:
            shares = share_out(ordered, limit=publication.limit, shown=shown, over=over)
        else:
            shares = Shares(shown=ordered[: publication.limit], over=[])
        shares = replace(shares, followers=followers, is_all=has_all and len(ordered) == len(shares.shown))
        if len(shares.shown) == publication.limit and shares.is_sure:
            break
    return _within(shares, publication)


def _within(shares: Shares, publication: Publication) -> Shares:
    """No more than the publication's feeds may weigh (check A18)."""
    room = within(shares.shown, publication)
    if room == len(shares.shown):
        return shares
    return replace(shares, shown=shares.shown[:room], too_much=shares.shown[room:], is_all=False)


def _readings(
    store: Memory, publication: Publication, planet: Planet
) -> Iterator[tuple[list[StoredEntry], bool, dict[int, int]]]:
    """The newest entries that are wanted, merged, in the order of a feed: more and more of them; whether the store has
    no others; and which rows are copies of which."""
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
        clusters = merge(kept, sites, older=older)
        followers: dict[int, int] = {}
        for cluster in clusters:
            followers |= cluster.followers
        ordered = in_order(fair([cluster.shown for cluster in clusters], publication))
        yield ordered, len(found) < asked, followers
        if len(found) < asked or asked >= MOST_LOOKED_AT:
            return
        asked = min(MOST_LOOKED_AT, asked * 4)


def _days(store: Memory, publication: Publication, planet: Planet) -> list[StoredEntry]:
    """The daily digests that the publication shows."""
    from feedmill.publish.daily import LATE, digests

    feed_id = store.publication_id(publication.path, lambda: named_urn(publication.url))
    kept = store.meta(f"digest:{publication.path}")
    since = datetime.fromtimestamp(int(kept), UTC) if kept else planet.now
    made: list[StoredEntry] = []
    for ordered, has_all, _ in _readings(store, publication, planet):
        made = digests(ordered, publication, planet.records, feed_id=feed_id, since=since, now=planet.now)
        if ordered and not has_all:  # a day is whole when entries were read that are too old for it
            whole = ordered[-1].sort_at + LATE + timedelta(days=1)
            made = [day for day in made if day.sort_at > whole]
        if len(made) >= publication.limit:
            break
    return made[: publication.limit]


def remember_days(store: Memory, publication: Publication, now: datetime) -> None:
    """When the first digest was made, and the last day that one was made of."""
    from feedmill.publish.daily import last_day

    if store.meta(f"digest:{publication.path}") is None:
        store.set_meta(f"digest:{publication.path}", str(int(now.timestamp())))
    if store.meta(f"digest-day:{publication.path}") != last_day(publication, now):
        store.set_meta(f"digest-day:{publication.path}", last_day(publication, now))


def a_day_is_over(store: Memory, publications: Iterable[Publication], now: datetime) -> bool:
    """Whether a digest is due that has not been made, though no entry may have come."""
    from feedmill.publish.daily import last_day

    return any(
        store.meta(f"digest-day:{publication.path}") != last_day(publication, now)
        for publication in publications
        if publication.profile == "digest"
    )


def remembered_shares(store: Memory, publication: Publication) -> tuple[list[str], list[str]]:
    """(ids that were shown last time, ids that stood back); none when something else was asked for."""
    kept = store.meta(f"shares:{publication.path}")
    if not kept:
        return [], []
    asked, shown, over = json.loads(kept)
    return (shown, over) if asked == _asked(publication) else ([], [])


def remember_shares(store: Memory, publication: Publication, shares: Shares) -> None:
    """For the next edition; nothing, as long as nobody stands back."""
    key, text = f"shares:{publication.path}", None
    if shares.over:
        kept = [*shares.shown, *shares.too_much]
        ids = [[stored.entry.id for stored in each] for each in (kept, shares.over)]
        text = json.dumps([_asked(publication), *ids], separators=(",", ":"))
    if text != store.meta(key):
        store.set_meta(key, text)


def _asked(publication: Publication) -> str:
    return digest(publication.tags, publication.select, publication.limit, publication.profile)


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
    publication: Publication, planet: Planet, lines: Sequence[Line], *, tagged: Mapping[str, set[int]]
) -> Sequence[Line]:
    """The lines of all entries of its sources and tags, whatever their age: for archives, search and branches."""
    urls = named_sources(publication, planet.records)
    if urls is None and not publication.tags:
        return lines
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
