"""A thousand editions while eight clients read: every answer is one whole edition (issue 4)."""

from __future__ import annotations

import gzip
import hashlib
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from feedmill.publish.shelf import Shelf

EDITIONS = 1000
CLIENTS = 8
PAUSE = 0.002  # between two requests of a client: without, eight of them leave the publisher no time to publish
FILES = ("atom.xml", "feed.json", "index.html")


def edition(number: int, name: str) -> bytes:
    """Bytes that say which edition they are of, from the first to the last."""
    line = f"{name} edition {number}\n".encode()
    return line * (200 + number % 50)


def put(folder: Path, number: int) -> None:
    for name in FILES:
        temporary = folder / f".{name}.tmp"
        temporary.write_bytes(edition(number, name))
        temporary.replace(folder / name)


def number_of(name: str, body: bytes) -> int:
    """The edition of a whole body; fails on a torn or mixed one."""
    number = int(body.split(b"\n", 1)[0].split()[-1])
    assert body == edition(number, name)
    return number


class Reader(threading.Thread):
    """Asks in a loop on one connection: plain, gzip, and conditionally; remembers what it saw."""

    def __init__(self, client, seed: int, done: threading.Event) -> None:
        super().__init__(daemon=True)
        self.client = client
        self.seed = seed
        self.done = done
        self.answers = {200: 0, 304: 0}
        self.problems: list[str] = []
        self.bodies: dict[str, tuple[str, int]] = {}

    def run(self) -> None:
        try:
            self.read()
        except (AssertionError, OSError, KeyError, ValueError) as error:
            self.problems.append(f"{type(error).__name__}: {error}")

    def read(self) -> None:
        turn = self.seed
        last = dict.fromkeys(FILES, -1)
        held: dict[str, str] = {}
        with self.client.connect() as connection:
            while not self.done.wait(PAUSE):
                turn += 1
                name = FILES[turn % len(FILES)]
                headers = "Accept-Encoding: gzip\r\n" if turn % 2 else ""
                if turn % 5 == 0 and name in held:
                    headers += f"If-None-Match: {held[name]}\r\n"
                connection.sendall(f"GET /{name} HTTP/1.1\r\nHost: x\r\n{headers}\r\n".encode())
                answer = self.client.read_one(connection)
                self.answers[answer.status] += 1
                etag = answer.headers["etag"]
                if answer.status == 304:
                    assert etag == held[name]
                    continue
                body = gzip.decompress(answer.body) if "content-encoding" in answer.headers else answer.body
                number = number_of(name, body)
                assert number >= last[name], f"{name} went back from {last[name]} to {number}"
                assert etag.strip('"').removesuffix("-gz") == hashlib.blake2b(body, digest_size=16).hexdigest()
                last[name], held[name] = number, etag


@pytest.mark.slow
@pytest.mark.parametrize("by_us", [True, False], ids=["published-by-this-process", "published-by-another"])
def test_no_answer_is_torn_mixed_empty_or_older_than_the_one_before(
    serving: Callable, tmp_path: Path, by_us: bool
) -> None:
    """Refreshed after each publish, or found by looking: the reader never sees the seam."""
    folder = tmp_path / "editions"
    folder.mkdir()
    put(folder, 0)
    client, site = serving(Shelf(folder))
    done = threading.Event()
    readers = [Reader(client, seed, done) for seed in range(CLIENTS)]
    looker = threading.Thread(target=look, args=(site.shelf, done), daemon=True)
    for thread in (*readers, *(() if by_us else (looker,))):
        thread.start()
    for number in range(1, EDITIONS + 1):
        put(folder, number)
        if by_us:
            site.shelf.refresh()
    site.shelf.refresh()
    done.set()
    for reader in readers:
        reader.join(10)

    assert [problem for reader in readers for problem in reader.problems] == []
    assert sum(reader.answers[200] for reader in readers) > 100
    assert sum(reader.answers[304] for reader in readers) > 0
    assert number_of("atom.xml", client.ask("/atom.xml").body) == EDITIONS


def look(shelf: Shelf, done: threading.Event) -> None:
    while not done.wait(0.005):
        shelf.refresh()
