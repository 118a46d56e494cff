"""Provides reading of the log: head, entries, tiles, bundles, proofs. Only what is published."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from ledger.database.bulk_rows import fetch_among, fetch_rows, table_name
from ledger.database.engines import current_connection
from ledger.hashing import leaf_hash
from ledger.proofs import TileReader, TlogProof, inclusion_proof
from ledger.signing.notes import Checkpoint
from ledger.tables import Cosignature, Edge, LogEntry, PublishedCheckpoint, Tile
from ledger.tiles import HASH_BYTES, TILE_WIDTH, TilePath, encode_bundle

Result = TypeVar("Result")

POSITION_MAX = 2**63 - 1
"""The largest number that the database can be asked for."""


@dataclass(frozen=True, slots=True)
class Head:
    """The newest published checkpoint: its parts, the signed note, and when it was published.

    `note` ends with the lines of the witnesses that have cosigned this checkpoint so far;
    `signed_note` is the log's own, without them.
    """

    checkpoint: Checkpoint
    note: str
    signed_note: str
    published_at: datetime

    @property
    def size(self) -> int:
        """The number of entries."""
        return self.checkpoint.size


EDGE = f"SELECT level, number, hashes FROM {table_name(Edge)}"  # noqa: S608 (our name)
NEWEST = f"""
SELECT newest.size, newest.note, newest.published_at, witness, line
FROM (SELECT * FROM {table_name(PublishedCheckpoint)} ORDER BY size DESC LIMIT 1) AS newest
LEFT JOIN {table_name(Cosignature)} AS cosigned ON cosigned.size = newest.size
ORDER BY received_at, line
"""  # noqa: S608 (our names)


async def read_head() -> Head | None:
    """Return the newest checkpoint; None before the first entry."""
    async with current_connection() as connection:
        rows = await fetch_rows(connection, NEWEST)
    if not rows:
        return None
    signed_note = rows[0]["note"]
    cosignatures = {row["witness"]: row["line"] for row in rows if row["line"] is not None}
    text, _, _ = signed_note.partition("\n\n")
    return Head(
        Checkpoint.parse(text + "\n"),
        signed_note + "".join(cosignatures.values()),
        signed_note,
        datetime.fromisoformat(rows[0]["published_at"]),
    )


async def read_entry(position: int) -> bytes:
    """Return the exact bytes of the entry at `position`.

    Raises:
        LookupError: there is none.
    """
    if position > POSITION_MAX:
        raise LookupError(position)
    async with current_connection() as connection:
        rows = await fetch_among(connection, LogEntry, ("body",), "position", [position])
    if not rows:
        raise LookupError(position)
    return bytes(rows[0]["body"])


async def read_tile(path: TilePath) -> bytes:
    """Return a tile of hashes or a bundle of entries, as published under `path`.

    Raises:
        LookupError: the log is not that large.
    """
    if path.level is None:
        return await _read_bundle(path)
    return (await _read_tiles([path]))[path]


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
    """Run a computation that reads tiles; which ones depends on its numbers, not on the hashes.

    It runs twice: first to learn the tiles, which are then fetched together.

    Raises:
        LookupError: the log is not that large.
    """
    wanted: dict[TilePath, bytes] = {}

    def learn(path: TilePath) -> bytes:
        return wanted.setdefault(path, bytes(path.width * HASH_BYTES))

    compute(learn)
    tiles = await _read_tiles(list(wanted))
    return compute(tiles.__getitem__)


async def _read_tiles(paths: Sequence[TilePath]) -> dict[TilePath, bytes]:
    """Return tiles of hashes by their paths, with two queries for all of them."""
    tiles: dict[TilePath, bytes] = {}
    full: dict[str, list[TilePath]] = {}
    async with current_connection() as connection:
        # The growing edge first: should an append fill a tile between the two, the second finds it.
        edge = {row["level"]: row for row in await fetch_rows(connection, EDGE)} if paths else {}
        for path in paths:
            growing = edge.get(path.level)
            length = path.width * HASH_BYTES
            if growing and growing["number"] == path.number and len(growing["hashes"]) >= length:
                tiles[path] = bytes(growing["hashes"])[:length]
            else:
                full.setdefault(TilePath(path.level, path.number).path(), []).append(path)
        rows = await fetch_among(connection, Tile, ("path", "hashes"), "path", list(full))
    for row in rows:
        for path in full.pop(row["path"]):
            tiles[path] = bytes(row["hashes"])[: path.width * HASH_BYTES]
    if full:
        raise LookupError(next(iter(full)))
    return tiles


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
