"""`takedown`: an entry leaves everything that was published, at once.

In:  a Session and a URL or id. Out: an exit code.
Never: forgets that the entry was seen: it does not come back with the next look at its source.
"""

from __future__ import annotations

import click

from feedmill.output import counted
from feedmill.session import Session, pass_session


@click.command(short_help="Retract an entry from everything that was published.")
@click.argument("key", metavar="URL|ID")
@pass_session
def takedown(session: Session, key: str) -> int:
    """Retract an entry: out of the store, every output and every archive, with a tombstone in the feeds."""
    with session.mill() as mill:
        found = mill.store.entry(key)
        taken = mill.store.take_down([stored.row for stored in found], mill.clock())
        report = mill.publish() if found else None
        untold = mill.announce() if found else []
        settings = mill.settings
    if report is None:
        session.output.warn(f"{key}: no entry has this URL or id; `feedmill why` shows both")
        return 1
    if taken:
        session.output.say(
            f"took down {counted(taken, 'entry', 'entries')}; {counted(len(report.written), 'file')} written"
        )
    else:
        session.output.say(f"it was taken down before; {counted(len(report.written), 'file')} written")
    session.output.say(f'to keep it out of a new store too, add to {settings.path}: [[deny]] entry = "{key}"')
    for problem in (*report.problems, *untold):
        session.output.warn(problem)
    return 1 if report.problems else 0
