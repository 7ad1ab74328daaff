"""init, add, remove, import, export, check."""

import json
import sqlite3
from contextlib import closing

from feedmill.config.load import load

PAGE = "<!DOCTYPE html><html><head><title>A Blog</title>{links}</head><body><p>Welcome.</p></body></html>"
LINK = '<link rel="alternate" type="application/rss+xml" title="{title}" href="{href}">'
OPML = """<?xml version="1.0"?><opml version="2.0"><head><title>Friends</title></head><body>
<outline text="Letters"><outline type="rss" text="One" xmlUrl="{base}/one.xml"/></outline>
<outline type="rss" text="Two &amp; more" xmlUrl="{base}/two.xml" category="/python"/>
{more}
</body></opml>"""


def urls(tmp_path):
    return [source.url for source in load(tmp_path / "feedmill.toml").sources]


def test_init_writes_a_configuration_that_loads_and_never_overwrites_it(inside, tmp_path):
    """Here, or in the folder named."""
    assert 0 == inside("init").code
    assert 0 == inside("init", "planets/one").code
    (tmp_path / "feedmill.toml").write_text('title = "Mine"\n', encoding="utf-8")
    again = inside("init")

    assert (2, 1) == (again.code, len(again.errors))
    assert "Mine" == load(tmp_path / "feedmill.toml").title
    assert 0 == inside("--config", "planets/one/feedmill.toml", "check").code


def test_add_takes_a_feed_with_one_request(inside, config, site, tmp_path):
    """Title and tags are written, comments stay."""
    path = config(extra="\n# the end\n")
    url = site.feed()
    result = inside("add", url, "--title", "Mine", "--tag", "x", "--tag", "y")
    (source,) = load(path).sources

    assert (0, "") == (result.code, result.err)
    assert "A Blog, 2 entries" in result.out
    assert (url, "Mine", ("x", "y")) == (source.url, source.title, source.tags)
    assert ["/feed.xml"] == site.paths()
    assert "# the end" in path.read_text(encoding="utf-8")


def test_add_finds_the_feed_behind_a_page_with_one_more_request(feedmill, config, site, tmp_path):
    """The best one is taken, the others are named."""
    config()
    feed = site.feed()
    links = LINK.format(title="Posts", href="/feed.xml") + LINK.format(title="Comments", href="/comments/feed.xml")
    result = feedmill("add", site.page("/", PAGE.format(links=links)))

    assert 0 == result.code
    assert [feed] == urls(tmp_path)
    assert ["/", "/feed.xml"] == site.paths()
    assert "/comments/feed.xml" in result.out


def test_add_refuses_what_is_no_feed_and_takes_the_rest(inside, config, site, tmp_path):
    """One line each on stderr, exit code 1."""
    config()
    bare, missing, good = site.page("/", PAGE.format(links="")), site.base + "/none", site.feed()
    result = inside("add", bare, missing, good)

    assert 1 == result.code
    assert [bare, missing] == [line.split(": ")[0] for line in result.errors]
    assert "links to no feed" in result.errors[0]
    assert "404" in result.errors[1]
    assert [good] == urls(tmp_path)


def test_add_knows_what_is_there_already(inside, config, site, tmp_path):
    """Without a request; also in another spelling, and behind a page."""
    feed = site.feed()
    config(feed)
    page = site.page("/", PAGE.format(links=LINK.format(title="Posts", href="/feed.xml")))
    results = [inside("add", feed), inside("add", feed + "#top"), inside("add", page)]

    assert [0, 0, 0] == [result.code for result in results]
    assert all("already there" in result.out for result in results)
    assert [feed] == urls(tmp_path)
    assert ["/", "/feed.xml"] == site.paths()


def test_add_writes_the_address_at_the_end_of_a_permanent_redirect(inside, config, site, tmp_path):
    """301 and 308; a temporary one is followed, but not written."""
    config()
    feed = site.feed()
    moved = site.page("/old.xml", "/feed.xml", status=301)
    site.feed("/else.xml", title="Else")
    today = site.page("/today.xml", "/else.xml", status=302)
    inside("add", moved)
    inside("add", today)

    assert [feed, today] == urls(tmp_path)


def test_remove_takes_a_source_out(inside, config, tmp_path):
    """Once; a stranger is a usage error that names the nearest."""
    config("https://a.example/feed", "https://b.example/feed")
    first, second = inside("remove", "https://a.example/feed"), inside("remove", "https://b.example/feeds")

    assert (0, 2) == (first.code, second.code)
    assert ["https://b.example/feed"] == urls(tmp_path)
    assert "did you mean https://b.example/feed" in second.err


def test_import_appends_new_sources_and_counts(feedmill, config, tmp_path):
    """Known ones are skipped, tags come from folders and categories."""
    config("http://x.example/one.xml")
    (tmp_path / "friends.opml").write_text(OPML.format(base="http://x.example", more=""), encoding="utf-8")
    result = feedmill("import", "friends.opml")
    source = load(tmp_path / "feedmill.toml").sources[1]

    assert (0, ["1 source imported, 1 already there"]) == (result.code, result.lines)
    assert ("http://x.example/two.xml", "Two & more") == (source.url, source.title)
    assert "python" in source.tags


def test_import_drops_nothing_without_a_line(inside, config, tmp_path):
    """Addresses that are none, and variables of our environment."""
    config()
    more = (
        '<outline type="rss" text="bad" xmlUrl="ftp://x.example/"/>'
        '<outline type="rss" text="sly" xmlUrl="https://${HOME}@x.example/"/>'
    )
    opml = OPML.format(base="http://x.example", more=more)
    result = inside("import", "-", stdin=opml.encode())

    assert (1, 2) == (result.code, len(result.errors))
    assert ["2 sources imported, 0 already there, 2 left out"] == result.lines


def test_import_takes_a_url(inside, config, site, tmp_path):
    """Through the same fetcher as any feed."""
    config()
    result = inside("import", site.page("/list.opml", OPML.format(base=site.base, more=""), media_type="text/x-opml"))

    assert 0 == result.code
    assert [site.base + "/one.xml", site.base + "/two.xml"] == urls(tmp_path)


def test_a_list_that_is_no_opml_is_refused_in_one_line(inside, config, tmp_path):
    """And nothing is imported."""
    config()
    result = inside("import", "-", stdin=b"<html>no</html>")

    assert (1, 1) == (result.code, len(result.errors))
    assert [] == urls(tmp_path)


def test_what_is_exported_can_be_imported_again(inside, config, tmp_path):
    """To a file or to standard output; a source with a password is left out and said to be."""
    config("http://x.example/one.xml", "http://127.0.0.1:9/two.xml", "https://me:secret@x.example/three.xml")
    out = inside("export")
    written = inside("export", "all.opml")
    config()
    inside("import", "all.opml")

    assert (0, 0) == (out.code, written.code)
    assert "secret" not in out.out + out.err
    assert 1 == len(out.errors)
    assert out.out == (tmp_path / "all.opml").read_text(encoding="utf-8")
    assert ["http://x.example/one.xml", "http://127.0.0.1:9/two.xml"] == urls(tmp_path)


MOVED = "https://new.example/one.xml"


def move(folder, url, to):
    """What a redirect does that was permanent for long enough."""
    with closing(sqlite3.connect(folder / "feedmill.db")) as database, database:
        database.execute("UPDATE sources SET adopted = ? WHERE url = ?", (to, url))


def test_a_source_that_moved_for_good_is_told_by_its_new_address_and_known_by_both(inside, config, site, tmp_path):
    """What we export we know again: nothing is imported or added twice, however it is spelled (checks D4, D5)."""
    old = site.feed()
    config(old, "https://b.example/feed.xml")
    inside("sync", old)
    move(tmp_path, old, MOVED)
    exported = inside("export", "mine.opml")
    told = (tmp_path / "mine.opml").read_text(encoding="utf-8")
    imported, added = inside("import", "mine.opml"), inside("add", MOVED.replace("https", "http") + "#top")

    assert (0, 0, 0) == (exported.code, imported.code, added.code)
    assert (f'xmlUrl="{MOVED}"' in told, old in told) == (True, False)
    assert ["0 sources imported, 2 already there"] == imported.lines
    assert f"already there as {old}" in added.out
    assert [old, "https://b.example/feed.xml"] == urls(tmp_path)

    inside("remove", MOVED)
    assert ["https://b.example/feed.xml"] == urls(tmp_path)

    config()
    inside("import", "mine.opml")
    assert [MOVED, "https://b.example/feed.xml"] == urls(tmp_path)


def test_a_page_whose_feed_is_where_a_source_moved_to_adds_nothing(inside, config, site, tmp_path):
    """It is found behind the page first."""
    old, feed = site.base + "/old.xml", site.feed()
    config(old)
    inside("sync")
    move(tmp_path, old, feed)
    result = inside("add", site.page("/", PAGE.format(links=LINK.format(title="Posts", href="/feed.xml"))))

    assert (0, [old]) == (result.code, urls(tmp_path))
    assert f"its feed {feed} is already there as {old}" in result.out


def test_a_list_that_names_where_a_source_moved_to_keeps_the_source(inside, config, site, tmp_path):
    """With all that is remembered of it; but a configuration that names the new address means a new source."""
    old, new = site.feed(), site.base + "/new.xml"
    (tmp_path / "friends.opml").write_text(OPML.replace("{base}/one.xml", old).format(base=site.base, more=""))
    config(extra='\n[[list]]\nopml = "friends.opml"\n')
    inside("sync")
    move(tmp_path, old, new)
    (tmp_path / "friends.opml").write_text(OPML.replace("{base}/one.xml", new).format(base=site.base, more=""))
    inside("sync")

    assert {old: 2} == {row["url"]: row["entries"] for row in sources(inside) if row["entries"]}
    assert new not in {row["url"] for row in sources(inside)}

    config(new, extra='\n[[list]]\nopml = "friends.opml"\n')
    inside("sync")
    assert old not in {row["url"] for row in sources(inside)}


def sources(inside):
    return json.loads(inside("status", "--json").out)["sources"]


def test_check_reads_the_configuration_and_the_published_files(feedmill, config, site, tmp_path):
    """Good before the first sync, good after it, and not good when a file is broken."""
    config(site.feed())
    before = feedmill("check")
    feedmill("sync")
    after = feedmill("check")
    (tmp_path / "public" / "atom.xml").write_text("<feed", encoding="utf-8")
    broken = feedmill("check")

    assert (0, "") == (before.code, before.err)
    assert (0, "") == (after.code, after.err)
    assert 1 == broken.code
    assert "atom.xml" in broken.err
