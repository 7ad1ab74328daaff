"""From the tree to blocks: one walk that obeys the verdicts and writes canonical HTML.

In:  a `Page` with verdicts.
Out: a list of `Unit`s: paragraphs, headings, lists, quotes, tables, figures, in document order.
Never: decides what is chrome (the other steps did) or keeps an attribute that nobody asked for.

Canonical means: `div`, `font`, `span`, `center`, `o:p` and unknown elements vanish, their words stay; bare text and
two `br` make paragraphs; empty elements go; `h1` is `h2`; one `br` stays; `pre` keeps every character; ids go, and
a link to a place on the page leads to the entry's own page. Scripts, styles, comments and form controls go with
their content (cleaning.md 3.8).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import ClassVar

from selectolax.lexbor import LexborNode

from feedmill.ingest.clean.containers import (
    finish_caption,
    finish_figure,
    finish_flow,
    finish_item,
    finish_list,
    finish_rows,
    finish_table,
    finish_terms,
)
from feedmill.ingest.clean.inline import INLINE, NOTHING, Close, InlineWalk, link_unit
from feedmill.ingest.clean.page import BLOCKS, Embed, Page
from feedmill.ingest.clean.units import Unit
from feedmill.ingest.clean.writer import Frame, attribute
from feedmill.ingest.text import strip_xml_illegal
from feedmill.ingest.word_table import words

_SKIPPED = words(
    """script style head title meta link base template svg select textarea button input option datalist map area param
    track source noembed noframes frame frameset canvas -comment"""
)
_HEADINGS = {"h1": "h2", "h2": "h2", "h3": "h3", "h4": "h4", "h5": "h5", "h6": "h6"}
_NUMBER = re.compile(r"\d{1,5}")
_DIRECTIONS = frozenset({"ltr", "rtl", "auto"})


def write_units(page: Page) -> list[Unit]:
    """The blocks of the entry as the verdicts leave them."""
    walk = _Walk(page)
    out, drops = walk.out, page.drops
    judged = drops.keys() | page.cards.keys()
    turns, references = walk.has_direction, walk.references
    walk.plain = not judged and not turns
    handlers = _Walk.HANDLERS
    stack: list[tuple[LexborNode, Close | None]] = []
    node = page.body.first_child
    while True:
        while node is None:
            if not stack:
                out.flush()
                return out.frames[0].units
            parent, close = stack.pop()
            if close is not None:
                close()
            node = parent.next
        tag = node.tag
        if tag == "-text":
            value = node.text_content or ""
            if references:
                value = strip_xml_illegal(value)
            if value.isspace() and value.isascii() and not out.in_pre:
                out.space = True
            elif not drops or node.mem_id not in drops:
                out.text(value)
            node = node.next
            continue
        # Most nodes have no verdict: then an element's handler is all there is to ask.
        if turns or (judged and node.mem_id in judged):
            close = walk.start(node, tag or "")  # type: ignore[assignment]
        else:
            handler = handlers.get(tag)  # type: ignore[arg-type]
            close = handler(walk, node, tag) if handler is not None else None  # type: ignore[arg-type, assignment]
        if close is NOTHING:
            node = node.next
        else:
            stack.append((node, close))
            node = node.first_child


class _Walk(InlineWalk):
    """What happens at an element's start; the value is what happens at its end, or NOTHING to pass its content by."""

    def start(self, node: LexborNode, tag: str) -> object:
        """What the end of the element calls; NOTHING when its content is passed by."""
        page = self.page
        if page.drops and node.mem_id in page.drops:
            if page.drops[node.mem_id]:
                self.out.mark()
            if tag in BLOCKS:
                self.out.flush()
            return NOTHING
        if page.cards and node.mem_id in page.cards:
            self._write_embed(page.cards[node.mem_id])
            return NOTHING
        handler = self.HANDLERS.get(tag)
        if self.has_direction and tag in BLOCKS:
            restore = self._turn(node)
            if restore is not None:
                return _both(handler(self, node, tag) if handler is not None else None, restore)
        return handler(self, node, tag) if handler is not None else None

    def _division(self, _node: LexborNode, _tag: str) -> object:
        self.flush()
        return self.flush

    def _turn(self, node: LexborNode) -> Close | None:
        """`dir` of an element that may vanish: its blocks carry it."""
        wanted = (node.attributes.get("dir") or "").lower()
        if wanted not in _DIRECTIONS or wanted == self.out.direction:
            return None
        self.out.flush()
        before, self.out.direction = self.out.direction, wanted

        def restore() -> None:
            self.out.flush()
            self.out.direction = before

        return restore

    # --- blocks ---

    def _paragraph(self, _node: LexborNode, _tag: str) -> object:
        self.flush()
        return self.flush if self.out.leaf_tag == "p" else self._leaf("p")

    def _heading(self, _node: LexborNode, tag: str) -> object:
        return self._leaf(_HEADINGS[tag])

    def _leaf(self, tag: str) -> Close:
        out = self.out
        out.flush()
        before, out.leaf_tag = out.leaf_tag, tag

        def close() -> None:
            out.flush()
            out.leaf_tag = before

        return close

    def _container(self, kind: str, tag: str, finish: Callable[[Frame], Unit | None], attributes: str = "") -> Close:
        out = self.out
        if out.in_pre or not out.enter(kind, tag, attributes):
            out.flush()
            return out.flush
        before, out.leaf_tag = out.leaf_tag, "p"

        def close() -> None:
            out.leave(finish)
            out.leaf_tag = before

        return close

    def _pre(self, node: LexborNode, _tag: str) -> object:
        if self.out.in_pre:
            self.flush()
            return self.flush
        self.out.enter_pre()
        if self.write_whole(node):
            self.out.leave_pre()
            return NOTHING
        return self.out.leave_pre

    def _rule(self, _node: LexborNode, _tag: str) -> object:
        self.out.flush()
        if not self.out.in_pre:
            self.out.add(Unit("hr", html="<hr>"))
        return NOTHING

    def _quote(self, _node: LexborNode, _tag: str) -> object:
        return self._container("quote", "blockquote", finish_flow)

    def _details(self, node: LexborNode, _tag: str) -> object:
        opened = ' open=""' if "open" in node.attributes else ""
        return self._container("details", "details", finish_flow, opened)

    def _list(self, node: LexborNode, tag: str) -> object:
        name = "ol" if tag == "ol" else "ul"
        attributes = ""
        if name == "ol":
            given = node.attributes
            first = (given.get("start") or "").strip()
            if _NUMBER.fullmatch(first) and first != "1":
                attributes += attribute("start", first)
            if "reversed" in given:
                attributes += ' reversed=""'
        return self._container("list", name, finish_list, attributes)

    def _item(self, _node: LexborNode, _tag: str) -> object:
        if self.out.frames[-1].kind != "list":
            self.flush()
            return self.flush
        return self._container("item", "li", finish_item)

    def _terms(self, _node: LexborNode, _tag: str) -> object:
        return self._container("dl", "dl", finish_terms)

    def _term(self, _node: LexborNode, tag: str) -> object:
        if self.out.frames[-1].kind != "dl":
            self.flush()
            return self.flush
        return self._container("item", tag, finish_item)

    def _figure(self, _node: LexborNode, _tag: str) -> object:
        return self._container("figure", "figure", finish_figure)

    def _caption(self, _node: LexborNode, tag: str) -> object:
        wanted = {"caption": "table", "figcaption": "figure", "summary": "details"}[tag]
        if self.out.frames[-1].kind != wanted:
            self.flush()
            return self.flush
        return self._container("caption", tag, finish_caption)

    # --- tables ---

    def _table(self, node: LexborNode, _tag: str) -> object:
        mode = _table_mode(node)
        self.tables.append(mode)
        if mode != "data":
            what = "captioned image written as a figure" if mode == "figure" else "layout table unwrapped"
            self.page.ledger.add("structure", what)
        finish: Close
        if mode == "data":
            finish = self._container("table", "table", finish_table)
        elif mode == "figure":
            finish = self._container("figure", "figure", finish_figure)
        else:
            self.out.flush()
            finish = self.out.flush

        def close() -> None:
            finish()
            self.tables.pop()

        return close

    def _part(self, outer: tuple[str, ...], kind: str, tag: str, attributes: str = "") -> object:
        if self.out.frames[-1].kind not in outer:
            self.flush()
            return self.flush
        return self._container(kind, tag, finish_item if kind == "cell" else finish_rows, attributes)

    def _section(self, _node: LexborNode, tag: str) -> object:
        return self._part(("table",), "section", tag)

    def _row(self, _node: LexborNode, _tag: str) -> object:
        return self._part(("section", "table"), "row", "tr")

    def _cell(self, node: LexborNode, tag: str) -> object:
        given = node.attributes
        if self.tables and self.tables[-1] == "figure" and "tr-caption" in (given.get("class") or "").split():
            return self._container("caption", "figcaption", finish_caption)
        attributes = ""
        for name in ("colspan", "rowspan"):
            value = (given.get(name) or "").strip()
            if _NUMBER.fullmatch(value) and int(value) > 1:
                attributes += attribute(name, value)
        return self._part(("row",), "cell", tag, attributes)

    # --- what stands for something else ---

    def _embed(self, node: LexborNode, _tag: str) -> object:
        embed = self.page.embeds.get(node.mem_id)
        if embed is not None:
            self._write_embed(embed)
        return NOTHING

    def _write_embed(self, embed: Embed) -> None:
        self.out.flush()
        self.out.add(link_unit(embed))

    def _noscript(self, node: LexborNode, _tag: str) -> object:
        return None if node.mem_id in self.page.opened else NOTHING

    HANDLERS: ClassVar[dict[str, Callable[[_Walk, LexborNode, str], object]]] = {
        **dict.fromkeys(BLOCKS, _division),
        **dict.fromkeys(_SKIPPED, InlineWalk.skip),
        **dict.fromkeys(INLINE, InlineWalk.inline),
        **dict.fromkeys(_HEADINGS, _heading),
        **dict.fromkeys(("ul", "ol", "menu", "dir"), _list),
        **dict.fromkeys(("dt", "dd"), _term),
        **dict.fromkeys(("pre", "listing", "xmp", "plaintext"), _pre),
        **dict.fromkeys(("iframe", "object", "embed"), _embed),
        **dict.fromkeys(("video", "audio"), InlineWalk.player),
        **dict.fromkeys(("thead", "tbody", "tfoot"), _section),
        **dict.fromkeys(("td", "th"), _cell),
        **dict.fromkeys(("caption", "figcaption", "summary"), _caption),
        "a": InlineWalk.link,
        "bdo": InlineWalk.bdo,
        "blockquote": _quote,
        "br": InlineWalk.line_break,
        "details": _details,
        "dl": _terms,
        "figure": _figure,
        "hr": _rule,
        "amp-img": InlineWalk.image,
        "img": InlineWalk.image,
        "li": _item,
        "math": InlineWalk.math,
        "noscript": _noscript,
        "p": _paragraph,
        "table": _table,
        "tr": _row,
        "wbr": InlineWalk.wbr,
    }


def _table_mode(node: LexborNode) -> str:
    """Whether a table holds data, a captioned image (Blogger), or only places things."""
    given = node.attributes
    if "tr-caption-container" in (given.get("class") or "").split():
        return "figure"
    if (given.get("role") or "").lower() in ("presentation", "none"):
        return "layout"
    if len(node.css("table")) > 1:
        return "layout"
    if node.css_first("th, caption, thead") is not None:
        return "data"
    rows = node.css("tr")
    if len(rows) <= 1 or node.css_first("td + td") is None:
        return "layout"
    return "data"


def _both(close: object, restore: Close) -> object:
    if close is NOTHING:
        restore()
        return NOTHING

    def run() -> None:
        if close is not None:
            close()  # type: ignore[operator]
        restore()

    return run
