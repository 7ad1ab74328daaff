"""The same post from several sources is one entry; two posts about one thing are two.

Through the real command line, on loopback.
"""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import count

ARTICLE = "https://news.example/2026/the-bridge"


def serve(readers, write, name, *items, site=None):
    site = site or f"http://{name}.example"
    readers.subscribe(f"{name}.xml")
    readers.serve(f"{name}.xml", write.feed(items, site=site, title=name.title()))


def also_in(item):
    return item.get("_feedmill", {}).get("also_in", [])


def test_a_post_on_three_sites_is_one_entry_with_three_sources(readers, write):
    """Other links, other ids, the same words; the page names the others."""
    post = write.posts(1)[0]
    for name in ("ada", "bob", "eve"):
        serve(readers, write, name, write.change(post, guid=f"{name}-1", link=f"http://{name}.example/the-post"))

    readers.sync()

    (item,) = readers.items()
    assert sorted(
        [item["_feedmill"]["source"]["title"] if "source" in item["_feedmill"] else "Ada", *also_in(item)]
    ) == [
        "Ada",
        "Bob",
        "Eve",
    ]
    assert "also in" in (readers.planet.output / "index.html").read_text()


def test_what_the_feed_shows_as_one_is_one_in_the_months_the_search_and_the_archives(readers, write):
    """Also when newer posts have pushed it out of the feed; each blog's own feed keeps its copy."""
    post = write.posts(1)[0]
    copies = {name: write.change(post, guid=f"{name}-1", link=f"http://{name}.example/p") for name in ("ada", "bob")}
    for name, copy in copies.items():
        serve(readers, write, name, copy)
    with (readers.planet.folder / "feedmill.toml").open("a") as configuration:
        configuration.write("\n[[publication]]\nlimit = 1\n")
    readers.sync()
    (item,) = readers.items()
    newer = write.posts(3, start=10, newest=write.now)
    readers.serve("ada.xml", write.feed([*newer, copies["ada"]], title="Ada"))
    readers.sync()
    output = readers.planet.output
    folders = {path.parent.name: path.read_text() for path in output.glob("source/*/atom.xml")}
    archived = "".join(path.read_text() for path in output.glob("archive/*.xml"))
    titles = "".join(path.read_text() for path in output.glob("search/2*.json"))
    page = "".join(path.read_text() for path in output.glob("archive/2*.html"))

    assert item["id"] not in readers.order()
    assert archived.count(write.prose(post.number)) == 1
    assert f"<id>{item['id']}</id>" in archived
    assert titles.count(write.prose(post.number, 6)) == page.count(write.prose(post.number, 6)) * 2
    assert page.count(write.prose(post.number, 6)) == 1
    assert [write.prose(post.number) in text for text in folders.values()].count(True) >= 1


def test_two_bloggers_who_quote_one_article_are_two(readers, write):
    """The quotation is most of both; the words of their own differ. Nor when both link to the article itself."""
    quoted = f"<blockquote><p>{write.prose(5, 300)}</p></blockquote>"
    mine = write.Post(
        number=1, guid="a", link=ARTICLE, date=write.now, title="The bridge", text=write.prose(1) + quoted
    )
    its = write.Post(number=2, guid="b", link=ARTICLE, date=write.now, title="The bridge", text=write.prose(2) + quoted)
    bare = write.Post(number=3, guid="c", link="http://eve.example/1", date=write.now, title="Read this", text=quoted)
    same = write.Post(number=4, guid="d", link="http://kim.example/1", date=write.now, title="Quote", text=quoted)
    serve(readers, write, "ada", mine)
    serve(readers, write, "bob", its)
    serve(readers, write, "eve", bare)
    serve(readers, write, "kim", same)

    readers.sync()

    assert len(readers.items()) == 4
    assert [also_in(item) for item in readers.items()] == [[], [], [], []]


def test_the_authors_own_feed_is_preferred_over_a_planet_and_the_id_stays(readers, write):
    """The planet was there first: readers know the entry by its id. Its words and its source are the author's then."""
    post = write.posts(1)[0]
    passed_on = write.change(
        post,
        guid="planet-17",
        text=post.text or write.prose(1)[:120],
        extra='<source url="http://ada.example/feed">Ada</source>',
    )
    serve(readers, write, "planet", passed_on)
    readers.sync()
    assert readers.news() == [readers.items()[0]["title"]]
    known_as = readers.order()

    serve(readers, write, "ada", post)
    readers.sync()

    (item,) = readers.items()
    assert readers.order() == known_as
    assert readers.news() == []
    assert also_in(item) == ["Planet"]
    assert write.prose(1)[-40:] in item["content_html"]


def test_a_rebuilt_store_gives_a_shared_post_its_id_again_whichever_blog_answers_first(readers, write):
    """All that one tick finds was first seen when it began, though the clock moves on with every look at it."""
    from feedmill.build import Mill
    from feedmill.config.load import load

    post = write.posts(1)[0]
    for name in ("ada", "bob"):
        serve(readers, write, name, write.change(post, guid=f"{name}-1", link=f"http://{name}.example/the-post"))
    serve(readers, write, "eve", write.change(write.posts(1, start=9)[0], date=None))
    folder, known_as = readers.planet.folder, []
    for urls in (readers.urls, readers.urls[::-1]):
        readers.planet.configure(*urls, extra="workers = 1")
        for path in folder.glob("feedmill.db*"):
            path.unlink()
        minutes = (write.now + timedelta(minutes=passed) for passed in count())
        with Mill(load(folder / "feedmill.toml"), clock=minutes.__next__) as mill:
            mill.sync()
        known_as.append([(item["id"], item["date_published"]) for item in readers.items()])

    assert len(known_as[0]) == 2
    assert known_as[1][1] == known_as[0][1]
    assert known_as[1][0][0] == known_as[0][0][0]


def test_nearly_the_same_post_is_one_entry_and_two_again_without_the_other(readers, write):
    """Two words of a hundred were edited, and the link is another one: reversible, nothing is stored."""
    text = write.prose(3, 200)
    edited = text.replace("Neighbour", "Neighbor", 2)
    serve(readers, write, "ada", write.Post(3, "a", "http://ada.example/x", write.now, "Old clocks", text))
    serve(readers, write, "bob", write.Post(3, "b", "http://bob.example/y", write.now, "Old clocks", edited))

    readers.sync()
    assert len(readers.items()) == 1

    readers.urls.pop()
    readers.planet.configure(*readers.urls)
    readers.sync()
    assert [also_in(item) for item in readers.items()] == [[]]


def test_links_to_a_home_page_merge_nothing_and_query_ids_are_kept_apart(readers, write):
    """Microblogs that all link to one front page; ?p=1 is not ?p=2."""
    for name, number in (("ada", 1), ("bob", 2)):
        home = write.Post(
            number, f"{name}h", "http://home.example/", write.now, f"Hello {name}", write.prose(number, 20)
        )
        numbered = write.Post(
            number + 10,
            f"{name}p",
            f"http://home.example/?p={number}",
            write.now,
            f"P {name}",
            write.prose(number + 10, 20),
        )
        serve(readers, write, name, home, numbered)

    readers.sync()

    assert len(readers.items()) == 4


def test_a_merged_entry_is_written_once_in_every_format(readers, write):
    """atom.xml, rss.xml, feed.json and the page."""
    post = write.posts(1)[0]
    serve(readers, write, "ada", post)
    serve(readers, write, "bob", write.change(post, guid="copy"))

    readers.sync()

    out = readers.planet.output
    assert (out / "atom.xml").read_text().count("</entry>") == 1
    assert (out / "rss.xml").read_text().count("</item>") == 1
    assert len(json.loads((out / "feed.json").read_bytes())["items"]) == 1
