"""The two requests that our hub makes to a callback, and what is noted of their answers.

In:  a request that waits to be confirmed, or a subscription that is owed its topic's content; both under a lease.
Out: a GET with a challenge, or a POST of the content; the outcome in the memory and the journal.
Never: logs a callback's address or a secret; raises: whatever goes wrong, the lease brings the work back.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

import structlog

from feedmill.feeds.errors import StoreError
from feedmill.feeds.hub import HubRequest, HubSubscription
from feedmill.feeds.store_hub import HubMemory
from feedmill.publish.hub_messages import (
    DELIVERY_PAUSES,
    VERIFICATION_PAUSES,
    Meaning,
    Send,
    Verdict,
    answer_to_delivery,
    answer_to_question,
    delivery_headers,
    pause_after,
    question,
)
from feedmill.publish.topics import Topics, digest_of

SLOW_FOR = timedelta(minutes=10)

Work = TypeVar("Work")

log = structlog.get_logger("feedmill.hub")


@dataclass(frozen=True, slots=True, kw_only=True)
class HubPace:
    """How hard we work. `late`: for callbacks that failed or were slow before, so that they take nobody's place.

    `look`: how often the shelf is compared with the one we know, which costs nothing: one pointer.
    """

    look: timedelta = timedelta(seconds=1)
    verifications: int = 4
    deliveries: int = 8
    late: int = 4
    per_host: int = 2
    question_timeout: timedelta = timedelta(seconds=10)
    first_timeout: timedelta = timedelta(seconds=10)
    later_timeout: timedelta = timedelta(seconds=20)
    delivery_pauses: tuple[timedelta, ...] = DELIVERY_PAUSES
    verification_pauses: tuple[timedelta, ...] = VERIFICATION_PAUSES


class Calls:
    """See the module. `slow`: hosts that took long, and until when that counts. Its methods run in threads."""

    def __init__(
        self,
        memory: HubMemory,
        topics: Topics,
        *,
        hub_url: str,
        send: Send,
        pace: HubPace,
        clock: Callable[[], datetime],
    ) -> None:
        self.slow: dict[str, datetime] = {}
        self._memory = memory
        self._topics = topics
        self._hub_url = hub_url
        self._send = send
        self._pace = pace
        self._clock = clock

    def ask(self, request: HubRequest) -> None:
        """Ask whether the callback wants this, or tell it that it was denied."""
        self._surely(self._question, request)

    def deliver(self, owed: HubSubscription) -> None:
        """Send the content as it is now."""
        self._surely(self._delivery, owed)

    def forgive(self, now: datetime) -> None:
        """Hosts that were slow get another chance."""
        self.slow = {host: until for host, until in self.slow.items() if until > now}

    def _question(self, request: HubRequest) -> None:
        asked_at = self._clock()
        if request.mode == "subscribe" and self._topics.content(request.topic) is None:
            request = replace(request, mode="denied", reason="it is not published any more")
        reply = self._send("GET", question(request), timeout=self._pace.question_timeout)
        verdict = answer_to_question(request, reply)
        pause = pause_after(request.attempts + 1, self._pace.verification_pauses, verdict.wait, random.random())  # noqa: S311
        if verdict.meaning is Meaning.AGAIN and pause is not None:
            self._memory.put_off(request, self._clock() + pause)
        elif verdict.meaning is not Meaning.DONE or request.mode == "denied":
            self._memory.settle(request)
            if request.mode != "denied":
                log.info(
                    "not confirmed", asked=request.mode, host=request.host, topic=request.topic, detail=verdict.detail
                )
        else:
            self._begin(request, asked_at)

    def _begin(self, request: HubRequest, asked_at: datetime) -> None:
        """The lease runs from the question on (5.3)."""
        digest = self._topics.digest(request.topic)
        lease_until = asked_at + request.lease
        if not self._memory.confirm(request, self._clock(), digest, lease_until=lease_until):
            return
        log.info("confirmed", asked=request.mode, host=request.host, topic=request.topic, until=lease_until)
        newest = self._topics.digest(request.topic)
        if newest is not None and newest != digest:  # an edition came just now, and `_owe` did not know this one yet
            self._memory.owe({request.topic: newest}, self._clock())

    def _delivery(self, owed: HubSubscription) -> None:
        content = self._topics.content(owed.topic)
        if content is None:
            self._memory.not_now(owed.key)
            return
        variant, started = content.identity, self._clock()
        headers = delivery_headers(
            variant.body,
            content_type=dict(variant.ok)[b"content-type"].decode("latin-1"),
            hub_url=self._hub_url,
            topic_url=self._topics.own_url(owed.topic),
            secret=owed.secret,
        )
        is_late = owed.failing or owed.host in self.slow
        timeout = self._pace.later_timeout if is_late else self._pace.first_timeout
        reply = self._send("POST", owed.callback, headers=headers, body=variant.body, timeout=timeout)
        if self._clock() - started >= self._pace.first_timeout / 2:
            self.slow[owed.host] = self._clock() + SLOW_FOR
        self._note(owed, digest_of(content), answer_to_delivery(reply))

    def _note(self, owed: HubSubscription, digest: bytes, verdict: Verdict) -> None:
        now = self._clock()
        if verdict.meaning is Meaning.DONE:
            self._memory.delivered(owed.key, digest, now)
            if owed.failing:
                log.info("delivered again", host=owed.host, topic=owed.topic)
        elif verdict.meaning is Meaning.GONE:
            self._memory.cancel(owed.key)
            log.info("ended by its subscriber (410)", host=owed.host, topic=owed.topic)
        else:
            pause = pause_after(owed.attempts + 1, self._pace.delivery_pauses, verdict.wait, random.random())  # noqa: S311
            words = {"host": owed.host, "topic": owed.topic, "tries": owed.attempts + 1, "detail": verdict.detail}
            if pause is None:
                self._memory.give_up(owed.key, digest, verdict.detail, now)
                log.warning("not delivered; the next change is tried again", **words)
            else:
                self._memory.failed(owed.key, verdict.detail, until=now + pause)
                log.info("not delivered yet", **words, next_try=now + pause)

    def _surely(self, do: Callable[[Work], None], work: Work) -> None:
        """Whatever goes wrong in a task, the lease brings the work back."""
        try:
            do(work)
        except StoreError as error:
            log.warning("the hub cannot note what came of a request; it is repeated", error=str(error))
        except Exception:  # a bug must not end the hub; the journal has its traceback
            log.exception("the hub stumbled over a bug; the request is repeated later")
