"""Two snapshots of a blog, one output: what readers see as new is what is new, and nothing else.

Each through the real command line, on loopback.
"""

from __future__ import annotations

from datetime import timedelta

from feedmill.build import Mill
from feedmill.config.load import load


def new_post(write, **fields):
    given = {
        "number": 99,
        "guid": "new-99",
        "link": "http://ada.example/2026/news",
        "date": write.now,
        "title": "Really new",
    }
    return write.Post(**{**given, **fields})


def begin(readers, write, items, **about):
    readers.subscribe("ada.xml")
    readers.serve("ada.xml", write.feed(items, **about))
    readers.sync()
    assert len(readers.news()) == len(items)
    return readers.order()


def again(readers, write, items, **about):
    readers.serve("ada.xml", write.feed(items, **about))
    lines, _ = readers.sync()
    return readers.news(), lines[readers.urls[0]]


def test_a_change_of_all_guids_is_no_news(readers, write):
    """Other software, other ids: links, titles and dates tell who is who; ids and order in the feeds stay."""
    old = write.posts(20)
    order = begin(readers, write, old)
    moved = [write.change(post, guid=f"urn:x-export:{post.number * 31}") for post in old]

    news, line = again(readers, write, [new_post(write), *moved])

    assert news == ["Really new"]
    assert line["new"] == 1
    assert readers.order()[1:] == order
    assert readers.state("ada.xml")["state"] == "active"


def test_a_move_to_another_domain_is_no_news(readers, write):
    """Guids, links and the site are all on the new domain; the links in the feeds are those of the new one."""
    order = begin(readers, write, write.posts(20))

    moved = write.posts(20, site="https://ada-writes.example")
    news, _ = again(readers, write, [new_post(write), *moved], site="https://ada-writes.example")

    assert news == ["Really new"]
    assert readers.order()[1:] == order
    assert all(item["url"].startswith("https://ada-writes.example/") for item in readers.items()[1:])


def test_a_move_of_a_feed_without_dates_is_no_news(readers, write):
    """Paths and titles are enough, in place of dates, and with text too short to be compared."""
    undated = [write.change(post, date=None, text="Two words.") for post in write.posts(12)]
    order = begin(readers, write, undated)
    moved = [
        write.change(post, guid=post.guid.replace("ada", "eve"), link=post.link.replace("ada", "eve"))
        for post in undated
    ]

    news, _ = again(readers, write, [new_post(write, date=None), *moved], site="http://eve.example")

    assert news == ["Really new"]
    assert readers.order()[1:] == order


def test_the_turn_to_https_is_no_news(readers, write):
    """Of guids as of links."""
    old = write.posts(15)
    order = begin(readers, write, old)
    secure = [
        write.change(post, guid=post.guid.replace("http:", "https:"), link=post.link.replace("http:", "https:"))
        for post in old
    ]

    news, _ = again(readers, write, [new_post(write), *secure])

    assert news == ["Really new"]
    assert readers.order()[1:] == order


def test_a_move_and_back_is_no_news_either(readers, write):
    """The former guid is known still, and a document that holds both names of a post shows it once."""
    old = write.posts(6)
    order = begin(readers, write, old)
    moved = [write.change(post, guid=f"moved-{post.number}") for post in old]

    assert again(readers, write, moved)[0] == []
    assert again(readers, write, old)[0] == []
    assert again(readers, write, [*moved, *old])[0] == []
    assert readers.order() == order
    assert again(readers, write, [*old, *moved])[1]["changed"] == 0


def test_fragments_that_drift_in_guids_are_no_news(readers, write):
    """A news site numbers its items anew at each look (#0, #3): the link, and what it says, tell."""
    old = [write.change(post, guid=f"{post.link}#{place}") for place, post in enumerate(write.posts(10))]
    order = begin(readers, write, old)
    drifted = [write.change(post, guid=f"{post.link}#{place + 3}", title="Corrected") for place, post in enumerate(old)]

    assert again(readers, write, drifted)[0] == []
    assert readers.order() == order


def test_five_hundred_old_posts_of_a_new_source_take_their_places_in_the_past(readers, write):
    """They are behind all that is newer, and nothing that stood in the feed moves."""
    recent = [write.change(post, date=write.now - timedelta(hours=post.number)) for post in write.posts(60)]
    begin(readers, write, recent)
    order = readers.order()
    backlog = write.posts(500, site="http://bob.example", start=1000, newest=write.now - timedelta(days=30))
    readers.subscribe("bob.xml")
    readers.serve("bob.xml", write.feed(backlog, site="http://bob.example", title="Bob"))

    lines, _ = readers.sync()

    assert lines[readers.urls[1]]["new"] == 500
    assert readers.news() == []
    assert readers.order() == order


def test_a_feed_that_stamps_its_posts_anew_at_each_fetch_brings_no_news(readers, write):
    """pubDate is the time of the build: the first date stays, nothing moves, nothing counts as changed."""
    old = write.posts(12)
    order = begin(readers, write, old)
    dates = [item["date_published"] for item in readers.items()]

    for minutes in (5, 10, 15):
        stamped = [write.change(post, date=write.now + timedelta(minutes=minutes)) for post in old]
        news, line = again(readers, write, stamped)

        assert (news, line["new"], line["changed"]) == ([], 0, 0)
    assert readers.order() == order
    assert [item["date_published"] for item in readers.items()] == dates


def test_updated_never_reorders_and_a_restamped_one_is_not_passed_on(readers, write):
    """An entry in which readers would see nothing new keeps its date of change; one that was edited gets it."""

    def dated(posts, updated):
        stamp = f"<atom:updated xmlns:atom='http://www.w3.org/2005/Atom'>{updated:%Y-%m-%dT%H:%M:%SZ}</atom:updated>"
        return [write.change(post, extra=stamp) for post in posts]

    old = write.posts(5)
    order = begin(readers, write, dated(old, write.now - timedelta(days=1)))
    before = {item["id"]: item.get("date_modified") for item in readers.items()}
    edited = [write.change(old[3], text=write.prose(700)) if post is old[3] else post for post in old]

    news, line = again(readers, write, dated(edited, write.now))

    after = {item["id"]: item.get("date_modified") for item in readers.items()}
    assert (news, line["changed"]) == ([], 1)
    assert readers.order() == order
    assert {key for key in after if after[key] != before[key]} == {order[3]}


def test_an_undated_feed_brings_only_what_is_new(readers, write):
    """Undated posts are dated by when we first saw them, once."""
    undated = [write.change(post, date=None) for post in write.posts(15)]
    order = begin(readers, write, undated)

    news, _ = again(readers, write, [new_post(write, date=None), *undated])
    assert news == ["Really new"]
    assert again(readers, write, undated)[0] == []
    assert readers.order()[1:] == order


def test_the_undated_backlog_of_a_new_source_does_not_fill_the_front(readers, write):
    """Its first post is new, each one below as a day older."""
    recent = [write.change(post, date=write.now - timedelta(hours=post.number)) for post in write.posts(40)]
    begin(readers, write, recent)
    readers.subscribe("bob.xml")
    undated = [write.change(post, date=None) for post in write.posts(40, site="http://bob.example", start=100)]
    readers.serve("bob.xml", write.feed(undated, site="http://bob.example", title="Bob"))

    readers.sync()

    front = [item["id"].split("/")[2] for item in readers.items()[:30]]
    assert front.count("bob.example") == 2
    assert [item["id"] for item in readers.items() if "bob" in item["id"]][:3] == [post.guid for post in undated[:3]]


def test_what_is_dated_ahead_waits_for_its_time_and_no_longer_than_a_day(readers, write):
    """Within a day it is believed and held; beyond, it is a mistake and taken as of now."""
    old = write.posts(3)
    begin(readers, write, old)
    soon = new_post(write, guid="soon", title="Tonight", date=write.now + timedelta(hours=10))
    never = new_post(
        write,
        number=98,
        guid="never",
        link="http://ada.example/x",
        title="In a year",
        date=write.now + timedelta(days=360),
    )

    news, line = again(readers, write, [soon, never, *old])

    assert news == ["In a year"]
    assert line["new"] == 1
    assert readers.items()[0]["date_published"] < f"{write.now + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
    assert readers.state("ada.xml")["state"] == "active"
    assert "dated ahead: it is shown from" in readers.planet.run("why", "soon").stdout
    with Mill(load(readers.planet.folder / "feedmill.toml"), clock=lambda: write.now + timedelta(hours=11)) as mill:
        mill.sync()
    assert readers.news() == ["Tonight"]


def test_an_edited_entry_is_the_same_entry(readers, write):
    """Its words change, its id and place do not."""
    old = write.posts(6)
    order = begin(readers, write, old)
    edited = [write.change(post, title=f"Edited {post.number}", text=write.prose(post.number + 500)) for post in old]

    news, line = again(readers, write, edited)

    assert (news, line["new"], line["changed"]) == ([], 0, 6)
    assert readers.order() == order
    assert all(item["title"].startswith("Edited") for item in readers.items())


def test_an_entry_that_vanished_and_returns_is_not_new(readers, write):
    """Not under its guid, and not under another one."""
    old = write.posts(8)
    order = begin(readers, write, old)
    assert again(readers, write, old[:3])[0] == []

    assert again(readers, write, old)[0] == []
    assert again(readers, write, old[:3])[0] == []
    assert again(readers, write, [*old[:3], *(write.change(post, guid=f"b{post.number}") for post in old[3:])])[0] == []
    assert readers.order() == order


def test_a_burst_that_nothing_explains_is_held_until_it_is_released(readers, write):
    """Fifteen unknown posts of long ago in a known feed: kept, not shown, told in status; one command shows them."""
    old = write.posts(10)
    begin(readers, write, old)
    strange = write.posts(15, start=300, newest=write.now - timedelta(days=400))

    news, line = again(readers, write, [new_post(write), *strange])

    state = readers.state("ada.xml")
    assert news == ["Really new"]
    assert line["new"] == 1
    assert state["state"] == "held"
    assert "15 of 16 new posts are dated more than a week before our last look" in state["detail"]
    assert "feedmill release" in readers.planet.run("status").stdout
    assert (
        again(
            readers,
            write,
            [new_post(write), *strange, *write.posts(2, start=400, newest=write.now - timedelta(days=500))],
        )[0]
        == []
    )

    done = readers.planet.run("release", readers.urls[0])

    assert "released 17 entries" in done.stdout
    assert len(readers.news()) == 17
    assert readers.items()[0]["title"] == "Really new"
    assert readers.state("ada.xml")["state"] == "active"


def test_what_was_held_can_be_dropped_and_never_comes_back(readers, write):
    """One command, and the ids stay seen."""
    old = write.posts(10)
    begin(readers, write, old)
    strange = write.posts(15, start=300, newest=write.now - timedelta(days=400))
    again(readers, write, strange)

    assert "dropped 15 entries" in readers.planet.run("drop", readers.urls[0]).stdout
    assert again(readers, write, [*strange, *old])[0] == []
    assert readers.state("ada.xml")["state"] == "active"
    assert "nothing is held" in readers.planet.run("drop", readers.urls[0], expect=1).stderr


def test_single_entries_can_be_released_and_the_last_one_frees_the_source(readers, write):
    """By guid or URL; an unknown name changes nothing and is said."""
    old = write.posts(10)
    begin(readers, write, old)
    strange = write.posts(10, start=300, newest=write.now - timedelta(days=400))
    again(readers, write, strange)

    assert "neither a source nor" in readers.planet.run("release", strange[0].guid, "nobody", expect=1).stderr
    readers.planet.run("release", strange[0].guid)
    assert len(readers.news()) == 1
    assert readers.state("ada.xml")["state"] == "held"
    readers.planet.run("drop", *(post.guid for post in strange[1:]))
    assert readers.news() == []
    assert readers.state("ada.xml")["state"] == "active"
