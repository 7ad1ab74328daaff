"""The rules of one HTTP exchange: headers out, answer in.

In:  what we remember (`Validators`) and an answer's status, headers and body.
Out: the request's headers; a `Redirect` to follow; or the `Outcome`.
Never: touches a socket or a clock. `now` is an argument, and it only counts where the server sent no Date.

The rules are checks 2-49 and 52-58 and 72-80 of reference network.md section 1; HTTP is RFC 9110 and RFC 9111.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b

from feedmill.feeds.outcome import (
    Failure,
    FailureKind,
    Fetched,
    Gone,
    Move,
    NotModified,
    Outcome,
    RawDocument,
    Validators,
)
from feedmill.ingest.codings import ACCEPTED
from feedmill.ingest.freshness import Headers, rate_limit_reset, read_freshness, retry_after
from feedmill.ingest.target import Target, follow

ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml;q=0.9, "
    "application/xml;q=0.8, text/xml;q=0.8, application/json;q=0.7, */*;q=0.1"
)
MAX_ERROR_BODY_BYTES = 65_536
BODY_STATUSES = frozenset({200, 203, 226})  # the answers that carry a document

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PERMANENT = frozenset({301, 308})
_MAY_BE_A_WALL = frozenset({403, 429, 503})
_MAX_VALIDATOR_CHARACTERS = 4_096  # what does not fit a request header is not echoed at all (check 16)

_WALL_HEADERS = (
    ("cf-mitigated", "challenge"),
    ("x-amzn-waf-action", "challenge"),
    ("x-amzn-waf-action", "captcha"),
    ("sg-captcha", "challenge"),
)
_WALL_PAGE = re.compile(
    rb"captcha|challenge-(platform|form|error)|cf-chl|cf-browser-verification|attention required! \| cloudflare"
    rb"|just a moment|checking (if the site connection is secure|your browser)|enable javascript and cookies"
    rb"|are (you )?(human|not a robot|a robot)|verif(y|ying) (that )?you('re| are) (a )?human"
    rb"|bot (protection|detection)|datadome|_incapsula_|perimeterx|ddos-guard|anubis_challenge|sucuri website firewall",
    re.IGNORECASE,
)
_LINK = re.compile(r"<([^<>]*)>((?:\s*;\s*[\w*!#$&+.^`|~-]+\s*(?:=\s*(?:\"(?:[^\"\\]|\\.)*\"|[^\s\",;]*))?)*)")
_LINK_REL = re.compile(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|([^\s\",;]+))", re.IGNORECASE)
_LINK_RELS_KEPT = frozenset({"hub", "self"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The request that was sent: where to, and the validators that really went with it."""

    target: Target
    validators: Validators = field(default_factory=Validators)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Status line and headers of a final (not 1xx) answer."""

    status: int
    headers: Headers


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirect:
    """An answer that sends us elsewhere. `retry_after`: the wait it asked for, which holds the next look (check 74)."""

    target: Target
    permanent: bool
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """What the redirects on the way left behind. `permanent_url` ends the leading 301/308 run (check 87)."""

    permanent_url: str | None = None
    open: bool = True  # the run still goes on
    retry_after: timedelta | None = None

    def extended(self, hop: Redirect, *, from_target: Target) -> Trail:
        """The trail after one more hop. A step from https down to http is followed but never kept (check 93)."""
        downgrade = from_target.scheme == "https" and hop.target.scheme == "http"
        still = self.open and hop.permanent and not downgrade
        waits = [wait for wait in (self.retry_after, hop.retry_after) if wait is not None]
        return Trail(
            permanent_url=hop.target.url if still else self.permanent_url,
            open=still,
            retry_after=max(waits, default=None),
        )

    @property
    def move(self) -> Move | None:
        """The permanent move to report with a good answer."""
        return None if self.permanent_url is None else Move(permanent_url=self.permanent_url)


# ---- headers out ----------------------------------------------------------------------------------------------------


def applicable(validators: Validators, target: Target, *, conditional: bool) -> Validators:
    """The validators that may go to `target`: only to the URL that issued them (check 31), only when asked for."""
    if conditional and validators and validators.issued_by == target.url:
        return validators
    return Validators()


def request_headers(asked: Asked, *, user_agent: str, authorization: str | None) -> dict[str, str]:
    """The headers of one GET. No Cookie, Referer, Range, Cache-Control or A-IM, ever (checks 6-8)."""
    headers = {"User-Agent": user_agent, "Accept": ACCEPT, "Accept-Encoding": ACCEPTED}
    if asked.validators.etag is not None:
        headers["If-None-Match"] = asked.validators.etag
    if asked.validators.last_modified is not None:
        headers["If-Modified-Since"] = asked.validators.last_modified
    if authorization is not None:
        headers["Authorization"] = authorization
    return headers


# ---- answer in ------------------------------------------------------------------------------------------------------


def redirect(asked: Asked, answer: Answer, *, now: datetime) -> Redirect | Failure | None:
    """Where the answer sends us; None when it is not a redirect (checks 85, 86, 91, 92)."""
    if answer.status not in _REDIRECTS:
        return None
    location = answer.headers.first("location")
    if not location:
        return Failure(
            kind=FailureKind.REDIRECT_LOOP,
            detail=f"{asked.target.url} redirects ({answer.status}) without saying where to",
            retry_after=retry_after(answer.headers, now=now),
            status=answer.status,
        )
    found = follow(asked.target, location)
    if isinstance(found, Failure):
        return Failure(kind=found.kind, detail=found.detail, status=answer.status)
    return Redirect(
        target=found,
        permanent=answer.status in _PERMANENT,
        retry_after=retry_after(answer.headers, now=now),
    )


def not_modified(asked: Asked, answer: Answer, trail: Trail, *, now: datetime) -> NotModified | Failure:
    """304. What it says replaces what we sent, name by name; what it leaves out stays (checks 23, 24; RFC 9111 3.2)."""
    if not asked.validators:
        return Failure(
            kind=FailureKind.UNPARSABLE,
            detail="the server answered 304 (not modified) to a request without validators, so no document came",
            status=304,
        )
    fresh = _validators(answer.headers, asked.target)
    merged = Validators(
        etag=fresh.etag if fresh.etag is not None else asked.validators.etag,
        last_modified=fresh.last_modified if fresh.last_modified is not None else asked.validators.last_modified,
        issued_by=asked.target.url,
    )
    return NotModified(
        validators=merged,
        freshness=read_freshness(answer.headers, now=now, earlier_wait=trail.retry_after),
        move=trail.move,
    )


def delivered(asked: Asked, answer: Answer, trail: Trail, body: bytes, *, now: datetime) -> Fetched | Failure:
    """200, 203 or 226 with its decoded body. An empty body is `not_a_feed`: there is nothing that could be broken."""
    if not body.strip(b"\x00\t\n\r "):
        return Failure(
            kind=FailureKind.NOT_A_FEED,
            detail=f"the server answered {answer.status} with an empty body",
            status=answer.status,
        )
    delta = answer.status == 226
    if delta and "feed" not in re.split(r"[,;\s]+", answer.headers.joined("im").lower()):
        return Failure(
            kind=FailureKind.UNPARSABLE,
            detail="the server answered 226 (a difference) without saying which kind, so it is not taken for the whole",
            status=226,
        )
    document = RawDocument(
        body=body,
        url=asked.target.url,
        content_type=answer.headers.first("content-type") or "",
        body_hash=blake2b(body, digest_size=16).hexdigest(),
    )
    return Fetched(
        document=document,
        validators=_validators(answer.headers, asked.target),
        freshness=read_freshness(answer.headers, now=now, earlier_wait=trail.retry_after),
        status=answer.status,
        move=trail.move,
        links=_links(answer.headers.joined("link"), asked.target),
        delta=delta,
    )


def wants_error_body(answer: Answer) -> bool:
    """Whether the start of an error's body may tell a bot wall from a plain refusal."""
    return answer.status in _MAY_BE_A_WALL and "html" in (answer.headers.first("content-type") or "html").lower()


def refused(answer: Answer, *, now: datetime, body_start: bytes = b"") -> Outcome:
    """Any other status. The body's text is never repeated to the user (T12)."""
    status = answer.status
    wait = retry_after(answer.headers, now=now)
    if status == 410:
        return Gone()
    if _is_wall(answer, body_start):
        return Failure(
            kind=FailureKind.BOT_WALL,
            detail=f"the site wants a browser to pass a challenge ({status}): its owner must let feed readers through",
            retry_after=wait,
            status=status,
        )
    if status == 429:
        wait = wait or rate_limit_reset(answer.headers, now=now)
        return Failure(
            kind=FailureKind.RATE_LIMITED,
            detail="the site says we ask too often (429)"
            + (f" and to come back in {_words(wait)}" if wait else " without saying when to come back"),
            retry_after=wait,
            status=status,
        )
    kind, words = _refusal(status)
    asks = f"; it asks to wait {_words(wait)}" if wait else ""
    return Failure(kind=kind, detail=f"{words} ({status}){asks}", retry_after=wait, status=status)


_STATUS_WORDS: Mapping[int, str] = {
    204: "the server answered with an empty body",
    205: "the server answered with an empty body",
    206: "the server sent a part of the document, which was not asked for",
    400: "the server calls the request bad",
    401: "the server wants a name and a password",
    403: "the server forbids reading the feed",
    404: "the server has no feed at this address",
    407: "a proxy wants a name and a password",
    408: "the server gave up waiting",
    451: "the feed is withheld for legal reasons",
    500: "the server failed",
    502: "the server's own source failed",
    503: "the server is not available at the moment",
    504: "the server's own source did not answer in time",
}


def _refusal(status: int) -> tuple[FailureKind, str]:
    if status < 300:
        # 206 is half a document; the rest (201, 202, 204, 205 ...) brings none (checks 39, 40).
        kind = FailureKind.UNPARSABLE if status == 206 else FailureKind.NOT_A_FEED
        return kind, _STATUS_WORDS.get(status, "the server answered without a document")
    if status < 400:
        return FailureKind.REDIRECT_LOOP, "the server answered with a redirect that cannot be followed"
    kind = FailureKind.HTTP_4XX if status < 500 else FailureKind.HTTP_5XX
    return kind, _STATUS_WORDS.get(
        status, "the server refused" if kind is FailureKind.HTTP_4XX else "the server failed"
    )


def _is_wall(answer: Answer, body_start: bytes) -> bool:
    if any((answer.headers.first(name) or "").lower() == value for name, value in _WALL_HEADERS):
        return True
    return answer.status in _MAY_BE_A_WALL and _WALL_PAGE.search(body_start[:MAX_ERROR_BODY_BYTES]) is not None


def _validators(headers: Headers, target: Target) -> Validators:
    """ETag and Last-Modified byte for byte, in whatever shape; never derived from anything else (checks 13-19)."""
    etag, last_modified = _echoable(headers.first("etag")), _echoable(headers.first("last-modified"))
    if etag is None and last_modified is None:
        return Validators()
    return Validators(etag=etag, last_modified=last_modified, issued_by=target.url)


def _echoable(value: str | None) -> str | None:
    if not value or len(value) > _MAX_VALIDATOR_CHARACTERS or _unsendable(value):
        return None
    return value


def _unsendable(value: str) -> bool:
    return any(character in value for character in "\r\n\x00")


def _links(value: str, target: Target) -> tuple[tuple[str, str], ...]:
    """(rel, absolute URL) of the Link headers' hub and self (RFC 8288; WebSub section 4)."""
    found: list[tuple[str, str]] = []
    for match in _LINK.finditer(value):
        rel = _LINK_REL.search(match[2])
        if rel is None:
            continue
        place = follow(target, match[1])
        if isinstance(place, Failure):
            continue
        for word in (rel[1] or rel[2] or "").lower().split():
            if word in _LINK_RELS_KEPT and (word, place.url) not in found:
                found.append((word, place.url))
    return tuple(found)


def _words(wait: timedelta) -> str:
    seconds = int(wait.total_seconds())
    if seconds < 180:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7_200 else f"{seconds // 3600} h"
