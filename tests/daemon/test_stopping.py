"""Signals become events. (The second signal, which ends the process, is in test_processes.)"""

from __future__ import annotations

import os
import signal
import threading

import pytest

from feedmill.stopping import signalled


@pytest.mark.skipif(threading.current_thread() is not threading.main_thread(), reason="Python takes no signals here")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_sets_its_event_and_the_handlers_go_back(number: int) -> None:
    """SIGHUP asks for the configuration, or for nothing when nobody wants it."""
    before = {one: signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    stop, reload = threading.Event(), threading.Event()
    with signalled(stop, reload):
        os.kill(os.getpid(), signal.SIGHUP)
        assert reload.wait(5)
        assert not stop.is_set()
        os.kill(os.getpid(), number)
        assert stop.wait(5)
    with signalled(threading.Event()):
        os.kill(os.getpid(), signal.SIGHUP)

    assert {one: signal.getsignal(one) for one in before} == before


def test_in_another_thread_only_the_caller_stops_it() -> None:
    """Python would refuse to set a handler there."""
    done: list[bool] = []

    def run() -> None:
        with signalled(threading.Event()):
            done.append(True)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(5)

    assert done == [True]
