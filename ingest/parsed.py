"""What a document says, before anybody judges it.

In:  made by `ingest.parse` from bytes.
Out: `ParsedFeed` / `ParsedEntry`: text as written with its kind, base and language; dates as strings; URLs unresolved.
Never: cleaned, resolved, defaulted or invented. `ParsedEntry.to_json` is what the store keeps for replay, and what the
raw hash is taken of; `from_json` gives the same value back.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from hashlib import blake2b
from typing import Any, Literal

from feedmill.feeds.entry import Note

TextKind = Literal["text", "html"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A text construct. XHTML is serialised to an HTML fragment by the parser and arrives as kind "html".

    `base`: the effective xml:base, absolute, or None for the document's URL. `language`: the effective xml:lang.
    `guessed`: the dialect does not say the kind (RSS); the parser judged by the look of the value.
    """

    value: str
    kind: TextKind = "text"
    base: str | None = None
    language: str | None = None
    guessed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Atom `link`, RSS `link`/`enclosure`/`comments`, media:content; `rel` lower-case, "alternate" when absent."""

    href: str
    rel: str = "alternate"
    media_type: str | None = None
    hreflang: str | None = None
    title: str | None = None
    length: str | None = None  # as written
    base: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Atom person construct, or what RSS crammed into one string, split."""

    name: str = ""
    email: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """Atom category / RSS category / dc:subject."""

    term: str
    scheme: str | None = None
    label: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedSource:
    """What a feed says of itself; also an entry's own `atom:source` (or RSS `source`)."""

    id: str | None = None
    title: Text | None = None
    subtitle: Text | None = None
    links: tuple[Link, ...] = ()
    authors: tuple[Person, ...] = ()
    updated: str | None = None
    language: str | None = None
    rights: str | None = None
    icon: str | None = None
    logo: str | None = None
    generator: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedEntry:
    """One entry as the document said it.

    `id`: Atom id / RSS guid / rdf:about / JSON id, trimmed, else byte-exact. `id_is_permalink`: RSS isPermaLink in
    effect (absent = true), None for other dialects. `orig_link`: feedburner:origLink / pheedo:origLink.
    `summary` is description / Atom summary; `contents` content:encoded / Atom content, in document order.
    `extras`: pass-through values of namespaced elements ("itunes:duration" -> "12:30"), media:thumbnail among them.
    """

    id: str | None = None
    id_is_permalink: bool | None = None
    links: tuple[Link, ...] = ()
    orig_link: str | None = None
    title: Text | None = None
    summary: Text | None = None
    contents: tuple[Text, ...] = ()
    published: str | None = None
    updated: str | None = None
    authors: tuple[Person, ...] = ()
    categories: tuple[Category, ...] = ()
    enclosures: tuple[Link, ...] = ()
    language: str | None = None
    rights: str | None = None
    comments: str | None = None
    source: ParsedSource | None = None
    extras: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> str:
        """Canonical JSON: fields in order of declaration, defaults left out, so equal entries give equal text."""
        return json.dumps(_plain(self), ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> ParsedEntry:
        """The entry that `to_json` wrote."""
        return _entry(json.loads(text))


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedFeed:
    """A document, read. `format` one of rss20 rss09x rss10 atom10 atom03 cdf json10 json11 html text.

    `hints`: polling wishes as written: ttl, skipHours, skipDays, updatePeriod, updateFrequency, hub (may repeat).
    `podcast`: what a podcast's channel says of itself in its own words, as written (`vocabulary.PODCAST`).
    `notes`: each repair that was needed to read it.
    """

    format: str
    about: ParsedSource = field(default_factory=ParsedSource)
    entries: tuple[ParsedEntry, ...] = ()
    hints: tuple[tuple[str, str], ...] = ()
    podcast: tuple[tuple[str, str], ...] = ()
    base: str = ""  # the document's URL
    notes: tuple[Note, ...] = ()


def raw_hash(raw: str) -> str:
    """The hash by which an unchanged entry is known before any HTML work: blake2b-128, hexadecimal."""
    return blake2b(raw.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


_DEFAULTS: dict[type, list[tuple[str, Any]]] = {}


def _plain(value: Any) -> Any:
    """Dataclasses to dictionaries without default fields; about five times faster than `dataclasses.asdict`."""
    if isinstance(value, str) or value is None:
        return value
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    if is_dataclass(value) and not isinstance(value, type):
        kind = type(value)
        names = _DEFAULTS.get(kind)
        if names is None:
            names = [(spec.name, {} if spec.name == "extras" else spec.default) for spec in fields(kind)]
            _DEFAULTS[kind] = names
        out = {}
        for name, default in names:
            part = getattr(value, name)
            if part != default:
                out[name] = _plain(part)
        return out
    if isinstance(value, Mapping):
        return dict(sorted(value.items()))
    return value


def _many(kind: type, rows: list[dict[str, Any]] | None) -> tuple[Any, ...]:
    return tuple(kind(**row) for row in rows or ())


def _text(row: dict[str, Any] | None) -> Text | None:
    return None if row is None else Text(**row)


def _source(row: dict[str, Any] | None) -> ParsedSource | None:
    if row is None:
        return None
    return ParsedSource(
        **{
            **row,
            "title": _text(row.get("title")),
            "subtitle": _text(row.get("subtitle")),
            "links": _many(Link, row.get("links")),
            "authors": _many(Person, row.get("authors")),
        }
    )


def _entry(row: dict[str, Any]) -> ParsedEntry:
    return ParsedEntry(
        **{
            **row,
            "links": _many(Link, row.get("links")),
            "title": _text(row.get("title")),
            "summary": _text(row.get("summary")),
            "contents": _many(Text, row.get("contents")),
            "authors": _many(Person, row.get("authors")),
            "categories": _many(Category, row.get("categories")),
            "enclosures": _many(Link, row.get("enclosures")),
            "source": _source(row.get("source")),
        }
    )
