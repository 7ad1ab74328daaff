"""One poisonous entry never costs its feed or the publication."""

from __future__ import annotations

import json
from typing import Any

import pytest

GOOD = [
    {"id": f"https://a.example/{number}", "url": f"https://a.example/{number}", "title": f"Good {number}",
     "content_html": f"<p>Post number {number} is about bread and butter.</p>",
     "date_published": f"2024-03-0{number}T10:00:00Z"}
    for number in (1, 2)
]  # fmt: skip
POISON = {
    "control characters": {"title": "a\x00b\x0bc\x1b[31m", "content_html": "<p>x\x00y\x0cz\ufffe</p>"},
    "lone surrogate": {"title": "half \ud83d", "content_html": "<p>half a face \udc00 here</p>", "id": "urn:x:\ud800"},
    "empty title": {"title": "", "content_html": ""},
    "1 MB title": {"title": "long " * 200_000},
    "end of CDATA": {"title": "]]>", "content_html": "<p>]]> and ]]&gt; and <![CDATA[x]]></p>", "id": "]]>"},
    "year 0001": {"date_published": "0001-01-01T00:00:00Z", "date_modified": "9999-12-31T23:59:59Z"},
    "everything wrong at once": {
        "id": {"a": 1}, "title": ["x"], "url": "javascript:alert(1)", "content_html": 7, "tags": "x", "authors": [{}]
    },
}  # fmt: skip


def json_feed(*items: dict[str, Any]) -> bytes:
    """A JSON Feed; lone surrogates as the escapes that a careless program writes."""
    return json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "A", "items": list(items)}).encode()


@pytest.mark.parametrize("name", POISON)
def test_the_feed_and_the_publication_outlive_a_poisonous_entry(planet: Any, blogs: Any, name: str) -> None:
    """The good entries are published, every file is well-formed, and the next sync is calm."""
    from lxml import etree

    bad = {"id": "https://a.example/bad", "url": "https://a.example/bad", "title": "Bad",
           "content_html": "<p>bad</p>", **POISON[name]}  # fmt: skip
    blogs.documents["feed"] = (json_feed(GOOD[0], bad, GOOD[1]), "application/feed+json")
    planet.configure(blogs.url("feed"))

    _, summary = planet.sync()

    assert summary["failed"] == 0
    assert summary["new"] in (2, 3)
    published = json.loads((planet.output / "feed.json").read_text(encoding="utf-8"))
    assert {"Good 1", "Good 2"} <= {item["title"] for item in published["items"]}
    assert all(item["title"] for item in published["items"])
    for file in ("atom.xml", "rss.xml", "subscriptions.opml"):
        etree.parse(str(planet.output / file))
    assert "Good 1" in (planet.output / "index.html").read_text(encoding="utf-8")
    before = planet.files()
    _, again = planet.sync("--force")
    assert (again["new"], again["changed"]) == (0, 0)
    assert planet.files() == before


def test_the_same_poison_in_rss(planet: Any, blogs: Any) -> None:
    """Raw control characters and a year 0001 in XML: the document is repaired, the neighbours stay."""
    items = "".join(
        f"<item><guid>{number}</guid><title>{title}</title><link>https://b.example/{number}</link>"
        f"<pubDate>{date}</pubDate><description>{text}</description></item>"
        for number, title, date, text in (
            (1, "First", "Tue, 05 Mar 2024 10:00:00 GMT", "One good post about a boat."),
            (2, "Ba\x07d &#0; &#x1f;", "Mon, 01 Jan 0001 00:00:00 GMT", "]]&gt; \x0c &#55357;"),
            (3, "Third", "Wed, 06 Mar 2024 10:00:00 GMT", "Another good post about a river."),
        )
    )
    body = f'<?xml version="1.0"?><rss version="2.0"><channel><title>B</title>{items}</channel></rss>'
    blogs.documents["feed"] = (body.encode(), "application/rss+xml")
    planet.configure(blogs.url("feed"))

    _, summary = planet.sync()

    assert summary["new"] == 3
    titles = [item["title"] for item in json.loads((planet.output / "feed.json").read_text())["items"]]
    assert {"First", "Third"} <= set(titles)
