"""The last resort for an entry on which normalization stumbled: its words, and nothing of its markup.

In:  an identified entry, when it was first seen, and the error.
Out: a plain `Entry` with a note that says what happened.
Never: raises, or lets an entry be lost because a stranger's markup found a fault of ours.
"""

from __future__ import annotations

import re
from datetime import datetime
from html import escape, unescape
from typing import TYPE_CHECKING

from feedmill.feeds.entry import Entry, Note
from feedmill.feeds.identity import published_id
from feedmill.ingest.text import one_line

if TYPE_CHECKING:
    from feedmill.ingest.guids import Identified
    from feedmill.ingest.parsed import Text

MAX_WORDS = 5_000  # of one entry: enough for an essay, and bounded whatever made us stumble
_HIDDEN = re.compile(r"<(script|style)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[^>]{0,2000}>")


def salvage(item: Identified, *, source_url: str, first_seen: datetime, error: Exception) -> Entry:
    """The entry's title and words as one paragraph, dated by when it was first seen."""
    parsed = item.parsed
    texts = [*parsed.contents, *([parsed.summary] if parsed.summary else [])]
    words = " ".join(_words(texts[0]).split()[:MAX_WORDS]) if texts else ""
    title = (_words(parsed.title)[:300] if parsed.title else "") or words[:80] or "Untitled"
    link = next((link.href for link in parsed.links if link.href.lower().startswith(("http://", "https://"))), None)
    return Entry(
        id=published_id(source_url, item.guid),
        guid=item.guid,
        url=link if link and link.isascii() and not re.search(r"[\s<>\"]", link) else None,
        title=title,
        published=first_seen,
        summary=words[:280],
        content_html=f"<p>{escape(words, quote=False)}</p>" if words else "",
        content_text=words,
        notes=(
            *item.notes,
            Note(step="salvage", field="content", detail=f"only its words were kept: {type(error).__name__}: {error}"),
        ),
    )


def _words(text: Text) -> str:
    value = text.value
    if text.kind == "html":
        value = unescape(_TAG.sub(" ", _HIDDEN.sub(" ", value)))
    return one_line(value)
