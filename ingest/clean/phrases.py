"""What a line at an entry's edge says: words of the frame in some thirty languages, or prose.

In:  a line's text.
Out: `Match(rule, score)`: 3 strong, 2 medium, 1 weak, 0 neither; None for prose and for what is in no table.
Never: looks inside a line that is not wholly a phrase. Whether a match counts is for the edge run to say: nearly every
phrase here is also an ordinary sentence somewhere (cleaning.md 1.3).
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from functools import cache

from feedmill.ingest.clean.rulebook import read

MAX_WORDS = 60  # longer lines are prose without a look
PROSE_WORDS = 12

_SPACES = re.compile(r"\s+")
_BEFORE_COLON = re.compile(r"\s+:")
_MARKS = re.compile("[\u200e\u200f\u200b\ufeff\u202a-\u202e\u2066-\u2069]")
_HEAD = " \t«‹←<→»·•|–—-*▸►¶§>↓↑✉"
_TAIL = " \t.:…»›→>←«‹·•|–—-*!¶↓↑✉"
_SEPARATORS = re.compile(r"[\s|·•,/–—\-»«>:.!…←→&+]*")
_SENTENCE_END = re.compile(r"[.!?…。！？؟।॥။។։][\"'”’»)\]]*$")
_CJK = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\u0e00-\u0e7f]")
_WORD = re.compile(r"\w")
_BARS = re.compile(r"[|•·]")
_NAME = re.compile(r"[\w+-]+")
_DATE_TOKEN = re.compile(r"\d{1,4}(?:st|nd|rd|th|er|º|ª|日|年|月|일|년|월|h|a\.?m|p\.?m)?|[年月日년월일時分]+|\d{1,2}[:.]\d{2}(?::\d{2})?(?:am|pm)?")
_DATE_SPLIT = re.compile(r"[\s,./()|•·@–—-]+")
_CJK_DATE = re.compile(r"\d{4} ?[年년][\d 年月日년월일時分:()曜月火水木金土日上下午]+")
_LOOKS_DATED = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class Match:
    """`rule` names what was recognised ("post", "labels"); two members of a run agree when their rules differ."""

    rule: str
    score: int
    inferred: bool = False  # free words were taken along: names, labels, a date


_SCORES = {
    "none": 1,
    "post": 2,
    "byline": 1,  # 2 with a time in it
    "labels": 1,
    "open_labels": 1,
    "pager": 1,
    "feed": 2,
    "backlinks": 1,
    "share": 2,
    "share_head": 1,
    "share_on": 1,
    "related": 1,
    "likes": 1,
    "more": 1,
    "source": 2,  # 3 when its links or the title agree: see edge_run
    "certain": 3,
    "view": 2,
    "leave": 1,
    "start": 1,
    "hn": 2,
}
_SHARING = frozenset({"share", "share_head", "share_on", "likes"})
_GLUED = frozenset({"none", "post", "share", "share_head", "share_on", "pager", "feed", "backlinks", "likes", "more"})
_AT_START = frozenset({"start"})
_LONG_SLOTS = frozenset({"source", "certain", "hn", "leave", "more", "view"})
_GUESSES = frozenset({"byline", "open_labels", "start", "leave"})  # free words go along
_SLOT = re.compile(r"\{(x\??|n|t|net)\}")


def fold(text: str) -> str:
    """A line for comparing: NFKC, casefold, single spaces, no arrows or trailing colons and dots."""
    if not text.isascii():
        text = _MARKS.sub("", unicodedata.normalize("NFKC", text))
    text = _SPACES.sub(" ", text).casefold().replace("’", "'")
    if " :" in text:
        text = _BEFORE_COLON.sub(":", text)
    return text.lstrip(_HEAD).rstrip(_TAIL)


def words(text: str) -> int:
    """Words of a text; two characters of a script without spaces count as one."""
    count = len(text.split())
    if text.isascii():
        return count
    dense = len(_CJK.findall(text))
    return count + dense // 2


def is_prose(text: str) -> bool:
    """Whether a line in no table reads like a sentence."""
    return words(text) >= PROSE_WORDS or _SENTENCE_END.search(text) is not None


@dataclass(frozen=True, slots=True)
class _Pattern:
    kind: str
    literal: str
    source: str  # compiled when a line has the literal in it: most never are
    dated: bool
    named: bool  # says more than "by": with a name and a time


@dataclass(frozen=True, slots=True)
class _Tables:
    exact: dict[str, str]  # folded phrase -> kind
    by_word: dict[str, list[_Pattern]]  # first word of the fixed part -> patterns
    dense: list[_Pattern]  # of scripts without spaces between words
    label_heads: tuple[str, ...]
    glued: dict[str, list[tuple[str, str]]]  # first three characters -> phrases, longest first, with their kind
    networks: frozenset[str]
    long_networks: dict[str, list[str]]  # first three characters -> names that may stand glued to another
    dates: frozenset[str]


@cache
def _tables() -> _Tables:
    data = read("phrases")
    slots = data["slots"]
    networks = frozenset(map(fold, slots["networks"]))
    net = "(?:" + "|".join(sorted(map(re.escape, networks), key=len, reverse=True)) + ")"
    exact: dict[str, str] = {}
    by_word: dict[str, list[_Pattern]] = defaultdict(list)
    dense: list[_Pattern] = []
    heads: set[str] = set()
    for language, kinds in data.items():
        if language == "slots":
            continue
        for kind, phrases in kinds.items():
            for phrase in phrases:
                if kind == "labels":
                    heads.add(fold(phrase))
                if "{" not in phrase:
                    _keep_higher(exact, fold(phrase), kind)
                    continue
                pattern = _compile(kind, phrase, net)
                if _CJK.search(pattern.literal):
                    dense.append(pattern)
                else:
                    by_word[pattern.literal.split(" ", 1)[0]].append(pattern)
    glued: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for phrase, kind in exact.items():
        if kind in _GLUED and len(phrase) > 2:
            glued[phrase[:3]].append((phrase, kind))
    for rows in glued.values():
        rows.sort(key=lambda row: -len(row[0]))
    listed = [word for name in ("months", "days", "joiners") for row in slots[name] for word in row.split()]
    long_networks: dict[str, list[str]] = defaultdict(list)
    for name in networks:
        if len(name) > 4:
            long_networks[name[:3]].append(name)
    return _Tables(
        exact=exact,
        by_word=dict(by_word),
        dense=dense,
        label_heads=tuple(sorted(heads)),
        glued=dict(glued),
        networks=networks,
        long_networks=dict(long_networks),
        dates=frozenset(map(fold, listed)),
    )


def _keep_higher(exact: dict[str, str], phrase: str, kind: str) -> None:
    known = exact.get(phrase)
    if known is None or _SCORES[kind] > _SCORES[known]:
        exact[phrase] = kind


def _compile(kind: str, phrase: str, net: str) -> _Pattern:
    many = "39" if kind in _LONG_SLOTS else "7"
    slot = {
        "x": rf"\S+(?: \S+){{0,{many}}}?",
        "x?": rf"(?:\S+(?: \S+){{0,{many}}}?)?",
        "n": r"\d[\d.,' ]*k?",
        "t": r"(?=.{0,40}\d).{1,50}?",
        "net": net,
    }
    parts = _SLOT.split(phrase)
    out = []
    for place, part in enumerate(parts):
        if place % 2:
            out.append(slot[part])
        elif part:
            folded = _SPACES.sub(" ", unicodedata.normalize("NFKC", part).casefold().replace("’", "'"))
            out.append(re.escape(_BEFORE_COLON.sub(":", folded)))
    body = "".join(out).rstrip(_TAIL.replace("*", ""))
    literal = max((fold(part) for part in parts[::2]), key=len)
    return _Pattern(kind, literal, body + r"[\s.:…»›→*!]*$", "{t}" in phrase, "{x}" in phrase and len(literal) > 5)


def match_line(text: str, *, at_start: bool) -> Match | None:
    """What a whole line is, by the tables alone."""
    folded = fold(text)
    if not _WORD.search(folded):
        return Match("symbols", 0)
    tables = _tables()
    kind = tables.exact.get(folded)
    if kind is not None:
        return None if kind in _AT_START and not at_start else Match(kind, _SCORES[kind])
    if words(folded) > MAX_WORDS:
        return None
    return (
        _match_labels(folded, tables)
        or _match_patterns(folded, tables, at_start=at_start)
        or _match_glued(folded, tables)
        or _match_parts(text, at_start=at_start)
        or _match_date(folded, tables)
    )


@cache
def _expression(source: str) -> re.Pattern[str]:
    return re.compile(source)


def _match_labels(folded: str, tables: _Tables) -> Match | None:
    """`Labels: a, b, c`: short words between commas, no sentence."""
    head, colon, rest = folded.partition(":")
    if not colon or head not in tables.label_heads or not is_label_list(rest):
        return None
    return Match("labels", 1, inferred=True)


def is_label_list(rest: str) -> bool:
    """Whether text reads like labels: at most twenty items of at most four words."""
    items = [item.split() for item in re.split(r"[,،、|;·•]", rest)]
    return len(items) <= 20 and all(len(item) <= 4 for item in items) and not _SENTENCE_END.search(rest)


def _match_patterns(folded: str, tables: _Tables, *, at_start: bool) -> Match | None:
    best: Match | None = None
    for pattern in _candidates(folded, tables):
        if pattern.literal not in folded or (pattern.kind in _AT_START and not at_start):
            continue
        if not _expression(pattern.source).match(folded):
            continue
        score = _SCORES[pattern.kind]
        if pattern.kind == "byline" and pattern.dated:
            # On top of an entry nothing else comes to vouch for "Posted on January 9 by Signe".
            score = 3 if pattern.named and at_start else 2
        if pattern.kind in _GUESSES and _SENTENCE_END.search(folded):
            continue
        if best is None or score > best.score:
            best = Match(pattern.kind, score, inferred=pattern.kind in _GUESSES)
    if best is not None and best.rule == "hn":
        return Match("hn " + folded.split(" ", 1)[0], 2 if "url" in folded else 1)
    return best


def _candidates(folded: str, tables: _Tables) -> list[_Pattern]:
    """Patterns whose fixed words begin with a word of the line; scripts without spaces are all tried."""
    by_word = tables.by_word
    found: list[_Pattern] = []
    for word in folded.split():
        rows = by_word.get(word) or (by_word.get(word[:-1]) if word[-1] in ":,;" else None)
        if rows:
            found += rows
    return found if folded.isascii() else found + tables.dense


def _match_glued(folded: str, tables: _Tables) -> Match | None:
    """Several phrases in one line, with or without anything between them: the share row, the pager, the whole tail."""
    found = glued_kinds(folded, tables)
    if not found or len(found) < 2:
        return None
    kinds = set(found)
    sharing = [kind for kind in found if kind == "share"]
    if len(sharing) >= 2:
        return Match("share run", 3)
    total = sum(_SCORES.get(kind, 1) for kind in found)
    if len(kinds) >= 2 and total >= 3:
        return Match("tail in one line", 3)
    return Match("+".join(sorted(kinds)), 2)


def glued_kinds(folded: str, tables: _Tables | None = None) -> list[str] | None:
    """The kinds of the phrases that a line consists of, or None when something else is in it."""
    tables = tables or _tables()
    if len(folded) > 300:
        return None
    kinds: list[str] = []
    place = 0
    while place < len(folded):
        separator = _SEPARATORS.match(folded, place)
        place = separator.end() if separator else place
        if place >= len(folded):
            break
        for phrase, kind in tables.glued.get(folded[place : place + 3], ()):
            if folded.startswith(phrase, place):
                kinds.append(kind)
                place += len(phrase)
                break
        else:
            name = _network_at(folded, place, tables)
            if not name:
                return None
            kinds.append("network")
            place += len(name)
    return kinds


def _network_at(folded: str, place: int, tables: _Tables) -> str:
    """The network named at a place: a whole word, or one of several that stand glued."""
    word = _NAME.match(folded, place)
    if word is None:
        return ""
    if word.group() in tables.networks:
        return word.group()
    return next((name for name in tables.long_networks.get(word.group()[:3], ()) if word.group().startswith(name)), "")


def _match_parts(text: str, *, at_start: bool) -> Match | None:
    """`Posted by X at T | Permalink | Comments (3) | TrackBack (0)`: at least two members between bars."""
    if not ("|" in text or "•" in text or "·" in text):
        return None
    parts = [part for part in _BARS.split(text) if part.strip()]
    if not 2 <= len(parts) <= 12:
        return None
    matches = [match_line(part, at_start=at_start) for part in parts]
    known = [match for match in matches if match is not None and match.score > 0]
    strangers = [part for part, match in zip(parts, matches, strict=True) if match is None]
    if len(known) < 2 or len(strangers) > 1 or any(words(part) > 4 for part in strangers):
        return None
    different = len({match.rule for match in known}) >= 2
    return Match("line of members", 3 if different else 2, inferred=True)


def _match_date(folded: str, tables: _Tables) -> Match | None:
    if not _LOOKS_DATED.search(folded) or len(folded) > 60:
        return None
    if _CJK_DATE.fullmatch(folded):
        return Match("date", 1, inferred=True)
    parts = [part for part in _DATE_SPLIT.split(folded.replace(":", " ")) if part]
    if not 2 <= len(parts) <= 10 or not any(re.fullmatch(r"(?:19|20)\d\d", part) for part in parts):
        return None
    if all(part in tables.dates or _DATE_TOKEN.fullmatch(part) for part in parts):
        return Match("date", 1, inferred=True)
    return None


def is_share_label(text: str) -> bool:
    """Whether what stands beside share links is only their label, or other members of the row."""
    folded = fold(text)
    if not _WORD.search(folded):
        return True
    tables = _tables()
    kind = tables.exact.get(folded)
    if kind is not None:
        return kind in _SHARING or kind in ("post", "none", "more")
    kinds = glued_kinds(folded, tables)
    return bool(kinds) and all(kind in _SHARING or kind == "network" for kind in kinds or ())


def mask_digits(folded: str) -> str:
    """The key by which a feed's entries share a block."""
    return re.sub(r"\d+", "#", folded)[:200]


@dataclass(frozen=True, slots=True)
class GluedEnds:
    """How a tail ends that lost its line breaks, casefolded."""

    by_last: dict[str, tuple[str, ...]]  # last three characters -> whole phrases
    pairs: re.Pattern[str]  # an empty comment count and the invitation behind it, of one language

    def may_end(self, text: str) -> bool:
        """A cheap look at the end of a text."""
        end = text[-80:].casefold().rstrip(" .:")
        return end.endswith(self.by_last.get(end[-3:], ())) if end else False


@cache
def glued_ends() -> GluedEnds:
    """Made of the invitations and share rows of all languages."""
    by_last: dict[str, set[str]] = defaultdict(set)
    pairs: list[str] = []
    for language, kinds in read("phrases").items():
        if language in ("slots", "any"):
            continue
        posts = [post.casefold() for post in kinds.get("post", ()) if "{" not in post]
        for phrase in (*posts, *map(str.casefold, kinds.get("share", ()))):
            end = phrase.rstrip(" .:")
            by_last[end[-3:]].add(end)
        nones = [re.escape(none.casefold()).replace(r"\{n\}", r"\d+") for none in kinds.get("none", ()) if ":" in none]
        if posts and nones:
            pairs.append(f"(?:{'|'.join(nones)})\\s*(?:{'|'.join(map(re.escape, posts))})")
    return GluedEnds(
        {last: tuple(ends) for last, ends in by_last.items()}, re.compile(f"(?:{'|'.join(pairs)})\\s*[.:]?\\s*$")
    )
