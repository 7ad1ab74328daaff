"""Step `share`: links whose only purpose is to share the entry.

In:  a `Page` with addresses already made absolute.
Out: drop verdicts for share links and for the lines made of them; in prose a share link is unwrapped.
Never: takes the words of a link that stands inside a sentence.
"""

from __future__ import annotations

import re

from selectolax.lexbor import LexborNode

from feedmill.ingest.clean.links import EDGE
from feedmill.ingest.clean.page import BLOCKS, Page, shorten
from feedmill.ingest.clean.phrases import is_share_label
from feedmill.ingest.clean.rulebook import read, share_table

STEP = "share"
_BY_MAIL = re.compile(r"mailto:\?", re.IGNORECASE)
_QUERY = re.compile(r"[?&]share=([\w-]+)(?:&|$|#)")
_WORD = re.compile(r"\w")
_SHORT = 5  # words of a link that is only a button


def drop_share_links(page: Page) -> None:
    """Links to share targets: with their whole line when it is made of them, alone at its end, unwrapped in prose."""
    targets = {
        place: node for place, (node, attributes) in page.links.items() if _shares(place, attributes.get("href"), page)
    }
    judged: set[int] = set()
    for node in targets.values():
        inner = _top_inline(node)
        if inner.mem_id in judged or page.is_dropped(node):
            continue
        line = [*reversed(_siblings(inner, forward=False)), inner, *_siblings(inner, forward=True)]
        judged.update(part.mem_id for part in line)
        _judge_line(page, line, targets)


def _shares(place: int, written: str | None, page: Page) -> bool:
    if not written:
        return False
    written = written.strip(EDGE)
    href = page.hrefs.get(place) or written
    if share_table().match(href) or _BY_MAIL.match(written) or "action=share" in written:
        return True
    found = _QUERY.search(href) if "?" in href else None
    return found is not None and found.group(1) in read("links")["share_networks"]


def _judge_line(page: Page, line: list[LexborNode], targets: dict[int, LexborNode]) -> None:
    parts = [_Part(node, targets) for node in line]
    left = "".join(part.text for part in parts)
    if not _WORD.search(left) or is_share_label(left):
        whole = _whole(line)
        for node in line if whole is None else [whole]:
            page.drop(node, STEP, "share links removed")
        return
    spoken = [place for place, part in enumerate(parts) if _WORD.search(part.text)]
    for place, part in enumerate(parts):
        # Before the line's first other word or behind its last one.
        outside = place < spoken[0] or place > spoken[-1]
        for node in part.links:
            text = node.text()
            if (outside and len(text.split()) <= _SHORT) or not text.strip():
                page.drop(node, STEP, "share link removed", chrome=False)
            else:
                page.hrefs[node.mem_id] = None
                page.ledger.add(STEP, "share link unwrapped, its words kept", shorten(text))


class _Part:
    """A node of a line: its share links, and its text outside of them."""

    __slots__ = ("links", "text")

    def __init__(self, node: LexborNode, targets: dict[int, LexborNode]) -> None:
        self.links: list[LexborNode] = []
        self.text = ""
        if node.tag == "-text":
            self.text = node.text_content or ""
        elif node.mem_id in targets:
            self.links = [node]
        elif node.tag not in ("-comment", "script", "style"):
            self.links = [link for link in node.css("a") if link.mem_id in targets]
            self.text = node.text()
            for link in self.links:
                self.text = self.text.replace(link.text(), "", 1)


def _top_inline(node: LexborNode) -> LexborNode:
    """The outermost inline element around a link: what stands in the line."""
    parent = node.parent
    while parent is not None and (parent.tag or "") not in BLOCKS:
        node, parent = parent, parent.parent
    return node


def _siblings(node: LexborNode, *, forward: bool) -> list[LexborNode]:
    """What stands in the same line before or after a node."""
    out = []
    current = node.next if forward else node.prev
    while current is not None and current.tag != "br" and (current.tag or "") not in BLOCKS:
        out.append(current)
        current = current.next if forward else current.prev
    return out


def _whole(line: list[LexborNode]) -> LexborNode | None:
    """The block, when the line is all there is in it."""
    parent = line[0].parent
    if parent is None or parent.tag in (None, "body", "td", "th"):
        return None
    return parent if line[0].prev is None and line[-1].next is None else None
