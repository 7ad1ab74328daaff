"""How much a block at an edge looks like the frame: the scores of cleaning.md 1.3.

In:  a unit or one of its lines, and the page it stands in (its address, title, evidence).
Out: a `Match` with its score, or None for prose and unknown words.
Never: removes anything.
"""

from __future__ import annotations

import re

from feedmill.ingest.clean.page import Page
from feedmill.ingest.clean.phrase_tables import close_up, closed_frames, fold, source_frames, words
from feedmill.ingest.clean.phrases import Match, is_prose, mask_digits, match_line
from feedmill.ingest.clean.rulebook import label_pattern, leave_pattern, machinery_pattern
from feedmill.ingest.clean.units import Line, Link, Unit

STRONG = 3
_PROVEN = frozenset({"none", "post", "feed", "backlinks", "leave"})  # with nothing but links to the machinery
_IN_QUOTES = re.compile('["“„«]([^"“”„«»]{1,80})["“”»]\\.?$')
_QUOTES = re.compile('["“”„«»‘’《》〈〉]')
_SITE_WORDS = 6
_FRAME_WORDS = 4  # on either side of the links of a source line; twice as many between them
_INNER_END = re.compile(r"[.!?…]\s")
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
        sure = match is not None and match.rule == "source"
        if not at_start and (sure or match is None) and _names_entry_and_site(page, line, sure=sure):
            match = Match("source line", STRONG)
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
    if any(leave_pattern().search(link.href) for link in links):
        return Match("link to leave the list", STRONG)
    if linked * 10 >= letters * 8 and all(machinery_pattern().search(link.href) for link in links):
        return Match("links to the machinery", STRONG)
    if all(link.rel == "tag" or "tag" in link.rel.split() or label_pattern().search(link.href) for link in links):
        outside = _outside(text, links)
        known = match_line(outside, at_start=False) if outside.strip() else Match("symbols", 0)
        if known is not None and known.rule in ("labels", "filed", "open_labels"):
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
    links = line.links
    if match.rule == "source" and _is_source_line(page, line):
        return Match("source line", STRONG)
    if not links:
        return match
    if match.rule == "more" and _is_teaser(page, line):
        return Match("link to the entry", STRONG)
    if match.rule == "view":
        return Match("letter in the browser", STRONG)
    if match.rule == "submitted" and len(links) > 1:
        return Match("submitted by", STRONG)
    if match.rule == "thread" and len(links) == 1 and fold(links[0].text) == fold(line.text):
        return Match("link to the comments", STRONG)
    if match.rule == "pager" and sum(len(link.text.strip()) for link in links) * 10 >= len(line.text) * 8:
        return Match("pager links", STRONG if len(links) > 1 else 2)
    if match.rule in _PROVEN and all(_is_machinery(link.href) for link in links):
        return Match(match.rule + " by its links", STRONG)
    return match


def _is_machinery(href: str) -> bool:
    return href.startswith("mailto:") or machinery_pattern().search(href) is not None


def _is_teaser(page: Page, line: Line) -> bool:
    """ "Read more": a link to the entry; of an entry without an address, a line that is nothing but the link."""
    if page.context.entry_url:
        return any(_same_page(link.href, page.context.entry_url) for link in line.links)
    return len(line.links) == 1 and len(line.links[0].text.strip()) * 10 >= len(line.text.strip()) * 8


def _is_source_line(page: Page, line: Line) -> bool:
    """Whether "The post {entry} appeared first on {site}" says nothing else: its slots are links, or hold the title."""
    frames, headed = closed_frames()
    text = line.text
    for link in line.links:
        text = text.replace(link.text, " ", 1)
    if not line.links:
        text = _IN_QUOTES.sub(" ", text, count=1)
        if fold(text.strip()) in headed:
            return True
    left = close_up(_QUOTES.sub("", fold(text)).rstrip("。 ").replace("  ", " "))
    if (len(line.links) >= 2 and left in frames) or (line.links and left in headed):
        return True
    title = fold(page.context.title)
    if not title or title not in fold(line.text):
        return False
    rest = fold(line.text).replace(title, " ", 1).split()
    return any(_runs_through(frame.split(), rest) for frame in source_frames()[0])


def _names_entry_and_site(page: Page, line: Line, *, sure: bool) -> bool:
    """WordPress' source line in a language of no table: a few words around two links, to the entry and to its site."""
    if len(line.links) != 2:
        return False
    entry, site = line.links
    host = _bare(site.href)
    if "/" in host or not _bare(entry.href).startswith(host + "/") or not entry.text.strip() or not site.text.strip():
        return False
    if not sure and page.context.entry_url and not _same_page(entry.href, page.context.entry_url):
        return False
    before, _, rest = line.text.partition(entry.text)
    between, _, after = rest.partition(site.text)
    counts = [words(part) for part in (before, between, after)]
    return (
        bool(between.strip(" ,|·•-–—/"))
        and counts[0] <= _FRAME_WORDS
        and counts[1] <= 2 * _FRAME_WORDS
        and counts[2] <= _FRAME_WORDS
        and not is_two_sentences(before + between)
    )


def is_two_sentences(text: str) -> bool:
    return _INNER_END.search(text) is not None


def _runs_through(frame: list[str], rest: list[str]) -> bool:
    """Whether the frame's words stand in a line in order, with at most a site's name between them."""
    if not len(frame) <= len(rest) <= len(frame) + _SITE_WORDS:
        return False
    left = iter(rest)
    # An ending may hang on the site's name: "Malom-én".
    return all(any(other == word or (not word.isascii() and other.endswith(word)) for other in left) for word in frame)


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
    if len(lines) > 30:
        return None
    if not all(line.links for line in lines):
        shares = [match_line(line.text, at_start=at_start) for line in lines]
        several = len(lines) > 1 and all(match is not None and match.rule == "share_on" for match in shares)
        return Match("share list", 2) if several else None
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
