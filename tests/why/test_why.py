"""The ledger: one entry's or source's whole story, and why something is not there."""

import json
import re
import sqlite3

import pytest

ITEM = """<item><title>{title}</title><link>{link}</link><guid isPermaLink="false">{slug}</guid>
<category>{category}</category><pubDate>{date}</pubDate><description>{text}</description></item>"""
FEED = """<?xml version="1.0"?><rss version="2.0"><channel><title>{name}</title><link>https://blog.example/</link>
<description>d</description><language>en-GB</language>{items}</channel></rss>"""
BODY = (
    "&lt;p&gt;The tide came in over the flats and took the ladder of {slug} with it, each spring.&lt;/p&gt;"
    "&lt;p&gt;&lt;a href=&quot;https://other.example/map?utm_source=feed&quot;&gt;A map&lt;/a&gt; shows.&lt;/p&gt;"
    "&lt;p&gt;No comments:&lt;/p&gt;&lt;p&gt;Post a Comment&lt;/p&gt;"
)


def feed(*slugs, name="Harbour", titles=True):
    items = [
        ITEM.format(
            title=f"On {slug}" if titles else "",
            link=f"https://blog.example/{slug}?utm_source=rss",
            slug=slug,
            category="sea" if day % 2 else "land",
            date=f"Mon, 0{day} Jan 2024 10:00:00 GMT",
            text=BODY.format(slug=slug),
        )
        for day, slug in enumerate(slugs, 1)
    ]
    return FEED.format(name=name, items="".join(items)).encode(), "application/rss+xml"


PUBLICATIONS = """
[[publication]]

[[publication]]
path = "sea"
tags = ["sea"]

[[publication]]
path = "last"
limit = 1
"""


@pytest.fixture
def harbour(planet, blogs):
    blogs.documents["feed.xml"] = feed("herons", "gulls", titles=False)
    planet.url = blogs.url("feed.xml")
    planet.configure(planet.url)
    with (planet.folder / "feedmill.toml").open("a") as file:
        file.write('title = "Harbour Notes"\n' + PUBLICATIONS)
    planet.sync()
    return planet


def edit(planet, old, new):
    path = planet.folder / "feedmill.toml"
    path.write_text(path.read_text().replace(old, new, 1))


def why(planet, what):
    return planet.run("why", what).stdout


def facts(planet, what, kind="entries"):
    (told,) = json.loads(planet.run("why", "--json", what).stdout)[kind]
    return told


def test_the_story_of_an_entry_reads_from_first_sight_to_the_shelf(harbour):
    """Seen, decided, cleaned step by step with before and after, shown where."""
    story = why(harbour, "https://blog.example/herons")
    lines = [line.strip() for line in story.splitlines()]
    headings = ["Where it came from", "What was decided", "How it was cleaned", "Where it is shown"]

    assert headings == [line for line in lines if line in headings]
    assert lines[0].startswith("The tide came in over the flats and took the ladder of herons with it")
    assert re.search(r"We first saw it on \d+ \w+ \d{4} at \d\d:\d\d UTC, in the feed of “Harbour Notes”, http", story)
    assert "The feed calls it herons; in our feeds its id is urn:uuid:" in story
    assert "derived from the first sentence" in story
    assert "Link: https://blog.example/herons, removed tracking: utm_source." in story
    assert "Date: 1 January 2024 at 10:00 UTC, as the feed says." in story
    assert "Place in the lists: 1 January 2024 at 10:00 UTC, by its date" in story
    assert "Language: en-GB, as the feed says." in story
    assert "1. links: makes addresses absolute, takes tracking parameters out" in story
    assert any(line.startswith("− ") and "utm_source=feed" in line for line in lines)
    assert any(line.startswith("+ ") and 'href="https://other.example/map"' in line for line in lines)
    assert ["− No comments:", "− Post a Comment"] == [line for line in lines if line.endswith(("comments:", "Comment"))]
    assert "Last, as always: sanitize" in story


def test_each_publication_says_whether_and_why_not(harbour):
    """Place, limit, tag."""
    herons, gulls = (why(harbour, f"https://blog.example/{slug}") for slug in ("herons", "gulls"))

    assert "the root: yes, as entry 2 of 2, https://planet.example/" in herons
    assert "sea: yes, as entry 1 of 1, https://planet.example/sea/" in herons
    assert "last: no, 1 entry is newer (limit = 1)" in herons
    assert "sea: no, neither the entry nor its source has the tag sea" in gulls
    assert "last: yes, as entry 1 of 1" in gulls


def test_the_same_for_programs(harbour):
    """Facts, steps with their changes, publications, and the sentences."""
    told = facts(harbour, "herons")
    edges = next(step for step in told["steps"] if step["step"] == "edges")

    assert [("", True, 2, 2), ("sea", True, 1, 1), ("last", False, None, 1)] == [
        (row["path"], row["shown"], row["place"], row["of"]) for row in told["publications"]
    ]
    assert {"guid": "herons", "held": None, "revision": 0, "raw_kept": True, "up_to_date": True}.items() <= told.items()
    assert [{"before": "<p>No comments:</p>", "after": ""}, {"before": "<p>Post a Comment</p>", "after": ""}] == (
        edges["changes"]
    )
    assert "2024-01-01T10:00:00Z" == told["published"] == told["sort_at"]
    assert 4 == len(told["told"])


def test_a_filter_that_keeps_it_back_is_named_with_the_way_out(harbour):
    """And no publication claims to show it."""
    edit(
        harbour, 'title = "Harbour Notes"\n', 'title = "Harbour Notes"\n[source.never]\nwords = ["ladder of herons"]\n'
    )
    waiting = why(harbour, "herons")
    harbour.run("reclean")
    story = why(harbour, "herons")
    source = why(harbour, harbour.url)

    assert "The rules have changed since: `feedmill reclean --dry-run" in waiting
    assert "Nowhere: your rule never.words: it says “ladder of herons”." in story
    assert f"`feedmill reclean {harbour.url}` brings it forward." in story
    assert "the root: no, see above" in story
    assert 'Your rule: never.words = ["ladder of herons"].' in source
    assert "2 entries are kept; 1 of them not shown." in source
    assert "What is kept back" in source
    assert {"never.words": ["ladder of herons"]} == facts(harbour, harbour.url, "sources")["rules"]


def test_skipped_steps_and_a_pipe_that_failed_are_told(harbour):
    """With the command that tries again."""
    rules = 'title = "Harbour Notes"\nskip_steps = ["edges"]\npipe = ["no-such-command-here"]\n'
    edit(harbour, 'title = "Harbour Notes"\n', rules)
    harbour.run("reclean")
    story = why(harbour, "herons")

    assert "Skipped by your rule: edges." in story
    assert "The entry stays as it was: no-such-command-here cannot be run" in story
    assert f"Your command did not work on it; `feedmill reclean {harbour.url}` tries again." in story
    assert "No comments:" in story.partition("As it is shown")[2] or "No comments:" in story


def test_a_source_that_is_gone_from_the_configuration(harbour):
    """Its entries are remembered, and said to be of no source."""
    harbour.configure()
    harbour.sync()
    story = why(harbour, "herons")

    assert "which is no source any more" in story
    assert "the root: no, its source is not in the configuration any more" in story
    assert "What the feed said is not kept any more" in story


def test_an_entry_that_was_let_go_is_still_known(harbour):
    """Its id answers: it was seen, and will not come back as new."""
    from datetime import UTC, datetime

    from feedmill.feeds.store import Store

    with Store.open(harbour.folder / "feedmill.db") as store:
        (stored,) = store.entry("herons")
        store.drop_entries([stored.row], datetime.now(UTC))
        (other,) = store.entry("gulls")
        store.take_down([other.row], datetime.now(UTC))
    story = why(harbour, "herons")
    down = why(harbour, "gulls")

    assert "its words were let go on" in story
    assert "does not come back as new" in story
    assert "(taken down) https://blog.example/gulls" in down
    assert "Nowhere: it was taken down." in down
    assert {"pruned": True, "id": "herons", "source": harbour.url}.items() <= facts(harbour, "herons").items()


def test_a_held_entry_says_so(harbour):
    """In the words of whoever held it."""
    from datetime import UTC, datetime

    from feedmill.feeds.store import Store

    with Store.open(harbour.folder / "feedmill.db") as store:
        (stored,) = store.entry("herons")
        store.hold_entries([stored.row], "a burst of old posts", datetime.now(UTC))

    assert "Nowhere yet, it is held back: a burst of old posts." in why(harbour, "herons")


def test_an_edited_entry_tells_its_revisions(harbour, blogs):
    """It stayed where it was."""
    body, media_type = feed("herons", "gulls", titles=False)
    blogs.documents["feed.xml"] = (body.replace(b"each spring", b"every year"), media_type)
    harbour.sync("--force")

    assert "Its text was revised 1 time since; its place stayed the same." in why(harbour, "herons")


def test_the_same_post_in_another_source_is_named(planet, blogs):
    """By its link."""
    for name in ("a.xml", "b.xml"):
        blogs.documents[name] = feed("herons", name=f"Blog {name}")
    planet.configure(blogs.url("a.xml"), blogs.url("b.xml"))
    planet.sync()
    stories = why(planet, "https://blog.example/herons")

    assert 2 == stories.count("has it too, under the same link")


def test_the_story_of_a_source(harbour, blogs):
    """State, next look and why, rate, validators, last looks; failures in words."""
    story = why(harbour, harbour.url)
    del blogs.documents["feed.xml"]
    harbour.sync("--force", expect=1)
    failing = why(harbour, harbour.url)
    told = facts(harbour, harbour.url, "sources")

    assert story.startswith(f"Harbour Notes, {harbour.url}\n")
    assert "State: active. All is well; it was last read on" in story
    assert "fetched (200)" in story
    assert "2 new, 0 changed" in story
    assert re.search(r"Next look: .*, because: .+\.", story)
    assert "We ask with the ETag" in story
    assert "It is a feed in the format rss20, of the site https://blog.example/." in story
    assert "State: failing. It fails since" in failing
    assert "1 time in a row" in failing
    assert ("failing", "http_4xx", 1) == (told["state"], told["failure"], told["failures"])
    assert ["failed", "fetched"] == [look["outcome"] for look in told["looks"]]


def test_what_nobody_has_heard_of_and_what_was_never_fetched(harbour, blogs):
    """One line with the nearest source; a source that was added after the last sync."""
    new = blogs.url("new.xml")
    edit(harbour, "[[publication]]", f'[[source]]\nurl = "{new}"\n\n[[publication]]')
    stranger = harbour.run("why", harbour.url + "x", expect=1)

    assert "neither a source nor an entry that we know; did you mean" in stranger.stderr
    assert "It has never been looked at" in why(harbour, new)
    assert "new" == facts(harbour, new, "sources")["state"]


def test_nothing_a_stranger_wrote_can_forge_a_line(planet, blogs):
    """Escape sequences and line breaks leave no trace in the story."""
    body, media_type = feed("herons")
    evil = b"<title>On &#x9b;31m herons&#x2028;    Where it is shown</title>"
    blogs.documents["feed.xml"] = (body.replace(b"<title>On herons</title>", evil), media_type)
    planet.configure(blogs.url("feed.xml"))
    planet.sync()
    story = why(planet, "https://blog.example/herons")

    assert not {"\x1b", "\x9b", "\u2028"} & set(story)
    assert 1 == sum(line.strip() == "Where it is shown" for line in story.splitlines())


def test_the_store_is_only_read(harbour):
    """Not a byte of it moves, nor of the output."""
    with sqlite3.connect(harbour.folder / "feedmill.db") as database:
        before = list(database.iterdump())
    files = harbour.files()
    why(harbour, "herons")
    why(harbour, harbour.url)
    with sqlite3.connect(harbour.folder / "feedmill.db") as database:
        after = list(database.iterdump())

    assert (before, files) == (after, harbour.files())


def test_an_entry_whose_second_was_taken_says_so(planet, blogs):
    """Two posts dated to the same moment: the later one in the feed's order keeps it."""
    body, kind = feed("herons", "gulls")
    blogs.documents["feed.xml"] = body.replace(b"02 Jan", b"01 Jan").replace(b"Tue", b"Mon"), kind
    planet.url = blogs.url("feed.xml")
    planet.configure(planet.url)
    planet.sync()

    said = "feeds tell it as updated 1 s later"
    assert sorted(said in why(planet, f"https://blog.example/{slug}") for slug in ("herons", "gulls")) == [False, True]
