"""What hangs on to the last line of prose: a tail without line breaks, a teaser's link, a cut mark.

In:  the units behind the edge run.
Out: the last line, shorter.
Never: cuts where the line does not end a sentence first, or where markup stands in between.
"""

from __future__ import annotations

import re

from feedmill.ingest.clean.page import Page, shorten
from feedmill.ingest.clean.phrase_tables import fold, glued_ends
from feedmill.ingest.clean.phrases import glued_kinds, match_line
from feedmill.ingest.clean.rulebook import machinery_pattern
from feedmill.ingest.clean.units import Line, Unit
from feedmill.ingest.clean.writer import escape

STEP = "edges"
_LOOKED_AT = 240  # characters from the end
_SENTENCE_END = re.compile(r"[.!?…。！？؟।:)\"'”’»\]]\s*$")
_CUT = re.compile(r"\s*\[(?:…|\.\.\.|&hellip;)\]\s*$")


def trim_tail(page: Page, units: list[Unit]) -> None:
    """Shorten the entry's last line, when it is a paragraph's."""
    unit = next((unit for unit in reversed(units) if unit.kind not in ("mark", "hr")), None)
    if unit is None or unit.kind != "p":
        return
    line = unit.lines[-1]
    for trim in (_trim_link, _trim_glued, _trim_cut_mark):
        gone = trim(page, line)
        if gone:
            page.ledger.add(STEP, "removed from the end of the last line", shorten(gone))
    line.text, line.html = line.text.rstrip(), line.html.rstrip()


def _trim_link(page: Page, line: Line) -> str | None:
    """`... <a href=entry>Continue reading</a>` behind the words of an excerpt."""
    if not line.links or not line.html.endswith("</a>"):
        return None
    link = line.links[-1]
    text = line.text.rstrip()
    if not link.text or not text.endswith(link.text.strip()) or len(text) == len(link.text.strip()):
        return None
    match = match_line(link.text, at_start=False)
    if match is None or match.rule not in ("more", "post", "none"):
        return None
    entry = (page.context.entry_url or "").partition("#")[0]
    to_entry = bool(entry) and link.href.partition("#")[0] == entry
    if not (to_entry or machinery_pattern().search(link.href)):
        return None
    start = line.html.rfind("<a ")
    if "<" in line.html[start + 1 : -4].partition(">")[2]:
        return None
    line.html = line.html[:start].rstrip()
    line.text = text[: -len(link.text.strip())].rstrip()
    line.links = line.links[:-1]
    return link.text


def _trim_glued(_page: Page, line: Line) -> str | None:
    """`... the end.No comments:Post a Comment`: the tail of a text that lost its line breaks."""
    ends = glued_ends()
    if not ends.may_end(line.text):
        return None
    tail = line.text[-_LOOKED_AT:]
    lowered = tail.casefold()
    if len(lowered) != len(tail):
        return None
    start = _glued_start(lowered, ends.pairs)
    if start is None:
        return None
    gone = tail[start:]
    rest = line.text[: len(line.text) - len(gone)]
    if not rest.strip() or not _SENTENCE_END.search(rest) or not line.html.endswith(escape(gone)):
        return None
    line.html = line.html[: len(line.html) - len(escape(gone))].rstrip()
    line.text = rest.rstrip()
    return gone


def _glued_start(lowered: str, pairs: re.Pattern[str]) -> int | None:
    found = pairs.search(lowered)
    if found is not None:
        return found.start()
    # The share row: the longest end that is nothing but its members, at least three of them.
    for place in range(len(lowered)):
        if not lowered[place].isalnum() or (place and lowered[place - 1].isalnum()):
            continue
        kinds = glued_kinds(fold(lowered[place:]))
        if kinds is not None and kinds.count("share") >= 3:
            return place
    return None


def _trim_cut_mark(_page: Page, line: Line) -> str | None:
    """`[…]`, the mark of a generated excerpt, is an ellipsis."""
    found = _CUT.search(line.text)
    if (
        found is None
        or not line.html.rstrip().endswith(("[…]", "[...]", "[&hellip;]"))
        or not line.text[: found.start()]
    ):
        return None
    line.html = line.html.rstrip()[: line.html.rstrip().rindex("[")].rstrip() + "…"
    line.text = line.text[: found.start()].rstrip() + "…"
    return "[…]"
