"""What is printed, and what never is."""

import os
import pty
import select
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedmill.feeds.outcome import FailureKind
from feedmill.ingest.report import SourceReport, SyncSummary
from feedmill.output import counted, failure_line, paragraphs, plain, summary_line


@given(st.text())
def test_a_strangers_text_stays_on_its_line(text):
    """No control characters, no line breaks, no directional overrides, no lone surrogates."""
    line = plain(text)

    assert 1 >= len(line.splitlines())
    assert all(char.isprintable() or char not in "\x1b\x9b\u202e" for char in line)
    line.encode()


def test_paragraphs_keep_their_lines():
    """And nothing else that moves a cursor."""
    assert "a b\n\nc" == paragraphs("a \x1b b\n\nc\r")


def test_what_is_zero_is_left_out_of_the_summary():
    """The line is for people."""
    summary = SyncSummary(sources=3, fetched=1, not_modified=2, new=1, published=1)

    assert "3 sources: 1 fetched, 2 not modified; 1 new entry, 0 changed; 1 file written (0.4 s)" == summary_line(
        summary, seconds=0.41
    )
    assert "0 sources: nothing to do; 0 new entries, 0 changed; nothing to publish (0.0 s)" == summary_line(
        SyncSummary(), seconds=0
    )


def test_a_failure_names_the_cause_and_the_next_look():
    """One line, whatever the server wrote."""
    report = SourceReport(
        source="https://x.example/",
        outcome="failed",
        failure=FailureKind.HTTP_5XX,
        detail="the server\nsays 500",
        next_fetch=datetime(2024, 1, 1, tzinfo=UTC),
        reason="failed once",
    )

    assert (
        "https://x.example/: the server says 500 (http_5xx); next look 2024-01-01T00:00:00Z, failed once"
        == failure_line(report)
    )


def test_one_is_not_many():
    """Words agree with numbers."""
    assert ["1 file", "0 files", "2 entries"] == [
        counted(1, "file"),
        counted(0, "file"),
        counted(2, "entry", "entries"),
    ]


def on_a_terminal(*arguments, folder, seconds=30):
    """(exit code, everything shown) of feedmill on a pseudo terminal."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "feedmill", *map(str, arguments)],
        cwd=folder, stdin=follower, stdout=follower, stderr=follower,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
    )  # fmt: skip
    os.close(follower)
    shown = b""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not select.select([leader], [], [], 0.2)[0]:
            if process.poll() is not None:
                break
            continue
        try:
            chunk = os.read(leader, 65536)
        except OSError:
            break
        if not chunk:
            break
        shown += chunk
    os.close(leader)
    return process.wait(timeout=10), shown.decode(errors="replace")


def test_a_terminal_sees_a_bar_with_rate_and_failures(config, site, tmp_path):
    """And the failures on lines of their own, unbroken."""
    bad = site.base + "/a-rather-long-address-that-would-be-broken/" + "x" * 60
    config(site.feed(), bad)
    code, shown = on_a_terminal("sync", folder=tmp_path)

    assert 1 == code
    assert "2/2" in shown
    assert "/s" in shown
    assert "1 failed" in shown
    assert bad + ": " in shown
    assert "2 sources: " in shown


def test_a_terminal_sees_a_table(config, tmp_path):
    """With a header, and a line that counts."""
    config("http://127.0.0.1:9/feed")
    code, shown = on_a_terminal("status", folder=tmp_path)

    assert 0 == code
    assert "next look" in shown
    assert "1 source, 0 entries" in shown


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_behind_standard_output_is_exit_code_3(config, tmp_path):
    """One line, no traceback."""
    config("http://127.0.0.1:9/feed")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "feedmill", "status", "--json"],
            cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False,
        )  # fmt: skip

    assert (3, 1) == (done.returncode, len(done.stderr.splitlines()))
    assert "standard output" in done.stderr
