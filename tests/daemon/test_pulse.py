"""What /healthz says, with a clock of our own."""

from __future__ import annotations

from feedmill.pulse import DRIFT_SECONDS, LONGEST_TICK, STUCK_AFTER, ClockWatch, Condition, Pulse


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_young_daemon_is_fine() -> None:
    """Before its first tick is over."""
    pulse = Pulse(Clock())

    assert pulse.condition() == Condition(fine=True, text="ok; no tick yet")


def test_the_age_of_the_last_tick_is_told() -> None:
    """In seconds."""
    clock = Clock()
    pulse = Pulse(clock)
    pulse.began()
    pulse.ended()
    clock.now += 12
    pulse.beat()

    assert pulse.condition() == Condition(fine=True, text="ok; last tick 12 s ago")


def test_a_scheduler_without_a_beat_is_stuck() -> None:
    """Four heartbeats missed."""
    clock = Clock()
    pulse = Pulse(clock)
    clock.now += STUCK_AFTER
    assert pulse.condition().fine
    clock.now += 1
    assert pulse.condition() == Condition(fine=False, text="the scheduler has not run for 61 s; no tick yet")
    pulse.beat()
    assert pulse.condition().fine


def test_a_store_that_refuses_is_told_until_it_works_again() -> None:
    """And the failed tick does not count as one."""
    pulse = Pulse(Clock())
    pulse.began()
    pulse.ended(store_fails=True)
    assert pulse.condition() == Condition(fine=False, text="the store cannot be used; no tick yet")
    pulse.began()
    pulse.ended()
    assert pulse.condition().fine


def test_a_tick_without_end_is_told() -> None:
    """While the heartbeat goes on."""
    clock = Clock()
    pulse = Pulse(clock)
    pulse.began()
    clock.now += LONGEST_TICK + 1
    pulse.beat()

    assert pulse.condition() == Condition(fine=False, text="a tick has been running for 3601 s; no tick yet")


def test_a_clock_that_is_set_is_noticed_once() -> None:
    """Forward and backward; slow drift and small corrections are not jumps."""
    wall, monotonic = Clock(), Clock()
    watch = ClockWatch(wall=wall, monotonic=monotonic)
    for step in (0, DRIFT_SECONDS - 1, -5):
        wall.now += 5 + step
        monotonic.now += 5
        assert watch.drift() == 0
    wall.now += 86_400
    assert round(watch.drift()) == 86_424
    assert watch.drift() == 0
    wall.now -= 3600
    assert watch.drift() == -3600
