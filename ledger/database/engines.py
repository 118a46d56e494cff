"""Provides the database: SQLite in one file, or PostgreSQL, behind the same tables."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import unquote, urlsplit

from piccolo.table import Table

from ledger.database.postgres_engine import LedgerPostgresEngine
from ledger.database.sqlite_engine import LedgerSQLiteEngine
from ledger.messages import WrongUse
from ledger.tables import LogEntry

Engine: TypeAlias = LedgerSQLiteEngine | LedgerPostgresEngine


def open_engine(address: str) -> Engine:
    """Return the engine for `sqlite:///path` or `postgresql://user:password@host:port/name`.

    Raises:
        WrongUse: the address is of no known form.
    """
    try:
        parts = urlsplit(address)
    except ValueError as error:
        raise WrongUse("CHARITY_DATABASE is no address: {reason}.", reason=error) from error
    if parts.scheme == "sqlite" and not parts.netloc and len(parts.path) > 1:
        return LedgerSQLiteEngine(Path(unquote(parts.path[1:])))
    if parts.scheme in {"postgresql", "postgres"}:
        return LedgerPostgresEngine(address)
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
    if isinstance(engine, LedgerPostgresEngine):
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
    async with engine.writers, engine.transaction() as transaction:
        yield transaction.connection


@asynccontextmanager
async def read_connection(engine: Engine) -> AsyncIterator[Any]:
    """Yield the driver's connection for reading many rows; never inside a transaction."""
    if isinstance(engine, LedgerSQLiteEngine):
        yield await engine.reading_connection()
    else:
        pool: Any = engine.pool
        async with pool.acquire() as connection:
            yield connection


@asynccontextmanager
async def current_connection() -> AsyncIterator[Any]:
    """Yield the connection of the task's transaction, or one for reading where there is none."""
    engine: Any = LogEntry._meta.db  # noqa: SLF001 (the engine in use)
    transaction = engine.current_transaction.get()
    if transaction is not None:
        yield transaction.connection
    else:
        async with read_connection(engine) as connection:
            yield connection


@asynccontextmanager
async def snapshot(engine: Engine) -> AsyncIterator[Any]:
    """Yield a driver's connection that reads one state of the database, whatever is written."""
    if isinstance(engine, LedgerSQLiteEngine):
        connection = await engine.get_connection()
        try:
            await connection.execute("PRAGMA wal_autocheckpoint = 0")
            await connection.execute("BEGIN")
            yield connection
        finally:
            await connection.close()
    else:
        async with (
            read_connection(engine) as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            yield connection
