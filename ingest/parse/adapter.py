"""What feedparser's classes left in their dictionaries, as our nouns.

In:  a dictionary of the feed, an entry or a source, as `liberal` fills them: our own keys begin with "=", so that no
     element of a document can take their name.
Out: `ParsedSource`, `ParsedEntry`, hints.
Never: feedparser's own look-up: it knows synonyms, and answers "updated" with "published".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from feedmill.ingest.parse import mapping
from feedmill.ingest.parsed import Category, Link, ParsedEntry, ParsedSource, Person, Text, TextKind


def entry_of(row: dict[str, Any], dialect: str) -> ParsedEntry:
    get = _plain(row)
    links, enclosures = _links(get("=links"))
    contents = [_text(detail, dialect, "content") for detail in get("content") or () if detail.get("value")]
    described = [(rank, _text(detail, dialect, "summary")) for rank, detail in get("=descriptions") or ()]
    summary, settled = mapping.settle_descriptions(described, contents)
    media = get("=media_content") or ()
    enclosures, image = mapping.media_enclosures(media, enclosures, media[0]["base"] if media else None)
    extras = _extras(get("=extras"), image, get("=sources_of_content"))
    source = get("=source")
    return ParsedEntry(
        id=get("id") or None,
        id_is_permalink=get("=permalink") if get("id") else None,
        links=links,
        orig_link=extras.pop("feedburner:origLink", None) or extras.pop("pheedo:origLink", None),
        title=_title(get("=titles"), dialect),
        summary=summary,
        contents=settled,
        published=get("published") or None,
        updated=get("updated") or None,
        authors=_people(get("authors")),
        categories=_categories(get("=tags")),
        enclosures=enclosures,
        language=get("language") or get("=language"),
        rights=get("rights") or None,
        comments=get("comments") or None,
        source=about_of(source, dialect) if source else None,
        extras=extras,
    )


def about_of(row: dict[str, Any], dialect: str) -> ParsedSource:
    get = _plain(row)
    links, _ = _links(get("=links"))
    if (get("=url") or "").strip():  # RSS source/@url: where the entry's own feed lives
        links = (*links, Link(href=get("=url").strip(), rel="self"))
    described = [(rank, _text(detail, dialect, "summary")) for rank, detail in get("=descriptions") or ()]
    image, extras = get("image"), _extras(get("=extras"), None, None)
    pictures = (get("logo"), _plain(image)("href") if image else None, extras.get("itunes:image"))
    return ParsedSource(
        id=get("id") or None,
        title=_title(get("=titles"), dialect),
        subtitle=mapping.settle_descriptions(described, ())[0],
        links=links,
        authors=_people(get("authors")),
        updated=get("updated") or get("published") or None,
        language=get("language") or None,
        rights=get("rights") or None,
        icon=get("icon") or None,
        logo=next((picture for picture in pictures if picture), None),
        generator=get("generator") or None,
    )


def _plain(row: dict[str, Any]) -> Callable[[str], Any]:
    """Access without feedparser's synonyms: its `get("updated")` answers with `published`."""
    return lambda key: dict.get(row, key)


def _title(rows: list[tuple[int, dict[str, Any]]] | None, dialect: str) -> Text | None:
    return mapping.best_title([(rank, _text(detail, dialect, "title")) for rank, detail in rows or ()])


def _text(detail: dict[str, Any], dialect: str, field: str) -> Text:
    value, sort = detail["value"], detail.get("type") or "text/plain"
    kind: TextKind
    if dialect.startswith("atom") or "xhtml" in sort or detail.get("encoded"):
        kind, guessed = ("text" if sort == "text/plain" else "html"), False
    else:
        kind, guessed = (mapping.title_kind if field == "title" else mapping.body_kind)(value), True
    return Text(value=value, kind=kind, base=detail.get("base"), language=detail.get("language"), guessed=guessed)


def _links(rows: list[dict[str, Any]] | None) -> tuple[tuple[Link, ...], tuple[Link, ...]]:
    """All links in document order, enclosures apart."""
    links: list[Link] = []
    enclosures: list[Link] = []
    for row in rows or ():
        href = (row.get("href") or "").strip()
        if not href:
            continue
        link = Link(
            href=href,
            rel=(row.get("rel") or "alternate").strip().lower(),
            media_type=(row.get("type") or "").strip().lower() or None,
            hreflang=row.get("hreflang"),
            title=row.get("title"),
            length=row.get("length"),
            base=row.get("base"),
        )
        (enclosures if link.rel == "enclosure" else links).append(link)
    return tuple(links), tuple(enclosures)


def _people(rows: list[dict[str, Any]] | None) -> tuple[Person, ...]:
    people = []
    for row in rows or ():
        if "said" in row:
            people.append(mapping.split_person(row["said"]))
        else:
            people.append(
                Person(name=row.get("name") or "", email=row.get("email") or None, url=row.get("href") or None)
            )
    return mapping.unique(people)


def _categories(rows: list[dict[str, Any]] | None) -> tuple[Category, ...]:
    return mapping.tidy_categories((row.get("term"), row.get("scheme"), row.get("label")) for row in rows or ())


def _extras(rows: list[tuple[str, str]] | None, image: str | None, sources: list[str] | None) -> dict[str, str]:
    extras: dict[str, str] = {}
    for key, value in rows or ():
        if value:
            extras.setdefault(key, value)
    if image:
        extras["media:content"] = image
    if sources:
        extras["atom:content/@src"] = sources[0]
    return extras


def podcast_of(row: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    get = _plain(row)
    return mapping.podcast_words(get("=podcast") or (), _extras(get("=extras"), None, None))


def hints_of(row: dict[str, Any], about: ParsedSource) -> tuple[tuple[str, str], ...]:
    get = _plain(row)
    hints = [("ttl", get("ttl") or ""), *(get("=skip") or ())]
    hints += [("updatePeriod", get("sy_updateperiod") or ""), ("updateFrequency", get("sy_updatefrequency") or "")]
    hints += [("hub", link.href) for link in about.links if link.rel == "hub"]
    return tuple((name, value) for name, value in hints if value)
