"""Enclosures, the lead image and categories: reference cleaning.md sections 3.12, 3.13; publishing.md J.

In:  links and categories as parsed, the cleaned content.
Out: absolute, typed, each once.
Never: tidies an enclosure's address (podcast hosts count by it), or publishes software's placeholder categories.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape, unescape

from feedmill.feeds.entry import Enclosure
from feedmill.ingest.parsed import Category, Link
from feedmill.ingest.text import one_line
from feedmill.ingest.urls import absolute, unescape_once
from feedmill.ingest.word_table import phrases

MAX_ENCLOSURES = 50
MAX_CATEGORIES = 20
MAX_CATEGORY = 100  # characters
_MAX_LENGTH = 2**53  # bytes; above, JSON readers lose digits

_MEDIA_TYPE = re.compile(r"[a-z]+/[a-z0-9][a-z0-9.+_-]{0,80}")
_EXTENSION = re.compile(r"\.([A-Za-z0-9]{2,5})(?:[?#]|\Z)")
_TYPES = {
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",
    "m4b": "audio/mp4",
    "aac": "audio/aac",
    "ogg": "audio/ogg",
    "oga": "audio/ogg",
    "opus": "audio/opus",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "mp4": "video/mp4",
    "m4v": "video/mp4",
    "mov": "video/quicktime",
    "webm": "video/webm",
    "ogv": "video/ogg",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "gif": "image/gif",
    "webp": "image/webp",
    "avif": "image/avif",
    "svg": "image/svg+xml",
    "pdf": "application/pdf",
    "epub": "application/epub+zip",
    "zip": "application/zip",
}


def read_enclosures(links: Sequence[Link], *, base: str | None, content_html: str) -> tuple[Enclosure, ...]:
    """The enclosures in their order, each address once.

    An image that already stands in the content goes, unless it is the only enclosure. Length 0 says nothing: None.
    """
    found: dict[str, Enclosure] = {}
    for link in links:
        url = absolute(unescape_once(link.href), link.base or base)
        if url is None:
            continue
        made = Enclosure(url=url, media_type=_media_type(link.media_type, url), length=_length(link.length))
        known = found.get(url)
        if known is None:
            found[url] = made
        elif known.length is None or known.media_type is None:
            found[url] = Enclosure(
                url=url, media_type=known.media_type or made.media_type, length=known.length or made.length
            )
        if len(found) >= MAX_ENCLOSURES:
            break
    if len(found) > 1:
        shown = [url for url, enclosure in found.items() if _is_image(enclosure) and escape(url) in content_html]
        for url in shown[: len(found) - 1]:
            del found[url]
    return tuple(found.values())


def lead_image(
    cleaned: str | None, enclosures: Iterable[Enclosure], extras: Mapping[str, str], *, base: str | None
) -> str | None:
    """The image to show beside the entry: of the content, else an image enclosure, else a thumbnail the feed names."""
    if cleaned:
        return absolute(cleaned, base)
    for enclosure in enclosures:
        if _is_image(enclosure):
            return enclosure.url
    for name in ("media:thumbnail", "itunes:image"):
        if extras.get(name):
            return absolute(unescape_once(extras[name]), base)
    return None


def _is_image(enclosure: Enclosure) -> bool:
    return enclosure.media_type is not None and enclosure.media_type.startswith("image/")


def _media_type(written: str | None, url: str) -> str | None:
    if written:
        bare = written.partition(";")[0].strip().lower()
        if _MEDIA_TYPE.fullmatch(bare) and bare != "application/octet-stream":
            return bare
    found = _EXTENSION.search(url)
    return _TYPES.get(found.group(1).lower()) if found else None


def _length(written: str | None) -> int | None:
    digits = written.strip() if written else ""
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 16:
        return None
    length = int(digits)
    return length if 0 < length < _MAX_LENGTH else None


# --- categories ---

# What blog software files a post under when its author chose nothing.
_PLACEHOLDERS = phrases(
    """uncategorized | uncategorised | allgemein | unkategorisiert | nicht kategorisiert | non classé
    | non-classé | sin categoría | sin categoria | sense categoria | senza categoria | sem categoria | geen categorie
    | okategoriserade | ukategorisert | ikke kategoriseret | luokittelematon | bez kategorii | nezařazené | nezaradené
    | kategorilenmemiş | fără categorie | kategória nélkül | без рубрики | без категорії | без категория
    | 未分類 | 未分类
    | 미분류 | غير مصنف | ללא קטגוריה"""
)
_KIND_SCHEME = "schemas.google.com/g/2005#kind"
_URL_LIKE = re.compile(r"https?://|tag:", re.IGNORECASE)


def read_categories(written: Sequence[Category], harvested: Iterable[str] = ()) -> tuple[str, ...]:
    """Category names, first spelling of each, at most twenty; a comma list is split only when it is alone."""
    labelled = (category for category in written if _KIND_SCHEME not in (category.scheme or ""))
    names = [category.label or category.term for category in labelled]
    found = _once([*names, *harvested])
    if len(found) == 1 and "," in found[0]:
        found = _once(found[0].split(","))
    return tuple(found[:MAX_CATEGORIES])


def _once(names: Iterable[str]) -> list[str]:
    kept: dict[str, str] = {}
    for name in names:
        if "&" in name:
            name = unescape(name)  # noqa: PLW2901
        name = one_line(name[: 4 * MAX_CATEGORY]).lstrip("#").strip()[:MAX_CATEGORY].strip()  # noqa: PLW2901
        if name and name.casefold() not in _PLACEHOLDERS and not _URL_LIKE.match(name):
            kept.setdefault(name.casefold(), name)
    return list(kept.values())
