"""Entries as we publish them, rule by rule, and the notes that say so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from feedmill.feeds.entry import Author, Enclosure, Entry, Origin
from feedmill.ingest.clean import DEFAULT_RECIPE, CleanContext, Cleaned
from feedmill.ingest.content import Chosen, second_choice
from feedmill.ingest.normalize import FeedContext, _legal, fingerprint, identify, normalize, prepare
from feedmill.ingest.parsed import Category, Link, ParsedEntry, ParsedFeed, ParsedSource, Person, Text

SOURCE_URL = "https://blog.example/feed.xml"
NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
LONG = (
    "The mill by the river has turned since the spring, and nobody remembers who built it. "
    "Every morning the miller opens the gate and the wheel begins to move. "
    "Some say that the stones came from Spain, others that they were found in the river bed."
)
One = Callable[..., Entry]
Feed = Callable[..., ParsedFeed]


def html(value: str, **more: Any) -> Text:
    return Text(value=value, kind="html", **more)


def details(entry: Entry, field: str) -> list[str]:
    return [note.detail for note in entry.notes if note.field == field]


def all_of(feed: ParsedFeed, context: FeedContext | None = None) -> list[Entry]:
    context = context or prepare(feed, source_url=SOURCE_URL)
    return [normalize(item, context, now=NOW, recipe=DEFAULT_RECIPE) for item in identify(feed, source_url=SOURCE_URL)]


def test_a_complete_entry_comes_out_complete(normalized: One) -> None:
    entry = normalized(
        id="tag:blog.example,2026:1",
        links=(Link(href="/mill?utm_source=feed"),),
        title=html("The <em>mill</em> &amp; more"),
        summary=Text(value="A hand-written abstract of the post about the mill."),
        contents=(html(f"<p>{LONG}</p><p>The end of it.</p>"),),
        published="Mon, 04 May 2026 10:00:00 +0200",
        updated="2026-05-04T09:00:00Z",
        authors=(Person(name="ada@blog.example (Ada)", url="/ada"),),
        categories=(Category(term="Mills"), Category(term="Uncategorized")),
        enclosures=(Link(href="/mill.mp3", rel="enclosure", length="12"),),
        language="en_gb",
        rights="CC BY",
    )

    assert (entry.id, entry.guid) == ("tag:blog.example,2026:1", "tag:blog.example,2026:1")
    assert entry.url == "https://blog.example/mill"
    assert entry.title == "The mill & more"
    assert (entry.published, entry.updated) == (
        datetime(2026, 5, 4, 8, tzinfo=UTC),
        datetime(2026, 5, 4, 9, tzinfo=UTC),
    )
    assert entry.authors == (Author(name="Ada", url="https://blog.example/ada"),)
    assert entry.language == "en-GB"
    assert entry.summary == "A hand-written abstract of the post about the mill."
    assert entry.content_text == f"{LONG}\n\nThe end of it."
    assert entry.content_html.count("<p>") == 2
    assert entry.categories == ("Mills",)
    assert entry.enclosures == (Enclosure(url="https://blog.example/mill.mp3", media_type="audio/mpeg", length=12),)
    assert (entry.rights, entry.origin) == ("CC BY", None)
    assert details(entry, "url") == ["removed tracking: utm_source"]
    assert details(entry, "summary") == ["supplied by the feed"]


def test_an_entry_that_says_nothing_is_still_an_entry(normalized: One) -> None:
    entry = normalized()

    assert entry.id.startswith("urn:uuid:")
    assert entry.title == "blog.example"
    assert (entry.published, entry.updated, entry.url) == (NOW, None, None)
    assert (entry.content_html, entry.content_text, entry.summary) == ("", "", "")


# --- content ---


def test_full_content_is_preferred_to_the_description(normalized: One) -> None:
    assert (
        normalized(summary=html("<p>Short</p>"), contents=(html("<p>Long and different</p>"),)).content_text
        == "Long and different"
    )


def test_the_longer_of_two_texts_is_the_content_when_the_other_only_begins_it(normalized: One) -> None:
    entry = normalized(contents=(html("<p>The mill turns…</p>"),), summary=html("<p>The mill turns <b>again</b>.</p>"))

    assert entry.content_text == "The mill turns again."
    assert "the longer text" in details(entry, "content_html")[0]


def test_html_content_is_preferred_to_its_plain_twin(normalized: One) -> None:
    assert (
        normalized(contents=(Text(value="A link"), html('<p>A <a href="/x">link</a></p>'))).content_html.count("<a ")
        == 1
    )


def test_a_description_alone_is_the_content_and_the_summary_is_made_from_it(normalized: One) -> None:
    entry = normalized(summary=html(f"<p>{LONG}</p>"))

    assert entry.content_text == LONG
    assert entry.summary == LONG
    assert details(entry, "summary") == ["derived from the content"]


def test_plain_text_becomes_paragraphs_even_when_declared_as_html(normalized: One) -> None:
    for text in (
        Text(value="One & two.\n\nThree."),
        html("One &amp; two.\n\nThree."),
        Text(value="One &amp; two.\n\nThree.", guessed=True),
    ):
        assert normalized(contents=(text,)).content_text == "One & two.\n\nThree."


def test_plain_text_that_speaks_of_tags_keeps_them_as_text(normalized: One) -> None:
    entry = normalized(contents=(Text(value="Use <b> and <script>alert(1)</script> &amp; more"),))

    assert "&lt;b&gt;" in entry.content_html
    assert entry.content_text == "Use <b> and <script>alert(1)</script> &amp; more"


def test_spaces_that_were_escaped_twice_are_spaces_and_talk_of_them_is_kept(normalized: One) -> None:
    """Blogger's short feeds declare as plain text what still has entities in it."""
    post = normalized(summary=Text(value="The tide came in.&nbsp;&nbsp;We moved the boats &amp; the&nbsp;nets."))
    talk = normalized(summary=Text(value="Write `&nbsp;` or &nbsp; for a space that does not break; &amp; is another."))

    assert " ".join(post.content_text.split()) == "The tide came in. We moved the boats & the nets."
    assert talk.content_text == "Write `&nbsp;` or &nbsp; for a space that does not break; &amp; is another."


def test_markup_declared_as_plain_text_is_read_as_markup(normalized: One) -> None:
    entry = normalized(contents=(Text(value="<p>One</p>\n<p>Two</p>"),))

    assert entry.content_text == "One\n\nTwo"
    assert "it is markup" in details(entry, "content_html")[0]


def test_empty_contents_give_way_to_the_description(normalized: One) -> None:
    assert normalized(contents=(html(" \n"), Text(value="")), summary=Text(value="Words")).content_text == "Words"


def test_relative_addresses_resolve_against_xml_base_else_the_entry(normalized: One) -> None:
    link = (Link(href="/2026/mill"),)

    assert (
        'src="https://cdn.example/a.png"'
        in normalized(
            links=link, contents=(html('<p>x <img src="a.png"></p>', base="https://cdn.example/"),)
        ).content_html
    )
    assert (
        'src="https://blog.example/2026/a.png"'
        in normalized(links=link, contents=(html('<p>x <img src="a.png"></p>'),)).content_html
    )


def test_a_content_of_which_nothing_is_left_gives_way_to_the_summary(normalized: One) -> None:
    pixel = html('<img src="https://feeds.feedburner.com/~r/x/1" width="1" height="1">')
    entry = normalized(contents=(pixel,), summary=html(f"<p>{LONG}</p>"))

    assert entry.content_text == LONG
    assert details(entry, "content_html") == ["nothing is left of the content: the summary was taken"]
    assert second_choice(Chosen(), mojibake=False) == Chosen()


# --- summary ---


def test_a_supplied_summary_that_only_begins_the_content_is_not_used(normalized: One) -> None:
    teaser = f'<p>{LONG[:150]} […]</p><p>The post <a href="/x">x</a> appeared first on <a href="/">Ada</a>.</p>'
    entry = normalized(contents=(html(f"<p>{LONG}</p>"),), summary=html(teaser))

    assert entry.summary == LONG
    assert details(entry, "summary") == ["derived from the content"]


def test_a_summary_has_whole_sentences_up_to_280_characters(normalized: One) -> None:
    entry = normalized(contents=(html(f"<p>{LONG}</p><p>{LONG}</p>"),))

    assert entry.summary == LONG
    assert len(normalized(contents=(html(f"<p>Word {'and word ' * 60}end.</p>"),)).summary) <= 280


def test_a_summary_goes_on_to_the_next_paragraph_until_it_has_120_characters(normalized: One) -> None:
    entry = normalized(title=Text(value="T"), contents=(html(f"<p>Short start.</p><p>{LONG}</p>"),))

    assert entry.summary == f"Short start. {LONG}"


def test_a_summary_does_not_repeat_the_title_nor_show_code(normalized: One) -> None:
    entry = normalized(
        title=Text(value="The mill turns"), contents=(html(f"<p>The mill turns.</p><pre>x = 1</pre><p>{LONG}</p>"),)
    )

    assert entry.summary == LONG


def test_a_title_alone_is_its_own_summary(normalized: One) -> None:
    assert (
        normalized(title=Text(value="The mill turns"), contents=(html("<p>The mill turns.</p>"),)).summary
        == "The mill turns."
    )


# --- title ---


def test_a_missing_title_is_derived_and_a_given_one_is_not(normalized: One) -> None:
    entry = normalized(contents=(html(f"<p>{LONG}</p>"),))

    assert entry.title == "The mill by the river has turned since the spring, and nobody remembers who built it"
    assert details(entry, "title") == ["derived from the first sentence"]
    assert details(normalized(title=Text(value="Given"), contents=(html(LONG),)), "title") == []


def test_a_heading_that_became_the_title_is_not_said_twice(normalized: One) -> None:
    entry = normalized(contents=(html(f"<h2>The mill</h2><p>{LONG}</p>"),))

    assert entry.title == "The mill"
    assert entry.content_text == LONG


def test_without_text_the_date_is_the_title_unless_it_is_ours(normalized: One) -> None:
    assert normalized(published="2020-01-02T03:04:05Z").title == "Post of 2 January 2020"
    assert normalized(links=(Link(href="https://www.x.example/a"),)).title == "x.example"


# --- what the document as a whole shows ---


def test_the_sites_name_is_dropped_from_titles_that_all_carry_it(make_feed: Feed) -> None:
    feed = make_feed(
        *(ParsedEntry(id=str(n), title=Text(value=f"Post number {n} here - Ada's Blog")) for n in range(4))
    )

    assert [entry.title for entry in all_of(feed)] == [f"Post number {n} here" for n in range(4)]


def test_a_feed_that_stamps_all_entries_with_now_dates_none(make_feed: Feed) -> None:
    stamp = (NOW - timedelta(minutes=5)).isoformat()
    feed = make_feed(*(ParsedEntry(id=str(n), published=stamp) for n in range(4)))

    assert all("time of the fetch" in " ".join(details(entry, "published")) for entry in all_of(feed))
    assert prepare(make_feed(ParsedEntry(id="1", published=stamp)), source_url=SOURCE_URL).stamped is None


def test_a_feed_whose_entries_are_all_from_one_old_moment_is_believed(make_feed: Feed) -> None:
    feed = make_feed(*(ParsedEntry(id=str(n), published="2018-10-17T10:30:00Z") for n in range(4)))

    assert {entry.published for entry in all_of(feed)} == {datetime(2018, 10, 17, 10, 30, tzinfo=UTC)}


def test_mojibake_is_repaired_when_the_feed_shows_it_and_left_when_one_entry_speaks_of_it(make_feed: Feed) -> None:
    broken = ParsedEntry(id="1", title=Text(value="CafÃ© crÃ¨me"), summary=html("<p>dÃ©jÃ  vu, trÃ¨s cÃ©lÃ¨bre</p>"))
    sound = [ParsedEntry(id=str(n), title=Text(value=f"Café {n}")) for n in range(2, 5)]

    assert all_of(make_feed(broken))[0].title == "Café crème"
    assert all_of(make_feed(broken))[0].content_text == "déjà vu, très célèbre"
    assert all_of(make_feed(broken, *sound))[0].title == "CafÃ© crÃ¨me"


def test_the_language_is_the_entrys_else_the_contents_else_the_feeds_else_detected(make_feed: Feed) -> None:
    text = html(f"<p>{LONG} {LONG}</p>")

    assert all_of(make_feed(ParsedEntry(language="de", contents=(replace(text, language="fr"),))))[0].language == "de"
    assert all_of(make_feed(ParsedEntry(contents=(replace(text, language="fr"),))))[0].language == "fr"
    assert all_of(make_feed(ParsedEntry(contents=(text,)), language="it"))[0].language == "it"
    detected = all_of(make_feed(ParsedEntry(contents=(text,)), language=None))[0]
    assert detected.language == "en"
    assert details(detected, "language") == ["detected from the text"]
    assert all_of(make_feed(ParsedEntry(), language="klingonish"))[0].language is None


# --- origin ---


def test_the_source_of_a_planets_entry_is_kept_and_an_empty_one_is_none(normalized: One) -> None:
    source = ParsedSource(
        id="tag:up.example,2020:f", title=Text(value="Up"), links=(Link(href="https://up.example/f", rel="self"),)
    )

    assert normalized(source=source).origin == Origin(
        id="tag:up.example,2020:f", title="Up", url="https://up.example/f"
    )
    assert normalized(source=ParsedSource()).origin is None


def test_the_feeds_author_is_not_copied_down(make_feed: Feed) -> None:
    assert all_of(make_feed(ParsedEntry(), authors=(Person(name="Ada"),)))[0].authors == ()


# --- what cleaning found ---


def test_a_link_post_without_a_link_points_to_what_it_is_about(normalized: One) -> None:
    body = (
        '<p>A mill I liked.</p><p>submitted by <a href="https://www.reddit.com/user/ada">/u/ada</a> '
        '<a href="https://mill.example/tour">[link]</a> <a href="https://www.reddit.com/r/mills/1/">[comments]</a></p>'
    )
    entry = normalized(contents=(html(body),))

    assert entry.url == "https://mill.example/tour"
    assert details(entry, "url") == ["no link: the address that the entry is about"]
    assert normalized(contents=(html(body),), links=(Link(href="/a"),)).url == "https://blog.example/a"


def test_a_marked_byline_names_the_author_of_an_entry_that_names_none(normalized: One) -> None:
    byline = '<span class="post-author vcard">Posted by <span class="fn">Ada Berg</span></span>'
    body = f'<p>{LONG}</p><div class="post-footer">{byline}</div>'
    entry = normalized(contents=(html(body),))

    assert entry.authors == (Author(name="Ada Berg"),)
    assert details(entry, "authors") == ["taken from the byline in the content"]
    assert normalized(contents=(html(body),), authors=(Person(name="Bo"),)).authors == (Author(name="Bo"),)
    assert normalized(contents=(html(body.replace("Ada Berg", "admin")),)).authors == ()


def test_a_character_that_only_the_tree_made_does_not_get_through() -> None:
    made = Cleaned(html='<p><a href="java\x0bscript:x">a\x0b</a></p>')
    legal = _legal(made, CleanContext(), DEFAULT_RECIPE)

    assert "\x0b" not in legal.html
    assert "javascript:" not in legal.html


# --- fingerprint ---


def test_the_fingerprint_is_of_what_readers_see(normalized: One) -> None:
    entry = normalized(
        id="1", title=Text(value="T"), contents=(html(f"<p>{LONG}</p>"),), categories=(Category(term="a"),)
    )
    same = [
        replace(entry, notes=()),
        replace(entry, updated=NOW),
        replace(entry, id="urn:x:1"),
        replace(entry, content_text="x"),
    ]
    other = [
        replace(entry, title="U"),
        replace(entry, url="https://blog.example/x"),
        replace(entry, content_html="<p>x</p>"),
        replace(entry, summary="x"),
        replace(entry, authors=(Author(name="Ada"),)),
        replace(entry, categories=()),
        replace(entry, categories=("a", "b")),
        replace(entry, enclosures=(Enclosure(url="https://blog.example/x.mp3"),)),
        replace(entry, published=NOW - timedelta(days=1)),
        replace(entry, published=None),
    ]

    assert {fingerprint(entry), *map(fingerprint, same)} == {fingerprint(entry)}
    assert len({fingerprint(entry), *map(fingerprint, other)}) == len(other) + 1


# --- poison ---

POISON = [
    ParsedEntry(id="\x00\ud800", title=Text(value="\x00\ud800\ufffe"), summary=Text(value="\x0b\x00")),
    ParsedEntry(title=Text(value="x" * 1_000_000), contents=(html("]]>" * 1000),)),
    ParsedEntry(title=html("<b " + "a=1 " * 100_000 + ">t</b>"), contents=(html("<p " + "a=1 " * 20_000 + ">t</p>"),)),
    ParsedEntry(title=html(""), published="0001-01-01T00:00:00Z", updated="9999-12-31T23:59:59Z"),
    ParsedEntry(
        links=(Link(href="javascript:alert(1)"),), contents=(html("&#0;&#11;&#xFFFE;&#xD800;&#x110000;<p>ok</p>"),)
    ),
    ParsedEntry(contents=(html("<div>" * 3000 + "deep"),)),
    ParsedEntry(
        authors=(Person(name="\ud800" * 10, url="\x00"),), categories=(Category(term="\ud800\x00"),), language="\ud800"
    ),
    ParsedEntry(
        rights="\x00<b>\ud800", extras={"media:thumbnail": "\ud800"}, enclosures=(Link(href="\ud800", length="\ud800"),)
    ),
    ParsedEntry(contents=(html("<!--" * 10_000),)),
    ParsedEntry(contents=(Text(value="line\n" * 20_000),)),
]


@pytest.mark.parametrize("number", range(len(POISON)))
def test_a_poisonous_entry_comes_out_as_a_valid_one(normalized: One, number: int) -> None:
    entry = normalized(POISON[number])

    assert entry.title
    assert len(entry.title) <= 300
    assert entry.published is not None
    everything = repr([entry.content_html, entry.content_text, entry.title, entry.summary, entry.guid, entry.id])
    assert "\\x0" not in everything
    assert "\\ud8" not in everything
    fingerprint(entry).encode()
