"""Our cleaner beside others, as cleaners of entries: cases right, strings removed and kept, traps that held.

    python bench/clean_baselines.py [CASES.json ...]

Without an argument: the public cases beside the repository (when they are there) and those of tests/clean/cases.
trafilatura, readability-lxml and resiliparse are measured when they can be imported (they are no requirement of the
program: put them on PYTHONPATH); else the figures printed in the study of the public cases stand in, with a *.
"""

from __future__ import annotations

import importlib
import json
import re
import sys
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import nh3
from clean_bench import CORPUS, TESTS, load_test_module

PUBLIC = CORPUS.parents[1] / "chrome_cases.json"
Cleaner = Callable[[str], str]
# Cases right, strings removed, strings kept, traps held: of 39, 71, 72 and 12.
PRINTED = {
    "trafilatura": (18, 26, 69, 12),
    "readability-lxml": (18, 36, 67, 12),
    "resiliparse": (18, 31, 63, 11),
}
# What a cleaner without an edge gate would try: each of its phrases wherever it stands.
_NAIVE = re.compile(
    r"<(?:div|p|ul|section|aside|footer|h\d)[^>]*(?:share|related|comment|footer|subscribe|newsletter|meta)[^>]*>.*?</[a-z0-9]+>"
    r"|<img[^>]*(?:pixel|tracker|feedburner|stat)[^>]*>|(?:no|\d+) comments:?|post a comment|share this:?|like this:?"
    r"|read more|continue reading|labels:[^<]*|posted by[^<]*|(?:newer|older) post"
    r"|the post .{0,200}? appeared first on [^<]*",
    re.IGNORECASE | re.DOTALL,
)


def feedparser_sanitizer() -> Cleaner:
    """The one that is built into the parser, which we switch off."""
    sanitize = importlib.import_module("feedparser.sanitizer")._sanitize_html  # noqa: SLF001 - it has no other name
    return lambda html: sanitize(html, "utf-8", "text/html")


def trafilatura_html() -> Cleaner:
    extract = importlib.import_module("trafilatura").extract
    options = {"output_format": "html", "include_links": True, "include_images": True, "include_tables": True}
    return lambda html: extract(f"<html><body><article>{html}</article></body></html>", **options) or ""


def readability() -> Cleaner:
    document = importlib.import_module("readability").Document
    return lambda html: document(f"<html><body><div>{html}</div></body></html>").summary(html_partial=True)


def resiliparse() -> Cleaner:
    extract = importlib.import_module("resiliparse.extract.html2text").extract_plain_text
    return lambda html: extract(f"<html><body>{html}</body></html>", main_content=True, alt_texts=True, links=True)


BASELINES: dict[str, Callable[[], Cleaner]] = {
    "identity": lambda: lambda html: html,
    "nh3": lambda: nh3.Cleaner().clean,
    "feedparser": feedparser_sanitizer,
    "naive expressions": lambda: lambda html: _NAIVE.sub("", html),
    "trafilatura": trafilatura_html,
    "readability-lxml": readability,
    "resiliparse": resiliparse,
}


def judge(case: dict[str, Any], shown: str) -> tuple[int, int]:
    """How many strings are left that must go, and lost that must stay."""
    left = sum(text in shown for text in case["must_remove"])
    return left, sum(text not in shown for text in case["must_keep"])


def measure(cases: list[dict[str, Any]], cleaner: Cleaner, flatten: Callable[[str], str]) -> tuple[int, int, int, int]:
    """Cases right, strings removed, strings kept, traps held."""
    right = removed = kept = held = 0
    for case in cases:
        try:
            out = cleaner(case["html"])
        except Exception:  # noqa: BLE001 - a baseline that falls over has cleaned nothing
            out = case["html"]
        # What is no markup is read as text: extractors write text.
        shown = flatten(out) if "<" in out else unescape(out)
        left, lost = judge(case, shown)
        right += not left and not lost
        removed += len(case["must_remove"]) - left
        kept += len(case["must_keep"]) - lost
        held += not case["must_remove"] and not lost
    return right, removed, kept, held


def table(name: str, cases: list[dict[str, Any]], *, public: bool) -> None:
    """One set of cases, every cleaner."""
    shared = load_test_module("conftest")
    removes, keeps = sum(len(case["must_remove"]) for case in cases), sum(len(case["must_keep"]) for case in cases)
    traps = sum(not case["must_remove"] for case in cases)
    print(f"\n{name}: {len(cases)} cases, {traps} traps")
    print(f"{'':20}" + "".join(f"{head:>12}" for head in ("right", "removed", "kept", "traps")))
    rows: list[tuple[str, tuple[int, int, int, int] | None]] = []
    for baseline, load in BASELINES.items():
        try:
            rows.append((baseline, measure(cases, load(), shared.flatten)))
        except ImportError:
            rows.append((baseline + " *", PRINTED.get(baseline) if public else None))
    verdicts = [shared.judge_case(case) for case in cases]
    ours = (
        sum(verdict.right for verdict in verdicts),
        removes - sum(len(verdict.left) for verdict in verdicts),
        keeps - sum(len(verdict.lost) for verdict in verdicts),
        sum(verdict.trap and verdict.right for verdict in verdicts),
    )
    for label, figures in [*rows, ("feedmill", ours)]:
        totals = (len(cases), removes, keeps, traps)
        cells = ["not here"] if figures is None else [f"{got}/{of}" for got, of in zip(figures, totals, strict=True)]
        print(f"{label:20}" + "".join(f"{cell:>12}" for cell in cells))


def main() -> None:
    """See the module."""
    given = [Path(argument) for argument in sys.argv[1:]]
    for path in given or ([PUBLIC] if PUBLIC.is_file() else []):
        table(path.name, json.loads(path.read_text(encoding="utf-8")), public=path.name == PUBLIC.name)
    if not given:
        table(
            str(TESTS.relative_to(TESTS.parents[1]) / "cases"), load_test_module("conftest").own_cases(), public=False
        )


if __name__ == "__main__":
    main()
