"""From selected entries and the sources they came from to an edition: all that any format needs, decided once.

In:  a publication, its stored entries in order, the records of all sources.
Out: `Edition` with `PublishedEntry`s: safe text, safe addresses, dates that stand, authors and a complete source.
Never: a clock, markup, a format's own rules. One entry that cannot be made is left out and reported, never the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from html import escape, unescape
from urllib.parse import urljoin

from feedmill.feeds.entry import Author, Enclosure, Entry, Origin, StoredEntry
from feedmill.feeds.publication import Publication
from feedmill.feeds.source import SourceRecord
from feedmill.publish.about import (
    LONGEST_NAME,
    LONGEST_SUMMARY,
    LONGEST_TITLE,
    Abouts,
    authors_of,
    entry_source,
    plausible,
)
from feedmill.publish.branches import Around
from feedmill.publish.links import is_private, web_url, without_secret
from feedmill.publish.podcast import podcast_values, seconds_of
from feedmill.publish.select import named_sources
from feedmill.publish.show import Show, neutral, show_of
from feedmill.publish.xmltext import clean, clean_html, language_tag, one_line, utc

GENERATOR = "feedmill"
GENERATOR_URL = "https://pypi.org/project/feedmill/"
FILES = {"atom": "atom.xml", "rss": "rss.xml", "json": "feed.json", "html": "index.html", "opml": "subscriptions.opml"}
TYPES = {
    "atom": "application/atom+xml",
    "rss": "application/rss+xml",
    "json": "application/feed+json",
    "html": "text/html",
    "opml": "text/x-opml",
}
EMPTY = datetime(
    2000, 1, 1, tzinfo=UTC
)  # `updated` of a publication without entries: Atom asks for one, "now" would lie

_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*")  # RFC 6838 section 4.2
_LEFTOVER_TAG = re.compile(
    r"</?(?:a|abbr|b|blockquote|br|center|code|del|div|em|figure|font|h[1-6]|hr|i|iframe|img|li|ol|p|pre|script|small|"
    r"span|strong|sub|sup|table|tbody|td|tr|u|ul)\b[^<>]*>|<!--.*?-->",
    re.IGNORECASE,
)
_LEFTOVER = re.compile(rf"&(?:[a-zA-Z]+\d*|#\d+|#[xX][0-9a-fA-F]+);|{_LEFTOVER_TAG.pattern}")
_MOST_CATEGORIES = 50
_EXCERPT = 500  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedEntry:
    """An entry as every format shows it. `source` is complete (check A12); `authors` is never empty (check A11)."""

    id: str
    url: str | None
    title: str
    published: datetime | None
    updated: datetime
    sort_at: datetime
    authors: tuple[Author, ...]
    byline: tuple[Author, ...]  # the authors that the entry itself names
    language: str | None
    summary: str  # plain text; "" when it would repeat the content (check A15)
    content_html: str
    categories: tuple[str, ...]
    enclosures: tuple[Enclosure, ...]
    image: str | None
    rights: str | None
    source: Origin
    source_key: str  # what a source's colour and grouping hang on
    also_in: tuple[str, ...]  # titles of other sources with the same entry
    podcast: tuple[tuple[str, str], ...] = ()  # "itunes:duration" -> "12:30", only what upstream had (check J1)
    seconds: int | None = None  # how long its recording is
    words: int = 0  # of the whole post, whatever the profile tells of it

    @property
    def permalink(self) -> bool:
        """RSS isPermaLink: the id is the entry's own web address (check B5)."""
        return self.url is not None and self.id == self.url


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """An entry that is no more (RFC 6721 at:deleted-entry): readers that know the element delete their copy."""

    id: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """One publication at one moment of its content. `id` is the feed's own, fixed when it was first made.

    `assets`: the way from its folder to where stylesheets and icon lie. `file`: the Atom document's name when it is not
    the subscription document but an archive of it (RFC 5005 section 4); `prev_archive`: the address of the one before.
    """

    publication: Publication
    id: str
    title: str
    url: str
    updated: datetime
    entries: tuple[PublishedEntry, ...]
    sources: tuple[SourceRecord, ...]
    generator_version: str
    language: str | None = None
    hubs: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    assets: str = ""
    around: Around = field(default_factory=Around)
    file: str = ""
    prev_archive: str | None = None
    is_complete: bool = False  # its entries are the whole feed
    next_archive: str | None = None  # only of documents that closed together: a closed one is never changed
    tombstones: tuple[Tombstone, ...] = ()
    show: Show | None = None  # of a feed with episodes

    @property
    def is_archive(self) -> bool:
        """True for a closed document of the past."""
        return bool(self.file)

    @property
    def rows_key(self) -> tuple[object, ...]:
        """All that the feeds say, in values whose repr names them: the sources' states, which move, are not in it."""
        return (
            self.publication, self.id, self.title, self.url, self.updated, self.entries, self.generator_version,
            self.language, self.hubs, self.assets, self.file, self.prev_archive, self.next_archive, self.tombstones,
            self.show,
            self.is_complete,
        )  # fmt: skip

    @property
    def icon(self) -> str | None:
        """The publication's icon, square: the configured one, else the theme's, where a page lies beside the feed."""
        return self._picture("icon.png")

    @property
    def favicon(self) -> str | None:
        """The same, small: RSS takes none that is wider than 144 pixels (check B4)."""
        return self._picture("icon-144.png")

    @property
    def logo(self) -> str | None:
        """Twice as wide as high (RFC 4287 section 4.2.8); a planet with an icon of its own has no other."""
        return None if self.publication.icon else self._picture("logo.png")

    def _picture(self, name: str) -> str | None:
        if self.publication.icon or not self.offers("html"):
            return self.publication.icon
        return urljoin(self.url, self.assets + name)

    def address(self, kind: str) -> str:
        """The public URL of one of its files, by format."""
        if kind == "atom" and self.file:
            return self.url + self.file
        return self.url if kind == "html" else self.url + FILES[kind]

    def offers(self, kind: str) -> bool:
        """True when the publication is rendered in that format."""
        return kind in self.publication.formats


def aggregate(
    publication: Publication,
    selected: Iterable[StoredEntry],
    records: Sequence[SourceRecord],
    *,
    feed_id: str,
    generator_version: str,
    tombstones: Sequence[Tombstone] = (),
    extras: Mapping[int, Mapping[str, str]] | None = None,
) -> Edition:
    """The edition of `publication` that shows `selected`, in their order; `extras`: namespaced values by row."""
    public_planet = not is_private(publication.url)
    abouts = Abouts(records, public_planet=public_planet)
    entries: list[PublishedEntry] = []
    problems: list[str] = []
    for stored in selected:
        try:
            entries.append(
                _in_profile(publication.profile, _published(stored, abouts, (extras or {}).get(stored.row)), stored)
            )
        except Exception as error:  # noqa: BLE001  one poisonous entry never costs the publication (DESIGN section 10)
            problems.append(f"entry {stored.entry.id!r} of {without_secret(stored.source_url)} left out: {error}")
    show = show_of(publication, entries, records)
    if show and not show.itunes:
        entries = [replace(entry, podcast=neutral(entry.podcast)) if entry.podcast else entry for entry in entries]
    return Edition(
        publication=publication,
        id=feed_id,
        title=one_line(publication.title, most=LONGEST_TITLE) or "feedmill",
        url=publication.url,
        updated=max((*(entry.updated for entry in entries), *(stone.at for stone in tombstones)), default=EMPTY),
        entries=tuple(entries),
        sources=sources_of(publication, records, {stored.source_url for stored in selected}),
        generator_version=generator_version,
        language=language_tag(publication.language),
        problems=tuple(problems),
        tombstones=tuple(tombstones),
        show=show,
    )


def sources_of(
    publication: Publication, records: Sequence[SourceRecord], shown: Iterable[str] = ()
) -> tuple[SourceRecord, ...]:
    """The sources a publication is made of: all, or those it names, or those with one of its tags and those whose
    entries it shows."""
    named = named_sources(publication, records)
    if named is not None:
        urls = set(named)
        records = [record for record in records if record.source.url in urls]
    if not publication.tags:
        return tuple(records)
    wanted = {tag.casefold() for tag in publication.tags}
    seen = set(shown)
    return tuple(
        record
        for record in records
        if record.source.url in seen or any(tag.casefold() in wanted for tag in record.source.tags)
    )


def _published(stored: StoredEntry, abouts: Abouts, extras: Mapping[str, str] | None) -> PublishedEntry:
    entry = stored.entry
    url = web_url(entry.url)
    title = one_line(entry.title, most=LONGEST_TITLE) or one_line(entry.content_text, most=80) or url or "Untitled"
    first_seen = utc(stored.first_seen)
    published = plausible(entry.published)
    # Check A8: the source's own date if it can be true, else published, else when we met it; never a render's "now".
    # The stamp is that date, or a second beside it that no other entry has.
    own = plausible(entry.updated) or published or first_seen
    updated = plausible(stored.stamp) or own
    if published == own == first_seen:
        published = updated  # an undated entry, seconds before: its document's order shows in every reader
    source = entry_source(stored, abouts, updated=updated)
    byline = authors_of(entry.authors)
    podcast = tuple(podcast_values(extras or {}))
    identity = clean(entry.id).strip()
    if not identity:
        raise ValueError("it has no id")
    return PublishedEntry(
        id=identity,
        url=url,
        title=title,
        published=published,
        updated=updated,
        sort_at=utc(stored.sort_at),
        authors=byline or source.authors or (Author(name=source.title),),
        byline=byline,
        language=language_tag(entry.language),
        summary=_summary(entry),
        content_html=clean_html(entry.content_html),
        categories=_categories(entry.categories),
        enclosures=tuple(_enclosures(entry.enclosures)),
        image=web_url(entry.image),
        rights=one_line(entry.rights, most=LONGEST_TITLE) or None,
        source=source,
        source_key=source.id or stored.source_url if entry.origin else stored.source_url,
        also_in=tuple(abouts[other].title for other in stored.also_in if other in abouts),
        words=len(entry.content_text.split()),
        podcast=podcast,
        seconds=seconds_of(podcast),
    )


def _in_profile(profile: str, entry: PublishedEntry, stored: StoredEntry) -> PublishedEntry:
    """How much of an entry is told; its id is the same in every profile, so that readers see one entry."""
    if profile == "headlines":
        return replace(entry, summary="", content_html="", image=None)
    return _excerpt(entry, stored.entry.content_text) if profile == "excerpt" else entry


def _excerpt(entry: PublishedEntry, text: str) -> PublishedEntry:
    told = one_line(entry.summary or text, most=_EXCERPT)
    html = f"<p>{escape(told, quote=False)}</p>" if told else ""
    if html and entry.url:
        html += f'<p><a href="{escape(entry.url)}">Read the whole post</a></p>'
    return replace(entry, summary="", content_html=html)


def _summary(entry: Entry) -> str:
    summary = _without_markup(one_line(entry.summary, most=LONGEST_SUMMARY), entry.content_text)
    if len(entry.content_text) > 2 * len(summary):  # most: they need not be compared word by word
        return summary
    return "" if summary and entry.content_html and summary == one_line(entry.content_text) else summary


def _without_markup(summary: str, text: str) -> str:
    """A summary that was escaped once too often at its source says `&nbsp;` and `<p>` (check W3C: undeclared HTML).

    What the post itself says in words, as one about HTML does, is meant so and stays.
    """
    found = _LEFTOVER.search(summary)
    if found is None or found[0] in text:
        return summary
    return one_line(unescape(_LEFTOVER_TAG.sub(" ", summary)))


def _categories(categories: Iterable[str]) -> tuple[str, ...]:
    terms = dict.fromkeys(one_line(term, most=LONGEST_NAME) for term in categories)
    terms.pop("", None)
    return tuple(terms)[:_MOST_CATEGORIES]


def _enclosures(enclosures: Iterable[Enclosure]) -> Iterable[Enclosure]:
    seen = set()
    for enclosure in enclosures:
        url = web_url(enclosure.url)
        if url is None or url in seen:
            continue
        seen.add(url)
        media_type = one_line(enclosure.media_type).partition(";")[0].strip().lower()
        length = enclosure.length if enclosure.length is not None and enclosure.length >= 0 else None
        yield Enclosure(url=url, media_type=media_type if _MEDIA_TYPE.fullmatch(media_type) else None, length=length)
