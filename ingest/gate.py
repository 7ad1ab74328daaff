"""Politeness towards sites: what a site is, how far apart its requests are, when it is not asked at all.

In:  URLs, outcomes, what the store remembers of sites.
Out: a site's key, its earliest next request, its hold; its memory for the store.
Never: fetches, waits, or decides which item is next (that is `site_queue`).

Checks 72, 106-110 of reference network.md section 1.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

from feedmill.feeds.outcome import Failure, FailureKind, Gone, Outcome
from feedmill.feeds.source import SiteState
from feedmill.ingest.addresses import is_private, refuse_address
from feedmill.ingest.options import FetchOptions
from feedmill.ingest.target import read_target

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

LONGEST_HOLD = timedelta(days=7)
LEAST_LEARNED = timedelta(seconds=1)  # the distance from which doubling begins where the configured one is smaller
_FIRST_HOLD = timedelta(minutes=15)  # a 429 that names no time: 15 min, doubling (reference scheduling.md section 2)
_LONGEST_GUESSED_HOLD = timedelta(hours=24)
_WIDEST_SPACING = timedelta(hours=1)
# Learned spacing shrinks by 0.02 % with each good answer: half of it is forgotten after about 3,500 of them. A site
# that allows one request a minute (Reddit, 2026) with 20 hourly feeds is so tested again about once a week (check 109).
_SPACING_KEPT = 0.9998
# A refusal teaches spacing only when the request before it was near: one that comes after a long pause is about
# something else (one feed, a quota of the day), and doubling for it would leave a site at an hour for months.
_NEAR = 4
_INTERNAL_SUFFIXES = (".localhost", ".local", ".internal", ".lan", ".home.arpa")


@lru_cache(maxsize=8192)
def site_key(url: str) -> str:
    """The site a URL belongs to: its registrable domain; host:port for addresses, localhost and single-label hosts.

    A public suffix such as blogspot.com or github.io separates its tenants; tumblr.com does not (check 107).
    A URL that cannot be fetched is its own site.
    """
    target = read_target(url)
    if isinstance(target, Failure):
        return url
    host = target.host.rstrip(".")
    if _is_address(host) or _is_internal_name(host):
        return f"{host}:{target.port}"
    return _suffixes().privatesuffix(host) or host


def is_private_site(key: str) -> bool:
    """Whether a site key names a private address or an internal name: these are asked without spacing (check 110)."""
    host, _, port = key.rpartition(":")
    return bool(host and port.isdigit()) and (_is_internal_name(host) or is_private(host))


def _is_address(host: str) -> bool:
    return refuse_address(host) != "not an IP address"


def _is_internal_name(host: str) -> bool:
    return not _is_address(host) and ("." not in host or host.endswith(_INTERNAL_SUFFIXES))


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    from publicsuffixlist import PublicSuffixList  # 60 ms, and only public host names need it

    return PublicSuffixList()


@dataclass(slots=True)
class _Site:
    """One site in this process. `ready`, `started` (the last request, if known) and `pause` (before it) are monotonic
    seconds, `hold_until` wall time, `spacing` learned or None."""

    key: str
    private: bool
    ready: float = 0.0
    started: float | None = None
    pause: float = 0.0
    hold_until: datetime | None = None
    spacing: timedelta | None = None
    refusals: int = 0
    postponed: int = 0
    asked: int = 0


class SiteMemory(Protocol):
    """What the store remembers of sites; all processes on it share them."""

    def sites(self, keys: Sequence[str]) -> Mapping[str, SiteState]:
        """Those that are known."""

    def book_site(self, key: str, now: datetime, gap: timedelta) -> SiteState:
        """Take a place in a site's line; `next_allowed` is when the caller may ask."""

    def save_sites(self, states: Sequence[SiteState]) -> None:
        """Remember them."""


class SiteGate:
    """What is known of sites: spacing, holds, learned caution. Shared by all queues of a process; thread-safe.

    `clock` is monotonic seconds, `wall` aware UTC; both injectable. `states` is what the store remembers.
    """

    def __init__(
        self,
        options: FetchOptions,
        *,
        states: Iterable[SiteState] = (),
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._options = options
        self._sites: dict[str, _Site] = {}
        self.clock = clock
        self.wall = wall
        self._lock = threading.Lock()
        self.load(states)

    def load(self, states: Iterable[SiteState]) -> None:
        """Take in what the store remembers. A clock set back cannot make a hold longer than 7 days."""
        now, ticks = self.wall(), self.clock()
        with self._lock:
            for state in states:
                site = self._site(state.key)
                site.spacing, site.refusals = state.spacing, state.refusals
                if state.hold_until is not None:
                    site.hold_until = min(state.hold_until, now + LONGEST_HOLD)
                if state.next_allowed is not None:
                    wait = min(max(state.next_allowed - now, timedelta(0)), self._gap(site))
                    site.ready = max(site.ready, ticks + wait.total_seconds())
                    if site.started is None:  # by whichever process: one gap before the place it left free
                        site.started = ticks - (now - state.next_allowed + self._gap(site)).total_seconds()

    def held_until(self, key: str) -> datetime | None:
        """Until when the site is not asked at all (429, Retry-After); None when it may be."""
        with self._lock:
            return self._hold(self._site(key), self.wall())

    def ready_at(self, key: str) -> float:
        """Monotonic time from which spacing allows the next request."""
        with self._lock:
            return self._site(key).ready

    def gap(self, key: str) -> timedelta:
        """The least distance between two requests to the site, learned caution included."""
        with self._lock:
            return self._gap(self._site(key))

    def start(self, key: str) -> None:
        """A request to the site begins now: the next one keeps its distance from this moment."""
        with self._lock:
            site = self._site(key)
            ticks = self.clock()
            site.asked += 1
            site.pause = 0.0 if site.started is None else ticks - site.started
            site.started = ticks
            site.ready = ticks + self._gap(site).total_seconds()

    def finish(self, key: str, outcome: Outcome | None) -> SiteState | None:
        """Learn from an outcome; gives the site's state when it changed in a way worth storing at once."""
        with self._lock:
            site = self._site(key)
            if outcome is None or site.private:  # a private host's Retry-After holds the feed only (check 72)
                return None
            before = (site.hold_until, site.spacing, site.refusals)
            self._learn(site, outcome)
            changed = before != (site.hold_until, site.spacing, site.refusals)
            return self._state(site) if changed else None

    def postpone(self, key: str, not_before: datetime) -> datetime:
        """A time for an item that is not asked now: after `not_before`, one spacing behind the previous (check 108)."""
        with self._lock:
            site = self._site(key)
            until = not_before + site.postponed * self._gap(site)
            site.postponed += 1
            return until

    def states(self) -> list[SiteState]:
        """All sites worth remembering: held, learned about, or asked more than once."""
        now = self.wall()
        with self._lock:
            return [
                self._state(site)
                for site in self._sites.values()
                if not site.private
                and (site.asked > 1 or site.spacing is not None or site.refusals or self._hold(site, now))
            ]

    def _site(self, key: str) -> _Site:
        site = self._sites.get(key)
        if site is None:
            site = self._sites[key] = _Site(key, is_private_site(key))
        return site

    def _base(self, site: _Site) -> timedelta:
        return self._options.private_site_spacing if site.private else self._options.site_spacing

    def _gap(self, site: _Site) -> timedelta:
        return max(self._base(site), site.spacing or timedelta(0))

    @staticmethod
    def _hold(site: _Site, now: datetime) -> datetime | None:
        return site.hold_until if site.hold_until is not None and site.hold_until > now else None

    def _learn(self, site: _Site, outcome: Outcome) -> None:
        now = self.wall()
        wait = outcome.retry_after if isinstance(outcome, Failure) else None
        if not isinstance(outcome, Failure | Gone):
            wait = outcome.freshness.retry_after
        if isinstance(outcome, Failure) and outcome.kind is FailureKind.RATE_LIMITED:
            site.refusals += 1
            gap = max(self._gap(site), LEAST_LEARNED)
            if site.pause <= _NEAR * gap.total_seconds():
                # Who names a time is not afraid of a request in each twice that time.
                site.spacing = max(gap, min(gap * 2, _WIDEST_SPACING if wait is None else 2 * wait))
            if wait is None:
                wait = min(_FIRST_HOLD * 2 ** min(site.refusals - 1, 10), _LONGEST_GUESSED_HOLD)
        elif not isinstance(outcome, Failure):
            site.refusals = 0
            if site.spacing is not None:
                shrunk = site.spacing * _SPACING_KEPT
                site.spacing = shrunk if shrunk > self._base(site) else None
        if wait is not None:
            until = now + min(wait, LONGEST_HOLD)
            if site.hold_until is None or until > site.hold_until:
                site.hold_until = until
                site.postponed = 1  # the refused feed itself comes first after the hold

    def _state(self, site: _Site) -> SiteState:
        now = self.wall()
        wait = max(site.ready - self.clock(), 0.0)
        return SiteState(
            key=site.key,
            next_allowed=now + timedelta(seconds=wait) if wait else None,
            hold_until=self._hold(site, now),
            spacing=site.spacing,
            refusals=site.refusals,
        )


def remember_sites(gate: SiteGate, store: SiteMemory) -> None:
    """Remember sites; places and holds that another process booked meanwhile stay."""
    states = gate.states()
    others = store.sites([state.key for state in states])
    merged = []
    for state in states:
        other = others.get(state.key, state)
        merged.append(
            replace(
                state,
                next_allowed=max(filter(None, (state.next_allowed, other.next_allowed)), default=None),
                hold_until=max(filter(None, (state.hold_until, other.hold_until)), default=None),
            )
        )
    if merged:
        store.save_sites(merged)
