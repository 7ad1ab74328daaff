"""Which unknown entry is which known one: two signs must agree."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from feedmill.ingest.aliases import Sign, is_home, match, moved_elsewhere

DAY = datetime(2026, 3, 2, 8, tzinfo=UTC)


def sign(guid="g", link=None, title="A title", dated=DAY, **more):
    return Sign(guid=guid, link=link, title=title, dated=dated, **more)


def pairs(new, old):
    return [(found.new, found.old) for found in match(new, old)]


@pytest.mark.parametrize(
    ("new", "old", "why"),
    [
        ({"link": "a.example/x"}, {"link": "a.example/x", "dated": None}, "the same link and title"),
        ({"link": "a.example/x", "title": "B"}, {"link": "a.example/x"}, "the same link and date"),
        ({"link": "b.example/x", "dated": None}, {"link": "a.example/x"}, "the same path and title"),
        (
            {"guid": "https://b.example/?p=1", "dated": None},
            {"guid": "http://a.example/?p=1"},
            "the same path and title",
        ),
        ({}, {}, "the same title and date"),
        ({"title": "B", "text_hash": "t"}, {"text_hash": "t"}, "the same date and text"),
        ({"title": "B", "text_hash": "t", "dated": DAY + timedelta(days=1)}, {"text_hash": "t"}, "the same text"),
    ],
)
def test_two_signs_are_enough(new, old, why):
    """And the match says which."""
    (found,) = match([sign("n", **new) if "guid" not in new else sign(**new)], [sign(**old)])

    assert (found.new, found.old, found.why) == (0, 0, why)


@pytest.mark.parametrize(
    ("new", "old"),
    [
        ({"title": "Open thread", "dated": DAY + timedelta(days=7)}, {"title": "Open thread"}),
        ({"title": "B", "dated": None}, {"dated": None}),
        ({"link": "a.example/verse", "title": "B", "dated": None}, {"link": "a.example/verse", "dated": None}),
        ({"link": "a.example", "dated": None}, {"link": "a.example", "dated": None}),
        ({"link": "a.example/", "dated": None}, {"link": "a.example/", "dated": None}),
        ({"text_hash": "t", "dated": DAY + timedelta(days=7)}, {"text_hash": "t"}),
        ({"title": "", "dated": None}, {"title": "", "dated": None}),
    ],
    ids=["weekly title", "nothing", "a page filled anew", "home", "home/", "sent again a week later", "no title"],
)
def test_one_sign_is_not(new, old):
    """A wrong match swallows a post."""
    assert match([sign("n", **new)], [sign(**old)]) == []


def test_a_page_whose_title_was_edited_is_known_by_what_it_says():
    """The same link, most of the same words, undated."""
    old = sign(link="a.example/x", title="B", dated=None, opening="The bridge over the river is open again.")
    new = sign("n", link="a.example/x", dated=None, opening="The bridge over the river is open again today.")

    assert pairs([new], [old]) == [(0, 0)]


def test_links_that_several_entries_share_are_no_sign():
    """In the document or in what we remember."""
    page = [sign(f"n{n}", link="a.example/log", title=f"N {n}", dated=None) for n in range(2)]
    old = [sign("o", link="a.example/log", title="N 1", dated=None)]

    assert pairs(page, old) == []
    assert pairs(old, page) == []


def test_many_texts_again_are_a_move_whatever_their_dates():
    """Three posts with their texts and titles, all stamped anew."""
    old = [sign(f"o{n}", title=f"T {n}", text_hash=f"t{n}", dated=DAY - timedelta(days=30 * n)) for n in range(4)]
    new = [sign(f"n{n}", title=f"T {n}", text_hash=f"t{n}", dated=DAY + timedelta(days=90)) for n in range(4)]

    assert pairs(new, old) == [(n, n) for n in range(4)]
    assert pairs(new[2:], old[2:]) == []


def test_each_entry_is_matched_once_and_the_surest_match_first():
    """Of two that claim one, the one with more signs has it; the other is new."""
    old = [sign("o", link="a.example/x", text_hash="t")]
    weak = sign("w", link="b.example/y", title="A title")
    strong = sign("s", link="a.example/x", text_hash="t")

    assert pairs([weak, strong], old) == [(1, 0)]
    assert pairs([strong, strong], old) == [(0, 0)]


def test_nothing_is_compared_with_nothing():
    assert match([], [sign()]) == match([sign()], []) == []


def test_all_that_is_remembered_is_looked_through_only_for_a_guid_on_another_host():
    """Not in a feed that goes on as it was, and not for guids without a path."""
    own = ["https://a.example/?p=1", "https://a.example/?p=2"]

    assert not moved_elsewhere("https://a.example/?p=3", own)
    assert not moved_elsewhere("tag:a.example,2026:3", own)
    assert not moved_elsewhere("https://b.example/", own)
    assert moved_elsewhere("http://a.example/?p=3", own)
    assert moved_elsewhere("https://b.example/?p=3", own)
    assert moved_elsewhere("https://b.example/?p=3", [])


def test_a_home_page_names_no_entry():
    assert is_home("a.example")
    assert is_home("a.example/")
    assert not is_home("a.example/?p=3")


def note(number, **more):
    """A post too short for a hash of its words."""
    return sign(f"n{number}", title=f"Note {number}", opening=f"Only a few words, number {number}.", **more)


def test_short_posts_under_new_names_are_known_by_title_and_words_when_several_come_again():
    old = [note(number, link=f"a.example/{number}") for number in range(3)]
    later = DAY + timedelta(days=400)
    new = [replace(post, guid=f"m{at}", link=f"b.example/p{at}", dated=later) for at, post in enumerate(old)]

    assert sorted(pairs(new, old)) == [(0, 0), (1, 1), (2, 2)]
    assert pairs(new[:2], old) == []


def test_a_series_of_one_title_and_one_text_is_no_move():
    """Three days of “Open thread”: the old ones left the window, the new ones are new."""
    same = {"title": "Open thread", "opening": "Talk about anything."}
    old = [sign(f"o{day}", dated=DAY + timedelta(days=day), **same) for day in range(3)]
    new = [sign(f"n{day}", dated=DAY + timedelta(days=10 + day), **same) for day in range(3)]

    assert pairs(new, old) == []
