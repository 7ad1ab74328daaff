"""A fetcher that may reach the scripted servers of tests/conftest.py, and their answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from feedmill.ingest.fetch import Fetcher
from feedmill.ingest.options import FetchOptions
from feedmill.ingest.transport import Transport

FEED = b"<rss version='2.0'><channel><title>A blog</title></channel></rss>"
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def reply(status: int = 200, body: bytes | None = FEED, *fields: str, length: int | None = None) -> bytes:
    """The bytes of one answer; `length` lies about Content-Length, body None leaves it out."""
    head = [f"HTTP/1.1 {status} Whatever", *fields]
    if body is not None:
        head.append(f"Content-Length: {len(body) if length is None else length}")
    return ("\r\n".join(head) + "\r\n\r\n").encode("latin-1") + (body or b"")


@pytest.fixture
def make_site(make_origin: Callable[..., Any]) -> Callable[..., Any]:
    """As `make_origin`; its connections serve one request each unless `keep_alive=True`."""

    def make(host: str = "127.0.0.1", *, keep_alive: bool = False, **options: Any) -> Any:
        return make_origin(host, keep_alive=keep_alive, **options)

    return make


@pytest.fixture
def site(make_site: Callable[..., Any]) -> Any:
    """One origin on 127.0.0.1."""
    return make_site()


@pytest.fixture
def answer() -> Callable[..., bytes]:
    """`reply`, for tests in other modules."""
    return reply


@pytest.fixture
def feed() -> bytes:
    return FEED


@pytest.fixture
def now() -> datetime:
    """What the fetchers of these tests take for the time."""
    return NOW


@pytest.fixture
def make_fetcher() -> Iterator[Callable[..., Fetcher]]:
    """Fetchers with small limits; `transport=` and any FetchOptions field may be given."""
    made: list[Fetcher] = []

    def make(*, transport: Transport | None = None, **options: object) -> Fetcher:
        settings: dict[str, object] = {
            "user_agent": "feedmill/0.0 (+https://planet.example/about)",
            "timeout": timedelta(seconds=5),
            "allow_private_networks": True,
            "max_body_bytes": 1_000_000,
        }
        settings.update(options)
        made.append(Fetcher(FetchOptions(**settings), transport=transport, now=lambda: NOW))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def fetcher(make_fetcher: Callable[..., Fetcher]) -> Fetcher:
    """A fetcher that may reach loopback."""
    return make_fetcher()
