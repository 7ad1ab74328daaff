"""The story of one entry: where it came from, what was decided, how it was cleaned, where it is shown, and why.

In:  the store (read only), the settings, an entry.
Out: a `Story`.
Never: a decision of its own: what was decided stands in the entry's notes; cleaning and showing tell theirs.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from feedmill.ingest.report import iso
from feedmill.output import counted
from feedmill.story import Chapter, Story, day
from feedmill.story_of_cleaning import Cleaning, sentence, step_json
from feedmill.story_of_showing import Showing

if TYPE_CHECKING:
    from feedmill.config.settings import Settings
    from feedmill.feeds.entry import Entry, StoredEntry
    from feedmill.feeds.source import SourceRecord
    from feedmill.feeds.store import Store


class EntryTeller:
    """Tells the stories of entries; what several of them need is read once."""

    def __init__(self, store: Store, settings: Settings, records: dict[str, SourceRecord], *, now: datetime) -> None:
        self._store = store
        self._settings = settings
        self._records = records
        self._showing = Showing(store, settings, records, now=now)
        self._cleaning = Cleaning(store, settings)

    def story(self, stored: StoredEntry) -> Story:
        """All chapters."""
        record = self._records.get(stored.source_url)
        original = self._cleaning.original(record, stored)
        steps = self._cleaning.steps(record, original)
        places = [self._showing.fate(publication, stored) for publication in self._settings.publications]
        chapters = [
            Chapter("Where it came from", tuple(self._came(stored, record))),
            Chapter("What was decided", tuple(_decided(stored))),
            Chapter("How it was cleaned", tuple(self._cleaning.told(stored, record, original, steps))),
            Chapter(
                "Where it is shown",
                tuple(self._showing.standing(stored, record)) + tuple(said for _, _, said in places),
            ),
        ]
        facts = _facts(stored) | {
            "raw_kept": original is not None,
            "up_to_date": original is None or record is None or original.recipe == self._cleaning.fingerprint(record),
            "steps": [step_json(step) for step in steps],
            "publications": [
                {"path": publication.path, "shown": place is not None, "place": place, "of": total, "why": said}
                for publication, (place, total, said) in zip(self._settings.publications, places, strict=True)
            ],
        }
        title = stored.entry.title or f"(taken down) {stored.entry.url or stored.entry.id}"
        return Story(kind="entry", title=title, chapters=tuple(chapters), facts=facts)

    def _came(self, stored: StoredEntry, record: SourceRecord | None) -> Iterator[str]:
        entry = stored.entry
        name = (
            f"“{record.title}”, {stored.source_url}" if record else f"{stored.source_url}, which is no source any more"
        )
        yield f"We first saw it on {day(stored.first_seen)}, in the feed of {name}."
        if entry.id == entry.guid:
            yield f"The feed calls it {entry.guid}, and so do we."
        else:
            yield f"The feed calls it {entry.guid}; in our feeds its id is {entry.id}."
        yield "That id was fixed at first sight and never changes."
        yield from (sentence(note) for note in entry.notes if note.field == "guid")
        if entry.origin is not None:
            yield f"That feed had it from “{entry.origin.title or entry.origin.url or entry.origin.site_url}”."
        yield from self._twins(stored)
        if stored.revision:
            yield f"Its text was revised {counted(stored.revision, 'time')} since; its place stayed the same."

    def _twins(self, stored: StoredEntry) -> Iterator[str]:
        """Other sources' copies: the same link, or the same words."""
        keys = [stored.canonical_key] if stored.canonical_key else []
        hashes = [stored.text_hash] if stored.text_hash else []
        if not keys and not hashes:
            return
        by_row = {record.row: record for record in self._records.values()}
        for twin in self._store.twins(canonical_keys=keys, text_hashes=hashes):
            other = by_row.get(twin.source_row)
            if twin.row == stored.row or other is None:
                continue
            how = "under the same link" if twin.canonical_key in keys else "word for word"
            yield f"“{other.title}”, {other.source.url}, has it too, {how}; first seen there on {day(twin.first_seen)}."


def _facts(stored: StoredEntry) -> dict[str, Any]:
    entry = stored.entry
    return {
        "id": entry.id,
        "guid": entry.guid,
        "url": entry.url,
        "title": entry.title,
        "source": stored.source_url,
        "first_seen": iso(stored.first_seen),
        "published": iso(entry.published),
        "updated": iso(entry.updated),
        "sort_at": iso(stored.sort_at),
        "revision": stored.revision,
        "held": stored.held_reason,
        "notes": [{"step": note.step, "field": note.field, "detail": note.detail} for note in entry.notes],
    }


# --- decisions in words ---


def _decided(stored: StoredEntry) -> Iterator[str]:
    entry = stored.entry
    yield f"Title: “{entry.title}”, {_because(entry, 'title', 'as the feed has it')}."
    yield f"Link: {entry.url or 'none'}, {_because(entry, 'url', 'as the feed has it')}."
    yield f"Date: {day(entry.published)}, {_because(entry, 'published', 'as the feed says')}."
    yield f"Place in the lists: {day(stored.sort_at)}, {_placing(stored)}."
    if entry.updated is not None and entry.updated != entry.published:
        yield f"Updated: {day(entry.updated)}, {_because(entry, 'updated', 'as the feed says')}."
    own = entry.updated or entry.published or stored.first_seen
    if stored.stamp is not None and stored.stamp != own:
        late = int((stored.stamp - own).total_seconds())
        yield f"Its second was another entry's already: feeds tell it as updated {late} s later."
    if entry.authors:
        names = ", ".join(author.name for author in entry.authors)
        yield f"Author: {names}, {_because(entry, 'authors', 'as the feed says')}."
    else:
        yield "Author: the entry names nobody; the blog stands in."
    if entry.language:
        yield f"Language: {entry.language}, {_because(entry, 'language', 'as the feed says')}."
    else:
        yield "Language: not declared, and the text is too short or too mixed to tell."
    if entry.categories:
        yield f"Labels: {', '.join(entry.categories)}."
    if entry.summary:
        yield f"Summary: {_because(entry, 'summary', 'as the feed has it')}."


def _because(entry: Entry, field: str, otherwise: str) -> str:
    told = [_lower(note.detail) for note in entry.notes if note.field == field]
    return "; ".join(told) or otherwise


def _lower(text: str) -> str:
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def _placing(stored: StoredEntry) -> str:
    published = stored.entry.published
    if published is None or stored.sort_at == stored.first_seen:
        ahead = published is not None and published > stored.sort_at
        return "when we first saw it" + (", as its own date was still to come" if ahead else "")
    if stored.sort_at == published:
        return "by its date; fixed at first sight, so that edits do not move it"
    return "fixed at first sight; later dates do not move it"
