"""What a mill asks for besides feeds, when a tick is over and the connections are still warm.

    take_pages         of sources with `full_text = true`, the pages of entries that are new
    follow_deletions   of entries that their feed lists no more, their own pages: what is gone is withdrawn
    take_icons         of some sources that were not asked for long, their own icons

In:  a store, the tick that ended, its sources.
Out: what was learned, in the store; an edition owed when a reader would see it.
Never: more than each of these allows itself in one tick; publishes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from feedmill.feeds.source import Source
    from feedmill.feeds.store import Store
    from feedmill.ingest.sync import Tick


def run_errands(store: Store, tick: Tick, sources: Sequence[Source], *, owe_an_edition: Callable[[], None]) -> None:
    """All three, in this order."""
    take_pages(store, tick, sources)
    if tick.fetching.follow_deletions:
        _follow_deletions(store, tick)
    if tick.fetching.icons:
        _take_icons(store, tick, owe_an_edition)


def take_pages(store: Store, tick: Tick, sources: Sequence[Source]) -> None:
    """The full text of new entries, where the source's rules ask for it."""
    wanting = [source.url for source in sources if source.rules.full_text]
    if not wanting:
        return
    from feedmill.ingest.fulltext import take_pages as take

    records = store.records(wanting)
    take(
        store,
        tick.fetcher,
        records,
        tick.rules,
        tick.fetching,
        clock=tick.clock,
        stop=tick.stop,
        before_news=tick.before_news,
    )


def _follow_deletions(store: Store, tick: Tick) -> None:
    from feedmill.ingest.withdrawal import ask_pages

    ask_pages(store, tick.fetcher, tick.fetching, clock=tick.clock, stop=tick.stop, before_news=tick.before_news)


def _take_icons(store: Store, tick: Tick, owe_an_edition: Callable[[], None]) -> None:
    from feedmill.ingest.icons import take_icons

    take_icons(store, tick.fetching, clock=tick.clock, stop=tick.stop, before_news=owe_an_edition)
