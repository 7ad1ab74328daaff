"""The figures of a good guest, each on loopback and printed: `python bench/guest_figures.py drip|site|restarts`.

drip      500 feeds on 500 sites, without and with one that drips a byte a second: how much later the others are done
site      50 feeds of one site, a simulated day. 20 of them say 429 the first time they are asked, and the site says 429
          to whoever comes less than 20 s after the last request: each request on the wire (WIRE=1 lists them)
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
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import random

from guest_origin import Asked, Planet, feed, reply, resolve, running

from feedmill.feeds.outcome import Failure, Fetched, NotModified
from feedmill.feeds.source import Channel, SourceState
from feedmill.ingest.fetch import Fetcher
from feedmill.ingest.gate import SiteGate
from feedmill.ingest.options import FetchOptions, ScheduleOptions
from feedmill.ingest.plan import Moment, settle_failure, settle_fetched, settle_not_modified
from feedmill.ingest.site_queue import SiteQueue
from feedmill.ingest.transport import Transport

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


class Clock:
    """Monotonic and wall time together, as the bench moves them."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds

    def wall(self) -> datetime:
        return START + timedelta(seconds=self.seconds)


def site(*, feeds: int = 50, limit: float = 20.0, hours: int = 24) -> None:
    """Gate, queue, fetcher and cadence are the real ones; time jumps to when anything may happen next."""
    clock = Clock()
    grumpy = {f"/{number}" for number in range(feeds) if number % 5 < 2}
    log: list[tuple[float, int, str]] = []

    def answer(asked: Asked, sock: socket.socket) -> bytes | None:  # noqa: ARG001
        refuse = asked.path in grumpy or bool(log and clock.seconds - log[-1][0] < limit)
        grumpy.discard(asked.path)
        status = 429 if refuse else 304 if asked.fields.get("if-none-match") else 200
        log.append((clock.seconds, status, asked.path))
        return reply(429, b"", "Retry-After: 120") if refuse else conditional(asked)

    with running(answer) as origin:
        options = FetchOptions(allow_private_networks=True)
        transport = Transport(allow_private_networks=True, resolver=resolve)
        fetcher = Fetcher(options, transport=transport, now=clock.wall)
        gate = SiteGate(options, clock=clock.monotonic, wall=clock.wall)
        urls = [f"http://u{number}.forum.example:{origin.port}/{number}" for number in range(feeds)]
        states = {url: SourceState(next_fetch=START) for url in urls}
        while clock.seconds < hours * 3600:
            ready = sorted((state.next_fetch, url) for url, state in states.items() if state.next_fetch <= clock.wall())
            _work(SiteQueue([url for _, url in ready], url_of=str, gate=gate), states, fetcher, clock)
            due = min(state.next_fetch for state in states.values())
            clock.seconds = max(clock.seconds + 1, (due - START).total_seconds())
        fetcher.close()
    _tell_site(log, gate, hours)


def _work(queue: SiteQueue[str], states: dict[str, SourceState], fetcher: Fetcher, clock: Clock) -> None:
    """What `workers` and `sync` do with a queue, one worker and a clock that jumps."""
    while (turn := queue.poll()) is not None:
        if isinstance(turn, float):
            clock.seconds = turn
            continue
        state = states[turn.item]
        if turn.postponed_until is not None:
            queue.done(turn, None)
            states[turn.item] = replace(state, next_fetch=turn.postponed_until)
            continue
        outcome = fetcher.fetch(turn.item, validators=state.validators)
        queue.done(turn, outcome)
        moment = Moment(now=clock.wall(), options=ScheduleOptions(), chance=random())
        if isinstance(outcome, Fetched):
            states[turn.item] = settle_fetched(turn.item, state, Channel(), outcome, moment)
        elif isinstance(outcome, NotModified):
            states[turn.item] = settle_not_modified(turn.item, state, Channel(), outcome, moment)
        else:
            assert isinstance(outcome, Failure)
            states[turn.item] = settle_failure(state, Channel(), outcome, moment)


def _tell_site(log: list[tuple[float, int, str]], gate: SiteGate, hours: int) -> None:
    for hour in range(hours):
        part = [each for each in log if hour * 3600 <= each[0] < (hour + 1) * 3600]
        gap = min((after[0] - before[0] for before, after in pairwise(part)), default=0.0)
        refused = sum(status == 429 for _, status, _ in part)
        print(f"hour {hour:2d}: {len(part):3d} requests, {refused:2d} refused, least gap {gap:5.1f} s")
    early, held_until = 0, 0.0
    for at, status, _ in log:
        early += at < held_until
        held_until = max(held_until, at + 120) if status == 429 else held_until
    refused = sum(status == 429 for _, status, _ in log)
    spacing = next(state.spacing for state in gate.states() if state.key == "forum.example")
    print(f"{len(log)} requests in {hours} h, {refused} refused; spacing learned: {spacing}")
    print(f"requests before the time a 429 had named: {early}")
    for at, status, path in log if os.environ.get("WIRE") else ():
        print(f"  {at:10.2f} s  {status}  {path}")


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
