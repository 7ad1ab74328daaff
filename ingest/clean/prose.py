"""Prose that lost its paragraphs: lines apart by single `br`, as Blogger's "convert line breaks" writes a pasted text.

In:  the units behind the edge run.
Out: the same lines, each a paragraph of its own.
Never: touches verse, addresses, or a line break inside a paragraph: the lines must be long, and nearly all must end
as sentences do.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from feedmill.ingest.clean.page import Page
from feedmill.ingest.clean.units import Line, Unit

STEP = "paragraphs"
_LEAST_LINES = 3
_LONG = 60  # characters: the median that makes lines of plain text paragraphs (cleaning.md 3.8)
_ENDED = 0.8
_SENTENCE_END = re.compile(r"[.!?…:。！？؟।][\"'”’»)\]]*\s*$")


def split_prose_lines(page: Page, units: list[Unit]) -> list[Unit]:
    """One paragraph for each line of a block that is nothing but prose."""
    if b"<br" not in page.lower:
        return units
    out: list[Unit] = []
    for unit in units:
        if unit.kind == "p" and _is_prose(unit.lines):
            page.ledger.add(STEP, "lines of prose made paragraphs", f"{len(unit.lines)} lines")
            out += [replace(unit, lines=[line]) for line in unit.lines]
        else:
            out.append(unit)
    return out


def _is_prose(lines: Sequence[Line]) -> bool:
    if len(lines) < _LEAST_LINES or any(line.media or not line.text.strip() for line in lines):
        return False
    if median(len(line.text) for line in lines) <= _LONG:
        return False
    ended = sum(1 for line in lines if _SENTENCE_END.search(line.text))
    return ended >= _ENDED * len(lines)
