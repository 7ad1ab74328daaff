"""Where a sentence ends, in text of any language that marks it.

In:  one block of tidy text.
Out: its sentences in order; joined with one space they are the block again (but for scripts without spaces).
Never: a guess by grammar; a full stop that could belong to an abbreviation ends nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from feedmill.ingest.word_table import words

# Possessive, and anchored at the start of a run: linear also on a megabyte of dots.
_END = re.compile(r"(?<![.!?…])[.!?…؟۔।]++[\"'”’»)\]]*+(?=\s)|[。！？]++[”’」』）]*+")
_LAST_WORD = re.compile(r"[\w.'’-]*\Z")
_NEXT_WORD = re.compile(r"\s*[\"'“‘«(\[¿¡„]*([^\W_]*)")
_INITIALS = re.compile(r"(?:[^\W\d_]{1,2}\.)*[^\W\d_]\Z")
_LONGEST_WORD = 40  # characters looked at before a full stop

# Titles: written with a capital, followed by a name ("Maj. Dietz", but "i maj." ends a Swedish sentence).
_TITLES = words(
    """mr mrs ms mx dr prof rev fr sr sra srta hon pres gov sen rep gen col lt maj capt cpt sgt cpl pvt cmdr adm
    supt insp det messrs mme mlle mgr st ste mt ft dipl ing mag hr env sig dott avv geom rag arch"""
)
# The sentence goes on after these, whatever follows.
_NEVER = words(
    """eg ie e.g i.e cf viz vs approx resp incl excl esp eds al bzw z.b d.h u.a o.ä evtl ggf vgl abb hrsg geb usf
    p.ex p.ej t.ex bl.a dvs jfr f.eks m.in tzn tzv т.е т.к т.н"""
)
# Ends a sentence only when the next word cannot be the rest of a name.
_MAYBE = words("inc corp ltd co llc jr bros etc usw a.m p.m m.d ph.d d.c ave blvd rd dept univ assn")
# An end unless a number follows: "No. 5", "Vol. 3", "p. 12".
_BEFORE_NUMBER = words("no nos nr nrs num vol vols p pp pg fig figs art sec ch chap ca bd nº str стр рис")
_STARTERS = words(
    """the but and he she they it this that these those we i his her their its a an there here when while however after
    before meanwhile although if so then what why who how in on as at der die das aber und er sie es wir ich le la les
    mais et il elle ils nous el los las pero y"""
)
_MONTH_START = re.compile(
    r"(?:jan|feb|fév|mär|mar|apr|abr|avr|maj|mai|may|jun|jul|aug|ago|sep|set|okt|oct|ott|nov|dez|dec|déc|dic|gen|ene|янв|фев)",
    re.IGNORECASE,
)


def iter_sentences(text: str) -> Iterator[str]:
    """The sentences of `text`, trimmed, one at a time: a caller that needs two does not pay for the rest."""
    start = 0
    for mark in _END.finditer(text):
        if _is_end(text, start, mark):
            yield text[start : mark.end()].strip()
            start = mark.end()
    rest = text[start:].strip()
    if rest:
        yield rest


def _is_end(text: str, start: int, mark: re.Match[str]) -> bool:
    stop = mark.group()
    if stop[0] in "。！？؟۔।":
        return True
    found = _NEXT_WORD.match(text, mark.end(), mark.end() + 60)
    following = found.group(1) if found else ""
    if following[:1].islower():
        return False  # "Yahoo! is", "“Why?” he asked", "U.S. troops"
    if stop[0] != "." or stop.startswith("..") or "?" in stop or "!" in stop:
        return True
    return _full_stop_ends(text, start, mark.start(), following)


def _full_stop_ends(text: str, start: int, stop: int, following: str) -> bool:
    before = _LAST_WORD.search(text, max(start, stop - _LONGEST_WORD), stop)
    word = before.group().lstrip("'’-.") if before else ""
    bare = word.casefold()
    starts_anew = following.casefold() in _STARTERS
    if bare in _BEFORE_NUMBER and following[:1].isdigit():
        return False
    if bare in _NEVER or (bare in _TITLES and word[:1].isupper()):
        return False
    if bare in _MAYBE or (len(word) > 0 and _INITIALS.fullmatch(word)):
        return starts_anew
    if bare.isdigit() and len(bare) <= 2:
        opens = not text[start:stop].strip().removesuffix(word)
        return not opens and not _MONTH_START.match(following)  # "1. Install", "am 3. Oktober"
    return True
