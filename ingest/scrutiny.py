"""What a document brings, looked at once more against all that we remember of its source.

    an entry known already             -> keeps the date that it was published under
    one under another guid             -> is recognised: an alias, in its old place under its old id   ingest.aliases
    a document that is not the blog's  -> quarantine: nothing of it is taken                          ingest.takeover
    a burst that nothing explains      -> held: kept and seen, not shown                              ingest.flood
    one that is dated ahead            -> held until then
    an undated one of the first look   -> takes its place in the past                                 ingest.flood

In:  a `Digest` (changed in place), the source's record, the store (read only).
Out: the digest with updates that may be committed, and what to remember of the source.
Never: writes; looks anything up for a document that brings nothing new, or for a source without a past.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from feedmill.feeds.encoding import index_key
from feedmill.feeds.entry import Entry, Note
from feedmill.feeds.source import HeldAs, SourceRecord, SourceState
from feedmill.feeds.update import DATED_AHEAD
from feedmill.ingest import plan as plans
from feedmill.ingest.aliases import Sign, match, moved_elsewhere
from feedmill.ingest.flood import Habits, find_flood, places_of_undated
from feedmill.ingest.language import detect
from feedmill.ingest.takeover import Alarm, Writing, find_takeover, is_error_feed, repeated_host
from feedmill.ingest.urls import canonical_key, host_of

if TYPE_CHECKING:
    from feedmill.feeds.store import Store
    from feedmill.feeds.update import EntryUpdate, Remembered
    from feedmill.ingest.digest import Digest

_LOOKED_THROUGH = 1000  # entries of a source, when all guids of a document moved to another host
_HISTORY = 30  # entries that show how a source writes
_CLOCKS_DIFFER = timedelta(minutes=15)  # so far ahead an entry is shown at once


def scrutinize(store: Store, record: SourceRecord, digest: Digest, *, delta: bool, now: datetime) -> None:
    """See the module. `delta`: the document is a difference (RFC 3229) and does not tell what the feed still holds."""
    digest.updates = [_keep_date(update) for update in digest.updates]
    state = record.state
    if not record.entries or state.last_success is None:
        digest.updates = _place_undated(digest.updates, now)
    else:
        if not delta:
            _recognise(store, record.row, digest)
        alarm = None if state.held_as is HeldAs.PARDON else _standing_alarm(state) or _alarm(store, record, digest)
        if alarm is not None:
            _quarantine(digest, alarm)
        elif state.held_as is not HeldAs.PARDON:
            _hold_flood(record, digest, now)
        digest.lifted = alarm is None and state.held_as in (HeldAs.ERROR_FEED, HeldAs.PARDON)
    digest.updates = [_wait_until_due(update, now) for update in digest.updates]


def _keep_date(update: EntryUpdate) -> EntryUpdate:
    """Unless a rule of the operator's dates it."""
    ruled = any(note.step == "rules" and note.field == "published" for note in update.entry.notes)
    return update if update.known is None or ruled else plans.keep_date(update)


# --- the same entry under another guid ---


def _recognise(store: Store, row: int, digest: Digest) -> None:
    places = [at for at, update in enumerate(digest.updates) if update.known is None]
    if not places:
        return
    new = [_sign(digest.updates[at]) for at in places]
    own = [known.guid for known in digest.known.values() if not known.pruned]
    look_through = any(moved_elsewhere(sign.guid, own) for sign in new)
    remembered = store.remembered(
        row,
        canonical_keys=[sign.link for sign in new if sign.link],
        text_hashes=[sign.text_hash for sign in new if sign.text_hash],
        dates=[sign.dated for sign in new if sign.dated],
        newest=_LOOKED_THROUGH if look_through else 0,
    )
    present = {known.row for known in digest.known.values()}
    old = [entry for entry in remembered if entry.known.row not in present]
    for found in match(new, [_sign_of(entry) for entry in old]):
        at = places[found.new]
        digest.updates[at] = _as_known(digest.updates[at], old[found.old], found.why)


def _sign(update: EntryUpdate) -> Sign:
    entry = update.entry
    return Sign(
        guid=entry.guid,
        link=None if update.canonical_key is None else index_key(update.canonical_key),
        title=entry.title,
        dated=None if plans.is_undated(entry) else entry.published,
        text_hash=update.text_hash,
        opening=entry.summary,
    )


def _sign_of(entry: Remembered) -> Sign:
    known = entry.known
    key = entry.canonical_key or (index_key(canonical_key(entry.url)) if entry.url else None)
    return Sign(
        guid=known.guid,
        link=key,
        title=entry.title,
        dated=None if known.published == known.first_seen else known.published,
        text_hash=entry.text_hash,
        opening=entry.summary,
    )


def _as_known(update: EntryUpdate, old: Remembered, why: str) -> EntryUpdate:
    note = Note(step="identify", field="guid", detail=f"known as {old.known.guid[:200]}: {why}")
    entry = replace(update.entry, notes=(*update.entry.notes, note))
    return _keep_date(replace(update, entry=entry, known=old.known))


# --- another feed in its place ---


def _standing_alarm(state: SourceState) -> Alarm | None:
    """A feed that was taken over stays held until somebody has looked at it; an error message passes by itself."""
    if state.held_as is not HeldAs.TAKEOVER:
        return None
    return Alarm(held_as=HeldAs.TAKEOVER, reason=state.held_reason or "held")


def _alarm(store: Store, record: SourceRecord, digest: Digest) -> Alarm | None:
    if digest.channel is None or not digest.updates:
        return None
    fresh = [update.entry for update in digest.updates if update.known is None]
    kept = digest.channel.entries - len(fresh)
    if is_error_feed([entry.title for entry in fresh], [entry.content_text for entry in fresh], known=kept):
        reason = f"in place of its posts the feed says “{fresh[0].title[:80]}”"
        return Alarm(held_as=HeldAs.ERROR_FEED, reason=reason)
    before, now = (host_of(channel.about.site_url or "") for channel in (record.channel, digest.channel))
    own = {before, host_of(record.source.url)}
    moved = bool(before and now) and before != now and not digest.unchanged
    entries = [update.entry for update in digest.updates]
    replaced = len(fresh) == digest.channel.entries and len(fresh) == len(digest.updates)
    if not moved and not replaced and repeated_host([entry.content_html for entry in entries], own) is None:
        return None
    history = [stored.entry for stored in store.latest(limit=_HISTORY, source_urls=[record.source.url])]
    sites = (before, now) if moved else None
    return find_takeover(_writing(entries), _writing(history), sites=sites, own=own, replaced=replaced)


def _writing(entries: Sequence[Entry]) -> Writing:
    return Writing(
        texts=[f"{entry.title}\n{entry.content_text}" for entry in entries],
        htmls=[entry.content_html for entry in entries],
        languages=[entry.language or detect(entry.content_text) for entry in entries],
    )


def _quarantine(digest: Digest, alarm: Alarm) -> None:
    """Nothing that is known changes, nor what the source says of itself; what is new is kept out of sight, an error
    message not at all."""
    new = [update for update in digest.updates if update.known is None and alarm.held_as is not HeldAs.ERROR_FEED]
    digest.unchanged += len(digest.updates) - len(new)
    digest.updates = [_hold(update, alarm.reason) for update in new]
    digest.channel = None
    digest.alarm = alarm


# --- floods, and what is dated ahead or not at all ---


def _hold_flood(record: SourceRecord, digest: Digest, now: datetime) -> None:
    fresh = [at for at, update in enumerate(digest.updates) if update.known is None]
    state = record.state
    if not fresh or state.last_success is None:
        return
    entries = [digest.updates[at].entry for at in fresh]
    rate = state.rate
    flood = find_flood(
        [None if plans.is_undated(entry) else entry.published for entry in entries],
        document=digest.channel.entries if digest.channel else len(fresh),
        habits=Habits(per_day=rate.weight / rate.days if rate.days else 0.0, last_look=state.last_success),
        now=now,
        flooded=state.held_as is HeldAs.FLOOD,
    )
    if flood is None:
        return
    for at in flood.held:
        digest.updates[fresh[at]] = _hold(digest.updates[fresh[at]], flood.reason)
    digest.alarm = Alarm(held_as=HeldAs.FLOOD, reason=flood.reason)
    if len(flood.held) == len(digest.updates) and not digest.unchanged:
        digest.channel = None  # nothing of it is taken: neither is what it says of itself


def _hold(update: EntryUpdate, reason: str) -> EntryUpdate:
    return update if update.held_reason else replace(update, held_reason=reason)


def _wait_until_due(update: EntryUpdate, now: datetime) -> EntryUpdate:
    date = update.entry.published
    if update.known is not None or update.held_reason or date is None or date <= now + _CLOCKS_DIFFER:
        return update
    reason = f"{DATED_AHEAD}it is shown from {date:%Y-%m-%d %H:%M} UTC on"
    return replace(update, held_reason=reason, held_until=date)


def _place_undated(updates: Sequence[EntryUpdate], now: datetime) -> list[EntryUpdate]:
    places = places_of_undated([not plans.is_undated(update.entry) for update in updates], now)
    return [replace(update, sort_at=place) for update, place in zip(updates, places, strict=True)]
