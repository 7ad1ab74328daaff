"""The entry that started it all: a Blogger post with the page's chrome stuck to its end."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from typing import Any

import pytest

CHROME = ("No comments:", "Post a Comment")

# The seed's shape in our own words: plain lines, straight apostrophes outside the quotation and curly quotes inside it,
# a long first sentence, the two lines of Blogger's page at the end.
POST = """\
The dispute over the harbour cranes and the men who were meant to drive them is settled, for now. But the port \
authority has shown that it can stop the docks when it wants to, and it's giving the council a way out.
Crane drivers at the U.K.'s third-largest port appeared to have ended their stoppage on Thursday, after their union \
told them to go back, to the relief of the captains waiting in the roads.
The drivers, who had slept two nights in the canteen, rolled up their blankets and walked out through Gate 4, saying \
they’d go on arguing in the council chamber instead.
“We all slept badly,” said Capt. Ilse Brandt, who speaks for the pilots. “It could have gone wrong in ten ways, and it \
went right.”
A clerk said he looked forward most of all to a hot breakfast.
And yes, this was done to keep the dredging bill off the front page. It could still end with an empty harbour, or an \
election, or both, but hey, what has the council ever got wrong, right?
No comments:
Post a Comment"""
TITLE = "The dispute over the harbour cranes and the men who were meant to drive them is settled, for now"


def blogger_feed(text: str, *, title: str = "") -> bytes:
    """The text as the content of a Blogger Atom feed's entry, line breaks as Blogger writes them."""
    content = escape(text.replace("\n", "<br />\n"))
    return f"""<?xml version='1.0' encoding='UTF-8'?>
<feed xmlns='http://www.w3.org/2005/Atom'><id>tag:blogger.com,1999:blog-42</id>
<updated>2020-01-02T10:00:00.000-08:00</updated><title type='text'>Harbour Notes</title>
<link rel='alternate' type='text/html' href='https://harbour.example/'/>
<generator version='7.00' uri='http://www.blogger.com'>Blogger</generator>
<entry><id>tag:blogger.com,1999:blog-42.post-1</id><published>2020-01-02T09:00:00.000-08:00</published>
<updated>2020-01-02T09:00:00.000-08:00</updated><title type='text'>{title}</title>
<content type='html'>{content}</content>
<link rel='alternate' type='text/html' href='https://harbour.example/2020/01/cranes.html' title='{title}'/>
<author><name>noreply@blogger.com (Ann)</name></author></entry></feed>""".encode()


def paragraphs(entry: dict[str, Any]) -> list[str]:
    return list(entry["content_text"].split("\n\n"))


def normalize(planet: Any, path: Path) -> dict[str, Any]:
    (document,) = [json.loads(planet.run("normalize", "--json", str(path)).stdout)]
    return dict(document)


def check(entry: dict[str, Any], text: str, title: str) -> None:
    """Title, every paragraph word for word, no chrome, a summary of whole sentences."""
    lines = text.split("\n")[:-2]
    assert entry["title"] == title
    assert paragraphs(entry) == lines
    assert entry["content_html"].count("<p>") == len(lines)
    for chrome in CHROME:
        assert chrome not in json.dumps([entry["content_html"], entry["content_text"], entry["summary"]])
    assert lines[0].startswith(entry["summary"]) or entry["summary"].startswith(lines[0])
    assert entry["summary"][-1] in ".?!”"


def cases(request: pytest.FixtureRequest) -> tuple[str, str]:
    if request.param == "own":
        return POST, TITLE
    seed = request.getfixturevalue("shared") / "seed" / "blogger-post.txt"
    title = "The siege of the US embassy in Baghdad by Iranian-controlled militia militants is over, for now"
    return seed.read_text(), title


@pytest.fixture(params=["own", "seed"])
def post(request: pytest.FixtureRequest) -> tuple[str, str]:
    return cases(request)


def test_the_post_as_a_file_is_one_clean_entry(planet: Any, post: tuple[str, str]) -> None:
    """`normalize FILE` gives the post, whole, and none of the chrome; the same again the second time."""
    text, title = post
    path = planet.folder / "post.txt"
    path.write_text(text)

    document = normalize(planet, path)

    (entry,) = document["entries"]
    check(entry, text, title)
    assert normalize(planet, path) == document


def test_normalizing_the_result_changes_nothing(planet: Any, post: tuple[str, str]) -> None:
    """The clean HTML, put back in as a JSON Feed entry, comes out as it went in."""
    path = planet.folder / "post.txt"
    path.write_text(post[0])
    (entry,) = normalize(planet, path)["entries"]
    item = {key: entry[key] for key in ("id", "title", "summary", "content_html", "language")}
    item["date_published"] = entry["published"]
    again = planet.folder / "again.json"
    again.write_text(json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "T", "items": [item]}))

    (second,) = normalize(planet, again)["entries"]

    for key in ("id", "title", "summary", "content_html", "content_text"):
        assert second[key] == entry[key], key


def test_the_post_in_a_blogger_feed_reaches_readers_clean(planet: Any, blogs: Any, post: tuple[str, str]) -> None:
    """Through sync and publish: the feed carries the post, a derived title, and no chrome."""
    text, title = post
    blogs.documents["feed"] = (blogger_feed(text), "application/atom+xml")
    planet.configure(blogs.url("feed"))

    _, summary = planet.sync()

    assert summary["new"] == 1
    (item,) = json.loads((planet.output / "feed.json").read_text())["items"]
    assert item["title"] == title
    assert item["id"] == "tag:blogger.com,1999:blog-42.post-1"
    assert item["content_html"].count("<p>") == len(text.split("\n")) - 2
    for name in ("atom.xml", "rss.xml", "feed.json", "index.html"):
        published = (planet.output / name).read_text()
        for chrome in CHROME:
            assert chrome not in published, (name, chrome)
