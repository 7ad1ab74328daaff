"""Wires the rooms into one mill: the only place that knows them all.

In:  `Settings`.
Out: `Mill`, with a method for each thing that people ask of it: `sync`, `publish`, and the store for those that read.
Never: prints, parses arguments, or handles signals.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import cached_property
from hashlib import blake2b
from types import TracebackType
from typing import TYPE_CHECKING, Self

from feedmill.errands import run_errands, take_pages
from feedmill.feeds.deny import DenyList
from feedmill.feeds.errors import UsageError
from feedmill.feeds.source import NO_RULES, Source, SourceRules
from feedmill.feeds.store import Store

if TYPE_CHECKING:
    from feedmill.config.settings import Settings
    from feedmill.feeds.outcome import Fetched
    from feedmill.feeds.store_hub import HubMemory
    from feedmill.ingest.fetch import Fetcher
    from feedmill.ingest.replay import Replayed
    from feedmill.ingest.report import SourceReport, SyncSummary
    from feedmill.ingest.sync import Tick
    from feedmill.publish.edition import PublishReport
    from feedmill.publish.websub import Announcements

# Set before the first entry of a tick is committed, cleared when the edition that holds it lies in the output folder:
# a process that is killed in between leaves the next one the news that there is something to publish.
UNPUBLISHED = "unpublished"
PUBLISHED_AS = "published_as"


def utc_now() -> datetime:
    """The clock of a mill that is given none."""
    return datetime.now(UTC)


def _silent(_: SourceReport) -> None:
    """The default listener."""


class Mill:
    """One planet: its settings, its memory, its fetcher. A context manager."""

    def __init__(self, settings: Settings, *, clock: Callable[[], datetime] = utc_now) -> None:
        self.settings = settings
        self.clock = clock
        self._closing = ExitStack()
        self._fetcher: Fetcher | None = None
        self._printing = threading.Lock()  # one edition at a time
        self._ticking = False
        self.listening = False  # to hubs; then sources that they tell us of are polled slowly
        self.store = Store.open(settings.store)
        self._closing.callback(self.store.close)
        self.publishing = settings.publish
        self._reconciled: list[Source] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of sockets and the store."""
        self._closing.close()

    @property
    def fetcher(self) -> Fetcher:
        """Made when first used: reading commands never load the HTTP stack."""
        if self._fetcher is None:
            from feedmill.ingest.fetch import Fetcher

            self._fetcher = Fetcher(self.settings.fetch)
            self._closing.callback(self._fetcher.close)
        return self._fetcher

    def reconcile(self) -> None:
        """Bring the store's sources in line with the configuration and its live lists."""
        sources = list(self.settings.sources)
        if self.settings.lists:
            from feedmill.lists import listed_sources

            sources += listed_sources(self.settings, self.store, lambda: self.fetcher, clock=self.clock)
        if self.settings.deny:
            denied = DenyList(self.settings.deny)
            sources = [source for source in sources if not denied.source(source.url)]
        self.store.reconcile(sources, self.clock())
        self._reconciled = sources

    @property
    def _sources(self) -> list[Source]:
        """The configured and the listed ones, reconciled with the store when first asked for."""
        if self._reconciled is None:
            self.reconcile()
        return self._reconciled or []

    def sync(
        self,
        *,
        urls: Sequence[str] | None = None,
        force: bool = False,
        dry_run: bool = False,
        stop: threading.Event | None = None,
        on_report: Callable[[SourceReport], None] = _silent,
    ) -> SyncSummary:
        """One tick: fetch what is due, store, publish what changed. `urls` limits it to these sources."""
        from feedmill.ingest.report import Tally

        self.reconcile()
        self._refuse_strangers(urls)
        tally = Tally()
        if dry_run:
            for report in self._what_is_due(urls, force=force):
                tally.add(report)
                on_report(report)
            return tally.summary()
        tick = self._tick(stop)
        self._ticking = True
        try:
            for report in tick.run(urls=urls, force=force):
                tally.add(report)
                on_report(report)
            run_errands(self.store, tick, self._sources, owe_an_edition=self._owe_an_edition)
        finally:
            self._ticking = False
        if tally.new or tally.changed or self._owes_an_edition():
            published = self.publish()
        elif tick.visible_change:
            published = self.publish_status()
        else:
            return tally.summary()
        return tally.summary(published=len(published.written), problems=published.problems)

    def take_in(self, documents: Mapping[str, Fetched]) -> None:
        """Begin sources, by URL, with the documents that `add` fetched; the next sync publishes them."""
        self.reconcile()
        for _ in self._tick(None).take_in(documents):
            pass

    def take_pushed(self, *, stop: threading.Event, on_report: Callable[[SourceReport], None] = _silent) -> bool:
        """Store what hubs brought, publish what is new in it; whether anything was published. Beside a tick, if need
        be: an entry that was pushed does not wait for the slowest source."""
        from feedmill.ingest.sync import LEASE

        if self._reconciled is None:
            return False  # the first tick has not begun: the configuration is not in the store yet
        tick = self._tick(stop)
        sources: set[str] = set()
        news = 0
        while not stop.is_set() and (waiting := self.store.claim_pushes(self.clock(), lease=LEASE)):
            for report in tick.take_pushed(waiting):
                sources.add(report.source)
                news += report.new + report.changed
                on_report(report)
        if any(source.rules.full_text for source in self._sources if source.url in sources):
            take_pages(self.store, tick, self._sources)
        if news:
            self.publish(beside_tick=True)
        elif tick.visible_change:
            self.publish_status()
        return bool(news)

    def reclean(
        self, *, urls: Sequence[str] | None = None, every: bool = False, dry_run: bool = False
    ) -> Iterator[Replayed]:
        """Stored entries made anew from what their documents said, without fetching; written before they are handed
        out, unless `dry_run`. `every`: also those that the same recipe made. What is to be published, `publish` does.
        """
        from feedmill.ingest.replay import replay

        self.reconcile()
        self._refuse_strangers(urls)
        rules = self._rules()
        news = False
        for record in self.store.records(urls):
            for batch in replay(self.store, record, rules.get(record.source.url, NO_RULES), every=every):
                if not dry_run:
                    if not news and any(replayed.visible for replayed in batch):
                        news = True
                        self._owe_an_edition()
                    self.store.rewrite(record.row, [replayed.update for replayed in batch], self.clock())
                yield from batch

    def _rules(self) -> dict[str, SourceRules]:
        """Per source, of those that have any."""
        return {source.url: source.rules for source in self._sources if source.rules is not NO_RULES}

    def _tick(self, stop: threading.Event | None) -> Tick:
        from feedmill.ingest.sync import Tick

        hubs = None
        if self.listening and (subscriptions := self.store.subscriptions()):
            from feedmill.ingest.hub_watch import HubWatch

            hubs = HubWatch(self.store, subscriptions)
        return Tick(
            store=self.store,
            fetcher=self.fetcher,
            fetching=self.settings.fetch,
            scheduling=self.settings.schedule,
            rules=self._rules(),
            address=self.settings.address,
            clock=self.clock,
            stop=stop or threading.Event(),
            before_news=self._owe_an_edition,
            hubs=hubs,
        )

    def _owe_an_edition(self) -> None:
        self.store.set_meta(UNPUBLISHED, "1")

    def publish(self, *, check: bool = False, accept_loss: bool = False, beside_tick: bool = False) -> PublishReport:
        """Render every publication from the store; only changed bytes are written.

        `beside_tick`: what a tick in this process is storing meanwhile stays owed.
        """
        from feedmill.publish.edition import publish

        if self._reconciled is None:
            self.reconcile()
        with self._printing:
            news = self._announcements() if self.settings.serve.hubs and not check else None
            if news is not None:
                news.before(self.clock())
            if not check:
                self.store.stamp_entries()
            report = publish(self.store, self.publishing, check=check, now=self.clock(), accept_loss=accept_loss)
            if news is not None:
                news.after(report.written, self.clock())
            if not check:  # what was left out stays so until its entry changes: rendering it again would not help
                self.store.set_meta(PUBLISHED_AS, self._edition_key())
                if not (beside_tick and self._ticking):
                    self.store.set_meta(UNPUBLISHED, None)
        return report

    def announce(self, stop: threading.Event | None = None) -> list[str]:
        """Tell the hubs of others which feeds changed; what is left for later, as sentences."""
        if not self.settings.serve.hubs:
            return []
        from feedmill.announcing import announce

        return announce(self.settings, self._hub_memory, clock=self.clock, stop=stop)

    def _announcements(self) -> Announcements:
        from feedmill.publish.websub import Announcements

        return Announcements(
            self.store,
            self._hub_memory,
            hubs=self.settings.serve.hubs,
            site_url=self.settings.url,
            output=self.settings.output,
        )

    @cached_property
    def _hub_memory(self) -> HubMemory:
        from feedmill.feeds.store_hub import HubMemory

        return self._closing.enter_context(HubMemory.open(self.settings.store))

    def publish_status(self) -> PublishReport:
        """Only status.html and status.json: a source's standing moved, and no entry did."""
        from feedmill.publish.edition import publish_status

        with self._printing:
            return publish_status(self.store, self.publishing)

    def _refuse_strangers(self, urls: Sequence[str] | None) -> None:
        if not urls:
            return
        known = {record.source.url for record in self.store.records(urls)}
        for url in urls:
            if url not in known:
                raise UsageError(f"{url}: not a source of {self.settings.path}; `feedmill add {url}` makes it one")

    def _what_is_due(self, urls: Sequence[str] | None, *, force: bool) -> list[SourceReport]:
        """What `sync` would do now, without doing it."""
        from feedmill.ingest.report import SourceReport

        now = self.clock()
        out = []
        for record in self.store.records(urls):
            state = record.state
            held = state.hold_until is not None and state.hold_until > now
            due = not held and (force or state.next_fetch is None or state.next_fetch <= now)
            out.append(
                SourceReport(
                    source=record.source.url,
                    outcome="skipped",
                    next_fetch=now if due else max(filter(None, (state.next_fetch, state.hold_until)), default=now),
                    reason="due: would be fetched now" if due else state.reason,
                )
            )
        return out

    def _owes_an_edition(self) -> bool:
        """Something was stored but not published, or the settings of the output changed, or its files are gone."""
        if self.store.meta(UNPUBLISHED) or self.store.meta(PUBLISHED_AS) != self._edition_key():
            return True
        if any(publication.profile == "digest" for publication in self.publishing.publications):
            from feedmill.publish.gather import a_day_is_over

            if a_day_is_over(self.store, self.publishing.publications, self.clock()):
                return True
        return not (self.settings.output / "status.json").exists()

    def _edition_key(self) -> str:
        """What the edition depends on besides the entries."""
        text = repr((self.publishing, [(source.url, source.title, source.tags) for source in self._sources]))
        return blake2b(text.encode("utf-8", "replace"), digest_size=16).hexdigest()
