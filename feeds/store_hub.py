"""The memory of our WebSub hub: who subscribed, who asked, what is owed to whom.

In:  requests and their outcomes, `now`.
Out: what is to be done next, handed out under a lease: two processes on one store never do the same thing twice at
     once, and what a killed process had begun is done again when its lease is over.
Never: decides whether a request is granted or when a failure is tried again, makes a request, reads a clock.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, Table, and_, case, delete, func, insert, not_, or_, select, update

from feedmill.feeds.bulk import write_over
from feedmill.feeds.encoding import moment, seconds, storable
from feedmill.feeds.hub import HubCounts, HubRequest, HubSubscription
from feedmill.feeds.schema import hub_pings, hub_requests, hub_subscriptions
from feedmill.feeds.store_pings import PingMemory, take

_TROUBLES_SHOWN = 5


class HubMemory(PingMemory):
    """See the module. `HubMemory.open` as `Store.open`; threads may share it."""

    # --- requests

    def counts_for(self, host: str, topic: str, key: bytes) -> tuple[int, int, int]:
        """How many subscriptions and requests there are: of all, of `host`, of `host` for `topic`; `key` apart."""
        total = of_host = of_topic = 0
        with self._read() as connection:
            for table in (hub_subscriptions, hub_requests):
                here = table.c.host == host
                row = connection.execute(
                    select(
                        func.count(),
                        func.coalesce(func.sum(case((here, 1), else_=0)), 0),
                        func.coalesce(func.sum(case((and_(here, table.c.topic == storable(topic)), 1), else_=0)), 0),
                    ).where(table.c.key_hash != key)
                ).one()
                total, of_host, of_topic = total + row[0], of_host + row[1], of_topic + row[2]
        return total, of_host, of_topic

    def ask(self, request: HubRequest, now: datetime) -> None:
        """Remember a request; one of the same key is replaced, also while it is being verified."""
        with self._write() as connection:
            write_over(connection, hub_requests, [_request_row(request, now)])

    def claim_requests(
        self, now: datetime, *, limit: int, lease: timedelta, challenge: Callable[[], str], skip_hosts: Collection[str]
    ) -> list[HubRequest]:
        """Due requests, the longest due first, one of each host, each with a challenge of its own."""
        with self._write() as connection:
            found = []
            for row in _due(connection, hub_requests, now, limit=limit, per_host=1, skip_hosts=skip_hosts):
                word = challenge()
                if take(connection, hub_requests, row, now + lease, challenge=word):
                    found.append(_request(row, word))
            return found

    def settle(self, request: HubRequest) -> bool:
        """The request is done with, whatever came of it. False: it was replaced meanwhile, and the new one stands."""
        with self._write() as connection:
            return _take_request(connection, request)

    def put_off(self, request: HubRequest, until: datetime) -> None:
        """This try failed; the next one is at `until`."""
        with self._write() as connection:
            connection.execute(
                update(hub_requests)
                .where(_is_request(request))
                .values(due_at=seconds(until), attempts=request.attempts + 1, challenge=None)
            )

    def confirm(self, request: HubRequest, now: datetime, digest: bytes | None, *, lease_until: datetime) -> bool:
        """The callback wants what was asked for: subscribe, renew or unsubscribe. False: replaced meanwhile.

        A new subscription begins with `digest`, the content that everybody can fetch now; a renewed one keeps what it
        is still owed.
        """
        with self._write() as connection:
            if not _take_request(connection, request):
                return False
            same = hub_subscriptions.c.key_hash == request.key
            if request.mode == "unsubscribe":
                connection.execute(delete(hub_subscriptions).where(same))
                return True
            terms: dict[str, Any] = {
                "topic": storable(request.topic),
                "callback": storable(request.callback),
                "host": request.host,
                "secret": None if request.secret is None else storable(request.secret),
                "lease_until": seconds(lease_until),
            }
            if not connection.execute(update(hub_subscriptions).where(same).values(terms)).rowcount:
                begun = {"key_hash": request.key, "since": seconds(now), "sent_hash": digest}
                connection.execute(insert(hub_subscriptions).values({**terms, **begun}))
            return True

    # --- subscriptions

    def topics(self) -> list[str]:
        """Every topic that somebody subscribed to, as it was written."""
        with self._read() as connection:
            return list(connection.scalars(select(hub_subscriptions.c.topic).distinct()))

    def owe(self, digests: Mapping[str, bytes], now: datetime) -> int:
        """The content of these topics is now of that digest; whoever got another one is due. How many became due."""
        table, due = hub_subscriptions.c, 0
        with self._write() as connection:
            for topic, digest in digests.items():
                here = table.topic == storable(topic)
                has_it = and_(here, table.sent_hash == digest, table.due_at.is_not(None))
                connection.execute(update(hub_subscriptions).where(has_it).values(due_at=None, due_hash=None))
                lacks_it = and_(
                    here,
                    or_(table.sent_hash.is_(None), table.sent_hash != digest),
                    or_(table.due_hash.is_(None), table.due_hash != digest),
                )
                changed = connection.execute(
                    update(hub_subscriptions).where(lacks_it).values(due_at=seconds(now), due_hash=digest, attempts=0)
                )
                due += changed.rowcount
        return due

    def claim_deliveries(
        self,
        now: datetime,
        *,
        limit: int,
        per_host: int,
        lease: timedelta,
        late: bool,
        slow_hosts: Collection[str] = (),
        skip_hosts: Collection[str] = (),
    ) -> list[HubSubscription]:
        """Due deliveries, the longest due first. `late`: those that failed before or go to `slow_hosts`; else the
        others. None to `skip_hosts`, and none whose lease is over.
        """
        table = hub_subscriptions.c
        is_late = or_(table.detail != "", table.host.in_(list(slow_hosts)))
        alive = table.lease_until > seconds(now)
        with self._write() as connection:
            rows = _due(
                connection,
                hub_subscriptions,
                now,
                limit=limit,
                per_host=per_host,
                skip_hosts=skip_hosts,
                only=and_(alive, is_late if late else not_(is_late)),
            )
            return [_subscription(row) for row in rows if take(connection, hub_subscriptions, row, now + lease)]

    def delivered(self, key: bytes, digest: bytes, now: datetime) -> None:
        """The callback took the content of `digest`; when there is another one by now, it is due at once."""
        self._done_with(key, digest, now, detail="", delivered_at=seconds(now))

    def failed(self, key: bytes, detail: str, *, until: datetime) -> None:
        """The callback did not take it; tried again at `until`."""
        table = hub_subscriptions.c
        self._change(key, due_at=seconds(until), attempts=table.attempts + 1, detail=storable(detail))

    def give_up(self, key: bytes, digest: bytes, detail: str, now: datetime) -> None:
        """This content is not tried again; the subscription stays, and the next content is due (WebSub section 7)."""
        self._done_with(key, digest, now, detail=storable(detail))

    def _done_with(self, key: bytes, digest: bytes, now: datetime, **values: Any) -> None:
        table = hub_subscriptions.c
        is_newest = or_(table.due_hash.is_(None), table.due_hash == digest)
        self._change(
            key,
            sent_hash=digest,
            due_at=case((is_newest, None), else_=seconds(now)),
            due_hash=case((is_newest, None), else_=table.due_hash),
            attempts=0,
            **values,
        )

    def not_now(self, key: bytes) -> None:
        """There is nothing to deliver: the topic has no content at the moment."""
        self._change(key, due_at=None, due_hash=None)

    def cancel(self, key: bytes) -> None:
        """The callback said that the subscription is gone (410)."""
        with self._write() as connection:
            connection.execute(delete(hub_subscriptions).where(hub_subscriptions.c.key_hash == key))

    def deny(self, topic: str, reason: str, now: datetime) -> int:
        """End all subscriptions to a topic; each callback is to be told. How many there were."""
        table = hub_subscriptions
        with self._write() as connection:
            rows = connection.execute(select(table).where(table.c.topic == storable(topic))).all()
            told = [
                HubRequest(
                    key=row.key_hash,
                    mode="denied",
                    topic=row.topic,
                    callback=row.callback,
                    host=row.host,
                    reason=reason,
                )
                for row in rows
            ]
            write_over(connection, hub_requests, [_request_row(request, now) for request in told])
            connection.execute(delete(table).where(table.c.topic == storable(topic)))
            return len(rows)

    def expire(self, now: datetime) -> int:
        """Forget subscriptions whose lease is over; how many."""
        over = hub_subscriptions.c.lease_until <= seconds(now)
        with self._read() as connection:
            if not connection.scalar(select(func.count()).select_from(hub_subscriptions).where(over)):
                return 0
        with self._write() as connection:
            return connection.execute(delete(hub_subscriptions).where(over)).rowcount

    def _change(self, key: bytes, **values: Any) -> None:
        with self._write() as connection:
            connection.execute(update(hub_subscriptions).where(hub_subscriptions.c.key_hash == key).values(values))

    # --- for all three

    def next_due(self) -> datetime | None:
        """When the next request, delivery or ping is due; None when nothing is."""
        with self._read() as connection:
            found = [
                connection.scalar(select(func.min(table.c.due_at)))
                for table in (hub_requests, hub_subscriptions, hub_pings)
            ]
        return min((moment(due) for due in found if due is not None), default=None)

    def counts(self) -> HubCounts:
        """How the hub is doing."""
        table, pings = hub_subscriptions.c, hub_pings.c
        with self._read() as connection:
            failing = table.detail != ""
            total, hosts, bad = connection.execute(
                select(
                    func.count(),
                    func.count(table.host.distinct()),
                    func.coalesce(func.sum(case((failing, 1), else_=0)), 0),
                )
            ).one()
            waiting = connection.scalar(select(func.count()).select_from(hub_requests)) or 0
            due = select(func.count()).select_from(hub_pings).where(pings.due_at.is_not(None))
            callbacks = select(table.host, table.detail).where(failing).order_by(table.host).limit(_TROUBLES_SHOWN)
            hubs = select(pings.hub, pings.detail).where(pings.detail != "").distinct().limit(_TROUBLES_SHOWN)
            troubles = [f"{host}: {detail}" for host, detail in connection.execute(callbacks)]
            troubles += [f"{hub}: {detail}" for hub, detail in connection.execute(hubs)]
            return HubCounts(
                subscriptions=total,
                hosts=hosts,
                failing=bad,
                waiting=waiting,
                pings_due=connection.scalar(due) or 0,
                troubles=tuple(dict.fromkeys(troubles)),
            )


def _due(
    connection: Connection,
    table: Table,
    now: datetime,
    *,
    limit: int,
    per_host: int,
    skip_hosts: Collection[str],
    only: Any = None,
) -> Sequence[Any]:
    """Due rows, the longest due first, at most `per_host` of each host: a host with thousands keeps nobody waiting."""
    place = func.row_number().over(partition_by=table.c.host, order_by=(table.c.due_at, table.c.key_hash))
    wanted: Select[Any] = select(table, place.label("place")).where(table.c.due_at <= seconds(now))
    if skip_hosts:
        wanted = wanted.where(table.c.host.not_in(list(skip_hosts)))
    if only is not None:
        wanted = wanted.where(only)
    ranked = wanted.subquery()
    return connection.execute(
        select(ranked).where(ranked.c.place <= per_host).order_by(ranked.c.due_at, ranked.c.key_hash).limit(limit)
    ).all()


def _is_request(request: HubRequest) -> Any:
    """The row as we took it: a request that came since has no challenge yet, or another one."""
    return and_(hub_requests.c.key_hash == request.key, hub_requests.c.challenge == request.challenge)


def _take_request(connection: Connection, request: HubRequest) -> bool:
    return connection.execute(delete(hub_requests).where(_is_request(request))).rowcount > 0


def _request_row(request: HubRequest, now: datetime) -> dict[str, Any]:
    return {
        "key_hash": request.key,
        "mode": request.mode,
        "topic": storable(request.topic),
        "callback": storable(request.callback),
        "host": request.host,
        "secret": None if request.secret is None else storable(request.secret),
        "lease_seconds": request.lease // timedelta(seconds=1),
        "asked_at": seconds(now),
        "due_at": seconds(now),
        "attempts": 0,
        "challenge": None,
        "reason": storable(request.reason),
    }


def _request(row: Any, challenge: str) -> HubRequest:
    return HubRequest(
        key=row.key_hash,
        mode=row.mode,
        topic=row.topic,
        callback=row.callback,
        host=row.host,
        secret=row.secret,
        lease=timedelta(seconds=row.lease_seconds),
        attempts=row.attempts,
        challenge=challenge,
        reason=row.reason,
    )


def _subscription(row: Any) -> HubSubscription:
    return HubSubscription(
        key=row.key_hash,
        topic=row.topic,
        callback=row.callback,
        host=row.host,
        secret=row.secret,
        attempts=row.attempts,
        failing=row.detail != "",
    )
