"""The normalized entry, the noun that everything is about.

Out: `Entry` (what normalize makes), `StoredEntry` (an entry with its place in our memory).
Never: a parser's dictionary, a database row, a feedgen object.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """A person: Atom `author`, RSS `author`/`dc:creator`, JSON Feed `authors`. Never an e-mail address."""

    name: str
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosure:
    """Atom `link rel=enclosure`, RSS `enclosure`, JSON Feed `attachments`."""

    url: str
    media_type: str | None = None
    length: int | None = None  # bytes; None when unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Provenance: which step did what to which field ("title", "derived from the first sentence")."""

    step: str
    field: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The upstream `atom:source` of an entry that reached us through another planet, or a feed's own metadata.

    The shape of RFC 4287 section 4.2.11.
    """

    id: str | None = None
    title: str = ""
    url: str | None = None  # of the feed (rel=self; RSS source/@url)
    site_url: str | None = None  # of the page (rel=alternate)
    updated: datetime | None = None
    subtitle: str = ""
    authors: tuple[Author, ...] = ()
    language: str | None = None
    rights: str | None = None
    icon: str | None = None  # square
    logo: str | None = None  # wide


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One blog post, clean. Text is XML 1.0 characters only, NFC; URLs are absolute http(s); times are aware UTC.

    `guid` is the identity inside its source (Atom id, RSS guid, or derived: reference cleaning.md section 3.1), opaque
    and byte-exact. `id` is what we publish: a URI, fixed at first sight, never recomputed.
    """

    id: str
    guid: str
    url: str | None = None  # Atom link rel=alternate, RSS link, JSON Feed url
    title: str = ""  # plain text, never empty after normalize
    published: datetime | None = None
    updated: datetime | None = None
    authors: tuple[Author, ...] = ()
    language: str | None = None  # BCP 47
    summary: str = ""  # plain text, whole sentences
    content_html: str = ""  # sanitized fragment
    content_text: str = ""  # plain text, blocks separated by a blank line
    categories: tuple[str, ...] = ()
    enclosures: tuple[Enclosure, ...] = ()
    image: str | None = None  # lead image
    rights: str | None = None
    origin: Origin | None = None  # only when the document carried an atom:source or RSS source
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEntry:
    """An entry with its place in our memory. `sort_at` = min(published, first_seen), frozen at first sight.

    `stamp`: the second under which feeds say that it was updated, no other entry's; None until it is given.
    """

    row: int
    source_url: str  # as configured
    entry: Entry
    first_seen: datetime
    sort_at: datetime
    stamp: datetime | None = None
    revision: int = 0
    also_in: tuple[str, ...] = field(default=())  # other sources that carry the same entry
    canonical_key: str | None = None
    text_hash: str | None = None
    held_reason: str | None = None  # None: shown
