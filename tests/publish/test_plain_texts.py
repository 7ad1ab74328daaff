"""Plain texts that look like HTML stay plain texts, for readers, for validators and after a retraction."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import feedparser
import pytest
from lxml import etree

from feedmill.publish.aggregate import Edition
from feedmill.publish.feed import render_atom, render_rss
from feedmill.publish.json_feed import render_json
from feedmill.publish.retraction import without_entries

ATOM = "{http://www.w3.org/2005/Atom}"
TITLES = ('Cats & "dogs" <3', "1&1 is R&D", "&nbsp; explained", "If a < b && c > d", "List<String> of <T>", "<3 &#x26;")


@pytest.fixture
def edition(bakery, make_edition) -> Edition:
    entries = [
        bakery.entry(number, title=title, summary=f"Short: {title}", categories=("R&D 1&1",), rights="A&B <c>")
        for number, title in enumerate(TITLES, 1)
    ]
    return make_edition(*entries, title="1&1 & more", description="All of R&D 1&1", rights="1&1")


def test_a_title_is_the_same_text_in_every_format(edition) -> None:
    atom, rss = etree.fromstring(render_atom(edition).data), etree.fromstring(render_rss(edition).data)
    items = json.loads(render_json(edition)[0])["items"]

    assert [entry.findtext(f"{ATOM}title") for entry in atom.iter(f"{ATOM}entry")] == list(TITLES)
    assert {title.get("type", "text") for title in atom.iter(f"{ATOM}title")} == {"text"}
    assert [item.findtext("title") for item in rss.iter("item")] == list(TITLES)
    assert [item["title"] for item in items] == list(TITLES)
    assert [entry.title for entry in feedparser.parse(render_atom(edition).data).entries] == list(TITLES)


def test_ampersands_and_angles_of_plain_texts_are_spelled_as_character_references(edition) -> None:
    """RSS Best Practices Profile; the W3C validator takes `&amp;1` and `&lt;b` in a text for HTML."""
    atom, rss = render_atom(edition).data, render_rss(edition).data

    assert b"<title>1&#x26;1 is R&#x26;D</title>" in atom
    assert b"<title>1&#x26;1 is R&#x26;D</title>" in rss
    assert b"<category>R&#x26;D 1&#x26;1</category>" in rss
    assert b"<subtitle>All of R&#x26;D 1&#x26;1</subtitle>" in atom
    assert b"&lt;p&gt;" in atom  # content is HTML, escaped as ever


def test_what_looks_encoded_twice_is_spelled_and_not_changed(bakery, make_edition) -> None:
    """A post about encodings; the W3C validator takes the pair as it is for damage."""
    html = '<p><img src="https://a.example/1.png" alt="caf\u00c3\u00a9"></p>'
    made = make_edition(bakery.entry(1, title="\u00c3\u00a9 for \u00e9", content_html=html))
    atom, rss = render_atom(made).data, render_rss(made).data

    assert b"<title>\xc3\x83&#xA9; for \xc3\xa9</title>" in atom
    assert b"<title>\xc3\x83&#xA9; for \xc3\xa9</title>" in rss
    assert b"\xc3\x83\xc2" not in atom + rss
    assert etree.fromstring(atom).findtext(f"{ATOM}entry/{ATOM}content") == html


def test_a_summary_that_quotes_an_element_is_html_that_shows_it(bakery, make_edition) -> None:
    quoting = "Write <b>bold</b> & be done"
    atom = render_atom(make_edition(bakery.entry(1, summary=quoting))).data
    summary = etree.fromstring(atom).find(f"{ATOM}entry/{ATOM}summary")

    assert summary.get("type") == "html"
    assert summary.text == "Write &lt;b&gt;bold&lt;/b&gt; &amp; be done"


def test_the_w3c_validator_takes_no_text_for_html(edition, bakery, make_edition, w3c) -> None:
    quoting = make_edition(bakery.entry(1, summary="Write <b>bold</b> & be done"))

    assert w3c(render_atom(edition).data, "https://planet.example/atom.xml") == []
    assert w3c(render_rss(edition).data, "https://planet.example/rss.xml") == []
    assert w3c(render_atom(quoting).data, "https://planet.example/atom.xml") == []
    assert w3c(render_rss(quoting).data, "https://planet.example/rss.xml") == []


def test_an_entry_that_is_cut_out_leaves_the_others_as_they_were_written(edition) -> None:
    """Byte for byte, the spelling of their texts included."""
    data = render_atom(edition).data
    gone = edition.entries[2].id
    left = without_entries(data, {gone: datetime(2026, 1, 1, tzinfo=UTC)})
    before, after = data.rstrip().split(b"<entry"), left.rstrip().split(b"<entry")

    assert gone.encode() in before[3]
    assert after[1:] == [*before[1:3], *before[4:]]
