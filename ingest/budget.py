"""A number of requests a day, turned into the one knob of the cadence.

In:  what we remember of all sources, `[schedule]`, the time.
Out: the same options, with the interval at which the sources together cost what is allowed.
Never: makes a server's or a feed's own wishes weaker: those are floors, and only lower what is spent.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from feedmill.feeds.source import SourceRecord, Standing
from feedmill.ingest.cadence import expected_posts_per_day, interval_for_budget
from feedmill.ingest.options import ScheduleOptions


def within_budget(options: ScheduleOptions, records: Iterable[SourceRecord], *, now: datetime) -> ScheduleOptions:
    """The options with `median_interval` set for the sources that are asked at all; unchanged without a budget."""
    if options.requests_per_day is None:
        return options
    asked = [record.state for record in records if record.state.standing not in (Standing.GONE, Standing.PAUSED)]
    rates = [expected_posts_per_day(state.rate, now=now) for state in asked]
    interval = interval_for_budget(rates, requests_per_day=options.requests_per_day, options=options)
    return replace(options, median_interval=interval)
