"""The past for people: a page for each month, a page that lists them, and what the search page looks through.

In:  the lines of all entries of a publication; the store, for the headlines of the months that changed.
Out: `archive/index.html`, `archive/YYYY-MM.html`, `search.html`, `search/YYYY-MM.json`,
     `search/months.json`.
Never: renders a month in which nothing changed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from feedmill.feeds.source import SourceRecord
from feedmill.publish.about import source_about
from feedmill.publish.archive import FOLDER, month_of
from feedmill.publish.gather import Headline, Line
from feedmill.publish.ledger import digest
from feedmill.publish.links import is_private, web_url
from feedmill.publish.xmltext import clean, one_line, rfc3339

SEARCH_FOLDER = "search"
_SNIPPET = 200  # characters of an entry's summary that are searched
_MONTH_NAMES = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


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
    """`name` as in file names (`2026-03`), `rows` newest first, `key` of what its pages are made of."""

    name: str
    rows: tuple[int, ...]
    key: str

    @property
    def words(self) -> str:
        """`March 2026`."""
        year, _, month = self.name.partition("-")
        return f"{_MONTH_NAMES[int(month) - 1]} {int(year)}"


def months_of(lines: Iterable[Line]) -> list[Month]:
    """The months with entries, the newest first; `lines` are in that order."""
    by_month: dict[str, list[Line]] = {}
    last, name = -1, ""
    for line in lines:
        if line.sort_at // 86400 != last:  # a date is worked out once for each day
            last, name = line.sort_at // 86400, month_of(line.sort_at)
        by_month.setdefault(name, []).append(line)
    made = []
    for name, group in by_month.items():
        rows = tuple(line.row for line in group)
        made.append(Month(name=name, rows=rows, key=digest(rows, " ".join([line.fingerprint for line in group]))))
    return made


def items_of(headlines: Sequence[Headline], records: Mapping[int, SourceRecord], *, public: bool) -> list[Item]:
    """The entries of a month, each id once, in their order."""
    found: dict[str, Item] = {}
    titles: dict[int, str] = {}
    for headline in headlines:
        record = records.get(headline.source)
        if record is None:
            continue
        if headline.source not in titles:
            titles[headline.source] = source_about(record, public_planet=public).title
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
    """Which months there are to look through, the newest first. The key makes a changed month another address."""
    return (_dump([[month.name, month.key[:8]] for month in months]) + "\n").encode()


def month_pages(months: Sequence[Month]) -> dict[str, tuple[Month | None, Month | None]]:
    """Each month by name with the one after it and the one before it, for prev and next."""
    found: dict[str, tuple[Month | None, Month | None]] = {}
    for at, month in enumerate(months):
        newer = months[at - 1] if at else None
        older = months[at + 1] if at + 1 < len(months) else None
        found[month.name] = newer, older
    return found


def page_name(month: Month) -> str:
    """Its page below the publication's folder."""
    return f"{FOLDER}/{month.name}.html"


def is_public(url: str) -> bool:
    """True for a planet that the public can reach: then private addresses are not told."""
    return not is_private(url)


def _dump(value: Any) -> str:
    return clean(json.dumps(value, ensure_ascii=False, separators=(",", ":"))).replace("</", "<\\/")
