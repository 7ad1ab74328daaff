"""One document, read against what we know of its source.

In:  the bytes that came, the store's memory of their guids.
Out: `Digest`: the updates that are worth storing, or why the document is no feed.
Never: stores, schedules, or cleans an entry that has not changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from feedmill.feeds.outcome import Failure, RawDocument
from feedmill.feeds.source import NO_RULES, SourceRules
from feedmill.feeds.update import FILTERED, EntryUpdate
from feedmill.ingest import plan as plans

if TYPE_CHECKING:
    from feedmill.feeds.source import Channel
    from feedmill.feeds.store import Store
    from feedmill.feeds.update import KnownEntry
    from feedmill.ingest.normalize import FeedContext, Identified
    from feedmill.ingest.takeover import Alarm
    from feedmill.ingest.treat import Treatment


@dataclass(slots=True, kw_only=True)
class Digest:
    """A document, read against what we know."""

    channel: Channel | None = None
    updates: list[EntryUpdate] = field(default_factory=list)
    unchanged: int = 0
    salvaged: int = 0
    remark: str = ""  # of the document as a whole: it was cut, or lost all its entries (checks 39, 105)
    failure: Failure | None = None
    known: Mapping[str, KnownEntry] = field(default_factory=dict)  # what was known of its guids
    alarm: Alarm | None = None  # of `ingest.scrutiny`: why some or all of it is held
    lifted: bool = False  # an earlier alarm is over


def read_document(
    store: Store,
    row: int,
    source_url: str,
    document: RawDocument,
    now: datetime,
    *,
    rules: SourceRules = NO_RULES,
    has_past: bool = True,
) -> Digest:
    """Parse -> identify -> unseen -> normalize, against what the store knows of this source.

    `has_past` False: it never delivered anything, so there is nothing to look up.
    """
    from feedmill.ingest.normalize import identify, normalize_channel, prepare
    from feedmill.ingest.parse import parse
    from feedmill.ingest.treat import SALVAGED, Treatment

    parsed = parse(document)
    if isinstance(parsed, Failure):
        return Digest(failure=parsed)
    items = identify(parsed, source_url=source_url)
    known = store.known(row, [item.guid for item in items]) if items and has_past else {}
    fresh = plans.unseen(items, known)
    digest = Digest(
        channel=replace(normalize_channel(parsed, source_url=source_url), entries=len(items)),
        unchanged=len(items) - len(fresh),
        remark="; ".join(note.detail for note in parsed.notes if note.step == "parse-cap"),
        known=known,
    )
    if fresh:
        treatment = Treatment(rules, prepare(parsed, source_url=source_url))
        for item in fresh:
            memory = known.get(item.guid)
            first_seen = memory.first_seen if memory is not None and memory.first_seen is not None else now
            update = make_update(item, treatment, first_seen, known=memory)
            digest.salvaged += update.recipe == SALVAGED
            digest.updates.append(update)
    return digest


def make_update(
    item: Identified,
    treatment: Treatment,
    first_seen: datetime,
    *,
    known: KnownEntry | None = None,
    context: FeedContext | None = None,
) -> EntryUpdate:
    """What is worth storing of one entry; for `sync` and for `reclean` (with a `context` of its own)."""
    from feedmill.feeds.likeness import text_hash
    from feedmill.ingest.normalize import fingerprint
    from feedmill.ingest.urls import canonical_key

    treated = treatment.treat(item, first_seen, context=context)
    entry = treated.entry
    return EntryUpdate(
        entry=entry,
        raw=item.raw,
        raw_hash=item.raw_hash,
        fingerprint=fingerprint(entry),
        recipe=treated.recipe,
        held_reason=None if treated.filtered is None else FILTERED + treated.filtered,
        judged=treatment.filters,
        canonical_key=canonical_key(entry.url) if entry.url else None,
        text_hash=text_hash(entry.content_text, entry.content_html),
        known=known,
    )
