"""Entries in the memory: identity and place fixed at first sight, changes, aliases, what is newest, what is found."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from feedmill.feeds.entry import Author, Enclosure, Entry, Note, Origin
from feedmill.feeds.source import Source
from feedmill.feeds.update import KnownEntry

DAY = timedelta(days=1)


def full_entry(hand, **fields):
    return hand.entry(
        "tag:blog.example,2026:1",
        **{
            "title": "Tïtle ☃",
            "updated": hand.now,
            "authors": (Author(name="Ada", url="https://ada.example/"), Author(name="Bo")),
            "language": "pt-BR",
            "summary": "One. Two.",
            "categories": ("Python", "Web"),
            "enclosures": (
                Enclosure(url="https://a/1.mp3", media_type="audio/mpeg", length=2**40),
                Enclosure(url="https://b/"),
            ),
            "image": "https://a/1.png",
            "rights": "CC0",
            "origin": Origin(id="tag:up", title="Upstream", updated=hand.now, authors=(Author(name="Up"),)),
            "notes": (Note(step="title", field="title", detail="derived"),),
            **fields,
        },
    )


def known_row(store, hand, guid, **asked):
    return hand.known(store, guid, **asked).row


# --- first sight


def test_an_entry_is_read_as_it_was_written(store, hand):
    entry = full_entry(hand)
    hand.ingest(store, hand.update(entry, raw='{"id":"☃"}', canonical_key="//blog.example/1", text_hash="t1"))

    [stored] = store.latest(limit=10)

    assert stored.entry == entry
    assert stored.source_url == hand.feed
    assert (stored.first_seen, stored.sort_at, stored.revision) == (hand.now, hand.now - DAY, 0)
    assert (stored.canonical_key, stored.text_hash, stored.held_reason) == ("//blog.example/1", "t1", None)
    assert store.raw(stored.row) == '{"id":"☃"}'
    assert store.raw(stored.row + 1) is None


@pytest.mark.parametrize(
    ("published", "place"),
    [
        (None, timedelta(0)),
        (timedelta(days=-900), timedelta(days=-900)),
        (timedelta(days=3), timedelta(0)),
    ],
)
def test_the_place_is_the_earlier_of_published_and_first_seen(store, hand, published, place):
    date = None if published is None else hand.now + published
    hand.ingest(store, hand.entry(published=date))

    [stored] = store.latest(limit=1)

    assert stored.sort_at == hand.now + place
    assert stored.entry.published == date


@pytest.mark.parametrize("year", [1, 1600, 9999])
def test_dates_at_the_ends_of_the_calendar_are_kept(store, hand, year):
    odd = datetime(year, 12, 31, 23, 59, 59, tzinfo=UTC)
    hand.ingest(store, hand.entry(published=odd, updated=odd))

    [stored] = store.latest(limit=1)

    assert (stored.entry.published, stored.entry.updated) == (odd, odd)
    assert stored.sort_at == min(odd, hand.now)


def test_known_tells_what_is_needed_to_plan(store, hand):
    row = hand.ingest(store, hand.update("g1", raw_hash="r", fingerprint="f", recipe="c"), "g2")

    known = store.known(row, ["g1", "nothing", "g2"])

    assert set(known) == {"g1", "g2"}
    assert known["g1"] == KnownEntry(
        guid="g1",
        row=known["g1"].row,
        id="g1",
        raw_hash="r",
        fingerprint="f",
        recipe="c",
        first_seen=hand.now,
        published=known["g1"].published,
        updated=known["g1"].updated,
    )
    assert store.known(row, []) == {}
    assert store.known(row + 1, ["g1"]) == {}


def test_known_takes_any_number_of_guids(store, hand):
    row = hand.ingest(store, *[f"g{n}" for n in range(3)])
    asked = [f"g{n}" for n in range(1500)]

    assert set(store.known(row, asked)) == {"g0", "g1", "g2"}
    assert set(store.known(row, asked[:5] + asked[:5])) == {"g0", "g1", "g2"}


def test_where_dates_say_nothing_the_document_s_order_stands(store, hand):
    hand.ingest(store, *[hand.entry(f"g{n}", published=None, title=f"{n}") for n in range(4)])

    assert hand.titles(store) == ["0", "1", "2", "3"]


# --- changes


def test_a_changed_entry_is_replaced_but_keeps_identity_place_and_first_sight(store, hand):
    hand.ingest(store, full_entry(hand))
    [before] = store.latest(limit=1)
    later = hand.now + DAY
    edited = full_entry(
        hand, id="urn:another", title="Edited", published=later, content_html="<p>New</p>", content_text="New",
        authors=(), origin=None, categories=("Web", "Edited"),
    )  # fmt: skip
    change = hand.update(
        edited, raw="{}", raw_hash="r2", fingerprint="f2", recipe="c2", known=hand.known(store, edited.guid)
    )
    row = hand.ingest(store, now=later, changed=(change,))

    [after] = store.latest(limit=1)

    assert after.entry == replace(edited, id=before.entry.id)
    assert (after.row, after.first_seen, after.sort_at) == (before.row, before.first_seen, before.sort_at)
    assert after.revision == 1
    assert store.raw(after.row) == "{}"
    assert store.known(row, [edited.guid])[edited.guid].raw_hash == "r2"
    assert store.counts().entries == 1


def test_a_change_that_no_reader_sees_bumps_no_revision(store, hand):
    hand.ingest(store, "g")
    change = hand.update("g", raw='{"x":1}', raw_hash="r2", revised=False, known=hand.known(store, "g"))
    hand.ingest(store, changed=(change,))

    [stored] = store.latest(limit=1)

    assert stored.revision == 0
    assert store.raw(stored.row) == '{"x":1}'
    assert hand.known(store, "g").raw_hash == "r2"


def test_changes_leave_no_content_and_no_term_behind(store, hand, count_rows):
    hand.ingest(store, hand.entry("g", categories=("a", "b")))
    for labels in (("b", "c"), (), ("D", "d", "e")):
        change = hand.update(hand.entry("g", categories=labels), known=hand.known(store, "g"))
        hand.ingest(store, changed=(change,))

    assert count_rows(store, "contents") == 1
    assert count_rows(store, "terms") == 2
    assert hand.titles(store, tags=["a"]) == []
    assert hand.titles(store, tags=["E"]) == ["A post"]


def test_a_change_of_another_source_s_entry_changes_nothing(store, hand):
    hand.ingest(store, "g", url="https://a.example/")
    stranger = hand.update(hand.entry("g", title="Mine"), known=hand.known(store, "g", url="https://a.example/"))
    hand.ingest(store, changed=(stranger,), url="https://b.example/")

    assert hand.titles(store) == ["A post"]


def test_a_changed_entry_under_a_new_guid_makes_that_guid_an_alias(store, hand, count_rows):
    row = hand.ingest(store, "old")
    for _ in range(2):
        change = hand.update(hand.entry("new", title="Same post"), known=hand.known(store, "old"))
        hand.ingest(store, changed=(change,))

    known = store.known(row, ["old", "new"])

    assert known["new"] == known["old"]
    assert known["new"].guid == "old"
    assert hand.titles(store) == ["Same post"]
    assert store.latest(limit=1)[0].entry.id == "old"
    assert [stored.row for stored in store.entry("new")] == [known["old"].row]
    assert count_rows(store, "aliases") == 1


# --- collisions


def test_a_published_id_taken_in_the_same_source_gets_a_urn_of_its_own(store, hand):
    same = "https://blog.example/same"
    hand.ingest(store, hand.entry("g1", id=same))
    row = hand.ingest(store, hand.entry("g2", id=same), hand.entry("g3", id=same), hand.entry("g4"))
    ids = {guid: known.id for guid, known in store.known(row, ["g1", "g2", "g3", "g4"]).items()}

    assert ids["g1"] == same
    assert ids["g4"] == "g4"
    assert len(set(ids.values())) == 4
    for guid in ("g2", "g3"):
        assert UUID(ids[guid].removeprefix("urn:uuid:")).version == 5
    assert store.counts().entries == 4
    assert store.records()[0].entries == 4


def test_the_urn_depends_only_on_source_and_guid(store, hand):
    for url in ("https://a.example/", "https://b.example/"):
        hand.ingest(store, hand.entry("g1", id="same"), hand.entry("g2", id="same"), url=url)

    assert hand.known(store, "g2", url="https://a.example/").id == "urn:uuid:8343f187-98a4-5ef6-bbb4-d75e05404869"
    assert hand.known(store, "g2", url="https://b.example/").id != hand.known(store, "g2", url="https://a.example/").id


def test_the_same_id_may_stand_in_two_sources(store, hand):
    for url in ("https://a.example/", "https://b.example/"):
        hand.ingest(store, "https://blog.example/1", url=url)

    assert {stored.source_url for stored in store.entry("https://blog.example/1")} == {
        "https://a.example/",
        "https://b.example/",
    }


def test_a_guid_that_is_stored_already_is_a_change_and_never_doubled(store, hand):
    hand.ingest(store, "g1")
    hand.ingest(store, hand.entry("g1", title="Again"), hand.entry("g2", title="Twice"), hand.entry("g2", title="Lost"))

    assert sorted(hand.titles(store)) == ["Again", "Twice"]
    assert store.records()[0].entries == store.counts().entries == 2


# --- the newest


def test_latest_is_newest_first_over_many_sources(store, hand):
    expected = []
    for source in range(6):
        entries = []
        for age in range(5):
            entry = hand.entry(f"g{age}", title=f"{source}.{age}", published=hand.now - (age * 6 + source) * DAY)
            expected.append((entry.published, entry.title))
            entries.append(entry)
        hand.ingest(store, *entries, url=f"https://b{source}.example/")
    titles = [title for _, title in sorted(expected, reverse=True)]

    assert hand.titles(store) == titles
    assert hand.titles(store, limit=7) == titles[:7]
    assert hand.titles(store, limit=0) == []
    assert hand.titles(store, before=hand.now - 10 * DAY) == titles[11:]
    assert hand.titles(store, source_urls=["http://B3.example/"]) == [title for title in titles if title[0] == "3"]
    assert hand.titles(store, source_urls=[]) == []


def test_tags_match_those_of_the_source_or_a_category_in_any_case(store, hand):
    store.reconcile(
        [Source(url="https://tagged.example/", tags=("PYTHON",)), Source(url="https://plain.example/")], hand.now
    )
    plain = [
        hand.entry("1", title="by category", categories=("python ", "Straße"), published=hand.now - 3 * DAY),
        hand.entry("2", title="other", categories=("pythonic",)),
        hand.entry("3", title="both", categories=("Python", "web"), published=hand.now - 9 * DAY),
    ]
    hand.ingest(store, *plain, url="https://plain.example/")
    hand.ingest(store, hand.entry("4", title="by source", published=hand.now - 5 * DAY), url="https://tagged.example/")

    assert hand.titles(store, tags=["Python"]) == ["by category", "by source", "both"]
    assert hand.titles(store, tags=["python", "WEB"]) == ["by category", "by source", "both"]
    assert hand.titles(store, tags=["python"], limit=2) == ["by category", "by source"]
    assert hand.titles(store, tags=["web", "python"], before=hand.now - 3 * DAY) == ["by source", "both"]
    assert hand.titles(store, tags=["STRASSE"]) == ["by category"]
    assert hand.titles(store, tags=["python"], source_urls=["https://plain.example/"]) == ["by category", "both"]
    assert hand.titles(store, tags=["nothing"]) == []


@pytest.mark.parametrize("tags", [(), ("x",)])
def test_of_one_moment_the_source_configured_first_comes_first_whoever_answered_first(store, hand, tags):
    """A store that is rebuilt shows the same entries, although its sources answered in another order."""
    urls = [f"https://{name}.example/feed" for name in "abcd"]
    store.reconcile([Source(url=url) for url in urls], hand.now)
    for url in (urls[2], urls[0], urls[3], urls[1]):
        hand.ingest(store, *[hand.entry(f"{url[8]}{at}", categories=("x",)) for at in (1, 2)], url=url)
    everything = ["a1", "a2", "b1", "b2", "c1", "c2", "d1", "d2"]

    for limit in (1, 3, 4, 8, 9):
        assert [stored.entry.guid for stored in store.latest(limit=limit, tags=tags)] == everything[:limit]
    rows = [line.row for line in store.outline()]
    assert [stored.entry.guid for stored in store.pick(rows)] == everything


def test_entries_of_a_removed_source_are_not_shown_but_found(store, hand):
    hand.ingest(store, hand.entry("g", categories=("x",)))
    store.reconcile([], hand.now)

    assert store.latest(limit=10) == []
    assert store.latest(limit=10, tags=["x"]) == []
    assert store.counts().entries == 0
    assert len(store.entry("g")) == 1


def test_the_newest_are_found_through_the_index(store, hand):
    """SQLite must stop each source early; without the index it would sort all entries."""
    if "://" in store.name:
        pytest.skip("PostgreSQL chooses by its statistics")
    with store._engine.connect() as connection:
        plan = connection.exec_driver_sql(
            "EXPLAIN QUERY PLAN SELECT sort_at, id FROM entries WHERE held_at IS NULL AND deleted_at IS NULL"
            " AND source IN (1, 2, 3) ORDER BY sort_at DESC, id DESC LIMIT 60"
        ).all()

    assert "entries_newest (source=?)" in str(plan[0])


# --- one entry


def test_an_entry_is_found_by_id_guid_or_url(store, hand):
    entry = hand.entry("guid-1", id="urn:uuid:1", url="https://blog.example/post")
    hand.ingest(store, entry, hand.entry("guid-2"))

    for key in ("guid-1", "urn:uuid:1", "https://blog.example/post"):
        assert [stored.entry for stored in store.entry(key)] == [entry]
    assert store.entry("https://blog.example/none") == []
    assert store.entry("") == []


# --- what a later issue needs: twins, holds


def test_twins_are_found_by_key_or_text_the_first_seen_at_the_head(store, hand):
    a, b, c = (f"https://{name}.example/" for name in "abc")
    hand.ingest(store, hand.update("g", canonical_key="k"), url=b, now=hand.now + DAY)
    hand.ingest(store, hand.update("g", canonical_key="k", text_hash="t"), url=a)
    hand.ingest(store, hand.update("h", canonical_key="x" * 9000, text_hash="t"), "i", url=c, now=hand.now + 2 * DAY)

    found = store.twins(canonical_keys=["k"], text_hashes=["t"])

    assert [(twin.id, twin.canonical_key, twin.text_hash) for twin in found[:2]] == [("g", "k", "t"), ("g", "k", None)]
    assert [twin.id for twin in store.twins(canonical_keys=["x" * 9000])] == ["h"]
    assert [twin.id for twin in store.twins(text_hashes=["t"])] == ["g", "h"]
    assert store.twins() == []


def test_a_held_entry_is_kept_and_known_but_not_shown(store, hand):
    row = hand.ingest(store, hand.update(hand.entry("g", categories=("x",)), held_reason="a burst of 40"), "h")
    [held] = store.held()

    assert hand.titles(store) == ["A post"]
    assert hand.titles(store, tags=["x"]) == []
    assert (held.entry.entry.guid, held.reason, held.at, held.source_row) == ("g", "a burst of 40", hand.now, row)
    assert store.held(row) == [held]
    assert store.held(row + 1) == []
    assert hand.known(store, "g").pruned is False
    assert store.entry("g")[0].held_reason == "a burst of 40"
    assert store.records()[0].entries == 2


def test_a_released_entry_takes_the_place_it_had_at_first_sight(store, hand):
    hand.ingest(store, hand.update(hand.entry("g", title="old", published=hand.now - 9 * DAY), held_reason="why"))
    hand.ingest(store, hand.entry("h", title="new"))
    rows = [held.entry.row for held in store.held()]

    assert store.release_entries(rows) == 1
    assert store.release_entries(rows) == 0
    assert hand.titles(store) == ["new", "old"]
    assert store.held() == []


def test_shown_entries_can_be_held_later(store, hand):
    hand.ingest(store, "g", "h")
    row = known_row(store, hand, "g")

    assert store.hold_entries([row], "spam", hand.now) == 1
    assert store.hold_entries([row], "again", hand.now) == 0
    assert [held.reason for held in store.held()] == ["spam"]
    assert len(store.latest(limit=10)) == 1


def test_a_dropped_entry_is_gone_but_stays_seen(store, hand, count_rows):
    hand.ingest(store, hand.update(hand.entry("g", categories=("x",)), held_reason="flood"), "h")
    row = known_row(store, hand, "g")

    assert store.drop_entries([row], hand.now) == 1
    assert store.drop_entries([row], hand.now) == 0
    assert hand.known(store, "g") == KnownEntry(guid="", row=0, first_seen=hand.now, pruned=True)
    assert store.entry("g") == []
    assert (count_rows(store, "entries"), count_rows(store, "contents"), count_rows(store, "terms")) == (1, 1, 0)
    assert store.records()[0].entries == 1


def test_a_takedown_removes_the_words_at_once_and_for_good(store, hand, count_rows):
    hand.ingest(store, full_entry(hand), "h")
    guid = full_entry(hand).guid
    row = known_row(store, hand, guid)

    assert store.take_down([row], hand.now) == 1
    assert store.take_down([row], hand.now) == 0

    [left] = store.entry(guid)
    assert (left.entry.id, left.entry.title, left.entry.summary, left.entry.content_html) == (guid, "", "", "")
    assert store.raw(row) is None
    assert hand.known(store, guid).pruned is True
    assert len(store.latest(limit=10)) == 1
    assert (count_rows(store, "contents"), count_rows(store, "terms")) == (1, 0)
    assert store.counts().entries == store.records()[0].entries == 1
    back = hand.update(full_entry(hand), known=KnownEntry(guid=guid, row=row))
    hand.ingest(store, changed=(back,))
    assert store.entry(guid)[0].entry.title == ""
    assert isinstance(left.entry, Entry)
