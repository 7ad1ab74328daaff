"""What an operator may set about fetching and scheduling; `config` fills these in, no room knows config."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchOptions:
    """`[fetch]`. `timeout` is total: DNS, connect, TLS, headers, body. `max_body_bytes` counts decoded bytes.

    `site_spacing` is the least gap between two requests to one registrable domain; private addresses are spaced by
    `private_site_spacing` (reference network.md, check 110), which follows `site_spacing` when the user wrote it.
    """

    user_agent: str = "feedmill/0.1.0"
    workers: int = 16
    timeout: timedelta = timedelta(seconds=30)
    max_body_bytes: int = 10_000_000
    allow_private_networks: bool = False
    site_spacing: timedelta = timedelta(seconds=2)
    private_site_spacing: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleOptions:
    """`[schedule]`."""

    min_interval: timedelta = timedelta(minutes=10)
    default_interval: timedelta = timedelta(hours=1)
    max_interval: timedelta = timedelta(hours=24)
