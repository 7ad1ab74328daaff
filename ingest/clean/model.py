"""The nouns of cleaning: what the cleaner is told, and what it gives back.

In:  made by `ingest.normalize` (context) and by `ingest.clean` (the rest).
Out: plain values that can be printed and compared.
Never: a tree node, a foreign library's object.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from feedmill.feeds.entry import Note
    from feedmill.ingest.clean.evidence import Evidence, LazyEvidence

BlockKind = Literal["p", "heading", "list", "quote", "pre", "caption", "table", "media"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanContext:
    """Where the content stood. All URLs absolute; `base_url` resolves relative ones (without it they stay as written).

    `title`: the entry's, so that a first heading that only repeats it can go. `evidence`: what the feed's other
    entries have in common at their edges.
    """

    base_url: str | None = None
    entry_url: str | None = None
    site_url: str | None = None
    feed_url: str | None = None
    title: str = ""
    evidence: Evidence | LazyEvidence | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """One block of the cleaned content as plain text: list items and table rows on lines of their own."""

    kind: BlockKind
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Harvest:
    """What the removed frame told about the entry: labels, a byline's marked name, the page a link post is about."""

    categories: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    external_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaned:
    """A sanitized fragment, its blocks, what was done (`notes`), and what was learned on the way."""

    html: str = ""
    blocks: tuple[Block, ...] = ()
    notes: tuple[Note, ...] = ()
    lead_image: str | None = None
    harvest: Harvest = field(default_factory=Harvest)
