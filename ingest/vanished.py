"""Which entries their source deleted, as far as its documents can tell.

    an Atom tombstone (RFC 6721 at:deleted-entry)              -> withdrawn at once
    listed no more, while older entries still are              -> missing: remembered, with the moment
    still missing after a later look and `PATIENCE`            -> its page is to be asked, once
    404 or 410                                                 -> withdrawn; anything else: it stays
    listed again                                               -> comes back, as the same entry in its place

In:  the rows that a document lists, the places of the source's newest entries, what was remembered.
Out: what to remember; the rows that come back; whose page is to be asked.
Never: takes falling out at the end of a feed for a deletion; believes a feed alone that an entry is gone; asks, stores.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from xml.parsers import expat

PATIENCE = timedelta(hours=6)  # a post that is edited is often taken off and put back
TRIES = 3  # of a page whose server is in trouble
TRY_AGAIN = timedelta(days=1)
WINDOW = 300  # newest entries of a source that a document may list
LEAST_LISTED = 3
MOST_AT_ONCE = (
    10  # entries that tombstones of one document may withdraw, or half of what it lists: else pages are asked
)
GONE = (404, 410)
_TOMBSTONE = "http://purl.org/atompub/tombstones/1.0 deleted-entry"


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """An entry that its feed lists no more. `word`: "" (not settled), kept, gone; `said`: what its page answered."""

    since: int  # epoch seconds
    word: str = ""
    said: str = ""
    tries: int = 0
    asked: int = 0  # epoch seconds

    def is_due(self, now: datetime, last_success: datetime | None) -> bool:
        """Whether its page is to be asked: a later good look found it missing still."""
        if self.word or self.tries >= TRIES or last_success is None:
            return False
        began, asked = (datetime.fromtimestamp(at, now.tzinfo) for at in (self.since, self.asked))
        return last_success >= began + PATIENCE and (not self.tries or now >= asked + TRY_AGAIN)

    def answered(self, status: int | None, now: datetime) -> Missing:
        """What its page's answer means; None: there was none."""
        said = "no answer" if status is None else str(status)
        after = replace(self, said=said, tries=self.tries + 1, asked=int(now.timestamp()))
        if status in GONE:
            return replace(after, word="gone")
        settled = (status is not None and status < 400) or after.tries >= TRIES
        return replace(after, word="kept") if settled else after


def look(
    before: Mapping[int, Missing], listed: Collection[int], places: Sequence[tuple[int, int]], now: datetime
) -> tuple[dict[int, Missing], list[int]]:
    """(what is missing now, rows that were withdrawn and are listed again).

    `listed`: rows in the document; `places`: (row, place) of the source's newest visible entries. The oldest entry that
    is listed does not count: some blogs pin an old post.
    """
    back = [row for row, missing in before.items() if row in listed and missing.word == "gone"]
    kept = {row: missing for row, missing in before.items() if row not in listed and missing.word == "gone"}
    there = sorted(at for row, at in places if row in listed)
    if len(there) < LEAST_LISTED:
        return {row: missing for row, missing in before.items() if row not in listed}, back
    floor = there[1]
    for row, at in places:
        if at > floor and row not in listed:
            kept[row] = before.get(row) or Missing(since=int(now.timestamp()))
    return kept, back


def tombstones(body: bytes) -> list[str]:
    """The ids of an Atom document's at:deleted-entry elements; none of one that is not well-formed or declares
    entities."""
    if b"deleted-entry" not in body:
        return []
    found: list[str] = []
    parser = expat.ParserCreate(namespace_separator=" ")

    def start(name: str, attributes: dict[str, str]) -> None:
        if name == _TOMBSTONE and attributes.get("ref"):
            found.append(attributes["ref"].strip())

    def refuse(*_: object) -> None:
        raise ValueError("entities")

    parser.StartElementHandler = start
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, ValueError):
        return []
    return found


def believed(rows: Collection[int], listed: int) -> bool:
    """Whether so many tombstones at once are taken at their word: a site that is rebuilt may bury everything."""
    return len(rows) <= max(MOST_AT_ONCE, listed // 2)
