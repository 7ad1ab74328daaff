"""What an answer's headers ask of the next request.

In:  header fields, and `now` for a server that sent no Date.
Out: `Freshness`: remaining lifetime and hard wait, both clamped; None where nothing was said.
Never: reads a clock, believes the server's clock to be ours: dates are taken relative to its own Date.

Checks 52-58 and 72-76 of reference network.md; RFC 9111 section 4.2, RFC 9110 section 10.2.3.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from feedmill.feeds.outcome import Freshness

LONGEST_WAIT = timedelta(days=7)
SHORTEST_RETRY = timedelta(minutes=1)

_EPOCH_SECONDS = 1_000_000_000  # a reset header above this is a point in time, below it a number of seconds
_MOST_DIGITS = 10
_DIRECTIVE = re.compile(r"([\w-]+)(?:\s*=\s*(?:\"([^\"]*)\"|([^\s,\"]*)))?")


class Headers:
    """Header fields by lower-case name. `first` is a field byte for byte; `joined` all lines of one name as a list."""

    __slots__ = ("_fields",)

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._fields: dict[str, list[str]] = {}
        for name, value in pairs:
            self._fields.setdefault(name.lower(), []).append(value)

    def first(self, name: str) -> str | None:
        """The first field of that name, as sent (latin-1 text, outer white space gone)."""
        values = self._fields.get(name)
        return values[0] if values else None

    def joined(self, name: str) -> str:
        """All fields of that name as one comma-separated list, "" when there is none."""
        return ", ".join(self._fields.get(name, ()))


def read_freshness(headers: Headers, *, now: datetime, earlier_wait: timedelta | None = None) -> Freshness:
    """What a good answer asks of the next request; `earlier_wait` is what the redirects on the way asked for."""
    waits = [wait for wait in (earlier_wait, retry_after(headers, now=now)) if wait is not None]
    return Freshness(max_age=_lifetime(headers, now=now), retry_after=max(waits, default=None))


def retry_after(headers: Headers, *, now: datetime) -> timedelta | None:
    """Retry-After in seconds, or as a date seen from the server's own Date; 1 minute to 7 days (checks 72-76)."""
    value = headers.first("retry-after")
    if not value:
        return None
    seconds = _seconds(value)
    if seconds is None:
        until = _date(value)
        if until is None:
            return None
        seconds = until - (_date(headers.first("date")) or now)
    return min(max(seconds, SHORTEST_RETRY), LONGEST_WAIT)


def rate_limit_reset(headers: Headers, *, now: datetime) -> timedelta | None:
    """The reset of a 429 without Retry-After: X-RateLimit-Reset, RateLimit-Reset or `RateLimit: ...;t=30`
    (check 75)."""
    value = headers.first("x-ratelimit-reset") or headers.first("ratelimit-reset")
    if value is None:
        match = re.search(r"(?:\breset|;\s*t)\s*=\s*(\d+)", headers.joined("ratelimit"))
        value = match[1] if match else None
    number = re.fullmatch(r"\s*(\d{1,12})(?:\.\d*)?\s*", value or "")
    if number is None:
        return None
    seconds = int(number[1])
    if seconds >= _EPOCH_SECONDS:
        server_now = _date(headers.first("date")) or now
        seconds -= int(server_now.timestamp())
    return min(max(timedelta(seconds=seconds), SHORTEST_RETRY), LONGEST_WAIT)


def _lifetime(headers: Headers, *, now: datetime) -> timedelta | None:
    """Remaining freshness, RFC 9111 4.2: max-age, else Expires minus Date, less Age; at most 7 days; None: not said.

    s-maxage is for shared caches; no-store and no-cache forbid reuse, so there is no lifetime to wait for.
    """
    directives: dict[str, str] = {}
    for match in _DIRECTIVE.finditer(headers.joined("cache-control")):
        directives.setdefault(match[1].lower(), match[2] if match[2] is not None else match[3] or "")
    if "no-store" in directives or "no-cache" in directives:
        return None
    lifetime = _seconds(directives.get("max-age", ""))
    if lifetime is None:
        expires = headers.first("expires")
        until = _date(expires)
        if until is None:
            return None if expires is None else timedelta(0)
        lifetime = until - (_date(headers.first("date")) or now)
    age = _seconds(headers.first("age") or "") or timedelta(0)
    return min(max(lifetime - max(age, timedelta(0)), timedelta(0)), LONGEST_WAIT)


def _seconds(value: str) -> timedelta | None:
    """Delta-seconds, also negative, fractional or beyond all bounds; None for anything that is not a number."""
    match = re.fullmatch(r"\s*([+-]?)(\d+)(?:\.\d*)?\s*", value, re.ASCII)
    if match is None:
        return None
    digits = match[2].lstrip("0") or "0"
    size = 10**_MOST_DIGITS if len(digits) > _MOST_DIGITS else int(digits)
    return timedelta(seconds=-size if match[1] == "-" else size)


def _date(value: str | None) -> datetime | None:
    if not value:
        return None
    try:
        found = parsedate_to_datetime(value)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
