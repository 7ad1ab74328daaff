"""Step `links`: addresses made absolute and freed of tracking, redirectors unwrapped.

In:  a `Page`.
Out: href verdicts; None unwraps a link and keeps its words.
Never: fetches to find a redirector's target.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from feedmill.ingest.clean.page import Page, shorten
from feedmill.ingest.clean.rulebook import redirectors
from feedmill.ingest.urls import absolute, tidy

_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
EDGE = "".join(chr(code) for code in range(0x21))  # what browsers strip around an address
# An address that `absolute` would give back as it is; a third of its time, and nine of ten links are like this.
_PLAIN = re.compile(
    r"https?://(?:[a-z0-9_-]+\.)+[a-z][a-z0-9-]*/[A-Za-z0-9\-._~!$&'()*+,;=:@/]{0,2000}"
    r"(?:\?[A-Za-z0-9\-._~!$&'()*+,;=:@/?]{0,2000})?(?:#[A-Za-z0-9\-._~!$&'()*+,;=:@/?]{0,2000})?"
)
_INNER = re.compile(r"[\t\n\r]")
_ADDRESSED = re.compile(r"mailto:[^?@\s]+@[^?\s]+|tel:[+\d(][\d\s().+-]*$", re.IGNORECASE)


def resolve(value: str, page: Page) -> str | None:
    """An address as it will stand: absolute http(s), mailto or tel; None for what no reader should follow.

    Without a base, relative addresses stay as written. A place on the page is looked up at the entry's own address.
    """
    if _PLAIN.fullmatch(value) and "/." not in value:
        return value
    if value.startswith(("https://", "http://")):
        return absolute(value, page.base)
    value = _INNER.sub("", value.strip(EDGE))
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
    for place, (_node, attributes) in page.links.items():
        value = attributes.get("href")
        if value is None:
            continue
        url = resolve(value, page)
        if url is None:
            if not value.lstrip(EDGE).startswith("#"):
                page.ledger.add("links", "link that leads nowhere unwrapped", shorten(value))
        elif "?" in url or "#" in url:
            url = _tidy(url, page)
        page.hrefs[place] = url


def _tidy(url: str, page: Page) -> str:
    target = _behind(url)
    if target is not None:
        page.ledger.add("links", "redirector unwrapped", shorten(url))
        url = target
    if not url.startswith("http"):
        return url
    url, removed = tidy(url, page.own_hosts)
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
