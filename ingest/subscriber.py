"""WebSub as a subscriber, done: hubs asked in their turn, and answered when they call.

In:  a store, a messenger, our public address; the requests that come to our callbacks.
Out: subscriptions in the store; pushed documents in its queue (`Tick.take_pushed` reads them).
Never: decides (that is `websub`, `websub_answer`), reads a document, waits for a hub while somebody waits for us.

    keep_up(records)   offers against subscriptions -> begin, leave; leases that ran out -> look ourselves
                       what is due -> hubs, through the site gates, one request at a time for each site
    answer(request)    GET: the hub asks back or refuses      POST: a document, kept when its signature is right
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from random import random
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from feedmill.feeds.outcome import Failure
from feedmill.feeds.source import SourceRecord, Standing
from feedmill.feeds.store import Store
from feedmill.feeds.subscription import Pushed, Subscription, SubscriptionStanding
from feedmill.ingest.codings import BodyError, read_body
from feedmill.ingest.gate import SiteGate, is_private_site, remember_sites, site_key
from feedmill.ingest.message import Messenger
from feedmill.ingest.options import FetchOptions
from feedmill.ingest.passage import Passage
from feedmill.ingest.site_queue import SiteQueue, Turn
from feedmill.ingest.websub import (
    asking,
    compare,
    form,
    lapsed,
    leaving,
    next_mode,
    offer_of,
    refused,
    wanted_again,
)
from feedmill.ingest.websub_answer import hear, listens, pushed, signature_fits
from feedmill.ingest.websub_request import Taken, post_form
from feedmill.ingest.websub_trust import pace

if TYPE_CHECKING:
    import threading

PREFIX = "/websub/"
MAX_PUSH_BYTES = 3_000_000
MOST_WAITING = 5  # pushes of one source that were not read yet
_AT_ONCE = 200
_THREADS = 4
_STEP_LEASE = timedelta(minutes=5)
_BUSY_SECONDS = "60"
_STOP_CHECK_SECONDS = 0.2
_LONGEST_QUERY = 32_768
_NO_LONGER = "its hub no longer tells us of new entries: we look ourselves again"

Reply = tuple[int, dict[str, str], bytes]


def is_reachable(url: str, options: FetchOptions) -> bool:
    """Whether a hub can reach us at `url`: it is public, or the operator has a network of his own."""
    intranet = options.allow_private_networks or options.allow_networks or options.allow_hosts
    return bool(intranet) or not is_private_site(site_key(url))


def _nothing() -> None:
    """The default listener."""


@dataclass(slots=True, kw_only=True)
class Subscriber:
    """See the module. `base`: what our callbacks begin with; None: we subscribe no more, and leave where we are."""

    store: Store
    messenger: Messenger
    fetching: FetchOptions
    base: str | None
    address: Callable[[str], str] = str  # of a source's URL, secrets filled in
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    chance: Callable[[], float] = random
    token: Callable[[], str] = field(default=lambda: secrets.token_urlsafe(32), repr=False)
    on_push: Callable[[], None] = _nothing  # a document was kept

    # --- turning to hubs

    def keep_up(self, records: Sequence[SourceRecord] | None, stop: threading.Event) -> int:
        """One round; how many requests were due. `records` None: what is offered was looked through a moment ago."""
        if records is not None:
            self._settle(records)
        due = self.store.claim_steps(self.clock(), limit=_AT_ONCE, lease=_STEP_LEASE)
        if due:
            self._ask_all(due, stop)
        return len(due)

    def _settle(self, records: Sequence[SourceRecord]) -> None:
        """Bring subscriptions in line with what is offered; whoever loses one is looked at again by ourselves."""
        now = self.clock().replace(microsecond=0)  # the store keeps seconds: what is to be done now is due now
        present = self.store.subscriptions()
        offers = {}
        if self.base is not None:
            for record in records:
                offer = offer_of(record, address=self.address(record.source.url))
                if offer is not None:
                    offers[record.row] = offer
        changes = compare(offers, present, base=self.base or "")
        for subscription in changes.leave:
            self.store.change_subscription(subscription.row, lambda now_is: leaving(now_is, now))
        for subscription in changes.again:
            self.store.change_subscription(subscription.row, lambda now_is: wanted_again(now_is, now))
        over = [each for each in present if lapsed(each, now)]
        for subscription in over:
            self.store.change_subscription(subscription.row, lambda now_is: lapsed(now_is, now))
        self._look_ourselves([*changes.leave, *over], now)
        drafts = [self._draft(row, offer.hub, offer.topic, now) for row, offer in changes.begin]
        self.store.begin_subscriptions(drafts)

    def _draft(self, source_row: int, hub: str, topic: str, now: datetime) -> Subscription:
        token = self.token()
        return Subscription(
            source_row=source_row,
            hub=hub,
            topic=topic,
            token=token,
            callback=f"{self.base}{token}",
            secret=self.token(),
            next_step=now,
        )

    def _look_ourselves(self, subscriptions: Sequence[Subscription], now: datetime) -> None:
        rows = [each.source_row for each in subscriptions if each.standing is SubscriptionStanding.ACTIVE]
        self.store.look_sooner(rows, now, _NO_LONGER)

    def _ask_all(self, due: Sequence[Subscription], stop: threading.Event) -> None:
        """Each hub in its turn: one request at a time for a site, spaced; a site that is held is asked later."""
        gate = SiteGate(
            self.fetching,
            states=self.store.sites(sorted({site_key(each.hub) for each in due})).values(),
            wall=self.clock,
        )
        turns = SiteQueue(due, url_of=lambda each: each.hub, gate=gate, patience=self.fetching.timeout)

        def work() -> None:
            while (turn := turns.take()) is not None:
                self._take_turn(turn, turns, gate)

        with ThreadPoolExecutor(min(_THREADS, len(due)), thread_name_prefix="hub") as pool:
            working = [pool.submit(work) for _ in range(min(_THREADS, len(due)))]
            left = []
            while wait(working, timeout=_STOP_CHECK_SECONDS).not_done:
                if stop.is_set():
                    left += turns.close()
        for subscription in left:
            self.store.change_subscription(subscription.row, lambda _: None, done=True)
        remember_sites(gate, self.store)
        for each in working:
            each.result()  # a store that failed, or a bug: told to whoever runs the rounds

    def _take_turn(self, turn: Turn[Subscription], turns: SiteQueue[Subscription], gate: SiteGate) -> None:
        if turn.postponed_until is not None:
            turns.done(turn, None)
            self._postpone(turn.item, turn.postponed_until)
            return
        passage = Passage(turn, turns, gate, book=self.store.book_site, patience=self.fetching.timeout)
        outcome: Failure | None = None
        try:
            outcome = self._step(turn.item, passage)
        finally:
            answering = passage.site
            passage.leave()
            turns.done(turn, outcome, answering)

    def _postpone(self, subscription: Subscription, until: datetime) -> None:
        self.store.change_subscription(subscription.row, lambda now_is: replace(now_is, next_step=until), done=True)

    def _step(self, subscription: Subscription, passage: Passage[Subscription]) -> Failure | None:
        """Do what is next with one subscription; the `Failure` from which its site may be learned about."""
        now = self.clock()
        mode = next_mode(subscription, now)
        if mode is None:
            self.store.drop_subscription(subscription.row)
            return None
        # Written before the request is sent: many hubs ask back before they answer.
        asked = self.store.change_subscription(subscription.row, lambda now_is: asking(now_is, mode, now))
        if asked is None:
            return None
        outcome = post_form(self.messenger, asked.hub, form(asked, mode), now=now, gatekeeper=passage)
        if passage.postponed_until is not None:
            self._postpone(asked, passage.postponed_until)
            return None
        if isinstance(outcome, Taken):
            self.store.change_subscription(asked.row, lambda _: None, done=True)
            return None
        trouble, chance = outcome, self.chance()
        self.store.change_subscription(
            asked.row,
            lambda now_is: refused(
                now_is,
                trouble.detail,
                self.clock(),
                chance,
                wait=trouble.retry_after,
                heard=trouble.status is not None,
            ),
            done=True,
        )
        return trouble

    # --- answering hubs

    def answer(self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """A request to one of our callbacks; plain text, so that nothing a hub says can become a page of ours (T76)."""
        subscription = self._called(path)
        if subscription is None:
            return _plain(410, "nobody listens here any more")
        if method == "GET":
            return self._asked_back(subscription, query)
        if method == "POST":
            return self._take(subscription, {name.lower(): value for name, value in headers.items()}, body)
        return 405, {"Allow": "GET, POST", **_PLAIN}, b"only GET and POST\n"

    def _called(self, path: str) -> Subscription | None:
        token = path.rpartition("/")[2]
        return self.store.subscription(token) if 16 <= len(token) <= 128 and token.isascii() else None

    def _asked_back(self, subscription: Subscription, query: str) -> Reply:
        fields = _first_of_each(query)
        now, chance = self.clock(), self.chance()
        replies = []

        def decide(now_is: Subscription) -> Subscription | None:
            replies.append(hear(now_is, fields, now, chance))
            return replies[-1].becomes

        before = pace(subscription, now)
        changed = self.store.change_subscription(subscription.row, decide)
        if not replies:
            return _plain(410, "nobody listens here any more")
        if changed is not None and before is not None and pace(changed, now) is None:
            self._look_ourselves([subscription], now)
        reply = replies[-1]
        return reply.status, dict(_PLAIN), reply.text.encode("utf-8", "surrogatepass")

    def _take(self, subscription: Subscription, headers: Mapping[str, str], body: bytes) -> Reply:
        """Keep a pushed document, or say why not. It is read later: the hub waits for nothing (B8).

        A signature that is missing is refused (302 of websub.rocks); one that is wrong is answered like a right one
        and its document thrown away, so that nobody learns from the answer (section 7).
        """
        if not listens(subscription) or not self._is_wanted(subscription):
            return _plain(410, "nobody listens here any more")
        signature = headers.get("x-hub-signature")
        if not signature:
            return _plain(403, "the signature is missing")
        if len(body) > MAX_PUSH_BYTES:
            return _plain(413, "too long")
        body_hash = blake2b(body, digest_size=16).hexdigest()
        if not signature_fits(subscription.secret, signature, body) or body_hash in subscription.heard:
            return _plain(202, "thank you")
        try:
            limit = self.fetching.max_body_bytes
            document = read_body([body], headers.get("content-encoding", ""), max_body_bytes=limit)
        except BodyError:
            return _plain(415, "the document cannot be unpacked")
        now = self.clock()
        kept = self.store.queue_push(
            Pushed(
                row=0,
                subscription_row=subscription.row,
                source_row=subscription.source_row,
                received_at=now,
                content_type=headers.get("content-type", ""),
                body=document,
            ),
            lambda now_is: pushed(now_is, body_hash, now),
            most=MOST_WAITING,
        )
        if not kept:
            return 503, {"Retry-After": _BUSY_SECONDS, **_PLAIN}, b"too many of your documents wait; please come back\n"
        self.on_push()
        return _plain(202, "thank you")

    def _is_wanted(self, subscription: Subscription) -> bool:
        found = self.store.records([subscription.source_url])
        return any(
            record.row == subscription.source_row and record.state.standing not in (Standing.GONE, Standing.PAUSED)
            for record in found
        )


def _first_of_each(query: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    for name, value in parse_qsl(query[:_LONGEST_QUERY], keep_blank_values=True, errors="replace"):
        fields.setdefault(name, value)
    return fields


_PLAIN = {
    "Content-Type": "text/plain; charset=utf-8",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'",
    "Cache-Control": "no-store",
}


def _plain(status: int, text: str) -> Reply:
    return status, dict(_PLAIN), f"{text}\n".encode()
