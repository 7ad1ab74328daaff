"""What the configuration's tests share."""

from collections.abc import Callable
from pathlib import Path

import pytest

from feedmill.config.load import load_text
from feedmill.feeds.errors import ConfigError


@pytest.fixture
def problems() -> Callable[..., list[str]]:
    """The lines that a text earns as ./feedmill.toml; none when it is good."""

    def read(text: str, **environ: str) -> list[str]:
        try:
            load_text(text, Path("feedmill.toml"), environ=environ)
        except ConfigError as error:
            return error.problems
        return []

    return read
