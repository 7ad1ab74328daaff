"""Atom, RSS and JSON Feed: what a reader and a validator find in them (checks A, B, C)."""

from __future__ import annotations

import json
import locale
import subprocess
import sys
from html import unescape

import feedparser
import pytest
from lxml import etree

from feedmill.feeds.entry import Author
from feedmill.publish.aggregate import Edition, aggregate
from feedmill.publish.feed import render_atom, render_rss
from feedmill.publish.json_feed import render_json
from feedmill.publish.theme import DEFAULT

ATOM = "{http://www.w3.org/2005/Atom}"
XML = "{http://www.w3.org/XML/1998/namespace}"
MEDIA = "{http://search.yahoo.com/mrss/}"
SELF = {"atom": "https://planet.example/atom.xml", "rss": "https://planet.example/rss.xml"}


@pytest.fixture
def make(bakery):
    def edition(*entries, sources=None, **publication) -> Edition:
        return aggregate(
            bakery.publication(**publication),
            entries,
            [bakery.source("ada"), bakery.source("bob")],
            feed_id="urn:uuid:00000000-0000-5000-8000-000000000001",
            generator_version="0.1.0",
        )

    return edition


@pytest.fixture
def full(bakery, make) -> Edition:
    """An edition with everything an entry can have."""
    return make(
        bakery.entry(
            1,
            enclosures=(bakery.enclosure("a.mp3"), bakery.enclosure("b.ogg", media_type=None, length=None)),
            image="https://ada.example/lead.jpg",
            rights="CC BY",
            authors=(Author(name="Ada"), Author(name="Bob & Co", url="https://bob.example/")),
        ),
        bakery.entry(2, "bob", id="urn:uuid:7e0ef2c0-9c3b-5d6c-8f6f-0f4f2b8f5f10"),
        description="What we read & like",
        owner="The Editors",
        rights="© the authors",
    )


@pytest.fixture
def atom(full) -> etree._Element:
    return etree.fromstring(render_atom(full).data)


@pytest.fixture
def channel(full) -> etree._Element:
    return etree.fromstring(render_rss(full).data)[0]


def test_equal_editions_give_equal_bytes_in_another_process_and_hash_seed(full) -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import importlib.util as u;"
        "s = u.spec_from_file_location('kitchen', sys.argv[1] + '/conftest.py'); m = u.module_from_spec(s);"
        "sys.modules['kitchen'] = m; s.loader.exec_module(m); b = m.Bakery();"
        "from feedmill.publish.aggregate import aggregate; from feedmill.publish.feed import render_atom, render_rss;"
        "e = aggregate(b.publication(), [b.entry(1), b.entry(2, 'bob')], [b.source('ada'), b.source('bob')],"
        " feed_id='urn:x:y', generator_version='1');"
        "import hashlib; print(hashlib.sha256(render_atom(e).data + render_rss(e).data).hexdigest())"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", code, __file__.rpartition("/")[0]],
            check=True,
            capture_output=True,
            text=True,
            env={"PYTHONHASHSEED": seed, "TZ": zone},
        ).stdout
        for seed, zone in (("1", "Asia/Tokyo"), ("2", "UTC"))
    }

    assert len(seen) == 1


def test_rendering_never_touches_the_locale_of_the_process(full, monkeypatch) -> None:
    def refuse(*_: object) -> str:
        raise AssertionError("the locale was touched")

    monkeypatch.setattr(locale, "setlocale", refuse)

    assert render_rss(full).problems == ()
    assert render_atom(full).problems == ()


def test_a_feed_starts_with_what_a_browser_and_a_curious_person_need(full) -> None:
    for data in (render_atom(full).data, render_rss(full).data):
        first, second, third = data.split(b"\n")[:3]

        assert first == b"<?xml version='1.0' encoding='UTF-8'?>"
        assert second == b'<?xml-stylesheet type="text/css" href="feed.css"?>'
        assert third.startswith(b"<!-- This is a web feed.")


def test_the_atom_feed_has_one_of_each_thing_it_must_have(atom) -> None:
    assert [len(atom.findall(ATOM + name)) for name in ("id", "title", "updated", "subtitle", "rights")] == [1] * 5
    assert [(link.get("rel"), link.get("type"), link.get("href")) for link in atom.findall(ATOM + "link")] == [
        ("self", "application/atom+xml", "https://planet.example/atom.xml"),
        ("alternate", "text/html", "https://planet.example/"),
    ]
    assert atom.get(XML + "lang") == "en"
    assert atom.findtext(f"{ATOM}author/{ATOM}name") == "The Editors"
    assert atom.find(ATOM + "generator").get("version") == "0.1.0"
    assert atom.findtext(ATOM + "updated") == "2026-03-02T10:10:00Z"


def test_entry_links_keep_every_attribute_that_feedgen_loses(atom) -> None:
    entry = atom.find(ATOM + "entry")

    assert [dict(link.attrib) for link in entry.findall(ATOM + "link")] == [
        {"rel": "alternate", "type": "text/html", "href": "https://ada.example/1"},
        {"rel": "enclosure", "type": "audio/mpeg", "length": "123456", "href": "https://ada.example/a.mp3"},
        {"rel": "enclosure", "href": "https://ada.example/b.ogg"},
    ]


def test_each_entry_carries_one_complete_source(atom) -> None:
    for entry in atom.findall(ATOM + "entry"):
        (source,) = entry.findall(ATOM + "source")

        assert {child.tag.removeprefix(ATOM) for child in source} == {
            "id", "title", "updated", "author", "link", "subtitle", "rights", "icon",
        }  # fmt: skip
        assert [link.get("rel") for link in source.findall(ATOM + "link")] == ["self", "alternate"]


def test_content_is_html_escaped_once_with_its_base_and_language(bakery, atom) -> None:
    content = atom.find(f"{ATOM}entry/{ATOM}content")

    assert content.text == bakery.entry(1).entry.content_html
    assert dict(content.attrib) == {
        "type": "html",
        XML + "lang": "en",
        XML + "base": "https://ada.example/1",
    }


def test_feedparser_reads_back_what_was_written(full) -> None:
    for data in (render_atom(full).data, render_rss(full).data):
        feed = feedparser.parse(data)

        assert not feed.bozo
        assert [entry.id for entry in feed.entries] == [entry.id for entry in full.entries]
        assert [unescape(entry.title) for entry in feed.entries] == [entry.title for entry in full.entries]
        assert feed.entries[0].link == "https://ada.example/1"
        assert feed.entries[0].published_parsed[:5] == (2026, 3, 2, 9, 5)
        assert feed.entries[0].enclosures[0].href == "https://ada.example/a.mp3"
        assert feed.entries[0].source.title == "The ada blog"


def test_the_channel_links_home_and_names_itself(channel) -> None:
    assert channel.findtext("link") == "https://planet.example/"
    assert channel.findtext("description") == "What we read & like"
    assert channel.findtext("lastBuildDate") == "Mon, 02 Mar 2026 10:10:00 GMT"
    assert channel.findtext("ttl") == "30"
    assert [(link.get("rel"), link.get("href")) for link in channel.findall(ATOM + "link")] == [
        ("self", "https://planet.example/rss.xml"),
        ("alternate", "https://planet.example/"),
    ]


def test_a_guid_claims_to_be_a_permalink_only_when_it_is_one(channel) -> None:
    assert [(item.find("guid").text, item.find("guid").get("isPermaLink")) for item in channel.findall("item")] == [
        ("https://ada.example/1", "true"),
        ("urn:uuid:7e0ef2c0-9c3b-5d6c-8f6f-0f4f2b8f5f10", "false"),
    ]


def test_names_go_to_dc_creator_and_never_into_author(channel) -> None:
    item = channel.find("item")

    assert [name.text for name in item.findall("{http://purl.org/dc/elements/1.1/}creator")] == ["Ada", "Bob & Co"]
    assert item.find("author") is None


def test_rss_takes_one_enclosure_and_mrss_the_others(channel) -> None:
    item = channel.find("item")

    assert [dict(part.attrib) for part in item.findall("enclosure")] == [
        {"url": "https://ada.example/a.mp3", "length": "123456", "type": "audio/mpeg"}
    ]
    assert [dict(part.attrib) for part in item.findall(MEDIA + "content")] == [
        {"url": "https://ada.example/b.ogg", "type": "audio/ogg"}
    ]
    assert item.find(MEDIA + "thumbnail").get("url") == "https://ada.example/lead.jpg"


def test_a_second_enclosure_of_known_length_says_so(bakery, make) -> None:
    made = make(bakery.entry(1, enclosures=(bakery.enclosure("a"), bakery.enclosure("b.bin", media_type=None))))

    media = etree.fromstring(render_rss(made).data).find(f".//{MEDIA}content")

    assert dict(media.attrib) == {
        "url": "https://ada.example/b.bin",
        "type": "application/octet-stream",
        "fileSize": "123456",
    }


def test_description_comes_first_as_html_and_the_full_content_after_it(channel) -> None:
    item = channel.find("item")
    names = [child.tag for child in item]

    assert item.findtext("description") == "The first sentence of 1, with &lt;b&gt; &amp; co."
    assert names.index("description") < names.index("{http://purl.org/rss/1.0/modules/content/}encoded")
    assert item.find("source").get("url") == "https://ada.example/feed.xml"


@pytest.mark.parametrize(
    ("fields", "description", "encoded", "content"),
    [
        ({"summary": "", "content_html": "<p>x</p>"}, "<p>x</p>", None, "<p>x</p>"),
        ({"summary": "a < b", "content_html": ""}, "a &lt; b", None, "<p>a &lt; b</p>"),
        ({"summary": "", "content_html": "", "title": "T & t"}, "T &amp; t", None, "<p>T &amp; t</p>"),
        ({"summary": "s", "content_html": "<p>c</p>"}, "s", "<p>c</p>", "<p>c</p>"),
    ],
)
def test_there_is_always_a_description_and_a_content(bakery, make, fields, description, encoded, content) -> None:
    made = make(bakery.entry(1, url=None, **fields))
    item = etree.fromstring(render_rss(made).data).find(".//item")
    entry = etree.fromstring(render_atom(made).data).find(ATOM + "entry")

    assert item.findtext("description") == description
    assert item.findtext("{http://purl.org/rss/1.0/modules/content/}encoded") == encoded
    assert entry.findtext(ATOM + "content") == content


def test_an_undated_entry_gets_the_moment_it_was_first_seen_in_rss_and_no_published_in_atom(bakery, make) -> None:
    made = make(bakery.entry(1, published=None, updated=None))

    assert etree.fromstring(render_rss(made).data).findtext(".//pubDate") == "Mon, 02 Mar 2026 09:05:00 GMT"
    assert etree.fromstring(render_atom(made).data).find(f".//{ATOM}published") is None


def test_hubs_are_named_in_every_format(make, bakery) -> None:
    from dataclasses import replace

    made = replace(make(bakery.entry(1)), hubs=("https://hub.example/",))

    assert b'<link rel="hub" href="https://hub.example/"/>' in render_atom(made).data
    assert b'<atom:link rel="hub" href="https://hub.example/"/>' in render_rss(made).data
    assert json.loads(render_json(made)[0])["hubs"] == [{"type": "WebSub", "url": "https://hub.example/"}]


def test_without_language_owner_description_or_rights_the_feeds_still_stand(bakery, make) -> None:
    made = make(bakery.entry(1, language=None, categories=(), rights=None), language=None)

    atom = etree.fromstring(render_atom(made).data)
    assert atom.find(ATOM + "subtitle") is None
    assert etree.fromstring(render_rss(made).data).findtext(".//description") == ("Posts collected by Planet Example.")


def test_json_feed_says_what_the_others_say(full) -> None:
    data, problems = render_json(full)
    feed = json.loads(data)

    assert problems == ()
    assert list(feed) == [
        "version", "title", "home_page_url", "feed_url", "description", "icon", "favicon", "language",
        "authors", "items",
    ]  # fmt: skip
    first = feed["items"][0]
    assert first["id"] == "https://ada.example/1"
    assert first["date_published"] == "2026-03-02T09:05:00Z"
    assert first["attachments"] == [
        {"url": "https://ada.example/a.mp3", "mime_type": "audio/mpeg", "size_in_bytes": 123456},
        {"url": "https://ada.example/b.ogg", "mime_type": "audio/ogg"},
    ]
    assert first["_feedmill"] == {
        "source": {
            "title": "The ada blog",
            "url": "https://ada.example/",
            "feed_url": "https://ada.example/feed.xml",
            "rights": "CC BY",
        }
    }
    assert feed["items"][1]["authors"] == [{"name": "Ada Lovelace", "url": "https://bob.example/me"}]


def test_json_feed_can_be_pasted_into_a_page(bakery, make) -> None:
    data, _ = render_json(make(bakery.entry(1, title="</script><script>alert(1)</script>")))

    assert b"</" not in data
    assert json.loads(data)["items"][0]["title"] == "</script><script>alert(1)</script>"


def test_an_empty_json_feed_is_a_json_feed(make) -> None:
    assert json.loads(render_json(make())[0])["items"] == []


def test_an_entry_in_two_sources_says_so_in_json(bakery, make) -> None:
    from dataclasses import replace

    made = make(replace(bakery.entry(1), also_in=("https://bob.example/feed.xml", "https://gone.example/")))

    assert json.loads(render_json(made)[0])["items"][0]["_feedmill"]["also_in"] == ["The bob blog"]


def test_an_entry_without_content_has_text_in_json(bakery, make) -> None:
    item = json.loads(render_json(make(bakery.entry(1, content_html="", summary="only <this>")))[0])["items"][0]

    assert item["content_text"] == "only <this>"
    assert "content_html" not in item


def test_an_entry_that_breaks_a_writer_costs_only_itself(bakery, make) -> None:
    """aggregate cleans everything; this entry is made by hand so that it reaches the writers uncleaned."""
    from dataclasses import replace

    made = make(bakery.entry(1), bakery.entry(2), bakery.entry(3))
    poisoned = replace(made, entries=(made.entries[0], replace(made.entries[1], title="\x00\udc00"), made.entries[2]))

    atom, rss = render_atom(poisoned), render_rss(poisoned)
    data, problems = render_json(poisoned)

    assert (atom.entries, rss.entries, len(json.loads(data)["items"])) == (2, 2, 2)
    for problem in (*atom.problems, *rss.problems, *problems):
        assert "https://ada.example/2" in problem


def test_the_w3c_validator_finds_nothing(full, make, w3c) -> None:
    assert w3c(render_atom(full).data, SELF["atom"]) == []
    assert w3c(render_rss(full).data, SELF["rss"]) == []
    assert w3c(render_atom(make()).data, SELF["atom"]) == []
    assert w3c(render_rss(make()).data, SELF["rss"]) == []


def test_atom_is_valid_by_the_grammar_of_rfc_4287(full, make, shared) -> None:
    grammar = etree.RelaxNG(etree.parse(shared / "schemas" / "atom.rng"))

    for made in (full, make()):
        assert grammar.validate(etree.fromstring(render_atom(made).data)), grammar.error_log


def test_json_feed_is_valid_by_its_schema(full, make, shared) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((shared / "schemas" / "jsonfeed-1.1.schema.json").read_text())
    validator = jsonschema.Draft7Validator(schema, format_checker=jsonschema.FormatChecker())

    for made in (full, make()):
        assert [error.message for error in validator.iter_errors(json.loads(render_json(made)[0]))] == []


def test_each_format_names_the_planets_icon_as_large_as_it_takes_it(bakery, make) -> None:
    """Checks A5, B4 and C1: a square of 512 pixels, one of 144 for RSS, a logo twice as wide as high."""
    made = make(bakery.entry(1))

    atom = etree.fromstring(render_atom(made).data)
    image = etree.fromstring(render_rss(made).data).find("channel/image")
    feed = json.loads(render_json(made)[0])
    assert atom.findtext(ATOM + "icon") == feed["icon"] == "https://planet.example/icon.png"
    assert atom.findtext(ATOM + "logo") == "https://planet.example/logo.png"
    assert {child.tag: child.text for child in image} == {
        "url": "https://planet.example/icon-144.png", "title": "Planet Example", "link": "https://planet.example/",
        "width": "144", "height": "144",
    }  # fmt: skip
    assert feed["favicon"] == "https://planet.example/icon-144.png"
    for name, size in {"icon.png": (512, 512), "icon-144.png": (144, 144), "logo.png": (480, 240)}.items():
        data = DEFAULT.static_files()[name]
        assert data.startswith(b"\x89PNG\r\n")
        assert (int.from_bytes(data[16:20]), int.from_bytes(data[20:24])) == size


@pytest.mark.parametrize(("icon", "told"), [("https://x.example/i.png?v=2", True), ("https://x.example/i.svg", False)])
def test_a_configured_icon_is_told_as_it_is_and_in_rss_only_where_rss_can_show_it(
    bakery, make, icon: str, told: bool
) -> None:
    made = make(bakery.entry(1), icon=icon)

    atom = etree.fromstring(render_atom(made).data)
    image = etree.fromstring(render_rss(made).data).find("channel/image")
    assert (atom.findtext(ATOM + "icon"), atom.findtext(ATOM + "logo")) == (icon, None)
    assert json.loads(render_json(made)[0])["icon"] == icon
    assert (image is not None) == told
    assert image is None or [child.tag for child in image] == ["url", "title", "link"]
