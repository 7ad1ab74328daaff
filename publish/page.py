"""The web pages: one `index.html` for each publication and branch, the archive's, the search page, `status.html`.

In:  an `Edition`; months with their items; lines of the status.
Out: HTML bytes without script (the search page names its one file) and without "now": dates are absolute, so equal
     content gives equal bytes.
Never: trusts what a feed says: the template engine escapes every value, except content that `fragment` went over.

A theme is a folder of templates and stylesheets; this module prepares all it shows, so a theme has nothing to decide.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from hashlib import blake2b
from itertools import groupby
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from feedmill.feeds.entry import Author, Enclosure
from feedmill.feeds.source import SourceRecord
from feedmill.publish.about import source_about
from feedmill.publish.aggregate import GENERATOR, TYPES, Edition, PublishedEntry
from feedmill.publish.branches import Around
from feedmill.publish.fragment import for_page
from feedmill.publish.links import is_private
from feedmill.publish.status_words import SourceLine
from feedmill.publish.theme import template
from feedmill.publish.xmltext import clean, one_line, rfc3339, utc

if TYPE_CHECKING:
    from jinja2 import Environment

    from feedmill.publish.months import Item, Month

MOST_CARDS = 100  # the feeds and the archive hold the rest; a page of more is no page
MOST_LISTED = 30  # sources beside the stream; the page of all sources has the rest
HUES = 24
# HTML and CSS of a page stay below 50 kB (check G10). The stylesheet takes 14 of them and the frame 3; the numbers
# below are estimates of what a template makes of a card, held by a test.
_CARDS_BYTES = 30_000
_CONTENT_BYTES = 6_000
_CARD_BYTES = 620
_FEWEST_CARDS = 8
_SNIPPET = 300  # characters of a summary: two or three lines
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
    summary: str
    tags: tuple[tuple[str, str | None], ...]  # (term, address of its page)
    source_page: str | None
    minutes: int  # to read it


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Consecutive cards of one day: shown, or folded under "4 more from Ada"."""

    cards: tuple[Card, ...]
    folded: str = ""  # the source's title


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceItem:
    """A source in the page's list."""

    title: str
    site_url: str | None
    feed_url: str | None
    hue: int
    page: str | None = None


def render_page(edition: Edition) -> bytes:
    """index.html of a publication or branch (checks G1-G9)."""
    cards = _cards(edition)
    days = [(day, list(group)) for day, group in groupby(cards, key=lambda card: card.entry.sort_at.date())]
    around = edition.around
    sources = _source_items(edition)
    return _render(
        "branch.html" if around.kind else "index.html",
        edition=edition,
        publication=edition.publication,
        around=around,
        description=edition.publication.description or _description(edition),
        days=[(day.isoformat(), in_words(day), _groups(group, edition.publication.fold)) for day, group in days],
        more=max(0, len(edition.entries) - len(cards)),
        sources=sources[:MOST_LISTED] if around.sources else sources,
        source_count=len(sources),
        feeds=[
            (name, TYPES[kind], edition.address(kind))
            for kind, name in (("atom", "Atom"), ("rss", "RSS"), ("json", "JSON Feed"))
            if edition.offers(kind)
        ],
        readers=_readers(edition),
        blogroll=edition.address("opml") if edition.offers("opml") else None,
        updated=(rfc3339(edition.updated), moment_in_words(edition.updated)) if edition.entries else None,
        bars=_bars(around.rhythm),
        **_frame(edition, up=around.up),
    )


def render_sources(edition: Edition, counts: dict[str, int]) -> bytes:
    """source/index.html: every source with its page, its site and how many entries are kept. `counts` by URL."""
    pages = edition.around.sources or {}
    rows = [
        (item, counts.get(record.source.url, 0))
        for record, item in sorted(
            ((record, _source_item(record, edition, pages)) for record in edition.sources),
            key=lambda pair: (pair[1].title.casefold(), pair[1].feed_url or ""),
        )
    ]
    return _render(
        "sources.html", rows=rows, home=edition, title=f"Sources of {edition.title}",
        **_frame(edition, up="../", below=1),
    )  # fmt: skip


def render_month(
    edition: Edition, month: Month, items: Sequence[Item], *, newer: Month | None, older: Month | None
) -> bytes:
    """archive/YYYY-MM.html: every title of a month, by day."""
    days = [
        (day.isoformat(), in_words(day), [(item, hue_of(item.source_url)) for item in group])
        for day, group in groupby(items, key=lambda item: item.at.date())
    ]
    return _render(
        "month.html", month=month, days=days, newer=newer, older=older, home=edition, total=len(items),
        **_frame(edition, up="../", below=1),
    )  # fmt: skip


def render_months(edition: Edition, months: Sequence[Month]) -> bytes:
    """archive/index.html: the months by year, with how many entries each has."""
    years = [(year, list(group)) for year, group in groupby(months, key=lambda month: month.name[:4])]
    return _render(
        "archive.html", years=years, home=edition,
        **_frame(edition, up="../", below=1),
    )  # fmt: skip


def render_search(edition: Edition) -> bytes:
    """search.html: the one page with a script, and what to do without."""
    return _render(
        "search.html", home=edition,
        **_frame(edition),
    )  # fmt: skip


def _frame(edition: Edition, *, up: str = "", below: int = 0) -> dict[str, Any]:
    """What every page's frame asks for. `up`: the way to the publication's folder, where stylesheet and icon lie;
    `root`: the way to the planet's; `below`: how many folders the page lies below its edition's."""
    depth = len([part for part in edition.publication.path.split("/") if part])
    return {
        "up": up,
        "root": "../" * (depth + below),
        "language": edition.language or "en",
        "generator": f"{GENERATOR} {edition.generator_version}",
    }


def render_status(
    title: str,
    lines: list[SourceLine],
    publications: list[tuple[str, str]],
    held: Sequence[tuple[str, str]] = (),
    *,
    generator_version: str,
) -> bytes:
    """status.html: every source in plain words. `publications`: (title, address relative to the root); `held`: (title,
    why the gate holds its newest edition back)."""
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
        held=held,
        in_words=moment_in_words,
        rfc3339=rfc3339,
        root="",
        up="",
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
    """The newest entries, as many as a page may weigh; the newest posts among them as a whole, while there is room."""
    entries = _within(edition.entries)
    room = _CONTENT_BYTES
    cards = []
    for entry in entries:
        content = for_page(entry.content_html) if len(entry.content_html) <= 2 * room else ""
        if len(content.encode()) > room:
            content = ""
        room -= len(content.encode())
        cards.append(_card(entry, edition, content))
    return cards


def _within(entries: Sequence[PublishedEntry]) -> Sequence[PublishedEntry]:
    """As many entries as a page may hold (`_CARDS_BYTES`), a few in any case."""
    room = _CARDS_BYTES
    for at, entry in enumerate(entries[:MOST_CARDS]):
        texts = (entry.title, entry.summary[:_SNIPPET], entry.source.title, entry.image or "", *entry.categories[:8])
        size = sum(len(text.encode()) + 40 for text in texts) + len(entry.url or "") + len(entry.id)
        room -= (
            _CARD_BYTES + size + sum(len(author.name.encode()) + len(author.url or "") + 90 for author in entry.byline)
        )
        if room < 0 and at >= _FEWEST_CARDS:
            return entries[:at]
    return entries[:MOST_CARDS]


def _groups(cards: Sequence[Card], fold: int) -> list[Group]:
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
        byline=tuple(author for author in entry.byline if author.name.casefold() != entry.source.title.casefold()),
        time=f"{entry.sort_at:%H:%M}",
        datetime=rfc3339(entry.published or entry.sort_at),
        updated=rfc3339(entry.updated),
        content=content,
        at_once=not entry.summary and len(content) <= 2 * _SHORT_TEXT,
        language=language if language != (edition.language or "en") else None,
        media=tuple((enclosure.url, _media_words(enclosure)) for enclosure in entry.enclosures),
        summary=one_line(entry.summary, most=_SNIPPET),
        tags=tuple((term, _below(around, pages.get(term.casefold()))) for term in entry.categories[:8]),
        source_page=_below(around, page),
        minutes=round(entry.words / 230),
    )


def _below(around: Around, place: str | None) -> str | None:
    return None if place is None else around.up + place


def _readers(edition: Edition) -> list[tuple[str, str]]:
    """One-click addresses: readers on this device by `feed://` (checkers refuse `feed:https://`), and the hosted ones
    that the operator lists."""
    kind = next((kind for kind in ("atom", "rss", "json") if edition.offers(kind)), None)
    if kind is None:
        return []
    address = edition.address(kind)
    hosted = [(name, pattern.replace("{url}", quote(address, safe=""))) for name, pattern in edition.around.readers]
    return [("a reader on this device", f"feed://{address.partition('://')[2]}"), *hosted]


def _bars(counts: Sequence[int]) -> list[tuple[int, int, int]]:
    """(x, y, height) of the bars of a sparkline of 4 by 32 units each."""
    top = max(counts, default=0)
    heights = [round(count * 30 / top) if top else 0 for count in counts]
    return [(at * 4, 32 - max(height, 2), max(height, 2)) for at, height in enumerate(heights) if counts[at]]


def _media_words(enclosure: Enclosure) -> str:
    kind = (enclosure.media_type or "").partition("/")[0]
    word = {"audio": "Listen", "video": "Watch", "image": "Picture"}.get(kind, "Attachment")
    return f"{word} ({size_in_words(enclosure.length)})" if enclosure.length else word


def _source_items(edition: Edition) -> list[SourceItem]:
    pages = edition.around.sources or {}
    items = [_source_item(record, edition, pages) for record in edition.sources]
    return sorted(items, key=lambda item: (item.title.casefold(), item.feed_url or ""))


def _source_item(record: SourceRecord, edition: Edition, pages: Mapping[str, str]) -> SourceItem:
    about = source_about(record, public_planet=not is_private(edition.url))
    return SourceItem(
        title=about.title,
        site_url=about.site_url,
        feed_url=about.url,
        hue=hue_of(record.source.url),
        page=_below(edition.around, pages.get(record.source.url)),
    )


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
