"""The journal: one line per event, whatever a feed puts into it, and no secret."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from feedmill import journal


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def written(as_json: bool, event: str, **values: object) -> str:
    stream = io.StringIO()
    journal.set_up(stream=stream, as_json=as_json)
    structlog.get_logger("test").info(event, **values)
    return stream.getvalue()


def test_json_for_a_service_manager() -> None:
    """Time, level, event, then what was said."""
    line = json.loads(written(True, "fetched", source="https://a.example/", new=2, nothing=None, at=[1, "x"]))

    assert list(line)[:3] == ["time", "level", "event"]
    assert line["time"].endswith("Z")
    assert (line["event"], line["new"], line["nothing"], line["at"]) == ("fetched", 2, None, [1, "x"])


def test_logfmt_for_a_person() -> None:
    """Values with spaces are quoted, quotes escaped."""
    line = written(False, "tick", new=2, title='say "hi"', good=True, nothing=None, empty="", all=["a", 1])

    assert line.endswith(
        ' level=info event=tick new=2 title="say \\"hi\\"" good=true nothing="" empty="" all="[\\"a\\", 1]"\n'
    )


@pytest.mark.parametrize("as_json", [True, False])
@pytest.mark.parametrize(
    "hostile",
    [
        "a\nlevel=error event=forged",
        "a\r\nb",
        "\x1b[2J\x1b]0;title\x07",
        "\x9b31m",
        "a\u2028b",
        "\u202edesrever",
        "\ud800",
        "\x00",
    ],
)
def test_no_value_makes_a_second_line_or_reaches_the_terminal(as_json: bool, hostile: str) -> None:
    """T73: control characters, separators and what reorders text are shown as escapes."""
    line = written(as_json, hostile, title=hostile, deep={"x": [hostile]}, **{hostile: 1})

    assert line.count("\n") == 1
    assert not journal.UNSAFE.search(line[:-1])
    line.encode()


@given(st.text())
def test_escaped_text_has_no_unsafe_character(text: str) -> None:
    """For any text; and ordinary text is left as it is."""
    escaped = journal.escape_controls(text)

    assert not journal.UNSAFE.search(escaped)
    assert escaped == text or journal.UNSAFE.search(text)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("https://user:pa55@a.example/feed", "https://***@a.example/feed"),
        ("https://token@a.example/", "https://***@a.example/"),
        ("https://u:p@ss@a.example/", "https://***@a.example/"),
        ("postgresql://mill:grain@db/feeds", "postgresql://***@db/feeds"),
        ("https://a.example/feed?token=abc&x=1", "https://a.example/feed?token=***&x=1"),
        ("https://a.example/feed?x=1&API_KEY=abc", "https://a.example/feed?x=1&API_KEY=***"),
        ("https://a.example/feed?key=abc#top", "https://a.example/feed?key=***#top"),
        ("https://a.example/feed?user_token=abc'", "https://a.example/feed?user_token=***'"),
        ("Authorization: Bearer abcdefgh12345", "Authorization: Bearer ***"),
        ("sent Basic dXNlcjpwYXNz to it", "sent Basic *** to it"),
        ("https://a.example/@user/feed", "https://a.example/@user/feed"),
        ("https://a.example/?author=me&monkey=1", "https://a.example/?author=me&monkey=1"),
        ("Basic needs and Bearer of news", "Basic needs and Bearer of news"),
        ("me@a.example wrote", "me@a.example wrote"),
    ],
)
def test_secrets_are_masked_and_nothing_else(text: str, masked: str) -> None:
    """T74: userinfo, tokens in queries, credentials in headers."""
    assert journal.mask_secrets(text) == masked


def test_values_of_secret_keys_are_masked() -> None:
    """Whatever they look like, at any depth."""
    line = json.loads(written(True, "x", password="p", hub={"secret": "s", "hub_secret": "h", "topic": "t"}, key="k"))

    assert line["password"] == line["key"] == line["hub"]["secret"] == line["hub"]["hub_secret"] == "***"
    assert line["hub"]["topic"] == "t"


def test_libraries_write_into_the_same_journal() -> None:
    """Their errors, not their chatter; with the same escapes and masks."""
    stream = io.StringIO()
    journal.set_up(stream=stream, as_json=True)
    logging.getLogger("apscheduler.scheduler").warning("maximum number of running instances reached")
    logging.getLogger("uvicorn.error").error("bad\nrequest from %s", "http://u:p@a.example/")
    (line,) = stream.getvalue().splitlines()

    assert json.loads(line)["event"] == "bad\\nrequest from http://***@a.example/"


def test_a_traceback_is_one_masked_line() -> None:
    """Also in the journal of a service manager."""
    stream = io.StringIO()
    journal.set_up(stream=stream, as_json=True)
    try:
        int("http://u:p@a.example/")
    except ValueError:
        structlog.get_logger("test").exception("oops")
    (line,) = stream.getvalue().splitlines()

    assert (
        "ValueError: invalid literal for int() with base 10: 'http://***@a.example/'" in json.loads(line)["exception"]
    )


def test_without_a_stream_it_follows_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    """Not a terminal, so JSON."""
    journal.set_up()
    structlog.get_logger("test").info("hello")

    assert json.loads(capsys.readouterr().err)["event"] == "hello"
