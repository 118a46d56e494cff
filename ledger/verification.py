"""Provides the audit that a stranger runs over a published log, without any database.

All that it needs is the log's verifier key, obtained elsewhere, and a way to fetch its files.
"""

import os
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeAlias

from ledger.canonical import CanonicalError, decode
from ledger.hashing import leaf_hash, leaf_hashes
from ledger.messages import Message, Refused
from ledger.proofs import (
    ProofError,
    TlogProof,
    consistency_proof,
    verify_consistency,
    verify_inclusion,
)
from ledger.signing.notes import Checkpoint, NoteError, VerifierKey, open_checkpoint, open_note
from ledger.tiles import (
    HASH_BYTES,
    TILE_WIDTH,
    RightEdge,
    TilePath,
    decode_bundle,
)

Fetch: TypeAlias = Callable[[str], bytes]
OnProgress: TypeAlias = Callable[[int, int], None]
OnEntry: TypeAlias = Callable[[int, bytes], None]

CHECKPOINT = "checkpoint"
LARGEST_FILE: Final = TILE_WIDTH * (2 + 65_535)
"""Bytes of the longest bundle: each entry has its length in 2 bytes before it (C2SP tlog-tiles)."""


class VerificationError(Refused):
    """The log, or a receipt from it, does not hold what it promises."""


@dataclass(frozen=True, slots=True)
class LogReport:
    """What an audit of a whole log proved.

    Attributes:
        checkpoint: what the log had signed.
        entries: how many entries were read and hashed.
        tiles_checked: how many tiles of hashes were computed again and compared.
        findings: what was proved, in words.
    """

    checkpoint: Checkpoint
    entries: int
    tiles_checked: int
    findings: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class EntryReport:
    """What a receipt proved about one entry.

    Attributes:
        checkpoint: what the log had signed.
        index: the place of the entry in the log, counted from 0.
        value: what the entry says.
        findings: what was proved, in words.
    """

    checkpoint: Checkpoint
    index: int
    value: dict[str, Any]
    findings: tuple[Message, ...]


def folder_fetch(folder: Path) -> Fetch:
    """Return what fetches the files of a log from a folder, and nothing outside of it."""
    root = folder.resolve()

    @cache
    def is_inside(directory: Path) -> bool:
        return directory.resolve().is_relative_to(root)

    def fetch(path: str) -> bytes:
        file = root / path
        try:
            # a folder is looked at once, a file only if it points elsewhere
            if not is_inside(file.resolve() if file.is_symlink() else file.parent):
                raise LookupError(path)
            return _read_regular(file, path)
        except (OSError, RuntimeError, ValueError) as error:  # 3.11: links in a circle
            raise LookupError(path) from error

    return fetch


def _read_regular(file: Path, path: str) -> bytes:
    """Return a file of a log; what hangs (a pipe), and what memory cannot hold, is not read."""
    descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise LookupError(path)
        if status.st_size > LARGEST_FILE:
            raise VerificationError(
                "The file {path} has {bytes} bytes: no file of a log is that long.",
                path=path,
                bytes=status.st_size,
            )
        return os.read(descriptor, status.st_size)
    finally:
        os.close(descriptor)


def verify_log(
    fetch: Fetch,
    keys: Sequence[VerifierKey],
    *,
    earlier: Checkpoint | None = None,
    on_progress: OnProgress | None = None,
    on_entry: OnEntry | None = None,
) -> LogReport:
    """Audit a whole log: read every entry, compute every tile again, compare the root.

    What the entries say is not looked at: `on_entry` is for that, such as `Recount.add`.

    The memory needed does not grow with the log: one bundle and one tile of each level.

    Args:
        fetch: returns a file of the log by its path below the log's prefix; raises LookupError
            when it is missing.
        keys: the verifier keys of the log and, if they are known, of its witnesses.
        earlier: a checkpoint of the same log that was seen before.
        on_progress: is called with the number of entries read and that of all.
        on_entry: is called with the place and the bytes of every entry that was checked.

    Raises:
        VerificationError: something is missing or wrong; the message says what and where.
    """
    note = _fetch_checkpoint(fetch)
    checkpoint = _open(note, keys)
    audit = _Audit(fetch, checkpoint.size)
    for number in range(-(-checkpoint.size // TILE_WIDTH)):
        audit.check_bundle(number, on_entry)
        if on_progress is not None:
            on_progress(audit.edge.size, checkpoint.size)
    audit.check_edge()
    if audit.edge.root() != checkpoint.root:
        raise VerificationError(
            "The root hash over all {size} entries is not that of the signed checkpoint.",
            size=checkpoint.size,
        )
    findings = [
        *_signers(checkpoint, note, keys),
        Message("{count} tiles hold the hashes of these entries.", count=audit.tiles_checked),
        Message("The root hash over all entries is that of the signed checkpoint."),
    ]
    if earlier is not None:
        findings.append(_check_earlier(earlier, checkpoint, audit.read_tile))
    return LogReport(checkpoint, checkpoint.size, audit.tiles_checked, tuple(findings))


class _Audit:
    """An audit on its way through the log, from the left to the right."""

    def __init__(self, fetch: Fetch, size: int) -> None:
        self.edge = RightEdge()
        self.tiles_checked = 0
        self._fetch = fetch
        self._size = size

    def check_bundle(self, number: int, on_entry: OnEntry | None) -> None:
        """Check the entries of a bundle, and every tile that they complete."""
        start = number * TILE_WIDTH
        width = min(TILE_WIDTH, self._size - start)
        entries = self._read_bundle(TilePath(None, number, width))
        leaves = leaf_hashes(entries)
        # The leaves' own tile comes first: it tells which entry is wrong.
        self._check_leaves(TilePath(0, number, width), leaves)
        if on_entry is not None:
            for index, entry in enumerate(entries, start):
                on_entry(index, entry)
        for tile in self.edge.append(leaves):
            if tile.level:
                self._check_tile(TilePath(tile.level, tile.number), tile.hashes)

    def check_edge(self) -> None:
        """Check the partial tiles above the leaves."""
        for path, hashes in self.edge.partial_tiles():
            if path.level:
                self._check_tile(path, hashes)

    def read_tile(self, path: TilePath) -> bytes:
        """Return the hashes of a tile; of the full one, if the partial one is gone."""
        data, found = self._fetch_tile(path)
        if len(data) != found.width * HASH_BYTES:
            raise VerificationError(
                "The tile {path} has {bytes} bytes instead of {expected}.",
                path=found,
                bytes=len(data),
                expected=found.width * HASH_BYTES,
            )
        return data[: path.width * HASH_BYTES]

    def _read_bundle(self, path: TilePath) -> list[bytes]:
        data, found = self._fetch_tile(path)
        try:
            entries = decode_bundle(data)
        except ValueError as error:
            raise VerificationError(
                "The bundle {path} is damaged: {reason}.", path=found, reason=error
            ) from error
        if len(entries) != found.width:
            raise VerificationError(
                "The bundle {path} has {count} entries instead of {expected}.",
                path=found,
                count=len(entries),
                expected=found.width,
            )
        return entries[: path.width]

    def _fetch_tile(self, path: TilePath) -> tuple[bytes, TilePath]:
        """Return a file and its path: a partial tile may go once the full one exists."""
        full = TilePath(path.level, path.number)
        for candidate in dict.fromkeys((path, full)):
            try:
                return self._fetch(candidate.path()), candidate
            except LookupError:
                continue
        raise VerificationError("The file {path} is missing.", path=path)

    def _check_tile(self, path: TilePath, expected: bytes) -> None:
        if self.read_tile(path) != expected:
            raise VerificationError(
                "The tile {path} does not hold the hashes of the tiles below it.", path=path
            )
        self.tiles_checked += 1

    def _check_leaves(self, path: TilePath, leaves: list[bytes]) -> None:
        hashes = self.read_tile(path)
        if b"".join(leaves) != hashes:
            position = next(
                position
                for position, leaf in enumerate(leaves)
                if hashes[position * HASH_BYTES : (position + 1) * HASH_BYTES] != leaf
            )
            raise VerificationError(
                "Entry {index} does not have the hash that the tile {path} holds.",
                index=path.number * TILE_WIDTH + position,
                path=path,
            )
        self.tiles_checked += 1


def _check_entry(index: int, entry: bytes) -> dict[str, Any]:
    try:
        return decode(entry)
    except CanonicalError as error:
        raise VerificationError(
            "Entry {index} is not canonical JSON: {reason}", index=index, reason=error.message
        ) from error


def _fetch_checkpoint(fetch: Fetch) -> str:
    try:
        return fetch(CHECKPOINT).decode()
    except LookupError as error:
        raise VerificationError("The file {path} is missing.", path=CHECKPOINT) from error
    except UnicodeDecodeError as error:
        raise VerificationError("The checkpoint is not text in UTF-8.") from error


def _open(note: str, keys: Sequence[VerifierKey]) -> Checkpoint:
    try:
        return open_checkpoint(note, keys)
    except NoteError as error:
        raise VerificationError(
            "The checkpoint cannot be trusted: {reason}", reason=error.message
        ) from error


def _signers(checkpoint: Checkpoint, note: str, keys: Sequence[VerifierKey]) -> list[Message]:
    """Return who signed a checkpoint: the log, and each witness whose key is known."""
    log = Message(
        "The log {origin} signed its checkpoint over {size} entries.",
        origin=checkpoint.origin,
        size=checkpoint.size,
    )
    witnesses = [
        Message("The witness {name} signed the checkpoint too.", name=signature.name)
        for signature in open_note(note, keys).signatures
        if signature.name != checkpoint.origin
    ]
    return [log, *witnesses]


def _check_earlier(
    earlier: Checkpoint, checkpoint: Checkpoint, read: Callable[[TilePath], bytes]
) -> Message:
    """Prove that the log still begins with what the earlier checkpoint had signed."""
    if earlier.origin != checkpoint.origin:
        raise VerificationError(
            "The earlier checkpoint is of the log {earlier}, not of {origin}.",
            earlier=earlier.origin,
            origin=checkpoint.origin,
        )
    try:
        proof = consistency_proof(earlier.size, checkpoint.size, read)
        verify_consistency(earlier.size, earlier.root, checkpoint.size, checkpoint.root, proof)
    except ProofError as error:
        raise VerificationError(
            "The history was rewritten: the first {size} entries are not those of the earlier"
            " checkpoint. {reason}",
            size=earlier.size,
            reason=error.message,
        ) from error
    return Message(
        "The log still begins with the {size} entries of the earlier checkpoint.",
        size=earlier.size,
    )


def verify_entry(entry: bytes, proof_text: str, keys: Sequence[VerifierKey]) -> EntryReport:
    """Check one entry by its receipt, without the log.

    Args:
        entry: the bytes of the entry, as the log holds them.
        proof_text: the `.tlog-proof` file.
        keys: the verifier keys of the log and, if they are known, of its witnesses.

    Raises:
        VerificationError: the receipt does not prove the entry; the message says why.
    """
    try:
        proof = TlogProof.parse(proof_text)
        checkpoint = _open(proof.checkpoint_note, keys)
        verify_inclusion(
            leaf_hash(entry), proof.index, checkpoint.size, proof.hashes, checkpoint.root
        )
    except ProofError as error:
        raise VerificationError(
            "The receipt does not prove this entry: {reason}", reason=error.message
        ) from error
    findings = (
        *_signers(checkpoint, proof.checkpoint_note, keys),
        Message("The log holds this entry at place {index}.", index=proof.index),
    )
    return EntryReport(checkpoint, proof.index, _check_entry(proof.index, entry), findings)
