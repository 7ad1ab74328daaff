"""Plain text to paragraphs (cleaning.md 3.8)."""

from __future__ import annotations

import pytest

from feedmill.ingest.clean import paragraphs

LONG = "The ferry left at dawn, and half the village stood on the quay to see it go"
WRAPPED = (
    "The ferry left at dawn, and half the village stood on the\n"
    "quay to see it go, which nobody had expected at all after\n"
    "the storm."
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("  \n \n", ""),
        ("one", "<p>one</p>"),
        ("one\n\ntwo\r\n\r\n\r\nthree\n", "<p>one</p>\n<p>two</p>\n<p>three</p>"),
        (f"{LONG}\n{LONG}.", f"<p>{LONG}</p>\n<p>{LONG}.</p>"),
        ("A first sentence of the usual length stands here.\nAnd then a second one.", None),
        ("roses are red\nviolets are blue", "<p>roses are red<br>violets are blue</p>"),
        ("12 Mill Lane\nUpper Dale\n\nDear Ada", "<p>12 Mill Lane<br>Upper Dale</p>\n<p>Dear Ada</p>"),
        (f"{WRAPPED}\n\nSo it was.", f"<p>{WRAPPED.replace(chr(10), ' ')}</p>\n<p>So it was.</p>"),
        ("a < b & c > d \"e\" 'f'", "<p>a &lt; b &amp; c &gt; d \"e\" 'f'</p>"),
        ("“Curly” it’s", "<p>“Curly” it’s</p>"),
        ("one\x0btwo\x0cthree", "<p>one<br>two<br>three</p>"),
    ],
)
def test_paragraphs(text: str, expected: str | None) -> None:
    if expected is None:
        expected = "".join(f"<p>{line}</p>\n" for line in text.split("\n")).strip()

    assert paragraphs(text) == expected


@pytest.mark.parametrize(
    ("text", "link", "behind"),
    [
        ("see https://a.example/x.", "https://a.example/x", "."),
        ("see (https://a.example/x)!", "https://a.example/x", ")!"),
        ("see https://a.example/x_(y)", "https://a.example/x_(y)", ""),
        ("see https://a.example/?a=1&b=2, then", "https://a.example/?a=1&amp;b=2", ", then"),
        ("see www.a.example/x;", "https://www.a.example/x", ";"),
        ("[https://a.example/x]", "https://a.example/x", "]"),
    ],
)
def test_addresses_become_links(text: str, link: str, behind: str) -> None:
    html = paragraphs(text)

    assert f'<a href="{link}">' in html
    assert html.endswith(f"</a>{behind}</p>")


def test_the_tail_keeps_its_own_lines() -> None:
    """So that the edge run sees them."""
    html = paragraphs(f"{WRAPPED}\nNo comments:\nPost a Comment")

    assert html.endswith("<p>No comments:</p>\n<p>Post a Comment</p>")
