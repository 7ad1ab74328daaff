"""A document that was misread as a whole is read again as a whole: names, categories and its own words, too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest

from feedmill.feeds.entry import Entry
from feedmill.ingest.clean import DEFAULT_RECIPE
from feedmill.ingest.normalize import identify, normalize, normalize_channel, prepare
from feedmill.ingest.parsed import Category, ParsedEntry, ParsedFeed, ParsedSource, Person, Text

HERE = "https://ada.example/feed"
Publish = Callable[[ParsedFeed], Entry]


def misread(text: str) -> str:
    """UTF-8 taken for windows-1252."""
    return text.encode().decode("cp1252")


@pytest.fixture
def entry() -> ParsedEntry:
    return ParsedEntry(
        id="tag:ada.example,2020:é1",
        title=Text(value=misread("Un déjà vu")),
        contents=(
            Text(
                value=misread('<p>Très célèbre: <img src="/p/ü.png" alt="Le café" title="Là-haut"></p>'),
                kind="html",
            ),
        ),
        authors=(Person(name=misread("Valérie Hélène")),),
        categories=(Category(term="cinema", label=misread("Cinéma")), Category(term=misread("Été"))),
        rights=misread("© André"),
        source=ParsedSource(title=Text(value=misread("Lumière")), authors=(Person(name=misread("Zoé")),)),
    )


@pytest.fixture
def feed(entry: ParsedEntry) -> ParsedFeed:
    about = ParsedSource(
        title=Text(value=misread("Actualités")),
        subtitle=Text(value=misread("Tout l'été")),
        authors=(Person(name=misread("Équipe")),),
        rights=misread("Tous droits réservés"),
    )
    return ParsedFeed(format="rss20", about=about, entries=(entry,), base=HERE, podcast=(("itunes:name", "Zoé"),))


@pytest.fixture
def published(now: datetime) -> Publish:
    """The first entry of a feed as we publish it."""

    def first(feed: ParsedFeed) -> Entry:
        context = prepare(feed, source_url=HERE)
        return normalize(identify(feed, source_url=HERE)[0], context, now=now, recipe=DEFAULT_RECIPE)

    return first


def test_names_categories_rights_and_pictures_words_are_read_again_and_ids_and_addresses_are_not(
    feed: ParsedFeed, published: Publish
) -> None:
    made = published(feed)

    assert made.guid == "tag:ada.example,2020:é1"
    assert (made.title, made.rights) == ("Un déjà vu", "© André")
    assert [author.name for author in made.authors] == ["Valérie Hélène"]
    assert made.categories == ("Cinéma", "Été")
    assert (made.origin.title, made.origin.authors[0].name) == ("Lumière", "Zoé")
    assert 'alt="Le café"' in made.content_html
    assert "é" not in made.image
    assert made.image == "https://ada.example/p/%C3%83%C2%BC.png"


def test_the_feeds_own_words_are_read_again_with_its_entries(feed: ParsedFeed) -> None:
    about = normalize_channel(feed, source_url=HERE).about

    assert (about.title, about.subtitle) == ("Actualités", "Tout l'été")
    assert (about.authors[0].name, about.rights) == ("Équipe", "Tous droits réservés")


def test_a_feed_whose_entries_are_sound_may_be_called_what_it_likes(feed: ParsedFeed) -> None:
    """Trap 44: its name may be a joke about encodings."""
    sound = [ParsedEntry(id=str(number), title=Text(value=f"Café {number}")) for number in range(2)]

    assert normalize_channel(replace(feed, entries=tuple(sound)), source_url=HERE).about.title == misread("Actualités")


def test_a_feed_without_other_letters_is_judged_by_its_own_words(feed: ParsedFeed, published: Publish) -> None:
    plain = ParsedEntry(id="1", title=Text(value="Plain"), authors=(Person(name=misread("Zoé")),))
    feed = replace(feed, entries=(plain,))

    assert normalize_channel(feed, source_url=HERE).about.title == "Actualités"
    assert published(feed).authors[0].name == "Zoé"


def test_letters_whose_last_byte_means_nothing_in_windows_1252_are_read_again(published: Publish) -> None:
    """81, 8D, 8F, 90 and 9D; elsewhere they are nothing."""
    told = "Águas “altas” в Москве"
    damaged = "".join(
        chr(byte) if byte in b"\x81\x8d\x8f\x90\x9d" else bytes([byte]).decode("cp1252") for byte in told.encode()
    )
    entry = ParsedEntry(
        id="1",
        title=Text(value=damaged),
        contents=(Text(value=f"<p>{damaged} \x9d.</p>", kind="html"),),
    )

    made = published(ParsedFeed(format="rss20", entries=(entry,), base=HERE))

    assert made.title == told
    assert made.content_text == f"{told} ."
