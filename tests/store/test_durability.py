"""kill -9, the n-th operation that fails, several processes at once: nothing lost, nothing doubled, nothing half."""

from __future__ import annotations

import random
import subprocess
import sys
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from feedmill.feeds import schema
from feedmill.feeds.errors import StoreError
from feedmill.feeds.source import SiteState, Source
from feedmill.feeds.store import Store

WRITER = """
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from feedmill.feeds.entry import Entry
from feedmill.feeds.outcome import FetchRecord
from feedmill.feeds.store import Store
from feedmill.feeds.update import EntryUpdate, UpdatePlan

target, name, turns = sys.argv[1], sys.argv[2], int(sys.argv[3])
now = datetime(2026, 1, 2, tzinfo=UTC) + timedelta(days=int(name))


def update(guid):
    entry = Entry(id=guid, guid=guid, title=guid, content_html="x" * 3000, categories=("a", guid))
    return EntryUpdate(entry=entry, raw="{}", raw_hash=guid, fingerprint=guid, recipe="r")


def plan(claim, new):
    state = replace(claim.record.state, next_fetch=now + timedelta(hours=1), body_hash=name)
    record = FetchRecord(at=now, status=200, outcome="fetched", new=len(new))
    return UpdatePlan(source_row=claim.record.row, lease=claim.lease, state=state, record=record, new=new)


with Store.open(target) as store:
    print("ready", flush=True)
    for turn in range(turns):
        for claim in store.claim(now, limit=3, lease=timedelta(minutes=9), force=turns > 1):
            guids = [f"{name}.{turn}.{n}.{claim.record.row}" for n in range(8)]
            assert store.known(claim.record.row, guids) == {}
            if store.commit([plan(claim, tuple(map(update, guids)))], now) == [True]:
                print(*guids, flush=True)
"""


CLAIMER = """
import sys
from datetime import UTC, datetime, timedelta
from feedmill.feeds.store import Store

with Store.open(sys.argv[1]) as store:
    print(len(store.claim(datetime(2026, 1, 1, tzinfo=UTC), limit=9, lease=timedelta(days=9))), flush=True)
    sys.stdin.read()
"""


def write_in_another_process(target, name, turns):
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, target, str(name), str(turns)], stdout=subprocess.PIPE, text=True
    )


def rows_of(store, statement):
    with store._engine.connect() as connection:
        return connection.exec_driver_sql(statement).all()


def assert_whole(store):
    """Every entry once, with its content and terms; every counter right; the file in order."""
    guids = [guid for (guid,) in rows_of(store, "SELECT guid FROM entries")]
    doubled = [guid for guid, times in Counter(guids).items() if times > 1]
    without_content = rows_of(store, "SELECT id FROM entries WHERE id NOT IN (SELECT entry FROM contents)")
    without_entry = rows_of(store, "SELECT entry FROM contents WHERE entry NOT IN (SELECT id FROM entries)")
    lost_terms = rows_of(store, "SELECT entry FROM terms WHERE entry NOT IN (SELECT id FROM entries)")
    counted = rows_of(
        store,
        "SELECT id FROM sources WHERE entry_count <> (SELECT count(*) FROM entries WHERE source = sources.id)"
        " OR least_(fetch_count, 50) <> (SELECT count(*) FROM fetches WHERE source = sources.id)".replace(
            "least_", "min" if "://" not in store.name else "least"
        ),
    )

    assert (doubled, without_content, without_entry, lost_terms, counted) == ([], [], [], [], [])
    if "://" not in store.name:
        assert rows_of(store, "PRAGMA integrity_check") == [("ok",)]
        assert rows_of(store, "PRAGMA foreign_key_check") == []
    return set(guids)


@pytest.mark.slow
def test_fifteen_kills_lose_nothing_that_was_acknowledged_and_double_nothing(target, hand):
    chance = random.Random(2026)
    acknowledged = set()
    with Store.open(target) as store:
        store.reconcile([Source(url=f"https://b{number}.example/") for number in range(5)], hand.now)
    for name in range(15):
        writer = write_in_another_process(target, name, 100_000)
        assert writer.stdout.readline() == "ready\n"
        try:
            writer.wait(chance.uniform(0.02, 0.25))
        except subprocess.TimeoutExpired:
            writer.kill()
        lines = writer.stdout.read().split("\n")
        writer.stdout.close()
        assert writer.wait() == -9
        acknowledged.update(guid for line in lines[:-1] for guid in line.split())
        with Store.open(target) as store:
            assert acknowledged <= assert_whole(store)

    assert len(acknowledged) > 15
    with Store.open(target) as store:
        later = hand.now + timedelta(days=99)
        assert len(store.claim(later, limit=9, lease=timedelta(minutes=1), force=True)) == 5


def test_the_leases_of_a_killed_process_need_not_run_out(target, hand):
    with Store.open(target) as store:
        store.reconcile([Source(url=f"https://b{number}.example/") for number in range(3)], hand.now)
    writer = subprocess.Popen(
        [sys.executable, "-c", CLAIMER, target], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert writer.stdout.readline() == "3\n"
        with Store.open(target) as store:
            assert store.claim(hand.now, limit=9, lease=timedelta(minutes=5)) == []
            writer.kill()
            writer.wait()
            assert len(store.claim(hand.now, limit=9, lease=timedelta(minutes=5))) == 3
    finally:
        writer.kill()
        writer.communicate()


def test_several_processes_claim_no_source_twice(target, hand):
    with Store.open(target) as store:
        store.reconcile([Source(url=f"https://b{number}.example/") for number in range(60)], hand.now)
    writers = [write_in_another_process(target, 0, 1) for _ in range(3)]
    for writer in writers:
        assert writer.stdout.readline() == "ready\n"
    claims = []
    with Store.open(target) as store:
        while taken := store.claim(hand.now - timedelta(days=1), limit=2, lease=timedelta(days=9)):
            claims += [claim.record.row for claim in taken]
            if len(claims) >= 20:
                break
        for writer in writers:
            for line in writer.stdout:
                claims.append(int(line.split()[0].split(".")[3]))
            writer.stdout.close()
            assert writer.wait() == 0
        while taken := store.claim(hand.now.replace(hour=0), limit=7, lease=timedelta(days=9)):
            claims += [claim.record.row for claim in taken]

        assert sorted(claims) == sorted(set(claims))
        assert len(claims) == 60
        assert_whole(store)


# --- the n-th operation fails


def contents_of(store):
    """All rows of all tables but `counters`, whose numbers may be skipped."""
    tables = [name for name in schema.TABLES.tables if name != "counters"]
    return {table: sorted(map(repr, rows_of(store, f"SELECT * FROM {table}"))) for table in tables}


@pytest.fixture
def change(store, hand):
    """A plan that touches every table: new, colliding and changed entries, an alias, terms, a site, the channel."""
    hand.ingest(store, hand.entry("old", categories=("a", "b")), hand.entry("taken", id="same"))
    known = hand.known(store, "old")
    claim = hand.claim(store)
    return hand.plan(
        claim,
        [hand.update(hand.entry("n1", id="same", categories=("x",))), hand.update("n2")],
        changed=(hand.update(hand.entry("alias", title="changed", categories=("b", "c")), known=known),),
        channel=store.records()[0].channel,
        site=SiteState(key="blog.example", refusals=1),
    )


def test_whichever_statement_of_a_commit_fails_nothing_is_half_written(store, hand, change):
    before = contents_of(store)
    failed = 0
    for fail_at in range(1, 100):
        seen = 0

        def fail(*call, fail_at=fail_at):
            nonlocal seen
            seen += 1
            if seen == fail_at:
                raise OperationalError("injected", {}, Exception("injected"))

        event.listen(store._engine, "before_cursor_execute", fail)
        try:
            assert store.commit([change], hand.now) == [True]
        except StoreError:
            failed += 1
        else:
            break
        finally:
            event.remove(store._engine, "before_cursor_execute", fail)
        assert contents_of(store) == before

    assert failed > 10
    assert assert_whole(store) == {"old", "taken", "n1", "n2"}
    assert store.sites(["blog.example"])["blog.example"].refusals == 1


def test_a_commit_that_fails_at_its_very_end_writes_nothing(store, hand, change):
    before = contents_of(store)

    def fail(connection):
        raise OperationalError("COMMIT", {}, Exception("injected"))

    event.listen(store._engine, "commit", fail)
    with pytest.raises(StoreError):
        store.commit([change], hand.now)
    event.remove(store._engine, "commit", fail)

    assert contents_of(store) == before
    assert store.commit([change], hand.now) == [True]


def test_sqlite_interrupted_at_any_step_leaves_nothing_half_written(tmp_path, hand):
    """The progress handler stops SQLite itself in the middle of a statement."""
    interrupted = 0
    with Store.open(tmp_path / "feedmill.db") as store:
        hand.ingest(store, hand.entry("old", categories=("a",)))
        claim = hand.claim(store)
        plan = hand.plan(claim, [hand.update(hand.entry(f"n{n}", categories=("x", f"{n}"))) for n in range(4)])
        before = contents_of(store)
        for steps in range(1, 5000, 37):
            left = [steps]
            raw = store._writer.connection.dbapi_connection  # a new one after a rollback that was interrupted, too

            def stop(left=left):
                left[0] -= 1
                return left[0] < 0

            raw.set_progress_handler(stop, 1)
            try:
                store.commit([plan], hand.now)
            except StoreError as error:
                assert "interrupted" in str(error)
                interrupted += 1
            else:
                break
            finally:
                if raw is store._writer.connection.dbapi_connection:
                    raw.set_progress_handler(None, 0)
            assert contents_of(store) == before

        assert interrupted > 5
        assert_whole(store)


def test_a_failed_prune_leaves_nothing_half_written(store, hand):
    hand.ingest(
        store, *[hand.entry(f"g{n}", published=hand.now - timedelta(days=400 + n), categories=("x",)) for n in range(6)]
    )
    before = contents_of(store)
    for fail_at in range(1, 50):
        seen = 0

        def fail(*call, fail_at=fail_at):
            nonlocal seen
            seen += 1
            if seen == fail_at:
                raise OperationalError("injected", {}, Exception("injected"))

        event.listen(store._engine, "before_cursor_execute", fail)
        try:
            store.prune(hand.now, keep_entries=2)
        except StoreError:
            left = contents_of(store)
            assert left == before or len(left["entries"]) == 2
        else:
            break
        finally:
            event.remove(store._engine, "before_cursor_execute", fail)

    assert fail_at > 5
    assert len(assert_whole(store)) == 2


def test_a_number_of_an_entry_is_never_given_twice(target, hand):
    rows = []
    for turn in range(3):
        with Store.open(target) as store:
            hand.ingest(store, f"g{turn}")
            row = hand.known(store, f"g{turn}").row
            rows.append(row)
            store.drop_entries([row], hand.now)

    assert rows == sorted(set(rows))


class Interrupted(Store):
    """Between a collision and its settling, somebody else gives the lease back."""

    claims = ()
    calls = 0

    def _take_ids(self, count):
        self.calls += 1
        if self.calls == 2:
            with Store.open(self.name) as other:
                other.release(self.claims)
        return super()._take_ids(count)


def test_a_lease_that_is_lost_between_a_collision_and_its_settling_writes_nothing(target, hand):
    with Store.open(target) as store:
        hand.ingest(store, hand.entry("g1", id="same"))
        claim = hand.claim(store)
        before = contents_of(store)
    with Interrupted.open(target) as store:
        store.claims = [claim]

        assert store.commit([hand.plan(claim, [hand.update(hand.entry("g2", id="same"))])], hand.now) == [False]
        assert store.calls == 2
        assert {**contents_of(store), "sources": None} == {**before, "sources": None}
