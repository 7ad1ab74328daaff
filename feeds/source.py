"""A source, seen three ways: what the user wrote, what the feed says of itself, what we remember.

`Source` / `Channel` / `SourceState` are three types on purpose; `SourceRecord` is the row that joins them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from feedmill.feeds.entry import Origin
from feedmill.feeds.outcome import FailureKind, Validators


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which entries: `[source.only]` and `[source.never]`. Within one key any value is enough.

    `words` are looked for in title and text, `title_words` in the title alone. `max_age` is counted when an entry is
    first seen, so that nothing disappears by growing old; it and `min_words` stand in `only` alone.
    """

    categories: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    title_words: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    max_age: timedelta | None = None
    min_words: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRules:
    """What the user wants done differently with the entries of one source (docs/rules.md).

    `skip_steps`: names of cleaning steps. `drop`, `keep`: CSS selectors. `title_from`: feed or content. `date`:
    published, updated, url or first_seen. `pipe`: a command and its arguments, run in `folder` (the configuration's).
    """

    skip_steps: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    title_from: str = "feed"
    title_cut: tuple[str, ...] = ()
    author: str | None = None
    date: str = "published"
    language: str | None = None
    full_text: bool = False
    pipe: tuple[str, ...] = ()
    pipe_timeout: timedelta = timedelta(seconds=10)
    only: Filter = field(default_factory=Filter)
    never: Filter = field(default_factory=Filter)
    folder: str = field(default="", compare=False)  # where the same configuration lies is no rule


NO_RULES = SourceRules()
LASTING = 3  # failures in a row: one timeout in the night is no incident


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A feed we subscribe to, as the user wrote it. `rules` are the configuration's alone: the store has none."""

    url: str
    title: str | None = None
    tags: tuple[str, ...] = ()
    rules: SourceRules = NO_RULES


class Standing(StrEnum):
    """A source's `state` in `status`."""

    NEW = "new"
    ACTIVE = "active"
    FAILING = "failing"
    HELD = "held"
    GONE = "gone"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """What the feed's last good document said of itself, and its wishes about being polled.

    `ttl`: RSS ttl; `update_period`: sy:updatePeriod / sy:updateFrequency as one gap; both are floors, never targets.
    `skip_hours` 0-23 GMT, `skip_days` 0 Monday - 6 Sunday. `entries`: how many the document held (0: not known).
    """

    format: str = ""  # rss20, atom10, rss10, json11, ...
    about: Origin = field(default_factory=Origin)
    generator: str | None = None
    hubs: tuple[str, ...] = ()  # WebSub: of the answer's Link headers, else of the document
    topic: str | None = None  # WebSub: rel=self of the Link headers; None: `about.url`
    ttl: timedelta | None = None
    update_period: timedelta | None = None
    skip_hours: frozenset[int] = frozenset()
    skip_days: frozenset[int] = frozenset()
    entries: int = 0
    podcast: tuple[tuple[str, str], ...] = ()  # what a podcast says of itself: ("itunes:category", "Arts"), ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PostingRate:
    """How often a source posts: Gamma-Poisson with exponential forgetting (reference scheduling.md section 2).

    `weight` decayed count of entries, `days` decayed observation time, `short` the 12 h memory of bursts (per day).
    """

    weight: float = 0.0
    days: float = 0.0
    short: float = 0.0
    recent: float = 0.0  # the 4 day memory of changes of pace (per day)
    at: datetime | None = None  # when last brought up to date
    week: tuple[tuple[int, float], ...] = ()  # (hour of the week 0-167 UTC, decayed count), 42 days of memory
    week_at: datetime | None = None  # when the counts of `week` were last brought up to date


class HeldAs(StrEnum):
    """Which alarm holds a source; PARDON: the operator released it, and what it says next is believed once."""

    FLOOD = "flood"
    TAKEOVER = "takeover"
    ERROR_FEED = "error feed"
    PARDON = "pardon"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """What we remember of a source between two looks at it."""

    standing: Standing = Standing.NEW
    validators: Validators = field(default_factory=Validators)
    body_hash: str | None = None
    next_fetch: datetime | None = None  # None: due at once
    reason: str = "never fetched"  # of next_fetch, in words
    hold_until: datetime | None = None  # Retry-After: not even --force looks before
    failures: int = 0  # in a row
    failure: FailureKind | None = None
    detail: str = ""
    failing_since: datetime | None = None
    last_attempt: datetime | None = None
    last_success: datetime | None = None
    last_status: int | None = None
    last_full: datetime | None = None  # last 200: after 8 days of 304 one unconditional look (check 33)
    moved_to: str | None = None
    moved_since: datetime | None = None
    moved_count: int = 0
    adopted: str | None = None  # asked here instead of the configured URL: a confirmed permanent redirect (check 86)
    held_as: HeldAs | None = None
    held_reason: str | None = None  # the same in words, until it is released
    rate: PostingRate = field(default_factory=PostingRate)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRecord:
    """One source with all we know of it. `row` is the store's key; `entries` how many are kept."""

    row: int
    source: Source
    channel: Channel = field(default_factory=Channel)
    state: SourceState = field(default_factory=SourceState)
    entries: int = 0

    @property
    def title(self) -> str:
        """The user's title, else the feed's own, else the URL."""
        return self.source.title or self.channel.about.title or self.source.url


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteState:
    """What we remember of a site (registrable domain, or host:port of a private address)."""

    key: str
    next_allowed: datetime | None = None
    hold_until: datetime | None = None  # 429 / Retry-After holds the whole site
    spacing: timedelta | None = None  # learned; None: as configured
    refusals: int = 0  # 429s in a row
