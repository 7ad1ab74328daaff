"""The operator's feed: one entry for each incident of a source, apart from everything that readers see.

In:  the records of all sources; the incidents remembered so far.
Out: `ops.xml`: an incident opens when a source fails, is held or gone, and closes when it answers again. An incident is
     one entry for its whole life: its id stays, its title and date move once, when it closes.
Never: a clock; an address with a password in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any

from feedmill.feeds.source import LASTING, SourceRecord
from feedmill.publish.about import named_urn
from feedmill.publish.aggregate import EMPTY, GENERATOR
from feedmill.publish.status_words import line_of
from feedmill.publish.xmltext import clean, one_line, rfc3339, spell_pairs

FILE = "ops.xml"
MOST = 100
_SECOND = timedelta(seconds=1)
_TROUBLE = frozenset({"failing", "held", "gone"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One spell of trouble of one source; times in epoch seconds, `until` None while it lasts."""

    source: str
    title: str
    state: str
    since: int
    sentence: str
    advice: str
    until: int | None = None

    @property
    def updated(self) -> datetime:
        return datetime.fromtimestamp(self.since if self.until is None else self.until, UTC)


def follow(known: Sequence[Incident], records: Sequence[SourceRecord]) -> list[Incident]:
    """The incidents after a look at the sources: opened, closed, or as they were; the newest first."""
    by_url = {record.source.url: record for record in records}
    found = []
    open_now = set()
    for incident in known:
        record = by_url.get(incident.source)
        if incident.until is None and (record is None or record.state.standing.value not in _TROUBLE):
            answered = record.state.last_success if record else None
            ended = int(answered.timestamp()) if answered else incident.since
            incident = Incident(**{**asdict(incident), "until": max(ended, incident.since)})  # noqa: PLW2901
        if incident.until is None:
            open_now.add(incident.source)
        found.append(incident)
    for url, record in by_url.items():
        state = record.state
        lasting = state.standing.value in {"held", "gone"} or state.failures >= LASTING
        since = state.failing_since or state.last_attempt
        if since is not None and (url, int(since.timestamp())) in {(old.source, old.since) for old in found}:
            since = state.last_attempt if url not in open_now else None
        if state.standing.value in _TROUBLE and lasting and since is not None and url not in open_now:
            line = line_of(record)
            sentence = " ".join(filter(None, (line.sentence, line.detail)))
            found.append(
                Incident(
                    source=url,
                    title=line.title,
                    state=state.standing.value,
                    since=int(since.timestamp()),
                    sentence=sentence,
                    advice=line.advice,
                )
            )
    found.sort(key=lambda incident: (-incident.updated.timestamp(), incident.source))
    return found[:MOST]


def to_notes(incidents: Sequence[Incident]) -> list[dict[str, Any]]:
    """As the store remembers them."""
    return [asdict(incident) for incident in incidents]


def from_notes(rows: Sequence[dict[str, Any]]) -> list[Incident]:
    """The incidents of `to_notes`."""
    return [Incident(**row) for row in rows]


def ops_feed(title: str, url: str, incidents: Sequence[Incident], *, version: str) -> bytes:
    """ops.xml, Atom. `url`: the public URL of the output."""
    feed_id = named_urn(f"{url}\nops")
    stamps = _seconds_of_their_own(incidents)
    updated = max(stamps, default=EMPTY)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<?xml-stylesheet type="text/css" href="feed.css"?>',
        '<feed xmlns="http://www.w3.org/2005/Atom">',
        f"  <id>{feed_id}</id>",
        f"  <title>{_text(title)}: incidents</title>",
        f"  <updated>{rfc3339(updated)}</updated>",
        f'  <link rel="self" type="application/atom+xml" href="{escape(url)}{FILE}"/>',
        f'  <link rel="alternate" type="text/html" href="{escape(url)}status.html"/>',
        f'  <generator version="{_text(version)}">{GENERATOR}</generator>',
        f"  <author><name>{_text(title)}</name></author>",
    ]
    for incident, stamp in zip(incidents, stamps, strict=True):
        lines += _entry(incident, feed_id, url, stamp)
    return spell_pairs("\n".join([*lines, "</feed>", ""]).encode())


def _seconds_of_their_own(incidents: Sequence[Incident]) -> list[datetime]:
    """When each was updated, the newest first as they are; no two at once, as in every feed (docs/decisions/0013):
    when a server goes, all its blogs fail in one second."""
    stamps: list[datetime] = []
    for incident in reversed(incidents):
        stamps.append(max(incident.updated, stamps[-1] + _SECOND) if stamps else incident.updated)
    return stamps[::-1]


def _entry(incident: Incident, feed_id: str, url: str, stamp: datetime) -> list[str]:
    over = incident.until is not None
    word = {"failing": "fails", "held": "is held", "gone": "is gone"}.get(incident.state, incident.state)
    told = f"{incident.title} works again" if over else f"{incident.title} {word}"
    paragraphs = [incident.sentence, incident.advice]
    if over and incident.until is not None:
        since = rfc3339(datetime.fromtimestamp(incident.since, UTC))
        paragraphs.insert(0, f"From {since} to {rfc3339(incident.updated)}.")
    html = "".join(f"<p>{escape(one_line(text), quote=False)}</p>" for text in paragraphs if text)
    return [
        "  <entry>",
        f"    <id>{named_urn(f'{feed_id} {incident.source} {incident.since}')}</id>",
        f"    <title>{_text(told)}</title>",
        f"    <updated>{rfc3339(stamp)}</updated>",
        f"    <published>{rfc3339(datetime.fromtimestamp(incident.since, UTC))}</published>",
        f'    <link rel="alternate" type="text/html" href="{escape(url)}status.html"/>',
        f'    <category term="{"closed" if over else "open"}"/>',
        f'    <content type="html">{escape(html, quote=False)}</content>',
        "  </entry>",
    ]


def _text(text: str) -> str:
    plain = escape(clean(one_line(text)), quote=True)
    return plain.replace("&amp;", "&#x26;").replace("&lt;", "&#x3C;")  # as atom.spell_plainly does
