"""Tests of a damaged database: nothing is signed over it, nothing runs outside a transaction."""

import sqlite3
from pathlib import Path

import pytest

from ledger.database.sqlite_engine import GuardedConnection
from ledger.log import Ledger
from ledger.messages import Refused
from ledger.reading import read_head
from ledger.signing.keys import SIGNING_KEY_FILE, VAULT_KEY_FILE
from ledger.signing.notes import SigningKey
from ledger.tables import Edge
from public_site.opening import opened
from public_site.settings import Settings
from tests.charity.importing import run_import, write_list


def test_nothing_runs_after_a_transaction_was_taken_back(tmp_path: Path) -> None:
    connection = sqlite3.connect(
        tmp_path / "a.sqlite", isolation_level=None, factory=GuardedConnection
    )
    connection.execute("CREATE TABLE kept (number)")
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("INSERT INTO kept VALUES (1)")
    super(GuardedConnection, connection).execute("ROLLBACK")  # as SQLite does on a full disk
    with pytest.raises(sqlite3.OperationalError, match="taken back"):
        connection.execute("INSERT INTO kept VALUES (2)")
    with pytest.raises(sqlite3.OperationalError, match="taken back"):
        connection.executemany("INSERT INTO kept VALUES (?)", [(3,)])
    connection.execute("ROLLBACK")
    connection.close()
    with sqlite3.connect(tmp_path / "a.sqlite") as plain:
        assert plain.execute("SELECT * FROM kept").fetchall() == []


async def test_a_flipped_bit_in_the_edge_is_never_signed_over(
    ledger: Ledger, tmp_path: Path
) -> None:
    await run_import(ledger, write_list(tmp_path, "虚构甲,1"))
    [hashes] = await Edge.select(Edge.hashes).where(Edge.level == 0).output(as_list=True)
    damaged = bytes([hashes[0] ^ 1]) + hashes[1:]
    await Edge.update({Edge.hashes: damaged}).where(Edge.level == 0)
    with pytest.raises(Refused, match="damaged"):
        await run_import(ledger, write_list(tmp_path, "虚构乙,2", name="b.csv"))
    head = await read_head()
    assert head is not None
    assert head.size == 1


@pytest.mark.parametrize("file", [SIGNING_KEY_FILE, VAULT_KEY_FILE])
async def test_a_key_of_another_log_is_refused(
    ledger: Ledger, settings: Settings, tmp_path: Path, file: str
) -> None:
    await run_import(ledger, write_list(tmp_path, "虚构甲,1"))
    another = SigningKey.generate(ledger.origin).to_text() if "signing" in file else "ab" * 32
    (settings.home / file).write_text(another)
    with pytest.raises(Refused):
        async with opened(settings):
            pytest.fail("the ledger was opened")
