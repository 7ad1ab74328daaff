"""Prose whose paragraphs were lost to single line breaks."""

from __future__ import annotations

import pytest

from feedmill.ingest.clean import CleanContext, clean

LONG = "The ferry was late again on Thursday, and nobody at the pier could say why it was."
ABOUT = CleanContext(base_url="https://blog.example/")


def test_long_sentences_apart_by_br_become_paragraphs() -> None:
    html = "<br />\n".join(f"{LONG} {number}." for number in range(4))

    cleaned = clean(html, ABOUT)

    assert cleaned.html.count("<p>") == 4
    assert "<br>" not in cleaned.html
    assert clean(cleaned.html, ABOUT).html == cleaned.html


@pytest.mark.parametrize(
    "html",
    [
        "Roses are red,<br>violets are blue,<br>sugar is sweet,<br>and so are you.",
        "Ada Lovelace<br>12 Analytical Row<br>London",
        f"{LONG}<br>{LONG}",
        "<br>".join(LONG.rstrip(".") for _ in range(5)),
        f"{LONG}<br><img src='https://blog.example/a.png' alt='a'><br>{LONG}<br>{LONG}",
    ],
)
def test_verse_addresses_and_two_lines_stay_one_paragraph(html: str) -> None:
    cleaned = clean(html, ABOUT)

    assert cleaned.html.count("<p>") == 1
    assert "<br>" in cleaned.html
