"""`profile = "digest"`: one entry for each day, with what came that day, by source.

In:  the entries of a publication, newest first; when its first digest was made; `now`.
Out: entries to publish, one a day, the newest first. A day that is not over has none.
Never: puts anything into a digest that is out: what comes late is in the digest of the day on which it came; gives a
day another id (it hangs on the feed's own id and the date); reads a clock.

    came before the first digest was made   -> the day it is dated                          the backlog makes the past
    came later, dated two days before at most -> the day it came                            nothing is missed
    came later, dated before that           -> in no digest: the backlog of a new source is no news
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from html import escape
from zoneinfo import ZoneInfo

from feedmill.feeds.entry import Author, Entry, Origin, StoredEntry
from feedmill.feeds.publication import Publication
from feedmill.feeds.source import SourceRecord
from feedmill.publish.about import named_urn, source_title
from feedmill.publish.date_words import day_in_words
from feedmill.publish.links import is_private, web_url, without_secret
from feedmill.publish.xmltext import language_tag, one_line

LATE = timedelta(days=2)
_TOLD = 280  # characters of an entry's summary


def digests(
    stored: Iterable[StoredEntry],
    publication: Publication,
    records: Sequence[SourceRecord],
    *,
    feed_id: str,
    since: datetime,
    now: datetime,
) -> list[StoredEntry]:
    """The days that are over, the newest first. `since`: when the publication's first digest was made."""
    zone = ZoneInfo(publication.timezone)
    today = now.astimezone(zone).date()
    days: dict[date, list[StoredEntry]] = {}
    for each in stored:
        day = day_of(each, zone, since)
        if day is not None and day < today:
            days.setdefault(day, []).append(each)
    titles = {record.source.url: source_title(record) for record in records}
    return [_digest(day, days[day], publication, titles, feed_id, zone) for day in sorted(days, reverse=True)]


def day_of(stored: StoredEntry, zone: ZoneInfo, since: datetime) -> date | None:
    """In which digest an entry is; None: in none."""
    if stored.first_seen <= since:
        return stored.sort_at.astimezone(zone).date()
    if stored.first_seen - stored.sort_at > LATE:
        return None
    return stored.first_seen.astimezone(zone).date()


def last_day(publication: Publication, now: datetime) -> str:
    """The last day that is over, `2026-03-31`: when it moves, a digest is due."""
    return (now.astimezone(ZoneInfo(publication.timezone)).date() - timedelta(days=1)).isoformat()


def _digest(
    day: date,
    stored: Sequence[StoredEntry],
    publication: Publication,
    titles: dict[str, str],
    feed_id: str,
    zone: ZoneInfo,
) -> StoredEntry:
    over = datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)
    by_source: dict[str, list[StoredEntry]] = {}
    for each in sorted(stored, key=lambda each: (each.sort_at, each.entry.id)):
        by_source.setdefault(each.source_url, []).append(each)
    named = sorted(
        ((titles.get(url) or without_secret(url), own) for url, own in by_source.items()),
        key=lambda pair: (pair[0].casefold(), pair[1][0].source_url),
    )
    posts = _counted(len(stored), "post")
    told = f"{posts} from {_counted(len(named), 'blog')}: {', '.join(title for title, _ in named)}"
    private = is_private(publication.url)
    html = "".join(_section(title, own, private=private) for title, own in named)
    entry = Entry(
        id=named_urn(f"{feed_id}\ndigest\n{day.isoformat()}"),
        guid=day.isoformat(),
        url=f"{publication.url}#{day.isoformat()}",
        title=f"{publication.title}, {day_in_words(day)}",
        published=over,
        updated=over,
        authors=(Author(name=publication.owner or publication.title),),
        language=publication.language,
        summary=one_line(told, most=_TOLD),
        content_html=html,
        content_text="\n\n".join(f"{title}\n" + "\n".join(_title(each.entry) for each in own) for title, own in named),
        origin=Origin(id=feed_id, title=publication.title, url=f"{publication.url}atom.xml", site_url=publication.url),
    )
    return StoredEntry(row=day.toordinal(), source_url=publication.url, entry=entry, first_seen=over, sort_at=over)


def _section(title: str, stored: Sequence[StoredEntry], *, private: bool) -> str:
    items = "".join(_item(each.entry, private=private) for each in stored)
    return f"<h2>{escape(title)}</h2><ul>{items}</ul>"


def _item(entry: Entry, *, private: bool) -> str:
    url = web_url(entry.url)
    title = escape(_title(entry))
    if url is not None and (private or not is_private(url)):
        title = f'<a href="{escape(url)}">{title}</a>'
    people = ", ".join(escape(one_line(author.name, most=80)) for author in entry.authors if author.name)
    told = escape(one_line(entry.summary or entry.content_text, most=_TOLD), quote=False)
    language = language_tag(entry.language)
    opened = f'<li lang="{language}">' if language else "<li>"
    return f"{opened}{title}{f' ({people})' if people else ''}{f'<br>{told}' if told else ''}</li>"


def _title(entry: Entry) -> str:
    return one_line(entry.title, most=300) or one_line(entry.content_text, most=80) or entry.url or "Untitled"


def _counted(number: int, noun: str) -> str:
    return f"1 {noun}" if number == 1 else f"{number} {noun}s"


def without_extras(publication: Publication) -> Publication:
    """A digest has no archives, search or branches: these are of single entries, which it does not publish."""
    if publication.profile != "digest":
        return publication
    return replace(publication, archive=False, search=False, source_feeds=False, tag_feeds=False)
