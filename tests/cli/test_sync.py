"""sync and publish."""

import json
import os
import signal
import subprocess
import time

import pytest

LINE = ["source", "outcome", "status", "new", "changed", "unchanged", "failure", "detail", "next_fetch", "reason"]
SUMMARY = {"sources", "fetched", "not_modified", "skipped", "failed", "new", "changed", "published"}


def published(tmp_path):
    return {path.name: path.stat().st_mtime_ns for path in (tmp_path / "public").iterdir() if path.is_file()}


def test_a_sync_fetches_stores_and_publishes(feedmill, config, site, tmp_path):
    """In a pipe: one summary line, nothing on stderr."""
    config(site.feed())
    result = feedmill("sync")

    assert (0, "", 1) == (result.code, result.err, len(result.lines))
    assert result.out.startswith("1 source: 1 fetched; 2 new entries, 0 changed; ")
    assert {"index.html", "atom.xml", "rss.xml", "feed.json", "subscriptions.opml", "status.json"} <= set(
        published(tmp_path)
    )
    assert "Post one" in (tmp_path / "public" / "atom.xml").read_text(encoding="utf-8")


def test_a_second_sync_asks_conditionally_and_touches_no_file(feedmill, config, site, tmp_path):
    """Not due: nobody is asked. Forced: 304, and not a byte moves."""
    config(site.feed())
    feedmill("sync")
    before = published(tmp_path)
    idle, forced = feedmill("sync"), feedmill("sync", "--force")
    after = published(tmp_path)

    assert (0, 0) == (idle.code, forced.code)
    assert "1 not due" in idle.out
    assert "1 not modified" in forced.out
    assert [("/feed.xml", 200), ("/feed.xml", 304)] == site.asked
    for name in ("status.json", "status.html"):
        before.pop(name, None)
        after.pop(name, None)
    assert before == after


def test_json_has_a_line_for_every_source_and_a_summary(feedmill, config, site):
    """The keys of the contract, in its order, also for what failed and what was not due."""
    good, bad = site.feed(), site.base + "/none.xml"
    config(good, bad)
    first = feedmill("sync", "--json")
    second = feedmill("sync", "--json")
    rows = {row["source"]: row for row in map(json.loads, first.lines[:-1])}
    summary = json.loads(first.lines[-1])["summary"]

    assert 1 == first.code
    assert {good, bad} == set(rows)
    assert all(LINE == list(row)[: len(LINE)] for row in rows.values())
    assert ("fetched", 200, 2, None) == tuple(rows[good][key] for key in ("outcome", "status", "new", "failure"))
    assert ("failed", 404, "http_4xx") == tuple(rows[bad][key] for key in ("outcome", "status", "failure"))
    assert "404" in rows[bad]["detail"]
    assert all(row["next_fetch"].endswith("Z") and row["reason"] for row in rows.values())
    assert SUMMARY <= set(summary)
    assert (2, 1, 1, 2) == tuple(summary[key] for key in ("sources", "fetched", "failed", "new"))
    assert (0, {"skipped"}) == (second.code, {json.loads(line)["outcome"] for line in second.lines[:-1]})


def test_a_failure_is_one_line_on_stderr_and_exit_code_1(inside, config, site, tmp_path):
    """It names the source and the cause; the other sources are published."""
    bad = site.base + "/none.xml"
    config(bad, site.feed())
    result = inside("sync")

    assert (1, 1) == (result.code, len(result.errors))
    assert result.err.startswith(f"{bad}: ")
    assert "http_4xx" in result.err
    assert "Post one" in (tmp_path / "public" / "atom.xml").read_text(encoding="utf-8")


def test_the_third_failure_in_a_row_is_an_incident_in_the_operators_feed(inside, config, site, tmp_path):
    """Although nothing else was to be published."""
    config(site.base + "/none.xml", site.feed())
    told = []
    for _ in range(3):
        inside("sync", "--force")
        told.append((tmp_path / "public" / "ops.xml").read_text(encoding="utf-8").count("<entry>"))

    assert told == [0, 0, 1]


def test_only_the_sources_that_are_named_are_looked_at(inside, config, site):
    """However they are spelled; a stranger is a usage error with the nearest."""
    first, second = site.feed("/a.xml"), site.feed("/b.xml", title="B")
    config(first, second)
    named = inside("sync", first + "#x")
    stranger = inside("sync", site.base + "/c.xml")

    assert (0, 2) == (named.code, stranger.code)
    assert ["/a.xml"] == site.paths()
    assert "did you mean" in stranger.err


def test_a_dry_run_asks_nobody_and_publishes_nothing(inside, config, site, tmp_path):
    """It says what is due and when the rest is."""
    url = site.feed()
    config(url)
    result = inside("sync", "--dry-run")
    as_json = inside("sync", "--dry-run", "--json")

    assert (0, 0) == (result.code, as_json.code)
    assert result.out.startswith(f"{url}\t")
    assert "due" in result.out
    assert [url] == [json.loads(line)["source"] for line in as_json.lines[:-1]]
    assert [] == site.asked
    assert not (tmp_path / "public").exists()


def test_publish_renders_again_without_asking_anybody(feedmill, config, site, tmp_path):
    """What is missing is written, the rest keeps its time; --check writes nothing."""
    config(site.feed())
    feedmill("sync")
    asked = len(site.asked)
    before = published(tmp_path)
    (tmp_path / "public" / "rss.xml").unlink()
    checked = feedmill("publish", "--check")
    still = (tmp_path / "public" / "rss.xml").exists()
    result = feedmill("publish")
    after = published(tmp_path)

    assert (1, False) == (checked.code, still)
    assert "rss.xml" in checked.err
    assert (0, asked) == (result.code, len(site.asked))
    assert before.pop("rss.xml") != after.pop("rss.xml")
    assert before == after


def test_a_reader_that_leaves_the_pipe_does_not_stop_the_sync(config, site, tmp_path):
    """`feedmill sync --json | head -1`: no traceback, and everything is stored."""
    config(*(site.feed(f"/{number}.xml", title=f"B{number}", entries=(f"p{number}",)) for number in range(5)))
    import sys

    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; '{sys.executable}' -m feedmill sync --json | true"],
        cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert (0, "") == (done.returncode, done.stderr)
    assert 5 == len(site.asked)
    assert (tmp_path / "public" / "atom.xml").exists()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_sync_cleanly(config, site, tmp_path, number, code):
    """One line, no traceback; what had arrived is stored."""
    import sys
    import threading

    gate = threading.Event()
    slow = site.feed("/slow.xml")
    original = site.pages["/slow.xml"]

    class Waiting(dict):
        def get(self, key, default=None):
            site.asked.append((key, 0))
            gate.wait(20)
            return original

    site.pages = Waiting()
    config(slow)
    process = subprocess.Popen(
        [sys.executable, "-m", "feedmill", "sync"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, env=os.environ,
    )  # fmt: skip
    deadline = time.monotonic() + 20
    while not site.asked and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(number)
    time.sleep(0.2)
    gate.set()
    out, err = process.communicate(timeout=30)

    assert code == process.returncode
    assert "Traceback" not in err
    assert "stopped" in err
    assert 1 == len(out.splitlines())
