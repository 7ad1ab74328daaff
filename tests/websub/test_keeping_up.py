"""Subscriptions over time: renewed, lost, refused, given up; hubs asked politely and only where they may be reached."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from feedmill.feeds.subscription import SubscriptionStanding
from feedmill.ingest.options import FetchOptions
from feedmill.ingest.subscriber import is_reachable


def standing(planet):
    return planet.subscription.standing


def test_nothing_is_asked_twice(subscribed, hub):
    assert [subscribed.tend() for _ in range(3)] == [0, 0, 0]
    assert len(hub.forms) == 1


@pytest.mark.parametrize(("chance", "share"), [(0.0, 0.8), (1.0, 0.9)])
def test_a_lease_is_renewed_when_four_fifths_of_it_are_over_at_the_earliest(planet, hub, chance, share):
    planet.subscriber.chance = lambda: chance
    planet.subscribe()
    begun = planet.now

    planet.now = begun + timedelta(days=10) * share - timedelta(minutes=1)
    assert planet.tend() == 0
    planet.later(minutes=2)
    assert planet.tend() == 1

    assert [form["hub.mode"] for form in hub.forms] == ["subscribe", "subscribe"]
    assert hub.forms[0] == hub.forms[1]  # the same callback and secret: the hub extends what it has
    assert planet.subscription.lease_until == planet.now + timedelta(days=10)
    assert planet.subscription.verified_at == begun


def test_a_very_short_lease_does_not_make_us_hammer_the_hub(planet, hub):
    hub.lease = "1"
    planet.subscribe()

    assert planet.subscription.next_step >= planet.now + timedelta(minutes=1)


def test_a_lease_that_cannot_be_renewed_ends_and_we_look_ourselves(subscribed, hub):
    hub.status, hub.verifies = 503, False
    subscribed.now = subscribed.subscription.next_step
    subscribed.tend()
    failing = subscribed.subscription
    subscribed.sync()  # at the slow pace once more
    slow = subscribed.record.state

    subscribed.now = failing.lease_until
    subscribed.tend()
    state = subscribed.record.state

    assert failing.standing is SubscriptionStanding.ACTIVE
    assert failing.failures == 1
    assert "503" in failing.detail
    assert "besides" in slow.reason
    assert standing(subscribed) is SubscriptionStanding.WANTED
    assert state.next_fetch <= subscribed.now
    subscribed.sync()
    assert "hub" not in subscribed.record.state.reason


def test_a_hub_that_fails_is_asked_less_and_less_often(planet, hub):
    hub.status, hub.verifies = 500, False
    planet.subscribe()
    gaps = []
    for _ in range(9):
        gap = planet.subscription.next_step - planet.now
        gaps.append(gap)
        planet.later(seconds=gap.total_seconds() - 1)
        assert planet.tend() == 0
        planet.later(seconds=1)
        assert planet.tend() == 1

    assert gaps[0] == timedelta(minutes=10)
    assert gaps == sorted(gaps)
    assert gaps[-1] == timedelta(days=1)


def test_a_hub_that_takes_the_request_and_never_asks_back_is_asked_again_later(planet, hub):
    hub.verifies = False
    planet.subscribe()

    planet.later(minutes=59)
    assert planet.tend() == 0
    planet.later(minutes=1)
    assert planet.tend() == 1

    assert planet.subscription.failures == 1
    assert "never asked back" in planet.subscription.detail
    assert hub.verify(hub.forms[-1]).status == 200
    assert planet.subscription.failures == 0


def test_a_hub_that_asks_for_time_gets_it(planet, hub):
    hub.status, hub.verifies, hub.fields = 429, False, [("Retry-After", "7200")]
    planet.subscribe()

    assert planet.subscription.next_step == planet.now + timedelta(hours=2)
    assert "too often" in planet.subscription.detail


def test_a_hub_that_is_not_there_is_a_failure_with_a_reason(planet, hub):
    hub.close()
    planet.subscribe()

    assert standing(planet) is SubscriptionStanding.WANTED
    assert planet.subscription.failures == 1
    assert "cannot be reached" in planet.subscription.detail
    assert planet.record.state.failure is None  # the source is well


def test_t9_a_hub_at_a_private_address_is_not_connected_to(make_planet, blog, hub):
    """The guard that feeds pass through judges hubs too, each hop of them; nothing is sent."""
    from feedmill.feeds.outcome import Failure
    from feedmill.ingest.message import Messenger
    from feedmill.ingest.websub_request import post_form

    with Messenger(FetchOptions()) as messenger:
        outcome = post_form(messenger, hub.hub, b"hub.mode=subscribe", now=None)

    assert isinstance(outcome, Failure)
    assert outcome.kind == "blocked_address"
    assert hub.asked == []


@pytest.mark.parametrize(
    ("url", "options", "reachable"),
    [
        ("https://planet.example/", {}, True),
        ("http://127.0.0.1:8080/", {}, False),
        ("http://localhost/", {}, False),
        ("http://192.168.1.4/", {}, False),
        ("http://planet.lan/", {}, False),
        ("http://planet.lan/", {"allow_private_networks": True}, True),
        ("http://planet.lan/", {"allow_hosts": ("planet.lan",)}, True),
    ],
)
def test_no_hub_is_asked_to_call_an_address_that_it_cannot_reach(url, options, reachable):
    assert is_reachable(url, FetchOptions(**options)) is reachable


def test_hubs_that_redirect_for_ever_are_left(planet, blog, hub, tools):
    blog.link(f"{hub.url}/round")
    hub.on["POST", "/round"] = lambda handler, _: tools.answer(handler, 307, b"", ("Location", "/round"))

    planet.subscribe()

    assert len(hub.asked) == 6
    assert "redirects" in planet.subscription.detail


def test_another_hub_or_topic_is_another_subscription(subscribed, blog, hub):
    first = hub.forms[0]
    blog.link(hub.hub, topic=f"{blog.feed}?new")
    blog.post("two", subscribed.now)
    subscribed.later(days=1)
    subscribed.sync()
    subscribed.tend()
    subscribed.tend()

    assert sorted((form["hub.mode"], form["hub.topic"]) for form in hub.forms[1:]) == [
        ("subscribe", f"{blog.feed}?new"),
        ("unsubscribe", blog.feed),
    ]
    assert subscribed.subscription.topic == f"{blog.feed}?new"
    assert first["hub.callback"] != subscribed.subscription.callback
    assert first["hub.secret"] != subscribed.subscription.secret


def test_switched_off_all_subscriptions_are_given_up_and_we_look_ourselves(subscribed, hub):
    subscribed.sync()
    subscribed.subscriber.base = None

    subscribed.tend()
    subscribed.tend()

    assert [form["hub.mode"] for form in hub.forms] == ["subscribe", "unsubscribe"]
    assert "hub.secret" not in hub.forms[1]
    assert hub.verifications[-1].body == b"a challenge of theirs"
    assert subscribed.mill.store.subscriptions() == []
    assert subscribed.record.state.next_fetch <= subscribed.now


def test_a_hub_that_does_not_let_us_go_is_told_three_times(subscribed, hub):
    hub.status, hub.verifies = 500, False
    subscribed.subscriber.base = None
    for _ in range(6):
        subscribed.tend()
        subscribed.later(days=1)

    assert [form["hub.mode"] for form in hub.forms] == ["subscribe"] + ["unsubscribe"] * 3
    assert subscribed.mill.store.subscriptions() == []


def test_another_address_of_ours_is_another_callback(subscribed, hub):
    old = hub.forms[0]["hub.callback"]
    subscribed.subscriber.base = subscribed.public + "websub/x/"
    subscribed.tend()
    subscribed.tend()

    new = [form for form in hub.forms[1:] if form["hub.mode"] == "subscribe"]
    assert [form["hub.callback"] for form in hub.forms if form["hub.mode"] == "unsubscribe"] == [old]
    assert new[0]["hub.callback"].startswith(subscribed.subscriber.base)


def test_a_source_that_is_offered_again_before_the_hub_was_told_goes_on(subscribed, hub):
    sources = list(subscribed.mill.settings.sources)
    hub.status, hub.verifies = 500, False
    subscribed.mill.store.reconcile([], subscribed.now)
    subscribed.tend()
    hub.status, hub.verifies = 202, True
    subscribed.mill.store.reconcile(sources, subscribed.now)
    subscribed.tend()

    assert standing(subscribed) is SubscriptionStanding.ACTIVE


@pytest.mark.parametrize("change", ["password", "secret"])
def test_t74_a_source_with_a_secret_in_its_address_is_never_named_to_a_hub(make_planet, blog, hub, change):
    blog.link(hub.hub)
    url = blog.feed.replace("://", "://ada:s3cret@") if change == "password" else f"{blog.feed}?key=${{KEY}}"
    planet = make_planet(url)
    if change == "secret":
        settings = replace(planet.mill.settings, addresses={url: f"{blog.feed}?key=s3cret"})
        planet.mill.settings = settings
        planet.subscriber.address = settings.address

    planet.sync()

    assert planet.tend() == 0
    assert hub.asked == []


def test_t74_token_and_secret_stand_in_no_sentence_and_no_repr(subscribed, blog, hub):
    from feedmill.ingest.websub_trust import words

    form = hub.forms[0]
    shown = repr(subscribed.subscription) + words(subscribed.subscription, subscribed.now)
    shown += repr(subscribed.subscriber) + (subscribed.mill.settings.output / "status.json").read_text()

    assert form["hub.secret"] not in shown
    assert form["hub.callback"].rpartition("/")[2] not in shown


def test_two_processes_do_not_ask_one_hub_twice(planet, hub):
    """What one has claimed the other leaves alone, and it is asked once more when its claim is never ended."""
    planet.sync()
    planet.subscriber._settle(planet.mill.store.records())  # the first half of a round
    store = planet.mill.store
    mine = store.claim_steps(planet.now, limit=9, lease=timedelta(minutes=5))

    assert [len(mine), planet.tend(), len(hub.forms)] == [1, 0, 0]
    planet.later(minutes=6)
    assert [planet.tend(), len(hub.forms)] == [1, 1]
    twin = replace(mine[0], row=0, token="another", callback=f"{planet.subscriber.base}another")
    assert store.begin_subscriptions([twin]) == 0
