"""Hostile feeds through the whole mill: nothing lives in any output, nothing leaves the place where its text stands."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Sequence
from typing import Any

import pytest

pytestmark = pytest.mark.slow
PRIVATE_USE = re.compile("[\ue000-\uf8ff]")
PUBLISHED = (".xml", ".html", ".json", ".opml")


def everything(vectors: dict[str, list[str]]) -> list[tuple[str, str]]:
    return [(name, vector) for name, group in vectors.items() for vector in group]


def test_there_are_many_vectors_of_many_classes(vectors: dict[str, list[str]]) -> None:
    rows = everything(vectors)

    assert len({vector for _, vector in rows}) == len(rows) >= 300
    assert len(vectors) >= 15
    assert min(len(group) for group in vectors.values()) >= 15


def test_the_judge_sees_what_is_alive(vectors: dict[str, list[str]], judge: Any) -> None:
    """Vectors as they are, in a reader that cleans nothing: several of each class live, or the judge proves nothing."""
    seen = {
        name: len([vector for vector in group if judge.live(f"<p>{vector}</p>") or not judge.is_quiet(vector)])
        for name, group in vectors.items()
    }

    assert min(seen.values()) >= 5, seen
    assert sum(seen.values()) >= 400, seen


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("index.html", "<title>x</title><body><h2>a</h2><h1>b</h1>"),
        ("index.html", "<title>x</title><body><h2>a<b>b</b></h2>"),
        ("index.html", "<title>x</title><body><h2 onclick=a()>a</h2>"),
        ("index.html", "<title>x</title><body><a class=home href=' javascript:a()'>a</a><h2>a</h2>"),
        ("index.html", "<title>x</title><body><h2>a</h2><div class=e-content><p onclick=a()>b</div>"),
        ("index.html", "<title>x</title><body><h2>a</h2><!-- b -->"),
        ("atom.xml", "<feed xmlns='http://www.w3.org/2005/Atom'><title>a</title><link href='javascript:a()'/></feed>"),
        ("atom.xml", "<feed xmlns='http://www.w3.org/2005/Atom'><title>a</title><id>javascript:a()</id></feed>"),
        ("atom.xml", "<feed xmlns='http://www.w3.org/2005/Atom'><title>a<b>b</b></title></feed>"),
        ("atom.xml", "<feed xmlns='http://www.w3.org/2005/Atom'><content type='html'>&lt;p id='a'></content></feed>"),
        ("atom.xml", "<feed><title>a</feed>"),
        ("rss.xml", "<rss><description>&lt;/div>&lt;script></description></rss>"),
        ("rss.xml", "<rss><link>data:text/html,a</link></rss>"),
        ("feed.json", '{"items":[{"content_html":"<a href=\\"vbscript:a\\">b"}]}'),
        ("feed.json", '{"items":[{"url":"java\\tscript:a()"}]}'),
        ("feed.json", '{"title":"</script><hr>"}'),
        ("feed.json", '{"title":"<!--<script>"}'),
        ("search/x.json", '{"sources":[],"entries":[["t","//a.example/",0,"",""]]}'),
    ],
)  # fmt: skip
def test_the_judge_sees_what_broke_out(name: str, file: str, judge: Any) -> None:
    """One thing that must not be, in files that are otherwise like those from which the judge learnt."""
    grammar = judge.Grammar()
    grammar.learn(
        [
            ("a.html", b"<title>x</title><body><a class=home href=y>a</a><h2>a</h2><div class=e-content>b</div>"),
            ("b.html", b"<title>x</title><body><h2>a</h2>"),
            ("a.xml", b"<feed xmlns='http://www.w3.org/2005/Atom'><title>a</title><link href='y'/><id>a</id></feed>"),
            ("b.xml", b"<feed xmlns='http://www.w3.org/2005/Atom'><content type='html'>a</content></feed>"),
            ("c.xml", b"<rss><description>a</description><link>b</link></rss>"),
        ]
    )  # fmt: skip

    assert judge.judge(name, file.encode(), grammar) != []


@pytest.mark.parametrize(
    ("dialect", "part", "parts"),
    [("atom", 0, 4), ("atom", 1, 4), ("atom", 2, 4), ("atom", 3, 4), ("rss", 0, 3), ("json", 1, 3), ("torn", 2, 4)],
)
def test_nothing_lives_and_nothing_breaks_out(
    dialect: str,
    part: int,
    parts: int,
    vectors: dict[str, list[str]],
    judge: Any,
    grammar: Any,
    mill: Callable[..., Any],
) -> None:
    """Every vector in every field of a document, a source for each; all files of the planet are judged, those that tell
    of trouble too, and a title is the same text in every format and on the page.

    In Atom that is all of them, in four planets; in the others every third or fourth, or all with FEEDMILL_FUZZ=1.
    """
    rows = everything(vectors)
    if dialect == "atom" or not os.environ.get("FEEDMILL_FUZZ"):
        rows = rows[part::parts]
    planet = mill(dialect, rows, troubled=dialect == "atom")
    files = dict(planet.files(*PUBLISHED))

    found = {name: reasons for name, data in files.items() if (reasons := judge.judge(name, data, grammar))}
    assert found == {}
    assert len(files) > len(rows)
    entries = judge.told("feed.json", files["feed.json"])
    assert len(entries) >= 0.9 * 3 * len(rows)
    for name in ("atom.xml", "rss.xml"):
        assert judge.told(name, files[name]) == entries
    # An entry that two sources have is merged in the planet's own feed; a source's feed has it under its own id.
    known, shown = dict(entries), {}
    for name, data in files.items():
        if name.endswith("/atom.xml"):
            known |= judge.told(name, data)
        elif name.endswith(".html"):
            shown |= judge.titles_on(data)
    # The page has no font for private-use characters, and leaves them out.
    assert {uid: PRIVATE_USE.sub("", known[uid][0]) for uid in shown} == shown
    assert len(shown) >= 0.9 * len(entries)


@pytest.mark.parametrize(
    "identity", ["javascript:alert(1)", "data:text/html,x", "view-source:x", "about:blank", "post:12"]
)
def test_the_id_of_a_source_is_a_name_that_nobody_else_has(identity: str) -> None:
    """Some readers make a link of an id."""
    from feedmill.feeds.entry import Origin
    from feedmill.feeds.source import Channel, Source, SourceRecord, SourceState
    from feedmill.publish.about import source_about

    record = SourceRecord(
        row=1,
        source=Source(url="https://blog.example/feed"),
        state=SourceState(),
        channel=Channel(format="atom10", about=Origin(id=identity, title="Ada")),
        entries=0,
    )

    assert source_about(record).id == "https://blog.example/feed"


def test_json_may_stand_in_a_script_element() -> None:
    from feedmill.publish.xmltext import script_safe

    document = json.dumps(["</script>", "<!--<script>", "a < b"])

    assert json.loads(script_safe(document)) == json.loads(document)
    assert "</" not in script_safe(document)
    assert "<!--" not in script_safe(document)


def test_what_cleaning_is_tested_with_comes_through_the_mill(
    cleaning_vectors: Sequence[str], judge: Any, grammar: Any, documents: Any, mill: Callable[..., Any]
) -> None:
    """The combinations of tests/clean, more than a thousand, as entries of one document."""
    planet = mill("json", [("many", "")], whole=documents.many(cleaning_vectors))
    files = dict(planet.files(*PUBLISHED))

    found = {name: reasons for name, data in files.items() if (reasons := judge.judge(name, data, grammar))}
    assert found == {}
    entries = judge.told("feed.json", files["feed.json"])
    assert len(entries) >= 0.9 * len(cleaning_vectors)
    for name in ("atom.xml", "rss.xml"):
        assert judge.told(name, files[name]) == entries
