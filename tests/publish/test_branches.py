"""A feed and page for each source and tag; months; search; what is rendered and what is not."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import feedparser
import pytest

from feedmill.feeds.source import Source
from feedmill.publish import feed as feeds
from feedmill.publish import page as pages
from feedmill.publish.branches import branches, rhythm, slug
from feedmill.publish.edition import publish
from feedmill.publish.ledger import Ledger
from feedmill.publish.page import render_page

NOW = datetime(2026, 3, 20, tzinfo=UTC)


def options(bakery, folder: Path, **publication):
    asked = {"source_feeds": True, "tag_feeds": True, "archive": True, "search": True, **publication}
    return bakery.options(folder, bakery.publication(**asked))


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_each_source_and_tag_has_a_feed_and_a_page(bakery, tmp_path: Path) -> None:
    report = publish(bakery.planet(3), options(bakery, tmp_path), now=NOW)

    assert report.problems == ()
    assert names(tmp_path) >= {
        "source/ada-example/atom.xml", "source/ada-example/index.html", "source/bob-example/atom.xml",
        "source/index.html", "tag/python/atom.xml", "tag/python/index.html", "archive/index.html",
        "archive/2026-03.html", "search.html", "search.js", "search/months.json", "search/2026-03.json",
    }  # fmt: skip
    ada = feedparser.parse((tmp_path / "source/ada-example/atom.xml").read_bytes())
    assert (ada.bozo, ada.feed.title, len(ada.entries)) == (False, "The ada blog", 3)
    assert {entry.source.title for entry in ada.entries} == {"The ada blog"}
    tag = feedparser.parse((tmp_path / "tag/python/atom.xml").read_bytes())
    assert len(tag.entries) == 6
    root = feedparser.parse((tmp_path / "atom.xml").read_bytes())
    assert len({ada.feed.id, tag.feed.id, root.feed.id}) == 3
    assert [entry.id for entry in ada.entries] == [entry.id for entry in root.entries if "ada" in entry.id]
    assert b'href="../../feed.css"' in (tmp_path / "source/ada-example/atom.xml").read_bytes()
    assert report.publications[0].path == ""


def test_the_pages_lead_to_each_other(bakery, tmp_path: Path) -> None:
    publish(bakery.planet(3), options(bakery, tmp_path), now=NOW)
    for path in tmp_path.rglob("*.html"):
        html = path.read_text()
        for address in [part.partition('"')[0] for part in html.split('href="')[1:]]:
            if "://" in address or address.startswith("#"):
                continue
            target = (path.parent / address).resolve()
            assert (target / "index.html" if target.is_dir() else target).exists(), (path, address)
        assert "style=" not in html


def test_a_source_page_shows_its_rhythm_in_words_too(bakery, tmp_path: Path) -> None:
    publish(bakery.planet(3), options(bakery, tmp_path), now=NOW)
    page = (tmp_path / "source/ada-example/index.html").read_text()

    assert page.count("<rect") == 1
    assert "<figcaption>The year to 2 March 2026: 3 posts, at most 3 in a week</figcaption>" in page


def test_rhythm_counts_weeks_back_from_the_newest_post() -> None:
    week = 7 * 86400
    counts, newest = rhythm([1_000 * week, 999 * week + 1, 998 * week, 1])

    assert (counts[-1], counts[-2], counts[-3], sum(counts)) == (2, 0, 1, 3)
    assert newest == datetime.fromtimestamp(1_000 * week, UTC)
    assert rhythm([]) == ([], None)


def test_names_are_kept_and_never_taken_twice(bakery) -> None:
    urls = ["https://www.ada.example/feed.xml", "https://ada.example/atom.xml", "http://[", "https://x.example:81/b/"]
    records = [replace(bakery.source("ada"), source=Source(url=url, tags=("Ünï", "日本"))) for url in urls]
    publication = bakery.publication(source_feeds=True, tag_feeds=True)
    given: dict[str, str] = {}

    first = [branch.place for branch in branches(publication, records, given, feed_id="urn:x")]
    again = {branch.key: branch.place for branch in branches(publication, records[::-1], given, feed_id="urn:x")}

    assert first[:4] == ["source/ada-example", "source/ada-example-2", "source/http", "source/x-example-81-b"]
    assert first[4] == "tag/uni"
    assert [again[url] for url in urls] == first[:4]
    assert slug("日本") == slug("日本") != slug("日")
    assert slug("  C++ & co. ") == "c-co"


def test_nothing_is_rendered_that_did_not_change(bakery, tmp_path: Path, monkeypatch) -> None:
    store = bakery.planet(3)
    publish(store, options(bakery, tmp_path), now=NOW)
    rendered: list[str] = []
    atom, html = feeds.render_atom, pages._render
    monkeypatch.setattr(feeds, "render_atom", lambda edition: rendered.append(edition.url) or atom(edition))
    monkeypatch.setattr(pages, "_render", lambda name, **values: rendered.append(name) or html(name, **values))

    publish(store, options(bakery, tmp_path), now=NOW)
    quiet, rendered[:] = list(rendered), []
    store.entries[0] = replace(store.entries[0], entry=replace(store.entries[0].entry, title="Changed"))
    report = publish(store, options(bakery, tmp_path), now=NOW)

    assert quiet == []
    assert sorted(rendered) == [
        "branch.html", "branch.html", "https://planet.example/", "https://planet.example/source/ada-example/",
        "https://planet.example/tag/python/", "index.html", "month.html",
    ]  # fmt: skip
    assert "source/bob-example" not in " ".join(str(path) for path in report.written)
    assert "archive/index.html" not in {str(path.relative_to(tmp_path)) for path in report.written}


def places(folder: Path) -> dict[str, tuple[int, int]]:
    """Inode and time of change of each file: being read moves neither."""
    found = {name: (folder / name).stat() for name in names(folder)}
    return {name: (stat.st_ino, stat.st_mtime_ns) for name, stat in found.items()}


def test_two_editions_without_news_move_no_file(bakery, tmp_path: Path) -> None:
    store = bakery.planet(3)
    publish(store, options(bakery, tmp_path), now=NOW)
    before = places(tmp_path)

    report = publish(store, options(bakery, tmp_path), now=NOW + timedelta(days=2))

    assert report.written == ()
    assert places(tmp_path) == before


def test_a_file_that_somebody_changed_is_put_right(bakery, tmp_path: Path) -> None:
    store = bakery.planet(1)
    publish(store, options(bakery, tmp_path), now=NOW)
    victim = tmp_path / "source/ada-example/atom.xml"
    good = victim.read_bytes()
    victim.write_bytes(b"<html>hacked")

    report = publish(store, options(bakery, tmp_path), now=NOW)

    assert [path.name for path in report.written] == ["atom.xml"]
    assert victim.read_bytes() == good


def test_a_copy_of_the_folder_is_as_good_as_the_folder(bakery, tmp_path: Path) -> None:
    store = bakery.planet(1)
    publish(store, options(bakery, tmp_path / "out"), now=NOW)
    shutil.copytree(tmp_path / "out", tmp_path / "copy")
    shutil.rmtree(tmp_path / "out")
    (tmp_path / "copy").rename(tmp_path / "out")

    assert publish(store, options(bakery, tmp_path / "out"), now=NOW).written == ()


def test_a_source_that_leaves_takes_its_feed_and_page_along(bakery, tmp_path: Path) -> None:
    store = bakery.planet(2)
    publish(store, options(bakery, tmp_path), now=NOW)
    store.sources = store.sources[:1]
    store.entries = [stored for stored in store.entries if "ada" in stored.source_url]

    publish(store, options(bakery, tmp_path), now=NOW)

    assert not (tmp_path / "source/bob-example").exists()
    assert (tmp_path / "source/ada-example/atom.xml").exists()
    assert "bob" not in (tmp_path / "source/index.html").read_text()


def test_a_folder_that_became_a_link_is_left_alone(bakery, tmp_path: Path) -> None:
    store = bakery.planet(2)
    publish(store, options(bakery, tmp_path / "out"), now=NOW)
    elsewhere = tmp_path / "elsewhere"
    (tmp_path / "out" / "source" / "bob-example").rename(elsewhere)
    (tmp_path / "out" / "source" / "bob-example").symlink_to(elsewhere)
    store.sources = store.sources[:1]

    publish(store, options(bakery, tmp_path / "out"), now=NOW, accept_loss=True)

    assert {path.name for path in elsewhere.iterdir()} == {"atom.xml", "index.html"}


def test_the_search_index_of_a_month_holds_its_titles(bakery, tmp_path: Path) -> None:
    store = bakery.planet(2)
    store.entries[0] = replace(store.entries[0], entry=replace(store.entries[0].entry, title="</script>\x00 & <b>"))
    publish(store, options(bakery, tmp_path), now=NOW)
    raw = (tmp_path / "search/2026-03.json").read_text()
    index = json.loads(raw)

    assert [entry[:2] for entry in index["entries"]][-1] == ["</script> & <b>", "https://ada.example/0"]
    assert (index["sources"], "</" in raw) == (["The bob blog", "The ada blog"], False)
    assert [month for month, _ in json.loads((tmp_path / "search/months.json").read_text())] == ["2026-03"]
    assert "script-src 'self'" in (tmp_path / "search.html").read_text()
    assert "<script" not in (tmp_path / "index.html").read_text()


def test_a_publication_in_a_folder_has_its_own_branches_but_no_search(bakery, tmp_path: Path) -> None:
    inner = bakery.publication(
        path="topics/py", url="https://planet.example/topics/py/", source_feeds=True, archive=True, search=True
    )
    publish(bakery.planet(2), bakery.options(tmp_path, inner), now=NOW)

    page = (tmp_path / "topics/py/source/ada-example/index.html").read_text()
    assert 'href="../../style.css"' in page
    assert 'href="../../../../status.html"' in page
    assert not (tmp_path / "topics/py/search.html").exists()
    assert (tmp_path / "topics/py/archive/index.html").exists()


@pytest.mark.parametrize("name", ["render_month", "render_months", "render_sources", "render_search"])
def test_a_page_of_the_past_that_fails_costs_nothing_else(bakery, tmp_path: Path, monkeypatch, name: str) -> None:
    def broken(*_: object, **__: object) -> bytes:
        raise RuntimeError("no theme")

    monkeypatch.setattr(pages, name, broken)
    report = publish(bakery.planet(2), options(bakery, tmp_path), now=NOW)

    assert [problem for problem in report.problems if "no theme" in problem]
    assert {"atom.xml", "index.html", "tag/python/atom.xml"} <= names(tmp_path)


def test_consecutive_posts_of_one_source_are_folded(bakery, make_edition) -> None:
    page = render_page(make_edition(*(bakery.entry(n) for n in range(8)))).decode()
    all_shown = render_page(make_edition(*(bakery.entry(n) for n in range(8)), fold=0)).decode()

    assert "5 more from The ada blog" in page
    assert page.count("<article") == all_shown.count("<article") == 8
    assert "more from" not in all_shown


def test_the_subscribe_panel_offers_the_readers_of_the_operator(bakery, tmp_path: Path) -> None:
    chosen = replace(bakery.options(tmp_path), readers=(("Example Reader", "https://r.example/add?feed={url}"),))
    publish(bakery.planet(1), chosen)
    page = (tmp_path / "index.html").read_text()

    assert 'href="https://r.example/add?feed=https%3A%2F%2Fplanet.example%2Fatom.xml"' in page
    assert 'href="feed://planet.example/atom.xml"' in page


def test_a_ledger_of_another_folder_is_not_believed(bakery, tmp_path: Path) -> None:
    store = bakery.planet(1)
    publish(store, options(bakery, tmp_path / "a"), now=NOW)

    assert Ledger(store, "", tmp_path / "b").files == {}
    assert Ledger(store, "", tmp_path / "a").files != {}
    assert len(publish(store, options(bakery, tmp_path / "b"), now=NOW).written) > 10


@pytest.mark.browser
@pytest.mark.skipif(shutil.which("chromium") is None, reason="no chromium on the path")
def test_the_search_page_finds_a_post(bakery, tmp_path: Path) -> None:
    import threading
    from functools import partial
    from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    publish(bakery.planet(3), options(bakery, tmp_path / "out"), now=NOW)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path / "out")))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        page = subprocess.run(
            ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}",
             "--virtual-time-budget=4000", "--dump-dom", f"http://127.0.0.1:{server.server_port}/search.html?q=bob+PART"],
            capture_output=True, text=True, timeout=90, check=True,
        ).stdout  # fmt: skip
    finally:
        server.shutdown()
        server.server_close()

    assert ">3 posts</p>" in page
    assert 'href="https://bob.example/3"' in page
