"""Entry cleaning: an entry's HTML in; the same words without the frame around them, safe to show, out.

    html -> one lexbor tree -> verdicts (tokens, links, share, images, embeds) -> blocks -> edge run -> nh3

`clean` runs a recipe, `paragraphs` makes HTML of plain text, `edges` and `Evidence` learn what a feed repeats.
Never: fetches, reads a clock, or edits anything behind the sanitizer. Importing this package is cheap: the tree and
the sanitizer are imported when the first entry is cleaned.
"""

from __future__ import annotations

from feedmill.ingest.clean.evidence import Edges, Evidence, LazyEvidence
from feedmill.ingest.clean.model import Block, CleanContext, Cleaned, Harvest
from feedmill.ingest.clean.recipe import DEFAULT_RECIPE, Recipe

__all__ = [
    "DEFAULT_RECIPE",
    "Block",
    "CleanContext",
    "Cleaned",
    "Edges",
    "Evidence",
    "Harvest",
    "LazyEvidence",
    "Recipe",
    "clean",
    "edges",
    "paragraphs",
]


def clean(html: str, context: CleanContext, recipe: Recipe = DEFAULT_RECIPE) -> Cleaned:
    """The fragment cleaned by `recipe`: idempotent, sanitized, with a note for whatever was taken out or changed."""
    from feedmill.ingest.clean.engine import run

    return run(html, context, recipe)


def edges(html: str) -> Edges:
    """The blocks at both ends of an entry as keys that a feed's other entries may share."""
    from feedmill.ingest.clean.engine import read_edges

    return read_edges(html)


def paragraphs(text: str) -> str:
    """Plain text as an HTML fragment: paragraphs or lines as the text is laid out, escaped, URLs linked."""
    from feedmill.ingest.clean.plain import to_html

    return to_html(text)
