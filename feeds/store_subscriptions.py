"""Our subscriptions at hubs, in the memory, and the documents that were pushed and wait to be read.

In:  drafts of subscriptions, pure functions that say what one becomes, pushed bodies, `now`.
Out: `Subscription`s; pushes with the claim of their source.
Never: decides anything about a subscription (`ingest.websub` does), asks a hub, reads a document.

A change is read, decided and written in one transaction (`change_subscription`): a hub's question, our own request and
a poll may all concern one subscription at the same moment, in several processes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, insert, or_, select, update

from feedmill.feeds.encoding import (
    hash_of,
    moment,
    moment_or_none,
    seconds,
    seconds_or_none,
    seconds_up,
    storable,
    texts,
    texts_from,
)
from feedmill.feeds.schema import pushes, sources, subscriptions
from feedmill.feeds.store_session import StoreSession
from feedmill.feeds.store_sources import RESTING, TURNSTILE, Claim, is_free, take
from feedmill.feeds.subscription import Pushed, Subscription, SubscriptionStanding

Change = Callable[[Subscription], Subscription | None]
"""What a subscription becomes; None: nothing changes."""

_COLUMNS = (
    subscriptions.c.id, subscriptions.c.source, sources.c.url, subscriptions.c.hub, subscriptions.c.topic,
    subscriptions.c.token, subscriptions.c.callback, subscriptions.c.secret, subscriptions.c.standing,
    subscriptions.c.pending, subscriptions.c.asked_at, subscriptions.c.verified_at, subscriptions.c.lease_until,
    subscriptions.c.next_step, subscriptions.c.last_push, subscriptions.c.pushes, subscriptions.c.confirmed,
    subscriptions.c.misses, subscriptions.c.failures, subscriptions.c.detail, subscriptions.c.heard,
)  # fmt: skip
_ALL = select(*_COLUMNS).join(sources).order_by(subscriptions.c.id)
_BY_ROW = _ALL.where(subscriptions.c.id == bindparam("the_row"))
_BY_TOKEN = _ALL.where(subscriptions.c.token == bindparam("the_token"))
_SAVE = update(subscriptions).where(subscriptions.c.id == bindparam("the_row"))
_KEYS = select(subscriptions.c.key_hash).where(subscriptions.c.key_hash.in_(bindparam("keys", expanding=True)))
_DUE = select(subscriptions.c.id).where(
    subscriptions.c.next_step <= bindparam("at"),
    or_(subscriptions.c.leased_until.is_(None), subscriptions.c.leased_until <= bindparam("at")),
)
_WAITING = select(func.count()).select_from(pushes).where(pushes.c.source == bindparam("the_source"))
_LOOK = update(sources).where(sources.c.id == bindparam("the_row"))


class SubscriptionMemory(StoreSession):
    """The part of `Store` that remembers subscriptions."""

    def subscriptions(self) -> list[Subscription]:
        """All of them, also those of sources that are configured no more."""
        with self._read() as connection:
            return [_read(row) for row in connection.execute(_ALL)]

    def subscription(self, token: str) -> Subscription | None:
        """The one whose callback has this token."""
        with self._read() as connection:
            row = connection.execute(_BY_TOKEN, {"the_token": storable(token)}).first()
        return None if row is None else _read(row)

    def begin_subscriptions(self, drafts: Sequence[Subscription]) -> int:
        """Remember new ones; how many there were.

        One that exists (the same source, hub and topic under the same address of ours) stays as it is.
        """
        if not drafts:
            return 0
        with self._write() as connection:
            connection.execute(TURNSTILE)
            by_key = {hash_of(_key(draft)): draft for draft in drafts}
            present = set(map(bytes, connection.scalars(_KEYS, {"keys": list(by_key)})))
            new = [
                {**_values(draft), "source": draft.source_row, "key_hash": key}
                for key, draft in by_key.items()
                if key not in present
            ]
            if new:
                connection.execute(insert(subscriptions), new)
            return len(new)

    def change_subscription(self, row: int, change: Change, *, done: bool = False) -> Subscription | None:
        """What `change` makes of it as it is now, written; None when it is gone or nothing changed.

        `done`: the step that it was claimed for is over.
        """
        with self._write() as connection:
            found = connection.execute(_BY_ROW.with_for_update(of=subscriptions), {"the_row": row}).first()
            changed = None if found is None else change(_read(found))
            values: dict[str, Any] = {} if changed is None else _values(changed)
            if done:
                values["leased_until"] = None
            if values and found is not None:
                connection.execute(_SAVE.values(values), {"the_row": row})
            return changed

    def drop_subscription(self, row: int) -> None:
        """Forget it, and what it pushed that was not read."""
        with self._write() as connection:
            connection.execute(delete(pushes).where(pushes.c.subscription == row))
            connection.execute(delete(subscriptions).where(subscriptions.c.id == row))

    def claim_steps(self, now: datetime, *, limit: int, lease: timedelta) -> list[Subscription]:
        """Take up to `limit` whose next step has come; another process takes the same one only after `lease`."""
        with self._read() as connection:  # mostly there is none, and nobody has to wait for it
            if connection.execute(_DUE.limit(1), {"at": seconds(now)}).first() is None:
                return []
        with self._write() as connection:
            due = _DUE.order_by(subscriptions.c.next_step, subscriptions.c.id).limit(limit)
            taken = list(connection.scalars(due.with_for_update(skip_locked=True), {"at": seconds(now)}))
            if not taken:
                return []
            lock = update(subscriptions).where(subscriptions.c.id.in_(taken))
            connection.execute(lock.values(leased_until=seconds_up(now + lease)))
            return [_read(row) for row in connection.execute(_ALL.where(subscriptions.c.id.in_(taken)))]

    # --- pushes

    def queue_push(self, pushed: Pushed, change: Change, *, most: int) -> bool:
        """Keep a pushed document until it is read, and what its subscription becomes by it.

        False, and nothing is written, when `most` of its source wait already.
        """
        with self._write() as connection:
            found = connection.execute(
                _BY_ROW.with_for_update(of=subscriptions), {"the_row": pushed.subscription_row}
            ).first()
            waiting = connection.scalar(_WAITING, {"the_source": pushed.source_row}) or 0
            if found is None or waiting >= most:
                return False
            if (changed := change(_read(found))) is not None:
                connection.execute(_SAVE.values(_values(changed)), {"the_row": pushed.subscription_row})
            line = {
                "subscription": pushed.subscription_row,
                "source": pushed.source_row,
                "received_at": seconds(pushed.received_at),
                "content_type": storable(pushed.content_type),
                "body": pushed.body,
            }
            connection.execute(insert(pushes), line)
            return True

    def claim_pushes(self, now: datetime, *, lease: timedelta, limit: int = 50) -> list[tuple[Claim, list[Pushed]]]:
        """The sources of which pushes wait, leased to us, each with its pushes in order of arrival.

        Sources that somebody is looking at are left for later; pushes of those that are gone, paused or configured no
        more are thrown away.
        """
        with self._read() as connection:
            if connection.execute(select(pushes.c.id).limit(1)).first() is None:
                return []
        with self._write() as connection:
            closed = or_(sources.c.removed_at.is_not(None), sources.c.standing.in_(RESTING))
            connection.execute(delete(pushes).where(pushes.c.source.in_(select(sources.c.id).where(closed))))
            claims = _claim(connection, now, lease, limit)
            lines = connection.execute(
                select(pushes).where(pushes.c.source.in_([claim.record.row for claim in claims])).order_by(pushes.c.id)
            )
            by_source: dict[int, list[Pushed]] = {}
            for line in lines:
                pushed = Pushed(
                    row=line.id,
                    subscription_row=line.subscription,
                    source_row=line.source,
                    received_at=moment(line.received_at),
                    content_type=line.content_type,
                    body=bytes(line.body),
                )
                by_source.setdefault(line.source, []).append(pushed)
        return [(claim, by_source.get(claim.record.row, [])) for claim in claims]

    def has_pushes(self, source_row: int) -> bool:
        """Whether documents of this source wait to be read."""
        with self._read() as connection:
            return bool(connection.scalar(_WAITING, {"the_source": source_row}))

    def drop_pushes(self, push_rows: Sequence[int]) -> None:
        """They were read."""
        if push_rows:
            with self._write() as connection:
                connection.execute(delete(pushes).where(pushes.c.id.in_(push_rows)))

    # --- sources

    def look_sooner(self, source_rows: Sequence[int], when: datetime, reason: str) -> int:
        """Bring the next look at these sources forward to `when`; of how many it was later than that.

        A Retry-After still holds; a source that rests stays at rest.
        """
        if not source_rows:
            return 0
        at = seconds_up(when)
        with self._write() as connection:
            later = _LOOK.where(sources.c.next_fetch > at, sources.c.standing.not_in(RESTING))
            done = [
                connection.execute(later.values(next_fetch=at, reason=storable(reason)), {"the_row": row}).rowcount
                for row in source_rows
            ]
        return sum(done)


def _claim(connection: Connection, now: datetime, lease: timedelta, limit: int) -> list[Claim]:
    """Lease the sources that have pushes, whatever their schedule says: nobody is asked for anything."""
    waiting = (
        select(sources.c.id)
        .where(sources.c.id.in_(select(pushes.c.source)), is_free(connection, seconds(now)))
        .order_by(sources.c.id)
        .limit(limit)
    )
    return take(connection, list(connection.scalars(waiting.with_for_update(skip_locked=True))), now, lease)


def _key(subscription: Subscription) -> str:
    base = subscription.callback.removesuffix(subscription.token)
    return f"{subscription.source_row} {subscription.hub} {subscription.topic} {base}"


def _read(row: Any) -> Subscription:
    (
        row_id, source, source_url, hub, topic, token, callback, secret, standing, pending, asked_at, verified_at,
        lease_until, next_step, last_push, push_count, confirmed, misses, failures, detail, heard,
    ) = row  # fmt: skip
    return Subscription(
        row=row_id,
        source_row=source,
        source_url=source_url,
        hub=hub,
        topic=topic,
        token=token,
        callback=callback,
        secret=secret,
        standing=SubscriptionStanding(standing),
        pending=pending,
        asked_at=moment_or_none(asked_at),
        verified_at=moment_or_none(verified_at),
        lease_until=moment_or_none(lease_until),
        next_step=moment(next_step),
        last_push=moment_or_none(last_push),
        pushes=push_count,
        confirmed=confirmed,
        misses=misses,
        failures=failures,
        detail=detail,
        heard=texts_from(heard),
    )


def _values(subscription: Subscription) -> dict[str, Any]:
    """All columns but those that never change after the beginning (source, key)."""
    return {
        "hub": storable(subscription.hub),
        "topic": storable(subscription.topic),
        "token": subscription.token,
        "callback": subscription.callback,
        "secret": subscription.secret,
        "standing": subscription.standing.value,
        "pending": subscription.pending,
        "asked_at": seconds_or_none(subscription.asked_at),
        "verified_at": seconds_or_none(subscription.verified_at),
        "lease_until": seconds_or_none(subscription.lease_until),
        "next_step": seconds_up(subscription.next_step),
        "last_push": seconds_or_none(subscription.last_push),
        "pushes": subscription.pushes,
        "confirmed": subscription.confirmed,
        "misses": subscription.misses,
        "failures": subscription.failures,
        "detail": storable(subscription.detail),
        "heard": texts(subscription.heard),
    }
