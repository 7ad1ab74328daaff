"""What one client may take, and who meets no limit at all."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

import pytest

from feedmill.publish.clients import MOST, Clients
from feedmill.publish.connection import Limits

STRANGER = "203.0.113.9"


def clients(**changes) -> Clients:
    return Clients(**{"connections": 2, "rate": 2.0, "burst": 4.0, **changes})


@pytest.mark.parametrize(
    ("peer", "name"),
    [
        (STRANGER, STRANGER),
        (f"::ffff:{STRANGER}", STRANGER),
        ("2a00:1450:4001:80e::1", "2a00:1450:4001:80e::/64"),
        ("2a00:1450:4001:80e:ffff::2", "2a00:1450:4001:80e::/64"),
        ("127.0.0.1", None),
        ("::1", None),
        ("::ffff:127.0.0.1", None),
        ("10.1.2.3", None),
        ("172.18.0.5", None),
        ("192.168.1.1", None),
        ("fe80::1%eth0", None),
        ("fd00::5", None),
        ("", None),
        ("unix", None),
    ],
)
def test_a_client_is_an_address_of_the_public_internet(peer: str, name: str | None) -> None:
    """An IPv6 client owns its /64; this machine and private networks meet no limit."""
    assert clients().name(peer) == name


@pytest.mark.parametrize(
    ("header", "name"),
    [
        (b"203.0.113.9", STRANGER),
        (b"1.2.3.4, 203.0.113.9", STRANGER),
        (b"1.2.3.4, 203.0.113.9, 127.0.0.1, 198.51.100.7", STRANGER),
        (b"203.0.113.9:4711", STRANGER),
        (b"[2001:db8:0:5::9]:4711", "2001:db8:0:5::/64"),
        (b'"[2001:db8:0:5::9]"', "2001:db8:0:5::/64"),
        (b"unknown", None),
        (b"", None),
        (b"10.0.0.9", None),
        (b"\xff\xfe,,", None),
    ],
)
def test_a_proxy_that_we_trust_says_who_asks(header: bytes, name: str | None) -> None:
    """The last address that is not a proxy of ours; what a stranger wrote before it counts for nothing."""
    assert clients(trusted=("127.0.0.0/8", "198.51.100.7")).forwarded(header) == name


def test_tokens_come_back_with_time_and_one_client_takes_none_from_another() -> None:
    found = clients()
    waits = [found.wait("a", 1, 100.0) for _ in range(5)]

    assert waits == [0.0, 0.0, 0.0, 0.0, 0.5]
    assert found.wait("b", 4, 100.0) == 0.0
    assert found.wait("a", 1, 100.5) == 0.0
    assert found.wait("a", 1, 100.5) == 0.5
    assert [found.wait("a", 1, 1000.0) for _ in range(5)] == [0.0, 0.0, 0.0, 0.0, 0.5]
    assert clients(rate=0).wait("a", 99, 1.0) == 0.0


def test_a_flood_of_addresses_costs_bounded_memory() -> None:
    found = clients()
    for number in range(2 * MOST):
        found.wait(f"{number}", 4, number / 1e6)

    assert len(found._buckets) <= MOST


PUBLIC = Limits(per_client=3, rate=1.0, burst=6.0, unlimited=(), trusted=())
PROXIED = Limits(per_client=3, rate=1.0, burst=6.0)


def test_who_asks_too_often_is_told_when_to_come_back(serving: Callable) -> None:
    client, site = serving(limits=PUBLIC)
    answers = [client.ask_kept("/atom.xml") for _ in range(4)] + [client.ask("/atom.xml") for _ in range(4)]

    assert [answer.status for answer in answers] == [200] * 6 + [429] * 2
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 2
    assert site.served[429] == 2


def test_a_reader_with_a_matching_tag_is_never_limited(serving: Callable) -> None:
    """By either lane; it costs nothing (network.md S17)."""
    client, _ = serving(limits=PUBLIC)
    tag = client.ask_kept("/atom.xml").headers["etag"]
    found = {client.ask_kept("/atom.xml", If_None_Match=tag).status for _ in range(30)}
    found |= {client.ask("/atom.xml", If_None_Match=tag).status for _ in range(30)}

    assert found == {304}


def test_posts_cost_more(serving: Callable) -> None:
    client, _ = serving(limits=PUBLIC)

    assert [client.ask("/atom.xml", "POST").status for _ in range(2)] == [405, 429]


def test_behind_a_proxy_each_reader_has_a_limit_of_its_own_and_the_proxy_none(serving: Callable) -> None:
    client, _ = serving(limits=PROXIED)
    mine = [client.ask_kept("/atom.xml", X_Forwarded_For=STRANGER).status for _ in range(7)]
    mine += [client.ask("/", X_Forwarded_For=STRANGER).status for _ in range(2)]
    others = [client.ask_kept("/atom.xml", X_Forwarded_For=f"203.0.113.{number}").status for number in range(10, 40)]
    none = [client.ask_kept("/atom.xml").status for _ in range(20)]

    assert mine == [200] * 6 + [429] * 3
    assert set(others + none) == {200}


def test_a_stranger_cannot_hide_behind_a_header(serving: Callable) -> None:
    client, _ = serving(limits=PUBLIC)
    found = [client.ask_kept("/atom.xml", X_Forwarded_For=f"203.0.113.{number}").status for number in range(9)]

    assert found == [200] * 6 + [429] * 3


def test_connections_of_one_client_are_capped_and_of_a_proxy_not(serving: Callable) -> None:
    for limits, expected in ((PUBLIC, [200, 200, 200, 429, 429]), (PROXIED, [200] * 5)):
        client, _ = serving(limits=limits)
        with ExitStack() as held:
            found = []
            for _ in range(5):
                connection = held.enter_context(client.connect())
                connection.sendall(b"GET /style.css HTTP/1.1\r\nHost: x\r\n\r\n")
                found.append(int(connection.recv(65536).split()[1]))
            assert found == expected
        assert client.ask_kept("/style.css").status in (200, 429)


def test_a_connection_that_ended_frees_its_place(serving: Callable) -> None:
    client, _ = serving(limits=Limits(per_client=2, rate=0, unlimited=(), trusted=()))

    assert {client.ask_kept("/style.css").status for _ in range(20)} == {200}
