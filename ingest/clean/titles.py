"""Step `title`: a first heading that only repeats the entry's title.

In:  the units, the title.
Out: the units without that heading.
Never: takes a paragraph (a microblog's text is its title), or the only block.
"""

from __future__ import annotations

from feedmill.ingest.clean.page import Page, shorten
from feedmill.ingest.clean.phrase_tables import fold
from feedmill.ingest.clean.units import Unit


def drop_title_heading(page: Page, units: list[Unit]) -> list[Unit]:
    """Headings equal to the title go while they come first among the blocks with text."""
    title = fold(page.context.title)
    if not title or not any(unit.kind == "heading" for unit in units[:6]):
        return units
    while True:
        first = next((unit for unit in units if unit.kind not in ("mark", "hr") and unit.plain().strip()), None)
        if first is None or first.kind != "heading" or first.has_media:
            return units
        if fold(" ".join(first.plain().split())) != title:
            return units
        others = [unit for unit in units if unit is not first]
        if not any(unit.plain().strip() or unit.has_media for unit in others if unit.kind not in ("mark", "hr")):
            return units
        page.ledger.add("title", "heading that repeats the title removed", shorten(first.plain()))
        units = others
