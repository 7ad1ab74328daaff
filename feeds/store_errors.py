"""What a database says no with, in one sentence for a person.

In:  an exception of SQLAlchemy, of a driver, or of the file system.
Out: `StoreError`: the file (or server), what happened, what to do.
Never: a traceback type of SQLAlchemy, a password.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from feedmill.feeds.errors import StoreError

BUSY_SECONDS = 10

# By the primary result code of SQLite (the low byte of the extended one).
_SQLITE_SENTENCES = {
    sqlite3.SQLITE_BUSY: f"another process has kept the database locked for more than {BUSY_SECONDS} seconds;"
    " wait until it is done, or stop it, and run again",
    sqlite3.SQLITE_LOCKED: "the database is in use by another part of this process; run again",
    sqlite3.SQLITE_READONLY: "the database cannot be written; make the file and its folder writable for this user",
    sqlite3.SQLITE_PERM: "permission denied; make the file and its folder readable and writable for this user",
    sqlite3.SQLITE_CANTOPEN: "the database cannot be opened; check that its folder exists and that this user may"
    " read and write there",
    sqlite3.SQLITE_NOTADB: "this file is not a feedmill store; point `store` at another path, or move the file away",
    sqlite3.SQLITE_CORRUPT: "the database is damaged; restore a backup, or move the file away and let the sources be"
    " fetched again",
    sqlite3.SQLITE_FULL: "the disk is full, and nothing was written; free some space and run again",
    sqlite3.SQLITE_IOERR: "the disk reports an error, and nothing was written; check the disk and its free space",
}


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def _server_sentence(error: BaseException, *, disconnected: bool) -> str:
    """PostgreSQL: by the class name of psycopg's exception, so that psycopg need not be installed."""
    kind = type(error).__name__
    if kind == "LockNotAvailable":
        return _SQLITE_SENTENCES[sqlite3.SQLITE_BUSY]
    if kind in ("DiskFull", "OutOfMemory"):
        return f"the server is out of room ({_first_line(error)}), and nothing was written; free some and run again"
    if kind in ("InsufficientPrivilege", "ReadOnlySqlTransaction"):
        return f"the server refuses this user ({_first_line(error)}); grant it the right to create and write tables"
    if disconnected or kind in ("OperationalError", "AdminShutdown", "ConnectionTimeout", "CannotConnectNow"):
        return f"the server cannot be reached ({_first_line(error)}); check that it runs and that `store` names it"
    return f"the server refused ({_first_line(error)})"


def sentence(error: BaseException) -> str:
    """What happened and what to do, without the name of the store."""
    cause: BaseException = error
    disconnected = False
    if isinstance(error, DBAPIError) and error.orig is not None:
        cause, disconnected = error.orig, error.connection_invalidated
    if isinstance(cause, sqlite3.Error):
        code = getattr(cause, "sqlite_errorcode", None)
        known = _SQLITE_SENTENCES.get(code & 0xFF) if code is not None else None
        return known or f"the database refused ({_first_line(cause)})"
    if isinstance(cause, OSError):
        return f"{cause.strerror or _first_line(cause)}; check the folder and its permissions"
    if isinstance(error, DBAPIError):
        return _server_sentence(cause, disconnected=disconnected)
    return f"the database refused ({_first_line(error)})"


@contextmanager
def refusals(name: str) -> Iterator[None]:
    """Turn what goes wrong inside into a `StoreError` that begins with `name`."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        raise StoreError(f"{name}: {sentence(error)}") from error
