"""A publication: one feed that we offer, in one or more formats."""

from __future__ import annotations

from dataclasses import dataclass

FORMATS = ("atom", "rss", "json", "html", "opml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """What the user wrote in a `[[publication]]`.

    `url` is the absolute public URL of its folder, with a trailing slash; `path` the folder below the output, "" = root.
    `tags` empty: everything; else only sources and entries with one of these.
    """

    title: str
    url: str
    path: str = ""
    description: str = ""
    limit: int = 60
    tags: tuple[str, ...] = ()
    formats: tuple[str, ...] = FORMATS
    language: str | None = None
    rights: str | None = None
    owner: str | None = None
