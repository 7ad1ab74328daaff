"""Why one publication does not show an entry: every reason, in words."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from feedmill.config.load import load
from feedmill.feeds.publication import Publication, Selection
from feedmill.feeds.store import Store
from feedmill.ingest.replay import Change
from feedmill.story import as_lines, tell
from feedmill.story_of_cleaning import _change, _quote, _said
from feedmill.story_of_entry import EntryTeller

FEED = """<?xml version="1.0"?><rss version="2.0"><channel><title>{name}</title><link>https://blog.example/</link>
<description>d</description><language>en</language>
<item><title>Herons</title><link>https://blog.example/herons</link><guid>https://blog.example/herons</guid>
<author>ada@blog.example (Ada)</author><pubDate>Mon, 01 Jan 2024 10:00:00 GMT</pubDate>
<description>They stand in the flats, all of them, and nobody counts.</description></item>
<item><title>Gulls</title><link>https://blog.example/gulls</link><guid>https://blog.example/gulls</guid>
<pubDate>Mon, 01 Jan 2024 12:00:00 GMT</pubDate><description>Loud ones, on the roof.</description></item>
</channel></rss>"""


@pytest.fixture
def fate(planet, blogs):
    """The sentence of a publication with such keys about the herons."""
    blogs.documents["feed.xml"] = (FEED.format(name="Harbour").encode(), "application/rss+xml")
    planet.configure(blogs.url("feed.xml"))
    planet.sync()
    settings = load(planet.folder / "feedmill.toml")

    def ask(**keys):
        publication = Publication(title="P", url="https://planet.example/p/", path="p", **keys)
        shown = replace(settings, publications=(publication,))
        with Store.open(settings.store, read_only=True) as store:
            records = {record.source.url: record for record in store.records()}
            teller = EntryTeller(store, shown, records, now=datetime.now(UTC))
            (stored,) = store.entry("https://blog.example/herons")
            (row,) = teller.story(stored).facts["publications"]
        return row["why"]

    return ask


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({}, "p: yes, as entry 2 of 2, https://planet.example/p/"),
        ({"limit": 1}, "p: no, 1 entry is newer (limit = 1)"),
        ({"max_bytes": 30_000}, "p: no, 1 newer entry fills the feed (max_size = 0.03MB)"),
        ({"tags": ("sea",)}, "p: no, neither the entry nor its source has the tag sea"),
        ({"select": Selection(words=("gulls",))}, "p: no, the publication's words leaves it out"),
        ({"select": Selection(authors=("Bo",))}, "p: no, the publication's authors leaves it out"),
        ({"select": Selection(languages=("de",))}, "p: no, the publication's languages leaves it out"),
        ({"select": Selection(max_age=timedelta(days=1))}, "p: no, the publication's max_age leaves it out"),
        ({"select": Selection(where="words > 1000")}, "p: no, the publication's where leaves it out"),
        ({"select": Selection(sources=("Elsewhere",))}, "p: no, its source is not among the publication's sources"),
        ({"select": Selection(sources=("harbour",))}, "p: yes, as entry 2 of 2, https://planet.example/p/"),
        ({"profile": "podcast"}, "p: no, it has no audio or video, and the publication is a podcast"),
    ],
    ids=str,
)
def test_a_publication_says_why(fate, keys, said):
    """The first key that leaves it out."""
    assert said == fate(**keys)


def test_fair_share_says_so(fate):
    """The earliest of a window have it."""
    said = fate(select=Selection(per_source=1, per_source_window=timedelta(days=1)))

    assert "p: yes" in said or "its share of the time window already (per_source = 1)" in said


def test_an_entry_that_two_sources_carry_is_shown_once_and_both_say_so(planet, blogs):
    """One has it first, the other is merged with it."""
    for name in ("a.xml", "b.xml"):
        blogs.documents[name] = (FEED.format(name=name).encode(), "application/rss+xml")
    planet.configure(blogs.url("a.xml"), blogs.url("b.xml"))
    planet.sync()
    told = "\n".join(as_lines(tell(load(planet.folder / "feedmill.toml"), "https://blog.example/herons")))

    assert 1 == told.count("merged with what http") == told.count(" has: the same id") == told.count("; also in http")


def test_long_lines_break_on_a_terminal(planet, blogs):
    """Between words, and the rest stands further in."""
    blogs.documents["feed.xml"] = (FEED.format(name="Harbour").encode(), "application/rss+xml")
    planet.configure(blogs.url("feed.xml"))
    planet.sync()
    stories = tell(load(planet.folder / "feedmill.toml"), "https://blog.example/herons")
    narrow = as_lines(stories, width=60)

    assert max(map(len, narrow)) <= 60
    assert " ".join(" ".join(as_lines(stories)).split()) == " ".join(" ".join(narrow).split())


def test_a_change_is_told_by_its_words_or_by_its_markup_when_they_are_the_same():
    """From where the two begin to differ."""
    long = "x " * 100

    assert ["− Gone."] == list(_change(Change("<p>Gone.</p>", "")))
    assert ["+ Come."] == list(_change(Change("", "<p>Come.</p>")))
    assert ["− <p>A</p>", "+ <h2>A</h2>"] == list(_change(Change("<p>A</p>", "<h2>A</h2>")))
    before, after = _change(Change(f"<p>{long}one</p>", f"<p>{long}two</p>"))
    assert before.startswith("− …x x")
    assert (before.endswith("one"), after.endswith("two")) == (True, True)
    assert ['− <img src="a">'] == list(_change(Change('<img src="a">', "")))


def test_excerpts_show_both_ends():
    """Of what came; of what is shown, the beginning."""
    assert "no text at all." == _said("{}")
    assert "“Short.”" == _said('{"summary":{"value":"Short."}}')
    long = "word " * 200
    assert _said(f'{{"summary":{{"value":"{long}last"}}}}').endswith(" last”")
    assert " […] " in _said(f'{{"summary":{{"value":"{long}last"}}}}')
    assert _quote(long).endswith("…”")
