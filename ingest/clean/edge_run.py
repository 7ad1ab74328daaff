"""Step `edges`: the run of frame blocks at an entry's end and start (cleaning.md 1.3).

In:  the entry's units, what the feed repeats (`Evidence`).
Out: the units without the runs; harvested labels, names and addresses.
Never: takes a block from the middle, from inside a quote, code or table, or a lone weak one.

Each block from the edge inwards scores 3 (a mark of dropped chrome, a share run, a source line, feed evidence), 2
(a whole-block phrase), 1 ("No comments:", labels, a date) or 0; the first block of prose or of unknown words ends the
run. A run goes when it adds up to 3 and either one member is strong or two different ones agree; and when at least one
block stays, and a quarter of the words where names, labels or repetition were guessed at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from feedmill.ingest.clean.edge_score import STRONG, judge_line, judge_place
from feedmill.ingest.clean.inline import link_unit
from feedmill.ingest.clean.page import Embed, Page, shorten
from feedmill.ingest.clean.phrase_tables import fold
from feedmill.ingest.clean.phrases import Match, is_label_list, mask_digits
from feedmill.ingest.clean.rulebook import label_pattern
from feedmill.ingest.clean.tail import trim_tail
from feedmill.ingest.clean.units import Line, Unit

STEP = "edges"
_WHOLE = (
    "hn ",
    "certain",
    "lobsters",
    "submitted by",
)  # rules that may take everything: a link post has no words of its own
_LEFT = 4  # at least one of four characters stays when names, labels or repetition were guessed at
EDGE_LINES = 8


@dataclass(frozen=True, slots=True)
class Slot:
    """A place of the run: a line of a unit, or a whole unit (`line` is None)."""

    unit: Unit
    line: Line | None
    match: Match

    @property
    def text(self) -> str:
        return self.line.text if self.line is not None else self.unit.plain()


def drop_edges(page: Page, units: list[Unit]) -> list[Unit]:
    """The units without the runs at both edges."""
    if "no-edge-gate" in page.recipe.ablation:
        return _without_gate(page, units)
    if _is_link_alone(units):
        page.ledger.add(STEP, "a lone link to the comments removed", "Comments")
        return []
    units = _drop_run(page, units, at_start=False)
    trim_tail(page, units)
    return _drop_run(page, units, at_start=True)


def tidy_edges(units: list[Unit]) -> list[Unit]:
    """Marks go; rules at an edge or behind another rule separate nothing."""
    out: list[Unit] = []
    for unit in units:
        if unit.kind == "mark" or (unit.kind == "hr" and (not out or out[-1].kind == "hr")):
            continue
        out.append(unit)
    while out and out[-1].kind == "hr":
        out.pop()
    return out


def edge_keys(units: list[Unit], *, at_start: bool) -> tuple[str, ...]:
    """Keys of the outermost blocks, for `Evidence`."""
    keys: list[str] = []
    for unit, line in _places(units, at_start=at_start):
        text = line.text if line is not None else unit.plain()
        key = mask_digits(fold(text))
        if key:
            keys.append(key)
        if len(keys) == EDGE_LINES:
            break
    return tuple(keys)


def _places(units: list[Unit], *, at_start: bool) -> Iterator[tuple[Unit, Line | None]]:
    """Lines of paragraphs and headings, other units whole, from the edge inwards."""
    for unit in units if at_start else reversed(units):
        if unit.lines:
            for line in unit.lines if at_start else reversed(unit.lines):
                yield unit, line
        else:
            yield unit, None


def _drop_run(page: Page, units: list[Unit], *, at_start: bool) -> list[Unit]:
    run = _find_run(page, units, at_start=at_start)
    scored = [slot for slot in run if slot.match.score]
    total = sum(slot.match.score for slot in scored)
    strong = any(slot.match.score >= STRONG for slot in scored)
    if total < STRONG or not (strong or len({fold(slot.text) for slot in scored}) > 1):
        return units
    shown = [slot for slot in scored if slot.unit.kind != "mark"]
    if not shown:
        return units
    if not _leaves_enough(units, run):
        page.ledger.add(STEP, "kept what looks like page chrome: too little would be left", shorten(shown[0].text))
        return units
    where = "start" if at_start else "end"
    for slot in shown if at_start else reversed(shown):
        page.ledger.add(STEP, f"removed from the {where} ({slot.match.rule}, {slot.match.score})", shorten(slot.text))
        _harvest(page, slot)
    gone_lines = {id(slot.line) for slot in run if slot.line is not None}
    gone_units = {id(slot.unit) for slot in run if slot.line is None}
    out = []
    for unit in units:
        if id(unit) in gone_units:
            continue
        if unit.lines:
            unit.lines = [line for line in unit.lines if id(line) not in gone_lines]
            if not unit.lines:
                continue
        out.append(unit)
    about = None if at_start else _page_it_is_about(shown)
    if about is not None:
        page.harvest["external"][about] = None
        out.append(link_unit(Embed(about, _bare_address(about))))
    return out


def _page_it_is_about(run: list[Slot]) -> str | None:
    """Where a link post leads (Reddit's [link], Hacker News' article): it stays as a link, it is what was posted."""
    found: dict[str, str] = {}
    for slot in run:
        for line in [slot.line] if slot.line is not None else ():
            for link in line.links:
                name = "[link]" if slot.match.rule == "hn article" else link.text.strip()
                if name.endswith("comments]"):  # "[329 comments]"
                    name = "[comments]"
                found.setdefault(name, link.href)
    about = found.get("[link]")
    return about if about != found.get("[comments]") else None


def _bare_address(url: str) -> str:
    return shorten(url.partition("://")[2].rstrip("/"))


def _find_run(page: Page, units: list[Unit], *, at_start: bool) -> list[Slot]:
    run: list[Slot] = []
    waiting: Slot | None = None  # a list of links: frame only when its heading says so
    for unit, line in _places(units, at_start=at_start):
        match = judge_place(page, unit, line, at_start=at_start)
        if match is None:
            break
        slot = Slot(unit, line, match)
        if match.rule == "links" and not at_start:
            if waiting is not None:
                break
            waiting = slot
            continue
        if waiting is not None:
            if match.rule != "related":
                break
            run.append(Slot(waiting.unit, None, Match("related list", 2, inferred=True)))
            waiting = None
        run.append(slot)
    # Neutral blocks at the inner end (a rule, a row of stars) belong to the prose.
    while run and run[-1].match.score == 0:
        run.pop()
    return run


def _leaves_enough(units: list[Unit], run: list[Slot]) -> bool:
    gone = {id(slot.line) if slot.line is not None else id(slot.unit) for slot in run}
    if any(slot.match.rule.startswith(_WHOLE) for slot in run):
        return True
    left = 0
    media = False
    for unit in units:
        if id(unit) in gone or unit.kind in ("mark", "hr"):
            continue
        if unit.kind == "pre":
            left += len(unit.text)
        for line in unit.all_lines():
            if id(line) not in gone:
                left += len(line.text)
                media = media or line.media
    guessed = sum(len(slot.text) for slot in run if slot.match.inferred)
    return media or (left > 0 and left * _LEFT >= left + guessed)


def _is_link_alone(units: list[Unit]) -> bool:
    """Lobsters and Lemmy: the whole body is one link to the comments."""
    shown = [unit for unit in units if unit.kind != "mark"]
    if len(shown) != 1 or len(shown[0].lines) != 1:
        return False
    line = shown[0].lines[0]
    return (
        len(line.links) == 1
        and fold(line.text) in ("comments", "discuss")
        and fold(line.links[0].text) == fold(line.text)
    )


def _harvest(page: Page, slot: Slot) -> None:
    lines = [slot.line] if slot.line is not None else list(slot.unit.all_lines())
    found = page.harvest
    for line in lines:
        for link in line.links:
            name = " ".join(link.text.split())
            if "author" in link.rel.split() and name:
                found["authors"][name] = None
            elif name and (label_pattern().search(link.href) or "tag" in link.rel.split()):
                found["categories"][name] = None
        if slot.match.rule in ("labels", "filed") and not line.links:
            rest = line.text.partition(":")[2]
            if rest.strip() and is_label_list(rest):
                found["categories"].update(dict.fromkeys(part.strip() for part in rest.split(",") if part.strip()))


def _without_gate(page: Page, units: list[Unit]) -> list[Unit]:
    """For the ablation table: every line in a table goes, wherever it stands."""
    for unit in units:
        unit.lines = [
            line for line in unit.lines if (match := judge_line(page, line, at_start=True)) is None or not match.score
        ]
    return [unit for unit in units if unit.lines or unit.html]
