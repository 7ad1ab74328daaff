"""Authors: names, never addresses."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedmill.feeds.entry import Author
from feedmill.ingest.parsed import Person
from feedmill.ingest.people import clean_name, read_authors


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Ada Berg", "Ada Berg"),
        ("  Ada\n Berg ", "Ada Berg"),
        ("ada@blog.example (Ada Berg)", "Ada Berg"),
        ("Ada Berg (ada@blog.example)", "Ada Berg"),
        ("Ada Berg <ada@blog.example>", "Ada Berg"),
        ("Ada Berg ada@blog.example", "Ada Berg"),
        ("ada@blog.example", ""),
        ("mailto:ada@blog.example", ""),
        ("noreply@blogger.com (Ada)", "Ada"),
        ("noreply@blogger.com (Unknown)", ""),
        ("noreply@blogger.com", ""),
        ("(author unknown)", ""),
        ("Unknown", ""),
        ("ADMIN", ""),
        ("@ada", "@ada"),
        ("by Ada Berg", "Ada Berg"),
        ("(Ada)", "Ada"),
        ("Ada &amp; Bo", "Ada & Bo"),
        ('<a href="https://x.example">Ada</a> Berg', "Ada Berg"),
        ("&lt;b&gt;Ada&lt;/b&gt;", "Ada"),
        ("...", ""),
        ("", ""),
        ("Ada\x00\u202e", "Ada"),
        ("x" * 500, "x" * 200),
    ],
)
def test_a_name_is_what_is_left_without_address_markup_and_placeholder(written: str, expected: str) -> None:
    assert clean_name(written) == expected


def test_authors_keep_their_order_once_each_with_their_page() -> None:
    people = [
        Person(name="Ada Berg"),
        Person(name="Bo; Cy"),
        Person(name="ADA BERG", url="/ada"),
        Person(name="x@y.example", url="https://x.example"),
        Person(name="Dee", url="javascript:alert(1)"),
    ]

    assert read_authors(people, base="https://blog.example/") == (
        Author(name="Ada Berg", url="https://blog.example/ada"),
        Author(name="Bo"),
        Author(name="Cy"),
        Author(name="Dee"),
    )


def test_there_is_an_end_to_authors() -> None:
    assert len(read_authors([Person(name=f"Person {number}") for number in range(500)], base=None)) == 50


@given(st.text(max_size=60))
def test_no_address_is_ever_published_and_a_name_stays_itself(written: str) -> None:
    name = clean_name(f"{written} someone@mail.example {written}")

    assert "someone@mail.example" not in name
    assert clean_name("ada@blog.example (Ada)") == "Ada"


@pytest.mark.parametrize("unit", ["a@", "@", "(", "a@b (", "<a", "&lt;"])
def test_a_long_odd_name_takes_no_time(unit: str) -> None:
    start = time.process_time()
    clean_name(unit * 50_000)

    assert time.process_time() - start < 0.5
