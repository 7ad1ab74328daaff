"""URLs: made absolute, freed of tracking, folded to a key. Reference cleaning.md section 3.2.

In:  what a document calls a URL, and the base it stands in.
Out: an absolute http(s) URL of RFC 3986 characters only, or None; a key for comparing.
Never: fetches anything, publishes a key, or returns a URL with credentials.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from urllib.parse import unquote, unquote_to_bytes

from feedmill.ingest import tracking

# Nothing to do for these: plain characters, lower-case host with a dot, a path, no dot segment. Nine of ten URLs.
_CANONICAL = re.compile(
    r"https?://(?:[a-z0-9_-]+\.)+[a-z][a-z0-9-]*/(?:[A-Za-z0-9\-_~!$&'()*+,;=:@/]|(?<!/)\.|(?<=/)\.(?=[^./?#]))*"
    r"(?:\?[A-Za-z0-9\-._~!$&'()*+,;=:@/?]*)?(?:#[A-Za-z0-9\-._~!$&'()*+,;=:@/?]+)?"
)
_MAX_LENGTH = 8192  # characters; browsers take more, feeds with more are attacks
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")
_DROPPED = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_SPLIT = re.compile(r"([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.DOTALL)
_NOT_URI = re.compile(r"%(?![0-9A-Fa-f]{2})|[^A-Za-z0-9\-._~!$&'()*+,;=:@/?%]")  # RFC 3986 section 3.3, 3.4
_LOWER_ESCAPE = re.compile(r"%(?:[a-f][0-9A-Fa-f]|[0-9A-F][a-f])")
_DOT_ESCAPE = re.compile(r"%2e", re.IGNORECASE)
_HOST = re.compile(r"[a-z0-9_\-]{1,63}(?:\.[a-z0-9_\-]{1,63})*\.?")
_AMPERSAND = re.compile(r"&(?:amp;|#0*38;|#[xX]0*26;)+")
_DEFAULT_PORT = {"http": "80", "https": "443"}


def absolute(url: str, base: str | None = None) -> str | None:
    """The absolute http(s) URL that `url` means in a document at `base`; None when it means none (WHATWG URL).

    Deviates from browsers where a feed validator is stricter: what RFC 3986 does not allow is escaped, credentials
    are dropped, an empty reference is no link (parsing.md trap 19).
    """
    if _CANONICAL.fullmatch(url) and len(url) <= _MAX_LENGTH:
        return url
    url = _DROPPED.sub("", url).strip()
    if not url or len(url) > _MAX_LENGTH:
        return None
    scheme, rest = _cut_scheme(url)
    if scheme and scheme not in _DEFAULT_PORT:
        return None
    if scheme and rest[:2].replace("\\", "/") == "//":
        return _assemble(scheme, rest.replace("\\", "/", 2))
    if not base:
        return _assemble(scheme, "//" + rest.lstrip("/\\")) if scheme else None
    base_scheme, base_rest = _cut_scheme(base)
    if base_scheme not in _DEFAULT_PORT:
        return None
    if scheme and scheme != base_scheme:
        return _assemble(scheme, "//" + rest.lstrip("/\\"))
    return _assemble(base_scheme, _join(base_rest, rest))


def unescape_once(url: str) -> str:
    """`&amp;` in a link is an escape too many (parsing.md trap 22), however often it was made."""
    return _AMPERSAND.sub("&", url) if "&" in url else url


def _cut_scheme(url: str) -> tuple[str, str]:
    found = _SCHEME.match(url)
    return (found.group()[:-1].lower(), url[found.end() :]) if found else ("", url)


def _join(base: str, reference: str) -> str:
    """`//authority/path?query#fragment` of `reference` seen from `base` (RFC 3986 section 5.2.2, no scheme)."""
    first = reference[:1]
    if reference[:2].replace("\\", "/") == "//":
        return "//" + reference[2:]
    authority, path, query = _parts(base)
    if first in ("/", "\\"):
        return f"//{authority}{reference}"
    if first == "#":
        return f"//{authority}{path}{query}{reference}"
    if first == "?":
        return f"//{authority}{path}{reference}"
    return f"//{authority}{path.rpartition('/')[0]}/{reference}"


def _parts(rest: str) -> tuple[str, str, str]:
    found = _SPLIT.fullmatch(rest)
    hierarchy, query = (found.group(1), found.group(2)) if found else (rest, None)
    authority, slash, path = hierarchy.replace("\\", "/").lstrip("/").partition("/")
    return authority, slash + path, "" if query is None else "?" + query


def _assemble(scheme: str, rest: str) -> str | None:
    found = _SPLIT.fullmatch(rest)
    if not found:  # pragma: no cover - the pattern takes any text
        return None
    hierarchy, query, fragment = found.groups()
    authority, slash, path = hierarchy.replace("\\", "/").lstrip("/").partition("/")
    host = _host_and_port(authority.rpartition("@")[2], scheme)
    if host is None:
        return None
    out = f"{scheme}://{host}{_remove_dots(slash + _legal(path)) or '/'}"
    if query is not None:
        out += "?" + _legal(query)
    if fragment:
        out += "#" + _legal(fragment)
    return out if len(out) <= 3 * _MAX_LENGTH else None


def _legal(part: str) -> str:
    if _NOT_URI.search(part):
        part = _NOT_URI.sub(_escape, part)
    return _LOWER_ESCAPE.sub(lambda found: found.group().upper(), part) if "%" in part else part


def _escape(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found.group().encode())


def _remove_dots(path: str) -> str:
    if "." not in path and "%2" not in path:
        return path
    path = _DOT_ESCAPE.sub(".", path) if "%2E" in path else path
    if "/." not in path:
        return path
    kept: list[str] = []
    segments = path.split("/")[1:]
    for place, segment in enumerate(segments):
        last = place == len(segments) - 1
        if segment == "..":
            if kept:
                kept.pop()
        elif segment != ".":
            kept.append(segment)
            continue
        if last:
            kept.append("")
    return "/" + "/".join(kept)


def _host_and_port(authority: str, scheme: str) -> str | None:
    if authority.startswith("["):
        address, _, rest = authority[1:].partition("]")
        try:
            host = f"[{IPv6Address(address.partition('%')[0]).compressed}]"
        except (AddressValueError, ValueError):
            return None
        colon, port = rest[:1], rest[1:]
        if rest and colon != ":":
            return None
    else:
        name, _, port = authority.partition(":")
        known = _host_name(name)
        if known is None:
            return None
        host = known
    if not port or (port.isascii() and port.isdigit() and port.lstrip("0") == _DEFAULT_PORT[scheme]):
        return host
    if not (port.isascii() and port.isdigit()) or len(port) > 9 or int(port) > 65535:
        return None
    return f"{host}:{int(port)}"


def _host_name(name: str) -> str | None:
    """Lower-case ASCII (IDNA, UTS 46); None for what no host may be called."""
    if "%" in name:
        try:
            name = unquote_to_bytes(name).decode()
        except UnicodeDecodeError:
            return None
    if not name.isascii():
        import idna

        if len(name) > 255:
            return None
        try:
            name = idna.encode(name, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError, ValueError):
            return None
    name = name.lower()
    if not _HOST.fullmatch(name) or len(name) > 253:
        return None
    if name.rstrip(".").rpartition(".")[2].isdigit():
        try:
            return str(IPv4Address(name))
        except AddressValueError:
            return None
    return name


# --- tracking ---


def tidy(url: str, own_hosts: Collection[str] = ()) -> tuple[str, list[str]]:
    """An absolute URL without tracking, and the names of what went; redirectors that tell their target are unwrapped.

    `own_hosts`: of the feed and its site; `ref`, `source` and `src` go only when they name one of them, or "rss".
    """
    if "?" not in url and "#" not in url:
        return url, []
    removed: list[str] = []
    for _ in range(3):
        target = _redirect_target(url)
        if target is None:
            break
        removed.append("redirect:" + host_of(url))
        url = target
    bare, hash_mark, fragment = url.partition("#")
    if hash_mark and tracking.FRAGMENT.match(fragment):
        removed.append("#" + fragment[:40])
        hash_mark = fragment = ""
    path, mark, query = bare.partition("?")
    if mark and not tracking.UNTOUCHED_HOST.search(host_of(url)):
        kept = _without_tracking(query, host_of(url), own_hosts, removed)
        mark, query = ("?", kept) if kept or not query else ("", "")
    return f"{path}{mark}{query}{hash_mark}{fragment}", removed


def _without_tracking(query: str, host: str, own_hosts: Collection[str], removed: list[str]) -> str:
    pairs = [(pair, *_named(pair)) for pair in query.split("&")]
    names = {name for _, name, _ in pairs}
    if any(tracking.is_signature(name) for name in names):
        return query
    kept = []
    for pair, name, value in pairs:
        if tracking.is_tracking(name, value, host=host, names=names, own_hosts=own_hosts):
            removed.append(name)
        else:
            kept.append(pair)
    return "&".join(kept)


def _named(pair: str) -> tuple[str, str]:
    name, _, value = pair.partition("=")
    return (unquote(name) if "%" in name else name).lower(), value


def _redirect_target(url: str) -> str | None:
    found = tracking.REDIRECTOR.match(url)
    if not found:
        return None
    query = url.partition("?")[2].partition("#")[0]
    if found.group("bare"):
        return absolute(unescape_once(url.partition("?")[2]))
    for pair in query.split("&"):
        name, value = _named(pair)
        if name in ("q", "u", "url"):
            return absolute(unquote(value))
    return None


def host_of(url: str) -> str:
    """The host of an absolute URL, without its port and a leading `www.`; "" when there is none."""
    start = url.find("://")
    if start < 0:
        return ""
    host = re.split(r"[/?#]", url[start + 3 :], maxsplit=1)[0].partition(":")[0].lower()
    return host.removeprefix("www.")


def own_hosts(urls: Iterable[str | None]) -> frozenset[str]:
    """The hosts that a feed calls its own."""
    return frozenset(host for url in urls if url and (host := host_of(url)))


# --- the key ---


def canonical_key(url: str) -> str:
    """What two links to one page have in common: for de-duplication, never for publication.

    Folded: scheme, port 80/443, `www.` `m.` `mobile.` `amp.`, AMP caches and paths, index files, trailing slash,
    order of parameters, escapes of unreserved characters, tracking.
    Kept: path case, and fragments that may be permalinks of a one-page blog.
    """
    url = absolute(url) or url
    found = tracking.AMP_CACHE.match(url)
    if found:
        url = absolute(f"http{'s' if found.group(1) else ''}://{found.group(2)}") or url
    url = tidy(url)[0]
    rest = url.partition("://")[2] or url
    found = _SPLIT.fullmatch(rest)
    hierarchy, query, fragment = found.groups() if found else (rest, None, None)
    host, _, path = hierarchy.partition("/")
    host = tracking.HOST_PREFIX.sub("", host) if host.count(".") > 1 else host
    path = tracking.AMP_PATH.sub("", tracking.INDEX_FILE.sub("", _unreserved(path))).rstrip("/")
    pairs = [pair for pair in (query or "").split("&") if pair and not tracking.AMP_PAIR.fullmatch(pair)]
    key = f"{host}/{path}" + ("?" + "&".join(sorted(pairs)) if pairs else "")
    return f"{key}#{fragment}" if fragment and not tracking.PLACE_ON_PAGE.match(fragment) else key


def _unreserved(path: str) -> str:
    return re.sub(r"%(?:2D|2E|5F|7E|3[0-9]|[46][1-9A-F]|[57][0-9A])", lambda hit: unquote(hit.group()), path)
