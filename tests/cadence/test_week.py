"""The weekly profile, changes of pace, the budget, and the bar of the simulation in small."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedmill.feeds import encoding
from feedmill.feeds.outcome import Freshness, Validators
from feedmill.feeds.source import Channel, PostingRate, Source, SourceRecord, SourceState, Standing
from feedmill.ingest.budget import within_budget
from feedmill.ingest.cadence import expected_posts_per_day, interval_for_budget, learn, schedule
from feedmill.ingest.options import ScheduleOptions
from feedmill.ingest.week import HOURS, hour_of_week, remember_hours, time_until_expected, weekly_profile

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)  # a Monday
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MOST = timedelta(hours=24)
counts = st.lists(st.tuples(st.integers(0, HOURS - 1), st.floats(0.02, 500)), max_size=60, unique_by=lambda c: c[0])


def watched(days, *, hour, now=NOW):
    """A blog that posted each of the last days at the same hour."""
    dates = [(now - DAY * number).replace(hour=hour, minute=30) for number in range(1, days + 1)]
    return remember_hours((), None, dates, now=now)


def test_hours_are_counted_from_monday_midnight_in_utc():
    assert hour_of_week(datetime(2026, 3, 2, 0, 59, tzinfo=UTC)) == 0
    assert hour_of_week(datetime(2026, 3, 8, 23, 0, tzinfo=UTC)) == 167


@given(counts)
def test_the_profile_has_the_mean_one_and_no_hour_without_hope(week):
    profile = weekly_profile(tuple(week), NOW, now=NOW)

    assert sum(profile) / HOURS == pytest.approx(1.0)
    assert min(profile) > 0


def test_nothing_learned_is_a_flat_week():
    assert weekly_profile((), None, now=NOW) == pytest.approx([1.0] * HOURS)
    assert time_until_expected(HOUR, (), None, now=NOW, most=MOST) == HOUR


def test_few_postings_hardly_bend_the_week():
    """Four postings at 9:00: that hour is looked at more closely, the others stay nearly what they were."""
    profile = weekly_profile(*watched(4, hour=9), now=NOW)

    assert max(profile) < 5
    assert min(profile[day * 24 + hour] for day in range(7) for hour in range(24) if hour != 9) > 0.75


def test_a_clear_habit_is_learned():
    """Eight weeks of posting at 9:00: that hour stands out, the night is believed quiet."""
    profile = weekly_profile(*watched(56, hour=9), now=NOW)

    assert min(profile[day * 24 + 9] for day in range(5)) > 5
    assert max(profile[day * 24 + 2] for day in range(5)) < 0.7


def test_a_habit_is_forgotten():
    week, at = watched(56, hour=9)
    later = weekly_profile(week, at, now=NOW + 400 * DAY)

    assert max(later) < 1.1


def test_the_look_waits_for_the_hour_at_which_something_is_to_be_expected():
    """Before the usual hour the interval ends soon after it; after it the interval is longer than without a habit."""
    week, at = watched(56, hour=13)
    before = time_until_expected(4 * HOUR, week, at, now=NOW, most=MOST)
    after = time_until_expected(4 * HOUR, week, at, now=NOW + 3 * HOUR, most=MOST)

    assert before < 3 * HOUR
    assert after > 4.5 * HOUR


@given(counts, st.floats(0.1, 30.0), st.integers(0, 7 * 24 * 60))
def test_the_wait_is_never_longer_than_told_and_always_some(week, hours, minute):
    gap = time_until_expected(HOUR * hours, tuple(week), NOW, now=NOW + timedelta(minutes=minute), most=MOST)

    assert timedelta(0) < gap <= max(MOST, HOUR * hours)


def test_rates_and_channels_are_stored_with_their_week_and_size():
    week, at = watched(30, hour=9)
    rate = PostingRate(weight=1.5, days=20.0, short=0.25, recent=0.5, at=NOW, week=week, week_at=at)

    assert encoding.rate_from(encoding.rate(rate)) == rate
    assert encoding.channel_from(encoding.channel(Channel(entries=17))).entries == 17


# ---- pace -----------------------------------------------------------------------------------------------------------


def lived(per_day, days, rate=None, start=NOW):
    """A rate that watched a steady pace, six looks a day."""
    rate = rate or PostingRate(at=start)
    owed = 0.0
    for look in range(1, round(days * 6) + 1):
        owed += per_day / 6
        new, owed = int(owed), owed % 1
        now = start + timedelta(hours=4 * look)
        rate = learn(rate, new_dates=[now] * new, now=now, first=False)
    return rate, start + timedelta(hours=4 * round(days * 6))


def test_a_blog_that_fell_silent_is_noticed_within_days():
    """Ten a day for a month, then nothing: after four days less than a third of the old pace is expected."""
    rate, now = lived(10, 30)
    assert expected_posts_per_day(rate, now=now) == pytest.approx(10, rel=0.25)
    rate, now = lived(0, 5, rate, now)

    assert expected_posts_per_day(rate, now=now) < 3.5


def test_a_blog_that_woke_up_is_noticed_within_days():
    rate, now = lived(0.1, 60)
    rate, now = lived(8, 3, rate, now)

    assert expected_posts_per_day(rate, now=now) > 3


# ---- budget ---------------------------------------------------------------------------------------------------------


def cost(rates, default, options):
    return sum(
        DAY / max(min(default * (0.35 / rate) ** 0.5, options.max_interval), options.min_interval) for rate in rates
    )


@given(st.lists(st.floats(0.01, 30), min_size=1, max_size=50), st.floats(2.0, 100.0))
def test_a_budget_of_requests_is_kept_where_the_clamps_allow_it(rates, each):
    options = ScheduleOptions()
    wanted = each * len(rates)

    default = interval_for_budget(rates, requests_per_day=wanted, options=options)

    assert options.min_interval <= default <= options.max_interval
    if options.min_interval + timedelta(seconds=1) < default < options.max_interval:
        assert cost(rates, default, options) == pytest.approx(wanted, rel=0.05)  # whole seconds and clamps


def test_a_budget_steers_the_tick_and_stands_in_the_reason():
    """Twenty sources that post daily: with 200 requests a day each is looked at every 2.4 hours, and says why."""
    rate, now = lived(1.0, 60)
    rate = replace(rate, week=(), week_at=None)
    record = SourceRecord(row=1, source=Source(url="http://a.example/"), state=SourceState(rate=rate))
    gone = replace(record, state=SourceState(rate=rate, standing=Standing.GONE))
    options = within_budget(ScheduleOptions(requests_per_day=200), [record] * 20 + [gone] * 50, now=now)
    said = Freshness(max_age=timedelta(minutes=1))

    when, reason = schedule(record.state, Channel(), now=now, options=options, freshness=said, chance=0.0)

    assert when - now == pytest.approx(timedelta(hours=2.4), rel=0.1)
    assert "200 requests a day are allowed" in reason


def test_a_generous_budget_asks_nobody_more_often_than_hourly_who_said_nothing():
    """Only a written default_interval below an hour says that the operator knows better (check 62)."""
    rate, now = lived(5.0, 60)
    state = SourceState(rate=rate, validators=Validators(etag='"a"', issued_by="http://a.example/"))
    record = SourceRecord(row=1, source=Source(url="http://a.example/"), state=state)
    options = within_budget(ScheduleOptions(requests_per_day=100_000), [record], now=now)

    when, _ = schedule(state, Channel(), now=now, options=options, freshness=Freshness(), chance=0.0)

    assert when - now == timedelta(hours=1)


def test_a_budget_that_cannot_be_kept_gives_the_longest_interval():
    assert interval_for_budget([None] * 9, requests_per_day=1, options=ScheduleOptions()) == MOST


# ---- the simulation -------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("world", ["diurnal", "columnists", "shifts"])
def test_check_064_entries_wait_half_as_long_for_as_many_requests(world):
    """bench/cadence_worlds.py in small: at most 0.55 of the wait of a fixed hour, and no entry lost."""
    path = Path(__file__).parents[2] / "bench" / "cadence_worlds.py"
    spec = importlib.util.spec_from_file_location("cadence_worlds", path)
    assert spec is not None
    assert spec.loader is not None
    worlds = importlib.util.module_from_spec(spec)
    sys.modules["cadence_worlds"] = worlds
    spec.loader.exec_module(worlds)

    feeds = worlds.make_world(world, feeds=24, days=7, seed=3)
    fixed = worlds.run(worlds.fixed, 60.0, feeds, days=7, seed=3)
    ours = worlds.tuned(worlds.ours, 10.0, 480.0, feeds, per_day=24.0, days=7, seed=3)

    assert ours.looks == pytest.approx(fixed.looks, rel=0.03)
    assert ours.wait <= 0.55 * fixed.wait
    assert ours.lost == 0
