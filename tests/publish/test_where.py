"""`where`: what an expression may say, and that nothing else is ever run."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedmill.publish.select import facts
from feedmill.publish.where import FACTS, LONGEST, WhereError, compile_where


@pytest.fixture
def ada(bakery) -> dict[str, object]:
    return facts(bakery.entry(1, enclosures=(bakery.enclosure(),)), bakery.source("ada"))


@pytest.mark.parametrize(
    ("expression", "holds"),
    [
        ("'PYTHON' in tags", True),
        ("'ruby' not in tags", True),
        ("title == 'cats & \"dogs\" <3, part 1'", True),
        ("'CATS' in title and not 'mice' in title", True),
        ("words >= 10 and words < 100", True),
        ("10 <= words <= 12", False),
        ("words > -1", True),
        ("published >= '2026-03-02'", True),
        ("published < '2026'", False),
        ("language in ['en', 'de']", True),
        ("source == 'the ADA blog' or enclosures == 0", True),
        ("startswith(url, 'https://ada') and endswith(source_url, '.xml') and contains(text, 'sentence')", True),
        ("'ada lovelace' in authors", True),
        ("tags and enclosures", True),
        ("not authors", False),
        ("True and summary != ''", True),
        ("  'python' in\n  tags  ", True),
    ],
)
def test_an_expression_says_which_entries_are_wanted(ada, expression: str, holds: bool) -> None:
    assert compile_where(expression)(ada) is holds


@pytest.mark.parametrize(
    ("expression", "column", "said"),
    [
        ("'python' in tag", 13, "tag is not known (did you mean tags?)"),
        ("words > 'many'", 1, "a number cannot be compared with a text"),
        ("words >", 8, "invalid syntax"),
        ("title", 1, "this is a text, expected a comparison"),
        ("title and words", 1, "this is a text, expected a comparison such as title == '…'"),
        ("not title", 5, "this is a text"),
        ("__import__('os').system('true')", 1, "there is no such function"),
        ("title.upper() == 'X'", 1, "there is no such function"),
        ("().__class__ == 1", 1, "a dot cannot be used here"),
        ("'é' == title and title[0] == 'x'", 18, "an index in brackets cannot be used here"),
        ("[x for x in tags]", 1, "a loop cannot be used here"),
        ("2 ** 99 > words", 1, "arithmetic cannot be used here"),
        ("(lambda: 1)() == 1", 1, "there is no such function"),
        ("f'{title}' == 'x'", 1, "an f-string cannot be used here"),
        ("title is 'x'", 1, "`is` cannot be used here"),
        ("tags == ['a']", 1, "lists cannot be compared"),
        ("words in tags", 1, "a number in a list makes no sense"),
        ("title in words", 1, "a text in a number makes no sense"),
        ("contains(title)", 1, "expected contains(a, b)"),
        ("contains(title, words)", 1, "it takes two texts"),
        ("language in ['en', 2]", 20, "a list holds texts"),
        ("words > 1j", 9, "this cannot be used here, expected text in quotes or a number"),
        ("+words > 1", 1, "this sign cannot be used here"),
        ("-title == 'x'", 1, "this sign cannot be used here"),
        ("", 1, "invalid syntax"),
        ("title == '\0'", 13, "null bytes"),
        ("not " * 60 + "tags", 205, "this is nested too deeply"),
        ("x" * (LONGEST + 1), LONGEST + 1, "longer than"),
    ],
)
def test_a_mistake_is_told_with_its_column(expression: str, column: int, said: str) -> None:
    with pytest.raises(WhereError) as error:
        compile_where(expression)

    assert (said in str(error.value), error.value.column) == (True, column), str(error.value)


@given(st.text(alphabet="()[]{}'\"\\.,:=<>!+-*/%@~^&| \n\0aeinot words title tags andor 19", max_size=60))
def test_no_text_does_anything_but_compile_or_be_refused(text: str) -> None:
    try:
        compiled = compile_where(text)
    except WhereError as error:
        assert error.column >= 1
    else:
        assert compiled({name: {"text": "", "list": [], "number": 0}[kind] for name, (kind, _) in FACTS.items()}) in {
            True,
            False,
        }
