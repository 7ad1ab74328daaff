"""The rules that both readers of XML share: what a value means once it has been found.

In:  strings and small collections that a reader took from a document.
Out: the nouns of `ingest.parsed`.
Never: an XML tree, a feedparser object, a resolved URL, a parsed date.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from html.entities import html5
from urllib.parse import urljoin, urlsplit

from feedmill.feeds.entry import Note
from feedmill.ingest.parse.vocabulary import DESCRIPTION, PODCAST, TAG_NAMES
from feedmill.ingest.parsed import Category, Link, ParsedEntry, Person, Text, TextKind

MAX_ENTRIES = 5000  # of one document; more is an archive or an attack (reference network.md, T27)

_CLOSE_TAG_OR_REFERENCE = re.compile(r"</\w+>|&#?\w+;")
_TAG = re.compile(r"</?(\w+)")
_NAMED_REFERENCE = re.compile(r"&(\w+);")
_MARKUP = re.compile(r"</?[A-Za-z]|<!--|&(?:#\d+|#[xX][0-9A-Fa-f]+|[A-Za-z][A-Za-z0-9]*);")
_ESCAPED_AMPERSAND = re.compile(r"&(?:amp|#0*38|#[xX]0*26);")
_MAIL = re.compile(r"[A-Za-z0-9_.+\-]{1,64}@[A-Za-z0-9\-.]{1,255}")
_MAX_PERSON_CHARACTERS = 1000
_MOST_WORDS = 30  # categories of a podcast: Apple takes three, with what lies below them


def title_kind(value: str) -> TextKind:
    """Whether an RSS title is markup: only when a close tag or a reference is there and all of them are known ones.

    A wrong "html" loses words ("How <T> works"), so doubt means text (parsing.md trap 30).
    """
    if "&" not in value and "<" not in value:
        return "text"
    if not _CLOSE_TAG_OR_REFERENCE.search(value):
        return "text"
    if any(name.lower() not in TAG_NAMES for name in _TAG.findall(value)):
        return "text"
    if any(name + ";" not in html5 for name in _NAMED_REFERENCE.findall(value)):
        return "text"
    return "html"


def body_kind(value: str) -> TextKind:
    """Whether an RSS description is markup: it holds a tag, a comment or a reference (cleaning.md section 3.8)."""
    if "&" not in value and "<" not in value:
        return "text"
    return "html" if _MARKUP.search(value) else "text"


def link_text(value: str) -> str:
    """The URL that stands as text in RSS `link`: one more level of escaped ampersands is undone (trap 22)."""
    return _ESCAPED_AMPERSAND.sub("&", value) if "&" in value else value


def join_base(current: str | None, value: str | None, document_url: str) -> str | None:
    """The base in effect below an element that carries `xml:base=value`; None means the document's URL.

    An empty base, a bare fragment, and anything that does not end up as http(s) change nothing (trap 23).
    """
    value = (value or "").strip()
    if not value or value.startswith("#"):
        return current
    try:
        joined = urljoin(current or document_url, value)
        scheme = urlsplit(joined).scheme
    except ValueError:
        return current
    return joined if scheme in ("http", "https") else current


def split_person(value: str) -> Person | None:
    """`mail (Name)`, `Name (mail)`, `Name <mail>`, a bare mail, or a bare name; None when nothing is left.

    Every step is one pass over the text. feedparser's expression for the same is quadratic (its issue 562).
    """
    value = " ".join(value[:_MAX_PERSON_CHARACTERS].split())
    found = _mail_in(value)
    if found is None:
        return Person(name=value) if value else None
    start, end = found
    mail = value[start:end]
    before = value[:start].removesuffix("mailto:")
    rest = (before + value[end:]).replace("()", "").replace("<>", "").replace("&lt;&gt;", "").strip()
    if rest.startswith("(") and rest.endswith(")"):
        rest = rest[1:-1].strip()
    return Person(name=rest.strip(" ,;:"), email=mail)


def _mail_in(value: str) -> tuple[int, int] | None:
    """Where the first thing that looks like a mail address stands."""
    if "@" not in value:
        return None
    for found in _MAIL.finditer(value):
        host = found.group().partition("@")[2].rstrip(".-")
        name, dot, top = host.rpartition(".")
        if dot and name and top.isalnum():
            return found.start(), found.start() + len(found.group().partition("@")[0]) + 1 + len(host)
    return None


def best_title(found: Sequence[tuple[int, Text]]) -> Text | None:
    """The first title that has words, the dialect's own before dc:title; an empty one is better than none (trap 32)."""
    if len(found) <= 1:
        return found[0][1] if found else None
    worded = [row for row in found if row[1].value] or list(found)
    return min(worded, key=lambda row: row[0])[1]


def settle_descriptions(
    found: Sequence[tuple[int, Text]], contents: Sequence[Text]
) -> tuple[Text | None, tuple[Text, ...]]:
    """The summary and the contents out of all descriptions of an entry, independent of their order.

    The best rank that has words gives the summary. A second full description becomes content when the entry has no
    content of its own (trap 27); what is said twice is kept once.
    """
    if not found:
        return None, tuple(contents)
    if len(found) == 1:
        return found[0][1], tuple(contents)
    worded = [row for row in found if row[1].value] or list(found)
    best = min(rank for rank, _ in worded)
    summary = next(text for rank, text in worded if rank == best)
    if contents:
        return summary, tuple(contents)
    more = {text.value: text for rank, text in worded if rank == DESCRIPTION and text.value != summary.value}
    return summary, tuple(more.values())


def tidy_categories(found: Iterable[tuple[str | None, str | None, str | None]]) -> tuple[Category, ...]:
    """(term, scheme, label) triples to categories: trimmed, empty ones dropped, each triple once (trap 39)."""
    rows: dict[tuple[str, str | None, str | None], None] = {}
    for term, scheme, label in found:
        word = (term or label or "").strip()
        if word:
            rows[word, scheme or None, label or None] = None
    return tuple(Category(term=term, scheme=scheme, label=label) for term, scheme, label in rows)


def podcast_words(said: Iterable[tuple[str, str]], extras: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """What a channel says of itself as a podcast, in the order of `PODCAST`: of all but categories, the first."""
    rows = [(name, value.strip()) for name, value in said]
    found: dict[str, list[str]] = {name: [extras[name]] for name in PODCAST if name in extras}
    for name, value in rows:
        if value and (name == "itunes:category" or name not in found):
            found.setdefault(name, []).append(value)
    return tuple((name, value) for name in PODCAST for value in found.get(name, ())[:_MOST_WORDS])


def unique(people: Iterable[Person | None]) -> tuple[Person, ...]:
    """Persons in order, without empty ones, each once."""
    return tuple(dict.fromkeys(person for person in people if person and (person.name or person.email)))


def media_enclosures(
    media: Iterable[Mapping[str, str]], enclosures: Sequence[Link], base: str | None
) -> tuple[tuple[Link, ...], str | None]:
    """`media:content`: audio and video become enclosures, the first image is told apart (it is no attachment).

    Returns all enclosures, each URL once, and the image's URL.
    """
    links: dict[str, Link] = {}
    for link in enclosures:
        links.setdefault(link.href, link)
    image = None
    for row in media:
        url = (row.get("url") or "").strip()
        media_type = (row.get("type") or "").strip().lower() or None
        sort = (row.get("medium") or (media_type or "").partition("/")[0]).strip().lower()
        if not url:
            continue
        if sort == "image":
            image = image or url
        elif sort in ("audio", "video"):
            links.setdefault(
                url, Link(href=url, rel="enclosure", media_type=media_type, length=row.get("filesize"), base=base)
            )
    return tuple(links.values()), image


def newest(entries: Sequence[ParsedEntry]) -> tuple[tuple[ParsedEntry, ...], tuple[Note, ...]]:
    """At most MAX_ENTRIES of them, and a note when there were more.

    The first ones, or the last when the document visibly runs from old to new.
    """
    if len(entries) <= MAX_ENTRIES:
        return tuple(entries), ()
    first, last = _year(entries[0]), _year(entries[-1])
    kept = entries[-MAX_ENTRIES:] if first and last and first < last else entries[:MAX_ENTRIES]
    said = f"only the newest {MAX_ENTRIES} entries were kept"
    return tuple(kept), (Note(step="parse-cap", field="document", detail=said),)


def _year(entry: ParsedEntry) -> str | None:
    found = re.search(r"\b(?:19|20)\d\d\b", (entry.published or entry.updated or "")[:60])
    return found.group() if found else None
