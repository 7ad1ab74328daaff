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
from feedmill.publish.gather import Line, Memory, Planet, extras_of, outline_key
from feedmill.publish.ledger import Ledger, digest
from feedmill.publish.past import put_page
from feedmill.publish.render import place, render, works
from feedmill.publish.select import select

MOST_OF_BRANCH = LIMIT + 10  # lines of a branch that are looked at: a few may be of one id
_LOOKED_THROUGH = 40 * MOST_OF_BRANCH  # newest lines in which most tags have all that their branch shows
_ORDER = attrgetter("sort_at", "row")


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
        since = near[-1].sort_at if near else 0
        found = self._categorized(self._store.tagged(tags, since), near)
        if len(self._lines) > len(near):
            rare = [tag for tag in tags if len(found[tag]) < MOST_OF_BRANCH]
            found |= self._categorized(self._store.tagged(rare), self._lines) if rare else {}
        sources = self._sources_of(tags)
        made = {}
        for tag in tags:
            own = {line for row in sources[tag] for line in self.by_source.get(row, [])[:MOST_OF_BRANCH]}
            once = [line for line in own.union(found[tag]) if line.row not in self._copies]
            made[tag] = sorted(once, key=_ORDER, reverse=True)[:MOST_OF_BRANCH]
        return made

    def _categorized(self, rows: Mapping[str, set[int]], lines: Sequence[Line]) -> dict[str, list[Line]]:
        by_row = {line.row: line for line in lines}
        return {
            tag: sorted((by_row[row] for row in of_tag if row in by_row), key=_ORDER, reverse=True)[:MOST_OF_BRANCH]
            for tag, of_tag in rows.items()
        }

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
        weeks = tuple(rhythm([line.sort_at for line in lines])[0]) if branch.record else ()
        about = [self._planet.about[row] for row in self._sources_in(branch, asked)]
        key = digest(common, branch.kind, branch.tag, branch.feed_id, outline_key(asked), about, weeks)
        if not [kind for kind, name in names.items() if not self._ledger.fresh(name, key)]:
            return ()
        publication = publication_of(branch, parent.publication)
        shown = select(self._store.pick([line.row for line in asked]), limit=publication.limit)
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
        from feedmill.publish.page import render_sources

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
        yield from put_page(self._ledger, target, key, lambda: render_sources(edition, counts, newest))
