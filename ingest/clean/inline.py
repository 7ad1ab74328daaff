"""Inside a paragraph: links, emphasis, images, players, formulas.

In:  an inline element of the tree and the page's verdicts.
Out: calls of a `Writer`; what is to happen at the element's end, or NOTHING when its content is passed by.
Never: an attribute that is not asked for here by name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from selectolax.lexbor import LexborNode

from feedmill.ingest.clean.containers import image_html, player_html
from feedmill.ingest.clean.page import Embed, Image, Page
from feedmill.ingest.clean.units import Line, Link, Unit
from feedmill.ingest.clean.writer import Writer, attribute, escape
from feedmill.ingest.text import strip_xml_illegal
from feedmill.ingest.word_table import words

REL = ' rel="noopener noreferrer"'
Close = Callable[[], None]
NOTHING: Final = object()

INLINE = {
    tag: tag
    for tag in words(
        "abbr b bdi cite code del dfn em i ins kbd mark q rp rt ruby s samp small strong sub sup time u var"
    )
} | {"strike": "s", "tt": "code", "acronym": "abbr"}
_INLINE_ATTRIBUTES = {"abbr": "title", "acronym": "title", "dfn": "title", "time": "datetime"}


class InlineWalk:
    """The handlers of inline elements; `structure` adds those of blocks."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.out = Writer()
        self.flush = self.out.flush
        self.tables: list[str] = []  # "data", "layout" or "figure", innermost last
        self.has_direction = b"dir=" in page.lower
        self.references = page.names_illegal
        self.plain = False  # no verdict takes a node out, no direction turns: what has no handler is only its words

    def skip(self, _node: LexborNode, _tag: str) -> object:
        return NOTHING

    def write_whole(self, node: LexborNode) -> bool:
        """Preformatted text in which nothing but the spans of a highlighter stands: at one go."""
        if not self.plain or len(node.css(":not(span)")) != 1:  # the node itself
            return False
        value = node.text()
        self.out.text(strip_xml_illegal(value) if self.references else value)
        return True

    def inline(self, node: LexborNode, tag: str) -> object:
        if tag == "code" and self.out.in_pre and self.plain:
            opened = self.out.open_inline("code", "<code>")
            whole = self.write_whole(node)
            if whole:
                if opened:
                    self.out.close_inline()
                return NOTHING
            return self.out.close_inline if opened else None
        name = INLINE[tag]
        start = f"<{name}>"
        if tag in _INLINE_ATTRIBUTES:
            value = node.attributes.get(_INLINE_ATTRIBUTES[tag])
            if value:
                start = f"<{name}{attribute(_INLINE_ATTRIBUTES[tag], value.strip())}>"
        return self.out.close_inline if self.out.open_inline(name, start) else None

    def bdo(self, node: LexborNode, _tag: str) -> object:
        wanted = (node.attributes.get("dir") or "").lower()
        if wanted not in ("ltr", "rtl"):
            return None
        opened = self.out.open_inline("bdo", f"<bdo{attribute('dir', wanted)}>")
        return self.out.close_inline if opened else None

    def link(self, node: LexborNode, _tag: str) -> object:
        place = node.mem_id
        attributes = self.page.links[place][1]
        href = self.page.hrefs.get(place, attributes.get("href"))
        if not href or self.out.in_pre > 1:
            return None
        title = attributes.get("title")
        shown = attribute("title", title.strip()) if title and title.strip() else ""
        start = f"<a{attribute('href', href)}{shown}{REL}>"
        return self.out.close_inline if self.out.open_link(href, start, attributes.get("rel") or "") else None

    def line_break(self, _node: LexborNode, _tag: str) -> object:
        self.out.line_break()
        return NOTHING

    def wbr(self, _node: LexborNode, _tag: str) -> object:
        return NOTHING  # a hint for one screen; written, it would part words for whoever searches

    def math(self, node: LexborNode, _tag: str) -> object:
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
        return NOTHING

    def image(self, node: LexborNode, _tag: str) -> object:
        place = node.mem_id
        if place in self.page.images:
            image = self.page.images[place]
        else:  # the images step is off
            attributes = node.attributes
            image = Image(src=attributes.get("src") or "", alt=attributes.get("alt") or "")
        if isinstance(image, str):
            self.out.text(image)
        elif image is not None and image.src:
            self.out.void(image_html(image), media=True)
        return NOTHING

    def player(self, node: LexborNode, _tag: str) -> object:
        player = self.page.players.get(node.mem_id)
        if player is not None:
            self.out.void(player_html(player), media=True)
        return NOTHING


def link_unit(embed: Embed) -> Unit:
    """A paragraph that is one link, for what cannot stand in a reader itself."""
    html = f"<a{attribute('href', embed.url)}{REL}>{escape(embed.label)}</a>"
    return Unit("media", lines=[Line(html, embed.label, [Link(embed.url, embed.label)])])
