"""JSON Feed 1.1.

In:  an `Edition`.
Out: its `feed.json`: keys always in this order, UTF-8, one entry per block so that differences read well.
Never: `</` in a string: the document may be pasted into a page (check T61).
"""

from __future__ import annotations

import json
from typing import Any

from feedmill.feeds.entry import Author, Enclosure
from feedmill.publish.aggregate import Edition, PublishedEntry
from feedmill.publish.rss import media_type_of
from feedmill.publish.xmltext import rfc3339, script_safe

VERSION = "https://jsonfeed.org/version/1.1"


def render_json(edition: Edition) -> tuple[bytes, tuple[str, ...]]:
    """The document (checks C1-C4), and what had to be left out."""
    items, problems = [], []
    for entry in edition.entries:
        try:
            text = _dump(_item(entry, edition))
            text.encode()
        except Exception as error:  # noqa: BLE001  one bad entry is dropped and reported, never the feed
            problems.append(f"feed.json: entry {entry.id!r} left out: {error}")
            continue
        items.append(text)
    head = _dump({name: value for name, value in _feed(edition).items() if value})
    body = ",\n".join(items)
    document = f'{head[:-1]},"items":[\n{body}\n]}}\n' if items else f'{head[:-1]},"items":[]}}\n'
    return document.encode(), tuple(problems)


def _dump(value: Any) -> str:
    return script_safe(json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")))


def _feed(edition: Edition) -> dict[str, Any]:
    owner = edition.publication.owner
    return {
        "version": VERSION,
        "title": edition.title,
        "home_page_url": edition.url,
        "feed_url": edition.address("json"),
        "description": edition.publication.description,
        "icon": edition.icon,
        "favicon": edition.favicon,
        "language": edition.language,
        "authors": [{"name": owner}] if owner else None,
        "hubs": [{"type": "WebSub", "url": hub} for hub in edition.hubs],
    }


def _item(entry: PublishedEntry, edition: Edition) -> dict[str, Any]:
    item = {
        "id": entry.id,
        "url": entry.url,
        "title": entry.title,
        "content_html": entry.content_html,
        "content_text": "" if entry.content_html else entry.summary or entry.title,
        "summary": entry.summary if entry.content_html else "",
        "image": entry.image,
        "date_published": rfc3339(entry.published or entry.sort_at),
        "date_modified": rfc3339(entry.updated),
        "authors": [_author(author) for author in entry.authors],
        "tags": list(entry.categories),
        "language": entry.language if entry.language != edition.language else None,
        "attachments": [_attachment(enclosure, entry.seconds) for enclosure in entry.enclosures],
        "_feedmill": _source(entry),
    }
    return {name: value for name, value in item.items() if value}


def _author(author: Author) -> dict[str, str]:
    return {"name": author.name, "url": author.url} if author.url else {"name": author.name}


def _attachment(enclosure: Enclosure, seconds: int | None) -> dict[str, Any]:
    attachment: dict[str, Any] = {"url": enclosure.url, "mime_type": media_type_of(enclosure)}
    if enclosure.length is not None:
        attachment["size_in_bytes"] = enclosure.length
    if seconds is not None and attachment["mime_type"].startswith(("audio/", "video/")):
        attachment["duration_in_seconds"] = seconds
    return attachment


def _source(entry: PublishedEntry) -> dict[str, Any]:
    """Where the entry came from (check C3; docs/outputs.md documents the object)."""
    about = {
        "title": entry.source.title,
        "url": entry.source.site_url,
        "feed_url": entry.source.url,
        "rights": entry.rights or entry.source.rights,
    }
    told: dict[str, Any] = {"source": {name: value for name, value in about.items() if value}}
    if entry.also_in:
        told["also_in"] = list(entry.also_in)
    return told
