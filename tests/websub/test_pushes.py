"""What is pushed goes the way of what is fetched, and never stands between us and the next poll."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from feedmill.feeds.source import SourceRules, Standing


def test_a_push_leaves_validators_hash_and_schedule_to_the_polls(subscribed, blog, hub):
    before = subscribed.record.state
    blog.post("two", subscribed.now)

    hub.deliver(blog.document)
    subscribed.take()
    after = subscribed.record.state

    assert (after.validators, after.body_hash, after.next_fetch, after.last_success, after.last_full) == (
        before.validators,
        before.body_hash,
        before.next_fetch,
        before.last_success,
        before.last_full,
    )


def test_what_a_push_left_out_the_next_poll_finds(subscribed, blog, hub, tools):
    blog.post("two", subscribed.now)
    blog.post("three", subscribed.now)

    hub.deliver(tools.rss(blog.items[0]))  # the newest alone
    subscribed.take()
    pushed = subscribed.titles()
    subscribed.later(days=1)
    (report,) = subscribed.sync()

    assert sorted(pushed) == ["Post one", "Post three"]
    assert (report.outcome, report.new, report.changed) == ("fetched", 1, 0)
    assert sorted(subscribed.titles()) == ["Post one", "Post three", "Post two"]


def test_what_was_pushed_is_not_new_when_it_is_fetched(subscribed, blog, hub):
    blog.post("two", subscribed.now)
    hub.deliver(blog.document)
    subscribed.take()

    subscribed.later(days=1)
    (report,) = subscribed.sync()

    assert (report.outcome, report.new, report.changed, report.unchanged) == ("fetched", 0, 0, 2)
    assert blog.polls()[-1]["if-none-match"]


def test_a_push_of_what_we_have_is_not_read(subscribed, blog, hub):
    hub.deliver(blog.document)

    (report,) = subscribed.take()

    assert (report.new, report.changed, report.unchanged) == (0, 0, 1)


def test_an_empty_or_broken_push_makes_us_look_ourselves_as_soon_as_manners_allow(subscribed, blog, hub):
    asked = len(blog.polls())
    for body in (b"", b"<html><title>Login</title>", b"\x00\x01\x02"):
        assert hub.deliver(body).status == 202
    reports = subscribed.take()
    state = subscribed.record.state

    assert ["no feed" in report.detail for report in reports] == [True] * 3
    assert state.standing is Standing.ACTIVE
    assert state.failure is None
    assert state.next_fetch == state.last_attempt + timedelta(minutes=10)
    assert "look ourselves" in state.reason
    assert len(blog.polls()) == asked


def test_a_push_is_scrutinised_like_a_document_that_was_fetched(make_planet, blog, hub, tools):
    blog.items = [tools.item(f"old{n}", make_date(n)) for n in range(1, 9)]
    blog.link(hub.hub)
    planet = make_planet(blog.feed)
    planet.subscribe()
    error = tools.item("e", planet.now, words="Access denied.").replace("Post e", "403 Forbidden")

    hub.deliver(tools.rss(error))
    planet.take()

    assert "403 Forbidden" not in planet.published()
    assert planet.record.state.standing is Standing.HELD


def make_date(days):
    from datetime import UTC, datetime

    return datetime(2026, 3, 1, tzinfo=UTC) - timedelta(days=3 * days)


def test_pushes_wait_while_somebody_else_looks_at_the_source(subscribed, blog, hub):
    blog.post("two", subscribed.now)
    hub.deliver(blog.document)
    claims = subscribed.mill.store.claim(subscribed.now, limit=9, lease=timedelta(minutes=5), force=True)

    assert subscribed.take() == []
    subscribed.mill.store.release(claims)
    assert [report.new for report in subscribed.take()] == [1]


def test_a_push_survives_a_restart(subscribed, blog, hub):
    """It is in the store before the hub hears that we have it."""
    from feedmill.build import Mill

    blog.post("two", subscribed.now)
    hub.deliver(blog.document)

    with Mill(subscribed.mill.settings, clock=lambda: subscribed.now) as another:
        another.reconcile()
        another.take_pushed(stop=threading.Event())
        assert [stored.entry.title for stored in another.store.latest(limit=9)] == ["Post two", "Post one"]


def test_the_rate_is_learned_from_pushes_too(subscribed, blog, hub):
    before = subscribed.record.state.rate.weight
    subscribed.later(hours=5)
    blog.post("two", subscribed.now)

    hub.deliver(blog.document)
    subscribed.take()

    assert subscribed.record.state.rate.weight > before


def test_the_ledger_says_that_a_hub_brought_it(subscribed, blog, hub):
    blog.post("two", subscribed.now)
    hub.deliver(blog.document)
    subscribed.take()

    line = subscribed.mill.store.history(subscribed.record.row)[0]

    assert (line.outcome, line.new, line.detail) == ("pushed", 1, "a hub brought it")


def test_a_document_over_which_we_stumble_does_not_wait_before_all_others(subscribed, blog, hub):
    """Rules that no configuration can give stand for a bug of ours."""
    blog.post("two", subscribed.now)
    hub.deliver(blog.document)
    bad = SourceRules(only=None, never=None, skip_steps=None)
    tick = subscribed.mill._tick(None)
    tick.rules = {blog.feed: bad}

    with pytest.raises(Exception, match="NoneType"):
        list(tick.take_pushed(subscribed.mill.store.claim_pushes(subscribed.now, lease=timedelta(minutes=5))))

    assert subscribed.mill.store.claim_pushes(subscribed.now, lease=timedelta(minutes=5)) == []
    assert subscribed.record.state.next_fetch == subscribed.now
    assert [report.new for report in subscribed.sync()] == [1]
