"""Which line holds which key."""

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from feedmill.config.places import find_places


def test_a_key_is_found_under_headers_in_arrays_and_behind_dots():
    """Strings and lists of several lines do not mislead; comments are not headers."""
    text = """# [fetch]
title = \"\"\"
[[source]]
url = "no" \"\"\"
fetch.workers = 3
'odd key' = 1

[schedule] # [x]
min_interval = "1m"

[[source]]
url = "a"  # url = "b"
tags = [
  "x", # ]
  "]",
]
title = 'T'
[[source]]
url = "c"
"""
    tomllib.loads(text)
    places = find_places(text)

    assert places.lines == {
        ("title",): 2,
        ("fetch",): 5,
        ("fetch", "workers"): 5,
        ("odd key",): 6,
        ("schedule",): 8,
        ("schedule", "min_interval"): 9,
        ("source", 0): 11,
        ("source", 0, "url"): 12,
        ("source", 0, "tags"): 13,
        ("source", 0, "title"): 17,
        ("source", 1): 18,
        ("source", 1, "url"): 19,
    }
    assert [(block.first, block.end) for block in places.blocks] == [(8, 11), (11, 18), (18, 20)]


def test_what_has_no_line_of_its_own_has_that_of_what_holds_it():
    """A key of an inline table, a key that is missing, a file without anything."""
    places = find_places('source = [{ url = "a" }]\n[serve]\n')

    assert [places.line(("source", 0, "url")), places.line(("serve", "port")), places.line(("zzz",))] == [1, 2, 1]


@given(st.text(alphabet="ab=\"[]{}#\n'\\ ,.1", max_size=60))
def test_any_toml_is_walked_to_its_end(text):
    """Whatever tomllib accepts, each of its top keys has a line."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return

    assert set(document) <= {path[0] for path in find_places(text.replace("\r\n", "\n")).lines}
