"""Telling WebSub hubs of others which of our feeds changed (publishing.md F2; network.md P2-P5).

In:  what a publish wrote; a memory of what each hub was told; whether new bytes can be fetched already.
Out: POST hub.mode=publish, hub.url and hub.topic, one for each hub and each feed whose bytes changed.
Never: tells a hub before the new bytes can be fetched, or when nothing changed; holds up the publish that it follows;
       tries for ever.

    before    a mark is put down: from here on feeds may change
    publish   files are renamed into place
    after     the feeds that were written are owed, the mark is taken up
    drain     due -> visible? -> POST -> done, or again after a pause

A process that is killed after `before` leaves its mark: the next one looks for feeds that are younger.
"""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Protocol
from urllib.parse import urlencode

import structlog

from feedmill.feeds.errors import StoreError
from feedmill.feeds.hub import Ping
from feedmill.feeds.outcome import Failure
from feedmill.feeds.store_pings import PingMemory
from feedmill.publish.deliver import read
from feedmill.publish.headers import FEED_ENDINGS, self_url
from feedmill.publish.hub_messages import Meaning, Send, answer_to_ping, pause_after
from feedmill.publish.lanes import Lane

MARK = "websub_since"
PING_PAUSES = (
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=4),
)
LOOK_AGAIN = timedelta(seconds=2)  # when the new bytes are not served yet
PATIENCE = timedelta(days=1)  # with bytes that are never served
AT_ONCE = 50  # pings of one claim
TIMEOUT = timedelta(seconds=15)
CLOCK_STEP = 2  # seconds that a file system's clock may lag behind ours

LARGEST_FEED = 50_000_000

Visible = Callable[[str, bytes], bool]
"""(topic, digest): whether whoever fetches that feed now gets these bytes."""

log = structlog.get_logger("feedmill.websub")


Note = Callable[..., None]
"""Takes what happened: (level, event, **about): "info" or "warning", a few words, and what they are about."""


def to_journal(level: str, event: str, **about: object) -> None:
    """Where a process that stays notes things."""
    getattr(log, level)(event, **about)


class Notes(Protocol):
    """A store's small notes."""

    def meta(self, key: str) -> str | None: ...

    def set_meta(self, key: str, value: str | None) -> None: ...


class Announcements:
    """What one output folder owes to `hubs`. Made for each publish: `before` it, and `after` it with what it wrote."""

    def __init__(self, notes: Notes, memory: PingMemory, *, hubs: Sequence[str], site_url: str, output: Path) -> None:
        self._notes = notes
        self._memory = memory
        self._hubs = hubs
        self._site_url = site_url
        self._output = output
        self._left_behind: int | None = None

    def before(self, now: datetime) -> None:
        """Put the mark down; one that lies there already is of a publish that did not end."""
        mark = self._notes.meta(MARK)
        self._left_behind = int(mark) if mark and mark.isdigit() else None
        if mark is None:
            self._notes.set_meta(MARK, str(int(now.timestamp())))

    def after(self, written: Iterable[Path], now: datetime) -> None:
        """Owe the feeds that changed, then take the mark up."""
        feeds = [path for path in written if f"/{path.name}" in FEED_ENDINGS]
        if self._left_behind is not None:
            feeds += feeds_since(self._output, self._left_behind - CLOCK_STEP)
        digests = {}
        for feed in dict.fromkeys(feeds):
            name = feed.relative_to(self._output).as_posix()
            body = read(self._output, name)
            if body is not None:
                digests[self_url(self._site_url, name)] = digest_of(body)
        self._memory.drop_pings_but(self._hubs)
        self._memory.owe_pings(self._hubs, digests, now)
        self._notes.set_meta(MARK, None)


def feeds_since(output: Path, since: int) -> Iterator[Path]:
    """The feeds below `output` whose bytes moved at `since` (epoch seconds) or later."""
    for folder, _, names in os.walk(output):
        for name in names:
            path = Path(folder, name)
            with suppress(FileNotFoundError):  # withdrawn meanwhile
                if f"/{name}" in FEED_ENDINGS and path.lstat().st_mtime >= since:
                    yield path


def digest_of(body: bytes) -> bytes:
    """As the shelf has it: a ping is due until the shelf shows the same."""
    return blake2b(body, digest_size=16).digest()


def looks_visible(send: Send) -> Visible:
    """Asks our own public address, as a hub would. Whoever cannot ask it (no network, a name that leads to a private
    network) has nothing to wait for: then the files are in place, and that is all we can know.
    """

    def visible(topic: str, digest: bytes) -> bool:
        reply = send("GET", topic, timeout=TIMEOUT, max_reply_bytes=LARGEST_FEED)
        return isinstance(reply, Failure) or (reply.status == 200 and digest_of(reply.body) == digest)

    return visible


class Pinger:
    """Tells `hubs` what is due; one batch at a time for each hub."""

    def __init__(
        self,
        memory: PingMemory,
        *,
        hubs: Sequence[str],
        send: Send,
        visible: Visible,
        clock: Callable[[], datetime],
        note: Note | None = None,
        pauses: tuple[timedelta, ...] = PING_PAUSES,
    ) -> None:
        self._memory = memory
        self._hubs = tuple(hubs)
        self._send = send
        self._visible = visible
        self._clock = clock
        self._note = note or to_journal
        self._pauses = pauses
        self._unseen: dict[bytes, tuple[bytes, datetime]] = {}  # by ping: digest, since when it is waited for

    def due(self) -> datetime | None:
        """When the next ping is due; None when none is."""
        return self._memory.next_ping(self._hubs)

    def claim(self, skip: Iterable[str] = ()) -> dict[str, list[Ping]]:
        """What is due now, by hub."""
        hubs = set(self._hubs).difference(skip)
        batches: dict[str, list[Ping]] = {}
        for ping in self._memory.claim_pings(self._clock(), limit=AT_ONCE, lease=AT_ONCE * TIMEOUT, hubs=hubs):
            batches.setdefault(ping.hub, []).append(ping)
        return batches

    def run(self, stop: threading.Event) -> None:
        """Tell whoever is due until `stop`: the body of a thread. A slow hub delays no other one."""
        lane = Lane("ping", width=len(self._hubs), per_host=1, done=lambda: None)
        while not stop.wait(LOOK_AGAIN.total_seconds()):
            try:
                due = self.due()
                if due is not None and due <= self._clock():
                    for hub, pings in self.claim(skip=lane.full_hosts).items():
                        lane.start(hub, partial(self._surely, pings))
            except StoreError as error:
                log.warning("the store cannot be used; hubs are told later", error=str(error))
                stop.wait(10 * LOOK_AGAIN.total_seconds())

    def drain(self, stop: threading.Event, *, limit: timedelta) -> bool:
        """Tell whoever is due now, waiting a little for new bytes to be served; whether nothing is left for later."""
        end = self._clock() + limit
        while (due := self.due()) is not None and due < end and not stop.is_set():
            for pings in self.claim().values():
                self.tell(pings)
            if stop.wait(min(LOOK_AGAIN, max(due - self._clock(), timedelta(0))).total_seconds()):
                break
        return self.due() is None

    def _surely(self, pings: Sequence[Ping]) -> None:
        try:
            self.tell(pings)
        except StoreError as error:  # their lease brings them back
            log.warning("the store cannot note which hub was told; it is told again", error=str(error))

    def tell(self, pings: Sequence[Ping]) -> None:
        """Tell one hub. One that does not answer is not asked again for the rest of the batch."""
        silent = ""
        for ping in pings:
            if silent:
                self._again(ping, silent, timedelta(0))
            elif not self._visible(ping.topic, ping.digest):
                self._wait_for_bytes(ping)
            else:
                self._unseen.pop(ping.key, None)
                silent = self._tell_one(ping)

    def _wait_for_bytes(self, ping: Ping) -> None:
        """Look again soon, then more and more rarely: a topic that was withdrawn is never served again."""
        now = self._clock()
        digest, since = self._unseen.setdefault(ping.key, (ping.digest, now))
        if digest != ping.digest:
            self._unseen[ping.key], since = (ping.digest, now), now
        waited = now - since
        if waited > PATIENCE:
            del self._unseen[ping.key]
            self._memory.pinged(ping)
            self._note("info", "not told: the new bytes were never served", hub=ping.hub, topic=ping.topic)
        else:
            self._memory.put_off_ping(ping, now + max(LOOK_AGAIN, waited / 4), "", failed=False)

    def _tell_one(self, ping: Ping) -> str:
        """Why the hub could not take it, when it may take it later."""
        form = urlencode({"hub.mode": "publish", "hub.url": ping.topic, "hub.topic": ping.topic})
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        verdict = answer_to_ping(self._send("POST", ping.hub, headers=headers, body=form.encode(), timeout=TIMEOUT))
        if verdict.meaning is Meaning.DONE:
            self._memory.pinged(ping)
            self._note("info", "told", hub=ping.hub, topic=ping.topic)
        elif verdict.meaning is Meaning.AGAIN:
            self._again(ping, verdict.detail, verdict.wait)
            return verdict.detail
        else:
            self._memory.pinged(ping, verdict.detail)
            self._note("warning", "the hub refuses the news", hub=ping.hub, topic=ping.topic, detail=verdict.detail)
        return ""

    def _again(self, ping: Ping, detail: str, wait: timedelta) -> None:
        pause = pause_after(ping.attempts + 1, self._pauses, wait, random.random())  # noqa: S311
        words = {"hub": ping.hub, "topic": ping.topic, "tries": ping.attempts + 1, "detail": detail}
        if pause is None:
            self._memory.pinged(ping, detail)
            self._note("warning", "the hub was not told; the next change is tried again", **words)
        else:
            self._memory.put_off_ping(ping, self._clock() + pause, detail, failed=True)
            self._note("info", "the hub was not told yet", **words)
