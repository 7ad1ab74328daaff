"""Entries that their source deleted are withdrawn here too, and come back when it lists them again.

    a document was read   -> Book.note       what it lists no more, its tombstones, what is back
    the tick is over      -> ask_pages       of what is missing still: the entry's own page, once
    withdrawn             -> held with the reason, so that outputs have a tombstone in its place

In:  a store, digests of whole documents, a fetcher.
Out: entries held or shown again; a note of what is missing (the store's `meta`), for `why`.
Never: looks at a difference, a push, an error feed or a quarantined document; asks for more than `MOST_ASKED` pages a
tick; forgets an entry's words, as it may come back.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from feedmill.feeds.outcome import Failure, Fetched, Gone
from feedmill.feeds.update import WITHDRAWN
from feedmill.ingest.vanished import WINDOW, Missing, believed, look, tombstones

if TYPE_CHECKING:
    from feedmill.feeds.outcome import Outcome
    from feedmill.feeds.source import SourceRecord
    from feedmill.feeds.store import Store
    from feedmill.ingest.digest import Digest
    from feedmill.ingest.fetch import Fetcher
    from feedmill.ingest.options import FetchOptions

MISSING = "missing"  # the key of the store's `meta`
MOST_ASKED = 20  # pages in one tick
_OF_ONE_SOURCE = 3


class Book:
    """What is missing, by source and entry. Read when first needed, written once by `save`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._text = store.meta(MISSING) or ""
        self.sources = _read(self._text)

    def note(self, record: SourceRecord, digest: Digest, body: bytes, now: datetime) -> tuple[list[int], list[int]]:
        """(rows that are withdrawn by a tombstone, rows that are back) of a document that was read whole."""
        listed = {known.row for known in digest.known.values() if not known.pruned}
        listed.update(update.known.row for update in digest.updates if update.known is not None)
        before = self.sources.get(record.row, {})
        missing, back = look(before, listed, self._store.places(record.row, most=WINDOW), now)
        buried = self._buried(record, body, listed)
        if buried and believed(buried, len(listed)):
            since = int(now.timestamp())
            missing.update(
                (row, Missing(since=since, word="gone", said="a tombstone in its feed", asked=since)) for row in buried
            )
        else:
            buried = []
        self._put(record.row, missing)
        return buried, back

    def _buried(self, record: SourceRecord, body: bytes, listed: set[int]) -> list[int]:
        ids = tombstones(body)
        known = self._store.known(record.row, ids) if ids else {}
        rows = {entry.row for entry in known.values() if not entry.pruned} - listed
        gone = {row for row, missing in self.sources.get(record.row, {}).items() if missing.word == "gone"}
        return sorted(rows - gone)

    def answered(self, source: int, row: int, missing: Missing) -> None:
        """What its page said."""
        self._put(source, {**self.sources.get(source, {}), row: missing})

    def _put(self, source: int, missing: dict[int, Missing]) -> None:
        if missing:
            self.sources[source] = missing
        else:
            self.sources.pop(source, None)

    def save(self) -> None:
        """Write it down, when there is something new."""
        text = json.dumps(
            {
                source: {row: asdict(missing) for row, missing in sorted(of_source.items())}
                for source, of_source in sorted(self.sources.items())
            },
            separators=(",", ":"),
        )
        if text != (self._text or "{}"):
            self._store.set_meta(MISSING, text)
            self._text = text


def _read(text: str) -> dict[int, dict[int, Missing]]:
    try:
        return {
            int(source): {int(row): Missing(**missing) for row, missing in of_source.items()}
            for source, of_source in json.loads(text or "{}").items()
        }
    except (ValueError, TypeError, AttributeError):  # a note of another version: what is missing is noticed again
        return {}


def ask_pages(
    store: Store,
    fetcher: Fetcher,
    options: FetchOptions,
    *,
    clock: Callable[[], datetime],
    stop: threading.Event,
    before_news: Callable[[], None],
) -> int:
    """Ask for the pages of entries that are missing for long enough; how many entries were withdrawn."""
    if not store.meta(MISSING):
        return 0
    book = Book(store)
    owed = list(_owed(book, store.records(), clock()))[:MOST_ASKED] if book.sources else []
    if not owed:
        return 0
    from feedmill.ingest.visit import Visitor

    visitor = Visitor(fetcher, options, store, wall=clock)
    withdrawn = 0
    for source, row in owed:
        if stop.is_set():
            break
        found = store.pick([row])
        url = found[0].entry.url if found else None
        missing = book.sources[source][row]
        status = status_of(visitor.fetch(url)) if url else 200  # without a page nothing can confirm it
        after = missing.answered(status, clock())
        book.answered(source, row, after)
        if after.word == "gone":
            if not withdrawn:
                before_news()
            withdrawn += withdraw(store, [row], f"its feed lists it no more, and its page answers {status}", clock())
    book.save()
    return withdrawn


def _owed(book: Book, records: Sequence[SourceRecord], now: datetime) -> Iterator[tuple[int, int]]:
    for record in records:
        if record.state.held_as is not None:
            continue
        of_source = book.sources.get(record.row, {})
        due = [row for row, missing in of_source.items() if missing.is_due(now, record.state.last_success)]
        yield from ((record.row, row) for row in due[:_OF_ONE_SOURCE])


def withdraw(store: Store, rows: Sequence[int], why: str, now: datetime) -> int:
    """Keep entries out of every output, with a tombstone; how many."""
    return store.hold_entries(rows, f"{WITHDRAWN}{why}", now)


def status_of(outcome: Outcome) -> int | None:
    """The status that a page answered with; None when it did not."""
    if isinstance(outcome, Fetched | Gone | Failure):
        return outcome.status
    return None


def said_of(store: Store, source: int, row: int) -> str:
    """What is known of an entry that its feed lists no more, in words; "" when it is listed, or old."""
    missing = _read(store.meta(MISSING) or "").get(source, {}).get(row)
    if missing is None or missing.word == "gone":
        return ""
    since = f"no longer listed in its feed since {datetime.fromtimestamp(missing.since, UTC):%Y-%m-%d %H:%M} UTC"
    if not missing.tries:
        return f"{since}, though older posts are; its page has not been asked yet"
    stays = "so it stays" if missing.word else "it is asked again"
    return f"{since}, though older posts are; its page answers {missing.said}, {stays}"
