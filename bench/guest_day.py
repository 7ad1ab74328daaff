"""A day in the life: 300 feeds with mixed behaviour on loopback, 24 simulated hours, `feedmill sync` every minute.

    python bench/guest_day.py [--feeds 300] [--hours 24] [--seed 1]

The clock is simulated; requests, parsing and the store are real. Prints the table of docs/politeness.md: per kind of
feed the requests, bytes sent to us, share of 304, failures, and how long a new entry waited to be seen.
"""

from __future__ import annotations

import argparse
import random
import socket
import tempfile
import time
from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import exp
from pathlib import Path

from guest_origin import Asked, Planet, feed, reply, running

from feedmill.ingest import gate

START = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)  # a Monday
HISTORY = timedelta(days=60)

KINDS = {  # how many of 300, and what they are
    "cached": (90, "ETag, max-age of 15 to 120 minutes"),
    "validators": (90, "ETag or Last-Modified, no word about how often"),
    "blind": (24, "neither validators nor max-age: each look is the whole document"),
    "touched": (15, "a new ETag with every answer, the same document"),
    "resting": (15, "ttl of 3 hours or skipHours at night"),
    "platform": (30, "one site for all; twice that day it says 429 with Retry-After: 1800"),
    "moved": (12, "301 to another address"),
    "broken": (12, "404, 500, a challenge for browsers, 410, or HTML in place of the feed"),
    "flapping": (12, "503 for one hour of every six"),
}


@dataclass
class Blog:
    """One feed, how it answers, and when it posts."""

    number: int
    kind: str
    posts: list[datetime]
    age: int = 0

    @property
    def host(self) -> str:
        return f"b{self.number}.platform.example" if self.kind == "platform" else f"b{self.number}.example"


@dataclass
class Row:
    """What one kind of feed cost and gave."""

    requests: int = 0
    sent: int = 0
    unchanged: int = 0
    failed: int = 0
    waits: list[float] = field(default_factory=list)


def make_blogs(count: int, rng: random.Random, end: datetime) -> list[Blog]:
    """Posting rates are lognormal, median 0.35 a day; every blog has some past."""
    blogs = []
    for kind, (share, _) in KINDS.items():
        for _ in range(max(1, round(share * count / 300))):
            rate = 0.0 if rng.random() < 0.2 else min(0.35 * exp(rng.gauss(0, 1.7)), 50.0)
            at = START - HISTORY
            posts = [START - timedelta(days=rng.uniform(61, 400)) for _ in range(5)]
            while rate:
                at += timedelta(days=rng.expovariate(rate))
                if at >= end:
                    break
                posts.append(at)
            blogs.append(Blog(len(blogs), kind, sorted(posts), age=rng.choice([900, 1800, 3600, 7200])))
    return blogs


class World:
    """The server side: answers for all blogs at the planet's time."""

    def __init__(self, blogs: list[Blog]) -> None:
        self.blogs = {blog.host: blog for blog in blogs}
        self.rows: dict[str, Row] = defaultdict(Row)
        self.planet: Planet | None = None
        self.refused = 0
        self.hourly: dict[int, int] = defaultdict(int)

    def answer(self, asked: Asked, sock: socket.socket) -> bytes | None:  # noqa: ARG002
        assert self.planet is not None
        now = self.planet.now
        blog = self.blogs[asked.host]
        out = self._answer(blog, asked, now)
        row = self.rows[blog.kind]
        row.requests += 1
        row.sent += len(out)
        row.unchanged += out.startswith(b"HTTP/1.1 304")
        self.hourly[int((now - START) / timedelta(hours=1))] += 1
        return out

    def _answer(self, blog: Blog, asked: Asked, now: datetime) -> bytes:
        hour = (now - START) / timedelta(hours=1)
        if blog.kind == "broken":
            kind = blog.number % 5
            if kind == 2:
                return reply(403, b"<html>Just a moment...</html>", "cf-mitigated: challenge")
            if kind == 4:
                return reply(200, b"<html><title>Parked</title></html>", "Content-Type: text/html")
            return reply((404, 500, 0, 410)[kind], b"no")
        if blog.kind == "flapping" and hour % 6 < 1:
            return reply(503, b"busy", "Retry-After: 600")
        if blog.kind == "platform" and self.refused < 2 and hour > 5 + 9 * self.refused:
            self.refused += 1
            return reply(429, b"", "Retry-After: 1800")
        if blog.kind == "moved" and asked.path == "/old":
            return reply(301, b"", "Location: /feed")
        return self._document(blog, asked, now)

    def _document(self, blog: Blog, asked: Asked, now: datetime) -> bytes:
        shown = blog.posts[: bisect_right(blog.posts, now)]
        body = feed(f"b{blog.number}", shown[-15:])
        if blog.kind == "resting":
            wish = (
                b"<ttl>180</ttl>"
                if blog.number % 2
                else b"<skipHours>%s</skipHours>" % b"".join(b"<hour>%d</hour>" % number for number in range(6))
            )
            body = body.replace(b"<item>", wish + b"<item>", 1)
        etag = f'"{len(shown)}"' if blog.kind != "touched" else f'"{time.monotonic_ns()}"'
        fields = []
        if blog.kind != "blind":
            fields.append(f"ETag: {etag}")
        if blog.kind == "cached":
            fields.append(f"Cache-Control: max-age={blog.age}")
        if blog.kind not in ("blind", "touched") and asked.fields.get("if-none-match") == etag:
            return reply(304, b"", *fields)
        return reply(200, body, "Content-Type: application/rss+xml", *fields)


def main() -> None:
    """Run the day, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--feeds", type=int, default=300)
    parser.add_argument("--hours", type=int, default=24)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    rng = random.Random(wanted.seed)
    end = START + timedelta(hours=wanted.hours)
    blogs = make_blogs(wanted.feeds, rng, end)
    world = World(blogs)
    began = time.process_time()
    gate.LEAST_LEARNED = timedelta(milliseconds=2)  # the day is simulated, but spacing is waited for in real seconds
    with running(world.answer) as origin, tempfile.TemporaryDirectory() as folder:
        by_url = {}
        for blog in blogs:
            path = "/old" if blog.kind == "moved" else "/feed"
            by_url[f"http://{blog.host}:{origin.port}{path}"] = blog
        world.planet = planet = Planet(Path(folder), list(by_url), START, site_spacing='"2ms"', timeout='"5s"')
        first = True
        while planet.now < end:
            for report in planet.sync():
                if report.outcome == "skipped":
                    continue
                blog = by_url[report.source]
                world.rows[blog.kind].failed += report.outcome in ("failed", "gone")
                if report.outcome == "fetched":
                    shown = blog.posts[: bisect_right(blog.posts, planet.now)]
                    if report.new and not first:
                        waits = [(planet.now - at) / timedelta(minutes=1) for at in shown[-report.new :] if at > START]
                        world.rows[blog.kind].waits += waits
            first = False
            due = planet.next_due()
            planet.now = max(planet.now + timedelta(minutes=1), due.replace(second=0, microsecond=0))
        standings: dict[str, int] = defaultdict(int)
        for record in planet.store.records():
            standings[record.state.standing.value] += 1
        planet.close()
    table(world, blogs, standings, wanted.hours, time.process_time() - began)


def table(world: World, blogs: list[Blog], standings: dict[str, int], hours: int, cpu: float) -> None:
    """As Markdown."""
    print(
        "| feeds | what they are | requests | a feed and hour | sent to us | 304 | failures | mean wait of an entry |"
    )
    print("|---:|---|---:|---:|---:|---:|---:|---:|")
    total = Row()
    for kind, (_, words) in KINDS.items():
        row = world.rows[kind]
        print(_line(sum(blog.kind == kind for blog in blogs), words, row, hours))
        total.requests += row.requests
        total.sent += row.sent
        total.unchanged += row.unchanged
        total.failed += row.failed
        total.waits += row.waits
    print(_line(len(blogs), "**all**", total, hours))
    busiest = max(count for hour, count in world.hourly.items() if hour > 0)
    print(f"\nA fixed hour would have sent {len(blogs) * hours} requests. Busiest hour after the first: {busiest}.")
    print(f"States at the end: {', '.join(f'{count} {name}' for name, count in sorted(standings.items()))}.")
    print(f"({cpu:.0f} s of CPU, server included)")


def _line(feeds: int, words: str, row: Row, hours: int) -> str:
    wait = f"{sum(row.waits) / len(row.waits):.0f} min ({len(row.waits)})" if row.waits else "–"
    share = f"{row.unchanged / row.requests:.0%}" if row.requests else "–"
    return (
        f"| {feeds} | {words} | {row.requests} | {row.requests / feeds / hours:.2f} | {row.sent / 1e6:.2f} MB"
        f" | {share} | {row.failed} | {wait} |"
    )


if __name__ == "__main__":
    main()
