"""One document, read against what we know of its source.

In:  the bytes that came, the store's memory of their guids.
Out: `Digest`: the updates that are worth storing, or why the document is no feed.
Never: stores, schedules, or cleans an entry that has not changed.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from feedmill.feeds.outcome import Failure, RawDocument
from feedmill.feeds.update import EntryUpdate
from feedmill.ingest import plan as plans

if TYPE_CHECKING:
    from feedmill.feeds.source import Channel
    from feedmill.feeds.store import Store
    from feedmill.ingest.normalize import FeedContext, Identified

SALVAGED = "salvaged"


@dataclass(slots=True, kw_only=True)
class Digest:
    """A document, read against what we know."""

    channel: Channel | None = None
    updates: list[EntryUpdate] = field(default_factory=list)
    unchanged: int = 0
    salvaged: int = 0
    remark: str = ""  # of the document as a whole: it was cut, or lost all its entries (checks 39, 105)
    failure: Failure | None = None


def read_document(store: Store, row: int, source_url: str, document: RawDocument, now: datetime) -> Digest:
    """Parse -> identify -> unseen -> normalize, against what the store knows of this source."""
    from feedmill.ingest.normalize import identify, normalize_channel, prepare
    from feedmill.ingest.parse import parse

    parsed = parse(document)
    if isinstance(parsed, Failure):
        return Digest(failure=parsed)
    items = identify(parsed, source_url=source_url)
    known = store.known(row, [item.guid for item in items]) if items else {}
    fresh = plans.unseen(items, known)
    digest = Digest(
        channel=replace(normalize_channel(parsed, source_url=source_url), entries=len(items)),
        unchanged=len(items) - len(fresh),
        remark="; ".join(note.detail for note in parsed.notes if note.step == "parse-cap"),
    )
    if fresh:
        context = prepare(parsed, source_url=source_url)
        for item in fresh:
            memory = known.get(item.guid)
            first_seen = memory.first_seen if memory is not None and memory.first_seen is not None else now
            update = _update(item, context, first_seen)
            digest.salvaged += update.recipe == SALVAGED
            digest.updates.append(replace(update, known=memory))
    return digest


def _update(item: Identified, context: FeedContext, first_seen: datetime) -> EntryUpdate:
    """One entry made clean; its bare words when that cannot be: one poisonous entry never costs the feed it came in."""
    from feedmill.ingest.clean import DEFAULT_RECIPE
    from feedmill.ingest.normalize import fingerprint, normalize

    recipe = DEFAULT_RECIPE.fingerprint
    try:
        entry = normalize(item, context, now=first_seen, recipe=DEFAULT_RECIPE)
    except Exception as error:  # noqa: BLE001  whatever a stranger's markup found in us, the other entries go on
        from feedmill.ingest.salvage import salvage

        entry = salvage(item, source_url=context.source_url, first_seen=first_seen, error=error)
        recipe = SALVAGED  # no recipe: the next `reclean` tries again
    return EntryUpdate(entry=entry, raw=item.raw, raw_hash=item.raw_hash, fingerprint=fingerprint(entry), recipe=recipe)
