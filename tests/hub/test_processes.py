"""The real command line: `serve` and `run` have a hub, and deliver what another process, or they, publish."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest


@pytest.fixture
def feedmill(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts `feedmill ARGS`; what still runs at the end is killed."""
    running: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        running.append(
            subprocess.Popen(
                [sys.executable, "-m", "feedmill", *arguments],
                cwd=tmp_path,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                env={**os.environ, "PYTHONWARNINGS": "default", "COVERAGE_PROCESS_START": ""},
            )
        )
        return running[-1]

    yield start
    for process in running:
        if process.poll() is None:
            process.kill()
        process.communicate()


def ask(port: int, method: str, path: str, form: dict[str, str] | None = None) -> tuple[int, str, bytes]:
    """Status, Link header and body; 0 when nothing listens."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        headers = {"Content-Type": "application/x-www-form-urlencoded"} if form else {}
        connection.request(method, path, urlencode(form or {}), headers)
        answer = connection.getresponse()
        return answer.status, answer.getheader("Link") or "", answer.read()
    except ConnectionRefusedError:
        return 0, "", b""
    finally:
        connection.close()


def subscription(port: int, callback: str) -> dict[str, str]:
    return {"hub.mode": "subscribe", "hub.topic": f"http://127.0.0.1:{port}/atom.xml", "hub.callback": callback}


def test_serve_delivers_what_another_process_publishes(
    configured: Callable, feedmill: Callable, subscribers: Callable, blog, free_port: int, until: Callable
) -> None:
    """And that process tells other hubs when `serve` shows the new feeds, not before."""
    reader, elsewhere = subscribers(), subscribers()
    configured("websub = true", f'hubs = ["{elsewhere.url("/hub")}"]')
    assert feedmill("sync").wait(60) == 0
    serve = feedmill("serve")
    assert until(lambda: ask(free_port, "GET", "/atom.xml")[0] == 200)
    _, link, before = ask(free_port, "GET", "/atom.xml")
    hub = f"http://127.0.0.1:{free_port}/hub"
    assert f'<{hub}>; rel="hub", <{elsewhere.url("/hub")}>; rel="hub"' in link
    assert before.count(b'rel="hub"') == 2
    assert ask(free_port, "POST", "/hub", subscription(free_port, reader.url()))[0] == 202
    assert until(lambda: reader.questions)
    seen = len(elsewhere.deliveries)
    blog.posts.append("Second")
    sync = feedmill("sync", "--force")

    assert until(lambda: reader.deliveries, 30)
    assert b"Second" in reader.deliveries[0].body
    assert reader.deliveries[0].body == ask(free_port, "GET", "/atom.xml")[2]
    assert f'<{hub}>; rel="hub"' in reader.deliveries[0].headers["link"]
    assert sync.wait(60) == 0
    assert until(lambda: len(elsewhere.deliveries) > seen)
    serve.send_signal(signal.SIGTERM)
    assert serve.wait(20) == 0
    output = serve.stdout.read()
    assert "Traceback" not in output
    assert "Warning" not in output


def test_run_delivers_what_it_publishes_itself(
    configured: Callable, feedmill: Callable, subscribers: Callable, blog, free_port: int, until: Callable
) -> None:
    """A subscription survives the restart; what changed meanwhile is delivered at the start."""
    reader = subscribers()
    configured("websub = true")
    first = feedmill("run")
    assert until(lambda: ask(free_port, "GET", "/atom.xml")[0] == 200, 30)
    assert ask(free_port, "POST", "/hub", subscription(free_port, reader.url()))[0] == 202
    assert until(lambda: reader.questions)
    first.send_signal(signal.SIGTERM)
    assert first.wait(30) == 0
    blog.posts.append("Second")
    assert feedmill("sync", "--force").wait(60) == 0
    assert reader.deliveries == []
    second = feedmill("run")

    assert until(lambda: reader.deliveries, 30)
    assert b"Second" in reader.deliveries[0].body
    second.send_signal(signal.SIGTERM)
    assert second.wait(30) == 0


def test_without_websub_there_is_no_hub(
    configured: Callable, feedmill: Callable, free_port: int, until: Callable, tmp_path: Path
) -> None:
    """Off by default (F3): no link, no route, no store that `serve` would make."""
    configured()
    (tmp_path / "public").mkdir()
    (tmp_path / "public" / "atom.xml").write_bytes(b"<feed/>")
    feedmill("serve")
    assert until(lambda: ask(free_port, "GET", "/atom.xml")[0] == 200)

    assert ask(free_port, "POST", "/hub", {"hub.mode": "subscribe"})[0] == 404
    assert "hub" not in ask(free_port, "GET", "/atom.xml")[1]
    assert not (tmp_path / "feedmill.db").exists()
