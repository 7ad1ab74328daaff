"""One entry's tree, and what the steps have decided about its nodes.

In:  an HTML fragment.
Out: `Page`: the lexbor tree, an index of its elements, and verdicts by node.
Never: changed after the parse. A step writes a verdict; the structure step obeys it while it writes the blocks.
That keeps node wrappers valid (lexbor frees what it removes) and lets a later step see what an earlier one meant.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from selectolax.lexbor import LexborHTMLParser, LexborNode

from feedmill.feeds.entry import Note
from feedmill.ingest.clean.model import CleanContext
from feedmill.ingest.clean.recipe import Recipe
from feedmill.ingest.urls import own_hosts
from feedmill.ingest.word_table import words

MAX_DEPTH = 400  # elements; browsers stop at 512, and both parsers are quadratic in depth
_MANY_TAGS = 4000  # fewer cannot nest so deep that it hurts (20 ms)
_LONG = 6000  # characters
_ILLEGAL_REFERENCE = re.compile(
    r"&#(?:0*(?:[0-9]|[12][0-9]|3[01]|6553[45])(?![0-9])|[xX]0*(?:[0-9a-fA-F]|1[0-9a-fA-F]|[fF]{3}[eEfF])(?![0-9a-fA-F]))"
)
_TAG_NAME = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:-]*)")
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:-]*)(?:[^<>\"']|\"[^\"]*\"|'[^']*')*>")
_CLOSE_THEMSELVES = words(
    """area base br col embed hr img input link meta param source track wbr p li td th tr dt dd option optgroup thead
    tbody tfoot colgroup rt rp rb"""
)
_LONG_TAG = re.compile(r"<[a-zA-Z][^<>]{6000,}")
_MAX_ATTRIBUTES = 300
_SPACES = re.compile(r"\s+")
_QUOTED = 60  # characters of what went that a note shows

_INDEXED = words(
    """a img amp-img iframe amp-iframe object embed video audio script noscript nav footer aside form lite-youtube
    lite-vimeo amp-youtube"""
)
BLOCKS = words(
    """address article aside blockquote body caption center dd details dialog dir div dl dt fieldset figcaption figure
    footer form h1 h2 h3 h4 h5 h6 header hgroup hr html iframe legend li listing main menu nav object ol p plaintext
    pre search section summary table tbody td tfoot th thead tr ul xmp embed noscript video audio"""
)


@dataclass(frozen=True, slots=True)
class Image:
    """An image as it will be written."""

    src: str
    srcset: str = ""
    sizes: str = ""
    alt: str = ""
    title: str = ""
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True)
class Embed:
    """A frame as the link that takes its place."""

    url: str
    label: str


@dataclass(frozen=True, slots=True)
class Player:
    """A video or audio element as it will be written: its kind and its sources (URL, media type)."""

    kind: str
    sources: tuple[tuple[str, str], ...]
    poster: str = ""


@dataclass(slots=True)
class Ledger:
    """What each step did, gathered; one note per step and reason."""

    rows: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def add(self, step: str, what: str, quote: str = "") -> None:
        """`what` names the thing done ("removed .sharedaddy (WordPress, sharing)"), `quote` what it was done to."""
        self.rows.setdefault((step, what), []).append(quote)

    def notes(self) -> tuple[Note, ...]:
        """One note per row, with a count and the first quote."""
        out = []
        for (step, what), quotes in self.rows.items():
            times = f" ×{len(quotes)}" if len(quotes) > 1 else ""
            shown = next((quote for quote in quotes if quote), "")
            detail = f"{what}{times}: “{shown}”" if shown else what + times
            out.append(Note(step=step, field="content", detail=detail))
        return tuple(out)


def shorten(text: str) -> str:
    """A quote for a note: one line, at most 60 characters."""
    text = _SPACES.sub(" ", text).strip()
    return text if len(text) <= _QUOTED else text[: _QUOTED - 1] + "…"


class Page:
    """The tree, its index, the verdicts. One per run of the steps."""

    __slots__ = (
        "_chars",
        "_elements",
        "_links",
        "_own_hosts",
        "base",
        "body",
        "cards",
        "context",
        "drops",
        "embeds",
        "harvest",
        "hrefs",
        "html",
        "images",
        "kept",
        "ledger",
        "lower",
        "names_illegal",
        "opened",
        "players",
        "recipe",
    )

    def __init__(self, html: str, context: CleanContext, recipe: Recipe, ledger: Ledger) -> None:
        self.html = html = flatten(html)
        raw = html.encode("utf-8", "replace")
        self.lower = raw.lower()  # ASCII only and fast: for cheap looks at what may be in the tree
        self.context = context
        self.recipe = recipe
        self.ledger = ledger
        self.base = context.base_url or context.entry_url or context.site_url
        # As a browser would build it inside a page's body, where content stands. The body tag also keeps a leading
        # style or title out of the head, and a frameset out of the document.
        body = LexborHTMLParser(b"<!doctype html><body>" + raw).body
        assert body is not None  # noqa: S101 - the parser always makes one
        self.body: LexborNode = body
        # A character reference may name what XML cannot carry: "&#11;" is no character until it is parsed.
        self.names_illegal = "&#" in html and _ILLEGAL_REFERENCE.search(html) is not None
        self._elements: dict[str, list[LexborNode]] | None = None
        self._chars: int | None = None
        self._links: dict[int, tuple[LexborNode, dict[str, str | None]]] | None = None
        self._own_hosts: frozenset[str] | None = None
        # Verdicts by node. A dropped node leaves a mark at its place when it was chrome: True.
        self.drops: dict[int, bool] = {}
        self.kept: set[int] = set()
        self.hrefs: dict[int, str | None] = {}  # None: the link goes, its words stay
        self.images: dict[int, Image | str | None] = {}  # text: takes the image's place; None: nothing does
        self.embeds: dict[int, Embed | None] = {}
        self.players: dict[int, Player | None] = {}
        self.cards: dict[int, Embed] = {}  # a box that becomes a link
        self.opened: set[int] = set()  # noscript elements whose content counts
        self.harvest: dict[str, dict[str, None]] = {"categories": {}, "authors": {}, "external": {}}

    @property
    def elements(self) -> dict[str, list[LexborNode]]:
        """The elements that steps ask for, by tag, in document order."""
        if self._elements is None:
            found: dict[str, list[LexborNode]] = defaultdict(list)
            for node in self.body.traverse(include_text=False):
                tag = node.tag
                if tag in _INDEXED:
                    found[tag].append(node)
            self._elements = found
        return self._elements

    @property
    def links(self) -> dict[int, tuple[LexborNode, dict[str, str | None]]]:
        """The `a` elements by node, with their attributes read once."""
        if self._links is None:
            self._links = {node.mem_id: (node, node.attributes) for node in self.elements.get("a", ())}
        return self._links

    @property
    def own_hosts(self) -> frozenset[str]:
        """Hosts that the feed calls its own: `?ref=` on outbound links names one of them."""
        if self._own_hosts is None:
            context = self.context
            self._own_hosts = own_hosts((context.entry_url, context.site_url, context.feed_url))
        return self._own_hosts

    @property
    def chars(self) -> int:
        """Characters of text in the whole entry."""
        if self._chars is None:
            self._chars = len(_SPACES.sub("", self.body.text()))
        return self._chars

    def holds_little(self, node: LexborNode) -> bool:
        """Whether a node holds at most half of the entry's text, or next to none: then it cannot be the article."""
        own = len(_SPACES.sub("", node.text()))
        return own <= 120 or own * 2 <= self.chars

    def drop(self, node: LexborNode, step: str, what: str, *, chrome: bool = True) -> None:
        """Take a node out, unless the operator keeps it (or something in it)."""
        place = node.mem_id
        if place in self.drops or place in self.kept:
            return
        self.drops[place] = chrome
        self.ledger.add(step, what, shorten(node.text()))

    def is_dropped(self, node: LexborNode | None) -> bool:
        """Whether the node or one of its ancestors goes."""
        while node is not None:
            if node.mem_id in self.drops:
                return True
            node = node.parent
        return False


def ancestors(node: LexborNode) -> Iterator[LexborNode]:
    """Parents, innermost first, up to the body."""
    parent = node.parent
    while parent is not None:
        yield parent
        parent = parent.parent


def flatten(html: str) -> str:
    """`html` without what would make parsing it quadratic: elements deeper than 400, tags of hundreds of attributes.

    Both occur only in attacks and broken exports. The words stay.
    """
    if len(html) > _LONG and _LONG_TAG.search(html):
        html = _LONG_TAG.sub(_without_attributes, html)
    if html.count("<") <= _MANY_TAGS or _depth(html) <= MAX_DEPTH:
        return html
    depth = 0

    def judge(found: re.Match[str]) -> str:
        nonlocal depth
        if found.group(2).lower() in _CLOSE_THEMSELVES:
            return found.group()
        if found.group(1):
            deep = depth > MAX_DEPTH
            depth = max(0, depth - 1)
        else:
            depth += 1
            deep = depth > MAX_DEPTH
        return " " if deep else found.group()

    return _TAG.sub(judge, html)


def _depth(html: str) -> int:
    """How deep the elements nest at most, going by start and end tags alone."""
    depth = deepest = 0
    for closing, tag in _TAG_NAME.findall(html):
        if tag.lower() in _CLOSE_THEMSELVES:
            continue
        if closing:
            depth = depth - 1 if depth else 0
        else:
            depth += 1
            if depth > deepest:
                deepest = depth
    return deepest


def _without_attributes(found: re.Match[str]) -> str:
    tag = found.group()
    return tag if tag.count("=") + tag.count(" ") < 2 * _MAX_ATTRIBUTES else tag.split(None, 1)[0][:40] + " "
