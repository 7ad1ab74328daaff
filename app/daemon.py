"""The two long-running commands: `run` (ticks and serving) and `serve` (serving only).

In:  `Settings`.
Out: exit code 0 after SIGTERM or SIGINT, when what was in flight has ended.
Never: makes a scheduler job per feed (the store's `next_fetch` is the schedule), or lets an error inside a tick end it.

    main thread   waits for a signal; watches the clock each 5 s
    scheduler     tick each 10 s · heartbeat each 15 s · prune daily       (APScheduler, memory only, UTC)
    serve         uvicorn's loop, from memory                              (publish.server)
    watch         looks at the folder each 2 s, for publishes by other processes
    pushes        takes in what hubs bring, at once; hubs are asked each 10 s  (listening; only with [serve] websub)

The first signal only sets an event. Claiming stops, fetches in flight end (at most `GRACE_SECONDS`), the leases of the
rest go back, the server drains, exit 0. The second signal ends the process at once; leases in the store make that safe.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import nullcontext, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from feedmill import journal
from feedmill.feeds.errors import FeedmillError, StoreError
from feedmill.metrics import Meters
from feedmill.pulse import BEAT_SECONDS, ClockWatch, Pulse
from feedmill.serving import Hosting, announce, count_files, health_route, hosting, metrics_route
from feedmill.stopping import signalled

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

    from feedmill.build import Mill
    from feedmill.config.settings import Settings
    from feedmill.ingest.report import SourceReport
    from feedmill.listening import Listener

TICK_SECONDS = 10
GRACE_SECONDS = 20.0  # longer than nearly every fetch, below systemd's TimeoutStopSec of 90 s
CLOCK_SECONDS = 5.0

log = structlog.get_logger("feedmill.daemon")


def serve(settings: Settings, *, stop: threading.Event | None = None) -> int:
    """Serve `settings.output` until SIGTERM, SIGINT or `stop`; exit code 0. UsageError when we cannot listen."""
    journal.set_up()
    stop = stop or threading.Event()
    hosted: list[Hosting] = []
    route = health_route(lambda: count_files(settings.output, hosted[0].shelf))
    with signalled(stop), hosting(settings, routes=[route]) as host:
        hosted.append(host)
        announce(settings, host, _say)
        stop.wait()
    return 0


def run(
    settings: Settings,
    *,
    stop: threading.Event | None = None,
    make_mill: Callable[[Settings], Mill] | None = None,
) -> int:
    """Tick and serve until SIGTERM, SIGINT or `stop`; exit code 0. `make_mill` wires the mill; tests have their own."""
    journal.set_up()
    stop = stop or threading.Event()
    reload = threading.Event()
    with signalled(stop, reload):
        return Daemon(settings, stop=stop, reload=reload, make_mill=make_mill or _wire).run()


def _wire(settings: Settings) -> Mill:
    from feedmill.build import Mill

    return Mill(settings)


def _say(line: str) -> None:
    print(line, flush=True)


class Daemon:
    """One running daemon. `stop` ends it, `reload` makes the next tick read the configuration again."""

    def __init__(
        self,
        settings: Settings,
        *,
        stop: threading.Event,
        reload: threading.Event,
        make_mill: Callable[[Settings], Mill],
        grace_seconds: float = GRACE_SECONDS,
        clock_watch: ClockWatch | None = None,
    ) -> None:
        self.settings = settings
        self.stop = stop
        self.reload = reload
        self.pulse = Pulse(time.monotonic)
        self.meters = Meters()
        self._make_mill = make_mill
        self._grace_seconds = grace_seconds
        self._clock_watch = clock_watch or ClockWatch(wall=time.time, monotonic=time.monotonic)
        self._working = threading.Lock()  # held by a tick or a prune: one writer at a time
        self._scheduler = self._plan()
        self._host: Hosting | None = None
        self._listener: Listener | None = None

    def run(self) -> int:
        """Until `stop`; then drain."""
        self._mill = self._make_mill(self.settings)  # StoreError here ends the start: nothing is running yet
        try:
            routes = [health_route(self.pulse.condition), metrics_route(self.meters.text), *self._listen()]
            with hosting(self.settings, routes=routes) as host:
                self._host = host
                self.meters.watch_server(host.site.served, lambda: host.server.connections)
                announce(self.settings, host, _say)
                log.info("started", urls=host.urls, sources=len(self.settings.sources))
                self._scheduler.start()
                if self._listener is not None:
                    self._listener.start()
                while not self.stop.wait(CLOCK_SECONDS):
                    self.watch_clock()
                log.info("stopping; what is in flight ends first")
                host.server.close()
                self._scheduler.shutdown(wait=False)
                self._leave_working()
        finally:
            self._mill.close()
        log.info("stopped")
        return 0

    def watch_clock(self) -> None:
        """Plan the jobs anew when the wall clock jumped: APScheduler sleeps until a time of the old clock."""
        drift = self._clock_watch.drift()
        if drift:
            log.warning("the clock jumped; planning anew", seconds=round(drift))
            now = datetime.now(UTC)
            for job in self._scheduler.get_jobs():
                if job.id != "prune":
                    job.modify(next_run_time=now)
            self._scheduler.wakeup()

    def tick(self) -> None:
        """Fetch what is due, publish what changed, put it on the shelf. Never raises."""
        with self._working:
            if self.stop.is_set():
                return
            started = time.monotonic()
            self.pulse.began()
            store_fails = False
            try:
                self._take_new_settings()
                summary = self._mill.sync(stop=self.stop, on_report=self._on_report)
                self._refresh()
                self.meters.tick(summary, seconds=time.monotonic() - started, at=datetime.now(UTC))
                if summary.fetched and self._listener is not None and not self.stop.is_set():
                    self._listener.documents_came()
                    self._scheduler.modify_job("hubs", next_run_time=datetime.now(UTC))
                if summary.fetched or summary.not_modified or summary.failed or self._first_tick:
                    self._first_tick = False
                    self.meters.stock(self._mill.store.records(), entries=self._mill.store.counts().entries)
                    log.info("tick", **summary.as_json()["summary"], seconds=round(time.monotonic() - started, 2))
                for problem in summary.problems:
                    log.warning("published with a problem", problem=problem)
            except FeedmillError as error:
                store_fails = isinstance(error, StoreError)
                self.meters.failed_tick()
                log.warning("tick failed; tried again in a moment", error=str(error))
            except Exception:  # a bug in one tick must not end the daemon; the journal has its traceback
                self.meters.failed_tick()
                log.exception("tick failed by a bug; tried again in a moment")
            finally:
                self.pulse.ended(store_fails=store_fails)

    def prune(self) -> None:
        """Let go of old contents; their tombstones stay. Never raises."""
        with self._working:
            if self.stop.is_set():
                return
            try:
                gone = self._mill.store.prune(datetime.now(UTC))
                log.info("pruned", entries=gone)
            except Exception:  # as in `tick`
                log.exception("prune failed; tried again tomorrow")

    _first_tick = True

    def _plan(self) -> BackgroundScheduler:
        scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(4)},
            # The default grace of 1 s silently drops what a busy pool picks up late (scheduling.md section 1).
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        now = datetime.now(UTC)
        scheduler.add_job(self.tick, "interval", seconds=TICK_SECONDS, id="tick", next_run_time=now)
        scheduler.add_job(self.pulse.beat, "interval", seconds=BEAT_SECONDS, id="heartbeat", next_run_time=now)
        scheduler.add_job(self.prune, "interval", days=1, id="prune")
        return scheduler

    def _on_report(self, report: SourceReport) -> None:
        self.meters.report(report)
        if report.failure is not None:
            log.info("failed", source=report.source, failure=str(report.failure), detail=report.detail)
        elif report.new or report.changed:
            log.info("fetched", source=report.source, new=report.new, changed=report.changed)

    def _listen(self) -> list[BaseRoute]:
        """An ear for hubs, when there is something to hear; its route."""
        from feedmill.listening import TEND_SECONDS, listener_for

        self._listener = listener_for(
            self.settings,
            lambda: self._mill,
            stop=self.stop,
            on_report=self.meters.report,
            on_published=self._refresh,
        )
        if self._listener is None:
            return []
        self._listener.attach(self._mill)
        now = datetime.now(UTC)
        self._scheduler.add_job(self._listener.tend, "interval", seconds=TEND_SECONDS, id="hubs", next_run_time=now)
        return [self._listener.route]

    def _refresh(self) -> None:
        if self._host is None:
            return
        try:
            self._host.shelf.refresh()
        except OSError as error:
            log.warning("the published folder cannot be read", folder=str(self.settings.output), error=str(error))

    def _take_new_settings(self) -> None:
        """After SIGHUP: a configuration with problems changes nothing; [serve] and output need a restart."""
        if not self.reload.is_set():
            return
        self.reload.clear()
        from feedmill.config.load import load

        try:
            settings = load(self.settings.path)
            mill = self._make_mill(settings)
        except FeedmillError as error:
            log.warning("the new configuration is not taken", problems=str(error).splitlines())
            return
        if (settings.serve, settings.output) != (self.settings.serve, self.settings.output):
            log.warning("[serve] and output change with the next start")
        with self._listener.resting() if self._listener is not None else nullcontext():
            old, self._mill, self.settings = self._mill, mill, settings
            if self._listener is not None:
                self._listener.attach(mill)
            old.close()
        log.info("configuration read again", sources=len(settings.sources))

    def _leave_working(self) -> None:
        """Wait for the tick in flight, and for hubs that are being asked; what does not end in time is left."""
        ends = time.monotonic() + self._grace_seconds
        at_rest = self._listener is None or self._listener.join(self._grace_seconds)
        if at_rest and self._working.acquire(timeout=max(ends - time.monotonic(), 0)):
            self._working.release()
            return
        log.warning("a fetch did not end in time; its lease runs out by itself", seconds=self._grace_seconds)
        if self._host is not None:
            self._host.server.stop()
        with suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(0)  # a thread in a blocking call cannot be ended; the interpreter would wait for it
