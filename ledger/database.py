"""Provides the database engines: SQLite in one file, or PostgreSQL, behind the same tables.

Piccolo's own SQLite engine opens a connection and a thread for every query, and leaves both behind
when BEGIN fails. Here one connection is kept for reading, and every transaction takes the write
lock at its start, so that a read followed by a write can never find the database changed between.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Iterable, Sequence
from contextlib import asynccontextmanager
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Any, TypeAlias
from urllib.parse import unquote, urlsplit

import aiosqlite
from anyio import CancelScope
from piccolo.engine.postgres import PostgresEngine
from piccolo.engine.sqlite import SQLiteEngine, SQLiteTransaction, TransactionType, dict_factory
from piccolo.table import Table

from ledger.messages import WrongUse

WRITE_LOCK = 0x63686172  # "char": the advisory lock that PostgreSQL's writers queue on
BUSY_SECONDS = 60.0
ROWS_AT_ONCE = 4_000
SQLITE_VALUES_MAX = 32_000
SQLITE_SETTINGS = (
    "page_size = 16384",
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = 1",
    "cache_size = -65536",
)

Row: TypeAlias = tuple[Any, ...]


class GuardedConnection(sqlite3.Connection):
    """A connection that runs nothing outside its transaction once that has begun.

    SQLite takes a transaction back by itself when the disk is full. Statements that were waiting
    behind the failed one would then commit alone; here they are refused.
    """

    begun = False

    def _guard(self, sql: str) -> None:
        if sql.startswith("BEGIN"):
            self.begun = True
        elif self.begun and not self.in_transaction:
            raise sqlite3.OperationalError("the transaction was taken back")

    def execute(self, sql: str, *arguments: Any) -> sqlite3.Cursor:
        """Run a statement, if the transaction still stands; rolling back twice is harmless."""
        if sql == "ROLLBACK" and not self.in_transaction:
            return self.cursor()
        self._guard(sql)
        return super().execute(sql, *arguments)

    def executemany(self, sql: str, *arguments: Any) -> sqlite3.Cursor:
        """Run a statement for many rows, if the transaction still stands."""
        self._guard(sql)
        return super().executemany(sql, *arguments)


class WriteTransaction(SQLiteTransaction):
    """A SQLite transaction that holds the write lock and closes its connection if BEGIN fails."""

    async def begin(self) -> None:
        """Take the write lock, or close the connection and say why not."""
        try:
            await self.connection.execute("BEGIN IMMEDIATE")
        except BaseException:
            await self.connection.close()
            raise

    async def __aexit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        """End the transaction and close its connection, even while its task is being cancelled.

        A connection that stays open keeps its thread, and with it the process; if COMMIT fails,
        closing takes the transaction back.
        """
        with CancelScope(shield=True):
            try:
                await self.connection.execute("ROLLBACK" if exception else "COMMIT")
            finally:
                await self.connection.close()
                self.engine.current_transaction.reset(self.context)
        return exception is None


class LedgerSQLiteEngine(SQLiteEngine):
    """SQLite in write-ahead mode, with one kept connection for reading."""

    __slots__ = ("_kept", "_opening", "writers")

    def __init__(self, path: Path) -> None:
        super().__init__(path=str(path), timeout=BUSY_SECONDS, factory=GuardedConnection)
        self._kept: aiosqlite.Connection | None = None
        self._opening = asyncio.Lock()
        self.writers = asyncio.Lock()

    async def get_connection(self) -> aiosqlite.Connection:
        """Open a connection with the settings that durability and speed need."""
        connection = await aiosqlite.connect(**self.connection_kwargs)
        connection.row_factory = dict_factory  # type: ignore[assignment]
        try:
            for setting in SQLITE_SETTINGS:
                await connection.execute(f"PRAGMA {setting}")
        except BaseException as error:
            await connection.close()  # its thread would keep the process alive
            if isinstance(error, sqlite3.DatabaseError):
                raise WrongUse(
                    "{path} cannot be used as a database: {reason}", path=self.path, reason=error
                ) from error
            raise
        return connection

    async def kept_connection(self) -> aiosqlite.Connection:
        """Return the connection for reading, opened at its first use."""
        async with self._opening:
            if self._kept is None:
                self._kept = await self.get_connection()
            return self._kept

    async def _run_in_new_connection(
        self,
        query: str,
        args: list[Any] | None = None,
        query_type: str = "generic",
        table: type[Table] | None = None,
    ) -> Any:
        connection = await self.kept_connection()
        return await connection.execute_fetchall(query, args or [])

    def transaction(
        self,
        transaction_type: TransactionType = TransactionType.immediate,
        allow_nested: bool = False,
    ) -> SQLiteTransaction:
        """Return a transaction that takes the write lock at its start; never nested."""
        return WriteTransaction(
            engine=self, transaction_type=TransactionType.immediate, allow_nested=False
        )

    async def close(self) -> None:
        """Close the kept connection: its thread would keep the process alive."""
        if self._kept is not None:
            await self._kept.close()
            self._kept = None


Engine: TypeAlias = LedgerSQLiteEngine | PostgresEngine


def open_engine(address: str) -> Engine:
    """Return the engine for `sqlite:///path` or `postgresql://user:password@host:port/name`.

    Raises:
        WrongUse: the address is of no known form.
    """
    parts = urlsplit(address)
    if parts.scheme == "sqlite" and not parts.netloc and len(parts.path) > 1:
        path = Path(unquote(parts.path[1:]))
        return LedgerSQLiteEngine(path)
    if parts.scheme in {"postgresql", "postgres"}:
        return PostgresEngine(config={"dsn": address})
    raise WrongUse(
        "CHARITY_DATABASE is {address!r}; write sqlite:///path/to/file or"
        " postgresql://user@host/name.",
        address=parts._replace(netloc="…").geturl() if parts.password else address,
    )


@asynccontextmanager
async def connected(engine: Engine, tables: Iterable[type[Table]]) -> AsyncIterator[None]:
    """Let `tables` use this engine; open its pool, and close everything at the end."""
    for table in tables:
        table._meta.db = engine  # noqa: SLF001 (Piccolo's way to choose an engine at run time)
    if isinstance(engine, PostgresEngine):
        await engine.start_connection_pool()
        try:
            yield
        finally:
            await engine.close_connection_pool()
    else:
        try:
            yield
        finally:
            await engine.close()


@asynccontextmanager
async def write_transaction(engine: Engine) -> AsyncIterator[Any]:
    """Hold the only writer's place: a transaction under a lock that other processes respect.

    Yields the driver's connection for bulk writes; Piccolo's queries join the transaction.
    """
    if isinstance(engine, LedgerSQLiteEngine):
        async with engine.writers, engine.transaction() as transaction:
            yield transaction.connection
    else:
        async with engine.transaction(allow_nested=False) as transaction:
            await transaction.connection.execute("SELECT pg_advisory_xact_lock($1)", WRITE_LOCK)
            yield transaction.connection


def _places(connection: Any, count: int) -> str:
    if isinstance(connection, aiosqlite.Connection):
        return ", ".join("?" * count)
    return ", ".join(f"${number}" for number in range(1, count + 1))


async def insert_rows(
    connection: Any, table: type[Table], columns: Sequence[str], rows: Sequence[Row]
) -> None:
    """Insert many rows by the driver's own bulk way (row objects would cost ten times as much).

    SQLite gets many rows in one statement: during one statement the interpreter lock is free, so
    that the next rows can be made ready meanwhile.
    """
    name = table._meta.tablename  # noqa: SLF001
    if not rows:
        return
    if not isinstance(connection, aiosqlite.Connection):
        await connection.copy_records_to_table(name, records=rows, columns=list(columns))
        return
    at_once = SQLITE_VALUES_MAX // len(columns)
    places = f"({', '.join('?' * len(columns))})"
    for start in range(0, len(rows), at_once):
        part = rows[start : start + at_once]
        values = ", ".join([places] * len(part))
        sql = f"INSERT INTO {name} ({', '.join(columns)}) VALUES {values}"  # noqa: S608 (our names)
        await connection.execute(sql, list(chain.from_iterable(part)))


async def start_inserts(
    connection: Any, *inserts: tuple[type[Table], Sequence[str], Sequence[Row]]
) -> Awaitable[object]:
    """Hand rows of several tables to the database; return what tells that they are written.

    SQLite's thread gets all of it at once and works while the caller goes on; a connection to
    PostgreSQL takes one statement at a time, so there all of it is written on return.
    """
    if not isinstance(connection, aiosqlite.Connection):
        for insert in inserts:
            await insert_rows(connection, *insert)
        return asyncio.sleep(0)
    tasks = [asyncio.create_task(insert_rows(connection, *insert)) for insert in inserts]
    await asyncio.sleep(0)  # every task has handed its first statement over
    return asyncio.create_task(_all_done(tasks))


async def _all_done(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Wait for every task, and only then raise the first error: none is left running behind it."""
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome


async def add_to_rows(
    connection: Any,
    table: type[Table],
    keys: Sequence[str],
    amounts: Sequence[str],
    rows: Sequence[Row],
) -> None:
    """Add to running totals: each row holds the key columns, then what to add to each amount."""
    name = table._meta.tablename  # noqa: SLF001
    columns = [*keys, *amounts]
    if not rows:
        return
    additions = ", ".join(f"{column} = {name}.{column} + excluded.{column}" for column in amounts)
    sql = (
        f"INSERT INTO {name} ({', '.join(columns)})"  # noqa: S608 (names are ours)
        f" VALUES ({_places(connection, len(columns))})"
        f" ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {additions}"
    )
    await connection.executemany(sql, rows)
