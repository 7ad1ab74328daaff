"""Paragraphs that look like somebody else's words whose quotation marks were lost on the way.

In:  the blocks of a cleaned entry.
Out: `Note`, or None.
Never: markup. It is a hint: reference cleaning.md section 3.9 measured no false alarm in 407 entries, and that it finds
few; what it would take to believe it blindly, a blogger alone can say.

A pasted article keeps the habits of its paper while the blogger's own lines keep those of a keyboard:

    the blogger      it's, "so"     US      don't, they're
    the paper        it’s, “so”     U.S.    said, according to
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from feedmill.feeds.entry import Note
from feedmill.ingest.clean import Block

_LEAST = 3  # paragraphs in the paper's typography; fewer are a blogger on another keyboard
_STRAIGHT = re.compile(r"['\"]")
_CURLY = re.compile("[\u2018\u2019\u201c\u201d]")
_DOTTED = re.compile(r"\b(?:U\.S\.|U\.K\.|U\.N\.)")
_UNDOTTED = re.compile(r"\b(?:US|UK|UN)\b")
_SPOKEN = re.compile("\\w(?:n['\u2019]t|['\u2019](?:re|ve|ll|d|m))\\b")
_REPORTED = re.compile(r"\b(?:said|says|told|according to|reported|spokes(?:man|woman|person))\b", re.IGNORECASE)


def quote_hint(blocks: Sequence[Block]) -> Note | None:
    """Which paragraphs look like a quotation, and by what; at least two independent signs must agree."""
    texts = [block.text for block in blocks if block.kind == "p"]
    if any(block.kind == "quote" for block in blocks) or len(texts) < _LEAST + 2:
        return None
    straight = [_STRAIGHT.search(text) is not None for text in texts]
    curly = [_CURLY.search(text) is not None for text in texts]
    inner = [at for at in range(len(texts)) if curly[at] and not straight[at]]
    outer = [at for at in range(len(texts)) if straight[at]]
    if len(inner) < _LEAST or not outer or not outer[0] < inner[0] or not inner[-1] < outer[-1]:
        return None
    if any(inner[0] <= at <= inner[-1] for at in outer):
        return None
    first, last = _widened(texts, straight, inner[0], inner[-1])
    signs = _signs(texts[first : last + 1], [*texts[:first], *texts[last + 1 :]])
    if len(signs) < 2:
        return None
    where = f"paragraphs {first + 1} to {last + 1} of {len(texts)}"
    return Note(step="quotes", field="content", detail=f"{where} look like a quotation: {' and '.join(signs)}")


def _widened(texts: Sequence[str], straight: Sequence[bool], first: int, last: int) -> tuple[int, int]:
    """The bounds, with neighbours that have no quotation mark of either kind and speak as a paper does."""

    def belongs(at: int) -> bool:
        return not straight[at] and bool(_DOTTED.search(texts[at]) or _REPORTED.search(texts[at]))

    while first > 0 and belongs(first - 1):
        first -= 1
    while last + 1 < len(texts) and belongs(last + 1):
        last += 1
    return first, last


def _signs(within: Sequence[str], around: Sequence[str]) -> list[str]:
    inside, outside = "\n".join(within), "\n".join(around)
    signs = ["their quotation marks are curly, those around them straight"]
    if _DOTTED.search(inside) and _UNDOTTED.search(outside):
        signs.append("they abbreviate with dots")
    if _SPOKEN.search(outside) and not _SPOKEN.search(inside):
        signs.append("they have no contractions")
    if 3 * sum(bool(_REPORTED.search(text)) for text in within) >= len(within) and not _REPORTED.search(outside):
        signs.append("they report what others said")
    return signs
