"""Hubs of others are told of each feed that changed: when it can be fetched, once, and again when they were away."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from feedmill.build import Mill
from feedmill.cli import exit_code, feedmill
from feedmill.commands_read import _status_document, _websub_lines
from feedmill.config.load import load
from feedmill.feeds.errors import DeliveryError
from feedmill.feeds.store_hub import HubMemory
from feedmill.ingest.message import Messenger
from feedmill.ingest.options import FetchOptions
from feedmill.publish.websub import MARK, Pinger

ALL = {"/atom.xml", "/rss.xml", "/feed.json", "/source/127-0-0-1-{port}/atom.xml", "/tag/baking/atom.xml"}


def told(hub) -> set[str]:
    """The paths of the topics in all pings; each must be a whole one."""
    paths = []
    for ping in hub.deliveries:
        fields = parse_qs(ping.body.decode(), strict_parsing=True)
        assert ping.headers["content-type"] == "application/x-www-form-urlencoded"
        assert fields["hub.mode"] == ["publish"]
        assert fields["hub.url"] == fields["hub.topic"]
        paths.append(urlsplit(fields["hub.url"][0]).path)
    assert len(paths) == len(set(paths))
    hub.received.clear()
    return set(paths)


def test_each_feed_whose_bytes_changed_is_told_once_and_nothing_when_nothing_changed(
    configured: Callable, subscriber, blog
) -> None:
    """P2 and P5; the files are in place, and nothing answers at our address: that is all we can know."""
    settings = load(configured(f'hubs = ["{subscriber.url("/hub?key=1")}"]'))
    everything = {path.format(port=blog.port) for path in ALL}
    with Mill(settings) as mill:
        mill.sync()
        assert mill.announce() == []
        assert told(subscriber) == everything
        mill.sync(force=True)
        assert mill.publish().written == ()
        assert mill.announce() == []
        assert told(subscriber) == set()
        blog.posts.append("Second")
        mill.sync(force=True)
        assert mill.announce() == []
        assert told(subscriber) == everything
    named = f'rel="hub" href="{subscriber.url("/hub?key=1")}"'.encode()
    for feed in ("atom.xml", "tag/baking/atom.xml", f"source/127-0-0-1-{blog.port}/atom.xml"):
        assert (settings.output / feed).read_bytes().count(named) == 1


def test_a_retraction_is_told_at_once(configured: Callable, subscriber) -> None:
    """Who holds a copy hears of it now, not after the next sync."""
    path = configured(f'hubs = ["{subscriber.url("/hub")}"]')
    with Mill(load(path)) as mill:
        mill.sync()
        mill.announce()
        [stored] = mill.store.latest(limit=1)
    told(subscriber)

    arguments = ["--config", str(path), "takedown", stored.entry.id]

    assert exit_code(lambda: feedmill(arguments, standalone_mode=False)) == 0
    assert "/atom.xml" in told(subscriber)


def test_without_hubs_nobody_is_told_and_nothing_is_remembered(configured: Callable, subscriber, tmp_path) -> None:
    settings = load(configured())
    with Mill(settings) as mill:
        mill.sync()
        assert mill.announce() == []
        assert mill.store.meta(MARK) is None
    with HubMemory.open(settings.store) as memory:
        assert memory.counts().pings_due == 0
    assert b"hub" not in (settings.output / "atom.xml").read_bytes()


def test_a_publish_that_was_killed_before_it_could_note_its_pings_leaves_them_to_the_next(
    configured: Callable, subscriber, blog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new bytes lie there already, so the next publish writes nothing; it tells them all the same."""
    settings = load(configured(f'hubs = ["{subscriber.url()}"]'))
    with Mill(settings) as mill:
        mill.sync()
        mill.announce()
        told(subscriber)
        blog.posts.append("Second")

        def killed(*_: object, **__: object) -> None:
            raise DeliveryError("killed")

        with monkeypatch.context() as patched, pytest.raises(DeliveryError):
            patched.setattr("feedmill.publish.edition._deliver_status", killed)
            mill.sync(force=True)
        assert mill.store.meta(MARK) is not None
        assert told(subscriber) == set()
    with Mill(settings) as mill:
        assert mill.publish().written != ()
        mill.announce()

        assert "/atom.xml" in told(subscriber)
        assert mill.store.meta(MARK) is None


def test_status_counts_what_hubs_have_not_been_told(configured: Callable, subscriber) -> None:
    """And says nothing of hubs where there are none."""
    plain = load(configured())
    settings = load(configured("websub = true", f'hubs = ["{subscriber.url()}"]'))
    before = _status_document(settings)["websub"]
    subscriber.status = 503
    with Mill(settings) as mill:
        mill.sync()
        [trouble] = mill.announce()
    after = _status_document(settings)["websub"]

    assert trouble.startswith(f"{subscriber.url()}: the hub was not told yet: it answered 503")
    assert (before["subscriptions"], before["pings_due"]) == (0, 0)
    assert (after["hub"], after["hubs"]) == (settings.own_hub, [subscriber.url()])
    assert (after["pings_due"], after["troubles"]) == (5, [f"{subscriber.url()}: it answered 503"])
    assert _websub_lines(after) == [
        "hub: 0 subscriptions of 0 hosts",
        "hubs: 5 changes not told yet",
        f"  {subscriber.url()}: it answered 503",
    ]
    assert "websub" not in _status_document(plain)


class Clock:
    """Wall time that a test moves."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def pinging(tmp_path, subscriber):
    """A pinger for one hub with a clock of its own, and what it may see."""
    clock = Clock()
    visible: set[str] = set()
    with HubMemory.open(tmp_path / "hub.db") as memory, Messenger(FetchOptions(allow_private_networks=True)) as sender:
        pinger = Pinger(
            memory,
            hubs=[subscriber.url()],
            send=sender.send,
            visible=lambda topic, _digest: topic in visible,
            clock=clock,
            pauses=(timedelta(minutes=1), timedelta(minutes=5)),
        )

        def step() -> int:
            """Tell what is due now; how many pings came to the hub."""
            before = len(subscriber.deliveries)
            for batch in pinger.claim().values():
                pinger.tell(batch)
            return len(subscriber.deliveries) - before

        yield memory, pinger, clock, visible, step


def test_a_hub_is_told_only_when_the_new_bytes_can_be_fetched(pinging, subscriber) -> None:
    """F2."""
    memory, _, clock, visible, step = pinging
    memory.owe_pings([subscriber.url()], {"https://p.example/atom.xml": b"1" * 16}, clock.now)
    found = [step()]
    clock.now += timedelta(seconds=3)
    found.append(step())
    visible.add("https://p.example/atom.xml")
    clock.now += timedelta(seconds=3)
    found.append(step())
    clock.now += timedelta(days=1)
    found.append(step())

    assert found == [0, 0, 1, 0]


def test_bytes_that_are_never_served_are_not_waited_for_for_ever(pinging, subscriber) -> None:
    """A feed that was withdrawn before its hub was told; it is looked for more and more rarely."""
    memory, pinger, clock, _, step = pinging
    memory.owe_pings([subscriber.url()], {"https://p.example/gone/atom.xml": b"1" * 16}, clock.now)
    looks = 0
    while (due := pinger.due()) is not None:
        looks += 1
        clock.now = max(clock.now, due) + timedelta(seconds=1)
        assert step() == 0

    assert 20 < looks < 100
    assert memory.counts().pings_due == 0


def test_tries_are_bounded_and_the_next_change_is_tried_again(pinging, subscriber) -> None:
    """A hub that is away is asked once for each pause, not once for each feed."""
    memory, pinger, clock, visible, step = pinging
    topics = [f"https://p.example/{number}/atom.xml" for number in range(5)]
    visible.update(topics)
    subscriber.status = 503
    memory.owe_pings([subscriber.url()], dict.fromkeys(topics, b"1" * 16), clock.now)
    tries = []
    for _ in range(6):
        tries.append(step())
        clock.now += timedelta(minutes=10)

    assert tries == [1, 1, 1, 0, 0, 0]
    assert pinger.due() is None
    assert "it answered 503" in memory.counts().troubles[0]
    subscriber.status = 204
    memory.owe_pings([subscriber.url()], dict.fromkeys(topics, b"1" * 16), clock.now)
    assert step() == 0
    memory.owe_pings([subscriber.url()], dict.fromkeys(topics, b"2" * 16), clock.now)
    assert step() == 5
    assert memory.counts().troubles == ()


def test_a_hub_that_refuses_is_not_asked_again_for_the_same_change(pinging, subscriber) -> None:
    memory, pinger, clock, visible, step = pinging
    visible.add("https://p.example/atom.xml")
    subscriber.status = 400
    memory.owe_pings([subscriber.url()], {"https://p.example/atom.xml": b"1" * 16}, clock.now)

    assert [step(), pinger.due()] == [1, None]


def test_a_change_that_comes_while_a_hub_is_told_stays_due(pinging, subscriber) -> None:
    memory, pinger, clock, visible, step = pinging
    topic = "https://p.example/atom.xml"
    visible.add(topic)
    memory.owe_pings([subscriber.url()], {topic: b"1" * 16}, clock.now)
    [batch] = pinger.claim().values()
    memory.owe_pings([subscriber.url()], {topic: b"2" * 16}, clock.now)
    pinger.tell(batch)

    assert step() == 1
    assert pinger.due() is None


def test_pings_of_a_process_that_was_killed_are_told_when_their_lease_is_over(pinging, subscriber) -> None:
    memory, pinger, clock, visible, step = pinging
    visible.add("https://p.example/atom.xml")
    memory.owe_pings([subscriber.url()], {"https://p.example/atom.xml": b"1" * 16}, clock.now)
    assert len(pinger.claim()) == 1
    assert step() == 0
    clock.now += timedelta(minutes=30)

    assert step() == 1


def test_a_hub_that_does_not_answer_holds_up_no_command_for_long(pinging, subscriber) -> None:
    """`drain` ends when nothing is due before its limit."""
    memory, pinger, clock, visible, _ = pinging
    visible.add("https://p.example/atom.xml")
    subscriber.status = 500
    memory.owe_pings([subscriber.url()], {"https://p.example/atom.xml": b"1" * 16}, clock.now)

    assert not pinger.drain(threading.Event(), limit=timedelta(seconds=20))
    assert len(subscriber.deliveries) == 1
