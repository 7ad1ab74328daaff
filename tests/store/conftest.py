"""Both databases, and a hand that fills them: fixtures of the store's tests.

Every test that asks for `target` or `store` runs twice, on SQLite and on a real PostgreSQL (skipped where its server
programs are not installed).
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from feedmill.feeds.entry import Entry
from feedmill.feeds.outcome import FetchRecord
from feedmill.feeds.source import Source, Standing
from feedmill.feeds.store import Claim, Store
from feedmill.feeds.update import EntryUpdate, KnownEntry, UpdatePlan

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
FEED = "https://blog.example/feed"


# --- PostgreSQL


def _server_program(name: str) -> str | None:
    found = shutil.which(name)
    installed = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return found or (str(installed[-1]) if installed else None)


def _server_user() -> str | None:
    """The server refuses to run as root: who runs it then; None for ourselves."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next((name for name in ("postgres", "nobody") if name in names), None)


@dataclass
class Cluster:
    """A PostgreSQL server of our own on a Unix socket."""

    folder: Path
    numbers: Iterator[int]

    def url(self, schema: str, user: str = "mill") -> str:
        return f"postgresql://{user}@/postgres?host={self.folder}&options=-csearch_path%3D{schema}"

    def execute(self, statement: str) -> None:
        import psycopg

        with psycopg.connect(f"host={self.folder} user=mill dbname=postgres", autocommit=True) as connection:
            connection.execute(statement)

    def make_schema(self) -> str:
        """An empty name space: a database of its own for each test would take seconds more."""
        name = f"store{next(self.numbers)}"
        self.execute(f"CREATE SCHEMA {name}")
        return name


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    initdb, postgres = _server_program("initdb"), _server_program("postgres")
    if initdb is None or postgres is None:
        pytest.skip("the PostgreSQL server programs (initdb, postgres) are not installed")
    pytest.importorskip("psycopg")
    user = _server_user()
    identity: dict[str, Any] = {}
    folder = Path(tempfile.mkdtemp(prefix="mill-pg-"))  # short: a socket's path has 107 bytes
    if user is not None:
        account = pwd.getpwnam(user)
        os.chown(folder, account.pw_uid, account.pw_gid)
        identity = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    data = folder / "data"
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.STDOUT, "cwd": folder, **identity}
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    try:
        subprocess.run(
            [initdb, "-D", data, "-U", "mill", "-A", "trust", "-E", "UTF8", "--no-sync", "--no-instructions"],
            check=True, env=environment, **quiet,
        )  # fmt: skip
        settings = {
            "listen_addresses": "", "unix_socket_directories": str(folder), "fsync": "off", "synchronous_commit": "off",
            "full_page_writes": "off", "max_connections": "60", "shared_buffers": "16MB",
        }  # fmt: skip
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        server = subprocess.Popen([postgres, "-D", data, *options], env=environment, **quiet)
        try:
            made = Cluster(folder, count(1))
            _wait_for(made)
            yield made
        finally:
            server.terminate()
            try:
                server.wait(1)
            except subprocess.TimeoutExpired:
                server.send_signal(2)  # fast shutdown: whoever is still connected is cut off
                server.wait(30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(cluster: Cluster) -> None:
    import psycopg

    for _ in range(200):
        try:
            cluster.execute("SELECT 1")
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    pytest.fail("PostgreSQL did not start within 10 seconds")


@pytest.fixture
def postgres_target(cluster: Cluster) -> str:
    """The URL of an empty name space in PostgreSQL."""
    return cluster.url(cluster.make_schema())


# --- both


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a store may be made: a path, or a PostgreSQL URL."""
    if request.param == "sqlite":
        return str(tmp_path / "feedmill.db")
    url: str = request.getfixturevalue("postgres_target")
    return url


@pytest.fixture
def store(target: str) -> Iterator[Store]:
    with Store.open(target) as opened:
        yield opened


# --- the hand that fills them


class Hand:
    """Makes nouns with sensible fields, and ingests them as a sync would."""

    now = NOW
    feed = FEED

    def entry(self, guid: str = "https://blog.example/1", **fields: Any) -> Entry:
        defaults: dict[str, Any] = {
            "id": guid,
            "url": "https://blog.example/1",
            "title": "A post",
            "published": NOW - timedelta(days=1),
            "content_html": "<p>Words.</p>",
            "content_text": "Words.",
        }
        return Entry(guid=guid, **{**defaults, **fields})

    def update(self, entry: Entry | str, **fields: Any) -> EntryUpdate:
        if isinstance(entry, str):
            entry = self.entry(entry)
        defaults: dict[str, Any] = {
            "raw": '{"title":"raw"}', "raw_hash": "raw1", "fingerprint": "clean1", "recipe": "recipe1",
        }  # fmt: skip
        return EntryUpdate(entry=entry, **{**defaults, **fields})

    def record(self, **fields: Any) -> FetchRecord:
        return FetchRecord(**{"at": NOW, "status": 200, "outcome": "fetched", **fields})

    def plan(self, claim: Claim, new: Sequence[EntryUpdate] = (), **fields: Any) -> UpdatePlan:
        state = replace(
            claim.record.state, standing=Standing.ACTIVE, next_fetch=NOW + timedelta(hours=1), reason="as usual"
        )
        defaults: dict[str, Any] = {"state": state, "record": self.record(new=len(new))}
        return UpdatePlan(source_row=claim.record.row, lease=claim.lease, new=tuple(new), **{**defaults, **fields})

    def claim(self, store: Store, url: str = FEED, *, now: datetime = NOW) -> Claim:
        """The lease of one source, which is made known if it is not."""
        if not store.records([url]):
            known = [record.source for record in store.records()]
            store.reconcile([*known, Source(url=url)], now)
        [claim] = store.claim(now, limit=1, lease=timedelta(minutes=5), force=True, urls=[url])
        return claim

    def ingest(
        self,
        store: Store,
        *new: EntryUpdate | Entry | str,
        url: str = FEED,
        now: datetime = NOW,
        **fields: Any,
    ) -> int:
        """Commit one look at a source; its row."""
        claim = self.claim(store, url, now=now)
        updates = [each if isinstance(each, EntryUpdate) else self.update(each) for each in new]
        assert store.commit([self.plan(claim, updates, **fields)], now) == [True]
        return claim.record.row

    def known(self, store: Store, guid: str, *, url: str = FEED) -> KnownEntry:
        [record] = store.records([url])
        return store.known(record.row, [guid])[guid]

    def titles(self, store: Store, **asked: Any) -> list[str]:
        return [stored.entry.title for stored in store.latest(**{"limit": 100, **asked})]


@pytest.fixture(scope="session")
def hand() -> Hand:
    return Hand()


@pytest.fixture
def count_rows() -> Callable[[Store, str], int]:
    """How many rows a table holds."""

    def count_them(store: Store, table: str) -> int:
        with store._engine.connect() as connection:
            found = connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar()
        return int(found or 0)

    return count_them
