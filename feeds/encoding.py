"""Between values and columns: text, times, hashes, and the small structures that are kept as JSON.

In:  a noun's field, or a column's value.
Out: the other one. What was written and is read again is equal, but for what no database takes: a NUL or a lone
     surrogate comes back as U+FFFD, and a time without its fraction of a second.
Never: a query, a clock, a decision.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any
from urllib.parse import urlsplit

from feedmill.feeds.entry import Author, Enclosure, Note, Origin
from feedmill.feeds.source import Channel, PostingRate

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MILLISECOND = timedelta(milliseconds=1)
_FIRST = (datetime.min.replace(tzinfo=UTC) - EPOCH) // SECOND
_LAST = (datetime.max.replace(tzinfo=UTC) - EPOCH) // SECOND

# PostgreSQL takes no NUL in text, and neither driver takes half a surrogate pair.
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_KEY_LENGTH = 300
_DEFAULT_PORTS = {"http": 80, "https": 443}

_dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_quote = json.encoder.encode_basestring  # for lists of strings three times as fast as an encoder


# --- text and hashes


def storable(text: str) -> str:
    """The text with U+FFFD in place of each character that one of the databases would refuse."""
    if text.isascii():
        return text.replace("\0", "\ufffd") if "\0" in text else text
    return _UNSTORABLE.sub("\ufffd", text)


def storable_or_none(text: str | None) -> str | None:
    """`storable`, for a column that may be NULL."""
    return None if text is None else storable(text)


def storable_json(text: str) -> str:
    r"""A JSON text whose lone surrogates are spelled \udXXX: the same value, so that replay reads what was said."""
    if text.isascii():
        return text
    return _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text).replace("\0", "\ufffd")


def hash_of(text: str) -> bytes:
    """The blake2b-128 by which a guid or id is found again; of the text as it was, surrogates and all."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def index_key(text: str) -> str:
    """The text itself when it is short, else its hash: what an index of either database can hold."""
    text = storable(text)
    return text if len(text) <= _KEY_LENGTH else f"blake2b:{hash_of(text).hex()}"


def url_key(url: str) -> str:
    """The key under which two spellings of a source's URL share one row.

    Folded: the case of scheme and host, http and https, the default port, a missing path, the fragment.
    Not folded: anything after the host, for a path or query may matter.
    """
    try:
        parts = urlsplit(url.strip())
        scheme, port = parts.scheme.lower(), parts.port
    except ValueError:
        return index_key(url)
    if scheme not in _DEFAULT_PORTS:
        return index_key(url)
    login, at, host = parts.netloc.rpartition("@")
    if port is not None:
        host = host.rpartition(":")[0]
    if port is not None and port != _DEFAULT_PORTS[scheme]:
        host = f"{host}:{port}"
    query = f"?{parts.query}" if parts.query else ""
    return index_key(f"//{login}{at}{host.lower()}{parts.path or '/'}{query}")


def terms_of(labels: Sequence[str]) -> list[str]:
    """Categories or tags as they are compared: case folded, trimmed, each once."""
    return list(dict.fromkeys(index_key(label.strip().casefold()) for label in labels))


# --- times


def seconds(moment: datetime) -> int:
    """Epoch seconds, rounded down."""
    return (moment - EPOCH) // SECOND


def seconds_or_none(moment: datetime | None) -> int | None:
    """Epoch seconds, rounded down; None stays None."""
    return None if moment is None else (moment - EPOCH) // SECOND


def seconds_up(moment: datetime) -> int:
    """Epoch seconds, rounded up: for a time before which nothing may happen."""
    return -((EPOCH - moment) // SECOND)


def seconds_up_or_none(moment: datetime | None) -> int | None:
    """`seconds_up`; None stays None."""
    return None if moment is None else seconds_up(moment)


def moment(count: int) -> datetime:
    """The time of an epoch second; one that no calendar holds comes back as the nearest that is held."""
    return EPOCH + timedelta(seconds=min(max(count, _FIRST), _LAST))


def moment_or_none(count: int | None) -> datetime | None:
    """The time of an epoch second; None stays None."""
    return None if count is None else moment(count)


def milliseconds(moment: datetime | None) -> int | None:
    """Epoch milliseconds, rounded up."""
    return None if moment is None else -((EPOCH - moment) // MILLISECOND)


def moment_of_ms(count: int | None) -> datetime | None:
    """The time of an epoch millisecond."""
    return None if count is None else EPOCH + timedelta(milliseconds=count)


# --- JSON


def dump(value: Any) -> str:
    """Compact JSON text that both databases take."""
    text = _dumps(value)
    if text.isascii() and "\\u0000" not in text:
        return text
    return _dumps(_storable_parts(value))


def _storable_parts(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, Mapping):
        return {storable(name): _storable_parts(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_storable_parts(part) for part in value]
    return value


def _string(value: str | None) -> str:
    return "null" if value is None else _quote(storable(value))


def texts(values: Sequence[str]) -> str:
    """Tags, categories: ["a", "b"]."""
    return f"[{','.join([_quote(storable(value)) for value in values])}]"


def texts_from(text: str) -> tuple[str, ...]:
    """What `texts` wrote."""
    return () if text == "[]" else tuple(json.loads(text))


def authors(values: Sequence[Author]) -> str:
    """[[name, url], ...]"""
    return f"[{','.join([f'[{_string(value.name)},{_string(value.url)}]' for value in values])}]"


def authors_from(text: str) -> tuple[Author, ...]:
    """What `authors` wrote."""
    return () if text == "[]" else tuple(Author(name=name, url=url) for name, url in json.loads(text))


def enclosures(values: Sequence[Enclosure]) -> str:
    """[[url, media type, length in bytes], ...]"""
    return dump([(value.url, value.media_type, value.length) for value in values]) if values else "[]"


def enclosures_from(text: str) -> tuple[Enclosure, ...]:
    """What `enclosures` wrote."""
    if text == "[]":
        return ()
    return tuple(Enclosure(url=url, media_type=kind, length=length) for url, kind, length in json.loads(text))


def notes(values: Sequence[Note]) -> str:
    """[[step, field, detail], ...]"""
    parts = [f"[{_string(value.step)},{_string(value.field)},{_string(value.detail)}]" for value in values]
    return f"[{','.join(parts)}]"


def notes_from(text: str) -> tuple[Note, ...]:
    """What `notes` wrote."""
    if text == "[]":
        return ()
    return tuple(Note(step=step, field=field, detail=detail) for step, field, detail in json.loads(text))


_ORIGIN_TEXTS = ("id", "title", "url", "site_url", "subtitle", "language", "rights", "icon", "logo")
_NOTHING_SAID = Origin()


def _origin_parts(value: Origin) -> dict[str, Any]:
    if value == _NOTHING_SAID:
        return {}
    parts = {name: part for name in _ORIGIN_TEXTS if (part := getattr(value, name)) is not None}
    if value.updated is not None:
        parts["updated"] = seconds(value.updated)
    if value.authors:
        parts["authors"] = [(author.name, author.url) for author in value.authors]
    return parts


def _origin_of(parts: dict[str, Any]) -> Origin:
    authors = tuple(Author(name=name, url=url) for name, url in parts.pop("authors", ()))
    updated = moment_or_none(parts.pop("updated", None))
    return Origin(updated=updated, authors=authors, **parts)


def origin(value: Origin | None) -> str | None:
    """An entry's own atom:source; fields that say nothing are left out."""
    return None if value is None else dump(_origin_parts(value))


def origin_from(text: str | None) -> Origin | None:
    """What `origin` wrote."""
    return None if text is None else _origin_of(json.loads(text))


def channel(value: Channel) -> str:
    """What a feed said of itself and of being polled; durations in seconds."""
    parts: dict[str, Any] = {}
    if value.format:
        parts["format"] = value.format
    if about := _origin_parts(value.about):
        parts["about"] = about
    if value.generator is not None:
        parts["generator"] = value.generator
    if value.hubs:
        parts["hubs"] = value.hubs
    if value.topic is not None:
        parts["topic"] = value.topic
    if value.ttl is not None:
        parts["ttl"] = value.ttl.total_seconds()
    if value.update_period is not None:
        parts["update_period"] = value.update_period.total_seconds()
    if value.skip_hours:
        parts["skip_hours"] = sorted(value.skip_hours)
    if value.skip_days:
        parts["skip_days"] = sorted(value.skip_days)
    if value.entries:
        parts["entries"] = value.entries
    if value.podcast:
        parts["podcast"] = value.podcast
    return dump(parts) if parts else "{}"


def channel_from(text: str) -> Channel:
    """What `channel` wrote."""
    if text == "{}":
        return Channel()
    parts = json.loads(text)
    ttl, period = parts.get("ttl"), parts.get("update_period")
    return Channel(
        format=parts.get("format", ""),
        about=_origin_of(parts.get("about", {})),
        generator=parts.get("generator"),
        hubs=tuple(parts.get("hubs", ())),
        topic=parts.get("topic"),
        ttl=None if ttl is None else timedelta(seconds=ttl),
        update_period=None if period is None else timedelta(seconds=period),
        skip_hours=frozenset(parts.get("skip_hours", ())),
        skip_days=frozenset(parts.get("skip_days", ())),
        entries=parts.get("entries", 0),
        podcast=tuple((name, said) for name, said in parts.get("podcast", ())),
    )


_NO_RATE = PostingRate()


def rate(value: PostingRate) -> str:
    """How often a source posts."""
    if value == _NO_RATE:
        return "{}"
    parts: dict[str, Any] = {
        "weight": value.weight,
        "days": value.days,
        "short": value.short,
        "at": seconds_or_none(value.at),
    }
    if value.recent:
        parts["recent"] = value.recent
    if value.week:
        parts |= {"week": value.week, "week_at": seconds_or_none(value.week_at)}
    return _dumps(parts)


def rate_from(text: str) -> PostingRate:
    """What `rate` wrote."""
    if text == "{}":
        return PostingRate()
    parts = json.loads(text)
    return PostingRate(
        weight=parts["weight"],
        days=parts["days"],
        short=parts["short"],
        recent=parts.get("recent", 0.0),
        at=moment_or_none(parts["at"]),
        week=tuple((hour, count) for hour, count in parts.get("week", ())),
        week_at=moment_or_none(parts.get("week_at")),
    )
