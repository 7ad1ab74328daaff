"""The story of one source or one entry: what `feedmill why` tells.

In:  the settings, and a URL or an id.
Out: `Story`s: chapters of plain sentences for people, facts for programs; as lines or as JSON.
Never: writes to the store, fetches, or renders a publication to find out.
"""

from __future__ import annotations

import difflib
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feedmill.feeds.errors import FeedmillError
from feedmill.output import plain
from feedmill.publish.date_words import day_in_words

if TYPE_CHECKING:
    from feedmill.config.settings import Settings
    from feedmill.feeds.source import SourceRecord
    from feedmill.feeds.store import Store


@dataclass(frozen=True, slots=True)
class Chapter:
    """A question and its answer. A line that begins with spaces belongs to the one above it."""

    heading: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """`kind` is source or entry; `facts` is what `--json` says, `chapters` what is read."""

    kind: str
    title: str
    chapters: tuple[Chapter, ...]
    facts: dict[str, Any]


def tell(settings: Settings, what: str) -> list[Story]:
    """The stories of whatever `what` names; `FeedmillError` when nobody has heard of it."""
    from feedmill.feeds.store import Store

    if not has_store(settings):
        raise FeedmillError(f"{what}: nothing was synced yet; `feedmill sync` comes first")
    with Store.open(settings.store, read_only=True) as store:
        records = {record.source.url: record for record in store.records()}
        stories = [*_of_sources(settings, store, records, what), *_of_entries(settings, store, records, what)]
        if not stories and (forgotten := _of_forgotten(store, records, what)):
            return [forgotten]
        near = "" if stories else next(iter(difflib.get_close_matches(what, records, n=1, cutoff=0.75)), "")
    if stories:
        return stories
    hint = f"; did you mean {near} ?" if near else "; it was never seen in any source's document"
    raise FeedmillError(f"{what}: neither a source nor an entry that we know{hint}")


def has_store(settings: Settings) -> bool:
    """Whether anything was ever stored; a database server is believed to be there."""
    return "://" in settings.store or Path(settings.store).exists()


def as_lines(stories: Sequence[Story], *, width: int | None = None) -> list[str]:
    """For people; lines longer than `width` columns are broken between words."""
    lines: list[str] = []
    for story in stories:
        lines += [""] * bool(lines) + [plain(story.title)]
        for chapter in story.chapters:
            lines += ["", f"  {chapter.heading}"]
            for line in chapter.lines:
                indent = 4 + len(line) - len(line.lstrip(" "))
                lines += _broken(" " * indent + plain(line), indent + 2, width)
    return lines


def _broken(line: str, indent: int, width: int | None) -> list[str]:
    if width is None or len(line) <= width:
        return [line]
    return textwrap.wrap(
        line, max(width, 40), subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False
    )


def as_json(stories: Sequence[Story]) -> dict[str, Any]:
    """For programs: the facts, and the sentences as well."""
    told: dict[str, list[dict[str, Any]]] = {"sources": [], "entries": []}
    for story in stories:
        sentences = {chapter.heading: [plain(line) for line in chapter.lines] for chapter in story.chapters}
        told["sources" if story.kind == "source" else "entries"].append({**story.facts, "told": sentences})
    return told


def day(moment: datetime | None) -> str:
    """2 January 2020 at 14:03 UTC"""
    if moment is None:
        return "never"
    at = moment.astimezone(UTC)
    return f"{day_in_words(at)} at {at:%H:%M} UTC"


def _of_sources(settings: Settings, store: Store, records: dict[str, SourceRecord], what: str) -> list[Story]:
    from feedmill.story_of_source import never_fetched, source_story

    rules = {source.url: source.rules for source in settings.sources}
    if what in records:
        return [source_story(store, records[what], rules.get(what))]
    if what in rules:
        return [never_fetched(what)]
    return []


def _of_entries(settings: Settings, store: Store, records: dict[str, SourceRecord], what: str) -> list[Story]:
    found = store.entry(what)
    if not found:
        return []
    from feedmill.story_of_entry import EntryTeller

    teller = EntryTeller(store, settings, records, now=datetime.now(UTC))
    return [teller.story(stored) for stored in found]


def _of_forgotten(store: Store, records: dict[str, SourceRecord], what: str) -> Story | None:
    """An entry of which only the id is left: pruned or dropped, but still "seen"."""
    for url, record in records.items():
        memory = store.known(record.row, [what]).get(what)
        if memory is not None and memory.pruned:
            age = "it was old and beyond the newest of its source, or somebody dropped it"
            came = f"It came in the feed {url}, and its words were let go on {day(memory.first_seen)}: {age}."
            lines = (came, "Its id is remembered, so that it does not come back as new.")
            facts = {"id": what, "source": url, "pruned": True}
            return Story(
                kind="entry", title=what, chapters=(Chapter("Where it is shown: nowhere", lines),), facts=facts
            )
    return None
