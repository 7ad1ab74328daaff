"""The same post from several sources, as one entry with several sources.

In:  stored entries, and older ones that they may be copies of; the host of each source's own site.
Out: clusters: the entry to show, and what was merged into it by which rule.
Never: merges two entries of one source; changes what is stored: without the other source both are there again.

    id      the same published id
    link    the same page, unless several entries of one source link to it, or both have their own say about it
    text    the same words, at least 40 outside of quotations
    near    nearly the same words: a resemblance of 0.85 outside of quotations, at least 60 of them
(reference cleaning.md section 4; what it fears are two bloggers who quote one article, series, and home pages)

Id and place are those of the entry that was seen first, as readers know it by them. Words, link and source are the
author's own where there are any: an entry that lies on its source's own site and names no other origin comes before
one that a planet passes on.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import combinations
from urllib.parse import urlsplit

from feedmill.feeds import likeness
from feedmill.feeds.entry import StoredEntry
from feedmill.feeds.source import SourceRecord

ALIKE = 0.85  # catches every copy with 2 % of its words edited, and no two of 280,000 unrelated pairs
_LEAST_OWN = 60  # words outside of quotations
_OWN_SAY = 40  # words from which on a text is a comment and not a teaser
_SAME_SAY = 0.3  # of the shorter one's runs of three words: a teaser, an excerpt or a copy, not another comment
_WINDOW = timedelta(days=14)  # what is alike is published within days
_MOST_ALIKE = 40  # entries that share a phrase: more is a phrase of the platform


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """`shown`: with `also_in`; `merged`: (row, rule) of the entries that it stands for, besides its own words';
    `first`: the row that was seen first, whose id and place it has (None: it stands alone)."""

    shown: StoredEntry
    merged: tuple[tuple[int, str], ...] = ()
    first: int | None = None

    @property
    def followers(self) -> dict[int, int]:
        """The rows of all copies, each with the row that was seen first."""
        if self.first is None:
            return {}
        return {row: self.first for row in (self.shown.row, *(row for row, _ in self.merged)) if row != self.first}


def site_hosts(records: Iterable[SourceRecord]) -> dict[str, str]:
    """The host of each source's own site, by the source's URL; of its feed where it names no site."""
    return {record.source.url: _host(record.channel.about.site_url or record.source.url) for record in records}


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def merge(
    stored: Sequence[StoredEntry], sites: Mapping[str, str], *, older: Sequence[StoredEntry] = ()
) -> list[Cluster]:
    """The clusters of `stored`, in their order. `older`: entries beyond them with the same link or text; a cluster of
    these alone is left out."""
    everything = [*stored, *older]
    if len({entry.source_url for entry in everything}) < 2:
        return [Cluster(shown=entry) for entry in stored]
    groups = _Groups(everything)
    _join_by_id(everything, groups)
    _join_by_link(everything, groups)
    _join_by_text(everything, groups)
    _join_alike(everything, groups)
    return [
        _cluster([everything[at] for at in members], sites, groups.rules)
        for members in groups.all()
        if members and members[0] < len(stored)
    ]


class _Groups:
    """Who belongs together so far; no source is in a group twice."""

    def __init__(self, entries: Sequence[StoredEntry]) -> None:
        self._entries = entries
        self._of = list(range(len(entries)))
        self._members = [[at] for at in range(len(entries))]
        self.rules: dict[int, str] = {}

    def join(self, one: int, other: int, rule: str) -> None:
        into, gone = sorted((self._of[one], self._of[other]))
        if into == gone:
            return
        sources = [self._entries[at].source_url for at in (*self._members[into], *self._members[gone])]
        if len(set(sources)) < len(sources):
            return
        for at in self._members[gone]:
            self._of[at] = into
        self._members[into] = sorted(self._members[into] + self._members[gone])
        self._members[gone] = []
        self.rules.setdefault(self._entries[one].row, rule)
        self.rules.setdefault(self._entries[other].row, rule)

    def together(self, one: int, other: int) -> bool:
        return self._of[one] == self._of[other]

    def all(self) -> list[list[int]]:
        return [members for members in self._members if members]


def _by(entries: Sequence[StoredEntry], key: Callable[[StoredEntry], str | None]) -> list[list[int]]:
    """Places of entries with one key, where there are several; the one that was seen first at the head."""
    found: dict[str, list[int]] = defaultdict(list)
    for at, entry in enumerate(entries):
        value = key(entry)
        if value:
            found[value].append(at)
    several = [places for places in found.values() if len(places) > 1]
    for places in several:
        places.sort(key=lambda at: (entries[at].first_seen, *_of_one_sight(entries[at])))
    return several


def _of_one_sight(stored: StoredEntry) -> tuple[datetime, str, int]:
    """The order of entries that one tick found. Which source answered first is chance: a rebuilt store would give the
    entry another id. A row tells only of entries of one source."""
    return stored.sort_at, stored.source_url, stored.row


def _join_by_id(entries: Sequence[StoredEntry], groups: _Groups) -> None:
    for first, *rest in _by(entries, lambda stored: stored.entry.id):
        for other in rest:
            groups.join(first, other, "id")


def _join_by_link(entries: Sequence[StoredEntry], groups: _Groups) -> None:
    for places in _by(entries, lambda stored: _page(stored.canonical_key)):
        sources = Counter(entries[at].source_url for at in places)
        if sources.most_common(1)[0][1] > 1:
            continue  # its page for many things: a home page, a series, a page of links
        for one, other in combinations(places, 2):
            if not groups.together(one, other) and not _both_comment(entries[one], entries[other]):
                groups.join(one, other, "link")


def _page(key: str | None) -> str | None:
    """The key, unless it is that of a site's front page."""
    return key if key and key.partition("/")[2].strip("/") else None


def _both_comment(one: StoredEntry, other: StoredEntry) -> bool:
    """Two who link to one page and say different things about it."""
    mine, its = _own(one), _own(other)
    if min(len(mine), len(its)) < _OWN_SAY:
        return False
    return likeness.containment(likeness.shingles(mine), likeness.shingles(its)) < _SAME_SAY


def _own(stored: StoredEntry) -> list[str]:
    return likeness.own_words(stored.entry.content_text, stored.entry.content_html)


def _join_by_text(entries: Sequence[StoredEntry], groups: _Groups) -> None:
    for first, *rest in _by(entries, lambda stored: stored.text_hash):
        for other in rest:
            groups.join(first, other, "text")


def _join_alike(entries: Sequence[StoredEntry], groups: _Groups) -> None:
    """Candidates share a part of their sketches; what decides is the resemblance of all their shingles."""
    own: dict[int, list[str]] = {}
    sharing: dict[likeness.Shingle, list[int]] = defaultdict(list)
    sketches = likeness.Sketches()
    for at, stored in enumerate(entries):
        words = _own(stored) if len(stored.entry.content_text) > _LEAST_OWN else []
        if len(words) >= _LEAST_OWN:
            own[at] = words
            for shingle in sketches.of(words):
                sharing[shingle].append(at)
    shared: Counter[tuple[int, int]] = Counter()
    for places in sharing.values():
        if 1 < len(places) <= _MOST_ALIKE:
            shared.update(
                pair for pair in combinations(places, 2) if entries[pair[0]].source_url != entries[pair[1]].source_url
            )
    for (one, other), times in shared.most_common():
        if groups.together(one, other) or times * 64 < min(len(own[one]), len(own[other])):
            continue  # a resemblance of 0.85 leaves four times as many of a sixteenth of the shingles
        if _is_alike(entries[one], entries[other], own[one], own[other]):
            groups.join(one, other, "near")


def _is_alike(one: StoredEntry, other: StoredEntry, mine: list[str], its: list[str]) -> bool:
    shorter, longer = sorted((len(mine), len(its)))
    if shorter < ALIKE * longer or abs(one.sort_at - other.sort_at) > _WINDOW or _numbers(one) != _numbers(other):
        return False
    return likeness.resemblance(likeness.shingles(mine), likeness.shingles(its)) >= ALIKE


def _numbers(stored: StoredEntry) -> list[str]:
    """Those of the title: a series ("Release 2.1", "Links of 3 May") differs in little else."""
    return [word for word in likeness.words_of(stored.entry.title) if any(letter.isdigit() for letter in word)]


def _cluster(members: list[StoredEntry], sites: Mapping[str, str], rules: Mapping[int, str]) -> Cluster:
    if len(members) == 1:
        return Cluster(shown=members[0])
    by_sight = sorted(members, key=lambda stored: (stored.first_seen, _distance(stored, sites), *_of_one_sight(stored)))
    first = by_sight[0]
    # An id alone may be a mistake, or a lie: whoever only has that does not speak for the entry.
    speakers = [
        stored for stored in by_sight if stored is first or rules[stored.row] != "id" or _same_page(stored, first)
    ]
    best = min(speakers, key=lambda stored: _distance(stored, sites))
    others = dict.fromkeys([*best.also_in, *(stored.source_url for stored in by_sight)])
    others.pop(best.source_url, None)
    shown = replace(
        best,
        entry=replace(best.entry, id=first.entry.id),
        first_seen=first.first_seen,
        sort_at=first.sort_at,
        also_in=tuple(others),
    )
    merged = tuple((stored.row, rules[stored.row]) for stored in by_sight if stored is not best)
    return Cluster(shown=shown, merged=merged, first=first.row)


def _same_page(one: StoredEntry, other: StoredEntry) -> bool:
    return one.canonical_key is not None and one.canonical_key == other.canonical_key


def _distance(stored: StoredEntry, sites: Mapping[str, str]) -> int:
    """How far an entry is from its author: 0 on its source's own site, 1 on another one, 2 passed on by a planet."""
    origin = stored.entry.origin
    if origin is not None and (origin.id or origin.url or origin.site_url):
        return 2
    site = sites.get(stored.source_url, "")
    host = _host(stored.entry.url or "")
    return 0 if site and (host == site or host.endswith("." + site) or site.endswith("." + host)) and host else 1
