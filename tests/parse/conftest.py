"""Case files and the corpus, for the tests of the parse room."""

from __future__ import annotations

import ast
import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from feedmill.feeds.outcome import RawDocument

HERE = Path(__file__).parent
FIELD = re.compile(r"^([A-Z][A-Za-z-]+): ?((?:.*)(?:\n[ \t]+.*)*)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One file of `cases/`: what it shows, what must hold, and the document."""

    description: str
    expect: str
    document: RawDocument


def read_case(path: Path) -> Case:
    """The first comment of the file (of a JSON Feed, of its `user_comment`) holds the fields; docs/parsing.md lists
    them."""
    text = path.read_text(encoding="utf-8")
    comment = re.search(r"<!--(.*?)-->", text, re.DOTALL)
    assert comment, f"{path.name} has no comment"
    told = json.loads(f'"{comment.group(1)}"') if path.suffix == ".json" else comment.group(1)
    fields = {name: value.strip() for name, value in FIELD.findall(told)}
    text = ast.literal_eval(fields.get("Before", "''")) + text
    body = text.encode(fields.get("Encoding", "utf-8"))
    if "Replace" in fields:
        old, new = fields["Replace"].split()
        body = body.replace(ast.literal_eval(old), ast.literal_eval(new))
    return Case(
        description=fields["Description"],
        expect=fields["Expect"],
        document=RawDocument(
            body=body,
            url=fields.get("Url", "https://feeds.example/feed.xml"),
            content_type=fields.get("Content-Type", ""),
        ),
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case_path" in metafunc.fixturenames:
        paths = sorted((HERE / "cases").iterdir())
        metafunc.parametrize("case_path", paths, ids=[path.name for path in paths])


@pytest.fixture
def case(case_path: Path) -> Case:
    return read_case(case_path)


@pytest.fixture
def document() -> Callable[..., RawDocument]:
    """Makes a document of text or bytes."""

    def make(body: str | bytes, url: str = "https://feeds.example/feed.xml", content_type: str = "") -> RawDocument:
        raw = body.encode() if isinstance(body, str) else body
        return RawDocument(body=raw, url=url, content_type=content_type)

    return make


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real feed documents."""
    shared = Path(os.environ.get("FEEDMILL_SHARED") or HERE.parents[1].parent / "shared")
    folder = shared / "corpus"
    if not (folder / "manifest.tsv").is_file():
        pytest.skip(f"the corpus of real feed documents is not at {folder}")
    return folder
