"""Sets of row numbers as short text: "1-60,62"."""

from __future__ import annotations

from collections.abc import Iterable


def write_ranges(rows: Iterable[int]) -> str:
    """The numbers in order, neighbours joined."""
    spans: list[list[int]] = []
    for row in sorted(set(rows)):
        if spans and row == spans[-1][1] + 1:
            spans[-1][1] = row
        else:
            spans.append([row, row])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in spans)


def read_ranges(text: str) -> set[int]:
    """The numbers of `write_ranges`."""
    found: set[int] = set()
    for span in filter(None, text.split(",")):
        first, _, last = span.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return found
