"""The memory: what feedmill knows between two runs. One interface, SQLite or PostgreSQL below it.

In:  sources as configured, `UpdatePlan`s, `now`.
Out: records, claims, known and newest entries.
Never: decides (what is due is a column, what is new is the plan's), reads a clock, fetches, renders.

    open        tables made or migrated; a newer schema refused
    reconcile   configuration -> rows
    claim       due rows -> leases            one transaction, atomic against other processes
    known       guids -> what we have
    commit      plan -> entries, contents, state, next fetch, history, lease given back: one transaction
    latest      newest visible entries for `publish`
    what is asked about entries: `store_reading`; subscriptions, pushes: `store_subscriptions`; icons: `store_icons`

Threads may share a Store: writes go one after the other through one connection, reads through a pool.
Trouble with the database is a `StoreError` whose one sentence names the store and the remedy.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from threading import Lock

from sqlalchemy import bindparam, delete, insert, select
from sqlalchemy.exc import IntegrityError

from feedmill.feeds import (
    rows,
    store_commit,
    store_entries,
    store_replay,
    store_sites,
    store_sources,
)
from feedmill.feeds.bulk import write_over
from feedmill.feeds.encoding import storable
from feedmill.feeds.errors import StoreError
from feedmill.feeds.outcome import FetchRecord
from feedmill.feeds.schema import meta, publications, sites
from feedmill.feeds.source import SiteState, Source, SourceRecord
from feedmill.feeds.store_entries import HeldEntry, Twin
from feedmill.feeds.store_icons import IconMemory
from feedmill.feeds.store_open import Opened
from feedmill.feeds.store_reading import EntryMemory, StoreCounts
from feedmill.feeds.store_replay import Original
from feedmill.feeds.store_sources import Claim
from feedmill.feeds.update import KnownEntry, UpdatePlan

__all__ = ["Claim", "HeldEntry", "Original", "Store", "StoreCounts", "Twin"]

_STATES_AT_ONCE = 500
_META = select(meta.c.value).where(meta.c.key == bindparam("the_key"))
_DROP_META = delete(meta).where(meta.c.key == bindparam("the_key"))
_PUBLICATION = select(publications.c.id).where(publications.c.path == bindparam("the_path"))
_SITES = select(*rows.SITE).where(sites.c.key.in_(bindparam("keys", expanding=True)))


class Store(EntryMemory, IconMemory):
    """See the module. Made by `Store.open`; a context manager that closes itself."""

    def __init__(self, opened: Opened, *, read_only: bool = False) -> None:
        super().__init__(opened, read_only=read_only)
        self._ids = range(0)
        self._numbering = Lock()

    # --- sources

    def reconcile(self, sources: Sequence[Source], now: datetime) -> None:
        """Make the rows those of the configuration, in its order.

        Two spellings of one address (`encoding.url_key`) share a row. A source that is not listed any more is hidden
        and never due, and its entries stay until they are pruned; listed again, it comes back with its memory.
        """
        with self._read() as connection:
            if not store_sources.changes(connection, sources):
                return
        with self._write() as connection:
            store_sources.reconcile(connection, sources, now)

    def records(self, urls: Sequence[str] | None = None) -> list[SourceRecord]:
        """The configured sources, in the order of the configuration; those among `urls` only when given."""
        with self._read() as connection:
            return store_sources.records(connection, urls)

    def moved(self) -> dict[str, str]:
        """Addresses that configured sources have moved to for good (as `encoding.url_key`) to their configured URL."""
        with self._read() as connection:
            return store_sources.moved(connection)

    def claim(
        self,
        now: datetime,
        *,
        limit: int,
        lease: timedelta,
        force: bool = False,
        urls: Sequence[str] | None = None,
        skip_rows: Collection[int] = (),
    ) -> list[Claim]:
        """Take up to `limit` sources that are due, the longest due first; atomic against other processes.

        Due: next_fetch is None or has come (always with `force`), no living lease, no Retry-After that still holds
        (also with `force`), and neither gone nor paused (unless named in `urls`, or with `force`).
        """
        with self._write() as connection:
            return store_sources.claim(
                connection, now, limit=limit, lease=lease, force=force, urls=urls, skip_rows=frozenset(skip_rows)
            )

    def release(self, claims: Sequence[Claim]) -> None:
        """Give back leases that were not worked on."""
        if claims:
            with self._write() as connection:
                store_sources.release(connection, claims)

    def history(self, source_row: int) -> list[FetchRecord]:
        """The last 50 fetches of a source, newest first."""
        with self._read() as connection:
            return store_sources.history(connection, source_row)

    # --- ingest

    def known(self, source_row: int, guids: Sequence[str]) -> dict[str, KnownEntry]:
        """What is remembered of these guids of a source, by the guid asked for; unknown ones are missing.

        An alias leads to its entry, whose own `guid` the answer carries. Pruned and taken down entries are `pruned`.
        """
        if not guids:
            return {}
        with self._read() as connection:
            return store_entries.known(connection, source_row, guids)

    def commit(self, plans: Sequence[UpdatePlan], now: datetime) -> list[bool]:
        """Write plans; for each whether its lease still held (False: nothing of it was written).

        A plan with entries is one transaction. Plans without share one per 500: a 304 changes a line of state.
        """
        done = [False] * len(plans)
        quiet = [at for at, plan in enumerate(plans) if not plan.new and not plan.changed]
        for start in range(0, len(quiet), _STATES_AT_ONCE):
            chunk = quiet[start : start + _STATES_AT_ONCE]
            for at, held in zip(chunk, self._commit_states([plans[at] for at in chunk]), strict=True):
                done[at] = held
        for at, plan in enumerate(plans):
            if plan.new or plan.changed:
                done[at] = self._commit_entries(plan, now)
        return done

    def _commit_states(self, plans: Sequence[UpdatePlan]) -> list[bool]:
        with self._write() as connection:
            return store_commit.save_states(connection, plans)

    def _commit_entries(self, plan: UpdatePlan, now: datetime) -> bool:
        made = store_commit.entry_rows(plan.source_row, plan.new, now, self._take_ids(len(plan.new)))
        try:
            with self._write() as connection:
                if not store_commit.save_ingest(connection, plan, len(made.entries)):
                    return False
                store_commit.add_entries(connection, made)
                store_commit.change_entries(connection, plan.source_row, plan.changed)
                store_replay.apply_filters(connection, plan.changed, now)
        except StoreError as error:
            if not isinstance(error.__cause__, IntegrityError):
                raise
            return self._commit_colliding(plan, now)
        return True

    def _commit_colliding(self, plan: UpdatePlan, now: datetime) -> bool:
        """`_commit_entries`, for a plan in which a guid or published id is taken already."""
        ids = self._take_ids(len(plan.new))
        with self._write() as connection:
            new, changed = store_commit.settle(connection, plan)
            if not store_commit.save_ingest(connection, plan, len(new)):
                return False
            store_commit.add_entries(connection, store_commit.entry_rows(plan.source_row, new, now, ids[: len(new)]))
            store_commit.change_entries(connection, plan.source_row, changed)
            store_replay.apply_filters(connection, changed, now)
        return True

    def _take_ids(self, count: int) -> range:
        with self._numbering:
            if len(self._ids) < count:
                with self._write() as connection:
                    taken = store_commit.take_ids(connection, count)
                self._ids = taken
            given, self._ids = self._ids[:count], self._ids[count:]
        return given

    def sites(self, keys: Sequence[str]) -> dict[str, SiteState]:
        """What is remembered of these sites; unknown ones are missing."""
        with self._read() as connection:
            found = connection.execute(_SITES, {"keys": [storable(key) for key in keys]})
            return {state.key: state for state in map(rows.site_from, found)}

    def save_sites(self, states: Sequence[SiteState]) -> None:
        """Remember sites; of two states of one site the later one counts."""
        with self._write() as connection:
            store_commit.save_sites(connection, states)

    def book_site(self, key: str, now: datetime, gap: timedelta) -> SiteState:
        """Take a place in the queue of a site that all processes share: `next_allowed` is when the caller may ask.

        The place after it is `gap` (or what was learned of the site) later. While the site is held nothing is booked.
        """
        with self._write() as connection:
            return store_sites.book(connection, key, now, gap)

    # --- the rest

    def meta(self, key: str) -> str | None:
        """A remembered value."""
        with self._read() as connection:
            found: str | None = connection.scalar(_META, {"the_key": key})
        return found

    def set_meta(self, key: str, value: str | None) -> None:
        """Remember a value; None forgets it."""
        with self._write() as connection:
            if value is None:
                connection.execute(_DROP_META, {"the_key": key})
            else:
                write_over(connection, meta, [{"key": key, "value": storable(value)}])

    def publication_id(self, path: str, make: Callable[[], str]) -> str:
        """The atom:id of the publication at `path`, made once and never again, whatever becomes of its URL."""
        with self._read() as connection:
            found: str | None = connection.scalar(_PUBLICATION, {"the_path": path})
        if found is not None:
            return found
        made = make()
        try:
            with self._write() as connection:
                connection.execute(insert(publications), {"path": path, "id": made})
        except StoreError as error:
            if not isinstance(error.__cause__, IntegrityError):
                raise
            with self._read() as connection:  # another process was first
                return str(connection.execute(_PUBLICATION, {"the_path": path}).scalar_one())
        return made
