"""One look's way through the gates of sites, request by request.

In:  the URL of each request of the look, before it is sent: the first one and every hop of its redirects.
Out: the seconds waited for it, or None when it may not be sent now; then `postponed_until` says when.
Never: fetches; waits longer than `patience`; holds a site that it is not asking.

    turn = queue.take()              the turn's own site is ours for the whole look
    passage.enter(url)               another site is borrowed while it is asked, and given back before the next one
    queue.done(turn, outcome, passage)

A place is also booked in the store (`book`), so that two processes on one store keep one distance (check 106).
A hop within one site follows at once, as a part of the same look; the site's rest begins anew after it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from feedmill.feeds.source import SiteState
from feedmill.ingest.gate import SiteGate, site_key
from feedmill.ingest.site_queue import SiteQueue, Turn

Item = TypeVar("Item")
Booking = Callable[[str, datetime, timedelta], SiteState]  # Store.book_site


class Passage(Generic[Item]):
    """See the module. `site` is the one that was asked last: what it answered is about that one."""

    def __init__(
        self,
        turn: Turn[Item],
        queue: SiteQueue[Item],
        gate: SiteGate,
        *,
        book: Booking,
        patience: timedelta,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.site = turn.site
        self.postponed_until: datetime | None = None
        self._own = turn.site
        self._queue = queue
        self._gate = gate
        self._book = book
        self._patience = patience
        self._sleep = sleep
        self._asked: set[str] = set()

    def enter(self, url: str) -> float | None:
        """Before each request: wait for its site. None: it cannot be asked now, see `postponed_until`."""
        began = self._gate.clock()
        key = site_key(url)
        if key != self.site:
            self.leave()
            if key != self._own:
                self.postponed_until = self._queue.borrow(key, self._patience)
                if self.postponed_until is not None:
                    return None
            self.site = key
        if key in self._asked:
            self._gate.start(key)
        elif not self._take_place(key):
            return None
        self._asked.add(key)
        return self._gate.clock() - began

    def leave(self) -> None:
        """Give back a borrowed site."""
        if self.site != self._own:
            self._queue.hand_back(self.site)
            self.site = self._own

    def _take_place(self, key: str) -> bool:
        """Book with all other processes; False when one of them was told to wait."""
        gap = self._gate.gap(key)
        if not gap:
            return True
        now = self._gate.wall()
        place = self._book(key, now, gap)
        self._gate.load([place])
        self.postponed_until = self._gate.held_until(key)
        if self.postponed_until is not None:
            return False
        if place.next_allowed is not None and place.next_allowed > now:
            wait = place.next_allowed - now
            if wait > self._patience:
                self.postponed_until = place.next_allowed
                return False
            self._sleep(wait.total_seconds())
            self._gate.start(key)
        return True
