"""What the user wants done differently with one source's entries, as far as it can be done on paper.

    amend         the entry as its document said it -> as the rules read it     before normalization
    recipe_of     which cleaning steps run, and the selectors
    fingerprint   of everything that may change what readers see: an entry with another one is due for `reclean`

In:  `SourceRules`, a `ParsedEntry`.
Out: another `ParsedEntry`, a `Recipe`, notes that name the rule.
Never: runs a command, fetches a page, touches an id, or changes what is kept as raw.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import date, timedelta
from functools import lru_cache
from hashlib import blake2b
from html import unescape
from typing import TYPE_CHECKING

from feedmill.feeds.entry import Note
from feedmill.feeds.source import NO_RULES, Filter, SourceRules
from feedmill.ingest.dates import read_date
from feedmill.ingest.parsed import ParsedEntry, Person, Text
from feedmill.ingest.titles import read_title

if TYPE_CHECKING:
    from feedmill.ingest.clean import Recipe

# Kept in the raw entry beside what the feed said, so that a replay needs no second look at the page.
PAGE_TEXT = "feedmill:page_text"  # the article as HTML; "" when there is none
PAGE_SAID = "feedmill:page_said"  # where it was found, or why it was not

RICHER = 1.2  # a page's text that is hardly longer is the feed's own with a byline
_LEAST_SHARED = 0.5  # of the feed's words must stand on the page: a cookie wall has none of them
_WORD = re.compile(r"\w{4,}")
_TAG = re.compile(r"<[^<>]{0,2000}>")
_HIDDEN = re.compile(r"<(script|style)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_DAY = re.compile(r"(?<!\d)((?:19|20)\d\d)([/-])(0?[1-9]|1[0-2])(?:\2(0?[1-9]|[12]\d|3[01]))?(?!\d)")
_JOINTS = " \t\u00a0-–—|:·•»«/"


def recipe_of(rules: SourceRules) -> Recipe:
    """The cleaning recipe of a source: everything, but for the steps that are skipped."""
    from feedmill.ingest.clean import DEFAULT_RECIPE, Recipe

    if not (rules.skip_steps or rules.drop or rules.keep):
        return DEFAULT_RECIPE
    return Recipe(switches=dict.fromkeys(rules.skip_steps, False), drop=rules.drop, keep=rules.keep)


@lru_cache(maxsize=1024)
def fingerprint_of(rules: SourceRules) -> str:
    """Of the recipe and of every other rule; without rules, of the recipe alone."""
    recipe = recipe_of(rules).fingerprint
    written = _written(rules, NO_RULES)
    if not written:
        return recipe
    said = json.dumps([recipe, written], ensure_ascii=False, sort_keys=True, default=str)
    return blake2b(said.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def _written(rules: SourceRules | Filter, defaults: SourceRules | Filter) -> dict[str, object]:
    """Only what differs from the defaults: a key that a later version adds changes no fingerprint."""
    found: dict[str, object] = {}
    for field in fields(rules):
        value, default = getattr(rules, field.name), getattr(defaults, field.name)
        if field.compare and value != default:
            found[field.name] = _written(value, default) if isinstance(value, Filter) else value
    return found


def amend(parsed: ParsedEntry, rules: SourceRules) -> tuple[ParsedEntry, tuple[Note, ...]]:
    """The entry as the rules read it, with a note for each rule that had an effect."""
    notes: list[Note] = []
    if rules.full_text:
        parsed = _with_page(parsed, notes)
    if rules.title_cut or rules.title_from != "feed":
        parsed = _with_title(parsed, rules, notes)
    if rules.author:
        parsed = replace(parsed, authors=(Person(name=rules.author),))
        notes.append(_note("authors", f'author = "{rules.author}"'))
    if rules.language:
        parsed = replace(parsed, language=rules.language)
        notes.append(_note("language", f'language = "{rules.language}"'))
    if rules.date != "published":
        parsed = _with_date(parsed, rules, notes)
    return parsed, tuple(notes)


def _note(field: str, rule: str) -> Note:
    return Note(step="rules", field=field, detail=f"your rule: {rule}")


# --- title and date ---


def _with_title(parsed: ParsedEntry, rules: SourceRules, notes: list[Note]) -> ParsedEntry:
    if parsed.title is None:
        return parsed
    if rules.title_from == "content":
        notes.append(_note("title", 'title_from = "content", the feed\'s own is left aside'))
        return replace(parsed, title=None)
    title = read_title(parsed.title)
    shorter = title
    for part in rules.title_cut:
        shorter = _cut(shorter, " ".join(part.split()))
    if shorter == title or not shorter:
        return parsed
    notes.append(_note("title", f"title_cut took away what “{title}” has too much"))
    return replace(parsed, title=replace(parsed.title, value=shorter, kind="text"))


def _cut(title: str, part: str) -> str:
    """`title` without `part` at its start or end, and without the dash or bar that joined them."""
    folded, wanted = title.casefold(), part.casefold()
    if not wanted or len(folded) != len(title):
        return title
    if folded.startswith(wanted):
        title, folded = title[len(wanted) :].lstrip(_JOINTS), folded[len(wanted) :].lstrip(_JOINTS)
    if folded.endswith(wanted):
        title = title[: -len(wanted)].rstrip(_JOINTS)
    return title


def _with_date(parsed: ParsedEntry, rules: SourceRules, notes: list[Note]) -> ParsedEntry:
    if rules.date == "first_seen":
        notes.append(_note("published", 'date = "first_seen", the document\'s own is left aside'))
        return replace(parsed, published=None, updated=None)
    if rules.date == "updated":
        if not parsed.updated:
            return parsed
        notes.append(_note("published", 'date = "updated"'))
        return replace(parsed, published=parsed.updated)
    day = next(_days_in_links(parsed), None)
    if day is None or _same_day(parsed, day):
        return parsed
    notes.append(_note("published", f'date = "url", whose address says {day.isoformat()}'))
    return replace(parsed, published=day.isoformat())


def _days_in_links(parsed: ParsedEntry) -> Iterator[date]:
    """Days as `/2024/05/31/` or `2024-05-31` in the entry's addresses; a month alone is its first day."""
    pages = [link.href for link in parsed.links if link.rel == "alternate"]
    for href in (parsed.orig_link or "", *pages, parsed.id or ""):
        for found in _DAY.finditer(href.partition("?")[0]):
            year, _, month, day = found.groups()
            try:
                yield date(int(year), int(month), int(day or 1))
            except ValueError:
                continue


def _same_day(parsed: ParsedEntry, day: date) -> bool:
    """Whether the document's date is of that day (a zone may move it by one): then it is kept, as it has a time."""
    reading = read_date(parsed.published or parsed.updated or "")
    return reading is not None and abs(reading.at.date() - day) <= timedelta(days=1)


# --- full text ---


def _with_page(parsed: ParsedEntry, notes: list[Note]) -> ParsedEntry:
    """The page's text as the content, when it is richer than the feed's own."""
    page = parsed.extras.get(PAGE_TEXT)
    said = parsed.extras.get(PAGE_SAID, "")
    if page is None:
        return parsed
    texts = [text for text in (*parsed.contents, parsed.summary) if text is not None]
    own = max((_bare(text.value) for text in texts), key=len, default="")
    poorer = f"nothing was found on its page {said}" if not page.strip() else why_poorer(own, _bare(page))
    if poorer:
        notes.append(Note(step="full_text", field="content_html", detail=f"the feed's own text stays: {poorer}"))
        return parsed
    notes.append(Note(step="full_text", field="content_html", detail=f"taken from its page {said}"))
    text = Text(value=page, kind="html", base=said or None, language=texts[0].language if texts else None)
    return replace(parsed, contents=(text,))


def why_poorer(own: str, page: str) -> str:
    """Why a page's text is no better than the feed's own, in words; "" when it is. Both as plain text."""
    own_words, page_words = len(own.split()), len(page.split())
    if len(page) < RICHER * len(own):
        return f"the page has {page_words} words, the feed {own_words}"
    wanted = set(_WORD.findall(own.casefold()))
    if len(wanted) >= 8 and len(wanted.intersection(_WORD.findall(page.casefold()))) < _LEAST_SHARED * len(wanted):
        return "the page says something else"
    return ""


def _bare(value: str) -> str:
    return " ".join(unescape(_TAG.sub(" ", _HIDDEN.sub(" ", value))).split())
