"""One entry under its rules, whatever goes wrong with it."""

import sys
from datetime import UTC, datetime

from feedmill.feeds.source import SourceRules
from feedmill.ingest.guids import identify
from feedmill.ingest.normalize import prepare
from feedmill.ingest.parsed import Link, ParsedEntry, ParsedFeed, Text
from feedmill.ingest.treat import SALVAGED, UNPIPED, Treatment

NOW = datetime(2024, 6, 1, tzinfo=UTC)


def feed(count=1):
    entries = tuple(
        ParsedEntry(
            id=f"urn:x:{at}",
            links=(Link(href=f"https://blog.example/{at}"),),
            title=Text(value=f"Post {at}"),
            summary=Text(value="<p>Words.</p>", kind="html"),
        )
        for at in range(count)
    )
    return ParsedFeed(format="rss20", entries=entries)


def treated(rules, count=1, *, context=None):
    document = feed(count)
    treatment = Treatment(rules, prepare(document, source_url="https://blog.example/feed"))
    items = identify(document, source_url="https://blog.example/feed")
    return [treatment.treat(item, NOW, context=context) for item in items]


def test_an_entry_on_which_we_stumble_keeps_its_words():
    """Its recipe is none, so that the next `reclean` tries again."""

    class Broken:
        source_url = "https://blog.example/feed"

    (one,) = treated(SourceRules(), context=Broken())

    assert (SALVAGED, "Words.", "Post 0") == (one.recipe, one.entry.content_text, one.entry.title)


def test_a_command_that_fails_three_times_in_a_row_is_spared_the_rest():
    """Of the document; each entry says so, and is due for `reclean`."""
    found = treated(SourceRules(pipe=(sys.executable, "-c", "raise SystemExit(3)")), 5)
    notes = [one.entry.notes[-1].detail for one in found]

    assert all(one.recipe.endswith(UNPIPED) for one in found)
    assert [False, False, False, True, True] == ["was not asked" in note for note in notes]


def test_a_command_that_changes_nothing_leaves_no_note():
    """The recipe is whole."""
    (one,) = treated(SourceRules(pipe=("cat",)))

    assert not any(note.step == "pipe" for note in one.entry.notes)
    assert not one.recipe.endswith(UNPIPED)
