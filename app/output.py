"""What people and programs see: lines on stdout, failures on stderr, a bar on a terminal.

In:  reports and texts, some of them written by strangers.
Out: one line each, without control characters; JSON lines; tables that a pipe can cut.
Never: a colour or a bar into a pipe; a crash because the pipe's reader went away. rich is imported on a terminal only.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from feedmill.feeds.errors import DeliveryError

if TYPE_CHECKING:
    from feedmill.ingest.report import SourceReport, SyncSummary

# C0, C1, line separators, bidirectional overrides: what could forge a line of a terminal or of a log.
_FORGING = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")


def plain(text: str) -> str:
    """A stranger's text on one line."""
    return " ".join(_FORGING.sub(" ", text).split())


def paragraphs(text: str) -> str:
    """A stranger's text on several lines."""
    return "\n".join(plain(line) for line in text.split("\n"))


class Output:
    """stdout and stderr of one command. When the pipe's reader has gone, we fall silent and finish our work."""

    def __init__(self) -> None:
        self._muted = False
        for stream in (sys.stdout, sys.stderr):
            reconfigure: Callable[..., None] | None = getattr(stream, "reconfigure", None)
            if reconfigure is not None:
                reconfigure(errors="backslashreplace")

    @property
    def on_terminal(self) -> bool:
        """True when a person watches."""
        return _is_terminal(sys.stdout) and _is_terminal(sys.stderr)

    def say(self, text: str = "") -> None:
        """One line (or several) on stdout."""
        if self._muted or sys.stdout is None:
            return
        try:
            sys.stdout.write(text + "\n")
            sys.stdout.flush()
        except BrokenPipeError:
            self._mute()
        except OSError as error:
            self._mute()
            raise DeliveryError(f"standard output: it cannot be written ({error.strerror})") from None

    def warn(self, text: str) -> None:
        """One line on stderr."""
        if sys.stderr is None:
            return
        try:
            sys.stderr.write(text + "\n")
            sys.stderr.flush()
        except OSError:
            sys.stderr = None

    def json(self, value: Any) -> None:
        """One JSON line. A lone surrogate leaves as the escape that JSON has for it."""
        self.say(json.dumps(value, ensure_ascii=False))

    def table(self, headers: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Aligned columns on a terminal; tab-separated without headers in a pipe."""
        cells = [[plain(cell) for cell in row] for row in rows]
        if not _is_terminal(sys.stdout):
            for row in cells:
                self.say("\t".join(row))
            return
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, pad_edge=False, header_style="bold")
        for header in headers:
            table.add_column(header, overflow="fold")
        for row in cells:
            table.add_row(*(Text(cell) for cell in row))
        Console().print(table)

    def _mute(self) -> None:
        """Python flushes stdout once more when it exits: let that go nowhere."""
        self._muted = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _is_terminal(stream: Any) -> bool:
    return stream is not None and stream.isatty()


class SyncView:
    """Shows a sync as it goes: a bar on a terminal, JSON lines when asked, in a pipe failures and one summary."""

    def __init__(self, output: Output, *, as_json: bool) -> None:
        self.output = output
        self.as_json = as_json
        self._started = time.monotonic()
        self._advance: Callable[[bool], None] | None = None
        self._warn: Callable[[str], None] = output.warn

    @contextmanager
    def watching(self, total: int) -> Iterator[None]:
        """Keeps the bar on the screen while the sync runs."""
        if self.as_json or not self.output.on_terminal:
            yield
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        columns = ("{task.fields[rate]}", "{task.fields[failures]}")
        progress = Progress(
            BarColumn(), MofNCompleteColumn(), *map(TextColumn, columns), TimeElapsedColumn(),
            console=Console(stderr=True), transient=True,
        )  # fmt: skip
        done = failed = 0
        with progress:
            task = progress.add_task("sync", total=total or None, rate="", failures="")

            def advance(failure: bool) -> None:
                nonlocal done, failed
                done, failed = done + 1, failed + failure
                rate = done / max(0.001, time.monotonic() - self._started)
                total_now = max(total, done) or None
                failures = f"[red]{failed} failed[/red]" if failed else "none failed"
                progress.update(task, completed=done, total=total_now, rate=f"{rate:.0f}/s", failures=failures)

            self._advance = advance
            self._warn = lambda line: progress.console.print(line, markup=False, highlight=False, soft_wrap=True)
            try:
                yield
            finally:
                self._advance, self._warn = None, self.output.warn

    def report(self, report: SourceReport) -> None:
        """One source is done."""
        if self.as_json:
            self.output.json(report.as_json())
            return
        failure = report.outcome in {"failed", "gone"}
        if self._advance is not None:
            self._advance(failure)
        if failure:
            self._warn(failure_line(report))
        elif report.outcome == "fetched" and report.detail:  # entries that could not be read, say
            self._warn(plain(f"{report.source}: {report.detail}"))

    def finish(self, summary: SyncSummary) -> None:
        """The last line."""
        if self.as_json:
            self.output.json(summary.as_json())
        else:
            self.output.say(summary_line(summary, seconds=time.monotonic() - self._started))


def failure_line(report: SourceReport) -> str:
    """What failed, why, and when we look again."""
    from feedmill.ingest.report import iso

    kind = f" ({report.failure})" if report.failure else ""
    again = f"; next look {iso(report.next_fetch)}, {report.reason}" if report.next_fetch else ""
    return plain(f"{report.source}: {report.detail or report.outcome}{kind}{again}")


def summary_line(summary: SyncSummary, *, seconds: float) -> str:
    """A tick in one line; what is zero is left out."""
    looks = [
        f"{count} {word}"
        for count, word in (
            (summary.fetched, "fetched"),
            (summary.not_modified, "not modified"),
            (summary.skipped, "not due"),
            (summary.failed, "failed"),
        )
        if count
    ]
    news = f"{counted(summary.new, 'new entry', 'new entries')}, {summary.changed} changed"
    files = f"{counted(summary.published, 'file')} written" if summary.published else "nothing to publish"
    done = ", ".join(looks) or "nothing to do"
    return f"{counted(summary.sources, 'source')}: {done}; {news}; {files} ({seconds:.1f} s)"


def counted(number: int, one: str, many: str = "") -> str:
    """1 source, 2 sources."""
    return f"{number} {one if number == 1 else many or one + 's'}"
