"""Over real documents: both readers agree, feedparser's entries are all there, and what differs from it is listed."""

from __future__ import annotations

import csv
import io
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import feedparser
import pytest
from lxml.etree import XMLSyntaxError

from feedmill.feeds.outcome import RawDocument
from feedmill.ingest.parse import charset, parse, reading, repair
from feedmill.ingest.parse.fast import read_fast
from feedmill.ingest.parse.fast_tree import Unusual
from feedmill.ingest.parse.liberal import read_liberal
from feedmill.ingest.parsed import ParsedEntry, ParsedFeed

pytestmark = pytest.mark.corpus
URL = "https://feeds.example/feed.xml"

# Documents in which the number of entries is not feedparser's, and why (docs/deviations.md).
COUNTS = {
    "live-029d2a364cb1.rss": "cut off inside its last entry: only complete entries are kept (trap 8)",
    "live-45818f095697.rss": "undeclared rss: prefix under a doubled declaration: feedparser finds nothing (trap 12)",
    "live-cc836d20e2f2.rss": "undeclared rss: prefix under a doubled declaration: feedparser finds nothing (trap 12)",
}
# Values that are not feedparser's: (document, field) -> why.
VALUES = {
    ("feed-rs-atom_mediarss_reddit_1.xml", "id"): "ids are opaque, feedparser joins them with the base (trap 23)",
    ("live-4ab19c0491cb.rss", "id"): "ids are opaque, feedparser joins them with the base (trap 14)",
    ("live-68a5fd32ef7e.rss", "id"): "ids are opaque, feedparser joins them with the base (trap 14)",
    ("rss-parser-itunes-missing-image.rss", "id"): "ids are opaque, feedparser joins them with the base (trap 14)",
    ("rss-parser-reddit-home.rss", "id"): "ids are opaque, feedparser joins them with the base (trap 23)",
    ("live-6e3705851507.rss", "title"): "deliberate mojibake is not repaired (trap 44)",
    ("live-a0f6ab903482.atom", "title"): "an HTML entity name is read as its character (trap 6)",
}


def documents(corpus: Path) -> Iterator[tuple[dict[str, str], RawDocument]]:
    with (corpus / "manifest.tsv").open(newline="") as lines:
        for row in csv.DictReader(lines, delimiter="\t"):
            yield row, RawDocument(body=(corpus / "feeds" / row["file"]).read_bytes(), url=URL)


def mended(raw: RawDocument) -> tuple[str, str | None]:
    text, _ = charset.decode(raw.body)
    text, _ = repair.strip_prolog(text)
    text, _ = repair.cut_to_feed(text)
    dialect = reading.dialect_of(text)
    for mend in (repair.mend_characters, repair.mend_references, repair.mend_root):
        text, _ = mend(text)
    if repair.is_truncated(text):
        text, _ = repair.close_truncated(text)
    return text, dialect


def vanilla(raw: RawDocument) -> Any:
    """feedparser itself, both HTML passes off."""
    headers = {"content-location": URL, "content-type": "application/xml"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return feedparser.parse(
            io.BytesIO(raw.body), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
        )


def test_fast_reader_equals_liberal_reader(corpus: Path) -> None:
    """On every document that the fast reader accepts the two agree, on all of the record; it takes most of them."""
    differing, accepted, total = [], 0, 0
    for row, raw in documents(corpus):
        if row["format"] == "json":
            continue
        total += 1
        text, dialect = mended(raw)
        assert dialect is not None
        try:
            fast = read_fast(text.encode(), dialect=dialect, url=URL)
        except (Unusual, XMLSyntaxError):
            continue
        accepted += 1
        liberal, _ = read_liberal(text, dialect=dialect, url=URL)
        if fast != liberal:
            differing.append(row["file"])
        whole = parse(raw)
        assert isinstance(whole, ParsedFeed)
        assert replace(whole, notes=()) == fast

    assert differing == []
    assert accepted >= 0.9 * total


def test_entries_and_values_against_feedparser(corpus: Path) -> None:
    """Entry counts, ids, links, titles and dates are feedparser's, but for the listed ones."""
    counts, values = set(), set()
    for row, raw in documents(corpus):
        if row["format"] == "json":
            continue
        theirs, ours = vanilla(raw), parse(raw)
        assert isinstance(ours, ParsedFeed), row["file"]
        if len(ours.entries) != len(theirs.entries):
            counts.add(row["file"])
            continue
        for mine, other in zip(ours.entries, theirs.entries, strict=True):
            values |= {(row["file"], field) for field in differing_fields(ours, mine, other)}

    assert counts == set(COUNTS)
    assert values == set(VALUES)


def differing_fields(feed: ParsedFeed, mine: ParsedEntry, other: Any) -> Iterator[str]:
    def get(key: str) -> Any:
        return dict.get(other, key)

    html = ("text/html", "application/xhtml+xml", None)
    links = [link for link in mine.links if link.rel == "alternate" and link.media_type in html]
    link = urljoin(links[-1].base or URL, links[-1].href) if links else None
    if link is None and mine.id and (mine.id_is_permalink or feed.format.startswith("atom")):
        link = urljoin(URL, mine.id)  # feedparser lets the id stand in; for us that is a later decision
    rows = {
        "id": (mine.id, get("id") or None),
        "link": (link, get("link") or None),
        "title": (mine.title.value if mine.title else None, get("title")),
        "published": (mine.published, get("published") or None),
        "updated": (mine.updated, get("updated") or None),
    }
    return (field for field, (ours, theirs) in rows.items() if ours != theirs)


def test_json_feeds(corpus: Path) -> None:
    """The JSON Feeds have all their entries."""
    for row, raw in documents(corpus):
        if row["format"] == "json":
            feed = parse(raw)

            assert isinstance(feed, ParsedFeed)
            assert len(feed.entries) == int(row["items"])


def test_speed(corpus: Path) -> None:
    """The whole corpus is read at a multiple of feedparser's speed (both its HTML passes off), in the same run."""
    raws = [raw for row, raw in documents(corpus) if row["format"] != "json"]

    def spent(read: Callable[[RawDocument], object]) -> float:
        begin = time.process_time()
        for raw in raws[::4]:
            read(raw)
        return time.process_time() - begin

    parse(raws[0])
    ours, theirs = spent(parse), spent(vanilla)

    assert ours * 3 < theirs
