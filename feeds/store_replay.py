"""Stored entries beside what their documents said, to be made anew without fetching.

In:  a connection in its transaction, a source, updates that `ingest.replay` made.
Out: `Original`s; rows with other words, in the same place.
Never: touches an id, a guid, a place (sort_at), or first sight; brings back what was taken down.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, or_, select, update

from feedmill.feeds import encoding as code
from feedmill.feeds import rows
from feedmill.feeds.bulk import run_many
from feedmill.feeds.encoding import seconds, storable
from feedmill.feeds.entry import StoredEntry
from feedmill.feeds.schema import contents, entries, sources
from feedmill.feeds.store_commit import change_entries
from feedmill.feeds.update import FILTERED, EntryUpdate


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """An entry as it is shown, and what it was made from: `raw` by the recipe with that fingerprint."""

    stored: StoredEntry
    raw: str
    raw_hash: str
    fingerprint: str
    recipe: str


_ROW: BindParameter[int] = bindparam("the_row")
_ORIGINALS = (
    select(*rows.STORED)
    .add_columns(contents.c.raw, entries.c.raw_hash, entries.c.fingerprint, entries.c.recipe)
    .select_from(entries)
    .join(sources, sources.c.id == entries.c.source)
    .join(contents, contents.c.entry == entries.c.id)
    .where(entries.c.source == bindparam("the_source"), entries.c.deleted_at.is_(None))
    .order_by(entries.c.sort_at.desc(), entries.c.id.desc())
)
_STANDING = (
    select(entries.c.id, entries.c.raw_hash, entries.c.recipe)
    .where(entries.c.id.in_(bindparam("rows", expanding=True)), entries.c.deleted_at.is_(None))
    .order_by(entries.c.id)
    .with_for_update()
)
_SAVE_RECIPE = update(entries).where(entries.c.id == _ROW).values(recipe=bindparam("recipe"), notes=bindparam("notes"))
_FILTERED_NOW = entries.c.held_reason.startswith(FILTERED, autoescape=True)
_KEEP_BACK = (
    update(entries)
    .where(entries.c.id == _ROW, entries.c.deleted_at.is_(None), or_(entries.c.held_at.is_(None), _FILTERED_NOW))
    .values(held_at=bindparam("at"), held_reason=bindparam("reason"))
)
_LET_GO = update(entries).where(entries.c.id == _ROW, _FILTERED_NOW).values(held_at=None, held_reason=None)


def originals(
    connection: Connection,
    source_row: int,
    *,
    limit: int | None = None,
    recipe_not: str | None = None,
    recipe_ends: str | None = None,
    entry_rows: Sequence[int] | None = None,
) -> list[Original]:
    """The entries of a source that still have their raw form, newest first.

    `recipe_not`: but those that this recipe made. `recipe_ends`: only those whose recipe ends so.
    """
    statement = _ORIGINALS
    if limit is not None:
        statement = statement.limit(limit)
    if recipe_not is not None:
        statement = statement.where(entries.c.recipe != recipe_not)
    if recipe_ends is not None:
        statement = statement.where(entries.c.recipe.endswith(recipe_ends, autoescape=True))
    if entry_rows is not None:
        statement = statement.where(entries.c.id.in_(entry_rows))
    return [
        Original(stored=rows.stored_from(shown), raw=raw, raw_hash=raw_hash, fingerprint=fingerprint, recipe=recipe)
        for *shown, raw, raw_hash, fingerprint, recipe in connection.execute(statement, {"the_source": source_row})
    ]


def rewrite(
    connection: Connection, source_row: int, updates: Sequence[EntryUpdate], now: datetime, *, with_raw: bool
) -> int:
    """Write what was made anew: of a revised entry all that readers see, of another one its recipe and notes.

    An entry that a sync changed meanwhile is newer than what was made here and stays. How many were written.
    """
    wanted = {each.known.row: each for each in updates if each.known is not None}
    written = [
        each
        for row, raw_hash, recipe in connection.execute(_STANDING, {"rows": sorted(wanted)})
        if (each := wanted[row]).known is not None and (each.known.raw_hash, each.known.recipe) == (raw_hash, recipe)
    ]
    change_entries(connection, source_row, [each for each in written if each.revised or with_raw])
    same = [
        {"the_row": each.known.row, "recipe": storable(each.recipe), "notes": code.notes(each.entry.notes)}
        for each in written
        if not (each.revised or with_raw) and each.known is not None
    ]
    run_many(connection, _SAVE_RECIPE, same)
    apply_filters(connection, written, now)
    return len(written)


def apply_filters(connection: Connection, changed: Sequence[EntryUpdate], now: datetime) -> None:
    """Keep back the known entries that their source's filters now catch, and let go those that they no longer do.

    Whatever is held for another reason stays as it is.
    """
    judged = [(each.known.row, each.held_reason) for each in changed if each.judged and each.known is not None]
    caught: list[dict[str, Any]] = [
        {"the_row": row, "at": seconds(now), "reason": storable(reason)} for row, reason in judged if reason
    ]
    run_many(connection, _KEEP_BACK, caught)
    run_many(connection, _LET_GO, [{"the_row": row} for row, reason in judged if not reason])
