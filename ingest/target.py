"""Reading a URL the way the request will use it.

In:  a URL as the user or a Location header wrote it.
Out: `Target`: scheme, host, port, the request line's target, credentials apart; or the `Failure` that says why not.
Never: looks up a name, changes the case or the escaping of a path (check 7), keeps credentials in anything printable.

One reader for the checker and the connector (T8): what is odd enough that two parsers could disagree is refused.
"""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import unquote_to_bytes, urljoin

from feedmill.feeds.outcome import Failure, FailureKind
from feedmill.ingest.addresses import refuse_port

DEFAULT_PORTS = {"http": 80, "https": 443}
_MAX_URL_CHARACTERS = 8_000  # what common servers take as a request line; longer is a fault, not an address
_LAST_PORT = 65_535

_URL = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*):(?P<slashes>//)?(?P<authority>[^/?#]*)(?P<rest>[^#]*)", re.DOTALL
)
_HOST = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_.])?", re.ASCII)
_IPV6 = re.compile(r"\[[0-9a-f:.]+\]", re.ASCII)
# The characters of RFC 3986; "%" stays as it is: an escape is never escaped again, nor undone.
_ILLEGAL = re.compile(r"[^A-Za-z0-9!$%&'()*+,\-./:;=?@\[\]_~]")
_CONFUSING = re.compile(r"[\\\s\x00-\x1f\x7f]")  # a browser ends the host at a backslash, others do not


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One request's address. `path` is the request target (path and query); `url` has neither userinfo nor fragment."""

    scheme: str
    host: str  # lower case, ASCII; IPv6 without brackets
    port: int
    path: str
    url: str
    authorization: str | None = field(default=None, repr=False)  # value of the Authorization header

    @property
    def origin(self) -> tuple[str, str, int]:
        """Scheme, host and port: credentials never leave it (check 93)."""
        return self.scheme, self.host, self.port


@lru_cache(maxsize=2048)
def read_target(url: str) -> Target | Failure:
    """Read an absolute http(s) URL; anything else comes back as the Failure to report."""
    text = url.strip()
    if len(text) > _MAX_URL_CHARACTERS:
        return _refused(f"the address has {len(text)} characters: more than {_MAX_URL_CHARACTERS} is no feed")
    match = _URL.fullmatch(text.partition("#")[0])
    if match is None:
        return _refused(f"{printable(text)} is not an absolute URL")
    scheme = match["scheme"].lower()
    if scheme not in DEFAULT_PORTS:
        return _refused(f"{printable(scheme)}: addresses are not fetched, only http and https")
    userinfo, _, place = match["authority"].rpartition("@")
    if _CONFUSING.search(match["authority"]):
        return _refused(f"{printable(text)} has characters in its host that no two readers read alike")
    host_port = _read_place(place.lower(), DEFAULT_PORTS[scheme])
    if match["slashes"] is None or host_port is None:
        return _refused(f"{printable(scheme + '://' + place)} has no usable host name")
    host, port = host_port
    reason = refuse_port(port)
    if reason is not None:
        return _refused(f"{host}: {reason} (80, 443 and those from 1024 are)")
    path = _ILLEGAL.sub(_escape, match["rest"])
    if not path.startswith("/"):
        path = "/" + path
    shown = f"[{host}]" if ":" in host else host
    netloc = shown if port == DEFAULT_PORTS[scheme] else f"{shown}:{port}"
    return Target(
        scheme=scheme,
        host=host,
        port=port,
        path=path,
        url=f"{scheme}://{netloc}{path}",
        authorization=_basic(userinfo) if userinfo else None,
    )


def follow(base: Target, location: str) -> Target | Failure:
    """Where a Location header (latin-1 text) leads from `base`: relative, protocol-relative, UTF-8 and spaced forms.

    RFC 9110 10.2.2. Userinfo in a Location is dropped: a server has no business choosing our credentials (check 93).
    """
    try:
        written = location.encode("latin-1").decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        written = location
    written = written.strip()
    try:
        joined = urljoin(base.url, written)
    except ValueError:
        return _refused(f"the redirect leads to {printable(written)}, which is no URL")
    found = read_target(joined)
    if isinstance(found, Failure):
        return _refused(f"the redirect from {base.url} cannot be followed: {found.detail}")
    if found.authorization is None:
        return found
    return Target(scheme=found.scheme, host=found.host, port=found.port, path=found.path, url=found.url)


def printable(text: str, limit: int = 120) -> str:
    """Text from a stranger, safe in one line of a log: no control characters, not long (T73); userinfo masked."""
    shown = re.sub(r"//[^/?#@\s]*@", "//***@", text)
    shown = "".join(letter if letter.isprintable() else "?" for letter in shown)
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def _refused(detail: str) -> Failure:
    return Failure(kind=FailureKind.BLOCKED_ADDRESS, detail=detail)


def _read_place(place: str, default_port: int) -> tuple[str, int] | None:
    """Host and port of `host[:port]`; None when a strict reading finds no host (backslash, space, tab, empty)."""
    host, colon, digits = place.rpartition(":")
    if not colon or digits.endswith("]"):
        host, digits = place, ""
    port = default_port
    if digits:
        if not (digits.isascii() and digits.isdigit() and len(digits) <= 5):
            return None
        port = int(digits)
        if not 0 < port <= _LAST_PORT:
            return None
    if _IPV6.fullmatch(host):
        return host[1:-1], port
    ascii_host = host if host.isascii() else _to_ascii(host)
    if ascii_host is None or not _HOST.fullmatch(ascii_host):
        return None
    return ascii_host, port


def _to_ascii(host: str) -> str | None:
    """The A-label of an international name, by UTS 46 as browsers do it; full-width digits become digits here too."""
    import idna

    try:
        return idna.encode(host, uts46=True).decode("ascii").lower()
    except idna.IDNAError:
        return None


def _escape(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode("utf-8", "surrogatepass"))


def _basic(userinfo: str) -> str:
    """RFC 7617: `user:password`, each percent-decoded, in base64."""
    user, _, password = userinfo.partition(":")
    pair = unquote_to_bytes(user) + b":" + unquote_to_bytes(password)
    return "Basic " + b64encode(pair).decode("ascii")
