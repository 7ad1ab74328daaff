"""Opening: made, found again, refused. What is refused says so in one sentence that names the file and the remedy."""

from __future__ import annotations

import os
import pwd
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import event

from feedmill.feeds import store_errors
from feedmill.feeds.errors import StoreError, StoreTooNew
from feedmill.feeds.source import Source
from feedmill.feeds.store import Store

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def refusal(target: object, **asked: object) -> str:
    with pytest.raises(StoreError) as caught:
        Store.open(target, **asked).close()  # type: ignore[arg-type]
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert "sqlalche" not in sentence
    assert caught.value.exit_code == 3
    return sentence


def rewrite(path: Path, statement: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute(statement)
    connection.commit()
    connection.close()


# --- both databases


def test_a_store_is_made_and_found_again(target):
    with Store.open(target) as store:
        store.set_meta("k", "v")
    with Store.open(target) as store:
        assert store.meta("k") == "v"


def test_closing_twice_harms_nothing(target):
    store = Store.open(target)
    store.set_meta("k", "v")
    store.close()
    store.close()


def test_a_store_of_a_newer_feedmill_is_refused_and_left_alone(target):
    with Store.open(target) as store, store._engine.begin() as connection:
        connection.exec_driver_sql("UPDATE feedmill_revision SET version_num = '9999'")
    for _ in range(2):
        with pytest.raises(StoreTooNew, match=r"newer feedmill.*9999.*install that version") as caught:
            Store.open(target)
        assert str(caught.value).startswith(str(target).split("?")[0])


def test_reading_only_reads_and_refuses_to_write(target):
    with Store.open(target) as store:
        store.reconcile([Source(url="https://a.example/")], NOW)
    with Store.open(target, read_only=True) as store:
        assert len(store.records()) == 1
        assert store.latest(limit=5) == []
        with pytest.raises(StoreError, match="for reading only"):
            store.set_meta("k", "v")


def test_reading_only_makes_nothing(tmp_path):
    path = tmp_path / "none" / "feedmill.db"

    assert "there is no store yet" in refusal(path, read_only=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.postgres
def test_reading_only_refuses_a_database_without_tables(postgres_target):
    assert "has no tables yet" in refusal(postgres_target, read_only=True)


PROGRAM = """
import sys, feedmill.feeds.store as memory
with memory.Store.open(sys.argv[1]) as store:
    store.records(); store.latest(limit=5)
heavy = {"alembic", "mako", "sqlalchemy.orm", "jinja2", "feedparser"} & set(sys.modules)
print(sorted(heavy))
"""


def test_a_fresh_or_current_store_opens_without_alembic(target):
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", PROGRAM, target], capture_output=True, text=True, check=True)

        assert done.stdout.strip() == "[]"


def test_many_threads_may_use_one_store(store, hand):
    from concurrent.futures import ThreadPoolExecutor

    store.reconcile([Source(url=f"https://b{number}.example/") for number in range(8)], hand.now)

    def work(number: int) -> int:
        url = f"https://b{number}.example/"
        for turn in range(5):
            hand.ingest(store, f"g{turn}", url=url)
            store.known(number, ["g1"])
            assert store.latest(limit=3)
        return number

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(work, range(8))) == list(range(8))
    assert store.counts().entries == 40


# --- SQLite


def test_the_folder_of_a_store_is_made(tmp_path):
    path = tmp_path / "data" / "planet é #1?%20" / "feedmill.db"
    Store.open(path).close()

    assert path.is_file()


def test_an_empty_file_becomes_a_store(tmp_path):
    path = tmp_path / "feedmill.db"
    path.touch()
    Store.open(str(path)).close()

    assert path.stat().st_size > 0


def test_the_file_says_whose_it_is_and_how_it_is_kept(tmp_path):
    path = tmp_path / "feedmill.db"
    with Store.open(path) as store, store._engine.connect() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("application_id", "journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
        strict = connection.exec_driver_sql("SELECT name FROM pragma_table_list WHERE NOT strict AND type = 'table'")
        loose = {name for (name,) in strict if not name.startswith("sqlite_")}

    assert found == {
        "application_id": 0x666D696C,
        "journal_mode": "wal",
        "synchronous": 1,
        "foreign_keys": 1,
        "busy_timeout": 10_000,
    }
    assert loose == {"feedmill_revision"}


def test_a_closed_store_is_one_file(tmp_path, hand):
    with Store.open(tmp_path / "feedmill.db") as store:
        hand.ingest(store, "g")

    assert [path.name for path in tmp_path.iterdir()] == ["feedmill.db"]


def test_a_folder_is_no_store(tmp_path):
    assert "this is a folder" in refusal(tmp_path)


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("not a database, but long enough to be looked at as one" * 100)
    before = path.read_bytes()

    sentence = refusal(path)

    assert sentence.startswith(f"{path}: ")
    assert "not a feedmill store" in sentence
    assert path.read_bytes() == before


@pytest.mark.parametrize("application_id", [0, 77])
def test_another_program_s_database_is_refused_and_left_alone(tmp_path, application_id):
    path = tmp_path / "other.db"
    rewrite(path, "CREATE TABLE theirs (x)")
    rewrite(path, f"PRAGMA application_id = {application_id}")
    before = path.read_bytes()

    assert "another program" in refusal(path)
    assert path.read_bytes() == before


def test_a_damaged_store_is_refused(tmp_path, hand):
    path = tmp_path / "feedmill.db"
    with Store.open(path) as store:
        hand.ingest(store, *[hand.entry(f"g{n}", content_html="x" * 5000) for n in range(50)])
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(8192)
        file.write(b"\xa5" * (size - 8192))

    with pytest.raises(StoreError, match="damaged; restore a backup"), Store.open(path) as store:
        store.latest(limit=60)


def test_a_truncated_store_is_refused(tmp_path, hand):
    path = tmp_path / "feedmill.db"
    with Store.open(path) as store:
        hand.ingest(store, "g")
    os.truncate(path, 100)

    assert "damaged" in refusal(path) or "not a feedmill store" in refusal(path)


def test_a_full_disk_is_said_and_half_a_plan_is_not_written(tmp_path, hand):
    with Store.open(tmp_path / "feedmill.db") as store:
        hand.ingest(store, "first")
        claim = hand.claim(store)
        with store._write() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        store._writer.exec_driver_sql(f"PRAGMA max_page_count = {pages + 4}")
        store._writer.rollback()
        with pytest.raises(StoreError, match="disk is full"):
            store.commit([hand.plan(claim, [hand.update(hand.entry("big", content_html="x" * 500_000))])], hand.now)
        store._writer.exec_driver_sql("PRAGMA max_page_count = 1000000")
        store._writer.rollback()

        assert store.counts().entries == 1
        assert store.commit([hand.plan(claim, [hand.update("g2")])], hand.now) == [True]


def test_a_lock_that_another_process_does_not_give_up_is_said(tmp_path, hand):
    path = tmp_path / "feedmill.db"
    with Store.open(path) as store:
        event.listen(store._engine, "connect", lambda raw, _: raw.execute("PRAGMA busy_timeout = 50"))
        store._engine.dispose()
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="another process has kept the database locked"):
            store.set_meta("k", "v")
        assert store.records() == []
        other.execute("ROLLBACK")
        other.close()
        store.set_meta("k", "v")


PEOPLE = {entry.pw_name for entry in pwd.getpwall()}


def use(path: Path, *, read_only: bool) -> str:
    """What a person would see who reads and then writes."""
    try:
        with Store.open(path, read_only=read_only) as store:
            found = len(store.records())
            store.set_meta("k", "v")
            return f"{found} read, written"
    except StoreError as error:
        return str(error)


def use_as_nobody(path: Path, *, read_only: bool = False) -> str:
    """`use` in a forked process that gave up its rights: the interpreter itself may lie where nobody else can read."""
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            account = pwd.getpwnam("nobody")
            os.setgroups([])
            os.setgid(account.pw_gid)
            os.setuid(account.pw_uid)
            os.write(into, use(path, read_only=read_only).encode())
        finally:
            os._exit(0)
    os.close(into)
    with os.fdopen(out) as answer:
        said = answer.read()
    os.waitpid(child, 0)
    return said


@pytest.fixture
def foreign_folder() -> Iterator[Path]:
    """A folder that another user may look into and not write to."""
    if os.geteuid() != 0 or "nobody" not in PEOPLE:
        pytest.skip("only root can act as another user")
    folder = Path(tempfile.mkdtemp(prefix="mill-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def test_a_store_on_a_read_only_disk_can_be_read_and_says_that_it_cannot_be_written(foreign_folder, hand):
    path = foreign_folder / "feedmill.db"
    with Store.open(path) as store:
        hand.ingest(store, "g")
    path.chmod(0o644)

    assert use_as_nobody(path, read_only=True) == f"{path}: the store was opened for reading only"
    assert use_as_nobody(path) == (
        f"{path}: the database cannot be written; make the file and its folder writable for this user"
    )
    path.chmod(0o600)
    for read_only in (True, False):
        assert use_as_nobody(path, read_only=read_only) == (
            f"{path}: the database cannot be opened;"
            " check that its folder exists and that this user may read and write there"
        )


def test_a_folder_where_nothing_may_be_written_is_said(foreign_folder, hand):
    with Store.open(foreign_folder / "warm.db"):
        pass
    said = use_as_nobody(foreign_folder / "feedmill.db")
    deeper = foreign_folder / "deeper" / "feedmill.db"

    assert said.startswith(
        f"{foreign_folder / 'feedmill.db'}: the database cannot be opened; check that its folder exists"
    )
    assert use_as_nobody(deeper) == f"{deeper}: Permission denied; check the folder and its permissions"


# --- PostgreSQL


def test_a_server_that_is_not_there_is_said_without_the_password():
    sentence = refusal("postgresql://mill:secret@127.0.0.1:1/none")

    assert sentence.startswith("postgresql://mill:***@127.0.0.1:1/none: the server cannot be reached")
    assert "secret" not in sentence


def test_what_is_no_url_is_said():
    assert "this is no PostgreSQL URL" in refusal("postgresql:/mill@/x")


@pytest.mark.postgres
def test_a_user_who_may_not_create_tables_is_said(cluster):
    schema = cluster.make_schema()
    cluster.execute(f"CREATE ROLE guest_{schema} LOGIN")
    cluster.execute(f"GRANT USAGE ON SCHEMA {schema} TO guest_{schema}")

    assert "grant it the right" in refusal(cluster.url(schema, f"guest_{schema}"))


@pytest.mark.postgres
def test_a_server_s_own_options_are_kept(postgres_target):
    target = f"{postgres_target}%20-cstatement_timeout%3D77s"
    with Store.open(target) as store, store._engine.connect() as connection:
        found = [
            connection.exec_driver_sql(f"SHOW {name}").scalar()
            for name in ("statement_timeout", "lock_timeout", "application_name")
        ]

    assert found == ["77s", "10s", "feedmill"]


@pytest.mark.postgres
def test_a_lost_connection_is_said_and_the_next_call_has_a_new_one(cluster, postgres_target):
    with Store.open(postgres_target) as store:
        store.set_meta("k", "v")
        cluster.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'feedmill'")
        with pytest.raises(StoreError, match="cannot be reached"):
            store.set_meta("k", "w")
        store.set_meta("k", "x")

        assert store.meta("k") == "x"


def test_every_trouble_has_a_sentence():
    from sqlalchemy import exc

    def server(kind: str) -> exc.OperationalError:
        return exc.OperationalError("SELECT", {}, type(kind, (Exception,), {})("first line\nsecond"))

    assert "locked" in store_errors.sentence(server("LockNotAvailable"))
    assert "out of room (first line)" in store_errors.sentence(server("DiskFull"))
    assert "refused (first line)" in store_errors.sentence(server("UniqueViolation"))
    assert "the database refused (pool)" in store_errors.sentence(exc.TimeoutError("pool"))
    assert "the database refused (odd)" in store_errors.sentence(sqlite3.ProgrammingError("odd"))
    assert "No space left" in store_errors.sentence(OSError(28, "No space left on device"))
    assert "OSError" in store_errors.sentence(OSError())
