"""An entry's HTML made fit for a page that holds many entries.

In:  the sanitized fragment of one entry.
Out: a balanced fragment: headings below the entry's own, no ids, classes or inline styles, obsolete markup said in
     today's words, images lazy, links that give nothing away.
Never: cleans (ingest did): but what could run a script is dropped here too, whatever is in the store.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

_ATTRIBUTE = re.compile(r'\s+([^\s"=]+)(?:="([^"]*)")?')

_DROPPED = [
    "script", "style", "iframe", "object", "embed", "applet", "form", "input", "button", "select", "textarea",
    "template", "noscript", "svg", "math", "link", "meta", "base", "title", "frame", "frameset", "dialog",
]  # fmt: skip
# Obsolete, or with a meaning for the whole page that an entry must not claim (a second `main`, a nested `article`).
_SAID_TODAY = {
    "center": "div", "article": "div", "section": "div", "main": "div", "header": "div", "footer": "div", "nav": "div",
    "aside": "div", "hgroup": "div", "search": "div", "address": "div", "dir": "ul", "font": "span", "big": "span",
    "blink": "span", "marquee": "span", "nobr": "span", "basefont": "span", "label": "span", "tt": "code",
    "strike": "s", "acronym": "abbr", "listing": "pre", "xmp": "pre",
}  # fmt: skip
_EVERYWHERE = frozenset({"lang", "dir", "title"})
_URLS = frozenset({"href", "src", "cite", "poster"})
_ALLOWED: dict[str, frozenset[str]] = {
    "a": frozenset({"href"}),
    "img": frozenset({"src", "alt", "width", "height"}),
    "td": frozenset({"colspan", "rowspan"}),
    "th": frozenset({"colspan", "rowspan"}),
    "ol": frozenset({"start", "reversed"}),
    "li": frozenset({"value"}),
    "time": frozenset({"datetime"}),
    "blockquote": frozenset({"cite"}),
    "q": frozenset({"cite"}),
    "ins": frozenset({"cite", "datetime"}),
    "del": frozenset({"cite", "datetime"}),
    "audio": frozenset({"src"}),
    "video": frozenset({"src", "width", "height", "poster"}),
    "source": frozenset({"src"}),
}
# Only tags with something to change: with attributes, or with a name that is said otherwise or gets attributes of ours.
_NAMES = "|".join(("h[1-6]", r"\w+:[\w:.-]*", *_SAID_TODAY, "img", "audio", "video", "pre", "table"))
_TAG = re.compile(rf'<(/?)((?:{_NAMES})(?=[\s>])|[a-zA-Z][\w:.-]*(?=\s))((?:[^">]|"[^"]*")*)>', re.IGNORECASE)
_NUMBERS = frozenset({"width", "height", "colspan", "rowspan", "start", "value"})
_ADDED = {
    "img": ' loading="lazy" decoding="async" referrerpolicy="no-referrer"',
    "audio": ' controls preload="none"',
    "video": ' controls preload="none"',
    # They scroll in their own box: who has no mouse must get there (WCAG 2.1.1).
    "pre": ' tabindex="0"',
    "table": ' tabindex="0"',
}


def for_page(html: str, *, below: int = 2) -> str:
    """`html` for a card whose own heading is `h{below}`: its highest heading becomes `h{below + 1}` (check G5)."""
    if not html:
        return ""
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(html, is_fragment=True)
    tree.strip_tags(_DROPPED)
    for link in tree.css("a[href]"):
        _name(link)
    balanced = tree.html or ""
    return _TAG.sub(_Rewriting(below).rewritten, balanced)


def _name(link: LexborNode) -> None:
    """A link that says nothing is none for who listens (WCAG 2.4.4): a picture gets a word, an empty one goes."""
    if link.text(strip=True) or link.attributes.get("title"):
        return
    pictures = link.css("img")
    if pictures and not any(picture.attributes.get("alt") for picture in pictures):
        pictures[0].attrs["alt"] = "picture"
    elif not pictures and not link.css("audio, video"):
        link.unwrap()


class _Rewriting:
    """One pass over the tags. Headings keep their order of rank, but none skips a level (checkers mind)."""

    def __init__(self, below: int) -> None:
        self._below = below
        self._open: list[int] = []  # ranks that the post uses, outermost first

    def rewritten(self, match: re.Match[str]) -> str:
        closing, name, rest = match[1], match[2].lower(), match[3]
        if len(name) == 2 and name[0] == "h" and name[1] in "123456":
            name = self._heading(int(name[1]), closing=bool(closing))
        elif ":" in name:
            name = "span"
        else:
            name = _SAID_TODAY.get(name, name)
        if closing:
            return f"</{name}>"
        attributes = _attributes(name, rest)
        if name in {"img", "source"} and " src=" not in attributes:
            return ""
        return f"<{name}{attributes}{_ADDED.get(name, '')}>"

    def _heading(self, rank: int, *, closing: bool) -> str:
        if not closing:
            while self._open and self._open[-1] >= rank:
                self._open.pop()
            self._open.append(rank)
        return f"h{min(6, self._below + len(self._open))}"


def _attributes(name: str, rest: str) -> str:
    allowed = _ALLOWED.get(name, frozenset())
    kept = {}
    for written, value in _ATTRIBUTE.findall(rest):
        attribute = written.lower()
        if (attribute in allowed or attribute in _EVERYWHERE) and _is_sound(attribute, value):
            kept[attribute] = value
    if name == "img":
        kept.setdefault("alt", "")
    elif name == "a" and "href" in kept:
        kept["rel"] = "noopener"
    return "".join(f' {attribute}="{value}"' for attribute, value in kept.items())


def _is_sound(attribute: str, value: str) -> bool:
    if attribute in _NUMBERS:
        return value.isascii() and value.isdigit() and 0 < len(value) < 6 and int(value) > 0
    if attribute in _URLS:
        return value.lower().startswith(("http://", "https://", "mailto:", "#"))
    if attribute == "dir":
        return value.lower() in {"ltr", "rtl", "auto"}
    return attribute == "alt" or bool(value)
