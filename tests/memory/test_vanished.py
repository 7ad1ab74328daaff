"""Which entries a source has deleted: what its documents can tell, and what only the entry's own page can."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from feedmill.ingest.vanished import Missing, believed, look, tombstones

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
PLACES = [(row, row * 1000) for row in range(10, 0, -1)]  # ten entries, the newest first


def test_what_falls_out_at_the_end_of_a_feed_is_not_missing():
    missing, back = look({}, {10, 9, 8, 7, 6}, PLACES, NOW)

    assert (missing, back) == ({}, [])


def test_what_is_listed_no_more_between_entries_that_are_is_missing():
    missing, _ = look({}, {10, 9, 7, 6, 5}, PLACES, NOW)

    assert missing == {8: Missing(since=int(NOW.timestamp()))}


def test_one_old_post_that_is_pinned_makes_nothing_missing():
    missing, _ = look({}, {10, 9, 8, 7, 1}, PLACES, NOW)

    assert missing == {}


@pytest.mark.parametrize("listed", [set(), {10}, {10, 1}])
def test_a_document_with_hardly_an_entry_of_ours_tells_nothing(listed):
    before = {8: Missing(since=5), 7: Missing(since=5)}

    assert look(before, listed, PLACES, NOW) == (before, [])


def test_the_first_moment_is_kept_and_what_is_listed_again_or_slid_out_is_forgotten():
    before = {8: Missing(since=5), 9: Missing(since=6), 2: Missing(since=7)}

    missing, back = look(before, {10, 9, 7, 6, 5}, PLACES, NOW)

    assert (missing, back) == ({8: Missing(since=5)}, [])


def test_what_was_withdrawn_comes_back_when_it_is_listed_and_is_remembered_until_then():
    gone = Missing(since=5, word="gone")

    assert look({99: gone}, {10, 9, 8}, PLACES, NOW) == ({99: gone}, [])
    assert look({99: gone}, {10, 9, 8, 99}, PLACES, NOW) == ({}, [99])


def test_a_page_is_asked_after_a_later_look_found_the_entry_missing_still():
    at = Missing(since=int(NOW.timestamp()))
    soon, later = NOW + timedelta(hours=5), NOW + timedelta(hours=7)

    assert [at.is_due(later, seen) for seen in (None, NOW, soon, later)] == [False, False, False, True]


@pytest.mark.parametrize(
    ("status", "word"), [(404, "gone"), (410, "gone"), (200, "kept"), (301, "kept"), (503, ""), (403, ""), (None, "")]
)
def test_only_404_and_410_say_that_a_page_is_gone(status, word):
    after = Missing(since=1).answered(status, NOW)

    assert (after.word, after.tries) == (word, 1)
    assert not after.is_due(NOW + timedelta(hours=1), NOW)


def test_a_server_in_trouble_is_asked_three_times_a_day_apart_and_then_the_entry_stays():
    at, now = Missing(since=1), NOW
    for _ in range(3):
        assert at.is_due(now, NOW)
        at = at.answered(503, now)
        now += timedelta(days=1)

    assert (at.word, at.said, at.is_due(now, now)) == ("kept", "503", False)


ATOM = (
    b'<feed xmlns="http://www.w3.org/2005/Atom" xmlns:at="http://purl.org/atompub/tombstones/1.0">'
    b'<at:deleted-entry ref=" tag:a,1 " when="2026-01-01T00:00:00Z"/><at:deleted-entry when="2026-01-01T00:00:00Z"/>'
    b"<entry><id>tag:a,2</id></entry></feed>"
)


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (ATOM, ["tag:a,1"]),
        (ATOM.replace(b"tombstones/1.0", b"tombstones/9.9"), []),
        (ATOM.replace(b"</feed>", b""), []),
        (b'<!DOCTYPE feed [<!ENTITY e "x">]>' + ATOM, []),
        (b"<feed/>", []),
    ],
)
def test_tombstones_of_well_formed_documents_are_read(body, found):
    assert tombstones(body) == found


def test_a_document_that_buries_everything_is_not_believed():
    assert believed(range(10), 4)
    assert believed(range(15), 30)
    assert not believed(range(20), 30)
