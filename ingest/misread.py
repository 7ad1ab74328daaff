"""A whole document of UTF-8 that somebody read as windows-1252: names, categories and the feed's own words.

In:  a parsed document.
Out: whether it shows the damage; the same entry, or feed, with the short texts of it read again.
Never: ids, addresses or dates (`identify` has them as written), nor the text of an entry: titles and contents are
repaired where their entities are decoded and their tags are known (`titles`, `text.repair_markup`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from feedmill.ingest.text import has_mojibake, is_mostly_mojibake, repair_mojibake

if TYPE_CHECKING:
    from feedmill.ingest.parsed import ParsedEntry, ParsedFeed, ParsedSource, Person, Text

# What a podcast's channel says in words; the rest of `ParsedFeed.podcast` is addresses and marks.
_WORDS = ("itunes:category", "itunes:name")


def shows_mojibake(feed: ParsedFeed) -> bool:
    """At least half of the entries with any non-ASCII text carry it: one alone may be about it (parsing.md trap 44).

    What the feed says of itself counts as one entry more.
    """
    shown = others = 0
    for texts in (_own_words(feed), *map(_texts, feed.entries)):
        told = "".join(text for text in texts if not text.isascii())
        if told and is_mostly_mojibake(told):
            shown += 1
        elif told:
            others += 1
    return shown > 0 and shown >= others


def reread_entry(parsed: ParsedEntry) -> ParsedEntry:
    """`parsed` with its authors, categories, rights and source read again."""
    return replace(
        parsed,
        authors=_people(parsed.authors),
        categories=tuple(
            replace(category, term=repair_mojibake(category.term), label=_again(category.label))
            for category in parsed.categories
        ),
        rights=_again(parsed.rights),
        source=_about(parsed.source) if parsed.source is not None else None,
    )


def reread_feed(feed: ParsedFeed) -> ParsedFeed:
    """`feed` with what it says of itself read again, when it shows the damage; mostly the very same value."""
    if not any(map(has_mojibake, _own_words(feed))) or not shows_mojibake(feed):
        return feed
    podcast = tuple((name, repair_mojibake(value) if name in _WORDS else value) for name, value in feed.podcast)
    return replace(feed, about=_about(feed.about), podcast=podcast)


def _about(about: ParsedSource) -> ParsedSource:
    return replace(
        about,
        title=_text(about.title),
        subtitle=_text(about.subtitle),
        authors=_people(about.authors),
        rights=_again(about.rights),
    )


def _texts(entry: ParsedEntry) -> list[str]:
    return [text.value for text in (entry.title, entry.summary, *entry.contents) if text is not None]


def _own_words(feed: ParsedFeed) -> list[str]:
    about = feed.about
    words = [text.value for text in (about.title, about.subtitle) if text is not None]
    words += [about.rights or "", *(person.name for person in about.authors)]
    return words + [value for name, value in feed.podcast if name in _WORDS]


def _text(text: Text | None) -> Text | None:
    return replace(text, value=repair_mojibake(text.value)) if text is not None and has_mojibake(text.value) else text


def _people(people: Sequence[Person]) -> tuple[Person, ...]:
    return tuple(replace(person, name=repair_mojibake(person.name)) for person in people)


def _again(value: str | None) -> str | None:
    return repair_mojibake(value) if value is not None and has_mojibake(value) else value
