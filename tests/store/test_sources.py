"""Sources in the memory: the configuration's order, removal and return, what is due, leases, history, sites."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event

from feedmill.feeds.entry import Author, Origin
from feedmill.feeds.outcome import FailureKind, Validators
from feedmill.feeds.source import Channel, PostingRate, SiteState, Source, SourceState, Standing

MINUTES = timedelta(minutes=1)
LEASE = 5 * MINUTES


def urls(records):
    return [record.source.url for record in records]


def sources(*names):
    return [Source(url=f"https://{name}.example/feed") for name in names]


def claimed(store, now, **asked):
    return urls(claim.record for claim in store.claim(now, **{"limit": 10, "lease": LEASE, **asked}))


def test_records_come_in_the_order_of_the_configuration(store, hand):
    store.reconcile(sources("c", "a", "b"), hand.now)
    store.reconcile(sources("b", "new", "c", "a"), hand.now)

    assert urls(store.records()) == [f"https://{name}.example/feed" for name in ("b", "new", "c", "a")]


def test_a_source_is_read_as_it_was_written(store, hand):
    written = Source(url="https://Ünï.example/feed?x=1", title="Ada ☃", tags=("Python", "日本"))
    store.reconcile([written], hand.now)

    [record] = store.records()

    assert record.source == written
    assert record.state == SourceState()
    assert record.channel == Channel()
    assert record.entries == 0


def test_records_can_be_asked_for_by_url(store, hand):
    store.reconcile(sources("a", "b", "c"), hand.now)

    assert urls(store.records(["https://c.example/feed", "https://a.example/feed", "https://no.example/"])) == [
        "https://a.example/feed",
        "https://c.example/feed",
    ]


def test_two_spellings_of_one_address_share_a_row_under_the_first_one(store, hand):
    first = Source(url="https://Blog.example/feed", tags=("a",))
    second = Source(url="http://blog.example:80/feed#top", tags=("b", "a"))
    store.reconcile([first, second], hand.now)

    assert [record.source for record in store.records()] == [replace(first, tags=("a", "b"))]


def test_a_new_spelling_of_an_address_keeps_the_row_and_its_memory(store, hand):
    row = hand.ingest(store, "guid", url="http://blog.example/feed")
    store.reconcile([Source(url="https://blog.example/feed", title="New")], hand.now)

    [record] = store.records()

    assert (record.row, record.entries, record.title) == (row, 1, "New")


@pytest.mark.parametrize(
    "other", ["https://blog.example/feed/", "https://blog.example/Feed", "https://blog.example/feed?a"]
)
def test_what_follows_the_host_tells_sources_apart(store, hand, other):
    store.reconcile([Source(url="https://blog.example/feed"), Source(url=other)], hand.now)

    assert len(store.records()) == 2


def test_a_source_that_is_not_listed_is_hidden_and_never_due(store, hand):
    store.reconcile(sources("a", "b"), hand.now)
    store.reconcile(sources("b"), hand.now)

    assert urls(store.records()) == ["https://b.example/feed"]
    assert claimed(store, hand.now, force=True) == ["https://b.example/feed"]
    assert store.counts().sources == 1


def test_a_source_that_is_listed_again_comes_back_with_its_memory(store, hand):
    row = hand.ingest(store, "guid")
    before = store.records()
    store.reconcile([], hand.now)
    assert store.records() == []
    store.reconcile([Source(url=hand.feed)], hand.now + timedelta(days=20))

    assert store.records() == before
    assert store.known(row, ["guid"])["guid"].row


def test_an_unchanged_configuration_writes_nothing(store, hand):
    configured = [Source(url="https://a.example/", tags=("x",)), *sources("b", "c")]
    store.reconcile(configured, hand.now)
    written = []
    event.listen(store._engine, "before_cursor_execute", lambda *call: written.append(call[2]))
    store.reconcile(configured, hand.now)

    assert [text for text in written if not text.startswith("SELECT")] == []


def test_a_thousand_records_take_one_query(store, hand):
    store.reconcile([Source(url=f"https://b{number}.example/") for number in range(1000)], hand.now)
    asked = []
    event.listen(store._engine, "before_cursor_execute", lambda *call: asked.append(call[2]))
    found = store.records()

    assert len(found) == 1000
    assert len([text for text in asked if "FROM" in text]) == 1


# --- claim


def test_a_new_source_is_due_at_once_and_leased_once(store, hand):
    store.reconcile(sources("a", "b"), hand.now)
    first = store.claim(hand.now, limit=1, lease=LEASE)
    second = store.claim(hand.now, limit=10, lease=LEASE)

    assert urls(claim.record for claim in first) == ["https://a.example/feed"]
    assert urls(claim.record for claim in second) == ["https://b.example/feed"]
    assert store.claim(hand.now, limit=10, lease=LEASE, force=True) == []


def test_the_longest_due_comes_first(store, hand):
    for minutes, name in ((30, "c"), (10, "a"), (20, "b")):
        claim = hand.claim(store, f"https://{name}.example/feed")
        state = replace(claim.record.state, next_fetch=hand.now + minutes * MINUTES)
        store.commit([hand.plan(claim, state=state)], hand.now)

    assert claimed(store, hand.now + 25 * MINUTES) == ["https://a.example/feed", "https://b.example/feed"]


def test_next_fetch_is_not_before_its_time_by_a_fraction_of_a_second(store, hand):
    claim = hand.claim(store)
    due = hand.now + timedelta(minutes=10, milliseconds=300)
    store.commit([hand.plan(claim, state=replace(claim.record.state, next_fetch=due))], hand.now)

    assert claimed(store, due - timedelta(milliseconds=1)) == []
    assert claimed(store, due + timedelta(seconds=1)) == [hand.feed]


def test_force_takes_what_is_not_due_but_not_what_a_retry_after_holds(store, hand):
    for name, hold in (("held", 20 * MINUTES), ("free", None), ("past", -MINUTES)):
        claim = hand.claim(store, f"https://{name}.example/feed")
        state = replace(
            claim.record.state, next_fetch=hand.now + 60 * MINUTES, hold_until=None if hold is None else hand.now + hold
        )
        store.commit([hand.plan(claim, state=state)], hand.now)

    assert claimed(store, hand.now) == []
    assert set(claimed(store, hand.now, force=True)) == {"https://free.example/feed", "https://past.example/feed"}
    assert claimed(store, hand.now + 19 * MINUTES, force=True, urls=["https://held.example/feed"]) == []
    assert claimed(store, hand.now + 21 * MINUTES, force=True, urls=["https://held.example/feed"]) != []


@pytest.mark.parametrize("standing", [Standing.GONE, Standing.PAUSED])
def test_gone_and_paused_sources_are_due_only_when_named_or_forced(store, hand, standing):
    claim = hand.claim(store)
    state = replace(claim.record.state, standing=standing, next_fetch=None)
    store.commit([hand.plan(claim, state=state)], hand.now)

    assert claimed(store, hand.now) == []
    named = store.claim(hand.now, limit=1, lease=LEASE, urls=[hand.feed])
    assert urls(claim.record for claim in named) == [hand.feed]
    store.release(named)
    assert claimed(store, hand.now, force=True) == [hand.feed]


def test_named_sources_are_the_only_ones_taken_in_any_spelling(store, hand):
    store.reconcile(sources("a", "b", "c"), hand.now)

    assert claimed(store, hand.now, urls=["http://B.example/feed", "https://none.example/"]) == [
        "https://b.example/feed"
    ]
    assert claimed(store, hand.now, urls=[]) == []


def test_rows_to_skip_do_not_use_up_the_limit(store, hand):
    store.reconcile(sources("a", "b", "c", "d"), hand.now)
    skip = {record.row for record in store.records()[:2]}

    assert claimed(store, hand.now, limit=2, skip_rows=skip) == ["https://c.example/feed", "https://d.example/feed"]


def test_a_lease_that_ran_out_is_taken_over_and_its_first_holder_writes_nothing(store, hand):
    slow = hand.claim(store)
    [quick] = store.claim(hand.now + LEASE, limit=1, lease=LEASE)

    assert quick.record.row == slow.record.row
    assert quick.lease != slow.lease
    assert store.commit([hand.plan(slow, [hand.update("g")])], hand.now) == [False]
    assert store.commit([hand.plan(slow)], hand.now) == [False]
    assert store.history(slow.record.row) == []
    assert store.counts().entries == 0
    assert store.commit([hand.plan(quick, [hand.update("g")])], hand.now) == [True]


def test_a_lease_that_ran_out_still_holds_when_nobody_took_it_over(store, hand):
    claim = hand.claim(store)

    assert store.commit([hand.plan(claim, [hand.update("g")])], hand.now + 3 * LEASE) == [True]


def test_a_lease_is_used_up_by_its_commit(store, hand):
    claim = hand.claim(store)
    quiet = hand.plan(claim)

    assert store.commit([quiet, quiet], hand.now) == [True, False]
    assert store.commit([hand.plan(claim, [hand.update("g")])], hand.now) == [False]
    assert len(store.history(claim.record.row)) == 1


def test_a_plan_for_a_source_that_is_not_there_writes_nothing(store, hand):
    claim = hand.claim(store)
    plans = [replace(hand.plan(claim), source_row=999), replace(hand.plan(claim, [hand.update("g")]), source_row=999)]

    assert store.commit(plans, hand.now) == [False, False]


def test_released_leases_can_be_taken_at_once_but_not_by_their_old_token(store, hand):
    store.reconcile(sources("a"), hand.now)
    old = store.claim(hand.now, limit=1, lease=LEASE)
    store.release(old)
    new = store.claim(hand.now, limit=1, lease=LEASE)
    store.release(old)
    store.release([])

    assert len(new) == 1
    assert store.claim(hand.now, limit=1, lease=LEASE) == []


# --- state, history, sites


def test_a_state_is_remembered_to_the_second(store, hand):
    now = hand.now
    state = SourceState(
        standing=Standing.FAILING,
        validators=Validators(etag='W/"\xe9\x80"', last_modified="Thu, 1 Jan", issued_by="https://x.example/f"),
        body_hash="ab",
        next_fetch=now + MINUTES,
        reason="back-off after 3 failures",
        hold_until=now + 2 * MINUTES,
        failures=3,
        failure=FailureKind.TIMEOUT,
        detail="no answer within 30 seconds",
        failing_since=now - 9 * MINUTES,
        last_attempt=now,
        last_success=now - 99 * MINUTES,
        last_status=503,
        last_full=now - 100 * MINUTES,
        moved_to="https://new.example/f",
        moved_since=now - 3 * MINUTES,
        moved_count=2,
        adopted="https://new.example/f",
        rate=PostingRate(weight=1.25, days=3.5, short=0.1, at=now),
    )
    channel = Channel(
        format="rss20",
        about=Origin(
            id="tag:x", title="T", url="https://x/f", site_url="https://x/", updated=now, subtitle="s", language="de",
            authors=(Author(name="A", url="https://a/"), Author(name="B")), rights="r", icon="i", logo="l",
        ),
        generator="g",
        hubs=("https://hub/",),
        ttl=timedelta(minutes=90),
        update_period=timedelta(seconds=0.5),
        skip_hours=frozenset({3, 1}),
        skip_days=frozenset({6}),
    )  # fmt: skip
    claim = hand.claim(store)
    store.commit([hand.plan(claim, state=state, channel=channel)], now)

    [record] = store.records()

    assert record.state == state
    assert record.channel == channel


def test_a_plan_without_a_channel_leaves_the_channel_as_it_was(store, hand):
    hand.ingest(store, channel=Channel(format="atom10", about=Origin(title="Seen")))
    hand.ingest(store)
    hand.ingest(store, "guid")

    assert store.records()[0].title == "Seen"


def test_many_plans_without_entries_are_one_transaction(store, hand):
    store.reconcile(sources(*"abcdefgh"), hand.now)
    claims = store.claim(hand.now, limit=8, lease=LEASE)
    commits = []
    event.listen(store._engine, "commit", commits.append)
    done = store.commit(
        [hand.plan(claim, channel=Channel(format="x") if n % 2 else None) for n, claim in enumerate(claims)], hand.now
    )

    assert done == [True] * 8
    assert len(commits) == 1
    assert [record.channel.format for record in store.records()] == ["", "x"] * 4


def test_results_come_in_the_order_of_the_plans(store, hand):
    store.reconcile(sources(*"abcd"), hand.now)
    a, b, c, d = store.claim(hand.now, limit=4, lease=LEASE)
    lost = replace(b, lease="not mine"), replace(c, lease="not mine")
    plans = [
        hand.plan(a, [hand.update("1")]), hand.plan(lost[0]), hand.plan(lost[1], [hand.update("2")]), hand.plan(d),
    ]  # fmt: skip

    assert store.commit(plans, hand.now) == [True, False, False, True]


def test_history_keeps_the_last_fifty_newest_first(store, hand):
    for number in range(120):
        moment = hand.now + number * 10 * MINUTES
        fields = {"status": 304, "outcome": "not_modified", "at": moment, "bytes": number}
        row = hand.ingest(store, now=moment, record=hand.record(**fields))

    history = store.history(row)

    assert [record.bytes for record in history] == list(range(119, 69, -1))
    assert history[0].at == hand.now + 1190 * MINUTES


def test_a_line_of_history_is_read_as_it_was_written(store, hand):
    record = hand.record(
        status=None, outcome="failed", failure=FailureKind.TLS, detail="expired", bytes=2**40,
        duration=timedelta(milliseconds=1234), new=3, changed=4,
    )  # fmt: skip
    row = hand.ingest(store, record=record)

    assert store.history(row) == [record]


def test_a_plan_that_asked_nobody_adds_no_line_of_history(store, hand):
    row = hand.ingest(store, record=None)
    hand.ingest(store, "guid", record=None)

    assert store.history(row) == []
    assert store.counts().entries == 1


def test_sites_are_remembered_to_the_millisecond_and_replaced(store, hand):
    slow = SiteState(
        key="blog.example", next_allowed=hand.now + timedelta(milliseconds=1500), hold_until=hand.now,
        spacing=timedelta(milliseconds=2500), refusals=3,
    )  # fmt: skip
    plain = SiteState(key="other.example")
    store.save_sites([replace(slow, refusals=9), plain, slow])

    assert store.sites(["blog.example", "other.example", "none.example"]) == {
        "blog.example": slow,
        "other.example": plain,
    }
    store.save_sites([])
    assert store.sites([]) == {}


def test_a_plan_carries_the_state_of_its_site(store, hand):
    site = SiteState(key="blog.example", next_allowed=hand.now + MINUTES)
    hand.ingest(store, site=site)
    held = replace(site, hold_until=hand.now + 9 * MINUTES)
    hand.ingest(store, "guid", site=held)

    assert store.sites([site.key]) == {site.key: held}


def test_meta_is_kept_replaced_and_forgotten(store):
    assert store.meta("theta") is None
    store.set_meta("theta", "1")
    store.set_meta("theta", "2")
    assert store.meta("theta") == "2"
    store.set_meta("theta", None)
    assert store.meta("theta") is None


def test_a_publication_gets_its_id_once(store):
    first = store.publication_id("", lambda: "urn:uuid:1")
    again = store.publication_id("", lambda: "urn:uuid:2")
    other = store.publication_id("python", lambda: "urn:uuid:3")

    assert (first, again, other) == ("urn:uuid:1", "urn:uuid:1", "urn:uuid:3")


def test_two_who_make_a_publication_at_once_agree_on_its_id(store, target):
    from feedmill.feeds.store import Store

    def make_while_another_one_does() -> str:
        with Store.open(target) as other:
            return other.publication_id("", lambda: "urn:first") and "urn:second"

    assert store.publication_id("", make_while_another_one_does) == "urn:first"


# --- places in the queue of a site


def test_places_at_a_site_are_given_one_gap_apart(store, hand):
    gap = timedelta(seconds=2)
    places = [store.book_site("blog.example", hand.now, gap).next_allowed for _ in range(3)]
    late = store.book_site("blog.example", hand.now + MINUTES, gap)

    assert places == [hand.now, hand.now + gap, hand.now + 2 * gap]
    assert late.next_allowed == hand.now + MINUTES


def test_a_learned_spacing_is_kept_and_a_held_site_gives_no_place(store, hand):
    learned = SiteState(key="blog.example", spacing=timedelta(seconds=9), refusals=2)
    store.save_sites([learned])
    store.book_site(learned.key, hand.now, timedelta(seconds=2))
    second = store.book_site(learned.key, hand.now, timedelta(seconds=2))
    held = replace(learned, hold_until=hand.now + MINUTES)
    store.save_sites([held])

    assert second == replace(learned, next_allowed=hand.now + timedelta(seconds=9))
    assert store.book_site(learned.key, hand.now, timedelta(seconds=2)) == held


def test_a_place_booked_under_another_clock_counts_for_nothing(store, hand):
    store.save_sites([SiteState(key="blog.example", next_allowed=hand.now + timedelta(days=400))])

    assert store.book_site("blog.example", hand.now, timedelta(seconds=2)).next_allowed == hand.now
