"""Whether what a known source suddenly brings can be news.

In:  the dates of entries never seen before (no alias was found for them), how the source used to post.
Out: which of them to hold back and why, in words; places in the past for a first document without dates.
Never: holds what a long silence of ours explains, or a first document: its dates put it in its place.

peers.md section 5, number 3: everybody else shows forty old posts again when a site is regenerated.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

BURST = 10  # entries at once; fewer are a nuisance, not a flood
TURNED_OVER = 4  # fewer, when they are all that the document holds and all of them are old
_OLD = timedelta(days=7)  # before our last look: it would have been there then
_ONE_MOMENT = timedelta(seconds=90)
_MANY_TIMES = 3  # as many as its rate leads to expect
_LONG_SILENCE = timedelta(days=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How we know a source. `per_day`: entries; `last_look`: when its document was last read or confirmed."""

    per_day: float
    last_look: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Flood:
    """Which of the new entries (indexes) to hold, and the reason."""

    held: tuple[int, ...]
    reason: str


def find_flood(
    dates: Sequence[datetime | None], *, document: int, habits: Habits, now: datetime, flooded: bool = False
) -> Flood | None:
    """The entries to hold, or None. `dates`: of what is new, None where the document gives none; `document`: how many
    entries it holds; `flooded`: entries of this source are held already, so that the rest of a flood may be coming."""
    count = len(dates)
    old = tuple(at for at, date in enumerate(dates) if date is not None and date < habits.last_look - _OLD)
    if flooded and old:
        return Flood(held=old, reason=f"{_posts(len(old))} dated before our last look, while others are held")
    whole = count == document and count >= TURNED_OVER
    if (count >= BURST and 2 * len(old) > count) or (whole and len(old) == count):
        many = f"{len(old)} of {count} new posts"
        reason = f"{many} are dated more than a week before our last look: the site moved or was rebuilt"
        return Flood(held=old, reason=reason)
    if count < BURST:
        return None
    expected = habits.per_day * max((now - habits.last_look) / timedelta(days=1), 1 / 24)
    if count <= _MANY_TIMES * expected:
        return None
    stamped = _one_moment(dates)
    if 2 * len(stamped) > count:
        return Flood(held=stamped, reason=f"{len(stamped)} of {count} new posts bear one and the same date, or none")
    since = habits.last_look - timedelta(days=1)
    silent = now - habits.last_look > _LONG_SILENCE
    sudden = [date for date in dates if not (silent and date is not None and since < date)]
    if len(sudden) >= BURST and 2 * len(sudden) > document:
        usual = f"{habits.per_day:.1f} a day" if habits.per_day >= 0.1 else f"{habits.per_day * 30:.1f} a month"
        reason = f"{count} new posts at once, more than half of its document; it used to bring {usual}"
        return Flood(held=tuple(range(count)), reason=reason)
    return None


def _posts(count: int) -> str:
    return "1 new post is" if count == 1 else f"{count} new posts are"


def _one_moment(dates: Sequence[datetime | None]) -> tuple[int, ...]:
    """The entries of the commonest moment; those without a date are of the moment when we look."""
    commonest, _ = Counter(dates).most_common(1)[0]
    return tuple(
        at
        for at, date in enumerate(dates)
        if date == commonest or (date and commonest and abs(date - commonest) <= _ONE_MOMENT)
    )


def places_of_undated(dated: Sequence[bool], now: datetime) -> list[datetime | None]:
    """For the first document of a source: where to put each entry that it does not date; None for the dated ones.

    The first one is taken as new, each one below as a day older: an undated backlog never fills the front
    (peers.md section 4, number 4). The order of the document stays.
    """
    places: list[datetime | None] = []
    days = 0
    for has_date in dated:
        places.append(None if has_date else now - timedelta(days=days))
        days += not has_date
    return places
