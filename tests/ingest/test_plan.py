"""What one look at a source changes, decided on paper."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from feedmill.feeds.entry import Entry, Note
from feedmill.feeds.outcome import (
    Failure,
    FailureKind,
    Fetched,
    Freshness,
    Gone,
    Move,
    NotModified,
    RawDocument,
    Validators,
)
from feedmill.feeds.source import Channel, SourceState, Standing
from feedmill.feeds.update import FILTERED, EntryUpdate, KnownEntry
from feedmill.ingest import plan
from feedmill.ingest.guids import Identified
from feedmill.ingest.options import ScheduleOptions
from feedmill.ingest.parsed import ParsedEntry
from feedmill.ingest.takeover import Alarm

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
URL = "https://blog.example/feed.xml"
NEW_URL = "https://new.example/feed.xml"
MOMENT = plan.Moment(now=NOW, options=ScheduleOptions(), chance=0.5)
CHANNEL = Channel()
OLD = Validators(etag='"old"', issued_by=URL)


def later(**gap: float) -> plan.Moment:
    return replace(MOMENT, now=NOW + timedelta(**gap))


def item(guid: str, raw_hash: str = "h") -> Identified:
    return Identified(parsed=ParsedEntry(), guid=guid, raw="{}", raw_hash=raw_hash)


def known(guid: str, row: int = 1, **rest: object) -> KnownEntry:
    return KnownEntry(**{"guid": guid, "row": row, "raw_hash": "h", **rest})  # type: ignore[arg-type]


def update(entry: Entry, *, of: KnownEntry | None = None, fingerprint: str = "f", **rest: object) -> EntryUpdate:
    return EntryUpdate(
        entry=entry,
        raw="{}",
        raw_hash="h2",
        fingerprint=fingerprint,
        recipe="r",
        known=of,
        **rest,  # type: ignore[arg-type]
    )


def fetched(**rest: object) -> Fetched:
    document = RawDocument(body=b"<rss/>", url=URL, body_hash="b2")
    return Fetched(**{"document": document, "validators": Validators(etag='"new"', issued_by=URL), **rest})  # type: ignore[arg-type]


class TestUnseen:
    def test_new_and_changed_entries_are_worth_work_known_ones_and_tombstones_are_not(self) -> None:
        memory = {"same": known("same", 1), "edited": known("edited", 2), "pruned": known("", 0, pruned=True)}

        fresh = plan.unseen([item("same"), item("edited", "h9"), item("pruned", "h9"), item("new")], memory)

        assert [found.guid for found in fresh] == ["edited", "new"]

    def test_an_entry_under_its_old_and_its_new_guid_is_read_once(self) -> None:
        memory = {"new-name": known("old-name", 1), "old-name": known("old-name", 1)}

        fresh = plan.unseen([item("new-name", "x"), item("old-name", "y")], memory)

        assert [found.guid for found in fresh] == ["old-name"]

    def test_of_two_other_names_the_first_in_the_document_speaks(self) -> None:
        memory = {"a": known("older", 1), "b": known("older", 1), "gone": known("", 0, pruned=True)}

        fresh = plan.unseen([item("gone"), item("a", "x"), item("b", "y")], memory)

        assert [found.guid for found in fresh] == ["a"]


class TestUpdates:
    entry = Entry(id="urn:x:1", guid="1", title="T", published=NOW, updated=NOW)

    def test_the_undated_are_told_by_their_note(self) -> None:
        note = Note(step="dates", field="published", detail="not dated: taken from first seen")

        assert plan.is_undated(replace(self.entry, notes=(note,)))
        assert not plan.is_undated(self.entry)

    @pytest.mark.parametrize(
        ("first", "given", "kept"),
        [
            (None, NOW, NOW),
            (NOW, NOW + timedelta(days=1), NOW),
            (NOW, NOW - timedelta(days=1), NOW - timedelta(days=1)),
            (NOW, None, NOW),
        ],
    )
    def test_a_known_entry_keeps_its_first_date_unless_an_earlier_one_is_given(
        self, first: datetime | None, given: datetime | None, kept: datetime
    ) -> None:
        of = known("1", published=first)

        dated = plan.keep_date(update(replace(self.entry, published=given), of=of))

        assert dated.entry.published == kept

    def test_a_new_entry_has_no_first_date(self) -> None:
        fresh = update(self.entry)

        assert plan.keep_date(fresh) is fresh

    def test_unrevised_entries_keep_their_date_of_change(self) -> None:
        before = NOW - timedelta(days=9)
        same = update(self.entry, of=known("1", fingerprint="f", updated=before))
        edited = update(self.entry, of=known("2", 2, fingerprint="other", updated=before))

        new, changed = plan.sort_updates([update(self.entry), same, edited])

        assert len(new) == 1
        assert [(one.revised, one.entry.updated) for one in changed] == [(False, before), (True, NOW)]

    def test_only_entries_that_nothing_holds_back_are_news(self) -> None:
        held = [update(self.entry, held_reason=reason) for reason in (None, f"{FILTERED}x", "a burst")]

        assert plan.count_news(held) == 2


class TestSuccess:
    def test_a_304_confirms_and_clears(self) -> None:
        failing = SourceState(standing=Standing.FAILING, failures=3, failure=FailureKind.TIMEOUT, failing_since=NOW)

        state = plan.settle_not_modified(URL, failing, CHANNEL, NotModified(validators=OLD), MOMENT)

        assert (state.standing, state.failures, state.failure, state.validators) == (Standing.ACTIVE, 0, None, OLD)
        assert state.last_success == NOW
        assert state.next_fetch is not None
        assert state.next_fetch > NOW

    def test_a_document_replaces_validators_and_hash_as_a_set(self) -> None:
        state = plan.settle_fetched(URL, SourceState(validators=OLD, body_hash="b1"), CHANNEL, fetched(), MOMENT)

        assert state.validators == Validators(etag='"new"', issued_by=URL)
        assert (state.body_hash, state.last_full) == ("b2", NOW)

    @pytest.mark.parametrize("standing", [Standing.HELD, Standing.PAUSED])
    def test_held_and_paused_outlast_a_success(self, standing: Standing) -> None:
        state = plan.settle_not_modified(
            URL, SourceState(standing=standing), CHANNEL, NotModified(validators=OLD), MOMENT
        )

        assert state.standing is standing

    def test_an_alarm_holds_the_source_and_its_end_lets_go(self) -> None:
        alarm = Alarm(held_as="burst", reason="forty old entries at once")

        held = plan.settle_alarm(SourceState(detail="moved"), alarm)
        free = plan.lift_alarm(held)

        assert (held.standing, held.held_reason) == (Standing.HELD, alarm.reason)
        assert held.detail == "moved; forty old entries at once"
        assert (free.standing, free.held_as, free.held_reason) == (Standing.ACTIVE, None, None)


class TestMoves:
    move = Move(permanent_url=NEW_URL)

    def look(self, state: SourceState, moment: plan.Moment) -> SourceState:
        return plan.settle_fetched(URL, state, CHANNEL, fetched(move=self.move), moment)

    def test_a_move_is_adopted_after_three_looks_over_a_week(self) -> None:
        first = self.look(SourceState(), MOMENT)
        second = self.look(first, later(days=1))
        third = self.look(second, later(days=8))

        assert (first.moved_to, first.moved_count, first.adopted) == (NEW_URL, 1, None)
        assert (second.moved_count, second.adopted) == (2, None)
        assert third.adopted == NEW_URL
        assert NEW_URL in third.reason
        assert plan.news_of_move(second, third, URL).startswith("moved for good")
        assert plan.news_of_move(third, third, URL) == ""

    def test_no_redirect_forgets_the_move_but_not_an_adopted_one(self) -> None:
        tracked = plan.settle_fetched(URL, self.look(SourceState(), MOMENT), CHANNEL, fetched(), later(hours=1))
        adopted = SourceState(adopted=NEW_URL, moved_to=NEW_URL, moved_since=NOW, moved_count=3)
        kept = plan.settle_fetched(URL, adopted, CHANNEL, fetched(), MOMENT)

        assert (tracked.moved_to, tracked.moved_count) == (None, 0)
        assert kept.adopted == NEW_URL

    def test_an_adopted_address_that_keeps_failing_is_given_up(self) -> None:
        adopted = SourceState(adopted=NEW_URL, moved_to=NEW_URL, moved_count=3, failures=2)

        state = plan.settle_failure(adopted, CHANNEL, Failure(kind=FailureKind.TIMEOUT, detail="slow"), MOMENT)

        assert (state.adopted, state.moved_to) == (None, None)
        assert "as configured" in plan.news_of_move(adopted, state, URL)

    def test_a_dead_address_with_a_tracked_move_is_left_for_it(self) -> None:
        tracked = SourceState(moved_to=NEW_URL, moved_since=NOW, moved_count=1)
        failure = Failure(kind=FailureKind.HTTP_4XX, detail="404", status=404)

        assert plan.settle_failure(tracked, CHANNEL, failure, MOMENT).adopted == NEW_URL

    def test_a_redirect_to_a_source_we_have_is_merged_and_then_left_alone(self) -> None:
        first = plan.settle_merged(URL, SourceState(), CHANNEL, fetched(move=self.move), MOMENT)
        second = plan.settle_merged(URL, first, CHANNEL, fetched(move=self.move), later(days=4))
        third = plan.settle_merged(URL, second, CHANNEL, fetched(move=self.move), later(days=8))

        assert (first.standing, third.standing) == (Standing.ACTIVE, Standing.PAUSED)
        assert "merged into" in third.reason
        assert plan.settle_fetched(URL, third, CHANNEL, fetched(), later(days=9)).standing is Standing.ACTIVE


class TestFailure:
    def test_what_we_have_stays_and_the_next_look_backs_off(self) -> None:
        before = SourceState(validators=OLD, body_hash="b1", standing=Standing.ACTIVE)
        failure = Failure(kind=FailureKind.HTTP_5XX, detail="503", status=503, retry_after=timedelta(minutes=90))

        state = plan.settle_failure(before, CHANNEL, failure, MOMENT)

        assert (state.validators, state.body_hash) == (OLD, "b1")
        assert (state.standing, state.failures, state.failing_since) == (Standing.FAILING, 1, NOW)
        assert state.hold_until == NOW + timedelta(minutes=90)
        assert state.next_fetch is not None
        assert state.next_fetch >= state.hold_until

    def test_check_043_a_226_without_im_drops_the_validators(self) -> None:
        failure = Failure(kind=FailureKind.UNPARSABLE, detail="226", status=226)

        state = plan.settle_failure(SourceState(validators=OLD), CHANNEL, failure, MOMENT)

        assert state.validators == Validators()

    def test_check_080_gone_is_believed_when_said_three_times_over_two_days(self) -> None:
        first = plan.settle_gone(SourceState(failures=5, last_status=500), CHANNEL, Gone(), MOMENT)
        second = plan.settle_gone(first, CHANNEL, Gone(), later(hours=24))
        third = plan.settle_gone(second, CHANNEL, Gone(), later(hours=49))

        assert (first.failures, first.standing) == (1, Standing.FAILING)
        assert second.standing is Standing.FAILING
        assert third.standing is Standing.GONE

    def test_check_082_our_own_outage_counts_against_nobody(self) -> None:
        state = plan.settle_outage(SourceState(failures=2), MOMENT)

        assert state.failures == 2
        assert state.next_fetch is not None
        assert NOW < state.next_fetch <= NOW + timedelta(minutes=20)


class TestClock:
    def test_check_067_a_clock_set_back_counts_the_interval_from_now(self) -> None:
        ahead = SourceState(last_attempt=NOW + timedelta(days=1), next_fetch=NOW + timedelta(days=1, hours=2))

        assert plan.is_ahead(ahead, NOW)
        assert not plan.is_ahead(SourceState(last_attempt=NOW), NOW)
        assert not plan.is_ahead(replace(ahead, standing=Standing.GONE), NOW)
        assert plan.settle_clock(ahead, NOW).next_fetch == NOW + timedelta(hours=2)
        assert plan.settle_clock(SourceState(), NOW).next_fetch == NOW

    def test_freshness_of_a_304_is_a_floor(self) -> None:
        outcome = NotModified(validators=OLD, freshness=Freshness(max_age=timedelta(hours=20)))

        state = plan.settle_not_modified(URL, SourceState(), CHANNEL, outcome, MOMENT)

        assert state.next_fetch is not None
        assert state.next_fetch >= NOW + timedelta(hours=20)
