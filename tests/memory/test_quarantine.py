"""A feed that is not the blog's any more: nothing of it is shown, nothing that was there is lost.

Each through the real command line, on loopback.
"""

from __future__ import annotations

import pytest

GERMAN = (
    "Wir haben lange überlegt, ob dieses Angebot wirklich etwas taugt, und sind zu einem klaren Ergebnis gekommen. "
    "Jeder Spieler bekommt einen großzügigen Bonus, sobald die erste Einzahlung verbucht wurde. Auszahlungen dauern "
    "selten länger als zwei Werktage, und der Kundendienst antwortet zügig. Besonders gefallen uns die Automaten mit "
    "hohen Gewinnquoten sowie die Tische, an denen echte Croupiers sitzen. Wer sich heute anmeldet, erhält Freispiele. "
)
CASINO = (
    "Players who enjoy online casinos will love these jackpots. Deposit today, receive generous bonuses, spin premium "
    "slots, withdraw winnings instantly. Roulette, blackjack and poker tournaments await registered gamblers. "
    "Exclusive vouchers double every deposit. Licensed croupiers guarantee gambling entertainment worldwide. "
)


@pytest.fixture
def known(readers, write):
    """A planet that knows a blog of 20 posts."""
    old = write.posts(20)
    readers.subscribe("ada.xml")
    readers.serve("ada.xml", write.feed(old))
    readers.sync()
    readers.news()
    return old


def casino(write, count=6, **fields):
    site = "https://gluecksspiel.example"
    return [
        write.Post(
            number=n,
            guid=f"{site}/{n}",
            link=f"{site}/bonus-{n}",
            date=write.now,
            title=f"Der beste Bonus im Vergleich, Teil {n}",
            text=GERMAN + f"Das ist Ausgabe {n}. " + write.prose(0, 0),
            **fields,
        )
        for n in range(count)
    ]


def test_a_sold_domain_is_quarantined_until_it_is_released(readers, write, known):
    """Site, language and words changed at once: the old posts stay, nothing of the new is shown, not even its title."""
    before = readers.order()
    sold = write.feed(casino(write), site="https://gluecksspiel.example", title="Glücksspiel", language="de")
    readers.serve("ada.xml", sold)

    readers.sync()

    state = readers.state("ada.xml")
    assert (readers.news(), readers.order()) == ([], before)
    assert (state["state"], state["title"]) == ("held", "Ada")
    assert "the site changed from ada.example to gluecksspiel.example, the language from en to de" in state["detail"]
    assert "Glücksspiel" not in (readers.planet.output / "index.html").read_text()

    more = write.feed(casino(write, 8), site="https://gluecksspiel.example", title="Glücksspiel", language="de")
    readers.serve("ada.xml", more)
    readers.sync()
    assert (readers.news(), readers.state("ada.xml")["state"]) == ([], "held")

    assert "released 8 entries" in readers.planet.run("release", readers.urls[0]).stdout
    assert len(readers.news()) == 8
    readers.sync()
    state = readers.state("ada.xml")
    assert (state["state"], state["title"], state["detail"]) == ("active", "Glücksspiel", "")
    readers.sync()
    assert readers.state("ada.xml")["state"] == "active"


def test_a_takeover_that_rewrites_known_entries_changes_none(readers, write, known):
    """The ids of the old posts under the new owner's words: the old words stay until somebody has looked."""
    before = readers.items()
    stolen = [write.change(new, guid=old.guid) for new, old in zip(casino(write), known, strict=False)]
    readers.serve("ada.xml", write.feed(stolen, site="https://gluecksspiel.example", language="de"))

    readers.sync()

    assert readers.state("ada.xml")["state"] == "held"
    assert readers.items() == before
    readers.planet.run("release", readers.urls[0])
    readers.sync()
    assert [item["title"] for item in readers.items()].count("Der beste Bonus im Vergleich, Teil 1") == 1


def test_spam_among_the_posts_of_a_broken_in_site_is_held(readers, write, known):
    """The blog's own posts are still there; the new ones all link to one place that it never linked to."""
    spam = [
        write.Post(
            number=n,
            guid=f"spam-{n}",
            link=f"http://ada.example/spam-{n}",
            date=write.now,
            title=f"Jackpots await gamblers, edition {n}",
            text=f"{CASINO} Edition {n}. <a href='https://win-big.example/{n}'>Register</a>",
        )
        for n in range(4)
    ]
    readers.serve("ada.xml", write.feed([*spam, *known]))

    readers.sync()

    assert readers.news() == []
    assert "most new posts link to win-big.example" in readers.state("ada.xml")["detail"]
    assert "dropped 4 entries" in readers.planet.run("drop", readers.urls[0]).stdout
    readers.serve("ada.xml", write.feed(known))
    readers.sync()
    assert readers.state("ada.xml")["state"] == "active"


def test_a_blog_that_moves_and_goes_on_is_no_takeover(readers, write, known):
    """Another site, the same language and words."""
    more = write.posts(4, site="https://ada.elsewhere.example", start=30, newest=write.now)
    readers.serve("ada.xml", write.feed(more, site="https://ada.elsewhere.example"))

    readers.sync()

    assert len(readers.news()) == 4
    assert readers.state("ada.xml")["state"] == "active"


def test_a_post_in_another_language_is_no_takeover(readers, write, known):
    """On the same site."""
    foreign = write.Post(
        number=50, guid="de", link="http://ada.example/de", date=write.now, title="Auf Deutsch", text=GERMAN
    )
    readers.serve("ada.xml", write.feed([foreign, *known]))

    readers.sync()

    assert readers.news() == ["Auf Deutsch"]
    assert readers.state("ada.xml")["state"] == "active"


@pytest.mark.parametrize("title", ["Error 404", "Page not found", "This feed has moved", "Bridge returned error 500!"])
def test_an_error_that_comes_as_a_feed_is_no_post(readers, write, known, title):
    """It is shown in the status, and passes by itself when the feed is back."""
    before = readers.order()
    error = write.Post(number=1, guid="err", link="http://ada.example/", date=write.now, title=title, text="Sorry.")
    readers.serve("ada.xml", write.feed([error]))

    readers.sync()

    state = readers.state("ada.xml")
    assert (readers.news(), readers.order(), state["state"]) == ([], before, "held")
    assert f"in place of its posts the feed says “{title}" in state["detail"]
    readers.serve("ada.xml", write.feed([write.posts(1, start=21, newest=write.now)[0], *known]))
    readers.sync()
    assert (len(readers.news()), readers.state("ada.xml")["state"]) == (1, "active")


def test_an_error_that_gives_way_to_the_feed_as_it_was_is_over(readers, write, known):
    """Without anything new in it."""
    error = write.Post(number=1, guid="err", link="http://ada.example/", date=write.now, title="Error", text="Sorry.")
    readers.serve("ada.xml", write.feed([error]))
    readers.sync()
    readers.serve("ada.xml", write.feed(known))

    readers.sync()

    assert (readers.news(), readers.state("ada.xml")["state"]) == ([], "active")


def test_an_error_feed_that_is_released_is_taken_for_what_it_says(readers, write, known):
    """The operator has the last word."""
    error = write.Post(number=1, guid="err", link="http://ada.example/e", date=write.now, title="Error", text="A poem.")
    readers.serve("ada.xml", write.feed([error]))
    readers.sync()

    readers.planet.run("release", readers.urls[0])
    readers.sync()

    assert readers.news() == ["Error"]
    assert readers.state("ada.xml")["state"] == "active"


def test_a_page_in_place_of_the_feed_is_a_failure_and_costs_no_entry(readers, write, known):
    """A soft 404: status 200, HTML."""
    before = readers.order()
    readers.serve("ada.xml", b"<!doctype html><title>Not found</title><p>Nothing here.", "text/html")

    lines, _ = readers.planet.sync("--force", expect=1)

    assert lines[readers.urls[0]]["failure"] == "not_a_feed"
    assert readers.order() == before
