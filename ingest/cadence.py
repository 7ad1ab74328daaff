"""When to look at a source again, and why then.

In:  what we remember of a source, what its document and its server asked for, the time, one chance value.
Out: the time of the next look and its reason in words; the lengths of back-offs. How often a source posts is `pace`.
Never: reads a clock or a random generator; asks sooner than the server allows.

The interval is the waiting-cost threshold of reference scheduling.md section 2: look again when the expected waiting of
unseen entries reaches theta entry-days: the first t1 with  r * integral from now to t1 of m(s) (t1 - s) ds >= theta.
m is the learned weekly profile (`weekly_profile`, mean 1). Where m says nothing this is T = sqrt(2 theta / r):
proportional to one over the square root of the rate, which is what minimises the mean wait of an entry for a given
number of requests (an interval proportional to 1/r is no better than a fixed one).

theta is set so that the median blog of the simulation there, 0.35 entries a day, is looked at every
`default_interval`: T = default_interval * sqrt(0.35 / r). So one setting says what a request is worth; a daily blog
gets 36 min, a busy one (12 a day) the 10 min of `min_interval`, a silent one about 4 h. `interval_for_budget` turns
a number of requests a day into that setting. bench/cadence_worlds.py measures what it is worth.

Order of composition: threshold; clamp; the slow pace beside a hub that tells us; window bound; floors (max-age, ttl,
sy); skip hours and days; Retry-After; jitter, which only delays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import sqrt
from urllib.parse import urlsplit

from feedmill.feeds.outcome import FailureKind, Freshness
from feedmill.feeds.source import Channel, PostingRate, SourceState, Standing
from feedmill.ingest.options import ScheduleOptions
from feedmill.ingest.pace import expected_posts_per_day, learn, posts_per_day
from feedmill.ingest.week import time_until_expected

__all__ = [
    "MEDIAN_POSTS_PER_DAY", "SlowPace", "after_rest", "backoff", "expected_posts_per_day", "gone_is_confirmed",
    "hold_until", "interval_for_budget", "learn", "move_is_confirmed", "posts_per_day", "schedule", "wants_full_look",
]  # fmt: skip

MEDIAN_POSTS_PER_DAY = 0.35  # reference scheduling.md section 2, simulation
_DAY = timedelta(days=1)
_LIVELY = 1.5  # how far above its steady rate a source must be for the reason to mention it
_HINT_CAP = timedelta(hours=24)  # ttl and sy:* are boilerplate more often than wishes
_MAX_AGE_CAP = timedelta(days=7)
_HOLD_CAP = timedelta(days=7)
_UNASKED_FLOOR = timedelta(hours=1)  # check 62
_BLIND_FLOOR = timedelta(hours=24)  # check 63
_FIRST_BACKOFF = timedelta(minutes=10)
_LONGEST_BACKOFF = timedelta(hours=24)
_JITTER = 0.05
_GONE_TIMES, _GONE_SPAN = 3, timedelta(hours=48)  # check 80
_MOVE_TIMES, _MOVE_SPAN = 3, timedelta(days=7)  # check 86
_FULL_LOOK = timedelta(days=8)  # check 33


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowPace:
    """Somebody tells us of new entries: looking once in `gap` is enough, for the reason in `words`."""

    gap: timedelta
    words: str


def schedule(
    state: SourceState,
    channel: Channel,
    *,
    now: datetime,
    options: ScheduleOptions,
    freshness: Freshness,
    chance: float,
    window: int = 0,
    slow: SlowPace | None = None,
) -> tuple[datetime, str]:
    """The next look and its reason in words.

    `state` is as it is after the outcome (failures counted, rate learned); `freshness` what the answer asked, for a
    failure `Freshness(retry_after=failure.retry_after)`; `chance` from 0 to 1 picks the jitter; `window` is how many
    entries the document holds (0: not known); `slow` counts as long as nothing fails. Never before now + min_interval;
    a floor may go past max_interval.
    """
    if state.standing is Standing.GONE:
        return now + _HOLD_CAP, "the server has said for two days that it is gone: not asked again unless it is named"
    gap, reason = _normal_gap(state, channel, now=now, options=options, freshness=freshness, window=window, slow=slow)
    if state.failures:
        gap, reason = backoff(state.failures, state.failure, normal=gap), _failure_words(state)
    gap = max(gap, options.min_interval)
    parts = [f"{reason}: look again in {_span(gap)}"]
    for floor, words in _floors(channel, freshness):
        if floor > gap:
            gap = floor
            parts.append(words)
    when = after_rest(now + gap, channel)
    if when > now + gap:
        parts.append(f"the feed rests until {when:%a %H:%M} GMT")
    hold = hold_until(state, freshness, now=now)
    if hold is not None and hold > when:
        when = hold
        parts.append(f"the server said to wait {_span(hold - now)}")
    late = (when - now) * (_JITTER * min(max(chance, 0.0), 1.0))
    rested = after_rest(when + late, channel)
    return (rested if rested == when + late else rested + late), "; ".join(parts)


def backoff(failures: int, kind: FailureKind | None, *, normal: timedelta) -> timedelta:
    """How long to leave a source alone after `failures` in a row, the server having named no time.

    min(max(normal, 10 min * 2^(n-1)), 24 h); a 429 from max(1 h, twice the interval), doubling (check 75); a bot wall
    daily (check 77), and so is `kind` None, a 410 that waits for confirmation (check 80). No failure ever disables.
    """
    if kind is None or kind is FailureKind.BOT_WALL:
        return _LONGEST_BACKOFF
    doubled = 1 << min(max(failures - 1, 0), 12)
    if kind is FailureKind.RATE_LIMITED:
        return min(max(_UNASKED_FLOOR, 2 * normal) * doubled, _LONGEST_BACKOFF)
    return min(max(normal, _FIRST_BACKOFF * doubled), _LONGEST_BACKOFF)


def interval_for_budget(
    per_day: Sequence[float | None], *, requests_per_day: float, options: ScheduleOptions
) -> timedelta:
    """The `default_interval` at which sources that post `per_day` (None: not known) cost `requests_per_day` together.

    Counts what the threshold and its clamps ask for, not the floors, which only lower it; so the budget is kept.
    Never below `min_interval`; a budget that even `max_interval` for all cannot keep gives `max_interval`.
    """
    low, high = options.min_interval, max(options.max_interval * sqrt(max([0.01, *filter(None, per_day)]) / 0.01), _DAY)
    for _ in range(40):
        middle = (low + high) / 2
        if _requests_per_day(per_day, middle, options) > requests_per_day:
            low = middle
        else:
            high = middle
    return min(high, options.max_interval)


def _requests_per_day(per_day: Sequence[float | None], default: timedelta, options: ScheduleOptions) -> float:
    gaps = (default if rate is None else default * sqrt(MEDIAN_POSTS_PER_DAY / max(rate, 1e-6)) for rate in per_day)
    return sum(_DAY / _clamp(gap, options) for gap in gaps)


def hold_until(state: SourceState, freshness: Freshness, *, now: datetime) -> datetime | None:
    """`SourceState.hold_until` after this answer: not even --force looks before it; None when nothing holds.

    An older hold that has not passed stays; a clock that was set back cannot make it longer than 7 days.
    """
    ends = []
    if freshness.retry_after is not None:
        ends.append(now + min(freshness.retry_after, _HOLD_CAP))
    if state.hold_until is not None and state.hold_until > now:
        ends.append(min(state.hold_until, now + _HOLD_CAP))
    return max(ends, default=None)


def after_rest(when: datetime, channel: Channel) -> datetime:
    """`when`, or the end of the skipHours/skipDays window it falls into (GMT); a week of rest is ignored (check 60)."""
    hours, days = channel.skip_hours, channel.skip_days
    if not hours and not days:
        return when
    hours = frozenset() if len(hours) >= 24 else hours
    days = frozenset() if len(days) >= 7 else days
    moved = when.astimezone(UTC)
    while moved.hour in hours or moved.weekday() in days:
        if moved.weekday() in days:
            moved = moved.replace(hour=0, minute=0, second=0, microsecond=0) + _DAY
        else:
            moved = moved.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return moved


def wants_full_look(state: SourceState, *, now: datetime) -> bool:
    """Whether 8 days of nothing but 304 ask for one unconditional look (check 33)."""
    return state.last_full is not None and now - state.last_full >= _FULL_LOOK


def gone_is_confirmed(*, times: int, since: datetime | None, now: datetime) -> bool:
    """Whether a 410 is final: three in a row over 48 hours (check 80)."""
    return times >= _GONE_TIMES and since is not None and now - since >= _GONE_SPAN


def move_is_confirmed(url: str, moved_to: str, *, times: int, since: datetime | None, now: datetime) -> bool:
    """Whether a permanent redirect is to be believed: 3 good looks over 7 days; http to https of the same at once."""
    old, new = urlsplit(url), urlsplit(moved_to)
    if (old.scheme, new.scheme) == ("http", "https") and (old.netloc, old.path, old.query) == (
        new.netloc,
        new.path,
        new.query,
    ):
        return True
    return times >= _MOVE_TIMES and since is not None and now - since >= _MOVE_SPAN


# ---- the parts of `schedule` ----------------------------------------------------------------------------------------


def _normal_gap(
    state: SourceState,
    channel: Channel,
    *,
    now: datetime,
    options: ScheduleOptions,
    freshness: Freshness,
    window: int,
    slow: SlowPace | None,
) -> tuple[timedelta, str]:
    """Threshold, clamp, what is decent when nothing was said, the slow pace beside a hub, and the window bound."""
    rate = expected_posts_per_day(state.rate, now=now)
    steady = posts_per_day(state.rate, now=now)
    if rate is None or steady is None:
        gap, reason = _median_interval(options), "how often it posts is not known yet"
    else:
        lively = ", more of late" if rate > _LIVELY * steady else ""
        gap, reason = _gap_of_rate(rate, state.rate, options, now=now), f"posts {_rate_words(steady)}{lively}"
    if options.median_interval is not None:
        reason = f"{reason}, and {options.requests_per_day:,} requests a day are allowed"
    gap = _clamp(gap, options)
    decent, words = _decent_gap(state, channel, options=options, freshness=freshness)
    if decent > gap:
        gap, reason = decent, f"{reason}{words}"
    if slow is not None and not state.failures and _clamp(slow.gap, options) > gap:
        gap, reason = _clamp(slow.gap, options), slow.words
    if rate is not None and window:
        # A missed entry is worse than a late one: look twice while the document turns over once.
        bound = _DAY * (0.5 * window / max(rate, state.rate.short, 0.01))
        if bound < gap:
            gap, reason = max(bound, options.min_interval), f"{reason}, and the document holds only {window} entries"
    return gap, reason


def _gap_of_rate(per_day: float, rate: PostingRate, options: ScheduleOptions, *, now: datetime) -> timedelta:
    """Until the expected waiting reaches theta, which is such that the median blog gets `default_interval`, or what
    the budget leaves it."""
    flat = _median_interval(options) * sqrt(MEDIAN_POSTS_PER_DAY / per_day)  # sqrt(2 theta / r)
    return time_until_expected(flat, rate.week, rate.week_at, now=now, most=max(options.max_interval, flat))


def _median_interval(options: ScheduleOptions) -> timedelta:
    return options.default_interval if options.median_interval is None else options.median_interval


def _decent_gap(
    state: SourceState, channel: Channel, *, options: ScheduleOptions, freshness: Freshness
) -> tuple[timedelta, str]:
    """Where neither server nor feed says how often: hourly (check 62), daily without validators (check 63).

    Who writes a `default_interval` below an hour insists, and gets that instead.
    """
    said = freshness.max_age or channel.ttl or channel.update_period
    if said or state.failures:
        return timedelta(0), ""
    if options.default_interval < _UNASKED_FLOOR:
        return options.default_interval, ""
    if not state.validators:
        return _clamp(_BLIND_FLOOR, options), " but its server cannot say when nothing changed"
    return _clamp(_UNASKED_FLOOR, options), " and nobody said how often it may be asked"


def _floors(channel: Channel, freshness: Freshness) -> list[tuple[timedelta, str]]:
    floors = []
    if freshness.max_age is not None:
        age = min(freshness.max_age, _MAX_AGE_CAP)
        floors.append((age, f"the server asked for {_span(age)}"))
    if channel.ttl is not None:
        ttl = min(channel.ttl, _HINT_CAP)
        floors.append((ttl, f"the feed's ttl asks for {_span(ttl)}"))
    if channel.update_period is not None:
        period = min(channel.update_period, _HINT_CAP)
        floors.append((period, f"the feed says it is updated every {_span(period)}"))
    return floors


def _clamp(gap: timedelta, options: ScheduleOptions) -> timedelta:
    return max(min(gap, options.max_interval), options.min_interval)


def _failure_words(state: SourceState) -> str:
    what = state.failure.value if state.failure is not None else "gone"
    return f"failed {state.failures} times in a row ({what})" if state.failures > 1 else f"failed once ({what})"


def _rate_words(per_day: float) -> str:
    for days, unit in ((1, "day"), (7, "week"), (30.4, "month")):
        if per_day * days >= 1:
            return f"about {round(per_day * days)} a {unit}"
    return "less than once a month"


def _span(gap: timedelta) -> str:
    """A length of time in words: "43 min", "2 h 5 min", "3 d"."""
    minutes = round(gap.total_seconds() / 60)
    if minutes < 1:
        return f"{round(gap.total_seconds())} s"
    if minutes < 120:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{hours // 24} d" + (f" {hours % 24} h" if hours % 24 else "")
