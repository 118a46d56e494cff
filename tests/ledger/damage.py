"""Provides the damaging of a database behind the ledger's back, as a failing disk would."""

import sqlite3
from contextlib import closing
from pathlib import Path


def damage(home: Path, sql: str, *values: object) -> None:
    """Change one row of the SQLite database of a home, its triggers taken away."""
    with closing(sqlite3.connect(home / "charity.sqlite", isolation_level=None)) as connection:
        triggers = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in triggers.fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        assert connection.execute(sql, values).rowcount == 1


def flipped(data: bytes, bit: int = 100) -> bytes:
    """Return bytes with one bit changed."""
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)
