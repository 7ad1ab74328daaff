"""The sources' own icons, in the memory: each looked at once in a while, kept as bytes that were checked.

In:  a source's row, what came of asking for its icon, `now`.
Out: file names by source, bytes by file name, which sources are to be asked.
Never: asks, or judges what came (`ingest.icons` does); forgets an icon because a server did not answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any

from sqlalchemy import bindparam, or_, select

from feedmill.feeds.bulk import run, write_over
from feedmill.feeds.encoding import seconds, storable
from feedmill.feeds.schema import icons, sources
from feedmill.feeds.source import Standing
from feedmill.feeds.store_subscriptions import SubscriptionMemory

_KEPT = select(sources.c.url, icons.c.name).join(icons).where(icons.c.name != "", sources.c.removed_at.is_(None))
_BODY = select(icons.c.body).where(icons.c.name == bindparam("the_name")).limit(1)
_WANTED = (
    select(sources.c.id, icons.c.url, icons.c.name)
    .outerjoin(icons)
    .where(
        sources.c.removed_at.is_(None),
        sources.c.standing == Standing.ACTIVE.value,
        or_(icons.c.looked_at.is_(None), icons.c.looked_at < bindparam("before")),
    )
    .order_by(sources.c.id)
    .limit(bindparam("most"))
)
_LOOKED = icons.update().where(icons.c.source == bindparam("the_source"))


@dataclass(frozen=True, slots=True, kw_only=True)
class IconLook:
    """A source whose icon is to be asked for. `failed`: the address that brought none at the last look."""

    source_row: int
    failed: str = ""


class IconMemory(SubscriptionMemory):
    """The part of `Store` that remembers icons."""

    def icons(self) -> dict[str, str]:
        """The file names of the icons that are kept (`0123456789abcdef.png`), by their source's URL."""
        with self._read() as connection:
            return {row.url: row.name for row in connection.execute(_KEPT)}

    def icon(self, name: str) -> bytes | None:
        """The bytes behind a file name."""
        with self._read() as connection:
            body = connection.scalar(_BODY, {"the_name": name})
        return None if body is None else bytes(body)

    def icons_wanted(self, before: datetime, *, limit: int) -> list[IconLook]:
        """Working sources whose icon was never looked at, or not since `before`."""
        with self._read() as connection:
            found = connection.execute(_WANTED, {"before": seconds(before), "most": limit})
            return [IconLook(source_row=row.id, failed="" if row.name else row.url or "") for row in found]

    def keep_icon(self, source_row: int, url: str, now: datetime, *, body: bytes = b"", suffix: str = "") -> bool:
        """Remember a look that brought an icon, or (without `body`) one that brought none and took none away.

        Whether the source has another icon now than before.
        """
        name = blake2b(body, digest_size=8).hexdigest() + suffix if body else ""
        row = {"source": source_row, "url": storable(url), "looked_at": seconds(now), "name": name, "body": body}
        with self._write() as connection:
            before = connection.execute(select(icons.c.name).where(icons.c.source == source_row)).scalar()
            if body or before is None:
                write_over(connection, icons, [row])
                return bool(body) and name != before
            looked = {"the_source": source_row, "looked_at": seconds(now)} | ({} if before else {"url": storable(url)})
            named: dict[str, Any] = {column: bindparam(column) for column in looked if column != "the_source"}
            run(connection, _LOOKED.values(named), looked)
            return False
