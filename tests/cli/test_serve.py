"""serve and run, as a service manager starts and stops them."""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager

import pytest


@contextmanager
def started(name, folder):
    """The process and the address on which it answers; killed at the end if it still lives."""
    process = subprocess.Popen(
        [sys.executable, "-m", "feedmill", name], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    try:
        for line in process.stdout:
            if found := re.search(r"http://127\.0\.0\.1:\d+/", line):
                yield process, found[0]
                break
        else:
            raise AssertionError(f"{name} ended with {process.wait()} and named no address")
    finally:
        process.kill()
        process.communicate()


def get(url, **headers):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


def until(condition, seconds=25):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_offers_the_folder_until_a_signal(feedmill, config, site, tmp_path, number):
    """200, then 304 for the same validators; exit code 0."""
    config(site.feed(), extra="\n[serve]\nport = 0\n")
    feedmill("sync")
    with started("serve", tmp_path) as (process, address):
        status, headers, body = get(address + "atom.xml")
        again, _, _ = get(address + "atom.xml", **{"If-None-Match": headers["ETag"]})
        missing, _, _ = get(address + "feedmill.db")
        process.send_signal(number)
        code = process.wait(timeout=20)

    assert (200, 304, 404, 0) == (status, again, missing, code)
    assert b"Post one" in body
    assert ["/feed.xml"] == site.paths()


def test_run_syncs_publishes_serves_and_leaves_on_sigterm(config, site, tmp_path):
    """Nothing else has to be started; exit code 0."""
    config(site.feed(), extra="\n[serve]\nport = 0\n")
    with started("run", tmp_path) as (process, address):
        appeared = until(lambda: b"Post one" in get(address + "atom.xml")[2])
        healthy, _, _ = get(address + "healthz")
        metrics, _, _ = get(address + "metrics")
        process.send_signal(signal.SIGTERM)
        code = process.wait(timeout=30)

    assert appeared
    assert (200, 200, 0) == (healthy, metrics, code)


def test_an_address_that_is_taken_is_said_in_one_line(feedmill, config, site, tmp_path):
    """Not a traceback; what, where."""
    port = site.base.rpartition(":")[2]
    config(extra=f"\n[serve]\nport = {port}\n")
    (tmp_path / "public").mkdir()
    result = feedmill("serve")

    assert result.code in (2, 3)
    assert "Traceback" not in result.err
    assert port in result.errors[-1]
