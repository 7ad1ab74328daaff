"""The memory of the hub: one of each, nothing twice, nothing lost, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from feedmill.feeds.hub import HubRequest, pair_key
from feedmill.feeds.store_hub import HubMemory

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
LEASE = timedelta(minutes=1)
TOPIC = "https://planet.example/atom.xml"
ODD = "https://planet.example/\0/atom.xml"


@pytest.fixture
def memory(target: str) -> Iterator[HubMemory]:
    with HubMemory.open(target) as opened:
        yield opened


def request(callback: str = "https://reader.example/1", topic: str = TOPIC, **fields: object) -> HubRequest:
    host = callback.split("/")[2]
    asked = HubRequest(
        key=pair_key(topic, callback),
        mode="subscribe",
        topic=topic,
        callback=callback,
        host=host,
        lease=timedelta(days=1),
    )
    return replace(asked, **fields)


def claim(memory: HubMemory, now: datetime = NOW, **more: object) -> list[HubRequest]:
    words = count()
    options = {"limit": 99, "lease": LEASE, "challenge": lambda: f"word{next(words)}-{now}", "skip_hosts": ()}
    return memory.claim_requests(now, **{**options, **more})


def subscribe(memory: HubMemory, digest: bytes | None = b"1", now: datetime = NOW, **fields: object) -> HubRequest:
    memory.ask(request(**fields), now)
    [asked] = claim(memory, now)
    assert memory.confirm(asked, now, digest, lease_until=now + asked.lease)
    return asked


def due(memory: HubMemory, now: datetime = NOW, *, late: bool = False, **more: object) -> list[str]:
    options = {"limit": 99, "per_host": 99, "lease": LEASE, "late": late}
    return [each.callback for each in memory.claim_deliveries(now, **{**options, **more})]


def test_a_request_is_handed_out_once_until_its_lease_is_over(memory: HubMemory) -> None:
    memory.ask(request(secret="s", topic=ODD), NOW)
    [asked] = claim(memory)

    assert (asked.secret, asked.lease, asked.attempts, asked.topic) == (
        "s",
        timedelta(days=1),
        0,
        ODD.replace("\0", "�"),
    )
    assert claim(memory) == []
    assert [again.challenge != asked.challenge for again in claim(memory, NOW + LEASE)] == [True]


def test_two_processes_never_take_the_same_work(memory: HubMemory, target: str) -> None:
    for number in range(40):
        subscribe(memory, callback=f"https://r{number}.example/")
    memory.owe({TOPIC: b"2"}, NOW)
    memory.owe_pings([f"https://h{number}.example/" for number in range(40)], {TOPIC: b"1"}, NOW)
    hubs = [f"https://h{number}.example/" for number in range(40)]
    taken: list[str] = []

    def work(mine: HubMemory) -> None:
        for _ in range(10):
            taken.extend(due(mine, limit=7))
            taken.extend(ping.hub for ping in mine.claim_pings(NOW, limit=7, lease=LEASE, hubs=hubs))

    with HubMemory.open(target) as other, ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(work, each) for each in (memory, other)]:
            done.result()

    assert len(taken) == len(set(taken)) == 80


def test_of_one_host_one_question_at_a_time(memory: HubMemory) -> None:
    for number in range(3):
        memory.ask(request(f"https://reader.example/{number}"), NOW)
        memory.ask(request(f"https://other{number}.example/"), NOW)

    assert len(claim(memory, skip_hosts=["other1.example"])) == 3


def test_a_request_that_was_replaced_while_it_was_verified_changes_nothing(memory: HubMemory) -> None:
    memory.ask(request(secret="old"), NOW)
    [old] = claim(memory)
    memory.ask(request(secret="new"), NOW)

    assert not memory.confirm(old, NOW, b"1", lease_until=NOW + old.lease)
    assert not memory.settle(old)
    assert memory.counts().subscriptions == 0
    assert [each.secret for each in claim(memory)] == ["new"]


def test_a_renewal_keeps_what_is_owed_and_takes_the_new_terms(memory: HubMemory) -> None:
    subscribe(memory, secret="old")
    memory.owe({TOPIC: b"2"}, NOW)
    subscribe(memory, b"2", NOW + timedelta(hours=23), secret="new")

    assert memory.counts().subscriptions == 1
    later = NOW + timedelta(hours=25)
    [owed] = memory.claim_deliveries(later, limit=9, per_host=9, lease=LEASE, late=False)
    assert owed.secret == "new"


def test_unsubscribing_takes_it_away_and_of_a_stranger_does_nothing(memory: HubMemory) -> None:
    subscribe(memory)
    memory.ask(request("https://stranger.example/", mode="unsubscribe"), NOW)
    memory.ask(request(mode="unsubscribe"), NOW)
    for asked in claim(memory):
        assert memory.confirm(asked, NOW, None, lease_until=NOW)

    assert memory.counts().subscriptions == memory.counts().waiting == 0


def test_only_who_has_other_bytes_is_owed_and_once(memory: HubMemory) -> None:
    subscribe(memory, b"1", callback="https://a.example/")
    subscribe(memory, b"2", callback="https://b.example/")
    subscribe(memory, None, callback="https://c.example/")
    subscribe(memory, b"1", callback="https://d.example/", topic="https://planet.example/rss.xml")

    assert memory.owe({TOPIC: b"2"}, NOW) == 2
    assert memory.owe({TOPIC: b"2"}, NOW) == 0
    assert sorted(due(memory)) == ["https://a.example/", "https://c.example/"]
    assert memory.owe({TOPIC: b"1"}, NOW) == 2  # back again: a has it, b and c have not
    assert sorted(due(memory, NOW + LEASE)) == ["https://b.example/", "https://c.example/"]


def test_what_was_delivered_is_done_unless_there_is_something_newer(memory: HubMemory) -> None:
    key = subscribe(memory).key
    memory.owe({TOPIC: b"2"}, NOW)
    due(memory)
    memory.owe({TOPIC: b"3"}, NOW)
    memory.delivered(key, b"2", NOW)

    assert len(due(memory)) == 1
    memory.delivered(key, b"3", NOW)
    assert due(memory, NOW + timedelta(hours=1)) == []
    assert memory.next_due() is None


def test_failures_count_wait_and_begin_anew_with_a_change(memory: HubMemory) -> None:
    key = subscribe(memory).key
    memory.owe({TOPIC: b"2"}, NOW)
    due(memory)
    memory.failed(key, "it answered 500", until=NOW + timedelta(minutes=5))

    assert due(memory, late=True) == []
    assert due(memory, NOW + timedelta(minutes=5)) == []
    [again] = memory.claim_deliveries(NOW + timedelta(minutes=5), limit=1, per_host=1, lease=LEASE, late=True)
    assert (again.attempts, again.failing) == (1, True)
    memory.give_up(key, b"2", "it answered 500", NOW)
    assert memory.next_due() is None
    assert memory.counts().failing == 1
    assert memory.owe({TOPIC: b"2"}, NOW) == 0
    assert memory.owe({TOPIC: b"3"}, NOW) == 1
    [anew] = memory.claim_deliveries(NOW, limit=1, per_host=1, lease=LEASE, late=True)
    assert anew.attempts == 0


def test_a_host_with_thousands_keeps_nobody_waiting(memory: HubMemory) -> None:
    for number in range(20):
        subscribe(memory, callback=f"https://crowd.example/{number}")
    subscribe(memory, callback="https://alone.example/")
    memory.owe({TOPIC: b"2"}, NOW)
    found = due(memory, limit=5, per_host=2)

    assert len(found) == 3
    assert "https://alone.example/" in found
    assert due(memory, skip_hosts=["crowd.example"]) == []
    assert len(due(memory, late=True, slow_hosts=["crowd.example"], per_host=4)) == 4


def test_a_denied_topic_ends_its_subscriptions_and_each_callback_is_to_be_told(memory: HubMemory) -> None:
    for number in range(3):
        subscribe(memory, callback=f"https://r{number}.example/")
    subscribe(memory, topic="https://planet.example/rss.xml")

    assert memory.deny(TOPIC, "no more", NOW) == 3
    assert memory.counts().subscriptions == 1
    assert [(asked.mode, asked.reason) for asked in claim(memory)] == [("denied", "no more")] * 3


def test_counts_for_a_cap_leave_the_pair_itself_out(memory: HubMemory) -> None:
    subscribe(memory)
    subscribe(memory, topic="https://planet.example/rss.xml")
    memory.ask(request("https://reader.example/2"), NOW)
    memory.ask(request("https://other.example/"), NOW)

    assert memory.counts_for("reader.example", TOPIC, b"") == (4, 3, 2)
    assert memory.counts_for("reader.example", TOPIC, request().key) == (3, 2, 1)


def test_leases_end(memory: HubMemory) -> None:
    subscribe(memory)

    assert memory.expire(NOW + timedelta(hours=23)) == 0
    assert memory.expire(NOW + timedelta(days=1)) == 1
    assert memory.topics() == []


def test_pings_of_hubs_that_are_not_asked_any_more_are_forgotten(memory: HubMemory) -> None:
    memory.owe_pings(["https://a.example/", "https://b.example/"], {TOPIC: b"1"}, NOW)
    memory.drop_pings_but(["https://a.example/"])

    assert memory.counts().pings_due == 1
    assert memory.next_ping(["https://b.example/"]) is None
    assert memory.next_ping(["https://a.example/"]) == NOW
    assert memory.next_ping([]) is None
