"""What holds for every entry, however it was written: legal, absolute, aware; and normalizing again changes nothing."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from feedmill.feeds.entry import Entry
from feedmill.ingest.clean import DEFAULT_RECIPE
from feedmill.ingest.normalize import fingerprint, identify, normalize, prepare
from feedmill.ingest.parsed import Category, Link, ParsedEntry, ParsedFeed, ParsedSource, Person, Text

SOURCE_URL = "https://blog.example/feed.xml"
NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

_PIECES = """The mill turns.
U.S. &amp; &lt; <b> </b> <p> </p> <br> <h2> </h2> <img\tsrc=a.png\talt=x> <a\thref=/x>
</a> <pre> </pre>
“quoted” é e\u0301 \u200b \x00 \ud800 \xa0? café … — https://x.example/?utm_source=a No.\u00a05 Labels:
&#11; &nbsp; ]]> <script>x</script> <!-- 🙂 日本語。 word word word, and words"""
WORDS = st.sampled_from(["\n", "\n\n", *re.split("[ \n]", _PIECES)])
PHRASE = st.lists(WORDS, max_size=12).map(" ".join)
# Without the letters that mojibake begins with: whether it is repaired depends on the document around the entry.
ANYTHING = st.text(st.characters(exclude_categories=(), exclude_characters="ÂÃâÐÑ"), max_size=30)
VALUE = PHRASE | ANYTHING
TEXT = st.builds(
    Text,
    value=VALUE,
    kind=st.sampled_from(["text", "html"]),
    guessed=st.booleans(),
    language=st.sampled_from([None, "en", "x y"]),
)
ADDRESS = (
    st.sampled_from(
        [
            "/a",
            "b/../c?utm_source=x#y",
            "https://x.example",
            "javascript:x",
            "//y.example/é",
            "",
            "http://[",
            "www.z.example",
        ]
    )
    | ANYTHING
)
LINK = st.builds(
    Link,
    href=ADDRESS,
    rel=st.sampled_from(["alternate", "self", "enclosure", ""]),
    length=st.none() | st.sampled_from(["1", "x"]),
)
DATE = (
    st.none()
    | st.sampled_from(
        ["2020-01-02T03:04:05Z", "Mon, 01 Jan 0001 00:00:00 GMT", "2026-05-05T11:00:00Z", "2030-01-01", "x"]
    )
    | ANYTHING
)
PERSON = st.builds(Person, name=VALUE, url=st.none() | ADDRESS)
SOURCE = st.builds(
    ParsedSource,
    id=st.none() | ANYTHING,
    title=st.none() | TEXT,
    links=st.lists(LINK, max_size=2).map(tuple),
    updated=DATE,
)
ENTRY = st.builds(
    ParsedEntry,
    id=st.none() | ADDRESS,
    id_is_permalink=st.sampled_from([None, True, False]),
    links=st.lists(LINK, max_size=3).map(tuple),
    title=st.none() | TEXT,
    summary=st.none() | TEXT,
    contents=st.lists(TEXT, max_size=2).map(tuple),
    published=DATE,
    updated=DATE,
    authors=st.lists(PERSON, max_size=2).map(tuple),
    categories=st.lists(st.builds(Category, term=VALUE), max_size=3).map(tuple),
    enclosures=st.lists(LINK, max_size=2).map(tuple),
    language=st.none() | ANYTHING,
    rights=st.none() | VALUE,
    source=st.none() | SOURCE,
)
FEEDS = st.builds(
    ParsedFeed,
    format=st.just("rss20"),
    about=SOURCE,
    entries=st.lists(ENTRY, max_size=4).map(tuple),
    base=st.just(SOURCE_URL),
)


def normalize_all(feed: ParsedFeed) -> list[Entry]:
    context = prepare(feed, source_url=SOURCE_URL)
    return [normalize(item, context, now=NOW, recipe=DEFAULT_RECIPE) for item in identify(feed, source_url=SOURCE_URL)]


def strings(entry: Entry) -> list[str]:
    texts = [
        entry.id,
        entry.guid,
        entry.title,
        entry.summary,
        entry.content_html,
        entry.content_text,
        entry.rights or "",
        *entry.categories,
    ]
    texts += [author.name for author in entry.authors]
    texts += [note.detail for note in entry.notes]
    if entry.origin:
        texts += [entry.origin.id or "", entry.origin.title, entry.origin.subtitle, entry.origin.rights or ""]
    return texts


def addresses(entry: Entry) -> list[str]:
    found = [entry.url, entry.image, *(author.url for author in entry.authors), *(e.url for e in entry.enclosures)]
    if entry.origin:
        found += [entry.origin.url, entry.origin.site_url, entry.origin.icon, entry.origin.logo]
    return [url for url in found if url is not None]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(FEEDS)
def test_every_entry_comes_out_legal_absolute_and_dated(feed: ParsedFeed) -> None:
    for entry in normalize_all(feed):
        assert not [text for text in strings(entry) if ILLEGAL.search(text)]
        assert all(re.match(r"https?://[^/]", url) and url.isascii() for url in addresses(entry))
        for date in (entry.published, entry.updated):
            assert date is None or datetime(1990, 1, 1, tzinfo=UTC) <= date <= NOW + timedelta(hours=24)
        assert entry.published is not None
        assert 0 < len(entry.title) <= 300
        assert "\n" not in entry.title
        assert len(entry.summary) <= 280
        assert fingerprint(entry)


def written_again(entry: Entry) -> ParsedEntry:
    """The entry as a good feed would carry it."""
    return ParsedEntry(
        id=entry.guid,
        links=(Link(href=entry.url),) if entry.url else (),
        title=Text(value=entry.title),
        summary=Text(value=entry.summary) if entry.summary else None,
        contents=(Text(value=entry.content_html, kind="html"),) if entry.content_html else (),
        published=entry.published.isoformat() if entry.published else None,
        updated=entry.updated.isoformat() if entry.updated else None,
        authors=tuple(Person(name=author.name, url=author.url) for author in entry.authors),
        categories=tuple(Category(term=term) for term in entry.categories),
        enclosures=tuple(
            Link(href=e.url, rel="enclosure", media_type=e.media_type, length=str(e.length or ""))
            for e in entry.enclosures
        ),
        language=entry.language,
        rights=entry.rights,
    )


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ENTRY)
@example(ParsedEntry(summary=Text(value="Only a summary.")))
def test_normalizing_the_result_again_changes_nothing_that_readers_see(parsed: ParsedEntry) -> None:
    about = ParsedSource(links=(Link(href="https://blog.example/"),))
    [once] = normalize_all(ParsedFeed(format="atom10", about=about, entries=(parsed,), base=SOURCE_URL))
    [twice] = normalize_all(ParsedFeed(format="atom10", about=about, entries=(written_again(once),), base=SOURCE_URL))

    assert twice.title == once.title
    assert twice.content_html == once.content_html
    assert twice.content_text == once.content_text
    assert (twice.published, twice.updated) == (once.published, once.updated)
    assert (twice.authors, twice.categories, twice.enclosures) == (once.authors, once.categories, once.enclosures)
    assert twice.language == once.language
    assert twice.summary == once.summary
