"""Plain text as HTML: cleaning.md 3.8.

In:  text without markup, as a feed or a file carries it.
Out: an HTML fragment: paragraphs where the text has them, lines where it has lines; escaped; URLs linked.
Never: changes a word or a quote.
"""

from __future__ import annotations

import re
from html import escape
from statistics import median

from feedmill.ingest.clean.phrases import match_line

_BLANK = re.compile(r"\n[ \t\xa0]*\n\s*")
_SENTENCE_END = re.compile(r"[.!?…:。！？؟।][\"'”’»)\]]*$")
_URL = re.compile(r"\bhttps?://[^\s<>\"“”«»]+|\bwww\.[a-z0-9-]+\.[^\s<>\"“”«»]+", re.IGNORECASE)
_URL_TAIL = ".,;:!?'’…*_"
_LONG = 60  # characters: a median above it means that each line is a paragraph
_SHORT = 45
_WRAPPED = (45, 100)  # characters of a line in text that was wrapped by hand or by mail


def to_html(text: str) -> str:
    """One `p` per paragraph; lines of verse or addresses as `br` in one `p`."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x0b", "\n").replace("\x0c", "\n").strip()
    if not text:
        return ""
    parts = _BLANK.split(text)
    out: list[str] = []
    for part in parts:
        lines = [line.strip() for line in part.split("\n") if line.strip()]
        out += _paragraphs(lines, alone=len(parts) == 1)
    return "\n".join(f"<p>{paragraph}</p>" for paragraph in out if paragraph)


def _paragraphs(lines: list[str], *, alone: bool) -> list[str]:
    if len(lines) <= 1:
        return [_inline(line) for line in lines]
    tail: list[str] = []
    while len(lines) > 1 and (match := match_line(lines[-1], at_start=False)) is not None and match.score:
        tail.insert(0, lines.pop())
    return [*_body(lines, alone=alone), *map(_inline, tail)]


def _body(lines: list[str], *, alone: bool) -> list[str]:
    if len(lines) == 1:
        return [_inline(lines[0])]
    lengths = [len(line) for line in lines]
    if not alone and _is_wrapped(lengths):
        return [_inline(" ".join(lines))]
    ended = sum(1 for line in lines if _SENTENCE_END.search(line))
    even = max(lengths) < _SHORT  # verse, an address: lines, even where they end in full stops
    if not even and (median(lengths) > _LONG or ended * 2 > len(lines)):
        return [_inline(line) for line in lines]
    return ["<br>".join(map(_inline, lines))]


def _is_wrapped(lengths: list[int]) -> bool:
    """Lines of nearly one length, the last one shorter: a paragraph wrapped at a column."""
    full = lengths[:-1]
    return min(full) >= _WRAPPED[0] and max(lengths) <= _WRAPPED[1] and max(full) - min(full) <= 25


def _inline(text: str) -> str:
    out, end = [], 0
    for found in _URL.finditer(text):
        url = _trim(found.group())
        out.append(escape(text[end : found.start()], quote=False))
        href = url if "://" in url else "https://" + url
        out.append(f'<a href="{escape(href)}">{escape(url, quote=False)}</a>')
        end = found.start() + len(url)
    out.append(escape(text[end:], quote=False))
    return "".join(out)


def _trim(url: str) -> str:
    """Without the punctuation that ends the sentence, and without a bracket that was opened before the URL."""
    while True:
        shorter = url.rstrip(_URL_TAIL)
        for opening, closing in ("()", "[]", "{}"):
            if shorter.endswith(closing) and shorter.count(closing) > shorter.count(opening):
                shorter = shorter[:-1]
        if shorter == url:
            return url
        url = shorter
