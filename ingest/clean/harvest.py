"""Step `harvest`: what dropped nodes tell about the entry, before they are gone.

In:  a `Page` with drop verdicts.
Out: categories and authors in the page's harvest.
Never: takes a name without a fixed marker (`.fn`, rel=author), or anything from the prose (cleaning.md 3.4).
"""

from __future__ import annotations

import re

from feedmill.ingest.clean.page import Page
from feedmill.ingest.clean.rulebook import label_pattern

_REL_TAG = re.compile(rb"""rel=["']?[a-z ]*\btag\b""")
_LONGEST = 80  # characters of a name or a label


def harvest_dropped(page: Page) -> None:
    """Read labels and marked names from whatever the steps before have dropped."""
    lower = page.lower
    if page.drops or _REL_TAG.search(lower):
        for node, given in page.links.values():
            rel = (given.get("rel") or "").lower().split()
            if "tag" not in rel and not page.is_dropped(node):
                continue
            name = " ".join(node.text().split())
            if not name or len(name) > _LONGEST:
                continue
            if "author" in rel:
                page.harvest["authors"][name] = None
            elif "tag" in rel or label_pattern().search(given.get("href") or ""):
                page.harvest["categories"][name] = None
    if page.drops and b"fn" in lower:
        for node in page.body.css(".fn"):
            name = " ".join(node.text().split())
            if 0 < len(name) <= _LONGEST and page.is_dropped(node):
                page.harvest["authors"][name] = None
