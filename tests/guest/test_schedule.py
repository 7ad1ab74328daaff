"""Checks 54-64, 73-76, 81, 82, 107, 109 on the wire: what servers and feeds ask for, and when the next request comes.

Each test scripts what an origin says, moves the clock, and counts the requests that reach the socket.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DATE = "Date: Mon, 02 Mar 2026 12:00:00 GMT"  # the house's own time at the start
INVITED = "Cache-Control: max-age=60"
YESTERYEAR = "Date: Mon, 01 Jan 2024 00:00:00 GMT"  # a server whose clock is years behind


def next_request(house, origin, url):
    """How long after now the next request for `url` reaches the server: not a second before, and then once."""
    asked, began = len(origin.asked()), house.now
    due = house.records[url].state.next_fetch
    house.now = max(due - timedelta(seconds=1), house.now)
    house.sync()
    assert len(origin.asked()) == asked
    house.now = due
    house.sync()
    assert len(origin.asked()) == asked + 1
    return due - began


def waits(house, planet, origin, reply, body, *fields, status=200):
    """The wait after a second answer of that kind: a first one, unhindered, tells how often the source posts."""
    first = reply(200, body, 'ETag: "a"', DATE, INVITED)
    second = reply(304, b"", *fields) if status == 304 else reply(status, body, 'ETag: "a"', *fields)
    url = origin.on("/feed", first, second)
    planet.configure(url, schedule='default_interval = "1h"')
    house.sync()
    house.when_due(url)
    assert len(origin.asked()) == 2
    return next_request(house, origin, url)


@pytest.fixture
def daily(rss, house):
    """A blog that posts once a day: looked at again after about 40 minutes where a server invites it."""
    return rss(*"abcdefghij", dates=tuple(house.now - number * DAY - HOUR for number in range(10)))


def within(found, least, most):
    return timedelta(minutes=least) <= found <= timedelta(minutes=most)


@pytest.mark.parametrize("status", [200, 304])
def test_check_054_age_is_taken_off_the_lifetime(house, planet, origin, reply, daily, status):
    """Ten hours fresh, nearly ten hours old: the normal interval, and not ten hours."""
    found = waits(house, planet, origin, reply, daily, "Cache-Control: max-age=36000", "Age: 35940", status=status)

    assert within(found, 20, 90)


@pytest.mark.parametrize("directives", ["s-maxage=36000", "s-maxage=5", "must-revalidate", "stale-if-error=86400"])
def test_check_055_directives_for_caches_neither_shorten_nor_lengthen(house, planet, origin, reply, daily, directives):
    found = waits(house, planet, origin, reply, daily, f"Cache-Control: private, {directives}, max-age=7200")

    assert within(found, 120, 140)


@pytest.mark.parametrize("said", ["no-cache", "no-store", "max-age=0", "no-cache, max-age=36000"])
def test_check_056_what_may_not_be_kept_is_asked_at_the_usual_interval(house, planet, origin, reply, daily, said):
    """Not at once, and not faster than the hour that holds where nothing is said."""
    assert within(waits(house, planet, origin, reply, daily, f"Cache-Control: {said}"), 20, 80)


@pytest.mark.parametrize("date", [DATE, YESTERYEAR], ids=["clock-right", "clock-years-off"])
def test_check_057_expires_is_seen_from_the_server_s_own_date(house, planet, origin, reply, daily, date):
    """Five hours between Date and Expires are five hours, whatever its clock says."""
    expires = {DATE: "Mon, 02 Mar 2026 17:00:00 GMT", YESTERYEAR: "Mon, 01 Jan 2024 05:00:00 GMT"}[date]

    assert within(waits(house, planet, origin, reply, daily, date, f"Expires: {expires}"), 300, 330)


def test_check_057_max_age_wins_over_expires(house, planet, origin, reply, daily):
    far = "Expires: Mon, 02 Mar 2026 23:00:00 GMT"

    assert within(waits(house, planet, origin, reply, daily, DATE, far, "Cache-Control: max-age=7200"), 120, 140)


@pytest.mark.parametrize(
    ("fields", "least", "most"),
    [
        (["Expires: 0"], 20, 80),
        (["Expires: -1"], 20, 80),
        (["Expires: when the cows come home"], 20, 80),
        (['Cache-Control: max-age="7200"'], 120, 140),
        (["Cache-Control: max-age=abc"], 20, 80),
        (["Cache-Control: private", "Cache-Control: max-age=7200"], 120, 140),
    ],
)
def test_check_058_malformed_freshness_breaks_nothing(house, planet, origin, reply, daily, fields, least, most):
    assert within(waits(house, planet, origin, reply, daily, *fields), least, most)


def test_check_058_an_endless_max_age_ends_after_a_week(house, planet, origin, reply, daily):
    endless = "Cache-Control: max-age=" + "9" * 18
    found = waits(house, planet, origin, reply, daily, endless)

    assert 7 * DAY <= found <= 7.5 * DAY


@pytest.mark.parametrize(
    ("hint", "least", "most"),
    [
        ("<ttl>180</ttl>", 180, 200),
        ("<ttl>10000</ttl>", 24 * 60, 26 * 60),
        ("<ttl>0</ttl>", 20, 80),
        ("<ttl>-60</ttl>", 20, 80),
        ("<ttl>soon</ttl>", 20, 80),
    ],
)
def test_check_059_ttl_is_a_floor_with_a_cap(house, planet, origin, reply, rss, hint, least, most):
    body = rss(*"abcdefghij", dates=tuple(house.now - n * DAY - HOUR for n in range(10)), more=hint)

    assert within(waits(house, planet, origin, reply, body, INVITED), least, most)


@pytest.mark.parametrize(
    ("rest", "hours"),
    [
        ("<skipHours>" + "".join(f"<hour>{h}</hour>" for h in range(12, 20)) + "</skipHours>", {20}),
        ("<skipDays><day>MONDAY</day><day>tuesday</day></skipDays>", {48, 49}),
        ("<skipHours>" + "".join(f"<hour>{h}</hour>" for h in range(24)) + "</skipHours>", {12, 13}),
        ("<skipHours>" + "".join(f"<hour>{h}</hour>" for h in [*range(12, 24), 24]) + "</skipHours>", {25}),
    ],
    ids=["hours", "days", "all-of-them", "hour-24-is-midnight"],
)
def test_check_060_a_feed_s_rest_is_kept(house, planet, origin, reply, rss, rest, hours):
    """Monday noon: no request before the rest is over; a rest without end is none."""
    dates = tuple(house.now - n * DAY - HOUR for n in range(10))
    url = origin.on("/feed", reply(200, rss(*"abcdefghij", dates=dates, more=rest), 'ETag: "a"', INVITED))
    planet.configure(url)
    house.sync()

    found = next_request(house, origin, url)

    assert int((found + timedelta(hours=12)) / HOUR) in hours


@pytest.mark.parametrize(
    ("hint", "least", "most"),
    [
        ("<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>1</sy:updateFrequency>", 60, 80),
        ("<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>", 360, 390),
        ("<sy:updatePeriod>yearly</sy:updatePeriod>", 24 * 60, 26 * 60),
        ("<sy:updatePeriod>daily</sy:updatePeriod>", 24 * 60, 26 * 60),
        ("<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>0</sy:updateFrequency>", 20, 80),
        ("<sy:updatePeriod>often</sy:updatePeriod>", 20, 80),
    ],
)
def test_check_061_the_syndication_module_is_a_floor_with_a_cap(house, planet, origin, reply, rss, hint, least, most):
    dates = tuple(house.now - n * DAY - HOUR for n in range(10))
    body = rss(*"abcdefghij", dates=dates, more=hint)
    body = body.replace(b"<rss ", b'<rss xmlns:sy="http://purl.org/rss/1.0/modules/syndication/" ')

    assert within(waits(house, planet, origin, reply, body, INVITED), least, most)


def test_check_062_where_nothing_is_said_a_busy_feed_is_asked_hourly(house, planet, origin, reply, rss):
    """Twenty postings a day, validators and no other word: 24 requests a day at most."""
    dates = tuple(house.now - n * HOUR for n in range(1, 21))
    planet.configure(origin.on("/feed", reply(200, rss(*(f"n{n}" for n in range(20)), dates=dates), 'ETag: "a"')))
    house.sync()
    house.live(hours=24)

    assert 12 <= len(origin.asked()) <= 25


@pytest.mark.parametrize(
    ("fields", "schedule", "least", "most"),
    [
        ([], "", 1, 1),
        (["Cache-Control: max-age=3600"], "", 4, 27),
        ([], 'default_interval = "30m"', 8, 53),
    ],
    ids=["nothing-said", "max-age", "the-operator-insists"],
)
def test_check_063_without_validators_a_feed_is_asked_daily(
    house, planet, origin, reply, daily, fields, schedule, least, most
):
    """A day: one request, unless the server or the operator says otherwise."""
    planet.configure(origin.on("/feed", reply(200, daily, *fields)), schedule=schedule)
    house.sync()
    house.live(hours=26)

    assert least <= len(origin.asked()) - 1 <= most


def test_check_064_a_busy_blog_is_asked_more_often_than_a_quiet_one(house, planet, origin, reply, rss):
    """Four postings a day against one a month, over a day; the root of the rate, and within the bounds."""
    busy = rss(*(f"b{n}" for n in range(20)), dates=tuple(house.now - n * 6 * HOUR for n in range(1, 21)), title="Busy")
    quiet = rss(*"abcdefgh", dates=tuple(house.now - n * 30 * DAY for n in range(1, 9)), title="Quiet")
    planet.configure(
        origin.on("/busy", reply(200, busy, 'ETag: "a"', INVITED)),
        origin.on("/quiet", reply(200, quiet, 'ETag: "a"', INVITED)),
    )
    house.sync()
    house.live(hours=24)

    asked = len(origin.asked("/busy")), len(origin.asked("/quiet"))
    assert asked[0] > 3 * asked[1]
    assert 2 <= asked[1]
    assert asked[0] <= 24 * 6


@pytest.mark.parametrize("status", [429, 503, 403, 413])
def test_check_073_074_retry_after_holds_whatever_the_status_and_the_clock(
    house, planet, origin, reply, rss, conditional, status
):
    """A date five hours after the server's own, which is years off: five hours, not even --force comes before."""
    url = origin.on(
        "/feed",
        conditional(rss("one")),
        reply(status, b"", YESTERYEAR, "Retry-After: Mon, 01 Jan 2024 05:00:00 GMT"),
    )
    planet.configure(url)
    house.sync()
    house.when_due(url)
    asked = len(origin.asked())
    house.now += timedelta(hours=4, minutes=59)
    house.sync(force=True)
    assert len(origin.asked()) == asked
    house.now += timedelta(minutes=2)
    house.sync(force=True)

    assert len(origin.asked()) == asked + 1


@pytest.mark.parametrize(
    ("fields", "least", "most"),
    [
        ([], 60, 130),
        (["X-RateLimit-Reset: 14400"], 240, 260),
        (["RateLimit: limit=10, remaining=0, reset=14400"], 240, 260),
    ],
    ids=["nothing", "x-ratelimit", "ratelimit"],
)
def test_check_075_a_429_without_retry_after(house, planet, origin, reply, fields, least, most):
    """From one hour, doubling; a reset header is taken for the time."""
    url = origin.on("/feed", reply(429, b"", *fields))
    planet.configure(url)
    house.sync()
    gaps = [next_request(house, origin, url) for _ in range(3)]

    assert within(gaps[0], least, most)
    assert gaps[2] >= 1.8 * gaps[1] >= 1.8 * 0.9 * gaps[0]


@pytest.mark.parametrize(
    ("value", "least", "most"),
    [("-5", 1, 24 * 60), ("soon", 60, 24 * 60), ("1000000000000", 7 * 24 * 60, 8 * 24 * 60), ("0", 1, 24 * 60)],
)
def test_check_076_an_absurd_retry_after_is_clamped(house, planet, origin, reply, value, least, most):
    url = origin.on("/feed", reply(429, b"", f"Retry-After: {value}"))
    planet.configure(url)
    house.sync()

    assert within(next_request(house, origin, url), least, most)


def test_check_081_failures_back_off_with_a_little_chance_and_one_success_ends_it(
    house, planet, origin, reply, rss, conditional
):
    """Refused, cut short, 500: twice as long each time, up to a day; the entries and the validators stay."""
    url = origin.on("/feed", conditional(rss("one")), reply(500, b""))
    planet.configure(url)
    house.sync()
    gaps = []
    for _ in range(10):
        house.when_due(url)
        gaps.append(house.records[url].state.next_fetch - house.now)

    assert all(DAY >= later * 0.94 and later >= before * 0.94 for before, later in pairwise(gaps))
    assert gaps[-1] >= DAY
    assert {each.get("If-None-Match") for each in origin.asked()[1:]} == {'"one"'}
    origin.on("/feed", conditional(rss("one")))
    house.when_due(url)
    assert house.records[url].state.next_fetch - house.now < 5 * HOUR


def test_check_082_after_an_outage_of_our_own_the_return_is_no_stampede(house, planet, make_origin, rss, conditional):
    """Twelve sites that nobody finds for an hour: nobody is blamed, and they come back one by one."""
    origins = [make_origin() for _ in range(12)]
    urls = [each.on("/feed", conditional(rss("one")), host=f"n{n}.example") for n, each in enumerate(origins)]
    planet.configure(*urls)
    house.sync()
    house.offline = True
    for _ in range(8):
        house.after(minutes=30)
    assert {house.records[url].state.failures for url in urls} == {0}
    before = sum(len(each.asked()) for each in origins)
    house.offline = False
    arrivals = []
    for _ in range(30):
        house.after(minutes=1)
        arrivals.append(sum(len(each.asked()) for each in origins) - before)
        before += arrivals[-1]

    assert sum(arrivals) == 12
    assert max(arrivals) <= 6


def test_check_107_tenants_of_a_public_suffix_are_sites_of_their_own(house, planet, origin, reply, rss, conditional):
    """A 429 of one blog on a shared suffix holds that blog; one of a subdomain holds its whole domain."""
    busy, beside = (
        origin.on(f"/{name}", answer, host=f"{name}.github.io")
        for name, answer in (("ada", reply(429, b"", "Retry-After: 3600")), ("bob", conditional(rss("one"))))
    )
    a, b = (
        origin.on(f"/{name}", answer, host=f"{name}.tumblr.com")
        for name, answer in (("eve", reply(429, b"", "Retry-After: 3600")), ("kim", conditional(rss("two"))))
    )
    planet.configure(busy, beside, a, b, fetch='site_spacing = "0s"')

    reports = house.sync()

    assert reports[beside].outcome == "fetched"
    assert reports[b].outcome == "skipped"
    assert [each.path for each in origin.asked() if each.host.endswith("tumblr.com")] == ["/eve"]


def test_check_109_spacing_grows_with_refusals_and_is_remembered(house, planet, origin, reply, rss, conditional):
    """Each 429 that follows closely on another request doubles the site's distance; the store keeps it."""
    urls = [origin.on(f"/{n}", conditional(rss(f"n{n}")), host=f"b{n}.blog.example") for n in range(3)]
    planet.configure(*urls, fetch='site_spacing = "0.1s"')
    house.sync()
    origin.on("/2", reply(429, b"", "Retry-After: 60"))
    learned = []
    for _ in range(2):
        house.now += timedelta(minutes=90)
        house.sync(force=True, urls=urls[:1])
        house.sync(force=True, urls=urls[2:])
        learned.append(house.site("blog.example").spacing.total_seconds())

    assert learned == [2.0, pytest.approx(4.0, rel=0.01)]
