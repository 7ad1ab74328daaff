"""Checks 72, 104, 106-110: sites are asked one at a time, spaced, and left alone when they say so."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from feedmill.feeds.outcome import Failure, FailureKind, Freshness, Gone, NotModified, Validators
from feedmill.feeds.source import SiteState
from feedmill.ingest.gate import SiteGate, is_private_site, site_key
from feedmill.ingest.options import FetchOptions
from feedmill.ingest.site_queue import SiteQueue, Turn

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
GOOD = NotModified(validators=Validators(), freshness=Freshness())
SLOW_DOWN = Failure(kind=FailureKind.RATE_LIMITED, detail="429", status=429, retry_after=timedelta(minutes=5))
LIMITED = Failure(kind=FailureKind.RATE_LIMITED, detail="429", status=429)


class Clock:
    """Monotonic and wall time that move together, when told."""

    def __init__(self):
        self.seconds = 1000.0

    def monotonic(self):
        return self.seconds

    def wall(self):
        return START + timedelta(seconds=self.seconds - 1000.0)

    def pass_by(self, seconds):
        self.seconds += seconds


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def make_gate(clock):
    def make(states=(), **options):
        return SiteGate(FetchOptions(**options), states=states, clock=clock.monotonic, wall=clock.wall)

    return make


def queue_of(gate, urls, **options):
    return SiteQueue(urls, url_of=str, gate=gate, **options)


def drain(queue, clock, outcome=lambda url: GOOD):
    """Work the whole queue with one worker and a clock that jumps; (seconds, url, postponed_until) of each turn."""
    log = []
    while True:
        found = queue.poll()
        if found is None:
            return log
        if isinstance(found, float):
            clock.pass_by(found - clock.seconds)
            continue
        log.append((clock.seconds - 1000.0, found.item, found.postponed_until))
        queue.done(found, None if found.postponed_until else outcome(found.item))


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("https://blog.example.com/feed", "example.com"),
        ("https://a.tumblr.com/rss", "tumblr.com"),
        ("https://a.blogspot.com/feeds", "a.blogspot.com"),
        ("https://b.github.io/", "b.github.io"),
        ("https://x.y.co.uk/", "y.co.uk"),
        ("https://co.uk/", "co.uk"),
        ("http://Example.COM.:8080/", "example.com"),
        ("http://127.0.0.1:8890/f", "127.0.0.1:8890"),
        ("http://127.0.0.1:8891/f", "127.0.0.1:8891"),
        ("http://[::1]:8890/f", "::1:8890"),
        ("http://8.8.8.8/", "8.8.8.8:80"),
        ("http://localhost:1200/", "localhost:1200"),
        ("http://rsshub:1200/", "rsshub:1200"),
        ("http://nas.local/", "nas.local:80"),
        ("nonsense", "nonsense"),
    ],
)
def test_check_107_the_site_is_the_registrable_domain_or_host_and_port(url, key):
    assert site_key(url) == key


def test_check_110_private_sites_are_told_from_public_ones():
    assert all(map(is_private_site, ("127.0.0.1:80", "::1:8890", "localhost:80", "rsshub:1200", "nas.local:80")))
    assert not any(map(is_private_site, ("example.com", "8.8.8.8:80", "nonsense", "169.254.1.1:80")))


def test_check_106_requests_to_one_site_keep_their_distance(make_gate, clock):
    log = drain(queue_of(make_gate(), [f"https://{n}.tumblr.com/rss" for n in range(5)]), clock)

    assert [seconds for seconds, _, _ in log] == [0, 2, 4, 6, 8]


def test_check_106_one_request_at_a_time_and_other_sites_go_on(make_gate, clock):
    queue = queue_of(make_gate(), ["http://a.com/1", "http://a.com/2", "http://b.com/1"])
    first, second = queue.poll(), queue.poll()

    assert isinstance(first, Turn)
    assert isinstance(second, Turn)
    assert (first.item, second.item) == ("http://a.com/1", "http://b.com/1")
    clock.pass_by(60)
    assert queue.poll() == float("inf")  # a.com is busy, however long
    queue.done(first, GOOD)
    third = queue.poll()
    assert isinstance(third, Turn)
    assert third.item == "http://a.com/2"


def test_check_106_fifty_feeds_of_one_site_hold_up_nobody(make_gate, clock):
    urls = [f"http://big.com/{n}" for n in range(50)] + [f"http://small{n}.com/" for n in range(50)]
    log = drain(queue_of(make_gate(), urls), clock)

    assert max(seconds for seconds, url, _ in log if "small" in url) == 0
    assert max(seconds for seconds, _, _ in log) == 98


def test_check_110_private_hosts_are_not_spaced(make_gate, clock):
    urls = [f"http://127.0.0.1:1200/{n}" for n in range(5)]

    assert [seconds for seconds, _, _ in drain(queue_of(make_gate(), urls), clock)] == [0] * 5
    spaced = make_gate(private_site_spacing=timedelta(seconds=3))
    clock.seconds = 1000.0
    assert [seconds for seconds, _, _ in drain(queue_of(spaced, urls), clock)] == [0, 3, 6, 9, 12]


def test_check_072_108_a_429_stops_the_site_and_the_release_is_staggered(make_gate, clock):
    gate = make_gate()
    urls = [f"http://a.com/{n}" for n in range(4)] + ["http://b.com/"]
    log = drain(queue_of(gate, urls), clock, lambda url: SLOW_DOWN if url == "http://a.com/0" else GOOD)
    until = START + timedelta(minutes=5)
    gap = timedelta(seconds=4)  # the spacing, doubled by the 429

    assert [(url, postponed) for _, url, postponed in log if postponed] == [
        ("http://a.com/1", until + gap),
        ("http://a.com/2", until + 2 * gap),
        ("http://a.com/3", until + 3 * gap),
    ]
    assert {url for _, url, postponed in log if not postponed} == {"http://a.com/0", "http://b.com/"}
    assert gate.held_until("a.com") == until
    clock.pass_by(301)
    assert gate.held_until("a.com") is None


@pytest.mark.parametrize("status", [301, 403, 503])
def test_check_074_any_retry_after_holds_the_site(make_gate, status):
    gate = make_gate()
    wait = timedelta(seconds=120)
    outcome = Failure(kind=FailureKind.HTTP_5XX, detail="", status=status, retry_after=wait)
    if status == 301:
        outcome = NotModified(validators=Validators(), freshness=Freshness(retry_after=wait))
    state = gate.finish("a.com", outcome)

    assert state is not None
    assert state.hold_until == START + wait


def test_check_072_a_private_host_s_429_holds_the_feed_only(make_gate):
    gate = make_gate()

    assert gate.finish("rsshub:1200", SLOW_DOWN) is None
    assert gate.held_until("rsshub:1200") is None


def test_check_075_a_429_without_a_time_holds_longer_and_longer(make_gate, clock):
    gate = make_gate()
    waits = []
    for _ in range(9):
        gate.finish("a.com", LIMITED)
        waits.append(gate.held_until("a.com") - clock.wall())
        clock.pass_by(25 * 3600)

    assert waits[:3] == [timedelta(minutes=15), timedelta(minutes=30), timedelta(hours=1)]
    assert waits[-1] == timedelta(hours=24)


def test_check_109_spacing_doubles_after_each_429_and_is_forgotten_slowly(make_gate, clock):
    gate = make_gate()
    for _ in range(3):
        state = gate.finish("a.com", SLOW_DOWN)
    assert state.spacing == timedelta(seconds=16)
    assert state.refusals == 3

    answers = 0
    while state.spacing is not None:
        state = gate.finish("a.com", GOOD)
        answers += 1

    assert 9_000 < answers < 12_000
    assert state.refusals == 0
    assert gate.finish("a.com", GOOD) is None  # nothing new to store


def test_check_109_spacing_has_an_end(make_gate):
    gate = make_gate(site_spacing=timedelta(0))
    for _ in range(40):
        state = gate.finish("a.com", LIMITED)

    assert state.spacing == timedelta(hours=1)


def test_check_109_twenty_feeds_under_one_request_a_minute_learn_to_be_refused_no_more(make_gate, clock):
    gate = make_gate(site_spacing=timedelta(seconds=2))
    due = {f"https://www.reddit.com/r/{n}.rss": clock.seconds for n in range(20)}
    last, refused = -1e9, []

    def answer(url):
        nonlocal last
        good = clock.seconds - last >= 60
        last = clock.seconds
        if not good:
            refused.append(clock.seconds)
        return GOOD if good else Failure(kind=FailureKind.RATE_LIMITED, detail="", retry_after=timedelta(minutes=1))

    while clock.seconds < 1000 + 48 * 3600:
        now = clock.seconds
        ready = [url for url, at in due.items() if at <= now]
        for url in ready:
            due[url] = now + 3600
        for _, url, postponed in drain(queue_of(gate, ready), clock, answer):
            if postponed:
                due[url] = 1000 + (postponed - START).total_seconds()
        clock.pass_by(15)

    assert refused
    assert not [at for at in refused if at > 1000 + 24 * 3600]


def test_failures_without_a_wait_teach_nothing(make_gate):
    gate = make_gate()

    assert gate.finish("a.com", Failure(kind=FailureKind.TIMEOUT, detail="")) is None
    assert gate.finish("a.com", Gone()) is None
    assert gate.finish("a.com", None) is None


def test_sites_remember_across_processes(make_gate, clock):
    before = make_gate()
    drain(queue_of(before, ["http://a.com/1", "http://a.com/2", "http://b.com/"]), clock)
    before.finish("c.com", SLOW_DOWN)
    states = before.states()
    after = make_gate(states)

    assert {state.key for state in states} == {"a.com", "c.com"}
    assert after.ready_at("a.com") == before.ready_at("a.com")
    assert after.held_until("c.com") == before.held_until("c.com")
    assert queue_of(after, ["http://c.com/"]).poll().postponed_until == START + timedelta(seconds=302)


def test_check_067_a_clock_that_was_set_back_cannot_hold_a_site_for_ever(make_gate, clock):
    far = START + timedelta(days=400)
    gate = make_gate([SiteState(key="a.com", hold_until=far, next_allowed=far)])

    assert gate.held_until("a.com") == START + timedelta(days=7)
    assert gate.ready_at("a.com") == clock.seconds + 2


def test_patience_postpones_what_would_come_too_late(make_gate, clock):
    urls = [f"http://a.com/{n}" for n in range(5)]
    log = drain(queue_of(make_gate(), urls, patience=timedelta(seconds=3)), clock)

    assert [seconds for seconds, _, postponed in log if not postponed] == [0, 2]
    assert [postponed for _, _, postponed in log if postponed] == [
        START + timedelta(seconds=4),
        START + timedelta(seconds=6),
        START + timedelta(seconds=8),
    ]


def test_closing_gives_back_what_was_not_started(make_gate):
    queue = queue_of(make_gate(), ["http://a.com/1", "http://a.com/2", "http://b.com/"])
    turn = queue.take()

    assert turn is not None
    assert queue.close() == ["http://a.com/2", "http://b.com/"]
    assert queue.take() is None
    queue.done(turn, GOOD)
    assert queue.poll() is None


def test_work_may_be_added_while_others_work(make_gate, clock):
    queue = queue_of(make_gate(), ["http://a.com/1"])
    turn = queue.poll()
    queue.add(["http://a.com/2", "http://b.com/"])

    assert queue.poll().item == "http://b.com/"
    queue.done(turn, GOOD)
    clock.pass_by(2)
    assert queue.poll().item == "http://a.com/2"


def test_check_104_one_slow_feed_among_many_delays_nobody():
    """500 feeds, 16 workers, one of which takes a second: the others are done long before."""
    gate = SiteGate(FetchOptions())
    queue = queue_of(gate, ["http://drip.com/"] + [f"http://site{n}.com/" for n in range(499)])
    finished, lock = {}, threading.Lock()
    begun = time.monotonic()

    def work():
        while (turn := queue.take()) is not None:
            if "drip" in turn.item:
                time.sleep(1)
            queue.done(turn, GOOD)
            with lock:
                finished[turn.item] = time.monotonic() - begun

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(finished) == 500
    assert finished.pop("http://drip.com/") >= 1
    assert max(finished.values()) < 1


def test_threads_that_wait_for_spacing_wake_up_and_end():
    """Real clock: four workers, ten feeds of two sites spaced by 20 ms, never two at once on a site."""
    gate = SiteGate(FetchOptions(site_spacing=timedelta(milliseconds=20)))
    queue = queue_of(gate, [f"http://{site}.com/{n}" for n in range(5) for site in "ab"])
    busy, clashes, starts, lock = set(), [], {"a.com": [], "b.com": []}, threading.Lock()

    def work():
        while (turn := queue.take()) is not None:
            with lock:
                clashes.extend([turn.site] if turn.site in busy else [])
                busy.add(turn.site)
                starts[turn.site].append(time.monotonic())
            time.sleep(0.002)
            with lock:
                busy.discard(turn.site)
            queue.done(turn, GOOD)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert not any(thread.is_alive() for thread in threads)
    assert not clashes
    for times in starts.values():
        assert len(times) == 5
        assert min(later - earlier for earlier, later in pairwise(times)) > 0.015


def test_check_109_a_refusal_after_a_long_pause_holds_but_does_not_widen_the_spacing(make_gate, clock):
    """Twenty feeds of one site that say 429 each after its hold: the site is not left at an hour for months."""
    gate = make_gate()
    gate.start("a.com")
    gate.finish("a.com", GOOD)
    for _ in range(20):
        clock.pass_by(3600)
        gate.start("a.com")
        state = gate.finish("a.com", LIMITED)

    assert state.spacing is None
    assert state.refusals == 20
    assert state.hold_until is not None


def test_check_109_what_another_process_did_counts_as_the_pause(make_gate, clock):
    """A fresh process that is refused at its first request knows from the store how long the site was left alone."""
    near = SiteState(key="a.com", next_allowed=START + timedelta(seconds=clock.seconds - 1000))
    far = SiteState(key="b.com", next_allowed=near.next_allowed - timedelta(hours=1))
    gate = make_gate(states=[near, far])
    spacing = {}
    for key in ("a.com", "b.com"):
        gate.start(key)
        spacing[key] = gate.finish(key, LIMITED).spacing

    assert spacing == {"a.com": timedelta(seconds=4), "b.com": None}


def test_check_109_spacing_does_not_outgrow_twice_the_time_that_a_site_names(make_gate):
    """Feeds that are refused for reasons of their own do not leave their whole site at one request an hour."""
    gate = make_gate()
    for _ in range(20):
        state = gate.finish("a.com", SLOW_DOWN)

    assert state.spacing == timedelta(minutes=10)
