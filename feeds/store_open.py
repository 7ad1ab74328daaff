"""From `store = ...` to an engine whose tables are the ones we know.

In:  a path, or a postgresql:// URL.
Out: `Opened`: an SQLAlchemy engine and the name by which messages call it.
Never: imports alembic when the tables are current; touches a database that is not ours; holds a query about feeds.

SQLite through Python's driver: the driver's own transactions are switched off (isolation_level None) and each
transaction begins as we say, because the driver would begin one late and as a reader, which fails with "database is
locked" in the middle instead of waiting at the start.
"""

from __future__ import annotations

import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from sqlalchemy import (
    URL,
    Column,
    Connection,
    Engine,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    create_engine,
    event,
    func,
    insert,
    make_url,
    select,
    text,
)
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.pool import QueuePool

from feedmill.feeds.errors import StoreError, StoreTooNew
from feedmill.feeds.schema import APPLICATION_ID, FIRST_COUNTERS, HEAD, REVISIONS, TABLES, counters, partial_everywhere
from feedmill.feeds.store_errors import BUSY_SECONDS, refusals

if TYPE_CHECKING:
    from sqlalchemy.engine.interfaces import DBAPIConnection

WRITES = "feedmill_writes"
"""Execution option of a connection whose transactions take the write lock at once."""

REVISION_TABLE = "feedmill_revision"
_revision = Table(
    REVISION_TABLE,
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name=f"{REVISION_TABLE}_pkc"),
)  # column and constraint as alembic would make them

# By a snapshot, not by to_regclass(): that one remembers "there is none" while we wait for another process to make it.
_REVISION_TABLE_EXISTS = text(
    "SELECT count(*) FROM pg_tables WHERE tablename = :name AND schemaname = ANY (current_schemas(false))"
).bindparams(name=REVISION_TABLE)

_OLDEST_SQLITE = (3, 37, 0)  # STRICT tables
_PAGE_BYTES = 8192
_WAL_BYTES = 64 * 1024 * 1024
_SCHEMA_LOCK = 0x666D696C  # PostgreSQL advisory lock: two processes that open a fresh database at once
_SERVER_SCHEMES = ("postgresql:", "postgresql+psycopg:", "postgres:")


@dataclass(frozen=True, slots=True)
class Opened:
    """An engine, and the path or password-free URL that messages name it by."""

    engine: Engine
    name: str


def open_engine(target: str | Path, *, read_only: bool) -> Opened:
    """Open the store at `target`; make its tables, or bring them up to date, unless `read_only`.

    Raises StoreError (not ours, damaged, locked, not permitted, ...) or StoreTooNew, each with one sentence.
    """
    if isinstance(target, str) and target.startswith(_SERVER_SCHEMES):
        opened = _open_server(target, read_only=read_only)
    else:
        opened = _open_file(Path(target), read_only=read_only)
    try:
        with refusals(opened.name):
            _check_schema(opened, read_only=read_only)
    except BaseException:
        opened.engine.dispose()
        raise
    return opened


# --- SQLite


def _open_file(path: Path, *, read_only: bool) -> Opened:
    name = str(path)
    if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        raise StoreError(f"{name}: SQLite {sqlite3.sqlite_version} is too old; feedmill needs 3.37 or newer")
    with refusals(name):
        path = path.absolute()
        if path.is_dir():
            raise StoreError(f"{name}: this is a folder; point `store` at a file in it")
        if read_only and not path.exists():
            raise StoreError(f"{name}: there is no store yet; `feedmill sync` makes one")
        if not read_only:
            path.parent.mkdir(parents=True, exist_ok=True)
    uri = f"file:{quote(str(path))}?mode={_file_mode(path, read_only=read_only)}"

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=256
        )
        try:
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES}")
        except BaseException:
            connection.close()
            raise
        return connection

    engine = create_engine("sqlite://", creator=connect, poolclass=QueuePool, pool_size=4, max_overflow=60)
    event.listen(engine, "begin", _begin)
    return Opened(engine, name)


def _file_mode(path: Path, *, read_only: bool) -> str:
    """WAL readers write to the -shm file; in a folder where they may not, a database at rest is read as it lies."""
    if not read_only:
        return "rwc"
    at_rest = not path.with_name(f"{path.name}-wal").exists()
    return "ro&immutable=1" if at_rest and not os.access(path.parent, os.W_OK) else "ro"


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES, False)
    raw: DBAPIConnection = connection.connection.dbapi_connection  # type: ignore[assignment]
    raw.execute("BEGIN IMMEDIATE" if writes else "BEGIN")


def _is_ours(connection: Connection, name: str) -> bool:
    """Whether the file holds our tables; False for an empty one. Raises when it is somebody else's database."""
    found = connection.exec_driver_sql("PRAGMA application_id").scalar()
    if found == APPLICATION_ID:
        return True
    if found == 0 and not connection.exec_driver_sql("SELECT count(*) FROM sqlite_schema").scalar():
        return False
    raise StoreError(
        f"{name}: this is the SQLite database of another program; point `store` at another path, or move the file away"
    )


# --- PostgreSQL


def _open_server(target: str, *, read_only: bool) -> Opened:
    try:
        url = make_url(target)
    except ArgumentError as error:
        raise StoreError("store: this is no PostgreSQL URL; write postgresql://user@host/database") from error
    name = url.render_as_string(hide_password=True)
    settings = [f"-c lock_timeout={BUSY_SECONDS}s"]
    if read_only:
        settings.append("-c default_transaction_read_only=on")
    options = " ".join([*_as_list(url.query.get("options")), *settings])
    query = {**url.query, "options": options}
    query.setdefault("connect_timeout", str(BUSY_SECONDS))
    query.setdefault("application_name", "feedmill")
    url = URL.create("postgresql+psycopg", url.username, url.password, url.host, url.port, url.database, query=query)
    try:
        engine = create_engine(url, pool_size=4, max_overflow=60, pool_pre_ping=True)
    except (ImportError, NoSuchModuleError) as error:
        raise StoreError(f"{name}: PostgreSQL needs one more package: pip install 'feedmill[postgresql]'") from error
    return Opened(engine, name)


def _as_list(value: str | tuple[str, ...] | None) -> list[str]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else list(value)


# --- the tables


def _check_schema(opened: Opened, *, read_only: bool) -> None:
    revision = _revision_of(opened)
    if revision == HEAD:
        return
    if revision is not None and revision not in REVISIONS:
        raise StoreTooNew(
            f"{opened.name}: written by a newer feedmill (schema {revision}, this one knows {HEAD});"
            " install that version again, or use another store"
        )
    if read_only:
        state = "has no tables yet" if revision is None else f"is of an older feedmill (schema {revision})"
        raise StoreError(f"{opened.name}: the store {state}; `feedmill sync` brings it up to date")
    _bring_up_to_date(opened)


def _revision_of(opened: Opened) -> str | None:
    with opened.engine.connect() as connection:
        return _revision_in(connection, opened.name)


def _revision_in(connection: Connection, name: str) -> str | None:
    """The schema's revision; None when there are no tables yet."""
    if connection.dialect.name == "sqlite":
        if not _is_ours(connection, name):
            return None
    elif not connection.scalar(_REVISION_TABLE_EXISTS):
        return None
    found = connection.scalar(select(_revision.c.version_num))
    return None if found is None else str(found)


def _bring_up_to_date(opened: Opened) -> None:
    """In one transaction: all tables or none, the old revision or the new. A second process waits and finds it done."""
    with opened.engine.connect().execution_options(**{WRITES: True}) as connection:
        sqlite = connection.dialect.name == "sqlite"
        if sqlite:
            _prepare_file(connection)
        with connection.begin():
            if not sqlite:
                connection.execute(select(func.pg_advisory_xact_lock(_SCHEMA_LOCK)))
            revision = _revision_in(connection, opened.name)
            if revision is None:
                _create(connection)
            elif revision != HEAD:
                _migrate(connection)
            if sqlite:
                connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.invalidate()  # with foreign keys off it must not go back to the pool


def _prepare_file(connection: Connection) -> None:
    """What SQLite changes only outside of a transaction. A migration may rebuild a table that others refer to."""
    raw: DBAPIConnection = connection.connection.dbapi_connection  # type: ignore[assignment]
    raw.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
    raw.execute("PRAGMA journal_mode = WAL")
    raw.execute("PRAGMA foreign_keys = OFF")


def _create(connection: Connection) -> None:
    """A fresh store: what the migrations would make (a test says so), without importing alembic."""
    if connection.dialect.name == "postgresql":
        partial_everywhere()
    TABLES.create_all(connection, checkfirst=False)
    _revision.create(connection)
    connection.execute(insert(_revision).values(version_num=HEAD))
    connection.execute(insert(counters).values(FIRST_COUNTERS))


def _migrate(connection: Connection) -> None:
    from feedmill.feeds.migrations import upgrade

    upgrade(connection, HEAD)
    if connection.dialect.name == "sqlite" and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
        raise StoreError("the store holds rows without their source or entry; restore a backup before upgrading")
