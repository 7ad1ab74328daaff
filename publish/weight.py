"""What a feed weighs before it is rendered: how many entries it has room for.

In:  the stored entries that a publication would show, in order.
Out: how many of them keep its feeds below their ceiling in bytes.
Never: renders; weighs one format by another measure than the next: they all hold the same entries.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from feedmill.feeds.entry import Entry, StoredEntry
from feedmill.feeds.publication import Publication
from feedmill.publish.about import LONGEST_NAME, LONGEST_SUMMARY, LONGEST_TITLE

# What the largest format takes besides the texts: a feed's head with a hundred tombstones; an entry's elements, dates,
# addresses and source; an enclosure's elements; an author's or category's.
_HEAD_BYTES, _FRAME_BYTES, _ENCLOSURE_BYTES, _NAME_BYTES = 25_000, 4_000, 250, 80


def within(shown: Sequence[StoredEntry], publication: Publication) -> int:
    """How many entries, from the newest one on, keep each feed below `max_bytes` (check A18); one at least.

    Counted from what the entries hold, the same for all formats: no format writes them larger than that.
    """
    room = publication.max_bytes - _HEAD_BYTES
    if not publication.max_bytes or sum(_weight(each.entry, publication.profile, _at_most) for each in shown) <= room:
        return len(shown)
    for count, stored in enumerate(shown):
        room -= _weight(stored.entry, publication.profile, _spelled)
        if room < 0 and count:
            return count
    return len(shown)


def _weight(entry: Entry, profile: str, measure: Callable[[str], int]) -> int:
    """Bytes of an entry. A summary is escaped twice in RSS, a title stands for content that is not there."""
    names = (*entry.categories, *(author.name for author in entry.authors))
    size = _FRAME_BYTES + 4 * measure(entry.title[:LONGEST_TITLE])
    size += sum(_NAME_BYTES + 2 * measure(name[:LONGEST_NAME]) for name in names)
    size += sum(_ENCLOSURE_BYTES + 2 * len(enclosure.url) for enclosure in entry.enclosures)
    if profile == "headlines":
        return size
    if profile == "excerpt":
        return size + 2 * measure((entry.summary or entry.content_text)[:LONGEST_TITLE])
    return size + measure(entry.content_html) + 2 * measure(entry.summary[:LONGEST_SUMMARY])


def _at_most(text: str) -> int:
    """No character is spelled in more than five bytes. Costs nothing, and is enough for nearly every feed."""
    return 5 * len(text)


def _spelled(text: str) -> int:
    """Bytes, each character in its longest spelling: `&amp;` `&lt;` `&gt;` in XML, two for what JSON escapes."""
    size = len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
    size += 4 * text.count("&") + 3 * (text.count("<") + text.count(">"))
    return size + text.count('"') + text.count("\n") + text.count("\\") + text.count("</")
