"""Entries that may be the same as another one: in their own source under another guid, elsewhere under another id.

In:  a connection in its transaction; canonical keys, text hashes, dates.
Out: `Remembered` of one source, `StoredEntry` of the others.
Never: decides that two are one (`ingest.aliases` and `publish.merge` do); writes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Connection, Select, bindparam, or_, select

from feedmill.feeds import rows
from feedmill.feeds.bulk import CHUNK
from feedmill.feeds.encoding import index_key, seconds
from feedmill.feeds.entry import StoredEntry
from feedmill.feeds.schema import entries, sources, visible
from feedmill.feeds.store_entries import read
from feedmill.feeds.update import Remembered

_SOURCE: BindParameter[Any] = bindparam("the_source")
_OF_SOURCE = select(*rows.REMEMBERED).where(entries.c.source == _SOURCE, entries.c.deleted_at.is_(None))
_LIKE = _OF_SOURCE.where(
    or_(
        entries.c.canonical_key.in_(bindparam("keys", expanding=True)),
        entries.c.text_hash.in_(bindparam("hashes", expanding=True)),
    )
)
_AT = entries.c.sort_at.in_(bindparam("places", expanding=True))
_SHOWN_AT = _OF_SOURCE.where(visible, _AT)  # word for word the condition of the index entries_newest
_HELD_AT = _OF_SOURCE.where(entries.c.held_at.is_not(None), _AT)
_NEWEST = _OF_SOURCE.order_by(entries.c.sort_at.desc(), entries.c.id.desc()).limit(bindparam("most"))


def remembered(
    connection: Connection,
    source_row: int,
    *,
    canonical_keys: Sequence[str],
    text_hashes: Sequence[str],
    dates: Sequence[datetime],
    newest: int,
) -> list[Remembered]:
    """The entries of a source with one of these keys, texts or dates, and its `newest` ones; the newest row first."""
    source = {"the_source": source_row}
    found: dict[int, Remembered] = {}
    asked: list[tuple[Select[Any], dict[str, Any]]] = []
    if canonical_keys or text_hashes:
        asked.append((_LIKE, {"keys": [index_key(key) for key in canonical_keys], "hashes": list(text_hashes)}))
    if dates:
        places = {"places": sorted({seconds(date) for date in dates})}
        asked += [(_SHOWN_AT, places), (_HELD_AT, places)]
    if newest:
        asked.append((_NEWEST, {"most": newest}))
    for statement, values in asked:
        for row in connection.execute(statement, {**source, **values}):
            entry = rows.remembered_from(row)
            found[entry.known.row] = entry
    return [found[row] for row in sorted(found, reverse=True)]


_COMPANIONS = (
    select(entries.c.id)
    .join(sources, sources.c.id == entries.c.source)
    .where(
        sources.c.removed_at.is_(None),
        visible,
        or_(
            entries.c.canonical_key.in_(bindparam("keys", expanding=True)),
            entries.c.text_hash.in_(bindparam("hashes", expanding=True)),
        ),
    )
    .order_by(entries.c.id)
)


def companions(connection: Connection, of: Sequence[StoredEntry]) -> list[StoredEntry]:
    """The visible entries of configured sources, not among `of`, that have the link or the text of one of them."""
    given = {stored.row for stored in of}
    keys = sorted({stored.canonical_key for stored in of if stored.canonical_key})
    hashes = sorted({stored.text_hash for stored in of if stored.text_hash})
    found: set[int] = set()
    for start in range(0, max(len(keys), len(hashes)), CHUNK):
        values = {"keys": keys[start : start + CHUNK], "hashes": hashes[start : start + CHUNK]}
        found.update(connection.scalars(_COMPANIONS, values))
    return read(connection, sorted(found - given))
