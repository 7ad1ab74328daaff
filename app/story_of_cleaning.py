"""How one entry was cleaned, step by step, in words.

In:  the store (read only), the rules of its source, an entry as the document said it.
Out: sentences; the steps as data. The cleaning is done once more from the raw entry, so that each step can be shown.
Never: runs the user's own command.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import unescape
from typing import TYPE_CHECKING, Any

from feedmill.feeds.source import NO_RULES, SourceRules
from feedmill.output import counted

if TYPE_CHECKING:
    from feedmill.config.settings import Settings
    from feedmill.feeds.entry import Note, StoredEntry
    from feedmill.feeds.source import SourceRecord
    from feedmill.feeds.store import Original, Store
    from feedmill.ingest.normalize import FeedContext
    from feedmill.ingest.replay import Change, StepTrace

_EXCERPT = 160  # characters
_AROUND = 40  # of them before the place where two lines begin to differ
_CHANGES = 6  # shown of one step
_TAG = re.compile(r"<[^<>]{0,2000}>")
_HIDDEN = re.compile(r"<(script|style)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)


class Cleaning:
    """Cleans entries again, in the context that their feed gave; a context is read once."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._rules = {source.url: source.rules for source in settings.sources}
        self._contexts: dict[str, FeedContext] = {}

    def original(self, record: SourceRecord | None, stored: StoredEntry) -> Original | None:
        if record is None:
            return None
        return next(iter(self._store.originals(record.row, entry_rows=[stored.row])), None)

    def _rules_of(self, record: SourceRecord) -> SourceRules:
        return self._rules.get(record.source.url, NO_RULES)

    def fingerprint(self, record: SourceRecord) -> str:
        from feedmill.ingest.rules import fingerprint_of

        return fingerprint_of(self._rules_of(record))

    def steps(self, record: SourceRecord | None, original: Original | None) -> list[StepTrace]:
        if record is None or original is None:
            return []
        from feedmill.ingest.replay import context_of, trace

        url = record.source.url
        if url not in self._contexts:
            self._contexts[url] = context_of(self._store, record)
        return trace(original, self._contexts[url], self._rules_of(record))

    def told(
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
        yield from (sentence(note) for note in entry.notes if note.step in ("pipe", "full_text", "salvage", "quotes"))
        yield "Last, as always: sanitize lets only harmless elements, attributes and addresses through."
        words = counted(len(entry.content_text.split()), "word")
        yield f"As it is shown, {words}: {_quote(entry.content_text or '(no text)')}"
        yield from self._out_of_date(record, original)

    def _out_of_date(self, record: SourceRecord, original: Original) -> Iterator[str]:
        from feedmill.ingest.treat import PAGE_OWED, UNPIPED

        if original.recipe == self.fingerprint(record):
            return
        if original.recipe.endswith(PAGE_OWED):
            yield "Its page was not asked for the full text yet; the next sync does."
        elif original.recipe.endswith(UNPIPED):
            yield f"Your command did not work on it; `feedmill reclean {record.source.url}` tries again."
        else:
            command = f"feedmill reclean --dry-run {record.source.url}"
            yield f"The rules have changed since: `{command}` shows what they would make of it."


def sentence(note: Note) -> str:
    """A note as a sentence."""
    detail = note.detail[:1].upper() + note.detail[1:]
    return detail if detail.endswith((".", "”", "…")) else f"{detail}."


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


def step_json(step: StepTrace) -> dict[str, Any]:
    return {
        "step": step.name,
        "does": step.line,
        "ran": step.ran,
        "changes": [{"before": change.before, "after": change.after} for change in step.changes],
        "notes": [note.detail for note in step.notes],
    }
