"""Whether a feed still is the one that was subscribed to."""

from __future__ import annotations

import pytest

from feedmill.ingest.takeover import Writing, find_takeover, is_error_feed, repeated_host


def writing(texts, language="en", htmls=None):
    return Writing(texts=texts, htmls=htmls or [""] * len(texts), languages=[language] * len(texts))


@pytest.fixture
def history(write):
    subjects = [
        "carpentry",
        "astronomy",
        "gardening",
        "orchestras",
        "lighthouses",
        "railways",
        "typography",
        "ceramics",
        "beekeeping",
    ]
    verbs = [
        "describes",
        "remembers",
        "questions",
        "restores",
        "explains",
        "translates",
        "examines",
        "publishes",
        "catalogues",
    ]
    places = [
        "harbour", "library", "workshop", "observatory", "kitchen", "museum", "orchard", "theatre", "monastery",
    ]  # fmt: skip
    return writing(
        [
            f"My {a} {b} something rather peculiar about that {c}"
            for a in subjects
            for b, c in zip(verbs, places, strict=True)
        ]
    )


FRENCH = (
    "Nous proposons maintenant des crédits immédiats avantageux, partout, toujours, vraiment, certainement, souvent, "
)
FOREIGN = [FRENCH + " ".join(f"parole{letter}{other}" for other in "abcdef") for letter in "abcd"]
SPAM = [
    "Jackpot winners collect enormous bonuses tonight, " + " ".join(f"reward{a}{b}" for b in "abcdef") for a in "abcd"
]
LINK = '<p><a href="https://casino.example/x">win</a></p>'


def test_site_language_and_words_changed_at_once(history):
    alarm = find_takeover(writing(FOREIGN, "fr"), history, sites=("ada.example", "credit.example"), own=set())

    assert alarm.reason == (
        "the site changed from ada.example to credit.example, the language from en to fr, and none of its words were "
        "used here before: it may have a new owner"
    )


def test_each_sign_alone_is_no_alarm(history):
    """Another site in the same language; another language on the same site; the same words."""
    sites = ("ada.example", "credit.example")

    assert find_takeover(writing(FOREIGN, "en-GB"), history, sites=sites, own=set()) is None
    assert find_takeover(writing(FOREIGN, "fr"), history, sites=None, own=set()) is None
    assert find_takeover(writing(history.texts, "fr"), history, sites=sites, own=set()) is None
    assert find_takeover(writing(FOREIGN, None), history, sites=sites, own=set()) is None


def test_two_signs_are_enough_where_nothing_of_the_old_posts_is_left(history):
    """The site or the language, beside words that were never used here; one who writes in two languages is no other."""
    sites = ("ada.example", "credit.example")

    moved = find_takeover(writing(FOREIGN, "en"), history, sites=sites, own=set(), replaced=True)
    foreign = find_takeover(writing(FOREIGN, "fr"), history, sites=None, own=set(), replaced=True)

    assert moved.reason.startswith("nothing of what it held is left, the site changed from ada.example to credit")
    assert foreign.reason.startswith("nothing of what it held is left, the language changed from en to fr, and none")
    assert find_takeover(writing(FOREIGN, "en"), history, sites=None, own=set(), replaced=True) is None
    assert find_takeover(writing(FOREIGN[:2], "fr"), history, sites=None, own=set(), replaced=True) is None
    half = Writing(texts=history.texts, htmls=history.htmls, languages=["fr", "en", "en", "en", "en", "en"])
    assert find_takeover(writing(FOREIGN, "fr"), half, sites=None, own=set(), replaced=True) is None


def test_languages_that_are_mixed_are_none(history):
    mixed = Writing(texts=FOREIGN, htmls=[""] * 4, languages=["fr", "fr", "en", "en"])

    assert find_takeover(mixed, history, sites=("a.example", "b.example"), own=set()) is None


def test_links_to_one_new_place_in_words_never_used_here_are_spam(history):
    alarm = find_takeover(writing(SPAM, htmls=[LINK] * 4), history, sites=None, own={"ada.example"})

    assert "most new posts link to casino.example" in alarm.reason
    assert find_takeover(writing(SPAM, htmls=[LINK] * 4), history, sites=None, own={"casino.example"}) is None
    assert find_takeover(writing(history.texts[:4], htmls=[LINK] * 4), history, sites=None, own=set()) is None
    linked = Writing(texts=history.texts, htmls=[LINK] * len(history.texts), languages=history.languages)
    assert find_takeover(writing(SPAM, htmls=[LINK] * 4), linked, sites=None, own=set()) is None


def test_a_short_history_or_a_short_document_says_nothing(history):
    sites = ("ada.example", "credit.example")
    short = writing(history.texts[:2])

    assert find_takeover(writing(FOREIGN, "fr"), short, sites=sites, own=set()) is None
    assert find_takeover(writing(["Bonjour"], "fr"), history, sites=sites, own=set()) is None


def test_a_part_of_known_words_is_told_in_percent(history):
    new = [" ".join(FOREIGN), " ".join(FOREIGN) + " carpentry"]
    alarm = find_takeover(writing(new, "fr"), history, sites=("a.example", "b.example"), own=set())

    assert "3% of its words" in alarm.reason


def test_a_script_without_spaces_is_compared_by_pairs_of_characters():
    old = writing(["木工と天文学について毎週書いているブログです図書館の記録と灯台の歴史を調べます"] * 3, "ja")
    new = writing(["现在注册即可获得丰厚奖金老虎机轮盘赌扑克比赛每日返现提款迅速客服全天在线欢迎加入"], "zh")

    assert find_takeover(new, old, sites=("a.example", "b.example"), own=set()) is not None


@pytest.mark.parametrize(
    "title",
    [
        "Error", "Error 404 (Not Found)", "404", "404 Not Found", "500 Internal Server Error", "Page not found",
        "Fehler", "Seite nicht gefunden", "Erreur 500", "This feed has moved", "Our RSS feed has been discontinued",
        "Access denied", "Bridge returned error 500! (19876)", "Account suspended", "503 Service Unavailable",
        "Feed no longer available", "Página no encontrada", "Forbidden", "Site under maintenance",
        "We will be back soon", "Wartungsarbeiten", "Site en maintenance", "Maintenance mode",
    ],
)  # fmt: skip
def test_what_only_says_that_something_is_wrong_is_no_post(title):
    assert is_error_feed([title], ["Please try again later."], known=0)


@pytest.mark.parametrize(
    "title",
    [
        "Errors I made in 2025", "Trial and error", "404 pages that made me smile, a collection", "Lost and found",
        "Why my blog is moving house", "500 miles", "How forbidden fruit became a trademark of the garden", "",
        "The maintenance of old lighthouses",
    ],
)  # fmt: skip
def test_a_post_about_mistakes_is_a_post(title):
    prose = "A long text about it. " * 30

    assert not is_error_feed([title], [prose], known=0)


def test_an_error_among_posts_or_many_of_them_are_posts():
    assert not is_error_feed(["Error"], ["x"], known=3)
    assert not is_error_feed(["Error"] * 3, ["x"] * 3, known=0)
    assert not is_error_feed([], [], known=0)


def test_a_host_is_repeated_when_most_entries_link_to_it_and_most_links_are_new():
    own = '<a href="https://www.ada.example/1">1</a>'

    assert repeated_host([LINK] * 3, set()) == "casino.example"
    assert repeated_host([LINK] * 2, set()) is None
    assert repeated_host([LINK] * 3, {"casino.example"}) is None
    assert repeated_host([LINK, own, own], {"ada.example"}) is None
    assert repeated_host([f'<a href="https://h{n}.example/">x</a>' for n in range(4)], set()) is None
