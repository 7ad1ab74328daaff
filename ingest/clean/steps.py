"""The steps, in order: one table from which the run, the switches, `why` and docs/cleaning.md come.

In:  a `Page` (tree steps) or its units (block steps).
Out: verdicts, or other units.
Never: reorders itself. `structure` turns the tree into blocks, `sanitize` is the gate: both always run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from feedmill.ingest.clean.edge_run import drop_edges
from feedmill.ingest.clean.embeds import rewrite_embeds
from feedmill.ingest.clean.harvest import harvest_dropped
from feedmill.ingest.clean.images import rewrite_images
from feedmill.ingest.clean.links import rewrite_links
from feedmill.ingest.clean.page import Page
from feedmill.ingest.clean.prose import split_prose_lines
from feedmill.ingest.clean.selectors import apply_selectors
from feedmill.ingest.clean.share import drop_share_links
from feedmill.ingest.clean.structure import write_units
from feedmill.ingest.clean.titles import drop_title_heading
from feedmill.ingest.clean.tokens import drop_tokens
from feedmill.ingest.clean.units import Unit

TreeStep = Callable[[Page], None]
BlockStep = Callable[[Page, list[Unit]], list[Unit]]


@dataclass(frozen=True, slots=True)
class Step:
    """One row: `name` is its switch, `line` what it does, `on` whether it runs unless a recipe says otherwise."""

    name: str
    line: str
    tree: TreeStep | None = None
    blocks: BlockStep | None = None
    on: bool = True
    switch: bool = True


STEPS = (
    Step(
        "selectors", "drops and keeps what the operator's own CSS selectors name for this source", tree=apply_selectors
    ),
    Step("tokens", "drops nodes that a platform's exact class, id or attribute names as page chrome", tree=drop_tokens),
    Step("harvest", "reads labels and marked author names from what is dropped", tree=harvest_dropped),
    Step("links", "makes addresses absolute, takes tracking parameters out, unwraps redirectors", tree=rewrite_links),
    Step("share", "drops links whose only purpose is to share the entry", tree=drop_share_links),
    Step("images", "restores lazy images, drops tracking pixels, turns emoji images into text", tree=rewrite_images),
    Step("embeds", "turns frames into links with the provider's name, keeps players", tree=rewrite_embeds),
    Step("structure", "writes paragraphs, headings, lists, quotes and tables in one plain form", switch=False),
    Step("title", "drops a first heading that only repeats the entry's title", blocks=drop_title_heading),
    Step("edges", "drops the run of page chrome at the entry's end and start", blocks=drop_edges),
    Step("paragraphs", "makes paragraphs of prose whose lines are only apart by br", blocks=split_prose_lines),
    Step("sanitize", "lets only harmless elements, attributes and addresses through", switch=False),
)

__all__ = ["STEPS", "Step", "write_units"]
