"""What every command has in common: help, errors of one line, exit codes, a fast start."""

import os
import subprocess
import sys

import pytest

from feedmill.cli import exit_code
from feedmill.cli import feedmill as group
from feedmill.feeds.errors import ConfigError, StoreError

COMMANDS = [
    "init", "add", "remove", "import", "export", "sync", "publish", "run", "serve", "status", "release", "drop",
    "takedown", "why", "normalize", "reclean", "check", "demo",
]  # fmt: skip
HEAVY = {
    "alembic", "apscheduler", "feedgen", "feedparser", "jinja2", "lxml", "nh3", "prometheus_client", "pydantic",
    "requests", "rich", "selectolax", "sqlalchemy", "starlette", "structlog", "tomlkit", "trafilatura", "uvicorn",
}  # fmt: skip


def test_the_commands_are_those_of_the_contract(feedmill):
    """DESIGN section 7, in the order in which a newcomer needs them; none of their lines is cut short."""
    shown = feedmill("--help")

    assert set(COMMANDS) == set(group.commands)
    assert 0 == shown.code
    assert [] == [line for line in shown.lines if line.endswith("...") and not line.startswith("Usage")]
    for name in COMMANDS:
        assert f"\n  {name} " in shown.out


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_explains_itself(inside, name):
    """`--help` works without a configuration."""
    shown = inside(name, "--help")

    assert (0, "") == (shown.code, shown.err)
    assert shown.out.startswith(f"Usage: feedmill {name}")


@pytest.mark.parametrize(
    ("arguments", "saying"),
    [
        (["sync", "--frce"], "did you mean '--force'"),
        (["synk"], "no such command 'synk'"),
        (["sync", "--config", "x"], "it goes before the command"),
        (["add"], "missing argument"),
        (["--config", "none.toml", "sync"], "none.toml: there is no such file"),
        (["status"], "feedmill init"),
        (["normalize", "none.xml"], "none.xml: it cannot be read"),
        (["normalize", "--base", "x", "-"], "--base: x is not an absolute URL"),
        (["import", "none.opml"], "there is no such file"),
    ],
)
def test_a_usage_error_is_one_line_and_exit_code_2(inside, arguments, saying):
    """What, where, what to do."""
    result = inside(*arguments)

    assert (2, "", 1) == (result.code, result.out, len(result.errors))
    assert saying.lower() in result.err.lower()


def test_no_command_shows_the_help_and_is_a_usage_error(inside):
    """A script with an empty variable should not succeed."""
    result = inside()

    assert (2, "") == (result.code, result.out)
    assert "Commands:" in result.err


def test_every_problem_of_the_configuration_is_a_line(inside, tmp_path):
    """Exit code 2 for any command that needs it."""
    (tmp_path / "feedmill.toml").write_text('titel = "x"\n[fetch]\ntimeout = 3\n', encoding="utf-8")
    for name in ("sync", "status", "check", "publish", "run", "serve", "export"):
        result = inside(name)

        assert (2, ["feedmill.toml:1", "feedmill.toml:3"]) == (
            result.code,
            [line.partition(": ")[0] for line in result.errors],
        )


def test_a_store_that_cannot_be_made_is_exit_code_3(feedmill, config, tmp_path):
    """One line, no traceback."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    config("http://127.0.0.1:9/feed")
    path = tmp_path / "feedmill.toml"
    path.write_text('store = "file/x.db"\n' + path.read_text(encoding="utf-8"), encoding="utf-8")
    quiet = feedmill("sync")

    assert (3, 1) == (quiet.code, len(quiet.errors))
    assert "Traceback" not in quiet.err


def test_the_version_is_printed(inside):
    """`feedmill --version`."""
    from feedmill import __version__

    assert f"feedmill {__version__}\n" == inside("--version").out


def imported(folder, *arguments):
    """The modules that a command loads."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "feedmill", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        env={name: value for name, value in os.environ.items() if not name.startswith("COV")},
    )
    return {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if "|" in line}


def test_help_imports_nothing_heavy(tmp_path):
    """A start of the command line loads click, and no library that a command may need later."""
    loaded = imported(tmp_path, "--help")

    assert set() == HEAVY & loaded
    assert "click" in loaded


def test_without_news_a_command_imports_no_library_that_fetches_parses_or_renders(feedmill, config, site, tmp_path):
    """A sync that is told "not modified" and a publish that finds all as it should be, as a cron job has them daily."""
    config(site.feed())
    assert 0 == feedmill("sync").code
    synced, published = imported(tmp_path, "sync", "--force"), imported(tmp_path, "publish")
    read = imported(tmp_path, "status")

    assert [200, 304] == [status for path, status in site.asked if path == "/feed.xml"]
    assert {"sqlalchemy", "pydantic", "requests"} == HEAVY & synced
    assert {"sqlalchemy", "pydantic"} == HEAVY & published == HEAVY & read
    assert set() == {"feedmill.publish.page", "feedmill.publish.feed", "requests", "urllib3"} & published
    assert set() == {"feedmill.publish.edition"} & synced


def raising(error):
    """Work that ends badly."""

    def work():
        raise error

    return work


@pytest.mark.parametrize(
    ("error", "code", "saying"),
    [
        (KeyboardInterrupt(), 130, "feedmill: interrupted"),
        (ConfigError(["a.toml:1: x: no", "a.toml:2: y: no"]), 2, "a.toml:1: x: no\na.toml:2: y: no"),
        (StoreError("feedmill.db: it is locked"), 3, "feedmill: feedmill.db: it is locked"),
        (
            OSError(28, "No space left on device", "public/atom.xml"),
            3,
            "feedmill: public/atom.xml: No space left on device",
        ),
        (ZeroDivisionError("by\nzero"), 3, "feedmill: internal error, please report it: ZeroDivisionError: by zero;"),
    ],
)
def test_whatever_goes_wrong_is_told_and_has_a_code(capsys, error, code, saying):
    """DESIGN section 7; without a traceback."""
    assert code == exit_code(raising(error))

    told = capsys.readouterr()
    assert "" == told.out
    assert told.err.startswith(saying)
    assert "Traceback" not in told.err


def test_debug_lets_the_traceback_through(monkeypatch):
    """For OS errors and for bugs."""
    monkeypatch.setattr(sys, "argv", ["feedmill", "--debug", "sync"])
    for error in (OSError(5, "odd"), ZeroDivisionError()):
        with pytest.raises(type(error)):
            exit_code(raising(error))
