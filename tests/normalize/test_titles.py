"""Titles: read as plain text, made when there is none."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedmill.ingest.parsed import Text
from feedmill.ingest.titles import derive_title, drop_suffix, find_suffix, read_title, shorten

DAY = datetime(2020, 1, 2, 8, 0, tzinfo=UTC)


@dataclass
class Block:
    kind: str
    text: str


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("<b>Bold</b> &amp; <i>bright</i>", "Bold & bright"),
        ("H<sub>2</sub>O and x<sup>2</sup>", "H2O and x2"),
        ('A <img src="x" alt="heart"> for you', "A heart for you"),
        ("One<br>two<p>three</p>", "One two three"),
        ("<script>alert(1)</script>Safe<style>x{}</style>", "Safe"),
        ("Cats &amp; dogs", "Cats & dogs"),
        ("Cats &amp;amp; dogs", "Cats & dogs"),
        ("It&amp;#8217;s here", "It’s here"),
        ("How &lt;b&gt; works", "How <b> works"),
        ("How &amp;lt;b&amp;gt; works", "How &lt;b&gt; works"),
        ("All about &amp;amp;amp;", "All about &amp;amp;"),
        ("1 < 2 & 3 > 2", "1 < 2 & 3 > 2"),
        ("  A\n  long\ttitle ", "A long title"),
        ("\x00A\u200b\ud800b\u202e", "Ab"),
        ("e\u0301t\u00e9", "été"),
        ("<p></p>", ""),
        ("", ""),
    ],
)
def test_an_html_title_becomes_its_text(written: str, expected: str) -> None:
    assert read_title(Text(value=written, kind="html")) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("How <b>bold</b> works", "How <b>bold</b> works"),
        ("AT&amp;T", "AT&T"),
        ("&lt;b&gt; explained", "&lt;b&gt; explained"),
        ("R&D, A&B; C", "R&D, A&B; C"),
    ],
)
def test_a_text_title_is_what_it_says(written: str, expected: str) -> None:
    assert read_title(Text(value=written)) == expected


def test_no_title_is_an_empty_one() -> None:
    assert read_title(None) == ""


def test_mojibake_in_a_title_is_repaired_only_when_the_feed_shows_it() -> None:
    title = Text(value="CafÃ© crÃ¨me")

    assert read_title(title) == "CafÃ© crÃ¨me"
    assert read_title(title, mojibake=True) == "Café crème"


@given(st.text(st.sampled_from("ab <>&;#amplt/\"'xé\u00a0"), max_size=60))
def test_a_title_read_again_as_text_is_the_same(written: str) -> None:
    once = read_title(Text(value=written, kind="html"))

    assert read_title(Text(value=once)) == once


def test_a_megabyte_of_title_is_cut_at_a_word() -> None:
    start = time.process_time()
    title = shorten(read_title(Text(value="<b>many words</b> " * 70_000, kind="html")), 300)

    assert time.process_time() - start < 1
    assert len(title) <= 300
    assert title.endswith(("words…", "many…"))


def test_a_cut_title_fits_and_marks_the_cut() -> None:
    assert shorten("short", 10) == "short"
    assert shorten("alpha beta, gamma", 13) == "alpha beta…"
    assert shorten("x" * 50, 10) == "x" * 9 + "…"
    assert shorten("👩\u200d👩\u200d👩\u200d👩\u200d👩", 5) == "👩\u200d👩…"


# --- the site's name ---


def test_the_sites_name_is_dropped_when_nearly_all_titles_end_with_it() -> None:
    titles = ["A walk in the park | Ada’s Blog", "Bread and butter | Ada’s Blog", "Cats on a roof | Ada’s Blog"]
    suffix = find_suffix(titles, ["Ada’s Blog", "blog.example"])

    assert suffix == "ada’s blog"
    assert drop_suffix(titles[0], suffix)[0] == "A walk in the park"
    note = drop_suffix(titles[0], suffix)[1]
    assert note is not None
    assert "Ada’s Blog" in note.detail


def test_the_sites_name_stays_when_it_is_not_everywhere_or_too_little_would_be_left() -> None:
    assert find_suffix(["A - Blog", "B - Blog"], ["Blog"]) is None
    assert find_suffix(["A - Blog", "B", "C", "D"], ["Blog"]) is None
    assert find_suffix(["A - Part 2", "B - Part 2", "C - Part 2"], ["Blog"]) is None
    assert drop_suffix("Two words - Blog", "blog") == ("Two words - Blog", None)
    assert drop_suffix("The Blog is here today", "blog") == ("The Blog is here today", None)
    assert drop_suffix("No suffix at all", None) == ("No suffix at all", None)


# --- a derived title ---


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The mill turns again. More below.", "The mill turns again"),
        ("Is the mill turning? Yes.", "Is the mill turning?"),
        ("The mill turns! Hooray.", "The mill turns!"),
        ("The mill turns… and stops. Then more.", "The mill turns… and stops"),
        ("Wow. The mill turns again. More.", "Wow. The mill turns again"),
        ("Wow.", "Wow"),
        ("Yes. " + "The mill is turning and turning and " * 4 + "ends.", "Yes"),
        ("They sent it to the U.S. The rest came later.", "They sent it to the U.S."),
        (
            "The old mill by the river, which had been standing still for a hundred years, turns, and we come to see.",
            "The old mill by the river, which had been standing still for a hundred years, turns…",
        ),
        (
            "The old mill by the river which had been standing still for a hundred years now turns and everybody comes",
            "The old mill by the river which had been standing still for a hundred years now…",
        ),
        ("VIENNA (AP) — The mill turns again. More.", "The mill turns again"),
        ("“The mill turns again.” She smiled.", "“The mill turns again”"),
        ("She said “the mill, which is the oldest of the valley, turns for the first time since the war and” more.",
         "She said the mill, which is the oldest of the valley…"),
        ("He “says so loudly today. And leaves.” Good.", "He says so loudly today"),
        ('He "says so loudly today. And leaves." Good.', "He says so loudly today"),
        ("今日は水車が回ります。明日も。", "今日は水車が回ります"),
    ],
)  # fmt: skip
def test_a_missing_title_is_the_first_sentence(text: str, expected: str) -> None:
    title, note = derive_title([Block("p", text)], published=DAY, host="blog.example")

    assert title == expected
    assert note.detail == "derived from the first sentence"


def test_bylines_captions_and_pictures_make_no_title() -> None:
    blocks = [
        Block("caption", "A photo of it"),
        Block("p", "By Ada Berg"),
        Block("p", "***"),
        Block("p", "The mill turns again."),
    ]

    assert derive_title(blocks, published=DAY, host="")[0] == "The mill turns again"


def test_a_first_heading_is_the_title() -> None:
    title, note = derive_title([Block("heading", "The mill"), Block("p", "It turns.")], published=DAY, host="")

    assert (title, note.detail) == ("The mill", "derived from the first heading")


def test_without_prose_the_first_words_the_date_or_the_host_are_the_title() -> None:
    assert derive_title([Block("caption", ""), Block("caption", "A photo")], published=DAY, host="")[0] == "A photo"
    assert derive_title([], published=DAY, host="blog.example")[0] == "Post of 2 January 2020"
    assert derive_title([], published=None, host="blog.example")[0] == "blog.example"
    assert derive_title([], published=None, host="")[0] == "Untitled"


@given(st.lists(st.tuples(st.sampled_from(["p", "heading", "caption", "list"]), st.text(max_size=200)), max_size=4))
def test_a_derived_title_is_never_empty_nor_too_long_and_has_one_line(blocks: list[tuple[str, str]]) -> None:
    title, _ = derive_title([Block(kind, text) for kind, text in blocks], published=None, host="blog.example")

    assert 0 < len(title) <= 300
    assert "\n" not in title
