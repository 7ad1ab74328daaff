"""How slowly a source is polled beside its hub, and what happens when the hub misses an entry."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from feedmill.feeds.outcome import Freshness, Validators
from feedmill.feeds.source import Channel, PostingRate, SourceState, Standing
from feedmill.feeds.subscription import SubscriptionStanding
from feedmill.ingest.cadence import SlowPace, schedule
from feedmill.ingest.options import ScheduleOptions
from feedmill.ingest.websub_trust import pace, words


def gap(planet):
    return planet.record.state.next_fetch - planet.now


def poll(planet, **gap):
    """Let time pass and look again at the source, whatever its schedule."""
    planet.later(**gap)
    reports = []
    planet.mill.sync(force=True, on_report=reports.append)
    return reports[0]


def test_a_source_with_a_hub_is_polled_slowly_and_says_so(subscribed):
    poll(subscribed, hours=1)

    assert timedelta(hours=6) <= gap(subscribed) <= timedelta(hours=6) * 1.06
    assert subscribed.record.state.reason.startswith("its hub 127.0.0.1:")
    assert "tells us of new entries until 2026-03-12, so we only look besides: look again in 6 h" in (
        subscribed.record.state.reason
    )


def test_polls_that_find_nothing_missed_make_it_slower_up_to_a_day(subscribed, blog, hub):
    gaps = []
    for number in range(4):
        subscribed.later(days=1)
        blog.post(f"p{number}", subscribed.now)
        hub.deliver(blog.document)
        subscribed.take()
        poll(subscribed, hours=1)
        gaps.append(round(gap(subscribed) / timedelta(hours=1)))

    assert gaps[0] in (12, 13)
    assert gaps[-1] in (24, 25)
    assert subscribed.subscription.confirmed == 4


def test_nobody_listens_in_a_one_shot_sync_so_it_polls_as_ever(subscribed):
    subscribed.mill.listening = False

    poll(subscribed, hours=1)

    assert gap(subscribed) < timedelta(hours=6)
    assert "hub" not in subscribed.record.state.reason


def test_a_one_shot_sync_asks_no_hub(planet, hub):
    planet.sync()

    assert hub.asked == []
    assert planet.mill.store.subscriptions() == []


def test_an_entry_that_no_push_brought_costs_the_hub_its_trust(subscribed, blog, hub):
    subscribed.later(hours=1)
    blog.post("missed", subscribed.now)
    poll(subscribed, hours=3)
    missed = subscribed.subscription

    assert missed.misses == 1
    assert pace(missed, subscribed.now) is None
    assert gap(subscribed) < timedelta(hours=6)
    assert "it missed an entry that we found ourselves" in words(missed, subscribed.now)
    assert subscribed.tend() == 1  # asked anew
    assert len(hub.forms) == 2
    poll(subscribed, hours=1)
    assert gap(subscribed) < timedelta(hours=6)  # a new promise is not enough

    subscribed.later(hours=1)
    blog.post("told", subscribed.now)
    hub.deliver(blog.document)
    subscribed.take()
    poll(subscribed, hours=1)
    assert gap(subscribed) > timedelta(hours=10)


def test_after_three_misses_it_is_given_up_for_a_month(subscribed, blog, hub):
    for number in range(3):
        subscribed.later(hours=1)
        blog.post(f"missed {number}", subscribed.now)
        poll(subscribed, hours=3)
        subscribed.tend()
    given_up = subscribed.subscription

    assert given_up.standing is SubscriptionStanding.DISTRUSTED
    assert [form["hub.mode"] for form in hub.forms] == ["subscribe", "subscribe", "subscribe", "unsubscribe"]
    assert "not trusted any more" in words(given_up, subscribed.now)
    assert hub.deliver(blog.document, secret=hub.forms[0]["hub.secret"]).status == 410
    assert subscribed.tend() == 0
    subscribed.later(days=31)
    assert subscribed.tend() == 1
    assert subscribed.subscription.standing is SubscriptionStanding.ACTIVE
    assert subscribed.subscription.misses == 0


def test_an_entry_whose_push_may_be_on_its_way_is_not_missed(subscribed, blog):
    subscribed.later(hours=3)
    blog.post("fresh", subscribed.now - timedelta(minutes=5))

    assert poll(subscribed).new == 1
    assert subscribed.subscription.misses == 0


def test_an_entry_from_before_the_subscription_is_not_missed(subscribed, blog):
    blog.post("older", subscribed.now - timedelta(days=1))

    assert poll(subscribed, hours=3).new == 1
    assert subscribed.subscription.misses == 0


def test_an_undated_entry_is_missed_when_it_came_after_the_last_look(subscribed, blog, tools):
    undated = tools.item("undated", subscribed.now)
    poll(subscribed, hours=1)
    blog.items.insert(0, undated.partition("<pubDate>")[0] + undated.partition("</pubDate>")[2])

    assert poll(subscribed, hours=3).new == 1
    assert subscribed.subscription.misses == 1


def test_a_busy_source_is_polled_before_its_document_turns_over_whatever_a_hub_promises():
    now = datetime(2026, 3, 2, tzinfo=UTC)
    tagged = Validators(etag='"x"', issued_by="https://blog.invalid/")
    state = SourceState(
        standing=Standing.ACTIVE, validators=tagged, rate=PostingRate(weight=420, days=21, recent=20, short=20, at=now)
    )
    slow = SlowPace(gap=timedelta(hours=24), words="a hub tells us")

    def gap_of(window):
        when, reason = schedule(
            state,
            Channel(),
            now=now,
            options=ScheduleOptions(),
            freshness=Freshness(),
            chance=0,
            window=window,
            slow=slow,
        )
        return when - now, reason

    assert gap_of(1000)[0] == timedelta(hours=24)
    assert gap_of(8)[0] < timedelta(hours=8)
    assert "a hub tells us, and the document holds only 8 entries" in gap_of(8)[1]


def test_the_longest_interval_that_the_operator_allows_holds_beside_a_hub_too():
    now = datetime(2026, 3, 2, tzinfo=UTC)
    state = SourceState(standing=Standing.ACTIVE)
    slow = SlowPace(gap=timedelta(hours=24), words="a hub tells us")

    when, _ = schedule(
        state,
        Channel(),
        now=now,
        options=ScheduleOptions(max_interval=timedelta(hours=2)),
        freshness=Freshness(),
        chance=0,
        slow=slow,
    )

    assert when - now == timedelta(hours=2)


def test_a_source_that_fails_backs_off_as_ever(subscribed, blog, tools):
    blog.on["GET", "/feed"] = lambda handler, _: tools.answer(handler, 500)

    report = poll(subscribed, hours=1)

    assert report.failure == "http_5xx"
    assert "hub" not in report.reason


def test_an_entry_whose_push_was_not_read_yet_is_not_missed(subscribed, blog, hub):
    subscribed.later(hours=1)
    blog.post("two", subscribed.now)
    subscribed.later(hours=1)
    hub.deliver(blog.document)

    assert poll(subscribed).new == 1
    assert subscribed.subscription.misses == 0
    assert [report.new for report in subscribed.take()] == [0]
