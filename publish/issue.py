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

from feedmill.feeds.entry import StoredEntry
from feedmill.feeds.publication import Publication
from feedmill.publish.about import named_urn
from feedmill.publish.aggregate import Edition, Tombstone, aggregate
from feedmill.publish.branches import Around, Branch, branches, places
from feedmill.publish.branching import Branching
from feedmill.publish.daily import without_extras
from feedmill.publish.deliver import read
from feedmill.publish.gate import judge, remembered, short
from feedmill.publish.gather import (
    Line,
    Memory,
    Planet,
    asks_of_contents,
    belonging,
    extras_of,
    gather,
    remember_days,
    remember_shares,
)
from feedmill.publish.icons import put_icons
from feedmill.publish.ledger import Ledger, digest
from feedmill.publish.options import PublishOptions
from feedmill.publish.past import put_past
from feedmill.publish.render import place, render
from feedmill.publish.share import Shares
from feedmill.publish.status import PublicationReport
from feedmill.publish.theme import theme_in

FOLDERS = ("source", "tag", "search", "archive", "icons")  # what lies there and is made no more is taken away


class Issue:
    """See the module. Made anew for each publication and each edition."""

    def __init__(self, store: Memory, publication: Publication, planet: Planet, options: PublishOptions) -> None:
        self._store = store
        self._publication = without_extras(publication)
        self._planet = planet
        self._options = options
        self._problems: list[str] = []
        self._here: set[int] = set()
        self.ledger = Ledger(store, publication.path, options.output, codings=options.precompress)

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
        shares = gather(self._store, publication, self._planet)
        shown = shares.shown
        gone = self._gone()
        verdict = "" if accept_loss else self._verdict(shares, gone)
        ledger.notes["held"] = verdict
        if verdict:
            self._problems.append(verdict)
            ledger.save()
            return self.report(shown)
        edition = self._edition(shown, self._stones(gone))
        self._problems.extend(edition.problems)
        edition = self._complete(edition, shares)
        lines = self._lines(shares)
        copies = self._copies(lines or (), shares)
        once = lines if lines is None or not copies else [line for line in lines if line.row not in copies]
        edition = self._with_archives(edition, once, shown, gone)
        made = branches(publication, self._planet.records, ledger.notes.setdefault("names", {}), feed_id=edition.id)
        branching = Branching(self._store, self._planet, ledger, self._options.output, lines or (), copies)
        edition = replace(edition, around=self._around(made, branching))
        if once is not None:
            self._problems.extend(branching.put(made, edition))
            self._problems.extend(put_past(self._store, self._planet, self.ledger, edition, self._shown_lines(once)))
        self._problems.extend(render(edition, self._options.output, ledger))
        ledger.notes["shown"] = remembered(shown)
        remember_shares(self._store, publication, shares)
        if publication.profile == "digest":
            remember_days(self._store, publication, self._planet.now)
        ledger.notes["asked"] = self._asked()
        ledger.flush()
        ledger.clear_away(tuple(place(publication, f"{folder}/") for folder in FOLDERS))
        ledger.save()
        return self._report(edition)

    # --- the edition itself

    def _edition(self, shown: Sequence[StoredEntry], stones: Sequence[Tombstone] = ()) -> Edition:
        publication = self._publication
        # Named by the address at its first making: a store that is rebuilt from nothing gives the same id again.
        feed_id = self._store.publication_id(publication.path, lambda: named_urn(publication.url))
        edition = aggregate(
            publication,
            shown,
            self._planet.records,
            feed_id=feed_id,
            generator_version=self._options.generator_version,
            tombstones=stones,
            extras=extras_of(self._store, shown),
        )
        return replace(edition, hubs=self._options.hubs)  # an archive has none: nobody waits for it to change

    def _complete(self, edition: Edition, shares: Shares) -> Edition:
        """A feed that was declared complete says so as long as it is (check E5)."""
        if not self._publication.complete:
            return edition
        if shares.is_all and not edition.problems:
            return replace(edition, is_complete=True)
        self._problems.append(
            "it is not complete, and does not say that it is: "
            f"its feeds hold the newest {len(edition.entries)} entries, and there are others"
        )
        return edition

    def _asked(self) -> str:
        """What the operator asked for: a publication that is asked for something else may lose what it likes."""
        sources = sorted(record.source.url for record in self._planet.records)
        chosen = self._publication
        return digest(
            chosen.path, chosen.tags, chosen.select, chosen.limit, chosen.profile, sources, self._options.deny
        )  # fmt: skip

    def _verdict(self, shares: Shares, gone: dict[int, tuple[str, datetime]]) -> str:
        if self.ledger.notes.get("asked") != self._asked():
            return ""
        age = self._publication.select.max_age
        oldest = None if age is None else int((self._planet.now - age).timestamp())
        if shares.too_much:  # the same as what newer entries push out
            oldest = max(oldest or 0, int(shares.too_much[0].sort_at.timestamp()))
        meant = {short(identity) for identity, _ in gone.values()}
        meant.update(short(stored.entry.id) for stored in shares.over)
        before = self.ledger.notes.get("shown", [])
        return judge(self._publication, before, shares.shown, retracted=meant, oldest=oldest)

    # --- retraction

    def _gone(self) -> dict[int, tuple[str, datetime]]:
        """The rows that were taken down, with their id and when."""
        return {row.row: (row.id, row.at) for row in self._store.retractions()}

    def _stones(self, gone: dict[int, tuple[str, datetime]]) -> list[Tombstone]:
        """Tombstones for what this publication has shown: remembered, as the store lets them go one day."""
        from feedmill.publish.retraction import MOST_STONES

        notes = self.ledger.notes
        known: dict[str, tuple[int, int]] = {identity: (at, row) for identity, at, row in notes.get("stones", [])}
        self._forget_returned(known, gone)
        if gone:
            from feedmill.publish.archive import archived_rows

            before = {name for name, _ in notes.get("shown", [])}
            archived = archived_rows(self.ledger)
            for row, (identity, at) in gone.items():
                if identity not in known and (row in archived or short(identity) in before):
                    known[identity] = int(at.timestamp()), row
        stones = sorted(known.items(), key=lambda stone: (-stone[1][0], stone[0]))[:MOST_STONES]
        notes["stones"] = [[identity, at, row] for identity, (at, row) in stones]
        return [Tombstone(id=identity, at=datetime.fromtimestamp(at, UTC)) for identity, (at, _) in stones]

    def _forget_returned(self, known: dict[str, tuple[int, int]], gone: Mapping[int, tuple[str, datetime]]) -> None:
        """An entry that was withdrawn at its source and is listed there again has no tombstone any more."""
        if any(row not in gone for _, row in known.values()):
            visible = {line.row for line in self._planet.outline(self._store)}
            for identity, (_, row) in list(known.items()):
                if row in visible:
                    del known[identity]

    # --- what needs all entries in outline

    def _lines(self, shares: Shares) -> Sequence[Line] | None:
        publication = self._publication
        if not (publication.archive or publication.search or publication.source_feeds or publication.tag_feeds):
            return None
        tagged = self._store.tagged(publication.tags) if publication.tags else {}
        lines = belonging(publication, self._planet, self._planet.outline(self._store), tagged=tagged)
        self._here = {stored.row for stored in shares.shown}.union(shares.followers.values())
        if asks_of_contents(publication, self._planet) and not publication.archive:
            return [line for line in lines if line.row in self._here]
        return lines

    def _copies(self, lines: Sequence[Line], shares: Shares) -> set[int]:
        """The rows of entries that the feed has shown as one with another that is still there: merged here, too."""
        known = {**dict(self.ledger.notes.get("merged", [])), **shares.followers}
        if known:
            visible = {line.row for line in lines}
            known = {row: first for row, first in known.items() if row in visible and first in visible}
        self.ledger.notes["merged"] = [list(pair) for pair in sorted(known.items())]
        return set(known)

    def _shown_lines(self, lines: Sequence[Line]) -> Sequence[Line]:
        """The lines that the pages of the past may show: where only contents tell, those that were looked at."""
        if not asks_of_contents(self._publication, self._planet):
            return lines
        from feedmill.publish.archive import archived_rows

        known = archived_rows(self.ledger)
        return [line for line in lines if line.row in known or line.row in self._here]

    def _with_archives(
        self,
        edition: Edition,
        lines: Sequence[Line] | None,
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

    def _around(self, made: list[Branch], branching: Branching) -> Around:
        publication = self._publication
        page = "html" in publication.formats
        kept = [branch for branch in made if branch.record is None or branch.record.row in branching.by_source]
        sources, tags = places(kept if page else [])
        return Around(
            archive=publication.archive and page,
            search=publication.search and page and not publication.path,  # the policy allows its script at the root
            sources=sources or None,
            tags=tags or None,
            icons=put_icons(self._store, self.ledger, publication, self._planet.records) or None,
            readers=self._options.readers,
            theme=theme_in(self._options.theme),
        )
