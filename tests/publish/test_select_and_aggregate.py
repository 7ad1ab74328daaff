"""select, aggregate, about: which entries, in which order, and what is told of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from feedmill.feeds.entry import Author, Origin
from feedmill.feeds.source import Channel
from feedmill.publish.aggregate import EMPTY, Edition, aggregate, sources_of
from feedmill.publish.select import select


def edition(bakery, entries, sources=None, **publication) -> Edition:
    return aggregate(
        bakery.publication(**publication),
        entries,
        sources if sources is not None else [bakery.source("ada"), bakery.source("bob")],
        feed_id="urn:uuid:1",
        generator_version="0.1.0",
    )


def test_entries_come_newest_first_and_equal_moments_by_id(bakery) -> None:
    one, two, three = bakery.entry(1), bakery.entry(2), bakery.entry(3)
    twin = replace(bakery.entry(9, "bob"), sort_at=two.sort_at)

    chosen = select([one, twin, three, two], limit=10)

    assert [stored.row for stored in chosen] == [3, 2, 9, 1]


def test_the_limit_cuts_the_oldest(bakery) -> None:
    assert [stored.row for stored in select([bakery.entry(n) for n in range(5)], limit=2)] == [4, 3]


def test_one_entry_of_several_sources_appears_once_and_the_earliest_wins(bakery) -> None:
    first = bakery.entry(1, "ada", id="tag:shared")
    second = replace(bakery.entry(2, "bob", id="tag:shared"), sort_at=first.sort_at + timedelta(hours=1))
    third = replace(bakery.entry(3, "ada", id="tag:shared"), sort_at=first.sort_at + timedelta(hours=2))

    chosen = select([second, third, first], limit=10)

    assert [(stored.source_url, stored.also_in) for stored in chosen] == [
        ("https://ada.example/feed.xml", ("https://bob.example/feed.xml",))
    ]
    assert edition(bakery, chosen).entries[0].also_in == ("The bob blog",)


def test_the_edition_is_dated_by_its_newest_update_and_never_by_now(bakery) -> None:
    entries = [bakery.entry(1), bakery.entry(2, updated=datetime(2026, 9, 1, tzinfo=UTC))]

    assert edition(bakery, entries).updated == datetime(2026, 9, 1, tzinfo=UTC)
    assert edition(bakery, []).updated == EMPTY


def test_an_entry_without_believable_dates_is_dated_by_when_it_was_first_seen(bakery) -> None:
    stored = bakery.entry(1, published=datetime(1, 1, 1, tzinfo=UTC), updated=None)

    (entry,) = edition(bakery, [stored]).entries

    assert (entry.published, entry.updated) == (None, stored.first_seen)


def test_an_undated_entry_is_told_under_its_stamp_in_every_format(bakery) -> None:
    """Ten of them are first seen in one second; readers that sort by date keep them in the order of their document."""
    stored = bakery.entry(1, published=bakery.entry(1).first_seen, updated=None)
    stamp = stored.first_seen - timedelta(seconds=3)

    (entry,) = edition(bakery, [replace(stored, stamp=stamp)]).entries

    assert (entry.published, entry.updated) == (stamp, stamp)


def test_every_entry_has_an_author_its_own_its_sources_or_the_sources_name(bakery) -> None:
    nameless = replace(bakery.source("bob"), channel=Channel(about=Origin(title="Bob's")))
    own = bakery.entry(1, authors=(Author(name=" Ada "), Author(name="Ada"), Author(name="", url="https://x.example/")))
    of_source = bakery.entry(2, authors=())
    of_title = bakery.entry(3, "bob", authors=())

    made = edition(bakery, [own, of_source, of_title], [bakery.source("ada"), nameless])

    assert [[author.name for author in entry.authors] for entry in made.entries] == [["Ada"], ["Ada"], ["Bob's"]]
    assert [len(entry.byline) for entry in made.entries] == [1, 0, 0]


def test_a_source_is_told_completely_with_the_entrys_own_date(bakery) -> None:
    (entry,) = edition(bakery, [bakery.entry(1)]).entries

    assert entry.source == Origin(
        id="tag:ada.example,2020:blog",
        title="The ada blog",
        url="https://ada.example/feed.xml",
        site_url="https://ada.example/",
        updated=entry.updated,
        subtitle="Notes & queries of ada",
        authors=(Author(name="Ada", url="https://ada.example/me"),),
        language="en-GB",
        rights="© ada",
        icon="https://ada.example/icon.png",
    )


def test_an_upstream_source_is_kept_and_only_completed(bakery) -> None:
    origin = Origin(title="Far away", url="https://far.example/feed", updated=datetime(2020, 5, 5, tzinfo=UTC))
    (entry,) = edition(bakery, [bakery.entry(1, origin=origin)]).entries

    assert entry.source.id == "https://far.example/feed"
    assert entry.source.title == "Far away"
    assert entry.source.updated == datetime(2020, 5, 5, tzinfo=UTC)
    assert entry.source_key == "https://far.example/feed"


def test_an_upstream_source_that_is_only_a_name_lends_its_name(bakery) -> None:
    (named,) = edition(bakery, [bakery.entry(1, origin=Origin(title="Guest column"))]).entries
    (odd,) = edition(bakery, [bakery.entry(1, origin=Origin(id="not a uri"))]).entries

    assert (named.source.title, named.source.id) == ("Guest column", "tag:ada.example,2020:blog")
    assert odd.source.id is not None
    assert odd.source.id.startswith("urn:uuid:")
    assert odd.source.title == "The ada blog"


def test_a_source_that_is_not_in_the_configuration_any_more_still_has_a_name(bakery) -> None:
    (entry,) = edition(bakery, [bakery.entry(1, "eve")], []).entries

    assert entry.source.title == "https://eve.example/feed.xml"


def test_passwords_and_private_hosts_of_sources_are_not_told_to_a_public_planet(bakery) -> None:
    record = bakery.source("ada")
    secret = replace(record, source=replace(record.source, url="https://ada:pw@ada.example/feed.xml"))
    stored = replace(bakery.entry(1), source_url=secret.source.url)

    (entry,) = edition(bakery, [stored], [replace(secret, channel=Channel())]).entries

    assert "pw" not in repr(entry.source)
    assert entry.source.url is None
    assert entry.source.title == "https://ada.example/feed.xml"


def test_a_private_planet_tells_its_private_sources(bakery) -> None:
    record = bakery.source("ada")
    local = replace(record, source=replace(record.source, url="http://127.0.0.1:9/feed"))
    stored = replace(bakery.entry(1), source_url=local.source.url)

    (public,) = edition(bakery, [stored], [local]).entries
    (private,) = edition(bakery, [stored], [local], url="http://127.0.0.1:8/").entries

    assert (public.source.url, private.source.url) == (None, "http://127.0.0.1:9/feed")


def test_a_summary_that_only_repeats_the_content_is_dropped(bakery) -> None:
    short = bakery.entry(1, summary="All of it.", content_html="<p>All of it.</p>", content_text="All of it.")
    (entry,) = edition(bakery, [short]).entries

    assert entry.summary == ""


def test_enclosures_are_web_addresses_once_each_with_sane_types(bakery) -> None:
    stored = bakery.entry(
        1,
        enclosures=(
            bakery.enclosure("a.mp3"),
            bakery.enclosure("a.mp3"),
            bakery.enclosure(url="javascript:alert(1)"),
            bakery.enclosure("b", media_type="<b>audio</b>", length=-5),
        ),
    )
    (entry,) = edition(bakery, [stored]).entries

    assert [(part.url, part.media_type, part.length) for part in entry.enclosures] == [
        ("https://ada.example/a.mp3", "audio/mpeg", 123456),
        ("https://ada.example/b", None, None),
    ]


def test_an_entry_that_cannot_be_made_is_left_out_and_reported(bakery) -> None:
    made = edition(bakery, [bakery.entry(1), bakery.entry(2, id=" \x00 ")])

    assert [entry.id for entry in made.entries] == ["https://ada.example/1"]
    assert made.problems == ("entry ' \\x00 ' of https://ada.example/feed.xml left out: it has no id",)


def test_a_tagged_publication_lists_its_own_sources_only(bakery) -> None:
    ada, bob, eve = bakery.source("ada"), bakery.source("bob"), bakery.source("eve")

    listed = sources_of(bakery.publication(tags=("Python",)), [ada, bob, eve], {bob.source.url})

    assert [record.source.url for record in listed] == [ada.source.url, bob.source.url]


def test_addresses_of_files_hang_on_the_publication(bakery) -> None:
    made = edition(bakery, [], formats=("atom", "html"), url="https://planet.example/sub/", path="sub")

    assert made.address("atom") == "https://planet.example/sub/atom.xml"
    assert made.address("html") == "https://planet.example/sub/"
    assert (made.offers("atom"), made.offers("rss")) == (True, False)


@pytest.mark.parametrize(
    ("summary", "text", "shown"),
    [
        ("Tic&nbsp;Tac <b>orange</b> &amp; lime", "Tic Tac orange & lime, and more", "Tic Tac orange & lime"),
        ("Write &amp; for an ampersand", "Write &amp; for an ampersand. Always.", "Write &amp; for an ampersand"),
        ("The <p> tag", "The <p> tag is a paragraph.", "The <p> tag"),
        ("<!-- SC_OFF --><div>Hey</div>", "Hey there", "Hey"),
        ("1 < 2 & 3", "", "1 < 2 & 3"),
    ],
)
def test_a_summary_says_words_and_no_markup(bakery, make_edition, summary: str, text: str, shown: str) -> None:
    (entry,) = make_edition(bakery.entry(1, summary=summary, content_text=text)).entries

    assert entry.summary == shown
