"""Provides what a witness keeps: its own key, and the last checkpoint that it cosigned of each log.

All of it is in one folder. A witness that lost its memory could be led to cosign a second history,
so a folder that has only one of the two, key or memory, is refused.
"""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from ledger.messages import Refused, WrongUse
from ledger.signing.notes import SignatureType, SigningKey
from ledger.witnessing.witness import Cosigned

KEY_FILE = "witness-signing.key"
DATABASE_FILE = "witness.sqlite"
BUSY_SECONDS = 10.0

_TABLES = """
CREATE TABLE IF NOT EXISTS identity (
    one INTEGER PRIMARY KEY CHECK (one = 1), verifier_key TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS cosigned (
    origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL,
    note TEXT NOT NULL, seconds INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS contradiction (
    origin TEXT PRIMARY KEY, cosigned TEXT NOT NULL, other TEXT NOT NULL, seconds INTEGER NOT NULL
);
"""


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two checkpoints that a log signed over equally many entries, with different root hashes.

    Attributes:
        cosigned: the note that the witness had cosigned.
        other: the note that it refused.
        seconds: when it refused, POSIX time.
    """

    cosigned: str
    other: str
    seconds: int


class WitnessStore:
    """The memory of a witness in an SQLite file; many threads and processes may use it at once."""

    def __init__(self, path: Path) -> None:
        """Open the file; make it if it is not there."""
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(
            path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.executescript(_TABLES)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _run(self, sql: str, *values: object) -> tuple[list[tuple[object, ...]], int]:
        """Run a statement as a transaction of its own; return its rows and how many it changed."""
        with self._lock:
            cursor = self._connection.execute(sql, values)
            return cursor.fetchall(), cursor.rowcount

    def last(self, origin: str) -> Cosigned | None:
        """Return the last checkpoint cosigned of a log; None before the first."""
        rows, _ = self._run(
            "SELECT size, root, note, seconds FROM cosigned WHERE origin = ?", origin
        )
        return Cosigned(*rows[0]) if rows else None  # type: ignore[arg-type]

    def replace(self, origin: str, before: Cosigned | None, after: Cosigned) -> bool:
        """Put `after` in the place of `before` for good; return False if another stands there."""
        values = (after.size, after.root, after.note, after.seconds)
        if before is None:
            _, changed = self._run(
                "INSERT INTO cosigned (size, root, note, seconds, origin) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT DO NOTHING",
                *values,
                origin,
            )
        else:
            _, changed = self._run(
                "UPDATE cosigned SET size = ?, root = ?, note = ?, seconds = ?"
                " WHERE origin = ? AND size = ? AND root = ?",
                *values,
                origin,
                before.size,
                before.root,
            )
        return changed == 1

    def keep_contradiction(self, origin: str, cosigned: str, other: str, seconds: int) -> None:
        """Keep two signed checkpoints that contradict each other; the first pair of a log stays."""
        self._run(
            "INSERT INTO contradiction (origin, cosigned, other, seconds) VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO NOTHING",
            origin,
            cosigned,
            other,
            seconds,
        )

    def contradiction(self, origin: str) -> Contradiction | None:
        """Return the first contradiction found in a log, if there was one."""
        rows, _ = self._run(
            "SELECT cosigned, other, seconds FROM contradiction WHERE origin = ?", origin
        )
        return Contradiction(*rows[0]) if rows else None  # type: ignore[arg-type]

    def identity(self) -> str | None:
        """Return the verifier key that this memory belongs to; None before the first start."""
        rows, _ = self._run("SELECT verifier_key FROM identity")
        return str(rows[0][0]) if rows else None

    def bind(self, verifier_key: str) -> None:
        """Say once for all whose memory this is."""
        self._run(
            "INSERT INTO identity (one, verifier_key) VALUES (1, ?) ON CONFLICT DO NOTHING",
            verifier_key,
        )


@contextmanager
def opened_witness(home: Path, name: str | None) -> Iterator[tuple[SigningKey, WitnessStore]]:
    """Yield a witness's key and memory; at the first start both are made.

    Args:
        home: the folder; it is made if it is not there.
        name: the witness's name, such as its address without scheme; needed at the first start.

    Raises:
        Refused: one of the two is missing, or they do not belong together.
        WrongUse: the name is missing, or another than at the first start.
    """
    key_file, database = home / KEY_FILE, home / DATABASE_FILE
    if key_file.exists() and not database.exists():
        raise Refused(
            "The witness's memory, {path}, is missing. Without it the witness could cosign a second"
            " history: take an empty folder and a new name, and publish the new key.",
            path=database,
        )
    if not key_file.exists() and name is None:
        raise WrongUse("Give the witness a name with --name, such as witness.example.org.")
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with WitnessStore(database) as store:
        key = _read_key(key_file) if key_file.exists() else _make_key(key_file, str(name), store)
        _check_identity(key, name, store)
        yield key, store


def _make_key(path: Path, name: str, store: WitnessStore) -> SigningKey:
    if store.identity() is not None:
        raise Refused(
            "The witness's key file {path} is missing. Put it back from its safe copy.", path=path
        )
    key = SigningKey.generate(name, SignatureType.COSIGNATURE)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(key.to_text() + "\n")
        file.flush()
        os.fsync(file.fileno())
    return key


def _read_key(path: Path) -> SigningKey:
    key = SigningKey.from_text(path.read_text(encoding="utf-8"))
    if key.signature_type is not SignatureType.COSIGNATURE:
        raise Refused("{path} holds no key of a witness.", path=path)
    return key


def _check_identity(key: SigningKey, name: str | None, store: WitnessStore) -> None:
    store.bind(str(key.verifier))
    if store.identity() != str(key.verifier):
        raise Refused("The witness's key and its memory do not belong together.")
    if name not in {None, key.name}:
        raise WrongUse(
            "The witness in this folder is named {there}, not {name}.", there=key.name, name=name
        )
