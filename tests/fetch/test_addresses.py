"""T1-T8, T11: what is not connected to, whatever it is called and however it is reached."""

from __future__ import annotations

import socket

import pytest

from feedmill.feeds.outcome import Failure, FailureKind, Fetched
from feedmill.ingest.addresses import is_private, refuse_address, refuse_port
from feedmill.ingest.target import Target, follow, printable, read_target
from feedmill.ingest.transport import Transport

PRIVATE = [
    *("127.0.0.1", "127.255.0.1", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1"),
    *("198.18.0.1", "::1", "fc00::1", "fd12:3456::1", "::ffff:127.0.0.1", "::ffff:7f00:1", "::ffff:10.0.0.1"),
]
CLOSED = [
    *("0.0.0.0", "0.1.2.3", "169.254.169.254", "192.0.0.1", "192.0.2.1", "192.88.99.1", "198.51.100.1"),
    *("203.0.113.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "::", "fd00:ec2::254"),
    *("::127.0.0.1", "::8.8.8.8", "64:ff9b::7f00:1", "64:ff9b::10.0.0.1", "64:ff9b:1::8.8.8.8", "2002:7f00:1::"),
    *("2002:808:808::", "2001:0:1::1", "2001:10::1", "2001:db8::1", "3fff::1", "fe80::1", "fe80::1%eth0"),
    *("fec0::1", "ff02::1", "100::1", "4000::1", "::ffff:169.254.169.254", "::ffff:0.0.0.0", "nonsense"),
]
PUBLIC = [
    "8.8.8.8",
    "93.184.216.34",
    "100.128.0.1",
    "172.32.0.1",
    "2606:2800:220::1",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_t1_t2_private_addresses_open_only_when_allowed(address):
    assert refuse_address(address)
    assert refuse_address(address, allow_private=True) is None
    assert is_private(address)


@pytest.mark.parametrize("address", CLOSED)
def test_t2_t3_some_addresses_never_open(address):
    assert refuse_address(address)
    assert refuse_address(address, allow_private=True)
    assert not is_private(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_open(address):
    assert refuse_address(address) is None


def test_t11_ports_where_no_feed_lives_are_refused():
    assert [port for port in (80, 443, 1024, 8080, 65535) if refuse_port(port)] == []
    assert all(refuse_port(port) for port in (0, 1, 22, 25, 110, 1023, 6379, 11211))


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "2130706433", "0x7f000001", "017700000001", "127.1", "0x7f.1", "0177.0.0.1", "0", "0.0.0.0"),
        *("localhost", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::]", "１２７.０.０.１", "127.0.0.1."),
    ],
)
def test_t1_every_spelling_of_loopback_is_refused(site, make_fetcher, answer, host):
    site.serve(answer())
    outcome = make_fetcher(allow_private_networks=False).fetch(f"http://{host}:{site.port}/feed")

    assert isinstance(outcome, Failure)
    assert outcome.kind in {FailureKind.BLOCKED_ADDRESS, FailureKind.DNS}
    assert site.connections == 0


def table(*addresses):
    """A resolver that gives these addresses, one list after the other."""
    calls = []

    def resolve(host, port, **_):
        calls.append(host)
        rows = addresses[min(len(calls), len(addresses)) - 1]
        return [(socket.AF_INET6 if ":" in a else socket.AF_INET, 1, 6, "", (a, port)) for a in rows]

    resolve.calls = calls
    return resolve


def test_t2_the_refusal_names_host_address_and_reason(make_fetcher):
    transport = Transport(resolver=table(["10.0.0.7"]))
    outcome = make_fetcher(transport=transport).fetch("http://blog.example/feed")

    assert isinstance(outcome, Failure)
    assert outcome.kind is FailureKind.BLOCKED_ADDRESS
    assert all(word in outcome.detail for word in ("blog.example", "10.0.0.7", "private", "allow_private_networks"))


def test_t2_never_opened_addresses_do_not_advertise_the_switch(make_fetcher):
    transport = Transport(resolver=table(["169.254.169.254"]), allow_private_networks=True)
    outcome = make_fetcher(transport=transport).fetch("http://metadata.example/feed")

    assert isinstance(outcome, Failure)
    assert "allow_private" not in outcome.detail


def test_t4_of_a_mixed_name_only_the_open_address_is_used(make_site, make_fetcher, answer):
    site = make_site("127.0.0.1")
    site.serve(answer())
    transport = Transport(resolver=table(["169.254.1.1", "127.0.0.1"]), allow_private_networks=True)

    assert isinstance(make_fetcher(transport=transport).fetch(f"http://mixed.example:{site.port}/feed"), Fetched)


def test_t5_one_lookup_per_connection_decides(site, make_fetcher, answer):
    site.serve(answer())
    resolve = table(["169.254.1.1"], ["127.0.0.1"])
    outcome = make_fetcher(transport=Transport(resolver=resolve, allow_private_networks=True)).fetch(
        f"http://rebind.example:{site.port}/feed"
    )

    assert isinstance(outcome, Failure)
    assert resolve.calls == ["rebind.example"]
    assert site.connections == 0


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_t6_each_redirect_hop_is_judged(make_site, make_fetcher, answer, status):
    inner = make_site("127.0.0.2")
    inner.serve(answer())
    outer = make_site("127.0.0.1")
    outer.serve(answer(status, b"", f"Location: http://inner.example:{inner.port}/feed"))

    def resolve(host, port, **_):
        return [(socket.AF_INET, 1, 6, "", ("127.0.0.1" if host == "outer.example" else "169.254.169.254", port))]

    transport = Transport(resolver=resolve, allow_private_networks=True)
    outcome = make_fetcher(transport=transport).fetch(f"http://outer.example:{outer.port}/feed")

    assert isinstance(outcome, Failure)
    assert outcome.kind is FailureKind.BLOCKED_ADDRESS
    assert inner.connections == 0


@pytest.mark.parametrize(
    "url",
    [
        *("file:///etc/passwd", "gopher://x/", "ftp://x/feed", "data:text/xml,<rss/>", "javascript:1", "", "feed.xml"),
        *("http:///feed", "http:feed", "http://", "http://a b/", "http://a\tb/", "http://a\\@b/", "http://a%41/"),
        *("http://[::1/", "http://[fe80::1%25eth0]/", "http://x:0/", "http://x:99999/", "http://x:8o/", "http://x:22/"),
        *(
            "http://-x/",
            "http://x..y:25/",
            "//x/feed",
            "http://" + "a" * 9000,
            "http://\u2028x/",
            "http://\u0378.example/",
        ),
    ],
)
def test_t7_t8_what_is_not_plainly_an_http_address_is_refused(url):
    found = read_target(url)

    assert isinstance(found, Failure)
    assert found.kind is FailureKind.BLOCKED_ADDRESS
    assert found.detail.isprintable()


@pytest.mark.parametrize(
    ("url", "host", "port", "path"),
    [
        ("http://Blog.Example/Feed", "blog.example", 80, "/Feed"),
        ("HTTPS://blog.example", "blog.example", 443, "/"),
        ("https://blog.example?x", "blog.example", 443, "/?x"),
        ("http://bücher.example/ü", "xn--bcher-kva.example", 80, "/%C3%BC"),
        ("http://user:p%40ss@h.example:8080/a#b", "h.example", 8080, "/a"),
        ("http://a@b@h.example/", "h.example", 80, "/"),
        ("http://[2606:2800::1]:8080/", "2606:2800::1", 8080, "/"),
        (" http://h.example:/a ", "h.example", 80, "/a"),
        ("http://１２７.０.０.１/", "127.0.0.1", 80, "/"),
    ],
)
def test_t8_a_url_is_read_in_one_way(url, host, port, path):
    found = read_target(url)

    assert isinstance(found, Target)
    assert (found.host, found.port, found.path) == (host, port, path)
    assert "@" not in found.url
    assert read_target(found.url) == Target(
        scheme=found.scheme, host=host, port=port, path=path, url=found.url, authorization=None
    )


def test_t73_a_stranger_s_text_becomes_one_harmless_line():
    assert printable("a\r\nb\x1b[31m\u2028c\x85") == "a??b?[31m?c?"
    assert printable("http://ada:secret@blog.example/") == "http://***@blog.example/"
    assert len(printable("x" * 500)) == 120


def test_a_location_that_is_no_url_is_refused_with_its_origin():
    base = read_target("http://blog.example/feed")
    assert isinstance(base, Target)
    for location in ("http://[", "file:///etc/passwd"):
        found = follow(base, location)
        assert isinstance(found, Failure)
        assert "redirect" in found.detail
