"""Which entries a publication shows, and in which order.

In:  stored entries, newest first; what is wanted.
Out: the entries to publish: each published id once, ordered by (sort_at descending, id), at most `limit`.
Never: reads the store, changes an entry except for its `also_in`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from feedmill.feeds.deny import DenyList
from feedmill.feeds.entry import StoredEntry
from feedmill.feeds.publication import Publication
from feedmill.feeds.source import SourceRecord
from feedmill.publish.xmltext import rfc3339

Wanted = Callable[[StoredEntry], bool]
_HEARD_OR_SEEN = ("audio/", "video/")
_SUFFIXES = (".mp3", ".m4a", ".ogg", ".opus", ".oga", ".flac", ".wav", ".mp4", ".m4v", ".webm", ".mov")


def select(stored: Iterable[StoredEntry], *, limit: int) -> list[StoredEntry]:
    """The newest `limit` entries (check A18), `in_order`."""
    return in_order(stored)[:limit]


def in_order(stored: Iterable[StoredEntry]) -> list[StoredEntry]:
    """Entries as a feed shows them. An id carried by several sources appears once: the earliest wins.

    The winner's `also_in` names the other sources, in the order in which they had the entry.
    """
    groups: dict[str, list[StoredEntry]] = {}
    for entry in stored:
        groups.setdefault(entry.entry.id, []).append(entry)
    chosen = [_merged(group) for group in groups.values()]
    chosen.sort(key=lambda stored_entry: stored_entry.entry.id)
    chosen.sort(key=lambda stored_entry: stored_entry.sort_at, reverse=True)
    return chosen


def _merged(group: list[StoredEntry]) -> StoredEntry:
    if len(group) == 1:
        return group[0]
    group.sort(key=lambda stored: (stored.sort_at, stored.first_seen, stored.source_url, stored.row))
    winner = group[0]
    others = dict.fromkeys([*winner.also_in, *(stored.source_url for stored in group[1:])])
    others.pop(winner.source_url, None)
    return replace(winner, also_in=tuple(others))


def named_sources(publication: Publication, records: Sequence[SourceRecord]) -> list[str] | None:
    """The URLs of the sources that the publication names by URL or title; None when it names none: all of them."""
    if not publication.select.sources:
        return None
    wanted = {name.casefold().rstrip("/") for name in publication.select.sources}
    return [
        record.source.url
        for record in records
        if record.source.url.casefold().rstrip("/") in wanted or record.title.casefold() in wanted
    ]


def wanted(
    publication: Publication, records: Sequence[SourceRecord], deny: DenyList, *, now: datetime
) -> Wanted | None:
    """What an entry must be for this publication, beyond tags and sources; None: anything will do."""
    by_url = {record.source.url: record for record in records}
    tests: list[Wanted] = []
    if deny:
        tests.append(lambda stored: not deny.entry(stored.entry, stored.source_url))
    chosen = publication.select
    if chosen.max_age is not None:
        oldest = now - chosen.max_age
        tests.append(lambda stored: stored.sort_at >= oldest)
    if publication.profile == "podcast":
        tests.append(_is_podcast)
    if chosen.languages:
        tests.append(_in_language(chosen.languages, by_url))
    if chosen.authors:
        tests.append(_by_author(chosen.authors))
    if chosen.words:
        tests.append(_with_words(chosen.words))
    if chosen.where:
        tests.append(_where(chosen.where, by_url))
    if not tests:
        return None
    return lambda stored: all(test(stored) for test in tests)


def fair(stored: Sequence[StoredEntry], publication: Publication) -> list[StoredEntry]:
    """At most `per_source` entries of one source in each window, in the order they came in.

    Windows stand still (they begin at multiples of their length since 1970) and the earliest entries have them: what
    was shown once is not pushed out by the next post of the same blog.
    """
    most = publication.select.per_source
    if most is None:
        return list(stored)
    span = max(1, int(publication.select.per_source_window.total_seconds()))
    taken: dict[tuple[str, int], int] = {}
    kept = set()
    for entry in sorted(stored, key=lambda entry: (entry.sort_at, entry.row)):
        place = entry.source_url, int(entry.sort_at.timestamp()) // span
        taken[place] = taken.get(place, 0) + 1
        if taken[place] <= most:
            kept.add(entry.row)
    return [entry for entry in stored if entry.row in kept]


def _is_podcast(stored: StoredEntry) -> bool:
    return any(
        (enclosure.media_type or "").startswith(_HEARD_OR_SEEN)
        or enclosure.url.partition("?")[0].lower().endswith(_SUFFIXES)
        for enclosure in stored.entry.enclosures
    )


def _in_language(languages: Iterable[str], by_url: dict[str, SourceRecord]) -> Wanted:
    tags = tuple(language.casefold().replace("_", "-") for language in languages)

    def speaks(stored: StoredEntry) -> bool:
        record = by_url.get(stored.source_url)
        spoken = stored.entry.language or (record.channel.about.language if record else None) or ""
        spoken = spoken.casefold().replace("_", "-")
        return any(spoken == tag or spoken.startswith(f"{tag}-") for tag in tags)

    return speaks


def _by_author(authors: Iterable[str]) -> Wanted:
    names = {author.casefold() for author in authors}
    return lambda stored: any(author.name.casefold() in names for author in stored.entry.authors)


def _with_words(words: Iterable[str]) -> Wanted:
    """Whole words; between scripts without spaces `\\b` finds none, so only edges that are ASCII ask for one."""
    pieces = []
    for word in words:
        escaped = r"\s+".join(re.escape(part) for part in word.split())
        head = r"(?<!\w)" if word[:1].isascii() else ""
        tail = r"(?!\w)" if word[-1:].isascii() else ""
        pieces.append(f"{head}{escaped}{tail}")
    pattern = re.compile("|".join(pieces), re.IGNORECASE)

    def has(stored: StoredEntry) -> bool:
        entry = stored.entry
        return any(pattern.search(text) for text in (entry.title, entry.summary, entry.content_text))

    return has


def _where(text: str, by_url: dict[str, SourceRecord]) -> Wanted:
    from feedmill.publish.where import compile_where

    holds = compile_where(text)
    return lambda stored: holds(facts(stored, by_url.get(stored.source_url)))


def facts(stored: StoredEntry, record: SourceRecord | None) -> dict[str, object]:
    """What `where` may ask of an entry, case-folded: the names of `publish.where.FACTS`."""
    from feedmill.publish.where import fold

    entry = stored.entry
    about = record.channel.about if record else None
    values: dict[str, object] = {
        "title": entry.title,
        "summary": entry.summary,
        "text": entry.content_text,
        "url": entry.url or "",
        "authors": [author.name for author in entry.authors],
        "tags": [*entry.categories, *(record.source.tags if record else ())],
        "language": entry.language or (about.language if about else None) or "",
        "published": rfc3339((entry.published or stored.sort_at).astimezone(UTC)),
        "words": len(entry.content_text.split()),
        "enclosures": len(entry.enclosures),
        "source": record.title if record else "",
        "source_url": stored.source_url,
    }
    return {name: fold(value) for name, value in values.items()}
