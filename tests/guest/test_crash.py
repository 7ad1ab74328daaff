"""Check 28: killed while a document arrives, and again after it came: the next request carries the old validators."""

from __future__ import annotations

import signal
import socket
import time

import pytest


def test_check_028_killed_while_a_body_arrives_nothing_is_lost(planet, origin, reply, rss, conditional):
    """kill -9 in the middle of the new document: the next process sends the old ETag and has the old entries."""
    begun: list[float] = []

    def half(request, sock: socket.socket) -> None:
        body = rss("one", "two", "three")
        head = f'HTTP/1.1 200 OK\r\nETag: "new"\r\nContent-Length: {len(body)}\r\n\r\n'.encode()
        sock.sendall(head + body[: len(body) // 2])
        begun.append(time.monotonic())
        time.sleep(30)

    url = origin.on("/feed", reply(200, rss("one"), 'ETag: "old"'), half, reply(200, rss("one", "two"), 'ETag: "two"'))
    planet.configure(url, fetch='timeout = "60s"')
    planet.sync()
    before = planet.published()

    process = planet.start("sync", "--force")
    while not begun and process.poll() is None:
        time.sleep(0.02)
    time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.communicate()

    assert planet.published() == before
    assert planet.status()[url]["entries"] == 1
    line = planet.sync("--force")[url]
    assert [each.get("If-None-Match") for each in origin.asked()] == [None, '"old"', '"old"']
    assert (line["outcome"], line["new"]) == ("fetched", 1)


def test_check_028_a_process_that_ends_before_the_commit_keeps_the_old_validators(house, planet, origin, reply, rss):
    """The document came whole and was read; the process ends at the moment of writing it down."""
    from feedmill.feeds.store import Store

    url = origin.on("/feed", reply(200, rss("one"), 'ETag: "old"'), reply(200, rss("two"), 'ETag: "new"'))
    planet.configure(url)
    house.sync()

    class KilledError(BaseException):
        pass

    commit = Store.commit

    def killed(*_: object) -> list[bool]:
        raise KilledError

    Store.commit = killed  # type: ignore[method-assign, assignment]
    try:
        with pytest.raises(KilledError):
            house.when_due(url)
    finally:
        Store.commit = commit  # type: ignore[method-assign]
    house.after(hours=1)

    assert [each.get("If-None-Match") for each in origin.asked()] == [None, '"old"', '"old"']
    assert {each.entry.guid.rpartition("/")[2] for each in house.entries} == {"one", "two"}
