"""The real command line as a process: signals, exit codes, two daemons on one store, a real reader."""

from __future__ import annotations

import json
import signal
import socket
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

NAMES = tuple(f"blog{number}" for number in range(12))


def request(url: str, path: str, *lines: str) -> socket.socket:
    host, port = url.removeprefix("http://").strip("/").split(":")
    connection = socket.create_connection((host, int(port)), timeout=20)
    head = "\r\n".join((f"GET /{path} HTTP/1.1", "Host: x", *lines))
    connection.sendall(f"{head}\r\n\r\n".encode())
    return connection


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_ends_with_0_and_finishes_the_answer_on_its_way(
    start: Callable, tmp_path: Path, tools, number: int
) -> None:
    """A slow reader in the middle of 30 MB gets every byte; new clients are refused meanwhile."""
    tools.write_config(tmp_path)
    (tmp_path / "public").mkdir()
    (tmp_path / "public" / "big.bin").write_bytes(b"x" * 30_000_000)
    program = start("serve")
    url = program.url
    with request(url, "big.bin") as reader, request(url, "nothing") as idle:
        assert idle.recv(4096).startswith(b"HTTP/1.1 404 ")
        received = len(reader.recv(65536))
        program.process.send_signal(number)
        time.sleep(0.5)
        with pytest.raises(ConnectionRefusedError):
            request(url, "atom.xml")
        while piece := reader.recv(1_000_000):
            received += len(piece)
            time.sleep(0.01)
        assert program.process.wait(15) == 0

    assert received > 30_000_000
    assert not any("Traceback" in line or "Warning" in line for line in program.journal), program.journal


def test_run_ends_with_0_while_a_fetch_is_in_flight(start: Callable, tmp_path: Path, tools, blogs) -> None:
    """What has begun ends and is stored, what has not is given back and due for the next process."""
    blogs.delay = 1.0
    tools.write_config(tmp_path, blogs, NAMES)
    (tmp_path / "feedmill.toml").write_text(
        (tmp_path / "feedmill.toml").read_text().replace("[fetch]", "[fetch]\nworkers = 1")
    )
    program = start("run")
    assert program.url
    tools.wait_for(lambda: blogs.under_way)
    started = time.monotonic()

    assert program.end() == 0
    assert time.monotonic() - started < 20
    assert not any("Traceback" in line for line in program.journal), program.journal
    first = len(blogs.asked)
    assert 1 <= first < len(NAMES)
    blogs.delay = 0.0
    again = start("sync", "--json")
    assert again.process.wait(60) == 0
    summary = json.loads(again.lines[-1])["summary"]
    assert summary["fetched"] == len(NAMES) - first  # those that ended are stored, the others were not held up


def test_a_second_signal_does_not_wait(start: Callable, tmp_path: Path, tools, blogs) -> None:
    """128 + its number, at once."""
    blogs.delay = 8.0
    tools.write_config(tmp_path, blogs, NAMES[:1])
    program = start("run")
    assert program.url
    tools.wait_for(lambda: blogs.under_way)
    program.process.send_signal(signal.SIGTERM)
    time.sleep(0.5)
    assert program.process.poll() is None
    started = time.monotonic()

    assert program.end(signal.SIGINT) == 128 + signal.SIGINT
    assert time.monotonic() - started < 3


def test_run_fetches_publishes_and_serves(start: Callable, tmp_path: Path, tools, blogs) -> None:
    """From an empty folder to a feed that has the entries; health and metrics beside it."""
    tools.write_config(tmp_path, blogs, NAMES[:2])
    program = start("run")
    url = program.url
    tools.wait_for(lambda: b"A post of blog1" in tools.get(url + "atom.xml")[1], 30)

    assert tools.get(url + "healthz")[1].startswith(b"ok; ")
    tools.wait_for(lambda: b'feedmill_fetches_total{outcome="fetched"} 2.0' in tools.get(url + "metrics")[1])
    assert program.end() == 0
    events = [json.loads(line)["event"] for line in program.journal if line.startswith("{")]
    assert events[0] == "started"
    assert events[-2:] == ["stopping; what is in flight ends first", "stopped"]


def test_two_daemons_on_one_store_fetch_each_source_once(start: Callable, tmp_path: Path, tools, blogs) -> None:
    """The lease is in the store; both serve the same folder."""
    blogs.delay = 0.3
    tools.write_config(tmp_path, blogs, NAMES)
    assert start("status").process.wait(60) == 0  # makes the store, so that both find it
    one, two = start("run"), start("run")
    for program in (one, two):
        tools.wait_for(lambda url=program.url: tools.get(url + "atom.xml")[1].count(b"<entry") == len(NAMES), 40)
    time.sleep(1)

    assert Counter(blogs.asked) == dict.fromkeys(NAMES, 1)
    assert (one.end(), two.end()) == (0, 0)


@pytest.mark.parametrize("command", ["serve", "run"])
def test_a_port_in_use_is_one_line_and_2(start: Callable, tmp_path: Path, tools, command: str) -> None:
    """What, where, what to do; no traceback."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        path = tools.write_config(tmp_path)
        path.write_text(path.read_text().replace("port = 0", f"port = {port}"))
        program = start(command)
        assert program.process.wait(30) == 2
        tools.wait_for(lambda: program.journal)

    (line,) = program.journal
    assert f"127.0.0.1:{port}: another program listens there" in line


def test_a_publish_by_another_process_is_served_within_ten_seconds(
    start: Callable, tmp_path: Path, tools, blogs
) -> None:
    """`serve` here, `sync` there."""
    tools.write_config(tmp_path, blogs, NAMES[:1])
    program = start("serve")
    url = program.url
    assert tools.get(url)[0] == 503
    assert start("sync").process.wait(60) == 0
    tools.wait_for(lambda: tools.get(url + "atom.xml")[0] == 200, 10)

    assert program.end() == 0


def test_sighup_reads_the_configuration_again(start: Callable, tmp_path: Path, tools, blogs) -> None:
    """A source that was added is fetched with the next tick."""
    tools.write_config(tmp_path, blogs, NAMES[:1])
    program = start("run")
    assert program.url
    tools.wait_for(lambda: blogs.asked == [NAMES[0]])
    tools.write_config(tmp_path, blogs, NAMES[:2])
    program.process.send_signal(signal.SIGHUP)
    tools.wait_for(lambda: blogs.asked == list(NAMES[:2]), 20)

    assert program.end() == 0
