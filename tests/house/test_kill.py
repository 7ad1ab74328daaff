"""kill -9 at random moments of a sync: what was stored stays, nothing doubles, published files are whole."""

from __future__ import annotations

import contextlib
import json
import random
import sqlite3
import subprocess
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
