"""Full text of truncated feeds: politely asked for, once; the feed's own text whenever that is better."""

import json
import socket
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec

import pytest

from feedmill.build import Mill
from feedmill.config import consistency
from feedmill.config.load import load
from feedmill.feeds.errors import ConfigError
from feedmill.feeds.outcome import Failure, FailureKind, Fetched, Gone, RawDocument
from feedmill.feeds.source import SourceRules
from feedmill.ingest import fulltext
from feedmill.ingest.fulltext import extract, read_page, take_pages

INSTALLED = all(find_spec(name) for name in consistency.FULL_TEXT_NEEDS)
needs_extra = pytest.mark.skipif(not INSTALLED, reason="the extra `fulltext` is not installed whole")

FEED = """<?xml version="1.0"?><rss version="2.0"><channel><title>Blog</title><link>{home}</link>
<description>d</description>{items}</channel></rss>"""
ITEM = """<item><title>On {slug}</title>{link}<guid isPermaLink="false">{slug}</guid>
<pubDate>Mon, 03 Jun 2024 10:00:00 GMT</pubDate>
<description>The {slug} stand in the flats, and then […]</description></item>"""
PAGE = """<!doctype html><html><head><title>On {slug}</title></head><body><nav><a href="/">Home</a></nav><article>
<h1>On {slug}</h1><p>The {slug} stand in the flats, and then the evening comes in from the sea with its own weather.</p>
<p>Nobody counts the {slug} any more; the warden says that counting frightens them, and the warden should know.</p>
<p>What is left is to sit on the wall, to share the bread, and to be <a href="/about">quiet about it</a>.</p>
</article><footer>All rights reserved.</footer></body></html>"""


def article(document, *, url):
    """A small extractor: what stands between the article tags."""
    text = document.decode()
    return text.partition("<article>")[2].partition("</article>")[0] if "<article>" in text else ""


def feed(blogs, *slugs, linked=True):
    items = (ITEM.format(slug=slug, link=f"<link>{blogs.url(slug)}</link>" if linked else "") for slug in slugs)
    return FEED.format(home=blogs.url(""), items="".join(items)).encode(), "application/rss+xml"


def serve(blogs, *slugs):
    for slug in slugs:
        blogs.documents[slug] = (PAGE.format(slug=slug).encode(), "text/html; charset=utf-8")


@pytest.fixture
def mill(planet, blogs):
    """A mill whose one source wants full text, and a round of pages with the small extractor."""
    planet.configure(blogs.url("feed.xml"))
    settings = load(planet.folder / "feedmill.toml")
    (source,) = settings.sources
    settings = replace(settings, sources=(replace(source, rules=SourceRules(full_text=True)),))
    with Mill(settings) as mill:
        mill.reconcile()
        told = []

        def tick(*, extractor=article, now=None):
            run = mill._tick(None)
            list(run.run(force=True))
            return take_pages(
                mill.store,
                mill.fetcher,
                mill.store.records(),
                run.rules,
                settings.fetch,
                clock=(lambda: now) if now else mill.clock,
                stop=threading.Event(),
                before_news=lambda: told.append(1),
                extractor=extractor,
            )

        mill.tick, mill.told = tick, told
        yield mill


def shown(mill):
    return {stored.entry.title: stored for stored in mill.store.latest(limit=50)}


def test_each_new_entrys_page_is_asked_once_and_its_text_is_cleaned_like_any_other(mill, blogs):
    """In its old place, under its old id; a note says where the text is from."""
    blogs.documents["feed.xml"] = feed(blogs, "herons")
    serve(blogs, "herons")
    first = mill.tick()
    second = mill.tick()
    (stored,) = shown(mill).values()

    assert ((1, 1, 0), (0, 0, 0)) == tuple((t.asked, t.changed, t.waiting) for t in (first, second))
    assert 1 == [path for path, _, _ in blogs.log].count("herons")
    assert "share the bread" in stored.entry.content_text
    assert f'href="{blogs.url("about")}"' in stored.entry.content_html
    assert stored.sort_at == datetime(2024, 6, 3, 10, tzinfo=UTC)
    assert any(f"taken from its page {blogs.url('herons')}" == note.detail for note in stored.entry.notes)
    assert [1] == mill.told


def test_what_the_page_said_is_kept_so_that_a_replay_needs_no_request(mill, blogs):
    """Also when the rule goes: then the feed's own text is back."""
    blogs.documents["feed.xml"] = feed(blogs, "herons")
    serve(blogs, "herons")
    mill.tick()
    asked = len(blogs.log)
    same = [replayed.visible for replayed in mill.reclean(every=True)]
    text = next(iter(shown(mill).values())).entry.content_text
    mill.settings = replace(mill.settings, sources=(replace(mill.settings.sources[0], rules=SourceRules()),))
    gone = [replayed.visible for replayed in mill.reclean()]
    own = next(iter(shown(mill).values())).entry.content_text

    assert ([False], [True]) == (same, gone)
    assert "share the bread" in text
    assert "share the bread" not in own
    assert asked == len(blogs.log)


def test_a_page_that_is_not_there_leaves_the_feeds_own_text(mill, blogs):
    """It is not asked again; the note says why."""
    blogs.documents["feed.xml"] = feed(blogs, "herons")
    tally = mill.tick()
    mill.tick()
    (stored,) = shown(mill).values()
    (note,) = [note for note in stored.entry.notes if note.step == "full_text"]

    assert (1, 0) == (tally.asked, tally.changed)
    assert 1 == [path for path, _, _ in blogs.log].count("herons")
    assert "stand in the flats" in stored.entry.content_text
    assert note.detail.startswith("the feed's own text stays: nothing was found on its page")
    assert "404" in note.detail


def test_an_entry_without_a_link_keeps_its_text(mill, blogs):
    """There is nothing to ask for."""
    blogs.documents["feed.xml"] = feed(blogs, "herons", linked=False)
    mill.tick()
    (stored,) = shown(mill).values()

    assert any("it has no link" in note.detail for note in stored.entry.notes)


def test_a_passing_failure_is_tried_again_for_a_day(mill, blogs):
    """And then the feed's own text is what there is."""
    blogs.documents["feed.xml"] = feed(blogs, "herons")
    with socket.socket() as taken:  # bound and not listened on: refused
        taken.bind(("127.0.0.1", 0))
        dead = f"http://127.0.0.1:{taken.getsockname()[1]}/herons"
    body, media_type = blogs.documents["feed.xml"]
    blogs.documents["feed.xml"] = (body.replace(blogs.url("herons").encode(), dead.encode()), media_type)
    first = mill.tick()
    second = mill.tick(now=datetime.now(UTC) + timedelta(hours=1))
    third = mill.tick(now=datetime.now(UTC) + timedelta(hours=25))
    fourth = mill.tick(now=datetime.now(UTC) + timedelta(hours=26))

    assert [(0, 1), (0, 1), (1, 0), (0, 0)] == [(t.asked, t.waiting) for t in (first, second, third, fourth)]


def test_a_backlog_is_worked_off_a_few_pages_at_a_time(mill, blogs, monkeypatch):
    """Newest first, at most so many of a source in one tick."""
    monkeypatch.setattr(fulltext, "PAGES_PER_SOURCE", 2)
    slugs = ["herons", "gulls", "eels"]
    blogs.documents["feed.xml"] = feed(blogs, *slugs)
    serve(blogs, *slugs)

    assert [2, 1, 0] == [mill.tick().asked for _ in slugs]


def test_an_edited_entrys_page_is_asked_again(mill, blogs):
    """Its text there will have changed as well."""
    blogs.documents["feed.xml"] = feed(blogs, "herons")
    serve(blogs, "herons")
    mill.tick()
    body, media_type = blogs.documents["feed.xml"]
    blogs.documents["feed.xml"] = (body.replace(b"and then", b"and after that"), media_type)

    assert 1 == mill.tick().asked


def test_what_is_no_page_is_not_read():
    """Each with a sentence."""
    picture = Fetched(document=RawDocument(body=b"x", url="https://x.example/a", content_type="image/png"))

    assert ("", "https://x.example/a: it is image/png, no web page") == read_page(picture, "https://x.example/a")
    assert ("", "u: it is gone") == read_page(Gone(), "u")
    assert ("", "u: no") == read_page(Failure(kind=FailureKind.HTTP_4XX, detail="no"), "u")


def test_without_the_extra_the_configuration_says_what_to_install(planet, blogs, monkeypatch):
    """With its line; the library is looked for, not imported."""
    monkeypatch.setattr(consistency, "FULL_TEXT_NEEDS", ("no_such_library_here",))
    planet.configure(blogs.url("feed.xml"))
    path = planet.folder / "feedmill.toml"
    path.write_text(path.read_text() + "full_text = true\n")
    with pytest.raises(ConfigError) as told:
        load(path)

    (problem,) = told.value.problems
    assert problem.endswith(
        "source[1].full_text: no_such_library_here is not installed, expected it: pip install 'feedmill[fulltext]'"
    )


@needs_extra
def test_the_article_is_found_among_the_frame_of_its_page():
    """With its links, absolute; without menu and footer; "" where there is none."""
    found = extract(PAGE.format(slug="herons").encode(), url="https://blog.example/herons")

    assert "share the bread" in found
    assert 'href="https://blog.example/about"' in found
    assert "All rights reserved" not in found
    assert "Home" not in found
    assert "" == extract(b"", url="https://x.example/")


@needs_extra
def test_a_sync_publishes_the_whole_article_and_normalize_shows_it_before(planet, blogs):
    """Through the real command line."""
    blogs.documents["feed.xml"] = feed(blogs, "herons", "gulls")
    serve(blogs, "herons", "gulls")
    url = blogs.url("feed.xml")
    planet.configure(url)
    path = planet.folder / "feedmill.toml"
    path.write_text(path.read_text() + "full_text = true\n")
    tried = json.loads(planet.run("normalize", "--json", "--source", url).stdout)["entries"]
    planet.sync()
    items = json.loads((planet.output / "feed.json").read_bytes())["items"]
    files, asked = planet.files(), len(blogs.log)
    planet.sync()

    assert all("share the bread" in entry["content_text"] for entry in tried)
    assert 2 == len(items)
    assert all("share the bread" in item["content_html"] for item in items)
    assert (files, asked) == (planet.files(), len(blogs.log))
