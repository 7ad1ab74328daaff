"""A summary of whole sentences: reference cleaning.md section 3.7.

In:  the cleaned blocks of an entry, its title, the summary that the feed supplied.
Out: plain text of 120 to 280 characters, where the entry has that much.
Never: markup, chrome, a repeated title, a caption, code, or a sentence cut at an abbreviation.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from html import unescape

from feedmill.ingest.sentences import iter_sentences
from feedmill.ingest.text import one_line
from feedmill.ingest.titles import BlockLike, shorten

LONGEST = 280  # characters
SHORTEST = 120
_PROSE = frozenset({"p", "quote", "list"})
_LETTERS = re.compile(r"[\W_]+")
_CUT_OFF = re.compile(r"\[(?:…|\.\.\.|&hellip;|&#8230;|&#x2026;)\]", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]{0,2000}>")
_LEAD = 60  # letters by which a supplied summary is recognised as the content's beginning
_BLOCK_LOOKED_AT = 2000  # characters
_BLOCKS_LOOKED_AT = 40


def summarize(blocks: Sequence[BlockLike], *, title: str) -> str:
    """Whole sentences up to 280 characters from the prose blocks; stops at a paragraph once it has 120."""
    prose = [block for block in blocks[:_BLOCKS_LOOKED_AT] if block.kind in _PROSE]
    told = _letters(title)
    return _fill(_lines(prose, but=told)) or _fill(_lines(prose, but=""))


def _lines(prose: Iterable[BlockLike], *, but: str) -> Iterator[str]:
    for block in prose:
        line = one_line(block.text[:_BLOCK_LOOKED_AT])
        # Letters are only compared where the lengths could be equal.
        if line and not (but and len(but) <= len(line) <= 2 * len(but) + 20 and _letters(line) == but):
            yield line


def _fill(paragraphs: Iterable[str]) -> str:
    taken = ""
    for paragraph in paragraphs:
        if len(taken) >= SHORTEST:
            break
        for sentence in iter_sentences(paragraph):
            longer = f"{taken} {sentence}" if taken else sentence
            if len(longer) > LONGEST:
                return taken if len(taken) >= SHORTEST else shorten(longer, LONGEST)
            taken = longer
    return taken


def leads_content(supplied: str, content_text: str, *, markup: bool) -> bool:
    """Whether a supplied summary only repeats the content (its beginning, or a part near it), or says nothing."""
    start = supplied[:4000]
    if markup:
        start = unescape(_TAG.sub(" ", start) if "<" in start else start)
    lead = _letters(start)[:_LEAD]
    return not lead or lead in _letters(content_text[:2000])


def repeats_content(supplied: str, content_text: str, *, markup: bool) -> bool:
    """Whether a supplied summary tells nothing that the content does not say better.

    Its beginning, or an excerpt that a machine cut off ("[…]") of an entry that is here in full.
    """
    if len(content_text) >= LONGEST and _CUT_OFF.search(supplied):
        return True
    return leads_content(supplied, content_text, markup=markup)


def _letters(text: str) -> str:
    return _LETTERS.sub("", text.casefold())
