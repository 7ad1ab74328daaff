"""T9, T13, checks 102 and 106: what an operator can open, for whom, and that every way out keeps the manners."""

from __future__ import annotations

import hashlib
import json
import ssl

import pytest


def guarded(planet, *urls, fetch="", extra=""):
    """The configuration as an operator writes it who has not opened private networks."""
    planet.configure(*urls, fetch=fetch, extra=extra)
    path = planet.folder / "feedmill.toml"
    path.write_text(path.read_text().replace("allow_private_networks = true\n", ""))


def test_t13_an_allowed_network_opens_its_addresses_and_nothing_else(planet, make_origin, reply, rss):
    """Two hosts on loopback, one in the list: the other is refused, also behind a redirect from the first."""
    inside, outside = make_origin("127.0.0.2"), make_origin("127.0.0.1")
    good = inside.on("/feed", reply(200, rss("one")))
    bad = outside.on("/feed", reply(200, rss("two")))
    hop = inside.on("/hop", reply(302, b"", f"Location: {bad}"))
    guarded(planet, good, bad, hop, fetch='allow_networks = ["127.0.0.2/32"]')

    lines = planet.sync(expect=1)

    assert {url: line["failure"] for url, line in lines.items()} == {
        good: None, bad: "blocked_address", hop: "blocked_address"
    }  # fmt: skip
    assert "allow_networks" in lines[bad]["detail"]
    assert outside.connections == 0


def test_t13_an_allowed_host_opens_the_addresses_of_its_name_only(planet, origin, make_origin, reply, rss):
    """`blog.example` is this machine here: its name opens it, the address and other names stay closed."""
    other = make_origin()
    good = origin.on("/feed", reply(200, rss("one")), host="blog.example")
    bad = other.on("/feed", reply(200, rss("two")), host="news.example")
    guarded(planet, good, bad, origin.url("/other"), fetch='allow_hosts = ["Blog.Example"]')

    lines = planet.sync(expect=1)

    assert {url: line["outcome"] for url, line in lines.items()} == {
        good: "fetched", bad: "failed", origin.url("/other"): "failed"
    }  # fmt: skip
    assert other.connections == 0


@pytest.mark.parametrize("what", ['allow_networks = ["169.254.0.0/16"]', 'allow_networks = ["8.8.8.0/24"]'])
def test_t13_what_no_list_opens_is_refused_when_the_configuration_is_read(planet, what):
    """Metadata services stay closed; public networks are open anyway."""
    guarded(planet, fetch=what)

    assert "allow_networks" in planet.run("check", expect=2).stderr


def fingerprint(pem) -> str:
    certificate = pem.read_text()[pem.read_text().index("-----BEGIN CERTIFICATE") :]
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate)).hexdigest()


@pytest.mark.parametrize("key", ["tls_ca", "tls_fingerprint"])
def test_check_102_an_exception_holds_for_the_source_that_has_it(
    planet, make_origin, authority, server_context, reply, rss, key
):
    """Two sources of one authority that nobody knows: the one without an exception is refused, and `status` tells."""
    pem = authority("127.0.0.1")
    sites = [make_origin(tls=server_context("127.0.0.1")) for _ in range(2)]
    good, bad = (site.on("/feed", reply(200, rss("one"))) for site in sites)
    value = str(authority()) if key == "tls_ca" else fingerprint(pem)
    planet.configure(good, bad)
    path = planet.folder / "feedmill.toml"
    path.write_text(path.read_text().replace(json.dumps(good), f'{json.dumps(good)}\n{key} = "{value}"'))

    lines = planet.sync(expect=1)

    assert (lines[good]["outcome"], lines[bad]["failure"]) == ("fetched", "tls")
    assert len(sites[1].requests) == 0
    assert key in planet.status()[good]["tls"]
    assert planet.status()[bad]["tls"] is None


def test_check_102_a_pinned_certificate_that_changes_is_refused_before_the_request(
    planet, make_origin, server_context, reply, rss
):
    site = make_origin(tls=server_context("127.0.0.1"))
    url = site.on("/feed", reply(200, rss("one")))
    planet.configure(extra=f'[[source]]\nurl = "{url}"\ntls_fingerprint = "{"ab:" * 31}ab"')

    line = planet.sync(expect=1)[url]

    assert line["failure"] == "tls"
    assert "is not the one that tls_fingerprint names" in line["detail"]
    assert site.requests == []


def test_check_102_an_exception_does_not_follow_a_redirect(planet, make_origin, authority, server_context, reply, rss):
    """The same authority at another port: not the origin that the operator trusted."""
    sites = [make_origin(tls=server_context("127.0.0.1")) for _ in range(2)]
    elsewhere = sites[1].on("/feed", reply(200, rss("one")))
    url = sites[0].on("/feed", reply(302, b"", f"Location: {elsewhere}"))
    planet.configure(extra=f'[[source]]\nurl = "{url}"\ntls_ca = "{authority()}"')

    line = planet.sync(expect=1)[url]

    assert (line["failure"], len(sites[0].requests), sites[1].requests) == ("tls", 1, [])


# ---- every way out --------------------------------------------------------------------------------------------------

SPACED = 'site_spacing = "0.6s"'
AT_LEAST = 0.25  # seconds on the wire: a busy machine may hold a request back after its place was booked


def test_check_106_add_keeps_a_site_s_distance(planet, origin, reply, rss):
    """Five feeds of one site by hand, and then a sync of them: nobody comes closer than the spacing."""
    urls = [origin.on(f"/{n}", reply(200, rss(f"n{n}"), f'ETag: "{n}"'), host="blog.example") for n in range(5)]
    planet.configure(fetch=SPACED)
    planet.run("add", urls[0])

    planet.run("add", *urls[1:])
    planet.run("sync", "--force")

    assert len(origin.asked()) == 10
    assert min(origin.gaps()) >= AT_LEAST


@pytest.mark.parametrize("command", ["add", "import"])
def test_check_072_who_is_told_to_wait_waits_also_by_hand(planet, origin, reply, rss, command):
    """A 429 that a sync got holds for `add` and `import URL` too; one that `add` got holds for the next sync."""
    busy = origin.on("/busy", reply(429, b"", "Retry-After: 300"), host="blog.example")
    other = origin.on("/other", reply(200, rss("one")), host="blog.example")
    planet.configure(busy, fetch=SPACED)
    planet.sync(expect=1)

    done = planet.run(command, other, expect=1)

    assert "blog.example asked us to wait until" in done.stderr
    assert [each.path for each in origin.asked()] == ["/busy"]


def test_check_072_a_429_to_add_holds_the_next_sync(planet, origin, reply, rss, conditional):
    first = origin.on("/first", conditional(rss("one")), host="blog.example")
    busy = origin.on("/busy", reply(429, b"", "Retry-After: 300"), host="blog.example")
    planet.configure(first, fetch=SPACED)
    planet.sync()
    planet.run("add", busy, expect=1)

    planet.sync("--force")

    assert [each.path for each in origin.asked()] == ["/first", "/busy"]


def test_check_106_remote_lists_pass_the_same_gate(planet, origin, reply, rss, conditional):
    """Two lists and two feeds of one site: four requests, each in its time; a hold keeps a list from being asked."""
    feeds = [origin.on(f"/{n}", conditional(rss(f"n{n}")), host="blog.example") for n in range(2)]
    opml = '<opml version="2.0"><body><outline type="rss" text="a" xmlUrl="{}"/></body></opml>'
    lists = [origin.on(f"/list{n}", reply(200, opml.format(feeds[n]).encode()), host="blog.example") for n in range(2)]
    planet.configure(fetch=SPACED, extra="\n".join(f'[[list]]\nopml = "{each}"' for each in lists))

    lines = planet.sync()

    assert set(lines) == set(feeds)
    assert len(origin.asked()) == 4
    assert min(origin.gaps()) >= AT_LEAST


def test_t9_a_private_list_and_a_private_home_page_are_refused(planet, origin, reply, rss):
    """`add` and `import` of an address inside: nothing is asked, and the reason is said."""
    url = origin.on("/feed", reply(200, rss("secret")))
    guarded(planet)

    for command in ("add", "import", "normalize"):
        done = planet.run(command, url, expect=1)
        assert "a loopback address" in done.stderr
    assert origin.connections == 0
