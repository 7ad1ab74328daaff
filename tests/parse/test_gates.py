"""What the fast reader leaves to the liberal one, and that the entry is read all the same."""

from __future__ import annotations

from typing import Any, cast

import pytest

from feedmill.feeds.outcome import Failure, FailureKind, RawDocument
from feedmill.ingest.parse import parse, reading
from feedmill.ingest.parse.fast import read_fast
from feedmill.ingest.parse.fast_tree import Unusual
from feedmill.ingest.parsed import ParsedFeed

NAMES = (
    'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:media="http://search.yahoo.com/mrss/" '
    'xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" xmlns:xlink="http://www.w3.org/1999/xlink" '
    'xmlns:dcterms="http://purl.org/dc/terms/"'
)


def rss(item: str, channel: str = "", after: str = "") -> str:
    inside = f"<title>T</title>{channel}<item><title>Low tide</title>{item}</item>"
    return f'<rss version="2.0" {NAMES}><channel>{inside}</channel>{after}</rss>'


def atom(entry: str) -> str:
    return f'<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>Low tide</title>{entry}</entry></feed>'


UNUSUAL = {
    "two-channels": rss("", after="<channel><title>other</title></channel>"),
    "entry-beside-channel": rss("", after="<entry><title>other</title></entry>"),
    "unknown-default-namespace": rss("<guid xmlns='urn:x'>g</guid>"),
    "known-prefix-other-namespace": rss("<dc:creator xmlns:dc='urn:x'>Ann</dc:creator>"),
    "typed-encoded": rss("<content:encoded type='text'>x</content:encoded>"),
    "typed-rss-text": rss("<description type='xhtml'>x</description>"),
    "group-with-a-stranger": rss("<media:group><title>m</title></media:group>"),
    "category-with-a-stranger": rss("<itunes:category text='a'><title>m</title></itunes:category>"),
    "foreign-attribute": rss("<enclosure xlink:href='/a' url='/b'/>"),
    "image-with-a-stranger": rss("", channel="<image><odd/><url>/i.png</url></image>"),
    "input-with-a-stranger": rss("", channel="<textInput><odd/></textInput>"),
    "hours-with-a-stranger": rss("", channel="<skipHours><odd/></skipHours>"),
    "words-in-a-source": rss("<source>words<title>t</title></source>"),
    "words-in-an-author": rss("<author>words<name>n</name></author>"),
    "a-stranger-in-an-author": rss("<author><name>n</name><title>t</title></author>"),
    "image-in-an-entry": rss("<image><title>i</title></image><description><b>x</b></description>"),
    "rights-in-xhtml": atom("<rights type='xhtml'><div>r</div></rights>"),
    "mode": atom("<content mode='escaped'>c</content>"),
    "binary": atom("<content type='image/png'>aGVsbG8=</content>"),
    "linked-attribute": atom("<content type='xhtml'><div xmlns:z='urn:z'><p z:a='{'>x</p></div></content>"),
    "full-void": atom("<content type='xhtml'><div><br>x</br></div></content>"),
}


@pytest.mark.parametrize("name", UNUSUAL)
def test_unusual(name: str) -> None:
    """The fast reader passes, and the entry keeps its title."""
    text = UNUSUAL[name]
    dialect = reading.dialect_of(text)
    assert dialect is not None
    with pytest.raises(Unusual):
        read_fast(text.encode(), dialect=dialect, url="")
    feed = parse(RawDocument(body=text.encode(), url=""))

    assert isinstance(feed, ParsedFeed)
    assert feed.entries[0].title is not None
    assert feed.entries[0].title.value == "Low tide"


@pytest.mark.parametrize(
    ("text", "dialect"),
    [
        ("<!DOCTYPE rss><rss/>", "rss20"),
        ("<rss/>", "atom10"),
        ("<feed/>", "atom10"),
        ("<rss>" + "<x>" * 210 + "</x>" * 210 + "</rss>", "rss20"),
    ],
    ids=["doctype", "root", "namespace", "depth"],
)
def test_not_for_the_fast_reader(text: str, dialect: str) -> None:
    """It refuses what its caller should have kept from it."""
    with pytest.raises(Unusual):
        read_fast(text.encode(), dialect=dialect, url="")


def agreed(text: str) -> ParsedFeed:
    """The document as both readers see it."""
    dialect = reading.dialect_of(text)
    assert dialect is not None
    fast = read_fast(text.encode(), dialect=dialect, url="")
    liberal = reading._read_liberal(text, dialect, "")

    assert fast == liberal
    return fast


def test_both_readers_on_rare_elements() -> None:
    """Rare elements mean the same to both."""
    entry = agreed(
        rss(
            "<media:category scheme='s' label='l'>m</media:category><category term='a'>b</category>"
            "<media:keywords>k, l</media:keywords><media:content/><dcterms:created>2024</dcterms:created>"
            "<itunes:keywords text='x,y'/><media:content url='/f.bin'/><description>a&#9;&#169;b</description>"
            "<comments x='1'>/c</comments>"
        )
    ).entries[0]

    assert [(row.term, row.scheme, row.label) for row in entry.categories] == [
        ("m", "s", "l"),
        ("a", None, None),
        ("b", None, None),
        ("k", None, None),
        ("l", None, None),
        ("x", "http://www.itunes.com/", None),
        ("y", "http://www.itunes.com/", None),
    ]
    assert entry.enclosures == ()
    assert entry.comments == "/c"


def test_image_in_an_entry_is_passed_over() -> None:
    """The title of an image inside an entry is nobody's."""
    entry = agreed(rss("<image><title>i</title><url>/i.png</url></image>")).entries[0]

    assert entry.title is not None
    assert entry.title.value == "Low tide"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("<?xml version='1.0'?>\n<?xml version='1.0'?><rss><channel/></rss>", "second XML declaration"),
        ("<rss xmlns:z=' urn:z\n'><channel><z:a/></channel></rss>", "white space inside namespace names"),
        ("<rss><channel><title>&#65;&#x42; &amp; &nope; &copy;</title></channel></rss>", "bare ampersands"),
        ("<rss><channel><item><b></i></item><item><a><c></a></item><item><title>x", "cut off"),
    ],
)
def test_repairs_are_noted(body: str, words: str) -> None:
    """Each repair leaves a note."""
    feed = parse(RawDocument(body=body.encode(), url=""))

    assert isinstance(feed, ParsedFeed)
    assert any(words in note.detail for note in feed.notes)


def test_fence_around_feedparser() -> None:
    """Whatever feedparser raises becomes a failure that names it."""
    outcome: Any = reading._read_liberal(cast(str, None), "rss20", "")

    assert outcome == Failure(kind=FailureKind.UNPARSABLE, detail="the feed could not be read: AttributeError")


def test_colon_in_a_name() -> None:
    """A name with two colons costs its element at most."""
    text = '<rss version="2.0"><channel><item><title>Low tide</title><a:b:c xmlns:a="urn:a"/></item></channel></rss>'
    feed = parse(RawDocument(body=text.encode(), url=""))

    assert isinstance(feed, ParsedFeed)
    assert len(feed.entries) == 1
