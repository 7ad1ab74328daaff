"""How every source is doing: the shape of `status --json` and of the published status.json.

In:  the records of all sources, the number of entries, the publications.
Out: a dictionary (DESIGN section 7), and its bytes.
Never: a clock; an address with a password in it, in what is published.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from feedmill.feeds.source import LASTING, SourceRecord, SourceState
from feedmill.publish.links import web_url, without_secret
from feedmill.publish.xmltext import clean, one_line, rfc3339, script_safe

# What moves at every look at a source. A published copy that differs in nothing else is left as it is.
FAST = frozenset({"last_success", "last_attempt", "next_fetch", "reason", "failures"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicationReport:
    """One publication as delivered: how many entries, the date of the newest content (None: no entries), and why the
    gate holds its newest edition back ("": it does not)."""

    path: str
    entries: int
    updated: datetime | None
    held: str = ""


def status_document(
    records: Sequence[SourceRecord], *, entries: int, publications: Iterable[PublicationReport]
) -> dict[str, Any]:
    """The document of `feedmill status --json`; times ISO 8601 UTC, null when it never happened."""
    return {
        "sources": [_source(record) for record in records],
        "entries": entries,
        "publications": [
            {
                "path": report.path,
                "entries": report.entries,
                "updated": _time(report.updated),
                "held": report.held or None,
            }
            for report in publications
        ],
    }


def public_document(document: Mapping[str, Any]) -> dict[str, Any]:
    """The same without user names, passwords and tokens in addresses and sentences."""
    sources = []
    for source in document["sources"]:
        url = source["url"]
        safe = without_secret(url)
        hidden = dict(source)
        if safe != url:
            hidden = {
                name: value.replace(url, safe) if isinstance(value, str) else value for name, value in source.items()
            }
        for name in ("site_url", "moved_to"):
            if hidden.get(name):
                hidden[name] = without_secret(hidden[name])
        sources.append({**hidden, "url": safe})
    return {**document, "sources": sources}


def status_bytes(document: Mapping[str, Any]) -> bytes:
    """status.json: one source per line, so that differences read well."""
    lines = ",\n".join(_dump(source) for source in document["sources"])
    rest = {name: value for name, value in document.items() if name != "sources"}
    return f'{{"sources":[\n{lines}\n],{_dump(rest)[1:]}\n'.encode()


def same_news(before: bytes | None, document: Mapping[str, Any]) -> bool:
    """True when a published status.json differs from `document` only in what moves at every look at a source.

    A status of 200 and one of 304 are the same news: the source answered.
    """
    if before is None:
        return False
    try:
        old = json.loads(before)
        return bool(_slow(old) == _slow(document))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return False


def _slow(document: Mapping[str, Any]) -> dict[str, Any]:
    sources = []
    for source in document["sources"]:
        slow = {name: value for name, value in source.items() if name not in FAST}
        if slow.get("last_status") in (200, 203, 226, 304):
            slow["last_status"] = 200
        slow["lasting"] = source["failures"] >= LASTING  # then the trouble is an incident
        sources.append(slow)
    return {**document, "sources": sources}


def _source(record: SourceRecord) -> dict[str, Any]:
    state = record.state
    return {
        "url": record.source.url,
        "title": one_line(record.title),
        "state": state.standing.value,
        "entries": record.entries,
        "last_success": _time(state.last_success),
        "last_status": state.last_status,
        "failures": state.failures,
        "failure": state.failure.value if state.failure else None,
        "next_fetch": _time(state.next_fetch),
        "reason": one_line(state.reason),
        "detail": one_line(detail_of(state)),
        "failing_since": _time(state.failing_since),
        "site_url": web_url(record.channel.about.site_url),
        "tags": list(record.source.tags),
        "moved_to": state.moved_to,
    }


def detail_of(state: SourceState) -> str:
    """What is wrong, and why the source is held: the one does not take the place of the other."""
    held = state.held_reason or ""
    return state.detail if held in state.detail else "; ".join(filter(None, (held, state.detail)))


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else rfc3339(moment)


def _dump(value: Any) -> str:
    text = script_safe(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
    return clean(text)
