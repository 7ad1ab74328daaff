"""The status of a source in plain words: what is wrong, and who can do what about it.

In:  the records of all sources.
Out: `SourceLine`s, those in trouble first.
Never: a clock; an address with a password in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from feedmill.feeds.outcome import FailureKind
from feedmill.feeds.source import SourceRecord, SourceState, Standing
from feedmill.publish.links import web_url, without_secret
from feedmill.publish.status import detail_of
from feedmill.publish.xmltext import one_line

STATES: Mapping[Standing, str] = {
    Standing.NEW: "not fetched yet",
    Standing.ACTIVE: "working",
    Standing.FAILING: "failing",
    Standing.HELD: "held",
    Standing.GONE: "gone",
    Standing.PAUSED: "paused",
}

# For each kind of failure: what a reader of the page should understand, and what the author of the blog can do.
ADVICE: Mapping[FailureKind, tuple[str, str]] = {
    FailureKind.DNS: (
        "The name of its server cannot be found.",
        "Authors: check that the domain is still registered and its DNS answers. Operators: check the address.",
    ),
    FailureKind.REFUSED: (
        "Its server does not accept connections.",
        "Authors: see whether the web server runs and the firewall lets it answer.",
    ),
    FailureKind.TIMEOUT: (
        "Its server takes too long to answer.",
        "Authors: a feed that is a static file answers at once. Operators: it is tried again, more and more rarely.",
    ),
    FailureKind.TLS: (
        "Its certificate is not valid, so the connection cannot be trusted.",
        "Authors: renew the certificate, see that it names this host. Operators: tls_fingerprint excepts this source.",
    ),
    FailureKind.TOO_LARGE: (
        "Its feed is larger than this planet accepts.",
        "Authors: list the newest 20 to 50 posts only. Operators: max_body in [fetch] sets the limit.",
    ),
    FailureKind.BLOCKED_ADDRESS: (
        "Its address leads into a private network, which this planet does not enter.",
        "Operators: allow_networks or allow_hosts in [fetch] opens it, for an intranet.",
    ),
    FailureKind.REDIRECT_LOOP: (
        "It redirects again and again without arriving.",
        "Authors: look at the redirects of the feed's address. Operators: try the address where it should end.",
    ),
    FailureKind.HTTP_4XX: (
        "Its server says the feed is not there, or not for us.",
        "Authors: restore the feed or redirect its old address. Operators: look for its new address.",
    ),
    FailureKind.HTTP_5XX: (
        "Its server has an error of its own.",
        "Authors: the server's log will say which. Nothing to do for others but wait.",
    ),
    FailureKind.RATE_LIMITED: (
        "Its server asks for fewer requests, and is left alone until it allows more.",
        "Authors: a feed behind a cache can be fetched by everybody. Nothing is lost meanwhile.",
    ),
    FailureKind.BOT_WALL: (
        "A protection against robots answers in place of the feed.",
        "Authors: exempt the feed's address from the challenge, for feeds are made to be read by programs.",
    ),
    FailureKind.NOT_A_FEED: (
        "Its address answers with something that is not a feed.",
        "Authors: see whether the feed has moved. Operators: `feedmill add` with the site's address finds feeds.",
    ),
    FailureKind.UNPARSABLE: (
        "Its feed is damaged beyond what can be read.",
        "Authors: a feed validator shows the first error.",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLine:
    """One source on status.html: what is wrong in plain words, the cause (`detail`), what helps (`advice`)."""

    title: str
    url: str
    site_url: str | None
    state: str
    word: str
    entries: int
    sentence: str
    detail: str
    advice: str
    since: datetime | None


def status_lines(records: Iterable[SourceRecord]) -> list[SourceLine]:
    """All sources in words, those in trouble first, each group in the order of the configuration."""
    lines = [line_of(record) for record in records]
    order = {"failing": 0, "held": 1, "gone": 2, "paused": 3, "new": 4, "active": 5}
    return sorted(lines, key=lambda line: order[line.state])


def line_of(record: SourceRecord) -> SourceLine:
    """One source in words."""
    state = record.state
    sentence, advice = "", ""
    if state.standing is Standing.GONE:
        sentence = "Its server says that the feed is gone for good."
        advice = "Operators: find its new address or remove it. Its posts stay here until they are pruned."
    elif state.failure is not None:
        sentence, advice = ADVICE[state.failure]
    elif state.standing is Standing.HELD:
        sentence = "New posts from it are held back until somebody has looked."
        advice = "Operators: `feedmill release` with its address shows them, `feedmill drop` forgets them."
    else:
        sentence, advice = _move_words(state)
    url = record.source.url
    return SourceLine(
        title=one_line(record.title.replace(url, without_secret(url)), most=200),
        url=without_secret(url),
        site_url=web_url(record.channel.about.site_url),
        state=state.standing.value,
        word=STATES[state.standing],
        entries=record.entries,
        sentence=sentence,
        detail=one_line(detail_of(state).replace(url, without_secret(url)), most=500),
        advice=advice,
        since=state.failing_since,
    )


def _move_words(state: SourceState) -> tuple[str, str]:
    """What became of its address, and what follows from that; nothing when it is where it always was."""
    target = without_secret(state.adopted or state.moved_to or "")
    if state.standing is Standing.PAUSED and state.moved_to is not None:
        return (
            f"It redirects for good to {target}, which is a source of this planet already: its posts come from there.",
            "Operators: remove it from the configuration. `feedmill sync` with its address asks it once more.",
        )
    if state.standing is Standing.PAUSED:
        return "The operator has paused it.", ""
    if state.adopted is not None:
        return (
            f"It has moved for good, and is asked at {target}.",
            "Operators: write the new address into the configuration. When it fails three times the old one is asked.",
        )
    if state.moved_to is not None:
        return (
            f"It redirects for good to {target}; that is believed after three good looks over a week.",
            "Operators: nothing needs to be done.",
        )
    return "", ""
