"""URLs: absolute, tidy, folded to a key."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedmill.ingest.urls import absolute, canonical_key, host_of, own_hosts, tidy, unescape_once

BASE = "https://blog.example/2026/post.html?page=2#top"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.example/x", "https://a.example/x"),
        ("HTTPS://A.Example/Path", "https://a.example/Path"),
        ("http://a.example", "http://a.example/"),
        ("http://a.example?q=1", "http://a.example/?q=1"),
        ("http://a.example:80/", "http://a.example/"),
        ("https://a.example:443/", "https://a.example/"),
        ("https://a.example:0443/", "https://a.example/"),
        ("https://a.example:8443/", "https://a.example:8443/"),
        ("https://a.example:/", "https://a.example/"),
        ("https://a.example:99999/", None),
        ("https://a.example:8a/", None),
        ("/about", "https://blog.example/about"),
        ("next.html", "https://blog.example/2026/next.html"),
        ("../img/a.png", "https://blog.example/img/a.png"),
        ("../../../up", "https://blog.example/up"),
        ("a/./b/../c", "https://blog.example/2026/a/c"),
        ("a/..", "https://blog.example/2026/"),
        ("a/.", "https://blog.example/2026/a/"),
        ("%2e%2e/up", "https://blog.example/up"),
        (".hidden", "https://blog.example/2026/.hidden"),
        ("?page=3", "https://blog.example/2026/post.html?page=3"),
        ("#end", "https://blog.example/2026/post.html?page=2#end"),
        ("//cdn.example/a.js", "https://cdn.example/a.js"),
        ("\\\\cdn.example\\a", "https://cdn.example/a"),
        ("\\about", "https://blog.example/about"),
        ("https:next", "https://blog.example/2026/next"),
        ("http:next", "http://next/"),
        ("http:///a.example/x", "http://a.example/x"),
        ("https:\\\\a.example\\x", "https://a.example/x"),
        ("", None),
        ("   ", None),
        ("  https://a.example/x \n", "https://a.example/x"),
        ("https://a.exa\nmple/a\tb", "https://a.example/ab"),
        ("\x00https://a.example/\x1f\ud800x", "https://a.example/x"),
        ("https://a.example/a b", "https://a.example/a%20b"),
        ("https://a.example/\u00fc", "https://a.example/%C3%BC"),
        ("https://a.example/%c3%bc", "https://a.example/%C3%BC"),
        ("https://a.example/100%", "https://a.example/100%25"),
        ('https://a.example/"<>[]{}|^`', "https://a.example/%22%3C%3E%5B%5D%7B%7D%7C%5E%60"),
        ("https://a.example/?a[]=1&b=\u00fc", "https://a.example/?a%5B%5D=1&b=%C3%BC"),
        ("https://a.example/#\u00fc#x", "https://a.example/#%C3%BC%23x"),
        ("https://a.example/?", "https://a.example/?"),
        ("https://a.example/#", "https://a.example/"),
        ("https://b\u00fccher.example/", "https://xn--bcher-kva.example/"),
        ("https://xn--bcher-kva.example/", "https://xn--bcher-kva.example/"),
        ("https://%61.example/", "https://a.example/"),
        ("https://%ff.example/", None),
        ("https://user:pass@a.example/", "https://a.example/"),
        ("https://google.com@evil.example/", "https://evil.example/"),
        ("http://127.0.0.1:8080/a", "http://127.0.0.1:8080/a"),
        ("http://1.2.3/", None),
        ("http://1.2.3.4.5/", None),
        ("http://[::1]:8080/a", "http://[::1]:8080/a"),
        ("http://[2001:DB8:0::1]/", "http://[2001:db8::1]/"),
        ("http://[::1]x/", None),
        ("http://[zz]/", None),
        ("http://[::1", "http://[::1]/"),
        ("http://localhost:8000/x", "http://localhost:8000/x"),
        ("https://a_b.example/", "https://a_b.example/"),
        ("https://-a.example/", "https://-a.example/"),
        ("https://a b.example/", None),
        ("https:///", None),
        ("https://\u2603\u0301\u200b\ufffd.example/", None),
        ("https://" + "\u00fc" * 300 + ".example/", None),
        ("javascript:alert(1)", None),
        ("java\nscript:alert(1)", None),
        ("data:text/html,x", None),
        ("mailto:ada@blog.example", None),
        ("feed://a.example/", None),
        ("tag:blog.example,2026:1", None),
        ("https://a.example/" + "x" * 9000, None),
    ],
)
def test_a_reference_becomes_an_absolute_web_address_or_none(url: str, expected: str | None) -> None:
    assert absolute(url, BASE) == expected


def test_without_a_base_only_an_absolute_address_is_one() -> None:
    assert absolute("/about") is None
    assert absolute("about", None) is None
    assert absolute("/about", "ftp://a.example/") is None
    assert absolute("https:a.example/x") == "https://a.example/x"
    assert absolute("x", "https://a.example") == "https://a.example/x"


def test_what_grows_beyond_any_length_when_escaped_is_no_link() -> None:
    assert absolute("https://a.example/" + "\u20ac" * 8000) is None


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("a?x=1&amp;y=2", "a?x=1&y=2"),
        ("a?x=1&amp;amp;y=2", "a?x=1&y=2"),
        ("a?x=1&#038;y=2", "a?x=1&y=2"),
        ("a?x=1&#x26;y=2", "a?x=1&y=2"),
        ("a?x=1&y=2", "a?x=1&y=2"),
        ("a", "a"),
    ],
)
def test_an_ampersand_that_was_escaped_once_too_often_is_one(url: str, expected: str) -> None:
    assert unescape_once(url) == expected


OWN = frozenset({"blog.example"})


@pytest.mark.parametrize(
    ("url", "expected", "removed"),
    [
        ("https://a.example/x", "https://a.example/x", []),
        ("https://a.example/x?p=12&id=3", "https://a.example/x?p=12&id=3", []),
        (
            "https://a.example/x?utm_source=rss&p=1&UTM_MEDIUM=b",
            "https://a.example/x?p=1",
            ["utm_source", "utm_medium"],
        ),
        ("https://a.example/x?utm_source=rss", "https://a.example/x", ["utm_source"]),
        ("https://a.example/x?fbclid=1#part", "https://a.example/x#part", ["fbclid"]),
        ("https://a.example/x?b=2&a=1&gclid=z", "https://a.example/x?b=2&a=1", ["gclid"]),
        ("https://a.example/x?%75tm_source=1", "https://a.example/x", ["utm_source"]),
        ("https://a.example/x?", "https://a.example/x?", []),
        ("https://a.example/x?ref=blog.example", "https://a.example/x", ["ref"]),
        ("https://a.example/x?ref=www.blog.example", "https://a.example/x", ["ref"]),
        ("https://a.example/x?ref=main&source=rss", "https://a.example/x?ref=main", ["source"]),
        ("https://medium.com/x?source=rss-123--4", "https://medium.com/x", ["source"]),
        ("https://a.example/x?src=photo.jpg", "https://a.example/x?src=photo.jpg", []),
        ("https://x.substack.com/p/y?r=1&action=share", "https://x.substack.com/p/y", ["r", "action"]),
        ("https://a.example/x?r=1&action=edit", "https://a.example/x?r=1&action=edit", []),
        ("https://a.example/x?at_medium=1&at_campaign=2", "https://a.example/x", ["at_medium", "at_campaign"]),
        ("https://a.example/x?at_time=12", "https://a.example/x?at_time=12", []),
        ("https://a.example/x?utm_source=a&Signature=abc", "https://a.example/x?utm_source=a&Signature=abc", []),
        ("https://a.example/x?utm_source=a&X-Amz-Date=1", "https://a.example/x?utm_source=a&X-Amz-Date=1", []),
        ("https://github.com/x?utm_source=a", "https://github.com/x?utm_source=a", []),
        ("https://bugs.a.example/x?utm_source=a", "https://bugs.a.example/x?utm_source=a", []),
        ("https://a.example/x#utm_source=rss", "https://a.example/x", ["#utm_source=rss"]),
        ("https://a.example/x#xtor=RSS-1", "https://a.example/x", ["#xtor=RSS-1"]),
        ("https://a.example/x#.abc123.feedburner", "https://a.example/x", ["#.abc123.feedburner"]),
        ("https://a.example/x#.net", "https://a.example/x#.net", []),
        ("https://a.example/x#comment-3", "https://a.example/x#comment-3", []),
        (
            "https://www.google.com/url?rct=j&url=https://b.example/y%3Futm_source%3Dz%26p%3D1&sa=U",
            "https://b.example/y?p=1",
            ["redirect:google.com", "utm_source"],
        ),
        (
            "https://l.facebook.com/l.php?u=https%3A%2F%2Fb.example%2F",
            "https://b.example/",
            ["redirect:l.facebook.com"],
        ),
        (
            "https://out.reddit.com/t3_x?url=https%3A%2F%2Fb.example%2F",
            "https://b.example/",
            ["redirect:out.reddit.com"],
        ),
        ("https://href.li/?https://b.example/x?a=1", "https://b.example/x?a=1", ["redirect:href.li"]),
        ("https://www.google.com/url?sa=t", "https://www.google.com/url?sa=t", []),
        ("https://www.google.com/url?q=javascript:alert(1)", "https://www.google.com/url?q=javascript:alert(1)", []),
    ],
)
def test_tracking_goes_and_everything_else_stays(url: str, expected: str, removed: list[str]) -> None:
    assert tidy(url, OWN) == (expected, removed)


def test_a_chain_of_redirectors_ends() -> None:
    url = "https://b.example/"
    for _ in range(5):
        url = "https://href.li/?" + url

    assert tidy(url)[0] == "https://href.li/?https://href.li/?https://b.example/"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://a.example/x", "https://a.example/x"),
        ("https://www.a.example/x", "https://a.example/x/"),
        ("https://m.a.example/x", "https://mobile.a.example/x"),
        ("https://a.example/x/index.html", "https://a.example/x"),
        ("https://a.example/", "https://a.example/index.php"),
        ("https://a.example/x/amp/", "https://a.example/x"),
        ("https://a.example/x?amp=1", "https://a.example/x"),
        ("https://amp.a.example/x.amp.html", "https://a.example/x.html"),
        ("https://a-example.cdn.ampproject.org/c/s/a.example/x", "https://a.example/x"),
        ("https://www.google.com/amp/s/a.example/x/amp", "https://a.example/x"),
        ("https://a.example/?b=2&a=1", "https://a.example/?a=1&b=2"),
        ("https://a.example/%7Eada", "https://a.example/~ada"),
        ("https://a.example/x?utm_source=rss", "https://a.example/x"),
        ("https://a.example/x#more-12", "https://a.example/x"),
        ("https://a.example/x#3", "https://a.example/x"),
        ("https://a.blogspot.example/x.html?m=1", "https://a.blogspot.example/x.html"),
    ],
)
def test_two_addresses_of_one_page_have_one_key(one: str, other: str) -> None:
    assert canonical_key(one) == canonical_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://a.example/x", "https://b.example/x"),
        ("https://a.example/x", "https://a.example/X"),
        ("https://a.example/?p=1", "https://a.example/?p=2"),
        ("https://a.example/2026/05/04.html#a1", "https://a.example/2026/05/04.html#a2"),
        ("https://a.example/x#comment-1", "https://a.example/x#comment-2"),
        ("https://a.example/camp", "https://a.example/c"),
    ],
)
def test_addresses_of_two_pages_have_two_keys(one: str, other: str) -> None:
    assert canonical_key(one) != canonical_key(other)


def test_a_key_can_be_made_of_anything() -> None:
    assert canonical_key("not a url") == "not a url/"


def test_own_hosts_are_hosts_without_www() -> None:
    assert own_hosts(["https://www.A.example:8080/x", None, "", "nothing"]) == {"a.example"}
    assert host_of("https://www.a.example?x") == "a.example"


@given(st.text(max_size=60), st.sampled_from([None, BASE, "https://b.example"]))
def test_absolute_is_idempotent_and_gives_legal_uri_characters(url: str, base: str | None) -> None:
    result = absolute(url, base)

    if result is not None:
        assert result.startswith(("http://", "https://"))
        assert result.isascii()
        assert not set(result) & set(' "<>\\^`{|}\x00\n')
        assert absolute(result, base) == result


@given(st.lists(st.sampled_from(["utm_source=x", "p=1", "a=%26", "fbclid=2", "ref=rss", "b"]), max_size=6))
def test_tidy_is_idempotent_and_a_tracking_parameter_never_changes_the_key(pairs: list[str]) -> None:
    url = "https://a.example/x" + ("?" + "&".join(pairs) if pairs else "")
    once = tidy(url)[0]

    assert tidy(once) == (once, [])
    assert canonical_key(url + ("&" if "?" in url else "?") + "utm_medium=feed") == canonical_key(url)


@pytest.mark.parametrize(
    "url", ["https://a.example/" + "/." * 4000, "http:" + "/" * 8000, "https://" + "a." * 4000, "%" * 8000]
)
def test_a_long_odd_address_takes_no_time(url: str) -> None:
    start = time.process_time()
    absolute(url, BASE)

    assert time.process_time() - start < 0.2
