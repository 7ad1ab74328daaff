"""What the entries of one feed have in common at their edges.

In:  the edge keys of each entry (`Edges`).
Out: `Evidence`: the keys that repeat so often that no author writes them anew.
Never: looks at HTML, or judges a single entry.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

LOOKED_AT = 20  # entries, the feed's latest (cleaning.md 1.3)
LEAST = 3
SHARE = 0.6
# A block that looks like prose must repeat in more entries before it counts: a column's standing first sentence is
# still the author's.
PROSE_LEAST = 4
PROSE_SHARE = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Edges:
    """Keys of an entry's first and last blocks, outermost first: folded text with digits masked."""

    first: tuple[str, ...] = ()
    last: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Keys seen at the same edge in at least 3 and 60 % of the entries; `sure_*`: in at least 4 and 80 %."""

    first: frozenset[str] = frozenset()
    last: frozenset[str] = frozenset()
    sure_first: frozenset[str] = frozenset()
    sure_last: frozenset[str] = frozenset()

    @classmethod
    def learn(cls, entries: Sequence[Edges]) -> Evidence:
        """What repeats in a feed, latest entries first."""
        looked_at = entries[:LOOKED_AT]
        first = Counter(key for entry in looked_at for key in set(entry.first))
        last = Counter(key for entry in looked_at for key in set(entry.last))
        total = len(looked_at)
        return cls(
            first=_frequent(first.items(), total, LEAST, SHARE),
            last=_frequent(last.items(), total, LEAST, SHARE),
            sure_first=_frequent(first.items(), total, PROSE_LEAST, PROSE_SHARE),
            sure_last=_frequent(last.items(), total, PROSE_LEAST, PROSE_SHARE),
        )


def _frequent(counts: Iterable[tuple[str, int]], total: int, least: int, share: float) -> frozenset[str]:
    return frozenset(key for key, count in counts if count >= least and count >= share * total)
