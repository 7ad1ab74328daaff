"""feedmill.toml -> `Settings`, or every problem at once.

In:  the path of the file; the environment, for `${NAME}` in URLs.
Out: `Settings`, or a `ConfigError` with one line for each problem:
     `feedmill.toml:LINE: key.path: what is wrong, what was expected`.
Never: opens the store, fetches, or reads a subscription list. Relative paths are relative to the file.
pydantic is imported here, thus only when a configuration is read.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from feedmill.config.completion import complete
from feedmill.config.consistency import Problem, cross_problems
from feedmill.config.model import Document
from feedmill.config.places import find_places
from feedmill.config.settings import Settings, SubscriptionList
from feedmill.feeds.errors import ConfigError

__all__ = ["Settings", "SubscriptionList", "load", "load_text", "read_text"]


def load(path: Path, *, environ: Mapping[str, str] = os.environ) -> Settings:
    """Read, check and complete the configuration at `path`."""
    return load_text(read_text(path), path, environ=environ)


def read_text(path: Path) -> str:
    """The text of the file; a `ConfigError` that says what to do when it cannot be read."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(
            f"{path}: there is no such file; write one with `feedmill init`, or name one with `feedmill --config FILE`"
        ) from None
    except IsADirectoryError:
        raise ConfigError(f"{path}: this is a folder, expected a file such as {path / 'feedmill.toml'}") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigError(
            f"{path}:{line}: TOML: byte 0x{error.object[error.start]:02x} is not UTF-8, expected UTF-8"
        ) from None
    except OSError as error:
        raise ConfigError(f"{path}: it cannot be read ({error.strerror}), expected a readable file") from None


def load_text(text: str, path: Path, *, environ: Mapping[str, str] = os.environ) -> Settings:
    """The same, from text that is (or will be) the content of `path`."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        from feedmill.config.problems import syntax_problem

        raise ConfigError(syntax_problem(str(path), error, text)) from None
    try:
        document = Document.model_validate(tables)
    except ValidationError as error:
        raise ConfigError(_worded(path, text, error)) from None
    problems = [*cross_problems(document, path, environ)]
    if problems:
        raise ConfigError(_lines(path, text, problems))
    return complete(document, path, text, environ)


def _worded(path: Path, text: str, error: ValidationError) -> list[str]:
    """pydantic's problems, and those between keys as far as the valid rest lets us see them, in order of lines."""
    from feedmill.config.problems import model_problems

    return [line for _, line in sorted(model_problems(str(path), error.errors(), find_places(text), Document))]


def _lines(path: Path, text: str, problems: list[Problem]) -> list[str]:
    from feedmill.config.problems import line_of

    places = find_places(text)
    problems.sort(key=lambda problem: places.line(problem[0]))
    return [line_of(str(path), places, key, sentence) for key, sentence in problems]
