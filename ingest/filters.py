"""Which entries of a source are shown: `[source.only]` and `[source.never]`.

In:  a normalized entry, its source's rules, when it was first seen.
Out: None, or the sentence that names the rule which keeps it back.
Never: drops anything: what is kept back is stored and "seen", and comes forward when the rule goes (`reclean`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache

from feedmill.feeds.entry import Entry
from feedmill.feeds.source import Filter, SourceRules

# Scripts without spaces between words: there a phrase is looked for anywhere.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_UNSPACED_CHARACTER = re.compile(f"[{_UNSPACED}]")
_COUNTED = re.compile(f"[{_UNSPACED}]|[^\\W{_UNSPACED}]+(?:['’][^\\W{_UNSPACED}]+)*")


def judge(entry: Entry, rules: SourceRules, *, first_seen: datetime) -> str | None:
    """Why the entry is kept back, or None. `never` is asked first; of `only` every key that is written must hold."""
    return _never(entry, rules.never) or _only(entry, rules.only, first_seen)


def count_words(text: str) -> int:
    """Words; of scripts that do not part them, characters."""
    return len(_COUNTED.findall(text))


def _never(entry: Entry, never: Filter) -> str | None:
    if found := _shared(entry.categories, never.categories):
        return f"never.categories: it is in “{found}”"
    if found := _shared(_authors(entry), never.authors):
        return f"never.authors: it is by {found}"
    if never.languages and (found := _spoken(entry.language, never.languages)):
        return f"never.languages: it is in {found}"
    if found := _phrase(entry.title, never.title_words):
        return f"never.title_words: its title says “{found}”"
    if found := _phrase(_text(entry), never.words):
        return f"never.words: it says “{found}”"
    return None


def _only(entry: Entry, only: Filter, first_seen: datetime) -> str | None:
    if only.categories and not _shared(entry.categories, only.categories):
        has = f"it is in {_listed(entry.categories)}" if entry.categories else "it is in none"
        return f"only.categories: {has}, wanted {_listed(only.categories, 'or')}"
    if only.authors and not _shared(_authors(entry), only.authors):
        has = f"it is by {_listed(_authors(entry))}" if entry.authors else "it names no author"
        return f"only.authors: {has}, wanted {_listed(only.authors, 'or')}"
    if only.languages and entry.language and not _spoken(entry.language, only.languages):
        return f"only.languages: it is in {entry.language}, wanted {_listed(only.languages, 'or')}"
    if only.title_words and not _phrase(entry.title, only.title_words):
        return f"only.title_words: its title has no {_listed(only.title_words, 'or')}"
    if only.words and not _phrase(_text(entry), only.words):
        return f"only.words: it says nothing of {_listed(only.words, 'or')}"
    if only.max_age is not None and entry.published is not None and first_seen - entry.published > only.max_age:
        days = (first_seen - entry.published).days
        return f"only.max_age: it was {days} days old when it was first seen"
    if only.min_words is not None and (words := count_words(entry.content_text)) < only.min_words:
        return f"only.min_words: it has {words}, wanted at least {only.min_words}"
    return None


def _text(entry: Entry) -> str:
    return f"{entry.title}\n{entry.content_text or entry.summary}"


def _authors(entry: Entry) -> tuple[str, ...]:
    return tuple(author.name for author in entry.authors)


def _shared(has: Iterable[str], wanted: Sequence[str]) -> str:
    """The first of `has` that is wanted, case folded; "" for none."""
    folded = {one.casefold() for one in wanted}
    return next((one for one in has if one.casefold() in folded), "") if folded else ""


def _spoken(language: str | None, wanted: Sequence[str]) -> str:
    """The entry's language when it is one of these; "en" includes "en-GB"."""
    spoken = (language or "").casefold()
    tags = [tag.casefold() for tag in wanted]
    return language or "" if any(spoken == tag or spoken.startswith(f"{tag}-") for tag in tags) else ""


def _phrase(text: str, wanted: tuple[str, ...]) -> str:
    """The first of these words or phrases that stands in the text as a whole; "" for none."""
    if not wanted:
        return ""
    found = _pattern(wanted).search(text)
    return " ".join(found[0].split()) if found else ""


@lru_cache(maxsize=256)
def _pattern(wanted: tuple[str, ...]) -> re.Pattern[str]:
    pieces = []
    for phrase in wanted:
        body = r"\s+".join(re.escape(word) for word in phrase.split())
        head = "" if _UNSPACED_CHARACTER.match(phrase) else r"(?<!\w)"
        tail = "" if _UNSPACED_CHARACTER.match(phrase[-1:]) else r"(?!\w)"
        pieces.append(f"{head}{body}{tail}")
    return re.compile("|".join(pieces), re.IGNORECASE)


def _listed(words: Sequence[str], joint: str = "and") -> str:
    """a, b and c"""
    quoted = [f"“{word}”" for word in words]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} {joint} {quoted[-1]}"
