"""Slow things at the same time, but only so many, and only so many for one host.

In:  tasks, each with the host it will wait for.
Out: threads that run them; `done` is called after each.
Never: a queue: whoever has work asks `room` first and keeps the work where a crash cannot lose it.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable


class Lane:
    """At most `width` tasks at once, at most `per_host` of them for one host. Thread-safe."""

    def __init__(self, name: str, *, width: int, per_host: int, done: Callable[[], None]) -> None:
        self._name = name
        self._width = width
        self._per_host = per_host
        self._done = done
        self._busy: Counter[str] = Counter()
        self._lock = threading.Lock()

    @property
    def room(self) -> int:
        """How many more tasks may start."""
        with self._lock:
            return self._width - self._busy.total()

    @property
    def full_hosts(self) -> frozenset[str]:
        """Hosts that have as many tasks as they may."""
        with self._lock:
            return frozenset(host for host, count in self._busy.items() if count >= self._per_host)

    def start(self, host: str, task: Callable[[], None]) -> None:
        """Run `task` in a thread of its own; it handles its own errors."""
        with self._lock:
            self._busy[host] += 1
        threading.Thread(target=self._run, args=(host, task), name=self._name, daemon=True).start()

    def _run(self, host: str, task: Callable[[], None]) -> None:
        try:
            task()
        finally:
            with self._lock:
                self._busy[host] -= 1
                if not self._busy[host]:
                    del self._busy[host]
            self._done()

    def drain(self, seconds: float) -> bool:
        """Wait until nothing runs, at most so long; whether nothing does."""
        end = time.monotonic() + seconds
        while self.room < self._width and time.monotonic() < end:
            time.sleep(0.02)
        return self.room == self._width
