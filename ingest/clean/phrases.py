"""What a line at an entry's edge says: words of the frame in some thirty languages, or prose.

In:  a line's text.
Out: `Match(rule, score)`: 3 strong, 2 medium, 1 weak, 0 neither; None for prose and for what is in no table.
Never: looks inside a line that is not wholly a phrase. Whether a match counts is for the edge run to say: nearly every
phrase here is also an ordinary sentence somewhere (cleaning.md 1.3).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from feedmill.ingest.clean.phrase_tables import SCORES, Pattern, Tables, expression, fold, tables, words

_ROW_WORDS = 30  # of a share row that is not in the tables
MAX_WORDS = 60  # longer lines are prose without a look
PROSE_WORDS = 12

_SHARING = frozenset({"share", "share_head", "share_on", "likes"})
_AT_START = frozenset({"start"})
_GUESSES = frozenset({"byline", "open_labels", "start", "leave"})  # free words go along
_NAMES = frozenset({"byline", "open_labels", "start", "submitted"})  # and a sentence may begin in the same words
_SEPARATORS = re.compile(r"[\s|·•,/–—\-»«>:.!…←→&+]*")
_SENTENCE_END = re.compile(r"[.!?…。！？؟।॥။។։][\"'”’»)\]]*$")
_WORD = re.compile(r"\w")
_BARS = re.compile(r"[|•·]")
_COPYRIGHT = re.compile(r"\s*(?:copyright\s*)?(?:©|\(c\))\s*\S", re.IGNORECASE)
_NAME = re.compile(r"[\w+-]+")
_DATE_TOKEN = re.compile(
    r"\d{1,4}(?:st|nd|rd|th|er|º|ª|日|年|月|일|년|월|h|a\.?m|p\.?m)?|[年月日년월일時分]+|\d{1,2}[:.]\d{2}(?::\d{2})?(?:am|pm)?"
)
_DATE_SPLIT = re.compile(r"[\s,./()|•·@–—-]+")
_CJK_DATE = re.compile(r"\d{4} ?[年년][\d 年月日년월일時分:()曜月火水木金土日上下午]+")
_LOOKS_DATED = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class Match:
    """`rule` names what was recognised ("post", "labels"); two members of a run agree when their rules differ."""

    rule: str
    score: int
    inferred: bool = False  # free words were taken along: names, labels, a date


def is_prose(text: str) -> bool:
    """Whether a line in no table reads like a sentence."""
    return words(text) >= PROSE_WORDS or _SENTENCE_END.search(text) is not None


def match_line(text: str, *, at_start: bool) -> Match | None:
    """What a whole line is, by the tables alone."""
    folded = fold(text)
    if not _WORD.search(folded):
        return Match("symbols", 0)
    table = tables()
    kind = table.exact.get(folded)
    if kind is not None:
        return None if kind in _AT_START and not at_start else Match(kind, SCORES[kind])
    if words(folded) > MAX_WORDS:
        return None
    return (
        _match_labels(folded, text, table)
        or _match_parts(text, at_start=at_start)
        or _match_patterns(folded, text, table, at_start=at_start)
        or _match_glued(folded, table)
        or _match_anchor(text)
        or _match_date(folded, table)
        or _match_imprint(text)
        or _match_with_remark(text, at_start=at_start)
        or _match_in_brackets(text, at_start=at_start)
    )


def _match_labels(folded: str, text: str, table: Tables) -> Match | None:
    """`Labels: a, b, c`: short words between commas, no sentence."""
    head, colon, rest = folded.partition(":")
    kind = table.label_heads.get(head) if colon else None
    if kind is None or not is_label_list(rest) or _ends_sentence(text):
        return None
    return Match(kind, SCORES[kind], inferred=True)


def _ends_sentence(text: str) -> bool:
    return _SENTENCE_END.search(text.rstrip()) is not None


def is_label_list(rest: str) -> bool:
    """Whether text reads like labels: at most twenty items of at most four words."""
    items = [item.split() for item in re.split(r"[,،、|;·•]", rest)]
    return len(items) <= 20 and all(len(item) <= 4 for item in items) and not _SENTENCE_END.search(rest)


def _match_patterns(folded: str, text: str, table: Tables, *, at_start: bool) -> Match | None:
    best: Match | None = None
    for pattern in _candidates(folded, table):
        if pattern.literal not in folded or (pattern.kind in _AT_START and not at_start):
            continue
        if not expression(pattern.source).match(folded):
            continue
        score = SCORES[pattern.kind]
        if pattern.kind == "byline" and pattern.dated:
            # On top of an entry nothing else comes to vouch for "Posted on January 9 by Signe".
            score = 3 if pattern.named and at_start else 2
        if pattern.kind in _NAMES and not pattern.dated and _ends_sentence(text):
            continue
        if best is None or score > best.score:
            best = Match(pattern.kind, score, inferred=pattern.kind in _GUESSES)
    if best is not None and best.rule == "hn":
        return Match("hn " + folded.split(" ", 1)[0], 2 if "url" in folded else 1)
    return best


def _candidates(folded: str, table: Tables) -> list[Pattern]:
    """Patterns whose longest fixed word is in the line; scripts without spaces are all tried."""
    by_word = table.by_word
    found: list[Pattern] = []
    listed = folded.split()
    marked = ":" in folded or "," in folded or ";" in folded
    if marked or not by_word.keys().isdisjoint(listed):
        for word in listed:
            rows = by_word.get(word) or (by_word.get(word[:-1]) if marked and word[-1] in ":,;" else None)
            if rows:
                found += rows
    return found if folded.isascii() else found + table.dense


def _match_glued(folded: str, table: Tables) -> Match | None:
    """Several phrases in one line, with or without anything between them: the share row, the pager, the whole tail."""
    found = glued_kinds(folded, table)
    if not found or len(found) < 2:
        return None
    kinds = set(found)
    if found.count("share") >= 2 or found.count("share") + found.count("share_on") >= 3:
        return Match("share run", 3)
    total = sum(SCORES.get(kind, 1) for kind in found)
    if len(kinds) >= 2 and total >= 3:
        return Match("tail in one line", 3)
    return Match("+".join(sorted(kinds)), 2)


def _match_anchor(text: str) -> Match | None:
    """Blogger's share row in a language of no table: networks around a glued "BlogThis!", which few translate."""
    if "BlogThis!" not in text or words(text) > _ROW_WORDS or _ends_sentence(text):
        return None
    before, _, after = text.partition("BlogThis!")
    glued = before[-1:].isalnum() or after[:1].isalnum()
    named = sum(name in text for name in ("Twitter", "Facebook", "Pinterest"))
    return Match("share run", 3) if glued and named >= 2 else None


def glued_kinds(folded: str, known: Tables | None = None) -> list[str] | None:
    """The kinds of the phrases that a line consists of, or None when something else is in it."""
    table = known or tables()
    if len(folded) > 300:
        return None
    kinds: list[str] = []
    place = 0
    while place < len(folded):
        separator = _SEPARATORS.match(folded, place)
        place = separator.end() if separator else place
        if place >= len(folded):
            break
        for phrase, kind in _rows_at(folded, place, table):
            if folded.startswith(phrase, place):
                kinds.append(kind)
                place += len(phrase)
                break
        else:
            name = _network_at(folded, place, table)
            if not name:
                return None
            kinds.append("network")
            place += len(name)
    return kinds


def _rows_at(folded: str, place: int, table: Tables) -> list[tuple[str, str]]:
    rows = table.glued.get(folded[place : place + 3], [])
    if not folded.isascii():  # words of one or two characters, in scripts that have such
        rows = rows + table.glued.get(folded[place : place + 2], []) + table.glued.get(folded[place], [])
    return rows


def _network_at(folded: str, place: int, table: Tables) -> str:
    """The network named at a place: a whole word, or one of several that stand glued."""
    word = _NAME.match(folded, place)
    if word is None:
        return ""
    if word.group() in table.networks:
        return word.group()
    return next((name for name in table.long_networks.get(word.group()[:3], ()) if word.group().startswith(name)), "")


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
    letter = any(match.rule == "leave" for match in known)
    if (
        len(known) < 2
        or len(strangers) > 1
        or any(not (letter and _is_address(part)) and words(part) > 4 for part in strangers)
    ):
        return None
    different = len({match.rule for match in known}) >= 2
    return Match("line of members", 3 if different else 2, inferred=True)


def _match_with_remark(text: str, *, at_start: bool) -> Match | None:
    """`Click to share on X (Opens in a new window)`: the remark in brackets says nothing in any language."""
    head, bracket, remark = text.rstrip().partition("(")
    if not bracket or not remark.endswith(")") or not head.strip() or "(" in remark:
        return None
    match = match_line(head, at_start=at_start)
    return match if match is not None and match.rule == "share_on" else None


def _match_in_brackets(text: str, *, at_start: bool) -> Match | None:
    """`[Read more...]`, `(more…)`: a teaser's link as some themes write it."""
    text = text.strip()
    if not text.startswith(("[", "(")) or not text.endswith(("]", ")")):
        return None
    match = match_line(text[1:-1], at_start=at_start)
    return match if match is not None and match.rule == "more" else None


def _match_imprint(text: str) -> Match | None:
    """A postal address or a copyright line: nobody's mark, but what stands under a letter's last lines."""
    if words(text) > _ROW_WORDS // 2 or _ends_sentence(text.rstrip(". ")):
        return None
    if _is_address(text) or _COPYRIGHT.match(text):
        return Match("imprint", 0)
    return None


def _is_address(part: str) -> bool:
    """Where a letter's sender lives: anti-spam laws want it in each."""
    return words(part) <= _ROW_WORDS // 2 and part.count(",") >= 2 and _LOOKS_DATED.search(part) is not None


def _match_date(folded: str, table: Tables) -> Match | None:
    if not _LOOKS_DATED.search(folded) or len(folded) > 60:
        return None
    if _CJK_DATE.fullmatch(folded):
        return Match("date", 1, inferred=True)
    parts = [part for part in _DATE_SPLIT.split(folded.replace(":", " ")) if part]
    if not 2 <= len(parts) <= 10 or not any(re.fullmatch(r"(?:19|20)\d\d", part) for part in parts):
        return None
    if all(part in table.dates or _DATE_TOKEN.fullmatch(part) for part in parts):
        return Match("date", 1, inferred=True)
    return None


def is_share_label(text: str) -> bool:
    """Whether what stands beside share links is only their label, or other members of the row."""
    folded = fold(text)
    if not _WORD.search(folded):
        return True
    table = tables()
    kind = table.exact.get(folded)
    if kind is not None:
        return kind in _SHARING or kind in ("post", "none", "more")
    kinds = glued_kinds(folded, table)
    return bool(kinds) and all(kind in _SHARING or kind == "network" for kind in kinds or ())


def mask_digits(folded: str) -> str:
    """The key by which a feed's entries share a block."""
    return re.sub(r"\d+", "#", folded)[:200]
