"""A Blogger post as bare text, without title, date, link or id: the seed of this project, and one like it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from feedmill.feeds.entry import Entry
from feedmill.ingest.parsed import ParsedEntry, Text

One = Callable[..., Entry]

# Our own words, in the seed's exact shape: an opinion, a quoted report in curly quotes, an opinion, Blogger's tail.
POST = (Path(__file__).parent / "cases" / "bare-post.txt").read_text("utf-8")
TITLE = "The strike of the night ferry crews on the Sound by union-backed deckhands is finished, for this week"


def as_text(post: str) -> ParsedEntry:
    return ParsedEntry(contents=(Text(value=post),))


def test_a_bare_post_gets_its_title_paragraphs_summary_and_a_stable_id(normalized: One) -> None:
    entry = normalized(as_text(POST.replace("the night ferry", "night ferry")))

    assert entry.title == TITLE.replace("the night ferry", "night ferry")
    assert entry.content_text.split("\n\n") == POST.replace("the night ferry", "night ferry").split("\n")[:12]
    assert entry.content_html.count("<p>") == 12
    assert entry.summary.endswith(("walk out again.", "will do it."))
    assert "No comments" not in entry.content_html
    assert entry.id == normalized(as_text(POST.replace("the night ferry", "night ferry") + "\n")).id


def test_a_first_sentence_of_more_than_a_hundred_characters_is_cut_at_its_clause(normalized: One) -> None:
    assert len(TITLE) > 100
    assert normalized(as_text(POST)).title == TITLE.partition(",")[0] + "…"


def test_normalizing_the_post_again_changes_nothing(normalized: One) -> None:
    once = normalized(as_text(POST))
    twice = normalized(
        id=once.guid,
        title=Text(value=once.title),
        summary=Text(value=once.summary),
        contents=(Text(value=once.content_html, kind="html"),),
        published=once.published.isoformat() if once.published else None,
    )

    assert (twice.title, twice.summary, twice.content_html, twice.content_text, twice.id) == (
        once.title, once.summary, once.content_html, once.content_text, once.id,
    )  # fmt: skip


@pytest.fixture
def seed(shared: Path) -> str:
    file = shared / "seed" / "blogger-post.txt"
    if not file.is_file():
        pytest.skip("the seed post is not at hand")
    return file.read_text(encoding="utf-8")


def test_the_seed_reads_as_its_author_wrote_it(normalized: One, seed: str) -> None:
    lines = seed.split("\n")
    entry = normalized(as_text(seed))

    # The title is the first sentence: 95 characters, so not cut.
    assert entry.title == lines[0].partition(". ")[0]
    assert len(entry.title) == 95
    assert entry.content_text.split("\n\n") == lines[:12]
    assert entry.content_html.count("<p>") == 12
    assert entry.summary == lines[0]
    assert entry.id.startswith("urn:uuid:")
    assert normalized(as_text(seed)).id == entry.id
