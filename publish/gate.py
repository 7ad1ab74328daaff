"""The gate before an edition: what readers have must not vanish at once without somebody wanting it.

In:  the ids and places of the last good edition; the new one; what was retracted.
Out: "" when it may pass, else a sentence for the operator.
Never: counts what newer entries pushed out, what grew too old, or what was taken down: that is the normal way out.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from feedmill.feeds.entry import StoredEntry
from feedmill.feeds.publication import Publication
from feedmill.publish.ledger import digest

FEWEST = 4  # entries in the last edition below which a share says nothing


def remembered(shown: Sequence[StoredEntry]) -> list[list[object]]:
    """An edition as the ledger keeps it: a short name of each id, and its place in epoch seconds."""
    return [[short(stored.entry.id), int(stored.sort_at.timestamp())] for stored in shown]


def short(identity: str) -> str:
    """A short name of an id."""
    return digest(identity)[:16]


def judge(
    publication: Publication,
    before: Sequence[Sequence[object]],
    shown: Sequence[StoredEntry],
    *,
    retracted: Collection[str],
    oldest: int | None = None,
) -> str:
    """Whether the new edition loses more than `max_loss` of the last one. `retracted`: short names; `oldest`: age."""
    if len(before) < FEWEST or publication.max_loss >= 1:
        return ""
    now = {short(stored.entry.id) for stored in shown}
    full = len(shown) >= publication.limit
    bar = min((int(stored.sort_at.timestamp()) for stored in shown), default=0) if full else 0
    bar = max(bar, oldest or 0)
    lost = [
        name for name, at in before if name not in now and name not in retracted and isinstance(at, int) and at > bar
    ]
    if len(lost) <= publication.max_loss * len(before):
        return ""
    return (
        f"it would lose {len(lost)} of its {len(before)} entries at once, the last good edition stays; "
        "`feedmill publish --accept-loss` lets it go out"
    )
