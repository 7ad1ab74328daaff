"""Checks 1, 2, 9-11, 29, 30, 111 through the real command line: which requests are sent at all."""

from __future__ import annotations

import os
import subprocess


def test_check_002_029_the_first_request_is_unconditional_and_a_new_process_remembers(planet, origin, rss, conditional):
    """Three processes: the first asks for everything, the others send the validators it stored."""
    url = origin.on("/feed", conditional(rss("one")))
    planet.configure(url)

    planet.sync()
    planet.sync("--force")
    planet.sync("--force")

    assert [each.get("If-None-Match") for each in origin.asked()] == [None, '"one"', '"one"']


def test_check_011_111_nothing_but_the_feed_is_asked_for(planet, origin, reply, rss):
    """No robots.txt, favicon, home page, article or picture, though the feed names them all."""
    here = origin.url("")
    more = (
        f"<image><url>{here}/logo.png</url><title>A</title><link>{here}/</link></image>"
        f"<item><title>With everything</title><link>{here}/article</link><guid>{here}/article</guid>"
        f"<description>&lt;img src='{here}/picture.png'&gt;, &lt;a href='{here}/more'&gt;more&lt;/a&gt;</description>"
        f"<enclosure url='{here}/sound.mp3' type='audio/mpeg' length='1'/></item>"
    )
    planet.configure(origin.on("/feed", reply(200, rss("one", more=more))))

    planet.sync()
    planet.sync("--force")

    assert [each.path for each in origin.asked()] == ["/feed", "/feed"]


def test_check_030_an_edited_url_starts_without_validators(planet, origin, rss, conditional):
    planet.configure(origin.on("/feed", conditional(rss("one"))))
    planet.sync()
    planet.configure(origin.on("/other", conditional(rss("one"))))

    planet.sync()

    assert [each.conditional for each in origin.asked("/other")] == [False]


def test_check_009_t74_a_password_goes_to_its_origin_and_into_no_output(planet, origin, make_origin, reply, rss):
    """Sent as Basic authentication; absent from everything published, printed and exported; not sent elsewhere."""
    elsewhere = make_origin()
    moved = elsewhere.on("/feed", reply(200, rss("two")))
    origin.on("/feed", reply(200, rss("one")))
    origin.on("/moved", reply(302, b"", f"Location: {moved}"))
    with_password = [origin.url(path).replace("//", "//ada:${SECRET}@") for path in ("/feed", "/moved")]
    planet.configure(*with_password)
    os.environ["SECRET"] = "open sesame"
    try:
        said = planet.run("sync").stdout + planet.run("status", "--json").stdout + planet.run("export").stdout
    finally:
        del os.environ["SECRET"]

    assert {each.get("Authorization") for each in origin.asked()} == {"Basic YWRhOm9wZW4gc2VzYW1l"}
    assert [each.get("Authorization") for each in elsewhere.asked()] == [None]
    published = b"".join(path.read_bytes() for path in (planet.folder / "public").rglob("*") if path.is_file())
    for text in (said.encode(), published, (planet.folder / "feedmill.db").read_bytes()):
        assert b"sesame" not in text


def test_check_010_t10_the_environment_s_proxy_and_netrc_are_not_used(planet, origin, make_origin, reply, rss):
    """A proxy variable would also lead around the address guard."""
    proxy = make_origin()
    home = planet.folder / "home"
    home.mkdir()
    (home / ".netrc").write_text("machine 127.0.0.1 login ada password sesame\n")
    planet.configure(origin.on("/feed", reply(200, rss("one"))))
    environment = {
        **planet.environment, "HOME": str(home), "http_proxy": proxy.url(""), "HTTP_PROXY": proxy.url(""),
        "ALL_PROXY": proxy.url(""),
    }  # fmt: skip

    done = subprocess.run(planet.command("sync"), env=environment, cwd=planet.folder, check=False, capture_output=True)

    assert done.returncode == 0
    assert proxy.asked() == []
    assert [each.get("Authorization") for each in origin.asked()] == [None]


def test_check_001_adding_a_feed_asks_for_it_once(planet, origin, rss, conditional):
    """What `add` fetched to look at is what the planet begins with: the sync after it asks for nothing."""
    url = origin.on("/feed", conditional(rss("one", "two")))
    planet.configure()

    planet.run("add", url)
    planet.sync()

    assert len(origin.asked()) == 1
    assert planet.status()[url]["entries"] == 2


def test_check_044_a_home_page_costs_one_more_request_and_the_others_are_listed(planet, origin, reply, rss):
    """Of several feeds always the same one is taken; no other is asked for."""
    page = b"""<html><head><title>A blog</title>
        <link rel="alternate" type="application/rss+xml" title="Comments" href="/comments">
        <link rel="alternate" type="application/atom+xml" title="Posts" href="/atom">
        <link rel="alternate" type="application/rss+xml" title="Posts" href="/rss"></head><body>Hello</body></html>"""
    home = origin.on("/", reply(200, page, "Content-Type: text/html"))
    for path in ("/comments", "/atom", "/rss"):
        origin.on(path, reply(200, rss("one")))
    said = []
    for _ in range(2):
        planet.configure()
        said.append(planet.run("add", home).stdout)

    paths = [each.path for each in origin.asked()]
    assert paths[0] == "/"
    assert len(paths) == 4
    assert paths[:2] == paths[2:]
    assert said[0] == said[1]
    assert said[0].count("the page also offers") == 2
