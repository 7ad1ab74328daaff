"""What can be news, and what is a flood; where an undated backlog goes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from feedmill.ingest.flood import Habits, find_flood, places_of_undated

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)


def days(*ago):
    return [NOW - timedelta(days=number) for number in ago]


def flood(dates, *, document=20, per_day=0.5, since=timedelta(hours=2), flooded=False):
    habits = Habits(per_day=per_day, last_look=NOW - since)
    return find_flood(dates, document=document, habits=habits, now=NOW, flooded=flooded)


def test_a_few_posts_are_never_a_flood():
    """Whatever their dates, when the document holds others that we know."""
    assert flood(days(*range(100, 109))) is None
    assert flood([NOW] * 9) is None


def test_ten_posts_from_before_our_last_look_are_held_and_the_others_are_not():
    """Most must be old."""
    found = flood([NOW, *days(*range(30, 41))])

    assert found.held == tuple(range(1, 12))
    assert "11 of 12 new posts are dated more than a week before our last look" in found.reason
    assert flood([*days(*[0.01 * n for n in range(12)]), *days(30, 31)], per_day=200) is None


def test_a_document_that_turned_over_into_the_past_is_held_however_small():
    """Four old posts and nothing that we know."""
    assert flood(days(100, 101, 102, 103), document=4).held == (0, 1, 2, 3)
    assert flood(days(100, 101, 102), document=3) is None
    assert flood([NOW, *days(101, 102, 103)], document=4) is None


def test_one_moment_for_all_is_no_posting():
    """Ten posts with one date, or none, where half a post a day is usual."""
    found = flood([None] * 10 + days(0.01, 0.02))

    assert found.held == tuple(range(10))
    assert "10 of 12 new posts bear one and the same date, or none" in found.reason
    assert len(flood([NOW - timedelta(seconds=n) for n in range(12)]).held) == 12


def test_a_burst_against_all_habits_is_held():
    """More than half of the document, each with a date of its own."""
    dates = days(*[0.05 * n for n in range(12)])

    assert "12 new posts at once, more than half of its document; it used to bring 0.5 a day" in flood(dates).reason
    assert "1.5 a month" in flood(dates, per_day=0.05).reason
    assert flood(dates, document=40) is None


def test_a_busy_source_is_allowed_what_it_always_does():
    """Three times what its rate leads to expect."""
    assert flood(days(*[0.05 * n for n in range(12)]), per_day=60) is None


def test_what_a_long_silence_of_ours_explains_is_no_flood():
    """Posts of the days when the source could not be reached."""
    dates = days(*range(12))

    assert flood(dates, document=15, per_day=0.1, since=timedelta(days=14)) is None


def test_what_comes_after_a_flood_from_the_past_belongs_to_it():
    """While entries are held; news goes through."""
    found = flood([NOW, *days(300)], flooded=True)

    assert found.held == (1,)
    assert found.reason == "1 new post is dated before our last look, while others are held"
    assert flood(days(300, 301), flooded=True).reason.startswith("2 new posts are dated")
    assert flood([NOW], flooded=True) is None


def test_an_undated_backlog_takes_its_place_in_the_past():
    """The first one is of now, each one below a day older; dated ones have their own place."""
    assert places_of_undated([False, True, False, False], NOW) == [NOW, None, *days(1, 2)]
