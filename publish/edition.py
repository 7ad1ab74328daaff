"""From the store to the folder that readers subscribe to.

    records, newest entries -> aggregate -> gate -> render -> check -> deliver     (a publication, whole or not at all)
                     outline -> archives, branches (a feed for each source and tag), months, search
                     records -> status.json, status.html, ops.xml       (only when there is news about a source)

In:  a store, what the operator wants published.
Out: files; a `PublishReport`.
Never: fetches; renders what did not change; writes a file whose bytes are the same; lets one bad entry, rendition or
publication cost the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from feedmill.feeds.deny import DenyList
from feedmill.feeds.publication import FORMATS, Publication
from feedmill.feeds.source import SourceRecord
from feedmill.publish.aggregate import FILES
from feedmill.publish.deliver import Delivery, deliver, hold, pair, read, sweep
from feedmill.publish.gather import Memory, Planet, newest
from feedmill.publish.issue import Issue
from feedmill.publish.ledger import Ledger
from feedmill.publish.options import PublishOptions
from feedmill.publish.render import place
from feedmill.publish.status import (
    PublicationReport,
    public_document,
    same_news,
    status_bytes,
    status_document,
)
from feedmill.publish.theme import ICONS
from feedmill.publish.twins import SUFFIXES, holds

INCIDENTS = "incidents"
TWINS = "twins"
STATUS_FILES = ("status.json", "status.html", "ops.xml", "style.css", *ICONS)
# What the status page leads to, where it is there: words, address, file.
PARTS = (
    ("Sources", "source/", "source/index.html"),
    ("Archive", "archive/", "archive/index.html"),
    ("Search", "search.html", "search.html"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishReport:
    """What came of publishing. `written`: files with new bytes; `kept`: how many stayed as they were."""

    written: tuple[Path, ...] = ()
    kept: int = 0
    publications: tuple[PublicationReport, ...] = ()
    problems: tuple[str, ...] = ()


def publish(
    store: Memory,
    options: PublishOptions,
    *,
    check: bool = False,
    now: datetime | None = None,
    accept_loss: bool = False,
) -> PublishReport:
    """Bring the output folder up to date; with `check`, only look at what lies there.

    `now` is for `max_age` and for closing months; no byte tells it. `accept_loss` lets an edition out that the gate
    would hold. Raises DeliveryError when a file cannot be written. Whatever else goes wrong is a sentence in
    `problems`, and the last good edition stays.
    """
    if check:
        return _check_delivered(store, options)
    with hold(options.output):
        planet = _planet(store, options, now)
        twins = _Twins(store, options)
        problems: list[str] = []
        reports: list[PublicationReport] = []
        written: list[Path] = []
        kept = 0
        for publication in options.publications:
            issue = Issue(store, publication, planet, options)
            reports.append(issue.publish(accept_loss=accept_loss))
            problems.extend(_named(publication, issue.problems))
            written += issue.ledger.written
            kept += issue.ledger.kept
            twins.names.update(issue.ledger.files)
        status = _deliver_status(store, planet.records, options, reports, problems)
        twins.keep_up()
    return PublishReport(
        written=(*written, *status.written),
        kept=kept + status.kept,
        publications=tuple(reports),
        problems=tuple(problems),
    )


def publish_status(store: Memory, options: PublishOptions) -> PublishReport:
    """Bring only the status files up to date: for a tick without new entries. Renders nothing when there is no news."""
    with hold(options.output):
        _Twins(store, options)
        records = store.records()
        reports = survey(store, options, records)
        problems: list[str] = []
        delivery = _deliver_status(store, records, options, reports, problems)
    return PublishReport(
        written=delivery.written, kept=delivery.kept, publications=tuple(reports), problems=tuple(problems)
    )


def survey(
    store: Memory, options: PublishOptions, records: Sequence[SourceRecord] | None = None, now: datetime | None = None
) -> list[PublicationReport]:
    """What each publication would hold, without rendering it: for `status`."""
    planet = _planet(store, options, now, records)
    return [
        Issue(store, publication, planet, options).report(newest(store, publication, planet))
        for publication in options.publications
    ]


def _planet(
    store: Memory, options: PublishOptions, now: datetime | None, records: Sequence[SourceRecord] | None = None
) -> Planet:
    return Planet(
        records=store.records() if records is None else records,
        deny=DenyList(options.deny),
        now=now or datetime.now(UTC),
    )


class _Twins:
    """The compressed twins of all files: which codings there are, or may be, is kept before the first one is written,
    so that none outlives the wish for it."""

    def __init__(self, store: Memory, options: PublishOptions) -> None:
        self._store = store
        self._options = options
        self._kept = store.meta(TWINS) or ""
        self.names: dict[str, object] = dict.fromkeys(STATUS_FILES)
        self._remember({*self._kept.split(","), *options.precompress} - {""})

    def keep_up(self) -> None:
        """After all files lie there."""
        wanted = self._options.precompress
        if not self._kept:
            return
        given_up = [coding for coding in self._kept.split(",") if coding not in wanted]
        pair(self._options.output, self.names, wanted, given_up=given_up)
        self._remember(set(wanted))

    def _remember(self, codings: set[str]) -> None:
        text = ",".join(sorted(codings))
        if text != self._kept:
            self._store.set_meta(TWINS, text or None)
            self._kept = text


def _named(publication: Publication, problems: Sequence[str]) -> list[str]:
    where = f"publication {publication.path!r}: " if publication.path else ""
    return [where + problem for problem in problems]


def _deliver_status(
    store: Memory,
    records: Sequence[SourceRecord],
    options: PublishOptions,
    reports: Sequence[PublicationReport],
    problems: list[str],
) -> Delivery:
    files = _status(store, records, options, reports, problems)
    if not files:
        return Delivery(written=(), kept=0)
    sweep(options.output, list(files))
    return deliver(options.output, files, codings=options.precompress)


def _status(
    store: Memory,
    records: Sequence[SourceRecord],
    options: PublishOptions,
    reports: Sequence[PublicationReport],
    problems: list[str],
) -> dict[str, bytes]:
    """status.json, status.html and ops.xml when there is news about a source or publication; else nothing."""
    document = public_document(
        {
            **status_document(records, entries=store.counts().entries, publications=reports),
            "generator": f"feedmill {options.generator_version}",
        }
    )
    pages = any("html" in publication.formats for publication in options.publications)
    before = read(options.output, "status.json")
    wanted = ["status.html", "style.css", *ICONS] if pages else []
    complete = all((options.output / name).exists() for name in (*wanted, "ops.xml"))
    if complete and same_news(before, document):
        return {}
    files = {"status.json": status_bytes(document), "ops.xml": _ops(store, records, options)}
    if pages:
        files.update(_status_page(records, options, reports, problems))
    return files


def _ops(store: Memory, records: Sequence[SourceRecord], options: PublishOptions) -> bytes:
    """The operator's feed, and what it must remember: an incident outlives the state that it came from."""
    import json

    from feedmill.publish.incidents import follow, from_notes, ops_feed, to_notes

    kept = store.meta(INCIDENTS)
    incidents = follow(from_notes(json.loads(kept) if kept else []), records)
    text = json.dumps(to_notes(incidents), separators=(",", ":"))
    if text != (kept or "[]"):
        store.set_meta(INCIDENTS, text)
    return ops_feed(options.title, options.url, incidents, version=options.generator_version)


def _status_page(
    records: Sequence[SourceRecord],
    options: PublishOptions,
    reports: Sequence[PublicationReport],
    problems: list[str],
) -> dict[str, bytes]:
    from feedmill.publish.page import render_status
    from feedmill.publish.status_words import status_lines
    from feedmill.publish.theme import theme_in

    offered = [
        (publication.title, place(publication, "") or "./")
        for publication in options.publications
        if "html" in publication.formats
    ]
    titles = {publication.path: publication.title for publication in options.publications}
    held = [(titles.get(report.path, report.path), report.held) for report in reports if report.held]
    root = next((publication for publication in options.publications if not publication.path), None)
    parts = [(words, href) for words, href, file in PARTS if (options.output / file).exists()]
    theme = theme_in(options.theme)
    try:
        page = render_status(
            options.title, status_lines(records), offered, held,
            generator_version=options.generator_version, root=root, parts=parts, theme=theme,
        )  # fmt: skip
    except Exception as error:  # noqa: BLE001  the status page must never stop the feeds
        problems.append(f"status.html was not rendered, the last good one stays: {error!r}")
        return {}
    static = theme.static_files()
    return {"status.html": page, **{name: static[name] for name in ("style.css", *ICONS)}}


def _check_delivered(store: Memory, options: PublishOptions) -> PublishReport:
    """Validate the files on disk: present, well-formed, ids unique; the archives and branches that were made too."""
    from feedmill.publish.check import check

    problems: list[str] = []
    kept = 0
    reports = survey(store, options)
    for publication in options.publications:
        names = {place(publication, FILES[kind]): kind for kind in FORMATS if kind in publication.formats}
        made = Ledger(store, publication.path, options.output).files
        names.update({name: "atom" for name in sorted(made) if name.endswith(".xml") and name not in names})
        for name, kind in names.items():
            data = read(options.output, name)
            if data is None:
                problems.append(f"{name} is missing: run `feedmill publish`")
                continue
            kept += 1
            problems.extend(f"{name}: {wrong}" for wrong in check(kind, data))
            problems.extend(_odd_twins(options, name, data))
    return PublishReport(kept=kept, publications=tuple(reports), problems=tuple(problems))


def _odd_twins(options: PublishOptions, name: str, data: bytes) -> Iterator[str]:
    for coding in options.precompress:
        twin = name + SUFFIXES[coding]
        packed = read(options.output, twin)
        if packed is None or not holds(packed, coding, data):
            yield f"{twin} does not hold {name}: remove it and run `feedmill publish`"
