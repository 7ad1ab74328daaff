"""The daemon's ear for hubs (WebSub): callbacks answered, subscriptions kept up, what is pushed published at once.

In:  `Settings`, the daemon's mill (another one after a reload), its stop event.
Out: `Listener`: a route for the server, `tend` for the scheduler, a thread that takes in what was pushed.
Never: decides about a subscription (`ingest.websub` does), or makes a push wait for a tick.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import structlog

from feedmill.feeds.errors import FeedmillError
from feedmill.ingest.message import Messenger
from feedmill.ingest.subscriber import MAX_PUSH_BYTES, PREFIX, Subscriber, is_reachable
from feedmill.publish.handlers import handled

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

    from feedmill.build import Mill
    from feedmill.config.settings import Settings
    from feedmill.ingest.report import SourceReport

TEND_SECONDS = 10
_SETTLE_SECONDS = 60.0  # between two looks through all that sources offer, when no document came
_LOOK_SECONDS = 10.0  # for pushes whose source was busy, or that another process took from the hub

log = structlog.get_logger("feedmill.hubs")


def listener_for(
    settings: Settings,
    mill: Callable[[], Mill],
    *,
    stop: threading.Event,
    on_report: Callable[[SourceReport], None],
    on_published: Callable[[], None],
) -> Listener | None:
    """A listener when it is wanted, or when subscriptions of an earlier time are to be given up; else None."""
    base = None
    if settings.serve.websub:
        if is_reachable(settings.url, settings.fetch):
            base = settings.url + PREFIX.removeprefix("/")
        else:
            log.warning("no hub elsewhere can reach us: set `url` to the public address", url=settings.url)
    if base is None and not mill().store.subscriptions():
        return None
    return Listener(settings, mill, base=base, stop=stop, on_report=on_report, on_published=on_published)


class Listener:
    """See the module. `attach` each mill before it is used; `start` once, `join` after `stop` is set."""

    def __init__(
        self,
        settings: Settings,
        mill: Callable[[], Mill],
        *,
        base: str | None,
        stop: threading.Event,
        on_report: Callable[[SourceReport], None],
        on_published: Callable[[], None],
    ) -> None:
        self._mill = mill
        self._stop = stop
        self._on_report = on_report
        self._on_published = on_published
        self._pushed = threading.Event()
        self._pushing = threading.Lock()
        self._tending = threading.Lock()
        self._listens = base is not None
        self._settle_at = 0.0  # monotonic
        self._messenger = Messenger(settings.fetch)
        self._subscriber = Subscriber(
            store=mill().store,
            messenger=self._messenger,
            fetching=settings.fetch,
            base=base,
            on_push=self._pushed.set,
        )
        self._thread = threading.Thread(target=self._take_pushes, name="pushes", daemon=True)

    @property
    def route(self) -> BaseRoute:
        """Where hubs call."""
        return handled(PREFIX, self._subscriber.answer, max_body_bytes=MAX_PUSH_BYTES)

    def attach(self, mill: Mill) -> None:
        """From now on this is the mill: its sources may be polled slowly, for hubs are heard."""
        mill.listening = self._listens
        self._subscriber.store = mill.store
        self._subscriber.address = mill.settings.address

    def documents_came(self) -> None:
        """They may name hubs: the next round looks through all of them."""
        self._settle_at = 0.0

    def start(self) -> None:
        """Begin to take in what was pushed."""
        self._thread.start()

    def join(self, seconds: float) -> bool:
        """After the stop: wait for what is being taken in or asked; False when it did not end in time."""
        ends = time.monotonic() + seconds
        self._pushed.set()
        self._thread.join(seconds)
        ended = not self._thread.is_alive() and self._tending.acquire(timeout=max(ends - time.monotonic(), 0))
        if ended:
            self._tending.release()
            self._messenger.close()
        return ended

    @contextmanager
    def resting(self) -> Iterator[None]:
        """Nothing of ours uses the mill inside: it may be changed for another one."""
        with self._tending, self._pushing:
            yield

    def tend(self) -> None:
        """Ask hubs for what is due. Never raises."""
        with self._tending:
            if self._stop.is_set():
                return
            try:
                records = None
                if time.monotonic() >= self._settle_at:
                    self._settle_at = time.monotonic() + _SETTLE_SECONDS
                    records = self._mill().store.records()
                asked = self._subscriber.keep_up(records, self._stop)
                if asked:
                    log.info("asked hubs", requests=asked)
            except FeedmillError as error:
                log.warning("subscriptions could not be kept up; tried again in a moment", error=str(error))
            except Exception:  # a bug must not end the daemon; the journal has its traceback
                log.exception("subscriptions could not be kept up by a bug; tried again in a moment")

    def _take_pushes(self) -> None:
        while not self._stop.is_set():
            self._pushed.wait(_LOOK_SECONDS)
            self._pushed.clear()
            with self._pushing:
                try:
                    if self._mill().take_pushed(stop=self._stop, on_report=self._report):
                        self._on_published()
                except FeedmillError as error:
                    log.warning("what hubs brought waits; tried again in a moment", error=str(error))
                except Exception:  # as in `tend`
                    log.exception("what hubs brought waits because of a bug; tried again in a moment")

    def _report(self, report: SourceReport) -> None:
        self._on_report(report)
        log.info("pushed", source=report.source, new=report.new, changed=report.changed, detail=report.detail)
