"""The story of one source or one entry: what `feedmill why` tells.

In:  the settings, and a URL or an id.
Out: lines: what came, what was decided and by which rule, where it is published, or why it is not.
Never: writes to the store; renders a publication to find out (the order of the store says it).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from feedmill.feeds.entry import StoredEntry
from feedmill.feeds.errors import FeedmillError
from feedmill.feeds.outcome import FetchRecord
from feedmill.feeds.source import SourceRecord
from feedmill.ingest.report import iso
from feedmill.output import counted, plain
from feedmill.publish.select import select

if TYPE_CHECKING:
    from feedmill.config.settings import Settings
    from feedmill.feeds.publication import Publication
    from feedmill.feeds.store import Store
    from feedmill.ingest.parsed import ParsedEntry, Text

_SHOWN = 400  # characters of a raw or clean text


def tell(settings: Settings, what: str) -> list[str]:
    """The lines for whatever `what` names; `FeedmillError` when nobody has heard of it."""
    from feedmill.feeds.store import Store

    if "://" not in settings.store and not Path(settings.store).exists():
        raise FeedmillError(f"{what}: nothing was synced yet; `feedmill sync` comes first")
    with Store.open(settings.store, read_only=True) as store:
        records = {record.source.url: record for record in store.records()}
        lines = []
        if what in records:
            lines += _source_story(store, records[what])
        elif any(source.url == what for source in settings.sources):
            lines += [what, "  never fetched: it was added after the last sync"]
        for stored in store.entry(what):
            lines += [""] * bool(lines) + list(_entry_story(store, settings, stored, records))
        if lines:
            return lines
        near = difflib.get_close_matches(what, records, n=1, cutoff=0.75)
    hint = f"; did you mean {near[0]} ?" if near else "; it was never seen in any source's document"
    raise FeedmillError(f"{what}: neither a source nor an entry that we know{hint}")


# -- sources ----------------------------------------------------------------------------------------------------------


def _source_story(store: Store, record: SourceRecord) -> list[str]:
    state, about = record.state, record.channel.about
    facts = [
        ("title", record.title),
        ("site", about.site_url),
        ("format", record.channel.format),
        ("tags", ", ".join(record.source.tags)),
        ("state", f"{state.standing}" + (f" since {iso(state.failing_since)}" if state.failing_since else "")),
        ("last success", iso(state.last_success) or "never"),
        (
            "trouble",
            f"{state.detail} ({state.failure}), {counted(state.failures, 'time')} in a row" if state.failure else "",
        ),
        ("moved to", state.moved_to),
        ("held until", iso(state.hold_until) if state.hold_until else ""),
        ("next look", f"{iso(state.next_fetch) or 'with the next sync'}: {state.reason}"),
        ("asks with", _validators(record)),
        ("entries", f"{record.entries} kept"),
    ]
    lines = [record.source.url, *_facts(facts)]
    history = store.history(record.row)
    if history:
        lines += ["  looks, newest first:", *(f"    {_look(look)}" for look in history[:20])]
    return lines


def _validators(record: SourceRecord) -> str:
    sent = record.state.validators
    parts = [f"ETag {sent.etag}"] if sent.etag else []
    parts += [f"Last-Modified {sent.last_modified}"] if sent.last_modified else []
    return ", ".join(parts) or "no validators: the server sent none, each look costs the whole document"


def _look(look: FetchRecord) -> str:
    news = f", {look.new} new, {look.changed} changed" if look.new or look.changed else ""
    trouble = f", {look.failure}: {look.detail}" if look.failure else ""
    status = f" {look.status}" if look.status else ""
    took = f"{look.duration.total_seconds():.2f} s"
    return plain(f"{iso(look.at)}  {look.outcome}{status}, {look.bytes} bytes in {took}{news}{trouble}")


# -- entries ----------------------------------------------------------------------------------------------------------


def _entry_story(
    store: Store, settings: Settings, stored: StoredEntry, records: dict[str, SourceRecord]
) -> Iterator[str]:
    entry = stored.entry
    yield plain(entry.title)
    yield from _facts(
        [
            ("url", entry.url),
            ("source", stored.source_url),
            ("also in", ", ".join(stored.also_in)),
            ("guid", entry.guid),
            ("published id", entry.id),
            ("first seen", iso(stored.first_seen)),
            ("published", iso(entry.published) or "no date in the document"),
            ("updated", iso(entry.updated)),
            ("placed at", f"{iso(stored.sort_at)}, {_placing(stored)}"),
            ("revision", f"{stored.revision}" + (" (as first seen)" if not stored.revision else "")),
        ]
    )
    raw = store.raw(stored.row)
    if raw is not None:
        yield from _raw_beside_clean(raw, stored)
    if entry.notes:
        yield "  what was done:"
        for note in entry.notes:
            yield f"    {note.step}: {note.field}: {plain(note.detail)}"
    else:
        yield "  what was done: nothing; it was clean"
    yield "  where it is published:"
    for publication in settings.publications:
        yield f"    {_fate(store, publication, stored, records)}"


def _placing(stored: StoredEntry) -> str:
    if stored.entry.published is None:
        return "when we first saw it: the document gives no date"
    if stored.sort_at < stored.entry.published:
        return "when we first saw it: its own date lies in the future"
    return "its own date; fixed at first sight, edits do not move it"


def _raw_beside_clean(raw: str, stored: StoredEntry) -> Iterator[str]:
    from feedmill.ingest.parsed import ParsedEntry

    parsed = ParsedEntry.from_json(raw)
    entry = stored.entry
    yield "  what came, and what became of it:"
    yield f"    title    {_said(parsed.title)}"
    yield f"          -> {_cut(entry.title)}"
    yield f"    content  {_said(_longest(parsed))}"
    yield f"          -> {_cut(entry.content_html)}"


def _longest(parsed: ParsedEntry) -> Text | None:
    texts = [text for text in (*parsed.contents, parsed.summary) if text is not None]
    return max(texts, key=lambda text: len(text.value), default=None)


def _said(text: Text | None) -> str:
    return "(none)" if text is None or not text.value.strip() else _cut(text.value)


def _cut(text: str) -> str:
    line = plain(text)
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}… ({len(line)} characters)"


def _fate(store: Store, publication: Publication, stored: StoredEntry, records: dict[str, SourceRecord]) -> str:
    """In this publication or not, and why."""
    name = publication.path or "the root"
    if stored.source_url not in records:
        return f"{name}: no, its source is not in the configuration any more"
    if publication.tags and not _shares_tag(publication, stored, records[stored.source_url]):
        return f"{name}: no, neither the entry nor its source has the tag {' or '.join(publication.tags)}"
    shown = select(store.latest(limit=publication.limit * 2, tags=publication.tags), limit=publication.limit)
    for place, other in enumerate(shown, 1):
        if other.row == stored.row:
            return f"{name}: yes, entry {place} of {len(shown)}, {publication.url}"
        if other.entry.id == stored.entry.id:
            return f"{name}: yes, entry {place} of {len(shown)}, as {other.source_url} had it first"
    if len(shown) == publication.limit and stored.sort_at <= shown[-1].sort_at:
        newer = counted(publication.limit, "entry is", "entries are")
        return f"{name}: no, {newer} newer (limit = {publication.limit})"
    return f"{name}: no, it is held back or was taken down"


def _shares_tag(publication: Publication, stored: StoredEntry, record: SourceRecord) -> bool:
    wanted = {tag.casefold() for tag in publication.tags}
    return not wanted.isdisjoint(tag.casefold() for tag in (*record.source.tags, *stored.entry.categories))


def _facts(facts: list[tuple[str, str | None]]) -> list[str]:
    return [f"  {name + ':':<14}{plain(value)}" for name, value in facts if value]
