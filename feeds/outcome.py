"""What came of asking a source for its document: values, never exceptions.

In:  an HTTP exchange that is over.
Out: `Fetched | NotModified | Gone | Failure`, together `Outcome`.
Never: a parsed feed, a schedule, a store row.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum


class FailureKind(StrEnum):
    """One word for each way a source fails: it drives the back-off, the CLI text, the status page and the metrics."""

    DNS = "dns"
    REFUSED = "refused"
    TIMEOUT = "timeout"
    TLS = "tls"
    TOO_LARGE = "too_large"
    BLOCKED_ADDRESS = "blocked_address"
    REDIRECT_LOOP = "redirect_loop"
    HTTP_4XX = "http_4xx"
    HTTP_5XX = "http_5xx"
    RATE_LIMITED = "rate_limited"
    BOT_WALL = "bot_wall"
    NOT_A_FEED = "not_a_feed"
    UNPARSABLE = "unparsable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Validators:
    """ETag and Last-Modified as the server sent them (latin-1 text, byte for byte), and who sent them.

    Replaced as a set by every good answer, never mended, never sent to another URL (reference: checks 13-31).
    """

    etag: str | None = None
    last_modified: str | None = None
    issued_by: str | None = None  # the URL that answered; None: nothing to echo

    def __bool__(self) -> bool:
        return self.etag is not None or self.last_modified is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """What the answer's headers ask of the next request.

    `max_age`: remaining lifetime (Cache-Control max-age minus Age, or Expires minus Date); None when not said.
    `retry_after`: a hard floor, also for --force; None when not said.
    """

    max_age: timedelta | None = None
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RawDocument:
    """The bytes of one answer, decoded from their content coding but not from their charset."""

    body: bytes
    url: str  # of the answer, after redirects: the base of relative URLs
    content_type: str = ""  # the header as sent, "" when absent
    body_hash: str = ""  # hexadecimal blake2b-128 of body


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A permanent redirect that was followed: `permanent_url` ends the leading run of 301/308 answers."""

    permanent_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A document came: 200 (or 203, or 226 with a delta)."""

    document: RawDocument
    validators: Validators = field(default_factory=Validators)
    freshness: Freshness = field(default_factory=Freshness)
    status: int = 200
    move: Move | None = None
    links: tuple[tuple[str, str], ...] = ()  # (rel, absolute URL) of HTTP Link headers: hub, self
    delta: bool = False  # 226 IM Used: entries that are missing were not deleted


@dataclass(frozen=True, slots=True, kw_only=True)
class NotModified:
    """304: what we have is current. `validators` already merges what the 304 said over what we sent."""

    validators: Validators
    freshness: Freshness = field(default_factory=Freshness)
    status: int = 304
    move: Move | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """410: the publisher says it will not come back."""

    status: int = 410
    detail: str = "the server says the feed is gone for good (410)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """It did not work; `detail` is a sentence that names the cause (the coding, the size reached, the address)."""

    kind: FailureKind
    detail: str
    retry_after: timedelta | None = None
    status: int | None = None


Outcome = Fetched | NotModified | Gone | Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchRecord:
    """One line of a source's fetch history."""

    at: datetime
    status: int | None
    outcome: str  # fetched, not_modified, gone, failed
    failure: FailureKind | None = None
    detail: str = ""
    bytes: int = 0
    duration: timedelta = timedelta(0)
    new: int = 0
    changed: int = 0
