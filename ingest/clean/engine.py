"""Runs the steps over one entry.

    html -> Page -> tree steps (verdicts) -> write_units -> block steps -> HTML -> sanitize -> again, if it changed it

In:  HTML, its context, a recipe.
Out: `Cleaned`.
Never: edits HTML behind the sanitizer. When the sanitizer changes what the steps wrote, its output goes through the
steps again, so that what leaves here is what would come out of it (idempotence).
"""

from __future__ import annotations

import re
from html import unescape

from feedmill.ingest.clean.edge_run import EDGE_LINES, edge_keys, tidy_edges
from feedmill.ingest.clean.escapes import unescape_markup
from feedmill.ingest.clean.evidence import Edges
from feedmill.ingest.clean.model import Block, CleanContext, Cleaned, Harvest
from feedmill.ingest.clean.page import Ledger, Page
from feedmill.ingest.clean.recipe import DEFAULT_RECIPE, Recipe
from feedmill.ingest.clean.sanitize import sanitize
from feedmill.ingest.clean.steps import STEPS, write_units
from feedmill.ingest.clean.tokens import drop_tokens
from feedmill.ingest.clean.units import Unit, to_blocks
from feedmill.ingest.text import strip_xml_illegal

MAX_ROUNDS = 4
_EDGE_CHARACTERS = 4000
_IMAGE = re.compile(r'<img src="(https?:[^"]+)"([^>]*)>')
_SMALL = re.compile(r' (?:width|height)="(?:[1-9]|[1-5]\d)"')


def run(html: str, context: CleanContext, recipe: Recipe) -> Cleaned:
    """One entry through the steps of a recipe."""
    html = strip_xml_illegal(html)
    if not html.strip():
        return Cleaned()
    ledger = Ledger()
    meant = unescape_markup(html)
    if meant is not None:
        html = strip_xml_illegal(meant)
        ledger.add("structure", "markup that was escaped once too often read as markup")
    harvest: dict[str, dict[str, None]] = {"categories": {}, "authors": {}, "external": {}}
    blocks: tuple[Block, ...] = ()
    for _ in range(MAX_ROUNDS):
        page = Page(html, context, recipe, ledger)
        units = _steps(page)
        for name, found in page.harvest.items():
            harvest[name].update(found)
        written = "\n".join([unit.render() for unit in units])
        legal = (
            strip_xml_illegal(written) if page.names_illegal else written
        )  # an attribute may name illegal characters
        html = sanitize(legal)
        blocks = to_blocks(units)
        if html == written:
            break
    return Cleaned(
        html=html,
        blocks=blocks,
        notes=ledger.notes(),
        lead_image=_lead_image(html),
        harvest=Harvest(
            categories=tuple(harvest["categories"]),
            authors=tuple(harvest["authors"]),
            external_url=next(iter(harvest["external"]), None),
        ),
    )


def _steps(page: Page) -> list[Unit]:
    recipe = page.recipe
    units: list[Unit] = []
    for step in STEPS:
        if step.switch and not recipe.runs(step.name, step.on):
            continue
        if step.tree is not None:
            step.tree(page)
        elif step.blocks is not None:
            units = step.blocks(page, units)
        elif step.name == "structure":
            units = write_units(page)
    return tidy_edges(units)


def _lead_image(html: str) -> str | None:
    """The first image that is no icon."""
    for found in _IMAGE.finditer(html):
        if not _SMALL.search(found.group(2)):
            return unescape(found.group(1))
    return None


def read_edges(html: str) -> Edges:
    """The outermost blocks of an entry; of a long one only its ends are parsed."""
    html = strip_xml_illegal(html)
    head, tail = html, html
    if len(html) > 2 * _EDGE_CHARACTERS:
        head = html[:_EDGE_CHARACTERS].rpartition("<")[0]
        tail = html[-_EDGE_CHARACTERS:]
        tail = tail[tail.find("<") :] if "<" in tail else tail
    return Edges(first=_keys(head, at_start=True), last=_keys(tail, at_start=False))


def _keys(html: str, *, at_start: bool) -> tuple[str, ...]:
    page = Page(html, CleanContext(), DEFAULT_RECIPE, Ledger())
    drop_tokens(page)
    return edge_keys(tidy_edges(write_units(page)), at_start=at_start)[:EDGE_LINES]
