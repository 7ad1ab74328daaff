"""Entries in the memory: what can be asked about them, and what can be done to them one by one.

In:  rows, keys, tags, moments.
Out: entries, whole or in outline; how many were touched.
Never: takes in what a source brought (`Store.commit` does), or decides what is to be held or dropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from feedmill.feeds import (
    store_alike,
    store_entries,
    store_holds,
    store_outline,
    store_prune,
    store_replay,
    store_stamps,
)
from feedmill.feeds.entry import StoredEntry
from feedmill.feeds.schema import sources
from feedmill.feeds.store_entries import HeldEntry, Twin
from feedmill.feeds.store_outline import Headline, Line, Retraction
from feedmill.feeds.store_replay import Original
from feedmill.feeds.store_session import StoreSession
from feedmill.feeds.update import EntryUpdate, Remembered

_COUNTS = select(func.coalesce(func.sum(sources.c.entry_count), 0), func.count()).where(sources.c.removed_at.is_(None))


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreCounts:
    """How much is kept: entries of the configured sources, and these sources."""

    entries: int
    sources: int


class EntryMemory(StoreSession):
    """The part of `Store` that answers about entries."""

    def latest(
        self,
        *,
        limit: int,
        tags: Sequence[str] = (),
        before: datetime | None = None,
        source_urls: Sequence[str] | None = None,
    ) -> list[StoredEntry]:
        """The newest entries by (sort_at, row), newest first; held, retracted and removed sources' ones left out.

        `tags`: only entries whose source has one of them or which have one among their categories, in any case.
        `before`: only entries placed before that moment. `source_urls`: only entries of these sources.
        """
        with self._read() as connection:
            return store_entries.latest(connection, limit=limit, tags=tags, before=before, source_urls=source_urls)

    def entry(self, key: str) -> list[StoredEntry]:
        """Every entry whose published id, guid (also a former one) or URL is `key`, whatever its standing."""
        with self._read() as connection:
            return store_entries.entry(connection, key)

    def outline(self) -> list[Line]:
        """Every visible entry in four numbers and words, newest first: what an edition's keys are made of."""
        with self._read() as connection:
            return store_outline.outline(connection)

    def places(self, source_row: int, *, most: int) -> list[tuple[int, int]]:
        """(row, place in epoch seconds) of the newest visible entries of a source, newest first."""
        with self._read() as connection:
            return store_outline.places(connection, source_row, most)

    def headlines(self, entry_rows: Sequence[int]) -> list[Headline]:
        """What a list shows of these entries, in this order, without their content."""
        with self._read() as connection:
            return store_outline.headlines(connection, entry_rows)

    def pick(self, entry_rows: Sequence[int]) -> list[StoredEntry]:
        """These entries with their content, in this order, whatever their standing."""
        with self._read() as connection:
            return store_outline.pick(connection, entry_rows)

    def tagged(self, tags: Sequence[str], since: int | None = None) -> dict[str, set[int]]:
        """The rows of the entries that have these categories, by tag in lower case; of those placed at `since` (epoch
        seconds) or later, when given."""
        with self._read() as connection:
            return store_outline.tagged(connection, tags, since)

    def extras(self, entry_rows: Sequence[int]) -> dict[int, dict[str, str]]:
        """The namespaced values that the documents gave these entries ("itunes:duration"), by row."""
        with self._read() as connection:
            return store_outline.extras(connection, entry_rows)

    def retractions(self) -> list[Retraction]:
        """What was taken down or withdrawn at its source, and not pruned since, the last one first."""
        with self._read() as connection:
            return store_outline.retractions(connection)

    def raw(self, row: int) -> str | None:
        """What the document said of an entry (`ParsedEntry` as JSON); None when it was pruned or taken down."""
        with self._read() as connection:
            return store_entries.raw(connection, row)

    def originals(
        self,
        source_row: int,
        *,
        limit: int | None = None,
        recipe_not: str | None = None,
        recipe_ends: str | None = None,
        entry_rows: Sequence[int] | None = None,
    ) -> list[Original]:
        """Entries of a source with what their documents said, newest first; pruned and taken down ones left out.

        `recipe_not`: but those that this recipe made. `recipe_ends`: only those whose recipe ends so.
        """
        with self._read() as connection:
            return store_replay.originals(
                connection,
                source_row,
                limit=limit,
                recipe_not=recipe_not,
                recipe_ends=recipe_ends,
                entry_rows=entry_rows,
            )

    def rewrite(self, source_row: int, updates: Sequence[EntryUpdate], now: datetime, *, with_raw: bool = False) -> int:
        """Write entries that were made anew from what we have, in one transaction; how many were written.

        Ids, places and first sight stay. An entry that somebody changed meanwhile is left alone. Of one that is not
        revised only recipe and notes are written; `with_raw`: all, as its raw form knows more now.
        """
        if not updates:
            return 0
        with self._write() as connection:
            return store_replay.rewrite(connection, source_row, updates, now, with_raw=with_raw)

    def twins(self, *, canonical_keys: Sequence[str] = (), text_hashes: Sequence[str] = ()) -> list[Twin]:
        """Entries of any source with one of these keys or texts, the one seen first at the head."""
        with self._read() as connection:
            return store_entries.twins(connection, canonical_keys, text_hashes)

    def held(self, source_row: int | None = None) -> list[HeldEntry]:
        """The entries that are held back, newest first."""
        with self._read() as connection:
            return store_entries.held(connection, source_row)

    def stamp_entries(self) -> int:
        """Give each entry that has none a second of its own, under which feeds say it was updated; how many had none.

        To be called before an edition is made.
        """
        with self._read() as connection:
            if not store_stamps.waiting(connection):
                return 0
        with self._write() as connection:
            return store_stamps.give(connection)

    def hold_entries(self, entry_rows: Sequence[int], reason: str, now: datetime) -> int:
        """Keep entries from being shown, with the reason in words; how many were not held before."""
        with self._write() as connection:
            return store_prune.hold(connection, entry_rows, reason, now)

    def release_entries(self, entry_rows: Sequence[int]) -> int:
        """Show held entries in the place they got at first sight; how many were held."""
        with self._write() as connection:
            return store_prune.show(connection, entry_rows)

    def drop_entries(self, entry_rows: Sequence[int], now: datetime) -> int:
        """Forget the content of entries for good; their guids stay seen. How many there were."""
        with self._write() as connection:
            return store_prune.bury(connection, entry_rows, now)

    def remembered(
        self,
        source_row: int,
        *,
        canonical_keys: Sequence[str] = (),
        text_hashes: Sequence[str] = (),
        dates: Sequence[datetime] = (),
        newest: int = 0,
    ) -> list[Remembered]:
        """Entries of a source by which one under another guid may be recognised, taken-down ones left out."""
        with self._read() as connection:
            return store_alike.remembered(
                connection,
                source_row,
                canonical_keys=canonical_keys,
                text_hashes=text_hashes,
                dates=dates,
                newest=newest,
            )

    def companions(self, of: Sequence[StoredEntry]) -> list[StoredEntry]:
        """Visible entries, not among `of`, with the link or the text of one of them: the same post elsewhere."""
        with self._read() as connection:
            return store_alike.companions(connection, of)

    def due_entries(self, now: datetime) -> list[int]:
        """Rows of entries that were held because they are dated ahead, and are so no more."""
        with self._read() as connection:
            return store_holds.due(connection, now)

    def end_hold(self, source_row: int, now: datetime, *, drop: bool = False) -> int:
        """Show (or `drop`) what is held of a source and let it go on as before; how many entries that were.

        Entries that are dated ahead stay held. After an alarm the next document is fetched whole and believed.
        """
        with self._write() as connection:
            return store_holds.end_hold(connection, source_row, now, drop=drop)

    def take_down(self, entry_rows: Sequence[int], now: datetime) -> int:
        """Retract entries: their words go, id and place stay for the feed's tombstone. How many there were."""
        with self._write() as connection:
            return store_prune.take_down(connection, entry_rows, now)

    def counts(self) -> StoreCounts:
        """How much is kept."""
        with self._read() as connection:
            entry_count, source_count = connection.execute(_COUNTS).one()
        return StoreCounts(entries=int(entry_count), sources=source_count)

    def prune(self, now: datetime, *, keep_days: int = 365, keep_entries: int = 500, removed_days: int = 30) -> int:
        """Let go of the content of entries that are both older than `keep_days` and beyond the newest `keep_entries`
        of their source, and of all entries of sources removed for more than `removed_days`; how many left.

        In transactions of 500, so that nobody waits long. Their guids stay seen.
        """
        gone = 0
        while True:
            with self._write() as connection:
                batch = store_prune.next_batch(
                    connection, now, keep_days=keep_days, keep_entries=keep_entries, removed_days=removed_days
                )
                if not batch:
                    store_prune.forget_quiet_sites(connection, now)
                    return gone
                gone += store_prune.bury(connection, batch, now)
