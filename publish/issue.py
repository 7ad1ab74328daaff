"""One publication, brought up to date: its own files, its archives, its branches, its pages of the past.

In:  a store, a publication, what all publications share.
Out: files delivered; a `PublicationReport`; what went wrong, as sentences.
Never: renders what is as it should be; lets an archive, a branch or a page cost the publication its feeds.

Order matters: what is linked to is delivered before what links to it, and the publication's own files go out together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from operator import attrgetter

from feedmill.feeds.entry import StoredEntry
from feedmill.feeds.publication import Publication
from feedmill.feeds.source import SourceRecord
from feedmill.publish.about import named_urn
from feedmill.publish.aggregate import FILES, Edition, Tombstone, aggregate
from feedmill.publish.branches import LIMIT, Around, Branch, branches, formats_of, places, publication_of, rhythm
from feedmill.publish.deliver import read
from feedmill.publish.gate import judge, remembered, short
from feedmill.publish.gather import Line, Memory, Planet, asks_of_contents, belonging, extras_of, newest
from feedmill.publish.ledger import Ledger, digest
from feedmill.publish.options import PublishOptions
from feedmill.publish.past import put_page, put_past
from feedmill.publish.render import place, render, works
from feedmill.publish.select import select
from feedmill.publish.status import PublicationReport

MOST_OF_BRANCH = LIMIT + 10  # lines of a branch that are looked at: a few may be of one id


class Issue:
    """See the module. Made anew for each publication and each edition."""

    def __init__(self, store: Memory, publication: Publication, planet: Planet, options: PublishOptions) -> None:
        self._store = store
        self._publication = publication
        self._planet = planet
        self._options = options
        self._problems: list[str] = []
        self._tagged: dict[str, set[int]] = {}
        self._here: set[int] = set()
        self.ledger = Ledger(store, publication.path, options.output)

    @property
    def problems(self) -> tuple[str, ...]:
        """What went wrong."""
        return tuple(self._problems)

    def report(self, shown: Sequence[StoredEntry]) -> PublicationReport:
        """What the publication would hold, for `status`."""
        return self._report(self._edition(shown))

    def _report(self, edition: Edition) -> PublicationReport:
        return PublicationReport(
            path=self._publication.path,
            entries=len(edition.entries),
            updated=edition.updated if edition.entries else None,
            held=self.ledger.notes.get("held", ""),
        )

    def publish(self, *, accept_loss: bool = False) -> PublicationReport:
        """Deliver what changed."""
        ledger, publication = self.ledger, self._publication
        shown = newest(self._store, publication, self._planet)
        gone = self._gone()
        verdict = "" if accept_loss else self._verdict(shown, gone)
        ledger.notes["held"] = verdict
        if verdict:
            self._problems.append(verdict)
            ledger.save()
            return self.report(shown)
        edition = self._edition(shown, self._stones(gone))
        self._problems.extend(edition.problems)
        lines = self._lines(shown)
        edition = self._with_archives(edition, lines, shown, gone)
        made = branches(publication, self._planet.records, ledger.notes.setdefault("names", {}), feed_id=edition.id)
        edition = replace(edition, around=self._around(made, lines))
        self._branches(made, lines, edition)
        if lines is not None:
            self._problems.extend(put_past(self._store, self._planet, self.ledger, edition, self._shown_lines(lines)))
        self._problems.extend(render(edition, self._options.output, ledger))
        ledger.notes["shown"] = remembered(shown)
        ledger.notes["asked"] = self._asked()
        ledger.flush()
        ledger.clear_away(tuple(place(publication, f"{folder}/") for folder in ("source", "tag", "search", "archive")))
        ledger.save()
        return self._report(edition)

    # --- the edition itself

    def _edition(self, shown: Sequence[StoredEntry], stones: Sequence[Tombstone] = ()) -> Edition:
        publication = self._publication
        # Named by the address at its first making: a store that is rebuilt from nothing gives the same id again.
        feed_id = self._store.publication_id(publication.path, lambda: named_urn(publication.url))
        return aggregate(
            publication,
            shown,
            self._planet.records,
            feed_id=feed_id,
            generator_version=self._options.generator_version,
            tombstones=stones,
            extras=extras_of(self._store, shown),
        )

    def _asked(self) -> str:
        """What the operator asked for: a publication that is asked for something else may lose what it likes."""
        sources = sorted(record.source.url for record in self._planet.records)
        chosen = self._publication
        return digest(
            chosen.path, chosen.tags, chosen.select, chosen.limit, chosen.profile, sources, self._options.deny
        )  # fmt: skip

    def _verdict(self, shown: Sequence[StoredEntry], gone: dict[int, tuple[str, datetime]]) -> str:
        if self.ledger.notes.get("asked") != self._asked():
            return ""
        age = self._publication.select.max_age
        oldest = None if age is None else int((self._planet.now - age).timestamp())
        retracted = {short(identity) for identity, _ in gone.values()}
        before = self.ledger.notes.get("shown", [])
        return judge(self._publication, before, shown, retracted=retracted, oldest=oldest)

    # --- retraction

    def _gone(self) -> dict[int, tuple[str, datetime]]:
        """The rows that were taken down, with their id and when."""
        return {row.row: (row.id, row.at) for row in self._store.retractions()}

    def _stones(self, gone: dict[int, tuple[str, datetime]]) -> list[Tombstone]:
        """Tombstones for what this publication has shown: remembered, as the store lets them go one day."""
        from feedmill.publish.retraction import MOST_STONES

        notes = self.ledger.notes
        known: dict[str, int] = dict(notes.get("stones", []))
        if gone:
            from feedmill.publish.archive import archived_rows

            before = {name for name, _ in notes.get("shown", [])}
            archived = archived_rows(self.ledger)
            for row, (identity, at) in gone.items():
                if identity not in known and (row in archived or short(identity) in before):
                    known[identity] = int(at.timestamp())
        stones = sorted(known.items(), key=lambda stone: (-stone[1], stone[0]))[:MOST_STONES]
        notes["stones"] = [list(stone) for stone in stones]
        return [Tombstone(id=identity, at=datetime.fromtimestamp(at, UTC)) for identity, at in stones]

    # --- what needs all entries in outline

    def _lines(self, shown: Sequence[StoredEntry]) -> list[Line] | None:
        publication = self._publication
        if not (publication.archive or publication.search or publication.source_feeds or publication.tag_feeds):
            return None
        tags = sorted({tag for record in self._planet.records for tag in record.source.tags})
        wanted = [*publication.tags, *(tags if publication.tag_feeds else [])]
        self._tagged = self._store.tagged(wanted) if wanted else {}
        lines = belonging(publication, self._planet, self._store.outline(), tagged=self._tagged)
        lines.sort(key=attrgetter("sort_at", "row"), reverse=True)
        self._here = {stored.row for stored in shown}
        if asks_of_contents(publication, self._planet) and not publication.archive:
            return [line for line in lines if line.row in self._here]
        return lines

    def _shown_lines(self, lines: list[Line]) -> list[Line]:
        """The lines that the pages of the past may show: where only contents tell, those that were looked at."""
        if not asks_of_contents(self._publication, self._planet):
            return lines
        from feedmill.publish.archive import archived_rows

        known = archived_rows(self.ledger) | self._here
        return [line for line in lines if line.row in known]

    def _with_archives(
        self,
        edition: Edition,
        lines: list[Line] | None,
        shown: Sequence[StoredEntry],
        gone: dict[int, tuple[str, datetime]],
    ) -> Edition:
        publication = self._publication
        if not publication.archive or lines is None or "atom" not in publication.formats:
            return edition
        from feedmill.publish.archive import Archives

        ledger = self.ledger
        archives = Archives(
            self._store,
            publication,
            self._planet,
            ledger,
            feed_id=edition.id,
            version=self._options.generator_version,
        )
        retracted = {row: at for row, (_, at) in gone.items()}
        denied = digest(self._options.deny)
        if ledger.notes.get("denied", digest(())) != denied:
            retracted |= archives.denied(self._planet.now)
            ledger.notes["denied"] = denied
        if retracted:
            archives.retract(retracted, lambda name: read(self._options.output, name))
        closing = archives.close(lines, shown)
        self._problems.extend(closing.problems)
        ledger.flush()
        return replace(edition, prev_archive=closing.newest)

    def _around(self, made: list[Branch], lines: list[Line] | None) -> Around:
        publication = self._publication
        page = "html" in publication.formats
        counted = {line.source for line in lines or ()}
        kept = [branch for branch in made if branch.record is None or branch.record.row in counted]
        sources, tags = places(kept if page else [])
        return Around(
            archive=publication.archive and page,
            search=publication.search and page and not publication.path,  # the policy allows its script at the root
            sources=sources or None,
            tags=tags or None,
            readers=self._options.readers,
        )

    # --- branches

    def _branches(self, made: list[Branch], lines: list[Line] | None, parent: Edition) -> None:
        if not made or lines is None:
            return
        by_source: dict[int, list[Line]] = {}
        for line in lines:
            by_source.setdefault(line.source, []).append(line)
        common = digest(works(), self._publication, parent.around, parent.generator_version)
        for branch in made:
            if branch.record is not None:
                own = by_source.get(branch.record.row, [])
            else:
                own = self._newest_of_tag(branch.key, by_source, lines)
            names = {
                kind: place(self._publication, f"{branch.place}/{FILES[kind]}")
                for kind in formats_of(self._publication)
            }
            if own or any(name in self.ledger.files for name in names.values()):
                self._branch(branch, own, parent, names, common)
            if self.ledger.full:
                self.ledger.flush()
        if parent.around.sources:
            self._source_list(by_source, parent)

    def _newest_of_tag(self, tag: str, by_source: Mapping[int, list[Line]], lines: Sequence[Line]) -> list[Line]:
        """As many of the newest lines as a branch looks at: of the sources with that tag, and the entries with it."""
        found: dict[int, Line] = {}
        for record in self._planet.records:
            if any(each.strip().casefold() == tag for each in record.source.tags):
                found.update((line.row, line) for line in by_source.get(record.row, [])[:MOST_OF_BRANCH])
        rows = self._tagged.get(tag, set())
        categorized = (line for line in lines if line.row in rows)
        found.update((line.row, line) for line in islice(categorized, MOST_OF_BRANCH))
        return sorted(found.values(), key=attrgetter("sort_at", "row"), reverse=True)[:MOST_OF_BRANCH]

    def _branch(
        self, branch: Branch, lines: list[Line], parent: Edition, names: Mapping[str, str], common: str
    ) -> None:
        """`lines`: all of the branch, the newest first; `common`: the digest of what all branches share."""
        asked = lines[:MOST_OF_BRANCH]
        weeks = tuple(rhythm(line.sort_at for line in lines)[0]) if branch.record else ()
        about = [_about(record) for record in self._records_of(branch, asked)]
        rows = [(line.row, line.fingerprint) for line in asked]
        key = digest(common, branch.kind, branch.tag, branch.feed_id, rows, about, weeks)
        stale = [kind for kind, name in names.items() if not self.ledger.fresh(name, key)]
        if not stale:
            return
        publication = publication_of(branch, self._publication)
        shown = select(self._store.pick([line.row for line in asked]), limit=publication.limit)
        edition = aggregate(
            publication,
            shown,
            self._planet.records,
            feed_id=branch.feed_id,
            generator_version=parent.generator_version,
            extras=extras_of(self._store, shown),
        )
        around = replace(
            parent.around, up="../../", home=parent.title, archive=False, search=False, rhythm=weeks, kind=branch.kind
        )
        edition = replace(edition, assets="../../", around=around)
        self._problems.extend(render(edition, self._options.output, self.ledger, key=key))

    def _records_of(self, branch: Branch, lines: Sequence[Line]) -> list[SourceRecord]:
        if branch.record is not None:
            return [branch.record]
        rows = {line.source for line in lines}
        return [record for record in self._planet.records if record.row in rows]

    def _source_list(self, by_source: dict[int, list[Line]], parent: Edition) -> None:
        from feedmill.publish.page import render_sources

        counts = {record.source.url: len(by_source.get(record.row, ())) for record in self._planet.records}
        edition = replace(parent, around=replace(parent.around, up="../"))
        # Counts are told in steps, so that a post does not move a page of all sources.
        shown = {url: count for url, count in counts.items() if count}
        key = digest(works(), parent.title, sorted(shown.items()), list(map(_about, self._planet.records)))
        target = place(self._publication, "source/index.html")
        self._problems.extend(put_page(self.ledger, target, key, lambda: render_sources(edition, counts)))


def _about(record: SourceRecord) -> object:
    """What its entries and pages say of a source."""
    return record.source, record.channel.about
