"""What is told of a source: in each of its entries, on the page, in the subscription list.

In:  a source's record; an entry's own upstream `atom:source`.
Out: `Origin`s that are complete (check A12) and safe to publish.
Never: a private address or a password in an address; the channel's own date, which moves without news.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache

from feedmill.feeds.entry import Author, Origin, StoredEntry
from feedmill.feeds.identity import published_id
from feedmill.feeds.source import SourceRecord
from feedmill.publish.links import has_secret, is_private, web_url, without_secret
from feedmill.publish.xmltext import language_tag, one_line, utc

LONGEST_TITLE = 500  # characters (check T60)
LONGEST_NAME = 200
LONGEST_SUMMARY = 4000
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)  # validators and readers take anything before for a mistake


def source_about(record: SourceRecord, *, public_planet: bool = True) -> Origin:
    """What is told of a source: the user's title, the feed's own words, and no address that is not for the public."""
    return _told(record.source.url, source_title(record), record.channel.about, public_planet)


@lru_cache(maxsize=8192)  # the pages and feeds of an edition ask it of the same sources, a tag's of a hundred
def _told(url: str, title: str, about: Origin, public_planet: bool) -> Origin:
    feed_url = public_address(url, public_planet=public_planet)
    site_url = public_address(about.site_url, public_planet=public_planet)
    identity = one_line(about.id)
    if not _is_uri(identity):
        identity = feed_url or named_urn(url)
    return Origin(
        id=identity,
        title=title,
        url=feed_url,
        site_url=site_url,
        subtitle=one_line(about.subtitle, most=LONGEST_TITLE),
        authors=authors_of(about.authors),
        language=language_tag(about.language),
        rights=one_line(about.rights, most=LONGEST_TITLE) or None,
        icon=web_url(about.icon),
        logo=web_url(about.logo),
    )


def named_urn(name: str) -> str:
    """`urn:uuid:` version 5 of a name: the same name gives the same id, in a rebuilt store too."""
    from uuid import NAMESPACE_URL, uuid5

    return uuid5(NAMESPACE_URL, name).urn


def public_address(url: str | None, *, public_planet: bool) -> str | None:
    """A web address that may be told: no user name, password or token, no private host unless the planet is private."""
    safe = web_url(url)
    if safe is None or has_secret(safe) or (public_planet and is_private(safe)):
        return None
    return safe


def source_title(record: SourceRecord) -> str:
    """The user's title, else the feed's own, else its address."""
    title = one_line(record.source.title) or one_line(record.channel.about.title)
    return one_line(title or without_secret(record.source.url), most=LONGEST_NAME)


class Abouts:
    """What is told of each source, worked out once for all of its entries."""

    def __init__(self, records: Sequence[SourceRecord], *, public_planet: bool) -> None:
        self._records = {record.source.url: record for record in records}
        self._known: dict[str, Origin] = {}
        self.public_planet = public_planet

    def __contains__(self, url: str) -> bool:
        return url in self._records

    def __getitem__(self, url: str) -> Origin:
        if url not in self._known:
            record = self._records.get(url)
            self._known[url] = (
                source_about(record, public_planet=self.public_planet)
                if record
                else Origin(id=named_urn(url), title=without_secret(url))
            )
        return self._known[url]


def entry_source(stored: StoredEntry, abouts: Abouts, *, updated: datetime) -> Origin:
    """The entry's `atom:source`. An upstream one (planet of planets) is kept; only what Atom asks for is filled in.

    `updated` is the entry's own: the feed had been updated by then. The channel's date would change the bytes of every
    entry each time a feed touches its date without news.
    """
    about = abouts[stored.source_url]
    given = stored.entry.origin
    if given is None or not (given.id or given.url or given.site_url):
        title = one_line(given.title, most=LONGEST_NAME) if given else ""
        return replace(about, title=title or about.title, updated=updated)
    feed_url = public_address(given.url, public_planet=abouts.public_planet)
    site_url = public_address(given.site_url, public_planet=abouts.public_planet)
    identity = one_line(given.id)
    if not _is_uri(identity):
        identity = feed_url or site_url or named_urn(f"{given.id}\n{given.url}")
    return Origin(
        id=identity,
        title=one_line(given.title, most=LONGEST_NAME) or about.title,
        url=feed_url,
        site_url=site_url,
        updated=plausible(given.updated) or updated,
        subtitle=one_line(given.subtitle, most=LONGEST_TITLE),
        authors=authors_of(given.authors),
        language=language_tag(given.language),
        rights=one_line(given.rights, most=LONGEST_TITLE) or None,
        icon=web_url(given.icon),
        logo=web_url(given.logo),
    )


def plausible(moment: datetime | None) -> datetime | None:
    if moment is None or utc(moment.replace(tzinfo=moment.tzinfo or UTC)) < EARLIEST:
        return None
    return utc(moment)


def authors_of(authors: Iterable[Author]) -> tuple[Author, ...]:
    named: dict[str, Author] = {}
    for author in authors:
        name = one_line(author.name, most=LONGEST_NAME)
        if name:
            named.setdefault(name, Author(name=name, url=web_url(author.url)))
    return tuple(named.values())


def _is_uri(value: str) -> bool:
    """As an entry's own id: a name that nobody else has; no `javascript:`, which some readers would make a link of."""
    return published_id("", value) == value
