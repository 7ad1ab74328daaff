"""Publishing as a whole: from a store to a folder."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import feedparser
import pytest
from lxml import etree

from feedmill.feeds.entry import Author
from feedmill.feeds.errors import DeliveryError
from feedmill.feeds.source import Source, Standing
from feedmill.publish import render as rendering
from feedmill.publish.check import check
from feedmill.publish.edition import publish, publish_status, survey
from feedmill.publish.opml import read_opml

EVERYTHING = {
    "atom.xml", "rss.xml", "feed.json", "index.html", "subscriptions.opml", "style.css", "feed.css",
    "status.html", "status.json", "ops.xml", "icon.svg", "icon.png", "icon-144.png", "logo.png", "favicon.ico",
}  # fmt: skip


def stamps(folder: Path) -> dict[str, tuple[int, int]]:
    return {
        str(path.relative_to(folder)): (path.stat().st_ino, path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_everything_lies_in_the_folder_and_holds_the_same_entries(bakery, tmp_path: Path) -> None:
    report = publish(bakery.planet(3), bakery.options(tmp_path))

    assert {path.name for path in report.written} == EVERYTHING
    assert report.problems == ()
    assert [(made.path, made.entries, made.updated) for made in report.publications] == [
        ("", 6, datetime(2026, 3, 2, 13, 10, tzinfo=UTC))
    ]
    ids = [f"https://{('ada', 'bob')[n % 2]}.example/{n}" for n in (5, 4, 3, 2, 1, 0)]
    for name in ("atom.xml", "rss.xml"):
        assert [entry.id for entry in feedparser.parse((tmp_path / name).read_bytes()).entries] == ids
    assert [item["id"] for item in json.loads((tmp_path / "feed.json").read_text())["items"]] == ids
    assert len(read_opml((tmp_path / "subscriptions.opml").read_bytes()).sources) == 2


def test_publishing_again_without_news_touches_no_file(bakery, tmp_path: Path) -> None:
    publish(bakery.planet(3), bakery.options(tmp_path))
    before = stamps(tmp_path)
    later = bakery.planet(3)
    later.sources = [
        bakery.source(
            name,
            last_status=304,
            last_success=bakery.start + timedelta(hours=9),
            next_fetch=bakery.start + timedelta(hours=10),
            reason="as often as it posts",
        )
        for name in ("ada", "bob")
    ]

    report = publish(later, bakery.options(tmp_path))

    assert (report.written, stamps(tmp_path)) == ((), before)


def test_a_source_that_starts_to_fail_moves_the_status_files_alone(bakery, tmp_path: Path) -> None:
    publish(bakery.planet(3), bakery.options(tmp_path))
    store = bakery.planet(3)
    store.sources[0] = bakery.source("ada", standing=Standing.FAILING)

    report = publish(store, bakery.options(tmp_path))

    assert {path.name for path in report.written} == {"status.html", "status.json"}


def test_status_alone_can_be_brought_up_to_date(bakery, tmp_path: Path) -> None:
    store = bakery.planet(1)
    publish(store, bakery.options(tmp_path))
    quiet = publish_status(store, bakery.options(tmp_path))
    store.sources[0] = bakery.source("ada", standing=Standing.FAILING)

    report = publish_status(store, bakery.options(tmp_path))

    assert (quiet.written, quiet.problems) == ((), ())
    assert {path.name for path in report.written} == {"status.html", "status.json"}
    assert report.publications == tuple(survey(store, bakery.options(tmp_path)))


def test_a_missing_status_page_is_made_again(bakery, tmp_path: Path) -> None:
    store = bakery.planet(1)
    publish(store, bakery.options(tmp_path))
    (tmp_path / "status.html").unlink()

    assert [path.name for path in publish(store, bakery.options(tmp_path)).written] == ["status.html"]


def test_the_list_keeps_its_date_while_only_entries_come(bakery, tmp_path: Path) -> None:
    publish(bakery.planet(2), bakery.options(tmp_path))
    more = publish(bakery.planet(3), bakery.options(tmp_path))
    longer = bakery.planet(3)
    longer.sources.append(bakery.source("eve"))
    grown = publish(longer, bakery.options(tmp_path))

    assert "subscriptions.opml" not in {path.name for path in more.written}
    assert "subscriptions.opml" in {path.name for path in grown.written}


def test_several_publications_lie_in_their_folders_with_their_own_ids(bakery, tmp_path: Path) -> None:
    everything = bakery.publication()
    python = bakery.publication(path="topics/python", url="https://planet.example/topics/python/", tags=("PYTHON",))
    none = bakery.publication(path="none", url="https://planet.example/none/", tags=("nothing",), formats=("atom",))
    store = bakery.planet(2)
    store.entries = [replace(s, entry=replace(s.entry, categories=())) for s in store.entries]

    report = publish(store, bakery.options(tmp_path, everything, python, none))

    assert [(made.path, made.entries) for made in report.publications] == [("", 4), ("topics/python", 2), ("none", 0)]
    feeds = [etree.parse(tmp_path / path / "atom.xml").getroot() for path in ("", "topics/python", "none")]
    assert len({feed.findtext("{*}id") for feed in feeds}) == 3
    assert {path.name for path in (tmp_path / "none").iterdir()} == {"atom.xml", "feed.css"}
    assert feeds[1].find("{*}link[@rel='self']").get("href") == "https://planet.example/topics/python/atom.xml"
    assert b'href="topics/python/"' in (tmp_path / "status.html").read_bytes()


def test_the_feeds_id_survives_a_change_of_address_and_a_rebuilt_store(bakery, tmp_path: Path) -> None:
    def identity(store, **publication) -> str | None:
        publish(store, bakery.options(tmp_path, bakery.publication(**publication)))
        return etree.parse(tmp_path / "atom.xml").getroot().findtext("{*}id")

    store = bakery.planet(1)
    first = identity(store)

    assert first is not None
    assert first.startswith("urn:uuid:")
    assert identity(store, url="https://moved.example/") == first
    assert identity(bakery.planet(1)) == first


def test_the_limit_counts_entries_that_are_different(bakery, tmp_path: Path) -> None:
    store = bakery.planet(0)
    store.entries = [bakery.entry(n) for n in range(30)]
    store.entries += [
        replace(bakery.entry(n), row=n + 100, source_url="https://bob.example/feed.xml") for n in range(30)
    ]

    (made,) = publish(store, bakery.options(tmp_path, bakery.publication(limit=20))).publications

    assert made.entries == 20


def test_only_the_wanted_formats_are_made_and_their_libraries_imported(tmp_path: Path) -> None:
    code = (
        "import sys, importlib.util as u;"
        "s = u.spec_from_file_location('kitchen', sys.argv[1]); m = u.module_from_spec(s);"
        "sys.modules['kitchen'] = m; s.loader.exec_module(m); b = m.Bakery();"
        "from pathlib import Path; from feedmill.publish.edition import publish, publish_status;"
        "before = set(sys.modules);"
        "o = b.options(Path(sys.argv[2]), b.publication(formats=('json', 'opml')));"
        "r = publish(b.planet(2), o); publish_status(b.planet(2), o);"
        "heavy = {'jinja2', 'feedgen', 'selectolax', 'uvicorn', 'starlette', 'sqlalchemy', 'feedparser'};"
        "print(sorted(p.name for p in r.written), sorted(heavy & (set(sys.modules) - before)))"
    )
    said = subprocess.run(
        [sys.executable, "-c", code, str(Path(__file__).with_name("conftest.py")), str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert said.strip() == "['feed.json', 'ops.xml', 'status.json', 'subscriptions.opml'] []"


@pytest.mark.parametrize("kind", ["atom", "rss", "json", "html", "opml"])
def test_a_page_that_fails_costs_no_feed_and_a_feed_that_fails_keeps_the_last_good_edition(
    bakery, tmp_path: Path, monkeypatch, kind: str
) -> None:
    publish(bakery.planet(1), bakery.options(tmp_path))
    before = stamps(tmp_path)

    def broken(*_: object) -> rendering.Rendered:
        raise RuntimeError("the writer broke")

    monkeypatch.setitem(rendering._RENDERERS, kind, broken)
    report = publish(bakery.planet(2), bakery.options(tmp_path))
    name = {
        "atom": "atom.xml",
        "rss": "rss.xml",
        "json": "feed.json",
        "html": "index.html",
        "opml": "subscriptions.opml",
    }[kind]

    assert [problem for problem in report.problems if name in problem and "the last good one stays" in problem]
    assert stamps(tmp_path)[name] == before[name]
    assert ("feed.json" in {path.name for path in report.written}) is (kind == "html")  # feeds go out together


def test_a_rendition_that_does_not_read_back_is_not_delivered(bakery, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setitem(rendering._RENDERERS, "atom", lambda *_: (b"<feed>", 1, ()))

    report = publish(bakery.planet(1), bakery.options(tmp_path))

    assert not (tmp_path / "atom.xml").exists()
    assert [problem for problem in report.problems if problem.startswith("atom.xml failed its check")]


def test_poison_in_one_entry_costs_at_most_that_entry(bakery, tmp_path: Path) -> None:
    """Control characters, ]]>, a lone surrogate, a title of 1 MB, no title, the year 0001, and more, all at once."""
    poisons = {
        "controls": {"title": "a\x00b\x1b\x0bc\ufffe", "content_html": "<p>\x07]]>\x00</p>", "categories": ("\x00",)},
        "surrogate": {"title": "x\udc00y", "summary": "\ud83d", "content_html": "<p>\udfff</p>"},
        "long": {"title": "word " * 200_000},
        "untitled": {"title": "", "summary": "", "content_html": "", "content_text": "", "url": None},
        "ancient": {"published": datetime(1, 1, 1, tzinfo=UTC), "updated": datetime(1, 1, 1, tzinfo=UTC)},
        "future": {"published": datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)},
        "people": {"authors": (Author(name="\x00"), Author(name="]]>\udc00", url="javascript:x"))},
        "links": {"url": "http://[", "image": "//x", "enclosures": (bakery.enclosure(url="\x00"),)},
        "language": {"language": "\x00<>"},
        "cdata": {"title": "]]>", "content_html": "<![CDATA[ x ]]>]]&gt;", "summary": "]]><!--"},
    }
    store = bakery.planet(1)
    for number, (name, fields) in enumerate(poisons.items(), start=10):
        store.entries.append(bakery.entry(number, **{"id": f"urn:poison:{name}", **fields}))
    store.entries.append(replace(bakery.entry(40), sort_at=datetime(1, 1, 1, tzinfo=UTC)))
    store.entries.append(bakery.entry(41, id="urn:x\x00\udc00"))
    store.entries.append(bakery.entry(42, id=""))

    report = publish(store, bakery.options(tmp_path))

    assert [problem for problem in report.problems if "left out" not in problem] == []
    assert len(report.problems) == 1  # the one without an id
    assert {path.name for path in report.written} == EVERYTHING
    count = report.publications[0].entries
    assert count == 2 + len(poisons) + 2
    for name in ("atom.xml", "rss.xml"):
        feed = feedparser.parse((tmp_path / name).read_bytes())
        assert (feed.bozo, len(feed.entries)) == (False, count)
        assert max(len(entry.title) for entry in feed.entries) < 600
    assert len(json.loads((tmp_path / "feed.json").read_text())["items"]) == count
    assert publish(store, bakery.options(tmp_path)).written == ()
    assert publish(store, bakery.options(tmp_path), check=True).problems == ()


def test_poison_in_a_source_costs_nothing(bakery, tmp_path: Path) -> None:
    store = bakery.planet(1)
    record = store.sources[0]
    about = replace(
        record.channel.about,
        id="\x00 <",
        title="]]>\x00\udc00<script>",
        subtitle="x" * 1_000_000,
        site_url="javascript:alert(1)",
        icon="\x00",
        language="<",
        rights="\udc00",
        authors=(Author(name="\x00"),),
    )
    store.sources[0] = replace(
        record,
        channel=replace(record.channel, about=about),
        source=Source(url=record.source.url, title=None, tags=("\x00", "a,b")),
    )

    report = publish(store, bakery.options(tmp_path))

    assert report.problems == ()
    assert feedparser.parse((tmp_path / "atom.xml").read_bytes()).bozo is False
    assert b"<script" not in (tmp_path / "index.html").read_bytes()
    assert b"javascript" not in (tmp_path / "subscriptions.opml").read_bytes()


def test_check_reads_the_folder_and_names_what_is_wrong(bakery, tmp_path: Path) -> None:
    store, options = bakery.planet(2), bakery.options(tmp_path)
    publish(store, options)
    fine = publish(store, options, check=True)
    (tmp_path / "atom.xml").write_bytes((tmp_path / "atom.xml").read_bytes()[:-9])
    (tmp_path / "rss.xml").unlink()
    document = json.loads((tmp_path / "feed.json").read_text())
    document["items"].append(document["items"][0])
    (tmp_path / "feed.json").write_text(json.dumps(document))
    before = stamps(tmp_path)

    broken = publish(store, options, check=True)

    assert (fine.problems, fine.kept, fine.written) == ((), 5, ())
    assert [problem.partition(":")[0] for problem in broken.problems] == [
        "atom.xml",
        "rss.xml is missing",
        "feed.json",
    ]
    assert stamps(tmp_path) == before


@pytest.mark.parametrize(
    ("kind", "data", "said"),
    [
        ("atom", b"<rss/>", "its root is 'rss', not an Atom feed"),
        ("atom", b'<feed xmlns="http://www.w3.org/2005/Atom"><entry/></feed>', "entry '' has no author"),
        ("atom", b'<feed xmlns="http://www.w3.org/2005/Atom"><updated>x</updated></feed>', "'x' is no RFC 3339 date"),
        ("rss", b"<feed/>", "its root is 'feed', not RSS with a channel"),
        ("rss", b"<rss><channel/></rss>", "the channel has no title"),
        ("json", b"[]", "it is not a JSON Feed: no items"),
        ("json", b'{"items":[{"id":"1"}]}', "item '1' has no content"),
        ("json", b"{", "it is not well-formed"),
        ("opml", b"<opml/>", "it is not OPML with a title and a body"),
        ("html", b"<p>", "it does not start with a doctype"),
        ("html", b"<!DOCTYPE html><script>", "it holds a script"),
    ],
)
def test_what_is_wrong_with_a_rendition_is_a_sentence(kind: str, data: bytes, said: str) -> None:
    assert [problem for problem in check(kind, data) if problem.startswith(said)]


def test_a_rendition_must_hold_as_many_entries_as_were_rendered() -> None:
    data = b'{"version":"v","title":"t","feed_url":"u","items":[]}'

    assert check("json", data, entries=2) == ["it holds 0 entries where 2 were rendered"]


def test_a_link_in_the_place_of_a_file_stops_publishing_with_its_name(bakery, tmp_path: Path) -> None:
    (tmp_path / "subscriptions.opml").symlink_to("/etc/hostname")

    with pytest.raises(DeliveryError, match=r"subscriptions\.opml is a symbolic link"):
        publish(bakery.planet(1), bakery.options(tmp_path))


def test_a_status_page_that_fails_does_not_stop_the_feeds(bakery, tmp_path: Path, monkeypatch) -> None:
    from feedmill.publish import page

    def broken(*_: object, **__: object) -> bytes:
        raise RuntimeError("no theme")

    monkeypatch.setattr(page, "render_status", broken)

    report = publish(bakery.planet(1), bakery.options(tmp_path))

    assert (tmp_path / "atom.xml").exists()
    assert [problem for problem in report.problems if problem.startswith("status.html was not rendered")]


def test_a_planet_of_no_publications_still_has_its_status(bakery, tmp_path: Path) -> None:
    options = replace(bakery.options(tmp_path), publications=())

    assert [path.name for path in publish(bakery.planet(1), options).written] == ["status.json", "ops.xml"]


def test_a_theme_of_ones_own_stands_in_for_what_it_has(bakery, tmp_path: Path) -> None:
    """A stylesheet and a page; the rest is the default's. A changed one renders its pages anew, and no feed."""
    theme = tmp_path / "theme"
    theme.mkdir()
    (theme / "style.css").write_text("body { color: teal }")
    (theme / "status.html").write_text('{% extends "base.html" %}{% block body %}<main>Look here</main>{% endblock %}')
    options = replace(bakery.options(tmp_path / "out"), theme=theme)
    store = bakery.planet(2)
    publish(store, options)

    assert (tmp_path / "out" / "style.css").read_text() == "body { color: teal }"
    assert "Look here" in (tmp_path / "out" / "status.html").read_text()
    assert 'href="style.css"' in (tmp_path / "out" / "index.html").read_text()

    (theme / "style.css").write_text("body { color: navy; }")
    written = {path.name for path in publish(store, options).written}
    assert "style.css" in written
    assert not {name for name in written if name.endswith((".xml", ".json"))}


def test_a_theme_that_is_broken_costs_no_feed(bakery, tmp_path: Path) -> None:
    """Its page stays as it was, and the operator is told."""
    theme = tmp_path / "theme"
    theme.mkdir()
    options = replace(bakery.options(tmp_path / "out"), theme=theme)
    publish(bakery.planet(1), options)
    page = (tmp_path / "out" / "index.html").read_bytes()
    (theme / "index.html").write_text("{% for %}")
    report = publish(bakery.planet(2), options)

    assert any("index.html was not rendered" in problem for problem in report.problems)
    assert (tmp_path / "out" / "index.html").read_bytes() == page
    assert len(feedparser.parse((tmp_path / "out" / "atom.xml").read_bytes()).entries) == 4
