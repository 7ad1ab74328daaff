"""Who an entry is inside its source: reference cleaning.md section 3.1, parsing.md traps 14-18.

In:  a parsed document.
Out: each entry with a guid that no other entry of the document has, its raw JSON and the hash of it.
Never: an entry's place in the document (it moves with every new entry), any HTML work, or a resolved or tidied guid.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b

from feedmill.feeds.entry import Note
from feedmill.feeds.identity import MAX_ID
from feedmill.ingest.links import choose_link, feed_places
from feedmill.ingest.parsed import ParsedEntry, ParsedFeed, raw_hash
from feedmill.ingest.text import strip_xml_illegal

# What software writes when it has no id.
_NO_ID = frozenset({"0", "null", "none", "nil", "undefined", "nan", "#", "-", "n/a", "false", "[object object]"})
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identified:
    """A parsed entry that has a name. `raw` is its canonical JSON (always encodable), `raw_hash` the hash of that."""

    parsed: ParsedEntry
    guid: str
    raw: str
    raw_hash: str
    notes: tuple[Note, ...] = ()


@dataclass(slots=True)
class _Candidate:
    parsed: ParsedEntry
    raw: str
    raw_hash: str
    guid: str = ""
    note: str = ""


def identify(feed: ParsedFeed, *, source_url: str) -> list[Identified]:
    """The entries in the order of the document, entries that are equal to the letter once.

    An unusable guid (none, a placeholder, the feed's own address, one that several entries share) is replaced by guid
    and canonical link, then the canonical link, then a hash of title and date, then of the text, until all differ.
    """
    candidates = _distinct(feed)
    places = feed_places(feed, source_url=source_url)
    own = {place.rstrip("/") for place in (*places.own, feed.about.id or "") if place}
    for candidate in candidates:
        candidate.guid = _usable(candidate.parsed.id, own)
    written = Counter(candidate.guid for candidate in candidates if candidate.guid)
    for candidate in candidates:
        if candidate.guid and written[candidate.guid] == 1:
            continue
        link = choose_link(candidate.parsed, places)
        if link is None or link.rstrip("/") in own:
            continue  # the home page names no entry
        if candidate.guid:
            candidate.guid = f"{candidate.guid} {link}"
            candidate.note = "several entries share the id: the id and the canonical link"
        else:
            candidate.guid, candidate.note = link, "no usable id: the canonical link"
    _part(candidates, _by_title_and_date, "a hash of title and date")
    _part(candidates, _by_text, "a hash of title, date and text")
    _part(candidates, _by_raw, "a hash of the whole entry")
    return [_identified(candidate) for candidate in candidates]


def _distinct(feed: ParsedFeed) -> list[_Candidate]:
    seen: dict[str, _Candidate] = {}
    for parsed in feed.entries:
        raw = parsed.to_json()
        if not raw.isascii() and _SURROGATE.search(raw):
            # JSON's own escape: no database takes a lone surrogate, and `from_json` gives it back.
            raw = _SURROGATE.sub(lambda found: f"\\u{ord(found.group()):04x}", raw)
        digest = raw_hash(raw)
        if digest not in seen:
            seen[digest] = _Candidate(parsed, raw, digest)
    return list(seen.values())


def _usable(written: str | None, own: set[str]) -> str:
    guid = strip_xml_illegal(written).strip() if written else ""
    if not guid or guid.casefold() in _NO_ID or guid.rstrip("/") in own:
        return ""
    if len(guid) > MAX_ID:
        return f"{guid[:80]} {_digest(guid)}"
    return guid


def _part(candidates: list[_Candidate], key: Callable[[_Candidate], str], how: str) -> None:
    """Give each of several candidates with one guid, or with none, what `key` says of it besides."""
    taken = Counter(candidate.guid for candidate in candidates)
    for candidate in candidates:
        if not candidate.guid or taken[candidate.guid] > 1:
            more = key(candidate)
            if more:
                candidate.guid = f"{candidate.guid} {more}".strip()
                candidate.note = f"no usable id: {how}"


def _by_title_and_date(candidate: _Candidate) -> str:
    parsed = candidate.parsed
    title = parsed.title.value if parsed.title else ""
    date = parsed.published or parsed.updated or ""
    return "entry:" + _digest(f"{title}\n{date}") if title or date else ""


def _by_text(candidate: _Candidate) -> str:
    parsed = candidate.parsed
    text = next((text.value for text in (*parsed.contents, parsed.summary) if text and text.value), "")
    words = " ".join(text[:4000].split())[:200].casefold()
    return "text:" + _digest(words) if words else ""


def _by_raw(candidate: _Candidate) -> str:
    return "raw:" + candidate.raw_hash


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _identified(candidate: _Candidate) -> Identified:
    notes = (Note(step="identify", field="guid", detail=candidate.note),) if candidate.note else ()
    return Identified(
        parsed=candidate.parsed, guid=candidate.guid, raw=candidate.raw, raw_hash=candidate.raw_hash, notes=notes
    )
