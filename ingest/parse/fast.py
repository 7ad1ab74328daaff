"""The fast reader: well-formed RSS and Atom, straight from an lxml tree.

In:  the bytes of an XML document in UTF-8, its dialect, its URL.
Out: `ParsedFeed`, the same value as the liberal reader makes of the document.
Never: a guess. Whatever is not plainly what the dialect says raises `Unusual`, and the liberal reader takes the
       document. No entity is expanded, no external file read.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from lxml import etree

from feedmill.ingest.parse import mapping
from feedmill.ingest.parse.fast_elements import HANDLERS
from feedmill.ingest.parse.fast_tree import Draft, Handler, Reader, Unusual
from feedmill.ingest.parse.guard import MAX_DEPTH
from feedmill.ingest.parsed import Link, ParsedEntry, ParsedFeed, ParsedSource, Text

_ROOTS = {"rss20": ("rss",), "rss09x": ("rss", "rdf:rdf"), "rss10": ("rdf:rdf",), "atom10": ("feed",)}
_TOO_DEEP = etree.XPath("boolean(" + "/*" * (MAX_DEPTH + 1) + ")")


def read_fast(data: bytes, *, dialect: str, url: str) -> ParsedFeed:
    """The document, or `Unusual` / `lxml.etree.XMLSyntaxError` when the liberal reader has to look at it."""
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
        collect_ids=False,
        huge_tree=False,
    )
    root = etree.fromstring(data, parser)
    if root.getroottree().docinfo.internalDTD is not None:
        raise Unusual("a document type")
    if _TOO_DEEP(root):
        raise Unusual("deep nesting")
    return _Document(root, data, dialect, url).feed()


class _Document(Reader):
    """The whole: a feed, its entries, and the sources of those."""

    handlers: ClassVar[dict[str, Handler]] = {}

    def feed(self) -> ParsedFeed:
        root, name = self.root, self.name(self.root)
        if name not in _ROOTS.get(self.dialect, ()):
            raise Unusual(f"the root element {name}")
        if self.atom and root.tag != "{http://www.w3.org/2005/Atom}feed":
            raise Unusual("an Atom namespace of another age")
        about = Draft()
        if self.atom:
            self.walk(root, about)
        else:
            self.channel(root, about)
        if self.root_language and not about.language:
            about.language = self.root_language
        source = self.about(about)
        entries, notes = mapping.newest(self.rows)
        return ParsedFeed(
            format=self.dialect,
            about=source,
            entries=entries,
            hints=_hints(about),
            podcast=mapping.podcast_words(about.podcast, about.extras),
            base=self.url,
            notes=notes,
        )

    def channel(self, root: Any, about: Draft) -> None:
        channels = 0
        for child in root:
            name = self.name(child)
            if name == "channel":
                channels += 1
                self.walk(child, about)
            elif name == "item":
                self.entry(about, child)
            elif name in ("feed", "entry", "items"):
                raise Unusual(f"{name} beside the channel")
        if channels > 1:
            raise Unusual("several channels")

    def entry(self, _about: Draft, element: Any) -> None:
        draft = Draft()
        for key, value in element.attrib.items():
            if key[0] == "{" and key.endswith("}about") and value:
                draft.id = value
        own_language = self.language(element)
        self.inside(element, draft)
        summary, contents = mapping.settle_descriptions(draft.described, draft.contents)
        enclosures: Iterable[Link] = draft.enclosures
        if draft.media or len(draft.enclosures) > 1:
            enclosures, image = mapping.media_enclosures(draft.media, draft.enclosures, draft.media_base)
            if image:
                draft.extras["media:content"] = image
        if draft.source_of_content:
            draft.extras["atom:content/@src"] = draft.source_of_content
        extras = draft.extras
        self.rows.append(
            ParsedEntry(
                id=draft.id or None,
                id_is_permalink=draft.permalink if draft.id else None,
                links=tuple(draft.links),
                orig_link=extras.pop("feedburner:origLink", None) or extras.pop("pheedo:origLink", None)
                if extras
                else None,
                title=mapping.best_title(draft.titles),
                summary=summary,
                contents=contents,
                published=draft.published or None,
                updated=draft.updated or None,
                authors=mapping.unique(draft.authors),
                categories=mapping.tidy_categories(draft.categories) if draft.categories else (),
                enclosures=tuple(enclosures),
                language=draft.language or own_language,
                rights=draft.rights or None,
                comments=draft.comments or None,
                source=draft.source,
                extras=extras,
            )
        )

    def about(self, draft: Draft) -> ParsedSource:
        return ParsedSource(
            id=draft.id or None,
            title=mapping.best_title(draft.titles),
            subtitle=mapping.settle_descriptions(draft.described, ())[0],
            links=tuple(draft.links),
            authors=mapping.unique(draft.authors),
            updated=draft.updated or draft.published or None,
            language=draft.language or None,
            rights=draft.rights or None,
            icon=draft.icon or None,
            logo=draft.logo or draft.image or draft.extras.get("itunes:image") or None,
            generator=draft.generator or None,
        )

    def source(self, outer: Draft, element: Any) -> None:
        draft = Draft()
        if len(element):
            if (element.text or "").strip():
                raise Unusual("words and elements in a source")
            self.inside(element, draft)
        else:
            value = (element.text or "").strip()
            if value:
                text = Text(
                    value=value,
                    kind="text" if self.atom else mapping.title_kind(value),
                    base=self.base(element),
                    language=self.language(element),
                    guessed=not self.atom,
                )
                draft.titles.append((0, text))
        url = element.get("url")
        if url and url.strip():
            draft.links.append(Link(href=url.strip(), rel="self"))
        outer.source = self.about(draft)


_Document.handlers = {**HANDLERS, "item": _Document.entry, "entry": _Document.entry, "source": _Document.source}


def _hints(about: Draft) -> tuple[tuple[str, str], ...]:
    said = dict(about.hints)  # of what may stand once, the last
    skip = [row for row in about.hints if row[0] in ("skipHours", "skipDays")]
    period = [(name, said.get(name, "")) for name in ("updatePeriod", "updateFrequency")]
    hubs = [("hub", link.href) for link in about.links if link.rel == "hub"]
    return tuple(row for row in (("ttl", said.get("ttl", "")), *skip, *period, *hubs) if row[1])
