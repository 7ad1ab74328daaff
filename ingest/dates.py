"""When an entry was published and updated: reference cleaning.md section 3.5, parsing.md trap 36.

In:  dates as written, and when we first saw the entry.
Out: aware UTC datetimes of whole seconds between 1990 and a day after first seen, with a note for each thing repaired.
Never: reads a clock, guesses day or month of an ambiguous date, or trusts a year that no blog had.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from feedmill.feeds.entry import Note
from feedmill.ingest.calendar_words import MONTHS, ZONES

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
TOLERANCE = timedelta(hours=24)  # a wrong time zone explains that much future, not more
ABSURD = timedelta(days=731)  # beyond, the date says nothing at all

_ISO = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?\s*(Z|[+-]\d{2}:?\d{2})?)?", re.IGNORECASE
)
_RFC822 = re.compile(
    r"(?:[A-Za-z]{3,9},?\s+)?(\d{1,2})\s+([A-Za-z]{3,9})\.?\s+(\d{4})\s+(\d{1,2}):(\d{2})(?::(\d{2}))?\s*((?![AaPp][Mm]\b)[A-Za-z]{1,5}|[+-]\d{4})?"
)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T?(\d{2})(\d{2})(\d{2})?(?:[.,]\d+)?\s*(Z|[+-]\d{2}:?\d{2})?)?\Z")
_UNIX = re.compile(r"(\d{9,10})(?:\.\d+)?\Z|(\d{12,13})\Z")
_CLOCK = re.compile(
    r"(?<!\d)(\d{1,2})\s?[:h時时시]\s?(\d{2})(?:\s?[:m分분]\s?(\d{2})?)?(?:[.,]\d+)?\s?[s秒초]?\s*([ap])?\.?(?:m\b)?\.?",
    re.IGNORECASE,
)
_OFFSET = re.compile(r"(?:GMT|UTC|UT|Z)?\s*([+-])\s?(\d{1,2}):?(\d{2})?(?!\d)")
_NUMBERS = re.compile(r"(?<!\d)(\d{1,4})\s*([/.年년-])\s*(\d{1,2})\s*(?:[/.月월-])\s*(\d{1,4})(?!\d)")
_WORDS = re.compile(r"[^\W\d_]+")
_DIGITS = re.compile(r"\d+")
_LATE_YEAR = re.compile(r"(?<![\d+-])(?:19|20)\d\d(?!\d)")
_WHOLE_YEAR = re.compile(r"(?<!\d)\d{4}(?!\d)")
_LONGEST = 120  # characters of a date string that are looked at


class Reading(NamedTuple):
    """A date as read; `doubt` names what had to be assumed, "" for nothing."""

    at: datetime
    doubt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dates:
    """`published` is never None after `settle_dates`; `updated` only when the document gave one."""

    published: datetime
    updated: datetime | None
    from_first_seen: bool = False  # the document does not date the entry
    notes: tuple[Note, ...] = ()


def read_date(value: str) -> Reading | None:
    """A date as written anywhere: RFC 822/2822, ISO 8601, asctime, localized names, numbers where they are unambiguous.

    No zone means UTC, an unknown zone name UTC with a doubt. None when it cannot be read without guessing.
    """
    value = value.strip()
    found = _ISO.fullmatch(value)
    if found:
        year, month, day, hour, minute, second, zone = found.groups()
        return _reading(int(year), int(month), int(day), _clock(hour, minute, second), zone)
    found = _RFC822.fullmatch(value)
    if found:
        month_number = MONTHS.get(found.group(2).lower())
        if month_number:
            return _reading(
                int(found.group(3)), month_number, int(found.group(1)), _clock(*found.group(4, 5, 6)), found.group(7)
            )
    return _read_odd(value[:_LONGEST])


def _clock(hour: str | None, minute: str | None, second: str | None) -> tuple[int, int, int]:
    return int(hour or 0), int(minute or 0), min(int(second or 0), 59)  # 60: a leap second


def _reading(year: int, month: int, day: int, clock: tuple[int, int, int], zone: str | None) -> Reading | None:
    hour, minute, second = clock
    offset, doubt = _offset(zone)
    if hour == 24 and minute == 0:
        hour, extra = 0, timedelta(days=1)
    else:
        extra = timedelta(0)
    try:
        return Reading(datetime(year, month, day, hour, minute, second, tzinfo=UTC) - offset + extra, doubt)
    except (ValueError, OverflowError):
        return None


def _offset(zone: str | None) -> tuple[timedelta, str]:
    zone = (zone or "").strip()
    if not zone or zone in ("Z", "z", "GMT", "UTC", "+0000", "+00:00"):
        return timedelta(0), ""
    found = _OFFSET.match(zone)
    if found:
        sign, hours, minutes = found.groups()
        offset = timedelta(hours=int(hours), minutes=int(minutes or 0))
        if offset > timedelta(hours=14):
            return timedelta(0), f"the offset {zone[:12]} does not exist; read as UTC"
        return (-offset if sign == "-" else offset), ""
    name = zone.upper().strip("().")
    if name in ZONES:
        return timedelta(minutes=ZONES[name]), ""
    return timedelta(0), f"the zone {zone[:20]!r} is unknown; read as UTC"


def _read_odd(value: str) -> Reading | None:
    found = _COMPACT.match(value)
    if found:
        year, month, day, hour, minute, second, zone = found.groups()
        reading = _reading(int(year), int(month), int(day), _clock(hour, minute, second), zone)
        if reading and reading.at >= EARLIEST:
            return reading
    found = _UNIX.match(value)
    if found:
        seconds = int(found.group(1)) if found.group(1) else int(found.group(2)) / 1000
        return Reading(datetime.fromtimestamp(int(seconds), UTC), "seconds since 1970")
    return _read_words(value)


def _read_words(value: str) -> Reading | None:
    """Day, month and year in any order around a clock time, the month by name in one of twenty-odd languages."""
    clock, zone, rest = (0, 0, 0), "", value
    time = _CLOCK.search(value)
    if time:
        clock = _half_day(_clock(*time.group(1, 2, 3)), time.group(4))
        before, after = value[: time.start()], value[time.end() :]
        rest, zone = _part_year(before, after) if _DIGITS.search(before) else (after, "")
    date = _date_by_numbers(rest) or _date_by_name(rest)
    return _reading(*date, clock, _first_zone(zone)) if date else None


def _half_day(clock: tuple[int, int, int], half: str | None) -> tuple[int, int, int]:
    if not half:
        return clock
    return clock[0] % 12 + (12 if half.lower() == "p" else 0), clock[1], clock[2]


def _part_year(before: str, after: str) -> tuple[str, str]:
    """asctime and `date` put the year behind the clock: "Wed Jan  1 10:00:00 EST 2020"."""
    year = _LATE_YEAR.search(after)
    if year is None or _WHOLE_YEAR.search(before):
        return before, after
    return f"{before} {year.group()}", after[: year.start()] + after[year.end() :]


def _first_zone(text: str) -> str:
    offset = _OFFSET.search(text)
    if offset:
        return offset.group()
    word = _WORDS.search(text)
    return word.group() if word else ""


def _date_by_numbers(text: str) -> tuple[int, int, int] | None:
    """`2020/1/10`, `25.12.2020`, `12/25/2020`, 2020年1月10日; None for what could be two days."""
    found = _NUMBERS.search(text)
    if not found:
        return None
    first, second, third = int(found.group(1)), int(found.group(3)), int(found.group(4))
    if len(found.group(1)) == 4:
        return first, second, third
    if len(found.group(4)) not in (2, 4):
        return None
    year = _whole_year(found.group(4))
    if found.group(2) == "." or first > 12 or first == second:
        return year, second, first  # dots are European: the day stands first
    return (year, first, second) if second > 12 else None


def _date_by_name(text: str) -> tuple[int, int, int] | None:
    month = next((MONTHS[word] for word in reversed(_words(text)) if word in MONTHS), None)
    numbers = _DIGITS.findall(text)
    if month is None:
        found = re.search(r"tháng\s+(\d{1,2})", text, re.IGNORECASE)
        if not found or len(numbers) < 3:
            return None
        return _whole_year(numbers[2]), int(found.group(1)), int(numbers[0])
    if len(numbers) < 2:
        return None
    day, year = (numbers[1], numbers[0]) if len(numbers[0]) == 4 else (numbers[0], numbers[1])
    return _whole_year(year), month, int(day)


def _words(text: str) -> list[str]:
    return [word.casefold() for word in _WORDS.findall(text)]


def _whole_year(digits: str) -> int:
    """RFC 2822 section 4.3: 00-49 are 2000s, other two-digit and all three-digit years 1900s."""
    year = int(digits)
    if len(digits) == 2:
        return year + (2000 if year < 50 else 1900)
    return year + 1900 if len(digits) == 3 else year


# --- deciding ---


def settle_dates(published: str | None, updated: str | None, *, first_seen: datetime, restamped: bool = False) -> Dates:
    """The dates we publish. `restamped`: all entries of the feed carry the time of the fetch, which dates nothing."""
    seen = first_seen.replace(microsecond=0)
    notes: list[Note] = []
    if restamped:
        notes.append(
            Note(step="dates", field="published", detail="the feed stamps every entry with the time of the fetch")
        )
        published = updated = None
    was_published = _sane(published, "published", seen, notes)
    was_updated = _sane(updated, "updated", seen, notes)
    from_first_seen = was_published is None and was_updated is None
    if was_published is None:
        was_published = seen if was_updated is None else min(was_updated, seen)
        origin = "first seen" if was_updated is None else "updated"
        notes.append(Note(step="dates", field="published", detail=f"not dated: taken from {origin}"))
    if was_updated is not None and was_updated < was_published:
        notes.append(Note(step="dates", field="updated", detail="was before published: raised to it"))
        was_updated = was_published
    return Dates(published=was_published, updated=was_updated, from_first_seen=from_first_seen, notes=tuple(notes))


def _sane(value: str | None, name: str, seen: datetime, notes: list[Note]) -> datetime | None:
    if value is None or not value.strip():
        return None
    shown = repr(value.strip()[:60])
    reading = read_date(value)
    if reading is None:
        notes.append(Note(step="dates", field=name, detail=f"{shown} cannot be read as a date"))
        return None
    if reading.at < EARLIEST or reading.at > seen + ABSURD:
        notes.append(Note(step="dates", field=name, detail=f"{shown} is no year of a blog: ignored"))
        return None
    if reading.doubt:
        notes.append(Note(step="dates", field=name, detail=f"{shown}: {reading.doubt}"))
    if reading.at > seen + TOLERANCE:
        notes.append(Note(step="dates", field=name, detail=f"{shown} is in the future: first seen taken"))
        return seen
    return reading.at
