"""The branches of a publication, brought up to date: a feed and page for each source and tag, and the list of sources.

In:  the branches, the lines of what the publication may show (newest first), its edition, the ledger.
Out: files put into the ledger; what went wrong, as sentences.
Never: reads an entry's content, unless something in its branch changed; takes away a branch that was made once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from operator import attrgetter
from pathlib import Path

from feedmill.feeds.entry import StoredEntry
from feedmill.feeds.source import SourceRecord
from feedmill.publish.aggregate import FILES, Edition, aggregate
from feedmill.publish.branches import LIMIT, Branch, formats_of, publication_of, rhythm
from feedmill.publish.frame import frame_key
from feedmill.publish.gather import Line, Memory, Planet, extras_of, in_time, outline_key
from feedmill.publish.ledger import Ledger, digest
from feedmill.publish.past import put_page
from feedmill.publish.render import place, render, works
from feedmill.publish.select import select
from feedmill.publish.weight import within

MOST_OF_BRANCH = LIMIT + 10  # lines of a branch that are looked at: a few may be of one id
_LOOKED_THROUGH = 40 * MOST_OF_BRANCH  # newest lines in which most tags have all that their branch shows
_SORT_AT = attrgetter("sort_at")


class Branching:
    """See the module. Made anew for each publication and each edition; `lines` may be empty.

    `copies`: rows of entries that stand elsewhere too and were merged: each source has its own, a tag has it once.
    """

    def __init__(
        self,
        store: Memory,
        planet: Planet,
        ledger: Ledger,
        output: Path,
        lines: Sequence[Line],
        copies: Collection[int] = (),
    ) -> None:
        self._store = store
        self._planet = planet
        self._ledger = ledger
        self._output = output
        self._lines = lines
        self._copies = copies
        self._by_url = {record.source.url: record for record in planet.records}
        self.by_source: dict[int, list[Line]] = {}
        for line in lines:
            self.by_source.setdefault(line.source, []).append(line)

    def put(self, made: Sequence[Branch], parent: Edition) -> Iterator[str]:
        """Each branch that changed, then the page that lists the sources."""
        publication = parent.publication
        kinds = formats_of(publication)
        of_tags = self._of_tags([branch.key for branch in made if branch.record is None])
        common = digest(works(), publication, parent.around, parent.generator_version, parent.hubs)
        for branch in made:
            own = self.by_source.get(branch.record.row, []) if branch.record is not None else of_tags[branch.key]
            names = {kind: place(publication, f"{branch.place}/{FILES[kind]}") for kind in kinds}
            if own or any(name in self._ledger.files for name in names.values()):
                yield from self._branch(branch, own, parent, names, common)
            if self._ledger.full:
                self._ledger.flush()
        if parent.around.sources:
            yield from self._source_list(parent)

    # --- tags

    def _of_tags(self, tags: Sequence[str]) -> dict[str, list[Line]]:
        """For each tag as many of its newest lines as a branch looks at: of the sources with that tag, and the entries
        with it. All entries with a tag are asked for only where the newest entries have too few."""
        if not tags:
            return {}
        near = self._lines[:_LOOKED_THROUGH]
        made = self._newest_of(tags, near)
        rare = [tag for tag in tags if len(made[tag]) < MOST_OF_BRANCH]
        if rare and len(self._lines) > len(near):
            made |= self._all_of(rare)
        return made

    def _newest_of(self, tags: Sequence[str], near: Sequence[Line]) -> dict[str, list[Line]]:
        made: dict[str, list[Line]] = {tag: [] for tag in tags}
        of_source = _turned(self._sources_of(tags), tags)
        of_entry = _turned(self._store.tagged(tags, near[-1].sort_at) if near else {}, tags)
        nothing: set[str] = set()
        for line in near:
            if line.row not in self._copies:
                for tag in of_source.get(line.source, nothing) | of_entry.get(line.row, nothing):
                    made[tag].append(line)
        return {tag: own[:MOST_OF_BRANCH] for tag, own in made.items()}

    def _all_of(self, tags: Sequence[str]) -> dict[str, list[Line]]:
        by_row = {line.row: line for line in self._lines if line.row not in self._copies}
        sources, entries = self._sources_of(tags), self._store.tagged(tags)
        made, nothing = {}, frozenset[int]()
        for tag in tags:
            rows = entries.get(tag, nothing).union(
                *({line.row for line in self.by_source.get(row, ())} for row in sources[tag])
            )
            own = [by_row[row] for row in rows if row in by_row]
            made[tag] = sorted(own, key=in_time, reverse=True)[:MOST_OF_BRANCH]
        return made

    def _sources_of(self, tags: Sequence[str]) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {tag: [] for tag in tags}
        for record in self._planet.records:
            for tag in {each.strip().casefold() for each in record.source.tags}:
                if tag in found:
                    found[tag].append(record.row)
        return found

    # --- a branch

    def _branch(
        self, branch: Branch, lines: Sequence[Line], parent: Edition, names: Mapping[str, str], common: str
    ) -> Iterable[str]:
        """`lines`: all of the branch, the newest first; `common`: the digest of what all branches share."""
        asked = lines[:MOST_OF_BRANCH]
        weeks = tuple(rhythm(map(_SORT_AT, lines))[0]) if branch.record else ()
        about = [self._planet.about[row] for row in self._sources_in(branch, asked)]
        key = digest(common, branch.kind, branch.tag, branch.feed_id, outline_key(asked), about, weeks)
        if not [kind for kind, name in names.items() if not self._ledger.fresh(name, key)]:
            return ()
        publication = publication_of(branch, parent.publication)
        shown = select(self._store.pick([line.row for line in asked]), limit=publication.limit)
        shown = shown[: within(shown, parent.publication)]
        edition = aggregate(
            publication,
            shown,
            self._records_of(branch, shown),
            feed_id=branch.feed_id,
            generator_version=parent.generator_version,
            extras=extras_of(self._store, shown),
        )
        around = replace(
            parent.around, up="../../", home=parent.title, language=parent.language, rhythm=weeks, kind=branch.kind
        )
        edition = replace(edition, assets="../../", around=around, hubs=parent.hubs)
        return render(edition, self._output, self._ledger, key=key)

    def _records_of(self, branch: Branch, shown: Sequence[StoredEntry]) -> Sequence[SourceRecord]:
        """Those that the branch tells of: a planet of a thousand sources has a thousand branches of one."""
        if branch.record is None:
            return self._planet.records
        urls = {url for stored in shown for url in (stored.source_url, *stored.also_in)} - {branch.record.source.url}
        return [branch.record, *(self._by_url[url] for url in sorted(urls) if url in self._by_url)]

    def _sources_in(self, branch: Branch, lines: Sequence[Line]) -> Sequence[int]:
        if branch.record is not None:
            return [branch.record.row]
        rows = {line.source for line in lines}
        return [record.row for record in self._planet.records if record.row in rows]

    def _source_list(self, parent: Edition) -> Iterator[str]:
        counts = {record.source.url: len(self.by_source.get(record.row, ())) for record in self._planet.records}
        edition = replace(parent, around=replace(parent.around, up="../"))
        urls = {record.row: record.source.url for record in self._planet.records}
        newest = {
            urls[row]: datetime.fromtimestamp(own[0].sort_at, UTC) for row, own in self.by_source.items() if row in urls
        }
        key = digest(
            works(), frame_key(parent), parent.around, sorted((url, count) for url, count in counts.items() if count),
            sorted((url, at.date()) for url, at in newest.items()), list(self._planet.about.values()),
        )  # fmt: skip
        target = place(parent.publication, "source/index.html")
        yield from put_page(self._ledger, target, key, lambda: _sources_page(edition, counts, newest))


def _turned(rows: Mapping[str, Iterable[int]], tags: Sequence[str]) -> dict[int, set[str]]:
    """Tags by row, of rows by tag."""
    found: dict[int, set[str]] = {}
    for tag in tags:
        for row in rows.get(tag, ()):
            found.setdefault(row, set()).add(tag)
    return found


def _sources_page(edition: Edition, counts: Mapping[str, int], newest: Mapping[str, datetime]) -> bytes:
    from feedmill.publish.page import render_sources

    return render_sources(edition, counts, newest)
