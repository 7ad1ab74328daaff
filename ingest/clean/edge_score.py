"""How much a block at an edge looks like the frame: the scores of cleaning.md 1.3.

In:  a unit or one of its lines, and the page it stands in (its address, title, evidence).
Out: a `Match` with its score, or None for prose and unknown words.
Never: removes anything.
"""

from __future__ import annotations

from feedmill.ingest.clean.page import Page
from feedmill.ingest.clean.phrase_tables import fold, source_frames, words
from feedmill.ingest.clean.phrases import Match, is_prose, mask_digits, match_line
from feedmill.ingest.clean.rulebook import label_pattern, machinery_pattern
from feedmill.ingest.clean.units import Line, Link, Unit

STRONG = 3
_SITE_WORDS = 6
_LONGEST = 600  # characters of a line that may be a phrase with a title and two names in it
_LONGEST_BARE = 240  # of one without links: no phrase of the tables is longer, and folding prose is dear


def judge_place(page: Page, unit: Unit, line: Line | None, *, at_start: bool) -> Match | None:
    if unit.kind == "mark":
        return Match("structure", STRONG)
    if unit.kind == "hr":
        return Match("rule", 0)
    if line is not None:
        if unit.kind == "media" or (line.media and not line.text.strip()):
            return None
        return judge_line(page, line, at_start=at_start)
    if unit.kind == "list":
        return _judge_list(page, unit, at_start=at_start)
    return _by_evidence(page, unit.plain(), at_start=at_start) if unit.kind in ("table", "dl") else None


def judge_line(page: Page, line: Line, *, at_start: bool) -> Match | None:
    text = line.text.strip()
    match = None
    if len(text) <= (_LONGEST if line.links else _LONGEST_BARE):
        match = _judge_links(line, text) or match_line(text, at_start=at_start)
        if match is not None:
            match = _with_links(page, line, match)
    if (match is None or match.score < STRONG) and len(text) <= _LONGEST:
        known = _by_evidence(page, text, at_start=at_start)
        if known is not None and (match is None or match.score > 0):
            match = known
    if match is not None and match.score and line.marked and match.score < STRONG:
        return Match(match.rule + " beside chrome", STRONG, inferred=match.inferred)
    return match


def _judge_links(line: Line, text: str) -> Match | None:
    """A line that is nothing but links to the machinery around an entry, or to its labels."""
    links = [link for link in line.links if link.text.strip()]
    if not links or words(text) > 30:
        return None
    letters = sum(map(str.isalnum, text))
    linked = sum(sum(map(str.isalnum, link.text)) for link in links)
    if linked * 10 >= letters * 8 and all(machinery_pattern().search(link.href) for link in links):
        return Match("links to the machinery", STRONG)
    if all(link.rel == "tag" or "tag" in link.rel.split() or label_pattern().search(link.href) for link in links):
        outside = _outside(text, links)
        known = match_line(outside, at_start=False) if outside.strip() else Match("symbols", 0)
        if known is not None and known.rule in ("labels", "open_labels"):
            return Match("label links", STRONG, inferred=True)
        if linked * 10 >= letters * 9 and all(words(link.text) <= 4 for link in links):
            return Match("label links", 1, inferred=True)
    return None


def _outside(text: str, links: list[Link]) -> str:
    for link in links:
        text = text.replace(link.text, "", 1)
    return text.strip(" ,|·•;、،")


def _with_links(page: Page, line: Line, match: Match) -> Match:
    """Phrases whose links prove them: the source line, a teaser's link to the entry itself, a letter's browser link."""
    if match.rule == "source" and _is_source_line(page, line):
        return Match("source line", STRONG)
    if match.rule == "more" and any(_same_page(link.href, page.context.entry_url) for link in line.links):
        return Match("link to the entry", STRONG)
    if match.rule == "view" and line.links:
        return Match("letter in the browser", STRONG)
    return match


def _is_source_line(page: Page, line: Line) -> bool:
    """Whether "The post {entry} appeared first on {site}" says nothing else: its slots are links, or hold the title."""
    frames, headed = source_frames()
    text = line.text
    for link in line.links:
        text = text.replace(link.text, " ", 1)
    left = fold(text)
    if (len(line.links) >= 2 and left in frames) or (line.links and left in headed):
        return True
    title = fold(page.context.title)
    if not title or title not in fold(line.text):
        return False
    rest = fold(line.text).replace(title, " ", 1).split()
    return any(_runs_through(frame.split(), rest) for frame in frames)


def _runs_through(frame: list[str], rest: list[str]) -> bool:
    """Whether the frame's words stand in a line in order, with at most a site's name between them."""
    if not len(frame) <= len(rest) <= len(frame) + _SITE_WORDS:
        return False
    left = iter(rest)
    return all(word in left for word in frame)


def _same_page(href: str, entry_url: str | None) -> bool:
    if not entry_url:
        return False
    return _bare(href) == _bare(entry_url)


def _bare(url: str) -> str:
    return url.partition("#")[0].partition("?")[0].partition("://")[2].removeprefix("www.").rstrip("/")


def _judge_list(page: Page, unit: Unit, *, at_start: bool) -> Match | None:
    """A list counts as a whole: links to the machinery, labels, or (under its heading) other posts."""
    lines = list(unit.all_lines())
    known = _by_evidence(page, unit.plain(), at_start=at_start)
    if known is not None:
        return known
    if len(lines) > 30 or not all(line.links for line in lines):
        return None
    judged = [judge_line(page, line, at_start=at_start) for line in lines]
    if all(match is not None and match.score >= STRONG for match in judged):
        return Match("list of frame links", STRONG, inferred=True)
    if all(match is not None and match.score for match in judged):
        return Match("list of frame links", 2, inferred=True)
    if all(sum(len(link.text) for link in line.links) * 10 >= len(line.text) * 8 for line in lines):
        return Match("links", 0)
    return None


def _by_evidence(page: Page, text: str, *, at_start: bool) -> Match | None:
    evidence = page.context.evidence
    if evidence is None or "no-evidence" in page.recipe.ablation or not evidence.may_know(text):
        return None
    key = mask_digits(fold(text))
    if not key:
        return None
    known, sure = (evidence.first, evidence.sure_first) if at_start else (evidence.last, evidence.sure_last)
    if key in (sure if is_prose(text) else known):
        return Match("repeated by the feed", STRONG, inferred=True)
    return None
