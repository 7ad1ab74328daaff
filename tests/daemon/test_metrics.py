"""The numbers at /metrics, read back with the library's own parser."""

from __future__ import annotations

from datetime import UTC, datetime

from prometheus_client.parser import text_string_to_metric_families

from feedmill.feeds.outcome import FailureKind
from feedmill.feeds.source import Source, SourceRecord, SourceState, Standing
from feedmill.ingest.report import SourceReport, SyncSummary
from feedmill.metrics import Meters


def samples(meters: Meters) -> dict[str, float]:
    """`name{label}` -> value."""
    return {
        sample.name + "".join(f"{{{value}}}" for value in sample.labels.values()): sample.value
        for family in text_string_to_metric_families(meters.text().decode())
        for sample in family.samples
    }


def test_every_label_stands_at_zero_from_the_start() -> None:
    """A rate needs a first value."""
    found = samples(Meters())

    assert found["feedmill_fetches_total{failed}"] == 0
    assert found["feedmill_fetch_failures_total{rate_limited}"] == 0
    assert found["feedmill_sources{held}"] == 0
    assert found["feedmill_ticks_total{ok}"] == 0


def test_a_tick_is_counted() -> None:
    """Looks by outcome and failure, news, duration, time."""
    meters = Meters()
    meters.report(SourceReport(source="a", outcome="fetched", new=3, changed=1))
    meters.report(SourceReport(source="b", outcome="failed", failure=FailureKind.DNS))
    meters.report(SourceReport(source="c", outcome="skipped"))
    meters.tick(SyncSummary(published=5), seconds=2.0, at=datetime(2026, 1, 1, tzinfo=UTC))
    meters.failed_tick()
    found = samples(meters)

    assert found["feedmill_fetches_total{fetched}"] == 1
    assert found["feedmill_fetches_total{failed}"] == 1
    assert found["feedmill_fetch_failures_total{dns}"] == 1
    assert found["feedmill_entries_found_total{new}"] == 3
    assert found["feedmill_entries_found_total{changed}"] == 1
    assert found["feedmill_files_published_total"] == 5
    assert found["feedmill_ticks_total{ok}"] == found["feedmill_ticks_total{failed}"] == 1
    assert found["feedmill_tick_seconds_sum"] == 2
    assert found["feedmill_last_tick_timestamp_seconds"] == 1_767_225_600


def test_stock_counts_sources_by_state() -> None:
    """A state that nobody is in any more goes back to 0."""
    meters = Meters()
    for standing in (Standing.ACTIVE, Standing.GONE):
        record = SourceRecord(row=1, source=Source(url="x"), state=SourceState(standing=standing))
        meters.stock([record], entries=9)
    found = samples(meters)

    assert (found["feedmill_sources{active}"], found["feedmill_sources{gone}"], found["feedmill_entries"]) == (0, 1, 9)


def test_the_servers_numbers_are_read_when_asked_for() -> None:
    """By status, and the connections of this moment."""
    meters = Meters()
    served = {200: 4}
    meters.watch_server(served, lambda: 2)
    served[304] = 9
    found = samples(meters)

    assert found["feedmill_http_responses_total{200}"] == 4
    assert found["feedmill_http_responses_total{304}"] == 9
    assert found["feedmill_http_connections"] == 2
