"""A pasted article without its marks: pointed out, never changed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from feedmill.ingest.clean import Block
from feedmill.ingest.quotes import quote_hint

POST = [
    "They've closed the ferry again, and the US side of the lake isn't amused. That's what you get.",
    "The ferry between the two towns was stopped on Monday after U.S. inspectors found a crack, officials said.",
    "“We are looking at every plate,” said the harbour master, who has held the post for nine years.",
    "The company’s spokesman told reporters that the boat would be back before the summer.",
    "Passengers were taken across by bus.",
    "The town’s council meets on Thursday, according to its clerk.",
    "And that's the third time since Easter. Doesn't anybody own a welding torch?",
]


def blocks(texts: list[str], kind: str = "p") -> tuple[Block, ...]:
    return tuple(Block(kind=kind, text=text) for text in texts)


def test_the_bounds_fall_on_paragraphs() -> None:
    """The first one has no quotation mark of its own, but abbreviates and reports as the others do."""
    note = quote_hint(blocks(POST))

    assert note is not None
    assert note.detail.startswith("paragraphs 2 to 6 of 7 look like a quotation: ")
    assert (note.step, note.field) == ("quotes", "content")


@pytest.mark.parametrize(
    "texts",
    [
        [text.replace("’", "'").replace("“", '"').replace("”", '"') for text in POST],
        [text.replace("'", "’") for text in POST],
        POST[1:],
        POST[:-1],
        [*POST[:2], POST[0], *POST[2:]][:4] + POST[-1:],
        [POST[0], *POST[2:4], POST[-1]],
        [*POST[:3], "That's me again.", *POST[3:]],
        ["It's late.", *["The moon’s out, and the sea’s calm."] * 3, "It's early."],
    ],
    ids=["all straight", "all curly", "no frame before", "no frame after", "few", "two", "a voice between", "one sign"],
)
def test_less_than_that_is_no_quotation(texts: list[str]) -> None:
    assert quote_hint(blocks(texts)) is None


def test_a_marked_quotation_needs_no_hint() -> None:
    marked = (*blocks(POST[:2]), *blocks(POST[2:4], "quote"), *blocks(POST[2:]))

    assert quote_hint(marked) is None
    assert quote_hint(tuple(replace(block, kind="pre") for block in blocks(POST))) is None
