"""Provides the reading and writing of many rows by each driver's own bulk way.

Row objects would cost ten times as much. SQLite gets many rows in one statement: during one
statement the interpreter lock is free, so that the next rows can be made ready meanwhile.
PostgreSQL gets them by binary COPY.
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, TypeAlias

import aiosqlite
from piccolo.columns import Column
from piccolo.table import Table

ROWS_AT_ONCE = 4_000
VALUES_AT_ONCE = 900
SQLITE_VALUES_MAX = 32_000
POSTGRES_TYPES = {int: "bigint", str: "text", bytes: "bytea", bool: "boolean"}

BEYOND = "a sum is beyond 2**53 - 1"
"""What SQLite says when a balance or total would no longer be exact."""

Row: TypeAlias = tuple[Any, ...]
Insert: TypeAlias = tuple[type[Table], Sequence[str], Sequence[Row]]
"""Rows for one table: the table, the columns, and the rows."""

Statement: TypeAlias = tuple[str, Sequence[Any]]
"""One statement with the values that fill its places."""


def is_sqlite(connection: Any) -> bool:
    """Return whether this is a connection of the SQLite driver."""
    return isinstance(connection, aiosqlite.Connection)


def table_name(table: type[Table]) -> str:
    """Return the name of a table in the database."""
    return table._meta.tablename  # noqa: SLF001


def _places(count: int) -> str:
    return ", ".join("?" * count)


async def fetch_rows(connection: Any, sql: str, values: Sequence[Any] = ()) -> list[Any]:
    """Return the rows of a query, each to be read by the names of its columns."""
    if is_sqlite(connection):
        return list(await connection.execute_fetchall(sql, values))
    return list(await connection.fetch(sql, *values))


async def fetch_column(connection: Any, sql: str) -> list[Any]:
    """Return the only column of a query: for very many rows, which need no names."""
    if is_sqlite(connection):
        column: list[Any] = await connection._execute(_run_column, connection._conn, sql)  # noqa: SLF001
        return column
    return [row[0] for row in await connection.fetch(sql)]


def _run_column(driver: sqlite3.Connection, sql: str) -> list[Any]:
    """Read a column; runs in the thread of the connection."""
    cursor = driver.cursor()
    cursor.row_factory = None
    return [value for (value,) in cursor.execute(sql)]


async def fetch_among(
    connection: Any, table: type[Table], columns: Sequence[str], key: str, values: Sequence[Any]
) -> list[Any]:
    """Return the rows whose `key` is one of `values`, in no order."""
    if not values:
        return []
    sql = f"SELECT {', '.join(columns)} FROM {table_name(table)} WHERE {key}"  # noqa: S608 (our names)
    if not is_sqlite(connection):
        return await fetch_rows(connection, f"{sql} = ANY($1)", [list(values)])
    rows: list[Any] = []
    for start in range(0, len(values), VALUES_AT_ONCE):
        part = values[start : start + VALUES_AT_ONCE]
        rows += await fetch_rows(connection, f"{sql} IN ({_places(len(part))})", part)
    return rows


def insert_statements(insert: Insert) -> Iterator[Statement]:
    """Yield what inserts many rows into SQLite, as many at once as it takes."""
    table, columns, rows = insert
    at_once = SQLITE_VALUES_MAX // len(columns)
    row_places = f"({', '.join('?' * len(columns))})"
    into = f"INSERT INTO {table_name(table)} ({', '.join(columns)}) VALUES "  # noqa: S608 (our names)
    for start in range(0, len(rows), at_once):
        part = rows[start : start + at_once]
        yield into + ", ".join([row_places] * len(part)), list(chain.from_iterable(part))


async def insert_rows(
    connection: Any, table: type[Table], columns: Sequence[str], rows: Sequence[Row]
) -> None:
    """Insert many rows."""
    if not rows:
        return
    if is_sqlite(connection):
        for statement in insert_statements((table, columns, rows)):
            await connection.execute(*statement)
    else:
        await connection.copy_records_to_table(
            table_name(table), records=rows, columns=list(columns)
        )


async def start_inserts(connection: Any, *inserts: Insert) -> Awaitable[object]:
    """Hand rows of several tables to the database; return what tells that they are written.

    SQLite's thread gets all of it at once and works while the caller goes on; a connection to
    PostgreSQL takes one statement at a time, so there all of it is written on return.
    """
    if is_sqlite(connection):
        tasks = [asyncio.create_task(insert_rows(connection, *insert)) for insert in inserts]
        await asyncio.sleep(0)  # every task has handed its first statement over
    else:
        tasks = [asyncio.create_task(_insert_in_turn(connection, inserts))]
        await asyncio.gather(*tasks, return_exceptions=True)  # an error is for who awaits the rest
    return asyncio.create_task(_all_done(tasks))


async def _insert_in_turn(connection: Any, inserts: Sequence[Insert]) -> None:
    for insert in inserts:
        await insert_rows(connection, *insert)


async def _all_done(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Wait for every task, and only then raise the first error: none is left running behind it."""
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome


@dataclass(frozen=True, slots=True)
class Write:
    """Rows for one table; with `keys`, those that may be there already are added to or replaced.

    Attributes:
        insert: table, columns and rows; the key columns come first.
        keys: how many columns tell a row apart; 0 for rows that are all new.
        adding: whether the other columns are added to what is there, or put in its place.
    """

    insert: Insert
    keys: int = 0
    adding: bool = False

    def conflict(self) -> str:
        """Return the clause for rows that are there already."""
        if not self.keys:
            return ""
        table, columns, _ = self.insert
        changes = ", ".join(
            f"{column} = {f'{table_name(table)}.{column} + ' if self.adding else ''}"
            f"excluded.{column}"
            for column in columns[self.keys :]
        )
        return f" ON CONFLICT ({', '.join(columns[: self.keys])}) DO UPDATE SET {changes}"


async def write_together(connection: Any, writes: Sequence[Write]) -> None:
    """Write small numbers of rows to several tables with as little waiting as the driver allows.

    With SQLite all of it is one errand to the connection's thread, with PostgreSQL one statement:
    for a small group the errands cost more than the rows.
    """
    writes = [write for write in writes if write.insert[2]]
    if not writes:
        return
    if is_sqlite(connection):
        await connection._execute(_run_all, connection._conn, writes)  # noqa: SLF001
    else:
        await connection.execute(*_one_statement(writes))


def _run_all(driver: sqlite3.Connection, writes: Sequence[Write]) -> None:
    """Write to several tables; runs in the thread of the connection."""
    for write in writes:
        if write.keys:
            table, columns, rows = write.insert
            into = f"INSERT INTO {table_name(table)} ({', '.join(columns)})"
            driver.executemany(f"{into} VALUES ({_places(len(columns))}){write.conflict()}", rows)
        else:
            for statement in insert_statements(write.insert):
                driver.execute(*statement)


def _one_statement(writes: Sequence[Write]) -> tuple[Any, ...]:
    """Return one statement for PostgreSQL that writes to several tables, and its arrays."""
    parts: list[str] = []
    arrays: list[tuple[Any, ...]] = []
    for write in writes:
        table, columns, rows = write.insert
        types = [POSTGRES_TYPES[_column(table, column).value_type] for column in columns]
        given = ", ".join(
            f"${number}::{name}[]" for number, name in enumerate(types, len(arrays) + 1)
        )
        parts.append(
            f"INSERT INTO {table_name(table)} ({', '.join(columns)})"  # noqa: S608 (our names)
            f" SELECT * FROM unnest({given}){write.conflict()}"
        )
        arrays += zip(*rows, strict=True)
    *before, last = parts
    named = ", ".join(f"write_{number} AS ({part})" for number, part in enumerate(before))
    return f"WITH {named} {last}" if named else last, *arrays


def _column(table: type[Table], name: str) -> Column:
    return table._meta.get_column_by_name(name)  # noqa: SLF001
