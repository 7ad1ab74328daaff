"""The story of one entry: where it came from, what was decided, how it was cleaned, where it is shown, and why.

In:  the store (read only), the settings, an entry.
Out: a `Story`. The cleaning is done once more from the raw entry, step by step, so that each step can be shown.
Never: runs the user's own command; tells of a publication more than its own selection does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from html import unescape
from typing import TYPE_CHECKING, Any

from feedmill.feeds.deny import DenyList
from feedmill.feeds.publication import Publication, Selection
from feedmill.feeds.source import NO_RULES, SourceRecord, SourceRules
from feedmill.feeds.update import FILTERED
from feedmill.ingest.report import iso
from feedmill.output import counted
from feedmill.publish.gather import Planet, newest
from feedmill.publish.merge import merge, site_hosts
from feedmill.publish.select import wanted
from feedmill.story import Chapter, Story, day

if TYPE_CHECKING:
    from feedmill.config.settings import Settings
    from feedmill.feeds.entry import Entry, Note, StoredEntry
    from feedmill.feeds.store import Original, Store
    from feedmill.ingest.normalize import FeedContext
    from feedmill.ingest.replay import Change, StepTrace

_EXCERPT = 160  # characters
_AROUND = 40  # of them before the place where two lines begin to differ
_CHANGES = 6  # shown of one step
# The rules of publish.merge in words.
_MERGED = {"id": "the same id", "link": "the same page", "text": "the same words", "near": "nearly the same words"}
_TAG = re.compile(r"<[^<>]{0,2000}>")
_HIDDEN = re.compile(r"<(script|style)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)


class EntryTeller:
    """Tells the stories of entries; what several of them need is read once."""

    def __init__(self, store: Store, settings: Settings, records: dict[str, SourceRecord], *, now: datetime) -> None:
        self._store = store
        self._settings = settings
        self._records = records
        self._rules = {source.url: source.rules for source in settings.sources}
        options = settings.publish
        self._planet = Planet(records=list(records.values()), deny=DenyList(options.deny), now=now)
        self._contexts: dict[str, FeedContext] = {}
        self._shown: dict[str, list[StoredEntry]] = {}

    def story(self, stored: StoredEntry) -> Story:
        """All chapters."""
        entry = stored.entry
        record = self._records.get(stored.source_url)
        original = self._original(record, stored)
        steps = self._steps(record, original)
        places = [self._fate(publication, stored) for publication in self._settings.publications]
        chapters = [
            Chapter("Where it came from", tuple(self._came(stored, record))),
            Chapter("What was decided", tuple(_decided(stored))),
            Chapter("How it was cleaned", tuple(self._cleaned(stored, record, original, steps))),
            Chapter("Where it is shown", tuple(self._standing(stored, record)) + tuple(said for _, _, said in places)),
        ]
        facts = {
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
            "raw_kept": original is not None,
            "up_to_date": original is None or record is None or original.recipe == self._fingerprint(record),
            "notes": [{"step": note.step, "field": note.field, "detail": note.detail} for note in entry.notes],
            "steps": [_step_json(step) for step in steps],
            "publications": [
                {"path": publication.path, "shown": place is not None, "place": place, "of": total, "why": said}
                for publication, (place, total, said) in zip(self._settings.publications, places, strict=True)
            ],
        }
        title = entry.title or f"(taken down) {entry.url or entry.id}"
        return Story(kind="entry", title=title, chapters=tuple(chapters), facts=facts)

    # --- where it came from

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
        yield from (_sentence(note) for note in entry.notes if note.field == "guid")
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

    # --- how it was cleaned

    def _original(self, record: SourceRecord | None, stored: StoredEntry) -> Original | None:
        if record is None:
            return None
        return next(iter(self._store.originals(record.row, entry_rows=[stored.row])), None)

    def _rules_of(self, record: SourceRecord) -> SourceRules:
        return self._rules.get(record.source.url, NO_RULES)

    def _fingerprint(self, record: SourceRecord) -> str:
        from feedmill.ingest.rules import fingerprint_of

        return fingerprint_of(self._rules_of(record))

    def _steps(self, record: SourceRecord | None, original: Original | None) -> list[StepTrace]:
        if record is None or original is None:
            return []
        from feedmill.ingest.replay import context_of, trace

        url = record.source.url
        if url not in self._contexts:
            self._contexts[url] = context_of(self._store, record)
        return trace(original, self._contexts[url], self._rules_of(record))

    def _cleaned(
        self, stored: StoredEntry, record: SourceRecord | None, original: Original | None, steps: Sequence[StepTrace]
    ) -> Iterator[str]:
        entry = stored.entry
        if record is None or original is None:
            yield "What the feed said is not kept any more, so it cannot be shown how it was cleaned."
            return
        yield f"As it came: {_said(original.raw)}"
        quiet, skipped, number = [], [], 0
        for step in steps:
            if not step.ran:
                skipped.append(step.name)
            elif step.changes:
                number += 1
                yield from _step(number, step)
            else:
                quiet.append(step.name)
        if skipped:
            yield f"Skipped by your rule: {', '.join(skipped)}."
        if quiet:
            yield f"{'Nothing else' if number else 'Nothing'} to do for: {', '.join(quiet)}."
        yield from (_sentence(note) for note in entry.notes if note.step in ("pipe", "full_text", "salvage"))
        yield "Last, as always: sanitize lets only harmless elements, attributes and addresses through."
        words = counted(len(entry.content_text.split()), "word")
        yield f"As it is shown, {words}: {_quote(entry.content_text or '(no text)')}"
        yield from self._out_of_date(record, original)

    def _out_of_date(self, record: SourceRecord, original: Original) -> Iterator[str]:
        from feedmill.ingest.treat import PAGE_OWED, UNPIPED

        if original.recipe == self._fingerprint(record):
            return
        if original.recipe.endswith(PAGE_OWED):
            yield "Its page was not asked for the full text yet; the next sync does."
        elif original.recipe.endswith(UNPIPED):
            yield f"Your command did not work on it; `feedmill reclean {record.source.url}` tries again."
        else:
            command = f"feedmill reclean --dry-run {record.source.url}"
            yield f"The rules have changed since: `{command}` shows what they would make of it."

    # --- where it is shown

    def _standing(self, stored: StoredEntry, record: SourceRecord | None) -> Iterator[str]:
        """What keeps it from being shown anywhere."""
        if self._is_taken_down(stored, record):
            yield "Nowhere: it was taken down. Its words are gone; its id stays, so that it does not come back."
        reason = stored.held_reason
        if reason is None:
            return
        if reason.startswith(FILTERED):
            yield f"Nowhere: your rule {reason.removeprefix(FILTERED)}."
            yield f"Change the rule, then `feedmill reclean {stored.source_url}` brings it forward."
        else:
            yield f"Nowhere yet, it is held back: {reason}."

    def _is_taken_down(self, stored: StoredEntry, record: SourceRecord | None) -> bool:
        if record is None or stored.entry.title:
            return False
        memory = self._store.known(record.row, [stored.entry.guid]).get(stored.entry.guid)
        return memory is not None and memory.pruned

    def _fate(self, publication: Publication, stored: StoredEntry) -> tuple[int | None, int, str]:
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
        if self._is_taken_down(stored, record):
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
        most = publication.select.per_source
        if most is not None:
            return f"its source has its share of the time window already (per_source = {most})"
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


# --- decisions in words ---


def _decided(stored: StoredEntry) -> Iterator[str]:
    entry = stored.entry
    yield f"Title: “{entry.title}”, {_because(entry, 'title', 'as the feed has it')}."
    yield f"Link: {entry.url or 'none'}, {_because(entry, 'url', 'as the feed has it')}."
    yield f"Date: {day(entry.published)}, {_because(entry, 'published', 'as the feed says')}."
    yield f"Place in the lists: {day(stored.sort_at)}, {_placing(stored)}."
    if entry.updated is not None and entry.updated != entry.published:
        yield f"Updated: {day(entry.updated)}, {_because(entry, 'updated', 'as the feed says')}."
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


def _sentence(note: Note) -> str:
    detail = note.detail[:1].upper() + note.detail[1:]
    return detail if detail.endswith((".", "”", "…")) else f"{detail}."


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


# --- cleaning in words ---


def _step(number: int, step: StepTrace) -> Iterator[str]:
    yield f"{number}. {step.name}: {step.line}."
    for change in step.changes[:_CHANGES]:
        yield from (f"   {line}" for line in _change(change))
    more = len(step.changes) - _CHANGES
    if more > 0:
        yield f"   … and {counted(more, 'more change', 'more changes')}"
    rules = dict.fromkeys(note.detail.partition(": “")[0] for note in step.notes)
    if rules and step.name != "edges":  # there the lines themselves say it; how they were scored is in --json
        yield f"   rule: {'; '.join(rules)}"


def _change(change: Change) -> Iterator[str]:
    """− what stood there, + what stands there now: its words, or its markup when the words are the same."""
    before, after = _words(change.before), _words(change.after)
    if before == after:
        before, after = change.before, change.after
    start = 0
    if before and after:
        start = next((at for at, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), 0) - _AROUND
    if before:
        yield f"− {_cut(before, start)}"
    if after:
        yield f"+ {_cut(after, start)}"


def _words(html: str) -> str:
    return " ".join(unescape(_TAG.sub(" ", html)).split())


def _cut(text: str, start: int = 0) -> str:
    start = max(0, start)
    head = "…" if start else ""
    piece = text[start : start + _EXCERPT]
    return f"{head}{piece}{'…' if start + _EXCERPT < len(text) else ''}"


def _quote(text: str) -> str:
    return f"“{_cut(' '.join(text.split()))}”"


def _said(raw: str) -> str:
    """The beginning and the end of what the document said: chrome stands at the end."""
    from feedmill.ingest.parsed import ParsedEntry

    parsed = ParsedEntry.from_json(raw)
    texts = [text for text in (*parsed.contents, parsed.summary) if text is not None]
    longest = max(texts, key=lambda text: len(text.value), default=None)
    if longest is None or not longest.value.strip():
        return "no text at all."
    value = longest.value
    words = _words(_HIDDEN.sub(" ", unescape(value) if "<" not in value and "&lt;" in value else value))
    if len(words) <= 2 * _EXCERPT:
        return f"“{words}”"
    head, tail = words[:_EXCERPT].rpartition(" ")[0], words[-_EXCERPT:].partition(" ")[2]
    return f"“{head or words[:_EXCERPT]} […] {tail or words[-_EXCERPT:]}”"


def _step_json(step: StepTrace) -> dict[str, Any]:
    return {
        "step": step.name,
        "does": step.line,
        "ran": step.ran,
        "changes": [{"before": change.before, "after": change.after} for change in step.changes],
        "notes": [note.detail for note in step.notes],
    }
