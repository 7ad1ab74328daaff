"""Entries as a page shows them: as many as it may weigh, each with its colour, its words, its links.

In:  an `Edition`.
Out: `Card`s, and `Group`s of those that stand or are folded together.
Never: markup of its own; a clock. The template escapes what a card says, except content that `fragment` went over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import time
from hashlib import blake2b
from html import escape
from itertools import groupby

from feedmill.feeds.entry import Author
from feedmill.publish.aggregate import Edition, PublishedEntry
from feedmill.publish.branches import Around
from feedmill.publish.fragment import for_page
from feedmill.publish.frame import page_language
from feedmill.publish.xmltext import one_line, rfc3339

MOST_CARDS = 100  # the feeds and the archive hold the rest; a page of more is no page
HUES = 24
# HTML and CSS of a page stay below 50 kB (check G10). The stylesheet takes 15 of them and the frame 3; the numbers
# below are estimates of what a template makes of a card, held by a test.
_CARDS_BYTES = 29_500
_CONTENT_BYTES = 6_000
_CARD_BYTES = 740
_BRANCH_BYTES = 4_500  # how often a source posts, and the ways home
_SOURCE_BYTES = 160  # of one beside the stream
_OWN_FEED_BYTES = 170  # more, where there is no page of its own
MOST_LISTED = 30  # sources beside the stream; the page of all sources has the rest
_FEWEST_CARDS = 8
_SNIPPET = 300  # characters of a summary: two or three lines
_SHORT_TEXT = 500  # characters: a post without summary that is shown at once
_WRAPPING = re.compile(r"</?(?:p|pre|div|span|br|b|i|strong|em|code)\b[^>]*>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """An entry as the page shows it."""

    entry: PublishedEntry
    hue: int
    letter: str
    icon: str | None
    own_page: bool  # it stands on its source's own page, whose title need not be told again
    byline: tuple[Author, ...]  # without a name that only repeats the source's
    time: str  # "" where the source told no more than the day
    datetime: str
    updated: str
    content: str
    at_once: bool  # short: shown without unfolding
    language: str | None  # None: the page's; "": nobody told, and that is not the page's either
    media: tuple[tuple[str, str], ...]  # (URL, words)
    summary: str
    tags: tuple[tuple[str, str | None], ...]  # (term, address of its page)
    source_page: str | None
    minutes: int  # to read it


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Consecutive cards of one day: shown, or folded under "4 more from Ada"."""

    cards: tuple[Card, ...]
    folded: str = ""  # the source's title


def cards_of(edition: Edition) -> list[Card]:
    """The newest entries, as many as a page may weigh; the newest posts among them as a whole, while there is room."""
    each = _SOURCE_BYTES if edition.around.sources else _SOURCE_BYTES + _OWN_FEED_BYTES
    beside = _BRANCH_BYTES if edition.around.kind else each * min(MOST_LISTED, len(edition.sources))
    entries = _within(edition.entries, _CARDS_BYTES - beside)
    room = _CONTENT_BYTES
    cards = []
    for entry in entries:
        content = for_page(entry.content_html) if len(entry.content_html) <= 2 * room else ""
        if len(content) < 1000 and _WRAPPING.sub("", content).strip() == escape(entry.title, quote=False):
            content = ""  # the title has said it
        if len(content.encode()) > room:
            content = ""
        room -= len(content.encode())
        cards.append(_card(entry, edition, content))
    return cards


def _within(entries: Sequence[PublishedEntry], room: int) -> Sequence[PublishedEntry]:
    """As many entries as fit into so many bytes, a few in any case."""
    for at, entry in enumerate(entries[:MOST_CARDS]):
        texts = (entry.title, entry.summary[:_SNIPPET], entry.source.title, entry.image or "", *entry.categories[:8])
        size = sum(len(text.encode()) + 40 for text in texts) + len(entry.url or "") + len(entry.id)
        size += sum(len(enclosure.url) + 90 for enclosure in entry.enclosures)
        room -= (
            _CARD_BYTES + size + sum(len(author.name.encode()) + len(author.url or "") + 90 for author in entry.byline)
        )
        if room < 0 and at >= _FEWEST_CARDS:
            return entries[:at]
    return entries[:MOST_CARDS]


def groups_of(cards: Sequence[Card], fold: int) -> list[Group]:
    """The cards of a day: a run of one source shows `fold` of them, the rest is folded, so that all are seen."""
    groups: list[Group] = []
    for _, run in groupby(cards, key=lambda card: card.entry.source_key):
        ours = tuple(run)
        if fold and len(ours) > fold + 1:  # folding a single one would save nothing
            groups += [Group(cards=ours[:fold]), Group(cards=ours[fold:], folded=ours[0].entry.source.title)]
        else:
            groups.append(Group(cards=ours))
    return groups


def _card(entry: PublishedEntry, edition: Edition, content: str) -> Card:
    language = entry.language or entry.source.language
    around = edition.around
    pages = around.tags or {}
    page = (around.sources or {}).get(entry.source_key)
    return Card(
        entry=entry,
        hue=hue_of(entry.source_key),
        letter=letter_of(entry.source.title),
        icon=below(around, (around.icons or {}).get(entry.source_key)),
        own_page=around.kind == "source" and entry.source.title == edition.title,
        byline=tuple(author for author in entry.byline if author.name.casefold() != entry.source.title.casefold()),
        time="" if entry.sort_at.time() == time.min else f"{entry.sort_at:%H:%M}",
        datetime=rfc3339(entry.published or entry.sort_at),
        updated=rfc3339(entry.updated),
        content=content,
        at_once=not entry.summary and len(content) <= 2 * _SHORT_TEXT,
        language=None if language == page_language(edition) else language or "",
        media=tuple(_media(entry)),
        summary=one_line(entry.summary, most=_SNIPPET),
        tags=tuple((term, below(around, pages.get(term.casefold()))) for term in entry.categories[:8]),
        source_page=below(around, page),
        minutes=round(entry.words / 230),
    )


def below(around: Around, place: str | None) -> str | None:
    return None if place is None else around.up + place


def _media(entry: PublishedEntry) -> Iterator[tuple[str, str]]:
    """(URL, words). How long it is, is told of the first recording: that is the episode."""
    seconds = entry.seconds
    for enclosure in entry.enclosures:
        kind = (enclosure.media_type or "").partition("/")[0]
        word = {"audio": "Listen", "video": "Watch", "image": "Picture"}.get(kind, "Attachment")
        facts = [size_in_words(enclosure.length)] if enclosure.length else []
        if seconds and kind in {"audio", "video"}:
            facts.insert(0, duration_in_words(seconds))
            seconds = None
        yield enclosure.url, f"{word} ({', '.join(facts)})" if facts else word


def hue_of(key: str) -> int:
    """A source's place on the colour wheel: always the same for the same source, 0 to HUES - 1."""
    return blake2b(key.encode("utf-8", "replace"), digest_size=2).digest()[0] % HUES


def letter_of(title: str) -> str:
    """What stands on a source's tile when it has no icon: the first letter or digit of its name."""
    return next((letter.upper()[:1] for letter in title if letter.isalnum()), "·")


def duration_in_words(seconds: int) -> str:
    """`1 h 12 min`, `4 min`, `50 s`: how long a recording is, for people."""
    minutes = round(seconds / 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60} min" if minutes % 60 else f"{minutes // 60} h"
    return f"{minutes} min" if minutes else f"{seconds} s"


def size_in_words(length: int) -> str:
    """`12 MB`, `340 kB`: the size of an enclosure for people."""
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if length >= size:
            return f"{length / size:.0f} {unit}" if length >= 10 * size else f"{length / size:.1f} {unit}"
    return f"{length} bytes"
