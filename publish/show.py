"""What a feed with episodes says of itself in the words of podcasts (check J1).

In:  a publication, its entries, the records of the sources that they come from.
Out: a `Show`, and whether it may use iTunes' words; None for a feed without episodes.
Never: invents a category, a language or an address (check B8).

A channel in which one episode has an element of iTunes must have a language, a category, a word on whether it is
explicit, and an owner with an e-mail address (W3C: MissingItunesElement, MissingItunesEmail). A source's own feed is
its podcast's and repeats what that says. A planet answers for itself: its owner is the operator's `owner_email`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from feedmill.feeds.publication import Publication
from feedmill.feeds.source import SourceRecord
from feedmill.publish.links import web_url
from feedmill.publish.podcast import said_explicit
from feedmill.publish.podcast_categories import Categories, categories_of
from feedmill.publish.xmltext import language_tag, one_line

if TYPE_CHECKING:
    from feedmill.publish.aggregate import PublishedEntry

SEVERAL = "mul"  # ISO 639-2: several languages
_MOST_CATEGORIES = 3  # Apple reads no more
_LONGEST = 255  # characters of a name
_EMAIL = re.compile(r"[A-Za-z0-9_.+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,24}")
_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Show:
    """What the channel says. `itunes`: all is known that iTunes' words ask of a channel, or the operator calls it a
    podcast (`profile`). `guid` and `kind` (episodic, serial) are a source's own."""

    itunes: bool
    language: str | None
    categories: Categories
    explicit: bool
    author: str
    owner: str
    email: str
    image: str | None
    guid: str = ""
    kind: str = ""


def show_of(
    publication: Publication, entries: Sequence[PublishedEntry], records: Sequence[SourceRecord]
) -> Show | None:
    """The show that the publication is; None when it has no episodes."""
    episodes = [entry for entry in entries if entry.podcast]
    if not episodes:
        return None
    own, guid = _own(publication, records), ""
    if own and _GUID.fullmatch(said := _first(own, "podcast:guid")):
        guid = said
    heard = Counter(entry.source_key for entry in episodes)
    casts = sorted((record for record in records if record.source.url in heard), key=lambda r: -heard[r.source.url])
    explicit = [_first(record, "itunes:explicit") for record in casts]
    explicit += [dict(entry.podcast).get("itunes:explicit", "") for entry in episodes]
    owner, email = _owner(publication, own)
    language = language_tag(publication.language) or _common_language(entries)
    categories = _categories(casts)
    return Show(
        itunes=publication.profile == "podcast" or bool(language and categories and email),
        language=language,
        categories=categories,
        explicit=any(said_explicit(word) == "true" for word in explicit),
        author=_author(publication, own),
        owner=owner,
        email=email,
        image=_cover(publication, own),
        guid=guid,
        kind=_kind(own),
    )


def is_email(text: str) -> bool:
    """A plain address that a validator takes for one too."""
    return _EMAIL.fullmatch(text) is not None


def _own(publication: Publication, records: Sequence[SourceRecord]) -> SourceRecord | None:
    """The one source whose own feed the publication is: all of it, and nothing else."""
    chosen = publication.select
    narrowed = publication.tags or chosen.words or chosen.authors or chosen.languages or chosen.where
    if narrowed:
        return None
    if not chosen.sources and len(records) == 1:
        return records[0]  # a planet of one
    if len(chosen.sources) != 1:
        return None
    return next((record for record in records if record.source.url == chosen.sources[0]), None)


def _words(record: SourceRecord, name: str) -> list[str]:
    return [value for key, value in record.channel.podcast if key == name]


def _first(record: SourceRecord | None, name: str) -> str:
    return next(iter(_words(record, name)), "") if record else ""


def _owner(publication: Publication, own: SourceRecord | None) -> tuple[str, str]:
    """(name, address): the podcast's own in its own feed, else the operator's."""
    email = _first(own, "itunes:email")
    if is_email(email):
        return one_line(_first(own, "itunes:name"), most=_LONGEST), email
    return one_line(publication.owner, most=_LONGEST), publication.owner_email or ""


def _author(publication: Publication, own: SourceRecord | None) -> str:
    authors = own.channel.about.authors if own else ()
    return one_line(authors[0].name if authors else publication.owner, most=_LONGEST)


def _categories(casts: Iterable[SourceRecord]) -> Categories:
    """Of the podcasts together, of the one with most episodes first."""
    found: dict[str, dict[str, None]] = {}
    for record in casts:
        for top, subs in categories_of(_words(record, "itunes:category")):
            found.setdefault(top, {}).update(dict.fromkeys(subs))
    return tuple((top, tuple(subs)) for top, subs in list(found.items())[:_MOST_CATEGORIES])


def _common_language(entries: Iterable[PublishedEntry]) -> str | None:
    told = {language for entry in entries if (language := entry.language or entry.source.language)}
    return (told.pop() if len(told) == 1 else SEVERAL) if told else None


def _cover(publication: Publication, own: SourceRecord | None) -> str | None:
    return web_url(_first(own, "itunes:image")) if own else publication.icon


def _kind(own: SourceRecord | None) -> str:
    said = _first(own, "itunes:type").casefold()
    return said if said in {"episodic", "serial"} else ""


def neutral(values: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """The same in words that ask nothing of the channel: Media RSS and the podcast namespace instead of iTunes."""
    told = dict(values)
    rating = {"true": "adult", "false": "nonadult"}.get(told.get("itunes:explicit", ""))
    swapped: Mapping[str, str | None] = {
        "media:duration": told.get("itunes:duration"),
        "media:rating": rating,
        "podcast:season": told.get("itunes:season"),
        "podcast:episode": told.get("itunes:episode"),
    }
    kept = [(name, value) for name, value in told.items() if not name.startswith("itunes:")]
    return (*((name, value) for name, value in swapped.items() if value), *kept)
