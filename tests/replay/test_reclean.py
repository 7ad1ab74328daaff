"""Rules that change are applied to what is stored, without a look at the source; nothing moves."""

import json
import sqlite3

import pytest

POST = """<item><title>{title}</title><link>https://blog.example/{slug}</link><guid isPermaLink="false">{slug}</guid>
<pubDate>{date}</pubDate><category>{category}</category><description>{html}</description></item>"""
FEED = """<?xml version="1.0"?><rss version="2.0"><channel><title>Blog</title><link>https://blog.example/</link>
<description>d</description>{items}</channel></rss>"""
PROMO = "&lt;p&gt;{words}&lt;/p&gt;&lt;p class=&quot;promo&quot;&gt;Buy my book about {slug}.&lt;/p&gt;"


def feed(*slugs, words="The tide came in over the flats and took the ladder with it."):
    items = (
        POST.format(
            title=f"On {slug}",
            slug=slug,
            date=f"Mon, 0{day} Jan 2024 10:00:00 GMT",
            category="sea" if day % 2 else "land",
            html=PROMO.format(words=words, slug=slug),
        )
        for day, slug in enumerate(slugs, 1)
    )
    return FEED.format(items="".join(items)).encode(), "application/rss+xml"


def published(planet):
    return {item["id"]: item for item in json.loads((planet.output / "feed.json").read_bytes())["items"]}


def order(planet):
    return [item["id"] for item in json.loads((planet.output / "feed.json").read_bytes())["items"]]


def places(planet):
    with sqlite3.connect(planet.folder / "feedmill.db") as database:
        query = "select guid, published_id, sort_at, first_seen from entries order by id"
        return database.execute(query).fetchall()


@pytest.fixture
def synced(planet, blogs):
    blogs.documents["feed.xml"] = feed("herons", "gulls", "eels")
    url = blogs.url("feed.xml")
    planet.configure(url)
    planet.sync()
    planet.url = url
    return planet


def test_a_new_rule_waits_for_reclean_and_a_sync_does_not_refetch(synced, blogs):
    """The rule alone changes nothing that is stored, and validators stay in force."""
    before = published(synced)
    with (synced.folder / "feedmill.toml").open("a") as file:
        file.write('drop = [".promo"]\n')
    _, summary = synced.sync("--force")

    assert (1, 0, 0) == (summary["not_modified"], summary["changed"], summary["fetched"])
    assert [200, 304] == [status for _, _, status in blogs.log]
    assert before == published(synced)


def test_reclean_applies_the_rule_without_a_request_and_moves_nothing(synced, blogs):
    """Words that the selector names are gone from what is published; ids, order and first sight stand."""
    with (synced.folder / "feedmill.toml").open("a") as file:
        file.write('drop = [".promo"]\n')
    asked, was, stood = len(blogs.log), order(synced), places(synced)
    done = synced.run("reclean")

    assert "3 entries made anew: 3 changed; " in done.stdout
    assert asked == len(blogs.log)
    assert (was, stood) == (order(synced), places(synced))
    assert all("Buy my book" not in item["content_html"] for item in published(synced).values())
    assert all("The tide" in item["content_html"] for item in published(synced).values())
    assert "0 entries made anew: none changed" in synced.run("reclean").stdout


def test_a_dry_run_shows_a_diff_of_what_readers_would_see_and_writes_nothing(synced):
    """Per entry, and a count at the end."""
    with (synced.folder / "feedmill.toml").open("a") as file:
        file.write('drop = [".promo"]\n')
    files, stood = synced.files(), (synced.folder / "feedmill.db").read_bytes()
    done = synced.run("reclean", "--dry-run", synced.url)

    assert "=== On herons" in done.stdout
    assert "-text: Buy my book about herons." in done.stdout
    assert "-html: <p>Buy my book about herons.</p>" in done.stdout
    assert done.stdout.rstrip().endswith("3 entries made anew: 3 would be changed")
    assert files == synced.files()
    assert stood == (synced.folder / "feedmill.db").read_bytes()


def test_replaying_all_with_the_same_rules_changes_nothing(synced):
    """What an entry was made of is all that is needed to make it again."""
    assert "3 entries made anew: none changed" in synced.run("reclean", "--all").stdout


def test_a_filter_keeps_back_and_lets_go(synced):
    """Both without fetching; what is kept back stays seen and in its place."""
    toml = (synced.folder / "feedmill.toml").read_text()
    (synced.folder / "feedmill.toml").write_text(toml + '[source.never]\ncategories = ["Land"]\n')
    was, stood = order(synced), places(synced)
    dry = synced.run("reclean", "--dry-run").stdout
    kept = [json.loads(line) for line in synced.run("reclean", "--json").stdout.splitlines()]
    without = order(synced)
    synced.sync("--force")
    still = order(synced)
    (synced.folder / "feedmill.toml").write_text(toml)
    released = synced.run("reclean").stdout

    assert "would be kept back: never.categories: it is in “land”" in dry
    assert {"entries": 3, "changed": 0, "kept_back": 1, "released": 0} == {
        key: value for key, value in kept[-1]["summary"].items() if key != "published"
    }
    assert ["filtered: never.categories: it is in “land”"] == [line["held"] for line in kept[:-1]]
    assert 2 == len(without) == len(still)
    assert "1 released" in released
    assert (was, stood) == (order(synced), places(synced))


def test_reclean_leaves_what_a_sync_changed_meanwhile(synced, blogs):
    """The newer words win, under the newer rule."""
    with (synced.folder / "feedmill.toml").open("a") as file:
        file.write('drop = [".promo"]\n')
    blogs.documents["feed.xml"] = feed("herons", "gulls", "eels", words="The ladder was found in the reeds, upright.")
    synced.sync("--force")
    done = synced.run("reclean")

    assert "0 entries made anew" in done.stdout
    assert all("upright" in item["content_html"] for item in published(synced).values())
    assert all("Buy my book" not in item["content_html"] for item in published(synced).values())


def test_reclean_before_the_first_sync_and_of_a_stranger_is_refused(planet, blogs):
    """One line, exit code 2."""
    blogs.documents["feed.xml"] = feed("herons")
    planet.configure(blogs.url("feed.xml"))
    early = planet.run("reclean", expect=2)
    planet.sync()
    stranger = planet.run("reclean", "https://other.example/feed", expect=2)

    assert "nothing was synced yet" in early.stderr
    assert "not a source of" in stranger.stderr
