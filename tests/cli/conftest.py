"""The real command line, and a site on loopback for it to visit."""

import io
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

FEED = """<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0"><channel><title>{title}</title><link>{base}/</link><description>d</description>
{items}
</channel></rss>"""
ITEM = """<item><title>{title}</title><link>{base}/{name}</link><guid>{base}/{name}</guid>
<pubDate>Mon, 0{day} Jan 2024 10:00:00 GMT</pubDate>
<description>&lt;p&gt;The text of {title}, which is long enough to be one.&lt;/p&gt;</description></item>"""


@dataclass
class Site:
    """Answers what it was told to; remembers what it was asked. Feeds get an ETag and answer 304."""

    base: str = ""
    pages: dict[str, tuple[int, str, bytes]] = field(default_factory=dict)
    asked: list[tuple[str, int]] = field(default_factory=list)

    def page(self, path: str, body: str | bytes, *, status: int = 200, media_type: str = "text/html") -> str:
        """Put a page up; its URL."""
        self.pages[path] = (status, media_type, body.encode() if isinstance(body, str) else body)
        return self.base + path

    def feed(self, path: str = "/feed.xml", *, title: str = "A Blog", entries: tuple[str, ...] = ("one", "two")) -> str:
        """Put an RSS feed up; its URL."""
        items = "\n".join(
            ITEM.format(title=f"Post {name}", base=self.base, name=name, day=day) for day, name in enumerate(entries, 1)
        )
        body = FEED.format(title=title, base=self.base, items=items)
        return self.page(path, body, media_type="application/rss+xml")

    def paths(self) -> list[str]:
        """The paths asked for, in order."""
        return [path for path, _ in self.asked]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        site = self.server.site
        status, media_type, body = site.pages.get(self.path, (404, "text/plain", b"nothing here"))
        etag = f'"{hash(body) & 0xFFFFFFFF:x}"'
        if status == 200 and self.headers.get("If-None-Match") == etag:
            status, body = 304, b""
        site.asked.append((self.path, status))
        self.send_response(status)
        if status in (301, 302, 308):
            self.send_header("Location", body.decode())
        if status in (200, 304):
            self.send_header("ETag", etag)
        if status != 304:
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Quiet."""


@pytest.fixture
def site() -> Iterator[Site]:
    """One site; another one is another port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.site = Site(base=f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server.site
    server.shutdown()
    server.server_close()
    thread.join()


@dataclass
class Result:
    """What a run left behind."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    @property
    def errors(self) -> list[str]:
        return self.err.splitlines()


def command() -> list[str]:
    """feedmill, as this interpreter sees it."""
    return [sys.executable, "-m", "feedmill"]


@pytest.fixture
def feedmill(tmp_path: Path) -> Callable[..., Result]:
    """Runs the real command line in an empty folder."""

    def run(*arguments: object, stdin: bytes = b"", env: dict[str, str] | None = None, timeout: float = 60) -> Result:
        done = subprocess.run(
            [*command(), *map(str, arguments)],
            cwd=tmp_path,
            input=stdin,
            capture_output=True,
            timeout=timeout,
            env={**os.environ, **(env or {})},
            check=False,
        )
        return Result(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run


@pytest.fixture
def inside(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Result]:
    """The same without a process of its own: five times faster, for what a process adds nothing to."""
    from feedmill.cli import exit_code
    from feedmill.cli import feedmill as group

    monkeypatch.chdir(tmp_path)

    def run(*arguments: object, stdin: bytes = b"") -> Result:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        capsys.readouterr()
        words = [str(argument) for argument in arguments]
        code = exit_code(lambda: group.main(args=words, prog_name="feedmill", standalone_mode=False))
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return run


@pytest.fixture
def config(tmp_path: Path) -> Callable[..., Path]:
    """Writes ./feedmill.toml with these sources; `extra` goes below."""

    def write(*urls: str, extra: str = "") -> Path:
        path = tmp_path / "feedmill.toml"
        sources = "".join(f'\n[[source]]\nurl = "{url}"\n' for url in urls)
        text = 'title = "Test Planet"\nurl = "https://planet.example/"\n\n[fetch]\nallow_private_networks = true\n'
        path.write_text(text + sources + extra, encoding="utf-8")
        return path

    return write
