"""What an operator may set about publishing and serving; `config` fills these in, no room knows config."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from feedmill.feeds.deny import Deny
from feedmill.feeds.publication import Publication


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishOptions:
    """Where the planet lies and what it offers. `url` is the public URL of `output`, with a trailing slash."""

    output: Path
    title: str
    url: str
    publications: tuple[Publication, ...]
    generator_version: str = "0.1.0"
    deny: tuple[Deny, ...] = ()
    readers: tuple[tuple[str, str], ...] = ()  # (name, address with {url}): hosted readers that the page offers


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """`[serve]`."""

    host: str = "127.0.0.1"
    port: int = 8080
