"""Checks 97-104: time, headers, interim answers, TLS, and how trouble is named."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from datetime import timedelta

import pytest

from feedmill.feeds.outcome import Failure, FailureKind, Fetched
from feedmill.ingest.connect import TransportError
from feedmill.ingest.transport import Transport, shared_context


def drip(head, tail=b"x", pause=0.05):
    """A server that sends one piece of `tail` after another, slowly, for ever."""

    def serve(_request, sock):
        sock.sendall(head)
        while True:
            time.sleep(pause)
            sock.sendall(tail)

    return serve


def failure(outcome):
    assert isinstance(outcome, Failure), outcome
    return outcome


@pytest.mark.parametrize(
    ("head", "tail"),
    [
        (b"", b""),
        (b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x"),
        (b"HTTP/1.1 200 OK\r\n", b"X-Again: y\r\n"),
        (b"HTTP/1.1 200 OK\r\n\r\n<rss>", b"x"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n<rss>", b"x"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"ext"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n", b"T: x\r\n"),
        (b"HTTP/1.1 403 No\r\nContent-Type: text/html\r\n\r\n", b"x"),
    ],
)
def test_check_097_098_no_drip_outlasts_the_deadline(site, make_fetcher, head, tail):
    fetcher = make_fetcher(timeout=timedelta(seconds=0.4))
    begun = time.monotonic()
    outcome = failure(fetcher.fetch(site.serve(drip(head, tail))))

    assert time.monotonic() - begun < 1.5
    if b"403" in head:
        assert outcome.kind is FailureKind.HTTP_4XX  # its page would only have told why
    else:
        assert outcome.kind is FailureKind.TIMEOUT
        assert "0.4 s" in outcome.detail


def test_check_097_the_deadline_covers_redirects_together(site, make_fetcher):
    def slowly(_request, sock):
        time.sleep(0.25)
        sock.sendall(f"HTTP/1.1 302 Found\r\nLocation: /feed?{time.monotonic()}\r\n\r\n".encode())

    begun = time.monotonic()
    outcome = failure(make_fetcher(timeout=timedelta(seconds=0.6)).fetch(site.serve(slowly)))

    assert outcome.kind is FailureKind.TIMEOUT
    assert time.monotonic() - begun < 1.2


def test_check_097_the_deadline_covers_a_name_server_that_hangs(make_fetcher):
    transport = Transport(allow_private_networks=True, resolver=lambda *_, **__: time.sleep(1.5))
    begun = time.monotonic()
    outcome = failure(make_fetcher(transport=transport, timeout=timedelta(seconds=0.3)).fetch("http://slow.example/"))

    assert outcome.kind is FailureKind.TIMEOUT
    assert "slow.example" in outcome.detail
    assert time.monotonic() - begun < 1


def test_check_097_the_deadline_covers_the_tls_handshake(site, make_fetcher, trusting):
    url = site.serve(b"").replace("http:", "https:")
    begun = time.monotonic()
    transport = Transport(allow_private_networks=True, context=trusting)
    outcome = failure(make_fetcher(transport=transport, timeout=timedelta(seconds=0.4)).fetch(url))

    assert outcome.kind in {FailureKind.TIMEOUT, FailureKind.TLS}
    assert time.monotonic() - begun < 1.5


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize(
    "interim", ["103 Early Hints\r\nLink: </a.css>; rel=preload", "100 Continue", "102 Processing"]
)
def test_check_099_interim_answers_are_skipped(site, fetcher, answer, interim, count):
    wire = f"HTTP/1.1 {interim}\r\n\r\n".encode() * count + answer(200, b"<rss/>", 'ETag: "final"')
    outcome = fetcher.fetch(site.serve(wire))

    assert isinstance(outcome, Fetched)
    assert (outcome.document.body, outcome.validators.etag) == (b"<rss/>", '"final"')


def test_check_098_a_flood_of_interim_answers_ends(site, fetcher):
    outcome = failure(fetcher.fetch(site.serve(b"HTTP/1.1 100 Continue\r\n\r\n" * 5000)))

    assert (outcome.kind, "interim" in outcome.detail) == (FailureKind.UNPARSABLE, True)


@pytest.mark.parametrize("fields", [[f"X-{n}: y" for n in range(200)], ["X-Big: " + "y" * 100_000]])
def test_check_100_many_or_large_headers_are_accepted(site, fetcher, answer, fields):
    assert isinstance(fetcher.fetch(site.serve(answer(200, b"<rss/>", *fields))), Fetched)


@pytest.mark.parametrize(
    "fields",
    [[f"X-{n}: y" for n in range(2000)], ["X-Big: " + "y" * 200_000], [f"X-{n}: {'y' * 60_000}" for n in range(96)]],
)
def test_check_100_header_bombs_are_too_large(site, fetcher, answer, fields):
    assert failure(fetcher.fetch(site.serve(answer(200, b"<rss/>", *fields)))).kind is FailureKind.TOO_LARGE


@pytest.mark.parametrize(
    "wire",
    [
        b"<rss/>",
        b"HTTP/0.9 200 OK\r\n\r\n<rss/>",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 99 Low\r\n\r\n",
        b"HTTP/1.1 999 High\r\n\r\n",
        b"HTTP/1.1\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\r\n\r\n",
        b'HTTP/1.1 200 OK\r\nETag: "a',
        b'HTTP/1.1 200 OK\r\nETag: "a"\r\n',
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n<rss/>",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n<rss/>",
    ],
)
def test_check_101_an_answer_that_is_not_http_is_a_clean_failure(site, fetcher, wire):
    outcome = failure(fetcher.fetch(site.serve(wire)))

    assert outcome.kind is FailureKind.UNPARSABLE
    assert outcome.detail.isprintable()


def test_check_101_folded_nameless_and_odd_header_lines_are_lived_with(site, fetcher):
    wire = (
        b"HTTP/1.1 200\r\n folded before any\r\nno colon here\r\nSpace : x\r\n: nameless\r\nX-Raw: \xff\xe9\r\n"
        b"Cache-Control: max-age=3600,\r\n  private\r\nContent-Length: 6, 6\r\n\r\n<rss/>"
    )
    outcome = fetcher.fetch(site.serve(wire))

    assert isinstance(outcome, Fetched)
    assert outcome.freshness.max_age == timedelta(hours=1)


def test_a_connection_that_ends_before_the_answer_is_refused(site, fetcher):
    outcome = failure(fetcher.fetch(site.serve(b"")))

    assert (outcome.kind, "without an answer" in outcome.detail) == (FailureKind.REFUSED, True)


def test_a_reset_in_the_middle_of_headers_or_body_is_a_body_cut_short(site, fetcher):
    def reset(head):
        def serve(_request, sock):
            sock.sendall(head)
            time.sleep(0.05)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            sock.close()

        return serve

    for head in (b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n<rss>"):
        assert failure(fetcher.fetch(site.serve(reset(head)))).kind is FailureKind.UNPARSABLE


def test_a_port_where_nobody_listens_is_refused(fetcher):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        outcome = failure(fetcher.fetch(f"http://127.0.0.1:{taken.getsockname()[1]}/"))

    assert (outcome.kind, "127.0.0.1" in outcome.detail) == (FailureKind.REFUSED, True)


def test_a_name_nobody_knows_is_dns(make_fetcher):
    def unknown(*_, **__):
        raise socket.gaierror(-2, "Name or service not known")

    transport = Transport(resolver=unknown)
    outcome = failure(make_fetcher(transport=transport).fetch("http://blog.example/feed"))

    assert (outcome.kind, "blog.example" in outcome.detail) == (FailureKind.DNS, True)


# ---- TLS ------------------------------------------------------------------------------------------------------------


def test_a_certificate_of_a_known_authority_is_accepted(make_site, make_fetcher, server_context, trusting, answer):
    site = make_site(tls=server_context("127.0.0.1"), keep_alive=True)
    transport = Transport(allow_private_networks=True, context=trusting)
    fetcher = make_fetcher(transport=transport)

    assert isinstance(fetcher.fetch(site.serve(answer())), Fetched)
    assert isinstance(fetcher.fetch(site.url()), Fetched)
    assert site.connections == 1


@pytest.mark.parametrize(("name", "days", "word"), [("127.0.0.1", -1, "expired"), ("other.example", 2, "mismatch")])
def test_check_102_bad_certificates_are_refused(
    make_site, make_fetcher, server_context, trusting, answer, name, days, word
):
    site = make_site(tls=server_context(name, days=days))
    transport = Transport(allow_private_networks=True, context=trusting)
    outcome = failure(make_fetcher(transport=transport).fetch(site.serve(answer())))

    assert outcome.kind is FailureKind.TLS
    assert word in outcome.detail


def test_check_102_an_unknown_authority_is_refused(make_site, fetcher, server_context, answer):
    outcome = failure(fetcher.fetch(make_site(tls=server_context("127.0.0.1")).serve(answer())))

    assert (outcome.kind, "certificate" in outcome.detail) == (FailureKind.TLS, True)


def test_plain_http_on_an_https_address_is_a_tls_failure(fetcher):
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def speak_plainly():
            sock, _ = listener.accept()
            with sock:
                sock.recv(65536)
                sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        threading.Thread(target=speak_plainly, daemon=True).start()
        outcome = failure(fetcher.fetch(f"https://127.0.0.1:{listener.getsockname()[1]}/feed"))

    assert (outcome.kind, "no secure connection" in outcome.detail) == (FailureKind.TLS, True)


def test_there_is_one_context_for_the_process_and_it_checks_names():
    context = shared_context()

    assert context is shared_context()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


# ---- addresses of one name ------------------------------------------------------------------------------------------


@pytest.fixture
def hole():
    """Makes an address where connections hang: a listener whose queue is full."""
    opened = []

    def make(host, port):
        listener = socket.create_server((host, port), backlog=0)
        opened.append(listener)
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex((host, port))
            opened.append(filler)

    yield make
    for each in opened:
        each.close()


def test_check_103_a_dead_first_address_does_not_cost_the_fetch(make_site, make_fetcher, hole, answer):
    site = make_site("127.0.0.1")
    site.serve(answer())
    hole("127.0.0.9", site.port)
    rows = [(socket.AF_INET, 1, 6, "", (f"127.0.0.{last}", site.port)) for last in (9, 1)]
    transport = Transport(allow_private_networks=True, resolver=lambda *_, **__: rows)
    begun = time.monotonic()
    outcome = make_fetcher(transport=transport).fetch(f"http://two.example:{site.port}/feed")

    assert isinstance(outcome, Fetched), outcome
    assert 0.2 < time.monotonic() - begun < 2


@pytest.mark.parametrize("count", [1, 2])
def test_check_097_the_deadline_covers_connections_that_hang(make_site, make_fetcher, hole, count):
    port = make_site("127.0.0.1").port
    for last in range(8, 8 + count):
        hole(f"127.0.0.{last}", port)
    rows = [(socket.AF_INET, 1, 6, "", (f"127.0.0.{last}", port)) for last in range(8, 8 + count)]
    transport = Transport(allow_private_networks=True, resolver=lambda *_, **__: rows)
    begun = time.monotonic()
    outcome = failure(
        make_fetcher(transport=transport, timeout=timedelta(seconds=0.5)).fetch(f"http://two.example:{port}/feed")
    )

    assert (outcome.kind, "a connection to two.example" in outcome.detail) == (FailureKind.TIMEOUT, True)
    assert time.monotonic() - begun < 1.5


def test_check_103_ipv6_and_ipv4_take_turns():
    from feedmill.ingest.connect import _interleaved

    rows = [(10, "a"), (10, "b"), (10, "c"), (2, "d"), (2, "e")]

    assert [name for _, name in _interleaved(rows)] == ["a", "d", "b", "e", "c"]


def test_a_network_that_cannot_be_reached_is_refused(make_fetcher):
    rows = [(socket.AF_INET6, 1, 6, "", ("::1", 1024, 0, 0)), (999, 1, 6, "", ("127.0.0.1", 1024))]
    transport = Transport(allow_private_networks=True, resolver=lambda *_, **__: rows)

    assert failure(make_fetcher(transport=transport).fetch("http://two.example:1024/feed")).kind is FailureKind.REFUSED


def test_a_resolver_that_finds_nothing_is_dns(make_fetcher):
    transport = Transport(resolver=lambda *_, **__: [])
    outcome = failure(make_fetcher(transport=transport).fetch("http://blog.example/feed"))

    assert outcome.kind is FailureKind.DNS


def test_check_103_when_every_address_fails_the_last_error_is_told(make_fetcher):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        rows = [(socket.AF_INET, 1, 6, "", (f"127.0.0.{n}", port)) for n in (1, 2, 3)]
        transport = Transport(allow_private_networks=True, resolver=lambda *_, **__: rows)
        outcome = failure(make_fetcher(transport=transport).fetch(f"http://two.example:{port}/feed"))

    assert (outcome.kind, "refused" in outcome.detail) == (FailureKind.REFUSED, True)


def test_the_adapter_can_be_mounted_on_a_session_and_guards_it(site, answer):
    import requests

    site.serve(answer())
    with requests.Session() as session:
        session.mount("http://", Transport(allow_private_networks=True))
        with session.get(site.url(), stream=True, timeout=2, allow_redirects=False) as response:
            assert (response.status_code, response.raw.read(5)) == (200, b"<rss ")
        session.mount("http://", Transport())
        with pytest.raises(TransportError, match="loopback"):
            session.get(site.url())
        with pytest.raises(TransportError, match="ftp"):
            Transport().send(requests.Request("GET", "ftp://x.example/").prepare())


def test_t47_the_urllib3_underneath_is_the_real_one():
    """niquests replaces the package of that name by another, with other limits."""
    import urllib3

    assert urllib3.__version__.split(".")[0] == "2"
    assert urllib3.connection.HTTPConnection.__mro__[1].__module__ == "http.client"


def test_a_fetcher_closes_its_connections_at_the_end(make_site, answer):
    from feedmill.ingest.fetch import Fetcher
    from feedmill.ingest.options import FetchOptions

    site = make_site(keep_alive=True)
    with Fetcher(FetchOptions(allow_private_networks=True)) as fetcher:
        assert isinstance(fetcher.fetch(site.serve(answer())), Fetched)
        assert isinstance(fetcher.fetch("http://127.0.0.1:22/"), Failure)
    assert not fetcher._transport._idle


def test_a_connection_idle_for_long_is_not_used_again(make_site, make_fetcher, answer):
    seconds = [0.0]
    site = make_site(keep_alive=True)
    transport = Transport(allow_private_networks=True, clock=lambda: seconds[0])
    fetcher = make_fetcher(transport=transport)
    fetcher.fetch(site.serve(answer()))
    seconds[0] = 60.0
    fetcher.fetch(site.url())

    assert site.connections == 2
