"""What may be the same under another name, and how holding ends; on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from feedmill.feeds.source import HeldAs, Standing
from feedmill.feeds.update import DATED_AHEAD, FILTERED

OTHER = "https://other.example/feed"


def hold_source(store, hand, held_as, *updates, **state):
    """A source that an alarm holds, with what it brought."""
    claim = hand.claim(store)
    changed = {"standing": Standing.HELD, "held_as": held_as, "held_reason": "strange", **state}
    plan = hand.plan(claim, updates, state=replace(claim.record.state, body_hash="b", **changed))
    assert store.commit([plan], hand.now) == [True]
    return claim.record.row


def test_a_hold_and_its_reason_are_remembered(store, hand):
    hold_source(store, hand, HeldAs.TAKEOVER)

    [record] = store.records()

    assert (record.state.held_as, record.state.held_reason) == (HeldAs.TAKEOVER, "strange")


def test_entries_are_remembered_by_link_text_date_and_as_newest(store, hand):
    """Of one source, held ones too, those taken down not; each once, the newest row first."""
    day = hand.now - timedelta(days=9)
    row = hand.ingest(
        store,
        hand.update("link", canonical_key="a.example/1"),
        hand.update("text", text_hash="t"),
        hand.update(hand.entry("date", published=day)),
        hand.update(hand.entry("held", published=day), held_reason="x"),
        hand.update("down", canonical_key="a.example/1"),
    )
    hand.ingest(store, hand.update("elsewhere", canonical_key="a.example/1"), url=OTHER)
    store.take_down([hand.known(store, "down").row], hand.now)

    def asked(**keys):
        return [found.known.guid for found in store.remembered(row, **keys)]

    assert asked() == []
    assert asked(canonical_keys=["a.example/1"]) == ["link"]
    assert asked(canonical_keys=["a.example/1"], text_hashes=["t"]) == ["link", "text"]
    assert asked(dates=[day]) == ["date", "held"]
    assert asked(newest=2) == ["link", "text"]
    assert asked(newest=9, dates=[day]) == ["link", "text", "date", "held"]
    (found,) = store.remembered(row, text_hashes=["t"])
    assert (found.url, found.title, found.text_hash) == ("https://blog.example/1", "A post", "t")
    assert found.known.published == hand.now - timedelta(days=1)


def test_companions_are_the_visible_entries_with_the_same_link_or_text(store, hand):
    """Of configured sources, and not among those that are given."""
    hand.ingest(store, hand.update("a", canonical_key="k", text_hash="t"), hand.update("b"))
    hand.ingest(
        store,
        hand.update("c", canonical_key="k"),
        hand.update("d", text_hash="t"),
        hand.update("e", canonical_key="k", held_reason="x"),
        url=OTHER,
    )
    given = store.entry("a")

    assert [stored.entry.guid for stored in store.companions(given)] == ["d", "c"]
    assert store.companions(store.entry("b")) == []
    store.reconcile([record.source for record in store.records() if record.source.url != OTHER], hand.now)
    assert store.companions(given) == []


def test_an_entry_may_be_given_another_place_but_never_one_after_first_sight(store, hand):
    hand.ingest(
        store,
        hand.update("past", sort_at=hand.now - timedelta(days=5)),
        hand.update("future", sort_at=hand.now + timedelta(days=5)),
    )

    assert [store.entry(guid)[0].sort_at for guid in ("past", "future")] == [hand.now - timedelta(days=5), hand.now]


def test_what_is_dated_ahead_is_due_when_its_time_has_come(store, hand):
    """And not before."""
    later = hand.now + timedelta(hours=3)
    hand.ingest(
        store, hand.update("soon", held_reason=DATED_AHEAD, held_until=later), hand.update("held", held_reason="x")
    )

    assert store.due_entries(hand.now) == []
    assert store.due_entries(later) == [hand.known(store, "soon").row]
    store.release_entries(store.due_entries(later))
    assert store.due_entries(later) == []
    assert len(store.latest(limit=9)) == 1


def test_a_released_flood_is_shown_and_the_source_goes_on(store, hand):
    """What filters and dates hold stays; the document need not come again; a look under way is discarded."""
    row = hold_source(
        store,
        hand,
        HeldAs.FLOOD,
        hand.update("flood", held_reason="strange"),
        hand.update("filtered", held_reason=FILTERED + "words"),
        hand.update("ahead", held_reason=DATED_AHEAD, held_until=hand.now + timedelta(hours=1)),
    )
    claim = hand.claim(store)

    assert store.end_hold(row, hand.now) == 1

    state = store.records()[0].state
    assert (state.standing, state.held_as, state.held_reason, state.body_hash) == (Standing.ACTIVE, None, None, "b")
    assert [stored.entry.guid for stored in store.latest(limit=9)] == ["flood"]
    assert store.commit([hand.plan(claim)], hand.now) == [False]
    assert store.end_hold(row, hand.now) == 0


def test_after_an_alarm_the_next_document_is_fetched_whole_and_believed(store, hand):
    row = hold_source(store, hand, HeldAs.TAKEOVER, failures=2)

    store.end_hold(row, hand.now)

    state = store.records()[0].state
    assert (state.held_as, state.standing) == (HeldAs.PARDON, Standing.FAILING)
    assert (state.body_hash, state.validators.etag, state.next_fetch) == (None, None, None)


def test_what_is_dropped_stays_seen(store, hand):
    """In any number."""
    many = [hand.update(hand.entry(f"g{n}", url=None), held_reason="strange") for n in range(1100)]
    row = hold_source(store, hand, HeldAs.TAKEOVER, *many)

    assert store.end_hold(row, hand.now, drop=True) == 1100

    assert store.known(row, ["g7"])["g7"].pruned
    assert store.records()[0].state.held_as is None
    assert store.held() == []
