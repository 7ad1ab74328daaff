"""Characters: what XML can carry, what readers should see, what stays as written."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedmill.ingest.text import (
    has_mojibake,
    is_mostly_mojibake,
    one_line,
    repair_markup,
    repair_mojibake,
    sentences,
    strip_xml_illegal,
    tidy_text,
)

ANYTHING = st.text(st.characters(exclude_categories=()), max_size=80)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("plain", "plain"),
        ("  a  b\t\tc ", "a b c"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("a \n b", "a\nb"),
        ("a\n\n\n\nb", "a\n\nb"),
        ("a\x00b\x07c\x7f", "abc"),
        ("a\x0bb\x0cc", "a b c"),
        ("a\u2028b\u2029c", "a\nb\nc"),
        ("\ufeffa\u200bb\u2060c\u00add\ufffee", "abcde"),
        ("a\ud800b\udfff", "ab"),
        ("e\u0301", "\u00e9"),
        ("It\x92s \x93so\x94 \x85", "It’s “so” …"),
        ("a\x81b", "ab"),
        ("a\xa0b", "a b"),
        ("Vraiment\xa0? Oui\xa0: «\xa0tr\u00e8s\xa0»", "Vraiment\xa0? Oui\xa0: «\xa0tr\u00e8s\xa0»"),
        ("Vraiment \xa0 ?", "Vraiment\xa0?"),
        ("\xa0?", "?"),
        ("a\n\xa0? b", "a\n? b"),
        ("“curly” ‘quotes’ – — … ﬁ ½", "“curly” ‘quotes’ – — … ﬁ ½"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("👨\u200d👩\u200d👧 ❤\ufe0f \u200eb\u200f", "👨\u200d👩\u200d👧 ❤\ufe0f \u200eb\u200f"),
        ("a\u202eevil\u202c b", "aevil b"),
        ("a\u202bb\u202c c", "a\u202bb\u202c c"),
        ("a\u202bb", "ab"),
        ("a\u202cb\u2069", "ab"),
        ("a\u2066b\u2069", "a\u2066b\u2069"),
        ("a\u2066b\u202cc\u2069", "a\u2066bc\u2069"),
        ("東京\u3000大阪", "東京\u3000大阪"),
    ],
)
def test_text_is_tidy_and_keeps_what_its_author_meant(written: str, expected: str) -> None:
    assert tidy_text(written) == expected


def test_one_line_has_no_line_breaks() -> None:
    assert one_line(" a\n\n b\r\nc ") == "a b c"
    assert one_line("plain") == "plain"


def test_only_what_xml_cannot_carry_is_stripped() -> None:
    assert strip_xml_illegal("a\x00\x0b\x1f\ud800\ufffe\uffffb\t\n\r\x7f\x85\u200b") == "ab\t\n\r\x7f\x85\u200b"
    assert strip_xml_illegal("é\ufffe") == "é"


def test_sentences_are_those_of_the_sentence_module() -> None:
    assert sentences("One. Two.") == ["One.", "Two."]


@given(ANYTHING)
def test_tidy_text_is_idempotent_normal_and_legal(value: str) -> None:
    tidy = tidy_text(value)

    assert tidy_text(tidy) == tidy
    assert strip_xml_illegal(tidy) == tidy
    assert unicodedata.is_normalized("NFC", tidy)
    assert one_line(one_line(value)) == one_line(value)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Das GerÃ¤t lÃ¤uft â€œgutâ€\x9d, cafÃ© und Ã¼ber", "Das Gerät läuft “gut”, café und über"),
        ("ÐŸÑ€Ð¸Ð²ÐµÑ‚, Ð¼Ð¸Ñ€", "Привет, мир"),
        ("plain text", "plain text"),
        ("São Paulo, Ângela, ÂNGULO, Übermut", "São Paulo, Ângela, ÂNGULO, Übermut"),
        ("“Curly” stays ’curly’", "“Curly” stays ’curly’"),
    ],
)
def test_mojibake_is_read_again_and_nothing_else_is_touched(written: str, expected: str) -> None:
    assert repair_mojibake(written) == expected


def test_a_text_about_mojibake_has_other_letters_beside_it() -> None:
    assert is_mostly_mojibake("cafÃ© crÃ¨me, youâ€™ve")
    assert not is_mostly_mojibake("“cafÃ©” is how ‘café’ looks – at times – when misread")
    assert not is_mostly_mojibake("café")


def test_the_gate_before_the_repair_is_narrow() -> None:
    assert has_mojibake("cafÃ©")
    assert not has_mojibake("Ã alone, and â too")
    assert not has_mojibake("ascii")


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>plain</p>", "<p>plain</p>"),
        ("<p>a\r\nb</p>", "<p>a\nb</p>"),
        ("<p>e\u0301</p>", "<p>\u00e9</p>"),
        ("<p>a\u200bb\x92s</p>", "<p>ab’s</p>"),
        ("<pre>a\u200bb</pre><p>c\u200bd</p>", "<pre>a\u200bb</pre><p>cd</p>"),
        ("<p>\x7f<code>a\u200b</code></p>", "<p><code>a\u200b</code></p>"),
        ("</pre><p>a\u200b</p>", "</pre><p>a</p>"),
        ("<pre>\x00a</pre>", "<pre>a</pre>"),
        ("a&#11;b&#x0;c&#xFFFE;d&#160;e&#xd800;f&#99999999;", "a bcd&#160;ef"),
        ("&&#1;#2;x", "x"),
        ("&#8217;", "&#8217;"),
        ('<a href="x?e\u0301">e\u0301</a>', '<a href="x?e\u0301">\u00e9</a>'),
    ],
)
def test_markup_is_repaired_between_its_tags(html: str, expected: str) -> None:
    assert repair_markup(html, mojibake=False) == expected


def test_mojibake_in_markup_is_repaired_only_when_the_feed_shows_it_and_never_in_code() -> None:
    html = "<p>cafÃ©</p><code>cafÃ©</code>"

    assert repair_markup(html, mojibake=False) == html
    assert repair_markup(html, mojibake=True) == "<p>café</p><code>cafÃ©</code>"


@given(ANYTHING)
def test_repaired_markup_is_legal_and_repairing_it_again_changes_nothing(html: str) -> None:
    once = repair_markup(html, mojibake=False)

    assert strip_xml_illegal(once) == once
    assert repair_markup(once, mojibake=False) == once


@pytest.mark.parametrize("unit", ["\xa0", " \xa0", "\u202e", "<", "&#11;", "&&#1;", "\n ", "<pre>\u200b", "Ã©"])
def test_a_long_odd_text_takes_time_in_proportion(unit: str) -> None:
    start = time.process_time()
    tidy_text(unit * 50_000)
    repair_markup(unit * 50_000, mojibake=False)

    assert time.process_time() - start < 2
