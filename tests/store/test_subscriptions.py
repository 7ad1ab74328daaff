"""Subscriptions at hubs and what they pushed: kept, claimed by one process at a time, let go with their source."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from feedmill.feeds.source import Source
from feedmill.feeds.subscription import Pushed, Subscription, SubscriptionStanding

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
LEASE = timedelta(minutes=5)


def draft(source_row, token="t", hub="https://hub.example/"):
    return Subscription(
        source_row=source_row,
        hub=hub,
        topic="https://blog.example/feed",
        token=token,
        callback=f"https://planet.example/websub/{token}",
        secret="secret",
        next_step=NOW,
    )


def pushed(subscription, body=b"\x00<rss/>\xff"):
    return Pushed(
        row=0,
        subscription_row=subscription.row,
        source_row=subscription.source_row,
        received_at=NOW,
        content_type="text/xml",
        body=body,
    )


@pytest.fixture
def rows(store):
    """The rows of two sources."""
    store.reconcile([Source(url=f"https://{name}.example/feed") for name in ("a", "b")], NOW)
    return [record.row for record in store.records()]


@pytest.fixture
def subscription(store, rows):
    store.begin_subscriptions([draft(rows[0])])
    return store.subscription("t")


def test_what_is_written_is_what_is_read(store, subscription):
    full = replace(
        subscription,
        standing=SubscriptionStanding.ACTIVE,
        pending="subscribe",
        asked_at=NOW,
        verified_at=NOW,
        lease_until=NOW + timedelta(days=10),
        next_step=NOW + timedelta(days=8),
        last_push=NOW,
        pushes=3,
        confirmed=2,
        misses=1,
        failures=4,
        detail="why not",
        heard=("a", "b"),
    )
    store.change_subscription(subscription.row, lambda _: full)

    assert store.subscriptions() == [full]
    assert store.subscription("t") == full
    assert store.subscription("T") is None


def test_the_same_subscription_is_begun_once(store, rows):
    assert store.begin_subscriptions([draft(rows[0]), draft(rows[1], "u")]) == 2
    assert store.begin_subscriptions([replace(draft(rows[0], "v"), secret="other")]) == 0
    assert store.begin_subscriptions([draft(rows[0], "w", hub="https://other.example/")]) == 1
    assert [each.token for each in store.subscriptions()] == ["t", "u", "w"]


def test_a_step_is_taken_by_one_process_until_it_says_that_it_is_done(store, subscription):
    assert [each.row for each in store.claim_steps(NOW, limit=9, lease=LEASE)] == [subscription.row]
    assert store.claim_steps(NOW, limit=9, lease=LEASE) == []
    store.change_subscription(subscription.row, lambda _: None, done=True)
    assert len(store.claim_steps(NOW, limit=9, lease=LEASE)) == 1
    assert len(store.claim_steps(NOW + LEASE, limit=9, lease=LEASE)) == 1


def test_a_change_is_decided_on_what_it_is_now(store, subscription):
    store.change_subscription(subscription.row, lambda now_is: replace(now_is, failures=now_is.failures + 1))
    changed = store.change_subscription(subscription.row, lambda now_is: replace(now_is, failures=now_is.failures + 1))

    assert changed is not None
    assert changed.failures == 2
    assert store.change_subscription(subscription.row + 99, lambda now_is: now_is) is None


def test_pushes_come_with_the_claim_of_their_source_in_order(store, subscription):
    kept = [store.queue_push(pushed(subscription, body), lambda _: None, most=2) for body in (b"1", b"2", b"3")]
    ((claim, waiting),) = store.claim_pushes(NOW, lease=LEASE)

    assert kept == [True, True, False]
    assert [each.body for each in waiting] == [b"1", b"2"]
    assert claim.record.row == subscription.source_row
    assert store.claim_pushes(NOW, lease=LEASE) == []
    store.release([claim])
    store.drop_pushes([waiting[0].row])
    assert [each.body for each in store.claim_pushes(NOW, lease=LEASE)[0][1]] == [b"2"]


def test_pushes_go_with_their_subscription_and_with_their_source(store, rows, subscription):
    store.queue_push(pushed(subscription), lambda _: None, most=5)
    store.drop_subscription(subscription.row)
    assert store.claim_pushes(NOW, lease=LEASE) == []

    store.begin_subscriptions([draft(rows[0])])
    store.queue_push(pushed(store.subscription("t")), lambda _: None, most=5)
    store.reconcile([], NOW)
    assert store.claim_pushes(NOW, lease=LEASE) == []


def test_a_look_is_brought_forward_and_never_put_off(store, rows):
    (claim, _) = store.claim(NOW, limit=9, lease=LEASE)
    store.release([claim])

    assert store.look_sooner(rows, NOW, "new ones are due anyway") == 0
    assert store.look_sooner([], NOW, "nobody") == 0
