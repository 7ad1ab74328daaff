"""What one look at a source changed, written.

In:  a connection in its transaction, `UpdatePlan`s, `now`.
Out: rows; whether the plan's lease still held.
Never: decides what is new or changed (`ingest.plan` did); opens or ends a transaction.

A plan without new or changed entries (most are: 304) costs a line in three executemany calls. A plan with entries is
written as if nothing could collide; when a unique index says that something does, the caller rolls back and writes it
again `carefully`, with the look-ups that settle it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, case, delete, func, insert, select, update

from feedmill.feeds import encoding as code
from feedmill.feeds import rows
from feedmill.feeds.bulk import run, run_many, write_over
from feedmill.feeds.encoding import hash_of, seconds, storable, terms_of, texts_from
from feedmill.feeds.identity import published_id
from feedmill.feeds.schema import Whole, aliases, contents, counters, entries, fetches, sites, sources, terms
from feedmill.feeds.source import SiteState
from feedmill.feeds.store_stamps import OWN_SECOND
from feedmill.feeds.update import EntryUpdate, KnownEntry, UpdatePlan

RING = 50
"""Fetches that are remembered of a source."""

_IDS_AT_ONCE = 256

_URL = select(sources.c.url).where(sources.c.id == bindparam("the_row"))
_TAKE_IDS = (
    update(counters)
    .where(counters.c.name == "entry")
    .values(value=counters.c.value + bindparam("count"))
    .returning(counters.c.value)
)
_LEASED = (
    select(sources.c.id, sources.c.lease, sources.c.fetch_count)
    .where(sources.c.id.in_(bindparam("rows", expanding=True)))
    .order_by(sources.c.id)
    .with_for_update()
)
_SAVE_STATE = update(sources).where(sources.c.id == bindparam("the_row"))
_SAVE_INGEST = (
    update(sources)
    .where(sources.c.id == bindparam("the_row"), sources.c.lease == bindparam("the_lease"))
    .values({name: bindparam(name) for name in rows.STATE})
    .values(
        lease=None,
        lease_until=None,
        fetch_count=sources.c.fetch_count + bindparam("looks"),
        entry_count=sources.c.entry_count + bindparam("more"),
    )
    .returning(sources.c.fetch_count)
)
_SAVE_INGEST_AND_CHANNEL = _SAVE_INGEST.values(channel=bindparam("channel"))
_ADD_FETCH = insert(fetches)
_REPLACE_FETCH = update(fetches).where(
    fetches.c.source == bindparam("the_row"), fetches.c.slot == bindparam("the_slot")
)
_ADD_ENTRIES = insert(entries)
_ADD_CONTENTS = insert(contents)
_ADD_TERMS = insert(terms)
DROP_TERM = delete(terms).where(
    terms.c.source == bindparam("the_source"),
    terms.c.term == bindparam("the_term"),
    terms.c.sort_at == bindparam("the_sort_at"),
    terms.c.entry == bindparam("the_entry"),
)
_STANDING_ENTRIES = select(entries.c.id, entries.c.guid_hash, entries.c.sort_at, entries.c.categories).where(
    entries.c.source == bindparam("the_source"),
    entries.c.id.in_(bindparam("rows", expanding=True)),
    entries.c.deleted_at.is_(None),
)
_TAKEN_GUIDS = select(entries.c.guid_hash, entries.c.id).where(
    entries.c.source == bindparam("the_source"), entries.c.guid_hash.in_(bindparam("hashes", expanding=True))
)
_TAKEN_IDS = select(entries.c.id_hash).where(
    entries.c.source == bindparam("the_source"), entries.c.id_hash.in_(bindparam("hashes", expanding=True))
)
_CHANGE_CONTENT = update(contents).where(contents.c.entry == bindparam("the_entry"))
_SAYS = func.coalesce(bindparam("updated", type_=Whole), bindparam("published", type_=Whole), entries.c.first_seen)
_CHANGE_ENTRY = (
    update(entries)
    .where(entries.c.id == bindparam("the_row"))
    .values(revision=entries.c.revision + bindparam("step"))
    .values({name: bindparam(name) for name in rows.SHOWN})
    .values(stamp=case((OWN_SECOND == _SAYS, entries.c.stamp)))  # NULL, to be given anew, when its own date moved
)
# --- state, validators, next fetch, history, site


def save_states(connection: Connection, plans: Sequence[UpdatePlan]) -> list[bool]:
    """Write plans that change no entry; for each whether its lease held. The first plan of a lease ends it."""
    leased = {row.id: row for row in connection.execute(_LEASED, {"rows": sorted({p.source_row for p in plans})})}
    held = [False] * len(plans)
    states: list[dict[str, Any]] = []
    described: list[dict[str, Any]] = []
    lines = FetchRows()
    for at, plan in enumerate(plans):
        row = leased.get(plan.source_row)
        if row is None or row.lease != plan.lease:
            continue
        del leased[plan.source_row]
        held[at] = True
        values = rows.state_values(plan.state)
        values["the_row"] = row.id
        values["fetch_count"] = row.fetch_count + _looks(plan)
        values["lease"] = values["lease_until"] = None
        if plan.channel is None:
            states.append(values)
        else:
            values["channel"] = code.channel(plan.channel)
            described.append(values)
        lines.add(plan, row.fetch_count)
    run_many(connection, _SAVE_STATE, states)
    run_many(connection, _SAVE_STATE, described)
    lines.write(connection)
    save_sites(connection, [plan.site for plan, ours in zip(plans, held, strict=True) if ours and plan.site])
    return held


def save_ingest(connection: Connection, plan: UpdatePlan, more: int) -> bool:
    """Write all of a plan but its entries, of which there are `more`; False, and nothing, when the lease is lost."""
    values = rows.state_values(plan.state)
    looks = _looks(plan)
    values.update(the_row=plan.source_row, the_lease=plan.lease, more=more, looks=looks)
    statement = _SAVE_INGEST
    if plan.channel is not None:
        values["channel"] = code.channel(plan.channel)
        statement = _SAVE_INGEST_AND_CHANNEL
    fetch_count = run(connection, statement, values).scalar()
    if fetch_count is None:
        return False
    lines = FetchRows()
    lines.add(plan, fetch_count - looks)
    lines.write(connection)
    if plan.site is not None:
        save_sites(connection, [plan.site])
    return True


def _looks(plan: UpdatePlan) -> int:
    """How many lines of history the plan adds."""
    return 0 if plan.record is None else 1


@dataclass(slots=True)
class FetchRows:
    """Lines of history on their way into the ring: the first 50 of a source are added, later ones take a slot."""

    added: list[dict[str, Any]] = field(default_factory=list)
    replaced: list[dict[str, Any]] = field(default_factory=list)

    def add(self, plan: UpdatePlan, seq: int) -> None:
        """The line of a plan; `seq` counts the fetches of its source from 0."""
        if plan.record is None:
            return
        line = rows.fetch_values(plan.record)
        line["seq"] = seq
        if seq < RING:
            line["source"], line["slot"] = plan.source_row, seq
            self.added.append(line)
        else:
            line["the_row"], line["the_slot"] = plan.source_row, seq % RING
            self.replaced.append(line)

    def write(self, connection: Connection) -> None:
        """All lines."""
        run_many(connection, _ADD_FETCH, self.added)
        run_many(connection, _REPLACE_FETCH, self.replaced)


def save_sites(connection: Connection, states: Sequence[SiteState]) -> None:
    """Sites, new or known; the last state of each counts. In the order of their keys, so that two processes cannot wait
    for each other."""
    by_key = {state.key: state for state in states}
    write_over(connection, sites, [rows.site_values(by_key[key]) for key in sorted(by_key)])


# --- entries


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryRows:
    """New entries as rows of three tables, smallest row number first."""

    entries: list[dict[str, Any]]
    contents: list[dict[str, Any]]
    terms: list[dict[str, Any]]


def take_ids(connection: Connection, count: int) -> range:
    """Numbers for at least `count` new entries, never given out twice.

    In a transaction of its own: an ingest that is rolled back must not give its numbers to another one.
    """
    size = max(count, _IDS_AT_ONCE)
    last: int = connection.execute(_TAKE_IDS, {"count": size}).scalar_one()
    return range(last - size + 1, last + 1)


def entry_rows(source_row: int, new: Sequence[EntryUpdate], now: datetime, ids: Sequence[int]) -> EntryRows:
    """The rows of new entries. The first of a document gets the largest number: where dates are missing or equal, the
    order of the document, newest first, is the order of the publication."""
    first_seen = seconds(now)
    made = EntryRows(entries=[], contents=[], terms=[])
    for row, each in zip(ids, reversed(new), strict=True):
        entry = each.entry
        values = rows.shown_values(each)
        published = values["published"]
        place = published if each.sort_at is None else seconds(each.sort_at)
        sort_at = first_seen if place is None else min(place, first_seen)
        values["id"] = row
        values["source"] = source_row
        values["guid"] = storable(entry.guid)
        values["guid_hash"] = hash_of(entry.guid)
        values["published_id"] = storable(entry.id)
        values["id_hash"] = hash_of(entry.id)
        values["sort_at"] = sort_at
        values["first_seen"] = first_seen
        values["held_at"] = None if each.held_reason is None else first_seen
        values["held_reason"] = code.storable_or_none(each.held_reason)
        values["held_until"] = None if each.held_until is None else code.seconds_up(each.held_until)
        content = rows.content_values(each)
        content["entry"] = row
        made.entries.append(values)
        made.contents.append(content)
        made.terms.extend(
            {"source": source_row, "term": term, "sort_at": sort_at, "entry": row}
            for term in terms_of(entry.categories)
        )
    return made


def add_entries(connection: Connection, made: EntryRows) -> None:
    """Write new entries. Raises sqlalchemy's IntegrityError when a guid or published id is taken in this source."""
    run_many(connection, _ADD_ENTRIES, made.entries)
    run_many(connection, _ADD_CONTENTS, made.contents)
    run_many(connection, _ADD_TERMS, made.terms)


def settle(connection: Connection, plan: UpdatePlan) -> tuple[list[EntryUpdate], list[EntryUpdate]]:
    """The plan's new and changed entries after the collisions of `add_entries`.

    A guid that is stored already is a change; one that comes twice counts once; a published id that is taken becomes
    `urn:uuid`, version 5, of source and guid.
    """
    hashes = [hash_of(each.entry.guid) for each in plan.new]
    source_url = connection.execute(_URL, {"the_row": plan.source_row}).scalar_one()
    taken_guids = {
        bytes(guid_hash): row
        for guid_hash, row in connection.execute(_TAKEN_GUIDS, {"the_source": plan.source_row, "hashes": hashes})
    }
    changed = list(plan.changed)
    fresh: dict[bytes, EntryUpdate] = {}
    for guid_hash, each in zip(hashes, plan.new, strict=True):
        row = taken_guids.get(guid_hash)
        if row is not None:
            changed.append(replace(each, known=KnownEntry(guid=each.entry.guid, row=row)))
        else:
            fresh.setdefault(guid_hash, each)
    return _with_own_ids(connection, plan.source_row, source_url, list(fresh.values())), changed


def _with_own_ids(
    connection: Connection, source_row: int, source_url: str, fresh: Sequence[EntryUpdate]
) -> list[EntryUpdate]:
    hashes = [hash_of(each.entry.id) for each in fresh]
    taken = set(map(bytes, connection.scalars(_TAKEN_IDS, {"the_source": source_row, "hashes": hashes})))
    settled = []
    for id_hash, each in zip(hashes, fresh, strict=True):
        if id_hash in taken:
            # no guid has spaces and is used verbatim: this is always a urn:uuid
            own = published_id(source_url, f"{each.entry.guid} <{each.entry.id}>")
            settled.append(replace(each, entry=replace(each.entry, id=own)))
        else:
            taken.add(id_hash)
            settled.append(each)
    return settled


def change_entries(connection: Connection, source_row: int, changed: Sequence[EntryUpdate]) -> None:
    """Replace what readers see of known entries; identity, first_seen, sort_at and published id stay.

    A changed entry that came under another guid makes that guid an alias. One that was pruned or taken down meanwhile
    stays so.
    """
    by_row = {each.known.row: each for each in changed if each.known is not None}
    if not by_row:
        return
    standing = connection.execute(_STANDING_ENTRIES, {"the_source": source_row, "rows": sorted(by_row)}).all()
    dropped: list[dict[str, Any]] = []
    added: list[dict[str, Any]] = []
    renamed: list[dict[str, Any]] = []
    values: list[dict[str, Any]] = []
    contents_values: list[dict[str, Any]] = []
    for row, guid_hash, sort_at, categories in standing:
        each = by_row[row]
        values.append({**rows.shown_values(each), "the_row": row, "step": int(each.revised)})
        contents_values.append({**rows.content_values(each), "the_entry": row})
        before, after = terms_of(texts_from(categories)), terms_of(each.entry.categories)
        dropped += [
            {"the_source": source_row, "the_term": term, "the_sort_at": sort_at, "the_entry": row}
            for term in before
            if term not in after
        ]
        added += [
            {"source": source_row, "term": term, "sort_at": sort_at, "entry": row}
            for term in after
            if term not in before
        ]
        if (alias := hash_of(each.entry.guid)) != bytes(guid_hash):
            renamed.append({"source": source_row, "guid_hash": alias, "entry": row})
    run_many(connection, _CHANGE_ENTRY, values)
    run_many(connection, _CHANGE_CONTENT, contents_values)
    run_many(connection, DROP_TERM, dropped)
    run_many(connection, _ADD_TERMS, added)
    write_over(connection, aliases, renamed)
