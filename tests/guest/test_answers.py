"""Checks 26, 36-47, 51, 77, 94, 105 through the house: what an odd answer does to what we have."""

from __future__ import annotations

from datetime import timedelta

import pytest


def guids(house):
    return {each.entry.guid.rpartition("/")[2] for each in house.entries}


HTML = (
    b"<html><head><title>Under construction</title>"
    b"<link rel='alternate' type='application/rss+xml' href='/elsewhere'></head><body>Back soon.</body></html>"
)


@pytest.mark.parametrize("body", [HTML, b"not a feed at all", b"<rss><channel><item>"], ids=["html", "text", "cut"])
def test_check_026_041_a_page_in_place_of_a_feed_freezes_nothing(house, planet, origin, reply, rss, conditional, body):
    """Its ETag is never sent, the old one is; entries stay; the page's link to a feed is not followed."""
    url = origin.on(
        "/feed", conditional(rss("one")), reply(200, body, 'ETag: "page"'), reply(200, rss("two"), 'ETag: "two"')
    )
    planet.configure(url)
    house.sync()

    report = house.when_due(url)[url]
    assert report.outcome == "failed"
    assert (house.records[url].state.standing, guids(house)) == ("failing", {"one"})
    house.when_due(url)

    assert [each.get("If-None-Match") for each in origin.asked("/feed")] == [None, '"one"', '"one"']
    assert origin.asked("/elsewhere") == []
    assert guids(house) == {"one", "two"}


def test_check_036_038_the_same_body_again_changes_nothing_that_is_published(planet, origin, reply, rss):
    """200 with other ETags, byte for byte the same document: no new entry, no file written, the latest ETag echoed."""
    body = rss("one", "two")
    url = origin.on("/feed", *(reply(200, body, f'ETag: "{number}"') for number in range(3)))
    planet.configure(url)
    planet.sync()
    before = planet.published()

    lines = [planet.sync("--force")[url] for _ in range(2)]

    assert [(line["new"], line["changed"], line["unchanged"]) for line in lines] == [(0, 0, 2)] * 2
    assert planet.published() == before
    assert [each.get("If-None-Match") for each in origin.asked()] == [None, '"0"', '"1"']


@pytest.mark.parametrize("body", [b"", b"  \r\n"], ids=["nothing", "blank"])
def test_check_039_an_empty_body_is_a_failure_that_costs_nothing(house, planet, origin, reply, rss, body):
    url = origin.on("/feed", reply(200, rss("one")), reply(200, body))
    planet.configure(url)
    house.sync()

    report = house.when_due(url)[url]

    assert (report.outcome, report.failure) == ("failed", "not_a_feed")
    assert guids(house) == {"one"}


def test_check_039_a_feed_that_lost_all_its_entries_keeps_them_and_says_so(house, planet, origin, reply, rss):
    url = origin.on("/feed", reply(200, rss("one", "two")), reply(200, rss()))
    planet.configure(url)
    house.sync()

    report = house.when_due(url)[url]

    assert "holds no entries any more" in report.detail
    assert "holds no entries any more" in house.records[url].state.detail
    assert guids(house) == {"one", "two"}


def test_check_042_a_difference_is_merged_and_its_etag_kept_also_when_it_brings_nothing(
    house, planet, origin, reply, rss
):
    url = origin.on(
        "/feed",
        reply(200, rss("one", "two"), 'ETag: "a"'),
        reply(226, rss("three"), 'ETag: "b"', "IM: feed"),
        reply(226, rss("three"), 'ETag: "c"', "IM: feed"),
        reply(304, b""),
    )
    planet.configure(url)
    house.sync()
    for _ in range(3):
        house.when_due(url)

    assert guids(house) == {"one", "two", "three"}
    assert [each.get("If-None-Match") for each in origin.asked()] == [None, '"a"', '"b"', '"c"']
    assert house.records[url].channel.entries == 2


def test_check_043_after_a_difference_of_unknown_kind_one_request_goes_without_validators(
    house, planet, origin, reply, rss
):
    """In the next cycle, not at once, and the part is not taken for the whole."""
    url = origin.on(
        "/feed", reply(200, rss("one"), 'ETag: "a"'), reply(226, rss("two"), 'ETag: "b"'), reply(200, rss("three"))
    )
    planet.configure(url)
    house.sync()
    house.when_due(url)
    assert len(origin.asked()) == 2
    house.when_due(url)

    assert [each.get("If-None-Match") for each in origin.asked()] == [None, '"a"', None]
    assert guids(house) == {"one", "three"}


@pytest.mark.parametrize("kind", ["text/html", "text/plain", "application/octet-stream", "image/png", None])
def test_check_045_the_type_that_a_server_claims_decides_nothing(house, planet, origin, reply, rss, kind):
    url = origin.on("/feed", reply(200, rss("one"), *([] if kind is None else [f"Content-Type: {kind}"])))
    planet.configure(url)

    assert house.sync()[url].new == 1


def titled(encoding: str, declared: str | None, *, bom: bytes = b"") -> bytes:
    declaration = "" if declared is None else f'<?xml version="1.0" encoding="{declared}"?>'
    text = (
        f"{declaration}<rss version='2.0'><channel><title>Äpfel für 5 €</title><item><guid>a</guid>"
        "<title>Äpfel für 5 €</title></item></channel></rss>"
    )
    return bom + text.encode(encoding)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (titled("utf-8", "utf-8", bom=b"\xef\xbb\xbf"), "application/rss+xml; charset=iso-8859-1"),
        (titled("utf-16-le", None, bom=b"\xff\xfe"), "application/rss+xml; charset=utf-8"),
        (titled("utf-8", "utf-8"), "text/xml; charset=iso-8859-1"),
        (titled("cp1252", "windows-1252"), "text/xml"),
        (titled("cp1252", None), "text/xml; charset=windows-1252"),
        (titled("utf-8", "x-of-our-own"), "text/xml"),
        (titled("utf-8", None), "text/xml"),
    ],
    ids=["bom-over-header", "utf16-bom", "header-contradicts", "declared", "by-header", "unknown-label", "text-xml"],
)
def test_check_046_the_charset_is_found(house, planet, origin, reply, body, kind):
    """BOM, header, declaration, UTF-8, in that order, and text/xml alone is not ASCII."""
    url = origin.on("/feed", reply(200, body, f"Content-Type: {kind}"))
    planet.configure(url)
    house.sync()

    assert [each.entry.title for each in house.entries] == ["Äpfel für 5 €"]


def test_check_046_invalid_bytes_cost_a_character_and_not_the_feed(house, planet, origin, reply, rss):
    body = rss("one").replace(b"Post one", b"Post \xff\xfe one")
    url = origin.on("/feed", reply(200, body, "Content-Type: text/xml; charset=utf-8"))
    planet.configure(url)

    assert house.sync()[url].new == 1


@pytest.mark.parametrize("kind", ["text/xml; charset=utf-7", "text/xml"])
def test_check_047_t32_utf_7_makes_no_markup(house, planet, origin, reply, kind):
    """What is a tag only in UTF-7 stays letters, whether header or declaration ask for it."""
    body = (
        b'<?xml version="1.0" encoding="utf-7"?><rss version="2.0"><channel><title>a</title><item><guid>a</guid>'
        b"<title>+ADw-script+AD4-alert(1)+ADw-/script+AD4-</title>"
        b"<description>+ADw-img src=x onerror=alert(1)+AD4-</description></item></channel></rss>"
    )
    url = origin.on("/feed", reply(200, body, f"Content-Type: {kind}"))
    planet.configure(url)
    house.sync()

    assert all("<" not in each.entry.title + each.entry.content_text for each in house.entries)
    assert all("onerror" not in each.entry.content_html or "+ADw-" in each.entry.content_html for each in house.entries)


@pytest.mark.parametrize(
    "before", [b"\n\n  ", b"\x00\x00", b"\xef\xbb\xbf\xef\xbb\xbf", b"\r\n<!-- made by hand -->\n"]
)
def test_check_051_rubbish_before_the_declaration_is_lived_with(house, planet, origin, reply, rss, before):
    url = origin.on("/feed", reply(200, before + rss("one")))
    planet.configure(url)

    assert house.sync()[url].new == 1


@pytest.mark.parametrize(
    "hint",
    [
        "<itunes:new-feed-url xmlns:itunes='http://www.itunes.com/dtds/podcast-1.0.dtd'>{new}</itunes:new-feed-url>",
        "<atom:link xmlns:atom='http://www.w3.org/2005/Atom' rel='self' href='{new}'/>",
    ],
    ids=["itunes", "self"],
)
def test_check_094_what_a_feed_says_of_its_own_address_is_a_hint_at_most(house, planet, origin, reply, rss, hint):
    """Nobody's feed moves a source by what is written in it."""
    new = origin.on("/new", reply(200, rss("two")))
    url = origin.on("/feed", reply(200, rss("one", more=hint.format(new=new))))
    planet.configure(url)
    house.sync()
    for _ in range(5):
        house.after(days=3)

    assert origin.asked("/new") == []
    assert house.records[url].state.adopted is None


def test_check_105_of_very_many_entries_the_newest_are_read_and_the_rest_is_told(house, planet, origin, reply):
    """6,000 entries, the oldest first: bounded work, the newest 5,000 kept."""
    from email.utils import format_datetime

    items = "".join(
        f"<item><guid isPermaLink='false'>n{number}</guid><title>{number}</title>"
        f"<pubDate>{format_datetime(house.now - timedelta(hours=7_000 - number))}</pubDate></item>"
        for number in range(6_000)
    )
    body = f"<rss version='2.0'><channel><title>All of it</title>{items}</channel></rss>".encode()
    url = origin.on("/feed", reply(200, body))
    planet.configure(url)

    report = house.sync()[url]

    assert report.new == 5_000
    assert report.detail == "only the newest 5000 entries were kept"
    kept = {each.entry.guid for each in house.entries}
    assert {"n1000", "n5999"} <= kept
    assert "n999" not in kept
