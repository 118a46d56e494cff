"""Provides reading of the log: head, entries, tiles, bundles, proofs. Only what is published."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from ledger.hashing import leaf_hash
from ledger.notes import Checkpoint
from ledger.proofs import TileReader, TlogProof, inclusion_proof
from ledger.tables import Edge, LogEntry, PublishedCheckpoint, Tile
from ledger.tiles import HASH_BYTES, TILE_WIDTH, TilePath, encode_bundle

Result = TypeVar("Result")

POSITION_LIMIT = 2**62
"""Beyond any log; a database's integers end at 2**63."""

POSITION_MAX = 2**63 - 1
"""The largest number that the database can be asked for."""


@dataclass(frozen=True, slots=True)
class Head:
    """The newest published checkpoint: its parts, the signed note, and when it was published."""

    checkpoint: Checkpoint
    note: str
    published_at: datetime

    @property
    def size(self) -> int:
        """The number of entries."""
        return self.checkpoint.size


async def read_head() -> Head | None:
    """Return the newest checkpoint; None before the first entry."""
    row = (
        await PublishedCheckpoint.select()
        .order_by(PublishedCheckpoint.size, ascending=False)
        .first()
    )
    if row is None:
        return None
    text, _, _ = row["note"].partition("\n\n")
    return Head(
        Checkpoint.parse(text + "\n"), row["note"], datetime.fromisoformat(row["published_at"])
    )


async def read_entry(position: int) -> bytes:
    """Return the exact bytes of the entry at `position`.

    Raises:
        LookupError: there is none.
    """
    if position > POSITION_MAX:
        raise LookupError(position)
    row = await LogEntry.select(LogEntry.body).where(LogEntry.position == position).first()
    if row is None:
        raise LookupError(position)
    return bytes(row["body"])


async def read_tile(path: TilePath) -> bytes:
    """Return a tile of hashes or a bundle of entries, as published under `path`.

    Raises:
        LookupError: the log is not that large.
    """
    if path.level is None:
        return await _read_bundle(path)
    # The growing edge first: should an append fill the tile between the two reads, the second finds
    # it. A narrower tile is the beginning of the one that is there.
    edge = await Edge.select().where(Edge.level == path.level).first()
    length = path.width * HASH_BYTES
    if edge is not None and edge["number"] == path.number and len(edge["hashes"]) >= length:
        return bytes(edge["hashes"])[:length]
    row = (
        await Tile.select(Tile.hashes)
        .where(Tile.path == TilePath(path.level, path.number, TILE_WIDTH).path())
        .first()
    )
    if row is None:
        raise LookupError(path.path())
    return bytes(row["hashes"])[:length]


async def _read_bundle(path: TilePath) -> bytes:
    first = path.number * TILE_WIDTH
    if first + path.width > POSITION_MAX:
        raise LookupError(path.path())
    rows = (
        await LogEntry.select(LogEntry.body)
        .where((LogEntry.position >= first) & (LogEntry.position < first + path.width))
        .order_by(LogEntry.position)
    )
    if len(rows) != path.width:
        raise LookupError(path.path())
    return encode_bundle([bytes(row["body"]) for row in rows])


async def with_tiles(compute: Callable[[TileReader], Result]) -> Result:
    """Run a computation that reads tiles, fetching each tile when it first asks for it."""
    tiles: dict[TilePath, bytes] = {}
    while True:
        try:
            return compute(tiles.__getitem__)
        except KeyError as error:
            path: TilePath = error.args[0]
            tiles[path] = await read_tile(path)


@dataclass(frozen=True, slots=True)
class ProvenEntry:
    """An entry with the proof that it is in the log: its bytes, leaf hash and `.tlog-proof`."""

    body: bytes
    leaf_hash: bytes
    proof: TlogProof


async def read_proven_entry(position: int) -> ProvenEntry:
    """Return the entry at `position` with its inclusion proof against the newest checkpoint.

    Raises:
        LookupError: there is none.
    """
    head = await read_head()
    if head is None or position >= head.size:
        raise LookupError(position)
    body = await read_entry(position)
    hashes = await with_tiles(lambda read: inclusion_proof(position, head.size, read))
    return ProvenEntry(body, leaf_hash(body), TlogProof(position, tuple(hashes), head.note, None))
