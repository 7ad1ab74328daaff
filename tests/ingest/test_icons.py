"""The sources' own icons: asked for seldom and politely, believed only as bytes, served from here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from feedmill.build import Mill
from feedmill.config.load import load
from feedmill.feeds.entry import Origin as About
from feedmill.feeds.source import Channel, Source, SourceRecord, SourceState
from feedmill.ingest.icons import MOST_AT_ONCE, MOST_BYTES, address_of, picture_of

START = datetime(2026, 3, 2, 8, tzinfo=UTC)


def png(width: int = 16, height: int = 16) -> bytes:
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + width.to_bytes(4) + height.to_bytes(4) + b"\x08\x06\0\0\0rest"


def answer(body: bytes, kind: str = "image/png") -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def feed(site: str, icon: str = "") -> bytes:
    said = f"<icon>{icon}</icon>" if icon else ""
    return answer(
        f'<feed xmlns="http://www.w3.org/2005/Atom"><id>{site}</id><title>Ada</title><updated>2026-03-01T08:00:00Z'
        f'</updated><link href="{site}"/>{said}<entry><id>{site}1</id><title>One</title><updated>2026-03-01T08:00:00Z'
        f'</updated><link href="{site}1"/><content>Words of the first post.</content></entry></feed>'.encode(),
        "application/atom+xml",
    )


@pytest.fixture
def planet(tmp_path: Path):
    """Syncs of one planet: `planet(days=1)` is the one of a day later; it publishes to `planet.folder`."""

    def sync(*urls: str, days: float = 0, icons: bool = True) -> None:
        sources = "".join(f'[[source]]\nurl = "{url}"\n' for url in urls)
        (tmp_path / "feedmill.toml").write_text(
            f'title = "P"\nurl = "http://127.0.0.1:1/"\n[fetch]\nallow_private_networks = true\n'
            f"icons = {str(icons).lower()}\n{sources}"
        )
        with Mill(load(tmp_path / "feedmill.toml"), clock=lambda: START + timedelta(days=days)) as mill:
            summary = mill.sync()
            assert summary.problems == ()

    sync.folder = tmp_path / "public"
    return sync


def icons_of(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted(folder.glob("icons/*"))]


def test_an_icon_is_kept_by_its_hash_and_shown_from_here(origin, planet) -> None:
    url = origin.on("/feed", feed(origin.url("/"), icon="/me.png"))
    origin.on("/me.png", answer(png()))
    planet(url)

    (file,) = planet.folder.glob("icons/*")
    assert (file.suffix, file.read_bytes()) == (".png", png())
    pages = {
        "index.html": f'src="icons/{file.name}"',
        "source/index.html": f'src="../icons/{file.name}"',
    }
    for name, told in pages.items():
        assert told in (planet.folder / name).read_text()
    assert len(origin.asked("/me.png")) == 1
    assert "feedmill/" in (origin.asked("/me.png")[0].get("User-Agent") or "")


def test_it_is_asked_for_once_a_week_and_stays_when_it_cannot_be_had(origin, planet) -> None:
    url = origin.on("/feed", feed(origin.url("/")))
    origin.on("/favicon.ico", answer(png()), b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n", answer(png(32, 32)))

    planet(url)
    planet(url, days=1)
    assert len(origin.asked("/favicon.ico")) == 1
    planet(url, days=8)
    assert (len(origin.asked("/favicon.ico")), icons_of(planet.folder)) == (2, [png()])
    planet(url, days=16)
    assert (len(origin.asked("/favicon.ico")), icons_of(planet.folder)) == (3, [png(32, 32)])


def test_the_next_look_after_a_vain_one_is_where_browsers_look(origin, planet) -> None:
    url = origin.on("/feed", feed(origin.url("/"), icon="/me.svg"))
    origin.on("/me.svg", answer(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"))
    origin.on("/favicon.ico", answer(png()))

    planet(url)
    assert (len(origin.asked("/me.svg")), icons_of(planet.folder)) == (1, [])
    assert 'data-letter="A"' in (planet.folder / "index.html").read_text()
    planet(url, days=8)
    assert (len(origin.asked("/me.svg")), icons_of(planet.folder)) == (1, [png()])


def test_nobody_is_asked_unless_the_operator_says_so_and_no_more_than_a_few_at_once(make_origin, planet) -> None:
    origins = [make_origin(f"127.0.0.{host}") for host in range(2, MOST_AT_ONCE + 4)]
    urls = [origin.on("/feed", feed(origin.url("/"))) for origin in origins]

    planet(*urls, icons=False)
    assert [len(origin.asked("/favicon.ico")) for origin in origins] == [0] * len(origins)
    planet(*urls)
    assert sum(len(origin.asked("/favicon.ico")) for origin in origins) == MOST_AT_ONCE


def test_an_icon_that_is_too_large_is_none(origin, planet) -> None:
    url = origin.on("/feed", feed(origin.url("/")))
    origin.on("/favicon.ico", answer(png() + bytes(MOST_BYTES)))
    planet(url)

    assert icons_of(planet.folder) == []


@pytest.mark.parametrize(
    ("body", "suffix"),
    [
        (png(), ".png"),
        (png(1025, 16), ""),
        (png(0, 16), ""),
        (b"\x89PNG\r\n\x1a\n", ""),
        (b"GIF89a\x10\0\x10\0rest", ".gif"),
        (b"GIF89a\xff\xff\x10\0rest", ""),
        (b"\0\0\1\0\1\0rest", ".ico"),
        (b"\0\0\1\0\0\0rest", ""),
        (b"\xff\xd8\xff\xe0rest", ".jpg"),
        (b"RIFF\0\0\0\0WEBPVP8 ", ".webp"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", ""),
        (b"<!DOCTYPE html>", ""),
        (b"", ""),
    ],
)
def test_only_pictures_that_browsers_show_are_pictures(body: bytes, suffix: str) -> None:
    assert picture_of(body) == suffix


@pytest.mark.parametrize(
    ("icon", "site", "failed", "expected"),
    [
        ("https://a.example/i.png", "https://a.example/blog/", "", "https://a.example/i.png"),
        ("https://a.example/i.png", "https://a.example/", "https://a.example/i.png", "https://a.example/favicon.ico"),
        ("https://a.example/i.png", "https://a.example/", "https://a.example/favicon.ico", "https://a.example/i.png"),
        ("data:image/png;base64,AA", "https://a.example/", "", "https://a.example/favicon.ico"),
        (None, None, "", ""),
    ],
)
def test_where_an_icon_is_looked_for(icon: str | None, site: str | None, failed: str, expected: str) -> None:
    record = SourceRecord(
        row=1,
        source=Source(url="https://a.example/feed"),
        channel=Channel(about=About(icon=icon, site_url=site)),
        state=SourceState(),
        entries=1,
    )

    assert address_of(record, failed=failed) == expected
