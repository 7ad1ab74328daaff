"""One document through the mill without a store: what `feedmill normalize` shows.

In:  a file, standard input or a URL.
Out: `Milled`; the JSON of DESIGN section 7 (keys in its order), or a text for people.
Never: remembers anything: first seen is now, and a guid that a document lacks is derived as `sync` derives it.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feedmill.feeds.entry import Entry, Note
from feedmill.feeds.errors import FeedmillError, UsageError
from feedmill.feeds.outcome import Failure, Fetched, RawDocument
from feedmill.feeds.source import Channel
from feedmill.output import paragraphs, plain

if TYPE_CHECKING:
    from feedmill.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Milled:
    """A document's channel and its clean entries, in document order. `url` is where it came from, if anywhere."""

    url: str | None
    channel: Channel
    entries: tuple[Entry, ...]
    notes: tuple[Note, ...]


def read_document(session: Session, place: str, base: str | None) -> RawDocument:
    """The bytes that the user means, and their address: `base`, else where a URL answered, else none."""
    if base is not None and not base.lower().startswith(("http://", "https://")):
        raise UsageError(f"--base: {base} is not an absolute URL, expected https://…")
    if place.lower().startswith(("http://", "https://")):
        fetched = _fetch(session, place)
        return RawDocument(body=fetched.body, url=base or fetched.url, content_type=fetched.content_type)
    if place == "-":
        return RawDocument(body=sys.stdin.buffer.read(), url=base or "")
    try:
        return RawDocument(body=Path(place).read_bytes(), url=base or "")
    except OSError as error:
        raise UsageError(f"{place}: it cannot be read ({error.strerror})") from None


def _fetch(session: Session, url: str) -> RawDocument:
    """With the configuration's manners when there is one, else with the defaults."""
    from feedmill.ingest.fetch import Fetcher
    from feedmill.ingest.options import FetchOptions
    from feedmill.subscribe import told

    configured = session.config is not None or session.path.exists()
    fetcher = Fetcher(session.settings().fetch if configured else FetchOptions())
    try:
        outcome = fetcher.fetch(url)
    finally:
        fetcher.close()
    if not isinstance(outcome, Fetched):
        raise FeedmillError(f"{url}: {told(outcome)}")
    return outcome.document


def mill(document: RawDocument, *, now: datetime | None = None) -> Milled | Failure:
    """parse -> identify -> prepare -> normalize, as `sync` does it."""
    from feedmill.ingest.clean import Recipe
    from feedmill.ingest.normalize import identify, normalize, normalize_channel, prepare
    from feedmill.ingest.parse import parse_any

    parsed = parse_any(document)
    if isinstance(parsed, Failure):
        return parsed
    source_url = document.url
    moment = now or datetime.now(UTC)
    context = prepare(parsed, source_url=source_url)
    recipe = Recipe()
    entries = tuple(
        _without_first_seen(normalize(item, context, now=moment, recipe=recipe))
        for item in identify(parsed, source_url=source_url)
    )
    return Milled(
        url=document.url or None,
        channel=normalize_channel(parsed, source_url=source_url),
        entries=entries,
        notes=parsed.notes,
    )


def _without_first_seen(entry: Entry) -> Entry:
    """An undated entry stays undated: there is no memory here that knows when it was first seen."""
    if not any(note.step == "dates" and note.detail.endswith("taken from first seen") for note in entry.notes):
        return entry
    notes = tuple(
        replace(note, detail="not dated: a sync takes the time when it is first seen")
        if note.step == "dates" and note.detail.endswith("taken from first seen")
        else note
        for note in entry.notes
    )
    return replace(entry, published=None, notes=notes)


def as_json(milled: Milled) -> dict[str, Any]:
    """The contract's object."""
    about = milled.channel.about
    return {
        "feed": {
            "title": about.title or None,
            "url": about.url or milled.url,
            "site_url": about.site_url,
            "language": about.language,
            "format": milled.channel.format,
        },
        "entries": [_entry(entry) for entry in milled.entries],
        "notes": _notes(milled.notes),
    }


def _entry(entry: Entry) -> dict[str, Any]:
    from feedmill.ingest.report import iso

    return {
        "id": entry.id,
        "url": entry.url,
        "title": entry.title,
        "published": iso(entry.published),
        "updated": iso(entry.updated),
        "authors": [{"name": author.name, "url": author.url} for author in entry.authors],
        "language": entry.language,
        "summary": entry.summary,
        "content_html": entry.content_html,
        "content_text": entry.content_text,
        "categories": list(entry.categories),
        "enclosures": [
            {"url": enclosure.url, "media_type": enclosure.media_type, "length": enclosure.length}
            for enclosure in entry.enclosures
        ],
        "notes": _notes(entry.notes),
    }


def _notes(notes: tuple[Note, ...]) -> list[dict[str, str]]:
    return [{"step": note.step, "field": note.field, "detail": note.detail} for note in notes]


def as_text(milled: Milled) -> str:
    """The same, to be read."""
    about = milled.channel.about
    lines = [
        plain(about.title) or "(no title)",
        f"{milled.channel.format}  {about.site_url or milled.url or ''}".rstrip(),
    ]
    lines += [f"  note: {plain(note.detail)}" for note in milled.notes]
    for entry in milled.entries:
        lines += ["", "─" * 72, *_entry_text(entry)]
    return "\n".join(lines)


def _entry_text(entry: Entry) -> list[str]:
    from feedmill.ingest.report import iso

    facts = (
        ("url", entry.url),
        ("id", entry.id),
        ("published", iso(entry.published)),
        ("updated", iso(entry.updated) if entry.updated != entry.published else None),
        ("by", ", ".join(author.name for author in entry.authors)),
        ("tags", ", ".join(entry.categories)),
        ("language", entry.language),
        *(("enclosure", enclosure.url) for enclosure in entry.enclosures),
    )
    lines = [plain(entry.title), *(f"{name + ':':<11}{plain(value)}" for name, value in facts if value)]
    if entry.content_text:
        lines += ["", paragraphs(entry.content_text)]
    if entry.notes:
        lines += ["", *(f"  {note.step}: {note.field}: {plain(note.detail)}" for note in entry.notes)]
    return lines
