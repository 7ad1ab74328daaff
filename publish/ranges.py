"""Sets of row numbers as short text: "1-60,62".

In:  row numbers. Out: text; sets; `Rows`, which answers at once for a set of any size.
Never: reads a store.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar


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
    for first, last in _spans(text):
        found.update(range(first, last + 1))
    return found


class HasRow(Protocol):
    """Something with a row number."""

    @property
    def row(self) -> int: ...


Numbered = TypeVar("Numbered", bound=HasRow)


class Rows:
    """A set of row numbers, read from texts of ranges: a byte for each row, as a set of all rows of years is slow."""

    def __init__(self, texts: Iterable[str]) -> None:
        spans = [span for text in texts for span in _spans(text)]
        self._marks = bytearray(1 + max((last for _, last in spans), default=0))
        for first, last in spans:
            self._marks[first : last + 1] = b"\1" * (last + 1 - first)

    def __str__(self) -> str:
        """As `write_ranges` writes them."""
        found = []
        marks, end = self._marks, 0
        while (first := marks.find(1, end)) >= 0:
            end = marks.find(0, first)
            end = len(marks) if end < 0 else end
            found.append(str(first) if end == first + 1 else f"{first}-{end - 1}")
        return ",".join(found)

    def __contains__(self, row: int) -> bool:
        return row < len(self._marks) and self._marks[row] == 1

    def outside(self, lines: Iterable[Numbered]) -> list[Numbered]:
        """Those whose row is not in the set, in their order."""
        marks, end = self._marks, len(self._marks)
        return [line for line in lines if line.row >= end or not marks[line.row]]


def _spans(text: str) -> Iterator[tuple[int, int]]:
    for span in filter(None, text.split(",")):
        first, _, last = span.partition("-")
        yield int(first), int(last or first)
