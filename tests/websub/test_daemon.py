"""A real `feedmill run` beside a real blog and hub: what is pushed is published at once, and all is told in words."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest

from feedmill.feeds.store import Store
from feedmill.feeds.subscription import SubscriptionStanding


def write_config(folder, source, port, *, websub=True):
    (folder / "feedmill.toml").write_text(
        f'''
title = "Planet"
url = "http://127.0.0.1:{port}/"
store = "feedmill.db"
output = "public"
[fetch]
allow_private_networks = true
[serve]
port = {port}
websub = {str(websub).lower()}
[[source]]
url = "{source}"
'''
    )


@pytest.fixture
def start(tmp_path):
    running = []

    def begin(folder=tmp_path):
        journal = (tmp_path / f"journal-{len(running)}").open("w+")
        process = subprocess.Popen(
            [sys.executable, "-m", "feedmill", "run"],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=journal,
            env={**os.environ, "PYTHONWARNINGS": "default", "COVERAGE_PROCESS_START": ""},
        )
        running.append((process, journal))
        return process

    yield begin
    for process, journal in running:
        if process.poll() is None:
            process.kill()
        process.wait()
        journal.close()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def feedmill(folder, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "feedmill", *arguments], cwd=folder, capture_output=True, text=True, check=True
    ).stdout


def test_what_a_hub_pushes_is_published_at_once_and_told_in_words(tmp_path, blog, hub, start, tools):
    blog.link(hub.hub)
    port = free_port()
    write_config(tmp_path, blog.feed, port)
    process = start()
    tools.wait_for(lambda: hub.verifications, 60)
    polls = len(blog.polls())

    blog.post("two", tools.now())
    assert hub.deliver(blog.document).status == 202

    def served():
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/atom.xml", timeout=10) as answer:
            return b"Post two" in answer.read()

    tools.wait_for(served)
    assert len(blog.polls()) == polls  # nobody asked the blog for it

    (source,) = json.loads(feedmill(tmp_path, "status", "--json"))["sources"]
    told = feedmill(tmp_path, "why", blog.feed)
    secrets = [hub.forms[0]["hub.secret"], hub.forms[0]["hub.callback"].rpartition("/")[2]]
    process.send_signal(signal.SIGTERM)
    assert process.wait(40) == 0
    journal = (tmp_path / "journal-0").read_text()

    assert "tells us of new entries until" in source["hub"]
    assert "tells us of new entries until" in told
    assert "we look every 6 hours besides" in told
    assert "pushed" in journal
    assert not [secret for secret in secrets if secret in journal + told + json.dumps(source)]
    assert "Traceback" not in journal

    # Switched off, the next run gives the subscription up, though its callbacks are no longer offered.
    write_config(tmp_path, blog.feed, port, websub=False)
    process = start()
    tools.wait_for(lambda: len(hub.verifications) == 2, 60)
    assert hub.forms[-1]["hub.mode"] == "unsubscribe"
    assert hub.verifications[-1].status == 200
    process.send_signal(signal.SIGTERM)
    assert process.wait(40) == 0


def test_one_feedmill_tells_the_next_through_its_own_hub(tmp_path, blog, hub, start, tools):
    """A blog's hub pushes to the first planet, which publishes; its own hub pushes to the second. Nobody polls."""
    blog.link(hub.hub)
    first, second = tmp_path / "first", tmp_path / "second"
    ports = {first: free_port(), second: free_port()}
    for folder in ports:
        folder.mkdir()

    def served(folder, words):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{ports[folder]}/atom.xml", timeout=10) as answer:
                return words in answer.read()
        except OSError:
            return False

    def active(folder):
        with Store.open(folder / "feedmill.db", read_only=True) as store:
            return any(each.standing is SubscriptionStanding.ACTIVE for each in store.subscriptions())

    write_config(first, blog.feed, ports[first])
    start(first)
    tools.wait_for(lambda: served(first, b"Post one") and hub.verifications, 60)
    write_config(second, f"http://127.0.0.1:{ports[first]}/atom.xml", ports[second])
    start(second)
    tools.wait_for(lambda: served(second, b"Post one") and active(second), 60)
    polls = len(blog.polls())

    blog.post("two", tools.now())
    hub.deliver(blog.document)

    tools.wait_for(lambda: served(second, b"Post two"), 60)
    assert len(blog.polls()) == polls
    with Store.open(second / "feedmill.db", read_only=True) as store:
        (record,) = store.records()
        assert store.history(record.row)[0].outcome == "pushed"
