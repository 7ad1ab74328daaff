"""One entry of a source, under that source's rules: what `sync`, `reclean`, `why` and `normalize --source` all do.

    amend -> normalize + clean (sanitize last) -> pipe -> sanitize again -> judge

In:  an identified entry, what its document taught, when it was first seen; the source's rules.
Out: `Treated`: the entry, the fingerprint of what made it, and the rule that keeps it back, if one does.
Never: raises, whatever a stranger's markup or the user's own command does: one entry never costs the feed it came in.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from feedmill.feeds.entry import Entry, Note
from feedmill.feeds.source import NO_RULES, SourceRules
from feedmill.ingest.rules import PAGE_TEXT, amend, fingerprint_of, recipe_of

if TYPE_CHECKING:
    from feedmill.ingest.guids import Identified
    from feedmill.ingest.normalize import FeedContext

# In place of a recipe's fingerprint, or behind it: what was not done as the rules say, and is due for `reclean`.
SALVAGED = "salvaged"
UNPIPED = "!unpiped"
PAGE_OWED = "!page"  # its page was not asked for yet; the next sync does

_PATIENCE = 3  # failures of a pipe in a row, after which the rest of the document is spared the wait


@dataclass(frozen=True, slots=True, kw_only=True)
class Treated:
    """`recipe` is a fingerprint (`rules.fingerprint_of`); `filtered` the rule that keeps the entry back, or None."""

    entry: Entry
    recipe: str
    filtered: str | None = None


class Treatment:
    """The rules of one source, applied to the entries of one document."""

    def __init__(self, rules: SourceRules, context: FeedContext) -> None:
        self._rules = rules
        self._context = context
        self._recipe = recipe_of(rules)
        self._fingerprint = fingerprint_of(rules)
        self._failures = 0
        self._is_plain = rules == NO_RULES  # most sources: nothing to amend, to pipe or to filter
        self.filters = bool(rules.pipe) or rules.only != NO_RULES.only or rules.never != NO_RULES.never

    def treat(self, item: Identified, first_seen: datetime, *, context: FeedContext | None = None) -> Treated:
        """The entry made clean; its bare words when that cannot be. `context`: in place of the document's own."""
        from feedmill.ingest.normalize import normalize

        rules, recipe = self._rules, self._fingerprint
        context = context or self._context
        try:
            if self._is_plain:
                entry = normalize(item, context, now=first_seen, recipe=self._recipe)
                return Treated(entry=entry, recipe=recipe)
            parsed, notes = amend(item.parsed, rules)
            told = replace(item, parsed=parsed, notes=(*item.notes, *notes))
            entry = normalize(told, context, now=first_seen, recipe=self._recipe)
        except Exception as error:  # noqa: BLE001  whatever found a fault in us, the other entries go on
            from feedmill.ingest.salvage import salvage

            entry = salvage(item, source_url=self._context.source_url, first_seen=first_seen, error=error)
            return Treated(entry=entry, recipe=SALVAGED)
        if rules.full_text and PAGE_TEXT not in parsed.extras:
            recipe += PAGE_OWED
        filtered = None
        if rules.pipe:
            entry, piped, filtered = self._piped(entry)
            recipe += "" if piped else UNPIPED
        return Treated(entry=entry, recipe=recipe, filtered=filtered or _judge(entry, rules, first_seen))

    def _piped(self, entry: Entry) -> tuple[Entry, bool, str | None]:
        """(entry, whether the pipe worked, "pipe: …" when its command wants the entry kept back)."""
        from feedmill.ingest.entry_json import entry_json, merge
        from feedmill.ingest.pipe import PipeFailure, run_pipe

        rules = self._rules
        name = " ".join(rules.pipe)[:80]
        if self._failures >= _PATIENCE:
            return _noted(entry, f"{name} was not asked: it had failed {_PATIENCE} times in a row"), False, None
        text = json.dumps(entry_json(entry), ensure_ascii=False)
        answer = run_pipe(rules.pipe, text, folder=rules.folder, timeout=rules.pipe_timeout)
        try:
            if isinstance(answer, PipeFailure):
                raise ValueError(answer.sentence)  # noqa: TRY004, TRY301  (one way out for all that is wrong)
            value = json.loads(answer)
            if value is None:
                self._failures = 0
                return entry, True, f"pipe: {name} answered null"
            if not isinstance(value, dict):
                raise ValueError(f"{rules.pipe[0]} wrote JSON, but no object")  # noqa: TRY004, TRY301
            changed_entry, changed = merge(entry, value)
        except (ValueError, RecursionError) as error:
            self._failures += 1
            said = f"{rules.pipe[0]} wrote no JSON" if isinstance(error, json.JSONDecodeError) else str(error)
            return _noted(entry, f"the entry stays as it was: {said}"), False, None
        self._failures = 0
        if not changed:
            return entry, True, None
        return _noted(changed_entry, f"{name} changed {', '.join(changed)}"), True, None


def _noted(entry: Entry, detail: str) -> Entry:
    return replace(entry, notes=(*entry.notes, Note(step="pipe", field="content", detail=detail)))


def _judge(entry: Entry, rules: SourceRules, first_seen: datetime) -> str | None:
    if rules.only == NO_RULES.only and rules.never == NO_RULES.never:
        return None
    from feedmill.ingest.filters import judge

    return judge(entry, rules, first_seen=first_seen)
