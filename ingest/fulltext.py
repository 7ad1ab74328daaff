"""The whole article of an entry whose feed gives only its beginning (extra `fulltext`).

    entries whose page is owed -> SiteQueue, SiteGate, Passage: as polite as for feeds -> extract -> made anew

In:  sources with `full_text = true`, a fetcher, the store.
Out: the entries rewritten, with the page's text beside the feed's in their raw form; the better one is shown.
Never: asks for a page twice that answered, for more than `PAGES_PER_SOURCE` of a source in one tick, or in place of a
feed. trafilatura is imported by `extract` alone.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from feedmill.feeds.errors import FeedmillError
from feedmill.feeds.outcome import Failure, FailureKind, Fetched, Outcome
from feedmill.feeds.source import SourceRecord, SourceRules
from feedmill.ingest.gate import SiteGate, remember_sites, site_key
from feedmill.ingest.options import FetchOptions
from feedmill.ingest.parsed import ParsedEntry
from feedmill.ingest.passage import Passage
from feedmill.ingest.rules import PAGE_SAID, PAGE_TEXT
from feedmill.ingest.site_queue import SiteQueue, Turn
from feedmill.ingest.treat import PAGE_OWED, Treatment

if TYPE_CHECKING:
    from feedmill.feeds.store import Original, Store
    from feedmill.ingest.fetch import Fetcher
    from feedmill.ingest.normalize import FeedContext

PAGES_PER_SOURCE = 10  # in one tick; a backlog is worked off, newest first
PATIENCE = timedelta(seconds=60)  # of a tick, for the spacing of sites; what comes later waits for the next one
TRY_AGAIN_FOR = timedelta(hours=24)  # after first sight, when a page could not be had for a passing reason
_PASSING = frozenset(
    {FailureKind.DNS, FailureKind.REFUSED, FailureKind.TIMEOUT, FailureKind.HTTP_5XX, FailureKind.RATE_LIMITED}
)
_PAGES = ("text/html", "application/xhtml+xml")


class Extractor(Protocol):
    """What `extract` is."""

    def __call__(self, document: bytes, *, url: str) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """An entry whose page was not asked for yet."""

    record: SourceRecord
    original: Original
    url: str


@dataclass(slots=True)
class PageTally:
    """What came of a round: pages asked, entries that readers see otherwise now, entries that still wait."""

    asked: int = 0
    changed: int = 0
    waiting: int = 0


def extract(document: bytes, *, url: str) -> str:
    """The article on a page as an HTML fragment, with its links and images; "" when none is found."""
    try:
        import trafilatura
    except ImportError as error:
        raise FeedmillError(f"full_text: {error}; pip install 'feedmill[fulltext]'") from None
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # it says on stderr what we say in a note
    try:
        found = trafilatura.extract(
            document,
            url=url,
            output_format="html",
            include_comments=False,
            include_formatting=True,
            include_images=True,
            include_links=True,
        )
    except Exception:  # noqa: BLE001  a stranger's page found a fault in it: as good as no article
        return ""
    text = found or ""
    body = text.partition("<body>")[2].rpartition("</body>")[0]
    return (body or text).strip()


def take_pages(
    store: Store,
    fetcher: Fetcher,
    records: Sequence[SourceRecord],
    rules: Mapping[str, SourceRules],
    options: FetchOptions,
    *,
    clock: Callable[[], datetime],
    stop: threading.Event,
    before_news: Callable[[], None],
    extractor: Extractor | None = None,
) -> PageTally:
    """One round: ask for the pages that are owed, and make their entries anew. `extractor`: in place of `extract`."""
    tally = PageTally()
    owed = [one for record in records for one in _owed(store, record)]
    if not owed:
        return tally
    told = False
    makers: dict[int, tuple[Treatment, FeedContext]] = {}
    for one, outcome in _answers(store, fetcher, owed, options, clock=clock, stop=stop, tally=tally):
        text, said = ("", "(it has no link)") if outcome is None else read_page(outcome, one.url, extractor)
        row = one.record.row
        if row not in makers:
            from feedmill.ingest.replay import context_of

            context = context_of(store, one.record)
            makers[row] = Treatment(rules[one.record.source.url], context), context
        if not told:
            told = True
            before_news()
        tally.changed += _rewrite(store, one, makers[row], text, said, clock())
    return tally


def add_page(parsed: ParsedEntry, text: str, said: str) -> ParsedEntry:
    """The entry with what was found on its page beside what its feed said."""
    return replace(parsed, extras={**parsed.extras, PAGE_TEXT: text, PAGE_SAID: said})


def read_page(outcome: Outcome, url: str, extractor: Extractor | None = None) -> tuple[str, str]:
    """(article, where from), or ("", why there is none)."""
    if not isinstance(outcome, Fetched):
        detail = outcome.detail if isinstance(outcome, Failure) else "it is gone"
        return "", f"{url}: {detail}"
    kind = outcome.document.content_type.partition(";")[0].strip().lower()
    if kind and kind not in _PAGES:
        return "", f"{url}: it is {kind}, no web page"
    return (extractor or extract)(outcome.document.body, url=outcome.document.url), outcome.document.url


def _owed(store: Store, record: SourceRecord) -> Iterator[Owed]:
    for original in store.originals(record.row, recipe_ends=PAGE_OWED, limit=PAGES_PER_SOURCE):
        yield Owed(record=record, original=original, url=original.stored.entry.url or "")


def _answers(
    store: Store,
    fetcher: Fetcher,
    owed: Sequence[Owed],
    options: FetchOptions,
    *,
    clock: Callable[[], datetime],
    stop: threading.Event,
    tally: PageTally,
) -> Iterator[tuple[Owed, Outcome | None]]:
    """What came of each page that was asked (None: there is none to ask for); one request at a time, site by site."""
    yield from ((one, None) for one in owed if not one.url)
    asked = [one for one in owed if one.url]
    keys = sorted({site_key(one.url) for one in asked})
    gate = SiteGate(options, states=store.sites(keys).values(), wall=clock)
    queue = SiteQueue(asked, url_of=lambda one: one.url, gate=gate, patience=PATIENCE)
    while not stop.is_set() and (turn := queue.take()) is not None:
        outcome = _ask(turn, queue, gate, store, fetcher, options)
        now = clock()
        if outcome is None or (_passes(outcome) and now - turn.item.original.stored.first_seen < TRY_AGAIN_FOR):
            tally.waiting += 1
            continue
        tally.asked += 1
        yield turn.item, outcome
    tally.waiting += len(queue.close())
    remember_sites(gate, store)


def _ask(
    turn: Turn[Owed],
    queue: SiteQueue[Owed],
    gate: SiteGate,
    store: Store,
    fetcher: Fetcher,
    options: FetchOptions,
) -> Outcome | None:
    """What the page's server said; None when it is not to be asked now."""
    if turn.postponed_until is not None:
        queue.done(turn, None)
        return None
    passage = Passage(turn, queue, gate, book=store.book_site, patience=options.timeout)
    outcome = fetcher.fetch(turn.item.url, conditional=False, gatekeeper=passage)
    answering = passage.site
    passage.leave()
    if passage.postponed_until is not None:
        queue.done(turn, None)
        return None
    queue.done(turn, outcome, answering)
    return outcome


def _passes(outcome: Outcome) -> bool:
    return isinstance(outcome, Failure) and outcome.kind in _PASSING


def _rewrite(
    store: Store, one: Owed, maker: tuple[Treatment, FeedContext], text: str, said: str, now: datetime
) -> bool:
    from feedmill.ingest.replay import remake

    parsed = add_page(ParsedEntry.from_json(one.original.raw), text, said)
    made = remake(one.original, *maker, raw=parsed.to_json())
    store.rewrite(one.record.row, [made.update], now, with_raw=True)
    return made.visible
