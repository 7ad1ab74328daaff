"""The table of traps in docs/parsing.md is complete and true."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| (\d+) \| [^|]+ \| ([^|]*) \| ([^|]*) \|$", re.MULTILINE)


def rows() -> dict[int, tuple[list[str], list[str]]]:
    page = (ROOT / "docs" / "parsing.md").read_text(encoding="utf-8")
    return {
        int(number): (re.findall(r"`([^`]+)`", cases), re.findall(r"`([^`]+)`", tests))
        for number, cases, tests in ROW.findall(page)
    }


def test_each_of_the_fifty_traps_has_its_cases() -> None:
    """All files of a number stand in its row, and no others."""
    cases = sorted(path.stem for path in (ROOT / "tests" / "parse" / "cases").iterdir())
    listed = {number: named for number, (named, _) in rows().items()}

    assert sorted(listed) == list(range(1, 51))
    assert listed == {number: [case for case in cases if case.startswith(f"t{number:02d}-")] for number in listed}
    assert all(listed.values())


def test_each_test_that_the_table_names_exists() -> None:
    named = {name for _, tests in rows().values() for name in tests}

    assert named
    assert [name for name in sorted(named) if not (ROOT / "tests" / name).is_file()] == []
