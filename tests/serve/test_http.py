"""What a client sees on the wire, from a real server: both ways of answering, raw bytes."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from feedmill.publish.headers import links_of
from feedmill.publish.serve import ServedFolder
from feedmill.publish.shelf import Shelf

LM = "Tue, 14 Nov 2023 22:13:20 GMT"
ALWAYS = {"etag", "last-modified", "cache-control", "vary"}


@pytest.fixture(params=["direct", "app"])
def get(request: pytest.FixtureRequest, client) -> Callable:
    """GET by the direct lane (a kept connection), and through the ASGI app (`Connection: close`): the same answers."""
    return client.ask_kept if request.param == "direct" else client.ask


def test_a_feed_comes_whole_with_its_headers(get: Callable, folder: Path) -> None:
    """200 with type, length, validators, caching, safety and CORS."""
    answer = get("/atom.xml")

    assert answer.status == 200
    assert answer.body == (folder / "atom.xml").read_bytes()
    assert answer.headers["content-type"] == "application/xml; charset=utf-8"
    assert answer.headers["content-length"] == str(len(answer.body))
    assert answer.headers["last-modified"] == LM
    assert answer.headers["cache-control"] == "public, max-age=300, stale-while-revalidate=600, stale-if-error=86400"
    assert answer.headers["vary"] == "Accept-Encoding"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["server"] == "feedmill"
    assert answer.headers["date"].endswith(" GMT")
    assert "set-cookie" not in answer.headers


def test_gzip_has_its_own_tag_and_the_same_content(get: Callable, folder: Path) -> None:
    """And a length that is true."""
    plain, packed = get("/atom.xml"), get("/atom.xml", Accept_Encoding="gzip, deflate, br")

    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["content-length"] == str(len(packed.body))
    assert gzip.decompress(packed.body) == plain.body
    assert packed.headers["etag"] != plain.headers["etag"]
    assert packed.headers["last-modified"] == plain.headers["last-modified"]


def test_304_has_no_body_and_the_headers_of_the_200(get: Callable) -> None:
    """RFC 9110, 15.4.5 (S6): ETag, Last-Modified, Cache-Control, Vary, Date."""
    ok = get("/atom.xml", Accept_Encoding="gzip")
    answer = get("/atom.xml", Accept_Encoding="gzip", If_None_Match=ok.headers["etag"])

    assert answer.status == 304
    assert answer.body == b""
    assert {name: answer.headers[name] for name in ALWAYS} == {name: ok.headers[name] for name in ALWAYS}
    assert "date" in answer.headers
    assert not {"content-length", "content-type", "content-encoding", "transfer-encoding"} & answer.headers.keys()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"If_None_Match": "{tag}"}, 304),
        ({"If_None_Match": "W/{tag}"}, 304),
        ({"If_None_Match": '"x", {tag}'}, 304),
        ({"If_None_Match": "*"}, 304),
        ({"If_None_Match": '"x"'}, 200),
        ({"If_None_Match": '"x"', "If_Modified_Since": LM}, 200),
        ({"If_None_Match": "{tag}", "If_Modified_Since": "Thu, 01 Jan 1970 00:00:00 GMT"}, 304),
        ({"If_Modified_Since": LM}, 304),
        ({"If_Modified_Since": "Wed, 15 Nov 2023 22:13:20 GMT"}, 304),
        ({"If_Modified_Since": "Mon, 13 Nov 2023 22:13:20 GMT"}, 200),
        ({"If_Modified_Since": "soon"}, 200),
        ({"Range": "bytes=0-9"}, 200),
        ({"If_Match": '"x"'}, 200),
        ({"Accept_Encoding": "identity;q=0"}, 406),
        ({"Cookie": "a=b"}, 200),
    ],
)
def test_conditional_requests(get: Callable, headers: dict[str, str], status: int) -> None:
    """The table of S5 and S13, over the wire."""
    tag = get("/atom.xml").headers["etag"]
    answer = get("/atom.xml", **{name: value.format(tag=tag) for name, value in headers.items()})

    assert answer.status == status
    assert answer.headers["vary"] == "Accept-Encoding"


def test_repeated_header_lines_count_as_one_list(client) -> None:
    """RFC 9110, 5.3."""
    tag = client.ask("/atom.xml").headers["etag"]
    request = (
        f'GET /atom.xml HTTP/1.1\r\nHost: x\r\nIf-None-Match: "x"\r\nIf-None-Match: {tag}\r\nConnection: close\r\n\r\n'
    )

    assert client.raw(request.encode()).startswith(b"HTTP/1.1 304 ")


@pytest.mark.parametrize("path", ["/atom.xml", "/", "/python", "/nothing", "/icon.png"])
@pytest.mark.parametrize("coding", ["gzip", "identity"])
def test_head_equals_get_without_the_body(client, path: str, coding: str) -> None:
    """S1, for hits, redirects and misses."""
    get, head = client.ask(path, Accept_Encoding=coding), client.ask(path, "HEAD", Accept_Encoding=coding)

    assert head.status == get.status
    assert head.headers | {"date": ""} == get.headers | {"date": ""}
    assert head.body == b""


def test_query_strings_are_ignored(get: Callable) -> None:
    """S16: no cache buster makes another document."""
    assert get("/atom.xml?utm_source=x&y=%00").headers["etag"] == get("/atom.xml").headers["etag"]
    assert get("/?a").status == 200


def test_a_folder_without_its_slash_redirects(get: Callable) -> None:
    """301 to a path of our own, never to a name the client sent."""
    answer = get("/python?x=//evil.example")

    assert (answer.status, answer.headers["location"]) == (301, "/python/")
    assert get("/python/").body == b"<p>snakes"


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/../etc/passwd",
        "/..%2f..%2fetc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/python/../atom.xml",
        "/atom.xml%00",
        "/atom.xml%00.html",
        "/..\\..\\etc\\passwd",
        "/python/%5c..%5catom.xml",
        "//atom.xml",
        "/./atom.xml",
        "/atom.xml/",
        "/ATOM.XML",
        "/.htaccess",
        "/%",
        "/%zz",
        "/%ff",
    ],
)
def test_what_is_not_in_the_table_does_not_exist(client, path: str) -> None:
    """T72: dots, encoded dots, NUL, backslash: 404 (or 400), never a file."""
    answer = client.ask(path)

    assert answer.status in (404, 400)
    assert b"root:" not in answer.body
    if answer.status == 404:
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")


def test_percent_encoded_letters_name_the_same_file(client, folder: Path) -> None:
    """%61tom.xml is atom.xml; a name in another script is found by its encoding."""
    assert client.ask("/%61tom.xml").status == 200
    assert client.ask_kept("/%61tom.xml").status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE", "OPTIONS", "PROPFIND"])
def test_only_get_and_head(client, method: str) -> None:
    """405 with Allow."""
    answer = client.ask("/atom.xml", method)

    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")


def test_a_reader_in_a_browser_may_ask_conditionally(client) -> None:
    """If-None-Match makes a preflight; feeds allow it, pages do not."""
    preflight = {"Origin": "https://reader.example", "Access_Control_Request_Method": "GET"}
    answer = client.ask("/atom.xml", "OPTIONS", **preflight, Access_Control_Request_Headers="if-none-match")

    assert answer.status == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "If-None-Match" in answer.headers["access-control-allow-headers"]
    assert client.ask("/", "OPTIONS", **preflight).status == 405


def test_the_folders_own_404_page_is_used(serving: Callable, folder: Path) -> None:
    """With our status and headers."""
    (folder / "404.html").write_text("lost?")
    client, _ = serving()

    assert client.ask("/nothing").body == b"lost?"
    assert client.ask("/nothing").status == 404


def test_nothing_published_yet_is_503_and_not_404(serving: Callable, tmp_path: Path) -> None:
    """A reader that subscribes too early comes back instead of giving up."""
    client, site = serving(Shelf(tmp_path / "later"))
    answer = client.ask("/atom.xml")
    assert (answer.status, answer.headers["retry-after"]) == (503, "60")
    (tmp_path / "later").mkdir()
    (tmp_path / "later" / "atom.xml").write_text("<feed/>")
    site.shelf.refresh()

    assert client.ask("/atom.xml").status == 200


def test_link_headers_name_the_feed_itself_and_its_hub(serving: Callable, folder: Path) -> None:
    """F1 and S21, on feeds only."""
    shelf = Shelf(folder, links=links_of("https://planet.example/x/", ["https://hub.example/?a=b"]))
    client, _ = serving(shelf)

    expected = '<https://planet.example/x/python/atom.xml>; rel="self", <https://hub.example/?a=b>; rel="hub"'
    assert client.ask_kept("/python/atom.xml").headers["link"] == expected
    assert "link" not in client.ask_kept("/").headers
    assert "link" not in client.ask_kept("/status.json").headers


def test_routes_of_the_program_stand_beside_the_files(serving: Callable) -> None:
    """And are counted like them."""

    async def hello(_request: Request) -> PlainTextResponse:
        return PlainTextResponse("hello")

    client, site = serving(routes=[Route("/hello", hello)])

    assert client.ask("/hello").body == b"hello"
    assert client.ask("/hello", "POST").status == 405
    client.ask_kept("/atom.xml")
    client.ask("/atom.xml")
    client.ask("/nothing")
    assert site.served == {200: 3, 405: 1, 404: 1}


def test_a_new_edition_is_served_at_once(serving: Callable, folder: Path) -> None:
    """On connections that are open already."""
    client, site = serving()
    with client.connect() as connection:
        connection.sendall(b"GET /atom.xml HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"grain" in connection.recv(1 << 20)
        (folder / "new.tmp").write_bytes(b"<feed>fresh</feed>")
        (folder / "new.tmp").replace(folder / "atom.xml")
        site.shelf.refresh()
        connection.sendall(b"GET /atom.xml HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"fresh" in connection.recv(1 << 20)


def test_pipelined_requests_are_answered_in_order(client) -> None:
    """Also when the direct lane and the app take turns."""
    paths = ["/atom.xml", "/nothing", "/python", "/status.json", "/", "/nothing", "/style.css"]
    requests = "".join(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n" for path in paths[:-1])
    requests += f"GET {paths[-1]} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    received = client.raw(requests.encode())

    statuses = [int(piece[:3]) for piece in received.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [200, 404, 301, 200, 200, 404, 200]
    assert received.endswith(b"p { color: black }")


def test_http_1_0_is_answered_and_closed(client) -> None:
    """An old client waits for the end of the connection."""
    assert client.raw(b"GET /status.json HTTP/1.0\r\n\r\n").endswith(b'\r\n\r\n{"sources": []}')


def test_an_absolute_request_target_is_understood(client) -> None:
    """RFC 9112, 3.2.2."""
    request = b"GET http://planet.example/status.json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

    assert client.raw(request).startswith(b"HTTP/1.1 200 ")


def test_an_upgrade_nobody_offers_is_an_ordinary_get(client) -> None:
    """`curl --http2` asks for h2c."""
    request = b"GET /status.json HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n"
    with client.connect() as connection:
        connection.sendall(request)
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1",
        b"GET /atom.xml HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        b"GET /atom.xml HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"GET /atom.xml HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\nContent-Length: 1\r\n\r\n0",
        b"GET /atom.xml HTTP/1.1\r\nHost: x\r\nBad Name: 1\r\n\r\n",
        b"GET /atom.xml HTTP/1.1\r\nHost: x\r\nFolded: 1\r\n 2: 3\r\n\r\n",
        b"GET /atom.xml HTTP/9.9\r\nHost: x\r\n\r\n",
        b"GET\r\n\r\n",
        b"CONNECT evil.example:80 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
def test_malformed_and_smuggling_requests_get_400_and_the_connection_ends(client, data: bytes) -> None:
    """T78: whatever two servers could read differently is refused, with nothing answered behind it."""
    received = client.raw(data)

    assert received.startswith(b"HTTP/1.1 400 ")
    assert received.count(b"HTTP/1.1 ") == 1


def test_a_body_on_a_get_is_left_unread(client) -> None:
    """Its bytes never become the next request."""
    data = b"GET /status.json HTTP/1.1\r\nHost: x\r\nContent-Length: 18\r\n\r\nGET / HTTP/1.1\r\n\r\n"
    last = b"GET /style.css HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

    assert client.raw(data + last).count(b"HTTP/1.1 200 ") == 2


def test_json_stays_json(get: Callable) -> None:
    """A check that the fixture's feed is what it says."""
    assert json.loads(get("/feed.json").body)["version"].endswith("1.1")


def test_the_app_runs_under_any_asgi_server(folder: Path) -> None:
    """`make_app` needs nothing of our server: starlette's own test client is another one."""
    import asyncio

    from feedmill.publish.serve import make_app

    sent: list[dict] = []

    async def call(scope_type: str, path: str) -> None:
        async def receive() -> dict:
            return {"type": "lifespan.startup"} if len(sent) == 0 else {"type": "lifespan.shutdown"}

        async def send(message) -> None:
            sent.append(message)

        await app({"type": scope_type, "method": "GET", "path": path, "headers": []}, receive, send)

    app = make_app(folder)
    asyncio.run(call("lifespan", ""))
    assert [message["type"] for message in sent] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    sent.clear()
    asyncio.run(call("http", "/status.json"))
    assert (sent[0]["status"], sent[1]["body"]) == (200, b'{"sources": []}')


def test_a_closed_port_says_what_to_do(client) -> None:
    """One clear line, exit code 2."""
    from feedmill.feeds.errors import UsageError
    from feedmill.publish.server import bind

    with pytest.raises(
        UsageError, match=rf"cannot listen on 127\.0\.0\.1:{client.port}: another program listens there"
    ):
        bind("127.0.0.1", client.port)
    with pytest.raises(UsageError, match="no address of this machine"):
        bind("no-such-host.invalid", 0)
    with pytest.raises(UsageError, match="no such address"):
        bind("192.0.2.1", 0)
    assert UsageError.exit_code == 2


def test_every_address_of_a_name_is_served() -> None:
    """localhost may be two; a free port is the same on both."""
    from feedmill.publish.server import addresses, bind

    sockets = bind("localhost", 0)
    try:
        assert len({listener.getsockname()[1] for listener in sockets}) == 1
        assert all(url.startswith(("http://127.0.0.1:", "http://[::1]:")) for url in addresses(sockets))
    finally:
        for listener in sockets:
            listener.close()


def test_served_counts_by_status(client, serving: Callable) -> None:
    """The numbers behind /metrics, from both lanes."""
    other, site = serving()
    assert isinstance(site, ServedFolder)
    tag = other.ask_kept("/atom.xml").headers["etag"]
    other.ask_kept("/atom.xml", If_None_Match=tag)
    other.ask("/atom.xml", If_None_Match=tag)

    assert site.served == {200: 1, 304: 2}
