"""Which changes of our feeds other WebSub hubs have to be told, and which they were told last.

In:  hubs, topics with the digest of their bytes, `now`.
Out: the pings that are due, handed out under a lease: two processes never tell a hub the same at once.
Never: decides when a failure is tried again, makes a request, reads a clock.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Table, and_, delete, func, select, update

from feedmill.feeds.bulk import write_over
from feedmill.feeds.encoding import moment_or_none, seconds, storable
from feedmill.feeds.hub import Ping, pair_key
from feedmill.feeds.schema import hub_pings
from feedmill.feeds.store_session import StoreSession


def take(connection: Connection, table: Table, row: Any, until: datetime, **values: Any) -> bool:
    """Lease a due row; False when another process was quicker (on PostgreSQL two may have found it at once)."""
    same = and_(table.c.key_hash == row.key_hash, table.c.due_at == row.due_at)
    return connection.execute(update(table).where(same).values(due_at=seconds(until), **values)).rowcount > 0


class PingMemory(StoreSession):
    """See the module."""

    def owe_pings(self, hubs: Sequence[str], digests: Mapping[str, bytes], now: datetime) -> None:
        """Each of `hubs` is to be told of each topic whose digest is not the one it was told of last."""
        table = hub_pings.c
        with self._write() as connection:
            for hub in hubs:
                for topic, digest in digests.items():
                    key = pair_key(hub, topic)
                    row = connection.execute(
                        select(table.sent_hash, table.due_hash, table.detail).where(table.key_hash == key)
                    ).first()
                    if row is not None and digest == (row.due_hash or row.sent_hash):
                        continue
                    values = {
                        "key_hash": key,
                        "hub": storable(hub),
                        "topic": storable(topic),
                        "sent_hash": None if row is None else row.sent_hash,
                        "due_hash": digest,
                        "due_at": seconds(now),
                        "attempts": 0,
                        "detail": "" if row is None else row.detail,
                    }
                    write_over(connection, hub_pings, [values])

    def next_ping(self, hubs: Collection[str]) -> datetime | None:
        """When the next ping to one of `hubs` is due; None when none is."""
        wanted = hub_pings.c.hub.in_([storable(hub) for hub in hubs])
        with self._read() as connection:
            return moment_or_none(connection.scalar(select(func.min(hub_pings.c.due_at)).where(wanted)))

    def claim_pings(self, now: datetime, *, limit: int, lease: timedelta, hubs: Collection[str]) -> list[Ping]:
        """Due pings to `hubs`, the longest due and the shortest topic first (the planet's own feeds)."""
        table = hub_pings.c
        with self._write() as connection:
            wanted = and_(table.due_at <= seconds(now), table.hub.in_([storable(hub) for hub in hubs]))
            order = (table.due_at, func.length(table.topic), table.topic)
            rows = connection.execute(select(hub_pings).where(wanted).order_by(*order).limit(limit)).all()
            return [
                Ping(key=row.key_hash, hub=row.hub, topic=row.topic, digest=row.due_hash, attempts=row.attempts)
                for row in rows
                if take(connection, hub_pings, row, now + lease)
            ]

    def pinged(self, ping: Ping, detail: str = "") -> None:
        """The hub was told; with `detail`, we gave up telling it. A newer change that came meanwhile stays due."""
        table = hub_pings.c
        with self._write() as connection:
            connection.execute(
                update(hub_pings)
                .where(and_(table.key_hash == ping.key, table.due_hash == ping.digest))
                .values(sent_hash=ping.digest, due_hash=None, due_at=None, attempts=0, detail=storable(detail))
            )

    def put_off_ping(self, ping: Ping, until: datetime, detail: str, *, failed: bool) -> None:
        """Told again at `until`; `failed`: the hub did not take it, and that counts."""
        table = hub_pings.c
        with self._write() as connection:
            connection.execute(
                update(hub_pings)
                .where(and_(table.key_hash == ping.key, table.due_hash == ping.digest))
                .values(due_at=seconds(until), attempts=ping.attempts + int(failed), detail=storable(detail))
            )

    def drop_pings_but(self, hubs: Collection[str]) -> None:
        """Forget hubs that are not configured any more."""
        strange = hub_pings.c.hub.not_in([storable(hub) for hub in hubs])
        with self._read() as connection:
            if not connection.scalar(select(func.count()).select_from(hub_pings).where(strange)):
                return
        with self._write() as connection:
            connection.execute(delete(hub_pings).where(strange))
