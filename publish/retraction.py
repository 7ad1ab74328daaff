"""Entries that leave what was published already, with a tombstone in their place (RFC 6721).

In:  a closed archive document as it lies on disk; which ids leave, and when they were retracted.
Out: the same document without them: every other entry stays as it was written.
Never: touches an entry that is not named; says why one left.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from feedmill.publish.aggregate import Tombstone
from feedmill.publish.gather import Retraction
from feedmill.publish.xmltext import rfc3339, spell_pairs

MOST_STONES = 100  # in a subscription document, the newest; a reader that was away longer has the archives
_ATOM = "{http://www.w3.org/2005/Atom}"
_AT = "{http://purl.org/atompub/tombstones/1.0}"


def without_entries(data: bytes, gone: Mapping[str, datetime]) -> bytes:
    """The Atom document `data` without the entries of these ids, a tombstone for each before the first entry."""
    from lxml import etree

    from feedmill.publish.atom import spell_plainly

    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
    root = etree.fromstring(data, parser)
    for entry in root.findall(f"{_ATOM}entry"):
        if entry.findtext(f"{_ATOM}id") in gone:
            root.remove(entry)
    first = root.find(f"{_ATOM}entry")
    at = len(root) if first is None else root.index(first)
    for identity, when in sorted(gone.items()):
        stone = etree.Element(f"{_AT}deleted-entry", nsmap={"at": _AT[1:-1]})
        stone.set("ref", identity)
        stone.set("when", rfc3339(when))
        stone.tail = "\n  "
        root.insert(at, stone)
    updated = root.find(f"{_ATOM}updated")
    if updated is not None:
        updated.text = max([updated.text or "", *(rfc3339(when) for when in gone.values())])
    spell_plainly(root)
    return spell_pairs(etree.tostring(root.getroottree(), encoding="UTF-8", xml_declaration=True))


def tombstones(retractions: Iterable[Retraction], shown_before: Sequence[str]) -> tuple[Tombstone, ...]:
    """Tombstones for what was retracted and had been shown, the last one first."""
    known = set(shown_before)
    stones: dict[str, Tombstone] = {}
    for retraction in retractions:
        if retraction.id in known:
            stones.setdefault(retraction.id, Tombstone(id=retraction.id, at=retraction.at))
    return tuple(stones.values())[:MOST_STONES]
