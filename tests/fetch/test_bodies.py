"""Checks 27, 39-50, 84, 96: whole bodies or none, decoded under a cap."""

from __future__ import annotations

import gzip
import time
import tracemalloc
import zlib

import brotli
import pytest

from feedmill.feeds.outcome import Failure, FailureKind, Fetched, Gone
from feedmill.ingest.codings import BodyError, read_body

TEXT = b"<rss>" + b"words and more words " * 500 + b"</rss>"


def raw_deflate(data):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def case_name(value):
    """Packed bytes carry the time of packing: they are no name for a case."""
    return value if isinstance(value, str) else "packed"


def failure(outcome):
    assert isinstance(outcome, Failure), outcome
    return outcome


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        ("gzip", gzip.compress(TEXT)),
        ("x-gzip", gzip.compress(TEXT)),
        ("GZIP", gzip.compress(TEXT)),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", raw_deflate(TEXT)),
        ("br", brotli.compress(TEXT)),
        ("gzip, gzip", gzip.compress(gzip.compress(TEXT))),
        ("br, gzip", gzip.compress(brotli.compress(TEXT))),
        ("identity", TEXT),
        ("gzip", gzip.compress(TEXT[:100]) + gzip.compress(TEXT[100:])),
        ("gzip", gzip.compress(TEXT) + b"\0" * 512),
        ("gzip", TEXT),
        ("", gzip.compress(TEXT)),
    ],
    ids=case_name,
)
def test_check_048_050_codings_are_undone(site, fetcher, answer, coding, packed):
    fields = [f"Content-Encoding: {coding}"] if coding else []
    outcome = fetcher.fetch(site.serve(answer(200, packed, *fields)))

    assert isinstance(outcome, Fetched), outcome
    assert outcome.document.body == TEXT


@pytest.mark.parametrize("step", [1, 2, 3, 7])
@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        ("gzip", gzip.compress(TEXT[:100]) + gzip.compress(TEXT[100:])),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", raw_deflate(TEXT)),
        ("br", brotli.compress(TEXT)),
    ],
    ids=case_name,
)
def test_codings_do_not_depend_on_how_the_wire_cuts_the_body(coding, packed, step):
    pieces = (packed[start : start + step] for start in range(0, len(packed), step))

    assert read_body(pieces, coding, max_body_bytes=100_000) == TEXT


def test_a_large_packed_body_comes_out_whole():
    data = bytes(range(256)) * 4_000

    for coding, packed in (("gzip", gzip.compress(data)), ("br", brotli.compress(data, quality=1))):
        assert read_body([packed], coding, max_body_bytes=2_000_000) == data


@pytest.mark.parametrize("coding", ["zstd", "compress", "gzip, zstd", "x-odd\x1b[31m"])
def test_check_049_an_unknown_coding_is_named(site, fetcher, answer, coding):
    outcome = failure(fetcher.fetch(site.serve(answer(200, TEXT, f"Content-Encoding: {coding}"))))

    assert outcome.kind is FailureKind.UNPARSABLE
    assert coding.split(", ")[-1].replace("\x1b", "?") in outcome.detail


def test_a_long_chain_of_codings_is_refused():
    with pytest.raises(BodyError) as error:
        read_body([TEXT], ", ".join(["gzip"] * 6), max_body_bytes=100_000)

    assert error.value.kind is FailureKind.UNPARSABLE


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        ("gzip", gzip.compress(TEXT)[:-9]),
        ("gzip", gzip.compress(TEXT)[:40]),
        ("deflate", zlib.compress(TEXT)[:-6]),
        ("br", brotli.compress(TEXT)[:-4]),
        ("gzip", gzip.compress(TEXT)[:-8] + b"\0" * 8),
        ("deflate", b"<rss>"),
        ("br", b"<rss>plain"),
        ("", gzip.compress(TEXT)[:-9]),
    ],
    ids=case_name,
)
def test_check_027_a_packed_body_without_its_end_is_no_body(site, fetcher, answer, coding, packed):
    fields = [f"Content-Encoding: {coding}"] if coding else []
    outcome = failure(fetcher.fetch(site.serve(answer(200, packed, *fields))))

    assert outcome.kind is FailureKind.UNPARSABLE
    assert "cut short" in outcome.detail or "damaged" in outcome.detail


@pytest.mark.parametrize(
    "wire",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<rss>half",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n<rss>\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n<rss>\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n<rss>\r\n",
    ],
)
def test_check_027_a_body_shorter_than_it_said_is_no_body(site, fetcher, wire):
    outcome = failure(fetcher.fetch(site.serve(wire)))

    assert outcome.kind is FailureKind.UNPARSABLE
    assert "cut short" in outcome.detail


def test_a_chunked_body_with_extensions_and_trailers_is_whole(site, fetcher):
    wire = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\n<rss>\r\n6\r\n</rss>\r\n0\r\nX: y\r\n\r\n"
    outcome = fetcher.fetch(site.serve(wire))

    assert isinstance(outcome, Fetched)
    assert outcome.document.body == b"<rss></rss>"


def test_a_body_that_ends_with_the_connection_is_whole(site, fetcher):
    outcome = fetcher.fetch(site.serve(b"HTTP/1.0 200 OK\r\n\r\n<rss/>"))

    assert isinstance(outcome, Fetched)
    assert outcome.document.body == b"<rss/>"


@pytest.mark.parametrize(("status", "body"), [(200, b""), (200, b" \r\n\0 "), (204, None), (205, b""), (202, b"")])
def test_check_039_040_an_empty_answer_is_not_a_feed(site, fetcher, answer, status, body):
    outcome = failure(fetcher.fetch(site.serve(answer(status, body))))

    assert (outcome.kind, outcome.status) == (FailureKind.NOT_A_FEED, status)


def test_check_040_203_counts_as_200_and_206_is_an_error(site, fetcher, answer):
    assert isinstance(fetcher.fetch(site.on("/203", answer(203))), Fetched)
    assert failure(fetcher.fetch(site.on("/206", answer(206)))).kind is FailureKind.UNPARSABLE


@pytest.mark.parametrize("kind", ["text/html", "text/plain; charset=x", "application/octet-stream", None])
def test_check_041_045_whatever_the_type_the_document_is_handed_over(site, fetcher, answer, kind):
    fields = [f"Content-Type: {kind}"] if kind else []
    outcome = fetcher.fetch(site.serve(answer(200, b"<html>closed</html>", *fields)))

    assert isinstance(outcome, Fetched)
    assert outcome.document.content_type == (kind or "")


def test_check_042_a_difference_is_marked_as_one(site, fetcher, answer):
    outcome = fetcher.fetch(site.serve(answer(226, TEXT, "IM: feed", 'ETag: "n"')))

    assert isinstance(outcome, Fetched)
    assert (outcome.delta, outcome.status, outcome.validators.etag) == (True, 226, '"n"')


def test_check_043_a_difference_of_unknown_kind_is_not_taken(site, fetcher, answer):
    outcome = failure(fetcher.fetch(site.serve(answer(226, TEXT))))

    assert (outcome.kind, outcome.status) == (FailureKind.UNPARSABLE, 226)


def test_check_084_an_error_page_is_not_read_to_its_end(site, fetcher):
    sent = []

    def endless(_request, sock):
        sock.sendall(b"HTTP/1.1 500 Oops\r\nContent-Length: 50000000\r\n\r\n")
        for _ in range(800):
            sock.sendall(b"x" * 65536)
            sent.append(65536)

    outcome = failure(fetcher.fetch(site.serve(endless)))

    assert (outcome.kind, outcome.status) == (FailureKind.HTTP_5XX, 500)
    assert sum(sent) < 20_000_000


def test_check_096_reading_stops_at_the_cap(site, make_fetcher):
    def endless(_request, sock):
        sock.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            sock.sendall(b"x" * 65536)

    outcome = failure(make_fetcher(max_body_bytes=300_000).fetch(site.serve(endless)))

    assert outcome.kind is FailureKind.TOO_LARGE
    assert "300,000" in outcome.detail


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate", "gzip, gzip", ""])
def test_check_096_a_bomb_costs_no_more_than_the_cap(site, make_fetcher, answer, coding):
    zeros = b"\0" * 1_000_000
    packer = zlib.compressobj(9, zlib.DEFLATED, 15 if coding == "deflate" else 31)
    packed = b"".join(packer.compress(zeros) for _ in range(100)) + packer.flush()
    if coding == "br":
        packed = brotli.compress(zeros * 100, quality=5)
    if coding == "gzip, gzip":
        packed = gzip.compress(packed)
    url = site.serve(answer(200, packed, *([f"Content-Encoding: {coding}"] if coding else [])))
    fetcher = make_fetcher(max_body_bytes=2_000_000)
    tracemalloc.start()
    begun = time.process_time()
    outcome = failure(fetcher.fetch(url))
    cpu, (_, peak) = time.process_time() - begun, tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert outcome.kind is FailureKind.TOO_LARGE
    assert peak < 8_000_000
    assert cpu < 2


def test_check_080_410_is_gone(site, fetcher, answer):
    assert fetcher.fetch(site.serve(answer(410, b"gone"))) == Gone()


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", ""])
def test_nothing_packed_or_not_is_nothing(site, fetcher, answer, coding):
    fields = [f"Content-Encoding: {coding}"] if coding else []

    assert failure(fetcher.fetch(site.serve(answer(200, b"", *fields)))).kind is FailureKind.NOT_A_FEED
