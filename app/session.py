"""What one run of the command line shares: which configuration, where to print.

Out: `Session.settings()` and `Session.mill()`, both loaded when first asked for.
Never: decides anything.
"""

from __future__ import annotations

import gc
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from feedmill.output import Output

if TYPE_CHECKING:
    from feedmill.build import Mill
    from feedmill.config.settings import Settings

DEFAULT_CONFIG = Path("feedmill.toml")


@dataclass(slots=True, kw_only=True)
class Session:
    """`config` as typed, None when not."""

    config: Path | None
    debug: bool
    output: Output

    @property
    def path(self) -> Path:
        """The configuration file in force."""
        return self.config or DEFAULT_CONFIG

    def settings(self) -> Settings:
        """The configuration, checked; `ConfigError` with every problem."""
        from feedmill.config.load import load

        return load(self.path)

    def mill(self, settings: Settings | None = None) -> Mill:
        """The wired mill: a context manager. Opens the store."""
        from feedmill.build import Mill

        mill = Mill(settings or self.settings())
        gc.freeze()
        gc.enable()
        return mill


pass_session = click.make_pass_decorator(Session)
