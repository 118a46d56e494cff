"""Provides the sealing of the vault's rows under the newest keys of their buckets."""

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from typing import Any

from piccolo.table import Table

from ledger.database.bulk_rows import VALUES_AT_ONCE, fetch_among, fetch_rows, is_sqlite, table_name
from ledger.tables import VaultConsent, VaultDonor, VaultPage, VaultRemark, VaultThanks
from ledger.vault.vault import (
    Place,
    Vault,
    consent_place,
    donor_place,
    page_place,
    remark_place,
    thanks_place,
)

KEYS_AT_ONCE = 4_000
ROWS_AT_ONCE = 200

SEALED_TABLES: tuple[tuple[type[Table], str, Callable[[Any], Place]], ...] = (
    (VaultPage, "page", page_place),
    (VaultRemark, "position", remark_place),
    (VaultConsent, "id", consent_place),
    (VaultThanks, "page", thanks_place),
)


async def reseal_buckets(vault: Vault, connection: Any, buckets: Collection[int]) -> None:
    """Seal every row of these buckets under its newest key, in a transaction of the caller's.

    One pass over the keys of each table, a few thousand in memory at once. A row whose key an
    earlier erasure destroyed (out of an old copy of the database) stays closed.

    Raises:
        Refused: a row was changed, or the key file is an old one.
    """
    for table, key, place_of_key in SEALED_TABLES:
        async for keys in every_key(connection, table, key):
            chosen = [one for one in keys if place_of_key(one).bucket in buckets]
            for start in range(0, len(chosen), ROWS_AT_ONCE):
                part = chosen[start : start + ROWS_AT_ONCE]
                rows = await fetch_among(connection, table, (key, "sealed"), key, part)
                resealed = [
                    (row[key], sealed)
                    for row in rows
                    if (sealed := _resealed(vault, place_of_key(row[key]), bytes(row["sealed"])))
                ]
                await write_sealed(connection, table, key, resealed)
    await _rehash_donors(vault, connection, buckets)


def _resealed(vault: Vault, place: Place, sealed: bytes) -> bytes | None:
    """Return a row sealed anew; None where it is to stay as it is."""
    return None if vault.is_newest(place.bucket, sealed) else vault.reseal(place, sealed)


async def _rehash_donors(vault: Vault, connection: Any, buckets: Collection[int]) -> None:
    """Put the lasting donors of these buckets under hashes made with the newest key."""
    columns = ("name_hash", "reference", "sealed")
    sql = (
        f"UPDATE {table_name(VaultDonor)} SET name_hash = {_places(connection, 1)},"  # noqa: S608 (our names)
        f" sealed = {_places(connection, 1, 2)} WHERE name_hash = {_places(connection, 1, 3)}"
    )
    async for keys in every_key(connection, VaultDonor, "name_hash"):
        chosen = [key for key in keys if donor_place(key, "").bucket in buckets]
        changes = []
        for row in await fetch_among(connection, VaultDonor, columns, "name_hash", chosen):
            old, reference, sealed = row["name_hash"], row["reference"], bytes(row["sealed"])
            digest = vault.open_donor(old, reference, sealed)
            if digest is not None and not vault.is_newest(donor_place(old, "").bucket, sealed):
                name_hash, _, sealed_anew = vault.donor_row(digest, reference)
                changes.append((name_hash, sealed_anew, old))
        if changes:
            await connection.executemany(sql, changes)


def _places(connection: Any, count: int, start: int = 1) -> str:
    """Return the driver's placeholders for `count` values, the first of them numbered `start`."""
    if is_sqlite(connection):
        return ", ".join("?" * count)
    return ", ".join(f"${number}" for number in range(start, start + count))


async def every_key(connection: Any, table: type[Table], key: str) -> AsyncIterator[list[Any]]:
    """Yield the primary keys of a table in their order, a few thousand at a time."""
    start = f"SELECT {key} FROM {table_name(table)}"  # noqa: S608 (our names)
    end = f" ORDER BY {key} LIMIT {KEYS_AT_ONCE}"
    rows = await fetch_rows(connection, start + end)
    while rows:
        yield [row[key] for row in rows]
        after = f" WHERE {key} > {_places(connection, 1)}"
        rows = await fetch_rows(connection, start + after + end, [rows[-1][key]])


async def write_sealed(
    connection: Any, table: type[Table], key: str, rows: Sequence[tuple[Any, bytes]]
) -> None:
    """Write the sealed bytes of rows anew: key, and what stands there from now on."""
    if rows:
        sql = (
            f"UPDATE {table_name(table)} SET sealed = {_places(connection, 1)}"  # noqa: S608 (our names)
            f" WHERE {key} = {_places(connection, 1, 2)}"
        )
        await connection.executemany(sql, [(sealed, one) for one, sealed in rows])


async def delete_among(
    connection: Any, table: type[Table], key: str, values: Sequence[Any]
) -> None:
    """Delete the rows whose key is one of `values`."""
    for start in range(0, len(values), VALUES_AT_ONCE):
        part = values[start : start + VALUES_AT_ONCE]
        sql = (
            f"DELETE FROM {table_name(table)}"  # noqa: S608 (our names)
            f" WHERE {key} IN ({_places(connection, len(part))})"
        )
        await connection.execute(sql, *([part] if is_sqlite(connection) else part))
