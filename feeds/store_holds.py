"""What is held back, and how it ends: by the operator's word, or because its time has come.

In:  a connection in its transaction, a source's row, `now`.
Out: rows of entries; how many were shown or forgotten.
Never: holds anything (a plan does, or `store_prune.hold`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from feedmill.feeds import store_prune
from feedmill.feeds.bulk import run
from feedmill.feeds.encoding import seconds
from feedmill.feeds.schema import AT_ONCE, entries, sources
from feedmill.feeds.source import HeldAs, Standing
from feedmill.feeds.update import FILTERED, WITHDRAWN

_DUE = select(entries.c.id).where(entries.c.held_at.is_not(None), entries.c.held_until <= bindparam("at"))
_HELD_OF = select(entries.c.id).where(
    entries.c.held_at.is_not(None),
    entries.c.held_until.is_(None),
    entries.c.held_reason.not_like(f"{FILTERED}%"),  # the operator's own rules keep these back: no burst to release
    entries.c.deleted_at.is_(None),
    entries.c.source == bindparam("the_source"),
    entries.c.held_reason.not_like(f"{WITHDRAWN}%"),  # their author's own word
)
_STANDING = select(sources.c.held_as, sources.c.failures).where(sources.c.id == bindparam("the_row"))
_SET_SOURCE = update(sources).where(sources.c.id == bindparam("the_row"))


def due(connection: Connection, now: datetime) -> list[int]:
    """The entries that were dated ahead and whose time has come."""
    return list(connection.scalars(_DUE, {"at": seconds(now)}))


def end_hold(connection: Connection, source_row: int, now: datetime, *, drop: bool) -> int:
    """Show or forget all that is held of a source but what is dated ahead, and let the source go on; how many entries.

    A look that is under way is discarded (its lease is ended): it would write the old standing over the new one. What
    an alarm kept from being read at all is asked for anew, and believed.
    """
    standing = connection.execute(_STANDING, {"the_row": source_row}).one()
    held = list(connection.scalars(_HELD_OF, {"the_source": source_row}))
    values: dict[str, Any] = {
        "the_row": source_row,
        "standing": (Standing.FAILING if standing.failures else Standing.ACTIVE).value,
        "held_as": None,
        "held_reason": None,
        "lease": None,
        "lease_until": None,
    }
    if not drop and standing.held_as not in (None, HeldAs.FLOOD):
        values.update(
            held_as=HeldAs.PARDON.value,
            etag=None,
            last_modified=None,
            issued_by=None,
            body_hash=None,
            next_fetch=AT_ONCE,
        )
    if standing.held_as is not None:
        run(connection, _SET_SOURCE.values({name: bindparam(name) for name in values if name != "the_row"}), values)
    count = 0
    for start in range(0, len(held), store_prune.BATCH):
        batch = held[start : start + store_prune.BATCH]
        count += store_prune.bury(connection, batch, now) if drop else store_prune.show(connection, batch)
    return count
