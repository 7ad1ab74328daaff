"""docs/checklist.md has every number of the checklist, and names only tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
NUMBERS = {"A": 19, "B": 13, "C": 5, "D": 5, "E": 8, "F": 3, "G": 12, "H": 6, "I": 8, "J": 4}
ROW = re.compile(r"^\| ([A-J]\d+) \| [^|]+ \|([^|]*)\| (pass|partly: [^|]+|not built[^|]*|see [^|]+) \|$", re.MULTILINE)


def test_every_number_is_there_once_with_its_state() -> None:
    rows = ROW.findall((ROOT / "docs" / "checklist.md").read_text(encoding="utf-8"))

    assert [number for number, _, _ in rows] == [
        f"{letter}{n}" for letter, last in NUMBERS.items() for n in range(1, last + 1)
    ]
    assert [number for number, tests, state in rows if state == "pass" and not tests.strip()] == []


def test_every_test_that_is_named_exists() -> None:
    defined = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        defined |= set(re.findall(r"^(?:async )?def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE))
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs" / "checklist.md").read_text(encoding="utf-8")))

    assert sorted(named - defined) == []
    assert len(named) > 60
