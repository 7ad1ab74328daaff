"""Checks 85-90, 93 through the whole house: what a permanent redirect does to a source over days."""

from __future__ import annotations

import pytest

from feedmill.publish.status_words import line_of


def test_check_086_a_permanent_move_is_adopted_after_three_looks_over_a_week_and_logged(
    house, planet, origin, reply, rss, conditional
):
    """The old address is asked until the move is confirmed, then only the new one; status and history say so."""
    new = origin.on("/new", conditional(rss("one", "two")))
    old = origin.on("/old", reply(301, b"", f"Location: {new}"))
    planet.configure(old)

    house.sync()
    for _ in range(3):
        house.after(days=2)
    assert house.records[old].state.adopted is None
    house.after(days=2)

    assert house.records[old].state.adopted == new
    assert house.history[old][0].detail.startswith(f"moved for good: from now on {new} is asked")
    asked_before = len(origin.asked("/old"))
    house.when_due(old)
    house.when_due(old)
    assert len(origin.asked("/old")) == asked_before
    assert f"asked at {new}, where it moved for good" in house.records[old].state.reason
    line = line_of(house.records[old])
    assert f"It has moved for good, and is asked at {new}." in line.sentence
    assert "write the new address into the configuration" in line.advice
    assert house.records[old].state.adopted == new
    assert len(house.entries) == 2


def test_check_086_a_move_from_http_to_https_of_the_same_address_needs_no_confirmation():
    """Pure: the rule that `plan` asks."""
    from feedmill.ingest.cadence import move_is_confirmed

    assert move_is_confirmed("http://a.example/f", "https://a.example/f", times=1, since=None, now=None)


def test_check_086_a_move_is_reversible_when_the_new_address_fails(house, planet, origin, reply, rss, conditional):
    """Three failures at the adopted address bring the configured one back."""
    new = origin.on("/new", conditional(rss("one")))
    old = origin.on("/old", reply(301, b"", f"Location: {new}"))
    planet.configure(old)
    house.sync()
    for _ in range(4):
        house.after(days=2)
    assert house.records[old].state.adopted == new

    origin.on("/new", reply(500, b"broken"))
    origin.on("/old", conditional(rss("one", "two"), '"old again"'))
    for _ in range(4):
        house.when_due(old)

    assert house.records[old].state.adopted is None
    assert house.records[old].state.failures == 0
    assert any(f"{old} is asked again, as configured" in line.detail for line in house.history[old])
    assert len(house.entries) == 2


def test_check_086_when_the_old_address_dies_a_move_that_was_seen_is_believed_at_once(
    house, planet, origin, reply, rss, conditional
):
    new = origin.on("/new", conditional(rss("one")))
    old = origin.on("/old", reply(301, b"", f"Location: {new}"), reply(404, b"gone"))
    planet.configure(old)
    house.sync()

    house.when_due(old)
    assert house.records[old].state.adopted == new
    house.when_due(old)

    assert house.records[old].state.failures == 0


def test_check_085_a_temporary_redirect_is_never_adopted(house, planet, origin, reply, rss, conditional):
    new = origin.on("/new", conditional(rss("one")))
    old = origin.on("/old", reply(302, b"", f"Location: {new}"))
    planet.configure(old)

    house.sync()
    for _ in range(6):
        house.after(days=2)

    assert house.records[old].state.adopted is None
    assert len(origin.asked("/old")) == 7


@pytest.mark.parametrize("page", [b"<html><title>Sign in to the hotel</title></html>", b"", b"we are rebuilding"])
def test_check_088_a_move_to_something_that_is_no_feed_is_never_adopted(
    house, planet, origin, reply, rss, conditional, page
):
    """A captive portal redirects for good, for weeks; the source stays what it is and its entries stay."""
    portal = origin.on("/portal", reply(200, page, "Content-Type: text/html"))
    old = origin.on("/old", conditional(rss("one")), reply(301, b"", f"Location: {portal}"))
    planet.configure(old)
    house.sync()
    for _ in range(8):
        house.after(days=2)

    state = house.records[old].state
    assert (state.adopted, state.moved_to) == (None, None)
    assert state.failure == "not_a_feed"
    assert len(house.entries) == 1


def test_check_089_a_move_to_a_source_we_have_merges_without_doubles_or_failures(
    house, planet, origin, reply, rss, conditional
):
    """No entry comes twice, nothing fails, and once confirmed the old source is left alone, and says why."""
    new = origin.on("/new", conditional(rss("one", "two")))
    old = origin.on("/old", reply(301, b"", f"Location: {new}"))
    planet.configure(old, new)

    house.sync()
    assert sorted(each.source_url for each in house.entries) == [new, new]
    for _ in range(4):
        house.after(days=2)

    state = house.records[old].state
    assert (state.standing, state.failures) == ("paused", 0)
    assert f"merged into {new}, which is a source already" in state.reason
    line = line_of(house.records[old])
    assert f"It redirects for good to {new}, which is a source of this planet already" in line.sentence
    assert "remove it from the configuration" in line.advice
    asked = len(origin.asked("/old"))
    house.after(days=9)
    assert len(origin.asked("/old")) == asked
    assert len(house.entries) == 2


def test_check_089_a_merged_source_comes_back_when_it_redirects_no_more(house, planet, origin, reply, rss, conditional):
    """Naming it asks it again: a feed of its own makes it a source like others."""
    new = origin.on("/new", conditional(rss("one", "two")))
    old = origin.on("/old", reply(301, b"", f"Location: {new}"))
    planet.configure(old, new)
    house.sync()
    for _ in range(4):
        house.after(days=2)
    assert house.records[old].state.standing == "paused"

    origin.on("/old", conditional(rss("three"), '"three"'))
    house.now = house.now.replace(year=2027)
    house.sync(urls=[old], force=True)

    assert house.records[old].state.standing == "active"
    assert house.records[old].state.moved_to is None
