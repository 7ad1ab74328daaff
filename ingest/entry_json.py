"""An entry as the JSON of `feedmill normalize`, and what a pipe made of that JSON read back with suspicion.

In:  an `Entry`; the JSON value that a command wrote.
Out: the JSON shape of DESIGN section 7; an `Entry` with what was changed, text tidied, HTML sanitized again.
Never: another id or guid (they are fixed at first sight), a URL that is not http(s), HTML that was not sanitized last.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from feedmill.feeds.entry import Author, Enclosure, Entry, Note
from feedmill.ingest.language import normalize_tag
from feedmill.ingest.report import iso
from feedmill.ingest.text import one_line, strip_xml_illegal, tidy_text
from feedmill.ingest.titles import MAX_TITLE, shorten
from feedmill.ingest.urls import absolute

_MOST_LISTED = 50
_MOST_TEXT = 4000
# Steps that only make what a command wrote fit to be published; the others have had their turn.
_OFF = ("selectors", "tokens", "harvest", "share", "title", "edges", "paragraphs")


def entry_json(entry: Entry) -> dict[str, Any]:
    """The keys of one entry in the order of the contract."""
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
        "notes": notes_json(entry.notes),
    }


def notes_json(notes: tuple[Note, ...]) -> list[dict[str, str]]:
    """Notes, in their order."""
    return [{"step": note.step, "field": note.field, "detail": note.detail} for note in notes]


def merge(entry: Entry, answer: Mapping[str, Any]) -> tuple[Entry, list[str]]:
    """The entry with what `answer` says otherwise, and the names of the fields that changed.

    `ValueError` with the rest of a sentence when a value is not of the contract's kind.
    """
    sent = entry_json(entry)
    changed: list[str] = []
    for name, read in _READERS.items():
        if name not in answer or answer[name] == sent[name]:
            continue
        before = entry
        try:
            entry = read(entry, answer[name])
        except (TypeError, KeyError, AttributeError, ValueError, OverflowError) as error:
            raise ValueError(f"its {name} is not what it should be ({error})") from None
        if entry != before:
            changed.append(name)
    return entry, changed


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("text expected")
    return value


def _url(entry: Entry, value: Any) -> Entry:
    url = None if value is None else absolute(_text(value), None)
    if value is not None and url is None:
        raise ValueError("an absolute http(s) URL expected")
    return replace(entry, url=url)


def _title(entry: Entry, value: Any) -> Entry:
    title = shorten(one_line(_text(value)), MAX_TITLE)
    if not title:
        raise ValueError("it is empty")
    return replace(entry, title=title)


def _moment(value: Any) -> datetime | None:
    if value is None:
        return None
    moment = datetime.fromisoformat(_text(value))
    if moment.tzinfo is None:
        raise ValueError("a time with a zone expected")
    return moment.astimezone(UTC).replace(microsecond=0)


def _authors(entry: Entry, value: Any) -> Entry:
    people = [{"name": one} if isinstance(one, str) else one for one in value][:_MOST_LISTED]
    authors = (Author(name=one_line(_text(one["name"])), url=absolute(one.get("url") or "", None)) for one in people)
    return replace(entry, authors=tuple(author for author in authors if author.name))


def _content(entry: Entry, value: Any) -> Entry:
    from feedmill.ingest.clean import CleanContext, Recipe, clean

    recipe = Recipe(switches=dict.fromkeys(_OFF, False))
    cleaned = clean(_text(value), CleanContext(base_url=entry.url, entry_url=entry.url), recipe)
    texts = (
        strip_xml_illegal(block.text) if block.kind == "pre" else tidy_text(block.text) for block in cleaned.blocks
    )
    return replace(entry, content_html=cleaned.html, content_text="\n\n".join(text for text in texts if text))


def _categories(entry: Entry, value: Any) -> Entry:
    terms = dict.fromkeys(one_line(_text(term)) for term in list(value)[:_MOST_LISTED])
    terms.pop("", None)
    return replace(entry, categories=tuple(terms))


def _enclosures(entry: Entry, value: Any) -> Entry:
    found = []
    for one in list(value)[:_MOST_LISTED]:
        url, length = absolute(_text(one["url"]), entry.url), one.get("length")
        if url is None:
            raise ValueError("an http(s) URL expected")
        if length is not None and (not isinstance(length, int) or isinstance(length, bool) or length < 0):
            raise ValueError("a length in bytes expected")
        media_type = one_line(_text(one.get("media_type") or "")) or None
        found.append(Enclosure(url=url, media_type=media_type, length=length))
    return replace(entry, enclosures=tuple(found))


_READERS: dict[str, Callable[[Entry, Any], Entry]] = {
    "url": _url,
    "title": _title,
    "published": lambda entry, value: replace(entry, published=_moment(value)),
    "updated": lambda entry, value: replace(entry, updated=_moment(value)),
    "authors": _authors,
    "language": lambda entry, value: replace(entry, language=normalize_tag(value)),
    "summary": lambda entry, value: replace(entry, summary=shorten(one_line(_text(value)), _MOST_TEXT)),
    "content_html": _content,
    "categories": _categories,
    "enclosures": _enclosures,
}
