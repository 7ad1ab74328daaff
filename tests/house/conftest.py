"""The whole house, driven as a user drives it: a configuration file, the real command line, real sockets."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

CORPUS_TYPES = {"json": "application/feed+json", "atom": "application/atom+xml"}
SHARED = Path(os.environ.get("FEEDMILL_SHARED", Path(__file__).parents[2].parent / "shared"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with the corpus, schemas and the seed; a clone alone does not have it."""
    if not (SHARED / "corpus" / "feeds").is_dir():
        pytest.skip("the corpus of real feeds is not beside this clone (FEEDMILL_SHARED names another place)")
    return SHARED


@dataclass
class Blogs:
    """Documents by path, served with an ETag and 304; `log` has (path, If-None-Match, status)."""

    documents: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    log: list[tuple[str, str | None, int]] = field(default_factory=list)
    port: int = 0

    def url(self, path: str, *, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}/{path}"

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        path = handler.path.lstrip("/")
        asked = handler.headers.get("If-None-Match")
        if path not in self.documents:
            self._send(handler, 404, b"nothing here", "text/plain", None, path, asked)
            return
        body, media_type = self.documents[path]
        etag = f'"{sha256(body).hexdigest()[:20]}"'
        status = 304 if asked == etag else 200
        self._send(handler, status, b"" if status == 304 else body, media_type, etag, path, asked)

    def _send(
        self,
        handler: BaseHTTPRequestHandler,
        status: int,
        body: bytes,
        media_type: str,
        etag: str | None,
        path: str,
        asked: str | None,
    ) -> None:
        self.log.append((path, asked, status))
        handler.send_response(status)
        if etag:
            handler.send_header("ETag", etag)
        if status != 304:
            handler.send_header("Content-Type", media_type)
            handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)


@pytest.fixture
def blogs(answering: Callable[..., AbstractContextManager[int]]) -> Iterator[Blogs]:
    """A server of documents on loopback."""
    site = Blogs()
    with answering(site.answer) as site.port:
        yield site


@dataclass
class Planet:
    """A folder with a feedmill.toml, and the command line run in it."""

    folder: Path

    def configure(self, *urls: str, extra: str = "", head: str = "") -> None:
        lines = [
            'title = "Planet Test"',
            'url = "https://planet.example/"',
            head,
            "[fetch]",
            "allow_private_networks = true",
            'timeout = "10s"',
            extra,
        ]
        lines += [f"[[source]]\nurl = {json.dumps(url)}" for url in urls]
        (self.folder / "feedmill.toml").write_text("\n".join(lines) + "\n")

    def command(self, *args: str) -> list[str]:
        return [sys.executable, "-m", "feedmill", "--config", str(self.folder / "feedmill.toml"), *args]

    def run(self, *args: str, expect: int | None = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            self.command(*args), capture_output=True, text=True, cwd=self.folder, timeout=300, check=False
        )
        assert expect is None or done.returncode == expect, (done.returncode, done.stdout, done.stderr)
        return done

    def sync(self, *args: str, expect: int | None = 0) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
        """(line by source URL, summary) of `sync --json`."""
        done = self.run("sync", "--json", *args, expect=expect)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        return {line["source"]: line for line in lines[:-1]}, lines[-1]["summary"]

    def status(self) -> dict[str, Any]:
        return dict(json.loads(self.run("status", "--json").stdout))

    @property
    def output(self) -> Path:
        return self.folder / "public"

    def files(self) -> dict[str, tuple[int, int]]:
        """Inode and mtime of every published file."""
        return {
            str(path.relative_to(self.output)): (path.stat().st_ino, path.stat().st_mtime_ns)
            for path in sorted(self.output.rglob("*"))
            if path.is_file()
        }


@pytest.fixture
def planet(tmp_path: Path) -> Planet:
    return Planet(tmp_path)


@pytest.fixture
def corpus(shared: Path) -> Callable[[Blogs], list[str]]:
    """Puts all documents of the corpus onto a server of blogs, none with a charset in its type; returns their paths."""

    def serve(blogs: Blogs) -> list[str]:
        with (shared / "corpus" / "manifest.tsv").open() as manifest:
            rows = list(csv.DictReader(manifest, delimiter="\t"))
        for row in rows:
            body = (shared / "corpus" / "feeds" / row["file"]).read_bytes()
            blogs.documents[row["file"]] = (body, CORPUS_TYPES.get(row["format"], "application/xml"))
        return [row["file"] for row in rows]

    return serve
