"""RFC 5005 archives: closed Atom documents of the past, so that a new subscriber can read back to the beginning.

In:  the entries that belong to a publication, those it shows now, what was archived before.
Out: `archive/YYYY-MM.xml` (a second document of a month: `YYYY-MM-2.xml`), each linked to the one before it.
Never: changes a closed document, but to take a retracted entry out of it (check E6).

An entry is archived with the month it was posted in. A document closes when its month is over, or when an entry would
otherwise be in no document at all: the subscription document and the archives together hold every entry at any moment
(check E4). What comes late, for a month that is closed already, goes into the next document that closes; the rows of
each document are remembered, so nothing comes twice. The first two documents close together, as each names the other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from feedmill.feeds.entry import StoredEntry
from feedmill.feeds.publication import Publication
from feedmill.publish.aggregate import Edition, Tombstone, aggregate
from feedmill.publish.gather import Line, Memory, Planet, asks_of_contents, extras_of, in_batches, in_time
from feedmill.publish.ledger import Ledger, digest
from feedmill.publish.ranges import Rows, read_ranges, write_ranges
from feedmill.publish.select import fair, select, wanted

FOLDER = "archive"
MOST = 500  # entries in one document


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """What became of the archives: the address of the newest document, and what went wrong."""

    newest: str | None
    problems: tuple[str, ...] = ()


def month_of(at: int) -> str:
    """`2026-03`, of epoch seconds; UTC."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m}"


def archived_rows(ledger: Ledger, *, passed: bool = False) -> Rows:
    """The rows that lie in a closed document; with `passed`, those too that were looked at and left out."""
    left_out = [ledger.notes.get("passed", "")] if passed else []
    texts = [*left_out, *(document["rows"] for document in ledger.notes.get("archives", ()))]
    if not texts:
        return Rows(())
    # A month's rows lie scattered, all of them together do not: the sum is kept, with what it was made of.
    made_of, kept = digest(*texts), ledger.notes.setdefault("sum of rows", {})
    known = kept.get(str(passed))
    if known is not None and known[0] == made_of:
        return Rows([known[1]])
    rows = Rows(texts)
    kept[str(passed)] = [made_of, str(rows)]
    return rows


class Archives:
    """The archives of one publication, brought up to date."""

    def __init__(
        self, store: Memory, publication: Publication, planet: Planet, ledger: Ledger, *, feed_id: str, version: str
    ) -> None:
        self._store = store
        self._publication = publication
        self._planet = planet
        self._ledger = ledger
        self._feed_id = feed_id
        self._version = version
        self._documents: list[dict[str, Any]] = ledger.notes.setdefault("archives", [])
        self._problems: list[str] = []

    def close(self, lines: Sequence[Line], shown: Sequence[StoredEntry]) -> Closing:
        """Close what is due. `lines`: all that belongs to the publication; `shown`: what it shows now."""
        passed = archived_rows(self._ledger, passed=True)
        open_lines = passed.outside(lines)
        first = len(self._documents)
        for month, rows in sorted(self._due(open_lines, shown).items()):
            self._plan(month, rows)
        if first == 0:
            self._pair(open_lines, shown)
        for index in range(first, len(self._documents)):
            rows = sorted(read_ranges(self._documents[index]["rows"]))
            if not self._write(index, self._store.pick(rows)):
                del self._documents[index:]  # tried again with the next edition
                break
            if self._ledger.full:
                self._ledger.flush()
        self._mend()
        return Closing(newest=self._address(len(self._documents) - 1), problems=tuple(self._problems))

    def _due(self, lines: Sequence[Line], shown: Sequence[StoredEntry]) -> dict[str, list[int]]:
        """Rows by month: of all open entries when one of them is shown nowhere, else of the months that are over."""
        here = {stored.row for stored in shown}
        ids = {stored.entry.id for stored in shown}
        elsewhere = [line.row for line in lines if line.row not in here]
        missing = any(
            headline.id not in ids for batch in in_batches(elsewhere) for headline in self._store.headlines(batch)
        )
        floor = self._documents[-1]["month"] if self._documents else ""
        now = month_of(int(self._planet.now.timestamp()))
        due: dict[str, list[int]] = {}
        for line in sorted(lines, key=in_time):
            month = max(month_of(line.sort_at), floor)
            if missing or month < now:
                due.setdefault(month, []).append(line.row)
        return due

    def _plan(self, month: str, rows: list[int]) -> None:
        """The documents of a month that closes. Those that close together know their next one, too."""
        for batch in in_batches(rows, MOST):
            kept = self._wanted(batch)
            if len(kept) < len(batch):
                passed = read_ranges(self._ledger.notes.get("passed", "")) | (set(batch) - kept)
                self._ledger.notes["passed"] = write_ranges(passed)
            if not kept:
                continue
            number = 1 + sum(1 for document in self._documents if document["month"] == month)
            name = f"{FOLDER}/{month}.xml" if number == 1 else f"{FOLDER}/{month}-{number}.xml"
            self._documents.append(
                {"name": name, "month": month, "rows": write_ranges(kept), "gone": {}, "next": False}
            )
            if self._documents[:-1] and "hash" not in self._documents[-2]:
                self._documents[-2]["next"] = True

    def _pair(self, lines: Sequence[Line], shown: Sequence[StoredEntry]) -> None:
        """The first document of all has no neighbour to name when it closes alone, and a closed one learns of none
        (check E8): its entries become two documents, or its only entry waits for another while the feed shows it."""
        if len(self._documents) != 1:
            return
        alone = self._documents[0]
        rows = read_ranges(alone["rows"])
        ordered = [line.row for line in sorted(lines, key=in_time) if line.row in rows]
        half = len(ordered) // 2
        if half:
            name = f"{FOLDER}/{alone['month']}-2.xml"
            self._documents.append({**alone, "name": name, "rows": write_ranges(ordered[half:]), "gone": {}})
            alone.update(rows=write_ranges(ordered[:half]), next=True)
        elif rows <= {stored.row for stored in shown}:
            self._documents.clear()

    def _wanted(self, rows: list[int]) -> set[int]:
        """The rows that the publication wants for ever: whatever their age."""
        chosen = self._publication.select
        if not asks_of_contents(self._publication, self._planet) and chosen.per_source is None:
            return set(rows)
        ageless = replace(self._publication, select=replace(chosen, max_age=None))
        test = wanted(ageless, self._planet.records, self._planet.deny, now=self._planet.now)
        stored = [entry for entry in self._store.pick(rows) if test is None or test(entry)]
        return {entry.row for entry in fair(stored, self._publication)}

    def _write(self, index: int, stored: Sequence[StoredEntry]) -> bool:
        from feedmill.publish.check import check
        from feedmill.publish.feed import render_atom

        document = self._documents[index]
        edition = self._edition(index, stored)
        try:
            rendition = render_atom(edition)
            wrong = check("atom", rendition.data, entries=rendition.entries)
        except Exception as error:  # noqa: BLE001  an archive that fails costs neither the feeds nor the others
            wrong = [repr(error)]
        if wrong:
            self._problems.append(f"{document['name']} was not made: {'; '.join(wrong[:3])}")
            return False
        self._problems.extend((*edition.problems, *rendition.problems))
        document["hash"] = digest(rendition.data)
        self._ledger.put(self._place(index), rendition.data, f"closed {document['hash']}")
        return True

    def _edition(self, index: int, stored: Sequence[StoredEntry]) -> Edition:
        document = self._documents[index]
        stones = [
            Tombstone(id=identity, at=datetime.fromtimestamp(at, UTC)) for identity, at in document["gone"].items()
        ]
        kept = [entry for entry in stored if entry.entry.id not in document["gone"]]
        edition = aggregate(
            self._publication,
            select(kept, limit=MOST),
            self._planet.records,
            feed_id=self._feed_id,
            generator_version=self._version,
            tombstones=stones,
            extras=extras_of(self._store, kept),
        )
        title = f"{edition.title} ({document['month']})"
        after = self._address(index + 1) if document.get("next") else None
        return replace(
            edition, title=title, file=document["name"], prev_archive=self._address(index - 1), next_archive=after
        )

    def _mend(self) -> None:
        """Every closed document must lie where it was put; one that was lost is made again from what is kept."""
        for index, document in enumerate(self._documents):
            name = self._place(index)
            if self._ledger.fresh(name, f"closed {document['hash']}") or self._ledger.is_pending(name):
                continue
            self._write(index, self._store.pick(sorted(read_ranges(document["rows"]))))
            if self._ledger.full:
                self._ledger.flush()

    def _place(self, index: int) -> str:
        folder = self._publication.path.strip("/")
        name: str = self._documents[index]["name"]
        return f"{folder}/{name}" if folder else name

    def _address(self, index: int) -> str | None:
        return f"{self._publication.url}{self._documents[index]['name']}" if index >= 0 else None

    # --- retraction

    def retract(self, gone: Mapping[int, datetime], read: Callable[[str], bytes | None]) -> list[str]:
        """Take retracted entries (rows, and when) out of the closed documents that hold them; what was changed."""
        changed = []
        for index, document in enumerate(self._documents):
            hit = sorted(read_ranges(document["rows"]).intersection(gone))
            fresh = [stored for stored in self._store.pick(hit) if stored.entry.id not in document["gone"]]
            if not fresh:
                continue
            # Not its rows any more: what comes back one day is archived anew, with the next document that closes.
            document["rows"] = write_ranges(read_ranges(document["rows"]).difference(gone))
            for stored in fresh:
                document["gone"][stored.entry.id] = int(gone[stored.row].timestamp())
            name = self._place(index)
            data = read(name) if self._ledger.has(name) else None
            if data is None:
                self._write(index, self._store.pick(sorted(read_ranges(document["rows"]))))
            else:
                from feedmill.publish.retraction import without_entries

                data = without_entries(data, {s.entry.id: gone[s.row] for s in fresh})
                document["hash"] = digest(data)
                self._ledger.put(name, data, f"closed {document['hash']}")
            changed.append(name)
        return changed

    def denied(self, when: datetime) -> dict[int, datetime]:
        """The rows of closed documents that the deny list refuses. Reads all of them: only when the list changed."""
        found: dict[int, datetime] = {}
        for document in self._documents:
            for stored in self._store.pick(sorted(read_ranges(document["rows"]))):
                reason = self._planet.deny.entry(stored.entry, stored.source_url)
                if reason:
                    found[stored.row] = when
        return found
