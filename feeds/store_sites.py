"""Taking a place in a site's queue, so that all processes on one store keep one distance.

In:  a connection in its writing transaction, a site's key, `now`, the gap that this process wants to keep.
Out: what was remembered of the site, with `next_allowed` the moment from which the caller may ask.
Never: waits, decides how large a gap is, or opens a transaction.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, select

from feedmill.feeds import rows
from feedmill.feeds.bulk import write_over
from feedmill.feeds.encoding import storable
from feedmill.feeds.schema import sites
from feedmill.feeds.source import SiteState

_SITE = select(*rows.SITE).where(sites.c.key == bindparam("the_key"))
_LONGEST_QUEUE = timedelta(days=7)
"""A place beyond it was booked under another clock and counts for nothing."""


def book(connection: Connection, key: str, now: datetime, gap: timedelta) -> SiteState:
    """Take the next free place and book the one `gap` behind it; nothing is booked while the site is held."""
    row = connection.execute(_SITE.with_for_update(), {"the_key": storable(key)}).first()
    state = SiteState(key=key) if row is None else rows.site_from(row)
    if state.hold_until is not None and state.hold_until > now:
        return state
    start = now
    if state.next_allowed is not None and now < state.next_allowed < now + _LONGEST_QUEUE:
        start = state.next_allowed
    gap = max(gap, state.spacing or gap)
    write_over(
        connection,
        sites,
        [
            rows.site_values(
                SiteState(
                    key=key,
                    next_allowed=start + gap,
                    hold_until=state.hold_until,
                    spacing=state.spacing,
                    refusals=state.refusals,
                )
            )
        ],
    )
    return SiteState(key=key, next_allowed=start, hold_until=None, spacing=state.spacing, refusals=state.refusals)
