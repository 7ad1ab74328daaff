"""Whether a feed still is the one that was subscribed to: sold domains, broken-in sites, errors in a feed's clothes.

In:  what a document brings (new or rewritten entries), what the source used to say.
Out: `Alarm` with a plain reason, or None.
Never: judges a single sign: people move, change their subject, and write in two languages; they do not do all at once,
nor two of these in a document in which nothing is left of what they wrote.

peers.md section 4, number 14 and section 5, number 10.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from feedmill.feeds.likeness import words_of
from feedmill.feeds.source import HeldAs

LEAST_HISTORY = 3  # entries; of less nobody can say how a source writes
LEAST_WORDS = 30  # different long ones in its history: as before
_RICH_HISTORY = 300  # from which on everyday words are among them
_STRANGE = 0.1  # at most this share of its longer words was ever used before
_STRANGE_SPAM = 0.3  # spam in the blog's own language shares everyday words with it
_WORDS = 20  # different long ones in what is new, to say how strange they are
_FEW_WORDS = 5  # where nothing old is left: spam repeats itself
_LONG = 5  # letters; shorter words are everybody's
_SPAM_ENTRIES = 3
_MOST = 0.6
_ALL = 0.9  # of its posts are in one language: the blog of somebody who writes in two is not taken over by the second
_REPLACED = 3  # entries of a document in which nothing is left of the old ones
_ERROR_WORDS = 60  # an error message is shorter than a post that is about one

_HREF = re.compile(r"""<a\b[^>]*?\bhref=["']?https?://(?:www\.)?([^/"'\s>:?#]+)""", re.IGNORECASE)
_ERROR = re.compile(
    r"""(?:\W*(?:http\s*)?(?:error|fehler|erreur|fout|errore|ошибка|エラー)\b.{0,60}
       |\W*(?:error\W*)?[45]\d\d\b(?:\W.{0,40})?
       |.{0,30}\b(?:page|feed|file|site|blog|account|seite|page\ non|pagina|página)?\s*
         (?:not\ found|nicht\ gefunden|introuvable|no\ encontrad[ao]|niet\ gevonden|non\ trovat[ao]
           |suspended|unavailable)\b.{0,30}
       |.{0,20}\b(?:this|the|your|our|rss)?\s*(?:feed|blog|site)\b.{0,20}\b(?:has|have|is|was|been)?\s*
         (?:moved|discontinued|disabled|expired|closed|no\ longer\ (?:available|active|supported)).{0,40}
       |.{0,30}\b(?:forbidden|access\ denied|bad\ gateway|service\ unavailable|internal\ server\ error
         |too\ many\ requests)\b.{0,20}
       |.{0,30}\b(?:(?:under|down\ for|scheduled)\ (?:maintenance|construction)|maintenance\ mode|be\ (?:right\ )?back
         |wartungsarbeiten|im\ wartungsmodus|en\ maintenance|en\ mantenimiento|in\ manutenzione|em\ manutenção).{0,30}
       |bridge\ returned\ error.{0,60})""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """What is wrong, in a sentence that an operator and the blog's author understand."""

    held_as: HeldAs
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """Entries in outline: their texts with titles, clean HTML, and languages where known."""

    texts: Sequence[str]
    htmls: Sequence[str]
    languages: Sequence[str | None]


def is_error_feed(titles: Sequence[str], texts: Sequence[str], *, known: int) -> bool:
    """One or two entries that only say that something is wrong, in place of all that the feed held (`known`: how many
    entries of the document we know)."""
    if known or not 1 <= len(titles) <= 2:
        return False
    return all(
        _ERROR.fullmatch(title.strip()) is not None and len(words_of(text)) <= _ERROR_WORDS
        for title, text in zip(titles, texts, strict=True)
    )


def find_takeover(
    now: Writing, before: Writing, *, sites: tuple[str, str] | None, own: Collection[str], replaced: bool = False
) -> Alarm | None:
    """Alarm when site, language and vocabulary change together, or when links to one new host repeat as spam does.

    `sites`: the host of the feed's page before and now, when it changed; `own`: hosts that the source calls its own;
    `replaced`: the document holds nothing that we know, so that two of the signs are enough.
    """
    history = _long_words(before.texts)
    share = _familiar(now, history, least=_FEW_WORDS if replaced else _WORDS)
    if len(before.texts) < LEAST_HISTORY or len(history) < LEAST_WORDS or share is None:
        return None
    signs = _changes(now, before, sites, least=_ALL if replaced and not sites else _MOST)
    enough = 1 if replaced and len(now.texts) >= _REPLACED else 2
    if share <= _STRANGE and len(signs) >= enough:
        gone = "nothing of what it held is left, " if replaced else ""
        return Alarm(
            held_as=HeldAs.TAKEOVER,
            reason=f"{gone}{', '.join(signs)}, and {_percent(share)} of its words were used here before: "
            "it may have a new owner",
        )
    spam = repeated_host(now.htmls, set(own).union(*_hosts(before.htmls)))
    if spam and share <= (_STRANGE_SPAM if len(history) >= _RICH_HISTORY else _STRANGE):
        return Alarm(
            held_as=HeldAs.TAKEOVER,
            reason=f"most new posts link to {spam}, which it never linked to before, and {_percent(share)} of their "
            "words were used here before: this looks like spam",
        )
    return None


def _changes(now: Writing, before: Writing, sites: tuple[str, str] | None, *, least: float) -> list[str]:
    """Which of site and language changed, in words."""
    languages = _main(before.languages, least), _main(now.languages, least)
    changed = [f"the site changed from {sites[0]} to {sites[1]}"] if sites else []
    if all(languages) and languages[0] != languages[1]:
        changed.append(f"the language{'' if sites else ' changed'} from {languages[0]} to {languages[1]}")
    return changed


def _percent(share: float) -> str:
    return "none" if share < 0.005 else f"{share:.0%}"


def _long_words(texts: Iterable[str]) -> Counter[str]:
    """Words that tell what somebody writes about; pairs of characters where the script has no spaces."""
    found: Counter[str] = Counter()
    for text in texts:
        words = words_of(text)
        found.update(word for word in words if len(word) >= _LONG and not word.isdigit())
        found.update(a + b for a, b in pairwise(words) if len(a) == len(b) == 1 and a > "\u3000")
    return found


def _familiar(now: Writing, history: Counter[str], *, least: int) -> float | None:
    """Which share of its different long words was used before; None when there are too few to say."""
    words = _long_words(now.texts)
    if len(words) < least:
        return None
    return sum(1 for word in words if word in history) / len(words)


def _main(languages: Sequence[str | None], least: float) -> str | None:
    """The language of at least that share of the entries that have one, without its region."""
    known = [language.partition("-")[0].casefold() for language in languages if language]
    if not known:
        return None
    name, times = Counter(known).most_common(1)[0]
    return name if times >= least * len(known) else None


def _hosts(htmls: Iterable[str]) -> list[set[str]]:
    return [{host.casefold() for host in _HREF.findall(html)} for html in htmls]


def repeated_host(htmls: Sequence[str], seen: Collection[str]) -> str | None:
    """The host that most of at least three texts link to and that is none of `seen`, when most links are as new."""
    linked = _hosts(htmls)
    links = [host for hosts in linked for host in hosts]
    strange = Counter(host for host in links if host not in seen)
    if len(linked) < _SPAM_ENTRIES or not strange or strange.total() < _MOST * len(links):
        return None
    host, entries = strange.most_common(1)[0]
    return host if entries >= _MOST * len(linked) else None
