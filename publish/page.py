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
from itertools import groupby
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from feedmill.feeds.source import SourceRecord
from feedmill.publish.about import source_about
from feedmill.publish.aggregate import GENERATOR, TYPES, Edition
from feedmill.publish.cards import below, cards_of, groups_of, hue_of
from feedmill.publish.links import is_private
from feedmill.publish.status_words import SourceLine
from feedmill.publish.theme import template
from feedmill.publish.xmltext import clean, rfc3339, utc

if TYPE_CHECKING:
    from jinja2 import Environment

    from feedmill.publish.months import Item, Month

MOST_LISTED = 30  # sources beside the stream; the page of all sources has the rest
_PRIVATE_USE = re.compile("[\ue000-\uf8ff]")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


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
    cards = cards_of(edition)
    days = [(day, list(group)) for day, group in groupby(cards, key=lambda card: card.entry.sort_at.date())]
    around = edition.around
    sources = _source_items(edition)
    return _render(
        "branch.html" if around.kind else "index.html",
        edition=edition,
        publication=edition.publication,
        around=around,
        description=edition.publication.description or _description(edition),
        days=[(day.isoformat(), in_words(day), groups_of(group, edition.publication.fold)) for day, group in days],
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


def in_words(day: date) -> str:
    """`Saturday, 31 January 2026`: English whatever the locale."""
    return f"{_DAYS[day.weekday()]}, {day.day} {_MONTHS[day.month - 1]} {day.year}"


def moment_in_words(moment: datetime) -> str:
    """`31 January 2026, 08:05 UTC`."""
    at = utc(moment)
    return f"{at.day} {_MONTHS[at.month - 1]} {at.year}, {at:%H:%M} UTC"


def _description(edition: Edition) -> str:
    count = len(edition.sources)
    return f"New posts from {count} {'blog' if count == 1 else 'blogs'}, in one place."


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
        page=below(edition.around, pages.get(record.source.url)),
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
