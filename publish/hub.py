"""The WebSub hub of our own feeds (W3C Recommendation, 23 January 2018).

In:  POSTs to /hub; the shelf, which is what readers get; the memory of who subscribed.
Out: 202 at once; then, from threads of its own, a question to the callback (does it want this?), and after each change
     of a topic its bytes, as they are on the shelf, to every subscriber.
Never: speaks for topics of others, follows a redirect, goes to a callback in a private network (that is `send`'s
       guard), lets a slow callback delay another host's, logs a callback's address or a secret.

    POST subscribe ──► hub_requests ──question──► yes ──► hub_subscriptions
    the shelf changed ──► `owe`: every subscription whose topic has other bytes than it was sent is due
    due ──► POST ──► 2xx: done · 410: ended · else: again after a minute, five, 25, two hours, five hours; then the
                     subscription waits for the next change (section 7)

What is owed follows from digests in the store: a change that another process published, or that came while nothing
served, is delivered all the same. `publish` requests are answered 202 and change nothing: we see by ourselves what is
published here, and nobody else can say so.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog

from feedmill.feeds.errors import StoreError
from feedmill.feeds.hub import HubRequest
from feedmill.feeds.store_hub import HubMemory
from feedmill.publish.handlers import Answer
from feedmill.publish.hub_calls import Calls, HubPace
from feedmill.publish.hub_form import HubLimits, HubRules, Notice, Refusal, read_request
from feedmill.publish.hub_messages import Send
from feedmill.publish.lanes import Lane
from feedmill.publish.shelf import Table
from feedmill.publish.topics import Topics, is_feed

RECOVERY_SECONDS = 10.0
HOUSEKEEPING = timedelta(minutes=1)
VANISHED = timedelta(days=1)  # a topic that is away so long is no mistake of a deployment
STOP_SECONDS = 5.0
ABOUT = (
    b"This is the WebSub hub of the feeds that are published here.\n"
    b"Subscribe with POST: https://www.w3.org/TR/websub/#subscriber-sends-subscription-request\n"
)

log = structlog.get_logger("feedmill.hub")


def utc_now() -> datetime:
    """The clock of a hub that is given none."""
    return datetime.now(UTC)


class Hub:
    """See the module. `answer` is its handler; `start` and `stop` are for its threads.

    `hub_url` is the address by which the feeds name this hub.
    """

    def __init__(
        self,
        memory: HubMemory,
        topics: Topics,
        *,
        hub_url: str,
        send: Send,
        limits: HubLimits | None = None,
        pace: HubPace | None = None,
        is_topic: Callable[[str], bool] = is_feed,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._memory = memory
        self._topics = topics
        self._limits = limits or HubLimits()
        self._pace = pace = pace or HubPace()
        self._rules = HubRules(
            topics.site_url, lambda path: is_topic(path) and path in topics.shelf.table, self._limits
        )
        self._clock = clock
        self._calls = Calls(memory, topics, hub_url=hub_url, send=send, pace=pace, clock=clock)
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._asking = Lane("hub-ask", width=pace.verifications, per_host=1, done=self._nudge)
        self._sending = Lane("hub-send", width=pace.deliveries, per_host=pace.per_host, done=self._nudge)
        self._late = Lane("hub-late", width=pace.late, per_host=1, done=self._nudge)
        self._table: Table = {}
        self._digests: dict[str, bytes] = {}
        self._missing: dict[str, datetime] = {}
        self._next_due: datetime | None = None
        self._next_housekeeping: datetime | None = None
        self._thread = threading.Thread(target=self._work, name="hub", daemon=True)

    # --- the handler

    def answer(self, method: str, _path: str, _query: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """One request to the hub's address; blocks for a look at the store, never for the network."""
        if method != "POST":
            return 200, {}, ABOUT
        asked = read_request(headers.get("content-type", ""), body, self._rules)
        if isinstance(asked, Refusal):
            return asked.status, {}, f"{asked.text}\n".encode()
        if isinstance(asked, Notice):
            return 202, {}, b"Thank you; this hub sees by itself what is published here.\n"
        if asked.mode == "subscribe" and (full := self._too_many(asked)) is not None:
            status, text = full
            return status, {"Retry-After": "3600"}, f"{text}\n".encode()
        self._memory.ask(asked, self._clock())
        self._nudge()
        return 202, {}, b"Accepted; the callback will be asked whether it wants this.\n"

    def _too_many(self, asked: HubRequest) -> tuple[int, str] | None:
        total, of_host, of_topic = self._memory.counts_for(asked.host, asked.topic, asked.key)
        if total >= self._limits.most:
            return 503, "this hub has as many subscriptions as it can serve"
        if of_host >= self._limits.most_of_host or of_topic >= self._limits.most_of_topic:
            return 429, f"{asked.host} has as many subscriptions here as one host may have"
        return None

    # --- its own thread

    def start(self) -> None:
        """Begin to ask and to deliver."""
        self._thread.start()

    def stop(self) -> None:
        """Start nothing more; what is on its way has a few seconds to end, and is repeated another time if it takes
        longer."""
        self._stop.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()
        end = time.monotonic() + STOP_SECONDS
        for lane in (self._asking, self._sending, self._late):
            lane.drain(end - time.monotonic())

    def _nudge(self) -> None:
        self._next_due = self._clock()
        self._wake.set()

    def _work(self) -> None:
        while not self._stop.is_set():
            self._wake.clear()
            try:
                self._look(self._clock())
            except StoreError as error:
                log.warning("the hub cannot use the store; tried again in a moment", error=str(error))
                self._recover()
            except Exception:  # a bug in one look must not end the hub; the journal has its traceback
                log.exception("the hub stumbled over a bug; tried again in a moment")
                self._recover()
            self._wake.wait(self._pace.look.total_seconds())

    def _recover(self) -> None:
        self._stop.wait(RECOVERY_SECONDS)
        self._nudge()

    def _look(self, now: datetime) -> None:
        table = self._topics.shelf.table
        if table is not self._table:
            self._owe(table, now)
            self._table = table
        if self._next_housekeeping is None or now >= self._next_housekeeping:
            self._keep_house(now)
            self._next_housekeeping = now + HOUSEKEEPING
        if self._next_due is not None and now >= self._next_due:
            self._next_due = None  # a nudge that comes from here on counts
            self._ask(now)
            self._deliver(now, self._sending, late=False)
            self._deliver(now, self._late, late=True)
            due = self._memory.next_due()
            self._next_due = min((moment for moment in (due, self._next_due) if moment is not None), default=None)

    def _owe(self, table: Table, now: datetime) -> None:
        """After a change of the shelf: whose topic has other bytes now."""
        changed: dict[str, bytes] = {}
        for topic in self._memory.topics():
            digest = self._topics.digest(topic, table)
            if digest is not None and self._digests.get(topic) != digest:
                changed[topic] = digest
        if changed:
            count = self._memory.owe(changed, now)
            self._digests.update(changed)
            if count:
                log.info("topics changed", topics=len(changed), deliveries=count)
        self._next_due = now

    def _keep_house(self, now: datetime) -> None:
        """Leases end; topics that are gone for good are denied; hosts that were slow get another chance."""
        expired = self._memory.expire(now)
        if expired:
            log.info("subscriptions ended with their lease", subscriptions=expired)
        self._calls.forgive(now)
        gone = [topic for topic in self._memory.topics() if self._topics.content(topic, self._table) is None]
        self._missing = {topic: self._missing.get(topic, now) for topic in gone}
        for topic, since in self._missing.items():
            if now - since >= VANISHED:
                count = self._memory.deny(topic, "it is not published any more", now)
                log.info("subscriptions denied: the topic is not published any more", topic=topic, subscriptions=count)
        self._next_due = now

    # --- asking

    def _ask(self, now: datetime) -> None:
        lane, timeout = self._asking, self._pace.question_timeout
        claimed = self._memory.claim_requests(
            now,
            limit=lane.room,
            lease=3 * timeout,
            challenge=lambda: secrets.token_urlsafe(32),
            skip_hosts=lane.full_hosts,
        )
        for request in claimed:
            lane.start(request.host, partial(self._calls.ask, request))

    # --- delivering

    def _deliver(self, now: datetime, lane: Lane, *, late: bool) -> None:
        claimed = self._memory.claim_deliveries(
            now,
            limit=lane.room,
            per_host=1 if late else self._pace.per_host,
            lease=3 * self._pace.later_timeout,
            late=late,
            slow_hosts=list(self._calls.slow),
            skip_hosts=lane.full_hosts,
        )
        for subscription in claimed:
            lane.start(subscription.host, partial(self._calls.deliver, subscription))
