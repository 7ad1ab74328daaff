"""One document through the mill without a store: what `feedmill normalize` shows.

In:  a file, standard input or a URL; the rules of a configured source, when they are to be tried.
Out: `Milled`; the JSON of DESIGN section 7 (keys in its order), or a text for people.
Never: remembers anything: first seen is now, and a guid that a document lacks is derived as `sync` derives it.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feedmill.feeds.entry import Entry, Note
from feedmill.feeds.errors import UsageError
from feedmill.feeds.outcome import Failure, Outcome, RawDocument
from feedmill.feeds.source import NO_RULES, Channel, Source
from feedmill.output import paragraphs, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from feedmill.ingest.guids import Identified
    from feedmill.ingest.normalize import FeedContext
    from feedmill.session import Session

PAGES_TRIED = 3  # of a source that wants full text: to look at, not to have


@dataclass(frozen=True, slots=True, kw_only=True)
class Milled:
    """A document's channel and its clean entries, in document order. `url` is where it came from, if anywhere.

    `filtered`: for each entry the rule that would keep it back, or None; empty when no source's rules were tried.
    """

    url: str | None
    channel: Channel
    entries: tuple[Entry, ...]
    notes: tuple[Note, ...]
    filtered: tuple[str | None, ...] = ()


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
    from feedmill.ingest.options import FetchOptions
    from feedmill.subscribe import fetch_document

    configured = session.config is not None or session.path.exists()
    return fetch_document(url, session.settings().fetch if configured else FetchOptions(), None)


def mill(
    document: RawDocument,
    *,
    now: datetime | None = None,
    source: Source | None = None,
    pages: Callable[[str], Outcome] | None = None,
) -> Milled | Failure:
    """parse -> identify -> prepare -> normalize, as `sync` does it; under the rules of `source`.

    `pages` asks for the page of an entry, when the source wants full text: of the first few only.
    """
    from feedmill.ingest.normalize import identify, normalize_channel, prepare
    from feedmill.ingest.parse import parse_any
    from feedmill.ingest.treat import Treatment

    parsed = parse_any(document)
    if isinstance(parsed, Failure):
        return parsed
    source_url = source.url if source is not None else document.url
    rules = source.rules if source is not None else NO_RULES
    moment = now or datetime.now(UTC)
    context = prepare(parsed, source_url=source_url)
    items = identify(parsed, source_url=source_url)
    if rules.full_text and pages is not None:
        items = _with_pages(items, context, pages)
    treatment = Treatment(rules, context)
    treated = [treatment.treat(item, moment) for item in items]
    return Milled(
        url=document.url or None,
        channel=normalize_channel(parsed, source_url=source_url),
        entries=tuple(_without_first_seen(one.entry) for one in treated),
        notes=parsed.notes,
        filtered=() if source is None else tuple(one.filtered for one in treated),
    )


def _with_pages(items: list[Identified], context: FeedContext, pages: Callable[[str], Outcome]) -> list[Identified]:
    from feedmill.ingest.fulltext import add_page, read_page
    from feedmill.ingest.links import choose_link

    found = []
    for item in items[:PAGES_TRIED]:
        url = choose_link(item.parsed, context.places)
        text, said = read_page(pages(url), url) if url else ("", "(it has no link)")
        found.append(replace(item, parsed=add_page(item.parsed, text, said)))
    return found + items[PAGES_TRIED:]


def configured_source(session: Session, url: str) -> Source:
    """The source that the user means, with its rules; `UsageError` when there is none."""
    from feedmill.subscribe import Known

    settings = session.settings()
    named = Known(settings.sources).named(url, settings.path)
    return next(source for source in settings.sources if source.url == named)


@contextmanager
def page_reader(session: Session) -> Iterator[Callable[[str], Outcome]]:
    """Asks for a page, no faster than the configuration allows."""
    from feedmill.subscribe import visiting

    with visiting(session.settings().fetch, None) as visitor:
        yield visitor.fetch


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
    """The contract's object; with rules to try, each entry says by which one it would be `filtered`."""
    from feedmill.ingest.entry_json import entry_json, notes_json

    about = milled.channel.about
    return {
        "feed": {
            "title": about.title or None,
            "url": about.url or milled.url,
            "site_url": about.site_url,
            "language": about.language,
            "format": milled.channel.format,
        },
        "entries": [
            entry_json(entry) | ({"filtered": milled.filtered[at]} if milled.filtered else {})
            for at, entry in enumerate(milled.entries)
        ],
        "notes": notes_json(milled.notes),
    }


def as_text(milled: Milled) -> str:
    """The same, to be read."""
    about = milled.channel.about
    lines = [
        plain(about.title) or "(no title)",
        f"{milled.channel.format}  {about.site_url or milled.url or ''}".rstrip(),
    ]
    lines += [f"  note: {plain(note.detail)}" for note in milled.notes]
    for at, entry in enumerate(milled.entries):
        lines += ["", "─" * 72, *_entry_text(entry)]
        if milled.filtered and (reason := milled.filtered[at]):
            lines.append(f"  KEPT BACK by {plain(reason)}")
    if milled.filtered:
        shown = sum(reason is None for reason in milled.filtered)
        lines += ["", f"{shown} of {len(milled.entries)} would be shown"]
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
