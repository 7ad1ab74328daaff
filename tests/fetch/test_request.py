"""Checks 1-12: what a request looks like from the server's side."""

from __future__ import annotations

import pytest

from feedmill.feeds.outcome import Fetched, Validators


def test_check_001_one_request_for_one_fetch(site, fetcher, answer):
    fetcher.fetch(site.serve(answer()))

    assert [request.line for request in site.requests] == ["GET /feed HTTP/1.1"]


def test_check_003_the_user_agent_is_ours_and_constant(site, fetcher, answer):
    url = site.serve(answer(403, b"no"), answer(200))
    fetcher.fetch(url)
    fetcher.fetch(url)

    assert {request.get("User-Agent") for request in site.requests} == {"feedmill/0.0 (+https://planet.example/about)"}


def test_check_004_005_accept_names_feeds_and_only_codings_we_decode(site, fetcher, answer):
    fetcher.fetch(site.serve(answer()))
    accept = site.requests[0].get("Accept")

    assert [kind for kind in ("atom+xml", "rss+xml", "rdf+xml", "feed+json", "xml", "*/*;q=0.1") if kind in accept] == [
        "atom+xml",
        "rss+xml",
        "rdf+xml",
        "feed+json",
        "xml",
        "*/*;q=0.1",
    ]
    assert "html" not in accept
    assert site.requests[0].get("Accept-Encoding") == "gzip, deflate, br"


@pytest.mark.parametrize("status", [200, 301, 429, 404])
def test_check_006_no_cookie_is_ever_sent_back(site, fetcher, answer, status):
    location = f"Location: {site.url('/b')}"
    site.on("/b", answer(200))
    url = site.serve(answer(status, b"<rss/>", "Set-Cookie: id=1; Path=/", location))
    fetcher.fetch(url)
    fetcher.fetch(url)

    assert all("cookie" not in request.names for request in site.requests)


def test_check_007_008_012_nothing_but_what_is_needed(site, fetcher, answer):
    url = site.serve(answer(304, None))
    fetcher.fetch(url, validators=Validators(etag='"a"', last_modified="b", issued_by=url))

    assert site.requests[0].names == {
        "host",
        "user-agent",
        "accept",
        "accept-encoding",
        "if-none-match",
        "if-modified-since",
    }


def test_check_007_path_and_query_stay_as_written_and_the_fragment_goes(site, fetcher, answer):
    path = "/Feed%2fA%7eb/x;y=1"
    site.on(path, answer())
    fetcher.fetch(site.url(path) + "?B=2&a=%C3%A9&empty=&q#part")

    assert site.requests[0].line == "GET /Feed%2fA%7eb/x;y=1?B=2&a=%C3%A9&empty=&q HTTP/1.1"


def test_check_007_only_what_cannot_be_sent_is_escaped(site, fetcher, answer):
    site.on("/caf%C3%A9%20x", answer())
    fetcher.fetch(site.url("/café x?a={b}"))

    assert site.requests[0].line == "GET /caf%C3%A9%20x?a=%7Bb%7D HTTP/1.1"


def test_check_009_userinfo_becomes_basic_authentication_and_is_named_nowhere(site, fetcher, answer):
    site.serve(answer(200, b"<rss/>", 'ETag: "a"'))
    outcome = fetcher.fetch(f"http://ada:s%3Acret@127.0.0.1:{site.port}/feed")

    assert site.requests[0].get("Authorization") == "Basic YWRhOnM6Y3JldA=="
    assert isinstance(outcome, Fetched)
    assert "cret" not in repr(outcome)
    assert outcome.validators.issued_by == outcome.document.url == site.url()


def test_check_010_netrc_and_proxies_of_the_environment_are_not_looked_at(
    site, make_fetcher, answer, tmp_path, monkeypatch
):
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    outcome = make_fetcher().fetch(site.serve(answer()))

    assert isinstance(outcome, Fetched)
    assert "authorization" not in site.requests[0].names


def test_the_host_header_names_a_port_only_when_it_is_not_the_usual(site, fetcher, answer):
    fetcher.fetch(site.serve(answer()))

    assert site.requests[0].get("Host") == f"127.0.0.1:{site.port}"


def test_check_083_a_kept_connection_that_was_closed_meanwhile_is_replaced_once(make_site, fetcher, answer):
    site = make_site(keep_alive=True)

    def hang_up(_request, sock):
        raise OSError

    url = site.serve(answer(), hang_up, answer(200, b"<rss>2</rss>"))
    fetcher.fetch(url)
    outcome = fetcher.fetch(url)

    assert isinstance(outcome, Fetched)
    assert outcome.document.body == b"<rss>2</rss>"
    assert len(site.requests) == 3


def test_check_083_a_fresh_connection_that_is_closed_is_not_tried_again(site, fetcher):
    def hang_up(_request, sock):
        raise OSError

    outcome = fetcher.fetch(site.serve(hang_up))

    assert (outcome.kind.value, len(site.requests)) == ("refused", 1)


def test_two_fetches_from_one_site_share_a_connection(make_site, fetcher, answer):
    site = make_site(keep_alive=True)
    url = site.serve(answer())
    fetcher.fetch(url)
    fetcher.fetch(url)

    assert (site.connections, len(site.requests)) == (1, 2)


def test_a_few_idle_connections_are_kept_and_no_more(make_site, fetcher, answer):
    sites = [make_site(f"127.0.1.{last}", keep_alive=True) for last in range(1, 13)]
    for each in sites:
        fetcher.fetch(each.serve(answer()))

    assert len(fetcher._transport._idle) == 8
