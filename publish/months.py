"""The past for people: a page for each month, a page that lists them, and what the search page looks through.

In:  the lines of all entries of a publication; the store, for the headlines of the months that changed.
Out: `archive/index.html`, `archive/YYYY-MM.html`, `search.html`, `search/YYYY-MM.json`,
     `search/months.json`; of a month with more than `MOST_ON_PAGE` entries a page and an index for each day
     (`YYYY-MM-DD`), and its own page lists the days.
Never: renders a month in which nothing changed.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

from feedmill.feeds.source import SourceRecord
from feedmill.publish.archive import FOLDER, month_of
from feedmill.publish.date_words import MONTHS
from feedmill.publish.gather import Headline, Line, outline_key
from feedmill.publish.ledger import digest
from feedmill.publish.links import web_url
from feedmill.publish.xmltext import clean, one_line, rfc3339, script_safe

SEARCH_FOLDER = "search"
MOST_ON_PAGE = 1000  # entries; a month of 500 busy blogs would be a page of megabytes, made anew with every post
_SNIPPET = 200  # characters of an entry's summary that are searched
_ROW = attrgetter("row")
_SOURCE = attrgetter("source")


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An entry in a list: title and address, when, and whose."""

    title: str
    url: str | None
    at: datetime
    source: str
    source_url: str
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """`name` as in file names (`2026-03`), `rows` newest first, `key` of what its pages are made of ("" with days).

    A day of a full month is a `Month` of its own (`2026-03-31`), one of the month's `days`.
    """

    name: str
    rows: tuple[int, ...]
    key: str
    days: tuple[Month, ...] = ()

    @property
    def words(self) -> str:
        """`March 2026`, `31 March 2026`."""
        year, month, *day = self.name.split("-")
        return " ".join([*(str(int(each)) for each in day), MONTHS[int(month) - 1], str(int(year))])


def months_of(lines: Sequence[Line], titles: Mapping[int, str]) -> list[Month]:
    """The months with entries, the newest first; `lines` are in that order. `titles`: of the sources, by row."""
    made = []
    named = {row: f"{row} {title}" for row, title in titles.items()}
    for name, group in _parted(lines, month_of, _month_begins):
        if len(group) <= MOST_ON_PAGE:
            made.append(_made(name, group, named))
            continue
        days = tuple(_made(*day, named) for day in _parted(group, _day_of, _day_begins))
        made.append(Month(name=name, rows=tuple(map(_ROW, group)), key="", days=days))
    return made


def leaves(months: Iterable[Month]) -> list[Month]:
    """What has a page of titles and an index, the newest first: months, and the days of full months."""
    return [leaf for month in months for leaf in (month.days or (month,))]


def _made(name: str, group: Sequence[Line], named: Mapping[int, str]) -> Month:
    said = [named.get(row, str(row)) for row in sorted(set(map(_SOURCE, group)))]
    return Month(name=name, rows=tuple(map(_ROW, group)), key=digest(outline_key(group), said))


def _parted(
    lines: Sequence[Line], name_of: Callable[[int], str], begins: Callable[[datetime], datetime]
) -> Iterator[tuple[str, Sequence[Line]]]:
    start = 0
    while start < len(lines):
        at = lines[start].sort_at
        first = int(begins(datetime.fromtimestamp(at, UTC)).timestamp())
        end = bisect_right(lines, -first, lo=start, key=lambda line: -line.sort_at)
        yield name_of(at), lines[start:end]
        start = end


def _day_of(at: int) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d}"


def _day_begins(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _month_begins(moment: datetime) -> datetime:
    return _day_begins(moment).replace(day=1)


def items_of(
    headlines: Sequence[Headline], records: Mapping[int, SourceRecord], titles: Mapping[int, str]
) -> list[Item]:
    """The entries of a month, each id once, in their order."""
    found: dict[str, Item] = {}
    for headline in headlines:
        record = records.get(headline.source)
        if record is None:
            continue
        url = web_url(headline.url)
        title = one_line(headline.title, most=300) or one_line(headline.summary, most=80) or url or "Untitled"
        found[headline.id] = Item(
            title=title,
            url=url,
            at=datetime.fromtimestamp(headline.sort_at, UTC),
            source=titles[headline.source],
            source_url=record.source.url,
            summary=one_line(headline.summary, most=_SNIPPET),
        )  # the last one of an id wins, the earliest: as in the feeds
    return list(found.values())


def search_index(items: Sequence[Item]) -> bytes:
    """One month for the search page: sources by number, an entry per line."""
    sources = list(dict.fromkeys(item.source for item in items))
    number = {source: at for at, source in enumerate(sources)}
    lines = ",\n".join(
        _dump([item.title, item.url or "", number[item.source], rfc3339(item.at)[:10], item.summary]) for item in items
    )
    return f'{{"sources":{_dump(sources)},"entries":[\n{lines}\n]}}\n'.encode()


def search_months(months: Sequence[Month]) -> bytes:
    """Which indexes there are to look through, the newest first. The key makes a changed one another address."""
    return (_dump([[month.name, month.key[:8]] for month in months]) + "\n").encode()


def month_pages(months: Sequence[Month]) -> dict[str, tuple[Month | None, Month | None]]:
    """Each page of titles by name with the one after it and the one before it, for prev and next."""
    found: dict[str, tuple[Month | None, Month | None]] = {}
    for at, month in enumerate(months):
        newer = months[at - 1] if at else None
        older = months[at + 1] if at + 1 < len(months) else None
        found[month.name] = newer, older
    return found


def page_name(month: Month) -> str:
    """Its page below the publication's folder."""
    return f"{FOLDER}/{month.name}.html"


def _dump(value: Any) -> str:
    return script_safe(clean(json.dumps(value, ensure_ascii=False, separators=(",", ":"))))
