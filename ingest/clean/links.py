"""Steps `links` and `share`: addresses made absolute and freed of tracking; links that only share taken out.

In:  a `Page`.
Out: href verdicts (None unwraps), drop verdicts for share links and the lines made of them.
Never: fetches to find a redirector's target, or takes the words of a link that stands in prose.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from selectolax.lexbor import LexborNode

from feedmill.ingest.clean.page import BLOCKS, Page, shorten
from feedmill.ingest.clean.phrases import is_share_label
from feedmill.ingest.clean.rulebook import read, redirectors, share_table
from feedmill.ingest.urls import absolute, own_hosts, tidy

_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
_EDGE = "".join(chr(code) for code in range(0x21))
_INNER = re.compile(r"[\t\n\r]")
_ADDRESSED = re.compile(r"mailto:[^?@\s]+@[^?\s]+|tel:[+\d(][\d\s().+-]*$", re.IGNORECASE)
_SHARE_BY_MAIL = re.compile(r"mailto:\?", re.IGNORECASE)
_SHARE_QUERY = re.compile(r"[?&]share=([\w-]+)(?:&|$|#)")
_WORDS = re.compile(r"\w")


def resolve(value: str, page: Page) -> str | None:
    """An address as it will stand: absolute http(s), mailto or tel; None for what no reader should follow.

    Without a base, relative addresses stay as written. A place on the page is looked up at the entry's own address.
    """
    value = _INNER.sub("", value.strip(_EDGE))
    if not value:
        return None
    if value[0] == "#":
        return absolute(value, page.context.entry_url) if page.context.entry_url and len(value) > 1 else None
    scheme = _SCHEME.match(value)
    if scheme is None:
        if page.base is None:
            return "https:" + value if value.startswith("//") else value.replace(" ", "%20")
        return absolute(value, page.base)
    if scheme.group().lower() in ("http:", "https:"):
        return absolute(value, page.base)
    return value.replace(" ", "%20") if _ADDRESSED.match(value) else None


def rewrite_links(page: Page) -> None:
    """Resolve, unwrap redirectors, take tracking out; links with other schemes keep their words only."""
    context = page.context
    own = own_hosts((context.entry_url, context.site_url, context.feed_url))
    for node in page.elements.get("a", ()):
        value = node.attributes.get("href")
        if value is None:
            continue
        url = resolve(value, page)
        if url is None:
            if not value.lstrip(_EDGE).startswith("#"):
                page.ledger.add("links", "link that leads nowhere unwrapped", shorten(value))
        elif "?" in url or "#" in url:
            url = _tidy(url, own, page)
        page.hrefs[node.mem_id] = url


def _tidy(url: str, own: frozenset[str], page: Page) -> str:
    target = _behind(url)
    if target is not None:
        page.ledger.add("links", "redirector unwrapped", shorten(url))
        url = target
    if not url.startswith("http"):
        return url
    url, removed = tidy(url, own)
    for name in removed:
        page.ledger.add("links", f"tracking removed: {name}")
    return url


def _behind(url: str) -> str | None:
    """Where a redirector leads, told by its own address."""
    pattern, table = redirectors()
    for _ in range(3):
        found = pattern.match(url)
        if found is None:
            return None
        query = url.partition("?")[2]
        target = _named_target(query, table[found.group(1).lower()])
        if target is None:
            return None
        url = target
        if pattern.match(url) is None:
            return url
    return url


def _named_target(query: str, names: tuple[str, ...]) -> str | None:
    if "" in names and query.startswith("http"):
        return absolute(query)
    for pair in query.partition("#")[0].split("&"):
        name, _, value = pair.partition("=")
        if name in names and value:
            return absolute(unquote(value)) if unquote(value).startswith("http") else None
    return None


# --- share ---


def drop_share_links(page: Page) -> None:
    """Links to share targets: with their whole line when it is made of them, alone at its end, unwrapped in prose."""
    links = page.elements.get("a", ())
    if not links:
        return
    targets = {node.mem_id: node for node in links if _shares(node.attributes.get("href") or "", page)}
    for place, node in targets.items():
        if not page.is_dropped(node):
            _judge(page, node, place, set(targets))


def _shares(href: str, page: Page) -> bool:
    href = href.strip(_EDGE)
    if share_table().match(href) or _SHARE_BY_MAIL.match(href):
        return True
    if "?" not in href:
        return False
    if "action=share" in href:
        return True
    found = _SHARE_QUERY.search(href)
    return found is not None and found.group(1) in read("links")["share_networks"]


def _judge(page: Page, node: LexborNode, place: int, targets: set[int]) -> None:
    inner = _top_inline(node)
    before, after = _siblings(inner, forward=False), _siblings(inner, forward=True)
    line = [*reversed(before), inner, *after]
    left = "".join(_text_without(part, targets) for part in line)
    if not _WORDS.search(left) or is_share_label(left):
        page.drop(_whole(inner, line), "share", "share links removed")
        if _whole(inner, line) is inner:
            for part in line:
                page.drop(part, "share", "share links removed")
        return
    words_after = "".join(_text_without(part, targets) for part in after)
    words_before = "".join(_text_without(part, targets) for part in before)
    alone = not _WORDS.search(words_after) or not _WORDS.search(words_before)
    if (alone and len(node.text().split()) <= 5) or not node.text().strip():
        page.drop(node, "share", "share link removed", chrome=False)
    else:
        page.hrefs[place] = None
        page.ledger.add("share", "share link unwrapped, its words kept", shorten(node.text()))


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
