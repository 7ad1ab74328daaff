"""What a reader or a browser would make of published files: html5lib reads all HTML, as no part of feedmill does.

In:  names and bytes of published files.
Out: sentences that say what is alive, and what broke out of the place where its text should stand.
Never: feedmill's own tables of what is allowed.

Two judges. `live` knows what runs, loads by itself or leads anywhere but to the web. `Grammar` knows no vector at all:
it learns from planets of harmless documents which element stands in which, with which attributes; whatever a hostile
planet has besides has broken out, be it as innocent as `<b>`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import html5lib
from lxml import etree


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# What a post may hold: text, tables, pictures, sound, film.
CALM = _names(
    """a abbr audio b bdi bdo blockquote br caption cite code dd del details dfn div dl dt em figcaption figure h1 h2 h3
    h4 h5 h6 hr i img ins kbd li mark ol p pre q rp rt ruby s samp small source span strong sub summary sup table tbody
    td tfoot th thead time tr u ul var video wbr"""
)
PLAIN = _names(
    """alt cite colspan controls datetime decoding dir height href lang loading open poster preload referrerpolicy rel
    reversed rowspan sizes src srcset start tabindex title type value width"""
)
ADDRESSES = _names(
    """action background base cite classid codebase data domain formaction href htmlUrl icon longdesc manifest ping
    poster profile scheme src uri url usemap xmlUrl"""
)
_LEADING = re.compile("^[\x00-\x20]+")
_INSIDE = re.compile("[\t\n\r]")
_WEB = re.compile(r"https?://[^/\\?#]|mailto:|tel:|#|\Z", re.IGNORECASE)
_RASTER = re.compile(r"data:image/(?:png|gif|jpe?g|webp|avif);base64,[A-Za-z0-9+/=]*\Z", re.IGNORECASE)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_QUIET = frozenset({"http:", "https:", "mailto:", "tel:", "feed:", "urn:", "tag:"})
# Attributes whose value is the theme's or the format's own, and so part of what an element is.
_FIXED = frozenset({"http-equiv", "rel", "name", "property", "class", "role", "version", "isPermaLink", "charset"})
_DIGITS = re.compile(r"\d+")
_ATOM = "{http://www.w3.org/2005/Atom}"
_ENCODED = "{http://purl.org/rss/1.0/modules/content/}encoded"
_ADDRESS_ELEMENTS = _names("link comments guid url docs") | {f"{_ATOM}{name}" for name in ("uri", "icon", "logo", "id")}
_JSON_ADDRESSES = _names("url home_page_url feed_url site_url icon image id moved_to external_url")


def as_browser(url: str) -> str:
    """The address as the WHATWG URL parser begins to read it."""
    return _INSIDE.sub("", _LEADING.sub("", url))


def is_quiet(url: str) -> bool:
    """False for an address with a scheme that runs, opens files, or asks another program."""
    scheme = _SCHEME.match(as_browser(url))
    return scheme is None or scheme.group().lower() in _QUIET


# --- the HTML of one entry ---


@cache
def live(html: str, copies: int = 2) -> tuple[str, ...]:
    """What is alive in an entry's HTML, as a reader puts it into its page, and again in a copy of that page."""
    found: list[str] = []
    for _ in range(copies):
        tree: Any = html5lib.parse(f"<!doctype html><body><div id=box>{html}</div>", namespaceHTMLElements=False)
        body = tree.find("body")
        box = body.find("div")
        found += [f"broke out of its box: <{child.tag}>" for child in body if child is not box]
        found += ["text broke out of its box"] if (box.tail or "").strip() else []
        found += [f"broke out into the head: <{child.tag}>" for child in tree.find("head")]
        for node in box.iter():
            found += _alive(node) if node is not box else []
        html = html5lib.serialize(box, omit_optional_tags=False, quote_attr_values="always")
        html = html.removeprefix('<div id="box">').removesuffix("</div>")
    return tuple(dict.fromkeys(found))


def _alive(node: Any) -> Iterator[str]:
    if not isinstance(node.tag, str):
        yield "a comment"
        return
    if node.tag not in CALM:
        yield f"<{node.tag}>"
    for name, value in node.attrib.items():
        if name not in PLAIN:
            yield f"{node.tag}@{name}={value[:60]!r}"
        elif name == "srcset":
            yield from (f"srcset {part!r}" for part in value.split(", ") if not _WEB.match(as_browser(part)))
        elif name in ADDRESSES and not _WEB.match(as_browser(value)):
            raster = node.tag == "img" and name == "src" and _RASTER.match(value)
            yield from () if raster else (f"{node.tag}@{name}={value[:60]!r}",)


# --- whole files ---


@dataclass
class Grammar:
    """Which element stands in which, and which attributes it has: (parent, child)."""

    known: set[tuple[str, str]] = field(default_factory=set)

    def learn(self, files: Iterable[tuple[str, bytes]]) -> None:
        """From a planet on which nobody means harm."""
        for name, data in files:
            self.known.update(shape(tree_of(name, data)))

    def strangers(self, tree: Any) -> list[str]:
        """What no harmless planet has."""
        return [f"broke out: <{child}> in <{parent}>" for parent, child in set(shape(tree)) - self.known]


def tree_of(name: str, data: bytes) -> Any:
    """A page as a browser reads it, XML as a parser reads it that helps nobody."""
    if name.endswith(".html"):
        return html5lib.parse(data, namespaceHTMLElements=False)
    return etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True))


def shape(node: Any) -> Iterator[tuple[str, str]]:
    """(parent, child) for every element, attribute and place with text; an entry's content is judged by `live`."""
    name = _label(node)
    yield from ((name, f"@{attribute}") for attribute in node.attrib)
    if "e-content" in (node.get("class") or "").split():
        return
    if (node.text or "").strip():
        yield name, "#text"
    for child in node:
        if isinstance(child.tag, str):
            yield name, _label(child)
            yield from shape(child)
        else:
            yield name, "#no element"
        if (child.tail or "").strip():
            yield name, "#text"


def _label(node: Any) -> str:
    """What an element is: its name, and the attributes whose values are the theme's or the format's own."""
    fixed = [f"{name}={_DIGITS.sub('0', value)}" for name, value in sorted(node.attrib.items()) if name in _FIXED]
    return " ".join([str(node.tag), *fixed])


def judge(name: str, data: bytes, grammar: Grammar) -> list[str]:
    """All that is wrong with one published file."""
    if name.endswith(".json"):
        return _judge_json(data)
    try:
        tree = tree_of(name, data)
    except etree.XMLSyntaxError as error:
        return [f"not well-formed: {error}"]
    found = [*grammar.strangers(tree), *_loud(tree)]
    if name.endswith(".html"):
        found += [each for html in _contents(tree) for each in live(html, 1)]
    else:
        found += [each for html in _carried(tree) for each in live(html)]
    return list(dict.fromkeys(found))


def _loud(tree: Any) -> Iterator[str]:
    """Addresses of any kind of element that are none of the web's."""
    for element in tree.iter():
        if not isinstance(element.tag, str):
            continue
        for name, value in element.attrib.items():
            local = str(name).rpartition("}")[2]
            if (local in ADDRESSES or local.endswith(":href")) and not is_quiet(value):
                yield f"{element.tag}@{name}={value[:60]!r}"
            if local.startswith("on"):
                yield f"{element.tag}@{name}={value[:60]!r}"
        if element.tag in _ADDRESS_ELEMENTS and not is_quiet(element.text or ""):
            yield f"<{element.tag}>{(element.text or '')[:60]!r}"


def _contents(page: Any) -> Iterator[str]:
    """The contents of the entries on a page, as they stand there."""
    for node in page.iter("div"):
        if "e-content" in (node.get("class") or "").split():
            html = html5lib.serialize(node, omit_optional_tags=False, quote_attr_values="always")
            yield html.partition(">")[2].removesuffix("</div>")


def _carried(feed: Any) -> Iterator[str]:
    """The elements of a feed that readers take for HTML."""
    for element in feed.iter():
        if element.tag in (_ENCODED, "description") or (
            element.tag in (f"{_ATOM}content", f"{_ATOM}summary", f"{_ATOM}title") and element.get("type") == "html"
        ):
            yield element.text or ""


def _judge_json(data: bytes) -> list[str]:
    document = json.loads(data)
    found = _in_a_script(data)
    for key, value in _strings(document):
        if key == "content_html":
            found += live(value)
        elif key in _JSON_ADDRESSES and not is_quiet(value):
            found.append(f"{key}: {value[:60]!r}")
    if (
        isinstance(document, dict)
        and "sources" in document
        and "entries" in document
        and "publications" not in document
    ):
        found += [f"search: {row[1]!r}" for row in document["entries"] if row[1] and not _WEB.match(row[1])]
    return list(dict.fromkeys(found))


def _in_a_script(data: bytes) -> list[str]:
    """What breaks out when a JSON document is pasted into a page, as people do; line by line, as html5lib is slow."""
    for line in data.decode().split("\n"):
        if "<" in line:
            page: Any = html5lib.parse(
                f'<!doctype html><body><script type="application/json">{line}</script><hr>', namespaceHTMLElements=False
            )
            body = page.find("body")
            if [child.tag for child in body] != ["script", "hr"] or (body[0].tail or "").strip():
                return [f"breaks out of a script element: {line[:200]!r}"]
    return []


def _strings(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """(key, string) for every string of a JSON document."""
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, dict):
        for name, part in value.items():
            yield from _strings(part, name)
    elif isinstance(value, list):
        for part in value:
            yield from _strings(part, key)


# --- the same words everywhere ---


def told(name: str, data: bytes) -> dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]]:
    """(title, authors, categories) by id, as a feed or a page of cards tells them."""
    if name.endswith(".json"):
        return {
            item["id"]: (item["title"], tuple(a["name"] for a in item.get("authors", [])), tuple(item.get("tags", [])))
            for item in json.loads(data)["items"]
        }
    tree = tree_of(name, data)
    if tree.tag == "rss":
        dc = "{http://purl.org/dc/elements/1.1/}"
        return {
            _text(item, "guid"): (_text(item, "title"), _texts(item, f"{dc}creator"), _texts(item, "category"))
            for item in tree.iter("item")
        }
    return {
        _text(entry, f"{_ATOM}id"): (
            _text(entry, f"{_ATOM}title"),
            tuple(_text(author, f"{_ATOM}name") for author in entry.findall(f"{_ATOM}author")),
            tuple(category.get("term") for category in entry.findall(f"{_ATOM}category")),
        )
        for entry in tree.iter(f"{_ATOM}entry")
    }


def _text(node: Any, name: str) -> str:
    return node.findtext(name) or ""


def _texts(node: Any, name: str) -> tuple[str, ...]:
    return tuple(child.text or "" for child in node.findall(name))


def titles_on(data: bytes) -> dict[str, str]:
    """Title by id of the cards on a page."""
    page = tree_of("x.html", data)
    found = {}
    for card in page.iter("article"):
        uid = card.find("data[@class='u-uid']")
        heading = card.find("h2")
        if uid is not None and heading is not None:
            found[uid.get("value")] = "".join(heading.itertext())
    return found
