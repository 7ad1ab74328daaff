"""The liberal reader: feedparser, for whatever the fast reader will not judge.

In:  repaired text of an XML document, its dialect, its URL.
Out: `ParsedFeed`.
Never: a path or URL opened (feedparser opens what looks like one, also when it is bytes: only its parser classes are
       driven here, on a stream we made), a URL resolved, HTML sanitized.

feedparser's quirks that are absorbed here (each listed with its case in docs/deviations.md):
    relative URLs and ids are joined with a base that leaks      -> `resolve_uri` is the identity, bases are ours
    media:title, media:description fill title, summary, content  -> kept apart
    a second description, itunes:summary, dc:description compete -> ranked (`settle_descriptions`)
    Atom content is copied to the summary                        -> not copied
    guid fills in as link, Atom id too                           -> ids stay ids
    itunes:owner overwrites the last author                      -> ignored
    the author expression is quadratic                           -> `split_person`
    UTF-8-in-Latin-1 "repair" of single values                   -> off (traps 44)
    a child of an unknown element counts as the entry's own      -> ignored when the document is well-formed
    `</br>` after `<br>` in XHTML                                -> dropped
"""

from __future__ import annotations

import contextlib
import io
import xml.sax
import xml.sax.handler
import xml.sax.xmlreader
from typing import Any

import feedparser.mixin  # type: ignore[import-untyped]
from feedparser.exceptions import UndeclaredNamespace  # type: ignore[import-untyped]
from feedparser.html import _BaseHTMLProcessor  # type: ignore[import-untyped]
from feedparser.parsers.loose import _LooseFeedParser  # type: ignore[import-untyped]
from feedparser.parsers.strict import _StrictFeedParser  # type: ignore[import-untyped]

from feedmill.feeds.entry import Note
from feedmill.ingest.parse import adapter, mapping
from feedmill.ingest.parse.liberal_elements import Elements, plain_handlers
from feedmill.ingest.parse.liberal_walk import MAX_WORK, Enough
from feedmill.ingest.parsed import ParsedFeed


def _make(base: type, *more: type) -> Any:
    bases = (Elements, base, feedparser.mixin._FeedParserMixin, *more)  # noqa: SLF001 - the class has no public name
    return type("Our" + base.__name__, bases, plain_handlers())


_Strict = _make(_StrictFeedParser, xml.sax.handler.ContentHandler)
_Loose = _make(_LooseFeedParser, _BaseHTMLProcessor)


def read_liberal(text: str, *, dialect: str, url: str) -> tuple[ParsedFeed, bool]:
    """The document as feedparser's parsers see it, and whether it was well-formed XML.

    `text` has no XML declaration and no document type. Raises whatever feedparser raises: the caller holds the fence.
    """
    reader = _run_strict(text, dialect, url)
    well_formed = reader is not None
    if reader is None:
        reader = _run_loose(text, dialect, url)
    if reader.exhausted:
        _drop_unfinished(reader)
    rows = sorted(reader.entries, key=lambda row: dict.get(row, "=order") or 0)
    about = adapter.about_of(reader.feeddata, dialect)
    entries, notes = mapping.newest([adapter.entry_of(row, dialect) for row in rows])
    if reader.exhausted and not notes:
        said = f"only the first {len(entries)} entries were read: the document is damaged, and too large to read it all"
        notes = (Note(step="parse-cap", field="document", detail=said),)
    hints = adapter.hints_of(reader.feeddata, about)
    feed = ParsedFeed(
        format=dialect,
        about=about,
        entries=entries,
        hints=hints,
        podcast=adapter.podcast_of(reader.feeddata),
        base=url,
        notes=notes,
    )
    return feed, well_formed


class TooMuchMarkup(Exception):
    """No entry had ended when as much was read as the largest of feeds would cost."""


def _drop_unfinished(reader: Any) -> None:
    """The entry in which reading ended is not whole; without any other one there is nothing to show."""
    if reader.inentry and reader.entries:
        reader.entries.pop()
    if not reader.entries:
        raise TooMuchMarkup(f"it is not plain XML, and its first entry has not ended after {MAX_WORK // 4:,} tags")


def _run_strict(text: str, dialect: str, url: str) -> Any:
    reader = _Strict("http://document.invalid/", None, "utf8")
    reader.begin(dialect=dialect, document_url=url, strict=True)
    sax = xml.sax.make_parser()  # noqa: S317 - no document type reaches it (repair.strip_prolog)
    sax.setFeature(xml.sax.handler.feature_namespaces, True)
    sax.setFeature(xml.sax.handler.feature_external_ges, False)
    sax.setContentHandler(reader)
    sax.setErrorHandler(reader)
    source = xml.sax.xmlreader.InputSource()
    source.setByteStream(io.BytesIO(b"<?xml version='1.0' encoding='utf-8'?>" + text.encode("utf-8", "replace")))
    try:
        sax.parse(source)
    except Enough:
        pass
    except (xml.sax.SAXException, UndeclaredNamespace):
        return None
    return reader


def _run_loose(text: str, dialect: str, url: str) -> Any:
    reader = _Loose("http://document.invalid/", None, "utf8", {})
    reader.begin(dialect=dialect, document_url=url, strict=False)
    with contextlib.suppress(Enough):
        reader.feed(text)
    return reader
