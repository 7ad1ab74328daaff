"""Signals become events: what a long-running command does when it is told to stop.

In:  SIGTERM, SIGINT (stop), SIGHUP (read the configuration again).
Out: two events.
Never: does work inside a handler, or keeps a handler after the command is over.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

STOPPING = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def signalled(stop: threading.Event, reload: threading.Event | None = None) -> Iterator[None]:
    """The first SIGTERM or SIGINT sets `stop`, the second ends the process at once; SIGHUP sets `reload`.

    Outside the main thread, where Python takes no signals, only the caller sets the events.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def on_stop(number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            os._exit(128 + number)  # nothing to lose: files are whole, the store is transactional, leases expire
        stop.set()

    def on_reload(_number: int, _frame: FrameType | None) -> None:
        if reload is not None:
            reload.set()

    handlers = dict.fromkeys(STOPPING, on_stop) | {signal.SIGHUP: on_reload}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
