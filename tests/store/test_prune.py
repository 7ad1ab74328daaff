"""What leaves the memory, and what stays seen."""

from __future__ import annotations

from datetime import timedelta

from feedmill.feeds.source import SiteState, Source

DAY = timedelta(days=1)


def fill(store, hand, ages, *, url="https://blog.example/feed"):
    """One entry for each age in days, named by it."""
    made = [
        hand.entry(f"g{age}", title=f"{age}", published=hand.now - age * DAY, categories=("x", f"{age}"))
        for age in ages
    ]
    return hand.ingest(store, *made, url=url)


def test_only_what_is_both_old_and_beyond_the_newest_leaves(store, hand):
    fill(store, hand, [1, 50, 400, 500, 600])

    assert store.prune(hand.now, keep_days=365, keep_entries=3) == 2
    assert hand.titles(store) == ["1", "50", "400"]
    assert store.prune(hand.now, keep_days=365, keep_entries=3) == 0
    assert store.prune(hand.now, keep_days=365, keep_entries=0) == 1
    assert store.prune(hand.now, keep_days=10, keep_entries=0) == 1
    assert hand.titles(store) == ["1"]


def test_each_source_keeps_its_own_newest(store, hand):
    for number in range(3):
        fill(store, hand, range(400, 404), url=f"https://b{number}.example/")

    assert store.prune(hand.now, keep_entries=2) == 6
    assert [record.entries for record in store.records()] == [2, 2, 2]
    assert sorted(hand.titles(store)) == ["400"] * 3 + ["401"] * 3


def test_what_was_pruned_stays_seen_also_by_its_alias(store, hand, count_rows):
    row = fill(store, hand, [400, 500])
    moved = hand.update("other guid", known=hand.known(store, "g500"))
    hand.ingest(store, changed=(moved,))
    store.prune(hand.now, keep_entries=1)

    known = store.known(row, ["g400", "g500", "other guid"])

    assert {guid: entry.pruned for guid, entry in known.items()} == {"g400": False, "g500": True, "other guid": True}
    assert {table: count_rows(store, table) for table in ("entries", "contents", "terms", "aliases", "tombstones")} == {
        "entries": 1, "contents": 1, "terms": 2, "aliases": 0, "tombstones": 2,
    }  # fmt: skip


def test_pruning_works_through_more_than_one_batch(store, hand, count_rows):
    fill(store, hand, range(400, 1600))

    assert store.prune(hand.now, keep_entries=10) == 1190
    assert count_rows(store, "contents") == store.counts().entries == 10
    assert count_rows(store, "tombstones") == 1190


def test_entries_of_a_source_removed_long_ago_leave_and_stay_seen(store, hand):
    row = fill(store, hand, [1, 2])
    fill(store, hand, [3], url="https://stays.example/")
    store.reconcile([Source(url="https://stays.example/")], hand.now)

    assert store.prune(hand.now + 30 * DAY) == 0
    assert store.prune(hand.now + 31 * DAY) == 2
    assert {known.pruned for known in store.known(row, ["g1", "g2"]).values()} == {True}
    store.reconcile([Source(url="https://blog.example/feed")], hand.now + 40 * DAY)
    assert [(record.row, record.entries) for record in store.records()] == [(row, 0)]


def test_a_takedown_becomes_a_tombstone_in_time(store, hand, count_rows):
    fill(store, hand, [1])
    row = hand.known(store, "g1").row
    store.take_down([row], hand.now)

    assert store.prune(hand.now + 300 * DAY) == 0
    assert store.prune(hand.now + 366 * DAY) == 1
    assert count_rows(store, "entries") == 0
    assert hand.known(store, "g1").pruned is True


def test_held_entries_count_and_leave_like_others(store, hand):
    hand.ingest(
        store, *[hand.update(hand.entry(f"g{n}", published=hand.now - 400 * DAY), held_reason="x") for n in range(3)]
    )

    assert store.prune(hand.now, keep_entries=1) == 2
    assert len(store.held()) == store.records()[0].entries == 1


def test_sites_that_ask_for_nothing_any_more_are_forgotten(store, hand):
    old = SiteState(key="old.example", next_allowed=hand.now - 31 * DAY, refusals=2)
    held = SiteState(key="held.example", next_allowed=hand.now - 31 * DAY, hold_until=hand.now)
    store.save_sites([old, held])
    store.prune(hand.now)

    assert store.sites(["old.example", "held.example"]) == {"held.example": held}


def test_ten_years_of_posts_reach_a_plateau(store, hand, count_rows):
    """All but the tombstones (a few bytes each) stops growing."""
    sizes = []
    for month in range(120):
        now = hand.now + month * 30 * DAY
        posts = [hand.entry(f"{month}-{n}", published=now - n * DAY, categories=("x",)) for n in range(4)]
        hand.ingest(store, *posts, now=now)
        store.prune(now, keep_days=365, keep_entries=20)
        tables = ("entries", "contents", "terms", "fetches", "aliases", "sites")
        sizes.append(tuple(count_rows(store, table) for table in tables))

    assert sizes[-1] == sizes[60] == (sizes[-1][0], sizes[-1][0], sizes[-1][0], 50, 0, 0)
    assert sizes[-1][0] <= 56
    assert store.counts().entries == sizes[-1][0]
