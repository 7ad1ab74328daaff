"""Whether the daemon is alive: what the jobs report, what /healthz says.

In:  `beat` of the heartbeat job, `began` and `ended` of each tick, monotonic seconds.
Out: `Condition`: fine or not, and a few words for a monitor.
Never: reads a clock of its own (the clock is given), or tells a visitor more than a monitor needs.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

BEAT_SECONDS = 15.0
STUCK_AFTER = 4 * BEAT_SECONDS  # without a beat
LONGEST_TICK = 3600.0  # every fetch has its deadline and every site its spacing: an hour is many of both
DRIFT_SECONDS = 30.0  # of the wall clock against the monotonic one (scheduling.md 1.7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """`text` is one line for people and monitors."""

    fine: bool
    text: str


class Pulse:
    """Thread-safe by single assignments. `clock` is monotonic, in seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._last_beat = clock()
        self._tick_began: float | None = None
        self._tick_ended: float | None = None
        self._store_fails = False

    def beat(self) -> None:
        """The scheduler still runs jobs."""
        self._last_beat = self._clock()

    def began(self) -> None:
        """A tick starts."""
        self._tick_began = self._clock()

    def ended(self, *, store_fails: bool = False) -> None:
        """A tick is over; `store_fails` when the store refused."""
        with self._lock:
            self._tick_began = None
            self._store_fails = store_fails
            if not store_fails:
                self._tick_ended = self._clock()

    def condition(self) -> Condition:
        """What /healthz answers."""
        now = self._clock()
        with self._lock:
            began, ended, store_fails = self._tick_began, self._tick_ended, self._store_fails
        age = "no tick yet" if ended is None else f"last tick {now - ended:.0f} s ago"
        if now - self._last_beat > STUCK_AFTER:
            return Condition(fine=False, text=f"the scheduler has not run for {now - self._last_beat:.0f} s; {age}")
        if store_fails:
            return Condition(fine=False, text=f"the store cannot be used; {age}")
        if began is not None and now - began > LONGEST_TICK:
            return Condition(fine=False, text=f"a tick has been running for {now - began:.0f} s; {age}")
        return Condition(fine=True, text=f"ok; {age}")


class ClockWatch:
    """Notices that the wall clock was set, or that the machine slept: then what was planned by it is wrong."""

    def __init__(self, *, wall: Callable[[], float], monotonic: Callable[[], float]) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._offset = wall() - monotonic()

    def drift(self) -> float:
        """Seconds by which the wall clock jumped (forward is positive) since the last jump; 0 when it did not."""
        offset = self._wall() - self._monotonic()
        jumped = offset - self._offset
        if abs(jumped) <= DRIFT_SECONDS:
            return 0.0
        self._offset = offset
        return jumped
