"""Which entries a source's filters keep back, and with which sentence."""

from datetime import UTC, datetime, timedelta

import pytest

from feedmill.feeds.entry import Author, Entry
from feedmill.feeds.source import Filter, SourceRules
from feedmill.ingest.filters import count_words, judge

NOW = datetime(2024, 6, 1, tzinfo=UTC)
ENTRY = Entry(
    id="x",
    guid="x",
    title="Herons in the harbour",
    content_text="They stood there for an hour.\n\nSponsored  by\nthe ice factory. 船が来た",
    authors=(Author(name="Ada Lovelace"),),
    categories=("Sea", "birds"),
    language="en-GB",
    published=NOW - timedelta(days=40),
)


def ruled(**written):
    return judge(ENTRY, SourceRules(**written), first_seen=NOW)


@pytest.mark.parametrize(
    ("never", "saying"),
    [
        ({"categories": ("sea",)}, "never.categories: it is in “Sea”"),
        ({"authors": ("ada lovelace",)}, "never.authors: it is by Ada Lovelace"),
        ({"languages": ("en",)}, "never.languages: it is in en-GB"),
        ({"title_words": ("HERONS",)}, "never.title_words: its title says “Herons”"),
        ({"words": ("sponsored by",)}, "never.words: it says “Sponsored by”"),
        ({"words": ("herons",)}, "never.words: it says “Herons”"),
        ({"words": ("船",)}, "never.words: it says “船”"),
        ({"words": ("sponsor", "hero")}, None),
        ({"title_words": ("sponsored",)}, None),
        ({"languages": ("e", "de")}, None),
        ({"categories": ("se",)}, None),
        ({"authors": ("Ada",)}, None),
    ],
)
def test_never(never, saying):
    """One value that matches is enough; words and names match whole, in any case."""
    assert saying == ruled(never=Filter(**never))


@pytest.mark.parametrize(
    ("only", "saying"),
    [
        ({"categories": ("birds", "x")}, None),
        ({"categories": ("x", "y", "z")}, "only.categories: it is in “Sea” and “birds”, wanted “x”, “y” or “z”"),
        ({"authors": ("Bo",)}, "only.authors: it is by “Ada Lovelace”, wanted “Bo”"),
        ({"languages": ("de",)}, "only.languages: it is in en-GB, wanted “de”"),
        ({"languages": ("EN",)}, None),
        ({"title_words": ("gulls",)}, "only.title_words: its title has no “gulls”"),
        ({"words": ("gulls", "eels")}, "only.words: it says nothing of “gulls” or “eels”"),
        ({"words": ("gulls", "hour")}, None),
        ({"max_age": timedelta(days=30)}, "only.max_age: it was 40 days old when it was first seen"),
        ({"max_age": timedelta(days=60)}, None),
        ({"min_words": 100}, "only.min_words: it has 15, wanted at least 100"),
        ({"min_words": 15}, None),
        ({"categories": ("sea",), "words": ("gulls",)}, "only.words: it says nothing of “gulls”"),
    ],
)
def test_only(only, saying):
    """Every key that is written must hold."""
    assert saying == ruled(only=Filter(**only))


def test_never_is_asked_first_and_no_filter_keeps_nothing_back():
    """An entry that both would catch is told of `never`."""
    assert None is ruled()
    assert ruled(never=Filter(words=("hour",)), only=Filter(words=("gulls",))).startswith("never.words")


def test_what_is_not_known_is_not_held_against_an_entry_unless_it_is_asked_for_by_name():
    """No language and no date pass; no category and no author do not."""
    bare = Entry(id="x", guid="x", title="Herons", summary="A few words.")

    def found(**only):
        return judge(bare, SourceRules(only=Filter(**only)), first_seen=NOW)

    assert None is found(languages=("de",))
    assert None is found(max_age=timedelta(days=1))
    assert None is found(words=("few words",))
    assert "only.categories: it is in none, wanted “sea”" == found(categories=("sea",))
    assert "only.authors: it names no author, wanted “Ada”" == found(authors=("Ada",))


def test_words_are_counted_in_every_script():
    """Where no spaces part them, each character counts."""
    assert 4 == count_words("It’s a rock-pool")
    assert 4 == count_words("船が来た!")
    assert 0 == count_words("… — !")
