"""The command line: `feedmill [--config FILE] COMMAND`.

In:  argv.
Out: an exit code: 0 ok, 1 some sources failed, 2 usage or configuration, 3 store or disk; 130 after Ctrl-C.
Never: a traceback without `--debug`. Every failure is one clear line on stderr: what, where, what to do.

Each command lives in `feedmill.commands_*` and imports what it needs when it runs: `--help` loads click and no more.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from feedmill import __version__
from feedmill.commands_clean import reclean
from feedmill.commands_holds import drop, release
from feedmill.commands_read import normalize, status, why
from feedmill.commands_run import demo, publish, run, serve, sync
from feedmill.commands_sources import add, check, export_opml, import_opml, init, remove
from feedmill.commands_takedown import takedown
from feedmill.feeds.errors import ConfigError, FeedmillError
from feedmill.output import Output, plain
from feedmill.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable

INTERRUPTED = 130


class Commands(click.Group):
    """Lists the commands in the order in which a newcomer needs them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(self.commands)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--config", metavar="FILE", type=click.Path(path_type=Path), help="Default: ./feedmill.toml")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.version_option(__version__, prog_name="feedmill", message="%(prog)s %(version)s")
@click.pass_context
def feedmill(context: click.Context, config: Path | None, debug: bool) -> None:
    """Many blogs in, one clean feed out."""
    context.obj = Session(config=config, debug=debug, output=Output())


for command in (
    init, add, remove, import_opml, export_opml, sync, publish, run, serve, status, release, drop, takedown, why,
    normalize, reclean, check, demo,
):  # fmt: skip
    feedmill.add_command(command)


def main(arguments: Sequence[str] | None = None) -> None:
    """The console script."""
    # Start-up makes tens of thousands of lasting objects: looking for garbage among them is a tenth of its CPU time.
    # `Session.mill` lets the collector work again, without them.
    gc.disable()
    code = exit_code(lambda: feedmill.main(args=arguments, prog_name="feedmill", standalone_mode=False))
    gc.freeze()  # nor does what is left need to be looked through again while the process ends
    sys.exit(code)


def exit_code(work: Callable[[], object]) -> int:
    """Run a command; whatever goes wrong becomes one line and a code."""
    try:
        result = work()
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return 2
    except click.ClickException as error:
        _complain(_usage_line(error))
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        _complain("feedmill: interrupted")
        return INTERRUPTED
    except ConfigError as error:
        for problem in error.problems:
            _complain(problem)
        return error.exit_code
    except FeedmillError as error:
        _complain(f"feedmill: {error}")
        return error.exit_code
    except OSError as error:
        if _debugging():
            raise
        place = f"{error.filename}: " if error.filename else ""
        _complain(f"feedmill: {place}{error.strerror or error}")
        return 3
    except Exception as error:
        if _debugging():
            raise
        _complain(f"feedmill: internal error, please report it: {type(error).__name__}: {error}; --debug shows where")
        return 3
    return result if isinstance(result, int) else 0


def _debugging() -> bool:
    return "--debug" in sys.argv


def _complain(line: str) -> None:
    try:
        sys.stderr.write(plain(line) + "\n")
    except (OSError, AttributeError):  # stderr closed: the exit code must do
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115, PTH123


def _usage_line(error: click.ClickException) -> str:
    """click's message, with the command it belongs to and where to read on."""
    message = error.format_message().rstrip(".").replace("\n", " ")
    context = getattr(error, "ctx", None)
    where = context.command_path if context is not None else "feedmill"
    if isinstance(error, click.NoSuchOption) and error.option_name in {"--config", "--debug"}:
        message += f" here (it goes before the command: feedmill {error.option_name} …)"
    hint = f"; see `{where} --help`" if isinstance(error, click.UsageError) else ""
    return f"{where}: {message[:1].lower()}{message[1:]}{hint}"
