"""Checks 33, 52-68, 75-81, 86: when the next look is, and why."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedmill.feeds.outcome import FailureKind, Freshness, Validators
from feedmill.feeds.source import Channel, PostingRate, SourceState, Standing
from feedmill.ingest.cadence import (
    after_rest,
    backoff,
    expected_posts_per_day,
    gone_is_confirmed,
    hold_until,
    learn,
    move_is_confirmed,
    posts_per_day,
    schedule,
    wants_full_look,
)
from feedmill.ingest.options import ScheduleOptions

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)  # a Monday
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
OPTIONS = ScheduleOptions()
TAGGED = Validators(etag='"a"', issued_by="http://blog.example/feed")


def posting(per_day):
    """A long observed steady rate."""
    return PostingRate(weight=per_day * 26 - 0.5, days=21.0, short=per_day, recent=per_day, at=NOW)


def look(state=None, channel=None, *, freshness=None, chance=0.0, options=OPTIONS, window=0, **fields):
    """(minutes until the next look, reason)."""
    fields.setdefault("validators", TAGGED)
    when, reason = schedule(
        state or SourceState(**fields),
        channel or Channel(),
        now=NOW,
        options=options,
        freshness=freshness or Freshness(),
        chance=chance,
        window=window,
    )
    return (when - NOW) / MINUTE, reason


SAID = Freshness(max_age=MINUTE)  # the server invites us to come often


# ---- threshold ------------------------------------------------------------------------------------------------------


def test_a_new_source_is_looked_at_after_the_default_interval():
    assert look(freshness=SAID) == (60, "how often it posts is not known yet: look again in 60 min")


def test_the_median_blog_gets_the_default_interval():
    minutes, _ = look(rate=posting(0.35), freshness=SAID)

    assert minutes == pytest.approx(60, abs=0.1)


def test_check_064_the_interval_goes_with_one_over_the_root_of_the_rate():
    """Four times the rate, half the interval."""
    slow, fast = look(rate=posting(0.35), freshness=SAID)[0], look(rate=posting(1.4), freshness=SAID)[0]

    assert slow / fast == pytest.approx(2, rel=0.001)


@pytest.mark.parametrize(("rate", "minutes"), [(50, 10), (1.0, 35.5), (0.019, 257.5)])
def test_busy_blogs_get_the_least_interval_and_silent_ones_hours(rate, minutes):
    assert look(rate=posting(rate), freshness=SAID)[0] == pytest.approx(minutes, rel=0.01)


def test_the_reason_says_how_often_it_posts_and_who_asked():
    _, reason = look(rate=posting(0.68), freshness=Freshness(max_age=HOUR))

    assert reason == "posts about 5 a week: look again in 43 min; the server asked for 60 min"


@pytest.mark.parametrize(
    ("rate", "words"), [(3.2, "about 3 a day"), (0.43, "about 3 a week"), (0.07, "about 2 a month"), (0.02, "less")]
)
def test_rates_are_told_in_the_unit_that_fits(rate, words):
    assert words in look(rate=posting(rate), freshness=SAID)[1]


def test_the_maximum_holds_when_nobody_asks_for_more():
    options = ScheduleOptions(max_interval=2 * HOUR)

    assert look(rate=posting(0.019), freshness=SAID, options=options)[0] == 120


# ---- what is decent -------------------------------------------------------------------------------------------------


def test_check_062_where_nobody_said_how_often_it_is_hourly():
    minutes, reason = look(rate=posting(10))

    assert (minutes, "nobody said" in reason) == (60, True)


def test_check_056_no_store_and_max_age_zero_say_nothing():
    assert look(rate=posting(10), freshness=Freshness(max_age=timedelta(0)))[0] == 60


def test_check_063_without_validators_it_is_daily_unless_somebody_says_otherwise():
    minutes, reason = look(rate=posting(1), validators=Validators())

    assert (minutes, "cannot say when nothing changed" in reason) == (24 * 60, True)
    assert look(rate=posting(1), validators=Validators(), freshness=Freshness(max_age=2 * HOUR))[0] == 120
    assert look(channel=Channel(ttl=HOUR), rate=posting(1), validators=Validators())[0] == 60


def test_check_063_a_short_default_interval_is_an_operator_who_insists():
    options = ScheduleOptions(default_interval=15 * MINUTE)

    assert look(rate=posting(10), options=options)[0] == 15
    assert look(rate=posting(10), validators=Validators(), options=options)[0] == 15


def test_a_short_document_of_a_busy_feed_is_read_before_it_turns_over():
    """40 a day and 10 entries: twice in the six hours after which the first would be gone, also without validators."""
    minutes, reason = look(rate=posting(40), validators=Validators(), window=10)

    assert minutes == pytest.approx(180, rel=0.01)
    assert "10 entries" in reason
    assert look(rate=posting(2000), window=10)[0] == 10
    assert look(rate=posting(1), window=100)[0] == 60


# ---- floors ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("channel", "freshness", "minutes"),
    [
        (Channel(), Freshness(max_age=2 * HOUR), 120),
        (Channel(), Freshness(max_age=30 * DAY), 7 * 24 * 60),
        (Channel(ttl=3 * HOUR), Freshness(), 180),
        (Channel(ttl=90 * DAY), Freshness(), 24 * 60),
        (Channel(update_period=5 * HOUR), Freshness(), 300),
        (Channel(update_period=365 * DAY), Freshness(), 24 * 60),
        (Channel(ttl=MINUTE, update_period=MINUTE), Freshness(max_age=MINUTE), 10),
        (Channel(ttl=2 * HOUR, update_period=3 * HOUR), Freshness(max_age=4 * HOUR), 240),
    ],
)
def test_check_052_059_061_wishes_are_floors_with_a_cap_and_never_targets(channel, freshness, minutes):
    assert look(channel=channel, rate=posting(30), freshness=freshness)[0] == minutes


def test_check_060_skip_hours_and_days_move_the_look_to_their_end():
    rest = Channel(skip_hours=frozenset({13, 14}), skip_days=frozenset({1}), ttl=MINUTE)
    minutes, reason = look(channel=rest, rate=posting(0.35))

    assert minutes == 180
    assert "rests until Mon 15:00 GMT" in reason


@pytest.mark.parametrize(
    ("hours", "days", "at", "until"),
    [
        ((), (), NOW, NOW),
        ((12,), (), NOW + 5 * MINUTE, NOW + HOUR),
        ((), (0, 1), NOW, datetime(2026, 3, 4, tzinfo=UTC)),
        ((0, 1), (0,), NOW, datetime(2026, 3, 3, 2, tzinfo=UTC)),
        (range(24), (), NOW, NOW),
        ((), range(7), NOW, NOW),
        (range(24), (0,), NOW, datetime(2026, 3, 3, tzinfo=UTC)),
        ((23,), (1,), NOW.replace(hour=23), datetime(2026, 3, 4, tzinfo=UTC)),
    ],
)
def test_check_060_rest(hours, days, at, until):
    assert after_rest(at, Channel(skip_hours=frozenset(hours), skip_days=frozenset(days))) == until


def test_check_060_jitter_does_not_push_a_look_into_the_rest():
    rest = Channel(skip_hours=frozenset({13}), ttl=MINUTE)
    minutes, _ = look(channel=rest, rate=posting(0.36), chance=1.0)

    assert minutes == pytest.approx(120 + 0.05 * 59.2, abs=0.5)


# ---- Retry-After ----------------------------------------------------------------------------------------------------


def test_check_072_retry_after_is_a_hard_floor():
    minutes, reason = look(rate=posting(1), freshness=Freshness(retry_after=5 * HOUR))

    assert minutes == 300
    assert "the server said to wait 5 h" in reason


def test_a_hold_that_has_not_passed_stays():
    state = SourceState(validators=TAGGED, hold_until=NOW + 4 * HOUR)

    assert look(state)[0] == 240
    assert hold_until(state, Freshness(retry_after=HOUR), now=NOW) == NOW + 4 * HOUR
    assert hold_until(state, Freshness(retry_after=9 * HOUR), now=NOW) == NOW + 9 * HOUR
    assert hold_until(SourceState(hold_until=NOW - HOUR), Freshness(), now=NOW) is None


def test_check_067_a_clock_set_back_does_not_make_a_hold_endless():
    assert hold_until(SourceState(hold_until=NOW + 400 * DAY), Freshness(), now=NOW) == NOW + 7 * DAY


# ---- failures -------------------------------------------------------------------------------------------------------


def failing(times, kind=FailureKind.TIMEOUT, **fields):
    return SourceState(failures=times, failure=kind, validators=TAGGED, **fields)


def test_check_081_failures_back_off_exponentially_to_a_day():
    minutes = [look(failing(times, rate=posting(3)))[0] for times in range(1, 12)]

    assert minutes[0] == pytest.approx(20.5, abs=0.1)  # the normal interval
    assert minutes[2:5] == [40, 80, 160]
    assert minutes[-1] == 24 * 60
    assert minutes == sorted(minutes)


def test_check_079_a_404_for_ever_is_looked_at_daily_for_ever():
    assert look(failing(5000, FailureKind.HTTP_4XX))[0] == 24 * 60


def test_check_075_a_429_without_a_time_waits_at_least_an_hour_and_twice_the_interval():
    assert backoff(1, FailureKind.RATE_LIMITED, normal=10 * MINUTE) == HOUR
    assert backoff(1, FailureKind.RATE_LIMITED, normal=HOUR) == 2 * HOUR
    assert backoff(2, FailureKind.RATE_LIMITED, normal=HOUR) == 4 * HOUR
    assert backoff(90, FailureKind.RATE_LIMITED, normal=HOUR) == DAY


def test_check_077_080_walls_and_unconfirmed_410s_are_looked_at_daily():
    minutes, reason = look(failing(2, FailureKind.BOT_WALL))

    assert minutes == 24 * 60
    assert reason == "failed 2 times in a row (bot_wall): look again in 24 h"
    assert look(failing(1, None))[1].startswith("failed once (gone)")


def test_check_080_gone_is_believed_after_three_times_in_48_hours():
    since = NOW - 48 * HOUR

    assert gone_is_confirmed(times=3, since=since, now=NOW)
    assert not gone_is_confirmed(times=2, since=since, now=NOW)
    assert not gone_is_confirmed(times=9, since=NOW - 47 * HOUR, now=NOW)
    assert not gone_is_confirmed(times=9, since=None, now=NOW)


def test_check_080_a_gone_source_is_not_due_again_soon():
    minutes, reason = look(SourceState(standing=Standing.GONE))

    assert minutes == 7 * 24 * 60
    assert "gone" in reason


@pytest.mark.parametrize(
    ("old", "new", "times", "days", "expected"),
    [
        ("http://a.example/f", "https://a.example/f", 1, 0, True),
        ("http://a.example/f?x", "https://a.example/f", 1, 0, False),
        ("http://a.example/f", "https://b.example/f", 3, 7, True),
        ("http://a.example/f", "https://b.example/f", 3, 6, False),
        ("http://a.example/f", "https://b.example/f", 2, 30, False),
    ],
)
def test_check_086_a_move_is_believed_after_three_looks_over_a_week(old, new, times, days, expected):
    assert move_is_confirmed(old, new, times=times, since=NOW - days * DAY, now=NOW) is expected


def test_check_086_a_move_without_a_date_is_not_believed():
    assert not move_is_confirmed("http://a.example/", "http://b.example/", times=9, since=None, now=NOW)


def test_check_033_after_eight_days_of_304_one_look_is_whole():
    assert wants_full_look(SourceState(last_full=NOW - 8 * DAY), now=NOW)
    assert not wants_full_look(SourceState(last_full=NOW - 7 * DAY), now=NOW)
    assert not wants_full_look(SourceState(), now=NOW)


# ---- learning -------------------------------------------------------------------------------------------------------


def test_the_first_document_tells_the_rate():
    dates = [NOW - 2 * n * DAY for n in range(1, 16)]
    rate = learn(PostingRate(), new_dates=dates, now=NOW, first=True)

    assert 0.35 < posts_per_day(rate, now=NOW) < 0.5  # the prior of a few silent days pulls it down a little


def test_dates_that_prove_nothing_are_left_out():
    same = [NOW - 3 * DAY] * 10
    odd = [NOW + DAY, datetime(1970, 1, 1, tzinfo=UTC), None]

    for dates in (same + odd, [], odd):
        rate = learn(PostingRate(), new_dates=dates, now=NOW, first=True)
        assert rate == PostingRate(at=NOW)
        assert posts_per_day(rate, now=NOW) is None


def test_a_rate_that_was_unknown_becomes_known_by_watching():
    rate = learn(PostingRate(at=NOW), new_dates=[None], now=NOW + 10 * DAY, first=False)

    assert posts_per_day(rate, now=NOW + 10 * DAY) == pytest.approx(1.5 / 12.95, rel=0.01)


def test_learning_converges_to_the_true_rate():
    rate = learn(PostingRate(), new_dates=[NOW - 100 * DAY], now=NOW, first=True)
    for day in range(1, 120):
        at = NOW + day * DAY
        rate = learn(rate, new_dates=[at, at], now=at, first=False)

    assert posts_per_day(rate, now=at) == pytest.approx(1.7, rel=0.1)


def test_guids_that_change_do_not_look_like_postings():
    rate = learn(PostingRate(), new_dates=[NOW - n * 10 * DAY for n in range(1, 11)], now=NOW, first=True)
    churned = learn(rate, new_dates=[NOW - n * 10 * DAY for n in range(1, 11)], now=NOW + HOUR, first=False)

    assert posts_per_day(churned, now=NOW + HOUR) == pytest.approx(posts_per_day(rate, now=NOW + HOUR))


def test_a_burst_shortens_the_interval_and_is_forgotten_within_days():
    calm = learn(PostingRate(), new_dates=[NOW - n * 5 * DAY for n in range(1, 11)], now=NOW, first=True)
    burst = learn(calm, new_dates=[NOW + HOUR] * 6, now=NOW + HOUR, first=False)
    steady = learn(calm, new_dates=[], now=NOW + HOUR, first=False)

    assert expected_posts_per_day(burst, now=NOW + HOUR) > 3 * expected_posts_per_day(steady, now=NOW + HOUR)
    later = NOW + 4 * DAY
    assert expected_posts_per_day(burst, now=later) == pytest.approx(posts_per_day(burst, now=later), rel=0.01)
    assert "more of late" in look(SourceState(rate=burst, validators=TAGGED), freshness=SAID)[1]


def test_a_flood_counts_as_twenty():
    rate = PostingRate(at=NOW)

    assert learn(rate, new_dates=[None] * 5000, now=NOW + DAY, first=False).weight == 20


def test_silence_lengthens_the_interval():
    rate = posting(2)

    assert posts_per_day(rate, now=NOW + 60 * DAY) < 0.5 * posts_per_day(rate, now=NOW)


def test_a_clock_that_was_set_back_spoils_nothing():
    rate = posting(1)
    again = learn(rate, new_dates=[], now=NOW - DAY, first=False)

    assert again.at == NOW
    assert posts_per_day(again, now=NOW - DAY) == posts_per_day(rate, now=NOW)


# ---- properties -----------------------------------------------------------------------------------------------------

spans = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=4000))
maybe_span = st.none() | spans
rates = st.builds(
    PostingRate,
    weight=st.floats(0, 500),
    days=st.floats(0, 21),
    short=st.floats(0, 1000),
    at=st.none() | st.just(NOW) | spans.map(lambda span: NOW - span),
)
states = st.builds(
    SourceState,
    standing=st.sampled_from([Standing.NEW, Standing.ACTIVE, Standing.FAILING, Standing.GONE]),
    validators=st.sampled_from([Validators(), TAGGED]),
    failures=st.integers(0, 10_000),
    failure=st.none() | st.sampled_from(FailureKind),
    hold_until=st.none() | spans.map(lambda span: NOW + span),
    rate=rates,
)
channels = st.builds(
    Channel,
    ttl=maybe_span,
    update_period=maybe_span,
    skip_hours=st.frozensets(st.integers(0, 23)),
    skip_days=st.frozensets(st.integers(0, 6)),
)
hints = st.builds(Freshness, max_age=maybe_span, retry_after=maybe_span)


@given(states, channels, hints, st.floats(0, 1), st.integers(0, 1000))
def test_never_sooner_than_the_least_interval_nor_than_anybody_asked(state, channel, freshness, chance, window):
    when, reason = schedule(state, channel, now=NOW, options=OPTIONS, freshness=freshness, chance=chance, window=window)
    gap = when - NOW

    assert gap >= OPTIONS.min_interval
    assert reason.isprintable()
    if state.standing is not Standing.GONE:
        assert gap >= min(freshness.retry_after or timedelta(0), 7 * DAY)
        assert gap >= min(freshness.max_age or timedelta(0), 7 * DAY)
        assert gap >= min(channel.ttl or timedelta(0), DAY)
        assert len(channel.skip_hours) > 23 or when.hour not in channel.skip_hours or _inside(when, gap, channel)


def _inside(when, gap, channel):
    """The jitter after a rest's end may reach into the next rest only by its own few minutes."""
    return after_rest(when - gap * 0.06, channel) <= when


@given(states, channels, hints, st.floats(0, 1), st.integers(0, 1000))
def test_never_later_than_the_greatest_interval_or_what_was_asked(state, channel, freshness, chance, window):
    when, _ = schedule(state, channel, now=NOW, options=OPTIONS, freshness=freshness, chance=chance, window=window)
    asked = [
        OPTIONS.max_interval,
        min(freshness.max_age or timedelta(0), 7 * DAY),
        min(freshness.retry_after or timedelta(0), 7 * DAY),
        min((state.hold_until or NOW) - NOW, 7 * DAY),
        7 * DAY if state.standing is Standing.GONE else timedelta(0),
    ]
    rest = 8 * DAY if channel.skip_hours or channel.skip_days else timedelta(0)

    assert when - NOW <= (max(asked) + rest) * 1.06 + rest


@given(states, channels, hints, st.integers(0, 100))
def test_check_065_jitter_only_delays_and_by_five_percent(state, channel, freshness, window):
    calm = Channel(ttl=channel.ttl, update_period=channel.update_period)
    early, late = (
        schedule(state, calm, now=NOW, options=OPTIONS, freshness=freshness, chance=chance, window=window)[0]
        for chance in (0.0, 1.0)
    )

    assert early <= late <= NOW + (early - NOW) * 1.0501


@given(rates, st.lists(st.none() | st.datetimes(timezones=st.just(UTC)), max_size=30), st.booleans(), spans)
def test_a_learned_rate_is_never_absurd(rate, dates, first, later):
    learned = learn(rate, new_dates=dates, now=NOW + later, first=first)
    rate = expected_posts_per_day(learned, now=NOW + later)

    assert learned.weight >= 0
    assert 0 <= learned.days <= 21
    assert rate is None or 0 < rate < 1000
