"""Between nouns and rows: which column holds which field.

In:  `SourceState`, `FetchRecord`, `SiteState`, `EntryUpdate`, or a row as one of the column lists here selects it.
Out: the values of a row by column name, or `SourceRecord`, `KnownEntry`, `StoredEntry`, ...
Never: a statement, a connection.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from feedmill.feeds import encoding as code
from feedmill.feeds.encoding import (
    moment,
    moment_or_none,
    seconds_or_none,
    seconds_up_or_none,
    storable,
    storable_or_none,
)
from feedmill.feeds.entry import Entry, StoredEntry
from feedmill.feeds.outcome import FailureKind, FetchRecord, Validators
from feedmill.feeds.schema import AT_ONCE, contents, entries, fetches, sites, sources
from feedmill.feeds.source import HeldAs, SiteState, Source, SourceRecord, SourceState, Standing
from feedmill.feeds.update import EntryUpdate, KnownEntry, Remembered

# --- sources

RECORD = (
    sources.c.id, sources.c.url, sources.c.title, sources.c.tags, sources.c.channel, sources.c.entry_count,
    sources.c.standing, sources.c.etag, sources.c.last_modified, sources.c.issued_by, sources.c.body_hash,
    sources.c.next_fetch, sources.c.reason, sources.c.hold_until, sources.c.failures, sources.c.failure,
    sources.c.detail, sources.c.failing_since, sources.c.last_attempt, sources.c.last_success, sources.c.last_status,
    sources.c.last_full, sources.c.moved_to, sources.c.moved_since, sources.c.moved_count, sources.c.rate,
    sources.c.adopted, sources.c.held_as, sources.c.held_reason,
)  # fmt: skip


def record_from(row: Sequence[Any]) -> SourceRecord:
    """The source that a row of `RECORD` holds."""
    (
        row_id, url, title, tags, channel, entry_count, standing, etag, last_modified, issued_by, body_hash, next_fetch,
        reason, hold_until, failures, failure, detail, failing_since, last_attempt, last_success, last_status,
        last_full, moved_to, moved_since, moved_count, rate, adopted, held_as, held_reason,
    ) = row  # fmt: skip
    state = SourceState(
        standing=Standing(standing),
        validators=Validators(etag=etag, last_modified=last_modified, issued_by=issued_by),
        body_hash=body_hash,
        next_fetch=None if next_fetch == AT_ONCE else moment(next_fetch),
        reason=reason,
        hold_until=moment_or_none(hold_until),
        failures=failures,
        failure=None if failure is None else FailureKind(failure),
        detail=detail,
        failing_since=moment_or_none(failing_since),
        last_attempt=moment_or_none(last_attempt),
        last_success=moment_or_none(last_success),
        last_status=last_status,
        last_full=moment_or_none(last_full),
        moved_to=moved_to,
        moved_since=moment_or_none(moved_since),
        moved_count=moved_count,
        rate=code.rate_from(rate),
        adopted=adopted,
        held_as=None if held_as is None else HeldAs(held_as),
        held_reason=held_reason,
    )
    return SourceRecord(
        row=row_id,
        source=Source(url=url, title=title, tags=code.texts_from(tags)),
        channel=code.channel_from(channel),
        state=state,
        entries=entry_count,
    )


STATE = (
    "standing", "etag", "last_modified", "issued_by", "body_hash", "next_fetch", "reason", "hold_until", "failures",
    "failure", "detail", "failing_since", "last_attempt", "last_success", "last_status", "last_full", "moved_to",
    "moved_since", "moved_count", "rate", "adopted", "held_as", "held_reason",
)  # fmt: skip
"""The columns of `state_values`."""


def state_values(state: SourceState) -> dict[str, Any]:
    """The columns of a state. `next_fetch` and `hold_until` are rounded up: nothing happens before its time."""
    validators = state.validators
    return {
        "standing": state.standing.value,
        "etag": storable_or_none(validators.etag),
        "last_modified": storable_or_none(validators.last_modified),
        "issued_by": storable_or_none(validators.issued_by),
        "body_hash": storable_or_none(state.body_hash),
        "next_fetch": AT_ONCE if state.next_fetch is None else code.seconds_up(state.next_fetch),
        "reason": storable(state.reason),
        "hold_until": seconds_up_or_none(state.hold_until),
        "failures": state.failures,
        "failure": None if state.failure is None else state.failure.value,
        "detail": storable(state.detail),
        "failing_since": seconds_or_none(state.failing_since),
        "last_attempt": seconds_or_none(state.last_attempt),
        "last_success": seconds_or_none(state.last_success),
        "last_status": state.last_status,
        "last_full": seconds_or_none(state.last_full),
        "moved_to": storable_or_none(state.moved_to),
        "moved_since": seconds_or_none(state.moved_since),
        "moved_count": state.moved_count,
        "rate": code.rate(state.rate),
        "adopted": storable_or_none(state.adopted),
        "held_as": None if state.held_as is None else state.held_as.value,
        "held_reason": storable_or_none(state.held_reason),
    }


FETCH = (
    fetches.c.at, fetches.c.status, fetches.c.outcome, fetches.c.failure, fetches.c.detail, fetches.c.bytes,
    fetches.c.duration_ms, fetches.c.new, fetches.c.changed,
)  # fmt: skip


def fetch_from(row: Sequence[Any]) -> FetchRecord:
    """The line of history that a row of `FETCH` holds."""
    at, status, outcome, failure, detail, size, duration_ms, new, changed = row
    return FetchRecord(
        at=moment(at),
        status=status,
        outcome=outcome,
        failure=None if failure is None else FailureKind(failure),
        detail=detail,
        bytes=size,
        duration=timedelta(milliseconds=duration_ms),
        new=new,
        changed=changed,
    )


def fetch_values(record: FetchRecord) -> dict[str, Any]:
    """The columns of a line of history."""
    return {
        "at": code.seconds(record.at),
        "status": record.status,
        "outcome": storable(record.outcome),
        "failure": None if record.failure is None else record.failure.value,
        "detail": storable(record.detail),
        "bytes": record.bytes,
        "duration_ms": record.duration // code.MILLISECOND,
        "new": record.new,
        "changed": record.changed,
    }


SITE = (sites.c.key, sites.c.next_allowed_ms, sites.c.hold_until_ms, sites.c.spacing_ms, sites.c.refusals)


def site_from(row: Sequence[Any]) -> SiteState:
    """The site that a row of `SITE` holds."""
    key, next_allowed_ms, hold_until_ms, spacing_ms, refusals = row
    return SiteState(
        key=key,
        next_allowed=code.moment_of_ms(next_allowed_ms),
        hold_until=code.moment_of_ms(hold_until_ms),
        spacing=None if spacing_ms is None else timedelta(milliseconds=spacing_ms),
        refusals=refusals,
    )


def site_values(state: SiteState) -> dict[str, Any]:
    """The columns of a site."""
    return {
        "key": storable(state.key),
        "next_allowed_ms": code.milliseconds(state.next_allowed),
        "hold_until_ms": code.milliseconds(state.hold_until),
        "spacing_ms": None if state.spacing is None else -(-state.spacing // code.MILLISECOND),
        "refusals": state.refusals,
    }


# --- entries

KNOWN = (
    entries.c.guid, entries.c.id, entries.c.published_id, entries.c.raw_hash, entries.c.fingerprint, entries.c.recipe,
    entries.c.first_seen, entries.c.deleted_at, entries.c.published, entries.c.updated,
)  # fmt: skip


def known_from(row: Sequence[Any]) -> KnownEntry:
    """What a row of `KNOWN` says; an entry that was taken down counts as pruned: seen, and never to return."""
    guid, row_id, published_id, raw_hash, fingerprint, recipe, first_seen, deleted_at, published, updated = row
    return KnownEntry(
        guid=guid,
        row=row_id,
        id=published_id,
        raw_hash=raw_hash,
        fingerprint=fingerprint,
        recipe=recipe,
        first_seen=moment(first_seen),
        pruned=deleted_at is not None,
        published=moment_or_none(published),
        updated=moment_or_none(updated),
    )


REMEMBERED = (
    *KNOWN, entries.c.url, entries.c.title, entries.c.summary, entries.c.canonical_key, entries.c.text_hash,
)  # fmt: skip


def remembered_from(row: Sequence[Any]) -> Remembered:
    """The entry that a row of `REMEMBERED` holds."""
    url, title, summary, canonical_key, text_hash = row[len(KNOWN) :]
    return Remembered(
        known=known_from(row[: len(KNOWN)]),
        url=url,
        title=title,
        summary=summary,
        canonical_key=canonical_key,
        text_hash=text_hash,
    )


SHOWN = (
    "url", "title", "published", "updated", "language", "summary", "authors", "categories", "enclosures", "image",
    "rights", "origin", "notes", "raw_hash", "fingerprint", "recipe", "canonical_key", "text_hash",
)  # fmt: skip
"""The columns of `shown_values`."""


def shown_values(update: EntryUpdate) -> dict[str, Any]:
    """The columns that a changed entry replaces: all but its identity and its place."""
    entry = update.entry
    canonical_key = update.canonical_key
    return {
        "url": storable_or_none(entry.url),
        "title": storable(entry.title),
        "published": seconds_or_none(entry.published),
        "updated": seconds_or_none(entry.updated),
        "language": storable_or_none(entry.language),
        "summary": storable(entry.summary),
        "authors": code.authors(entry.authors),
        "categories": code.texts(entry.categories),
        "enclosures": code.enclosures(entry.enclosures),
        "image": storable_or_none(entry.image),
        "rights": storable_or_none(entry.rights),
        "origin": code.origin(entry.origin),
        "notes": code.notes(entry.notes),
        "raw_hash": storable(update.raw_hash),
        "fingerprint": storable(update.fingerprint),
        "recipe": storable(update.recipe),
        "canonical_key": None if canonical_key is None else code.index_key(canonical_key),
        "text_hash": None if update.text_hash is None else code.index_key(update.text_hash),
    }


def content_values(update: EntryUpdate) -> dict[str, Any]:
    """The columns of `contents`."""
    return {
        "raw": code.storable_json(update.raw),
        "html": storable(update.entry.content_html),
        "text": storable(update.entry.content_text),
    }


STORED = (
    sources.c.url, entries.c.id, entries.c.sort_at, entries.c.first_seen, entries.c.stamp, entries.c.revision,
    entries.c.canonical_key, entries.c.text_hash, entries.c.held_reason, entries.c.published_id, entries.c.guid,
    entries.c.url, entries.c.title, entries.c.published, entries.c.updated, entries.c.authors, entries.c.language,
    entries.c.summary, contents.c.html, contents.c.text, entries.c.categories, entries.c.enclosures, entries.c.image,
    entries.c.rights, entries.c.origin, entries.c.notes,
)  # fmt: skip


def stored_from(row: Sequence[Any]) -> StoredEntry:
    """The entry that a row of `STORED` holds; without a row of `contents` (taken down) its content is empty."""
    (
        source_url, row_id, sort_at, first_seen, stamp, revision, canonical_key, text_hash, held_reason, published_id,
        guid, url, title, published, updated, authors, language, summary, content_html, content_text, categories,
        enclosures, image, rights, origin, notes,
    ) = row  # fmt: skip
    entry = Entry(
        id=published_id,
        guid=guid,
        url=url,
        title=title,
        published=moment_or_none(published),
        updated=moment_or_none(updated),
        authors=code.authors_from(authors),
        language=language,
        summary=summary,
        content_html=content_html or "",
        content_text=content_text or "",
        categories=code.texts_from(categories),
        enclosures=code.enclosures_from(enclosures),
        image=image,
        rights=rights,
        origin=code.origin_from(origin),
        notes=code.notes_from(notes),
    )
    return StoredEntry(
        row=row_id,
        source_url=source_url,
        entry=entry,
        first_seen=moment(first_seen),
        sort_at=moment(sort_at),
        stamp=moment_or_none(stamp),
        revision=revision,
        canonical_key=canonical_key,
        text_hash=text_hash,
        held_reason=held_reason,
    )
