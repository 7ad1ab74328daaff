"""One feed and page for each source, one for each tag, below a publication.

In:  a publication, the records of all sources, the names given so far.
Out: `Branch`es: small publications with their place; the addresses of all, for the page to link to.
Never: renames: a name once given to a source or tag is kept (`names` is remembered), or subscribers would lose it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from feedmill.feeds.publication import Publication
from feedmill.feeds.source import SourceRecord
from feedmill.publish.about import named_urn, source_about
from feedmill.publish.links import is_private
from feedmill.publish.theme import DEFAULT, Theme

LIMIT = 50
WEEKS = 52
_FORMATS = ("atom", "html")
_PLAIN = re.compile(r"[^a-z0-9]+")
_FEEDISH = frozenset(
    {"feed", "feeds", "rss", "rss2", "atom", "index", "xml", "json", "rdf", "php", "html", "www", "com"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """A source's or a tag's own publication. `key`: the source's URL, or the tag in lower case; `place`: its folder
    below its parent's, without slash at the end."""

    kind: str  # source, tag
    key: str
    place: str
    feed_id: str
    tag: str = ""
    record: SourceRecord | None = None


def branches(
    publication: Publication, records: Sequence[SourceRecord], names: dict[str, str], *, feed_id: str
) -> list[Branch]:
    """The branches that the publication asks for, in the order of the configuration; `names` learns new ones."""
    given = _Names(names)
    made: list[Branch] = []
    if publication.source_feeds:
        for record in records:
            url = record.source.url
            place = f"source/{given.name(f'source {url}', lambda url=url: _slug_of_url(url))}"  # type: ignore[misc]
            identity = named_urn(f"{feed_id}\nsource\n{url}")
            made.append(Branch(kind="source", key=url, place=place, feed_id=identity, record=record))
    if publication.tag_feeds:
        tags = {tag.strip().casefold(): tag.strip() for record in records for tag in reversed(record.source.tags)}
        for key in sorted(filter(None, tags)):
            place = f"tag/{given.name(f'tag {key}', lambda key=key: slug(key))}"  # type: ignore[misc]
            identity = named_urn(f"{feed_id}\ntag\n{key}")
            made.append(Branch(kind="tag", key=key, place=place, feed_id=identity, tag=tags[key]))
    return made


def publication_of(branch: Branch, parent: Publication) -> Publication:
    """The branch as a publication of its own, below `parent`."""
    folder = parent.path.strip("/")
    record = branch.record
    about = source_about(record, public_planet=not is_private(parent.url)) if record else None
    return Publication(
        title=about.title if about else f"{parent.title}: {branch.tag}",
        description=about.subtitle if about else f"Posts about {branch.tag} from {parent.title}.",
        language=about.language if about else parent.language,
        rights=about.rights if about else parent.rights,
        select=replace(parent.select, sources=(record.source.url,)) if record else parent.select,
        tags=() if record else (branch.tag,),
        url=f"{parent.url}{branch.place}/",
        path=f"{folder}/{branch.place}" if folder else branch.place,
        limit=min(parent.limit, LIMIT),
        formats=formats_of(parent),
        owner=parent.owner,
        owner_email=parent.owner_email,
        icon=parent.icon,
        profile=parent.profile,
        fold=0,
    )


def formats_of(parent: Publication) -> tuple[str, ...]:
    """What a branch is made in: Atom and a page, as far as its parent is."""
    return tuple(kind for kind in _FORMATS if kind in parent.formats)


class _Names:
    """The names given so far, by key ("source URL", "tag python")."""

    def __init__(self, names: dict[str, str]) -> None:
        self._names = names
        self._taken = {(key.partition(" ")[0], name) for key, name in names.items()}

    def name(self, key: str, wish: Callable[[], str]) -> str:
        """The name given before, else the wish, else the wish with a number."""
        if key not in self._names:
            kind, wished = key.partition(" ")[0], wish()
            name, number = wished, 1
            while (kind, name) in self._taken:
                number += 1
                name = f"{wished}-{number}"
            self._names[key] = name
            self._taken.add((kind, name))
        return self._names[key]


def slug(text: str) -> str:
    """Letters a-z, digits and dashes; what has none of these becomes a short name of its own."""
    flat = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    plain = _PLAIN.sub("-", flat).strip("-")[:60].strip("-")
    return plain or named_urn(text)[-12:]


def _slug_of_url(url: str) -> str:
    """`https://www.ada.example/blog/feed.xml` -> `ada-example-blog`."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").removeprefix("www.")
        port = f"-{parts.port}" if parts.port else ""
    except ValueError:
        return slug(url)
    words = [word for word in _PLAIN.split(parts.path.lower()) if word and word not in _FEEDISH]
    return slug("-".join((host + port, *words)))


def rhythm(times: Iterable[int]) -> tuple[list[int], datetime | None]:
    """Posts in each of the 52 weeks that end with the newest one (epoch seconds in), and when that one was."""
    ordered = sorted(times)
    if not ordered:
        return [], None
    newest = datetime.fromtimestamp(ordered[-1], UTC)
    week = int(timedelta(days=7).total_seconds())
    counts = [0] * WEEKS
    for at in reversed(ordered):
        back = (ordered[-1] - at) // week
        if back >= WEEKS:
            break
        counts[WEEKS - 1 - back] += 1
    return counts, newest


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What lies beside a page, by the way from the publication's folder. `up`: the way from the page to that folder."""

    up: str = ""
    home: str = ""  # the parent's title; "" on the parent's own page
    language: str | None = None  # the parent's
    archive: bool = False
    search: bool = False
    sources: Mapping[str, str] | None = None  # source URL -> place
    tags: Mapping[str, str] | None = None  # tag in lower case -> place
    icons: Mapping[str, str] | None = None  # source URL -> place of its icon
    readers: tuple[tuple[str, str], ...] = ()
    theme: Theme = DEFAULT
    rhythm: tuple[int, ...] = ()
    kind: str = ""


def places(made: Iterable[Branch]) -> tuple[dict[str, str], dict[str, str]]:
    """Where the sources' and the tags' pages are, as seen from the publication's folder."""
    found: dict[str, dict[str, str]] = {"source": {}, "tag": {}}
    for branch in made:
        found[branch.kind][branch.key] = f"{branch.place}/"
    return found["source"], found["tag"]
