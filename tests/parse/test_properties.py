"""What must always hold: mutated documents, the order of elements, the small rules."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml.etree import XMLSyntaxError

from feedmill.feeds.outcome import Failure, RawDocument
from feedmill.ingest.parse import charset, discover, guard, mapping, parse, parse_any, reading, repair, vocabulary
from feedmill.ingest.parse.fast import read_fast
from feedmill.ingest.parse.fast_tree import Unusual
from feedmill.ingest.parse.liberal import read_liberal
from feedmill.ingest.parsed import Category, ParsedEntry, ParsedFeed, Person, Text

URL = "https://feeds.example/feed.xml"
CASES = sorted((Path(__file__).parent / "cases").iterdir())
SEEDS = [body for body in (path.read_bytes() for path in CASES) if b"\n<title>" in body]
WHOLE = re.compile(rb"<(\w[\w:]*)[^<>]*>[^<]*</\1>|<\w[^<>]*/>")
PIECES = [
    b"&nbsp;", b"&#0;", b"&#150;", b"&", b"<", b">", b"<![CDATA[", b"]]>", b"</item>", b"<item>", b"<title>",
    b"</title>", b"<div>", b"\x00", b"\xff", b"\xc2\x93", b"<!--", b"-->", b"<!DOCTYPE x [<!ENTITY a 'b'>]>", b"<br/>",
]  # fmt: skip
ELEMENTS = [
    b"<author>a@b.example (N)</author>", b"<media:title>m</media:title>", b"<link/>", b"<guid/>", b"<description/>",
    b"<source url='x'>y</source>", b"<image><url>q</url></image>", b"<links>a</links>",
    b"<title_detail>1</title_detail>",
    b"<category/>", b"<content type='xhtml'><div>a<br/>b<summary>s</summary></div></content>", b"<hour>3</hour>",
    b"<foo xmlns='urn:x'><title>n</title></foo>",
    b"<itunes:category text='a'><itunes:category text='b'/></itunes:category>",
    b"<id>i</id>", b"<dc:date>2024</dc:date>", b"<updated/>", b"<link rel='self' href='s'/>", b"<content>c</content>",
]  # fmt: skip
ATTRIBUTES = [b" xml:lang='fr'", b" xml:lang=''", b" type='html'", b" type='xhtml'", b" xml:base='http://q.example/z/'",
              b" rel='self'", b" term='T'", b" foo='1'", b" url='u'"]  # fmt: skip


@st.composite
def mutants(draw: st.DrawFn) -> bytes:
    """A case with bytes flipped, cut, or pieces and whole elements put in; about half of them stay well-formed."""
    body = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.integers(1, 5))):
        way = draw(st.sampled_from(["element", "element", "attribute", "repeat", "piece", "flip", "cut", "end"]))
        spans = [found.span() for found in WHOLE.finditer(body)] or [(0, 0)]
        start, end = draw(st.sampled_from(spans))
        at = draw(st.integers(0, len(body)))
        if way == "element":
            body = body[:start] + draw(st.sampled_from(ELEMENTS)) + body[start:]
        elif way == "attribute":
            body = body[:start] + re.sub(
                rb"^<[\w:]+", lambda tag: tag.group() + draw(st.sampled_from(ATTRIBUTES)), body[start:]
            )
        elif way == "repeat":
            body = (
                body[:at] + body[start:end] + body[at:]
                if draw(st.booleans())
                else body[:start] + body[start:end] + body[start:]
            )
        elif way == "piece":
            body = body[:at] + draw(st.sampled_from(PIECES)) + body[at:]
        elif way == "flip":
            body = body[:at] + bytes([draw(st.integers(0, 255))]) + body[at + 1 :]
        elif way == "cut":
            body = body[:at] + body[at + draw(st.integers(1, 80)) :]
        else:
            body = body[:at]
    return body


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(mutants())
def test_mutants(body: bytes) -> None:
    """No mutant raises or takes a second, every entry survives its JSON, and the two readers agree where both read."""
    raw = RawDocument(body=body, url=URL)
    begin = time.process_time()
    outcome = parse(raw)
    parse_any(raw)
    discover(raw)

    assert time.process_time() - begin < 1
    if isinstance(outcome, Failure):
        assert outcome.detail
        return
    for entry in outcome.entries:
        assert ParsedEntry.from_json(entry.to_json()) == entry
    text, _ = charset.decode(body)
    text, _ = repair.strip_prolog(text)
    text, _ = repair.cut_to_feed(text)
    dialect = reading.dialect_of(text)
    for mend in (repair.mend_characters, repair.mend_references, repair.mend_root):
        text, _ = mend(text)
    if dialect not in ("rss20", "rss09x", "rss10", "atom10"):
        return
    try:
        fast = read_fast(text.encode("utf-8", "replace"), dialect=dialect, url=URL)
    except (Unusual, XMLSyntaxError):
        return
    liberal, well_formed = read_liberal(text, dialect=dialect, url=URL)
    # expat knows the names of XML 1.0 as of its fourth edition, libxml2 those of the fifth: some documents are
    # well-formed only to one of them.
    assert fast == liberal or not well_formed


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes(body: bytes) -> None:
    """No bytes raise."""
    for read in (parse, parse_any, discover):
        read(RawDocument(body=body, url=URL))


PARTS = {
    "title": "<title>Low tide</title>",
    "link": "<link>/1</link>",
    "guid": "<guid>g</guid>",
    "description": "<description>short</description>",
    "content": "<content:encoded>&lt;p&gt;long&lt;/p&gt;</content:encoded>",
    "media": "<media:description>caption</media:description>",
    "itunes": "<itunes:summary>notes</itunes:summary>",
    "date": "<pubDate>Mon, 04 Mar 2024 10:00:00 GMT</pubDate>",
    "source": "<source url='https://o.example/'>Other</source>",
    "category": "<category>boats</category>",
}


@settings(max_examples=60, deadline=None)
@given(st.permutations(sorted(PARTS)))
def test_order_of_elements(order: list[str]) -> None:
    """The order of the elements of an entry does not matter."""
    names = (
        'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:media="http://search.yahoo.com/mrss/" '
        'xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"'
    )

    def read(keys: list[str]) -> ParsedFeed:
        inside = "".join(PARTS[key] for key in keys)
        outcome = parse(
            RawDocument(body=f"<rss {names}><channel><item>{inside}</item></channel></rss>".encode(), url=URL)
        )
        assert isinstance(outcome, ParsedFeed)
        return outcome

    assert read(order) == read(sorted(PARTS))


@pytest.mark.parametrize(
    ("value", "person"),
    [
        ("", None),
        ("Ann Lee", Person(name="Ann Lee")),
        ("ann@b.example", Person(email="ann@b.example")),
        ("mailto:ann@b.example", Person(email="ann@b.example")),
        ("ann@b.example (Ann)", Person(name="Ann", email="ann@b.example")),
        ("Ann, ann@b.example", Person(name="Ann", email="ann@b.example")),
        ("Ann (ann@b.example)", Person(name="Ann", email="ann@b.example")),
        ("Ann <ann@b.example>", Person(name="Ann", email="ann@b.example")),
        ("ann@b.example.", Person(name=".", email="ann@b.example")),
        ("@ann", Person(name="@ann")),
        ("ann@localhost", Person(name="ann@localhost")),
    ],
)
def test_split_person(value: str, person: Person | None) -> None:
    """A name and an address are told apart."""
    assert mapping.split_person(value) == person


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        ("\ufeffé".encode(), "text/xml; charset=iso-8859-1", "é"),
        ("é".encode("utf-16"), "", "é"),
        ("\ufeff<é/>".encode("utf-16-be"), "text/xml; charset=utf-8", "<é/>"),
        ("<é/>".encode("utf-16-le"), "", "<é/>"),
        (b"\xff\xfe\x00\xd8<\x00", "", "\ufffd<"),
        (b"<a>\xe9</a>", "text/xml; charset=iso-8859-1", "<a>é</a>"),
        (b"<a>\x81</a>", "text/xml; charset=windows-1252", "<a>\ufffd</a>"),
        (b"<a>" + b"\x81" * 99, "text/xml; charset=windows-1252", "<a>" + "\ufffd" * 99),
        ("<é/>".encode(), "text/xml; charset=base64", "<é/>"),
        ("<é/>".encode(), "text/xml; charset='utf-16'", "<é/>"),
        (b"\xe9\xe8", "text/xml; charset=utf-8", "éè"),
        ("ééééé".encode() + b"\xff", "", "ééééé\ufffd"),
    ],
)
def test_charsets(body: bytes, content_type: str, text: str) -> None:
    """Mark, header, declaration, UTF-8, in this order; what cannot be is passed over (check 46)."""
    assert charset.decode(body, content_type)[0] == text


def test_plainly_utf8() -> None:
    """The short way is taken for UTF-8 only."""
    assert charset.is_plainly_utf8(b"\xef\xbb\xbf<a/>", "text/xml; charset=iso-8859-1")
    assert charset.is_plainly_utf8(b"<?xml version='1.0' encoding='UTF-8'?><a/>")
    assert charset.is_plainly_utf8(b"<a/>", "text/xml; charset=UTF8")
    assert not charset.is_plainly_utf8(b"<a/>", "text/xml; charset=iso-8859-1")
    assert not charset.is_plainly_utf8(b"\xff\xfe<\x00")
    assert not charset.is_plainly_utf8(b"<\x00a\x00")


@pytest.mark.parametrize(
    ("value", "title", "body"),
    [
        ("plain", "text", "text"),
        ("a < b", "text", "text"),
        ("AT&T", "text", "text"),
        ("<b>x</b>", "html", "html"),
        ("x<br>y", "text", "html"),
        ("&nosuch; </b>", "text", "html"),
        ("<T>x</T>", "text", "html"),
        ("a &amp; b", "html", "html"),
        ("<!-- x -->", "text", "html"),
    ],
)
def test_kinds(value: str, title: str, body: str) -> None:
    """A title is markup only beyond doubt; a description as soon as there is some."""
    assert (mapping.title_kind(value), mapping.body_kind(value)) == (title, body)


def test_bases() -> None:
    """A base that cannot be joined changes nothing."""
    assert mapping.join_base("https://a.example/", "http://[oops", URL) == "https://a.example/"
    assert mapping.join_base(None, "b/", "") is None
    assert mapping.join_base(None, "b/", URL) == "https://feeds.example/b/"


def test_categories() -> None:
    """A label stands in for a term."""
    assert mapping.tidy_categories([(None, None, "L"), (" ", "s", None)]) == (Category(term="L", label="L"),)


def test_descriptions() -> None:
    """Content of its own keeps a second description out; of empty ones the first stays."""
    a, b, c, empty = (Text(value=value) for value in ("a", "b", "c", ""))

    assert mapping.settle_descriptions([(0, a), (0, b)], [c]) == (a, (c,))
    assert mapping.settle_descriptions([(0, empty), (2, b)], []) == (b, ())
    assert mapping.settle_descriptions([(0, empty), (0, empty)], []) == (empty, ())


def test_namespaces() -> None:
    """A namespace is known under any spelling of its URI."""
    assert vocabulary.prefix_of(" HTTPS://search.yahoo.com/MRSS ") == "media"
    assert vocabulary.prefix_of("http://backend.userland.com/rss2") == ""
    assert vocabulary.prefix_of("urn:other") is None


def test_guard() -> None:
    """Depth is what stays open; an entry's end ends what was left open in it."""
    assert guard.refusal("<a>" * 10) is None
    assert guard.refusal("<rss><channel>" + "<item><p>x<br>y</item>" * 500 + "</channel></rss>") is None
    assert guard.refusal("<a>" * 300 + "<b") is not None
    assert guard.refusal("<a/>" * 300) is None
    assert guard.refusal("<a" * 300) is None


@pytest.mark.parametrize(
    "text",
    ["", "<!-- never ends", "<?pi", "<!doctype", "<!DOCTYPE x [ <a> ]", "<>", "< a", "<!x", "<?xml?><!-- c --><a/>"],
)
def test_prologs(text: str) -> None:
    """A prolog that never ends leaves nothing, or what follows it."""
    rest, _ = repair.strip_prolog(text)

    assert rest in ("", "<a/>", "<a> ]")


def test_truncation_without_order() -> None:
    """A cut-off document whose tags do not match anyway is left to the liberal reader."""
    text = "<rss><channel>" + "<x>" * 60 + "<item></item>"

    assert repair.close_truncated(text) == (text, ())
    assert repair.close_truncated("<rss>") == ("<rss>", ())
    assert repair.close_truncated("<item></item>") == ("<item></item>", ())
    assert repair.close_truncated("<rss><a></b><br/></a><item></item><")[0].endswith("</item></rss>")


def test_roots() -> None:
    """The dialect is that of the root element."""
    read: Callable[[str], str | None] = reading.dialect_of

    assert read("<rss version='0.92'>") == "rss09x"
    assert read("<rdf:RDF xmlns='http://my.netscape.com/rdf/simple/0.9/'>") == "rss09x"
    assert read("<feed version='0.3'>") == "atom03"
    assert read("<atom:feed>") == "atom10"
    assert read("<html>") is None
    assert read("") is None
