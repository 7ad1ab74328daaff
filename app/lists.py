"""Live subscription lists: `[[list]] opml = ...` to sources.

In:  the lists of the configuration; a local file is read each time, a remote one fetched at most hourly, conditionally.
Out: the sources they name.
Never: loses sources because a list could not be read: the last good copy, kept in the store, stands in.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feedmill.feeds.encoding import url_key
from feedmill.feeds.errors import ConfigError
from feedmill.feeds.outcome import Failure, Fetched, Gone, NotModified, RawDocument, Validators
from feedmill.feeds.source import Source
from feedmill.publish.opml import read_opml

if TYPE_CHECKING:
    from feedmill.config.settings import Settings
    from feedmill.feeds.store import Store
    from feedmill.ingest.fetch import Fetcher
    from feedmill.ingest.options import FetchOptions
    from feedmill.ingest.visit import Visitor

LOOK_AGAIN = timedelta(hours=1)


def listed_sources(
    settings: Settings, store: Store, fetcher: Callable[[], Fetcher], *, clock: Callable[[], datetime]
) -> list[Source]:
    """All sources of all lists, in order. `fetcher` is called only when a remote list is due."""
    found: list[Source] = []
    for item in settings.lists:
        if item.is_remote:
            found += _remote(item.opml, settings.address(item.opml), store, fetcher, settings.fetch, clock)
        else:
            found += _local(Path(item.opml))
    return _as_known(found, settings, store)


def _as_known(found: list[Source], settings: Settings, store: Store) -> list[Source]:
    """A list that names where one of our sources moved to for good means that source (the lists of feedmills do),
    unless the configuration itself names the new address."""
    moved = store.moved()
    if not moved:
        return found
    for source in settings.sources:
        moved.pop(url_key(source.url), None)
    return [replace(source, url=moved.get(url_key(source.url), source.url)) for source in found]


def _local(path: Path) -> list[Source]:
    try:
        body = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: the subscription list cannot be read: {error.strerror}") from error
    try:
        return list(read_opml(body).sources)
    except ValueError as error:
        raise ConfigError(f"{path}: {error}") from error


def _remote(
    url: str,
    address: str,
    store: Store,
    fetcher: Callable[[], Fetcher],
    options: FetchOptions,
    clock: Callable[[], datetime],
) -> list[Source]:
    key = f"list:{url}"
    kept: dict[str, Any] = json.loads(store.meta(key) or "{}")
    now = clock()
    if kept.get("next", 0) <= now.timestamp():
        from feedmill.ingest.visit import Visitor

        kept = _refresh(address, kept, Visitor(fetcher(), options, store, wall=clock), now)
        store.set_meta(key, json.dumps(kept))
    return [Source(url=row["url"], title=row["title"], tags=tuple(row["tags"])) for row in kept.get("sources", ())]


def _refresh(url: str, kept: dict[str, Any], visitor: Visitor, now: datetime) -> dict[str, Any]:
    validators = Validators(**kept.get("validators", {}))
    outcome = visitor.fetch(url, validators=validators)
    wait = LOOK_AGAIN
    if isinstance(outcome, Fetched | NotModified):
        wait = max(wait, outcome.freshness.max_age or wait)
        sent = outcome.validators
        kept["validators"] = {"etag": sent.etag, "last_modified": sent.last_modified, "issued_by": sent.issued_by}
    elif isinstance(outcome, Failure | Gone):
        kept["problem"] = outcome.detail
        wait = max(wait, getattr(outcome, "retry_after", None) or wait)
    if isinstance(outcome, Fetched):
        kept |= _read(outcome.document)
    kept["next"] = (now.astimezone(UTC) + wait).timestamp()
    return kept


def _read(document: RawDocument) -> dict[str, Any]:
    """What a list says; a page or an empty list in its place changes no source."""
    try:
        subscriptions = read_opml(document.body, url=document.url)
    except ValueError as error:
        return {"problem": str(error)}
    if not subscriptions.sources:
        return {"problem": "the list names no source any more: the last good one stands in"}
    rows = [{"url": source.url, "title": source.title, "tags": list(source.tags)} for source in subscriptions.sources]
    return {"sources": rows, "problem": None}
