"""Each entry has a second of its own under which feeds tell it (docs/decisions/0013)."""

from __future__ import annotations

from datetime import timedelta

from feedmill.feeds.source import Source

SECOND = timedelta(seconds=1)


def stamped(store):
    """Guid to stamp, of all that is shown."""
    store.stamp_entries()
    return {stored.entry.guid: stored.stamp for stored in store.latest(limit=1000)}


def test_an_entry_alone_in_its_second_is_told_under_it(store, hand):
    hand.ingest(store, hand.update(hand.entry("a", updated=hand.now - 5 * SECOND)))
    hand.ingest(store, hand.update(hand.entry("b", published=hand.now - 9 * SECOND, updated=None)))

    assert stamped(store) == {"a": hand.now - 5 * SECOND, "b": hand.now - 9 * SECOND}


def test_entries_of_one_second_get_the_next_free_ones_the_newest_the_last(store, hand):
    midnight = hand.now - 500 * SECOND
    days = [hand.entry(guid, updated=midnight) for guid in ("newest", "middle", "oldest")]
    hand.ingest(store, hand.update(hand.entry("taken", updated=midnight + SECOND)))
    hand.ingest(store, *map(hand.update, days))

    assert stamped(store) == {
        "taken": midnight + SECOND,
        "oldest": midnight,
        "middle": midnight + 2 * SECOND,
        "newest": midnight + 3 * SECOND,
    }


def test_a_stamp_that_was_given_stays_whatever_comes_later(store, hand):
    moment = hand.now - 500 * SECOND
    hand.ingest(store, *[hand.update(hand.entry(guid, updated=moment)) for guid in ("b", "a")])
    before = stamped(store)
    hand.ingest(store, *[hand.update(hand.entry(guid, updated=moment)) for guid in ("d", "c")])
    after = stamped(store)

    assert {guid: after[guid] for guid in before} == before
    assert sorted(after.values()) == [moment + step * SECOND for step in range(4)]


def test_an_edit_moves_the_stamp_only_when_its_date_moved(store, hand):
    first, later = hand.now - 500 * SECOND, hand.now - 100 * SECOND
    hand.ingest(store, *[hand.update(hand.entry(guid, updated=first)) for guid in ("edited", "beside")])
    before = stamped(store)
    known = hand.known(store, "edited")
    hand.ingest(store, hand.update(hand.entry("edited", updated=first, title="Reworded"), known=known))

    assert stamped(store) == before

    hand.ingest(store, hand.update(hand.entry("edited", updated=later), known=known))

    assert stamped(store) == {**before, "edited": later}


def test_who_was_stored_first_does_not_show(store, hand):
    """Workers finish in any order; of two sources the one configured first has the earlier second."""
    urls = ("https://a.example/feed", "https://b.example/feed")
    moment = hand.now - 500 * SECOND
    store.reconcile([Source(url=url) for url in urls], hand.now)
    for url in reversed(urls):
        hand.ingest(store, hand.update(hand.entry(url, updated=moment)), url=url)

    assert stamped(store) == {urls[0]: moment, urls[1]: moment + SECOND}


def test_thousands_of_one_moment_are_stamped_at_once(store, hand):
    """A document that was moved to another system at once."""
    many = [hand.entry(f"n{at}", published=None, updated=hand.now - SECOND) for at in range(4000)]
    hand.ingest(store, *map(hand.update, many))

    store.stamp_entries()
    stamps = {stored.stamp for stored in store.latest(limit=5000)}

    assert len(stamps) == 4000
    assert max(stamps) - min(stamps) == 3999 * SECOND
    assert store.stamp_entries() == 0


def test_undated_entries_go_back_from_when_they_were_first_seen_in_the_order_of_their_document(store, hand):
    """normalize dates them to the moment they came; none is told as of a moment that has not come."""
    hand.ingest(store, *[hand.update(hand.entry(guid, published=hand.now)) for guid in ("first", "second", "third")])
    hand.ingest(store, hand.update(hand.entry("beside", updated=hand.now - SECOND)))

    assert stamped(store) == {
        "beside": hand.now - SECOND,
        "first": hand.now,
        "second": hand.now - 2 * SECOND,
        "third": hand.now - 3 * SECOND,
    }


def test_held_entries_have_their_second_as_well(store, hand):
    """They are not told of twice when they are released."""
    moment = hand.now - 500 * SECOND
    hand.ingest(store, hand.update(hand.entry("held", updated=moment)))
    row = store.latest(limit=1)[0].row
    store.hold_entries([row], "why", hand.now)
    hand.ingest(store, hand.update(hand.entry("shown", updated=moment)))
    shown = stamped(store)
    store.release_entries([row])

    assert stamped(store) == {**shown, "held": moment}
