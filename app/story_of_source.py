"""The story of one source: how it is doing, what was decided about it, what its last looks brought.

In:  the store (read only), a source's record and rules.
Out: a `Story`.
Never: a decision of its own: everything told was decided, and written down, when it happened.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from feedmill.feeds.source import NO_RULES, Filter, SourceRules, Standing
from feedmill.ingest.report import iso
from feedmill.output import counted
from feedmill.story import Chapter, Story, day

if TYPE_CHECKING:
    from feedmill.feeds.entry import StoredEntry
    from feedmill.feeds.outcome import FetchRecord
    from feedmill.feeds.source import SourceRecord
    from feedmill.feeds.store import Store

_LOOKS = 20
_SHOWN_HELD = 10


def never_fetched(url: str) -> Story:
    """Configured, and not in the store yet."""
    line = "It has never been looked at: it was added after the last sync, and the next one fetches it."
    return Story(
        kind="source",
        title=url,
        chapters=(Chapter("How it is doing", (line,)),),
        facts={"url": url, "state": Standing.NEW.value, "looks": []},
    )


def source_story(store: Store, record: SourceRecord, rules: SourceRules | None) -> Story:
    """Everything about one source that was synced."""
    history = store.history(record.row)
    held = [one.entry for one in store.held(record.row)]
    state = record.state
    chapters = [
        Chapter("How it is doing", tuple(_doing(record, history, held))),
        Chapter("What was decided", (*_decided(record, rules), *_hub(store, record))),
    ]
    if held:
        chapters.append(Chapter("What is kept back", tuple(_kept_back(held))))
    if history:
        chapters.append(Chapter("Its last looks, newest first", tuple(_look(look) for look in history[:_LOOKS])))
    facts = {
        "url": record.source.url,
        "title": record.title,
        "site_url": record.channel.about.site_url,
        "format": record.channel.format,
        "tags": list(record.source.tags),
        "state": state.standing.value,
        "entries": record.entries,
        "held": len(held),
        "failure": None if state.failure is None else state.failure.value,
        "detail": state.detail or None,
        "failures": state.failures,
        "last_success": iso(state.last_success),
        "next_fetch": iso(state.next_fetch),
        "reason": state.reason,
        "per_day": _per_day(record),
        "adopted": state.adopted,
        "moved_to": state.moved_to,
        "rules": written(rules or NO_RULES),
        "looks": [_look_json(look) for look in history],
    }
    title = record.source.url if record.title == record.source.url else f"{record.title}, {record.source.url}"
    return Story(kind="source", title=title, chapters=tuple(chapters), facts=facts)


def _hub(store: Store, record: SourceRecord) -> Iterator[str]:
    """How it stands with the hubs that may tell us of its entries."""
    for subscription in store.subscriptions():
        if subscription.source_row == record.row:
            from feedmill.ingest.websub_trust import words

            yield words(subscription, datetime.now(UTC))
            if subscription.last_push is not None:
                brought = counted(subscription.pushes, "document")
                yield f"That hub brought {brought}, the last one on {day(subscription.last_push)}."


def _doing(record: SourceRecord, history: list[FetchRecord], held: list[StoredEntry]) -> list[str]:
    lines = [f"State: {record.state.standing}. {_standing(record)}"]
    if history:
        lines.append(f"Last look: {_look(history[0])}.")
    kept = f"{counted(record.entries, 'entry is', 'entries are')} kept"
    lines.append(f"{kept}; {len(held)} of them not shown." if held else f"{kept}.")
    about = record.channel.about
    if about.site_url or record.channel.format:
        site = f", of the site {about.site_url}" if about.site_url else ""
        lines.append(f"It is a feed in the format {record.channel.format or 'not known yet'}{site}.")
    return lines


def _standing(record: SourceRecord) -> str:
    state = record.state
    trouble = f"{state.detail} ({state.failure})" if state.failure else state.detail
    if state.standing is Standing.NEW:
        return "It was never looked at."
    if state.standing is Standing.FAILING:
        return f"It fails since {day(state.failing_since)}, {counted(state.failures, 'time')} in a row: {trouble}."
    if state.standing is Standing.GONE:
        return f"Its server says that it is gone for good; it was last read on {day(state.last_success)}."
    if state.standing is Standing.HELD:
        return f"What it says is held back until somebody has looked: {state.held_reason or trouble}."
    if state.standing is Standing.PAUSED:
        return f"It is left alone: {state.reason}."
    return f"All is well{f': {trouble}' if trouble else ''}; it was last read on {day(state.last_success)}."


def _decided(record: SourceRecord, rules: SourceRules | None) -> list[str]:
    state = record.state
    next_look = day(state.next_fetch) if state.next_fetch else "with the next sync"
    lines = [f"Next look: {next_look}, because: {state.reason}."]
    if state.hold_until is not None:
        lines.append(f"Its server asked us to wait until {day(state.hold_until)}; nobody asks before.")
    rate = _per_day(record)
    if rate:
        lines.append(f"It posts {_often(rate)}, as far as we have seen.")
    lines.append(_validators(record))
    if state.adopted:
        lines.append(f"It moved for good: we ask at {state.adopted}. The configuration may be changed to that.")
    elif state.moved_to:
        since = f" {counted(state.moved_count, 'time')} since {day(state.moved_since)}"
        lines.append(f"It redirects to {state.moved_to}{since}; we follow for good when it stays so.")
    if record.channel.ttl or record.channel.update_period:
        lines.append("The feed itself says how often it wants to be asked, and we never ask more often than that.")
    if record.source.tags:
        lines.append(f"Your tags: {', '.join(record.source.tags)}.")
    for name, value in written(rules or NO_RULES).items():
        lines.append(f"Your rule: {name} = {_toml(value)}.")
    return lines


def _validators(record: SourceRecord) -> str:
    sent = record.state.validators
    parts = [f"the ETag {sent.etag}"] if sent.etag else []
    parts += [f"Last-Modified {sent.last_modified}"] if sent.last_modified else []
    if parts:
        return f"We ask with {' and '.join(parts)}: a feed without news costs next to nothing."
    return "Its server gives neither ETag nor Last-Modified: each look costs the whole document."


def _per_day(record: SourceRecord) -> float | None:
    rate = record.state.rate
    return round(rate.weight / rate.days, 3) if rate.days > 0 and rate.weight > 0 else None


def _often(per_day: float) -> str:
    for days, unit in ((1, "day"), (7, "week"), (30.4, "month")):
        if per_day * days >= 1:
            return f"about {counted(round(per_day * days), 'time')} a {unit}"
    return "less than once a month"


def _kept_back(held: list[StoredEntry]) -> list[str]:
    lines = [f"“{one.entry.title}”: {one.held_reason}" for one in held[:_SHOWN_HELD]]
    more = len(held) - _SHOWN_HELD
    return [*lines, f"and {more} more"] if more > 0 else lines


def _look(look: FetchRecord) -> str:
    status = f" ({look.status})" if look.status else ""
    size = f", {look.bytes:,} bytes" if look.bytes else ""
    news = f": {look.new} new, {look.changed} changed" if look.new or look.changed else ""
    trouble = f": {look.detail}" if look.detail else ""
    return (
        f"{day(look.at)}: {look.outcome.replace('_', ' ')}{status}{size} in {look.duration.total_seconds():.2f} s"
        f"{news}{trouble}"
    )


def _look_json(look: FetchRecord) -> dict[str, Any]:
    return {
        "at": iso(look.at),
        "outcome": look.outcome,
        "status": look.status,
        "failure": None if look.failure is None else look.failure.value,
        "detail": look.detail or None,
        "bytes": look.bytes,
        "seconds": look.duration.total_seconds(),
        "new": look.new,
        "changed": look.changed,
    }


def written(rules: SourceRules) -> dict[str, Any]:
    """The rules that are written, by the names that they have in feedmill.toml."""
    found: dict[str, Any] = {}
    for field in fields(rules):
        value = getattr(rules, field.name)
        if field.name == "folder" or value == getattr(NO_RULES, field.name):
            continue
        if isinstance(value, Filter):
            for part in fields(value):
                inner = getattr(value, part.name)
                if inner:
                    found[f"{field.name}.{part.name}"] = _simple(inner)
        else:
            found[field.name] = _simple(value)
    return found


def _simple(value: Any) -> Any:
    from datetime import timedelta

    from feedmill.config.units import spell

    if isinstance(value, timedelta):
        return spell(value)
    return list(value) if isinstance(value, tuple) else value


def _toml(value: Any) -> str:
    import json

    return json.dumps(value, ensure_ascii=False)
