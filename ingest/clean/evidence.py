"""What the entries of one feed have in common at their edges.

In:  the edge keys of each entry (`Edges`).
Out: `Evidence`: the keys that repeat so often that no author writes them anew.
Never: looks at HTML, or judges a single entry.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

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

    def may_know(self, _text: str) -> bool:
        """Whether a line is worth looking up."""
        return True


class LazyEvidence:
    """`Evidence` that is learned when the first line asks for it that could repeat at all.

    Reading the edges of twenty entries costs as much as cleaning them. Most edges are prose that no other entry has,
    which a search for their two longest words in the entries' markup tells for a hundredth of that.
    """

    def __init__(self, htmls: Sequence[str], read: Callable[[str], Edges]) -> None:
        self._htmls = htmls[:LOOKED_AT]
        self._read = read

    @cached_property
    def _learned(self) -> Evidence:
        return Evidence.learn([self._read(html) for html in self._htmls])

    @property
    def first(self) -> frozenset[str]:
        return self._learned.first

    @property
    def last(self) -> frozenset[str]:
        return self._learned.last

    @property
    def sure_first(self) -> frozenset[str]:
        return self._learned.sure_first

    @property
    def sure_last(self) -> frozenset[str]:
        return self._learned.sure_last

    def may_know(self, text: str) -> bool:
        """Whether the line's longest words stand in as many entries as a repeated line would."""
        if "_learned" in self.__dict__:
            return True
        longest = sorted(set(_WORD.findall(text)), key=lambda word: (-len(word), word))[:2]
        needed = max(LEAST, SHARE * len(self._htmls))
        return all(sum(word in html for html in self._htmls) >= needed for word in longest)


# Letters of ASCII only: others may stand in the markup as references.
_WORD = re.compile("(?<![A-Za-z&#])[A-Za-z]{3,}(?![A-Za-z])")


def _frequent(counts: Iterable[tuple[str, int]], total: int, least: int, share: float) -> frozenset[str]:
    return frozenset(key for key, count in counts if count >= least and count >= share * total)
