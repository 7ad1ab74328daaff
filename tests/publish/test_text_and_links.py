"""xmltext and links: what may stand in an output at all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from feedmill.publish.links import has_secret, is_private, web_url, without_secret
from feedmill.publish.xmltext import clean, clean_html, is_clean, language_tag, one_line, rfc822, rfc3339

ANY_TEXT = st.text(alphabet=st.characters(exclude_categories=()))  # lone surrogates and controls too


@given(ANY_TEXT)
def test_cleaned_text_is_always_accepted_by_an_xml_parser(text: str) -> None:
    cleaned = clean(text)

    assert is_clean(cleaned)
    assert etree.fromstring(f"<a>{escape(cleaned)}</a>".encode()).tag == "a"


@given(ANY_TEXT)
def test_cleaning_text_twice_is_cleaning_it_once(text: str) -> None:
    assert clean(clean(text)) == clean(text)


def test_text_without_forbidden_characters_is_the_same_object() -> None:
    text = "naïve – ‘quotes’ \U0001f600\t\n"

    assert clean(text) is text
    assert clean(None) == ""


def test_forbidden_characters_go_and_their_neighbours_stay() -> None:
    assert clean("a\x00b\x1bc\ufffed\udc00e\x9ff") == "abcdef"


@given(ANY_TEXT)
def test_cleaned_html_keeps_what_was_lost_as_a_reference_and_is_accepted_as_text_is(html: str) -> None:
    assert clean_html(html) == clean(html.replace("\ufffd", "&#xFFFD;"))


def test_a_post_about_the_replacement_character_shows_it() -> None:
    assert clean_html("<p>U+FFFD is \ufffd, \x80 is none</p>") == "<p>U+FFFD is &#xFFFD;,  is none</p>"
    assert clean_html("<p>caf\u00c3\u00a9</p>") == "<p>caf\u00c3\u00a9</p>"


@given(ANY_TEXT, st.integers(min_value=10, max_value=100))
def test_one_line_is_one_line_within_its_length(text: str, most: int) -> None:
    line = one_line(text, most=most)

    assert len(line) <= most
    assert line == " ".join(line.split())


def test_a_long_line_is_cut_before_a_word_with_an_ellipsis() -> None:
    assert one_line("one two three four", most=12) == "one two…"
    assert one_line("x" * 3_000_000, most=10) == "xxxxxxxxx…"
    assert one_line("a  b\nc") == "a b c"


@pytest.mark.parametrize(
    ("moment", "atom", "rss"),
    [
        (datetime(2026, 1, 31, 8, 5, 9, 999, tzinfo=UTC), "2026-01-31T08:05:09Z", "Sat, 31 Jan 2026 08:05:09 GMT"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00Z", "Mon, 01 Jan 0001 00:00:00 GMT"),
        (datetime(2026, 1, 31, 8, 5), "2026-01-31T08:05:00Z", "Sat, 31 Jan 2026 08:05:00 GMT"),  # noqa: DTZ001
        (
            datetime(2026, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=2))),
            "2025-12-31T22:30:00Z",
            "Wed, 31 Dec 2025 22:30:00 GMT",
        ),
    ],
)
def test_dates_are_written_in_utc_to_the_second_with_four_digits_of_year(moment: datetime, atom: str, rss: str) -> None:
    assert (rfc3339(moment), rfc822(moment)) == (atom, rss)


@pytest.mark.parametrize(
    ("value", "tag"),
    [
        ("en", "en"),
        ("en_GB", "en-GB"),
        (" de ", "de"),
        ("", None),
        (None, None),
        ("english please", None),
        ("<b>", None),
    ],
)
def test_only_what_looks_like_a_language_tag_is_one(value: str | None, tag: str | None) -> None:
    assert language_tag(value) == tag


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.example/x?y=1&z=2#f", "https://a.example/x?y=1&z=2#f"),
        (" https://a.example/ ", "https://a.example/"),
        ("https://a.example/a b<c>", "https://a.example/a%20b%3Cc%3E"),
        ("https://a.example/é", "https://a.example/%C3%A9"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("HTTP://a.example/", "http://a.example/"),
        ("javascript:alert(1)", None),
        ("java\tscript:alert(1)", None),
        ("data:text/html,x", None),
        ("file:///etc/passwd", None),
        ("//a.example/", None),
        ("/relative", None),
        ("http://", None),
        ("http://a.example:99999/", None),
        ("http://[::1/", None),
        ('http://a"b.example/', None),
        ("http://a.example/" + "x" * 9000, None),
        ("", None),
        (None, None),
    ],
)
def test_only_absolute_web_addresses_pass_and_in_ascii(url: str | None, expected: str | None) -> None:
    assert web_url(url) == expected


@given(ANY_TEXT)
def test_no_address_raises_or_brings_markup_into_an_output(url: str) -> None:
    for candidate in (url, "http://" + url, "https://a.example/" + url):
        safe = web_url(candidate)

        assert safe is None or (safe.isascii() and not set(safe) & set('<>" \n\t'))


@pytest.mark.parametrize(
    ("url", "public"),
    [
        ("https://ada:pw@a.example/feed", "https://a.example/feed"),
        ("https://a.example/feed?token=abc&page=2", "https://a.example/feed?page=2"),
        ("https://a.example/feed?api_key=abc", "https://a.example/feed"),
        ("https://a.example/feed?format=rss", "https://a.example/feed?format=rss"),
        ("http://[::1/", "about:invalid"),
    ],
)
def test_passwords_and_tokens_do_not_survive_in_the_public_form(url: str, public: str) -> None:
    assert without_secret(url) == public
    assert has_secret(url) == (url != public)


@pytest.mark.parametrize(
    ("url", "private"),
    [
        ("https://a.example/", False),
        ("http://93.184.216.34/", False),
        ("http://127.0.0.1:8080/", True),
        ("http://10.0.0.1/", True),
        ("http://[::1]/", True),
        ("http://[2606:4700::1111]/", False),
        ("http://2130706433/", True),
        ("http://localhost/", True),
        ("http://intranet/", True),
        ("http://wiki.corp/", True),
        ("http://printer.local./", True),
        ("http://", True),
        ("http://[", True),
    ],
)
def test_private_hosts_are_told_from_public_ones_by_their_name(url: str, private: bool) -> None:
    assert is_private(url) is private
