"""A bounded pool of threads that asks sources for their documents, politely, and hands the answers on as they come.

In:  claims; a fetcher; what the store remembers of sites.
Out: batches of `Answer`, each batch what has arrived since the last one (bounded, so bodies never pile up).
Never: parses, stores, or raises for a source's trouble.

    queue = SiteQueue(claims)          whose turn it is: one at a time per site, spaced, held sites postponed
    N threads: take -> fetch -> put    the results queue holds at most N answers; a slow consumer slows the fetching
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from feedmill.feeds.outcome import Failure, FailureKind, Fetched, Outcome
from feedmill.ingest.cadence import wants_full_look
from feedmill.ingest.gate import SiteGate, remember_sites, site_key
from feedmill.ingest.options import FetchOptions
from feedmill.ingest.passage import Passage
from feedmill.ingest.site_queue import SiteQueue, Turn

if TYPE_CHECKING:
    from feedmill.feeds.source import SiteState, SourceRecord
    from feedmill.feeds.store import Claim, Store
    from feedmill.ingest.fetch import Fetcher

BATCH = 16
_STOP_CHECK_SECONDS = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of one claim. `outcome` is None when the site is held: not asked, look again at `postponed_until`."""

    claim: Claim
    site: str
    outcome: Outcome | None
    duration: timedelta = timedelta(0)
    postponed_until: datetime | None = None
    site_state: SiteState | None = None

    @property
    def bytes(self) -> int:
        """Decoded bytes that came."""
        return len(self.outcome.document.body) if isinstance(self.outcome, Fetched) else 0


def fetch_all(
    claims: Sequence[Claim],
    fetcher: Fetcher,
    store: Store,
    options: FetchOptions,
    *,
    address: Callable[[str], str],
    clock: Callable[[], datetime],
    stop: threading.Event,
) -> Iterator[list[Answer]]:
    """Ask for every claim, at the `address` of its URL (secrets filled in).

    After `stop` what is in flight still arrives; the leases of the rest go back at once.
    """
    sites = {site_key(url) for claim in claims for url in (_answers_at(claim), asked_at(claim.record))}
    gate = SiteGate(options, states=store.sites(sorted(sites)).values(), wall=clock)
    turns = SiteQueue(claims, url_of=_answers_at, gate=gate)
    results: queue.Queue[Answer | None] = queue.Queue(maxsize=max(options.workers, BATCH))

    def work() -> None:
        try:
            while (turn := turns.take()) is not None:
                passage = Passage(turn, turns, gate, book=store.book_site, patience=options.timeout)
                results.put(_ask(turn, turns, passage, fetcher, address, clock))
        finally:
            results.put(None)

    workers = min(options.workers, len(sites))
    threads = [threading.Thread(target=work, name=f"fetch-{number}", daemon=True) for number in range(workers)]
    for thread in threads:
        thread.start()
    try:
        yield from _arrivals(results, workers, lambda: store.release(turns.close()), stop)
    finally:
        turns.close()
        while any(thread.is_alive() for thread in threads):  # only when the consumer gave up: let them put and end
            _drain(results)
    remember_sites(gate, store)


def asked_at(record: SourceRecord) -> str:
    """Where a source is asked: its configured URL, or where a permanent redirect that is believed leads (check 86)."""
    return record.state.adopted or record.source.url


def _answers_at(claim: Claim) -> str:
    """Whose site the look belongs to: that of the last good answer, when redirects lead away from the URL."""
    return claim.record.state.validators.issued_by or asked_at(claim.record)


def _ask(
    turn: Turn[Claim],
    turns: SiteQueue[Claim],
    passage: Passage[Claim],
    fetcher: Fetcher,
    address: Callable[[str], str],
    clock: Callable[[], datetime],
) -> Answer:
    claim = turn.item
    if turn.postponed_until is not None:
        turns.done(turn, None)
        return Answer(claim=claim, site=turn.site, outcome=None, postponed_until=turn.postponed_until)
    state = claim.record.state
    started = time.monotonic()
    url = claim.record.source.url
    try:
        outcome = fetcher.fetch(
            state.adopted or address(url),
            validators=state.validators,
            conditional=not wants_full_look(state, now=clock()),
            gatekeeper=passage,
            source_url=url,
        )
    except Exception as error:  # noqa: BLE001  a bug met in one answer must not end the worker, or lose the claim
        outcome = Failure(kind=FailureKind.UNPARSABLE, detail=f"feedmill stumbled over the answer: {error!r}")
    duration = timedelta(seconds=time.monotonic() - started)
    answering = passage.site
    passage.leave()
    if passage.postponed_until is not None:
        turns.done(turn, None)
        return Answer(claim=claim, site=answering, outcome=None, postponed_until=passage.postponed_until)
    site_state = turns.done(turn, outcome, answering)
    return Answer(claim=claim, site=turn.site, outcome=outcome, duration=duration, site_state=site_state)


def _arrivals(
    results: queue.Queue[Answer | None], workers: int, give_back: Callable[[], None], stop: threading.Event
) -> Iterator[list[Answer]]:
    """Batches until every worker has said that it is done."""
    stopped = False
    while workers:
        if stop.is_set() and not stopped:
            stopped = True
            give_back()
        batch: list[Answer] = []
        try:
            arrived = [results.get(timeout=_STOP_CHECK_SECONDS)]
        except queue.Empty:
            continue
        arrived += _drain(results, most=BATCH - 1)
        for answer in arrived:
            if answer is None:
                workers -= 1
            else:
                batch.append(answer)
        if batch:
            yield batch


def _drain(results: queue.Queue[Answer | None], *, most: int = BATCH) -> list[Answer | None]:
    """What lies there already, without waiting for more."""
    found = []
    for _ in range(most):
        try:
            found.append(results.get_nowait())
        except queue.Empty:
            break
    return found
