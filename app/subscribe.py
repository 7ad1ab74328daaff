"""Becoming a subscriber: which feed is behind a URL, and whether we have it already.

In:  a URL that somebody typed, a visitor that asks with a guest's manners, the sources that are configured.
Out: `Feed` or a `Refusal` with a sentence. At most two requests: the URL itself, and the best feed that its page names.
Never: writes the configuration or the store.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from feedmill.feeds.errors import FeedmillError, UsageError
from feedmill.feeds.outcome import Failure, Fetched, Gone, Outcome, RawDocument
from feedmill.feeds.source import Source, SourceRecord

if TYPE_CHECKING:
    from feedmill.config.settings import Settings
    from feedmill.feeds.store import Store
    from feedmill.ingest.options import FetchOptions
    from feedmill.ingest.parsed import ParsedFeed
    from feedmill.ingest.visit import Visitor


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A feed that answered. `url` is the one to subscribe to; `others` what else its page offered."""

    url: str
    title: str
    entries: int
    others: tuple[str, ...] = ()
    answer: Fetched | None = None  # what came, so that it need not be asked for again (check 1)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why there is nothing to subscribe to, as the rest of a line that begins with the URL."""

    sentence: str


class Known:
    """The sources we have, by what their URLs mean and not by how they are written; with their `records`, also by where
    they moved to for good: that is what our own lists tell of them (check D4)."""

    def __init__(self, sources: Iterable[Source], records: Iterable[SourceRecord] = ()) -> None:
        self._urls = {_key(source.url): source.url for source in sources}
        for record in records:
            if record.state.adopted:
                self._urls.setdefault(_key(record.state.adopted), record.source.url)

    def twin(self, url: str) -> str | None:
        """The configured URL that means the same feed."""
        return self._urls.get(_key(complete(url)))

    def learn(self, url: str) -> None:
        """One more."""
        self._urls[_key(url)] = url

    def named(self, url: str, path: Path) -> str:
        """The configured URL that the user means; `UsageError` with the nearest when there is none."""
        if url in self._urls.values():
            return url
        if twin := self.twin(url):
            return twin
        raise UsageError(f"{url}: not a source of {path}{self.nearest(url) or f'; `feedmill add {url}` makes it one'}")

    def nearest(self, url: str) -> str:
        """`; did you mean …?`, or nothing."""
        near = difflib.get_close_matches(url, list(self._urls.values()), n=1, cutoff=0.75)
        return f"; did you mean {near[0]} ?" if near else ""


def _key(url: str) -> str:
    from feedmill.ingest.urls import canonical_key

    return canonical_key(url.partition("#")[0])  # no server ever sees a fragment


def complete(url: str) -> str:
    """People type `blog.example`."""
    return url if "://" in url else f"https://{url}"


def find_feed(visitor: Visitor, url: str) -> Feed | Refusal:
    """The feed at `url`, or behind the page at `url`."""
    from feedmill.config.checks import fill, secrets_in
    from feedmill.ingest.parse import discover, parse

    asked = complete(url)
    for name in secrets_in(asked):
        if name not in os.environ:
            return Refusal(f"the environment has no {name}; export {name}=…")
    answer = visitor.fetch(fill(asked, os.environ))
    if not isinstance(answer, Fetched):
        return Refusal(told(answer))
    feed = parse(answer.document)
    if not isinstance(feed, Failure):
        return _feed(answer, asked, feed)
    candidates = discover(answer.document)
    if not candidates:
        return Refusal(_no_feed(answer.document, feed))
    best = candidates[0].url
    second = visitor.fetch(best)
    if not isinstance(second, Fetched):
        return Refusal(f"the page names the feed {best}, but {told(second)}")
    feed = parse(second.document)
    if isinstance(feed, Failure):
        return Refusal(f"the page names the feed {best}, but {feed.detail}")
    others = tuple(candidate.url for candidate in candidates[1:])
    return replace(_feed(second, best, feed), others=others)


def _no_feed(document: RawDocument, failure: Failure) -> str:
    if b"<html" in document.body[:4096].lower() or "html" in document.content_type.lower():
        return "it is a web page that links to no feed; give the feed's own URL"
    return failure.detail


def _feed(answer: Fetched, asked: str, feed: ParsedFeed) -> Feed:
    from feedmill.ingest.normalize import normalize_channel

    url = answer.move.permanent_url if answer.move is not None else asked
    title = normalize_channel(feed, source_url=url).about.title
    return Feed(url=url, title=title, entries=len(feed.entries), answer=replace(answer, move=None))


@contextmanager
def visiting(options: FetchOptions, store: str | None) -> Iterator[Visitor]:
    """Who asks for single documents: with the sites' memory of `store`, when there is one and it can be opened.

    A command that only looks must not need a store, and makes none.
    """
    from feedmill.ingest.fetch import Fetcher
    from feedmill.ingest.visit import Visitor

    memory = _memory_of_sites(store) if store is not None else None
    try:
        with Fetcher(options) as fetcher:
            yield Visitor(fetcher, options, memory)
    finally:
        if memory is not None:
            memory.close()


def _memory_of_sites(place: str) -> Store | None:
    from feedmill.feeds.store import Store

    if "://" not in place and not Path(place).exists():
        return None
    try:
        return Store.open(place)
    except FeedmillError:
        return None


def fetch_document(url: str, options: FetchOptions, store: str | None) -> RawDocument:
    """What one request brings, for a command that wants the document itself; FeedmillError when it brings none."""
    with visiting(options, store) as visitor:
        outcome = visitor.fetch(url)
    if not isinstance(outcome, Fetched):
        raise FeedmillError(f"{url}: {told(outcome)}")
    return outcome.document


def told(outcome: Outcome) -> str:
    """An outcome other than a document, as a sentence."""
    if isinstance(outcome, Failure):
        return f"{outcome.detail} ({outcome.kind})"
    if isinstance(outcome, Gone):
        return outcome.detail
    return "the server sent no document"


def safe_source(source: Source) -> Source | str:
    """A stranger's source as the configuration can hold it, or what is wrong with it."""
    from pydantic import ValidationError

    from feedmill.config.model import SourceTable
    from feedmill.output import plain

    title = plain(source.title or "") or None
    tags = [tag for tag in map(plain, source.tags) if tag]
    if "${" in source.url:
        return "it asks for a variable of the environment, which a list of strangers may not"
    try:
        row = SourceTable(url=source.url, title=title, tags=tags)
    except ValidationError as error:
        context = error.errors()[0].get("ctx") or {}
        return str(context.get("sentence", "its url cannot be used"))
    return Source(url=row.url, title=row.title, tags=tuple(row.tags))


def known_sources(settings: Settings) -> Known:
    """The configured sources; without what the store remembers of them when it is out of reach."""
    try:
        return Known(settings.sources, records_of(settings))
    except FeedmillError:
        return Known(settings.sources)


def records_of(settings: Settings) -> list[SourceRecord]:
    """Every configured source with what the store remembers of it, also when there is no store yet."""
    remembered = _remembered(settings)
    records = [
        replace(remembered.pop(source.url), source=source)
        if source.url in remembered
        else SourceRecord(row=0, source=source)
        for source in settings.sources
    ]
    return records + (list(remembered.values()) if settings.lists else [])


def hub_words(settings: Settings, now: datetime) -> dict[str, str]:
    """How it stands with the hub of each source that has one, in a sentence, by the source's URL."""
    from feedmill.feeds.store import Store

    if "://" not in settings.store and not Path(settings.store).exists():
        return {}
    with Store.open(settings.store, read_only=True) as store:
        subscriptions = store.subscriptions()
    if not subscriptions:
        return {}
    from feedmill.ingest.websub_trust import words_by_source

    return words_by_source(subscriptions, now)


def _remembered(settings: Settings) -> dict[str, SourceRecord]:
    from feedmill.feeds.store import Store

    if "://" not in settings.store and not Path(settings.store).exists():
        return {}
    with Store.open(settings.store, read_only=True) as store:
        return {record.source.url: record for record in store.records()}
