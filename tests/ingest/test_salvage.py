"""The last resort: an entry's words when nothing else can be had."""

from __future__ import annotations

from datetime import UTC, datetime

from feedmill.ingest.guids import Identified
from feedmill.ingest.parsed import Link, ParsedEntry, Text
from feedmill.ingest.salvage import salvage

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def rescue(parsed: ParsedEntry) -> object:
    item = Identified(parsed=parsed, guid="https://blog.example/1", raw="{}", raw_hash="h")
    return salvage(item, source_url="https://blog.example/feed", first_seen=NOW, error=ValueError("odd"))


def test_words_stay_and_markup_goes() -> None:
    entry = rescue(
        ParsedEntry(
            title=Text(value="Fish & chips", kind="text"),
            links=(Link(href="https://blog.example/1"),),
            contents=(Text(value="<p>Tea &amp; <b>toast</b></p><script>alert(1)</script>", kind="html"),),
        )
    )

    assert entry.title == "Fish & chips"
    assert entry.content_html == "<p>Tea &amp; toast</p>"
    assert (entry.url, entry.published) == ("https://blog.example/1", NOW)
    assert "ValueError: odd" in entry.notes[-1].detail


def test_an_entry_of_nothing_has_a_title_and_no_bad_link() -> None:
    entry = rescue(ParsedEntry(links=(Link(href="javascript:alert(1)"), Link(href='https://x.example/"><b>'))))

    assert (entry.title, entry.url, entry.content_html) == ("Untitled", None, "")


def test_the_summary_speaks_when_there_is_no_content() -> None:
    entry = rescue(ParsedEntry(summary=Text(value="Only this.", kind="text")))

    assert (entry.title, entry.summary) == ("Only this.", "Only this.")
