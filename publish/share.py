"""Fair share: one source does not fill a feed while others post.

In:  entries in the order of the feed, more of them than it holds; what was shown last time, and what stood back.
Out: which of them to show, and which stand back.
Never: leaves a place empty; lets an entry vanish that was shown, or appear later that stood back; looks at a clock.

Entries come one after the other, the oldest first, as they came in life. One stands back when its source has a quarter
of the feed already, and at least four others have posted within the week before. That is decided once for each entry
and remembered: a post that readers saw is pushed out by newer ones only, and one that stood back is no news tomorrow.
It is in its source's feed, its tags' and the archives.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from feedmill.feeds.entry import StoredEntry

PART = 4  # a source's share is the limit through this
OTHERS = 4  # sources besides: fewer are a small circle, in which nobody floods anybody
WINDOW = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """`shown` and `over` (entries that stand back) in the order of the feed. `is_sure` False: entries that were not
    looked at may still change it. `too_much`: what fell out at the end of `shown`, as the feed would weigh too much.
    `is_all`: nothing else belongs to the publication."""

    shown: list[StoredEntry]
    over: list[StoredEntry]
    too_much: Sequence[StoredEntry] = ()
    is_all: bool = False
    is_sure: bool = True
    followers: Mapping[int, int] = field(default_factory=dict)  # rows of copies -> the row that was seen first


def share_out(
    ordered: Sequence[StoredEntry], *, limit: int, shown: Collection[str] = (), over: Collection[str] = ()
) -> Shares:
    """The entries of a feed of `limit`, from the newest ones in order. `shown`, `over`: ids, as of last time."""
    if len(ordered) <= limit:
        return Shares(shown=list(ordered), over=[])
    shown, over = frozenset(shown), frozenset(over)
    share = max(1, limit // PART)
    feed: deque[StoredEntry] = deque()
    count: Counter[str] = Counter()
    back: set[int] = set()
    is_sure = True
    for stored in reversed(ordered):
        identity, source = stored.entry.id, stored.source_url
        if identity in over:
            back.add(stored.row)
            continue
        if identity not in shown and count[source] >= share:
            if _others(feed, stored) >= OTHERS:
                back.add(stored.row)
                continue
            is_sure = is_sure and len(feed) == limit
        feed.append(stored)
        count[source] += 1
        if len(feed) > limit:
            count[feed.popleft().source_url] -= 1
    kept = list(reversed(feed))
    stand = [stored for stored in ordered if stored.row in back]
    if len(kept) < limit:
        is_sure = False  # older entries come first
        filled = {stored.row for stored in (*kept, *stand[: limit - len(kept)])}
        kept = [stored for stored in ordered if stored.row in filled]
        stand = [stored for stored in stand if stored.row not in filled]
    return Shares(shown=kept, over=stand, is_sure=is_sure)


def _others(feed: Sequence[StoredEntry], stored: StoredEntry) -> int:
    """How many other sources have posted within the week before."""
    since = stored.sort_at - WINDOW
    return len({each.source_url for each in feed if each.sort_at >= since} - {stored.source_url})
