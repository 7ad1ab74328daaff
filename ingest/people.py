"""Authors: reference cleaning.md section 3.4, parsing.md trap 38.

In:  person constructs as parsed, whatever a blogger's software crammed into them.
Out: names, each once, with an http(s) page when there is one.
Never: an e-mail address, a placeholder that software writes, or an author that the document does not name.
"""

from __future__ import annotations

from collections.abc import Sequence

from feedmill.feeds.entry import Author
from feedmill.ingest.parsed import Person
from feedmill.ingest.text import one_line
from feedmill.ingest.titles import decode_once, markup_text
from feedmill.ingest.urls import absolute, unescape_once
from feedmill.ingest.word_table import phrases

MAX_AUTHORS = 50
MAX_NAME = 200  # characters

# What software writes when nobody said who it was.
_NOBODY = phrases(
    """admin | administrator | unknown | (unknown) | (author unknown) | author unknown | unknown author
    | no author | noreply | no-reply | donotreply | nobody | none | null | undefined | wordpress | webmaster | root
    | user | author | n/a"""
)


def read_authors(people: Sequence[Person], *, base: str | None) -> tuple[Author, ...]:
    """The authors in their order, without doubles (by name, case folded)."""
    authors: dict[str, Author] = {}
    for person in people:
        url = absolute(unescape_once(person.url), base) if person.url else None
        for name in _names(person.name):
            key = name.casefold()
            known = authors.get(key)
            if known is None:
                authors[key] = Author(name=name, url=url)
            elif known.url is None and url is not None:
                authors[key] = Author(name=known.name, url=url)
        if len(authors) >= MAX_AUTHORS:
            break
    return tuple(authors.values())


def clean_name(value: str) -> str:
    """A name as text: no markup, no address, "" for a placeholder. `a@b (Name)` and `Name <a@b>` give Name."""
    value = value[: 10 * MAX_NAME]
    if "<" in value or "&" in value:
        # In `Ada <ada@blog.example>` the brackets are no tag.
        value = decode_once(_without_address(value) if "@" in value else markup_text(value))
        value = markup_text(value) if "<" in value else value
    if "@" in value:
        value = _without_address(value)
    name = one_line(value).strip(" ,;").removeprefix("by ")
    if name.startswith("(") and name.endswith(")") and name.casefold() not in _NOBODY:
        name = name[1:-1].strip()
    return "" if name.casefold() in _NOBODY or not any(map(str.isalnum, name)) else name[:MAX_NAME].strip()


def _names(value: str) -> list[str]:
    parts = value.split(";") if ";" in value and "&" not in value else [value]
    return [name for part in parts if (name := clean_name(part))]


def _without_address(value: str) -> str:
    """Every word with an `@` inside taken out, brackets too; linear, where feedparser is quadratic (#562)."""
    words = []
    for word in value.replace("(", " (").replace("<", " <").replace(")", ") ").replace(">", "> ").split():
        if "@" in word[1:-1] and not word.startswith("@"):
            continue
        words.append(word)
    text = " ".join(words).strip()
    if text.startswith("(") and text.endswith(")"):
        text = text[1:-1].strip()
    return text.removeprefix("mailto:").replace("<>", "").strip(" <>")
