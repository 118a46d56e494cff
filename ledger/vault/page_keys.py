"""Provides the keys of the vault's buckets: one file beside the database, written anew by erasures.

Every sealed row of the vault belongs to a bucket and is sealed under the key of that bucket. An
erasure seals what stays of a bucket under a new key and destroys the old one: whoever still has an
old copy of the database can open nothing of it that stood in that bucket. The file is sealed under
the vault's key, so that neither opens anything alone. Old copies of the file undo this: they must
be replaced after every erasure.
"""

import secrets
from base64 import b64decode, b64encode
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from struct import Struct
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from ledger.messages import Refused
from ledger.signing.secret_files import (
    leftovers,
    make_secret,
    read_secret,
    remove_leftovers,
    replace_secret,
)

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
PAGE_KEYS_FILE: Final = "vault-pages.key"
PAGE_BUCKETS: Final = 1024
"""Buckets of sealed rows: more would cost imports time, for each needs a cipher of its own."""

HASH_BUCKETS: Final = 16
"""Buckets of keyed hashes, behind the others: few, so that a bucket tells nothing of a name."""

BUCKETS: Final = PAGE_BUCKETS + HASH_BUCKETS
CONTEXT: Final = b"charity-city/vault-pages/v1\n"
NO_KEY: Final = bytes(KEY_BYTES)
FIRST_GENERATION: Final = 1

_SLOT: Final = Struct(f">I{KEY_BYTES}s{KEY_BYTES}s")


class Slot(NamedTuple):
    """A bucket's keys: the newest with its number, and the one before it while rows still need it.

    `older` is all zeros once it is destroyed.
    """

    generation: int
    newest: bytes
    older: bytes


@dataclass(frozen=True, slots=True)
class _Loaded:
    """What the file held when it was read, and the ciphers made of it since."""

    stamp: tuple[int, int]
    slots: bytes
    ciphers: dict[tuple[int, int], AESGCM] = field(default_factory=dict)
    newest: dict[int, tuple[int, AESGCM]] = field(default_factory=dict)

    def slot(self, bucket: int) -> Slot:
        return Slot(*_SLOT.unpack_from(self.slots, bucket * _SLOT.size))


def derive(key: bytes, purpose: bytes) -> bytes:
    """Return a key of 32 bytes for one purpose (HKDF-Expand, RFC 5869)."""
    return HKDFExpand(hashes.SHA256(), KEY_BYTES, purpose).derive(key)


class PageKeys:
    """The keys of the buckets; a file that another process wrote anew is read again when needed."""

    def __init__(self, path: Path, vault_key: bytes) -> None:
        """Read the file.

        Raises:
            Refused: it is missing, damaged, or belongs to another vault key.
        """
        self._path = path
        self._cipher = AESGCM(derive(vault_key, b"page keys"))
        self._loaded = self._read()

    @classmethod
    def make(cls, path: Path, vault_key: bytes) -> "PageKeys":
        """Make the file with mode 0600, unless it is there, and read it."""
        if not path.exists():
            slots = b"".join(
                _SLOT.pack(FIRST_GENERATION, secrets.token_bytes(KEY_BYTES), NO_KEY)
                for _ in range(BUCKETS)
            )
            make_secret(path, _sealed(AESGCM(derive(vault_key, b"page keys")), slots))
        return cls(path, vault_key)

    def newest(self, bucket: int) -> tuple[int, AESGCM]:
        """Return the generation that rows of this bucket are sealed under now, and its cipher."""
        found = self._loaded.newest.get(bucket)
        if found is None:
            slot = self._loaded.slot(bucket)
            found = self._loaded.newest[bucket] = slot.generation, AESGCM(slot.newest)
        return found

    def cipher(self, bucket: int, generation: int) -> AESGCM | None:
        """Return the cipher of one generation of a bucket; None if its key was destroyed.

        Raises:
            Refused: the generation is newer than the file.
        """
        found = self._loaded.ciphers.get((bucket, generation))
        if found is None:
            key = self.key(bucket, generation)
            if key is None:
                return None
            found = self._loaded.ciphers[bucket, generation] = AESGCM(key)
        return found

    def key(self, bucket: int, generation: int) -> bytes | None:
        """Return the key of one generation of a bucket; None if it was destroyed.

        Raises:
            Refused: the generation is newer than the file.
        """
        if generation > self._loaded.slot(bucket).generation:
            self.refresh()
        slot = self._loaded.slot(bucket)
        if generation > slot.generation:
            raise Refused(
                "The key file {path} is older than the database: an erasure has replaced it since."
                " Put its newest copy back.",
                path=self._path,
            )
        if generation == slot.generation:
            return slot.newest
        if generation == slot.generation - 1 and slot.older != NO_KEY:
            return slot.older
        return None

    def generations(self, bucket: int) -> list[int]:
        """Return the generations of a bucket whose keys are there, the newest first."""
        slot = self._loaded.slot(bucket)
        return [slot.generation] + [slot.generation - 1] * (slot.older != NO_KEY)

    def unfinished(self) -> dict[int, int]:
        """Return bucket → newest generation, of those buckets whose older key is still there."""
        return {
            bucket: slot.generation
            for bucket, slot in enumerate(map(self._loaded.slot, range(BUCKETS)))
            if slot.older != NO_KEY
        }

    def has_leftovers(self) -> bool:
        """Return whether a file stands beside this one in which old keys may have stayed."""
        return bool(leftovers(self._path))

    def refresh(self) -> None:
        """Read the file again if it was written anew since."""
        if self._stamp() != self._loaded.stamp:
            self._loaded = self._read()

    def renew(self, buckets: Collection[int]) -> dict[int, int]:
        """Give buckets a new key beside the old one, durably; return bucket → new generation.

        Raises:
            RuntimeError: a bucket still has two keys.
        """
        self.refresh()
        changes: dict[int, Slot] = {}
        for bucket in buckets:
            slot = self._loaded.slot(bucket)
            if slot.older != NO_KEY:
                raise RuntimeError("an unfinished erasure must be finished first")
            new_key = secrets.token_bytes(KEY_BYTES)
            changes[bucket] = Slot(slot.generation + 1, new_key, slot.newest)
        self._write(changes)
        return {bucket: slot.generation for bucket, slot in changes.items()}

    def destroy_older(self, generations: Mapping[int, int]) -> None:
        """Destroy the older keys of those buckets whose newest generation is still the one given.

        Copies of the file that interrupted writing left go too. Hold the writer's lock.
        A bucket that has a newer generation by now belongs to another erasure, which may need both.
        """
        self.refresh()
        changes: dict[int, Slot] = {}
        for bucket, generation in generations.items():
            slot = self._loaded.slot(bucket)
            if slot.generation == generation and slot.older != NO_KEY:
                changes[bucket] = Slot(generation, slot.newest, NO_KEY)
        if changes:
            self._write(changes)
        remove_leftovers(self._path)

    def _write(self, changes: Mapping[int, Slot]) -> None:
        slots = bytearray(self._loaded.slots)
        for bucket, slot in changes.items():
            _SLOT.pack_into(slots, bucket * _SLOT.size, *slot)
        replace_secret(self._path, _sealed(self._cipher, bytes(slots)))
        self._loaded = self._read()

    def _stamp(self) -> tuple[int, int]:
        try:
            status = self._path.stat()
        except FileNotFoundError as error:
            raise Refused(
                "The key file {path} is missing. Put it back from its safe copy, the newest one;"
                " without it no name in the vault can be opened.",
                path=self._path,
            ) from error
        return status.st_ino, status.st_mtime_ns

    def _read(self) -> _Loaded:
        stamp = self._stamp()
        try:
            sealed = b64decode(read_secret(self._path), validate=True)
            slots = self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], CONTEXT)
        except (InvalidTag, ValueError) as error:
            raise Refused(
                "The key file {path} cannot be opened with the vault's key: it is damaged, or"
                " another vault's.",
                path=self._path,
            ) from error
        if len(slots) != BUCKETS * _SLOT.size:
            raise Refused("The key file {path} has another size than it must.", path=self._path)
        return _Loaded(stamp, slots)


def _sealed(cipher: AESGCM, slots: bytes) -> str:
    """Return the text of the key file: always as long."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return b64encode(nonce + cipher.encrypt(nonce, slots, CONTEXT)).decode()
