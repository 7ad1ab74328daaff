"""Durations and sizes."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedmill.config.units import duration, shown, size, spell


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("30s", 30),
        ("10m", 600),
        ("1h", 3600),
        ("24h", 86400),
        ("7d", 604800),
        ("1h30m", 5400),
        ("250ms", 0.25),
        ("2w", 1209600),
        (" 1.5 h ", 5400),
    ],
)
def test_a_duration_is_read_as_people_write_it(written, seconds):
    """Number and unit, several in a row."""
    assert timedelta(seconds=seconds) == duration(written)


@pytest.mark.parametrize("written", ["", "30", "s", "30 secs", "-1s", "1h 30", 30, 1.5, None, True, [], "٣s"])
def test_anything_else_is_no_duration(written):
    """Least of all a number without a unit."""
    with pytest.raises(ValueError, match=r"expected a duration"):
        duration(written)


@pytest.mark.parametrize(
    ("written", "count"), [("10MB", 10_000_000), ("1 GiB", 2**30), ("500kb", 500_000), ("1.5MiB", 1_572_864), ("7B", 7)]
)
def test_a_size_is_decimal_unless_it_says_otherwise(written, count):
    """MB is a million bytes, MiB is 2 to the 20th."""
    assert count == size(written)


@pytest.mark.parametrize("written", ["10", "MB", "10 mb/s", 10, None, False])
def test_anything_else_is_no_size(written):
    """Least of all a number without a unit."""
    with pytest.raises(ValueError, match=r"expected a size"):
        size(written)


@given(st.integers(min_value=0, max_value=10**11))
def test_a_duration_that_is_spelled_out_is_read_back(milliseconds):
    """`spell` and `duration` are each other's inverse."""
    length = timedelta(milliseconds=milliseconds)

    assert length == duration(spell(length))


def test_a_value_is_shown_on_one_short_line():
    """Whatever it holds."""
    assert [shown(value) for value in ("a\nb", True, [1], {}, 3)] == ['"a\\x0ab"', "true", "a list", "a table", "3"]
    assert len(shown("x" * 500)) <= 60
