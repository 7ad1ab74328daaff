"""Checks 70-72, 104, 106-110 on the wire: what a whole site sees of us. Names below .example are public sites here."""

from __future__ import annotations

import socket
import time

import pytest

TWO_SECONDS_CUT = 'site_spacing = "0.3s"'
NOISE = 0.1  # seconds that a busy machine may let pass between our clock and the wire


def test_check_070_one_fetch_serves_spellings_of_one_address(planet, origin, rss, conditional):
    """Case of the host and fragment, written in a live list beside the configuration (which refuses to have both)."""
    url = origin.on("/feed", conditional(rss("one")), host="blog.example")
    spellings = (url.replace("blog.example", "BLOG.Example"), url + "#latest")
    rows = "".join(f'<outline type="rss" text="a" xmlUrl="{each}"/>' for each in spellings)
    (planet.folder / "friends.opml").write_text(f'<opml version="2.0"><body>{rows}</body></opml>')
    planet.configure(url, extra='[[list]]\nopml = "friends.opml"')

    planet.sync()

    assert len(origin.asked()) == 1


def test_check_071_two_processes_at_once_fetch_each_feed_once(planet, make_origin, rss, conditional):
    """Whoever comes second finds the leases taken."""
    origins = [make_origin() for _ in range(6)]

    def slow(request):
        time.sleep(0.5)
        return conditional(rss("one"))(request)

    planet.configure(*(each.on("/feed", slow) for each in origins), fetch="workers = 2")
    planet.run("check", expect=None)
    both = [planet.start("sync", "--json") for _ in range(2)]
    for each in both:
        each.communicate(timeout=120)

    assert [each.returncode for each in both] == [0, 0]
    assert [len(each.asked()) for each in origins] == [1] * 6


def test_check_072_108_a_429_holds_the_whole_site_and_nobody_is_asked_before_its_time(
    planet, origin, make_origin, reply, rss, conditional
):
    """Of ten feeds of one site the first is refused: the other nine are not asked, also not with --force."""
    other = make_origin()
    urls = [
        origin.on(f"/{number}", reply(429, b"", "Retry-After: 120"), host=f"b{number}.blog.example")
        for number in range(10)
    ]
    free = other.on("/feed", conditional(rss("one")), host="elsewhere.invalid".replace("invalid", "test.example"))
    planet.configure(*urls, free, fetch=TWO_SECONDS_CUT)

    lines = planet.sync(expect=None)
    planet.sync("--force", expect=None)

    assert len(origin.asked()) == 1
    assert len(other.asked()) == 2
    outcomes = sorted(lines[url]["outcome"] for url in urls)
    assert outcomes == ["failed", *["skipped"] * 9]
    looks = sorted(lines[url]["next_fetch"] for url in urls)
    assert len(set(looks)) >= 3  # one after the other, not all at once (to the second)
    held = next(line for line in lines.values() if line["outcome"] == "skipped")
    assert "asked us to wait" in held["reason"]


def test_check_106_107_many_feeds_of_one_registrable_domain_come_one_by_one(planet, origin, rss, conditional):
    """Twelve subdomains of one blog host: never two connections at work, never closer than the spacing."""
    urls = [
        origin.on(f"/{number}", conditional(rss("one", title=str(number))), host=f"b{number}.blog.example")
        for number in range(12)
    ]
    planet.configure(*urls, fetch=TWO_SECONDS_CUT)

    planet.sync()

    assert len(origin.asked()) == 12
    assert origin.most_at_once == 1
    assert min(origin.gaps()) >= 0.3 - NOISE


def test_check_106_two_processes_share_a_site_s_spacing(planet, origin, rss, conditional):
    """Each process has its own half of the feeds; the site sees one guest."""
    urls = [
        origin.on(f"/{number}", conditional(rss("one", title=str(number))), host=f"b{number}.blog.example")
        for number in range(10)
    ]
    planet.configure(*urls, fetch=TWO_SECONDS_CUT)
    planet.run("sync", urls[0], expect=0)
    both = [planet.start("sync", "--force", *urls[:5]), planet.start("sync", "--force", *urls[5:])]
    for each in both:
        assert each.communicate(timeout=120) is not None
        assert each.returncode == 0

    assert len(origin.asked()) == 11
    assert min(origin.gaps()) >= 0.3 - NOISE


def test_check_106_redirects_into_one_site_keep_its_distance(planet, make_origin, origin, reply, rss, conditional):
    """Six blogs on their own domains, all redirected to one feed service: it sees spaced requests, one at a time."""
    homes = [make_origin() for _ in range(6)]
    urls = []
    for number, home in enumerate(homes):
        target = origin.on(
            f"/{number}", conditional(rss("one", title=str(number)), f'"{number}"'), host="feeds.service.example"
        )
        urls.append(home.on("/feed", reply(302, b"", f"Location: {target}"), host=f"home{number}.example"))
    planet.configure(*urls, fetch=TWO_SECONDS_CUT)

    lines = planet.sync()
    again = planet.sync("--force")

    assert {line["outcome"] for line in lines.values()} == {"fetched"}
    assert {line["outcome"] for line in again.values()} == {"not_modified"}
    assert len(origin.asked()) == 12
    assert origin.most_at_once == 1
    assert min(origin.gaps()) >= 0.3 - NOISE


def test_check_072_a_429_behind_a_redirect_holds_the_site_that_said_it(
    planet, make_origin, origin, reply, rss, conditional
):
    """Not the blog's own site: its other feed is asked on."""
    home = make_origin()
    target = origin.on("/busy", reply(429, b"", "Retry-After: 300"), host="feeds.service.example")
    moved = home.on("/moved", reply(302, b"", f"Location: {target}"), host="home.example")
    own = home.on("/own", conditional(rss("one")), host="home.example")
    direct = origin.on("/other", conditional(rss("two")), host="feeds.service.example")
    planet.configure(moved, fetch=TWO_SECONDS_CUT)
    planet.sync(expect=None)
    planet.configure(moved, own, direct, fetch=TWO_SECONDS_CUT)

    lines = planet.sync(expect=None)

    assert lines[own]["outcome"] == "fetched"
    assert lines[direct]["outcome"] == "skipped"
    assert origin.asked("/other") == []


def test_check_110_private_hosts_are_not_spaced(planet, origin, rss, conditional):
    """Loopback with the default spacing: ten feeds in far less than the eighteen seconds a public site would take."""
    urls = [origin.on(f"/{number}", conditional(rss("one", title=str(number)))) for number in range(10)]
    planet.configure(*urls)

    planet.sync()

    times = [each.at for each in origin.asked()]
    assert len(times) == 10
    assert max(times) - min(times) < 9


def test_check_104_one_drip_delays_nobody(planet, make_origin, rss, conditional):
    """Thirty feeds on two workers while one sends a byte every now and then: all thirty are there before it ends."""
    dripping = make_origin()
    finished: list[float] = []

    def drip(request, sock: socket.socket) -> None:
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n")
        try:
            while True:
                sock.sendall(b" ")
                time.sleep(0.2)
        except OSError:
            finished.append(time.monotonic())

    others = [make_origin() for _ in range(30)]
    urls = [each.on("/feed", conditional(rss("one", title=str(number)))) for number, each in enumerate(others)]
    planet.configure(dripping.on("/feed", drip), *urls, fetch='workers = 2\ntimeout = "6s"')

    lines = planet.sync(expect=1)

    last = max(each.asked()[0].at for each in others)
    assert last - dripping.asked()[0].at < 5
    assert sum(line["outcome"] == "fetched" for line in lines.values()) == 30
    assert lines[dripping.url("/feed")]["failure"] == "timeout"


@pytest.mark.parametrize("kind", ["source", "redirect", "list"])
def test_t6_t9_the_guard_stands_before_every_way_out(planet, origin, make_origin, reply, rss, kind):
    """A private address is refused as a source, behind a redirect and as a remote list; nothing reaches it."""
    inside = make_origin()
    secret = inside.on("/feed", reply(200, rss("secret")))
    planet.configure(secret, extra="" if kind != "list" else f'[[list]]\nopml = "{secret}"')
    text = (planet.folder / "feedmill.toml").read_text().replace("allow_private_networks = true", "")
    (planet.folder / "feedmill.toml").write_text(text)

    done = planet.run("sync", expect=None)

    assert done.returncode != 0
    assert inside.asked() == []
    assert "loopback address" in done.stderr + done.stdout
    assert "secret" not in (done.stderr + done.stdout).replace("/secret", "")
