"""Dates for people, in English whatever the locale.

In:  a day or a moment.
Out: words.
Never: a clock; "yesterday", which would be wrong tomorrow.
"""

from __future__ import annotations

from datetime import date, datetime

from feedmill.publish.xmltext import utc

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def in_words(day: date) -> str:
    """`Saturday, 31 January 2026`: English whatever the locale."""
    return f"{_DAYS[day.weekday()]}, {day_in_words(day)}"


def day_in_words(day: date) -> str:
    """`31 January 2026`."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def moment_in_words(moment: datetime) -> str:
    """`31 January 2026, 08:05 UTC`."""
    at = utc(moment)
    return f"{day_in_words(at.date())}, {at:%H:%M} UTC"
