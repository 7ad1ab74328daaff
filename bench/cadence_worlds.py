"""How long an entry waits to be seen, for the same number of requests: five worlds, four policies.

    python bench/cadence_worlds.py                    table for 200 feeds, 3 weeks
    python bench/cadence_worlds.py --seeds 5          the same for seeds 1 to 5, and each world's share: mean and range
    python bench/cadence_worlds.py --svg docs/images  and the curve of wait against requests
    python bench/cadence_worlds.py --feeds 40 --days 7 --worlds poisson

Everything is seeded. A feed posts at known moments; a policy decides when to look; an entry waits from its posting to
the first look after it. Seven weeks of history come first. Each policy's one knob (ours: `default_interval`) is turned
until it spends the same number of requests, 24 a feed and day on average, so that waits can be compared.
Intervals are held between 10 minutes and 24 hours for all. Ours goes through `ingest.cadence` itself: `learn` after
every look, `schedule` for the next, jitter included, on feeds whose servers invite frequent looks (max-age of a
minute): floors that servers and feeds ask for are not part of the comparison.

`rates known` is the bound: an interval proportional to 1/sqrt(r) for who knows every blog's true rate r (scheduling.md
section 2). It is a bound where the rate is all there is to know, that is in the world `poisson`.

A document holds 10 to 30 entries: more postings than that between two looks lose entries.
"""

from __future__ import annotations

import argparse
import random
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import exp
from pathlib import Path
from time import process_time

from feedmill.feeds.outcome import Freshness, Validators
from feedmill.feeds.source import Channel, PostingRate, SourceState
from feedmill.ingest.cadence import learn, schedule
from feedmill.ingest.options import ScheduleOptions

START = datetime(2026, 1, 5, tzinfo=UTC)  # a Monday; moments are minutes since then
DAY = 1440.0
LEAST, MOST = 10.0, 1440.0
HISTORY_DAYS = 49
INVITING = Freshness(max_age=timedelta(minutes=1))
TAGGED = Validators(etag='"a"', issued_by="http://blog.example/feed")


@dataclass
class Feed:
    """Postings in order, in minutes since START; `holds`: entries in the document."""

    posts: list[float]
    holds: int
    rate: float = 0.0  # postings a day over the whole time; in `poisson` the true rate
    warm: PostingRate = field(default_factory=PostingRate)


# ---- worlds ---------------------------------------------------------------------------------------------------------


def poisson_times(rng: random.Random, per_day: float, end: float, start: float = 0.0) -> list[float]:
    """A Poisson process."""
    times: list[float] = []
    at = start
    while per_day > 0:
        at += rng.expovariate(per_day / DAY)
        if at >= end:
            break
        times.append(at)
    return times


def rate_of(rng: random.Random) -> float:
    """Postings a day: lognormal, median 0.35, sigma 1.7; a quarter of all blogs is silent."""
    return 0.0 if rng.random() < 0.25 else min(0.35 * exp(rng.gauss(0, 1.7)), 60.0)


def poisson_world(rng: random.Random, end: float) -> list[float]:
    """Nothing to learn but the rate."""
    return poisson_times(rng, rate_of(rng), end)


def diurnal_world(rng: random.Random, end: float) -> list[float]:
    """People sleep, and most rest at weekends: a bell of hours around a peak of their own, thinned."""
    rate, peak, width = rate_of(rng), rng.uniform(0, 24), rng.uniform(2, 5)
    weekend = rng.choice([0.1, 0.3, 1.0])

    def weight(at: float) -> float:
        hour = (at / 60) % 24
        away = min(abs(hour - peak), 24 - abs(hour - peak))
        return (0.03 + exp(-0.5 * (away / width) ** 2)) * (weekend if int(at / DAY) % 7 >= 5 else 1.0)

    mean = sum(weight(at * 60.0) for at in range(168)) / 168
    return [at for at in poisson_times(rng, rate * 1.03 / mean, end) if rng.random() < weight(at) / 1.03]


def columnist_world(rng: random.Random, end: float) -> list[float]:
    """Fixed slots in the week, kept within ten minutes; rarer ones skip weeks."""
    rate = rate_of(rng)
    if not rate:
        return []
    slots = [rng.uniform(0, 7 * DAY) for _ in range(max(1, round(rate * 7)))]
    kept = min(rate * 7 / len(slots), 1.0)
    times = [
        week * 7 * DAY + slot + rng.gauss(0, 10)
        for week in range(int(end / DAY / 7) + 1)
        for slot in slots
        if rng.random() < kept
    ]
    return sorted(at for at in times if 0 <= at < end)


def burst_world(rng: random.Random, end: float) -> list[float]:
    """Two thirds of the postings come in bursts of three to eight within three hours."""
    rate = rate_of(rng)
    times = poisson_times(rng, rate / 3, end)
    for at in poisson_times(rng, rate * 2 / 3 / 5.5, end):
        times += [at + rng.uniform(0, 180) for _ in range(rng.randint(3, 8))]
    return sorted(at for at in times if at < end)


def shifting_world(rng: random.Random, end: float) -> list[float]:
    """Every three weeks or so a blog changes its pace: threefold up or down, often more (lognormal, sigma 1.1)."""
    times: list[float] = []
    at, rate = 0.0, rate_of(rng)
    while at < end:
        until = min(at + rng.expovariate(1 / (21 * DAY)), end)
        times += poisson_times(rng, min(rate, 60.0), until, at)
        at = until
        rate *= exp(rng.gauss(0, 1.1))
    return times


def redrawn_world(rng: random.Random, end: float) -> list[float]:
    """Harsher than a shift: every two weeks or so a blog becomes another one, a quarter of the time a silent one."""
    times: list[float] = []
    at = 0.0
    while at < end:
        until = min(at + rng.expovariate(1 / (14 * DAY)), end)
        times += poisson_times(rng, rate_of(rng), until, at)
        at = until
    return times


WORLDS: dict[str, Callable[[random.Random, float], list[float]]] = {
    "poisson": poisson_world,
    "diurnal": diurnal_world,
    "columnists": columnist_world,
    "bursts": burst_world,
    "shifts": shifting_world,
    "redrawn": redrawn_world,
}


def moment(minutes: float) -> datetime:
    """Minutes since START as a time."""
    return START + timedelta(minutes=minutes)


def make_world(name: str, *, feeds: int, days: int, seed: int) -> list[Feed]:
    """The feeds of a world, each with what seven weeks of watching taught `learn`."""
    end = (HISTORY_DAYS + days) * DAY
    made = []
    for number in range(feeds):
        rng = random.Random(f"{seed} {name} {number}")
        posts = WORLDS[name](rng, end)
        feed = Feed(posts=posts, holds=rng.choice([10, 15, 20, 30]))
        feed.rate = rate_of(random.Random(f"{seed} {name} {number}")) if name == "poisson" else len(posts) * DAY / end
        # The first document shows what it holds a week into the world; a look every six hours learns the rest.
        rate = PostingRate()
        seen = 0
        for quarter in range(28, HISTORY_DAYS * 4 + 1):
            at = quarter * 360.0
            known = bisect_right(posts, at)
            first = quarter == 28
            dates = posts[max(0, known - feed.holds) if first else seen : known]
            rate = learn(rate, new_dates=[moment(each) for each in dates], now=moment(at), first=first)
            seen = known
        feed.warm = rate
        made.append(feed)
    return made


# ---- policies -------------------------------------------------------------------------------------------------------


@dataclass
class Tally:
    """What a run cost and what it was worth."""

    looks: int = 0
    waits: list[float] = field(default_factory=list)
    lost: int = 0

    def add(self, feed: Feed, looks: list[float], begin: float) -> None:
        """Count one feed's run; entries that nobody saw before the end are not counted for anybody."""
        self.looks += len(looks)
        previous = begin
        for at in looks:
            fresh = feed.posts[bisect_right(feed.posts, previous) : bisect_right(feed.posts, at)]
            self.lost += max(0, len(fresh) - feed.holds)
            self.waits += [at - each for each in fresh]
            previous = at

    @property
    def wait(self) -> float:
        return sum(self.waits) / max(len(self.waits), 1)

    @property
    def p95(self) -> float:
        return sorted(self.waits)[int(len(self.waits) * 0.95)] if self.waits else 0.0


Policy = Callable[[Feed, float, random.Random, float, float], list[float]]


def clamped(gap: float) -> float:
    """10 minutes to 24 hours."""
    return min(max(gap, LEAST), MOST)


def fixed(feed: Feed, knob: float, rng: random.Random, begin: float, end: float) -> list[float]:  # noqa: ARG001
    """Every `knob` minutes."""
    at = begin + rng.uniform(0, knob)
    looks = []
    while at < end:
        looks.append(at)
        at += knob
    return looks


def miniflux_like(feed: Feed, knob: float, rng: random.Random, begin: float, end: float) -> list[float]:
    """A week over (entries of the last week x factor); the longest interval when there were none."""
    at = begin + rng.uniform(0, 60)
    looks = []
    while at < end:
        looks.append(at)
        count = bisect_right(feed.posts, at) - bisect_left(feed.posts, at - 7 * DAY)
        at += clamped(knob * 7 * DAY / count if count else MOST)
    return looks


def commafeed_like(feed: Feed, knob: float, rng: random.Random, begin: float, end: float) -> list[float]:
    """Half the mean gap of the document's entries; longer when the last posting is 7, 14, 30 days old."""
    at = begin + rng.uniform(0, 60)
    looks = []
    while at < end:
        looks.append(at)
        known = bisect_right(feed.posts, at)
        shown = feed.posts[max(0, known - feed.holds) : known]
        age = (at - shown[-1]) / DAY if shown else 99.0
        if age > 30 or len(shown) < 2:
            gap = MOST
        elif age > 14:
            gap = MOST / 2
        elif age > 7:
            gap = MOST / 4
        else:
            gap = (shown[-1] - shown[0]) / (len(shown) - 1) / 2
        at += clamped(knob * gap)
    return looks


def ours(feed: Feed, knob: float, rng: random.Random, begin: float, end: float) -> list[float]:
    """`ingest.cadence`; `knob` is `default_interval` in minutes."""
    options = ScheduleOptions(default_interval=timedelta(minutes=knob))
    channel, rate = Channel(entries=feed.holds), feed.warm
    at = begin + rng.uniform(0, 60)
    previous, looks = begin, []
    while at < end:
        looks.append(at)
        now = moment(at)
        fresh = feed.posts[bisect_right(feed.posts, previous) : bisect_right(feed.posts, at)]
        rate = learn(rate, new_dates=[moment(each) for each in fresh], now=now, first=False)
        state = SourceState(validators=TAGGED, rate=rate)
        when, _ = schedule(
            state, channel, now=now, options=options, freshness=INVITING, chance=rng.random(), window=feed.holds
        )
        previous, at = at, (when - START) / timedelta(minutes=1)
    return looks


def rates_known(feed: Feed, knob: float, rng: random.Random, begin: float, end: float) -> list[float]:
    """What nobody can do: 1/sqrt of the true rate; `knob` minutes for the median blog."""
    gap = clamped(knob * (0.35 / feed.rate) ** 0.5) if feed.rate else MOST
    at = begin + rng.uniform(0, min(gap, 60.0))
    looks = []
    while at < end:
        looks.append(at)
        at += gap
    return looks


POLICIES: dict[str, tuple[Policy, float, float]] = {  # with the range of its knob
    "fixed 60 min": (fixed, 60.0, 60.0),
    "Miniflux-like": (miniflux_like, 0.0005, 1.0),
    "CommaFeed-like": (commafeed_like, 0.002, 4.0),
    "feedmill": (ours, 10.0, 480.0),
    "rates known": (rates_known, 5.0, 480.0),
}


def run(policy: Policy, knob: float, feeds: list[Feed], *, days: int, seed: int) -> Tally:
    """One policy over the measured days."""
    begin, end = HISTORY_DAYS * DAY, (HISTORY_DAYS + days) * DAY
    tally = Tally()
    for number, feed in enumerate(feeds):
        tally.add(feed, policy(feed, knob, random.Random(f"{seed} run {number}"), begin, end), begin)
    return tally


def tuned(policy: Policy, low: float, high: float, feeds: list[Feed], *, per_day: float, days: int, seed: int) -> Tally:
    """The run whose looks come nearest to `per_day` a feed: bisection over the knob's logarithm."""
    wanted = per_day * days * len(feeds)
    best = run(policy, low, feeds, days=days, seed=seed) if low == high else None
    for _ in range(0 if low == high else 11):
        middle = (low * high) ** 0.5
        tally = run(policy, middle, feeds, days=days, seed=seed)
        if best is None or abs(tally.looks - wanted) < abs(best.looks - wanted):
            best = tally
        if abs(tally.looks / wanted - 1) < 0.004:
            break
        low, high = (middle, high) if tally.looks > wanted else (low, middle)
    assert best is not None
    return best


def main() -> None:
    """The table, and the curve when a folder is given."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--feeds", type=int, default=200)
    parser.add_argument("--days", type=int, default=21)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=1, help="so many, from --seed on")
    parser.add_argument("--worlds", nargs="*", default=list(WORLDS)[:5], choices=list(WORLDS))
    parser.add_argument("--policies", nargs="*", default=list(POLICIES), choices=list(POLICIES))
    parser.add_argument("--svg", type=Path, help="folder for cadence.svg, the curve of the diurnal world")
    wanted = parser.parse_args()
    began = process_time()
    seeds = range(wanted.seed, wanted.seed + wanted.seeds)
    print("mean wait of an entry in minutes (share of fixed) [95th percentile; looks a feed and day; entries lost]\n")
    for name in wanted.worlds:
        shares: dict[str, list[float]] = {}
        for seed in seeds:
            print(f"{name}: {wanted.feeds} feeds, {wanted.days} days after {HISTORY_DAYS} of history, seed {seed}")
            for title, share in compare(name, wanted.policies, feeds=wanted.feeds, days=wanted.days, seed=seed).items():
                shares.setdefault(title, []).append(share)
        for title, found in shares.items() if len(seeds) > 1 else ():
            mean = sum(found) / len(found)
            print(f"{name:<11} {title:<15} {len(found)} seeds: {mean:4.2f} ({min(found):4.2f} to {max(found):4.2f})")
        print()
    if wanted.svg:
        draw(wanted.svg / "cadence.svg", feeds=min(wanted.feeds, 60), days=wanted.days, seed=wanted.seed)
    print(f"{process_time() - began:.0f} s of CPU")


def compare(name: str, policies: list[str], *, feeds: int, days: int, seed: int) -> dict[str, float]:
    """One world under some policies, printed; each one's share of the fixed interval's wait."""
    world = make_world(name, feeds=feeds, days=days, seed=seed)
    base = run(fixed, 60.0, world, days=days, seed=seed)
    shares = {}
    for title in policies:
        policy, low, high = POLICIES[title]
        tally = tuned(policy, low, high, world, per_day=24.0, days=days, seed=seed)
        shares[title] = tally.wait / base.wait
        looks = tally.looks / len(world) / days
        print(
            f"{name:<11} {title:<15} {tally.wait:6.1f} ({shares[title]:4.2f})"
            f"  [p95 {tally.p95:6.1f}; {looks:5.2f}; lost {tally.lost}]",
            flush=True,
        )
    return shares


# ---- the curve ------------------------------------------------------------------------------------------------------

COLOURS = {"fixed 60 min": "#6b7280", "Miniflux-like": "#b45309", "CommaFeed-like": "#7c3aed", "feedmill": "#0f766e"}
BUDGETS = (6.0, 9.0, 12.0, 16.0, 24.0, 36.0, 48.0)


def draw(path: Path, *, feeds: int, days: int, seed: int) -> None:
    """Mean wait against looks a day in the diurnal world, as SVG written by hand."""
    world = make_world("diurnal", feeds=feeds, days=days, seed=seed)
    curves: dict[str, list[tuple[float, float]]] = {}
    for title, (policy, low, high) in POLICIES.items():
        for budget in BUDGETS if title in COLOURS else ():
            edges = (DAY / budget, DAY / budget) if policy is fixed else (low, high)
            tally = tuned(policy, *edges, world, per_day=budget, days=days, seed=seed)
            looks = tally.looks / len(world) / days
            if abs(looks / budget - 1) < 0.1:  # a policy that cannot spend so little or so much has no point there
                curves.setdefault(title, []).append((looks, tally.wait))
    path.write_text(svg(curves), encoding="utf-8")
    print(f"drawn: {path}")


def svg(curves: dict[str, list[tuple[float, float]]]) -> str:
    """A chart of 720 x 420; both axes start at nothing."""
    widest, highest = 50.0, 120.0
    left, top, width, height = 60.0, 50.0, 480.0, 310.0

    def place(looks: float, wait: float) -> tuple[float, float]:
        return left + width * looks / widest, top + height * (1 - min(wait, highest) / highest)

    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 420" font-family="sans-serif" font-size="13">',
        "<title>Mean wait of an entry against requests a feed and day, diurnal world</title>",
        '<rect width="720" height="420" fill="#ffffff"/>',
        '<text x="60" y="28" font-size="15" fill="#111827">Mean wait of an entry, in minutes</text>',
        f'<text x="{left + width}" y="{top + height + 40}" text-anchor="end" fill="#374151">requests a day</text>',
    ]
    for wait in range(0, 121, 30):
        _, y = place(0, wait)
        parts.append(f'<line x1="{left}" y1="{y:.1f}" x2="{left + width}" y2="{y:.1f}" stroke="#e5e7eb"/>')
        parts.append(f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end" fill="#374151">{wait}</text>')
    for looks in range(0, 51, 10):
        x, y = place(looks, 0)
        parts.append(f'<text x="{x:.1f}" y="{y + 20:.1f}" text-anchor="middle" fill="#374151">{looks}</text>')
    labels: list[float] = []
    for title, points in sorted(curves.items(), key=lambda each: each[1][-1][1]):
        colour = COLOURS[title]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in points))
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2.5"/>')
        parts += [
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>' for x, y in (place(*each) for each in points)
        ]
        x, y = place(*points[-1])
        while any(abs(y - other) < 17 for other in labels):
            y -= 4
        labels.append(y)
        name = title.replace("60 min", "interval")
        parts.append(f'<text x="{x + 10:.1f}" y="{y + 4:.1f}" fill="{colour}" font-weight="600">{name}</text>')
    return "\n".join([*parts, "</svg>", ""])


if __name__ == "__main__":
    main()
