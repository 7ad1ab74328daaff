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
MAX_PAGE_DEPTH = 5000  # lexbor: 0.03 s; 20 000 take 0.4 s, 100 000 take 15 s

_OPAQUE = re.compile(r"<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)", re.DOTALL)
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


def refusal(text: str) -> str | None:
    """Why the document is not read: elements nested too deep, or a tag with too many attributes."""
    solid = _OPAQUE.sub("", text)
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
