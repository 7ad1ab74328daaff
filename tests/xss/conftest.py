"""Hostile planets: a source for each vector, every field of it the vector; synced and published by the real program."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

HERE = Path(__file__).parent
_ESCAPE = re.compile(r"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|([ntr0\\]))")
_SHORT = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "\\": "\\"}
# Documents on which nobody means harm, with the same fields: what their planets look like is what a planet looks like.
_HARMLESS = [
    "Bread and butter", "https://fine.example/page", "https://fine.example/a?b=c&d=e", "image/png", "audio/mpeg",
    "de-AT", "ada@fine.example (Ada)", "Ada & Bob", "<p>Bread and <b>butter</b></p>", "/a/relative/path", "1:02:03",
    "true", "7", "", "  ", "2 < 3", "Ein \u201eWort\u201c", "<img src='https://fine.example/i.png' alt='Loaf'>", "full",
    "<video src='https://fine.example/v.mp4'></video>", "urn:x-fine:1", "[object Object]", "<p></p>",
]  # fmt: skip
# Planets lie on loopback, so that sources on loopback may be told of in every output.
_HEAD = """
title = "Planet Test"
url = "http://127.0.0.1:9/"
[fetch]
allow_private_networks = true
timeout = "20s"
site_spacing = "0s"
[[publication]]
limit = 10000
fold = 0
[[publication]]
path = "short"
profile = "excerpt"
limit = 10000
[[publication]]
path = "casts"
profile = "podcast"
limit = 10000
formats = ["rss", "atom"]
"""


def _beside(name: str) -> ModuleType:
    """A module of this folder: tests are no package."""
    spec = importlib.util.spec_from_file_location(f"xss_{name}", HERE / f"{name}.py")
    assert spec and spec.loader
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_documents = _beside("documents")
_judge = _beside("judge")


@pytest.fixture(scope="session")
def judge() -> ModuleType:
    return _judge


@pytest.fixture(scope="session")
def documents() -> ModuleType:
    return _documents


def unescaped(line: str) -> str:
    r"""A vector as a file holds it: `\n`, `\x00`, `\u202e` and `\\` stand for themselves."""

    def sign(found: re.Match[str]) -> str:
        return _SHORT[found[4]] if found[4] else chr(int(found[1] or found[2] or found[3], 16))

    return _ESCAPE.sub(sign, line)


@pytest.fixture(scope="session")
def vectors() -> dict[str, list[str]]:
    """Vectors by class: a file each, a line each. A new vector is a new line."""
    return {
        path.stem[3:]: [unescaped(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
        for path in sorted((HERE / "vectors").glob("*.txt"))
    }


@pytest.fixture(scope="session")
def cleaning_vectors() -> list[str]:
    """The combinations that the tests of cleaning make."""
    path = HERE.parent / "clean" / "test_security.py"
    spec = importlib.util.spec_from_file_location("xss_cleaning_vectors", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return list(dict.fromkeys(module.vectors()))


@dataclass
class Site:
    """Answers by path: (status, its words, headers, body)."""

    answers: dict[str, tuple[int, str, dict[str, str], bytes]]
    port: int = 0


@pytest.fixture(scope="session")
def site(answering: Callable[..., AbstractContextManager[int]]) -> Iterator[Site]:
    """A server of documents on loopback that says whatever it is told to."""
    served = Site(answers={})

    def answer(handler: BaseHTTPRequestHandler) -> None:
        status, phrase, headers, body = served.answers.get(handler.path, (404, "Not here", {}, b""))
        handler.send_response_only(status, phrase)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    with answering(answer) as served.port:
        yield served


@dataclass
class Planet:
    """A published folder: every file by its name in it."""

    folder: Path

    def run(self, *args: str) -> list[dict[str, Any]]:
        config = str(self.folder / "feedmill.toml")
        done = subprocess.run(
            [sys.executable, "-m", "feedmill", "--config", config, *args],
            capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode in (0, 1), done.stderr
        assert "Traceback" not in done.stderr
        return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]

    def files(self, *suffixes: str) -> Iterator[tuple[str, bytes]]:
        root = self.folder / "public"
        for path in sorted(root.rglob("*")):
            if path.suffix in suffixes:
                yield str(path.relative_to(root)), path.read_bytes()


@pytest.fixture(scope="session")
def mill(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Planet]:
    """Publishes a planet of documents of one dialect, (class, vector) each, or of one document `whole`; `troubled`:
    then every source goes wrong in three ways, one after the other."""

    def publish(
        dialect: str, rows: Sequence[tuple[str, str]], *, whole: bytes | None = None, troubled: bool = False
    ) -> Planet:
        folder = tmp_path_factory.mktemp(dialect)
        paths = [f"/{folder.name}/{number}" for number in range(len(rows))]
        config = [_HEAD]
        for number, (path, (name, vector)) in enumerate(zip(paths, rows, strict=True)):
            body = whole or _documents.make(dialect, vector, number)
            site.answers[path] = (200, "OK", {"Content-Type": _documents.TYPES[dialect]}, body)
            config.append(f'[[source]]\nurl = "http://127.0.0.1:{site.port}{path}"\ntags = ["{name}"]\n')
        (folder / "feedmill.toml").write_text("".join(config), encoding="utf-8")
        planet = Planet(folder)
        planet.run("sync", "--json")
        for turn in range(3 if troubled else 0):
            for number, (path, (_, vector)) in enumerate(zip(paths, rows, strict=True)):
                site.answers[path] = _documents.trouble(vector, number + turn)
            planet.run("sync", "--json", "--force")
        return planet

    return publish


@pytest.fixture(scope="session")
def grammar(mill: Callable[..., Planet]) -> Any:
    """What the judge learnt from harmless planets of every dialect."""
    learnt = _judge.Grammar()
    for dialect in _documents.TYPES:
        rows = [("harmless", text) for text in _HARMLESS * 2]  # more than the page lists beside the stream
        planet = mill(dialect, rows, troubled=dialect == "atom")
        learnt.learn(planet.files(".xml", ".html", ".opml"))
    planet = mill("json", [("many", "")], whole=_documents.many(_HARMLESS))
    learnt.learn(planet.files(".xml", ".html", ".opml"))
    return learnt
