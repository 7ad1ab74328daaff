"""One request at a time for those that ask now and then: `add`, remote lists, `import` and `normalize` of a URL.

In:  a fetcher, `[fetch]`, and the store's memory of sites, when there is one.
Out: the outcome of one look; a site that asked us to wait gives a `Failure` that says until when.
Never: asks a site before its time, or closer behind another request, of whatever process, than its distance; keeps a
site's refusal to itself.

The rules are those of a tick (`passage`, `gate`): who adds fifty feeds of one site by hand is one guest like others.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from feedmill.feeds.outcome import Failure, FailureKind, Outcome, Validators
from feedmill.ingest.gate import SiteGate, SiteMemory, remember_sites, site_key
from feedmill.ingest.options import FetchOptions

if TYPE_CHECKING:
    from feedmill.ingest.fetch import Fetcher

LONGEST_TURN = timedelta(minutes=2)  # somebody waits at a terminal; a site that wants more is said to be held


def _wall_clock() -> datetime:
    return datetime.now(UTC)


class Visitor:
    """Asks for single documents with a tick's manners. Not for several threads."""

    def __init__(
        self,
        fetcher: Fetcher,
        options: FetchOptions,
        memory: SiteMemory | None = None,
        *,
        wall: Callable[[], datetime] = _wall_clock,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._fetcher = fetcher
        self._memory = memory
        self._gate = SiteGate(options, wall=wall)
        self._sleep = sleep
        self._site = ""
        self._asked: set[str] = set()
        self._held_until: datetime | None = None

    def fetch(
        self,
        url: str,
        *,
        validators: Validators = Validators(),  # noqa: B008 - frozen
        source_url: str = "",
    ) -> Outcome:
        """Ask for `url` when its site, and each that it redirects to, may be asked."""
        self._asked.clear()
        self._site, self._held_until = "", None
        outcome = self._fetcher.fetch(url, validators=validators, gatekeeper=self, source_url=source_url)
        if self._held_until is not None:
            return self._held(self._held_until)
        if not self._site:  # refused before anything was asked
            return outcome
        if self._gate.finish(self._site, outcome) is not None and self._memory is not None:
            remember_sites(self._gate, self._memory)
        return outcome

    def enter(self, url: str) -> float | None:
        """Before each request (`fetch.Gatekeeper`): wait for the turn, at most `LONGEST_TURN`."""
        began = self._gate.clock()
        key = self._site = site_key(url)
        if key not in self._asked:
            self._asked.add(key)
            turn = self._turn(key)
            if turn is None:
                return None
            self._sleep(turn)
        self._gate.start(key)
        return self._gate.clock() - began

    def _turn(self, key: str) -> float | None:
        """Seconds until the site may be asked; None: not now, see `_held_until`."""
        now = self._gate.wall()
        wait = timedelta(seconds=max(self._gate.ready_at(key) - self._gate.clock(), 0.0))
        if self._memory is not None:
            self._gate.load(self._memory.sites([key]).values())
            gap = self._gate.gap(key)
            if gap:
                place = self._memory.book_site(key, now, gap)
                self._gate.load([place])
                wait = max((place.next_allowed or now) - now, timedelta(0))
        self._held_until = self._gate.held_until(key)
        if self._held_until is None and wait > LONGEST_TURN:
            self._held_until = now + wait
        return wait.total_seconds() if self._held_until is None else None

    def _held(self, until: datetime) -> Failure:
        now = self._gate.wall()
        return Failure(
            kind=FailureKind.RATE_LIMITED,
            detail=f"the site {self._site} asked us to wait until {until:%Y-%m-%d %H:%M} UTC: not asked",
            retry_after=max(until - now, timedelta(seconds=1)),
        )
