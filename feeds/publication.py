"""A publication: one feed that we offer, in one or more formats, and which entries it asks for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

FORMATS = ("atom", "rss", "json", "html", "opml")
PROFILES = ("full", "excerpt", "headlines", "podcast", "digest")


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which entries are wanted; what is empty asks nothing. All of them must hold; case never matters.

    `sources`: a source's URL or title. `words`: any of them as a whole word or phrase in title, summary or text.
    `languages`: "en" includes "en-GB". `max_age`: of the place in time (`sort_at`). `where`: an expression of
    `publish.where`. `fair`: see `publish.share`. `per_source`: at most so many of one source in each span of
    `per_source_window`, the earliest ones, so that what was shown stays.
    """

    sources: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    max_age: timedelta | None = None
    where: str = ""
    fair: bool = True
    per_source: int | None = None
    per_source_window: timedelta = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """What the user wrote in a `[[publication]]`.

    `url` is the absolute public URL of its folder, with a trailing slash; `path` the folder below the output, "": root.
    `tags` empty: everything; else only sources and entries with one of these.
    `max_loss`: the share (0 to 1) of its entries that it may lose at once before the last good edition is kept.
    `max_bytes`: what each of its feeds may weigh; 0: no ceiling. `complete`: each document is the whole feed (RFC 5005
    section 2): everything that is asked for, no limit, no archives.
    `timezone`: whose days a digest tells of.
    `fold`: how many consecutive posts of one source and day the page shows before it folds the rest; 0: all.
    """

    title: str
    url: str
    path: str = ""
    description: str = ""
    limit: int = 60
    max_bytes: int = 5_000_000
    complete: bool = False
    tags: tuple[str, ...] = ()
    formats: tuple[str, ...] = FORMATS
    language: str | None = None
    rights: str | None = None
    owner: str | None = None
    owner_email: str | None = None
    icon: str | None = None
    select: Selection = Selection()
    profile: str = "full"
    source_feeds: bool = False
    tag_feeds: bool = False
    archive: bool = False
    search: bool = False
    max_loss: float = 0.5
    fold: int = 3
    timezone: str = "UTC"
