"""What two texts have in common: for recognising a post under another name, and the same post in another place.

In:  clean text and clean HTML of entries.
Out: words, a hash of all words, shingles, shares between 0 and 1.
Never: decides what is the same entry (`ingest.aliases` and `publish.merge` do); depends on the process (no `hash()`).

Compared is what is left when case, punctuation, quotes' shapes and markup are taken away. Words of a script without
spaces are its characters.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cache
from hashlib import blake2b
from html import unescape
from zlib import crc32

LEAST_WORDS = 40  # reference cleaning.md section 4, L3: a shorter text is no evidence that two entries are the same
_SHINGLE = 3  # words; of 250 entries with 2 % of the words edited all are found by it (section 4, table)

_LONG_TEXT = 200  # words

_HAN = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_SPACED_WORD = re.compile(r"[^\W_]+")  # words of a text without such a character, in half the time
_HAS_HAN = re.compile(f"[{_HAN}]")
_ASCII_MARKS = bytes(byte for byte in range(128) if not chr(byte).isalnum())
_SPACES = "\xa0\u2002\u2003\u2009\u200a\u202f"
_MARKS = re.compile(f"[{_SPACES}‘’‚‛“”„‟«»‹›–—‐‑…·•¡¿、。，：；！？（）「」『』]+")
_QUOTE = re.compile(r"<(/?)blockquote\b[^>]*>", re.IGNORECASE)
_TAG = re.compile(r"<[^>]*>")

Shingle = tuple[str, ...]


def words_of(text: str) -> list[str]:
    """The words in order, case-folded."""
    return (_word() if _HAS_HAN.search(text) else _SPACED_WORD).findall(text.casefold())


@cache
def _word() -> re.Pattern[str]:
    return re.compile(f"[{_HAN}]|[^\\W_{_HAN}]+")


def fold(text: str) -> str:
    """A title, as titles are compared."""
    return " ".join(words_of(text))


def own_words(text: str, html: str) -> list[str]:
    """The words that stand outside of quotations; `text` is what `html` says."""
    return words_of(text if "<blockquote" not in html else " ".join(_outside_quotes(html)))


def _outside_quotes(html: str) -> Iterator[str]:
    depth = place = 0
    for found in _QUOTE.finditer(html):
        if not depth:
            yield unescape(_TAG.sub(" ", html[place : found.start()]))
        depth = max(0, depth - 1) if found.group(1) else depth + 1
        place = found.end()
    if not depth:
        yield unescape(_TAG.sub(" ", html[place:]))


def text_hash(text: str, html: str = "") -> str | None:
    """Hash of all words; None when fewer than `LEAST_WORDS` stand outside of quotations: two people who pass on one
    quotation did not write one post."""
    if _HAS_HAN.search(text) is None and len(text.split(None, LEAST_WORDS)) < LEAST_WORDS:
        return None
    if ("<blockquote" in html or _HAS_HAN.search(text)) and len(own_words(text, html)) < LEAST_WORDS:
        return None
    return blake2b(_letters(text), digest_size=16).hexdigest()


def _letters(text: str) -> bytes:
    """The text without space and punctuation, case-folded. Bytes are translated forty times as fast as words found."""
    folded = text.casefold()
    if not folded.isascii():
        folded = _MARKS.sub("", folded)
    return folded.encode("utf-8", "surrogatepass").translate(None, _ASCII_MARKS)


def shingles(words: Sequence[str]) -> set[Shingle]:
    """All runs of three words."""
    return set(zip(words, words[1:], words[2:], strict=False)) if len(words) >= _SHINGLE else {tuple(words)}


class Sketches(dict[str, int]):
    """Samples of texts that have a share in common when the texts have one; remembers the hashes of words.

    Broder's MOD sketch ("On the resemblance and containment of documents", 1997): the shingles whose first word a hash
    picks, one in four, in long texts one in sixteen of them: the same ones in every text that has them. For a text
    of 1,100 words it costs 0.07 ms, a min-wise signature of 64 permutations in pure Python 9 ms.
    """

    def __missing__(self, word: str) -> int:
        rank = self[word] = crc32(word.encode("utf-8", "surrogatepass")) & 15
        return rank

    def of(self, words: Sequence[str]) -> set[Shingle]:
        """The sample of one text: its words in order."""
        starts = words[: 1 - _SHINGLE]
        if len(words) > _LONG_TEXT:
            return {tuple(words[at : at + _SHINGLE]) for at, word in enumerate(starts) if not self[word]}
        return {tuple(words[at : at + _SHINGLE]) for at, word in enumerate(starts) if self[word] < 4}


def resemblance(one: Collection[object], other: Collection[object]) -> float:
    """Jaccard: what both have of what either has; 0 when one is empty. Both are sets."""
    one, other = set(one), set(other)
    return len(one & other) / len(one | other) if one and other else 0.0


def containment(one: Iterable[object], other: Iterable[object]) -> float:
    """How much of the smaller set the larger one holds; 1 when the smaller one is empty."""
    small, large = sorted((set(one), set(other)), key=len)
    return len(small & large) / len(small) if small else 1.0
