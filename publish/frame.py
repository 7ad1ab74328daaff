"""What stands around every page: its head, the way home, the other parts of the planet.

In:  an `Edition` or the publication at the root, and where the page lies.
Out: a `Frame`, which the theme's `base.html` shows.
Never: markup, a clock, an address that is not the planet's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urljoin

from feedmill.feeds.publication import Publication
from feedmill.publish.aggregate import FILES, GENERATOR, TYPES, Edition
from feedmill.publish.theme import DEFAULT, Theme

Feed = tuple[str, str, str]  # (words, media type, absolute address)
_NAMES = (("atom", "Atom"), ("rss", "RSS"), ("json", "JSON Feed"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A part of the planet that every page leads to; `here`: this page is it."""

    words: str
    href: str
    here: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """`up`: the way to the publication's folder, where stylesheet and icon lie; `root`: the way to the planet's.

    `url`: the page's own address; `feeds` in the order of autodiscovery (check G1), with their whole titles.
    """

    title: str
    description: str
    language: str
    generator: str
    home: str
    up: str = ""
    root: str = ""
    url: str | None = None
    feeds: tuple[Feed, ...] = ()
    blogroll: str | None = None
    ways: tuple[Way, ...] = ()
    theme: Theme = DEFAULT


def frame_of(
    edition: Edition, *, title: str, description: str, up: str = "", below: int = 0, name: str = "", here: str = ""
) -> Frame:
    """The frame of one of an edition's pages. `name`: its file, as seen from the edition's folder; `below`: how many
    folders it lies below that one; `here`: which of the parts it is."""
    around = edition.around
    depth = len([part for part in edition.publication.path.split("/") if part])
    root = "../" * (depth + below)
    parts = (
        ("Sources", f"{up}source/", bool(around.sources)),
        ("Archive", f"{up}archive/", around.archive),
        ("Search", f"{up}search.html", around.search),
        ("Status", f"{root}status.html", True),
    )
    feeds = [(f"{edition.title} ({words})", kind, href) for words, kind, href in feeds_of(edition)]
    if around.home and edition.offers("atom"):  # a branch: its own feed first, then its planet's
        feeds.append((f"{around.home} (Atom)", TYPES["atom"], urljoin(edition.url, up) + FILES["atom"]))
    return Frame(
        title=title,
        description=description,
        language=page_language(edition),
        generator=f"{GENERATOR} {edition.generator_version}",
        home=around.home or edition.title,
        up=up,
        root=root,
        url=edition.url + name,
        feeds=tuple(feeds),
        blogroll=edition.address("opml") if edition.offers("opml") else None,
        ways=tuple(Way(words=words, href=href, here=words == here) for words, href, there in parts if there),
        theme=around.theme,
    )


def frame_of_status(
    title: str,
    *,
    generator_version: str,
    root: Publication | None = None,
    parts: Sequence[tuple[str, str]] = (),
    theme: Theme = DEFAULT,
) -> Frame:
    """The frame of status.html. `root`: the publication beside it; `parts`: (words, address) of what lies there."""
    feeds = []
    if root is not None:
        feeds = [
            (f"{root.title} ({words})", TYPES[kind], root.url + FILES[kind])
            for kind, words in _NAMES
            if kind in root.formats
        ]
    return Frame(
        title=f"Status of {title}",
        description=f"How each source of {title} is doing, in plain words.",
        language="en",
        generator=f"{GENERATOR} {generator_version}",
        home=title,
        url=root.url + "status.html" if root else None,
        feeds=tuple(feeds),
        blogroll=root.url + FILES["opml"] if root and "opml" in root.formats else None,
        ways=(
            *(Way(words=words, href=href) for words, href in parts),
            Way(words="Status", href="status.html", here=True),
        ),
        theme=theme,
    )


def page_language(edition: Edition) -> str:
    """Of the page's own words. A source's page is one of its planet's; what the source wrote says its own language."""
    around = edition.around
    return (around.language if around.kind else edition.language) or "en"


def frame_key(edition: Edition) -> tuple[object, ...]:
    """What the frames of an edition's pages are made of: another one renders them anew."""
    around, publication = edition.around, edition.publication
    parts = (bool(around.sources), around.archive, around.search, around.theme)
    return edition.title, edition.url, edition.language, edition.generator_version, publication.formats, parts


def feeds_of(edition: Edition) -> list[Feed]:
    """An edition's own feeds, in the order of autodiscovery (check G1)."""
    return [(words, TYPES[kind], edition.address(kind)) for kind, words in _NAMES if edition.offers(kind)]
