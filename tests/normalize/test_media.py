"""Enclosures, lead image, categories."""

from __future__ import annotations

import pytest

from feedmill.feeds.entry import Enclosure
from feedmill.ingest.media import lead_image, read_categories, read_enclosures
from feedmill.ingest.parsed import Category, Link

BASE = "https://blog.example/"


def enclosure(href: str, media_type: str | None = None, length: str | None = None) -> Link:
    return Link(href=href, rel="enclosure", media_type=media_type, length=length)


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        (enclosure("/a.mp3", "audio/mpeg", "123"), Enclosure(url=BASE + "a.mp3", media_type="audio/mpeg", length=123)),
        (enclosure("/a.mp3", "Audio/MPEG; x=1", "0"), Enclosure(url=BASE + "a.mp3", media_type="audio/mpeg")),
        (enclosure("/a.mp3?x=1", "", "12:30"), Enclosure(url=BASE + "a.mp3?x=1", media_type="audio/mpeg")),
        (enclosure("/a.M4A", "nonsense", "-5"), Enclosure(url=BASE + "a.M4A", media_type="audio/mp4")),
        (enclosure("/a", None, "9" * 30), Enclosure(url=BASE + "a")),
        (enclosure("/a.xyz", None, "9007199254740993"), Enclosure(url=BASE + "a.xyz")),
        (enclosure("https://t.example/r/x.mp3?utm_source=rss&amp;b=1"),
         Enclosure(url="https://t.example/r/x.mp3?utm_source=rss&b=1", media_type="audio/mpeg")),
    ],
)  # fmt: skip
def test_an_enclosure_has_an_address_and_what_else_is_known(link: Link, expected: Enclosure) -> None:
    assert read_enclosures([link], base=BASE, content_html="") == (expected,)


def test_an_enclosure_without_a_web_address_is_none() -> None:
    assert (
        read_enclosures([enclosure("javascript:x"), enclosure(""), enclosure("magnet:?x")], base=BASE, content_html="")
        == ()
    )


def test_each_address_is_enclosed_once_with_the_best_of_what_was_said() -> None:
    links = [enclosure("/a", None, None), enclosure("/a", "audio/mpeg", "5"), enclosure("/a", "audio/ogg", "6")]

    assert read_enclosures(links, base=BASE, content_html="") == (
        Enclosure(url=BASE + "a", media_type="audio/mpeg", length=5),
    )


def test_there_is_an_end_to_enclosures() -> None:
    assert len(read_enclosures([enclosure(f"/{n}.jpg") for n in range(99)], base=BASE, content_html="")) == 50


def test_a_picture_that_stands_in_the_content_is_no_enclosure_unless_the_only_one() -> None:
    shown = f'<p><img src="{BASE}a.jpg?x=1&amp;y=2"></p>'
    picture, sound = enclosure("/a.jpg?x=1&y=2"), enclosure("/b.mp3")

    assert len(read_enclosures([picture], base=BASE, content_html=shown)) == 1
    assert [e.url for e in read_enclosures([picture, sound], base=BASE, content_html=shown)] == [BASE + "b.mp3"]


def test_the_lead_image_is_of_the_content_else_enclosed_else_a_thumbnail() -> None:
    enclosed = [
        Enclosure(url=BASE + "s.mp3", media_type="audio/mpeg"),
        Enclosure(url=BASE + "e.jpg", media_type="image/jpeg"),
    ]

    assert lead_image(BASE + "c.jpg", enclosed, {}, base=BASE) == BASE + "c.jpg"
    assert lead_image(None, enclosed, {"media:thumbnail": "/t.jpg"}, base=BASE) == BASE + "e.jpg"
    assert lead_image(None, [], {"media:thumbnail": "/t.jpg"}, base=BASE) == BASE + "t.jpg"
    assert lead_image(None, [], {"itunes:image": "data:image/png,x"}, base=BASE) is None
    assert lead_image(None, [], {}, base=BASE) is None


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (["Python", "python", " PYTHON "], ("Python",)),
        (["#mill", "##flour"], ("mill", "flour")),
        (["Uncategorized", "Allgemein", "Sin categoría", "Non classé", "未分類"], ()),
        (["bread, butter , Bread"], ("bread", "butter")),
        (["bread, butter", "salt"], ("bread, butter", "salt")),
        (["Uncategorized", "bread, butter"], ("bread", "butter")),
        (["R&amp;D", "Q&A"], ("R&D", "Q&A")),
        (["", " ", "#", "\x00"], ()),
        (["https://blog.example/tag/x", "tag:x,2020:y"], ()),
        (["e\u0301t\u00e9"], ("été",)),
        ([f"tag {n}" for n in range(30)], tuple(f"tag {n}" for n in range(20))),
        (["x" * 150], ("x" * 100,)),
    ],
)
def test_categories_are_names_once_each(written: list[str], expected: tuple[str, ...]) -> None:
    assert read_categories([Category(term=term) for term in written]) == expected
    assert read_categories([Category(term=term) for term in expected]) == expected


def test_a_label_is_preferred_and_bloggers_kind_is_no_category() -> None:
    written = [
        Category(term="py", label="Python"),
        Category(
            term="http://schemas.google.com/blogger/2008/kind#post", scheme="http://schemas.google.com/g/2005#kind"
        ),
        Category(term="Politics", scheme="http://www.blogger.com/atom/ns#"),
    ]

    assert read_categories(written, ["from the footer", "POLITICS"]) == ("Python", "Politics", "from the footer")
