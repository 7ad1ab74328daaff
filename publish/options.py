"""What an operator may set about publishing and serving; `config` fills these in, no room knows config."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from feedmill.feeds.deny import Deny
from feedmill.feeds.publication import Publication

CODINGS = ("gzip", "br")  # content codings (RFC 9110 section 8.4.1) of the twins that may lie beside the files


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishOptions:
    """Where the planet lies and what it offers. `url` is the public URL of `output`, with a trailing slash.

    `precompress`: which of `CODINGS` the output's text files are also written in, each in a file beside them.
    """

    output: Path
    title: str
    url: str
    publications: tuple[Publication, ...]
    generator_version: str = "0.1.0"
    deny: tuple[Deny, ...] = ()
    readers: tuple[tuple[str, str], ...] = ()  # (name, address with {url}): hosted readers that the page offers
    hubs: tuple[str, ...] = ()  # WebSub hubs that every feed names
    precompress: tuple[str, ...] = ()
    theme: Path | None = None  # a folder whose files stand in for those of the default theme


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """`[serve]`.

    `websub`: our own hub, and subscribing at the hubs of our sources. `hubs`: other hubs that are told of changes.
    `connections_per_client` and `requests_per_second` (with `burst` at once): what one address of the public Internet
    may take; 0 is no limit. `trusted_proxies`: whose X-Forwarded-For is believed, besides this machine's.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    websub: bool = False
    hubs: tuple[str, ...] = ()
    connections_per_client: int = 100
    requests_per_second: int = 20
    burst: int = 600
    trusted_proxies: tuple[str, ...] = ()
