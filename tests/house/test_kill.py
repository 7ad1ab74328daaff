"""kill -9 at random moments of a sync or a publish: what was stored stays, nothing doubles, every file is whole."""

from __future__ import annotations

import contextlib
import json
import random
import sqlite3
import subprocess
import sys
import time
from typing import Any

import pytest

FEEDS = 15
ENTRIES = 10
ROUNDS = 20


def rss(feed: int, generation: int) -> bytes:
    """A feed whose every generation adds one entry."""
    items = "".join(
        f"<item><guid>https://blog{feed}.example/{number}</guid><link>https://blog{feed}.example/{number}</link>"
        f"<title>Feed {feed} post {number}</title><pubDate>Tue, 05 Mar 2024 10:{number % 60:02}:00 GMT</pubDate>"
        f"<description>&lt;p&gt;{'Words about bread. ' * 60}&lt;/p&gt;</description></item>"
        for number in range(ENTRIES + generation)
    )
    return f'<rss version="2.0"><channel><title>Blog {feed}</title>{items}</channel></rss>'.encode()


def guids(path: Any) -> list[tuple[int, str]]:
    with contextlib.closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return list(database.execute("SELECT source, guid FROM entries"))


@pytest.mark.slow
def test_twenty_kills_lose_nothing_double_nothing_and_tear_nothing(planet: Any, blogs: Any) -> None:
    """Entries reported by `sync --json` before the kill are there after it; the last sync brings the rest."""
    rng = random.Random(20)
    urls = []
    for feed in range(FEEDS):
        blogs.documents[f"feed{feed}"] = (rss(feed, 0), "application/rss+xml")
        urls.append(blogs.url(f"feed{feed}"))
    planet.configure(*urls)
    started = time.monotonic()
    planet.sync()
    whole = time.monotonic() - started
    acknowledged = ENTRIES * FEEDS

    for generation in range(1, ROUNDS + 1):
        for feed in range(FEEDS):
            blogs.documents[f"feed{feed}"] = (rss(feed, generation), "application/rss+xml")
        process = subprocess.Popen(
            planet.command("sync", "--force", "--json"), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            cwd=planet.folder, text=True,
        )  # fmt: skip
        time.sleep(rng.uniform(0.25, 1.1) * whole)
        process.kill()
        lines = [json.loads(line) for line in process.communicate()[0].splitlines() if line.endswith("}")]
        acknowledged += sum(line["new"] for line in lines if "source" in line)
        stored = guids(planet.folder / "feedmill.db")
        assert len(stored) == len(set(stored))
        assert len(stored) >= acknowledged
        acknowledged = len(stored)
        check_whole(planet.output)

    planet.sync("--force")

    stored = guids(planet.folder / "feedmill.db")
    assert len(stored) == len(set(stored)) == FEEDS * (ENTRIES + ROUNDS)
    check_whole(planet.output)
    newest = {item["title"] for item in json.loads((planet.output / "feed.json").read_text())["items"]}
    assert f"Feed 0 post {ENTRIES + ROUNDS - 1}" in newest
    assert not [path for path in planet.output.rglob("*") if path.name.startswith(".")]


def check_whole(output: Any) -> None:
    """Each published file parses to its end."""
    from lxml import etree

    for name in ("atom.xml", "rss.xml", "subscriptions.opml"):
        etree.parse(str(output / name))
    for name in ("feed.json", "status.json"):
        json.loads((output / name).read_text())
    for name in ("index.html", "status.html"):
        assert (output / name).read_text().rstrip().endswith("</html>")


KILLS = 100
# Forks itself, so that a kill costs no start: each child publishes one edition after the other until it is killed.
PUBLISHER = """
import gzip, json, os, random, signal, sys, time
from pathlib import Path
from feedmill.cli import main

configs, output, kills = sys.argv[1:3], Path(sys.argv[3]), int(sys.argv[4])

def publish(config):
    try:
        main(["--config", config, "publish"])
    except SystemExit as leaving:
        assert not leaving.code, leaving.code

def fork(turns):
    child = os.fork()
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        for turn in turns:
            publish(configs[turn % 2])
        os._exit(0)
    return child

def whole(turns):
    started = time.monotonic()
    assert os.waitpid(fork(turns), 0)[1] == 0
    return time.monotonic() - started

def lying():
    return {str(path.relative_to(output)): path.read_bytes() for path in output.rglob("*") if path.is_file()}

publish(configs[1])  # here, so that every child has all modules and templates in memory already
whole([0])
first = lying()
duration = whole([1])
second = lying()
assert first.keys() == second.keys()
assert all(gzip.decompress(data) == second[name[:-3]] for name, data in second.items() if name.endswith(".gz"))
moved = {name for name in first if first[name] != second[name]}
rng = random.Random(100)
seen = {"old": 0, "new": 0, "mixed": 0, "strays": 0, "bad": [], "moved": sorted(moved)}
for turn in range(kills):
    child = fork(range(turn, turn + 1000))
    time.sleep(rng.uniform(0, 1.5 * duration))
    os.kill(child, signal.SIGKILL)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    now = lying()
    strays = {name for name in now if name.endswith(".tmp")}
    seen["strays"] += bool(strays)
    for name in sorted(first.keys() | now.keys() - strays):
        if now.get(name) not in (first.get(name), second.get(name)):
            seen["bad"].append([turn, name])
    new = {name for name in moved if now.get(name) == second[name]}
    seen["old" if not new else "new" if new == moved else "mixed"] += 1
whole([1, 0])  # who writes into a folder clears away what was left there
last = lying()
for name in last:
    if name.endswith(".gz") and (output / name).stat().st_mtime_ns != (output / name[:-3]).stat().st_mtime_ns:
        seen["bad"].append([name, "of another time than its file"])
seen["amiss"] = sorted(name for name in first.keys() | last.keys() if first.get(name) != last.get(name))
seen["seconds"] = round(duration, 3)
print(json.dumps(seen))
"""


@pytest.mark.slow
def test_a_hundred_kills_in_the_middle_of_publishing_leave_every_file_old_or_new(planet: Any, blogs: Any) -> None:
    """Byte for byte one of two editions, each file and each compressed twin; the next publish puts the edition and the
    folder in order."""
    blogs.documents["feed"] = (rss(0, 0), "application/rss+xml")
    planet.configure(blogs.url("feed"))
    planet.sync()
    one = planet.folder / "feedmill.toml"
    one.write_text('precompress = ["gzip"]\n' + one.read_text())
    other = planet.folder / "other.toml"
    other.write_text(one.read_text().replace("Planet Test", "Planet Other"))
    done = subprocess.run(
        [sys.executable, "-c", PUBLISHER, str(one), str(other), str(planet.output), str(KILLS)],
        capture_output=True, text=True, cwd=planet.folder, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout.splitlines()[-1])

    print({name: value for name, value in seen.items() if name != "moved"}, len(seen["moved"]), "files differ")
    assert seen["bad"] == []
    assert {"atom.xml", "rss.xml", "feed.json", "index.html", "atom.xml.gz", "index.html.gz"} <= set(seen["moved"])
    assert seen["old"] + seen["new"] + seen["mixed"] == KILLS
    assert seen["mixed"] + seen["strays"] > 0  # some kills did come while files were being written
    assert seen["amiss"] == []
