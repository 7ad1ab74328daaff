"""Each file of `cases/` holds one trap, what it shows, and what must hold; a new case is a new file."""

from __future__ import annotations

import ast
from typing import Any

from lxml.etree import XMLSyntaxError

from feedmill.feeds.outcome import Failure
from feedmill.ingest.parse import charset, parse, reading, repair
from feedmill.ingest.parse.fast import read_fast
from feedmill.ingest.parse.fast_tree import Unusual
from feedmill.ingest.parse.liberal import read_liberal
from feedmill.ingest.parsed import ParsedFeed


def holds(expect: str, outcome: ParsedFeed | Failure, *, fast: bool) -> bool:
    feed = outcome if isinstance(outcome, ParsedFeed) else None
    notes = [note.detail for note in feed.notes] if feed else []
    names: dict[str, Any] = {
        "feed": feed,
        "entries": feed.entries if feed else None,
        "e": feed.entries[0] if feed and feed.entries else None,
        "failure": outcome if isinstance(outcome, Failure) else None,
        "notes": notes,
        "said": lambda words: any(words in note for note in notes),
        "fast": fast,
    }
    tree = ast.parse(" ".join(expect.split()), mode="eval")
    return bool(eval(compile(tree, "Expect", "eval"), names))


def both_readings(text: str, url: str) -> tuple[ParsedFeed | None, ParsedFeed | None]:
    """The mended text as the fast and the liberal reader see it; None where one leaves it to the other."""
    text, _ = repair.strip_prolog(text)
    text, _ = repair.cut_to_feed(text)
    dialect = reading.dialect_of(text)
    if dialect not in ("rss20", "rss09x", "rss10", "atom10"):
        return None, None
    text, _ = repair.mend_characters(text)
    text, _ = repair.mend_references(text)
    text, _ = repair.mend_root(text)
    try:
        fast = read_fast(text.encode(), dialect=dialect, url=url)
    except (Unusual, XMLSyntaxError):
        return None, None
    liberal, _ = read_liberal(text, dialect=dialect, url=url)
    return fast, liberal


def test_case(case: Any) -> None:
    """What the case file expects holds, and the fast reader agrees with the liberal one wherever it accepts."""
    fast, liberal = both_readings(charset.decode(case.document.body, case.document.content_type)[0], case.document.url)
    outcome = parse(case.document)

    assert holds(case.expect, outcome, fast=fast is not None), (case.description, outcome)
    assert fast == liberal
