"""`reclean`: the rules of today on the entries of yesterday.

In:  a Session and arguments. Out: an exit code.
Never: fetches; moves an entry. With `--dry-run` nothing is written, and what readers would see is shown as a diff.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from feedmill.output import counted, plain
from feedmill.session import Session, pass_session

if TYPE_CHECKING:
    from feedmill.feeds.entry import Entry
    from feedmill.ingest.replay import Replayed


@click.command(short_help="Apply changed rules to stored entries, without fetching.")
@click.argument("urls", metavar="[URL]...", nargs=-1)
@click.option("--all", "every", is_flag=True, help="Also entries that today's rules have made already.")
@click.option("--dry-run", is_flag=True, help="Show what readers would see, as a diff; write nothing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON line for each entry that changes, then a summary.")
@pass_session
def reclean(session: Session, urls: Sequence[str], every: bool, dry_run: bool, as_json: bool) -> int:
    """Apply changed rules to stored entries, without fetching, and publish. Ids and order never move."""
    from feedmill.feeds.errors import UsageError
    from feedmill.story import has_store
    from feedmill.subscribe import Known

    settings = session.settings()
    if not has_store(settings):
        raise UsageError("reclean: nothing was synced yet; `feedmill sync` comes first")
    known = Known(settings.sources)
    chosen = list(urls) if settings.lists else [known.named(url, settings.path) for url in urls]
    tally = dict.fromkeys(("entries", "changed", "kept_back", "released", "published"), 0)
    with session.mill(settings) as mill:
        for replayed in mill.reclean(urls=chosen or None, every=every, dry_run=dry_run):
            tally["entries"] += 1
            tally["kept_back"] += replayed.kept_back
            tally["released"] += replayed.released
            tally["changed"] += replayed.visible and not (replayed.kept_back or replayed.released)
            if not replayed.visible:
                continue
            if as_json:
                session.output.json(_as_json(replayed))
            elif dry_run:
                for line in _diff(replayed):
                    session.output.say(line)
        changed = tally["changed"] + tally["kept_back"] + tally["released"]
        if changed and not dry_run:
            report = mill.publish()
            tally["published"] = len(report.written)
            for problem in (*report.problems, *mill.announce()):
                session.output.warn(problem)
    session.output.json({"summary": tally}) if as_json else session.output.say(_summary(tally, dry_run=dry_run))
    return 0


def _summary(tally: dict[str, int], *, dry_run: bool) -> str:
    would = "would be " if dry_run else ""
    moved = [
        f"{tally[name]} {would}{words}"
        for name, words in (("changed", "changed"), ("kept_back", "kept back"), ("released", "released"))
        if tally[name]
    ]
    looked = f"{counted(tally['entries'], 'entry', 'entries')} made anew"
    news = ", ".join(moved) or "readers would see no difference" if dry_run else ", ".join(moved) or "none changed"
    files = "" if dry_run else f"; {counted(tally['published'], 'file')} written" if tally["published"] else ""
    return f"{looked}: {news}{files}"


def _as_json(replayed: Replayed) -> dict[str, Any]:
    from feedmill.ingest.entry_json import entry_json

    before, after = entry_json(replayed.original.stored.entry), entry_json(replayed.update.entry)
    return {
        "source": replayed.original.stored.source_url,
        "id": before["id"],
        "url": before["url"],
        "title": after["title"],
        "changed": [name for name in before if name not in ("id", "notes") and before[name] != after[name]],
        "held": replayed.update.held_reason,
        "was_held": replayed.original.stored.held_reason,
    }


def _diff(replayed: Replayed) -> Iterator[str]:
    """A unified diff of what readers see, under the entry's title and source."""
    from difflib import unified_diff

    stored, update = replayed.original.stored, replayed.update
    yield f"=== {plain(stored.entry.title)}"
    yield f"    {stored.entry.url or stored.entry.id} of {stored.source_url}"
    if replayed.kept_back:
        yield f"    would be kept back: {_rule(update.held_reason)}"
        return
    if replayed.released:
        yield f"    would be released; it was kept back: {_rule(stored.held_reason)}"
    before, after = _seen(stored.entry), _seen(update.entry)
    for line in unified_diff(before, after, "stored", "made anew", lineterm="", n=1):
        yield plain(line) if line.startswith(("---", "+++", "@@")) else line[0] + plain(line[1:])
    yield ""


def _rule(reason: str | None) -> str:
    return plain((reason or "").partition(": ")[2])


def _seen(entry: Entry) -> list[str]:
    """What readers see, line by line: title, address, people, dates; text; HTML."""
    from feedmill.ingest.report import iso

    facts = (
        ("title", entry.title),
        ("url", entry.url),
        ("published", iso(entry.published)),
        ("by", ", ".join(author.name for author in entry.authors)),
        ("language", entry.language),
        ("categories", ", ".join(entry.categories)),
        ("enclosures", " ".join(enclosure.url for enclosure in entry.enclosures)),
        ("summary", entry.summary),
    )
    lines = [f"{name}: {value}" for name, value in facts if value]
    lines += [f"text: {line}" for line in entry.content_text.split("\n") if line.strip()]
    return lines + [f"html: {line}" for line in entry.content_html.split("\n") if line.strip()]
