"""Checks 85-95: five hops, each judged; what is permanent is told; credentials stay at home."""

from __future__ import annotations

import pytest

from feedmill.feeds.outcome import Failure, FailureKind, Fetched, Move, NotModified, Validators


def fetched(outcome):
    assert isinstance(outcome, Fetched), outcome
    return outcome


@pytest.mark.parametrize("status", [302, 303, 307])
def test_check_085_temporary_redirects_are_followed_and_forgotten(site, fetcher, answer, status):
    site.on("/b", answer())
    outcome = fetched(fetcher.fetch(site.serve(answer(status, b"", "Location: /b"))))

    assert outcome.move is None
    assert outcome.document.url == site.url("/b")


@pytest.mark.parametrize("status", [301, 308])
def test_check_086_permanent_redirects_are_followed_and_told(site, fetcher, answer, status):
    site.on("/b", answer())
    outcome = fetched(fetcher.fetch(site.serve(answer(status, b"", "Location: /b"))))

    assert outcome.move == Move(permanent_url=site.url("/b"))


def test_check_086_a_304_behind_a_permanent_redirect_tells_the_move_too(site, fetcher, answer):
    target = site.on("/b", answer(304, None))
    url = site.serve(answer(301, b"", "Location: /b"))
    outcome = fetcher.fetch(url, validators=Validators(etag='"b"', issued_by=target))

    assert isinstance(outcome, NotModified)
    assert outcome.move == Move(permanent_url=target)


def test_check_087_only_the_permanent_prefix_counts(site, fetcher, answer):
    site.on("/b", answer(302, b"", "Location: /c"))
    site.on("/c", answer(301, b"", "Location: /d"))
    site.on("/d", answer())
    outcome = fetched(fetcher.fetch(site.serve(answer(301, b"", "Location: /b"))))

    assert outcome.move == Move(permanent_url=site.url("/b"))
    assert outcome.document.url == site.url("/d")


@pytest.mark.parametrize("locations", [["/feed"], ["/b", "/feed"]])
def test_check_090_a_circle_ends(site, fetcher, answer, locations):
    url = site.serve(answer(302, b"", f"Location: {locations[0]}"))
    site.on("/b", answer(302, b"", "Location: /feed"))
    outcome = fetcher.fetch(url)

    assert isinstance(outcome, Failure)
    assert outcome.kind is FailureKind.REDIRECT_LOOP
    assert len(site.requests) == len(locations)


def test_check_090_five_hops_and_no_more(site, fetcher, answer):
    for hop in range(7):
        site.on(f"/{hop}", answer(302, b"", f"Location: /{hop + 1}"))
    site.on("/5", answer())
    good = fetcher.fetch(site.url("/0"))
    site.on("/5", answer(302, b"", "Location: /6"))
    site.requests.clear()
    bad = fetcher.fetch(site.url("/0"))

    assert isinstance(good, Fetched)
    assert isinstance(bad, Failure)
    assert bad.kind is FailureKind.REDIRECT_LOOP
    assert len(site.requests) == 6


@pytest.mark.parametrize(
    ("location", "asked"),
    [
        ("b", "/b"),
        ("./b?x=1", "/b?x=1"),
        ("?x", "/feed?x"),
        ("/b#part", "/b"),
        ("/b c", "/b%20c"),
        ("/b%20c", "/b%20c"),
        ("/\xc3\xbc", "/%C3%BC"),
        ("/\xfc", "/%C3%BC"),
        ("  /b  ", "/b"),
        ("//127.0.0.1:{port}/b", "/b"),
        ("HTTP://127.0.0.1:{port}/b", "/b"),
    ],
)
def test_check_091_odd_locations_are_followed(site, fetcher, answer, location, asked):
    site.serve(answer(302, b"", "Location: " + location.format(port=site.port)), answer())
    site.on("/b", answer())
    for path in ("/b%20c", "/%C3%BC"):
        site.on(path, answer())
    fetched(fetcher.fetch(site.url()))

    assert site.requests[1].line == f"GET {asked} HTTP/1.1"


@pytest.mark.parametrize("fields", [[], ["Location:"], ["Location:   "]])
def test_check_091_a_redirect_to_nowhere_is_a_clean_failure(site, fetcher, answer, fields):
    outcome = fetcher.fetch(site.serve(answer(301, b"", *fields)))

    assert isinstance(outcome, Failure)
    assert (outcome.kind, outcome.status) == (FailureKind.REDIRECT_LOOP, 301)


@pytest.mark.parametrize(
    "location",
    ["file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/", "data:,x", "http://[::1", "http://x:25/"],
)
def test_check_092_t7_redirects_to_other_schemes_are_refused(site, fetcher, answer, location):
    outcome = fetcher.fetch(site.serve(answer(301, b"", f"Location: {location}")))

    assert isinstance(outcome, Failure)
    assert (outcome.kind, outcome.status) == (FailureKind.BLOCKED_ADDRESS, 301)


def test_check_093_credentials_stay_with_their_origin(make_site, fetcher, answer):
    a, b = make_site("127.0.0.2"), make_site("127.0.0.3")
    a.on("/home", answer())
    b.serve(answer(302, b"", f"Location: {a.url('/home')}"))
    a.serve(answer(302, b"", f"Location: http://u:p@127.0.0.3:{b.port}/feed"))
    fetched(fetcher.fetch(f"http://ada:pw@127.0.0.2:{a.port}/feed"))

    assert [request.get("Authorization") is not None for request in a.requests] == [True, True]
    assert "authorization" not in b.requests[0].names


def test_check_093_a_downgrade_is_followed_but_never_kept(make_site, make_fetcher, answer, server_context, trusting):
    from feedmill.ingest.transport import Transport

    plain = make_site("127.0.0.2")
    plain.serve(answer())
    secure = make_site("127.0.0.1", tls=server_context("127.0.0.1"))
    secure.serve(answer(301, b"", f"Location: {plain.url()}"))
    fetcher = make_fetcher(transport=Transport(allow_private_networks=True, context=trusting))
    outcome = fetched(fetcher.fetch(secure.url().replace("//", "//ada:pw@")))

    assert outcome.move is None
    assert "authorization" not in plain.requests[0].names


def test_check_095_refresh_headers_are_not_followed(site, fetcher, answer):
    outcome = fetched(fetcher.fetch(site.serve(answer(200, b"<rss/>", "Refresh: 0; url=/b"))))

    assert outcome.document.url == site.url()
    assert len(site.requests) == 1


def test_other_3xx_are_failures(site, fetcher, answer):
    for status in (300, 305, 306):
        outcome = fetcher.fetch(site.serve(answer(status, b"", "Location: /b")))
        assert isinstance(outcome, Failure)
        assert (outcome.kind, outcome.status) == (FailureKind.REDIRECT_LOOP, status)


def test_link_headers_give_hub_and_self(site, fetcher, answer):
    outcome = fetched(
        fetcher.fetch(
            site.serve(
                answer(
                    200,
                    b"<rss/>",
                    'Link: <https://hub.example/>; rel="hub", </feed>; rel=self; type="a,b"',
                    'Link: </style.css>; rel="stylesheet preload", <https://hub2.example/>; title="x"; rel="HUB other"',
                    "Link: <file:///x>; rel=hub, <broken; rel=hub, <https://no.rel/>",
                )
            )
        )
    )

    assert outcome.links == (
        ("hub", "https://hub.example/"),
        ("self", site.url("/feed")),
        ("hub", "https://hub2.example/"),
    )
