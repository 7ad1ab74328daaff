"""Titles: plain text always, derived when the document has none. Reference cleaning.md section 3.3.

In:  a title as written, or the blocks of a cleaned entry.
Out: one line of at most 300 characters, and a note when it was repaired or made.
Never: markup, an empty title, a title cut inside a word, or an entity decoded once too often.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from html import unescape
from typing import Protocol

from feedmill.feeds.entry import Note
from feedmill.ingest.parsed import Text
from feedmill.ingest.sentences import iter_sentences
from feedmill.ingest.text import one_line, repair_mojibake

MAX_TITLE = 300  # characters
# The seed's first sentence has 95; a limit of 80 would cut it to a worse title (cleaning.md 3.3).
LONGEST_SENTENCE = 100
_SHORTEST_CLAUSE = 40
_LONGEST_WORDS = 80 + 1  # the mark of the cut
_LONGEST_INPUT = 20_000  # characters of a title that are looked at: a megabyte is no title

_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_TAG_LIKE = re.compile(r"<[A-Za-z/!]")
_CLAUSE_END = re.compile(r"[,;:](?=\s)|\s[—–-](?=\s)|—|[，；：、]")
_DATELINE = re.compile(
    r"[A-Z][A-Z .,'’/-]{2,40}(?:\([^()]{2,20}\)\s*)?\s?[—–]\s+|[A-Z][A-Z .,'’/-]{2,40}\([A-Z]{2,8}\)\s+[—–-]{1,2}\s+"
)
_BYLINE = re.compile(r"(?:by|von|par|por|di|door|av|af)\s+\S+(?:\s+\S+){0,4}\Z", re.IGNORECASE)
_TAIL = re.compile(r"\s+(?:[-|–—·•»«]|::)\s+")
_QUOTES = (("“", "”"), ("«", "»"), ("(", ")"), ("[", "]"))
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


class BlockLike(Protocol):
    """What we need of `clean.Block`."""

    @property
    def kind(self) -> str: ...
    @property
    def text(self) -> str: ...


def read_title(title: Text | None, *, mojibake: bool = False) -> str:
    """A title construct as one line of plain text, "" when it says nothing; not yet cut to `MAX_TITLE`.

    kind "html": markup is parsed, its text kept (`img` as its alt). Entities are decoded a second time only when that
    uses them up and makes nothing that looks like a tag: `How &lt;b&gt; works` stays text.
    """
    if title is None or not title.value:
        return ""
    value = title.value[:_LONGEST_INPUT]
    if title.kind == "html":
        value = markup_text(value) if "<" in value else unescape(value)
    if "&" in value:
        value = decode_once(value)
    return one_line(repair_mojibake(value) if mojibake else value)


def decode_once(value: str) -> str:
    """Entities of plain text decoded, unless some would be left or a tag would appear: then it speaks about them."""
    if not _ENTITY.search(value):
        return value
    decoded = unescape(value)
    if _ENTITY.search(decoded) or len(_TAG_LIKE.findall(decoded)) > len(_TAG_LIKE.findall(value)):
        return value
    return decoded


def markup_text(html: str) -> str:
    """The text of an HTML fragment: images as their alt, `br` and blocks as a space, nothing of scripts and styles."""
    if not _TAG_LIKE.search(html):
        return unescape(html)
    from selectolax.lexbor import LexborHTMLParser

    from feedmill.ingest.text import strip_xml_illegal

    body = LexborHTMLParser(f"<!doctype html><body>{strip_xml_illegal(html)}").body
    if body is None:  # pragma: no cover - an HTML5 parser always makes a body
        return ""
    body_parts: list[str] = []
    for node in body.traverse(include_text=True):
        if node.tag == "-text":
            parent = node.parent
            if parent is None or parent.tag not in ("script", "style", "template", "noscript"):
                body_parts.append(node.text_content or "")
        elif node.tag == "img":
            body_parts.append(node.attributes.get("alt") or "")
        elif node.tag in ("br", "p", "div", "li", "td", "h1", "h2", "h3", "h4"):
            body_parts.append(" ")
    return "".join(body_parts)


def shorten(text: str, limit: int) -> str:
    """`text` within `limit` characters: cut at the last space, "…" added, quotes left open closed or taken away."""
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    at = text.rfind(" ", 0, limit)
    cut = cut[:at] if at > limit // 2 else cut
    cut = re.sub("[\u200d\ufe0e\ufe0f]+\\Z", "", cut)  # a joiner joins nothing at the end
    return cut.rstrip(" ,;:—–-.…") + "…"


# --- the site's name at the end of every title ---


def find_suffix(titles: Sequence[str], names: Iterable[str]) -> str | None:
    """The site's name (casefolded) when at least 80 % of at least three titles end with it after a dash or bar."""
    if len(titles) < 3:
        return None
    wanted = {name.casefold() for name in names if name}
    tails = Counter(tail for title in titles if (tail := _tail(title)[1]) in wanted)
    tail, count = tails.most_common(1)[0] if tails else ("", 0)
    return tail if count >= 0.8 * len(titles) else None


def drop_suffix(title: str, suffix: str | None) -> tuple[str, Note | None]:
    """The title without the site's name, when three words or more are left."""
    if not suffix or suffix not in title.casefold():
        return title, None
    rest, tail = _tail(title)
    if tail != suffix or len(rest.split()) < 3:
        return title, None
    return rest, Note(
        step="title", field="title", detail=f"dropped the site's name {title[len(rest) :].strip()[:80]!r}"
    )


def _tail(title: str) -> tuple[str, str]:
    marks = list(_TAIL.finditer(title[-MAX_TITLE:]))
    if not marks:
        return title, ""
    skipped = max(0, len(title) - MAX_TITLE)
    return title[: skipped + marks[-1].start()], title[skipped + marks[-1].end() :].casefold()


# --- a title from the text ---


def derive_title(blocks: Sequence[BlockLike], *, published: datetime | None, host: str) -> tuple[str, Note]:
    """A title for an entry that came without: its first sentence, else its date, else the host."""
    title, origin = _derive(blocks, published, host)
    # Entities are decoded as in a title that is given, so that ours read again is the same.
    return one_line(decode_once(title)) or title, Note(step="title", field="title", detail=f"derived from {origin}")


def _derive(blocks: Sequence[BlockLike], published: datetime | None, host: str) -> tuple[str, str]:
    for block in blocks:
        text = one_line(block.text[:4000])
        if block.kind == "heading" and text:
            return shorten(text, MAX_TITLE), "the first heading"
        if block.kind in ("p", "quote", "list") and _is_prose(text):
            return _title_of(text), "the first sentence"
    for block in blocks:
        text = one_line(block.text[:4000])
        if text:
            return shorten(text, LONGEST_SENTENCE), "the first words"
    if published is not None:
        day = f"{published.day} {_MONTHS[published.month - 1]} {published.year}"
        return f"Post of {day}", "the date: the entry has no text"
    return (host, "the host: the entry has no text") if host else ("Untitled", "nothing: the entry is empty")


def _is_prose(text: str) -> bool:
    return bool(text) and any(map(str.isalpha, text)) and not _BYLINE.match(text)


def _title_of(text: str) -> str:
    dateline = _DATELINE.match(text)
    if dateline and dateline.end() < len(text):
        text = text[dateline.end() :]
    sentence = _first_sentence(iter_sentences(text))
    if len(sentence) <= LONGEST_SENTENCE:
        bare = sentence.rstrip()
        if bare.endswith(".") and not bare.endswith("..") and not _ends_with_abbreviation(bare):
            bare = bare[:-1]
        elif bare.endswith((".”", '."', ".’", ".)", "。")):
            bare = bare[:-2] + bare[-1] if bare[-1] != "。" else bare[:-1]
        return _balanced(bare) or bare
    clause = None
    for mark in _CLAUSE_END.finditer(sentence, _SHORTEST_CLAUSE, LONGEST_SENTENCE):
        clause = mark.start()
    cut = sentence[:clause] + "…" if clause else shorten(sentence, _LONGEST_WORDS)
    return _balanced(cut)


def _first_sentence(sentences: Iterator[str]) -> str:
    """The first sentence, with the next ones as long as it has fewer than three words ("Wow. No. Really?")."""
    taken = ""
    for sentence in sentences:
        longer = f"{taken} {sentence}" if taken else sentence
        if taken and len(longer) > LONGEST_SENTENCE:
            break
        taken = longer
        # A script without spaces has no words to count: eight characters say something.
        if len(taken.split()) >= 3 or (not taken.isascii() and len(taken) >= 8 and " " not in taken):
            break
    return taken


def _ends_with_abbreviation(sentence: str) -> bool:
    word = sentence.rsplit(None, 1)[-1]
    return word.count(".") > 1  # "in the U.S." keeps its full stop


def _balanced(text: str) -> str:
    """Without the quotes and brackets that the cut left alone; ‘ ’ are left, as ’ is an apostrophe far more often."""
    for opening, closing in _QUOTES:
        opened, closed = text.count(opening), text.count(closing)
        if opened == closed + 1:
            place = text.rfind(opening)
        elif closed == opened + 1:
            place = text.find(closing)
        else:
            continue
        text = text[:place] + text[place + 1 :]
    if text.count('"') == 1:
        text = text.replace('"', "")
    return text.strip()
