"""One message out, a short answer back: guarded and timed like every fetch, and never redirected."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from feedmill.feeds.outcome import Failure, FailureKind
from feedmill.ingest.message import Messenger
from feedmill.ingest.options import FetchOptions

OPEN = FetchOptions(user_agent="feedmill/test", allow_private_networks=True)


@pytest.fixture
def place() -> Iterator[tuple[str, list[tuple[str, str, dict[str, str], bytes]], threading.Event]]:
    """A server that notes what it is sent: /long answers 10 KB, /moved redirects, /slow waits for the event."""
    seen: list[tuple[str, str, dict[str, str], bytes]] = []
    go = threading.Event()

    class Callback(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            seen.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            if self.path == "/slow":
                self.close_connection = go.wait(20)
                return  # by then nobody listens
            reply = b"x" * 10_000 if self.path == "/long" else b"ok"
            self.send_response(302 if self.path == "/moved" else 202)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

        do_GET = do_POST = answer  # noqa: N815  the names that the server calls

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Callback)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", seen, go
    go.set()
    server.shutdown()
    server.server_close()


def test_method_headers_and_body_go_out_as_given(place) -> None:
    base, seen, _ = place
    with Messenger(OPEN) as messenger:
        reply = messenger.send("POST", f"{base}/a?b=c", headers={"Content-Type": "text/x"}, body=b"\x00\xff")

    assert (reply.status, reply.body) == (202, b"ok")
    [(method, path, headers, body)] = seen
    assert (method, path, body) == ("POST", "/a?b=c", b"\x00\xff")
    assert (headers["content-type"], headers["content-length"]) == ("text/x", "2")
    assert headers["user-agent"] == "feedmill/test"


def test_a_redirect_is_an_answer_and_a_long_body_is_cut(place) -> None:
    base, seen, _ = place
    with Messenger(OPEN) as messenger:
        moved = messenger.send("GET", f"{base}/moved")
        long = messenger.send("GET", f"{base}/long", max_reply_bytes=100)
        again = messenger.send("GET", f"{base}/")

    assert (moved.status, moved.headers["location"]) == (302, "/elsewhere")
    assert (long.body, again.body) == (b"x" * 100, b"ok")
    assert [path for _, path, _, _ in seen] == ["/moved", "/long", "/"]


def test_the_guard_and_the_deadline_hold_here_too(place) -> None:
    base, seen, _ = place
    with Messenger(FetchOptions()) as guarded, Messenger(OPEN) as messenger:
        blocked = guarded.send("POST", base, body=b"")
        late = messenger.send("GET", f"{base}/slow", timeout=timedelta(seconds=0.5))
        nowhere = messenger.send("GET", "ftp://x.example/")

    assert [each.kind for each in (blocked, late, nowhere) if isinstance(each, Failure)] == [
        FailureKind.BLOCKED_ADDRESS,
        FailureKind.TIMEOUT,
        FailureKind.BLOCKED_ADDRESS,
    ]
    assert [path for _, path, _, _ in seen] == ["/slow"]
