"""Addresses: which may stand in an output, and which must not be told to the public.

In:  URLs from feeds and from the configuration.
Out: absolute http(s) URIs that every format accepts, or None; the public form of a source's address.
Never: resolves a relative URL, looks up a name, fetches.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import SplitResult, parse_qsl, quote, urlencode, urlsplit, urlunsplit

_PLAIN = re.compile(r"https?://[A-Za-z0-9\[][\x21\x23-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7a\x7e]*")
_KEEP = "!#$%&'()*+,/:;=?@~-._"
_LONGEST = 8192
# Query parameters that open a private feed: their value is a password (check D3, T74).
_SECRET = re.compile(
    r"(?i)^(access|api|auth|feed|private|rss|session|user)?[_-]?(key|token|auth|secret|password|passwd|pwd|sig|signature)$"
)
_BARE = re.compile(r"https?://[A-Za-z0-9.\-_~:/]*")  # most addresses of feeds: neither a login nor a query to look at
_LOCAL_NAME = re.compile(r"(?i)(^|\.)(localhost|local|internal|intranet|lan|home|corp|private|home\.arpa)$")


@lru_cache(maxsize=8192)
def web_url(url: str | None) -> str | None:
    """`url` as an absolute http(s) URI in ASCII; None for anything else: javascript:, no host (T52)."""
    if not url:
        return None
    url = url.strip()
    if len(url) > _LONGEST:
        return None
    try:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            return None
        _ = parts.port  # ValueError beyond 65535
        if _PLAIN.fullmatch(url):
            return url
        path, query, fragment = _quoted(parts.path), _quoted(parts.query), _quoted(parts.fragment)
        return urlunsplit((parts.scheme, _ascii_host(parts), path, query, fragment))
    except (ValueError, UnicodeError):
        return None


def _ascii_host(parts: SplitResult) -> str:
    host = parts.netloc
    if not host.isascii():
        host = host.encode("idna").decode("ascii")
    if not re.fullmatch(r"[A-Za-z0-9.\-_~%:@!$&'()*+,;=\[\]]+", host):
        raise ValueError(host)
    return host


def _quoted(part: str) -> str:
    return quote(part, safe=_KEEP)


@lru_cache(maxsize=8192)  # each output of an edition asks it of the same sources
def has_secret(url: str) -> bool:
    """True when the URL carries a user name, a password or a token in its query."""
    if _BARE.fullmatch(url):
        return False
    parts = _split(url)
    return parts is None or "@" in parts.netloc or any(_SECRET.match(name) for name, _ in parse_qsl(parts.query))


def without_secret(url: str) -> str:
    """The same URL without user name, password and secret query parameters: what the public may read."""
    if not has_secret(url):
        return url
    parts = _split(url)
    if parts is None:
        return "about:invalid"
    query = parts.query
    pairs = parse_qsl(query, keep_blank_values=True)
    if any(_SECRET.match(name) for name, _ in pairs):
        query = urlencode([(name, value) for name, value in pairs if not _SECRET.match(name)])
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query=query))


@lru_cache(maxsize=8192)
def is_private(url: str) -> bool:
    """True for an address that the public cannot reach: a non-global literal address, a name without a dot, .local."""
    parts = _split(url)
    host = (parts.hostname or "") if parts else ""
    if ":" not in host and not host[-1:].isdigit():  # a name, not an address
        return "." not in host.strip(".") or _LOCAL_NAME.search(host.rstrip(".")) is not None
    from ipaddress import ip_address

    try:
        return not ip_address(host.partition("%")[0]).is_global
    except ValueError:  # 2130706433, 0x7f.1: spellings that some resolvers take for an address
        return True


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.hostname
    except ValueError:
        return None
    return parts
