"""What one value of feedmill.toml may be: addresses, folders, hosts, secrets in an address.

In:  a value as it was written.
Out: the value as it is meant; a problem in our own words (`wrong`), which pydantic carries with its place.
Never: looks at another key, at a file or into the environment; `fill` is given it.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from pydantic_core import PydanticCustomError

from feedmill.config import units
from feedmill.config.units import shown
from feedmill.feeds.publication import FORMATS
from feedmill.publish.options import CODINGS

_SECRET = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_UNSAFE = re.compile(r"[\x00-\x20\x7f\"<>\\^`]")
_SEGMENT = re.compile(r"[A-Za-z0-9_~-][A-Za-z0-9._~-]*")
# Names that stand, or will stand, in every publication's folder (DESIGN section 8), and what `serve` answers itself.
RESERVED = frozenset({"archive", "source", "tag", "search", "status", "ops", "healthz", "metrics", "hub", "websub"})


def wrong(sentence: str) -> PydanticCustomError:
    """A problem in our own words: what is wrong, what was expected."""
    return PydanticCustomError("feedmill", "{sentence}", {"sentence": sentence})


def secrets_in(url: str) -> list[str]:
    """The environment variables that a URL names."""
    return _SECRET.findall(url)


def fill(url: str, environ: Any) -> str:
    """The URL with each `${NAME}` filled in, percent-encoded: a password may hold any character."""
    from urllib.parse import quote

    return _SECRET.sub(lambda match: quote(environ[match[1]], safe=""), url)


def check_url(value: str) -> str:
    """An absolute http(s) URL with a host; `${NAME}` only before the @."""
    text = value.strip()
    plain = _SECRET.sub("x", text) if "$" in text else text
    scheme, colon, rest = plain.partition("://")
    if not colon and not plain.lower().startswith(("http:", "https:")):
        hint = f' (did you mean "https://{text}"?)' if "." in text and ":" not in text else ""
        raise wrong(f"{shown(value)} is not an absolute URL, expected https://… or http://…{hint}")
    if scheme.lower() not in {"http", "https"}:
        raise wrong(f"{shown(value)} has the scheme {scheme}, expected http or https")
    if _UNSAFE.search(plain):
        raise wrong(f"{shown(value)} holds a space or another character no URL may hold, expected it percent-encoded")
    try:
        parts = urlsplit(plain)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise wrong(f"{shown(value)} is not a URL ({error}), expected https://host/path") from None
    if not host:
        raise wrong(f"{shown(value)} names no host, expected https://host/path")
    authority = rest.partition("/")[0]
    if "$" in text and "$" in text.replace(_userinfo(text), "", 1):
        raise wrong(f"{shown(value)} has ${{…}} outside of user:password@, expected it only there")
    if "$" in authority and not authority.rpartition("@")[0]:
        raise wrong(f"{shown(value)} has a $ in its host, expected ${{NAME}} only in user:password@")
    return text


def _userinfo(url: str) -> str:
    return url.partition("://")[2].partition("/")[0].rpartition("@")[0]


def check_site_url(value: str) -> str:
    """The public URL of the output: no query, no fragment, no password; a slash at its end."""
    url = check_url(value)
    if "?" in url or "#" in url:
        raise wrong(f"{shown(value)} has a query or a fragment, expected the URL of a folder")
    if "@" in url.partition("://")[2].partition("/")[0]:
        raise wrong(f"{shown(value)} holds a user name, expected the URL that readers use")
    return url if url.endswith("/") else url + "/"


def check_hub(value: str) -> str:
    """A hub's address stands in every feed: no password, no fragment."""
    url = check_url(value)
    if "$" in url or "#" in url or "@" in url.partition("://")[2].partition("/")[0]:
        raise wrong(f"{shown(value)} has a user name or a fragment, expected the address that every reader may see")
    return url


def check_network(value: str) -> str:
    """An address or a block of addresses."""
    from ipaddress import ip_network

    try:
        return str(ip_network(value.strip(), strict=False))
    except ValueError:
        raise wrong(f'{shown(value)} is no address, expected one such as "10.0.0.5" or "172.18.0.0/16"') from None


def check_opening(value: str) -> str:
    """A block of private addresses that may be opened."""
    from feedmill.ingest.addresses import needless

    network = check_network(value)
    if (what := needless(network)) == "a public address":
        raise wrong(f"{shown(value)} is public, and open without being named")
    if what is not None:
        raise wrong(f"{shown(value)} is {what}, which nothing opens: no feed lives there")
    return network


def check_host(value: str) -> str:
    """A host name, without scheme, port and path."""
    text = value.strip().lower().rstrip(".")
    if not re.fullmatch(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?", text) or re.fullmatch(r"[0-9.]+", text):
        raise wrong(f'{shown(value)} is not a host name, expected one such as "rss.lan" (addresses: allow_networks)')
    return text


def check_fingerprint(value: str) -> str:
    """The SHA-256 of a certificate, as openssl and browsers show it; lower case, without colons."""
    text = value.strip().lower().removeprefix("sha256:").removeprefix("sha256 fingerprint=").replace(":", "")
    if not re.fullmatch(r"[0-9a-f]{64}", text):
        raise wrong(f"{shown(value)} is not the SHA-256 of a certificate, expected 64 hexadecimal digits")
    return text


def check_contact(value: str) -> str:
    """Goes into the User-Agent between parentheses: a URL or a mail address."""
    text = value.strip()
    if "@" in text and ":" not in text and not re.search(r"[^!-'*-~]", text):
        return "mailto:" + text
    if text.startswith("mailto:") and "@" in text and not re.search(r"[^!-'*-~]", text):
        return text
    url = check_url(text)
    if "$" in url or re.search(r"[^!-'*-~]", url):
        raise wrong(f"{shown(value)} cannot stand in a User-Agent, expected a plain URL or a mail address")
    return url


def check_store(value: str) -> str:
    """A path, or postgresql://…"""
    text = value.strip()
    if not text:
        raise wrong('it is empty, expected a path such as "feedmill.db" or a postgresql:// URL')
    scheme, colon, _ = text.partition("://")
    if not colon:
        return text
    if scheme in {"sqlite", "file"}:
        raise wrong(f'{shown(value)} is a URL, expected the path alone, such as "feedmill.db"')
    if scheme not in {"postgresql", "postgres"}:
        raise wrong(
            f"{shown(value)} is not a database we know, expected a path (SQLite) or postgresql://user@host/name"
        )
    return text if scheme == "postgresql" else "postgresql" + text[len(scheme) :]


def check_text(value: str) -> str:
    """One line with something on it."""
    text = " ".join(value.split())
    if not text or units.CONTROLS.search(text):
        raise wrong(f"{shown(value)} is empty or not one line of text, expected some words")
    return text


def check_folder(value: str) -> str:
    """A publication's folder below the output."""
    text = value.strip().removesuffix("/")
    if not text:
        return ""
    if text.startswith(("/", "~")) or "\\" in text or ":" in text or ".." in text.split("/"):
        raise wrong(f'{shown(value)} leads out of the output, expected a folder below it such as "python"')
    for segment in text.split("/"):
        if not _SEGMENT.fullmatch(segment):
            raise wrong(f'{shown(value)} is not a plain folder, expected letters, digits, "-", "_" and "/" only')
        if segment.lower() in RESERVED or segment.lower().endswith((".html", ".xml", ".json", ".opml", ".css")):
            raise wrong(f'{shown(value)} uses the name "{segment}", which feedmill writes itself; expected another')
    return text


def check_formats(values: list[str]) -> list[str]:
    """A subset of the formats, at least one, in our order."""
    from feedmill.config.problems import did_you_mean

    for value in values:
        if value not in FORMATS:
            raise wrong(f"{shown(value)} is not a format{did_you_mean(value, FORMATS)}, expected {', '.join(FORMATS)}")
    if not values:
        raise wrong(f"no format is left, expected some of {', '.join(FORMATS)}")
    return [name for name in FORMATS if name in values]


def check_codings(values: list[str]) -> list[str]:
    """The content codings of twins, each once, in our order."""
    from feedmill.config.problems import did_you_mean

    for value in values:
        if value not in CODINGS:
            known = ", ".join(CODINGS)
            raise wrong(f"{shown(value)} is no coding that we write{did_you_mean(value, CODINGS)}, expected {known}")
    return [name for name in CODINGS if name in values]


def measured(read: Any) -> Any:
    """A check of what `read` makes of a value; its ValueError is the problem."""

    def check(value: object) -> Any:
        try:
            return read(value)
        except ValueError as error:
            raise wrong(str(error)) from None

    return check


def at_least(least: timedelta) -> Any:
    """A check of durations."""

    def check(value: timedelta) -> timedelta:
        if value < least:
            raise wrong(f"{units.spell(value)} is too short, expected at least {units.spell(least)}")
        return value

    return check
