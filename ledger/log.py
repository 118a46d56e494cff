"""Provides the ledger: one log with its database, signing key and vault; opened, read, appended to.

Appending has three stages. *Sequence*: the entries get their positions, contiguous from 0.
*Integrate*: their leaf hashes go into the Merkle tree, their postings into the summaries.
*Publish*: the tree's checkpoint is signed. All three are one transaction: after a crash either all
of it is there or nothing.
"""

import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ledger.appending.publication import INSTANT, Publisher, stored_edge
from ledger.appending.sequencer import Sequencer
from ledger.appending.signed_store import SignedStore
from ledger.appending.submissions import Appended, Submission
from ledger.appending.writer import KnownId, Writer
from ledger.database.engines import Engine, read_connection, write_transaction
from ledger.database.schema import SCHEMA_VERSION
from ledger.entries import Entry
from ledger.messages import Refused
from ledger.signing.notes import SigningKey, VerifierKey, open_checkpoint
from ledger.tables import Log, PublishedCheckpoint, VaultPage
from ledger.vault.vault import Vault, VaultRow

DISK_FLOOR_BYTES = 256 * 1024 * 1024
"""Below so much free disk the log is read-only: public logs have died of full disks."""


def utc_now() -> datetime:
    """Return the present moment in UTC: the ledger's clock unless another is handed in."""
    return datetime.now(UTC)


@dataclass(slots=True)
class Ledger:
    """A log that can be read and appended to.

    Attributes:
        engine: the database.
        origin: the log's name: its address without scheme and trailing slash.
        sample: whether everything in it is invented.
        signing_keys: sign the checkpoints, the primary key first; their name is the origin.
        vault: seals personal data.
        store: where the newest signed checkpoint stands.
        clock: gives the time of recording.
        disk_floor: bytes of free disk below which nothing is appended.
    """

    engine: Engine
    origin: str
    sample: bool
    signing_keys: Sequence[SigningKey]
    vault: Vault
    store: SignedStore
    clock: Callable[[], datetime] = utc_now
    disk_floor: int = DISK_FLOOR_BYTES
    publisher: Publisher = field(init=False)
    _sequencer: Sequencer = field(init=False)

    def __post_init__(self) -> None:
        self.publisher = Publisher(
            self.engine, self.origin, self.signing_keys, self.store, self.clock
        )
        self._sequencer = Sequencer(self._append_group, self.publisher.publish)

    @property
    def verifier_key(self) -> VerifierKey:
        """The public key that checkpoints are checked with."""
        return self.signing_keys[0].verifier

    @property
    def verifier_keys(self) -> tuple[VerifierKey, ...]:
        """The public keys of all that sign checkpoints, the primary one first."""
        return tuple(key.verifier for key in self.signing_keys)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Writer]:
        """Hold the writer's place; what was appended is committed at the end, then published.

        Other tables may be written inside: they share the transaction. An error inside takes
        everything back.

        Raises:
            LogDamaged: the database is not what was signed, or was damaged while it was written.
            Refused: the disk is nearly full, or the store of signed checkpoints is missing.
        """
        async with self._writing() as writer:
            yield writer
        await self.publisher.publish()

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[Writer]:
        """Hold the writer's place; what was appended is committed at the end, not published."""
        self._check_disk()
        signed = self.store.newest()
        await self.publisher.check_witnesses(signed)
        async with write_transaction(self.engine) as connection:
            writer = await Writer.at_head(connection, self.clock())
            self.publisher.check_head(writer.edge, signed)
            yield writer
            await writer.store_edge()

    async def append(self, entry: Entry, vault_rows: Sequence[VaultRow] = ()) -> Appended:
        """Append one entry, together with those that others append at the same moment.

        Returns when the entry is durable; its checkpoint follows at once, or within a second while
        many are appending. The same entry again (id and content) gets the first answer again.

        Raises:
            Busy: too many are waiting; to be tried again.
            Conflict: the id stands for another content already.
            Refused: the entry is unsound, or would bring a fund below zero.
        """
        if self.engine.current_transaction.get() is not None:
            raise RuntimeError("within a write, append by its writer")
        return await self._sequencer.append(Submission.of(entry, vault_rows))

    async def _append_group(self, group: Sequence[Submission]) -> Sequence[Appended | Refused]:
        try:
            async with self._writing() as writer:
                return await writer.append_each(group, self.vault, look_up=False)
        except KnownId:  # somebody repeats a submission: seldom enough to begin anew
            async with self._writing() as writer:
                return await writer.append_each(group, self.vault)

    async def check_head(self) -> None:
        """Make sure that the database holds all that was ever signed.

        Raises:
            LogDamaged: it was restored from an old copy, or is damaged.
            Refused: the store of signed checkpoints is missing.
        """
        async with read_connection(self.engine) as connection:
            self.publisher.check_head(await stored_edge(connection), self.store.read())

    async def settle(self) -> None:
        """Wait until everything that was submitted is committed and published."""
        await self._sequencer.close()

    def _check_disk(self) -> None:
        """Refuse to write while there is little free disk beside the store of checkpoints."""
        folder = self.store.file.parent
        disk = os.statvfs(folder)
        free = disk.f_bavail * disk.f_frsize
        if free < self.disk_floor:
            raise Refused(
                "Only {free} MB of disk are free at {folder}, the floor is {floor} MB: the log is"
                " read-only until there is more.",
                free=free // 2**20,
                folder=folder,
                floor=self.disk_floor // 2**20,
            )


async def has_log() -> bool:
    """Return whether the database holds a log."""
    return await Log.table_exists() and await Log.exists()


async def is_sample() -> bool:
    """Return whether the log in this database is one of sample data."""
    return await Log.exists().where(Log.sample.eq(True))


async def create_log(origin: str, *, sample: bool, created_at: datetime) -> None:
    """Write the log's identity, once; the same call again is harmless.

    Raises:
        Refused: this database already holds a log of another name.
    """
    row = await Log.objects().first()
    if row is None:
        await Log.insert(
            Log(
                origin=origin,
                sample=sample,
                schema_version=SCHEMA_VERSION,
                created_at=created_at.strftime(INSTANT),
            )
        )
    elif row.origin != origin:
        raise Refused(
            "This database holds the log {there}, not {origin}. A log keeps its name for ever;"
            " take another CHARITY_HOME or CHARITY_DATABASE for another log.",
            there=row.origin,
            origin=origin,
        )


async def open_log(
    engine: Engine,
    signing_keys: Sequence[SigningKey],
    vault: Vault,
    store: SignedStore,
    clock: Callable[[], datetime] = utc_now,
    disk_floor: int = DISK_FLOOR_BYTES,
) -> Ledger:
    """Return the ledger in this database.

    Raises:
        Refused: there is none, its schema is another version's, or a key is another log's.
    """
    row = await Log.objects().first()
    if row is None:
        raise Refused("There is no log in this database yet. Make one with: charity init")
    if row.schema_version != SCHEMA_VERSION:
        raise Refused(
            "The database has schema version {there}, this program needs {here}.",
            there=row.schema_version,
            here=SCHEMA_VERSION,
        )
    for key in signing_keys:
        if key.verifier.name != row.origin:
            raise Refused(
                "The signing key belongs to the log {key}, this database holds {origin}.",
                key=key.verifier.name,
                origin=row.origin,
            )
    await _check_keys(row.origin, signing_keys, vault)
    return Ledger(
        engine, row.origin, row.sample, tuple(signing_keys), vault, store, clock, disk_floor
    )


async def _check_keys(origin: str, signing_keys: Sequence[SigningKey], vault: Vault) -> None:
    """Make sure that the keys are those that this log was written with.

    Raises:
        Refused: the newest checkpoint is not signed by one of them, or the vault does not open.
    """
    head = (
        await PublishedCheckpoint.select()
        .order_by(PublishedCheckpoint.size, ascending=False)
        .first()
    )
    if head is not None:
        try:
            open_checkpoint(head["note"], [key.verifier for key in signing_keys], origin)
        except Refused as refusal:
            raise Refused(
                "The signing key is another log's: it did not sign the newest checkpoint."
            ) from refusal
    page = await VaultPage.select().first()
    if page is not None:
        vault.open_page(page["page"], bytes(page["sealed"]))
