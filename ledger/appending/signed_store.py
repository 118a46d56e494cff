"""Provides the store of the newest signed checkpoint: what the log must never contradict.

A database can be restored from an old copy; what was signed since then cannot be unsigned. So the
newest signed checkpoint stands in a small file of its own, which is never restored from a copy:
nothing is signed that does not follow it. A checkpoint gets in only by compare-and-swap, before
anyone sees it: two processes can never sign two continuations of the same log.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from ledger.messages import Refused
from ledger.signing.secret_files import sync_folder

BUSY_SECONDS = 30.0


class Signed(NamedTuple):
    """The newest signed checkpoint: its number of entries, and the signed note ('' before any)."""

    size: int
    note: str


class SignedStore:
    """The file with the newest signed checkpoint of one log."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._newest: Signed | None = None
        self._stamp: tuple[int, int, int] | None = None

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        if not self.file.exists():
            raise Refused(
                "The store of signed checkpoints, {file}, is missing: nothing can be appended"
                " without it. Put it back. If it is lost, and the database is known to be the"
                " newest, make it anew with: charity renew-signed-store",
                file=self.file,
            )
        with closing(
            sqlite3.connect(self.file, timeout=BUSY_SECONDS, isolation_level=None)
        ) as connection:
            # EXTRA, for FULL would not make the end of the journal durable: after a power failure
            # it could come back and undo a checkpoint that was published meanwhile.
            connection.execute("PRAGMA synchronous = EXTRA")
            yield connection

    def create(self, origin: str, *, sample: bool) -> None:
        """Make the store for a log that has signed nothing yet; harmless when repeated.

        Raises:
            Refused: another log's store is there, or one whose log has signed something: that log
                is missing, and must not be made again under its name.
        """
        if self.file.exists():
            self._check_never_used(sample=sample)
        self._make(origin, sample, Signed(0, ""))

    def renew(self, origin: str, signed: Signed, *, sample: bool) -> None:
        """Make a lost store anew, with what the database and the witnesses say was signed last.

        Raises:
            Refused: the store is not lost.
        """
        if self.file.exists():
            raise Refused("The store of signed checkpoints, {file}, is there.", file=self.file)
        self._make(origin, sample, signed)

    def _make(self, origin: str, sample: bool, signed: Signed) -> None:
        unfinished = self.file.with_name(self.file.name + ".unfinished")
        unfinished.unlink(missing_ok=True)
        with closing(sqlite3.connect(unfinished, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("CREATE TABLE signed (origin, sample, size INTEGER, note)")
            connection.execute(
                "INSERT INTO signed VALUES (?, ?, ?, ?)", (origin, int(sample), *signed)
            )
        unfinished.chmod(0o600)
        os.replace(unfinished, self.file)  # noqa: PTH105 (replaces on every system)
        sync_folder(self.file.parent)

    def _check_never_used(self, *, sample: bool) -> None:
        origin, is_sample, signed = self._row()
        if is_sample and not sample:
            raise Refused(
                "{home} held sample data, and its key has signed it. Choose another CHARITY_HOME"
                " for a real ledger.",
                home=self.file.parent,
            )
        if signed.size and not is_sample:
            raise Refused(
                "The log {origin} has signed {size} entries, and its database is missing. Restore"
                " the database; a log is never made again under its name. ({file})",
                origin=origin,
                size=signed.size,
                file=self.file,
            )

    def read(self) -> Signed:
        """Return the newest signed checkpoint.

        Raises:
            Refused: the store is missing or damaged.
        """
        self._stamp, self._newest = self._file_stamp(), self._row()[2]
        return self._newest

    def newest(self) -> Signed:
        """Return the newest signed checkpoint; the file is read only when it was written since.

        Raises:
            Refused: as `read`.
        """
        if self._newest is None or self._stamp is None or self._file_stamp() != self._stamp:
            return self.read()
        return self._newest

    def _file_stamp(self) -> tuple[int, int, int] | None:
        """Return what changes when the file is written or replaced; None if it is missing."""
        try:
            stat = self.file.stat()
        except FileNotFoundError:
            return None
        return stat.st_ino, stat.st_mtime_ns, stat.st_size

    def _row(self) -> tuple[str, bool, Signed]:
        """Return the log's name, whether it is of sample data, and the newest checkpoint."""
        try:
            with self._opened() as connection:
                row = connection.execute("SELECT origin, sample, size, note FROM signed").fetchone()
            origin, sample, size, note = row
            return str(origin), bool(sample), _checked(size, note)
        except (sqlite3.DatabaseError, TypeError, ValueError, OverflowError) as error:
            raise Refused(
                "The store of signed checkpoints, {file}, cannot be read: {reason}",
                file=self.file,
                reason=error,
            ) from error

    def replace(self, old: Signed, new: Signed) -> bool:
        """Put `new` in the place of `old`; return False if something else stands there by now."""
        with self._opened() as connection:
            cursor = connection.execute(
                "UPDATE signed SET size = ?, note = ? WHERE size = ? AND note = ?", (*new, *old)
            )
            return cursor.rowcount == 1


def _checked(size: object, note: object) -> Signed:
    """Return what was read, if it can have been written: bits flip in small files too."""
    if not (isinstance(size, int) and size >= 0 and isinstance(note, str)):
        raise ValueError(f"size {size!r}")
    return Signed(size, note)
