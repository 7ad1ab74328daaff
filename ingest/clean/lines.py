"""A short way for a single line of plain text, such as a feed's own excerpt.

In:  the line.
Out: what the steps would leave of it, or None when only the steps can tell.
Never: another result than theirs: a line that may be page chrome, or end in it, goes the long way.
"""

from __future__ import annotations

import re

from feedmill.ingest.clean.phrase_tables import glued_ends
from feedmill.ingest.clean.phrases import match_line

_CUT = re.compile(r"\s*\[(?:…|\.\.\.)\]\s*$")
_LONGEST_PHRASE = 240
_DOUBT = re.compile(r"[\n\r]|://|www\.")


def plain_line(text: str) -> str | None:
    """The line with its cut mark as an ellipsis; None when it has links, breaks or words of the frame."""
    text = text.strip()
    if not text or _DOUBT.search(text):
        return None
    # What is a phrase at an entry's end is one at its start too: one look tells both.
    if len(text) <= _LONGEST_PHRASE and match_line(text, at_start=True) is not None:
        return None
    if glued_ends().may_end(text):
        return None
    found = _CUT.search(text)
    if found is None:
        return text
    return text[: found.start()].rstrip() + "…" if text[: found.start()] else None
