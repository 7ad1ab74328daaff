"""Over real documents: whatever we publish otherwise than feedparser reads it is explained by a rule, and listed."""

from __future__ import annotations

import importlib.util
import os
import re
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "deviations.md"


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    """bench/corpus_differences.py: the folder is no package."""
    spec = importlib.util.spec_from_file_location("corpus_differences", ROOT / "bench" / "corpus_differences.py")
    assert spec and spec.loader
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_each_rule_has_its_reason(bench: ModuleType) -> None:
    reasons = tomllib.loads((ROOT / "bench" / "corpus_rules.toml").read_text(encoding="utf-8"))

    assert sorted(reasons) == sorted([*bench.COUNTS, *(rule.name for rule in bench.RULES)])
    assert all(len(told["why"].split()) >= 10 for told in reasons.values())


def test_each_case_that_the_page_names_exists() -> None:
    named = set(re.findall(r"`((?:t\d\d|x)-[a-z0-9-]+)`", PAGE.read_text(encoding="utf-8")))
    cases = {path.stem for path in (ROOT / "tests" / "parse" / "cases").iterdir()}

    assert len(named) >= 25
    assert named <= cases


@pytest.mark.corpus
@pytest.mark.slow
def test_each_difference_has_a_rule_and_stands_in_the_documentation(bench: ModuleType) -> None:
    """One comparison of the whole corpus; as many entries in each document, but for the few that a rule names."""
    shared = Path(os.environ.get("FEEDMILL_SHARED") or ROOT.parent / "shared")
    if not (shared / "corpus" / "manifest.tsv").is_file():
        pytest.skip(f"the corpus of real feed documents is not at {shared / 'corpus'}")

    differences, compared = bench.compare(shared / "corpus")

    assert [each for each in differences if not each.rule] == []
    assert compared > 5000
    assert len([each for each in differences if each.field == "count"]) == 5
    listed = PAGE.read_text(encoding="utf-8").partition(bench.BEGIN)[2].partition(bench.END)[0]
    assert listed.strip() == bench.summary(differences)
    assert (ROOT / "docs" / "deviations-listed.md").read_text(encoding="utf-8") == bench.listing(differences)
