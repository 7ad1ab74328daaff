"""What an operator may set about fetching and scheduling; `config` fills these in, no room knows config."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsTrust:
    """Whom one source's server may prove itself by, in place of the usual authorities (check 102).

    `ca_file`: the authorities of that PEM file; name and dates are checked as ever. `fingerprint`: exactly the
    certificate with that SHA-256, in lower-case hexadecimal; its names and dates do not matter then.
    """

    ca_file: str | None = None
    fingerprint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchOptions:
    """`[fetch]`. `timeout` is total: DNS, connect, TLS, headers, body. `max_body_bytes` counts decoded bytes.

    `site_spacing` is the least gap between two requests to one registrable domain; private addresses are spaced by
    `private_site_spacing` (reference network.md, check 110), which follows `site_spacing` when the user wrote it.
    `allow_networks` and `allow_hosts` open some private addresses, `allow_private_networks` all of them (T13).
    `icons`: the sources' own icons are asked for, too.
    `trust`: exceptions from the usual TLS authorities, by a source's configured URL; they hold at its origin only.
    `follow_deletions`: what its source deletes is retracted here too (`ingest.vanished`).
    """

    user_agent: str = "feedmill/0.1.0"
    workers: int = 16
    timeout: timedelta = timedelta(seconds=30)
    max_body_bytes: int = 10_000_000
    allow_private_networks: bool = False
    allow_networks: tuple[str, ...] = ()
    allow_hosts: tuple[str, ...] = ()
    trust: Mapping[str, TlsTrust] = field(default_factory=dict)
    site_spacing: timedelta = timedelta(seconds=2)
    private_site_spacing: timedelta = timedelta(0)
    icons: bool = False
    follow_deletions: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleOptions:
    """`[schedule]`. `requests_per_day`: what all sources together may cost, or None. `median_interval`: how often the
    median blog is looked at then (`budget.within_budget`); None: every `default_interval`."""

    min_interval: timedelta = timedelta(minutes=10)
    default_interval: timedelta = timedelta(hours=1)
    max_interval: timedelta = timedelta(hours=24)
    requests_per_day: int | None = None
    median_interval: timedelta | None = None
