"""Whose turn it is: work handed to a pool of workers so that every site is asked slowly and no worker waits for one.

In:  work items with a URL each; the outcomes of those that were fetched.
Out: the next item that may start now, or one that must not be asked before a given time.
Never: fetches, sleeps while another site's work could run, lets two requests to one site overlap.

    queue = SiteQueue(claims, url_of=..., gate=gate)
    each worker:  while turn := queue.take():            # waits only when nothing at all may start
                      if turn.postponed_until: next_fetch = turn.postponed_until    # the site is held: not asked
                      else: outcome = fetcher.fetch(...)
                      queue.done(turn, outcome)

Sites wait in a heap, so 50 feeds of one site, or one that drips, hold up nobody else (checks 104, 106, 108).
"""

from __future__ import annotations

import heapq
import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from feedmill.feeds.outcome import Outcome
from feedmill.feeds.source import SiteState
from feedmill.ingest.gate import SiteGate, site_key

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn(Generic[Item]):
    """An item handed out. `postponed_until`: do not fetch it, the site is held or too slow; look again then."""

    item: Item
    site: str
    postponed_until: datetime | None = None


class SiteQueue(Generic[Item]):
    """Hands out items so that each site is asked by one worker at a time and at its own pace; thread-safe.

    Items of a held site come out at once as postponed; so do those whose turn would come later than `patience` after
    the queue began (None: wait as long as spacing needs). Order within a site is that of arrival.
    """

    def __init__(
        self,
        items: Iterable[Item],
        *,
        url_of: Callable[[Item], str],
        gate: SiteGate,
        patience: timedelta | None = None,
    ) -> None:
        self._gate = gate
        self._url_of = url_of
        self._changed = threading.Condition()
        self._waiting: dict[str, deque[Item]] = {}
        self._heap: list[tuple[float, int, str]] = []  # sites that are not busy and have items
        self._busy: set[str] = set()
        self._count = 0
        self._borrowers = 0
        self._closed = False
        self._horizon = None if patience is None else gate.clock() + patience.total_seconds()
        self.add(items)

    def add(self, items: Iterable[Item]) -> None:
        """More work."""
        with self._changed:
            for item in items:
                key = site_key(self._url_of(item))
                queue = self._waiting.get(key)
                if queue is None:
                    queue = self._waiting[key] = deque()
                    if key not in self._busy:
                        self._push(key)
                queue.append(item)
            self._changed.notify_all()

    def poll(self) -> Turn[Item] | float | None:
        """Without waiting: a turn, or the monotonic time to ask again (inf: after a `done`), or None at the end."""
        with self._changed:
            return self._next()

    def take(self) -> Turn[Item] | None:
        """The next turn, waiting for it when need be; None when there is no more work, or after `close`."""
        with self._changed:
            while True:
                found = self._next()
                if not isinstance(found, float):
                    return found
                wait = found - self._gate.clock()
                self._changed.wait(None if found == float("inf") else max(wait, 0.001))

    def borrow(self, key: str, patience: timedelta) -> datetime | None:
        """A site of which a redirect needs one request: None when it is ours, else when to look again.

        Waits for at most `patience`, and not at all for a site that is held. Who borrows keeps his own site, so two
        that wait for each other end with their patience.
        """
        ends = self._gate.clock() + patience.total_seconds()
        with self._changed:
            self._borrowers += 1
            try:
                while True:
                    now, ready = self._gate.clock(), self._gate.ready_at(key)
                    held = self._gate.held_until(key)
                    if held is not None:
                        return self._gate.postpone(key, held)
                    if key not in self._busy and ready <= now:
                        break
                    if self._closed or now >= ends or ready > ends:
                        return self._gate.postpone(key, self._gate.wall() + timedelta(seconds=max(ready - now, 1.0)))
                    self._changed.wait(max(min(ends, ready if key not in self._busy else ends) - now, 0.001))
            finally:
                self._borrowers -= 1
            self._busy.add(key)
            self._heap = [entry for entry in self._heap if entry[2] != key]
            heapq.heapify(self._heap)
            self._gate.start(key)
            return None

    def hand_back(self, key: str) -> None:
        """A borrowed site is free again."""
        with self._changed:
            self._busy.discard(key)
            if key in self._waiting:
                self._push(key)
            self._changed.notify_all()

    def done(self, turn: Turn[Item], outcome: Outcome | None, site: str | None = None) -> SiteState | None:
        """The turn is over (None: it was not asked after all); gives the site's state when it should be stored.

        `site` is the one that gave the outcome, when a redirect led to another one than the turn's.
        """
        state = None
        if turn.postponed_until is None:
            state = self._gate.finish(site or turn.site, outcome)
        with self._changed:
            if turn.postponed_until is None:
                self._busy.discard(turn.site)
                if turn.site in self._waiting:
                    self._push(turn.site)
            self._changed.notify_all() if not self._waiting or self._borrowers else self._changed.notify()
        return state

    def close(self) -> list[Item]:
        """Stop handing out; gives back the items that were not started."""
        with self._changed:
            self._closed = True
            left = [item for queue in self._waiting.values() for item in queue]
            self._waiting.clear()
            self._heap.clear()
            self._changed.notify_all()
            return left

    def _push(self, key: str) -> None:
        self._count += 1
        heapq.heappush(self._heap, (self._gate.ready_at(key), self._count, key))

    def _next(self) -> Turn[Item] | float | None:
        if self._closed or not (self._waiting or self._busy):
            return None
        if not self._heap:
            return float("inf") if self._waiting else None
        ready, _, key = self._heap[0]
        held = self._gate.held_until(key)
        if held is not None:
            return self._postponed(key, held)
        now = self._gate.clock()
        if ready <= now:
            heapq.heappop(self._heap)
            self._busy.add(key)
            self._gate.start(key)
            return Turn(item=self._pop(key), site=key)
        if self._horizon is not None and ready > self._horizon:
            return self._postponed(key, self._gate.wall() + timedelta(seconds=ready - now))
        return ready

    def _postponed(self, key: str, not_before: datetime) -> Turn[Item]:
        """Hand out one item of the site at the top as postponed; the site leaves the heap with its last item."""
        item = self._pop(key)
        if key not in self._waiting:
            heapq.heappop(self._heap)
        return Turn(item=item, site=key, postponed_until=self._gate.postpone(key, not_before))

    def _pop(self, key: str) -> Item:
        queue = self._waiting[key]
        item = queue.popleft()
        if not queue:
            del self._waiting[key]
        return item
