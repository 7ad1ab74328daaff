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


def drop_share_links(page: Page) -> None:
    """Links to share targets: with their whole line when it is made of them, alone at its end, unwrapped in prose."""
    links = page.elements.get("a", ())
    if not links:
        return
    targets = {node.mem_id: node for node in links if _shares(node, page)}
    for place, node in targets.items():
        if not page.is_dropped(node):
            _judge(page, node, place, set(targets))


def _shares(node: LexborNode, page: Page) -> bool:
    href = page.hrefs.get(node.mem_id) or (node.attributes.get("href") or "").strip(EDGE)
    if share_table().match(href) or _BY_MAIL.match(href):
        return True
    if "?" not in href:
        return False
    if "action=share" in href:
        return True
    found = _QUERY.search(href)
    return found is not None and found.group(1) in read("links")["share_networks"]


def _judge(page: Page, node: LexborNode, place: int, targets: set[int]) -> None:
    inner = _top_inline(node)
    before, after = _siblings(inner, forward=False), _siblings(inner, forward=True)
    line = [*reversed(before), inner, *after]
    left = "".join(_text_without(part, targets) for part in line)
    if not _WORD.search(left) or is_share_label(left):
        page.drop(_whole(inner, line), STEP, "share links removed")
        if _whole(inner, line) is inner:
            for part in line:
                page.drop(part, STEP, "share links removed")
        return
    words_after = "".join(_text_without(part, targets) for part in after)
    words_before = "".join(_text_without(part, targets) for part in before)
    alone = not _WORD.search(words_after) or not _WORD.search(words_before)
    if (alone and len(node.text().split()) <= 5) or not node.text().strip():
        page.drop(node, STEP, "share link removed", chrome=False)
    else:
        page.hrefs[place] = None
        page.ledger.add(STEP, "share link unwrapped, its words kept", shorten(node.text()))


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


def _text_without(node: LexborNode, targets: set[int]) -> str:
    """Text of a node outside of share links."""
    if node.tag == "-text":
        return node.text_content or ""
    if node.mem_id in targets or node.tag in ("-comment", "script", "style"):
        return ""
    links = [link for link in node.css("a") if link.mem_id in targets]
    text: str = node.text()
    for link in links:
        text = text.replace(link.text(), "", 1)
    return text


def _whole(inner: LexborNode, line: list[LexborNode]) -> LexborNode:
    """The block, when the line is all there is in it; else the node itself."""
    parent = inner.parent
    if parent is None or parent.tag in (None, "body", "td", "th"):
        return inner
    first, last = line[0], line[-1]
    return parent if first.prev is None and last.next is None else inner
