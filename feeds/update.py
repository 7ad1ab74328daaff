"""The plan of one source's ingest: a value that can be printed and tested; the store commits it as one transaction.

In:  what a document holds, what we know.
Out: `UpdatePlan`.
Never: decides anything; the deciding is `ingest.plan`, the writing is `feeds.store`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from feedmill.feeds.entry import Entry
from feedmill.feeds.outcome import FetchRecord
from feedmill.feeds.source import Channel, SiteState, SourceState

# So begins the `held_reason` of an entry that a filter of its source keeps back. It is no burst to be reviewed: only
# another rule (and `feedmill reclean`) releases it.
FILTERED = "filtered: "


DATED_AHEAD = "dated ahead: "
"""How `held_reason` begins when an entry only waits for its time."""


WITHDRAWN = "withdrawn: "
"""How `held_reason` begins when an entry was deleted at its source: retracted, until its feed lists it again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownEntry:
    """What the store remembers of one guid; `pruned` for a tombstone, which stays "seen" so it cannot return as new."""

    guid: str
    row: int
    id: str = ""  # as published
    raw_hash: str = ""
    fingerprint: str = ""  # of the clean entry
    recipe: str = ""  # fingerprint of the recipe that cleaned it
    first_seen: datetime | None = None
    pruned: bool = False
    published: datetime | None = None
    updated: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """An entry with what it may be recognised by under another guid."""

    known: KnownEntry
    url: str | None
    title: str
    summary: str
    canonical_key: str | None
    text_hash: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryUpdate:
    """A new or changed entry: what the document said (`raw`, canonical JSON) beside what we made of it.

    `known` is None for a new entry; for a changed one the store keeps its id, first_seen and sort_at.
    """

    entry: Entry
    raw: str
    raw_hash: str  # of `raw`
    fingerprint: str
    recipe: str
    known: KnownEntry | None = None
    revised: bool = True  # False: the same to readers (only raw_hash moved)
    canonical_key: str | None = None  # of entry.url: by which the same post is known in other sources
    text_hash: str | None = None  # of the normalized text, when it is long enough to be compared
    held_reason: str | None = None  # a new entry that is kept and "seen", but not shown until it is released
    held_until: datetime | None = None  # or until then, when it is dated ahead
    sort_at: datetime | None = None  # a new entry's place, where it is not that of its date; never after first seen
    judged: bool = False  # `held_reason` is the word of its source's filters: it counts for a changed entry as well


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdatePlan:
    """All that one look at a source changes, entries and state together."""

    source_row: int
    lease: str  # token: the store discards the plan of a worker whose lease was taken over
    state: SourceState
    record: FetchRecord | None  # None: the source was not asked
    new: tuple[EntryUpdate, ...] = ()
    changed: tuple[EntryUpdate, ...] = ()
    unchanged: int = 0
    channel: Channel | None = None  # None: as before
    site: SiteState | None = None  # None: as before
