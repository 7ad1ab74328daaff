"""JSON Feed 1.0 and 1.1.

In:  a body that begins like JSON.
Out: `ParsedFeed`, or `Failure` with a sentence.
Never: an exception: nesting without end, NaN, huge numbers, fields of the wrong type are all expected (network.md T36).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from feedmill.feeds.entry import Note
from feedmill.feeds.outcome import Failure, FailureKind, RawDocument
from feedmill.ingest.parse import charset, mapping, repair
from feedmill.ingest.parsed import Link, ParsedEntry, ParsedFeed, ParsedSource, Person, Text


def read_json(document: RawDocument) -> ParsedFeed | Failure:
    """A JSON Feed; the version decides the format, `items` decides whether it is a feed at all."""
    text, notes = charset.decode(document.body, document.content_type)
    try:
        value = json.loads(text.strip("\x00 \t\r\n\ufeff"), parse_int=str, parse_float=str, parse_constant=_nothing)
    except RecursionError:
        return Failure(kind=FailureKind.UNPARSABLE, detail="the JSON is nested too deep to be a feed")
    except ValueError as error:
        kind = FailureKind.UNPARSABLE if "jsonfeed.org/version" in text[:2000] else FailureKind.NOT_A_FEED
        return Failure(kind=kind, detail=f"what came begins like JSON, but is none: {error}")
    version = _string(value.get("version")) or "" if isinstance(value, dict) else ""
    if not isinstance(value, dict) or not ("jsonfeed.org" in version or isinstance(value.get("items"), list)):
        return Failure(
            kind=FailureKind.NOT_A_FEED, detail="a JSON document that is no JSON Feed came in place of a feed"
        )
    items = value.get("items")
    if not isinstance(items, list):
        notes += (_note("`items` is not a list: read as a feed without entries"),)
        items = []
    rows = [item for item in items if isinstance(item, dict)]
    if len(rows) < len(items):
        notes += (_note(f"{len(items) - len(rows)} items are no objects and were left out"),)
    entries, more = mapping.newest([_entry(row) for row in rows])
    return ParsedFeed(
        format="json11" if version.rstrip("/").endswith("1.1") else "json10",
        about=_about(value),
        entries=entries,
        hints=_hints(value),
        base=document.url,
        notes=notes + more,
    )


def _about(value: dict[str, Any]) -> ParsedSource:
    language = _string(value.get("language"))
    links = [("home_page_url", "alternate", "text/html"), ("feed_url", "self", "application/feed+json")]
    return ParsedSource(
        title=_text(value.get("title"), "text", language),
        subtitle=_text(value.get("description"), "text", language),
        links=tuple(
            Link(href=href, rel=rel, media_type=media_type)
            for name, rel, media_type in links
            if (href := _string(value.get(name)))
        ),
        authors=_people(value),
        language=language,
        icon=_string(value.get("icon")),
        logo=_string(value.get("favicon")),
    )


def _entry(row: dict[str, Any]) -> ParsedEntry:
    language = _string(row.get("language"))
    links = [("url", "alternate"), ("external_url", "related")]
    found = [Link(href=href, rel=rel) for name, rel in links if (href := _string(row.get(name)))]
    contents = (_text(row.get("content_html"), "html", language), _text(row.get("content_text"), "text", language))
    images = {key: url for key in ("image", "banner_image") if (url := _string(row.get(key)))}
    return ParsedEntry(
        id=_string(row.get("id")),
        links=tuple(found),
        title=_text(row.get("title"), "text", language),
        summary=_text(row.get("summary"), "text", language),
        contents=tuple(content for content in contents if content is not None)[:1],
        published=_string(row.get("date_published")),
        updated=_string(row.get("date_modified")),
        authors=_people(row),
        categories=mapping.tidy_categories((_string(tag), None, None) for tag in _list(row.get("tags"))),
        enclosures=_attachments(row),
        language=language,
        extras={f"json:{key}": url for key, url in images.items()},
    )


def _attachments(row: dict[str, Any]) -> tuple[Link, ...]:
    return tuple(
        Link(
            href=href,
            rel="enclosure",
            media_type=_string(attachment.get("mime_type")),
            title=_string(attachment.get("title")),
            length=_string(attachment.get("size_in_bytes")),
        )
        for attachment in _list(row.get("attachments"))
        if isinstance(attachment, dict) and (href := _string(attachment.get("url")))
    )


def _people(row: dict[str, Any]) -> tuple[Person, ...]:
    """1.1 has `authors`; 1.0 has `author`, which 1.1 keeps for old readers and which counts only without the other."""
    authors = _list(row.get("authors")) or [row.get("author")]
    return mapping.unique(
        Person(name=_string(author.get("name")) or "", url=_string(author.get("url")))
        for author in authors
        if isinstance(author, dict)
    )


def _hints(value: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    hubs = [
        _string(hub.get("url"))
        for hub in _list(value.get("hubs"))
        if isinstance(hub, dict) and (_string(hub.get("type")) or "").lower() != "rsscloud"  # another protocol
    ]
    expired = (("expired", "true"),) if value.get("expired") is True else ()
    return (*(("hub", hub) for hub in hubs if hub), *expired)


def _text(value: object, kind: Any, language: str | None) -> Text | None:
    said = _string(value, trim=False)
    return Text(value=said, kind=kind, language=language) if said is not None else None


def _string(value: object, *, trim: bool = True) -> str | None:
    """A string or a number (which arrives as its digits) as text that XML can carry; None for anything else."""
    if not isinstance(value, str):
        return None
    value, _ = repair.mend_characters(value)
    value = value.strip() if trim else value
    return value or None


def _list(value: object) -> Iterable[Any]:
    return value if isinstance(value, list) else ()


def _nothing(_name: str) -> None:
    """NaN and Infinity are no JSON, and nothing that a feed says."""


def _note(detail: str) -> Note:
    return Note(step="parse", field="document", detail=detail)
