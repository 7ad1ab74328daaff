"""Read a rendition back before anybody else does.

In:  the bytes of a published file.
Out: what is wrong with it, one sentence each; nothing wrong, nothing said.
Never: repairs; replaces a real validator (docs/outputs.md says how to run those).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lxml import etree

_DATE = re.compile(r"\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\dZ")
_SEARCH = '<script src="search.js" defer></script>'  # the one script there is, of the search page
_ATOM = "{http://www.w3.org/2005/Atom}"


def check(kind: str, data: bytes, *, entries: int | None = None) -> list[str]:
    """The problems of a rendition of format `kind`; `entries`: how many it must hold, when that is known."""
    try:
        found, ids = _CHECKS[kind](data)
    except (ValueError, RecursionError) as error:
        return [f"it is not well-formed: {error}"]
    repeated = [identity for identity, times in Counter(ids).items() if times > 1]
    found.extend(f"the id {identity!r} is there more than once" for identity in repeated[:5])
    if entries is not None and len(ids) != entries:
        found.append(f"it holds {len(ids)} entries where {entries} were rendered")
    return found


def _atom(data: bytes) -> tuple[list[str], list[str]]:
    root = _xml(data)
    if root.tag != f"{_ATOM}feed":
        return [f"its root is {root.tag!r}, not an Atom feed"], []
    found = _once(root, ("id", "title", "updated"), "the feed")
    if len([link for link in root.findall(f"{_ATOM}link") if link.get("rel") == "self"]) != 1:
        found.append("the feed needs exactly one link rel=self")
    ids = []
    for entry in root.iterchildren(f"{_ATOM}entry"):
        identity = entry.findtext(f"{_ATOM}id") or ""
        ids.append(identity)
        found.extend(_once(entry, ("id", "title", "updated", "source"), f"entry {identity!r}"))
        if entry.find(f"{_ATOM}author") is None:
            found.append(f"entry {identity!r} has no author")
    found.extend(
        _dates((element.text or "") for name in ("updated", "published") for element in root.iter(_ATOM + name))
    )
    return found, ids


def _rss(data: bytes) -> tuple[list[str], list[str]]:
    root = _xml(data)
    channel = root.find("channel")
    if root.tag != "rss" or channel is None:
        return [f"its root is {root.tag!r}, not RSS with a channel"], []
    found = [f"the channel has no {name}" for name in ("title", "link", "description") if not channel.findtext(name)]
    return found, [item.findtext("guid") or "" for item in channel.iterchildren("item")]


def _json(data: bytes) -> tuple[list[str], list[str]]:
    document = json.loads(data)
    if not isinstance(document, dict) or not isinstance(document.get("items"), list):
        return ["it is not a JSON Feed: no items"], []
    found = [f"it has no {name}" for name in ("version", "title", "feed_url") if not document.get(name)]
    found.extend(
        f"item {item['id']!r} has no content"
        for item in document["items"]
        if "content_html" not in item and "content_text" not in item
    )
    return found, [item["id"] for item in document["items"]]


def _opml(data: bytes) -> tuple[list[str], list[str]]:
    root = _xml(data)
    if root.tag != "opml" or root.find("head/title") is None or root.find("body") is None:
        return ["it is not OPML with a title and a body"], []
    return [], [outline.get("xmlUrl") or "" for outline in root.iter("outline")]


def _html(data: bytes) -> tuple[list[str], list[str]]:
    text = data.decode()
    found = [] if text.startswith("<!DOCTYPE html>") else ["it does not start with a doctype"]
    if not text.rstrip().endswith("</html>"):
        found.append("it is cut off")
    if "<script" in text.lower().replace(_SEARCH, ""):
        found.append("it holds a script")
    return found, []


_CHECKS: dict[str, Callable[[bytes], tuple[list[str], list[str]]]] = {
    "atom": _atom,
    "rss": _rss,
    "json": _json,
    "opml": _opml,
    "html": _html,
}


def _xml(data: bytes) -> etree._Element:
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True, remove_comments=True)
    try:
        return etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise ValueError(error.msg) from error


def _once(element: Any, names: Iterable[str], where: str) -> list[str]:
    counted = {name: len(element.findall(_ATOM + name)) for name in names}
    return [f"{where} has {count} {name}, not one" for name, count in counted.items() if count != 1]


def _dates(values: Iterable[str]) -> list[str]:
    return [f"{value!r} is no RFC 3339 date in UTC" for value in values if not _DATE.fullmatch(value)][:5]
