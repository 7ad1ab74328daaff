"""Where one entry is shown, at which place, and why a publication leaves it out.

In:  the store (read only), the publications' own selections, an entry.
Out: sentences and places.
Never: tells of a publication more than its own selection does; renders one to find out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from feedmill.feeds.deny import DenyList
from feedmill.feeds.publication import Publication, Selection
from feedmill.feeds.update import FILTERED, WITHDRAWN
from feedmill.ingest.withdrawal import said_of
from feedmill.output import counted
from feedmill.publish.gather import Planet, gather, newest
from feedmill.publish.merge import merge, site_hosts
from feedmill.publish.select import wanted

if TYPE_CHECKING:
    from feedmill.config.settings import Settings
    from feedmill.feeds.entry import StoredEntry
    from feedmill.feeds.source import SourceRecord
    from feedmill.feeds.store import Store

# The rules of publish.merge in words.
_MERGED = {"id": "the same id", "link": "the same page", "text": "the same words", "near": "nearly the same words"}


class Showing:
    """The publications as they would be made now; each is gathered once."""

    def __init__(self, store: Store, settings: Settings, records: dict[str, SourceRecord], *, now: datetime) -> None:
        self._store = store
        self._records = records
        self._planet = Planet(records=list(records.values()), deny=DenyList(settings.publish.deny), now=now)
        self._shown: dict[str, list[StoredEntry]] = {}

    def standing(self, stored: StoredEntry, record: SourceRecord | None) -> Iterator[str]:
        """What keeps it from being shown anywhere."""
        if self.is_taken_down(stored, record):
            yield "Nowhere: it was taken down. Its words are gone; its id stays, so that it does not come back."
        reason = stored.held_reason
        if reason is None:
            if record is not None and (said := said_of(self._store, record.row, stored.row)):
                yield f"It is {said}."
            return
        if reason.startswith(FILTERED):
            yield f"Nowhere: your rule {reason.removeprefix(FILTERED)}."
            yield f"Change the rule, then `feedmill reclean {stored.source_url}` brings it forward."
        elif reason.startswith(WITHDRAWN):
            yield f"Nowhere: it was deleted at its source: {reason.removeprefix(WITHDRAWN)}."
            yield "It comes back, as the same entry, when its feed lists it again."
        else:
            yield f"Nowhere yet, it is held back: {reason}."

    def is_taken_down(self, stored: StoredEntry, record: SourceRecord | None) -> bool:
        """Its id is all that is kept of it."""
        if record is None or stored.entry.title:
            return False
        memory = self._store.known(record.row, [stored.entry.guid]).get(stored.entry.guid)
        return memory is not None and memory.pruned

    def fate(self, publication: Publication, stored: StoredEntry) -> tuple[int | None, int, str]:
        """(place from 1, of how many, a sentence) for one publication."""
        name = publication.path or "the root"
        shown = self._newest(publication)
        for place, other in enumerate(shown, 1):
            yes = f"{name}: yes, as entry {place} of {len(shown)}"
            if other.row == stored.row:
                return place, len(shown), f"{yes}, {publication.url}{_also(other)}"
            if stored.source_url in other.also_in and (how := self._merged(other, stored)):
                return place, len(shown), f"{yes}, merged with what {other.source_url} has: {how}"
        return None, len(shown), f"{name}: no, {self._why_not(publication, stored, shown)}"

    def _merged(self, other: StoredEntry, stored: StoredEntry) -> str:
        """By which rule the entry is one with another that stands for it; "" when it is not."""
        clusters = merge([*self._store.pick([other.row]), stored], site_hosts(self._planet.records))
        if len(clusters) != 1:
            return ""
        rules = dict(clusters[0].merged)
        return _MERGED.get(rules.get(stored.row) or rules.get(other.row, ""), "the same post")

    def _newest(self, publication: Publication) -> list[StoredEntry]:
        if publication.path not in self._shown:
            self._shown[publication.path] = newest(self._store, publication, self._planet)
        return self._shown[publication.path]

    def _why_not(self, publication: Publication, stored: StoredEntry, shown: Sequence[StoredEntry]) -> str:
        record = self._records.get(stored.source_url)
        if record is None:
            return "its source is not in the configuration any more"
        if stored.held_reason is not None:
            return "see above"
        if self.is_taken_down(stored, record):
            return "it was taken down"
        if reason := self._planet.deny.entry(stored.entry, stored.source_url):
            return reason
        if publication.tags and not _shares_tag(publication, stored, record):
            return f"neither the entry nor its source has the tag {' or '.join(publication.tags)}"
        if unwanted := self._unwanted(publication, stored):
            return unwanted
        if len(shown) >= publication.limit and (stored.sort_at, stored.row) < (shown[-1].sort_at, shown[-1].row):
            newer = counted(publication.limit, "entry is", "entries are")
            return f"{newer} newer (limit = {publication.limit})"
        shares = gather(self._store, publication, self._planet)
        if shares.too_much and stored.sort_at <= shares.too_much[0].sort_at:
            newer = counted(len(shown), "newer entry fills", "newer entries fill")
            return f"{newer} the feed (max_size = {publication.max_bytes / 1e6:g}MB)"
        most = publication.select.per_source
        if most is not None:
            return f"its source has its share of the time window already (per_source = {most})"
        if any(other.row == stored.row for other in shares.over):
            return "its source has its share of the feed, a quarter, with newer entries while others post (fair = true)"
        return "another entry stands for it"

    def _unwanted(self, publication: Publication, stored: StoredEntry) -> str:
        """The first key of the publication's selection that leaves the entry out."""
        chosen = publication.select
        if chosen.sources:
            named = {name.casefold().rstrip("/") for name in chosen.sources}
            record = self._records[stored.source_url]
            if stored.source_url.casefold().rstrip("/") not in named and record.title.casefold() not in named:
                return "its source is not among the publication's sources"
        for name in ("words", "authors", "languages", "max_age", "where"):
            value = getattr(chosen, name)
            alone = replace(publication, tags=(), profile="full", select=Selection(**{name: value})) if value else None
            test = wanted(alone, self._planet.records, DenyList(), now=self._planet.now) if alone else None
            if test is not None and not test(stored):
                return f"the publication's {name} leaves it out"
        if publication.profile == "podcast":
            test = wanted(
                replace(publication, select=Selection()), self._planet.records, DenyList(), now=self._planet.now
            )
            if test is not None and not test(stored):
                return "it has no audio or video, and the publication is a podcast"
        return ""


def _also(stored: StoredEntry) -> str:
    return f"; also in {', '.join(stored.also_in)}" if stored.also_in else ""


def _shares_tag(publication: Publication, stored: StoredEntry, record: SourceRecord) -> bool:
    asked = {tag.casefold() for tag in publication.tags}
    return not asked.isdisjoint(tag.casefold() for tag in (*record.source.tags, *stored.entry.categories))
