"""Tests of the triggers: whatever program opens the database, the log only grows."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing

import pytest

from ledger.log import Ledger
from public_site.settings import Settings
from tests.ledger.entries import (
    append_gifts,
)

pytestmark = pytest.mark.one_engine("sqlite", "its own statements; test_postgres has PostgreSQL's")


@pytest.fixture
async def database(ledger: Ledger, settings: Settings) -> AsyncIterator[sqlite3.Connection]:
    """A plain connection to a log with a full tile, as any other program would open it."""
    await append_gifts(ledger, 0, 257)
    with closing(sqlite3.connect(settings.home / "charity.sqlite")) as connection:
        yield connection


SOME_COLUMN = {
    "ledger_log": "origin",
    "ledger_entry": "body",
    "ledger_tile": "hashes",
    "ledger_checkpoint": "note",
}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {table} SET {column} = {column}",
        "UPDATE OR REPLACE {table} SET {column} = {column}",
        "DELETE FROM {table}",
        "INSERT OR REPLACE INTO {table} SELECT * FROM {table}",
        "REPLACE INTO {table} SELECT * FROM {table}",
        "INSERT INTO {table} SELECT * FROM {table} WHERE 1 ON CONFLICT DO UPDATE SET {column} = 1",
    ],
)
@pytest.mark.parametrize("table", SOME_COLUMN)
async def test_the_database_itself_refuses_to_change_the_log(
    database: sqlite3.Connection, table: str, statement: str
) -> None:
    before = database.execute(f"SELECT * FROM {table}").fetchall()
    with pytest.raises(sqlite3.IntegrityError, match=f"{table} is append-only"):
        database.execute(statement.format(table=table, column=SOME_COLUMN[table]))
    database.rollback()
    assert before
    assert database.execute(f"SELECT * FROM {table}").fetchall() == before


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT OR REPLACE INTO ledger_entry SELECT 1000, id, body FROM ledger_entry LIMIT 1",
        "INSERT OR REPLACE INTO ledger_entry (rowid, id, body) VALUES (0, 'other', 'other')",
        "INSERT OR REPLACE INTO ledger_tile (rowid, path, hashes) VALUES (1, 'other', 'other')",
    ],
    ids=["the same id elsewhere", "another id in its place", "another path in its place"],
)
async def test_the_database_itself_refuses_to_put_something_in_the_place_of_another(
    database: sqlite3.Connection, statement: str
) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="is append-only"):
        database.execute(statement)
