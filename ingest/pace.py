"""How often a source posts: learned from what its documents show.

In:  the rate as remembered (`PostingRate`), the dates of entries never seen before, the time.
Out: the rate brought up to date; postings a day, steady and to be expected in the next hours.
Never: reads a clock; counts an entry twice.

Gamma-Poisson with exponential forgetting, three memories long (reference scheduling.md section 2): 21 days for the
steady rate, 4 days to notice that it has changed, 12 hours for bursts. The hours of the week are `week`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from math import exp, sqrt

from feedmill.feeds.source import PostingRate
from feedmill.ingest.week import remember_hours

_DAY = timedelta(days=1)
_MEMORY_DAYS = 21.0  # time constant of forgetting
_BURST_DAYS = 0.5  # of the short memory
_PACE_DAYS = 4.0  # of the memory that notices a change of pace
_PACE_SIGMA = 2.0  # how far it must be off the steady rate to be believed instead
_PRIOR_POSTS, _PRIOR_DAYS = 0.5, 5.0
_MOST_NEW_AT_ONCE = 20
_EARLIEST_DATE = datetime(1995, 1, 1, tzinfo=UTC)  # before feeds: a default, not a date
_BACKDATED = timedelta(days=2)  # an entry dated further before our last look is no new posting: guids changed


def learn(rate: PostingRate, *, new_dates: Sequence[datetime | None], now: datetime, first: bool) -> PostingRate:
    """The posting rate after one more look. `new_dates`: the entries never seen before, None where undated.

    The first document tells the past: its dates span the time observed. Later each new entry counts once; an entry
    dated long before our last look is a guid that changed, not a posting. Dates in the future, before feeds or shared
    by several entries are no evidence.
    """
    if first or rate.at is None:
        return _bootstrap(new_dates, now=now)
    elapsed = max((now - rate.at) / _DAY, 0.0)
    oldest = rate.at - _BACKDATED
    new = min(sum(1 for date in new_dates if date is None or date >= oldest), _MOST_NEW_AT_ONCE)
    kept = exp(-elapsed / _MEMORY_DAYS)
    hours = [now if date is None or date > now else date for date in new_dates if date is None or date >= oldest]
    week, week_at = remember_hours(rate.week, rate.week_at, hours[:_MOST_NEW_AT_ONCE], now=now)
    return PostingRate(
        weight=rate.weight * kept + new,
        days=rate.days * kept + _MEMORY_DAYS * (1 - kept),
        short=rate.short * exp(-elapsed / _BURST_DAYS) + new / _BURST_DAYS,
        recent=rate.recent * exp(-elapsed / _PACE_DAYS) + new / _PACE_DAYS,
        at=max(now, rate.at),
        week=week,
        week_at=week_at,
    )


def posts_per_day(rate: PostingRate, *, now: datetime) -> float | None:
    """The steady posting rate now; None while nothing is known."""
    if rate.at is None or rate.days <= 0:
        return None
    elapsed = max((now - rate.at) / _DAY, 0.0)
    kept = exp(-elapsed / _MEMORY_DAYS)
    return (rate.weight * kept + _PRIOR_POSTS) / (rate.days * kept + _MEMORY_DAYS * (1 - kept) + _PRIOR_DAYS)


def expected_posts_per_day(rate: PostingRate, *, now: datetime) -> float | None:
    """The rate to expect in the next hours: r, or the pace of the last days where it has clearly changed;
    then bursts: r + (min(short, 8 r + 2) - r) / 2 where that is more."""
    steady = posts_per_day(rate, now=now)
    if steady is None or rate.at is None:
        return None
    elapsed = max((now - rate.at) / _DAY, 0.0)
    steady = _pace(rate, steady, elapsed)
    short = min(rate.short * exp(-elapsed / _BURST_DAYS), 8 * steady + 2)
    return steady + 0.5 * max(0.0, short - steady)


def _pace(rate: PostingRate, steady: float, elapsed: float) -> float:
    """`steady`, or what the last days say where chance does not explain the difference.

    A decayed count of a Poisson process of mean r has the mean r tau and the variance r tau / 2.
    """
    if rate.days < _PACE_DAYS:
        return steady
    seen, expected = rate.recent * exp(-elapsed / _PACE_DAYS) * _PACE_DAYS, steady * _PACE_DAYS
    if abs(seen - expected) < _PACE_SIGMA * sqrt(expected / 2 + 0.25):
        return steady
    return (seen + 0.25) / _PACE_DAYS


def _bootstrap(dates: Sequence[datetime | None], *, now: datetime) -> PostingRate:
    """The rate that the first document's dates show; the oldest entry only opens the time observed."""
    known = [date for date in dates if date is not None and _EARLIEST_DATE <= date <= now]
    single = sorted({date for date in known if known.count(date) == 1})
    if not single:
        return PostingRate(at=now)
    span = (now - single[0]) / _DAY
    ages = [(now - date) / _DAY for date in single[1:]]
    week, week_at = remember_hours((), None, single, now=now)
    return PostingRate(
        weight=sum(exp(-age / _MEMORY_DAYS) for age in ages),
        days=_MEMORY_DAYS * (1 - exp(-span / _MEMORY_DAYS)),
        short=sum(exp(-age / _BURST_DAYS) for age in ages) / _BURST_DAYS,
        recent=sum(exp(-age / _PACE_DAYS) for age in ages) / _PACE_DAYS,
        at=now,
        week=week,
        week_at=week_at,
    )
