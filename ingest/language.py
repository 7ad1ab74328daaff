"""Which language a text is in: reference cleaning.md section 3.6.

In:  what the document declares; cleaned text when it declares nothing.
Out: a BCP 47 tag, or None.
Never: a guess from less than 200 letters, or one that a second language comes near.
"""

from __future__ import annotations

import re

from feedmill.ingest.stop_words import LETTERS, STOP_WORD_OF, STOP_WORDS
from feedmill.ingest.subtags import LANGUAGES, MISTAKEN, MISTAKEN_REGIONS, REGIONS, SCRIPTS, VARIANTS

LEAST_LETTERS = 200
_LEAST_IDEOGRAPHS = 80  # a syllable or word each
_SAMPLE = 1200  # characters looked at
_LEAST_SHARE = 0.12  # of the words must be the language's commonest: prose has 0.25-0.5, tag lists near none
_MARGIN = 1.3  # times the runner-up; Danish and Norwegian often stay undecided, and nothing is said

_TAG = re.compile(
    r"([a-z]{2,3})(?:-[a-z]{3})?(?:-([a-z]{4}))?(?:-([a-z]{2}|\d{3}))?((?:-(?:[a-z0-9]{5,8}|\d[a-z0-9]{3}))*)",
    re.IGNORECASE,
)
_NO_LANGUAGE = frozenset({"und", "mul", "zxx", "mis", "xx", "no-ne"})
_NAMES = {
    "english": "en", "deutsch": "de", "german": "de", "french": "fr", "francais": "fr", "français": "fr",
    "spanish": "es", "español": "es", "italian": "it", "italiano": "it", "portuguese": "pt", "russian": "ru",
    "chinese": "zh", "japanese": "ja", "dutch": "nl", "polish": "pl",
}  # fmt: skip
_BETWEEN_WORDS = re.compile(r"[\s.,;:!?\"'’“”„«»()\[\]…–—।]+")  # vowel signs of Indic scripts are no \w


def normalize_tag(declared: str | None) -> str | None:
    """`en-us`, `zh_CN`, `pt-BR.UTF-8`, `eng` as RFC 5646 writes them; None for what is no tag.

    Two letters are a language of ISO 639 or none. A region that does not exist is left out: `en-UK` is `en-GB`, `ja-JA`
    is `ja` (HTML checkers and screen readers look them up).
    """
    if not declared:
        return None
    tag = declared.strip()[:60].partition(".")[0].partition(",")[0].replace("_", "-").strip()
    tag = _NAMES.get(tag.casefold(), tag)
    found = _TAG.fullmatch(tag)
    if not found or found.group(1).lower() in _NO_LANGUAGE:
        return None
    written, script, region, variants = found.groups()
    language = written.lower()
    language = LANGUAGES.get(language) or MISTAKEN.get(language, language)
    if len(language) == 2 and language not in LANGUAGES:
        return None
    parts = [language]
    if script and script.title() in SCRIPTS:
        parts.append(script.title())
    if region:
        region = MISTAKEN_REGIONS.get(region.upper(), region.upper())
        parts += [region] if region in REGIONS else []
    parts += [variant for variant in variants.lower().split("-") if language in VARIANTS.get(variant, ())]
    return "-".join(parts)


def detect(text: str) -> str | None:
    """The language of plain text by its script, its letters and its commonest words; None when not sure."""
    sample = text[:_SAMPLE]
    scripts = dict.fromkeys((name for name, _ in _SCRIPTS), 0)
    # Below U+0250 there are Latin letters and none of the others: most texts, and the other nine need no look.
    for name, pattern in _SCRIPTS[:1] if sample.isascii() or max(sample) < "\u0250" else _SCRIPTS:
        scripts[name] = sum(map(len, pattern.findall(sample)))
    letters = sum(scripts.values())
    if letters < _LEAST_IDEOGRAPHS:
        return None
    if scripts["ja"] > 0.1 * letters:
        return "ja"
    script = max(scripts, key=scripts.__getitem__)
    if scripts[script] < 0.6 * letters:
        return None  # two scripts side by side
    if script in ("zh", "ko", "th"):
        return script
    if letters < LEAST_LETTERS:
        return None
    return script if script in ("el", "he") else _by_words(sample.casefold(), script)


# Scripts that tell the language carry its tag. Runs of letters: a class is counted much faster than characters.
_SCRIPTS = tuple(
    (name, re.compile(f"[{letters}]+"))
    for name, letters in (
        ("latin", "A-Za-z\u00aa\u00b5\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff"),
        ("el", "\u0370-\u03ff\u1f00-\u1fff"),
        ("cyrillic", "\u0400-\u052f"),
        ("he", "\u05d0-\u05ff"),
        ("arabic", "\u0620-\u064a\u066e-\u06d3\u06fa-\u06ff\u0750-\u077f"),
        ("devanagari", "\u0900-\u0963\u0970-\u097f"),
        ("th", "\u0e01-\u0e4e"),
        ("ja", "\u3041-\u30ff"),
        ("ko", "\uac00-\ud7a3"),
        ("zh", "\u3400-\u9fff"),
    )
)


def _by_words(sample: str, script: str) -> str | None:
    words = [word for word in _BETWEEN_WORDS.split(sample) if word]
    hits: dict[str, int] = {}
    for word in words:
        for language in STOP_WORD_OF.get(word, ()):
            hits[language] = hits.get(language, 0) + 1
    scores = [
        (count + min(count, sum(map(sample.count, LETTERS.get(language, "")))), language)
        for language, count in hits.items()
        if language in STOP_WORDS[script]
    ]
    scores.sort(reverse=True)
    if not scores:
        return None
    best, language = scores[0]
    second = scores[1][0] if len(scores) > 1 else 0
    return language if best >= _LEAST_SHARE * len(words) and best >= _MARGIN * second else None
