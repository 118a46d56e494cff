"""Provides the folder of drafts: what is reported and not yet in the ledger, sealed, in files.

Each batch has a folder of its own, mode 0700; its files have mode 0600 and open only with the vault
key. A reader finds the old or the new file, whole. Only the progress of a job lies there open: a
stage and two numbers.
"""

import fcntl
import os
import re
import shutil
import struct
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from charity.reporting.batches.schemas import PreviewRow
from charity.reporting.batches.sealed import decode_rows, encode
from ledger.messages import Refused
from ledger.signing.secret_files import sync_folder
from ledger.vault.envelopes import Envelopes

ROWS_A_PAGE: Final = 500
ABANDONED_SECONDS: Final = 3600.0
BATCH_ID: Final = re.compile(r"[0-9a-f]{32}")
OF_VERSION: Final = re.compile(r"(content|rows)\.(?P<version>[0-9]+)")
UNFINISHED: Final = ".unfinished"
LENGTH: Final = struct.Struct(">I")


class Progress(msgspec.Struct, frozen=True):
    """How far a job has come: its stage (read, check, append), rows done and rows in all."""

    stage: str
    done: int
    total: int


class DraftFolder:
    """Keeps the content and the preview of batches until they end."""

    def __init__(self, folder: Path, envelopes: Envelopes) -> None:
        self.folder = folder
        self._envelopes = envelopes

    def of(self, batch: str) -> Path:
        """Return the folder of one batch.

        Raises:
            ValueError: this is no id of a batch.
        """
        if not BATCH_ID.fullmatch(batch):
            raise ValueError("this is no id of a batch")
        return self.folder / batch

    def write(self, batch: str, version: int, content: bytes) -> None:
        """Write the content of one version, durably."""
        sealed = self._envelopes.seal(_place(batch, version, "content"), content)
        self._write(batch, _content(version), [sealed], durable=True)

    def read(self, batch: str, version: int) -> bytes:
        """Return the content of one version.

        Raises:
            Refused: it is no longer there, or damaged.
        """
        try:
            sealed = (self.of(batch) / _content(version)).read_bytes()
        except FileNotFoundError as error:
            raise Refused("The content of this batch is no longer here.") from error
        return self._envelopes.open(_place(batch, version, "content"), sealed)

    def holds(self, batch: str, version: int) -> bool:
        """Return whether the content of one version is still here."""
        return (self.of(batch) / _content(version)).exists()

    def write_rows(self, batch: str, version: int, rows: Sequence[PreviewRow]) -> None:
        """Write the rows of a version's preview, sealed in pages of `ROWS_A_PAGE`."""
        pages = [
            self._envelopes.seal(
                _place(batch, version, f"rows/{number}"), encode(rows[start : start + ROWS_A_PAGE])
            )
            for number, start in enumerate(range(0, len(rows), ROWS_A_PAGE), 1)
        ]
        lengths = [LENGTH.pack(len(pages)), *(LENGTH.pack(len(page)) for page in pages)]
        # They can be made again from the content: nothing waits for the disk.
        self._write(batch, _rows(version), [*lengths, *pages], durable=False)

    def read_rows(self, batch: str, version: int, page: int) -> tuple[tuple[PreviewRow, ...], int]:
        """Return the rows of one page of a version's preview, from page 1, and how many pages are.

        Without such a page there are no rows.

        Raises:
            Refused: they are damaged.
        """
        try:
            file = (self.of(batch) / _rows(version)).open("rb")
        except FileNotFoundError:
            return (), 0
        with file:
            (pages,) = LENGTH.unpack(file.read(LENGTH.size))
            lengths = [length for (length,) in LENGTH.iter_unpack(file.read(pages * LENGTH.size))]
            if not 1 <= page <= pages:
                return (), pages
            file.seek(sum(lengths[: page - 1]), os.SEEK_CUR)
            sealed = file.read(lengths[page - 1])
        return decode_rows(
            self._envelopes.open(_place(batch, version, f"rows/{page}"), sealed)
        ), pages

    def tell(self, batch: str, stage: str, done: int, total: int) -> None:
        """Tell how far the job of a batch has come."""
        content = msgspec.json.encode(Progress(stage, done, total))
        self._write(batch, "progress", [content], durable=False)

    def progress(self, batch: str) -> Progress | None:
        """Return how far the job of a batch has come; None if nothing is told."""
        try:
            content = (self.of(batch) / "progress").read_bytes()
            return msgspec.json.decode(content, type=Progress)
        except (FileNotFoundError, msgspec.DecodeError):
            return None

    def remove(self, batch: str) -> None:
        """Remove everything of a batch; harmless when it is gone."""
        folder = self.of(batch)
        if folder.exists():
            shutil.rmtree(folder, ignore_errors=True)

    def remove_abandoned(self, batch: str) -> None:
        """Remove the folder of a batch that has no line, unless its line may still be written."""
        folder = self.of(batch)
        if folder.exists() and time.time() - folder.stat().st_mtime > ABANDONED_SECONDS:
            self.remove(batch)

    def remove_older(self, batch: str, version: int) -> None:
        """Remove what belongs to earlier versions of a batch than this one, and their progress."""
        (self.of(batch) / "progress").unlink(missing_ok=True)
        for file in self._files(batch):
            found = OF_VERSION.match(file.name)
            if found and int(found["version"]) < version:
                file.unlink(missing_ok=True)

    def batches(self) -> list[str]:
        """Return the ids of the batches that have a folder here."""
        if not self.folder.is_dir():
            return []
        return sorted(one.name for one in self.folder.iterdir() if BATCH_ID.fullmatch(one.name))

    @contextmanager
    def locked(self, batch: str) -> Iterator[bool]:
        """Hold the only job's place for a batch, among all processes; yield whether it was free.

        The lock ends with the process that holds it, however that ends.
        """
        self._make(batch)
        descriptor = os.open(self.of(batch) / "lock", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True
        finally:
            os.close(descriptor)

    def _files(self, batch: str) -> list[Path]:
        folder = self.of(batch)
        return list(folder.iterdir()) if folder.is_dir() else []

    def _make(self, batch: str) -> Path:
        folder = self.of(batch)
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.mkdir(exist_ok=True, mode=0o700)
        return folder

    def _write(self, batch: str, name: str, parts: Sequence[bytes], *, durable: bool) -> None:
        folder = self._make(batch)
        # A process of its own writes each file, or a transaction: nobody else has this name.
        unfinished = folder / f"{name}{UNFINISHED}"
        descriptor = os.open(unfinished, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.writelines(parts)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        unfinished.replace(folder / name)
        if durable:
            sync_folder(folder)
            sync_folder(self.folder)


def _content(version: int) -> str:
    return f"content.{version}"


def _rows(version: int) -> str:
    return f"rows.{version}"


def _place(batch: str, version: int, part: str) -> str:
    return f"batch/{batch}/{version}/{part}"
