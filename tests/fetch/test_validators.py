"""Checks 12-36: validators go back byte for byte, to their issuer only, replaced as a set by good answers only."""

from __future__ import annotations

import pytest

from feedmill.feeds.outcome import Failure, FailureKind, Fetched, NotModified, Validators


def fetched(outcome):
    assert isinstance(outcome, Fetched), outcome
    return outcome


@pytest.mark.parametrize(
    "etag",
    [
        '"abc"',
        'W/"abc"',
        '"abc-gzip"',
        '"abc"-gzip',
        "unquoted",
        '""',
        '"a,b", c',
        '"caf\xe9"',
        '"\xc3\xa9t\xc3\xa9"',
        '"with \\" and ; = "',
    ],
)
def test_check_013_014_015_016_etag_returns_byte_for_byte(site, fetcher, answer, etag):
    url = site.serve(answer(200, b"<rss/>", f"ETag: {etag}"), answer(304, None))
    first = fetched(fetcher.fetch(url))
    fetcher.fetch(url, validators=first.validators)

    assert site.requests[1].get("If-None-Match") == etag


def test_check_016_a_value_that_fits_no_request_is_not_sent_at_all(site, fetcher, answer):
    url = site.serve(answer(200, b"<rss/>", 'ETag: "' + "x" * 9000 + '"', "ETag2: 1"))

    assert fetched(fetcher.fetch(url)).validators == Validators()


@pytest.mark.parametrize(
    "date",
    [
        "Mon, 01 Jan 2024 00:00:00 GMT",
        "Monday, 01-Jan-24 00:00:00 GMT",
        "Mon, 01 Jan 2024 00:00:00 +0000",
        "mon, 01 jan 2024 00:00:00 gmt",
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "Tue, 01 Jan 2099 00:00:00 GMT",
        "not a date",
        "1704067200",
    ],
)
def test_check_017_last_modified_returns_as_the_same_string(site, fetcher, answer, date):
    url = site.serve(answer(200, b"<rss/>", f"Last-Modified: {date}"), answer(304, None))
    first = fetched(fetcher.fetch(url))
    fetcher.fetch(url, validators=first.validators)

    assert site.requests[1].get("If-Modified-Since") == date
    assert site.requests[1].get("If-None-Match") is None


def test_check_002_the_first_request_is_unconditional(site, fetcher, answer):
    fetcher.fetch(site.serve(answer()))

    assert not {"if-none-match", "if-modified-since"} & site.requests[0].names


def test_check_018_both_validators_go_back_together(site, fetcher, answer):
    url = site.serve(answer(200, b"<rss/>", 'ETag: "a"', "Last-Modified: yesterday"), answer(304, None))
    fetcher.fetch(url, validators=fetched(fetcher.fetch(url)).validators)

    assert (site.requests[1].get("If-None-Match"), site.requests[1].get("If-Modified-Since")) == ('"a"', "yesterday")


def test_check_019_no_date_is_made_up(site, fetcher, answer):
    url = site.serve(answer(200, b"<rss/>", 'ETag: "a"', "Date: Mon, 01 Jan 2024 00:00:00 GMT"))

    assert fetched(fetcher.fetch(url)).validators == Validators(etag='"a"', issued_by=url)


def test_check_020_a_touched_document_gives_the_new_values(site, fetcher, answer):
    url = site.serve(answer(200, b"<rss/>", 'ETag: "1"'), answer(200, b"<rss/>", 'ETag: "2"'))
    first = fetched(fetcher.fetch(url))
    second = fetched(fetcher.fetch(url, validators=first.validators))

    assert second.validators.etag == '"2"'
    assert second.document.body_hash == first.document.body_hash


def test_check_021_values_are_replaced_as_a_set(site, fetcher, answer):
    url = site.serve(answer(200, b"<rss/>", 'ETag: "2"'))
    old = Validators(etag='"1"', last_modified="yesterday", issued_by=url)

    assert fetched(fetcher.fetch(url, validators=old)).validators == Validators(etag='"2"', issued_by=url)


def test_check_022_an_answer_without_validators_forgets_the_old(site, fetcher, answer):
    url = site.serve(answer())
    old = Validators(etag='"1"', issued_by=url)

    assert not fetched(fetcher.fetch(url, validators=old)).validators


def test_check_023_a_304_may_bring_new_values(site, fetcher, answer):
    url = site.serve(answer(304, None, 'ETag: "2"'))
    outcome = fetcher.fetch(url, validators=Validators(etag='"1"', last_modified="yesterday", issued_by=url))

    assert isinstance(outcome, NotModified)
    assert outcome.validators == Validators(etag='"2"', last_modified="yesterday", issued_by=url)


def test_check_024_a_304_that_names_none_keeps_them(site, fetcher, answer):
    url = site.serve(answer(304, None))
    old = Validators(etag='"1"', last_modified="yesterday", issued_by=url)
    outcome = fetcher.fetch(url, validators=old)

    assert isinstance(outcome, NotModified)
    assert outcome.validators == old


@pytest.mark.parametrize("status", [403, 404, 500, 503])
def test_check_025_an_error_hands_out_no_validators(site, fetcher, answer, status):
    outcome = fetcher.fetch(site.serve(answer(status, b"no", 'ETag: "error"')))

    assert isinstance(outcome, Failure)
    assert not hasattr(outcome, "validators")


def test_check_030_validators_of_another_url_are_not_sent(site, fetcher, answer):
    fetcher.fetch(site.serve(answer()), validators=Validators(etag='"1"', issued_by=site.url("/old")))

    assert "if-none-match" not in site.requests[0].names


def test_check_031_validators_go_to_their_issuer_only_also_behind_a_redirect(make_site, fetcher, answer):
    a, b, c = (make_site(f"127.0.0.{last}") for last in (2, 3, 4))
    target_b, target_c = b.serve(answer(200, b"<rss/>", 'ETag: "b"')), c.serve(answer())
    url = a.serve(answer(302, b"", f"Location: {target_b}"), answer(302, b"", f"Location: {target_c}"))
    first = fetched(fetcher.fetch(url))
    fetcher.fetch(url, validators=first.validators)

    assert first.validators == Validators(etag='"b"', issued_by=target_b)
    assert all("if-none-match" not in request.names for site in (a, b, c) for request in site.requests)


def test_check_031_the_issuer_behind_a_redirect_gets_them_back(make_site, fetcher, answer):
    a, b = make_site("127.0.0.2"), make_site("127.0.0.3")
    target = b.serve(answer(200, b"<rss/>", 'ETag: "b"'), answer(304, None))
    url = a.serve(answer(302, b"", f"Location: {target}"))
    outcome = fetcher.fetch(url, validators=fetched(fetcher.fetch(url)).validators)

    assert isinstance(outcome, NotModified)
    assert b.requests[1].get("If-None-Match") == '"b"'
    assert "if-none-match" not in a.requests[1].names


def test_check_032_expired_or_unstorable_answers_still_have_validators(site, fetcher, answer):
    url = site.serve(answer(200, b"<rss/>", "Cache-Control: no-store", "Expires: 0", 'ETag: "a"'))

    assert fetched(fetcher.fetch(url)).validators.etag == '"a"'


def test_check_033_an_unconditional_look_sends_no_validators(site, fetcher, answer):
    url = site.serve(answer())
    fetcher.fetch(url, validators=Validators(etag='"1"', issued_by=url), conditional=False)

    assert "if-none-match" not in site.requests[0].names


def test_check_034_a_304_to_an_unconditional_request_is_a_failure_without_a_second_try(site, fetcher, answer):
    outcome = fetcher.fetch(site.serve(answer(304, None, 'ETag: "a"')))

    assert isinstance(outcome, Failure)
    assert outcome.kind is FailureKind.UNPARSABLE
    assert len(site.requests) == 1


@pytest.mark.parametrize("fields", [("Content-Length: 9",), ("Transfer-Encoding: chunked",), ()])
def test_check_035_a_304_with_a_body_does_not_spoil_the_next_request(make_site, fetcher, answer, fields):
    site = make_site(keep_alive=True)
    rubbish = b"HTTP/1.1 " if fields else b"rubbish!!"
    url = site.serve(answer(304, None, *fields) + rubbish, answer(200, b"<rss>2</rss>"))
    first = fetcher.fetch(url, validators=Validators(etag='"1"', issued_by=url))
    second = fetched(fetcher.fetch(url))

    assert isinstance(first, NotModified)
    assert second.document.body == b"<rss>2</rss>"


def test_check_036_an_etag_that_always_changes_is_echoed_as_the_latest(site, fetcher, answer):
    url = site.serve(*(answer(200, b"<rss/>", f'ETag: "{n}"') for n in range(3)))
    validators = Validators()
    for _ in range(3):
        validators = fetched(fetcher.fetch(url, validators=validators)).validators

    assert [request.get("If-None-Match") for request in site.requests] == [None, '"0"', '"1"']


def test_a_header_field_twice_is_taken_as_the_first(site, fetcher, answer):
    url = site.serve(answer(200, b"<rss/>", 'ETag: "a"', 'ETag: "b"'))

    assert fetched(fetcher.fetch(url)).validators.etag == '"a"'
