"""Step `embeds`: frames become links with the provider's name; players stay, with controls and http(s) sources only.

In:  a `Page`.
Out: embed and player verdicts.
Never: keeps a frame. What advertises, likes or shares is dropped; what is 0 or 1 pixel wide is dropped.
"""

from __future__ import annotations

import re
from functools import cache
from urllib.parse import unquote

from selectolax.lexbor import LexborNode

from feedmill.ingest.clean.links import resolve
from feedmill.ingest.clean.page import Embed, Page, Player, shorten
from feedmill.ingest.clean.rulebook import host_table, providers, read, share_table
from feedmill.ingest.urls import absolute, host_of, tidy

STEP = "embeds"
_TINY = re.compile(r"\s*[01](?:px)?\s*$")
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_SOURCES = ("src", "data-src", "data-lazy-src", "data-litespeed-src", "data-original", "data-cmp-src", "data")
_MEDIA_TYPE = re.compile(r"(?:video|audio)/[\w.+-]+(?:;\s*codecs=[\w.,\" '-]+)?", re.IGNORECASE)
_GIST = re.compile(r"https?://gist\.github\.com/")
_FACADES = {"lite-youtube": "videoid", "lite-vimeo": "videoid", "amp-youtube": "data-videoid"}


def rewrite_embeds(page: Page) -> None:
    """A verdict for each frame and player."""
    found = page.elements
    for tag in ("iframe", "object", "embed", "amp-iframe"):
        for node in found.get(tag, ()):
            embed = _judge(node, page)
            page.embeds[node.mem_id] = embed
            if embed is not None and tag == "amp-iframe":
                page.cards[node.mem_id] = embed
    for tag in ("video", "audio"):
        for node in found.get(tag, ()):
            page.players[node.mem_id] = _player(node, page)
    for tag, name in _FACADES.items():
        for node in found.get(tag, ()):
            host = "player.vimeo.com/video/" if tag == "lite-vimeo" else "www.youtube.com/embed/"
            embed = _linked("https://" + host + (node.attributes.get(name) or ""), "", page)
            if embed is not None:
                page.cards[node.mem_id] = embed
    for node in found.get("script", ()):
        source = (node.attributes.get("src") or "").strip()
        if _GIST.match(source):
            embed = _linked(source, "", page)
            if embed is not None:
                page.cards[node.mem_id] = embed


def _judge(node: LexborNode, page: Page) -> Embed | None:
    given = node.attributes
    source = next(
        (value.strip() for name in _SOURCES if (value := given.get(name)) and value.strip()[:5] != "about"), ""
    )
    if not source and node.tag == "object":
        source = _parameter(node)
    style = given.get("style") or ""
    tiny = all(_TINY.match(given.get(name) or "x") for name in ("width", "height"))
    if tiny or (style and _HIDDEN.search(style)):
        page.ledger.add(STEP, "invisible frame removed", shorten(source))
        return None
    return _linked(source, given.get("title") or "", page)


def _parameter(node: LexborNode) -> str:
    """An object's movie, or the frame inside it."""
    for inner in node.css("param,embed,iframe"):
        given = inner.attributes
        if inner.tag != "param":
            return given.get("src") or ""
        if (given.get("name") or "").lower() in ("movie", "src", "url"):
            return given.get("value") or ""
    return ""


def _linked(source: str, title: str, page: Page) -> Embed | None:
    url = resolve(source, page)
    if url is None or not url.startswith("http"):
        if source:
            page.ledger.add(STEP, "frame without an address removed", shorten(source))
        return None
    if host_table("frames").match(url) or share_table().match(url):
        page.ledger.add(STEP, "frame of an advertiser or a button removed", shorten(url))
        return None
    name, shown = _provider(url)
    title = shorten(title)
    if title and title.lower() not in _generic_titles() and title.lower() != name.lower():
        name = f"{name}: {title}"
    page.ledger.add(STEP, "frame turned into a link", f"{name} {shorten(shown)}")
    return Embed(shown, name)


@cache
def _generic_titles() -> frozenset[str]:
    return frozenset(read("embeds")["generic_titles"])


def _provider(url: str) -> tuple[str, str]:
    """What a frame's address is called, and the address to see it at."""
    for name, pattern, template in providers():
        found = pattern.match(url)
        if found is None:
            continue
        shown = template
        for place, part in enumerate(found.groups(), 1):
            shown = shown.replace(f"\\{place}", unquote(part or "") if template == f"\\{place}" else part or "")
        target = absolute(shown.rstrip("/") if shown.endswith("//") else shown, url)
        if target is None:
            break
        return name, tidy(target.rstrip("/") if template.endswith(r"/\2") else target)[0]
    return host_of(url), tidy(url)[0]


def _player(node: LexborNode, page: Page) -> Player | None:
    given = node.attributes
    sources: dict[str, str] = {}
    inner = [given, *(source.attributes for source in node.css("source"))]
    for row in inner:
        url = resolve(row.get("src") or row.get("data-src") or "", page)
        if url is not None and url.startswith(("http", "/")) and not host_table("pixels").match(url):
            kind = (row.get("type") or "").strip()
            sources.setdefault(url, kind if _MEDIA_TYPE.fullmatch(kind) else "")
    if not sources:
        page.ledger.add(STEP, f"{node.tag} without a source removed")
        return None
    poster = resolve(given.get("poster") or "", page) or ""
    poster = poster if poster.startswith(("http", "/")) else ""
    return Player(node.tag or "video", tuple(sources.items()), poster if node.tag == "video" else "")
