"""What a monitor can count: Prometheus text at /metrics.

In:  the reports of each tick, the store's counts, the server's counters.
Out: `Meters.text()`.
Never: a metric per source (500 strangers' URLs as labels help nobody and cost memory), a URL or a title.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from feedmill.feeds.outcome import FailureKind
from feedmill.feeds.source import SourceRecord, Standing
from feedmill.ingest.report import FAILED, FETCHED, GONE, NOT_MODIFIED, PUSHED, SourceReport, SyncSummary

OUTCOMES = (FETCHED, NOT_MODIFIED, GONE, FAILED)
TICK_BUCKETS = (0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 900)


class Meters:
    """One registry for one daemon. Every label that can occur stands at 0 from the start, so that rates are right."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._sources = Gauge("feedmill_sources", "Sources by state.", ["state"], registry=self.registry)
        self._entries = Gauge("feedmill_entries", "Entries in the store.", registry=self.registry)
        self._fetches = Counter("feedmill_fetches", "Looks at a source.", ["outcome"], registry=self.registry)
        self._failures = Counter("feedmill_fetch_failures", "Failed looks.", ["kind"], registry=self.registry)
        self._pushes = Counter("feedmill_pushes", "Documents that hubs brought.", registry=self.registry)
        self._found = Counter("feedmill_entries_found", "Entries that came.", ["news"], registry=self.registry)
        self._files = Counter("feedmill_files_published", "Output files written.", registry=self.registry)
        self._ticks = Counter("feedmill_ticks", "Ticks.", ["result"], registry=self.registry)
        self._tick_seconds = Histogram(
            "feedmill_tick_seconds", "Duration of a tick.", buckets=TICK_BUCKETS, registry=self.registry
        )
        self._last_tick = Gauge(
            "feedmill_last_tick_timestamp_seconds", "End of the last good tick, epoch seconds.", registry=self.registry
        )
        ProcessCollector(registry=self.registry)
        for family, labels in (
            (self._sources, Standing),
            (self._fetches, OUTCOMES),
            (self._failures, FailureKind),
            (self._found, ("new", "changed")),
            (self._ticks, ("ok", "failed")),
        ):
            for label in labels:
                family.labels(str(label))

    def report(self, report: SourceReport) -> None:
        """Count one look at one source; those that were not due are not looked at."""
        if report.outcome == PUSHED:
            self._pushes.inc()
        elif report.outcome in OUTCOMES:
            self._fetches.labels(report.outcome).inc()
        else:
            return
        if report.failure is not None:
            self._failures.labels(str(report.failure)).inc()
        self._found.labels("new").inc(report.new)
        self._found.labels("changed").inc(report.changed)

    def tick(self, summary: SyncSummary, *, seconds: float, at: datetime) -> None:
        """A tick went well."""
        self._ticks.labels("ok").inc()
        self._tick_seconds.observe(seconds)
        self._last_tick.set(at.timestamp())
        self._files.inc(summary.published)

    def failed_tick(self) -> None:
        """A tick ended in an error."""
        self._ticks.labels("failed").inc()

    def stock(self, records: Iterable[SourceRecord], *, entries: int) -> None:
        """What the store holds."""
        states = Tally(str(record.state.standing) for record in records)
        for state in Standing:
            self._sources.labels(str(state)).set(states[str(state)])
        self._entries.set(entries)

    def watch_server(self, served: Mapping[int, int], connections: Callable[[], int]) -> None:
        """Show the server's own counters; they are plain numbers there, because a request must not wait for a lock."""
        self.registry.register(_ServerCollector(served, connections))

    def text(self) -> bytes:
        """The exposition format, version 0.0.4."""
        return generate_latest(self.registry)


class _ServerCollector(Collector):
    def __init__(self, served: Mapping[int, int], connections: Callable[[], int]) -> None:
        self._served = served
        self._connections = connections

    def collect(self) -> Iterable[Metric]:
        responses = CounterMetricFamily("feedmill_http_responses", "HTTP answers by status.", labels=["status"])
        for status, count in sorted(dict(self._served).items()):
            responses.add_metric([str(status)], count)
        yield responses
        yield GaugeMetricFamily("feedmill_http_connections", "Clients connected now.", value=self._connections())
