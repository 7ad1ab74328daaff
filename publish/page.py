"""The web pages: one `index.html` for each publication and branch, the archive's, the search page, `status.html`.

In:  an `Edition`; months with their items; lines of the status.
Out: HTML bytes without script (the search page names its one file) and without "now": dates are absolute, so equal
     content gives equal bytes.
Never: trusts what a feed says: the template engine escapes every value, except content that `fragment` went over.

A theme is a folder of templates and stylesheets; this module prepares all it shows, so a theme has nothing to decide.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from feedmill.feeds.publication import Publication
from feedmill.feeds.source import SourceRecord
from feedmill.publish.about import source_about
from feedmill.publish.aggregate import Edition
from feedmill.publish.cards import MOST_LISTED, below, cards_of, groups_of, hue_of, letter_of
from feedmill.publish.date_words import day_in_words, in_words, moment_in_words
from feedmill.publish.frame import Frame, feeds_of, frame_of, frame_of_status
from feedmill.publish.links import is_private
from feedmill.publish.status_words import SourceLine
from feedmill.publish.theme import DEFAULT, Theme
from feedmill.publish.xmltext import clean_html, rfc3339

if TYPE_CHECKING:
    from jinja2 import Environment

    from feedmill.publish.months import Item, Month

_PRIVATE_USE = re.compile("[\ue000-\uf8ff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceItem:
    """A source in a list of sources."""

    key: str
    title: str
    letter: str
    site_url: str | None
    feed_url: str | None
    hue: int
    subtitle: str = ""
    page: str | None = None
    icon: str | None = None


def render_page(edition: Edition) -> bytes:
    """index.html of a publication or branch (checks G1-G9)."""
    cards = cards_of(edition)
    days = [(day, list(group)) for day, group in groupby(cards, key=lambda card: card.entry.sort_at.date())]
    around = edition.around
    sources = _source_items(edition)
    at_home = f"{edition.title} at {around.home}" if around.kind == "source" else edition.title
    description = edition.publication.description or _description(edition)
    listed_elsewhere = around.sources or edition.offers("opml")
    return _render(
        "branch.html" if around.kind else "index.html",
        frame=frame_of(edition, title=at_home, description=description, up=around.up),
        edition=edition,
        publication=edition.publication,
        around=around,
        days=[(day.isoformat(), in_words(day), groups_of(group, edition.publication.fold)) for day, group in days],
        more=max(0, len(edition.entries) - len(cards)),
        sources=_listed(sources, {card.entry.source_key for card in cards}) if listed_elsewhere else sources,
        source_count=len(sources),
        feeds=feeds_of(edition),
        readers=_readers(edition),
        blogroll=edition.address("opml") if edition.offers("opml") else None,
        updated=(rfc3339(edition.updated), moment_in_words(edition.updated)) if edition.entries else None,
        bars=_bars(around.rhythm),
        rhythm=_rhythm_in_words(edition),
        hue=hue_of(edition.sources[0].source.url) if around.kind == "source" and edition.sources else None,
    )


def render_sources(edition: Edition, counts: Mapping[str, int], newest: Mapping[str, datetime]) -> bytes:
    """source/index.html: every source with its page, its site, how many entries are kept and when the newest came.

    `counts` and `newest` are by source URL.
    """
    rows = [(item, counts.get(item.key, 0), _day(newest.get(item.key))) for item in _source_items(edition)]
    return _render(
        "sources.html",
        rows=rows,
        frame=frame_of(
            edition,
            title=f"Sources of {edition.title}",
            description=f"All sources of {edition.title}, each with its own page and feed.",
            up="../",
            below=1,
            name="source/",
            here="Sources",
        ),
    )


def render_month(
    edition: Edition, month: Month, items: Sequence[Item], *, newer: Month | None, older: Month | None
) -> bytes:
    """archive/YYYY-MM.html: every title of a month, by day."""
    days = [
        (day.isoformat(), in_words(day), [(item, hue_of(item.source_url)) for item in group])
        for day, group in groupby(items, key=lambda item: item.at.date())
    ]
    posts = "1 post" if len(items) == 1 else f"{len(items)} posts"
    frame = frame_of(
        edition,
        title=f"{month.words} at {edition.title}",
        description=f"{posts} of {month.words} at {edition.title}.",
        up="../",
        below=1,
        name=f"archive/{month.name}.html",
    )
    return _render("month.html", frame=frame, month=month, days=days, newer=newer, older=older, posts=posts)


def render_months(edition: Edition, months: Sequence[Month]) -> bytes:
    """archive/index.html: the months by year, with how many entries each has."""
    years = [(year, list(group)) for year, group in groupby(months, key=lambda month: month.name[:4])]
    frame = frame_of(
        edition,
        title=f"Archive of {edition.title}",
        description=f"Everything that {edition.title} has published, month by month.",
        up="../",
        below=1,
        name="archive/",
        here="Archive",
    )
    return _render(
        "archive.html", frame=frame, years=years, heading="Archive", lede="Month by month, back to the beginning."
    )


def render_days(edition: Edition, month: Month) -> bytes:
    """archive/YYYY-MM.html of a month with too many entries for one page: its days, with how many each has."""
    frame = frame_of(
        edition,
        title=f"{month.words} at {edition.title}",
        description=f"What {edition.title} has published in {month.words}, day by day.",
        up="../",
        below=1,
        name=f"archive/{month.name}.html",
    )
    lede = f"{len(month.rows)} posts, day by day"
    return _render("archive.html", frame=frame, years=[(month.name[:4], month.days)], heading=month.words, lede=lede)


def render_search(edition: Edition) -> bytes:
    """search.html: the one page with a script, and what to do without."""
    frame = frame_of(
        edition,
        title=f"Search {edition.title}",
        description=f"Search titles and summaries of {edition.title}.",
        name="search.html",
        here="Search",
    )
    return _render("search.html", frame=frame)


def render_status(
    title: str,
    lines: Sequence[SourceLine],
    publications: Sequence[tuple[str, str]],
    held: Sequence[tuple[str, str]] = (),
    *,
    generator_version: str,
    root: Publication | None = None,
    parts: Sequence[tuple[str, str]] = (),
    theme: Theme = DEFAULT,
) -> bytes:
    """status.html: every source in plain words. `publications`: (title, address relative to the root); `held`: (title,
    why the gate holds its newest edition back); `root`: the publication beside the page; `parts`: what lies there."""
    counts: dict[str, int] = {}
    for line in lines:
        counts[line.word] = counts.get(line.word, 0) + 1
    return _render(
        "status.html",
        frame=frame_of_status(title, generator_version=generator_version, root=root, parts=parts, theme=theme),
        title=title,
        troubled=[line for line in lines if line.state not in {"active", "new"}],
        fine=[line for line in lines if line.state in {"active", "new"}],
        counts=list(counts.items()),
        total=len(lines),
        publications=publications,
        held=held,
        in_words=moment_in_words,
        rfc3339=rfc3339,
    )


def _day(moment: datetime | None) -> tuple[str, str] | None:
    return (rfc3339(moment), day_in_words(moment.date())) if moment else None


def _description(edition: Edition) -> str:
    if edition.around.kind:
        return f"Posts of {edition.title}, collected by {edition.around.home}."
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


def _rhythm_in_words(edition: Edition) -> str:
    """What the sparkline shows, for those who do not see it and those who wonder what it is."""
    counts = edition.around.rhythm
    if not counts or not edition.entries:
        return ""
    total, most = sum(counts), max(counts)
    posts = f"{total} posts, at most {most} in a week" if total > 1 else "1 post"
    return f"The year to {day_in_words(edition.entries[0].sort_at.date())}: {posts}"


def _listed(items: Sequence[SourceItem], shown: Collection[str]) -> Sequence[SourceItem]:
    """The sources beside the stream: all, or of many those with a post in it."""
    if len(items) <= MOST_LISTED:
        return items
    return [item for item in items if item.key in shown][:MOST_LISTED] or items[:MOST_LISTED]


def _source_items(edition: Edition) -> list[SourceItem]:
    items = [_source_item(record, edition) for record in edition.sources]
    return sorted(items, key=lambda item: (item.title.casefold(), item.feed_url or ""))


def _source_item(record: SourceRecord, edition: Edition) -> SourceItem:
    about = source_about(record, public_planet=not is_private(edition.url))
    key, around = record.source.url, edition.around
    return SourceItem(
        key=key,
        title=about.title,
        letter=letter_of(about.title),
        site_url=about.site_url,
        feed_url=about.url,
        hue=hue_of(key),
        subtitle=about.subtitle,
        page=below(around, (around.sources or {}).get(key)),
        icon=below(around, (around.icons or {}).get(key)),
    )


def _render(name: str, *, frame: Frame, **values: Any) -> bytes:
    """The bytes of a page. Private-use characters mean nothing without the font of the site they come from."""
    return _PRIVATE_USE.sub(
        "", clean_html(_environment(frame.theme).get_template(name).render(frame=frame, **values))
    ).encode()


@cache
def _environment(theme: Theme) -> Environment:
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    return Environment(
        loader=FunctionLoader(theme.template),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        keep_trailing_newline=True,
    )
