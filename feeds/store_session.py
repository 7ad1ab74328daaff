"""A database in use: connections for readers, one for whoever writes, and transactions that end whole.

In:  an opened engine.
Out: connections inside `_read` and `_write`.
Never: a statement of its own, a schema.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Self

from sqlalchemy import Connection

from feedmill.feeds.errors import StoreError
from feedmill.feeds.store_errors import refusals
from feedmill.feeds.store_open import WRITES, Opened, open_engine


class StoreSession:
    """What `Store` stands on; threads may share it."""

    def __init__(self, opened: Opened, *, read_only: bool) -> None:
        self.name = opened.name
        self._engine = opened.engine
        self._read_only = read_only
        self._writing = Lock()
        self._writer: Connection | None = None

    @classmethod
    def open(cls, target: str | Path, *, read_only: bool = False) -> Self:
        """Open the store at a path (SQLite) or a postgresql:// URL; make it, or bring its tables up to date.

        `read_only` makes and changes nothing, and works on a read-only disk.
        Raises StoreError, or StoreTooNew when a newer feedmill wrote it.
        """
        return cls(open_engine(target, read_only=read_only), read_only=read_only)

    def close(self) -> None:
        """Let go of the database; harmless when done twice."""
        with self._writing:
            if self._writer is not None:
                self._writer.close()
                self._writer = None
            self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        with refusals(self.name), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        """A transaction that holds the write lock from its start; rolled back when anything is raised inside."""
        if self._read_only:
            raise StoreError(f"{self.name}: the store was opened for reading only")
        with self._writing, refusals(self.name):
            if self._writer is None:
                self._writer = self._engine.connect().execution_options(**{WRITES: True})
            try:
                with self._writer.begin():
                    yield self._writer
            except BaseException:
                _undo(self._writer)
                raise


def _undo(connection: Connection) -> None:
    """Leave no transaction open below SQLAlchemy, which takes one whose COMMIT failed for ended: the next one would
    find the writes of this one, and commit them."""
    if connection.invalidated:
        return
    try:
        connection.connection.rollback()
    except Exception:  # noqa: BLE001  a connection that cannot even roll back is replaced, whatever its trouble is
        connection.invalidate()
