"""Old entries under new names: a site that moves or changes its software sends nobody its old posts again.

In:  the entries of a document whose guid is unknown; what we remember of that source and the document no longer holds.
Out: which of them is which, one to one.
Never: an entry that the document holds besides; a guess on one sign alone. A wrong match swallows a post that is
really new, so two signs must agree (reference cleaning.md sections 3.1e and 4, L2).

The signs:
    link    the same page, by canonical key; not when it is a home page or several entries share it
    path    the same path on another host or scheme, of the guid or of the link
    title   the same words
    date    the same moment, both from the document
    text    the same words, at least 40 of them; fewer count under the same title, and when several come again at once
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from feedmill.feeds.identity import alternate_guid
from feedmill.feeds.likeness import containment, fold, words_of

_SAME_MOMENT = timedelta(seconds=60)
_SAME_DAYS = timedelta(days=2)
_SAME_WORDS = 0.5  # of the shorter text: a page that was edited, not one that was emptied and filled anew
_MOVED_AT_ONCE = 3  # so many old texts under new names are a move; one may be a post that its author sends again


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """What an entry may be known again by. `dated`: when the document says it was published; None when it does not."""

    guid: str
    link: str | None  # canonical key of its page
    title: str
    dated: datetime | None
    text_hash: str | None = None
    opening: str = ""  # its first words, where they are at hand


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """`new` (an index) is `old` (an index), because."""

    new: int
    old: int
    why: str


def match(new: Sequence[Sign], old: Sequence[Sign]) -> list[Match]:
    """The pairs, the surest first; each entry in one at most. Of two that are equally sure the first counts."""
    if not new or not old:
        return []
    shared = _shared_links(new) | _shared_links(old)
    pairs = [(at, of) for at, of in _candidates(new, old, shared)]
    resent = _texts_again(new, old, pairs)
    series = _series(new) | _series(old)
    judged = []
    for at, of in pairs:
        strength, why = _judge(
            new[at], old[of], shared, moved=resent >= _MOVED_AT_ONCE and fold(new[at].title) not in series
        )
        if strength:
            judged.append((-strength, at, of, why))
    taken_new: set[int] = set()
    taken_old: set[int] = set()
    found = []
    for _, at, of, why in sorted(judged):
        if at not in taken_new and of not in taken_old:
            taken_new.add(at)
            taken_old.add(of)
            found.append(Match(new=at, old=of, why=why))
    return found


def moved_elsewhere(guid: str, own: Iterable[str]) -> bool:
    """Whether `guid` is a web address with a path, on another host or scheme than all of `own`.

    Then it may be an old one that moved, and all that is remembered is worth a look; in a feed that goes on as it was
    it is not.
    """
    return alternate_guid(guid) is not None and _origin(guid) not in {_origin(other) for other in own}


def _origin(guid: str) -> str:
    return "/".join(guid.split("/", 3)[:3]).casefold()


def is_home(key: str) -> bool:
    """A canonical key without path or query names a site, not a page."""
    return not key.partition("/")[2].strip("/")


def _shared_links(entries: Sequence[Sign]) -> set[str]:
    count = Counter(entry.link for entry in entries if entry.link)
    return {link for link, times in count.items() if times > 1 or is_home(link)}


def _series(entries: Sequence[Sign]) -> set[str]:
    """Titles that several entries bear ("Open thread"): they tell nothing apart."""
    count = Counter(fold(entry.title) for entry in entries)
    return {title for title, times in count.items() if times > 1}


def _path(link: str | None, shared: set[str]) -> str | None:
    if link is None or link in shared:
        return None
    path = link.partition("/")[2]
    return path or None


def _keys(entry: Sign, shared: set[str]) -> list[tuple[str, str]]:
    keys = []
    if entry.link and entry.link not in shared:
        keys += [("link", entry.link), ("path", _path(entry.link, shared) or "")]
    other = alternate_guid(entry.guid)
    if other:
        keys.append(("guid", other))
    if entry.dated and entry.title:
        keys.append(("title", fold(entry.title)))
    if entry.text_hash:
        keys.append(("text", entry.text_hash))
    return keys


def _candidates(new: Sequence[Sign], old: Sequence[Sign], shared: set[str]) -> list[tuple[int, int]]:
    """Pairs that have any sign in common."""
    by_key: dict[tuple[str, str], list[int]] = defaultdict(list)
    for of, entry in enumerate(old):
        for key in _keys(entry, shared):
            by_key[key].append(of)
    pairs = {(at, of) for at, entry in enumerate(new) for key in _keys(entry, shared) for of in by_key.get(key, ())}
    return sorted(pairs)


def _texts_again(new: Sequence[Sign], old: Sequence[Sign], pairs: Iterable[tuple[int, int]]) -> int:
    return len({at for at, of in pairs if _same_text(new[at], old[of]) or _same_note(new[at], old[of])})


def _same_text(one: Sign, other: Sign) -> bool:
    return one.text_hash is not None and one.text_hash == other.text_hash


def _same_note(one: Sign, other: Sign) -> bool:
    """Of texts too short for a hash: the same title over the same words."""
    short = one.text_hash is None and other.text_hash is None and bool(one.opening)
    return short and one.opening == other.opening and bool(one.title) and fold(one.title) == fold(other.title)


def _judge(one: Sign, other: Sign, shared: set[str], *, moved: bool) -> tuple[int, str]:
    """How sure it is that two are one, 0 for not at all, and by which signs."""
    link = one.link is not None and one.link == other.link and one.link not in shared
    path = not link and _same_path(one, other, shared)
    title = bool(one.title) and fold(one.title) == fold(other.title)
    apart = abs(one.dated - other.dated) if one.dated and other.dated else None
    date = apart is not None and apart <= _SAME_MOMENT
    near = apart is None or apart <= _SAME_DAYS
    text = _same_text(one, other)
    note = moved and _same_note(one, other)
    signs = {"link": link, "path": path, "title": title, "date": date, "text": text or note}
    enough = (
        ((link or path) and (title or date or text))
        or (link and near and _same_opening(one, other))
        or (title and date)
        or (text and (date or near or (title and moved)))
        or note
    )
    if not enough:
        return 0, ""
    strength = 8 * (text or note) + 4 * (link or path) + 2 * title + 2 * date
    return max(1, strength), "the same " + " and ".join(name for name, agrees in signs.items() if agrees)


def _same_path(one: Sign, other: Sign, shared: set[str]) -> bool:
    mine, its = _path(one.link, shared), _path(other.link, shared)
    if mine is not None and mine == its:
        return True
    guid = alternate_guid(one.guid)
    return guid is not None and guid == alternate_guid(other.guid)


def _same_opening(one: Sign, other: Sign) -> bool:
    mine, its = words_of(one.opening), words_of(other.opening)
    return bool(mine and its) and containment(mine, its) >= _SAME_WORDS
