"""`sync publish run serve demo`: the commands that move grain.

In:  a Session and arguments. Out: an exit code.
Never: decides what is due or what is published; that is the mill's.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

import click

from feedmill.output import SyncView, counted
from feedmill.session import Session, pass_session

if TYPE_CHECKING:
    from feedmill.config.settings import Settings


@click.command(short_help="Fetch what is due, store it, publish what changed.")
@click.argument("urls", metavar="[URL]...", nargs=-1)
@click.option("--force", is_flag=True, help="Now, whatever the schedule says; still conditional, still polite.")
@click.option("--dry-run", is_flag=True, help="Say what would be fetched and when the rest is due; write nothing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON line for each source, then a summary.")
@pass_session
def sync(session: Session, urls: Sequence[str], force: bool, dry_run: bool, as_json: bool) -> int:
    """One tick: fetch what is due, store it, publish what changed."""
    settings = session.settings()
    chosen = _chosen(settings, urls)
    if dry_run:
        return _dry_run(session, settings, chosen, force=force, as_json=as_json)
    view = SyncView(session.output, as_json=as_json)
    with _stoppable() as (stop, code), session.mill(settings) as mill, view.watching(len(chosen or settings.sources)):
        summary = mill.sync(urls=chosen, force=force, stop=stop, on_report=view.report)
        untold = [] if stop.is_set() else mill.announce(stop)
    view.finish(summary)
    for problem in (*summary.problems, *untold):
        session.output.warn(problem)
    if stop.is_set():
        session.output.warn("feedmill: stopped; what had arrived is stored, the rest is still due")
        return code()
    return 1 if summary.failed or summary.problems else 0


def _chosen(settings: Settings, urls: Sequence[str]) -> list[str] | None:
    """The configured spelling of each URL. With live lists only the mill knows all sources: it refuses strangers."""
    if not urls:
        return None
    if settings.lists:
        return list(urls)
    from feedmill.subscribe import Known

    known = Known(settings.sources)
    return [known.named(url, settings.path) for url in urls]


def _dry_run(session: Session, settings: Settings, urls: Sequence[str] | None, *, force: bool, as_json: bool) -> int:
    from feedmill.ingest.report import SourceReport, iso

    reports: list[SourceReport] = []
    with session.mill(settings) as mill:
        summary = mill.sync(urls=urls, force=force, dry_run=True, on_report=reports.append)
    if as_json:
        for report in reports:
            session.output.json(report.as_json())
        session.output.json(summary.as_json())
        return 0
    rows = [(report.source, iso(report.next_fetch) or "now", report.reason) for report in reports]
    session.output.table(("source", "next look", "why"), rows)
    return 0


@contextmanager
def _stoppable() -> Iterator[tuple[threading.Event, Callable[[], int]]]:
    """The first Ctrl-C or SIGTERM finishes what is in flight, the second one does not wait."""
    stop = threading.Event()
    received: list[int] = []

    def on_signal(number: int, _: FrameType | None) -> None:
        if received:
            raise KeyboardInterrupt
        received.append(number)
        stop.set()

    previous = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop, lambda: 128 + received[0] if received else 0
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


@click.command(short_help="Render from the store, without fetching.")
@click.option("--check", "only_check", is_flag=True, help="Only check what lies in the output; write nothing.")
@click.option("--accept-loss", is_flag=True, help="Let an edition out that loses most of its entries at once.")
@pass_session
def publish(session: Session, only_check: bool, accept_loss: bool) -> int:
    """Render the publications from the store, without fetching."""
    with session.mill() as mill:
        report = mill.publish(check=only_check, accept_loss=accept_loss)
        output = mill.settings.output
        untold = [] if only_check else mill.announce()
    for problem in (*report.problems, *untold):
        session.output.warn(problem)
    for publication in report.publications:
        session.output.say(f"{output / publication.path}: {counted(publication.entries, 'entry', 'entries')}")
    if not only_check:
        session.output.say(f"{counted(len(report.written), 'file')} written, {report.kept} as they were")
    return 1 if report.problems else 0


@click.command(short_help="The daemon: sync, publish and serve.")
@pass_session
def run(session: Session) -> int:
    """The daemon: sync whatever is due, publish and serve, until SIGTERM or Ctrl-C."""
    from feedmill.daemon import run as run_daemon

    return run_daemon(session.settings())


@click.command(short_help="Serve the published folder only.")
@pass_session
def serve(session: Session) -> int:
    """Serve the published folder only, until SIGTERM or Ctrl-C."""
    from feedmill.daemon import serve as serve_folder

    return serve_folder(session.settings())


@click.command(short_help="A planet of sample blogs on this machine.")
@click.option("--once", is_flag=True, help="Leave when the sample planet is published.")
@pass_session
def demo(session: Session, once: bool) -> int:
    """Sample blogs on this machine, synced and published into ./feedmill-demo. Needs no network."""
    from feedmill.demo import show

    return show(session.output, once=once)
