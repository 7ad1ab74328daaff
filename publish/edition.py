"""From the store to the folder that readers subscribe to.

    store.latest, records -> select -> aggregate -> render (atom rss json html opml) -> check -> deliver
                  records -> status.json, status.html          (only when there is news about a source)

In:  a store, what the operator wants published.
Out: files; a `PublishReport`.
Never: fetches; writes a file whose bytes are the same; lets one bad entry, rendition or publication cost the others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from feedmill.feeds.entry import StoredEntry
from feedmill.feeds.publication import FORMATS, Publication
from feedmill.feeds.source import SourceRecord
from feedmill.publish.about import named_urn
from feedmill.publish.aggregate import FILES, Edition, aggregate
from feedmill.publish.deliver import Delivery, deliver, hold, read, sweep
from feedmill.publish.options import PublishOptions
from feedmill.publish.render import place, render
from feedmill.publish.select import select
from feedmill.publish.status import (
    PublicationReport,
    public_document,
    same_news,
    status_bytes,
    status_document,
)

SPARE = 1.25  # how many more entries are asked for, as some are the same entry from several sources


class Counts(Protocol):
    """What `store.counts()` answers."""

    @property
    def entries(self) -> int: ...


class Memory(Protocol):
    """The part of the store that publishing reads."""

    def latest(self, *, limit: int, tags: Sequence[str] = ()) -> list[StoredEntry]: ...
    def records(self) -> list[SourceRecord]: ...
    def counts(self) -> Counts: ...
    def publication_id(self, path: str, make: Callable[[], str]) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishReport:
    """What came of publishing. `written`: files with new bytes; `kept`: how many stayed as they were."""

    written: tuple[Path, ...] = ()
    kept: int = 0
    publications: tuple[PublicationReport, ...] = ()
    problems: tuple[str, ...] = ()


def publish(store: Memory, options: PublishOptions, *, check: bool = False) -> PublishReport:
    """Bring the output folder up to date; with `check`, only look at what lies there.

    Raises DeliveryError when a file cannot be written. Whatever else goes wrong is a sentence in `problems`, and the
    last good file stays.
    """
    if check:
        return _check_delivered(store, options)
    with hold(options.output):
        records = store.records()
        files: dict[str, bytes] = {}
        problems: list[str] = []
        reports: list[PublicationReport] = []
        for publication in options.publications:
            edition = _edition(store, publication, records, options)
            problems.extend(_named(publication, edition.problems))
            rendered, wrong = render(edition, options.output)
            files.update(rendered)
            problems.extend(_named(publication, wrong))
            reports.append(_report(edition))
        files.update(_status(store, records, options, reports, problems))
        sweep(options.output, list(files) or ["status.json"])
        delivery = deliver(options.output, files) if files else Delivery(written=(), kept=0)
    return PublishReport(
        written=delivery.written, kept=delivery.kept, publications=tuple(reports), problems=tuple(problems)
    )


def publish_status(store: Memory, options: PublishOptions) -> PublishReport:
    """Bring only the status files up to date: for a tick without new entries. Renders nothing when there is no news."""
    with hold(options.output):
        records = store.records()
        reports = survey(store, options, records)
        problems: list[str] = []
        files = _status(store, records, options, reports, problems)
        delivery = deliver(options.output, files) if files else Delivery(written=(), kept=0)
    return PublishReport(
        written=delivery.written, kept=delivery.kept, publications=tuple(reports), problems=tuple(problems)
    )


def survey(
    store: Memory, options: PublishOptions, records: Sequence[SourceRecord] | None = None
) -> list[PublicationReport]:
    """What each publication would hold, without rendering it: for `status`."""
    known = store.records() if records is None else records
    return [_report(_edition(store, publication, known, options)) for publication in options.publications]


def _edition(
    store: Memory, publication: Publication, records: Sequence[SourceRecord], options: PublishOptions
) -> Edition:
    # Named by the address at its first making: a store that is rebuilt from nothing gives the same id again.
    feed_id = store.publication_id(publication.path, lambda: named_urn(publication.url))
    asked = int(publication.limit * SPARE) + 20
    return aggregate(
        publication,
        select(store.latest(limit=asked, tags=publication.tags), limit=publication.limit),
        records,
        feed_id=feed_id,
        generator_version=options.generator_version,
    )


def _report(edition: Edition) -> PublicationReport:
    return PublicationReport(
        path=edition.publication.path,
        entries=len(edition.entries),
        updated=edition.updated if edition.entries else None,
    )


def _named(publication: Publication, problems: Sequence[str]) -> list[str]:
    where = f"publication {publication.path!r}: " if publication.path else ""
    return [where + problem for problem in problems]


def _status(
    store: Memory,
    records: Sequence[SourceRecord],
    options: PublishOptions,
    reports: Sequence[PublicationReport],
    problems: list[str],
) -> dict[str, bytes]:
    """status.json and status.html when there is news about a source or a publication; else nothing to deliver."""
    document = public_document(
        {
            **status_document(records, entries=store.counts().entries, publications=reports),
            "generator": f"feedmill {options.generator_version}",
        }
    )
    pages = any("html" in publication.formats for publication in options.publications)
    before = read(options.output, "status.json")
    complete = not pages or (options.output / "status.html").exists()
    if complete and same_news(before, document):
        return {}
    files = {"status.json": status_bytes(document)}
    if pages:
        files.update(_status_page(records, options, problems))
    return files


def _status_page(records: Sequence[SourceRecord], options: PublishOptions, problems: list[str]) -> dict[str, bytes]:
    from feedmill.publish.page import render_status
    from feedmill.publish.status_words import status_lines
    from feedmill.publish.theme import static_files

    offered = [
        (publication.title, place(publication, "") or "./")
        for publication in options.publications
        if "html" in publication.formats
    ]
    try:
        page = render_status(options.title, status_lines(records), offered, generator_version=options.generator_version)
    except Exception as error:  # noqa: BLE001  the status page must never stop the feeds
        problems.append(f"status.html was not rendered, the last good one stays: {error!r}")
        return {}
    static = static_files()
    return {"status.html": page, "style.css": static["style.css"], "icon.svg": static["icon.svg"]}


def _check_delivered(store: Memory, options: PublishOptions) -> PublishReport:
    """Validate the files on disk: present, well-formed, ids unique, entries as many as the store would publish."""
    from feedmill.publish.check import check

    problems: list[str] = []
    kept = 0
    reports = survey(store, options)
    for publication in options.publications:
        for kind in (kind for kind in FORMATS if kind in publication.formats):
            name = place(publication, FILES[kind])
            data = read(options.output, name)
            if data is None:
                problems.append(f"{name} is missing: run `feedmill publish`")
                continue
            kept += 1
            problems.extend(f"{name}: {wrong}" for wrong in check(kind, data))
    return PublishReport(kept=kept, publications=tuple(reports), problems=tuple(problems))
