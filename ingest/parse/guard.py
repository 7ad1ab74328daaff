"""What is refused before a parser spends time on it.

In:  the mended text of an XML document.
Out: a sentence that says why it is refused, or None.
Never: a parser; more than one pass.

Limits of reference network.md T25 and T26: feedparser takes quadratic time in the attributes of one tag, and libxml2
and every recursive cleaner end at some depth.
"""

from __future__ import annotations

import re

from feedmill.ingest.parse.vocabulary import VOID

MAX_DEPTH = 200
MAX_ATTRIBUTES = 256
MAX_MARKUP = 600_000  # tags and attributes outside of CDATA: a tree takes a hundred bytes and more for each of them
MAX_JSON_PARTS = 250_000  # objects and lists
MAX_PAGE_DEPTH = 5000  # lexbor: 0.03 s; 20 000 take 0.4 s, 100 000 take 15 s

_OPAQUE = re.compile(r"<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)", re.DOTALL)
_OPAQUE_BYTES = re.compile(_OPAQUE.pattern.encode(), re.DOTALL)
_JSON_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_LONG_TAG = re.compile(r"<[A-Za-z_:][^<>]{1024,}")  # 257 attributes take more than this
_LONG_TAG_BYTES = re.compile(_LONG_TAG.pattern.encode())
_EQUALS = re.compile(r"=\s{0,20}[\"']")
_EQUALS_BYTES = re.compile(_EQUALS.pattern.encode())
_EQUALS_ANY = re.compile(r"\s[^\s=]{0,100}")
_TAG_START = re.compile(r"<(/?)([A-Za-z_:][\w:.-]{0,40})")
_DEPTH_OF_ENTRIES = 3


def page_refusal(text: str) -> str | None:
    """Why an HTML page is not read: the tree builder takes quadratic time in depth and in attributes of one tag."""
    if _depth_exceeded(text, MAX_PAGE_DEPTH):
        return f"the elements are nested more than {MAX_PAGE_DEPTH} deep"
    if any(len(_EQUALS_ANY.findall(found.group())) > MAX_PAGE_DEPTH for found in _LONG_TAG.finditer(text)):
        return f"a tag has more than {MAX_PAGE_DEPTH} attributes"
    return None


def has_crowded_tag(body: bytes) -> bool:
    """Whether some tag may have too many attributes; looks into CDATA too, so True means: look closer."""
    return any(len(_EQUALS_BYTES.findall(found.group())) > MAX_ATTRIBUTES for found in _LONG_TAG_BYTES.finditer(body))


def has_too_much_markup(body: bytes) -> bool:
    """Whether the document is nothing but tags, of which a tree would take a gigabyte; CDATA and comments aside."""
    return _markup(body) > MAX_MARKUP and _markup(_OPAQUE_BYTES.sub(b"", body)) > MAX_MARKUP


def _markup(body: bytes) -> int:
    return body.count(b"<") + body.count(b'="') + body.count(b"='")


def json_refusal(body: bytes) -> str | None:
    """Why a JSON document is not read: each object and list takes a hundred bytes and more once it is read."""
    if body.count(b"{") + body.count(b"[") <= MAX_JSON_PARTS:
        return None
    solid = _JSON_STRING.sub(b"", body)
    if solid.count(b"{") + solid.count(b"[") <= MAX_JSON_PARTS:
        return None
    return f"it has more than {MAX_JSON_PARTS:,} objects and lists"


def refusal(text: str) -> str | None:
    """Why the document is not read: elements nested too deep, a tag with too many attributes, nothing but tags."""
    solid = _OPAQUE.sub("", text)
    if solid.count("<") + solid.count('="') + solid.count("='") > MAX_MARKUP:
        return f"it has more than {MAX_MARKUP:,} tags and attributes"
    for found in _LONG_TAG.finditer(solid):
        if len(_EQUALS.findall(found.group())) > MAX_ATTRIBUTES:
            return f"a tag has more than {MAX_ATTRIBUTES} attributes"
    if _depth_exceeded(solid, MAX_DEPTH):
        return f"the elements are nested more than {MAX_DEPTH} deep"
    return None


def _depth_exceeded(solid: str, limit: int) -> bool:
    """Count tags that open against those that close.

    In bad XML tags stay open that nobody meant to: those without content do not count, and the end of an entry ends
    what was left open in it.
    """
    if solid.count("<") <= limit:
        return False
    depth = 0
    for found in _TAG_START.finditer(solid):
        closing, name = found.group(1), found.group(2).lower()
        if name in VOID and name != "link" and name != "source":
            continue
        if closing:
            depth -= 1
            if name in ("item", "entry"):
                depth = min(depth, _DEPTH_OF_ENTRIES)
            continue
        end = solid.find(">", found.end())
        if end < 0:
            return False  # no tag ends any more
        if solid[end - 1] != "/":
            depth += 1
            if depth > limit:
                return True
    return False
