"""Real documents: everything comes out valid; the dates agree with feedparser's where it is right."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from feedmill.feeds.outcome import RawDocument
from feedmill.ingest.clean import DEFAULT_RECIPE
from feedmill.ingest.dates import read_date
from feedmill.ingest.normalize import identify, normalize, normalize_channel, prepare
from feedmill.ingest.parse import parse
from feedmill.ingest.parsed import ParsedFeed

pytestmark = pytest.mark.corpus
NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_PER_FEED = 8  # entries normalized of each document


@pytest.fixture(scope="module")
def corpus() -> list[tuple[str, ParsedFeed]]:
    import os

    shared = Path(os.environ.get("FEEDMILL_SHARED") or Path(__file__).parents[2].parent / "shared")
    folder = shared / "corpus" / "feeds"
    if not folder.is_dir():
        pytest.skip("no corpus of real feeds beside the repository (or in FEEDMILL_SHARED)")
    return list(_read(folder))


def _read(folder: Path) -> Iterator[tuple[str, ParsedFeed]]:
    for file in sorted(folder.iterdir()):
        url = f"https://source.example/{file.name}"
        feed = parse(RawDocument(body=file.read_bytes(), url=url))
        if isinstance(feed, ParsedFeed):
            yield url, feed


def test_every_real_entry_comes_out_valid(corpus: list[tuple[str, ParsedFeed]]) -> None:
    for url, feed in corpus:
        items = identify(feed, source_url=url)
        context = prepare(feed, source_url=url)
        assert normalize_channel(feed, source_url=url).about.url
        assert len({item.guid for item in items}) == len(items)
        for item in items[:_PER_FEED]:
            entry = normalize(item, context, now=NOW, recipe=DEFAULT_RECIPE)
            texts = (entry.id, entry.guid, entry.title, entry.summary, entry.content_html, entry.content_text)
            assert not any(ILLEGAL.search(text) for text in texts), url
            assert 0 < len(entry.title) <= 300, url
            assert len(entry.summary) <= 280, url
            assert entry.published is not None, url
            assert datetime(1990, 1, 1, tzinfo=UTC) <= entry.published <= NOW + timedelta(days=1), url


# Where feedparser reads another moment, and why we do not follow.
_FEEDPARSER_ERRS = re.compile(
    r"\d{4}/\d{1,2}/\d{1,2}"  # 2020/1/10 as 1 November
    r"|[+-](?:1[5-9]|[2-9]\d)\d\d\Z"  # offsets that no place has
    r"|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]"  # the offset behind a space is dropped
)


def test_dates_agree_with_feedparsers_reader(corpus: list[tuple[str, ParsedFeed]]) -> None:
    from feedparser.datetimes import _parse_date  # the oracle: private, but the only one that takes a string

    written = {
        date
        for _, feed in corpus
        for entry in feed.entries
        for date in (entry.published, entry.updated)
        if date and date.strip()
    }
    differences = []
    for date in sorted(written):
        theirs, ours = _parse_date(date), read_date(date)
        if theirs is None or _FEEDPARSER_ERRS.search(date):
            continue
        if ours is None or ours.at.timetuple()[:6] != tuple(theirs)[:6]:
            differences.append((date, ours and ours.at.isoformat(), tuple(theirs)[:6]))

    assert len(written) > 1000
    assert differences == []
