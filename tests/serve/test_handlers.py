"""Paths that a program answers itself: POST with a bounded body, never on the loop that serves readers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

import pytest

from feedmill.feeds.errors import StoreError
from feedmill.publish.connection import Limits
from feedmill.publish.handlers import WAITING, handled

Asked = tuple[str, str, str, Mapping[str, str], bytes]


class Handler:
    """Remembers what it was asked; answers 202, or raises, or waits for `go`."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.error: Exception | None = None
        self.go: threading.Event | None = None

    def __call__(
        self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        self.asked.append((method, path, query, headers, body))
        if self.error is not None:
            raise self.error
        if self.go is not None:
            self.go.wait(20)
        return 202, {"X-Own": "yes"}, b"taken\n"


@pytest.fixture
def handler() -> Handler:
    return Handler()


@pytest.fixture
def served(serving: Callable, handler: Handler) -> Callable:
    """A client of a server with `/own` and everything below `/below/`."""

    def start(**more):
        routes = [handled(path, handler, max_body_bytes=1000) for path in ("/own", "/below/")]
        return serving(routes=routes, **more)[0]

    return start


def post(path: str, body: bytes, *lines: str, length: bool = True) -> bytes:
    head = [f"POST {path} HTTP/1.1", "Host: x", "Connection: close", *lines]
    head += [f"Content-Length: {len(body)}"] if length else []
    return "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body


def test_a_handler_gets_the_request_as_it_came_and_its_answer_arrives(served: Callable, handler: Handler) -> None:
    client = served()
    found = client.raw(post("/below/a%20b?x=%20&y", b"\x00body", "X-One: 1", "X-One: 2"))

    [(method, path, query, headers, body)] = handler.asked
    assert (method, path, query, body) == ("POST", "/below/a b", "x=%20&y", b"\x00body")
    assert headers["x-one"] == "1, 2"
    assert found.startswith(b"HTTP/1.1 202 ")
    assert found.endswith(b"\r\n\r\ntaken\n")
    for line in (b"x-own: yes", b"content-type: text/plain", b"x-content-type-options: nosniff", b"cache-control: no-"):
        assert line in found


def test_get_and_head_pass_and_other_methods_do_not(served: Callable, handler: Handler) -> None:
    client = served()

    assert client.ask("/own").body == b"taken\n"
    head = client.ask("/own", "HEAD")
    assert (head.status, head.headers["content-length"], head.body) == (202, "6", b"")
    assert [asked[0] for asked in handler.asked] == ["GET", "GET"]
    for method in ("PUT", "DELETE", "OPTIONS", "TRACE"):
        refused = client.ask("/own", method)
        assert (refused.status, refused.headers["allow"]) == (405, "GET, POST")
    assert client.ask("/ownx").status == 404
    assert client.ask("/below").status in (404, 307)
    assert client.ask("/atom.xml").status == 200


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(("size", "status"), [(1000, 202), (1001, 413), (1_000_000, 413)])
def test_a_body_above_the_cap_is_refused_and_never_reaches_the_handler(
    served: Callable, handler: Handler, size: int, status: int, chunked: bool
) -> None:
    body = b"x" * size
    if chunked:
        request = post("/own", b"%x\r\n%s\r\n0\r\n\r\n" % (size, body), "Transfer-Encoding: chunked", length=False)
    else:
        request = post("/own", body)
    client = served()
    with client.connect() as connection:
        try:
            connection.sendall(request)
            found = connection.recv(65536)
        except (ConnectionResetError, BrokenPipeError):  # refused while we still sent
            found = b"HTTP/1.1 413 "

    assert found.startswith(b"HTTP/1.1 %d " % status)
    assert len(handler.asked) == (status == 202)


def test_a_body_that_does_not_come_ends_with_its_deadline(served: Callable, handler: Handler, caplog) -> None:
    client = served(limits=Limits(body=1.0))
    started = time.monotonic()
    with client.connect() as connection:
        connection.sendall(post("/own", b"x", "Content-Length: 500", length=False))
        while connection.recv(65536):
            pass

    assert time.monotonic() - started < 5
    assert handler.asked == []
    assert caplog.records == []


def test_slow_handlers_delay_no_reader_and_a_crowd_is_told_to_come_back(served: Callable, handler: Handler) -> None:
    client = served()
    handler.go = threading.Event()
    connections = [client.connect() for _ in range(WAITING)]
    try:
        for connection in connections:
            connection.sendall(post("/own", b""))
        deadline = time.monotonic() + 10
        while len(handler.asked) < 4 and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(0.3)
        started = time.monotonic()
        assert client.ask_kept("/atom.xml").status == 200
        refused = client.ask("/own")
        assert time.monotonic() - started < 3
        assert (refused.status, "retry-after" in refused.headers) == (503, True)
        assert len(handler.asked) == 4
        handler.go.set()
        assert all(connection.recv(100).startswith(b"HTTP/1.1 202 ") for connection in connections)
    finally:
        handler.go.set()
        for connection in connections:
            connection.close()


def test_trouble_with_the_store_is_503_and_tells_nothing(served: Callable, handler: Handler) -> None:
    client = served()
    handler.error = StoreError("/secret/path/feedmill.db: locked")
    found = client.ask("/own")

    assert found.status == 503
    assert "retry-after" in found.headers
    assert b"secret" not in found.body


def test_a_bug_in_a_handler_is_500_and_the_server_lives(served: Callable, handler: Handler) -> None:
    client = served()
    handler.error = RuntimeError("a bug")

    assert client.ask("/own").status == 500
    assert client.ask("/atom.xml").status == 200
