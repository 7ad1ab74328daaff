"""An HTML page and plain text as one entry; the feeds behind a page."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from feedmill.feeds.outcome import Failure, FailureKind, RawDocument
from feedmill.ingest.parse import Candidate, discover, parse_any
from feedmill.ingest.parsed import ParsedFeed, Person

Make = Callable[..., RawDocument]

PAGE = """<!DOCTYPE html><html lang="en-GB"><head><title>Fog | Harbour</title>
<meta property="og:title" content="Fog at noon"><meta property="og:site_name" content="Harbour notes">
<meta property="article:published_time" content="2024-03-01T12:00:00Z">
<meta property="article:modified_time" content="2024-03-02T12:00:00Z">
<link rel="canonical" href="/fog"><base href="/posts/">
</head><body><nav>Home</nav><article><h1>Fog</h1><div class="entry-content"><p>Grey <b>all</b> day.</p></div>
<a rel="author" href="/ann">Ann  Lee</a></article><footer>No comments:</footer></body></html>"""


def one(outcome: ParsedFeed | Failure) -> ParsedFeed:
    assert isinstance(outcome, ParsedFeed)
    assert len(outcome.entries) == 1
    return outcome


def test_page(document: Make) -> None:
    """A page is one entry: what its head says of it, and its main container."""
    feed = one(parse_any(document(PAGE, url="https://harbour.example/p.html")))
    entry = feed.entries[0]

    assert feed.format == "html"
    assert feed.about.title is not None
    assert feed.about.title.value == "Harbour notes"
    assert entry.title is not None
    assert (entry.title.value, entry.title.kind) == ("Fog at noon", "text")
    assert entry.contents[0].value == "<p>Grey <b>all</b> day.</p>"
    assert entry.contents[0].base == "https://harbour.example/posts/"
    assert (entry.links[0].href, entry.links[0].base) == ("/fog", "https://harbour.example/posts/")
    assert (entry.published, entry.updated) == ("2024-03-01T12:00:00Z", "2024-03-02T12:00:00Z")
    assert entry.authors == (Person(name="Ann Lee", url="https://harbour.example/ann"),)
    assert entry.language == "en-GB"
    assert entry.id is None


@pytest.mark.parametrize(
    ("markup", "content"),
    [
        ("<main><p>m</p></main><p>b</p>", "<p>m</p>"),
        ("<article><p>a</p></article>", "<p>a</p>"),
        ("<article>x<div itemprop='articleBody'><p>i</p></div></article>", "<p>i</p>"),
        ("<article> </article><div class='post-body'><p>p</p></div>", "<p>p</p>"),
        ("<p>b</p>", "<p>b</p>"),
        ("<article><img src='x.jpg'></article>", '<img src="x.jpg">'),
    ],
)
def test_main_container(document: Make, markup: str, content: str) -> None:
    """The most telling container that holds something is the content."""
    feed = one(parse_any(document(f"<html><body>{markup}</body></html>")))

    assert feed.entries[0].contents[0].value == content


@pytest.mark.parametrize(
    ("markup", "title"),
    [
        ("<head><title> A  page </title></head><body>x", "A page"),
        ("<head><title>A page</title></head><body><h1>The <i>post</i></h1>x", "The post"),
        ("<body>x", None),
    ],
)
def test_page_title(document: Make, markup: str, title: str | None) -> None:
    """The heading before the title of the window; none is none."""
    entry = one(parse_any(document(f"<html>{markup}</html>"))).entries[0]

    assert (entry.title.value if entry.title else None) == title


def test_page_author_from_meta(document: Make) -> None:
    """Without a byline the head may name the author."""
    entry = one(parse_any(document("<html><meta name='Author' content='Bo (bo@harbour.example)'><p>x"))).entries[0]

    assert entry.authors == (Person(name="Bo", email="bo@harbour.example"),)


def test_empty_page(document: Make) -> None:
    """A page without words is an entry without content."""
    assert one(parse_any(document("<html><body></body></html>"))).entries[0].contents == ()


def test_plain_text(document: Make) -> None:
    """Plain text is one entry without a title, word for word."""
    text = "Low tide was early today.\n\nIt’s 3 < 5.\nNo comments:\nPost a Comment"
    feed = one(parse_any(document("\n" + text + "\n", url="")))

    assert feed.format == "text"
    assert feed.entries[0].title is None
    assert feed.entries[0].links == ()
    assert (feed.entries[0].contents[0].value, feed.entries[0].contents[0].kind) == (text, "text")


@pytest.mark.parametrize(
    ("body", "form"),
    [
        ("Low tide today.<br /><br />No comments:", "html"),
        ("Low tide today.<br>Fog at noon.<br>Rain.", "html"),
        ('Low tide, says <a href="/b">Bo</a>.', "html"),
        ('Low tide. <img src="tide.png">', "html"),
        ("Low tide is <em>early</em>.", "html"),
        ("In HTML a line ends with <br>, and a <p> begins a paragraph.", "text"),
        ("a < b, b > c, and List<String> is no element", "text"),
    ],
)
def test_markup_that_begins_with_words_is_markup(document: Make, body: str, form: str) -> None:
    """Somebody who writes about an element or two is not."""
    assert one(parse_any(document(body))).format == form


def test_feed_goes_first(document: Make) -> None:
    """A feed is read as a feed."""
    feed = one(parse_any(document("<rss><channel><item><title>x</title></item></channel></rss>")))

    assert feed.format == "rss20"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("", FailureKind.NOT_A_FEED),
        (" \n", FailureKind.NOT_A_FEED),
        ("\x00\x01", FailureKind.NOT_A_FEED),
        ('{"a": 1}', FailureKind.NOT_A_FEED),
        ("<html>" + "<div>" * 6000, FailureKind.UNPARSABLE),
        ("<html><p " + "a=1 " * 6000 + ">", FailureKind.UNPARSABLE),
        ("<rss><channel><item><title>x", FailureKind.UNPARSABLE),
    ],
    ids=["empty", "blank", "controls", "json", "deep", "crowded", "cut-off"],
)
def test_neither(document: Make, body: str, kind: FailureKind) -> None:
    """What is none of these is a failure, also a page that would take the tree builder minutes."""
    outcome = parse_any(document(body))

    assert isinstance(outcome, Failure)
    assert outcome.kind is kind


def test_discover_order(document: Make) -> None:
    """By type, each in document order; links of the site that look like feeds; comments last; each URL once."""
    page = """<html><head>
    <link rel="alternate" type="application/rss+xml" title="Comments" href="/comments/feed/">
    <link rel="alternate" type="application/feed+json" href="/feed.json">
    <link rel="alternate" type="application/rss+xml" title="All &amp; any" href="/feed/#top">
    <link rel="ALTERNATE home" type="application/atom+xml; charset=utf-8" href="atom.xml" title="x > y"/>
    <link rel=alternate type=application/rdf+xml href=/index.rdf>
    <link rel="alternate" type="text/xml" href="/some.xml">
    <link rel="feed" href="/hfeed">
    <!-- <link rel="alternate" type="application/atom+xml" href="/hidden"> -->
    <script>"<link rel='alternate' type='application/atom+xml' href='/script'>"</script>
    <link rel="alternate" type="application/json" href="/wp-json/1">
    <link rel="alternate stylesheet" type="application/rss+xml" href="/style">
    <link rel="alternate" type="text/html" href="/de/">
    <link rel="alternate" type="application/rss+xml" href="javascript:x">
    <link rel="alternate" type="application/rss+xml" href="">
    <link rel="alternate" type="application/rss+xml" href="http://[oops/">
    </head><body><a href="/rss.xml">Sub&shy;scribe</a><a href="/feed/">again</a><a href="https://other.example/feed">other</a>
    <a href="https://www.harbour.example/tags/feed">sub</a><a href="/about">about</a></body></html>"""
    found = discover(document(page, url="https://harbour.example/blog/"))

    assert [candidate.url for candidate in found] == [
        "https://harbour.example/blog/atom.xml",
        "https://harbour.example/feed/",
        "https://harbour.example/index.rdf",
        "https://harbour.example/feed.json",
        "https://harbour.example/some.xml",
        "https://harbour.example/hfeed",
        "https://harbour.example/rss.xml",
        "https://www.harbour.example/tags/feed",
        "https://harbour.example/comments/feed/",
    ]
    assert found[0] == Candidate(
        url="https://harbour.example/blog/atom.xml", title="x > y", media_type="application/atom+xml"
    )
    assert found[1].title == "All & any"


def test_discover_base(document: Make) -> None:
    """`base` counts; an invalid one does not."""
    link = "<link rel=alternate type=application/atom+xml href=a.xml>"
    with_base = discover(document(f"<base href='/x/'>{link}", url="https://harbour.example/"))
    without = discover(document(f"<base href='javascript:'>{link}", url="https://harbour.example/"))

    assert with_base[0].url == "https://harbour.example/x/a.xml"
    assert without[0].url == "https://harbour.example/a.xml"
    assert discover(document("just words")) == ()
