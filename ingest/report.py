"""What one look at one source came to, as a line that people and programs read.

Out: `SourceReport` (a line of `sync --json`), `SyncSummary` (its last line). The shapes are a contract with programs.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from feedmill.feeds.outcome import FailureKind

FETCHED = "fetched"
NOT_MODIFIED = "not_modified"
SKIPPED = "skipped"
GONE = "gone"
FAILED = "failed"
PUSHED = "pushed"  # a hub brought it: nobody was asked; never in a tick's reports


def iso(moment: datetime | None) -> str | None:
    """ISO 8601 in UTC with a Z, seconds precision."""
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceReport:
    """One source in one tick."""

    source: str
    outcome: str
    status: int | None = None
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    failure: FailureKind | None = None
    detail: str = ""
    next_fetch: datetime | None = None
    reason: str = ""

    def as_json(self) -> dict[str, Any]:
        """The keys in the order of the contract."""
        return {
            "source": self.source,
            "outcome": self.outcome,
            "status": self.status,
            "new": self.new,
            "changed": self.changed,
            "unchanged": self.unchanged,
            "failure": None if self.failure is None else str(self.failure),
            "detail": self.detail or None,
            "next_fetch": iso(self.next_fetch),
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncSummary:
    """A whole tick. `failed` includes sources that answered 410; `published` counts the output files written."""

    sources: int = 0
    fetched: int = 0
    not_modified: int = 0
    skipped: int = 0
    failed: int = 0
    gone: int = 0
    new: int = 0
    changed: int = 0
    published: int = 0
    problems: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The last line of `sync --json`."""
        return {
            "summary": {
                "sources": self.sources,
                "fetched": self.fetched,
                "not_modified": self.not_modified,
                "skipped": self.skipped,
                "failed": self.failed,
                "gone": self.gone,
                "new": self.new,
                "changed": self.changed,
                "published": self.published,
            }
        }


class Tally:
    """Adds reports up."""

    def __init__(self) -> None:
        self.counts = dict.fromkeys((FETCHED, NOT_MODIFIED, SKIPPED, GONE, FAILED), 0)
        self.new = 0
        self.changed = 0

    def add(self, report: SourceReport) -> None:
        """Count one line."""
        self.counts[report.outcome] += 1
        self.new += report.new
        self.changed += report.changed

    def summary(self, *, published: int = 0, problems: tuple[str, ...] = ()) -> SyncSummary:
        """The totals so far."""
        counts = self.counts
        return SyncSummary(
            sources=sum(counts.values()),
            fetched=counts[FETCHED],
            not_modified=counts[NOT_MODIFIED],
            skipped=counts[SKIPPED],
            failed=counts[FAILED] + counts[GONE],
            gone=counts[GONE],
            new=self.new,
            changed=self.changed,
            published=published,
            problems=problems,
        )
