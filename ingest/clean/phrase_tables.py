"""The tables of frame phrases, compiled from rules/phrases.toml once per process.

In:  the rule file.
Out: `tables()`: exact phrases, patterns with slots, label heads, what may stand glued; `fold`, by which lines compare.
Never: decides what a line is (`phrases` does), or compiles an expression that no line asks for.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from feedmill.ingest.clean.rulebook import read

SCORES = {
    "none": 1,
    "post": 2,
    "byline": 1,  # 2 with a time in it
    "labels": 1,
    "filed": 2,
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
    "thread": 1,  # 3 as a link of its own
    "submitted": 1,  # 3 with its links
    "hn": 2,
}
GLUED = frozenset({"none", "post", "share", "share_head", "share_on", "pager", "feed", "backlinks", "likes", "more"})
_LONG_SLOTS = frozenset({"source", "certain", "hn", "leave", "more", "view"})
_ROW_NETWORKS = ("x", "twitter", "facebook", "pinterest", "linkedin", "whatsapp")
_SLOT = re.compile(r"\{(x|n|t|net)\}")
_SPACES = re.compile(r"\s+")
_BEFORE_COLON = re.compile(r"\s+:")
_MARKS = re.compile("[\u200e\u200f\u200b\ufeff\u202a-\u202e\u2066-\u2069]")
_HEAD = " \t«‹←<→»·•|–—-*▸►¶§>↓↑✉"
_TAIL = " \t.:…»›→>←«‹·•|–—-*!¶↓↑✉"
_CJK = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\u0e00-\u0e7f]")


def fold(text: str) -> str:
    """A line for comparing: NFKC, casefold, single spaces, no arrows or trailing colons and dots."""
    if not text.isascii():
        text = _MARKS.sub("", unicodedata.normalize("NFKC", text))
    text = " ".join(text.split()).casefold().replace("’", "'")
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


@dataclass(frozen=True, slots=True)
class Pattern:
    """A phrase with slots. `literal` is its longest fixed part: a line without it needs no expression."""

    kind: str
    literal: str
    source: str  # of the expression
    dated: bool
    named: bool  # says more than "by": with a name and a time


@dataclass(frozen=True, slots=True)
class Tables:
    """See the fields."""

    exact: dict[str, str]  # folded phrase -> kind
    by_word: dict[str, list[Pattern]]  # longest word of the fixed part -> patterns
    dense: list[Pattern]  # of scripts without spaces between words
    label_heads: dict[str, str]  # "labels", "tags": and "filed under", which prose hardly says
    glued: dict[str, list[tuple[str, str]]]  # first three characters -> phrases, longest first, with their kind
    networks: frozenset[str]
    long_networks: dict[str, list[str]]  # first three characters -> names that may stand glued to another
    dates: frozenset[str]


@cache
def tables() -> Tables:
    """Everything that `phrases` looks lines up in."""
    data = read("phrases")
    slots = data["slots"]
    networks = frozenset(map(fold, slots["networks"]))
    exact: dict[str, str] = {}
    by_word: dict[str, list[Pattern]] = defaultdict(list)
    dense: list[Pattern] = []
    net = "(?:" + "|".join(sorted(map(re.escape, networks), key=len, reverse=True)) + ")"
    for kind, phrase in _phrases(data):
        if "{" not in phrase:
            _keep_higher(exact, fold(phrase), kind)
            continue
        pattern = _pattern(kind, phrase, net)
        if _CJK.search(pattern.literal):
            dense.append(pattern)
        else:
            by_word[_telling_word(pattern.literal)].append(pattern)
    listed = [word for name in ("months", "days", "joiners") for row in slots[name] for word in row.split()]
    return Tables(
        exact=exact,
        by_word=dict(by_word),
        dense=dense,
        label_heads={fold(phrase): kind for kind, phrase in _phrases(data) if kind in ("labels", "filed")},
        glued=_by_beginning(
            [
                *(
                    (phrase, kind)
                    for phrase, kind in exact.items()
                    if kind in GLUED and (len(phrase) > 2 or _CJK.match(phrase))
                ),
                *_named_shares(data),
            ]
        ),
        networks=networks,
        long_networks={
            key: [name for name, _ in rows]
            for key, rows in _by_beginning((name, "") for name in sorted(networks) if len(name) > 4).items()
        },
        dates=frozenset(map(fold, listed)),
    )


def _phrases(data: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for language, kinds in data.items():
        if language != "slots":
            for kind, phrases in kinds.items():
                for phrase in phrases:
                    yield kind, phrase


def _named_shares(data: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """ "Share on {net}" with the networks that stand in share rows: as such a row is glued, so may they be."""
    for kind, phrase in _phrases(data):
        if kind == "share_on" and phrase.count("{") == 1 and "{net}" in phrase:
            for name in _ROW_NETWORKS:
                yield fold(phrase.replace("{net}", name)), kind


def _by_beginning(rows: Iterable[tuple[str, str]]) -> dict[str, list[tuple[str, str]]]:
    out: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for phrase, kind in rows:
        out[phrase[:3]].append((phrase, kind))
    for found in out.values():
        found.sort(key=lambda row: -len(row[0]))
    return dict(out)


def _keep_higher(exact: dict[str, str], phrase: str, kind: str) -> None:
    known = exact.get(phrase)
    if known is None or SCORES[kind] > SCORES[known]:
        exact[phrase] = kind


def _pattern(kind: str, phrase: str, net: str) -> Pattern:
    many = "39" if kind in _LONG_SLOTS else "7"
    slot = {
        # No sentence ends inside a slot: a paragraph of prose with the phrase behind it is no phrase.
        "x": rf"\S+(?: (?<!\w\w\w\. )(?<![。！？] )\S+){{0,{many}}}?",
        "n": r"\d[\d.,' ]*k?",
        "t": r"(?=.{0,40}\d).{1,50}?",
        "net": net,
    }
    parts = _SLOT.split(phrase.rstrip(" .:…»→"))
    out = []
    for place, part in enumerate(parts):
        if place % 2:
            out.append(slot[part])
        else:
            folded = _SPACES.sub(" ", unicodedata.normalize("NFKC", part).casefold().replace("’", "'"))
            out.append(re.escape(_BEFORE_COLON.sub(":", folded)))
    literal = max((fold(part).lstrip(" .,;:!?") for part in parts[::2]), key=len)
    source = "".join(out) + r"[\s.:…»›→*!。]*$"
    if _CJK.search(literal):
        source = source.replace(r"\ ", " ?")  # a name between such words stands with spaces or without
    return Pattern(kind, literal, source, "{t}" in phrase, "{x}" in phrase and len(literal) > 5)


def _telling_word(literal: str) -> str:
    """The word by which a line's patterns are looked up: the longest, which prose seldom has."""
    listed = literal.split(" ")
    return max((word for word in listed if word.isalpha()), key=len, default=listed[0])


@cache
def expression(source: str) -> re.Pattern[str]:
    """A pattern's expression, compiled when a line has its literal: most patterns never meet one."""
    return re.compile(source)


def close_up(folded: str) -> str:
    """Without spaces where the script has none of its own: there they only part names from words."""
    return folded.replace(" ", "") if _CJK.search(folded) else folded


@cache
def source_frames() -> tuple[frozenset[str], frozenset[str]]:
    """Fixed words of the source lines ("the post appeared first on"): all, and those that say "the post" themselves."""
    rows = [phrase for kind, phrase in _phrases(read("phrases")) if kind == "source"]
    bare = {phrase: fold(_SPACES.sub(" ", _SLOT.sub(" ", phrase))) for phrase in rows}
    return frozenset(bare.values()), frozenset(words for phrase, words in bare.items() if not phrase.startswith("{"))


@cache
def closed_frames() -> tuple[frozenset[str], frozenset[str]]:
    """The same, closed up."""
    frames, headed = source_frames()
    return frozenset(map(close_up, frames)), frozenset(map(close_up, headed))


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
