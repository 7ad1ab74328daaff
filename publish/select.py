"""Which entries a publication shows, and in which order.

In:  stored entries, newest first; what is wanted.
Out: the entries to publish: each published id once, ordered by (sort_at descending, id), at most `limit`.
Never: reads the store, changes an entry except for its `also_in`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from feedmill.feeds.entry import StoredEntry


def select(stored: Iterable[StoredEntry], *, limit: int) -> list[StoredEntry]:
    """The newest `limit` entries (check A18). An id carried by several sources appears once: the earliest wins.

    The winner's `also_in` names the other sources, in the order in which they had the entry.
    """
    groups: dict[str, list[StoredEntry]] = {}
    for entry in stored:
        groups.setdefault(entry.entry.id, []).append(entry)
    chosen = [_merged(group) for group in groups.values()]
    chosen.sort(key=lambda stored_entry: stored_entry.entry.id)
    chosen.sort(key=lambda stored_entry: stored_entry.sort_at, reverse=True)
    return chosen[:limit]


def _merged(group: list[StoredEntry]) -> StoredEntry:
    if len(group) == 1:
        return group[0]
    group.sort(key=lambda stored: (stored.sort_at, stored.first_seen, stored.row))
    winner = group[0]
    others = dict.fromkeys([*winner.also_in, *(stored.source_url for stored in group[1:])])
    others.pop(winner.source_url, None)
    return replace(winner, also_in=tuple(others))
