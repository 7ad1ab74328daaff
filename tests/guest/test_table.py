"""docs/checks-network.md: every number has its row, and every test that a row names exists."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

HERE = Path(__file__).parents[2]
ROW = re.compile(r"\| (T?\d+) \| ([^|]+) \| ([^|]+) \| (pass|–) \|")
T_NUMBERS = [*range(1, 14), *range(20, 37), *range(40, 48), *range(50, 64), *range(70, 81)]
ROWS = {
    found[1]: (found[3], found[4])
    for line in (HERE / "docs" / "checks-network.md").read_text(encoding="utf-8").splitlines()
    if (found := ROW.fullmatch(line))
}


@cache
def names_in(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def test_no_number_is_missing():
    assert list(ROWS) == [str(number) for number in range(1, 112)] + [f"T{number}" for number in T_NUMBERS]


@pytest.mark.parametrize("number", [number for number in ROWS if number.isdigit()])
def test_a_check_has_a_test_on_the_wire_that_is_named_by_it(number):
    """`test_check_054_...` in a room that drives the real client over a socket."""
    names = [
        name
        for path, _, name in (test.partition("::") for test in re.findall(r"`([^`]+)`", ROWS[number][0]))
        if path.startswith(("guest/", "fetch/"))
    ]

    assert any(f"_{int(number):03}_" in name for name in names)


@pytest.mark.parametrize("number", ROWS)
def test_the_tests_of_a_row_exist(number):
    """A row without a test gives its reason instead."""
    where, verdict = ROWS[number]
    tests = re.findall(r"`([^`]+)`", where)
    if verdict == "–":
        assert len(where) > 10
        return

    assert tests
    for test in tests:
        path, _, name = test.partition("::")
        assert (HERE / "tests" / path).is_file(), path
        assert not name or name in names_in(HERE / "tests" / path), test
