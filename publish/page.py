"""The web pages: one `index.html` for each publication, one `status.html` for the planet.

In:  an `Edition`; lines of the status.
Out: HTML bytes without script and without "now": dates are absolute, so equal content gives equal bytes.
Never: trusts what a feed says: the template engine escapes every value, except content that `fragment` went over.

A theme is a folder of templates and stylesheets; this module prepares all it shows, so a theme has nothing to decide.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from hashlib import blake2b
from itertools import groupby
from typing import TYPE_CHECKING, Any

from feedmill.feeds.entry import Author, Enclosure
from feedmill.feeds.publication import Publication
from feedmill.publish.about import source_about
from feedmill.publish.aggregate import GENERATOR, TYPES, Edition, PublishedEntry
from feedmill.publish.fragment import for_page
from feedmill.publish.links import is_private
from feedmill.publish.status_words import SourceLine
from feedmill.publish.theme import template
from feedmill.publish.xmltext import clean, rfc3339, utc

if TYPE_CHECKING:
    from jinja2 import Environment

MOST_CARDS = 200  # the feeds hold the rest; a page of more is no page
HUES = 24
_INLINE_BYTES = 60_000  # a longer post is read at its source
_PAGE_BYTES = 1_500_000  # of inlined posts; the cards after that show their summary only
_SHORT_TEXT = 500  # characters: a post without summary that is shown at once
_PRIVATE_USE = re.compile("[\ue000-\uf8ff]")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """An entry as the page shows it."""

    entry: PublishedEntry
    hue: int
    byline: tuple[Author, ...]  # without a name that only repeats the source's
    time: str
    datetime: str
    updated: str
    content: str
    at_once: bool  # short: shown without unfolding
    language: str | None
    media: tuple[tuple[str, str], ...]  # (URL, words)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceItem:
    """A source in the page's list."""

    title: str
    site_url: str | None
    feed_url: str | None
    hue: int


def render_page(edition: Edition) -> bytes:
    """index.html of a publication (checks G1-G9)."""
    cards = _cards(edition)
    days = [(day, list(group)) for day, group in groupby(cards, key=lambda card: card.entry.sort_at.date())]
    public_planet = not is_private(edition.url)
    return _render(
        "index.html",
        edition=edition,
        publication=edition.publication,
        description=edition.publication.description or _description(edition),
        days=[(day.isoformat(), in_words(day), group) for day, group in days],
        more=max(0, len(edition.entries) - len(cards)),
        sources=_source_items(edition, public_planet=public_planet),
        feeds=[
            (name, TYPES[kind], edition.address(kind))
            for kind, name in (("atom", "Atom"), ("rss", "RSS"), ("json", "JSON Feed"))
            if edition.offers(kind)
        ],
        blogroll=edition.address("opml") if edition.offers("opml") else None,
        updated=(rfc3339(edition.updated), moment_in_words(edition.updated)) if edition.entries else None,
        root=_root(edition.publication),
        language=edition.language or "en",
        generator=f"{GENERATOR} {edition.generator_version}",
    )


def render_status(
    title: str, lines: list[SourceLine], publications: list[tuple[str, str]], *, generator_version: str
) -> bytes:
    """status.html: every source in plain words. `publications`: (title, address relative to the root)."""
    counts: dict[str, int] = {}
    for line in lines:
        counts[line.word] = counts.get(line.word, 0) + 1
    return _render(
        "status.html",
        title=title,
        troubled=[line for line in lines if line.state not in {"active", "new"}],
        fine=[line for line in lines if line.state in {"active", "new"}],
        counts=list(counts.items()),
        total=len(lines),
        publications=publications,
        in_words=moment_in_words,
        rfc3339=rfc3339,
        root="",
        language="en",
        generator=f"{GENERATOR} {generator_version}",
    )


def hue_of(key: str) -> int:
    """A source's place on the colour wheel: always the same for the same source, 0 to HUES - 1."""
    return blake2b(key.encode("utf-8", "replace"), digest_size=2).digest()[0] % HUES


def in_words(day: date) -> str:
    """`Saturday, 31 January 2026`: English whatever the locale."""
    return f"{_DAYS[day.weekday()]}, {day.day} {_MONTHS[day.month - 1]} {day.year}"


def moment_in_words(moment: datetime) -> str:
    """`31 January 2026, 08:05 UTC`."""
    at = utc(moment)
    return f"{at.day} {_MONTHS[at.month - 1]} {at.year}, {at:%H:%M} UTC"


def size_in_words(length: int) -> str:
    """`12 MB`, `340 kB`: the size of an enclosure for people."""
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if length >= size:
            return f"{length / size:.0f} {unit}" if length >= 10 * size else f"{length / size:.1f} {unit}"
    return f"{length} bytes"


def _description(edition: Edition) -> str:
    count = len(edition.sources)
    return f"New posts from {count} {'blog' if count == 1 else 'blogs'}, in one place."


def _cards(edition: Edition) -> list[Card]:
    cards = []
    budget = _PAGE_BYTES
    for entry in edition.entries[:MOST_CARDS]:
        size = len(entry.content_html)
        inline = size <= min(_INLINE_BYTES, budget)
        content = for_page(entry.content_html) if inline else ""
        budget -= len(content)
        cards.append(_card(entry, edition, content))
    return cards


def _card(entry: PublishedEntry, edition: Edition, content: str) -> Card:
    language = entry.language or entry.source.language
    return Card(
        entry=entry,
        hue=hue_of(entry.source_key),
        byline=tuple(author for author in entry.byline if author.name.casefold() != entry.source.title.casefold()),
        time=f"{entry.sort_at:%H:%M}",
        datetime=rfc3339(entry.published or entry.sort_at),
        updated=rfc3339(entry.updated),
        content=content,
        at_once=not entry.summary and len(content) <= 2 * _SHORT_TEXT,
        language=language if language != (edition.language or "en") else None,
        media=tuple((enclosure.url, _media_words(enclosure)) for enclosure in entry.enclosures),
    )


def _media_words(enclosure: Enclosure) -> str:
    kind = (enclosure.media_type or "").partition("/")[0]
    word = {"audio": "Listen", "video": "Watch", "image": "Picture"}.get(kind, "Attachment")
    return f"{word} ({size_in_words(enclosure.length)})" if enclosure.length else word


def _source_items(edition: Edition, *, public_planet: bool) -> list[SourceItem]:
    items = []
    for record in edition.sources:
        about = source_about(record, public_planet=public_planet)
        items.append(
            SourceItem(title=about.title, site_url=about.site_url, feed_url=about.url, hue=hue_of(record.source.url))
        )
    return sorted(items, key=lambda item: (item.title.casefold(), item.feed_url or ""))


def _root(publication: Publication) -> str:
    depth = len([part for part in publication.path.split("/") if part])
    return "../" * depth


def _render(name: str, **values: Any) -> bytes:
    """The bytes of a page. Private-use characters mean nothing without the font of the site they come from."""
    return _PRIVATE_USE.sub("", clean(_environment().get_template(name).render(**values))).encode()


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    return Environment(
        loader=FunctionLoader(template),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        keep_trailing_newline=True,
    )
