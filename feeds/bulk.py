"""Many rows in one call, and INSERT ... ON CONFLICT: the things for which plain `Connection.execute` is not enough.

In:  a Core statement, rows as dictionaries with the names of its parameters.
Out: nothing; the rows stand.
Never: a statement of its own: the text that runs is the one that SQLAlchemy compiles for the dialect.

`Connection.execute` works out the parameters of every row anew: a commit of 17 entries of 14 KB costs 2.9 times the CPU
of the same rows through `sqlite3` alone, and 2.25 times through here. A statement is compiled once, and the rows go to
the driver as they are: our columns are text, integers and bytes, which both drivers take without conversion.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import Any, TypeVar

from sqlalchemy import CompoundSelect, Connection, CursorResult, Dialect, Select, Table, Update
from sqlalchemy.sql.dml import Delete, Insert

Statement = Insert | Update | Delete | Select[Any] | CompoundSelect[Any]
Values = Mapping[str, Any]
Made = TypeVar("Made")
Asked = TypeVar("Asked")
CHUNK = 5000  # SQLite takes 32,766 parameters in one statement, PostgreSQL 65,535


@cache
def _compiled(statement: Statement, dialect: Dialect, names: tuple[str, ...]) -> tuple[str, Callable[[Values], Any]]:
    """The statement's text, and how a row becomes its parameters (a tuple where they go by position)."""
    compiled = statement.compile(dialect=dialect, column_keys=list(names))
    constants = {name: value for name, value in compiled.params.items() if name not in names}
    if not compiled.positional:
        return str(compiled), lambda row: {**constants, **row}
    order = compiled.positiontup or []
    if constants or len(order) == 1:
        return str(compiled), lambda row: tuple(row[name] if name in row else constants[name] for name in order)
    return str(compiled), itemgetter(*order)


def run(connection: Connection, statement: Statement, values: Values) -> CursorResult[Any]:
    """Run a statement for one row."""
    text, parameters = _compiled(statement, connection.dialect, tuple(values))
    return connection.exec_driver_sql(text, parameters(values))


def run_many(connection: Connection, statement: Statement, many: Sequence[Values]) -> None:
    """Run a statement for each row; all rows have the same names. Nothing happens when there is none."""
    if many:
        text, parameters = _compiled(statement, connection.dialect, tuple(many[0]))
        connection.exec_driver_sql(text, [parameters(row) for row in many])


def read_many(
    connection: Connection, statement: Select[Any], values: Values, make: Callable[[Sequence[Any]], Made]
) -> list[Made]:
    """All rows of a statement, each through `make`.

    The garbage collector rests meanwhile: it would look through all that was read so far again and again, and find
    nothing; 50,000 rows take half the time.
    """
    return _each(make, lambda: connection.execute(statement, values).all())


def read_all(connection: Connection, statement: Select[Any], make: Callable[[Sequence[Any]], Made]) -> list[Made]:
    """The same, for a statement without parameters: a tenth less, as nothing is worked out for each column."""
    return _each(make, lambda: run(connection, statement, {}).all())


def _each(make: Callable[[Sequence[Any]], Made], read: Callable[[], Sequence[Sequence[Any]]]) -> list[Made]:
    was_on = gc.isenabled()
    gc.disable()
    try:
        return list(map(make, read()))
    finally:
        if was_on:
            gc.enable()


def in_chunks(asked: Sequence[Asked]) -> Iterator[Sequence[Asked]]:
    """As many at a time as one statement may ask for."""
    return (asked[start : start + CHUNK] for start in range(0, len(asked), CHUNK))


@cache
def _upsert(table: Table, dialect: str) -> Insert:
    if dialect == "sqlite":
        from sqlalchemy.dialects.sqlite import insert
    else:
        from sqlalchemy.dialects.postgresql import insert  # type: ignore[assignment]
    statement = insert(table)
    keys = [column.name for column in table.primary_key]
    rest = [column.name for column in table.columns if column.name not in keys]
    return statement.on_conflict_do_update(
        index_elements=keys, set_={name: getattr(statement.excluded, name) for name in rest}
    )


def write_over(connection: Connection, table: Table, many: Sequence[Values]) -> None:
    """Insert rows, each with all columns; one that has the primary key of a stored row replaces it."""
    run_many(connection, _upsert(table, connection.dialect.name), many)
