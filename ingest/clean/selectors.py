"""Step `selectors`: what an operator wants dropped or kept in one source, in CSS.

In:  the recipe's selectors.
Out: drop verdicts; kept nodes that no later step may drop.
Never: raises for a selector that does not parse: it is noted and passed over (`feedmill check` reports it).
"""

from __future__ import annotations

from selectolax.lexbor import LexborNode, SelectolaxError

from feedmill.ingest.clean.page import Page, ancestors, shorten

STEP = "selectors"


def apply_selectors(page: Page) -> None:
    """Keep first, then drop: a kept node wins, with everything around it."""
    for selector in page.recipe.keep:
        for node in _find(page, selector):
            page.kept.add(node.mem_id)
            page.kept.update(parent.mem_id for parent in ancestors(node))
    for selector in page.recipe.drop:
        for node in _find(page, selector):
            if node.tag not in ("html", "body", "head"):
                page.drop(node, STEP, f"removed {selector} (your rule)", chrome=False)


def _find(page: Page, selector: str) -> list[LexborNode]:
    try:
        return page.body.css(selector)
    except (SelectolaxError, ValueError):
        page.ledger.add(STEP, "selector not understood", shorten(selector))
        return []
