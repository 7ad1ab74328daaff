"""A sound document -> `Settings`: every default filled in, every path absolute, every room's options in its own words.

In:  a `Document`, its path and text, the environment for `${NAME}`.
Out: `Settings`.
Never: finds fault; that is `model`'s and `consistency`'s part.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from feedmill import __version__
from feedmill.config.checks import fill
from feedmill.config.model import Document, NeverTable, PublicationTable, ScheduleTable, ServeTable, SourceTable
from feedmill.config.notices import notices
from feedmill.config.settings import Settings, SubscriptionList, resolve
from feedmill.feeds.deny import Deny
from feedmill.feeds.publication import Publication, Selection
from feedmill.feeds.source import NO_RULES, Filter, Source, SourceRules
from feedmill.ingest.options import FetchOptions, ScheduleOptions, TlsTrust
from feedmill.publish.options import ServeOptions

LEAST_CEILING, BYTES_OF_AN_ENTRY = 5_000_000, 100_000  # `max_size` where none is named: most posts are a tenth of it
DIGESTS = 14  # `limit` of a publication of days that names none
WHOLE = 2000  # entries that one document may be asked to hold as all there are


def complete(document: Document, path: Path, text: str, environ: Mapping[str, str]) -> Settings:
    """The settings that a sound document means; `text` is what it was written as."""
    serve = _serve(document.serve)
    url = document.url or f"http://{_in_url(serve.host)}:{serve.port}/"
    sources = tuple(
        Source(url=row.url, title=row.title, tags=tuple(row.tags), rules=_rules(row, path)) for row in document.source
    )
    lists = tuple(SubscriptionList(opml=_list_place(row.opml, path)) for row in document.lists)
    deny = tuple(Deny(**_written(row)) for row in document.deny)
    store = fill(document.store, environ) if "://" in document.store else str(resolve(path, document.store))
    schedule = _schedule(document.schedule)
    return Settings(
        path=path,
        title=document.title,
        url=url,
        store=store,
        output=resolve(path, document.output),
        fetch=_fetch(document, path),
        schedule=schedule,
        serve=serve,
        sources=sources,
        lists=lists,
        publications=tuple(
            _publication(row, document.title, url) for row in document.publication or [PublicationTable()]
        ),
        deny=deny,
        precompress=tuple(document.precompress),
        readers=tuple(document.readers.items()),
        theme=None if document.theme is None else resolve(path, document.theme),
        notices=notices(document, path, text, sources=sources, deny=deny, schedule=schedule),
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
        return TlsTrust(ca_file=str(resolve(path, row.tls_ca)))
    return None if row.tls_fingerprint is None else TlsTrust(fingerprint=row.tls_fingerprint)


def _serve(table: ServeTable) -> ServeOptions:
    written: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in _written(table).items()
    }
    return ServeOptions(**written)


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
    limit = WHOLE if row.complete else row.limit
    return Publication(
        title=title,
        url=f"{url}{row.path}/" if row.path else url,
        path=row.path,
        limit=limit if row.profile != "digest" or "limit" in row.model_fields_set else DIGESTS,
        max_bytes=0 if row.complete else row.max_size or max(LEAST_CEILING, BYTES_OF_AN_ENTRY * row.limit),
        complete=row.complete,
        tags=tuple(row.tags),
        formats=tuple(row.formats),
        description=row.description or "",
        language=row.language,
        rights=row.rights,
        owner=row.owner,
        owner_email=row.owner_email,
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
    default = {
        "source_feeds": at_root,
        "tag_feeds": at_root,
        "archive": at_root and not row.complete,
        "search": at_root,
    }
    return {name: value if (asked := getattr(row, name)) is None else asked for name, value in default.items()}


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


def _list_place(written: str, path: Path) -> str:
    return written if written.startswith(("http://", "https://")) else str(resolve(path, written))
