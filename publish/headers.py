"""Which headers a published file is served with.

In:  a URL path, the first bytes of the file, the policy.
Out: its media type, and the headers that do not depend on the request.
Never: looks at a request, reads a file or a clock.

Sources: reference publishing.md (finding 7, G9, H2, I4, I5), network.md (S7, S8, S10-S12).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import PurePosixPath
from urllib.parse import quote, urljoin

Header = tuple[bytes, bytes]

# XML is served as application/xml and not as application/atom+xml: only then does a browser apply the style sheet;
# every reader tested accepts it, and the exact type stands in the autodiscovery links (publishing.md, finding 7).
MEDIA_TYPES = {
    ".xml": "application/xml; charset=utf-8",
    ".atom": "application/atom+xml; charset=utf-8",
    ".rss": "application/rss+xml; charset=utf-8",
    ".json": "application/json; charset=utf-8",
    ".opml": "text/x-opml; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".svg": "image/svg+xml; charset=utf-8",
    ".webmanifest": "application/manifest+json; charset=utf-8",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".ico": "image/vnd.microsoft.icon",
    ".woff2": "font/woff2",
    ".mp3": "audio/mpeg",
    ".pdf": "application/pdf",
}
UNKNOWN_TYPE = "application/octet-stream"
JSON_FEED_TYPE = "application/feed+json; charset=utf-8"
JSON_FEED_MARK = b"jsonfeed.org/version/"  # JSON Feed 1.1: `version` must be this URL
CORS_SUFFIXES = frozenset({".xml", ".atom", ".rss", ".json", ".opml"})  # what a reader in a browser fetches (I5, S12)
FEED_ENDINGS = ("/atom.xml", "/rss.xml", "/feed.json")
SEARCH_PAGES = frozenset({"/search.html", "/search/index.html"})  # the only pages with a script, and it is ours

PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src * data:; media-src *; font-src 'self'; manifest-src 'self'; "
    "connect-src 'self'; "  # for whoever looks at robots.txt from inside the page, as Lighthouse does
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SEARCH_POLICY = f"{PAGE_POLICY}; script-src 'self'"
SVG_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How long others may keep what we serve.

    `max_age`: about half the poll interval (I4), at least a minute (S7). `status_max_age`: of status.html and
    status.json, which move between two editions.
    """

    max_age: timedelta = timedelta(minutes=5)
    stale_while_revalidate: timedelta = timedelta(minutes=10)
    stale_if_error: timedelta = timedelta(days=1)
    status_max_age: timedelta = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingHeaders:
    """`always` goes with 200 and 304 alike (RFC 9110, 15.4.5), `with_body` only with the bytes."""

    always: tuple[Header, ...]
    with_body: tuple[Header, ...]
    cors: bool


def media_type(path: str, body: bytes) -> str:
    """The Content-Type of a file, with its charset: by suffix, and for JSON by what it says it is."""
    kind = MEDIA_TYPES.get(PurePosixPath(path).suffix.lower(), UNKNOWN_TYPE)
    if path.endswith(".json") and JSON_FEED_MARK in body[:256]:
        return JSON_FEED_TYPE
    return kind


def is_text(kind: str) -> bool:
    """Whether gzip can help: everything with a charset is text."""
    return "charset=" in kind or kind == UNKNOWN_TYPE


def standing_headers(path: str, kind: str, *, policy: Policy, link: str | None = None) -> StandingHeaders:
    """The headers of `path` that no request changes; `link` is the value of its Link header, if it has one."""
    suffix = PurePosixPath(path).suffix.lower()
    cors = suffix in CORS_SUFFIXES
    always: list[Header] = [(b"cache-control", cache_control(path, policy)), (b"vary", b"Accept-Encoding")]
    if cors:
        always.append((b"access-control-allow-origin", b"*"))
        always.append((b"access-control-expose-headers", b"ETag, Link"))
    with_body: list[Header] = [(b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer")]
    if link:
        with_body.append((b"link", link.encode("latin-1", "replace")))
    security = content_security_policy(path, kind)
    if security:
        with_body.append((b"content-security-policy", security.encode("ascii")))
    return StandingHeaders(always=tuple(always), with_body=tuple(with_body), cors=cors)


def links_of(site_url: str, hubs: Sequence[str] = ()) -> Callable[[str], str | None]:
    """What gives each feed its Link header: one `self`, and the hubs if there are any (F1, S21, WebSub P1)."""

    def link(path: str) -> str | None:
        if not path.endswith(FEED_ENDINGS):
            return None
        found = [(self_url(site_url, path[1:]), "self"), *((hub, "hub") for hub in hubs)]
        return ", ".join(f'<{url}>; rel="{relation}"' for url, relation in found)

    return link


def self_url(site_url: str, name: str) -> str:
    """The public address of a published file, by its path below the output."""
    return quote(urljoin(site_url, name), safe=":/?=&%[]@")


def cache_control(path: str, policy: Policy) -> bytes:
    """`public` with the times of the policy; status.* may move at any tick."""
    is_status = PurePosixPath(path).stem == "status"
    max_age = max(policy.status_max_age if is_status else policy.max_age, timedelta(minutes=1))
    return (
        f"public, max-age={max_age // timedelta(seconds=1)}, "
        f"stale-while-revalidate={policy.stale_while_revalidate // timedelta(seconds=1)}, "
        f"stale-if-error={policy.stale_if_error // timedelta(seconds=1)}"
    ).encode("ascii")


def content_security_policy(path: str, kind: str) -> str | None:
    """What a browser may load or run for this document; None for what a browser does not render."""
    if kind.startswith("image/svg"):
        return SVG_POLICY
    if path in SEARCH_PAGES:
        return SEARCH_POLICY
    if kind.startswith(("text/html", "application/xml", "application/atom", "application/rss")):
        return PAGE_POLICY
    return None
