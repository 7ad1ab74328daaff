"""The hours of the week at which a source posts, learned cautiously.

In:  what was learned (`PostingRate.week`: pairs of hour of the week and decayed count), new entries' times, `now`.
Out: the counts brought up to date; the profile m(s), mean 1; how long until the expected waiting is as much as asked.
Never: a clock. Hour 0 is Monday 00:00 UTC, 167 Sunday 23:00.

Counts are few (a blog posts twice a week), so they are held back twice: hours of the day and days of the week each
towards flat with 40 pseudo-counts, the single hour of the week towards their product with 120. Weaker shrinkage learns
noise: it costs more where there is no pattern than it gains where there is one (reference scheduling.md section 2).
And a third time by evidence: of what remains only that share counts which chance does not explain (`_belief`), or a
busy blog without habits is given some (bench/cadence_worlds.py, world `poisson`: 0.555 without it, seed 3).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from math import exp, sqrt

HOURS = 168
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_MEMORY_DAYS = 42.0
_FLAT = 40.0  # pseudo-counts: days and hours towards flat
_PRODUCT = 120.0  # pseudo-counts: an hour of the week towards day times hour
# Chi-square of counts that decay, per degree of freedom, where there is no pattern: sum w^2 / sum w of exp(-t/42 d)
# over the seven weeks that a blog has been watched when habits begin to count.
_CHANCE = 0.65
_FORGOTTEN = 0.02  # counts below this say nothing any more

Week = tuple[tuple[int, float], ...]


def hour_of_week(moment: datetime) -> int:
    """0 to 167, UTC."""
    utc = moment.astimezone(UTC)
    return utc.weekday() * 24 + utc.hour


def remember_hours(
    week: Week, week_at: datetime | None, dates: Sequence[datetime], *, now: datetime
) -> tuple[Week, datetime | None]:
    """The counts with `dates` added, each weighted by its age; unchanged when there are none."""
    if not dates:
        return week, week_at
    kept = 1.0 if week_at is None else exp(-max((now - week_at) / _DAY, 0.0) / _MEMORY_DAYS)
    counts = {hour: count * kept for hour, count in week}
    for date in dates:
        hour = hour_of_week(date)
        counts[hour] = counts.get(hour, 0.0) + exp(-max((now - date) / _DAY, 0.0) / _MEMORY_DAYS)
    return tuple((hour, round(counts[hour], 4)) for hour in sorted(counts) if counts[hour] > _FORGOTTEN), now


def weekly_profile(week: Week, week_at: datetime | None, *, now: datetime) -> list[float]:
    """m for each of the 168 hours, mean 1: how many times the average an hour posts."""
    kept = 1.0 if week_at is None else exp(-max((now - week_at) / _DAY, 0.0) / _MEMORY_DAYS)
    days, hours, cells = [0.0] * 7, [0.0] * 24, [0.0] * HOURS
    for hour, count in week:
        weight = count * kept
        cells[hour] = weight
        days[hour // 24] += weight
        hours[hour % 24] += weight
    seen = sum(days)
    day_share, hour_share = _shares(days, seen), _shares(hours, seen)
    own = _belief(cells, seen) * seen / (seen + _PRODUCT)
    return [
        HOURS * (day_share[hour // 24] * hour_share[hour % 24] * (1 - own) + own * cells[hour] / max(seen, _FORGOTTEN))
        for hour in range(HOURS)
    ]


def _shares(counts: Sequence[float], seen: float) -> list[float]:
    """The share of each day or hour: flat, but for what there is evidence of."""
    even = 1 / len(counts)
    own = _belief(counts, seen) * seen / (seen + _FLAT)
    return [even * (1 - own) + own * count / max(seen, _FORGOTTEN) for count in counts]


def _belief(counts: Sequence[float], seen: float) -> float:
    """How much of the unevenness of `counts` is more than chance, 0 to 1: 1 - expected / found chi-square (the
    James-Stein share)."""
    even = seen / len(counts)
    if even <= 0:
        return 0.0
    found = sum((count - even) ** 2 for count in counts) / even
    return max(0.0, 1 - _CHANCE * (len(counts) - 1) / found) if found > 0 else 0.0


def time_until_expected(
    flat: timedelta, week: Week, week_at: datetime | None, *, now: datetime, most: timedelta
) -> timedelta:
    """How long from `now` until the waiting is what it would be after `flat` if all hours were alike; at most `most`.

    Waiting grows as W'' = m: through an hour of constant m by A x + m x^2 / 2, where A is what was posted so far.
    """
    if not week:
        return flat
    profile = weekly_profile(week, week_at, now=now)
    wanted = (flat / _HOUR) ** 2 / 2
    utc = now.astimezone(UTC)
    hour, step = hour_of_week(utc), 1.0 - (utc.minute * 60 + utc.second) / 3600
    passed = posted = waited = 0.0
    limit = most / _HOUR
    while passed < limit:
        m = profile[hour]
        after = waited + posted * step + m * step * step / 2
        if after >= wanted:
            passed += (sqrt(posted * posted + 2 * m * (wanted - waited)) - posted) / m
            break
        waited, posted, passed = after, posted + m * step, passed + step
        hour, step = (hour + 1) % HOURS, 1.0
    return min(_HOUR * passed, most)
