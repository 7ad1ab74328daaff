"""Clients that are slow, idle, greedy or many cannot keep others out (network.md S18, T78)."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress

import pytest

from feedmill.publish.connection import Limits

QUICK = Limits(head=1.0, body=1.0, idle=1.0, stall=2.0, connections=1000)


def closed_within(connection: socket.socket, seconds: float) -> bool:
    connection.settimeout(seconds)
    try:
        while connection.recv(65536):
            pass
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False
    return True


def read_rest(connection: socket.socket) -> bytes:
    data = b""
    with suppress(ConnectionResetError):
        while piece := connection.recv(1_000_000):
            data += piece
    return data


@pytest.mark.parametrize("first", [b"", b"GET /atom.xml HTTP/1.1\r\nHo", b"\r\n"])
def test_a_request_head_must_come_in_time(serving: Callable, first: bytes) -> None:
    """Also when nothing comes at all."""
    client, _ = serving(limits=QUICK)
    with client.connect() as connection:
        connection.sendall(first)
        assert closed_within(connection, 4)


def test_dripping_bytes_extend_no_deadline(serving: Callable) -> None:
    """Slowloris: a byte every now and then, for ever."""
    client, _ = serving(limits=QUICK)
    with client.connect() as connection:
        started = time.monotonic()
        with pytest.raises(OSError, match=r"."):
            connection.sendall(b"GET /atom.xml HTTP/1.1\r\n")
            while time.monotonic() - started < 8:
                connection.sendall(b"X-A: b\r\n")
                time.sleep(0.2)
        assert time.monotonic() - started < 4


def test_dripping_a_body_after_the_answer_ends_too(serving: Callable) -> None:
    """A GET that announces a megabyte and sends it a byte at a time."""
    client, _ = serving(limits=QUICK)
    with client.connect() as connection:
        started = time.monotonic()
        with pytest.raises(OSError, match=r"."):
            connection.sendall(b"GET /atom.xml HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n")
            while time.monotonic() - started < 8:
                connection.sendall(b"x")
                time.sleep(0.1)
        assert time.monotonic() - started < 5


@pytest.mark.parametrize("path", [b"/atom.xml", b"/nothing"])
def test_an_idle_connection_is_closed_after_its_answer(serving: Callable, path: bytes) -> None:
    """By either lane; not before its time."""
    client, _ = serving(limits=QUICK)
    with client.connect() as connection:
        connection.sendall(b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % path)
        connection.settimeout(0.5)
        assert connection.recv(65536).startswith(b"HTTP/1.1 ")
        assert not closed_within(connection, 0.3)
        assert closed_within(connection, 4)


def test_a_client_that_takes_nothing_is_dropped(serving: Callable, folder) -> None:
    """A big answer that nobody reads; one that is read slowly arrives whole."""
    (folder / "big.png").write_bytes(bytes(20_000_000))
    client, _ = serving(limits=QUICK)
    request = b"GET /big.png HTTP/1.1\r\nHost: x\r\n\r\n"
    with client.connect() as deaf, client.connect() as slow:
        deaf.sendall(request)
        slow.sendall(request)
        received = 0
        started = time.monotonic()
        while received < 20_000_000:
            received += len(slow.recv(1_000_000))
            if time.monotonic() - started < 4:
                time.sleep(0.2)
        assert len(read_rest(deaf)) < 20_000_000
    assert received >= 20_000_000


def test_pipelining_without_reading_costs_bounded_memory(serving: Callable, folder) -> None:
    """Ten thousand requests for a big file on one connection: answers are made as they are taken."""
    (folder / "big.png").write_bytes(bytes(1_000_000))
    client, site = serving(limits=QUICK)
    with client.connect() as connection:
        connection.settimeout(1)
        with suppress(TimeoutError, ConnectionResetError):
            connection.sendall(b"GET /big.png HTTP/1.1\r\nHost: x\r\n\r\n" * 10_000)
        time.sleep(0.5)
        assert site.served[200] < 20


@pytest.mark.parametrize("size", [20_000, 1_000_000])
@pytest.mark.parametrize("shape", ["one header", "many headers", "target", "no end"])
def test_a_huge_head_is_refused(serving: Callable, size: int, shape: str) -> None:
    """T78: a 1 MB header; 431, and the connection ends."""
    client, _ = serving()
    head = {
        "one header": b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * size + b"\r\n\r\n",
        "many headers": b"GET / HTTP/1.1\r\n" + b"X: aaaaaaaa\r\n" * (size // 12) + b"\r\n",
        "target": b"GET /?" + b"a" * size + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        "no end": b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * size,
    }[shape]
    with client.connect() as connection:
        try:
            connection.sendall(head)
            received = connection.recv(65536)
        except (ConnectionResetError, BrokenPipeError):  # refused while we still sent
            received = b"HTTP/1.1 431 "
        assert received.startswith(b"HTTP/1.1 431 ")
        assert closed_within(connection, 3)


def test_an_ordinary_long_head_is_fine(client) -> None:
    """Cookies and referrers of 8 KB exist."""
    assert client.ask_kept("/atom.xml", Referer="x" * 8000).status == 200
    assert client.ask("/atom.xml", Referer="x" * 8000).status == 200


def test_two_hundred_idle_slow_connections_do_not_stop_it(serving: Callable) -> None:
    """Issue 4, item 8: half a head each, and the next client is answered at once."""
    client, _ = serving()
    with ExitStack() as held:
        for _ in range(200):
            connection = held.enter_context(client.connect())
            connection.sendall(b"GET /atom.xml HTTP/1.1\r\nX-Slow: ")
        worst = 0.0
        for _ in range(50):
            started = time.monotonic()
            assert client.ask_kept("/atom.xml").status == 200
            worst = max(worst, time.monotonic() - started)
        assert worst < 1.0


@pytest.mark.parametrize(
    "first", [b"", b"GET /atom.xml HTTP/1.1\r\nX-Slow: ", b"GET /atom.xml HTTP/1.1\r\nHost: x\r\n\r\n"]
)
def test_at_the_cap_the_idle_make_room(serving: Callable, first: bytes) -> None:
    """More connections than allowed: the newcomer is served, the number stays bounded."""
    client, site = serving(limits=Limits(connections=40))
    with ExitStack() as held:
        for _ in range(200):
            held.enter_context(client.connect()).sendall(first)
        assert client.ask_kept("/style.css").status == 200
    assert site.served[200] >= 1


def test_a_download_is_not_the_first_to_go_at_the_cap(serving: Callable, folder) -> None:
    """The idle go before those that are being answered."""
    (folder / "big.png").write_bytes(bytes(20_000_000))
    client, _ = serving(limits=Limits(connections=20))
    received: list[int] = []
    begun = threading.Event()

    def download() -> None:
        with client.connect() as connection:
            connection.sendall(b"GET /big.png HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            total = 0
            while piece := connection.recv(500_000):
                total += len(piece)
                begun.set()
                time.sleep(0.02)
            received.append(total)

    thread = threading.Thread(target=download)
    thread.start()
    assert begun.wait(5)
    with ExitStack() as held:
        for _ in range(100):
            held.enter_context(client.connect())
        thread.join(20)
    assert received
    assert received[0] > 20_000_000
