"""Checks 33, 37, 52, 53, 63, 65-69, 77-82: what happens over hours, days and weeks. The clock is the test's."""

from __future__ import annotations

import sqlite3
from datetime import timedelta

import pytest

DAY = timedelta(days=1)


def test_check_033_after_eight_days_of_304_one_request_is_unconditional(house, planet, origin, reply, rss):
    """A server that says 304 for ever is asked once for the whole, then conditionally again."""
    url = origin.on("/feed", reply(200, rss("one"), 'ETag: "a"'), reply(304, b""))
    planet.configure(url)
    house.sync()
    for _ in range(12):
        house.after(hours=25)

    whole = [number for number, each in enumerate(origin.asked()) if not each.conditional]
    assert whole[0] == 0
    assert whole[1] == 8
    assert house.records[url].state.failure == "unparsable"  # 304 to an unconditional request (check 34)


def test_check_033_the_full_look_finds_what_the_304s_hid(house, planet, origin, reply, rss):
    def stuck(request):
        return reply(304, b"") if request.conditional else reply(200, rss("one", "two"), 'ETag: "a"')

    url = origin.on("/feed", reply(200, rss("one"), 'ETag: "a"'), stuck)
    planet.configure(url)
    house.sync()
    for _ in range(9):
        house.after(hours=25)

    assert len(house.entries) == 2
    assert [each.conditional for each in origin.asked()][-3:].count(False) <= 1


def test_check_037_other_cleaning_rules_cause_no_unconditional_refetch(house, planet, origin, rss, conditional):
    """Entries that an older recipe cleaned are no reason to ask anybody for the whole document."""
    urls = [origin.on(f"/{number}", conditional(rss(f"n{number}"))) for number in range(5)]
    planet.configure(*urls)
    house.sync()
    with sqlite3.connect(planet.folder / "feedmill.db") as database:
        database.execute("UPDATE entries SET recipe = 'of an older version'")
    asked = len(origin.asked())

    house.after(minutes=1)
    assert len(origin.asked()) == asked
    house.after(days=1)

    assert all(each.conditional for each in origin.asked()[asked:])


@pytest.mark.parametrize("on_304", [False, True], ids=["200", "304"])
def test_check_052_053_max_age_is_waited_for_also_after_a_304(house, planet, origin, reply, rss, on_304):
    age = "Cache-Control: max-age=7200"
    later = reply(304, b"", age) if on_304 else reply(200, rss("one"), 'ETag: "a"', age)
    url = origin.on("/feed", reply(200, rss("one"), 'ETag: "a"', age), later)
    planet.configure(url)
    house.sync()
    for _ in range(2):
        asked = len(origin.asked())
        house.after(seconds=7199)
        assert len(origin.asked()) == asked
        house.after(hours=1)
        assert len(origin.asked()) == asked + 1


def test_check_065_feeds_with_one_interval_do_not_come_back_in_one_second(house, planet, origin, rss, conditional):
    """A hundred feeds: their next looks lie apart, and none before its interval."""
    urls = [origin.on(f"/{number}", conditional(rss("one", title=f"Blog {number}"))) for number in range(100)]
    planet.configure(*urls)
    house.sync()

    looks = [house.records[url].state.next_fetch for url in urls]
    assert len({look.replace(microsecond=0) for look in looks}) > 70
    assert max(looks) - min(looks) > timedelta(minutes=2)
    assert min(looks) >= house.now + timedelta(hours=1)


def test_check_066_ten_restarts_within_one_interval_ask_for_nothing(planet, origin, rss, conditional):
    """Through the real command line: the schedule is in the store."""
    url = origin.on("/feed", conditional(rss("one")))
    planet.configure(url)
    planet.sync()

    for _ in range(10):
        assert planet.sync()[url]["outcome"] == "skipped"

    assert len(origin.asked()) == 1


def test_check_067_a_clock_a_day_ahead_asks_each_once_and_a_day_back_stalls_nothing(
    house, planet, origin, rss, conditional
):
    """Forward: everything is due, once. Back again: each keeps its interval, counted from then."""
    urls = [origin.on(f"/{number}", conditional(rss(f"n{number}"))) for number in range(20)]
    planet.configure(*urls)
    house.sync()

    house.after(days=1)
    house.sync()
    house.sync()
    assert len(origin.asked()) == 40
    house.now -= DAY
    house.sync()
    assert len(origin.asked()) == 40
    for _ in range(12):
        house.after(hours=1)

    per_feed = [len(origin.asked(f"/{number}")) - 2 for number in range(20)]
    assert min(per_feed) >= 4
    assert max(per_feed) <= 12


def test_check_068_force_keeps_conditions_and_retry_after(house, planet, origin, reply, rss, conditional):
    url = origin.on("/feed", conditional(rss("one")))
    busy = origin.on("/busy", reply(503, b"", "Retry-After: 3600"))
    planet.configure(url, busy)
    house.sync()

    reports = house.sync(force=True)
    assert reports[url].outcome == "not_modified"
    assert reports[busy].outcome == "skipped"
    house.now += timedelta(seconds=3599)
    house.sync(force=True)
    assert len(origin.asked("/busy")) == 1
    house.now += timedelta(seconds=2)
    house.sync(force=True)

    assert len(origin.asked("/busy")) == 2
    assert [each.conditional for each in origin.asked("/feed")] == [False, True, True, True]


def test_check_069_a_source_that_was_removed_is_never_asked_again(house, planet, origin, reply, rss, conditional):
    stays = origin.on("/stays", conditional(rss("one")))
    goes = origin.on("/goes", reply(500, b""))
    planet.configure(stays, goes)
    house.sync()
    planet.configure(stays)

    for _ in range(5):
        house.after(days=1)

    assert len(origin.asked("/goes")) == 1


def test_check_077_a_bot_wall_is_asked_daily_under_the_same_name(house, planet, origin, reply):
    """No second try in a browser's clothes; the state says who can help."""
    url = origin.on("/feed", reply(403, b"<html>Just a moment...</html>", "cf-mitigated: challenge"))
    planet.configure(url)
    house.sync()
    for _ in range(48):
        house.after(hours=1)

    assert len(origin.asked()) == 2
    assert len({each.get("User-Agent") for each in origin.asked()}) == 1
    state = house.records[url].state
    assert (state.failure, state.standing) == ("bot_wall", "failing")
    assert "its owner must let feed readers through" in state.detail


@pytest.mark.parametrize("status", [401, 403, 404, 407, 451, 500, 502])
def test_check_078_079_081_refusals_back_off_to_a_day_and_recover_by_themselves(
    house, planet, origin, reply, rss, conditional, status
):
    """A month and a half of refusals: the last requests a day apart; nothing is disabled or lost."""
    url = origin.on("/feed", conditional(rss("one")), reply(status, b"no"))
    planet.configure(url)
    house.sync()
    for _ in range(40):
        house.after(hours=26)

    assert len(origin.asked()) == 41
    assert house.records[url].state.standing == "failing"
    gap = house.records[url].state.next_fetch - house.now
    assert DAY <= gap <= 1.06 * DAY
    origin.on("/feed", conditional(rss("one", "two"), '"two"'))
    house.when_due(url)

    assert (house.records[url].state.standing, house.records[url].state.failures) == ("active", 0)
    assert len(house.entries) == 2


def test_check_080_a_410_is_believed_after_three_times_over_two_days(house, planet, origin, reply, rss, conditional):
    """Entries stay; then nobody asks any more unless the source is named, and a feed that came back lives."""
    url = origin.on("/feed", conditional(rss("one")), reply(410, b""))
    planet.configure(url)
    house.sync()
    house.when_due(url)
    assert house.records[url].state.standing == "failing"
    for _ in range(60):
        house.after(hours=1)
    assert house.records[url].state.standing == "gone"
    assert "not asked again unless it is named" in house.records[url].state.reason
    asked = len(origin.asked())
    for _ in range(10):
        house.after(days=1)

    assert len(origin.asked()) == asked
    assert len(house.entries) == 1
    origin.on("/feed", conditional(rss("one", "two"), '"back"'))
    house.sync(urls=[url], force=True)
    assert house.records[url].state.standing == "active"


def test_check_080_one_410_among_others_is_not_enough(house, planet, origin, reply, rss):
    url = origin.on("/feed", reply(410, b""), reply(500, b""), reply(410, b""), reply(410, b""), reply(200, rss("one")))
    planet.configure(url)
    house.sync()
    for _ in range(4):
        house.when_due(url)

    assert house.records[url].state.standing == "active"


def test_check_082_when_nothing_can_be_reached_no_feed_is_blamed(house, planet, origin, rss, conditional):
    """Five sites, no name server: counters untouched, no failure shown, a gentle return apart from each other."""
    urls = [origin.on("/feed", conditional(rss("one")), host=f"{name}.example") for name in "abcde"]
    planet.configure(*urls)
    house.sync()
    port = origin.port
    away = [url.replace(".example", ".invalid") for url in urls]
    planet.configure(*away)
    first = house.sync()

    states = [house.records[url].state for url in away]
    assert {report.outcome for report in first.values()} == {"failed"}
    assert {(state.failures, state.standing, state.failure) for state in states} == {(0, "new", None)}
    assert all("outage of our own network" in state.reason for state in states)
    looks = [state.next_fetch - house.now for state in states]
    assert timedelta(minutes=10) <= min(looks)
    assert max(looks) <= timedelta(minutes=20)
    assert len(set(looks)) == 5
    assert port == origin.port


def test_check_082_one_dead_name_among_living_feeds_is_its_own_fault(house, planet, origin, rss, conditional):
    url = origin.on("/feed", conditional(rss("one")))
    dead = ["http://dead.invalid/feed", "http://gone.invalid/feed", "http://lost.invalid/feed"]
    planet.configure(url, *dead)
    house.sync()

    assert [house.records[each].state.failures for each in (url, *dead)] == [0, 1, 1, 1]
