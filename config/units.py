"""Durations and sizes as people write them: "30s", "1h30m", "10MB".

In:  the value of a key.
Out: `timedelta`, or a number of bytes; `ValueError` with the rest of a sentence that says what was expected.
Never: a bare number. Thirty what?
"""

from __future__ import annotations

import re
from datetime import timedelta

_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_BYTES = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(ms|[smhdw])\s*")
_DURATION = re.compile(rf"(?:{_PART.pattern})+")
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([KMG]I?B|B)", re.IGNORECASE)

CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")  # what no line of a terminal or a log may hold
DURATION_EXPECTED = 'a duration in quotes such as "30s", "10m", "1h" or "7d"'
SIZE_EXPECTED = 'a size in quotes such as "500KB", "10MB" or "1GB"'
_LONGEST = timedelta(days=3650)


def duration(value: object) -> timedelta:
    """ "1h30m" -> 90 minutes. Units ms, s, m, h, d, w; the longest is ten years."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise ValueError(f'{value} has no unit, expected {DURATION_EXPECTED} ("{value}s" for seconds)')  # noqa: TRY004
    if not isinstance(value, str) or not _DURATION.fullmatch(text := value.strip()):
        raise ValueError(f"{shown(value)} is not a duration, expected {DURATION_EXPECTED}")
    seconds = sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(text))
    if seconds > _LONGEST.total_seconds():
        raise ValueError(f"{shown(value)} is too long, expected at most 3650d")
    return timedelta(seconds=seconds)


def size(value: object) -> int:
    """ "10MB" -> 10 000 000. Decimal units KB, MB, GB; binary units KiB, MiB, GiB."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise ValueError(f"{value} has no unit, expected {SIZE_EXPECTED}")  # noqa: TRY004
    match = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"{shown(value)} is not a size, expected {SIZE_EXPECTED}")
    return int(float(match[1]) * _BYTES[match[2].upper()])


def spell(length: timedelta) -> str:
    """The shortest way to write a duration: 90 minutes -> "1h30m"."""
    rest = round(length.total_seconds() * 1000)
    parts = []
    for unit, milliseconds in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)):
        count, rest = divmod(rest, milliseconds)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def shown(value: object) -> str:
    """A value as TOML writes it, cut at 60 characters, without line breaks or control characters."""
    if isinstance(value, str):
        text = '"' + CONTROLS.sub(lambda match: f"\\x{ord(match[0]):02x}", value) + '"'
    elif isinstance(value, bool):
        text = "true" if value else "false"
    elif isinstance(value, dict):
        text = "a table"
    elif isinstance(value, list):
        text = "a list"
    else:
        text = str(value)
    return text if len(text) <= 60 else text[:57] + "…" + text[-1]
