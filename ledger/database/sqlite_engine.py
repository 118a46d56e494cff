"""Provides the SQLite engine: one file, one connection that reads and one that writes.

Piccolo's own engine opens a connection and a thread for every query, and leaves both behind when
BEGIN fails. Here both connections are kept, each in a thread of its own, and every transaction
takes the write lock at its start, so that a read followed by a write can never find the database
changed between. Only the writing connection moves the write-ahead log into the database: SQLite
before 3.51.3 could damage a database when two connections did so at once.
"""

import asyncio
import sqlite3
from pathlib import Path
from types import TracebackType
from typing import Any

import aiosqlite
from anyio import CancelScope
from piccolo.engine.sqlite import SQLiteEngine, SQLiteTransaction, TransactionType, dict_factory
from piccolo.table import Table

from ledger.messages import WrongUse

BUSY_SECONDS = 60.0
SETTINGS = (
    "page_size = 16384",
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = 1",
    "secure_delete = 1",
    "cache_size = -65536",
)


class GuardedConnection(sqlite3.Connection):
    """A connection that runs nothing outside its transaction once one has begun.

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
    """A transaction on the kept writing connection, which holds the write lock from its start."""

    engine: "LedgerSQLiteEngine"

    async def get_connection(self) -> aiosqlite.Connection:
        """Return the writing connection."""
        return await self.engine.writing_connection()

    async def begin(self) -> None:
        """Take the write lock, or give the connection up and say why not."""
        try:
            await self.connection.execute("BEGIN IMMEDIATE")
        except BaseException:
            await self.engine.close_writing()
            raise

    async def __aexit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        """End the transaction, even while its task is being cancelled.

        After an error the connection is closed: statements may still be waiting in its thread, and
        closing takes back a transaction whose COMMIT failed.
        """
        ended = False
        with CancelScope(shield=True):
            try:
                await self.connection.execute("ROLLBACK" if exception else "COMMIT")
                ended = exception is None
            finally:
                self.engine.current_transaction.reset(self.context)
                if not ended:
                    await self.engine.close_writing()
        return exception is None


class LedgerSQLiteEngine(SQLiteEngine):
    """SQLite in write-ahead mode, with one kept connection for reading and one for writing."""

    __slots__ = ("_opening", "_reading", "_writing", "writers")

    def __init__(self, path: Path) -> None:
        super().__init__(path=str(path), timeout=BUSY_SECONDS, factory=GuardedConnection)
        self._reading: aiosqlite.Connection | None = None
        self._writing: aiosqlite.Connection | None = None
        self._opening = asyncio.Lock()
        self.writers = asyncio.Lock()

    async def get_connection(self) -> aiosqlite.Connection:
        """Open a connection with the settings that durability and speed need."""
        connection = await aiosqlite.connect(**self.connection_kwargs)
        connection.row_factory = dict_factory  # type: ignore[assignment]
        try:
            for setting in SETTINGS:
                await connection.execute(f"PRAGMA {setting}")
        except BaseException as error:
            await connection.close()  # its thread would keep the process alive
            if isinstance(error, sqlite3.DatabaseError):
                raise WrongUse(
                    "{path} cannot be used as a database: {reason}", path=self.path, reason=error
                ) from error
            raise
        return connection

    async def reading_connection(self) -> aiosqlite.Connection:
        """Return the connection for reading, opened at its first use."""
        async with self._opening:
            if self._reading is None:
                self._reading = await self.get_connection()
                await self._reading.execute("PRAGMA wal_autocheckpoint = 0")
            return self._reading

    async def writing_connection(self) -> aiosqlite.Connection:
        """Return the connection for writing, opened at its first use."""
        if self._writing is None:
            self._writing = await self.get_connection()
        return self._writing

    async def close_writing(self) -> None:
        """Close the connection for writing; the next write opens another."""
        connection, self._writing = self._writing, None
        if connection is not None:
            await connection.close()

    async def _run_in_new_connection(
        self,
        query: str,
        args: list[Any] | None = None,
        query_type: str = "generic",
        table: type[Table] | None = None,
    ) -> Any:
        connection = await self.reading_connection()
        return await connection.execute_fetchall(query, args or [])

    async def _run_in_existing_connection(
        self,
        connection: aiosqlite.Connection,
        query: str,
        args: list[Any] | None = None,
        query_type: str = "generic",
        table: type[Table] | None = None,
    ) -> Any:
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
        """Close both connections: their threads would keep the process alive."""
        await self.close_writing()
        if self._reading is not None:
            await self._reading.close()
            self._reading = None
