"""What one key of feedmill.toml cannot know of another: problems between keys, and with what is around the file.

In:  a document whose keys are right each by itself; its path; the environment.
Out: problems, each with the key it belongs to.
Never: opens the store, fetches, or imports an extra to see whether it is there.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path

from feedmill.config.checks import secrets_in
from feedmill.config.model import Document, ScheduleTable
from feedmill.config.places import KeyPath
from feedmill.config.settings import resolve
from feedmill.config.units import shown, spell

Problem = tuple[KeyPath, str]
# The extra `fulltext`. trafilatura's own requirement justext does not import without the second one.
FULL_TEXT_NEEDS = ("trafilatura", "lxml_html_clean")


def cross_problems(document: Document, path: Path, environ: Mapping[str, str]) -> Iterator[Problem]:
    """Each with the key that it is told of."""
    yield from _missing_secrets(document, environ)
    yield from _double_sources(document)
    yield from _double_folders(document)
    yield from _never_complete(document)
    yield from _odd_denials(document)
    yield from _interval_order(document.schedule)
    yield from _exposed_files(document, path)
    yield from _missing_theme(document, path)
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
        first = seen.setdefault(spelling(source.url), index)
        if first != index:
            other = document.source[first].url
            same = "" if other == source.url else f", written {shown(other)} there"
            yield (
                ("source", index, "url"),
                f"{shown(source.url)} is already source[{first + 1}]{same}, expected each feed once (join their tags)",
            )


def spelling(url: str) -> str:
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


def _never_complete(document: Document) -> Iterator[Problem]:
    """A document that is the whole feed (RFC 5005 section 2) has no limit, and nothing is in archives."""
    for index, publication in enumerate(document.publication):
        if not publication.complete:
            continue
        for name in ("limit", "max_size"):
            if name in publication.model_fields_set:
                yield (
                    ("publication", index, name),
                    "complete = true is there too, expected one: all entries, or so many",
                )
        if publication.archive:
            yield (
                ("publication", index, "archive"),
                "complete = true is there too, expected one of them: nothing is left",
            )
        if publication.profile == "digest":
            yield ("publication", index, "complete"), "a digest is never complete, expected another profile"
        if not {"atom", "rss"} & set(publication.formats):
            yield ("publication", index, "complete"), 'only Atom and RSS can say so, expected one of them in "formats"'


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
    folder = resolve(path, document.output)
    if folder.is_file():
        yield ("output",), f"{shown(document.output)} is a file, expected a folder"
    elif _inside(path.absolute(), folder):
        yield (
            ("output",),
            f'{shown(document.output)} would publish {path.name} itself, expected a folder of its own such as "public"',
        )
    elif "://" not in document.store and _inside(resolve(path, document.store), folder):
        yield ("store",), f"{shown(document.store)} lies in the output, which is public; expected a path outside of it"


def _missing_theme(document: Document, path: Path) -> Iterator[Problem]:
    if document.theme is not None and not resolve(path, document.theme).is_dir():
        yield ("theme",), f"{shown(document.theme)} is no folder, expected one with templates or a style.css"


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


def _inside(file: Path, folder: Path) -> bool:
    return Path(os.path.normpath(file)).is_relative_to(os.path.normpath(folder))
