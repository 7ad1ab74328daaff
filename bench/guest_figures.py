"""The figures of a good guest, each on loopback and printed: `python bench/guest_figures.py drip|site|restarts`.

drip      500 feeds on 500 sites, without and with one that drips a byte a second: how much later the others are done
site      50 feeds of one site. 20 of them say 429 the first time they are asked, and the site says 429 to whoever comes
          less than 0.5 s after the last request: each request on the wire (WIRE=1 lists them)
restarts  ten restarts, a clock a day ahead, a day back, a suspended process: requests counted
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from guest_origin import Asked, Planet, feed, reply, running

from feedmill.ingest import gate

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
POSTS = [START - timedelta(days=3 * number + 1) for number in range(10, 0, -1)]


def conditional(asked: Asked) -> bytes:
    """The same document for ever."""
    if asked.fields.get("if-none-match") == '"one"':
        return reply(304)
    return reply(200, feed(asked.host.partition(".")[0], POSTS), 'ETag: "one"')


def drip() -> None:
    """Seconds until the other 499 are done; best of three each, in turn."""

    def once(*, dripping: bool) -> float:
        def answer(asked: Asked, sock: socket.socket) -> bytes | None:
            if dripping and asked.host == "f250.example":
                sock.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                while True:
                    sock.sendall(b" ")
                    time.sleep(1)
            time.sleep(0.05)  # a server that thinks
            return conditional(asked)

        with running(answer) as origin, tempfile.TemporaryDirectory() as folder:
            urls = [f"http://f{number}.example:{origin.port}/feed" for number in range(500)]
            planet = Planet(Path(folder), urls, START, timeout='"12s"', site_spacing='"2s"')
            began = time.monotonic()
            last = 0.0
            outcomes: Counter[str] = Counter()
            for report in planet.sync():
                outcomes[report.outcome] += 1
                if "//f250." not in report.source:
                    last = time.monotonic() - began
            planet.close()
            assert outcomes["fetched"] == (499 if dripping else 500), outcomes
            return last

    pairs = [(once(dripping=False), once(dripping=True)) for _ in range(3)]
    without, with_drip = min(each[0] for each in pairs), min(each[1] for each in pairs)
    for number, (quiet, loud) in enumerate(pairs, 1):
        print(f"run {number}: 499 feeds done after {quiet:.2f} s without, {loud:.2f} s with a drip")
    print(f"best: {without:.2f} s, {with_drip:.2f} s, ratio {with_drip / without:.2f} (bar 1.1)")


def site(*, feeds: int = 50, limit: float = 0.5) -> None:
    """Each request on the wire; whether one came before its time; 429s by round."""
    gate.LEAST_LEARNED = timedelta(milliseconds=150)  # a fast site, so that the figure does not take an hour
    grumpy = {f"/{number}" for number in range(feeds) if number % 5 < 2}
    log: list[tuple[float, int, str]] = []
    began = time.monotonic()
    planet: Planet

    def answer(asked: Asked, sock: socket.socket) -> bytes | None:  # noqa: ARG001
        now = (planet.now - START).total_seconds() + (time.monotonic() - began)  # simulated, plus what really passed
        refuse = asked.path in grumpy or any(now - at < limit - 0.005 for at, _, _ in log)
        grumpy.discard(asked.path)
        status = 429 if refuse else 304 if asked.fields.get("if-none-match") else 200
        log.append((now, status, asked.path))
        return reply(429, b"", "Retry-After: 120") if refuse else conditional(asked)

    with running(answer) as origin, tempfile.TemporaryDirectory() as folder:
        urls = [f"http://u{number}.forum.example:{origin.port}/{number}" for number in range(feeds)]
        planet = Planet(Path(folder), urls, START, site_spacing='"150ms"', timeout='"10s"')
        for number in range(1, 4):
            first = len(log)
            _round(planet, log, first, feeds)
            _tell_round(number, log[first:], planet)
            planet.now = planet.next_due() + timedelta(hours=2)
        planet.close()
    early, held_until = 0, 0.0
    for at, status, _ in log:
        early += at < held_until - 0.01
        held_until = max(held_until, at + 120) if status == 429 else held_until
    print(f"requests before the time a 429 had named: {early}")
    for at, status, path in log if os.environ.get("WIRE") else ():
        print(f"  {at:10.2f} s  {status}  {path}")


def _round(planet: Planet, log: list[tuple[float, int, str]], first: int, feeds: int) -> None:
    """Until each feed has answered, or three hours of the planet have passed."""
    deadline = planet.now + timedelta(hours=3)
    while True:
        for _ in planet.sync():
            pass
        due = planet.next_due()
        if due > deadline or len({path for _, status, path in log[first:] if status != 429}) == feeds:
            return
        planet.now = max(planet.now, due)


def _tell_round(number: int, part: list[tuple[float, int, str]], planet: Planet) -> None:
    gap = min((after[0] - before[0] for before, after in pairwise(part)), default=0.0)
    known = planet.store.sites(["forum.example"])["forum.example"]
    refused = sum(status == 429 for _, status, _ in part)
    print(
        f"round {number}: {len(part)} requests, {refused} refused; least gap {gap:.2f} s; learned: {known.spacing}",
        flush=True,
    )


def restarts(*, feeds: int = 100) -> None:
    """Requests counted after each thing that happens to a machine."""
    asked: Counter[str] = Counter()

    def answer(request: Asked, sock: socket.socket) -> bytes | None:  # noqa: ARG001
        asked[request.host] += 1
        return conditional(request)

    with running(answer) as origin, tempfile.TemporaryDirectory() as folder:
        urls = [f"http://f{number}.example:{origin.port}/feed" for number in range(feeds)]
        planet = Planet(Path(folder), urls, START, site_spacing='"0s"')

        def count(what: str) -> None:
            before = sum(asked.values())
            for _ in planet.sync():
                pass
            print(f"{what:<46} {sum(asked.values()) - before:4d} requests")

        count(f"first sync of {feeds} feeds")
        before = sum(asked.values())
        for _ in range(10):
            planet.restart()
            for _ in planet.sync():
                pass
        print(f"{'ten restarts within the interval':<46} {sum(asked.values()) - before:4d} requests")
        planet.now += timedelta(days=1)
        count("clock a day ahead: due once")
        count("the same again")
        planet.now -= timedelta(days=1)
        count("clock a day back")
        for hours in (1, 2, 3, 4):
            planet.now += timedelta(hours=1)
            count(f"{hours} h after that (each by its own interval)")
        due = planet.next_due() - planet.now
        print(f"next look in {due}; nobody stalls: {due < timedelta(hours=24)}")
        planet.close()
    suspend(feeds=30)


def suspend(*, feeds: int) -> None:
    """A `feedmill sync` that is stopped for five seconds in the middle and goes on."""
    asked: Counter[str] = Counter()

    def answer(request: Asked, sock: socket.socket) -> bytes | None:  # noqa: ARG001
        asked[request.path] += 1
        time.sleep(0.1)
        return conditional(request)

    with running(answer) as origin, tempfile.TemporaryDirectory() as folder:
        urls = [f"http://127.0.0.1:{origin.port}/{number}" for number in range(feeds)]
        planet = Planet(Path(folder), urls, START)
        planet.close()
        process = subprocess.Popen(
            [sys.executable, "-m", "feedmill", "--config", str(Path(folder) / "feedmill.toml"), "sync"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        while sum(asked.values()) < 5:
            time.sleep(0.02)
        process.send_signal(signal.SIGSTOP)
        time.sleep(5)
        process.send_signal(signal.SIGCONT)
        code = process.wait(60)
    print(
        f"{'suspended for 5 s in the middle of a sync':<46} {sum(asked.values()):4d} requests of {feeds}, exit {code}"
    )


def main() -> None:
    """One of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("figure", choices=["drip", "site", "restarts"])
    {"drip": drip, "site": site, "restarts": restarts}[parser.parse_args().figure]()


if __name__ == "__main__":
    main()
