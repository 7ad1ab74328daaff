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
from typing import Final

from selectolax.lexbor import LexborNode

from feedmill.ingest.clean.page import BLOCKS, Embed, Image, Page, Player
from feedmill.ingest.clean.units import Line, Link, Unit
from feedmill.ingest.clean.writer import Frame, Writer, attribute, escape

_REL = ' rel="noopener noreferrer"'

_INLINE = {
    tag: tag
    for tag in "abbr b bdi cite code del dfn em i ins kbd mark q rp rt ruby s samp small strong sub sup time u var".split()
} | {"strike": "s", "tt": "code", "acronym": "abbr"}
_INLINE_ATTRIBUTES = {"abbr": "title", "acronym": "title", "dfn": "title", "time": "datetime"}
_SKIPPED = frozenset(
    "script style head title meta link base template svg select textarea button input option datalist map area param "
    "track source noembed noframes frame frameset canvas -comment".split()
)
_HEADINGS = {"h1": "h2", "h2": "h2", "h3": "h3", "h4": "h4", "h5": "h5", "h6": "h6"}
_NUMBER = re.compile(r"\d{1,5}")
_DIRECTIONS = frozenset({"ltr", "rtl", "auto"})

Close = Callable[[], None]
_NOTHING: Final = object()


def write_units(page: Page) -> list[Unit]:
    """The blocks of the entry as the verdicts leave them."""
    walk = _Walk(page)
    out, drops = walk.out, page.drops
    # Most entries have no verdict that takes a node out: then an element's handler is all there is to ask.
    start = walk.start if drops or page.cards or walk.has_direction else None
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
            if value.isspace() and value.isascii() and not out.in_pre:
                out.space = True
            elif not drops or node.mem_id not in drops:
                out.text(value)
            node = node.next
            continue
        if start is None:
            handler = _HANDLERS.get(tag)  # type: ignore[arg-type]
            close = handler(walk, node, tag) if handler is not None else None  # type: ignore[arg-type, assignment]
        else:
            close = start(node, tag or "")  # type: ignore[assignment]
        if close is _NOTHING:
            node = node.next
        else:
            stack.append((node, close))
            node = node.first_child


class _Walk:
    """What happens at an element's start; the value is what happens at its end, or _NOTHING to pass its content by."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.out = Writer()
        self.tables: list[str] = []  # "data", "layout" or "figure"
        self.has_direction = b"dir=" in page.lower
    def start(self, node: LexborNode, tag: str) -> object:
        """What the end of the element calls; _NOTHING when its content is passed by."""
        page = self.page
        if page.drops and node.mem_id in page.drops:
            if page.drops[node.mem_id]:
                self.out.mark()
            if tag in BLOCKS:
                self.out.flush()
            return _NOTHING
        if page.cards and node.mem_id in page.cards:
            self._write_embed(page.cards[node.mem_id])
            return _NOTHING
        handler = _HANDLERS.get(tag)
        if self.has_direction and tag in BLOCKS:
            restore = self._turn(node)
            if restore is not None:
                return _both(handler(self, node, tag) if handler is not None else None, restore)
        return handler(self, node, tag) if handler is not None else None

    def _division(self, _node: LexborNode, _tag: str) -> object:
        self.out.flush()
        return self.out.flush

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

    # --- inline ---

    def _skip(self, _node: LexborNode, _tag: str) -> object:
        return _NOTHING

    def _inline(self, node: LexborNode, tag: str) -> object:
        name = _INLINE[tag]
        start = f"<{name}>"
        if tag in _INLINE_ATTRIBUTES:
            value = node.attributes.get(_INLINE_ATTRIBUTES[tag])
            if value:
                start = f"<{name}{attribute(_INLINE_ATTRIBUTES[tag], value.strip())}>"
        return self.out.close_inline if self.out.open_inline(name, start) else None

    def _bdo(self, node: LexborNode, _tag: str) -> object:
        wanted = (node.attributes.get("dir") or "").lower()
        if wanted not in ("ltr", "rtl"):
            return None
        opened = self.out.open_inline("bdo", f"<bdo{attribute('dir', wanted)}>")
        return self.out.close_inline if opened else None

    def _link(self, node: LexborNode, _tag: str) -> object:
        attributes = node.attributes
        href = self.page.hrefs.get(node.mem_id, attributes.get("href"))
        if not href or self.out.in_pre > 1:
            return None
        title = attributes.get("title")
        shown = attribute("title", title.strip()) if title and title.strip() else ""
        start = f"<a{attribute('href', href)}{shown}{_REL}>"
        return self.out.close_inline if self.out.open_link(href, start, attributes.get("rel") or "") else None

    def _break(self, _node: LexborNode, _tag: str) -> object:
        self.out.line_break()
        return _NOTHING

    def _wbr(self, _node: LexborNode, _tag: str) -> object:
        return _NOTHING  # a hint for one screen; written, it would part words for whoever searches

    def _math(self, node: LexborNode, _tag: str) -> object:
        """Formulas as what they say in words: MathML stays out (cleaning.md 2.1)."""
        said = node.attributes.get("alttext")
        if not said:
            annotation = node.css_first("annotation")
            said = (annotation or node).text()
        if said and said.strip():
            opened = self.out.open_inline("code", "<code>")
            self.out.text(said.strip())
            if opened:
                self.out.close_inline()
        return _NOTHING

    def _image(self, node: LexborNode, _tag: str) -> object:
        place = node.mem_id
        if place in self.page.images:
            image = self.page.images[place]
        else:  # the images step is off
            attributes = node.attributes
            image = Image(src=attributes.get("src") or "", alt=attributes.get("alt") or "")
        if isinstance(image, str):
            self.out.text(image)
        elif image is not None and image.src:
            self.out.void(_image_html(image), media=True)
        return _NOTHING

    def _player(self, node: LexborNode, tag: str) -> object:
        player = self.page.players.get(node.mem_id)
        if player is not None:
            self.out.void(_player_html(player), media=True)
        return _NOTHING

    # --- blocks ---

    def _paragraph(self, _node: LexborNode, _tag: str) -> object:
        return self._leaf("p")

    def _heading(self, _node: LexborNode, tag: str) -> object:
        return self._leaf(_HEADINGS[tag])

    def _leaf(self, tag: str) -> Close:
        out = self.out
        out.flush()
        if tag == out.leaf_tag:
            return out.flush
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

    def _pre(self, _node: LexborNode, _tag: str) -> object:
        if self.out.in_pre:
            self.out.flush()
            return self.out.flush
        self.out.enter_pre()
        return self.out.leave_pre

    def _rule(self, _node: LexborNode, _tag: str) -> object:
        self.out.flush()
        if not self.out.in_pre:
            self.out.add(Unit("hr", html="<hr>"))
        return _NOTHING

    def _quote(self, _node: LexborNode, _tag: str) -> object:
        return self._container("quote", "blockquote", _finish_flow)

    def _details(self, node: LexborNode, _tag: str) -> object:
        opened = ' open=""' if "open" in node.attributes else ""
        return self._container("details", "details", _finish_flow, opened)

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
        return self._container("list", name, _finish_list, attributes)

    def _item(self, _node: LexborNode, _tag: str) -> object:
        if self.out.frames[-1].kind != "list":
            self.out.flush()
            return self.out.flush
        return self._container("item", "li", _finish_item)

    def _terms(self, _node: LexborNode, _tag: str) -> object:
        return self._container("dl", "dl", _finish_terms)

    def _term(self, _node: LexborNode, tag: str) -> object:
        if self.out.frames[-1].kind != "dl":
            self.out.flush()
            return self.out.flush
        return self._container("item", tag, _finish_item)

    def _figure(self, _node: LexborNode, _tag: str) -> object:
        return self._container("figure", "figure", _finish_figure)

    def _caption(self, _node: LexborNode, tag: str) -> object:
        wanted = {"caption": "table", "figcaption": "figure", "summary": "details"}[tag]
        if self.out.frames[-1].kind != wanted:
            self.out.flush()
            return self.out.flush
        return self._container("caption", tag, _finish_caption)

    # --- tables ---

    def _table(self, node: LexborNode, _tag: str) -> object:
        mode = _table_mode(node)
        self.tables.append(mode)
        finish: Close
        if mode == "data":
            finish = self._container("table", "table", _finish_table)
        elif mode == "figure":
            finish = self._container("figure", "figure", _finish_figure)
        else:
            self.out.flush()
            finish = self.out.flush

        def close() -> None:
            finish()
            self.tables.pop()

        return close

    def _part(self, outer: tuple[str, ...], kind: str, tag: str, attributes: str = "") -> object:
        if self.out.frames[-1].kind not in outer:
            self.out.flush()
            return self.out.flush
        return self._container(kind, tag, _finish_item if kind == "cell" else _finish_rows, attributes)

    def _section(self, _node: LexborNode, tag: str) -> object:
        return self._part(("table",), "section", tag)

    def _row(self, _node: LexborNode, _tag: str) -> object:
        return self._part(("section", "table"), "row", "tr")

    def _cell(self, node: LexborNode, tag: str) -> object:
        given = node.attributes
        if self.tables and self.tables[-1] == "figure" and "tr-caption" in (given.get("class") or "").split():
            return self._container("caption", "figcaption", _finish_caption)
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
        return _NOTHING

    def _write_embed(self, embed: Embed) -> None:
        self.out.flush()
        html = f"<a{attribute('href', embed.url)}{_REL}>{escape(embed.label)}</a>"
        self.out.add(Unit("media", lines=[Line(html, embed.label, [Link(embed.url, embed.label)])]))

    def _noscript(self, node: LexborNode, _tag: str) -> object:
        return None if node.mem_id in self.page.opened else _NOTHING


_HANDLERS: dict[str, Callable[[_Walk, LexborNode, str], object]] = {
    **dict.fromkeys(BLOCKS, _Walk._division),
    **dict.fromkeys(_SKIPPED, _Walk._skip),
    **dict.fromkeys(_INLINE, _Walk._inline),
    **dict.fromkeys(_HEADINGS, _Walk._heading),
    **dict.fromkeys(("ul", "ol", "menu", "dir"), _Walk._list),
    **dict.fromkeys(("dt", "dd"), _Walk._term),
    **dict.fromkeys(("pre", "listing", "xmp", "plaintext"), _Walk._pre),
    **dict.fromkeys(("iframe", "object", "embed"), _Walk._embed),
    **dict.fromkeys(("video", "audio"), _Walk._player),
    **dict.fromkeys(("thead", "tbody", "tfoot"), _Walk._section),
    **dict.fromkeys(("td", "th"), _Walk._cell),
    **dict.fromkeys(("caption", "figcaption", "summary"), _Walk._caption),
    "a": _Walk._link,
    "bdo": _Walk._bdo,
    "blockquote": _Walk._quote,
    "br": _Walk._break,
    "details": _Walk._details,
    "dl": _Walk._terms,
    "figure": _Walk._figure,
    "hr": _Walk._rule,
    "img": _Walk._image,
    "li": _Walk._item,
    "math": _Walk._math,
    "noscript": _Walk._noscript,
    "p": _Walk._paragraph,
    "table": _Walk._table,
    "tr": _Walk._row,
    "wbr": _Walk._wbr,
}


def _both(close: object, restore: Close) -> object:
    if close is _NOTHING:
        restore()
        return _NOTHING

    def run() -> None:
        if close is not None:
            close()  # type: ignore[operator]
        restore()

    return run


# --- finishing containers ---


def _flow(units: list[Unit]) -> str:
    """Content of an item or a cell: its only paragraph stands bare when it comes first."""
    if not units:
        return ""
    first = units[0]
    bare = first.kind == "p" and not first.attributes and all(unit.kind != "p" for unit in units[1:])
    head = first.render_bare() if bare else first.render()
    return head + "".join(unit.render() for unit in units[1:])


def _wrapped(frame: Frame, inner: str) -> str:
    return f"<{frame.tag}{frame.attributes}>{inner}</{frame.tag}>"


def _finish_item(frame: Frame) -> Unit:
    return Unit(frame.kind, tag=frame.tag, attributes=frame.attributes, children=frame.units)


def _item_html(unit: Unit) -> str:
    return f"<{unit.tag}{unit.attributes}>{_flow(unit.children)}</{unit.tag}>"


def _finish_list(frame: Frame) -> Unit:
    items: list[Unit] = []
    for unit in frame.units:
        if unit.kind == "item":
            items.append(unit)
        elif items:
            items[-1].children.append(unit)
        else:
            items.append(Unit("item", tag="li", children=[unit]))
    html = _wrapped(frame, "".join(_item_html(item) for item in items))
    return Unit("list", tag=frame.tag, html=html, children=items)


def _finish_terms(frame: Frame) -> Unit:
    items = [unit if unit.kind == "item" else Unit("item", tag="dd", children=[unit]) for unit in frame.units]
    return Unit("dl", tag="dl", html=_wrapped(frame, "".join(_item_html(item) for item in items)), children=items)


def _finish_caption(frame: Frame) -> Unit:
    return Unit("caption", tag=frame.tag, html=_wrapped(frame, _flow(frame.units)), children=frame.units)


def _finish_flow(frame: Frame) -> Unit:
    inner = "".join(unit.render() for unit in frame.units)
    return Unit(frame.kind, tag=frame.tag, html=_wrapped(frame, inner), children=frame.units)


def _finish_figure(frame: Frame) -> Unit:
    inner = "".join(
        unit.render_bare() if unit.is_bare_media and not unit.attributes else unit.render() for unit in frame.units
    )
    return Unit("figure", tag="figure", html=_wrapped(frame, inner), children=frame.units)


def _finish_rows(frame: Frame) -> Unit:
    """A row, or a section of rows: text that stands beside cells was moved out by the parser."""
    inner = "".join(_item_html(unit) if unit.kind == "cell" else unit.html for unit in frame.units)
    return Unit(frame.kind, tag=frame.tag, html=_wrapped(frame, inner), children=frame.units)


def _finish_table(frame: Frame) -> Unit | None:
    if not any(line.text or line.media for unit in frame.units for line in unit.all_lines()):
        return None
    inner = "".join(unit.html for unit in frame.units)
    rows = [row for unit in frame.units for row in (unit.children if unit.kind == "section" else [unit])]
    return Unit("table", tag="table", html=_wrapped(frame, inner), children=rows)


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


# --- replaced elements ---


def _image_html(image: Image) -> str:
    html = "<img" + attribute("src", image.src)
    if image.srcset:
        html += attribute("srcset", image.srcset)
        if image.sizes:
            html += attribute("sizes", image.sizes)
    html += attribute("alt", image.alt)
    if image.title:
        html += attribute("title", image.title)
    if image.width:
        html += f' width="{image.width}"'
    if image.height:
        html += f' height="{image.height}"'
    return html + ">"


def _player_html(player: Player) -> str:
    html = f'<{player.kind} controls=""'
    if player.poster:
        html += attribute("poster", player.poster)
    if len(player.sources) == 1:
        return html + attribute("src", player.sources[0][0]) + f"></{player.kind}>"
    sources = "".join(
        f"<source{attribute('src', url)}{attribute('type', kind) if kind else ''}>" for url, kind in player.sources
    )
    return f"{html}>{sources}</{player.kind}>"
