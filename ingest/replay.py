"""Stored entries made anew from what their documents said, without fetching: what `reclean` and `why` do.

    store.originals -> context_of (what the source's documents teach, from the raw entries we have)
                    -> Treatment, as in a sync -> Replayed (before, after)

In:  a store, a source with its rules.
Out: `Replayed`s; `trace`: one entry cleaned step by step.
Never: fetches, writes, or moves anything: id, guid, place and first sight are what they were.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import TYPE_CHECKING

from feedmill.feeds.entry import Note
from feedmill.feeds.source import SourceRecord, SourceRules
from feedmill.feeds.update import FILTERED, EntryUpdate, KnownEntry
from feedmill.ingest import plan as plans
from feedmill.ingest.dates import read_date
from feedmill.ingest.digest import make_update
from feedmill.ingest.guids import Identified
from feedmill.ingest.normalize import FeedContext, normalize, prepare
from feedmill.ingest.parsed import Link, ParsedEntry, ParsedFeed, ParsedSource, Person, Text
from feedmill.ingest.rules import amend, fingerprint_of, recipe_of
from feedmill.ingest.treat import Treatment

if TYPE_CHECKING:
    from feedmill.feeds.store import Original, Store

_TAUGHT_BY = 20  # raw entries that a source's context is learned from, when its document held fewer
_RESTAMPED = "the feed stamps every entry with the time of the fetch"  # ingest.dates says so in a note
_MOST_LINES = 4000  # of one entry's HTML that are compared
_AT_ONCE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """One entry, before and after. `update.revised`: readers would see a difference in the entry itself."""

    original: Original
    update: EntryUpdate

    @property
    def released(self) -> bool:
        """A filter kept it back, and no longer does."""
        return _is_filtered(self.original.stored.held_reason) and self.update.held_reason is None

    @property
    def kept_back(self) -> bool:
        """A filter would keep it back, and did not before."""
        return self.original.stored.held_reason is None and self.update.held_reason is not None

    @property
    def visible(self) -> bool:
        """Readers would notice."""
        shown = self.original.stored.held_reason is None
        return self.released or self.kept_back or (self.update.revised and shown)


def _is_filtered(reason: str | None) -> bool:
    return reason is not None and reason.startswith(FILTERED)


def replay(store: Store, record: SourceRecord, rules: SourceRules, *, every: bool = False) -> Iterator[list[Replayed]]:
    """The source's entries that another recipe made (`every`: all of them), made anew; in batches."""
    wanted = store.originals(record.row, recipe_not=None if every else fingerprint_of(rules))
    if not wanted:
        return
    context = context_of(store, record)
    treatment = Treatment(rules, context)
    for start in range(0, len(wanted), _AT_ONCE):
        yield [remake(original, treatment, context) for original in wanted[start : start + _AT_ONCE]]


def remake(original: Original, treatment: Treatment, context: FeedContext, raw: str | None = None) -> Replayed:
    """One entry through the mill again; `raw`: when more is known of it now (its page's text)."""
    item = identified(original, raw)
    update = make_update(item, treatment, original.stored.first_seen, context=_context_for(original, context))
    entry = original.stored.entry
    known = KnownEntry(
        guid=entry.guid,
        row=original.stored.row,
        id=entry.id,
        raw_hash=original.raw_hash,
        fingerprint=original.fingerprint,
        recipe=original.recipe,
        first_seen=original.stored.first_seen,
        published=entry.published,
        updated=entry.updated,
    )
    update = replace(update, known=known, judged=True)  # judged: a filter that is gone lets go what it caught
    if not any(note.step == "rules" and note.field == "published" for note in (*entry.notes, *update.entry.notes)):
        update = plans.keep_date(update)
    _, (update,) = plans.sort_updates([update])
    return Replayed(original=original, update=update)


def identified(original: Original, raw: str | None = None) -> Identified:
    """The entry as its document said it, under the guid that it was given then."""
    entry = original.stored.entry
    raw = original.raw if raw is None else raw
    return Identified(
        parsed=ParsedEntry.from_json(raw),
        guid=entry.guid,
        raw=raw,
        raw_hash=original.raw_hash,
        notes=tuple(note for note in entry.notes if note.step == "identify"),
    )


def context_of(store: Store, record: SourceRecord) -> FeedContext:
    """What the source's last document taught, learned again from its newest entries."""
    newest = store.originals(record.row, limit=max(_TAUGHT_BY, record.channel.entries))
    about = record.channel.about
    links = [Link(href=about.site_url, rel="alternate")] if about.site_url else []
    links += [Link(href=about.url, rel="self")] if about.url else []
    feed = ParsedFeed(
        format=record.channel.format,
        about=ParsedSource(
            id=about.id,
            title=Text(value=about.title) if about.title else None,
            links=tuple(links),
            authors=tuple(Person(name=author.name) for author in about.authors),
            language=about.language,
        ),
        entries=tuple(ParsedEntry.from_json(original.raw) for original in newest),
        base=record.state.validators.issued_by or record.source.url,
    )
    return replace(prepare(feed, source_url=record.source.url), stamped=None)


def _context_for(original: Original, context: FeedContext) -> FeedContext:
    """Whether its feed stamped every entry was seen in the document it came in, and stands in a note."""
    if not any(note.detail == _RESTAMPED for note in original.stored.entry.notes):
        return context
    parsed = ParsedEntry.from_json(original.raw)
    reading = read_date(parsed.published or parsed.updated or "")
    return replace(context, stamped=reading.at if reading else None)


# --- step by step ---


@dataclass(frozen=True, slots=True)
class Change:
    """Lines of HTML before and after a step; "" for what came or went."""

    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTrace:
    """What one cleaning step did to one entry. `ran` is False when the source's rules skip it."""

    name: str
    line: str
    ran: bool
    changes: tuple[Change, ...]
    notes: tuple[Note, ...]


def trace(original: Original, context: FeedContext, rules: SourceRules) -> list[StepTrace]:
    """The cleaning steps in their order: each is switched on in turn, and what it changed is what it did."""
    from feedmill.ingest.clean.steps import STEPS

    item = identified(original)
    parsed, _ = amend(item.parsed, rules)
    item = replace(item, parsed=parsed)
    recipe = recipe_of(rules)
    context = _context_for(original, context)
    switches = {step.name: False for step in STEPS if step.switch}

    def clean() -> tuple[list[str], tuple[Note, ...]]:
        some = replace(recipe, switches=dict(switches))
        entry = normalize(item, context, now=original.stored.first_seen, recipe=some)
        return entry.content_html.split("\n"), entry.notes

    told = []
    lines, _ = clean()
    for step in STEPS:
        if not step.switch:
            continue
        ran = recipe.runs(step.name, step.on)
        before = lines
        notes: tuple[Note, ...] = ()
        if ran:
            switches[step.name] = True
            lines, notes = clean()
        told.append(
            StepTrace(
                name=step.name,
                line=step.line,
                ran=ran,
                changes=_changes(before, lines),
                notes=tuple(note for note in notes if note.step == step.name),
            )
        )
    return told


def _changes(before: Sequence[str], after: Sequence[str]) -> tuple[Change, ...]:
    if before == after:
        return ()
    matcher = difflib.SequenceMatcher(None, before[:_MOST_LINES], after[:_MOST_LINES], autojunk=False)
    found = []
    for kind, start, end, new_start, new_end in matcher.get_opcodes():
        if kind == "equal":
            continue
        old, new = before[start:end], after[new_start:new_end]
        found += [Change(*pair) for pair in zip_longest(old, new, fillvalue="")]
    return tuple(found)
