"""The daemon inside this process, over a mill that does as it is told."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
import structlog

from feedmill import daemon as daemon_module
from feedmill import journal
from feedmill.config.settings import Settings
from feedmill.daemon import Daemon, run, serve
from feedmill.feeds.errors import ConfigError, StoreError, UsageError
from feedmill.feeds.outcome import FailureKind
from feedmill.ingest.report import SourceReport, SyncSummary
from feedmill.publish.options import ServeOptions
from feedmill.pulse import ClockWatch


@pytest.fixture(autouse=True)
def _journal_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@contextmanager
def living(settings: Settings, mill: object, **options: object) -> Iterator[tuple[Daemon, str]]:
    """A daemon in a thread, and its address."""
    stop = threading.Event()
    journal.set_up()
    daemon = Daemon(settings, stop=stop, reload=threading.Event(), make_mill=lambda _: mill, **options)
    codes: list[int] = []
    thread = threading.Thread(target=lambda: codes.append(daemon.run()))
    thread.start()
    try:
        deadline = time.monotonic() + 10
        while daemon._host is None and thread.is_alive() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert daemon._host is not None
        yield daemon, daemon._host.urls[0]
    finally:
        stop.set()
        thread.join(30)
    assert codes == [0]


def test_it_ticks_at_once_serves_and_closes(settings: Settings, tools) -> None:
    """The first tick does not wait for its interval; at the end the mill is closed."""
    mill = tools.FakeMill([SyncSummary(sources=2, fetched=1)])
    with living(settings, mill) as (_, url):
        tools.wait_for(lambda: mill.synced)
        assert tools.get(url + "atom.xml") == (200, b"<feed/>")
        tools.wait_for(lambda: b"last tick" in tools.get(url + "healthz")[1])
        assert tools.get(url + "healthz")[0] == 200
    assert mill.closed == 1


def test_what_a_tick_publishes_is_served_at_once(settings: Settings, tools) -> None:
    """Without waiting for the watch to look."""

    def publish(_: threading.Event) -> SyncSummary:
        (settings.output / ".atom.xml.tmp").write_text("<feed>new</feed>")
        (settings.output / ".atom.xml.tmp").replace(settings.output / "atom.xml")
        return SyncSummary(published=1)

    mill = tools.FakeMill([publish])
    with living(settings, mill) as (daemon, url):
        tools.wait_for(lambda: "last tick" in daemon.pulse.condition().text)
        assert tools.get(url + "atom.xml") == (200, b"<feed>new</feed>")


def test_errors_in_a_tick_are_counted_and_survived(
    settings: Settings, tools, capsys: pytest.CaptureFixture[str]
) -> None:
    """A refusing store makes it unhealthy until it works again; a bug is told with its traceback."""
    mill = tools.FakeMill([StoreError("the store is locked"), ValueError("a bug\n"), SyncSummary()])
    with living(settings, mill) as (daemon, url):
        tools.wait_for(lambda: tools.get(url + "healthz") == (503, b"the store cannot be used; no tick yet\n"))
        daemon.tick()
        daemon.tick()
        assert tools.get(url + "healthz")[0] == 200
        metrics = tools.get(url + "metrics")[1].decode()
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]

    assert 'feedmill_ticks_total{result="failed"} 2.0' in metrics
    assert any(line["event"].startswith("tick failed;") and line["error"] == "the store is locked" for line in lines)
    assert any("ValueError: a bug" in line.get("exception", "") for line in lines)


def test_what_happened_to_each_source_is_journalled_and_counted(
    settings: Settings, tools, capsys: pytest.CaptureFixture[str]
) -> None:
    """News and failures; what had none is only counted."""
    reports = [
        SourceReport(source="http://u:p@a.example/", outcome="fetched", new=2),
        SourceReport(source="http://b.example/", outcome="failed", failure=FailureKind.DNS, detail="no such host"),
        SourceReport(source="http://c.example/", outcome="not_modified"),
    ]
    summary = SyncSummary(sources=3, fetched=1, failed=1, not_modified=1, problems=("feed.json is not valid",))
    with living(settings, tools.FakeMill([summary], reports)) as (_, url):
        tools.wait_for(lambda: b"feedmill_entries 7.0" in tools.get(url + "metrics")[1])
        metrics = tools.get(url + "metrics")[1].decode()
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]

    assert 'feedmill_fetch_failures_total{kind="dns"} 1.0' in metrics
    assert 'feedmill_sources{state="failing"} 1.0' in metrics
    assert any(line["event"] == "fetched" and line["source"] == "http://***@a.example/" for line in lines)
    assert any(line["event"] == "failed" and line["failure"] == "dns" for line in lines)
    assert any(line.get("problem") == "feed.json is not valid" for line in lines)
    assert not any(line.get("source") == "http://c.example/" for line in lines)


def test_metrics_are_for_this_machine_only(settings: Settings, tools) -> None:
    """Not through a proxy, and not for a page that made its own name point here (T75)."""
    with living(settings, tools.FakeMill([SyncSummary()])) as (_, url):
        assert tools.get(url + "metrics")[0] == 200
        assert tools.get(url + "metrics", **{"X-Forwarded-For": "203.0.113.9"})[0] == 403
        assert tools.get(url + "metrics", Host="planet.example")[0] == 403
        assert tools.get(url + "metrics", Host="localhost:1")[0] == 200
        assert tools.get(url + "metrics", Host="[::1]")[0] == 200
        assert tools.get(url + "healthz", Host="planet.example")[0] == 200


def test_jobs_are_few_fixed_and_never_dropped(settings: Settings, tools) -> None:
    """Three jobs whatever the number of sources, UTC, no misfire grace, coalesced, one at a time (scheduling.md 1)."""
    with living(settings, tools.FakeMill([SyncSummary()])) as (daemon, _):
        jobs = {job.id: job for job in daemon._scheduler.get_jobs()}

        assert set(jobs) == {"tick", "heartbeat", "prune"}
        for job in jobs.values():
            assert (job.misfire_grace_time, job.coalesce, job.max_instances) == (None, True, 1)
            assert job.next_run_time.utcoffset() == timedelta(0)
        assert jobs["tick"].trigger.interval == timedelta(seconds=10)
        assert jobs["heartbeat"].trigger.interval == timedelta(seconds=15)


def test_prune_is_done_and_survives_an_error(settings: Settings, tools) -> None:
    """It waits for a tick to end; an error is told and tried again."""
    mill = tools.FakeMill([SyncSummary()])
    with living(settings, mill) as (daemon, _):
        daemon.prune()
        assert mill.store.pruned == 1
        mill.store = None  # type: ignore[assignment]
        daemon.prune()


@pytest.mark.parametrize("jump", [86_400.0, -86_400.0])
def test_a_clock_that_jumps_re_arms_the_jobs(settings: Settings, tools, jump: float) -> None:
    """After a step of the wall clock the next tick is now, not when the old clock would have had it."""
    wall = [1000.0]
    watch = ClockWatch(wall=lambda: wall[0], monotonic=lambda: 0.0)
    mill = tools.FakeMill([SyncSummary()])
    with living(settings, mill, clock_watch=watch) as (daemon, _):
        tools.wait_for(lambda: mill.synced == 1)
        far = datetime.now(UTC) + timedelta(days=1)
        daemon._scheduler.get_job("tick").modify(next_run_time=far)
        daemon.watch_clock()
        time.sleep(0.2)
        assert mill.synced == 1
        wall[0] += jump
        daemon.watch_clock()
        tools.wait_for(lambda: mill.synced == 2, 5)
        prune = daemon._scheduler.get_job("prune").next_run_time
        assert prune > datetime.now(UTC) + timedelta(hours=1)


def test_stopping_waits_for_the_tick_in_flight(settings: Settings, tools) -> None:
    """The event reaches the mill, which gives back what it has not begun; the daemon leaves when it is done."""
    ended: list[float] = []
    begun = threading.Event()

    def slow(stop: threading.Event) -> SyncSummary:
        begun.set()
        assert stop.wait(10)
        time.sleep(0.5)
        ended.append(time.monotonic())
        return SyncSummary()

    mill = tools.FakeMill([slow])
    with living(settings, mill):
        assert begun.wait(5)

    assert ended
    assert (mill.synced, mill.closed) == (1, 1)


def test_after_the_stop_nothing_is_begun(settings: Settings, tools) -> None:
    """A job that was queued already does nothing."""
    mill = tools.FakeMill([SyncSummary()])
    with living(settings, mill) as (daemon, _):
        tools.wait_for(lambda: mill.synced == 1)
        daemon.stop.set()
        daemon.tick()
        daemon.prune()

    assert mill.synced == 1
    assert mill.store.pruned == 0


def test_a_changed_configuration_is_taken_with_the_next_tick(settings: Settings, tools, tmp_path) -> None:
    """SIGHUP; one with problems changes nothing."""
    first, second = tools.FakeMill([SyncSummary()]), tools.FakeMill([SyncSummary()])
    mills = [second]
    with living(settings, first) as (daemon, _):
        tools.wait_for(lambda: first.synced)
        daemon._make_mill = lambda _: mills.pop()
        settings.path.write_text("nonsense")
        daemon.reload.set()
        daemon.tick()
        assert (first.synced, first.closed) == (2, 0)
        tools.write_config(tmp_path)
        daemon.reload.set()
        daemon.tick()
        assert (first.closed, second.synced) == (1, 1)
        assert daemon.settings.path == settings.path
    assert second.closed == 1


def test_run_and_serve_end_with_0_when_told(settings: Settings, tools, capsys: pytest.CaptureFixture[str]) -> None:
    """And print where to look."""
    stop = threading.Event()
    threading.Timer(0.5, stop.set).start()
    assert run(settings, stop=stop, make_mill=lambda _: tools.FakeMill([SyncSummary()])) == 0
    stop.clear()
    threading.Timer(0.3, stop.set).start()
    assert serve(settings, stop=stop) == 0
    out = capsys.readouterr().out

    assert out.count(f"serving {settings.output} at http://127.0.0.1:") == 2
    assert out.count("atom.xml") == 2


def test_serve_says_how_much_there_is(settings: Settings, tools, capsys: pytest.CaptureFixture[str]) -> None:
    """Its health is that there is something to serve; a publish by another process appears within 10 s."""
    (settings.output / "atom.xml").unlink()
    stop = threading.Event()
    thread = threading.Thread(target=serve, args=(settings,), kwargs={"stop": stop})
    thread.start()
    out = ""
    deadline = time.monotonic() + 10
    while "http://" not in out and time.monotonic() < deadline:
        time.sleep(0.05)
        out += capsys.readouterr().out
    url = out.split(" at ")[1].split()[0]
    try:
        assert tools.get(url + "healthz") == (503, b"nothing is published in public yet\n")
        assert tools.get(url + "atom.xml")[0] == 503
        assert tools.get(url + "metrics")[0] == 503
        (settings.output / "atom.xml").write_text("<feed>late</feed>")
        tools.wait_for(lambda: tools.get(url + "atom.xml") == (200, b"<feed>late</feed>"), 10)
        assert tools.get(url + "healthz") == (200, b"ok; 1 paths\n")
        assert tools.get(url + "metrics")[0] == 404
    finally:
        stop.set()
        thread.join(10)


@pytest.mark.parametrize("command", [run, serve])
def test_a_port_in_use_is_one_clear_error(settings: Settings, tools, command: Callable[..., int]) -> None:
    """Exit code 2, and the mill is closed again."""
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        busy = Settings(
            path=settings.path,
            title="x",
            url="http://x/",
            store="x",
            output=settings.output,
            serve=ServeOptions(port=port),
        )
        options = {"make_mill": lambda _: tools.FakeMill([SyncSummary()])} if command is run else {}
        with pytest.raises(UsageError, match=rf"127\.0\.0\.1:{port}: another program listens there"):
            command(busy, stop=threading.Event(), **options)


def test_an_output_that_is_no_folder_is_one_clear_error(settings: Settings) -> None:
    """It names the place in the configuration."""
    (settings.output / "atom.xml").unlink()
    settings.output.rmdir()
    settings.output.write_text("x")

    with pytest.raises(UsageError, match="is not a folder"):
        serve(settings, stop=threading.Event())


def test_a_mill_that_does_not_open_ends_the_start(settings: Settings) -> None:
    """The store's own error, with its exit code; nothing was bound."""

    def fail(_: Settings) -> object:
        raise StoreError("the store is too new")

    with pytest.raises(StoreError):
        run(settings, stop=threading.Event(), make_mill=fail)  # type: ignore[arg-type]


def test_a_fetch_without_end_is_left_behind(settings: Settings, tools, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the grace the process goes, with 0: its lease runs out by itself."""
    left = threading.Event()
    release = threading.Event()
    begun = threading.Event()

    def endless(_: threading.Event) -> SyncSummary:
        begun.set()
        release.wait(20)
        return SyncSummary()

    def leave(code: int) -> None:
        assert code == 0
        left.set()

    monkeypatch.setattr(daemon_module.os, "_exit", leave)
    with living(settings, tools.FakeMill([endless]), grace_seconds=0.3) as (daemon, _):
        assert begun.wait(5)
    release.set()
    tools.wait_for(lambda: not daemon._working.locked())

    assert left.is_set()


def test_reload_errors_do_not_raise(settings: Settings, tools) -> None:
    """A mill that refuses the new configuration leaves the old one at work."""
    mill = tools.FakeMill([SyncSummary()])
    with living(settings, mill) as (daemon, _):
        tools.wait_for(lambda: mill.synced)
        tools.write_config(settings.path.parent)

        def refuse(_: Settings) -> object:
            raise ConfigError("no")

        daemon._make_mill = refuse  # type: ignore[assignment]
        daemon.reload.set()
        daemon.tick()
        assert mill.synced == 2
