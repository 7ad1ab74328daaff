"""What is no mistake and may surprise all the same: one line each, told and passed over.

In:  a checked document, what was made of it, its path and text.
Out: lines `feedmill.toml:LINE: key.path: ...`.
Never: stops anybody.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from feedmill.config.consistency import spelling
from feedmill.config.model import Document
from feedmill.config.places import find_places
from feedmill.config.settings import resolve
from feedmill.config.units import shown, spell
from feedmill.feeds.deny import Deny, DenyList
from feedmill.feeds.source import Source
from feedmill.ingest.options import ScheduleOptions


def notices(
    document: Document,
    path: Path,
    text: str,
    *,
    sources: tuple[Source, ...],
    deny: tuple[Deny, ...],
    schedule: ScheduleOptions,
) -> tuple[str, ...]:
    """All of them, by kind."""
    return (
        *_lookalikes(sources, path, text),
        *_denied_sources(sources, deny, path, text),
        *_hubs_without_address(document, path, text),
        *_too_small_a_budget(document, schedule, path, text),
        *_useless_certificates(document, path, text),
    )


def _lookalikes(sources: tuple[Source, ...], path: Path, text: str) -> Iterator[str]:
    """Sources that differ only in what seldom matters: http or https, `www.`, a slash at the end."""
    seen: dict[str, int] = {}
    doubles = []
    for index, source in enumerate(sources):
        key = spelling(source.url).partition("://")[2].removeprefix("www.").rstrip("/")
        first = seen.setdefault(key, index)
        if first != index:
            doubles.append((index, first))
    if not doubles:
        return
    from feedmill.config.problems import line_of

    places = find_places(text)
    for index, first in doubles:
        other = f"source[{first + 1}], {shown(sources[first].url)}"
        sentence = f"{shown(sources[index].url)} looks like {other}; one of them is enough"
        yield line_of(str(path), places, ("source", index, "url"), sentence)


def _denied_sources(sources: tuple[Source, ...], deny: tuple[Deny, ...], path: Path, text: str) -> Iterator[str]:
    """Sources that the same file refuses: they are left out, and that may surprise."""
    from feedmill.config.problems import line_of

    denied = DenyList(deny)
    for index, source in enumerate(sources) if deny else ():
        if reason := denied.source(source.url):
            yield line_of(str(path), find_places(text), ("source", index, "url"), f"left out: {reason}")


def _hubs_without_address(document: Document, path: Path, text: str) -> Iterator[str]:
    """WebSub tells others where we are: without `url` it would tell them an address of this machine."""
    from feedmill.config.problems import line_of

    if document.url is None:
        for name in ("websub", "hubs"):
            if getattr(document.serve, name):
                sentence = "`url` is not set, so only programs on this machine can subscribe; set the public address"
                yield line_of(str(path), find_places(text), ("serve", name), sentence)


def _too_small_a_budget(document: Document, options: ScheduleOptions, path: Path, text: str) -> Iterator[str]:
    """`max_interval` wins: a source is never looked at less often."""
    from feedmill.config.problems import line_of

    least = len(document.source) * (timedelta(days=1) / options.max_interval)
    if options.requests_per_day is not None and options.requests_per_day < least:
        sentence = f"{len(document.source)} sources cost at least {least:,.0f} a day while max_interval is "
        sentence += f"{spell(options.max_interval)}; raise one of them"
        yield line_of(str(path), find_places(text), ("schedule", "requests_per_day"), sentence)


def _useless_certificates(document: Document, path: Path, text: str) -> Iterator[str]:
    """Files of authorities that cannot be used: their sources will fail, and the others need not."""
    from feedmill.config.problems import line_of

    for index, row in enumerate(document.source):
        if row.tls_ca is not None and (reason := _no_certificates(resolve(path, row.tls_ca))):
            sentence = f"{shown(row.tls_ca)} {reason}, expected a file of certificates in PEM"
            yield line_of(str(path), find_places(text), ("source", index, "tls_ca"), sentence)


def _no_certificates(file: Path) -> str | None:
    import ssl

    try:
        ssl.create_default_context(cafile=str(file))
    except ssl.SSLError:
        return "holds no certificate"
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    return None
