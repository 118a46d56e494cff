"""Provides the ledger: one log with its database, signing key and vault; opened, read, appended to.

Appending has three stages. *Sequence*: the entries get their positions, contiguous from 0.
*Integrate*: their leaf hashes go into the Merkle tree, their postings into the summaries.
*Publish*: the tree's checkpoint is signed. All three are one transaction: after a crash either all
of it is there or nothing.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from ledger.append import Writer
from ledger.database import Engine, write_transaction
from ledger.messages import Refused
from ledger.notes import SigningKey, VerifierKey, open_checkpoint
from ledger.schema import SCHEMA_VERSION
from ledger.tables import Log, PublishedCheckpoint, VaultPage
from ledger.vault import Vault


def utc_now() -> datetime:
    """Return the present moment in UTC: the ledger's clock unless another is handed in."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Ledger:
    """A log that can be read and appended to.

    Attributes:
        engine: the database.
        origin: the log's name: its address without scheme and trailing slash.
        sample: whether everything in it is invented.
        signing_key: signs the checkpoints; its name is the origin.
        vault: seals personal data.
        clock: gives the time of recording.
    """

    engine: Engine
    origin: str
    sample: bool
    signing_key: SigningKey
    vault: Vault
    clock: Callable[[], datetime] = utc_now

    @property
    def verifier_key(self) -> VerifierKey:
        """The public key that checkpoints are checked with."""
        return self.signing_key.verifier

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Writer]:
        """Hold the writer's place; what was appended is published and committed at the end.

        Other tables may be written inside: they share the transaction. An error inside takes
        everything back.
        """
        async with write_transaction(self.engine) as connection:
            writer = await Writer.at_head(connection, self.origin, self.signing_key, self.clock())
            yield writer
            await writer.publish()


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
                created_at=created_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
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
    signing_key: SigningKey,
    vault: Vault,
    clock: Callable[[], datetime] = utc_now,
) -> Ledger:
    """Return the ledger in this database.

    Raises:
        Refused: there is none, its schema is another version's, or the key is another log's.
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
    if signing_key.verifier.name != row.origin:
        raise Refused(
            "The signing key belongs to the log {key}, this database holds {origin}.",
            key=signing_key.verifier.name,
            origin=row.origin,
        )
    await _check_keys(row.origin, signing_key, vault)
    return Ledger(engine, row.origin, row.sample, signing_key, vault, clock)


async def _check_keys(origin: str, signing_key: SigningKey, vault: Vault) -> None:
    """Make sure that both keys are those that this log was written with.

    Raises:
        Refused: the newest checkpoint is not signed by this key, or the vault does not open.
    """
    head = (
        await PublishedCheckpoint.select()
        .order_by(PublishedCheckpoint.size, ascending=False)
        .first()
    )
    if head is not None:
        try:
            open_checkpoint(head["note"], [signing_key.verifier], origin)
        except Refused as refusal:
            raise Refused(
                "The signing key is another log's: it did not sign the newest checkpoint."
            ) from refusal
    page = await VaultPage.select().first()
    if page is not None:
        vault.open_page(page["page"], bytes(page["sealed"]))
