"""Bytes to text: which charset, decided once and by rule.

In:  the body of an answer and its Content-Type header.
Out: text, and a note for each thing that was not as it should be.
Never: a guess from statistics; a document re-decoded because a few of its bytes are bad.

Order (reference network.md check 46): byte order mark, then the header's charset, then the XML declaration, then
UTF-8. `text/xml` without a charset is not us-ascii. UTF-7 is refused (check 47: it hides live markup).
"""

from __future__ import annotations

import codecs
import re

from feedmill.feeds.entry import Note

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# "<" or "<?" as the first characters, without a mark (XML 1.0, appendix F).
_SHAPES = (
    (b"<\x00\x00\x00", "utf-32-le"),
    (b"\x00\x00\x00<", "utf-32-be"),
    (b"<\x00", "utf-16-le"),
    (b"\x00<", "utf-16-be"),
)
_DECLARED = re.compile(rb"^\s{0,64}<\?xml[^>]{0,200}?encoding\s{0,8}=\s{0,8}[\"']([A-Za-z0-9._:-]{1,40})[\"']")
_HEADER = re.compile(r";\s*charset\s*=\s*[\"']?([^\s;\"']{1,40})", re.IGNORECASE)
# Names that browsers read as a wider charset than the one they name (WHATWG Encoding), and our own widening.
_WIDER = {
    "ascii": "windows-1252",
    "iso8859-1": "windows-1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "iso8859-9": "windows-1254",
    "iso8859-11": "windows-874",
    "tis-620": "windows-874",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
}
_REFUSED = ("utf-7", "utf7", "unicode-1-1-utf-7", "u7", "utf_7")
_MAX_BAD_SHARE = 0.001  # of the bytes: below it a named charset is kept, with replacement characters (trap 5)
_GOOD_PER_BAD = 4  # characters beyond ASCII that are sound UTF-8, for each that is not: then it is damaged UTF-8


def decode(body: bytes, content_type: str = "") -> tuple[str, tuple[Note, ...]]:
    """The text of a document, its byte order mark removed."""
    marked = _by_mark(body)
    if marked is not None:
        return marked
    notes: list[Note] = []
    shape = next((name for start, name in _SHAPES if body.startswith(start)), None)
    named: list[tuple[str, str]] = []
    header = _HEADER.search(content_type)
    if header:
        named.append(("the Content-Type header", header.group(1)))
    declared = _DECLARED.match(body[:400])
    if declared:
        named.append(("the XML declaration", declared.group(1).decode("ascii")))
    if shape:
        return body.decode(shape, "replace"), (_note(f"read as {shape}: no byte order mark, but the shape of it"),)
    for said_by, name in named:
        codec = _codec(name)
        if codec is None:
            notes.append(_note(f"{said_by} names the charset {name!r}, which is not known or refused"))
            continue
        text = _try(body, codec)
        if text is not None:
            return text, tuple(notes)
        notes.append(_note(f"{said_by} says {name}, but the bytes are not"))
        if codec == "utf-8":
            break
    text, why = _without_a_name(body)
    return text, (*notes, *why)


def is_plainly_utf8(body: bytes, content_type: str = "") -> bool:
    """Whether `decode` would take the body for UTF-8 without a remark, if its bytes are; does not look at them all."""
    if body.startswith(codecs.BOM_UTF8):
        return True
    if any(body.startswith(mark) for mark, _ in _MARKS) or any(body.startswith(start) for start, _ in _SHAPES):
        return False
    header = _HEADER.search(content_type)
    if header:
        return _codec(header.group(1)) == "utf-8"
    declared = _DECLARED.match(body[:400])
    return declared is None or _codec(declared.group(1).decode("ascii")) == "utf-8"


def _by_mark(body: bytes) -> tuple[str, tuple[Note, ...]] | None:
    for mark, name in _MARKS:
        if body.startswith(mark):
            text = body[len(mark) :].decode(name, "replace")
            bad = "\ufffd" in text and _note(f"some bytes are not {name} and were replaced")
            return text, ((bad,) if bad else ())
    return None


def _without_a_name(body: bytes) -> tuple[str, tuple[Note, ...]]:
    """UTF-8; with replacements where only a few bytes are bad; else windows-1252, which takes any byte."""
    try:
        return body.decode("utf-8"), ()
    except UnicodeDecodeError:
        text = body.decode("utf-8", "replace")
    bad = text.count("\ufffd") - body.count(b"\xef\xbf\xbd")
    good = len(text) - len(text.encode("ascii", "ignore")) - bad
    if good >= _GOOD_PER_BAD * bad:
        return text, (_note(f"{bad} bytes are not UTF-8 and were replaced"),)
    return body.decode("windows-1252", "replace"), (_note("read as windows-1252: the bytes are not UTF-8"),)


def _codec(name: str) -> str | None:
    """Python's codec for a charset label, widened as browsers do; None: unknown or refused."""
    label = name.strip().lower()
    if label in _REFUSED:
        return None
    try:
        info = codecs.lookup(label)
    except (LookupError, ValueError):
        return None
    if not info._is_text_encoding or info.name in ("idna", "punycode", "utf-7", "raw-unicode-escape", "unicode-escape"):  # noqa: SLF001 - rot13, base64 and the like are codecs too
        return None
    if info.name.startswith(("utf-16", "utf-32")):
        return None  # the bytes have no mark and do not look it: the label is wrong (trap 2)
    return _WIDER.get(info.name, info.name)


def _try(body: bytes, codec: str) -> str | None:
    try:
        return body.decode(codec)
    except UnicodeDecodeError:
        pass
    if codec == "utf-8":
        return None
    text = body.decode(codec, "replace")
    return text if text.count("\ufffd") <= max(5, len(body) * _MAX_BAD_SHARE) else None


def _note(detail: str) -> Note:
    return Note(step="decode", field="document", detail=detail)
