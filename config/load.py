"""feedmill.toml -> `Settings`, or every problem at once.

In:  the path of the file; the environment, for `${NAME}` in URLs.
Out: `Settings`, or a `ConfigError` with one line for each problem:
     `feedmill.toml:LINE: key.path: what is wrong, what was expected`.
Never: opens the store, fetches, or reads a subscription list. Relative paths are relative to the file.
pydantic is imported here, thus only when a configuration is read.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from feedmill import __version__
from feedmill.config.model import (
    Document,
    NeverTable,
    PublicationTable,
    ScheduleTable,
    ServeTable,
    SourceTable,
    fill,
    secrets_in,
)
from feedmill.config.places import KeyPath, find_places
from feedmill.config.settings import Settings, SubscriptionList
from feedmill.config.units import shown, spell
from feedmill.feeds.deny import Deny, DenyList
from feedmill.feeds.errors import ConfigError
from feedmill.feeds.publication import Publication, Selection
from feedmill.feeds.source import NO_RULES, Filter, Source, SourceRules
from feedmill.ingest.options import FetchOptions, ScheduleOptions, TlsTrust
from feedmill.publish.options import ServeOptions

__all__ = ["Settings", "SubscriptionList", "load", "load_text", "read_text"]

Problem = tuple[KeyPath, str]
DIGESTS = 14  # `limit` of a publication of days that names none
# The extra `fulltext`. trafilatura's own requirement justext does not import without the second one.
FULL_TEXT_NEEDS = ("trafilatura", "lxml_html_clean")


def load(path: Path, *, environ: Mapping[str, str] = os.environ) -> Settings:
    """Read, check and complete the configuration at `path`."""
    return load_text(read_text(path), path, environ=environ)


def read_text(path: Path) -> str:
    """The text of the file; a `ConfigError` that says what to do when it cannot be read."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(
            f"{path}: there is no such file; write one with `feedmill init`, or name one with `feedmill --config FILE`"
        ) from None
    except IsADirectoryError:
        raise ConfigError(f"{path}: this is a folder, expected a file such as {path / 'feedmill.toml'}") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigError(
            f"{path}:{line}: TOML: byte 0x{error.object[error.start]:02x} is not UTF-8, expected UTF-8"
        ) from None
    except OSError as error:
        raise ConfigError(f"{path}: it cannot be read ({error.strerror}), expected a readable file") from None


def load_text(text: str, path: Path, *, environ: Mapping[str, str] = os.environ) -> Settings:
    """The same, from text that is (or will be) the content of `path`."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        from feedmill.config.problems import syntax_problem

        raise ConfigError(syntax_problem(str(path), error, text)) from None
    try:
        document = Document.model_validate(tables)
    except ValidationError as error:
        raise ConfigError(_worded(path, text, error)) from None
    problems = [*_cross_problems(document, path, environ)]
    if problems:
        raise ConfigError(_lines(path, text, problems))
    return _settings(document, path, text, environ)


def _worded(path: Path, text: str, error: ValidationError) -> list[str]:
    """pydantic's problems, and those between keys as far as the valid rest lets us see them, in order of lines."""
    from feedmill.config.problems import model_problems

    return [line for _, line in sorted(model_problems(str(path), error.errors(), find_places(text), Document))]


def _lines(path: Path, text: str, problems: list[Problem]) -> list[str]:
    from feedmill.config.problems import line_of

    places = find_places(text)
    problems.sort(key=lambda problem: places.line(problem[0]))
    return [line_of(str(path), places, key, sentence) for key, sentence in problems]


# -- what one key cannot know of another ------------------------------------------------------------------------------


def _cross_problems(document: Document, path: Path, environ: Mapping[str, str]) -> Iterator[Problem]:
    yield from _missing_secrets(document, environ)
    yield from _double_sources(document)
    yield from _double_folders(document)
    yield from _odd_denials(document)
    yield from _interval_order(document.schedule)
    yield from _exposed_files(document, path)
    yield from _missing_extras(document)
    yield from _odd_certificates(document)


def _missing_secrets(document: Document, environ: Mapping[str, str]) -> Iterator[Problem]:
    urls: list[tuple[KeyPath, str]] = [(("store",), document.store)] if "://" in document.store else []
    urls += [
        (("source", index, "url"), source.url) for index, source in enumerate(document.source) if "$" in source.url
    ]
    urls += [(("list", index, "opml"), row.opml) for index, row in enumerate(document.lists) if "$" in row.opml]
    for key, url in urls:
        for name in secrets_in(url):
            if name not in environ:
                yield key, f"the environment has no {name}, expected it to be set (export {name}=…)"


def _double_sources(document: Document) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for index, source in enumerate(document.source):
        first = seen.setdefault(_spelling(source.url), index)
        if first != index:
            other = document.source[first].url
            same = "" if other == source.url else f", written {shown(other)} there"
            yield (
                ("source", index, "url"),
                f"{shown(source.url)} is already source[{first + 1}]{same}, expected each feed once (join their tags)",
            )


def _spelling(url: str) -> str:
    """Two URLs of one spelling are the same for any server: case of scheme and host, default port, fragment."""
    head, _, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    scheme = head.lower()
    user, at, host = authority.rpartition("@")
    host = host.lower().removesuffix(":80" if scheme == "http" else ":443")
    return f"{scheme}://{user}{at}{host}/{(slash and path).partition('#')[0]}"


def _double_folders(document: Document) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for index, publication in enumerate(document.publication):
        first = seen.setdefault(publication.path.casefold(), index)
        if first != index:
            yield (
                ("publication", index, "path"),
                f"{shown(publication.path)} is already publication[{first + 1}]'s folder, expected one for each",
            )


def _odd_denials(document: Document) -> Iterator[Problem]:
    for index, row in enumerate(document.deny):
        if sum(value is not None for value in (row.source, row.domain, row.entry)) != 1:
            yield ("deny", index), "expected exactly one of source, domain and entry"


def _interval_order(table: ScheduleTable) -> Iterator[Problem]:
    """Only what the user wrote can be wrong; an unwritten interval gives way (`_schedule`)."""
    written = [
        (name, value)
        for name in ("min_interval", "default_interval", "max_interval")
        if (value := getattr(table, name)) is not None
    ]
    for (low, shorter), (high, longer) in pairwise(written):
        if shorter > longer:
            yield (
                ("schedule", high),
                f"{spell(longer)} is shorter than {low} ({spell(shorter)}), expected min ≤ default ≤ max",
            )


def _exposed_files(document: Document, path: Path) -> Iterator[Problem]:
    """The output is public: it must hold neither the configuration nor the store."""
    folder = _resolve(path, document.output)
    if folder.is_file():
        yield ("output",), f"{shown(document.output)} is a file, expected a folder"
    elif _inside(path.absolute(), folder):
        yield (
            ("output",),
            f'{shown(document.output)} would publish {path.name} itself, expected a folder of its own such as "public"',
        )
    elif "://" not in document.store and _inside(_resolve(path, document.store), folder):
        yield ("store",), f"{shown(document.store)} lies in the output, which is public; expected a path outside of it"


def _missing_extras(document: Document) -> Iterator[Problem]:
    """Full text needs a library that not everybody wants; it is looked for, not imported."""
    asking = [index for index, row in enumerate(document.source) if row.full_text]
    if not asking:
        return
    from importlib.util import find_spec

    missing = [name for name in FULL_TEXT_NEEDS if find_spec(name) is None]
    for index in asking if missing else ():
        yield (
            ("source", index, "full_text"),
            f"{' and '.join(missing)} is not installed, expected it: pip install 'feedmill[fulltext]'",
        )


def _odd_certificates(document: Document) -> Iterator[Problem]:
    """An exception from the usual certificates is one thing, and there is a certificate."""
    for index, row in enumerate(document.source):
        if row.tls_ca is None and row.tls_fingerprint is None:
            continue
        key = ("source", index, "tls_fingerprint" if row.tls_ca is None else "tls_ca")
        if row.tls_ca is not None and row.tls_fingerprint is not None:
            yield key, "tls_fingerprint is there too, expected one of them: each alone says which certificate is good"
        if not row.url.lower().startswith("https:"):
            yield key, f"{shown(row.url)} has no certificate, expected an https:// address"


def _useless_certificates(document: Document, path: Path, text: str) -> Iterator[str]:
    """Files of authorities that cannot be used: their sources will fail, and the others need not."""
    from feedmill.config.problems import line_of

    for index, row in enumerate(document.source):
        if row.tls_ca is not None and (reason := _no_certificates(_resolve(path, row.tls_ca))):
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


def _inside(file: Path, folder: Path) -> bool:
    return Path(os.path.normpath(file)).is_relative_to(os.path.normpath(folder))


# -- the finished settings --------------------------------------------------------------------------------------------


def _settings(document: Document, path: Path, text: str, environ: Mapping[str, str]) -> Settings:
    serve = _serve(document.serve)
    url = document.url or f"http://{_in_url(serve.host)}:{serve.port}/"
    sources = tuple(
        Source(url=row.url, title=row.title, tags=tuple(row.tags), rules=_rules(row, path)) for row in document.source
    )
    lists = tuple(SubscriptionList(opml=_list_place(row.opml, path)) for row in document.lists)
    deny = tuple(Deny(**_written(row)) for row in document.deny)
    store = fill(document.store, environ) if "://" in document.store else str(_resolve(path, document.store))
    return Settings(
        path=path,
        title=document.title,
        url=url,
        store=store,
        output=_resolve(path, document.output),
        fetch=_fetch(document, path),
        schedule=_schedule(document.schedule),
        serve=serve,
        sources=sources,
        lists=lists,
        publications=tuple(
            _publication(row, document.title, url) for row in document.publication or [PublicationTable()]
        ),
        deny=deny,
        readers=tuple(document.readers.items()),
        notices=(
            *_lookalikes(sources, path, text),
            *_denied_sources(sources, deny, path, text),
            *_hubs_without_address(document, path, text),
            *_too_small_a_budget(document, path, text),
            *_useless_certificates(document, path, text),
        ),
        addresses={
            known: fill(known, environ)
            for known in (*(source.url for source in sources), *(row.opml for row in lists))
            if "${" in known
        },
    )


def _rules(row: SourceTable, path: Path) -> SourceRules:
    """The keys of a `[[source]]` that are rules; the command of a pipe runs where the configuration lies."""
    if not row.model_fields_set - {"url", "title", "tags", "tls_ca", "tls_fingerprint"}:
        return NO_RULES
    return SourceRules(
        skip_steps=tuple(dict.fromkeys(row.skip_steps)),
        drop=tuple(row.drop),
        keep=tuple(row.keep),
        title_from=row.title_from,
        title_cut=tuple(row.title_cut),
        author=row.author,
        date=row.date,
        language=row.language,
        full_text=row.full_text,
        pipe=tuple(row.pipe or ()),
        pipe_timeout=row.pipe_timeout,
        only=_filter(row.only),
        never=_filter(row.never),
        folder=str(path.absolute().parent),
    )


def _filter(table: NeverTable | None) -> Filter:
    if table is None:
        return Filter()
    written: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in table}
    return Filter(**written)


def _resolve(path: Path, written: str) -> Path:
    return Path(os.path.normpath(path.absolute().parent / Path(written).expanduser()))


def _written(table: Any) -> dict[str, Any]:
    """Only the keys that the user wrote: the rest are the room's own defaults."""
    return {name: value for name, value in table if value is not None}


def _in_url(host: str) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  (names the address, does not bind it)
    return f"[{host}]" if ":" in host else host


def _fetch(document: Document, path: Path) -> FetchOptions:
    written = _written(document.fetch).items()
    given: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in written}
    contact = given.pop("contact", None) or document.url
    if "max_body" in given:
        given["max_body_bytes"] = given.pop("max_body")
    if "site_spacing" in given:  # what the user wrote holds everywhere; the default spares public sites only
        given["private_site_spacing"] = given["site_spacing"]
    product = f"feedmill/{__version__}"
    return FetchOptions(
        user_agent=f"{product} (+{contact})" if contact else product,
        trust={row.url: trust for row in document.source if (trust := _trust(row, path)) is not None},
        **given,
    )


def _trust(row: SourceTable, path: Path) -> TlsTrust | None:
    if row.tls_ca is not None:
        return TlsTrust(ca_file=str(_resolve(path, row.tls_ca)))
    return None if row.tls_fingerprint is None else TlsTrust(fingerprint=row.tls_fingerprint)


def _serve(table: ServeTable) -> ServeOptions:
    written: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in _written(table).items()
    }
    return ServeOptions(**written)


def _hubs_without_address(document: Document, path: Path, text: str) -> Iterator[str]:
    """WebSub tells others where we are: without `url` it would tell them an address of this machine."""
    from feedmill.config.problems import line_of

    if document.url is None:
        for name in ("websub", "hubs"):
            if getattr(document.serve, name):
                sentence = "`url` is not set, so only programs on this machine can subscribe; set the public address"
                yield line_of(str(path), find_places(text), ("serve", name), sentence)


def _too_small_a_budget(document: Document, path: Path, text: str) -> Iterator[str]:
    """`max_interval` wins: a source is never looked at less often."""
    from feedmill.config.problems import line_of

    options = _schedule(document.schedule)
    least = len(document.source) * (timedelta(days=1) / options.max_interval)
    if options.requests_per_day is not None and options.requests_per_day < least:
        sentence = f"{len(document.source)} sources cost at least {least:,.0f} a day while max_interval is "
        sentence += f"{spell(options.max_interval)}; raise one of them"
        yield line_of(str(path), find_places(text), ("schedule", "requests_per_day"), sentence)


def _schedule(table: ScheduleTable) -> ScheduleOptions:
    """Unwritten intervals give way to written ones: `max_interval = "30m"` alone means at least every 30 minutes."""
    fallback = ScheduleOptions()
    low, middle, high = table.min_interval, table.default_interval, table.max_interval
    if high is None:
        high = max(fallback.max_interval, low or timedelta(0), middle or timedelta(0))
    if low is None:
        low = min(fallback.min_interval, high, middle or high)
    if middle is None:
        middle = min(max(fallback.default_interval, low), high)
    return ScheduleOptions(
        min_interval=low, default_interval=middle, max_interval=high, requests_per_day=table.requests_per_day
    )


def _publication(row: PublicationTable, planet: str, url: str) -> Publication:
    title = row.title or (f"{planet}: {row.path}" if row.path else planet)
    return Publication(
        title=title,
        url=f"{url}{row.path}/" if row.path else url,
        path=row.path,
        limit=row.limit if row.profile != "digest" or "limit" in row.model_fields_set else DIGESTS,
        tags=tuple(row.tags),
        formats=tuple(row.formats),
        description=row.description or "",
        language=row.language,
        rights=row.rights,
        owner=row.owner,
        icon=row.icon,
        select=_selection(row),
        profile=row.profile,
        timezone=row.timezone,
        max_loss=row.max_loss / 100,
        fold=row.fold,
        **_extras(row),
    )


def _extras(row: PublicationTable) -> dict[str, bool]:
    """The publication at the root has them all when it has a page, another one what it asks for."""
    at_root = not row.path and "html" in row.formats
    names = ("source_feeds", "tag_feeds", "archive", "search")
    return {name: at_root if getattr(row, name) is None else getattr(row, name) for name in names}


def _selection(row: PublicationTable) -> Selection:
    return Selection(
        sources=tuple(row.sources),
        words=tuple(row.words),
        authors=tuple(row.authors),
        languages=tuple(row.languages),
        max_age=row.max_age,
        where=row.where or "",
        fair=row.fair,
        per_source=row.per_source,
        per_source_window=row.per_source_window,
    )


def _denied_sources(sources: tuple[Source, ...], deny: tuple[Deny, ...], path: Path, text: str) -> Iterator[str]:
    """Sources that the same file refuses: they are left out, and that may surprise."""
    from feedmill.config.problems import line_of

    denied = DenyList(deny)
    for index, source in enumerate(sources) if deny else ():
        if reason := denied.source(source.url):
            yield line_of(str(path), find_places(text), ("source", index, "url"), f"left out: {reason}")


def _list_place(written: str, path: Path) -> str:
    return written if written.startswith(("http://", "https://")) else str(_resolve(path, written))


def _lookalikes(sources: tuple[Source, ...], path: Path, text: str) -> Iterator[str]:
    """Sources that differ only in what seldom matters: http or https, `www.`, a slash at the end."""
    seen: dict[str, int] = {}
    doubles = []
    for index, source in enumerate(sources):
        key = _spelling(source.url).partition("://")[2].removeprefix("www.").rstrip("/")
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
