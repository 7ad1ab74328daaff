"""Atom and RSS 2.0 out of one feedgen object: the only module that imports feedgen.

In:  an `Edition`.
Out: `Rendition`s: bytes, and what had to be left out.
Never: decides what an entry says (`aggregate` did) or how a dialect writes it (`atom`, `rss` do).

feedgen 1.0.0 builds the plain elements; two extensions repair the rest. Its quirks, each absorbed here
(docs/decisions/0010-feedgen-behind-one-wrapper.md):
 - entry links lose every attribute but href; `source` is half written: it is told of neither,
   `atom.finish_entry` writes them
 - `updated` and `lastBuildDate` default to now, and an RSS date flips the locale of the whole process: feedgen is given
   no date that it would write into RSS, and `_Generator` forgets the default
 - one bad character in one entry makes the whole feed raise: each entry is built by itself, and handed over `_Built`
 - its elements have no namespace in memory, so children in the document's own namespace must have none either
 - `feedgen.util` cannot be imported first: it needs `lxml.etree` loaded
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from feedgen.entry import FeedEntry  # type: ignore[import-untyped]
from feedgen.ext.base import BaseEntryExtension, BaseExtension  # type: ignore[import-untyped]
from feedgen.feed import FeedGenerator  # type: ignore[import-untyped]

from feedmill.publish import atom, rss
from feedmill.publish.aggregate import GENERATOR, GENERATOR_URL, Edition, PublishedEntry
from feedmill.publish.podcast_xml import namespaces_of
from feedmill.publish.xmltext import spell_pairs

Element = Any  # lxml's; the dialects type it


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendition:
    """One publication in one format. `entries`: how many it holds; `problems`: which were left out and why."""

    data: bytes
    entries: int
    problems: tuple[str, ...] = ()


class PlanetExtension(BaseExtension):  # type: ignore[misc]
    """Feed-level: runs before the entries are appended, so that metadata comes first."""

    edition: Edition
    namespaces: dict[str, str]

    def extend_ns(self) -> dict[str, str]:
        return self.namespaces

    def extend_atom(self, feed: Element) -> Element:
        atom.finish_feed(feed, self.edition)
        return feed

    def extend_rss(self, feed: Element) -> Element:
        rss.finish_channel(feed, self.edition)
        return feed


class PlanetEntryExtension(BaseEntryExtension):  # type: ignore[misc]
    """Entry-level: runs last, on the finished element."""

    entry: PublishedEntry

    def extend_atom(self, feed: Element) -> Element:
        atom.finish_entry(feed, self.entry)
        return feed

    def extend_rss(self, feed: Element) -> Element:
        rss.finish_item(feed, self.entry)
        return feed


class _Generator(FeedGenerator):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self._FeedGenerator__rss_lastBuildDate = None  # the default is "now"; rss.finish_channel writes it


class _Built:
    """An entry whose element exists already, in the shape that feedgen asks its entries for it."""

    def __init__(self, element: Element) -> None:
        self.element = element

    def register_extension(self, *_: object) -> None:
        """Nothing to register: the entry is finished."""

    def atom_entry(self) -> Element:
        return self.element

    def rss_entry(self) -> Element:
        return self.element


def render_atom(edition: Edition) -> Rendition:
    """Atom 1.0 (RFC 4287; checks A1-A19)."""
    generator = _generator(edition, atom.NAMESPACES | namespaces_of(edition))
    generator.id(edition.id)
    generator.updated(edition.updated)
    if edition.publication.description:
        generator.subtitle(edition.publication.description)
    built, problems = _build(edition.entries, lambda entry: _entry(entry).atom_entry(), "atom.xml")
    generator.entry(built, replace=True)
    data = spell_pairs(generator.atom_str(pretty=True))
    return Rendition(data=data, entries=len(built), problems=tuple(problems))


def render_rss(edition: Edition) -> Rendition:
    """RSS 2.0 with the Best Practices Profile (checks B1-B13)."""
    generator = _generator(edition, rss.NAMESPACES | namespaces_of(edition))
    generator.description(edition.publication.description or f"Posts collected by {edition.title}.")
    generator.link(href=edition.url, rel="alternate")  # feedgen makes the last link of any kind the channel's
    built, problems = _build(edition.entries, lambda entry: _item(entry).rss_entry(), "rss.xml")
    generator.entry(built, replace=True)
    data = spell_pairs(generator.rss_str(pretty=True))
    return Rendition(data=data, entries=len(built), problems=tuple(problems))


def _generator(edition: Edition, namespaces: dict[str, str]) -> Any:
    generator = _Generator()
    generator.register_extension("planet", PlanetExtension, PlanetEntryExtension)
    generator.planet.edition = edition
    generator.planet.namespaces = namespaces
    publication = edition.publication
    generator.title(edition.title)
    generator.generator(GENERATOR, version=edition.generator_version, uri=GENERATOR_URL)
    generator.docs("https://www.rssboard.org/rss-specification")
    language = edition.language or (edition.show.language if edition.show and edition.show.itunes else None)
    if language:
        generator.language(language)
    if publication.rights:
        generator.rights(publication.rights)
    return generator


def _build(
    entries: Iterable[PublishedEntry], make: Callable[[PublishedEntry], Element], name: str
) -> tuple[list[_Built], list[str]]:
    built, problems = [], []
    for entry in entries:
        try:
            built.append(_Built(make(entry)))
        except Exception as error:  # noqa: BLE001  one bad entry is dropped and reported, never the feed
            problems.append(f"{name}: entry {entry.id!r} left out: {error}")
    return built, problems


def _entry(entry: PublishedEntry) -> Any:
    """What feedgen gets right in Atom: id, title, authors, content, summary, categories, rights."""
    made = _start(entry)
    made.updated(entry.updated)
    made.author([{"name": author.name, "uri": author.url or ""} for author in entry.authors])
    made.content(atom.content_of(entry), type="html")
    if entry.summary:
        summary, kind = atom.summary_of(entry)
        made.summary(summary, type=kind)
    if entry.rights:
        made.rights(entry.rights)
    return made


def _item(entry: PublishedEntry) -> Any:
    """What feedgen gets right in RSS: title, link, guid, description, content:encoded, categories, source."""
    made = _start(entry)
    if entry.url:
        made.link(href=entry.url, rel="alternate")
    description, encoded = rss.texts_of(entry)
    made.description(description)
    if encoded:
        made.content(encoded, type="html")
    if entry.enclosures:
        first = entry.enclosures[0]
        made.enclosure(first.url, first.length or 0, rss.media_type_of(first))
    if entry.source.url:
        made.source(url=entry.source.url, title=entry.source.title)
    return made


def _start(entry: PublishedEntry) -> Any:
    made = FeedEntry()
    made.register_extension("planet", PlanetEntryExtension)
    made.planet.entry = entry
    made.guid(entry.id, permalink=entry.permalink)
    made.title(entry.title)
    if entry.categories:
        made.category([{"term": term} for term in entry.categories])
    return made
