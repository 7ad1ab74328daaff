"""Characters, spaces and sentences: reference cleaning.md section 3.14.

In:  text from anywhere, however odd.
Out: text that XML 1.0 can carry: NFC, no control, zero-width or direction-override characters; sentences of it.
Never: touches quotes, dashes, ellipses or ligatures (they stay as written), or reads markup as anything but markup.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from feedmill.ingest.sentences import iter_sentences

__all__ = [
    "has_mojibake",
    "is_mostly_mojibake",
    "one_line",
    "repair_markup",
    "repair_mojibake",
    "sentences",
    "strip_xml_illegal",
    "tidy_text",
]

# XML 1.0 section 2.2 Char, turned around; lone surrogates cannot even be encoded.
_XML_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# One look tells whether a text has anything to repair: most have not. A plain class is searched five times as fast
# as one with alternatives.
_ODD = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\xa0\xad\u200b\u2028-\u202e\u2060\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)
_LOOSE = re.compile(" \n|\n |\n\n\n")
_INVISIBLE = "\x7f\xad\u200b\u2060\ufeff\ufffe\uffff"
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
_EMBED, _POP, _OVERRIDE, _ISOLATE, _POP_ISOLATE = (
    "\u202a\u202b",
    "\u202c",
    "\u202d\u202e",
    "\u2066\u2067\u2068",
    "\u2069",
)
_SPACES = re.compile("[ \t\xa0]+")
_RUN_OF_SPACES = re.compile("[ \t]{2,}|\t")
_LINE_END = re.compile(" *\n *")
_BLANK_LINES = re.compile("\n{3,}")
_FRENCH = frozenset("?!:;»")  # a no-break space before these is typography, elsewhere it is an editor's accident


def _character_table() -> dict[int, str | None]:
    """What `str.translate` does: C1 code points are windows-1252 (parsing.md trap 43), form feeds part words."""
    table: dict[int, str | None] = dict.fromkeys([*range(0x09), *range(0x0E, 0x20), *map(ord, _INVISIBLE)])
    table |= {0x0B: " ", 0x0C: " ", 0x2028: "\n", 0x2029: "\n"}
    for code in range(0x80, 0xA0):
        table[code] = bytes([code]).decode("cp1252", "ignore") or None
    table |= dict.fromkeys(range(0xD800, 0xE000))
    return table


_CHARACTERS = _character_table()


def strip_xml_illegal(value: str) -> str:
    """`value` without the characters that XML 1.0 cannot carry (section 2.2), lone surrogates included."""
    return value if _is_legal(value) else _XML_ILLEGAL.sub("", value)


# What is left of UTF-8 when plain ASCII is taken out is short: the fastest look at a long text (5 times a search).
_PLAIN_BYTES = bytes([9, 10, 13, *range(0x20, 0x7F)])
_ILLEGAL_BYTES = re.compile(b"[\x00-\x1f]|\xef\xbf[\xbe\xbf]")
_ODD_BYTES = re.compile(b"\x7f|\xc2[\x80-\x9f\xad]|\xe2\x80[\x8b\xaa-\xae]|\xe2\x81[\xa0\xa6-\xa9]|\xef\xbb\xbf")


def _is_legal(value: str) -> bool:
    try:
        rest = value.encode().translate(None, _PLAIN_BYTES)
    except UnicodeEncodeError:
        return False
    return not rest or not _ILLEGAL_BYTES.search(rest)


def tidy_text(value: str) -> str:
    """Text as it is published: NFC, XML characters, spaces collapsed, line breaks kept (at most one blank line).

    Idempotent. U+200C/D, U+200E/F and variation selectors stay: Persian, Indic scripts and emoji need them.
    """
    if _ODD.search(value) or "  " in value or ("\n" in value and _LOOSE.search(value)):
        value = value.replace("\r\n", "\n").replace("\r", "\n").translate(_CHARACTERS)
        if _BIDI.search(value):
            value = _balance_direction(value)
        value = _SPACES.sub(_one_space, value) if "\xa0" in value else _RUN_OF_SPACES.sub(" ", value)
        value = _BLANK_LINES.sub("\n\n", _LINE_END.sub("\n", value))
    if not unicodedata.is_normalized("NFC", value):
        value = unicodedata.normalize("NFC", value)
    return value.strip()


def one_line(value: str) -> str:
    """`tidy_text` without line breaks: titles, names, categories."""
    value = tidy_text(value)
    return " ".join(part for part in value.split("\n") if part) if "\n" in value else value


def sentences(text: str) -> list[str]:
    """The sentences of a text, trimmed; "U.S.", "Maj." and initials end none (see `ingest.sentences`)."""
    return list(iter_sentences(text))


def _one_space(run: re.Match[str]) -> str:
    spaces = run.group()
    if spaces == " " or "\xa0" not in spaces:
        return " "
    text, start, end = run.string, run.start(), run.end()
    before_mark = end < len(text) and text[end] in _FRENCH and start > 0 and text[start - 1] != "\n"
    after_quote = start > 0 and text[start - 1] == "«"
    return "\xa0" if before_mark or after_quote else " "


def _balance_direction(value: str) -> str:
    """Without direction overrides (they disguise text) and without embeddings or isolates that nobody closes."""
    keep: list[str] = []
    open_at: list[tuple[int, str]] = []  # place in `keep`, and the character that closes it
    for character in value:
        keep.append(character)
        if character in _OVERRIDE:
            keep[-1] = ""
            open_at.append((-1, _POP))
        elif character in _EMBED:
            open_at.append((len(keep) - 1, _POP))
        elif character in _ISOLATE:
            open_at.append((len(keep) - 1, _POP_ISOLATE))
        elif character in (_POP, _POP_ISOLATE):
            if open_at and open_at[-1][1] == character:
                if open_at.pop()[0] < 0:
                    keep[-1] = ""
            else:
                keep[-1] = ""
    for place, _closes in open_at:
        if place >= 0:
            keep[place] = ""
    return "".join(keep)


# --- mojibake: UTF-8 that somebody read as windows-1252 ---

_CP1252_HIGH = "".join(bytes([code]).decode("cp1252", "ignore") for code in range(0x80, 0xA0))
_MOJIBAKE = re.compile(f"[ÂÃâÐÑ][\x80-\xbf{_CP1252_HIGH}]")
_MISREAD = re.compile(f"[ÂÃÐÑ][\x80-\xbf{_CP1252_HIGH}]|[âãä-ï][\x80-\xbf{_CP1252_HIGH}]{{1,2}}")


def has_mojibake(value: str) -> bool:
    """The cheap gate before the repair: 5 of the 8 texts that the repair touches pass it (cleaning.md 3.14)."""
    return not value.isascii() and _MOJIBAKE.search(value) is not None


def is_mostly_mojibake(value: str) -> bool:
    """Whether nearly all of a text's non-ASCII is misread; a text *about* mojibake has its own letters beside it."""
    if not has_mojibake(value):
        return False
    misread = sum(map(len, _MISREAD.findall(value)))
    return misread >= 0.8 * (len(value) - len(value.encode("ascii", "ignore")))


def repair_mojibake(value: str) -> str:
    """`value` tidied and, line by line, read again as UTF-8 where that makes it better; quotes and ligatures stay.

    Repeated until nothing changes (text may have been misread twice), so that repairing the result changes nothing.
    """
    for _ in range(4):  # pragma: no branch - a bound, though no text was found that needs it
        better = tidy_text("\n".join(map(_read_again, value.split("\n"))))
        if better == value:
            break
        value = better
    return value


def _read_again(line: str) -> str:
    if not has_mojibake(line):
        return line
    from ftfy import fix_encoding
    from ftfy.badness import badness

    better = fix_encoding(line)
    return better if badness(better) < badness(line) else line


# --- markup: the same repairs on the text between tags, before the tree is built ---

_TAG = re.compile(r"(<[^<>]*>)")
_VERBATIM = re.compile(r"<(/?)(?:pre|code|textarea|script|style)[\s>]", re.IGNORECASE)
_WORDS_OF_TAG = re.compile(r"""\s(?:alt|title|aria-label|summary)\s*=\s*(?:"[^"]*"|'[^']*')""", re.IGNORECASE)
_REFERENCE = re.compile(r"&#(?:[xX]([0-9a-fA-F]{1,7})|([0-9]{1,8}));?")


def repair_markup(html: str, *, mojibake: bool) -> str:
    """An HTML fragment whose text runs are NFC and free of illegal and invisible characters.

    `pre`, `code` and tags lose only what XML cannot carry. `mojibake`: the feed as a whole shows it, so repair it, and
    the words of tags with it (one entry may speak about mojibake: parsing.md trap 44).
    """
    if "\r" in html:
        html = html.replace("\r\n", "\n").replace("\r", "\n")
    if "&#" in html:
        html = _without_illegal_references(html)
    html = strip_xml_illegal(html)
    rest = html.encode().translate(None, _PLAIN_BYTES)
    if not rest:
        return html
    repair = mojibake and has_mojibake(html)
    if not (repair or _ODD_BYTES.search(rest) or not unicodedata.is_normalized("NFC", html)):
        return html
    return "".join(_repair_runs(html, repair))


def _repair_runs(html: str, repair: bool) -> Iterator[str]:
    verbatim = 0
    for run in _TAG.split(html):
        if run.startswith("<") and run.endswith(">"):
            found = _VERBATIM.match(run)
            if found:
                verbatim = max(0, verbatim - 1) if found.group(1) else verbatim + 1
            yield _WORDS_OF_TAG.sub(_read_words_again, run) if repair and has_mojibake(run) else run
        elif verbatim or (run.isascii() and "\x7f" not in run):
            yield run
        else:
            if repair and has_mojibake(run):
                run = _keep_margins(run)  # noqa: PLW2901
            if _ODD_BYTES.search(run.encode()):
                run = _balance_direction(run.translate(_CHARACTERS))  # noqa: PLW2901
            yield unicodedata.normalize("NFC", run)


def _read_words_again(attribute: re.Match[str]) -> str:
    """An attribute that readers hear or see; addresses stay as they are."""
    return _keep_margins(attribute.group())


def _keep_margins(run: str) -> str:
    """The run repaired; the space between it and its neighbours stays."""
    bare = run.strip()
    start = run.index(bare) if bare else 0
    return run[:start] + repair_mojibake(bare) + run[start + len(bare) :]


def _without_illegal_references(html: str) -> str:
    """`&#11;` is as illegal as the character it names; again until none is left, as taking one out may make one."""
    while True:
        cleaner = _REFERENCE.sub(_legal_reference, html)
        if cleaner == html:
            return html
        html = cleaner


def _legal_reference(found: re.Match[str]) -> str:
    code = int(found.group(1), 16) if found.group(1) else int(found.group(2))
    if code in (0x0B, 0x0C):
        return " "
    illegal = code < 0x20 and code not in (9, 10, 13)
    return "" if illegal or 0xD800 <= code <= 0xDFFF or code in (0xFFFE, 0xFFFF) or code > 0x10FFFF else found.group()
