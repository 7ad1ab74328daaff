"""What a feed says of itself, normalized, and its wishes about being polled.

In:  `ParsedFeed.about` and the hints as written; an entry's own atom:source.
Out: `Channel`, `Origin`.
Never: a wish that is no wish (ttl 0, all 24 hours skipped): reference network.md checks 59-61.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from feedmill.feeds.entry import Origin
from feedmill.feeds.source import Channel
from feedmill.ingest.dates import EARLIEST, read_date
from feedmill.ingest.language import normalize_tag
from feedmill.ingest.links import feed_places, self_link, site_link
from feedmill.ingest.misread import reread_feed
from feedmill.ingest.parsed import ParsedFeed, ParsedSource, Text
from feedmill.ingest.people import read_authors
from feedmill.ingest.text import one_line
from feedmill.ingest.titles import markup_text, read_title, shorten
from feedmill.ingest.urls import absolute, unescape_once

LONGEST_WISH = timedelta(hours=24)
_MAX_TEXT = 1000  # characters of a subtitle or rights statement
_MAX_GUID = 2000
_PERIODS = {
    "hourly": timedelta(hours=1),
    "daily": timedelta(days=1),
    "weekly": timedelta(days=7),
    "monthly": timedelta(days=30),
    "yearly": timedelta(days=365),
}
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_NUMBER = re.compile(r"\d{1,7}")
_DAY = re.compile(r"[a-z]{3,9}")


def normalize_channel(feed: ParsedFeed, *, source_url: str) -> Channel:
    """The feed's own description, absolute and plain, with its polling wishes as gaps and sets."""
    feed = reread_feed(feed)
    places = feed_places(feed, source_url=source_url)
    about = read_origin(feed.about, base=places.base, url=places.feed_url, site_url=places.site_url)
    return Channel(
        format=feed.format,
        about=about,
        generator=_line(feed.about.generator) or None,
        hubs=_hubs(feed, places.base),
        ttl=_ttl(feed),
        update_period=_update_period(feed),
        skip_hours=_skip_hours(feed),
        skip_days=_skip_days(feed),
        podcast=tuple(_podcast(feed, places.base)),
    )


def read_origin(
    about: ParsedSource, *, base: str | None, url: str | None = None, site_url: str | None = None
) -> Origin:
    """A feed's metadata in the shape of RFC 4287 section 4.2.11; `url` and `site_url` when they are known already."""
    reading = read_date(about.updated) if about.updated else None
    own = url or self_link(about, base)
    return Origin(
        id=_line(about.id, _MAX_GUID) or None,
        title=shorten(read_title(about.title), 300),
        url=own,
        site_url=site_url or site_link(about, own or base),
        updated=reading.at if reading and reading.at >= EARLIEST else None,
        subtitle=shorten(_plain(about.subtitle), _MAX_TEXT),
        authors=read_authors(about.authors, base=site_url or base),
        language=normalize_tag(about.language or (about.title.language if about.title else None)),
        rights=read_rights(about.rights),
        icon=_picture(about.icon, base),
        logo=_picture(about.logo, base),
    )


def read_rights(rights: str | None) -> str | None:
    """A rights statement as one line of text."""
    return shorten(one_line(markup_text(rights[:20_000])), _MAX_TEXT) or None if rights else None


def _line(value: str | None, limit: int = 300) -> str:
    return one_line(value[: 4 * limit])[:limit].strip() if value else ""


def _plain(text: Text | None) -> str:
    return read_title(text)


def _picture(url: str | None, base: str | None) -> str | None:
    return absolute(unescape_once(url), base) if url else None


def _podcast(feed: ParsedFeed, base: str | None) -> Iterator[tuple[str, str]]:
    for name, written in feed.podcast:
        value = _picture(written, base) if name == "itunes:image" else _line(written)
        if value:
            yield name, value


def _hints(feed: ParsedFeed, name: str) -> Iterator[str]:
    return (value.strip() for key, value in feed.hints if key.lower() == name)


def _hubs(feed: ParsedFeed, base: str) -> tuple[str, ...]:
    found = (absolute(value, base) for value in _hints(feed, "hub"))
    return tuple(dict.fromkeys(hub for hub in found if hub))[:5]


def _ttl(feed: ParsedFeed) -> timedelta | None:
    """RSS 2.0 ttl: minutes, a lower bound, at most a day; 0, negative and text say nothing (check 59)."""
    for value in _hints(feed, "ttl"):
        if _NUMBER.fullmatch(value) and int(value) > 0:
            return min(timedelta(minutes=int(value)), LONGEST_WISH)
    return None


def _update_period(feed: ParsedFeed) -> timedelta | None:
    """sy:updatePeriod over sy:updateFrequency; daily and 1 when only the other is there (check 61)."""
    period = next(_hints(feed, "updateperiod"), "").lower()
    frequency = next(_hints(feed, "updatefrequency"), "")
    if not period and not frequency:
        return None
    gap = _PERIODS.get(period) if period else _PERIODS["daily"]
    if gap is None or (frequency and not (_NUMBER.fullmatch(frequency) and int(frequency) > 0)):
        return None
    return min(gap / int(frequency or 1), LONGEST_WISH)


def _skip_hours(feed: ParsedFeed) -> frozenset[int]:
    """Hours 0-23 GMT, 24 read as 0; all of them skipped is a mistake (check 60)."""
    hours = {
        int(number) % 24
        for value in _hints(feed, "skiphours")
        for number in _NUMBER.findall(value)
        if int(number) <= 24
    }
    return frozenset(hours) if len(hours) < 24 else frozenset()


def _skip_days(feed: ParsedFeed) -> frozenset[int]:
    """Days 0 Monday - 6 Sunday; all seven skipped is a mistake (check 60)."""
    words = {word for value in _hints(feed, "skipdays") for word in _DAY.findall(value.lower())}
    days = {number for number, name in enumerate(_DAYS) if name in words}
    return frozenset(days) if len(days) < 7 else frozenset()
