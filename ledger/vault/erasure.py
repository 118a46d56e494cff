"""Provides the erasure of donors from the vault, for good, even against old copies of the database.

Names and salts are taken off their pages; what else stands in the same buckets is sealed under new
keys, and the old keys are destroyed. The log gets one entry, which tells how many donors and why,
never whose. All proofs and totals stay as they were.

Steps, each of them durable before the next:

1. The key file gets new keys for the touched buckets, beside the old ones.
2. One transaction: rows are erased or sealed under the new keys; the entry is appended.
3. The key file is written anew without the old keys.

An erasure that was interrupted after any of them is finished by the next call. Old copies of the
key file must be replaced by the new one after every erasure.

Source: 《个人信息保护法》 art. 47 (deletion), art. 15 (withdrawal of consent).
"""

import secrets
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from ledger.appending.writer import Writer
from ledger.database.bulk_rows import fetch_among
from ledger.database.engines import read_connection
from ledger.database.sqlite_engine import LedgerSQLiteEngine
from ledger.entries import VERSION, Entry, Source
from ledger.kinds.erasure import ERASURE, ErasureFacts, ErasureGround
from ledger.log import Ledger
from ledger.tables import (
    MovementRow,
    VaultConsent,
    VaultDonor,
    VaultPage,
    VaultRemark,
    VaultThanks,
)
from ledger.vault.resealing import (
    ROWS_AT_ONCE,
    delete_among,
    every_key,
    reseal_buckets,
    write_sealed,
)
from ledger.vault.vault import (
    Place,
    Thanks,
    Vault,
    consent_place,
    donor_place,
    page_of,
    page_place,
    place_of,
    remark_place,
    thanks_place,
)

SHENZHEN = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class Sought:
    """What is to be erased.

    Attributes:
        references: donors whose names and salts are destroyed, with the remarks beside their gifts.
        remarks: positions of gifts whose remarks are destroyed besides.
        bases: number of a consent → what its basis says from now on.
    """

    references: frozenset[str] = frozenset()
    remarks: frozenset[int] = frozenset()
    bases: Mapping[int, str] | None = None


@dataclass(frozen=True, slots=True)
class Erasure:
    """What an erasure destroyed, or would: names on pages, remarks; its entry, if it made one."""

    donors: int = 0
    remarks: int = 0
    bases: int = 0
    position: int | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to destroy."""
        return not (self.donors or self.remarks or self.bases)


@dataclass(frozen=True, slots=True)
class _Found:
    """What of the things sought is there: places by page, positions, consents, keyed hashes."""

    pages: Mapping[str, Sequence[int]]
    remarks: Sequence[int]
    bases: Mapping[int, str]
    donor_rows: Sequence[tuple[str, str]]
    thanks: Mapping[str, Thanks]

    def places(self) -> Iterable[Place]:
        """Yield where the things stand, of which something is destroyed."""
        yield from map(page_place, self.pages)
        yield from map(remark_place, self.remarks)
        yield from map(consent_place, self.bases)
        yield from map(thanks_place, self.thanks)
        for name_hash, reference in self.donor_rows:
            yield donor_place(name_hash, reference)

    def erasure(self, position: int | None = None) -> Erasure:
        """Return the counts."""
        donors = sum(map(len, self.pages.values()))
        return Erasure(donors, len(self.remarks), len(self.bases), position)


async def erase_donors(
    ledger: Ledger,
    references: Collection[str],
    ground: ErasureGround = ErasureGround.CONSENT_WITHDRAWN,
) -> Erasure:
    """Erase donors: names, salts, keyed hashes, thanks, and the remarks beside their gifts.

    Donors who are not there (any more) are passed over; where none is, no entry is appended.

    Raises:
        Refused: a row of the vault was changed, or the key file is an old one.
    """
    return await erase(ledger, Sought(frozenset(references)), ground)


async def erase(ledger: Ledger, sought: Sought, ground: ErasureGround) -> Erasure:
    """Erase what is sought; an erasure that was interrupted before is finished first.

    Raises:
        Refused: a row of the vault was changed, or the key file is an old one.
    """
    await finish_erasure(ledger)
    async with ledger.write() as writer:
        found = await _find(ledger.vault, writer.connection, sought)
        if found.erasure().is_empty:
            return Erasure()
        buckets = {place.bucket for place in found.places()}
        generations = ledger.vault.page_keys.renew(buckets)
        await _erase_found(ledger.vault, writer.connection, found)
        await reseal_buckets(ledger.vault, writer.connection, buckets)
        [position] = await writer.append([_entry(writer, found.erasure(), ground)])
    await _destroy_keys(ledger, generations)
    return found.erasure(position)


async def preview(ledger: Ledger, sought: Sought) -> Erasure:
    """Return what `erase` would destroy; nothing is changed."""
    async with read_connection(ledger.engine) as connection:
        return (await _find(ledger.vault, connection, sought)).erasure()


async def finish_erasure(ledger: Ledger) -> bool:
    """Finish an erasure that was interrupted; return whether there was one.

    If its transaction was taken back, nothing is erased yet, and it can be asked for again. A copy
    of the key file that it left unfinished is removed, for that would open old copies of the
    database.
    """
    keys = ledger.vault.page_keys
    keys.refresh()
    if not keys.unfinished() and not keys.has_leftovers():
        return False
    async with ledger.write() as writer:
        keys.refresh()
        generations = keys.unfinished()
        await reseal_buckets(ledger.vault, writer.connection, generations.keys())
    await _destroy_keys(ledger, generations)
    return True


async def _destroy_keys(ledger: Ledger, generations: Mapping[int, int]) -> None:
    """Destroy the old keys under the writer's lock, then what SQLite's files still hold."""
    async with ledger.write():
        ledger.vault.page_keys.destroy_older(generations)
    await _empty_write_ahead_log(ledger)


async def _empty_write_ahead_log(ledger: Ledger) -> None:
    """Move SQLite's write-ahead log into the database, which overwrites what was deleted.

    Should a long read keep it from ending, the rest is sealed under keys that are gone.
    """
    engine = ledger.engine
    if isinstance(engine, LedgerSQLiteEngine):
        async with engine.writers:
            await engine.close_writing()  # a connection that has written does nothing outside BEGIN
            connection = await engine.writing_connection()
            await connection.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")


def _entry(writer: Writer, erasure: Erasure, ground: ErasureGround) -> Entry:
    """Return the entry of an erasure; its id is drawn by lot, so that it tells nothing."""
    return Entry(
        day=writer.now.astimezone(SHENZHEN).date().isoformat(),
        facts=ErasureFacts(count=max(1, erasure.donors), ground=ground),
        id=f"erasure:{secrets.token_hex(16)}",
        kind=ERASURE.name,
        postings=(),
        recorded_at=writer.recorded_at,
        source=Source(),
        version=VERSION,
    )


async def _find(vault: Vault, connection: Any, sought: Sought) -> _Found:
    """Return what of the things sought is there."""
    references = sorted(sought.references)
    pages = await _places_by_page(vault, connection, references)
    beside = await fetch_among(connection, MovementRow, ("position",), "donor", references)
    positions = sorted(sought.remarks | {row["position"] for row in beside})
    remarks = await fetch_among(connection, VaultRemark, ("position",), "position", positions)
    bases = dict(sought.bases or {})
    donors = await fetch_among(
        connection, VaultDonor, ("name_hash", "reference"), "reference", references
    )
    return _Found(
        pages=pages,
        remarks=[row["position"] for row in remarks],
        bases=bases,
        donor_rows=[(row["name_hash"], row["reference"]) for row in donors],
        thanks=await _thanks_without(vault, connection, sought.references) if pages else {},
    )


async def _erase_found(vault: Vault, connection: Any, found: _Found) -> None:
    """Destroy what was found; what stays of its rows is sealed under the newest keys."""
    await _erase_from_pages(vault, connection, found.pages)
    await delete_among(connection, VaultRemark, "position", found.remarks)
    await delete_among(connection, VaultDonor, "name_hash", [row[0] for row in found.donor_rows])
    bases = [(number, vault.seal_basis(number, text)) for number, text in found.bases.items()]
    await write_sealed(connection, VaultConsent, "id", bases)
    emptied = [page for page, thanks in found.thanks.items() if not thanks.names]
    await delete_among(connection, VaultThanks, "page", emptied)
    kept = [(page, vault.seal_thanks(page, thanks)) for page, thanks in found.thanks.items()]
    await write_sealed(connection, VaultThanks, "page", kept)


async def _erase_from_pages(
    vault: Vault, connection: Any, pages: Mapping[str, Sequence[int]]
) -> None:
    names = list(pages)
    for start in range(0, len(names), ROWS_AT_ONCE):
        part = names[start : start + ROWS_AT_ONCE]
        rows = await fetch_among(connection, VaultPage, ("page", "sealed"), "page", part)
        left = {
            row["page"]: vault.open_page(row["page"], bytes(row["sealed"])).without(
                pages[row["page"]]
            )
            for row in rows
        }
        blank = [name for name, page in left.items() if page.is_blank]
        await delete_among(connection, VaultPage, "page", blank)
        kept = [(name, vault.seal_page(name, page)) for name, page in left.items()]
        await write_sealed(connection, VaultPage, "page", kept)


async def _places_by_page(
    vault: Vault, connection: Any, references: Sequence[str]
) -> dict[str, list[int]]:
    """Return page → places, of those references behind whom there still is somebody."""
    wanted: dict[str, list[str]] = defaultdict(list)
    for reference in references:
        wanted[page_of(reference)].append(reference)
    names = sorted(wanted)
    found: dict[str, list[int]] = {}
    for start in range(0, len(names), ROWS_AT_ONCE):
        part = names[start : start + ROWS_AT_ONCE]
        for row in await fetch_among(connection, VaultPage, ("page", "sealed"), "page", part):
            page = vault.open_page(row["page"], bytes(row["sealed"]))
            there = [one for one in wanted[row["page"]] if page.identity(one) is not None]
            if there:
                found[row["page"]] = [place_of(reference) for reference in there]
    return found


async def _thanks_without(
    vault: Vault, connection: Any, references: frozenset[str]
) -> dict[str, Thanks]:
    """Return those rows of thanks that name one of these donors, without them."""
    changed: dict[str, Thanks] = {}
    async for keys in every_key(connection, VaultThanks, "page"):
        for row in await fetch_among(connection, VaultThanks, ("page", "sealed"), "page", keys):
            thanks = vault.open_thanks(row["page"], bytes(row["sealed"]))
            if not references.isdisjoint(thanks.references):
                changed[row["page"]] = thanks.without(references)
    return changed
