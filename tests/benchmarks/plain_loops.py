"""Provides the floors of appending: the least that any ledger does, with the driver alone.

Canonical JSON by the fastest library (msgspec on structs with alphabetical fields, the same bytes
as the ledger's), SHA-256, and the rows of two tables: the log and the line of lists. No tree, no
postings, no balances, no checks, no signature.
"""

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

import asyncpg

from ledger.entries import Entry, entry_bytes
from tests.benchmarks.clocks import Clock
from tests.benchmarks.donations import BATCH, chunks, donations

SQLITE_SETTINGS = (
    "page_size = 16384",
    "journal_mode = WAL",
    "synchronous = FULL",
    "cache_size = -65536",
)
LOG_COLUMNS = ("position", "id", "body")
LINE_COLUMNS = (
    "position",
    "organisation",
    "day",
    "kind",
    "fund",
    "amount",
    "donor",
    "refers_to",
)
LOG_TABLE = "CREATE TABLE plain_log (position {key} PRIMARY KEY, id TEXT UNIQUE, body {bytes})"
LINE_TABLE = (
    "CREATE TABLE plain_line (position {key} PRIMARY KEY, organisation TEXT, day TEXT, kind TEXT,"
    " fund TEXT, amount BIGINT, donor TEXT, refers_to BIGINT)"
)
INSERT_LOG = "INSERT INTO plain_log VALUES (?, ?, ?)"
INSERT_LINE = "INSERT INTO plain_line VALUES (?, ?, ?, ?, ?, ?, ?, ?)"

Rows = tuple[list[tuple[object, ...]], list[tuple[object, ...]]]


def rows(entries: Sequence[Entry], first: int) -> Rows:
    """Encode and hash entries; return their rows in both tables."""
    log: list[tuple[object, ...]] = []
    lines: list[tuple[object, ...]] = []
    for position, entry in enumerate(entries, first):
        body = entry_bytes(entry)
        sha256(body).digest()
        facts = entry.facts
        log.append((position, entry.id, body))
        lines.append(
            (
                position,
                entry.organisation,
                entry.day,
                entry.kind,
                facts.fund,
                facts.amount,
                facts.donor.reference,
                None,
            )
        )
    return log, lines


def _open_sqlite(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, isolation_level=None)
    for setting in SQLITE_SETTINGS:
        connection.execute(f"PRAGMA {setting}")
    for table in (LOG_TABLE, LINE_TABLE):
        connection.execute(table.format(key="INTEGER", bytes="BLOB"))
    return connection


def bulk_sqlite(folder: Path, count: int) -> float:
    """Return the entries per second of the loop, in one transaction."""
    clock = Clock()
    with closing(_open_sqlite(folder / "plain.sqlite")) as connection:
        connection.execute("BEGIN IMMEDIATE")
        position = 0
        for chunk in chunks(count):
            with clock:
                for start in range(0, len(chunk), BATCH):
                    log, lines = rows(chunk[start : start + BATCH], position + start)
                    connection.executemany(INSERT_LOG, log)
                    connection.executemany(INSERT_LINE, lines)
            position += len(chunk)
        with clock:
            connection.execute("COMMIT")
    return count / clock.seconds


def single_sqlite(folder: Path, count: int) -> float:
    """Return the appends per second of one fsynced commit after the other."""
    clock = Clock()
    with closing(_open_sqlite(folder / "plain.sqlite")) as connection:
        entries = donations(0, count)
        with clock:
            for position, entry in enumerate(entries):
                [log], [line] = rows([entry], position)
                connection.execute("BEGIN IMMEDIATE")
                connection.execute(INSERT_LOG, log)
                connection.execute(INSERT_LINE, line)
                connection.execute("COMMIT")
    return count / clock.seconds


async def _open_postgres(address: str) -> Any:
    connection = await asyncpg.connect(address)
    await connection.execute("DROP TABLE IF EXISTS plain_log, plain_line")
    for table in (LOG_TABLE, LINE_TABLE):
        await connection.execute(table.format(key="BIGINT", bytes="BYTEA"))
    return connection


async def _bulk_postgres(address: str, count: int) -> float:
    clock = Clock()
    connection = await _open_postgres(address)
    position = 0
    transaction = connection.transaction()
    await transaction.start()
    for chunk in chunks(count):
        with clock:
            for start in range(0, len(chunk), BATCH):
                log, lines = rows(chunk[start : start + BATCH], position + start)
                await connection.copy_records_to_table(
                    "plain_log", records=log, columns=LOG_COLUMNS
                )
                await connection.copy_records_to_table(
                    "plain_line", records=lines, columns=LINE_COLUMNS
                )
        position += len(chunk)
    with clock:
        await transaction.commit()
    await connection.close()
    return count / clock.seconds


async def _single_postgres(address: str, count: int) -> float:
    clock = Clock()
    connection = await _open_postgres(address)
    log_insert = await connection.prepare("INSERT INTO plain_log VALUES ($1, $2, $3)")
    line_insert = await connection.prepare(
        "INSERT INTO plain_line VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
    )
    entries = donations(0, count)
    with clock:
        for position, entry in enumerate(entries):
            [log], [line] = rows([entry], position)
            async with connection.transaction():
                await log_insert.fetch(*log)
                await line_insert.fetch(*line)
    await connection.close()
    return count / clock.seconds


def bulk_postgres(address: str, count: int) -> float:
    """Return the entries per second of the loop with binary COPY, in one transaction."""
    return asyncio.run(_bulk_postgres(address, count))


def single_postgres(address: str, count: int) -> float:
    """Return the appends per second of one durable commit after the other."""
    return asyncio.run(_single_postgres(address, count))
