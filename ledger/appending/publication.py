"""Provides the publishing of checkpoints: never one that is not so.

Before a checkpoint is signed, the entries since the last one are read back from the database and
hashed again, and the tiles and the head that follow from them are compared with those that were
stored: a bit that flipped between hashing and storing has ended a public log before (Yeti 2022).
The signed checkpoint goes into the store of signed checkpoints first, and is published then.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ledger.appending.signed_store import Signed, SignedStore
from ledger.database.bulk_rows import (
    ROWS_AT_ONCE,
    fetch_among,
    fetch_column,
    fetch_rows,
    insert_rows,
    table_name,
)
from ledger.database.engines import Engine, read_connection, write_transaction
from ledger.hashing import EMPTY_ROOT, leaf_hashes
from ledger.messages import Refused
from ledger.reading import read_tile
from ledger.signing.notes import Checkpoint, SigningKey, open_checkpoint, sign_note
from ledger.tables import Edge, LogEntry, PublishedCheckpoint, Tile
from ledger.tiles import HASH_BYTES, TILE_WIDTH, FullTile, RightEdge, TilePath

INSTANT = "%Y-%m-%dT%H:%M:%SZ"


class LogDamaged(Refused):
    """What the database holds is not what was written: nothing may be signed or appended."""


async def stored_edge(connection: Any) -> RightEdge:
    """Return the tree's right edge as the last append left it.

    Raises:
        LogDamaged: its levels do not fit together.
    """
    rows = await fetch_rows(
        connection,
        f"SELECT number, hashes FROM {table_name(Edge)} ORDER BY level",  # noqa: S608 (our name)
    )
    levels = [bytes(row["hashes"]) for row in rows]
    size = rows[0]["number"] * TILE_WIDTH + len(levels[0]) // HASH_BYTES if rows else 0
    try:
        return RightEdge(size, levels)
    except ValueError as error:
        raise LogDamaged(
            "The stored edge of the tree is damaged: {reason}.", reason=error
        ) from error


async def edge_at(size: int) -> RightEdge:
    """Return the right edge that the tree had at an earlier size, from its tiles.

    Raises:
        LogDamaged: a tile is missing.
    """
    levels: list[bytes] = []
    remaining = size
    while remaining:
        number, width = divmod(remaining, TILE_WIDTH)
        path = TilePath(len(levels), number, width or TILE_WIDTH)
        try:
            levels.append(await read_tile(path) if width else b"")
        except LookupError as error:
            raise LogDamaged("The tile {path} is missing.", path=path) from error
        remaining = number
    return RightEdge(size, levels)


@dataclass(slots=True)
class Publisher:
    """Signs and publishes the checkpoints of one log.

    Attributes:
        engine: the database.
        origin: the log's name.
        keys: sign every checkpoint, the primary key first.
        store: where the newest signed checkpoint stands.
        clock: gives the time of publication.
        ask_witnesses: given the newest signed note, returns the largest size that any witness has
            seen; asked once, before the first signature of this process.
    """

    engine: Engine
    origin: str
    keys: Sequence[SigningKey]
    store: SignedStore
    clock: Callable[[], datetime]
    ask_witnesses: Callable[[str], Awaitable[int]] | None = None
    _verified: RightEdge | None = None
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def publish(self) -> int:
        """Sign and publish the checkpoint of everything that is committed; return its size.

        Raises:
            LogDamaged: what was read back is not what was written, or the database is older than
                what was signed.
            Refused: the store of signed checkpoints is missing.
        """
        while True:
            signed = self.store.read()
            async with read_connection(self.engine) as connection:
                edge = await stored_edge(connection)
            self.check_not_older(edge.size, signed)
            if edge.size == signed.size:
                self.check_head(edge, signed)
                await self._publish_signed(signed)
                return signed.size
            await self.check_witnesses(signed)
            verified = await self._verified_at(signed)
            await self._verify(verified, edge)
            checkpoint = Checkpoint(self.origin, edge.size, edge.root())
            note = sign_note(checkpoint.text(), self.keys, int(self.clock().timestamp()))
            new = Signed(edge.size, note)
            if await asyncio.to_thread(self.store.replace, signed, new):
                self._verified = verified
                await self._publish_signed(new)
                return new.size

    async def check_witnesses(self, signed: Signed) -> None:
        """Make sure, once, that no witness has seen more than our store says was signed.

        Raises:
            LogDamaged: one has: the store was lost or restored from an old copy.
        """
        async with self._asking:
            if self.ask_witnesses is None:
                return
            seen = await self.ask_witnesses(signed.note or self._empty_note())
            if seen > signed.size:
                raise LogDamaged(
                    "A witness has seen {seen} entries of this log, but only {size} are known here"
                    " to be signed: the log was restored from an old copy. Nothing is signed; bring"
                    " back the missing entries from a newer copy or from an exported log.",
                    seen=seen,
                    size=signed.size,
                )
            self.ask_witnesses = None

    def _empty_note(self) -> str:
        """Return the signed checkpoint of no entries: it contradicts nothing."""
        return sign_note(Checkpoint(self.origin, 0, EMPTY_ROOT).text(), self.keys)

    @staticmethod
    def check_not_older(size: int, signed: Signed) -> None:
        """Make sure that the database holds all that was ever signed.

        Raises:
            LogDamaged: it does not.
        """
        if size < signed.size:
            raise LogDamaged(
                "The database holds {size} entries, but a checkpoint over {signed} was signed: it"
                " was restored from an old copy. Nothing is appended; bring back the missing"
                " entries from a newer copy or from an exported log.",
                size=size,
                signed=signed.size,
            )

    def check_head(self, edge: RightEdge, signed: Signed) -> None:
        """Make sure that the stored head is no other than what was signed, before appending to it.

        Raises:
            LogDamaged: it is older, or has another root.
        """
        self.check_not_older(edge.size, signed)
        if signed.size and edge.size == signed.size and edge.root() != self._root(signed):
            raise LogDamaged(
                "The stored edge of the tree does not belong to the newest checkpoint: the"
                " database was damaged. Nothing is signed; restore it from a copy."
            )

    def _root(self, signed: Signed) -> bytes:
        verifiers = [key.verifier for key in self.keys]
        return open_checkpoint(signed.note, verifiers, self.origin).root

    async def _verified_at(self, signed: Signed) -> RightEdge:
        """Return the edge under the newest signed checkpoint, which its root vouches for."""
        edge, self._verified = self._verified, None
        if edge is not None and edge.size == signed.size:
            return edge
        edge = await edge_at(signed.size)
        if signed.size and edge.root() != self._root(signed):
            raise LogDamaged(
                "The stored tiles do not belong to the newest signed checkpoint: the database was"
                " damaged. Nothing is signed; restore it from a copy."
            )
        return edge

    async def _verify(self, verified: RightEdge, stored: RightEdge) -> None:
        """Read back every entry that `stored` has more, and move `verified` on to its end."""
        async with read_connection(self.engine) as connection:
            fetching = asyncio.create_task(_bodies(connection, verified.size, stored.size))
            while verified.size < stored.size:
                bodies = await fetching
                start = verified.size + len(bodies)
                fetching = asyncio.create_task(_bodies(connection, start, stored.size))
                await asyncio.sleep(0)  # the database reads on while these are hashed
                full = verified.append(leaf_hashes(bodies))
                await fetching
                await self._check_tiles(connection, full)
            await fetching
        if verified.levels != stored.levels:
            raise LogDamaged(
                "The entries read back from the database do not have the hashes that were stored:"
                " something was damaged between hashing and storing. Nothing is signed."
            )

    @staticmethod
    async def _check_tiles(connection: object, full: Sequence[FullTile]) -> None:
        computed = {tile.tile_path().path(): tile.hashes for tile in full}
        rows = await fetch_among(connection, Tile, ("path", "hashes"), "path", list(computed))
        if {row["path"]: bytes(row["hashes"]) for row in rows} != computed:
            raise LogDamaged(
                "The tiles in the database do not hold the hashes of the entries read back:"
                " something was damaged between hashing and storing. Nothing is signed."
            )

    async def _publish_signed(self, signed: Signed) -> None:
        """Publish what stands in the store of signed checkpoints, unless it is published."""
        if not signed.size or await PublishedCheckpoint.exists().where(
            PublishedCheckpoint.size == signed.size
        ):
            return
        published_at = self.clock().strftime(INSTANT)
        async with write_transaction(self.engine) as connection:
            if not await PublishedCheckpoint.exists().where(
                PublishedCheckpoint.size == signed.size
            ):
                await insert_rows(
                    connection,
                    PublishedCheckpoint,
                    ("size", "note", "published_at"),
                    [(signed.size, signed.note, published_at)],
                )


async def _bodies(connection: Any, start: int, stop: int) -> list[bytes]:
    """Return the bytes of the next entries.

    Raises:
        LogDamaged: one is missing.
    """
    stop = min(stop, start + ROWS_AT_ONCE)
    if start >= stop:
        return []
    bodies = await fetch_column(
        connection,
        f"SELECT body FROM {table_name(LogEntry)}"  # noqa: S608 (our names)
        f" WHERE position >= {start} AND position < {stop} ORDER BY position",
    )
    if len(bodies) != stop - start:
        raise LogDamaged("Entries {start} to {stop} are not all there.", start=start, stop=stop - 1)
    return bodies
