"""Step `sanitize`: the only security gate, always last, always on.

In:  HTML of any origin.
Out: a fragment of reader elements: no script, style, frame, form, svg, math, class, id or event handler.
Never: followed by anything that edits HTML.

nh3 (ammonia) is imported here and nowhere else. What it leaves to us is done before it: `srcset` is rebuilt and
protocol-relative addresses are resolved in the tree; `data:` images are limited here, by a filter, to small raster
formats. No svg and no math: every namespace confusion of its history needed one of them (cleaning.md 2.1).
"""

from __future__ import annotations

import re
from functools import cache

import nh3

from feedmill.ingest.clean.images import MAX_DATA_BYTES
from feedmill.ingest.word_table import words

TAGS = words(
    """a abbr audio b bdi bdo blockquote br caption cite code dd del details dfn dl dt em figcaption figure h2 h3 h4 h5
    h6 hr i img ins kbd li mark ol p pre q rp rt ruby s samp small source strong sub summary sup table tbody td tfoot th
    thead time tr u ul var video"""
)
ATTRIBUTES = {
    "a": {"href", "title"},
    "abbr": {"title"},
    "audio": {"controls", "src"},
    "bdo": {"dir"},
    "blockquote": {"dir"},
    "details": {"dir", "open"},
    "dfn": {"title"},
    "dl": {"dir"},
    "figure": {"dir"},
    "h2": {"dir"},
    "h3": {"dir"},
    "h4": {"dir"},
    "h5": {"dir"},
    "h6": {"dir"},
    "img": {"alt", "height", "sizes", "src", "srcset", "title", "width"},
    "li": {"dir"},
    "ol": {"dir", "reversed", "start"},
    "p": {"dir"},
    "source": {"src", "type"},
    "table": {"dir"},
    "td": {"colspan", "dir", "rowspan"},
    "th": {"colspan", "dir", "rowspan"},
    "time": {"datetime"},
    "ul": {"dir"},
    "video": {"controls", "poster", "src"},
}
SCHEMES = frozenset({"http", "https", "mailto", "tel"})
# With their content: what is in them is no text.
CONTENT = frozenset(
    {
        "script",
        "style",
        "iframe",
        "object",
        "embed",
        "noscript",
        "template",
        "textarea",
        "select",
        "svg",
        "math",
        "title",
    }
)
_RASTER = re.compile(r"data:image/(?:png|gif|jpe?g|webp|avif);base64,[A-Za-z0-9+/=\s]*\Z", re.IGNORECASE)
_SRCSET_SCHEME = re.compile(r"(?:^|[\s,])(?!https?:)[a-z][a-z0-9+.\-]*:", re.IGNORECASE)


def _judge(tag: str, name: str, value: str) -> str | None:
    """The attribute's value, or None to take it out: `data:` only as a small raster image, srcset only http(s)."""
    if name == "srcset":
        return None if _SRCSET_SCHEME.search(value) else value
    if name in ("src", "href", "poster") and value.lstrip()[:5].lower() == "data:":
        small = tag == "img" and name == "src" and len(value) * 3 // 4 <= MAX_DATA_BYTES
        return value if small and _RASTER.match(value) else None
    return value


@cache
def _cleaner(with_data: bool) -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=set(TAGS),
        clean_content_tags=set(CONTENT),
        attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
        attribute_filter=_judge if with_data else None,
        url_schemes=set(SCHEMES) | ({"data"} if with_data else set()),
        link_rel="noopener noreferrer",
        strip_comments=True,
    )


def sanitize(html: str) -> str:
    """`html` as it may be shown to anybody."""
    with_data = "data:" in html or "srcset" in html or "DATA:" in html
    return _cleaner(with_data).clean(html)
