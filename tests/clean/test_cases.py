"""Labelled cases: a case is a row of cases/*.json, no code."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from feedmill.ingest.clean import clean


def test_each_case_loses_its_frame_and_keeps_its_words(case: dict[str, Any], judge: Callable[..., Any]) -> None:
    verdict = judge(case)

    assert (verdict.left, verdict.lost) == ((), ()), verdict.cleaned.html


def test_each_case_says_what_was_done(case: dict[str, Any], judge: Callable[..., Any]) -> None:
    """Whatever a case must lose is told in a note."""
    notes = judge(case).cleaned.notes

    assert bool(notes) or not case["must_remove"]


def test_each_harvest_is_what_the_case_says(case: dict[str, Any], judge: Callable[..., Any]) -> None:
    """Labels, marked names and addresses in what goes are handed on."""
    harvest = judge(case).cleaned.harvest
    found = {
        "categories": list(harvest.categories),
        "authors": list(harvest.authors),
        "external_url": harvest.external_url,
    }

    for name, wanted in case.get("harvest", {}).items():
        assert wanted == found[name]


def test_the_set_is_wide_enough(cases: list[dict[str, Any]]) -> None:
    """At least 60 cases in at least 12 languages, and a trap for every four."""
    traps = [case for case in cases if not case["must_remove"]]

    assert len(cases) >= 60
    assert len({case["language"] for case in cases}) >= 12
    assert len(traps) >= 15
    assert len({case["name"] for case in cases}) == len(cases)


@pytest.mark.corpus
def test_the_public_chrome_cases(shared: Path, judge: Callable[..., Any]) -> None:
    """At least 38 of the 39 public cases are right, and every trap holds (issue 3)."""
    cases = json.loads((shared / "chrome_cases.json").read_text(encoding="utf-8"))
    verdicts = [judge(case) for case in cases]
    wrong = [verdict.name for verdict in verdicts if not verdict.right]
    broken = [verdict.name for verdict in verdicts if verdict.name.lower().startswith("trap") and verdict.lost]

    assert broken == []
    assert len(wrong) <= 1, wrong


def test_the_seed(shared: Path) -> None:
    """The user's own example, as plain text: twelve paragraphs word for word, its curly quotes, and no tail."""
    from feedmill.ingest.clean import CleanContext, paragraphs

    text = (shared / "seed" / "blogger-post.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.strip()]
    cleaned = clean(paragraphs(text), CleanContext())

    assert tuple(block.text for block in cleaned.blocks) == tuple(lines[:12])
    assert cleaned.html.count("<p>") == 12
    assert "’" in cleaned.html
    assert "No comments" not in cleaned.html
    assert clean(cleaned.html, CleanContext()).html == cleaned.html


@pytest.mark.parametrize("glue", ["", " ", "\n", "\n\n", "\n \n\n"])
@pytest.mark.parametrize("end", ["", "\n", "\r\n\r\n", "  \n"])
def test_the_seed_with_its_tail_glued(shared: Path, glue: str, end: str) -> None:
    """Trailing line breaks, or none at all before the tail, change nothing."""
    from feedmill.ingest.clean import CleanContext, paragraphs

    text = (shared / "seed" / "blogger-post.txt").read_text(encoding="utf-8").strip()
    body, _, _ = text.partition("No comments:")
    body = body.rstrip()
    cleaned = clean(paragraphs(f"{body}{glue}No comments:{glue}Post a Comment{end}"), CleanContext())

    assert clean(paragraphs(body), CleanContext()).html == cleaned.html
