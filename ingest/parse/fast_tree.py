"""A look into an lxml tree: canonical names, effective base and language, text constructs.

In:  elements of a well-formed document.
Out: `Text` and strings; `Unusual` for what the fast reader leaves to the liberal one.
Never: a guess.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar
from xml.sax.saxutils import escape

from feedmill.ingest.parse import mapping, vocabulary
from feedmill.ingest.parse.vocabulary import VOID
from feedmill.ingest.parsed import Link, ParsedEntry, ParsedSource, Person, Text

_XML = "{http://www.w3.org/XML/1998/namespace}"
_BASE, _LANG = _XML + "base", _XML + "lang"
_PREFIXES = frozenset(prefix for prefix in vocabulary.NAMESPACES.values() if prefix)
_TEXT_TYPES = vocabulary.names("text plain text/plain")
_HTML_TYPES = vocabulary.names("html text/html")
_PLAIN_TYPES = _TEXT_TYPES | _HTML_TYPES
_READ_ATTRIBUTES = vocabulary.names(
    "href rel type hreflang title length url term scheme domain label text ispermalink ref filesize medium src mode "
    "about base lang"
)
# Names that mean something without a prefix, besides those of the handlers.
_OWN_NAMES = vocabulary.names(
    "rss rdf channel feed items name email uri url homepage hour day unread div width height info tags cloud"
)
_NOT_INSIDE = vocabulary.names("item entry image textinput")


class Unusual(Exception):
    """The document holds something that this reader leaves to the liberal one; the message names it."""


class Draft:
    """What was found so far of a feed, an entry or a source, in document order."""

    __slots__ = (
        "authors",
        "categories",
        "comments",
        "contents",
        "described",
        "enclosures",
        "extras",
        "generator",
        "hints",
        "icon",
        "id",
        "image",
        "language",
        "links",
        "logo",
        "media",
        "media_base",
        "permalink",
        "podcast",
        "published",
        "rights",
        "source",
        "source_of_content",
        "titles",
        "updated",
    )

    def __init__(self) -> None:
        self.authors: list[Person | None] = []
        self.categories: list[tuple[str | None, str | None, str | None]] = []
        self.contents: list[Text] = []
        self.described: list[tuple[int, Text]] = []
        self.enclosures: list[Link] = []
        self.extras: dict[str, str] = {}
        self.hints: list[tuple[str, str]] = []
        self.links: list[Link] = []
        self.media: list[dict[str, str]] = []
        self.podcast: list[tuple[str, str]] = []
        self.titles: list[tuple[int, Text]] = []
        self.comments = self.generator = self.icon = self.id = self.image = self.language = self.logo = ""
        self.published = self.rights = self.updated = self.source_of_content = ""
        self.media_base: str | None = None
        self.permalink: bool | None = None
        self.source: ParsedSource | None = None


class Reader:
    """One document; what its elements mean stands in `handlers`, by canonical name."""

    handlers: ClassVar[Mapping[str, Handler]] = {}

    def __init__(self, root: Any, data: bytes, dialect: str, url: str) -> None:
        self.root = root
        self.dialect = dialect
        self.atom = dialect == "atom10"
        self.url = url
        self.based = b"xml:base" in data
        self.root_language = language_of(root.get(_LANG))
        self.languages_differ = data.count(b"xml:lang") > (root.get(_LANG) is not None)
        self.names: dict[str, str] = {}
        self.rows: list[ParsedEntry] = []

    def walk(self, parent: Any, draft: Draft) -> None:
        names = self.names
        for child in parent:
            name = names.get(child.tag)
            if name is None:
                name = self.name(child)
            handler = self.handlers.get(name)
            if handler is not None:
                handler(self, draft, child)

    def name(self, element: Any) -> str:
        """The canonical name: own vocabulary bare, known namespaces by their prefix here, in lower case."""
        tag: str = element.tag
        known = self.names.get(tag)
        if known is not None:
            return known
        if tag[0] != "{":
            name = tag.lower()
        else:
            uri, _, local = tag[1:].partition("}")
            prefix = vocabulary.prefix_of(uri)
            if prefix is None:
                given = element.prefix
                if (
                    (given.lower() in _PREFIXES)
                    if given is not None
                    else (local.lower() in _OWN_NAMES or local.lower() in self.handlers)
                ):
                    raise Unusual(f"the namespace {uri} for {local}")
                prefix = "other"
            name = f"{prefix}:{local.lower()}" if prefix else local.lower()
        self.names[tag] = name
        return name

    # --- values -----------------------------------------------------------------------------------------------------

    def base(self, element: Any) -> str | None:
        if not self.based:
            return None
        chain = [element.get(_BASE), *(ancestor.get(_BASE) for ancestor in element.iterancestors())]
        base: str | None = None
        for value in reversed(chain):
            base = mapping.join_base(base, value, self.url)
        return base

    def language(self, element: Any) -> str | None:
        if not self.languages_differ:
            return self.root_language
        current = element
        while current is not None:
            value = current.get(_LANG)
            if value is not None:
                return language_of(value)
            current = current.getparent()
        return None

    def text(self, element: Any, field: str) -> Text:
        """A text construct: its kind as the dialect says it, or as it looks."""
        if self.atom:
            return self.typed_text(element)
        attributes = element.attrib
        if attributes and (attributes.get("type", "text").lower() not in _PLAIN_TYPES or "mode" in attributes):
            raise Unusual("a typed text in RSS")
        value = words_of(element)
        return Text(
            value=value,
            kind=mapping.title_kind(value) if field == "title" else mapping.body_kind(value),
            base=self.base(element),
            language=self.language(element),
            guessed=True,
        )

    def typed_text(self, element: Any) -> Text:
        sort = (element.get("type") or "text").lower()
        if element.get("mode") is not None:
            raise Unusual("a mode")
        if sort == "xhtml":
            value = fragment(element, self)
            return Text(value=value, kind="html", base=self.base(element), language=self.language(element))
        if sort not in _TEXT_TYPES and sort not in _HTML_TYPES:
            raise Unusual(f"content of type {sort}")
        return Text(
            value=words_of(element),
            kind="text" if sort in _TEXT_TYPES else "html",
            base=self.base(element),
            language=self.language(element),
        )

    def inside(self, element: Any, draft: Draft) -> None:
        """The children of an entry or a source, where no further entry may stand."""
        names = self.names
        for child in element:
            name = names.get(child.tag)
            if name is None:
                name = self.name(child)
            if name in _NOT_INSIDE:
                if name in ("item", "entry"):
                    raise Unusual("an entry inside an entry")
                continue
            handler = self.handlers.get(name)
            if handler is not None:
                handler(self, draft, child)


Handler = Callable[[Any, Draft, Any], None]


def words_of(element: Any) -> str:
    if len(element):
        raise Unusual("markup that is not escaped")
    text: str | None = element.text
    return text.strip() if text else ""


def is_blank(element: Any) -> bool:
    return not (element.text or "").strip() and not any((child.tail or "").strip() for child in element)


def attributes_of(element: Any) -> dict[str, str]:
    attributes = {}
    for key, value in element.attrib.items():
        if key[0] != "{":
            attributes[key.lower()] = value
        elif key.rpartition("}")[2].lower() in _READ_ATTRIBUTES and not key.startswith(_XML):
            raise Unusual(f"the attribute {key}")
    return attributes


def language_of(value: str | None) -> str | None:
    return (value or "").strip().replace("_", "-") or None


def fragment(element: Any, reader: Reader) -> str:
    """XHTML as an HTML fragment: the children of the one wrapping `div`, names in lower case, without namespaces."""
    holder = element
    if len(element) == 1 and is_blank(element) and reader.name(element[0]) in ("div", "xhtml:div"):
        holder = element[0]
    pieces: list[str] = []
    _serialise(holder, pieces, reader)
    return "".join(pieces).strip()


def _serialise(element: Any, pieces: list[str], reader: Reader) -> None:
    """The content of an element; recursion is bounded by MAX_DEPTH."""
    if element.text:
        pieces.append(escape(element.text))
    for child in element:
        name = reader.name(child).removeprefix("xhtml:")
        if ":" in name or name in ("svg", "math"):
            raise Unusual(f"{name} in XHTML")
        shown = "".join(
            f' {key.replace(_XML, "xml:").lower()}="{escape(value, {chr(34): "&quot;"})}"'
            for key, value in child.attrib.items()
        )
        if "{" in shown and any(key[0] == "{" and not key.startswith(_XML) for key in child.attrib):
            raise Unusual("an attribute of another namespace")
        if name in VOID:
            pieces.append(f"<{name}{shown} />")
            if len(child) or child.text:
                raise Unusual(f"something inside {name}")
        else:
            pieces.append(f"<{name}{shown}>")
            _serialise(child, pieces, reader)
            pieces.append(f"</{name}>")
        if child.tail:
            pieces.append(escape(child.tail))
