"""Content that was escaped once too often: its markup would be read out to readers as words.

In:  an entry's HTML.
Out: the HTML that was meant, or None when it is what it says it is.
Never: decodes text with a tag of its own, a snippet of code in prose, or the same content twice.
"""

from __future__ import annotations

import re
from html import unescape

_OPENS = re.compile(
    r"\s*&lt;(?:p|div|h[1-6]|ul|ol|dl|table|blockquote|figure|section|article|header|main|a\s+href=|img\s)",
    re.IGNORECASE,
)
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
_FEWEST_WORDS = 5  # of text: less may be somebody's example of a tag


def unescape_markup(html: str) -> str | None:
    """Whole content in escaped tags, from the first character to the last, with prose between them."""
    if "<" in html or not _OPENS.match(html) or not html.rstrip().endswith("&gt;"):
        return None
    meant = unescape(html)
    if "</" not in meant or len(_TAG.sub(" ", meant).split()) < _FEWEST_WORDS:
        return None
    return meant
