"""Checks 52-58, 72-79: how long an answer lasts, how long a refusal does, and what refusals are called."""

from __future__ import annotations

from datetime import timedelta
from email.utils import format_datetime

import pytest

from feedmill.feeds.outcome import Failure, FailureKind, Fetched, NotModified, Validators

MINUTE, HOUR, WEEK = timedelta(minutes=1), timedelta(hours=1), timedelta(days=7)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ([], None),
        (["Cache-Control: max-age=7200"], 2 * HOUR),
        (["Cache-Control: max-age=3600", "Age: 3500"], timedelta(seconds=100)),
        (["Cache-Control: max-age=3600", "Age: 9999"], timedelta(0)),
        (["Cache-Control: max-age=3600", "Age: -50"], HOUR),
        (["Cache-Control: max-age=3600", "Age: old"], HOUR),
        (["Cache-Control: public, s-maxage=9, must-revalidate, max-age=3600, stale-if-error=9"], HOUR),
        (["Cache-Control: private"], None),
        (["Cache-Control: no-cache, max-age=3600"], None),
        (["Cache-Control: no-store"], None),
        (["Cache-Control: max-age=0"], timedelta(0)),
        (['Cache-Control: max-age="60"'], MINUTE),
        (["Cache-Control: max-age=abc"], None),
        (["Cache-Control: max-age=-5"], timedelta(0)),
        (["Cache-Control: max-age=60.5"], MINUTE),
        (["Cache-Control: max-age=1000000000000000000"], WEEK),
        (["Cache-Control: max-age=" + "9" * 5000], WEEK),
        (["Cache-Control: private", "Cache-Control: max-age=60"], MINUTE),
        (["Cache-Control: max-age=60, max-age=3600"], MINUTE),
        (["Cache-Control: MAX-AGE=60"], MINUTE),
        (["Expires: Mon, 01 Jan 2024 02:00:00 GMT", "Date: Mon, 01 Jan 2024 00:00:00 GMT"], 2 * HOUR),
        (["Expires: Mon, 01 Jan 2024 02:00:00 GMT", "Date: Mon, 01 Jan 2024 00:00:00 GMT", "Age: 3600"], HOUR),
        (["Expires: Sun, 01 Mar 2026 13:00:00 GMT"], HOUR),
        (["Expires: Sun, 01 Mar 2026 13:00:00 GMT", "Cache-Control: max-age=60"], MINUTE),
        (["Expires: 0"], timedelta(0)),
        (["Expires: -1"], timedelta(0)),
        (["Expires: garbage"], timedelta(0)),
        (["Expires: Mon, 99 Foo 99999 99:99:99 GMT"], timedelta(0)),
        (["Expires: Mon, 01 Jan 2024 02:00:00 GMT", "Date: never"], timedelta(0)),
    ],
)
@pytest.mark.parametrize("status", [200, 304])
def test_check_052_to_058_remaining_lifetime(site, fetcher, answer, fields, expected, status):
    url = site.serve(answer(status, b"<rss/>" if status == 200 else None, *fields))
    outcome = fetcher.fetch(url, validators=Validators(etag='"a"', issued_by=url))

    assert isinstance(outcome, Fetched | NotModified)
    assert outcome.freshness.max_age == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("120", 2 * MINUTE),
        ("0", MINUTE),
        ("-5", MINUTE),
        ("1000000000000", WEEK),
        ("9" * 400, WEEK),
        ("soon", None),
        ("Sun, 01 Mar 2026 14:00:00 GMT", 2 * HOUR),
        ("Mon, 01 Jan 2024 00:00:00 GMT", MINUTE),
        ("Mon, 01 Jan 9999 00:00:00 GMT", WEEK),
    ],
)
@pytest.mark.parametrize("status", [429, 503, 403, 413])
def test_check_072_074_076_retry_after(site, fetcher, answer, status, value, expected):
    outcome = fetcher.fetch(site.serve(answer(status, b"no", f"Retry-After: {value}")))

    assert isinstance(outcome, Failure)
    assert outcome.retry_after == expected


def test_check_073_a_date_is_seen_from_the_server_s_own_clock(site, fetcher, answer):
    fields = ("Retry-After: Mon, 01 Jan 2024 00:10:00 GMT", "Date: Mon, 01 Jan 2024 00:00:00 GMT")
    outcome = fetcher.fetch(site.serve(answer(429, b"", *fields)))

    assert isinstance(outcome, Failure)
    assert outcome.retry_after == 10 * MINUTE


def test_check_074_a_wait_asked_for_by_a_redirect_holds_the_next_look(site, fetcher, answer):
    site.on("/b", answer(200))
    outcome = fetcher.fetch(site.serve(answer(301, b"", "Location: /b", "Retry-After: 600")))

    assert isinstance(outcome, Fetched)
    assert outcome.freshness.retry_after == 10 * MINUTE


def test_check_075_reset_headers_stand_in_for_retry_after(site, fetcher, answer, now):
    epoch = int(now.timestamp()) + 300
    for fields, expected in (
        (["X-RateLimit-Reset: 300"], 5 * MINUTE),
        (["x-ratelimit-reset: 299.7"], timedelta(seconds=299)),
        ([f"X-RateLimit-Reset: {epoch}"], 5 * MINUTE),
        ([f"X-RateLimit-Reset: {epoch}", f"Date: {format_datetime(now, usegmt=True)}"], 5 * MINUTE),
        (["RateLimit-Reset: 10"], MINUTE),
        (['RateLimit: "default";r=0;t=300'], 5 * MINUTE),
        (["RateLimit: limit=10, remaining=0, reset=300"], 5 * MINUTE),
        (["X-RateLimit-Reset: soon"], None),
        (["RateLimit: nothing"], None),
        ([], None),
    ):
        outcome = fetcher.fetch(site.serve(answer(429, b"", *fields)))
        assert isinstance(outcome, Failure)
        assert (outcome.kind, outcome.retry_after) == (FailureKind.RATE_LIMITED, expected), fields


@pytest.mark.parametrize(
    ("status", "fields", "body"),
    [
        (403, ["cf-mitigated: challenge"], b""),
        (503, ["CF-Mitigated: challenge", "Content-Type: text/html"], b"<html></html>"),
        (429, ["cf-mitigated: challenge"], b""),
        (202, ["x-amzn-waf-action: challenge"], b""),
        (405, ["x-amzn-waf-action: captcha"], b""),
        (403, ["Content-Type: text/html"], b"<title>Just a moment...</title>"),
        (403, [], b"<title>Attention Required! | Cloudflare</title>"),
        (503, ["Content-Type: text/html"], b"Checking your browser before accessing"),
        (403, ["Content-Type: text/html; charset=utf-8"], b"please solve the CAPTCHA"),
    ],
)
def test_check_077_bot_walls_are_told_apart_and_asked_once(site, fetcher, answer, status, fields, body):
    outcome = fetcher.fetch(site.serve(answer(status, body, *fields)))

    assert isinstance(outcome, Failure)
    assert (outcome.kind, outcome.status, len(site.requests)) == (FailureKind.BOT_WALL, status, 1)


def test_check_077_a_packed_challenge_is_recognised(site, fetcher, answer):
    import gzip

    page = gzip.compress(b"<html>" + b" " * 3000 + b"_cf_chl_opt challenge-platform</html>")
    outcome = fetcher.fetch(site.serve(answer(403, page, "Content-Encoding: gzip", "Content-Type: text/html")))

    assert isinstance(outcome, Failure)
    assert outcome.kind is FailureKind.BOT_WALL


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        *((status, FailureKind.HTTP_4XX) for status in (400, 401, 402, 403, 404, 407, 408, 418, 451)),
        (429, FailureKind.RATE_LIMITED),
        *((status, FailureKind.HTTP_5XX) for status in (500, 502, 503, 504, 520, 599)),
    ],
)
def test_check_078_079_every_refusal_has_its_word_and_a_sentence(site, fetcher, answer, status, kind):
    secret = b"<html><p>inner workings of the target</p></html>"
    outcome = fetcher.fetch(site.serve(answer(status, secret, "Content-Type: text/html")))

    assert isinstance(outcome, Failure)
    assert (outcome.kind, outcome.status) == (kind, status)
    assert str(status) in outcome.detail
    assert "inner" not in outcome.detail


def test_a_long_wait_is_told_in_hours(site, fetcher, answer):
    for seconds, words in ((90, "90 s"), (600, "10 min"), (36000, "10 h")):
        outcome = fetcher.fetch(site.serve(answer(503, b"", f"Retry-After: {seconds}")))
        assert isinstance(outcome, Failure)
        assert words in outcome.detail
