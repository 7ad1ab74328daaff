"""Which of an entry's texts is its content, as an HTML fragment: reference cleaning.md section 3.8.

In:  the summary and contents as parsed.
Out: one HTML fragment with its base and language, and the text left over as a supplied summary.
Never: cleans; a bare text becomes paragraphs here, everything else is `ingest.clean`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape

from feedmill.feeds.entry import Note
from feedmill.ingest.parsed import ParsedEntry, Text
from feedmill.ingest.text import repair_markup, repair_mojibake, tidy_text

_MARKUP = re.compile(r"<[A-Za-z/!?]|&lt;")
_WHOLE_MARKUP = re.compile(
    r"\s*<(p|div|article|section|h[1-6]|ul|ol|table|blockquote|figure|a|img|br)[\s/>].*>\s*", re.IGNORECASE | re.DOTALL
)
_GLUED = re.compile(r"[\w.,;:!?)]&nbsp;(?:[\w(]|&nbsp;)")  # Blogger's short feeds: a space that was escaped twice
_TAG = re.compile(r"<[^<>]{0,2000}>")
_SPACE = re.compile(r"\s+")
_COMPARED = 4000  # characters in which one text may prove the beginning of another


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The content as an HTML fragment (not yet cleaned), and what the feed supplied beside it."""

    html: str = ""
    base: str | None = None
    language: str | None = None
    supplied: Text | None = None
    notes: tuple[Note, ...] = ()


def choose_content(parsed: ParsedEntry, *, mojibake: bool) -> Chosen:
    """content:encoded or Atom content before description; the longer when one only begins the other."""
    contents = [text for text in parsed.contents if text.value and not text.value.isspace()]
    summary = parsed.summary if parsed.summary and not parsed.summary.value.isspace() else None
    picked = next((text for text in contents if text.kind == "html"), contents[0] if contents else summary)
    if picked is None or not picked.value:
        return Chosen()
    notes: list[Note] = []
    for other in (*contents, summary):
        if other is not None and len(other.value) > len(picked.value) and _begins(picked, other):
            picked = other
            notes.append(
                Note(step="content", field="content_html", detail="the longer text was taken: the other only begins it")
            )
    html = to_markup(picked, mojibake=mojibake, notes=notes)
    supplied = summary if summary is not None and summary is not picked and summary.value else None
    return Chosen(html=html, base=picked.base, language=picked.language, supplied=supplied, notes=tuple(notes))


def second_choice(chosen: Chosen, *, mojibake: bool) -> Chosen:
    """The supplied summary as content, for an entry of whose content nothing was left but a tracking pixel."""
    if chosen.supplied is None:
        return chosen
    notes = [Note(step="content", field="content_html", detail="nothing is left of the content: the summary was taken")]
    html = to_markup(chosen.supplied, mojibake=mojibake, notes=notes)
    return Chosen(html=html, base=chosen.supplied.base, language=chosen.supplied.language, notes=tuple(notes))


def to_markup(text: Text, *, mojibake: bool, notes: list[Note]) -> str:
    """A text construct as an HTML fragment; what has no tag and no `&lt;` is plain text and gets paragraphs."""
    plain = as_plain(text, mojibake=mojibake)
    if plain is None:
        if text.kind == "text":
            notes.append(Note(step="content", field="content_html", detail="declared as plain text, but it is markup"))
        return repair_markup(text.value, mojibake=mojibake)
    from feedmill.ingest.clean import paragraphs

    return paragraphs(plain) if plain else ""


def as_plain(text: Text, *, mojibake: bool) -> str | None:
    """A text construct that has no tag and no `&lt;` as plain text; None when it is markup."""
    value = text.value
    is_html = text.kind == "html" or _WHOLE_MARKUP.fullmatch(value) is not None
    if is_html and _MARKUP.search(value):
        return None
    plain = unescape(value) if is_html or text.guessed or _GLUED.search(value) else value
    return repair_mojibake(plain) if mojibake else tidy_text(plain)


def _begins(short: Text, long: Text) -> bool:
    start = _bare(short.value)
    return bool(start) and _bare(long.value).startswith(start.rstrip(".… []"))


def _bare(value: str) -> str:
    value = value[:_COMPARED]
    return _SPACE.sub(" ", unescape(_TAG.sub(" ", value))).strip()
