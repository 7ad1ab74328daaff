"""A real folder, a real uvicorn on a free port, and a client that sends exactly the bytes it is told to."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from starlette.routing import BaseRoute

from feedmill.publish.connection import Limits
from feedmill.publish.serve import ServedFolder, make_app
from feedmill.publish.server import FolderServer, bind
from feedmill.publish.shelf import Shelf

ATOM = b'<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">' + b"<p>grain</p>" * 200
PAGE = b"<!doctype html><title>Planet</title><p>" + b"flour and water " * 100
JSON_FEED = b'{"version": "https://jsonfeed.org/version/1.1", "title": "P", "items": []' + b" " * 300 + b"}"


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer, as it came over the wire."""

    status: int
    headers: dict[str, str]
    body: bytes
    head: bytes


@dataclass(slots=True)
class Client:
    """Sends raw bytes to one server."""

    port: int

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    @staticmethod
    def read_one(connection: socket.socket) -> Answer:
        """One answer from a connection that stays open."""
        return read_one(connection)

    def raw(self, data: bytes) -> bytes:
        """Send `data`, return all that comes until the server closes."""
        with self.connect() as connection:
            connection.sendall(data)
            return read_all(connection)

    def ask(self, path: str, method: str = "GET", **headers: str) -> Answer:
        """One request on a connection of its own. Underscores in header names become dashes; `close` is asked for."""
        lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Connection: close"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        return parse(self.raw(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")))

    def ask_kept(self, path: str, **headers: str) -> Answer:
        """The same, on a connection that stays open: what every real reader does, and what the direct lane answers."""
        lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        with self.connect() as connection:
            connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
            return read_one(connection)


def read_all(connection: socket.socket) -> bytes:
    data = b""
    try:
        while piece := connection.recv(65536):
            data += piece
    except ConnectionResetError:
        pass
    return data


def read_one(connection: socket.socket) -> Answer:
    """One answer from a connection that stays open."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        assert piece, f"closed after {data!r}"
        data += piece
    answer = parse(data)
    length = 0 if answer.status in (304, 204) else int(answer.headers.get("content-length", 0))
    body = answer.body
    while len(body) < length:
        piece = connection.recv(65536)
        assert piece, "closed inside a body"
        body += piece
    return Answer(answer.status, answer.headers, body, answer.head)


def parse(data: bytes) -> Answer:
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    names = [line.partition(":")[0].lower() for line in lines]
    names = [name for name in names if name != "server"]  # a proxy adds its own
    assert len(names) == len(set(names)), f"a header twice: {names}"
    headers = {line.partition(":")[0].lower(): line.partition(":")[2].strip() for line in lines}
    return Answer(int(first.split()[1]), headers, body, head)


def fill(root: Path) -> Path:
    """One of each kind of file."""
    (root / "python" / "archive").mkdir(parents=True)
    (root / "atom.xml").write_bytes(ATOM)
    (root / "feed.json").write_bytes(JSON_FEED)
    (root / "status.json").write_bytes(b'{"sources": []}')
    (root / "subscriptions.opml").write_bytes(b"<opml/>")
    (root / "index.html").write_bytes(PAGE)
    (root / "style.css").write_bytes(b"p { color: black }")
    (root / "icon.png").write_bytes(b"\x89PNG" + bytes(500))
    (root / "python" / "index.html").write_bytes(b"<p>snakes")
    (root / "python" / "atom.xml").write_bytes(ATOM.replace(b"grain", b"snake"))
    for file in root.rglob("*.*"):
        os.utime(file, (1_700_000_000, 1_700_000_000))
    return root


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A published folder of this test's own."""
    return fill(tmp_path / "public")


@pytest.fixture
def serving(folder: Path) -> Iterator[Callable[..., tuple[Client, ServedFolder]]]:
    """Start a server over `folder` (or over the shelf given); ends with the test."""
    running: list[FolderServer] = []

    def start(
        shelf: Shelf | None = None, *, limits: Limits | None = None, routes: Sequence[BaseRoute] = ()
    ) -> tuple[Client, ServedFolder]:
        site = make_app(shelf or Shelf(folder), routes=routes)
        sockets = bind("127.0.0.1", 0)
        server = FolderServer(site, sockets, limits=limits, drain=5)
        server.start()
        running.append(server)
        return Client(sockets[0].getsockname()[1]), site

    yield start
    for server in running:
        server.stop()


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A client of a server over a folder that no test changes."""
    sockets = bind("127.0.0.1", 0)
    with FolderServer(make_app(fill(tmp_path_factory.mktemp("shared") / "public")), sockets, drain=5):
        yield Client(sockets[0].getsockname()[1])
