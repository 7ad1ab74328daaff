"""What the cleaning tests share: labelled cases, and the judge of cleaning.md section 5."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from feedmill.ingest.clean import DEFAULT_RECIPE, CleanContext, Cleaned, Recipe, clean, paragraphs
from feedmill.ingest.word_table import words as word_list

CASES = Path(__file__).parent / "cases"
_BLOCKS = word_list(
    """p div br li h1 h2 h3 h4 h5 h6 tr td th blockquote pre ul ol table figure figcaption hr dl dt dd"""
)
_SHOWN = frozenset({"src", "href", "srcset", "alt", "title", "poster"})


class _Flat(HTMLParser):
    """Text with blocks on lines of their own, then the attribute values that a reader meets."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text: list[str] = []
        self.values: list[str] = []

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BLOCKS:
            self.text.append("\n")
        self.values += [value or "" for name, value in attrs if name in _SHOWN]


def flatten(html: str) -> str:
    """What cases are checked against: text, then attribute values."""
    parser = _Flat()
    parser.feed(html)
    parser.close()
    return "".join(parser.text) + "\n" + "\n".join(parser.values)


def words(html: str) -> list[str]:
    """The words of the text alone."""
    parser = _Flat()
    parser.feed(html)
    parser.close()
    return "".join(parser.text).split()


@dataclass(frozen=True)
class Verdict:
    """How one case came out."""

    name: str
    platform: str
    language: str
    left: tuple[str, ...]
    lost: tuple[str, ...]
    cleaned: Cleaned
    removes: int
    keeps: int
    trap: bool = field(default=False)

    @property
    def right(self) -> bool:
        return not self.left and not self.lost


def judge_case(case: dict[str, Any], recipe: Recipe = DEFAULT_RECIPE) -> Verdict:
    """Clean a case and check its strings both ways."""
    html = case["html"]
    if "<" not in html and "&lt;" not in html:
        html = paragraphs(html)
    cleaned = clean(html, case_context(case), recipe)
    shown = flatten(cleaned.html)
    return Verdict(
        name=case["name"],
        platform=case["platform"],
        language=case.get("language", ""),
        left=tuple(text for text in case["must_remove"] if text in shown),
        lost=tuple(text for text in case["must_keep"] if text not in shown),
        cleaned=cleaned,
        removes=len(case["must_remove"]),
        keeps=len(case["must_keep"]),
        trap=not case["must_remove"],
    )


def case_context(case: dict[str, Any]) -> CleanContext:
    """The context that a case asks for."""
    url = case.get("url")
    return CleanContext(base_url=url, entry_url=url, site_url=case.get("site") or url, title=case.get("title", ""))


def own_cases() -> list[dict[str, Any]]:
    """All labelled cases of this repository, in a fixed order."""
    return [case for path in sorted(CASES.glob("*.json")) for case in json.loads(path.read_text(encoding="utf-8"))]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        cases = own_cases()
        metafunc.parametrize("case", cases, ids=[case["name"] for case in cases])


@pytest.fixture(scope="session")
def cases() -> list[dict[str, Any]]:
    return own_cases()


@pytest.fixture(scope="session")
def judge() -> Callable[..., Verdict]:
    return judge_case


@pytest.fixture(scope="session")
def flat() -> Callable[[str], str]:
    return flatten


@pytest.fixture(scope="session")
def words_of() -> Callable[[str], list[str]]:
    return words


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of public test material, beside the repository."""
    given = os.environ.get("FEEDMILL_SHARED")
    folder = Path(given) if given else Path(__file__).parents[2].parent / "shared"
    if not folder.is_dir():
        pytest.skip("no shared folder beside the repository (set FEEDMILL_SHARED)")
    return folder


@pytest.fixture
def context() -> CleanContext:
    """An entry on a site of its own."""
    return CleanContext(
        base_url="https://mill.example/2024/05/grain.html",
        entry_url="https://mill.example/2024/05/grain.html",
        site_url="https://mill.example/",
        feed_url="https://mill.example/feed.xml",
        title="Grain prices",
    )


@pytest.fixture
def tidy(context: CleanContext) -> Callable[..., str]:
    """Clean in that context and give the HTML."""

    def run(html: str, recipe: Recipe = DEFAULT_RECIPE) -> str:
        return clean(html, context, recipe).html

    return run
