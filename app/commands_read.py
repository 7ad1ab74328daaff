"""`status why normalize`: the commands that only look.

In:  a Session and arguments. Out: an exit code.
Never: writes anything; `normalize` does not even open the store.
"""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from feedmill.output import counted, plain
from feedmill.session import Session, pass_session

if TYPE_CHECKING:
    from feedmill.config.settings import Settings


@click.command(short_help="How each source is doing.")
@click.option("--json", "as_json", is_flag=True, help="The same as a JSON object.")
@pass_session
def status(session: Session, as_json: bool) -> int:
    """Each source: its state, its last success, its failures, and when we look next and why."""
    settings = session.settings()
    document = _status_document(settings)
    if as_json:
        session.output.json(document)
        return 0
    session.output.table(
        ("source", "state", "entries", "last success", "status", "failures", "next look", "why"),
        [_status_row(row) for row in document["sources"]],
    )
    if session.output.on_terminal:
        session.output.say(
            f"{counted(len(document['sources']), 'source')}, {counted(document['entries'], 'entry', 'entries')}"
        )
        for line in _websub_lines(document.get("websub")):
            session.output.say(line)
    return 0


def _status_document(settings: Settings) -> dict[str, Any]:
    from feedmill.publish.status import status_document
    from feedmill.subscribe import hub_words, records_of

    records = records_of(settings)
    document = status_document(records, entries=sum(record.entries for record in records), publications=())
    told = hub_words(settings, datetime.now(UTC))
    sources = [
        {**source, "hub": told.get(source["url"]), "tls": _tls_words(settings, source["url"])}
        for source in document["sources"]
    ]
    return {**document, "sources": sources, "publications": _publications(settings), **_websub(settings)}


def _websub(settings: Settings) -> dict[str, Any]:
    """How our hub is doing, and what other hubs have not been told yet; nothing when WebSub is off."""
    if not settings.hubs:
        return {}
    from dataclasses import asdict
    from pathlib import Path

    from feedmill.feeds.hub import HubCounts
    from feedmill.feeds.store_hub import HubMemory

    counts = HubCounts()
    if "://" in settings.store or Path(settings.store).exists():
        with HubMemory.open(settings.store, read_only=True) as memory:
            counts = memory.counts()
    found = asdict(counts)
    hubs = {"hub": settings.own_hub, "hubs": list(settings.serve.hubs)}
    return {"websub": {**hubs, **found, "troubles": list(counts.troubles)}}


def _websub_lines(found: dict[str, Any] | None) -> list[str]:
    if found is None:
        return []
    lines = []
    if found["hub"] is not None:
        subscriptions = counted(found["subscriptions"], "subscription")
        failing = f", {found['failing']} failing" if found["failing"] else ""
        lines.append(f"hub: {subscriptions} of {counted(found['hosts'], 'host')}{failing}")
    if found["pings_due"]:
        lines.append(f"hubs: {counted(found['pings_due'], 'change')} not told yet")
    return lines + [f"  {plain(trouble)}" for trouble in found["troubles"]]


def _tls_words(settings: Settings, url: str) -> str | None:
    """The exception from the usual certificates that the configuration makes for a source, None for most."""
    trust = settings.fetch.trust.get(url)
    if trust is None:
        return None
    if trust.fingerprint is not None:
        return f"only the certificate sha256:{trust.fingerprint} is accepted, whoever signed it (tls_fingerprint)"
    return f"only certificates of {trust.ca_file} are accepted (tls_ca)"


def _publications(settings: Settings) -> list[dict[str, Any]]:
    """What the last edition's status.json says of each publication; nothing is rendered again for a look."""
    import json

    try:
        published = {
            row["path"]: row for row in json.loads((settings.output / "status.json").read_bytes())["publications"]
        }
    except (OSError, ValueError, KeyError, TypeError):
        published = {}
    paths = [publication.path for publication in settings.publications]
    return [published.get(path, {"path": path, "entries": 0, "updated": None}) for path in paths]


def _status_row(row: dict[str, Any]) -> tuple[str, ...]:
    why = row["reason"] or ""
    if row["failure"]:
        why = f"{row['failure']}: {row.get('detail') or why}" if row.get("detail") else f"{row['failure']}; {why}"
    elif row["state"] == "held":
        why = f"held: {row.get('detail') or ''}; `feedmill release` shows it, `feedmill drop` forgets it"
    if row.get("hub") and "its hub" not in why:
        why = f"{why}. {row['hub']}"
    if row.get("tls"):
        why = f"{why}; {row['tls']}"
    return (
        row["url"] if not row["title"] or row["title"] == row["url"] else f"{row['title']} <{row['url']}>",
        row["state"],
        str(row["entries"]),
        row["last_success"] or "never",
        str(row["last_status"] or "-"),
        str(row["failures"]),
        row["next_fetch"] or "now",
        why,
    )


@click.command(short_help="The story of one source or one entry.")
@click.argument("what", metavar="URL|ID")
@click.option("--json", "as_json", is_flag=True, help="The same as a JSON object.")
@pass_session
def why(session: Session, what: str, as_json: bool) -> int:
    """The story of one source or one entry: what was decided, and by which rule."""
    import shutil

    from feedmill.story import as_json as shape
    from feedmill.story import as_lines, tell

    told = tell(session.settings(), what)
    if as_json:
        session.output.json(shape(told))
        return 0
    width = shutil.get_terminal_size().columns if session.output.on_terminal else None
    for line in as_lines(told, width=width):
        session.output.say(line)
    return 0


@click.command(short_help="A document in, clean entries out; no store.")
@click.argument("place", metavar="[FILE|URL|-]", required=False)
@click.option("--base", metavar="URL", help="Where the document comes from, to resolve its relative URLs.")
@click.option("--source", metavar="URL", help="Under the rules of this source, of which it is a document.")
@click.option("--json", "as_json", is_flag=True, help="The whole result as a JSON object.")
@pass_session
def normalize(session: Session, place: str | None, base: str | None, source: str | None, as_json: bool) -> int:
    """A document in, clean entries out; no store. Takes RSS, Atom, JSON Feed, a web page, or plain text.

    With --source the rules of that source apply, and what they would keep back is said; without a document the
    source itself is fetched.
    """
    from feedmill.feeds.errors import FeedmillError
    from feedmill.feeds.outcome import Failure
    from feedmill.milling import as_json as shape
    from feedmill.milling import as_text, configured_source, mill, page_reader, read_document

    chosen = None if source is None else configured_source(session, source)
    place = place or ("-" if chosen is None else session.settings().address(chosen.url))
    document = read_document(session, place, base or (chosen.url if chosen and "://" not in place else None))
    with page_reader(session) if chosen and chosen.rules.full_text else nullcontext() as pages:
        feed = mill(document, source=chosen, pages=pages)
    if isinstance(feed, Failure):
        raise FeedmillError(f"{plain(place)}: {feed.detail} ({feed.kind})")
    if as_json:
        session.output.json(shape(feed))
    else:
        session.output.say(as_text(feed))
    return 0
