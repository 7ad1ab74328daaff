"""Which link is the entry's own page, and which places a feed calls its own: reference cleaning.md section 3.2.

In:  links as parsed, the document's URL.
Out: one absolute http(s) URL without tracking, and a note of what went.
Never: an enclosure, a feed, a `tag:` id or a relative guid as link (parsing.md traps 14-22).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from feedmill.feeds.entry import Note
from feedmill.ingest.parsed import Link, ParsedEntry, ParsedFeed, ParsedSource
from feedmill.ingest.urls import absolute, host_of, own_hosts, tidy, unescape_once

_PAGE_TYPES = frozenset({"text/html", "application/xhtml+xml", "application/xml+xhtml", "html", "xhtml", ""})
_NOT_PUBLIC = ("localhost", "127.0.0.1", "example.com", "")
# "baker.example/feed.xml", as people say it; "index.html" is a file. Only a feed's own links are read so: an entry's
# may lie in a folder called "v1.io". Of the corpus, live-68a5fd32ef7e.rss needs it.
_BARE_HOST = re.compile(
    r"(?:[a-z0-9-]+\.)+(?!(?:html?|[xs]html|php|aspx?|jsp|cgi|xml|rss|atom|rdf|json|txt)(?:/|\Z))[a-z]{2,}(?:/|\Z)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where a feed lives. `base` resolves relative links that have no xml:base: site, else self, else the document."""

    base: str
    site_url: str | None
    feed_url: str
    own: tuple[str, ...]
    own_hosts: frozenset[str]


def feed_places(feed: ParsedFeed, *, source_url: str) -> Places:
    """The feed's own addresses, absolute; `feed_url` is its rel=self when that is public, else where it was fetched."""
    document = absolute(feed.base) or absolute(source_url) or source_url
    site = site_link(feed.about, document)
    self_url = self_link(feed.about, document)
    if self_url is None or (host_of(self_url) in _NOT_PUBLIC and host_of(self_url) != host_of(document)):
        self_url = absolute(source_url) or source_url
    own = tuple(dict.fromkeys(url for url in (site, self_url, document, source_url) if url))
    return Places(base=site or self_url, site_url=site, feed_url=self_url, own=own, own_hosts=own_hosts(own))


def site_link(about: ParsedSource, base: str | None) -> str | None:
    """The page of a feed: its rel=alternate link to HTML, tidied."""
    for link in _alternates(about.links):
        url = _resolve(_with_scheme(link.href, link.base or base), link.base or base)
        if url:
            return tidy(url, own_hosts([url, base]))[0]
    return None


def self_link(about: ParsedSource, base: str | None) -> str | None:
    """The address a feed gives for itself: its rel=self link."""
    for link in about.links:
        if link.rel == "self":
            url = _resolve(_with_scheme(link.href, link.base or base), link.base or base)
            if url:
                return url
    return None


def choose_link(parsed: ParsedEntry, places: Places) -> str | None:
    """The entry's page: `read_link` without the notes."""
    return read_link(parsed, places)[0]


def read_link(parsed: ParsedEntry, places: Places) -> tuple[str | None, list[Note]]:
    """origLink, else the last alternate to HTML, else any alternate, else a guid that is an http(s) permalink."""
    notes: list[Note] = []
    for href, base, origin in _candidates(parsed):
        url = _resolve(_at_home(href, places.own), base or places.base)
        if url is None:
            continue
        if origin:
            notes.append(Note(step="link", field="url", detail=origin))
        url, removed = tidy(url, places.own_hosts)
        if removed:
            notes.append(Note(step="link", field="url", detail="removed tracking: " + ", ".join(removed)[:200]))
        return url, notes
    return None, notes


def _candidates(parsed: ParsedEntry) -> Iterator[tuple[str, str | None, str]]:
    if parsed.orig_link:
        yield parsed.orig_link, None, "taken from the original link that the feed service kept"
    for link in _alternates(parsed.links):
        yield link.href, link.base, ""
    guid = (parsed.id or "").strip()
    path = parsed.id_is_permalink and guid.startswith("/")
    if path or (parsed.id_is_permalink is not False and guid[:8].lower().startswith(("http://", "https://"))):
        yield guid, None, "no link: the id is a permalink"


def _alternates(links: Sequence[Link]) -> list[Link]:
    """Alternates to pages, the last first (parsing.md trap 19), then alternates to anything else."""
    alternates = [link for link in links if link.rel in ("alternate", "") and link.href.strip()]
    if len(alternates) < 2:
        return alternates
    pages = [link for link in alternates if (link.media_type or "").partition(";")[0].strip().lower() in _PAGE_TYPES]
    return [*reversed(pages), *(link for link in alternates if link not in pages)]


def _with_scheme(href: str, base: str | None) -> str:
    """A feed's own link that begins with a host name in place of `https://`."""
    scheme = "http" if (base or "").startswith("http:") else "https"
    return f"{scheme}://{href.strip()}" if _BARE_HOST.match(href.strip()) else href


def _at_home(href: str, own: Sequence[str]) -> str:
    """An entry's link that begins with the name of a host that the feed calls its own."""
    host = re.split(r"[/?#]", href.strip(), maxsplit=1)[0].lower().removeprefix("www.")
    if "." not in host or ":" in host:
        return href
    home = next((url for url in own if host_of(url) == host), None)
    return f"{home.partition(':')[0]}://{href.strip()}" if home else href


def _resolve(href: str, base: str | None) -> str | None:
    href = unescape_once(href.strip())
    if href[:4].lower() == "www.":
        href = "http://" + href  # nobody has a page called www.
    return absolute(href, base)
