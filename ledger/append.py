"""Provides appending: sequence, integrate, publish, inside one transaction of the caller's."""

import sqlite3
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

import asyncpg

from ledger.canonical import decode
from ledger.database import ROWS_AT_ONCE, add_to_rows, insert_rows, start_inserts
from ledger.entries import ID_CHARACTERS_MAX, VERSION, Entry, Facts, Source, entry_bytes
from ledger.hashing import leaf_hashes
from ledger.messages import Refused
from ledger.notes import Checkpoint, SigningKey, open_checkpoint, sign_note
from ledger.summaries import Summary, summarise
from ledger.tables import (
    Balance,
    Edge,
    LogEntry,
    MovementRow,
    PublishedCheckpoint,
    RunningTotal,
    Tile,
    VaultPage,
)
from ledger.tiles import ENTRY_BYTES_MAX, FullTile, RightEdge
from ledger.vault import VaultRow

KEYS_AT_ONCE = 900
VAULT_COLUMNS = ("page", "sealed", "shown", "consent")
MOVEMENT_COLUMNS = (
    "position",
    "organisation",
    "day",
    "kind",
    "fund",
    "amount",
    "donor",
    "refers_to",
)
TOTAL_COLUMNS = ("gifts", "received", "transferred", "spent", "refunded")


@dataclass(frozen=True, slots=True)
class Batch:
    """Entries that are appended together, and what the vault must know of their donors."""

    entries: Sequence[Entry]
    vault_rows: Sequence[VaultRow] = ()


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A batch made ready: what the database is to write."""

    rows: list[tuple[int, str, bytes]]
    tiles: list[FullTile]
    summary: Summary
    vault_rows: Sequence[VaultRow]


Writing: TypeAlias = tuple[Awaitable[object], Summary]
"""A batch on its way into the database, and what it adds to the summaries."""


class Writer:
    """The only writer of the moment: appends entries at the head of the log."""

    def __init__(
        self,
        connection: Any,
        edge: RightEdge,
        origin: str,
        signing_key: SigningKey,
        now: datetime,
    ) -> None:
        self.connection = connection
        self._edge = edge
        self._published_size = edge.size
        self._whole = True
        self._origin = origin
        self._signing_key = signing_key
        self.now = now
        self.recorded_at = now.strftime("%Y-%m-%dT%H:%M:%SZ")

    @classmethod
    async def at_head(
        cls, connection: Any, origin: str, signing_key: SigningKey, now: datetime
    ) -> "Writer":
        """Return the writer at the log's present end."""
        head = (
            await PublishedCheckpoint.select()
            .order_by(PublishedCheckpoint.size, ascending=False)
            .first()
        )
        levels = await Edge.select().order_by(Edge.level)
        edge = RightEdge(head["size"] if head else 0, [row["hashes"] for row in levels])
        if head is not None:
            published = open_checkpoint(head["note"], [signing_key.verifier], origin)
            if edge.root() != published.root:
                raise Refused(
                    "The stored edge of the tree does not belong to the newest checkpoint: the"
                    " database was damaged. Nothing is signed; restore it from a copy."
                )
        return cls(connection, edge, origin, signing_key, now)

    @property
    def size(self) -> int:
        """The number of entries, those appended here included: the next entry's position."""
        return self._edge.size

    def entry(
        self, kind: str, day: str, organisation: str, facts: Facts, entry_id: str, source: Source
    ) -> Entry:
        """Return an entry of the present moment, its postings made by its kind's rule."""
        return Entry(
            day=day,
            facts=facts,
            id=entry_id,
            kind=kind,
            organisation=organisation,
            postings=facts.postings(organisation),
            recorded_at=self.recorded_at,
            source=source,
            version=VERSION,
        )

    async def known(self, ids: Sequence[str]) -> dict[str, int]:
        """Return id → position for those of `ids` that the log already holds."""
        found: dict[str, int] = {}
        for start in range(0, len(ids), KEYS_AT_ONCE):
            rows = await LogEntry.select(LogEntry.id, LogEntry.position).where(
                LogEntry.id.is_in(list(ids[start : start + KEYS_AT_ONCE]))
            )
            found.update((row["id"], row["position"]) for row in rows)
        return found

    async def append(self, entries: Iterable[Entry], vault_rows: Sequence[VaultRow] = ()) -> range:
        """Append entries, and what the vault must know of their donors; return their positions.

        Raises:
            Refused: an entry is too large, is there already, or would bring a fund below zero;
                nothing of the transaction stays then.
        """
        everything = list(entries)
        for entry in everything:
            decode(entry_bytes(entry))  # whole numbers that others could not read end here
        parts = [
            everything[start : start + ROWS_AT_ONCE]
            for start in range(0, len(everything), ROWS_AT_ONCE)
        ]
        return await self.append_batches([Batch([], vault_rows), *(Batch(part) for part in parts)])

    async def append_batches(
        self, batches: Iterable[Batch], on_progress: Callable[[int], None] | None = None
    ) -> range:
        """Append batches one after the other; return the positions of all their entries.

        While the database writes one batch the next is made: batches may come from a generator.
        `on_progress` is told how many entries are appended so far.

        Raises:
            Refused: as `append`.
        """
        self._whole = False
        first = self.size
        writing: Writing | None = None
        for batch in batches:
            prepared = self._prepared(batch)
            if writing is not None:
                await self._finish(writing)
            if prepared.summary.lowest:
                await self._check_cover(batch.entries, prepared.summary.lowest)
            writing = await self._start(prepared)
            if on_progress is not None:
                on_progress(self.size - first)
        if writing is not None:
            await self._finish(writing)
        self._whole = True
        return range(first, self.size)

    def _prepared(self, batch: Batch) -> _Prepared:
        """Number, encode, hash and sum up a batch."""
        bodies = [entry_bytes(entry) for entry in batch.entries]
        first = self.size
        rows = self._sequenced(batch.entries, bodies, first)
        summary = summarise(batch.entries, first)
        tiles = self._edge.append(leaf_hashes(bodies))
        return _Prepared(rows, tiles, summary, batch.vault_rows)

    @staticmethod
    def _sequenced(
        entries: Sequence[Entry], bodies: Sequence[bytes], first: int
    ) -> list[tuple[int, str, bytes]]:
        """Return the rows of the log: position, idempotency key and bytes of each entry."""
        longest = max(map(len, bodies), default=0)
        if longest > ENTRY_BYTES_MAX:
            entry = next(e for e, body in zip(entries, bodies, strict=True) if len(body) == longest)
            raise Refused(
                "Entry {id} is {count} bytes long; an entry holds at most {most}.",
                id=entry.id,
                count=longest,
                most=ENTRY_BYTES_MAX,
            )
        ids = [entry.id for entry in entries]
        if max(map(len, ids), default=0) > ID_CHARACTERS_MAX:
            raise Refused(
                "The id {id} is longer than {most} characters.",
                id=max(ids, key=len),
                most=ID_CHARACTERS_MAX,
            )
        return list(zip(range(first, first + len(ids)), ids, bodies, strict=True))

    async def _start(self, batch: _Prepared) -> Writing:
        """Hand a batch to the database: log, tree, vault, lines of lists."""
        tiles = [(tile.tile_path().path(), tile.hashes) for tile in batch.tiles]
        inserting = await start_inserts(
            self.connection,
            (LogEntry, ("position", "id", "body"), batch.rows),
            (VaultPage, VAULT_COLUMNS, batch.vault_rows),
            (Tile, ("path", "hashes"), tiles),
            (MovementRow, MOVEMENT_COLUMNS, batch.summary.movements),
        )
        return inserting, batch.summary

    async def _finish(self, writing: Writing) -> None:
        """Wait until a batch is written, and add it to balances and totals."""
        inserting, summary = writing
        try:
            await inserting
        except (sqlite3.IntegrityError, asyncpg.UniqueViolationError) as error:
            raise Refused(
                "One of these entries is in the ledger already. Nothing was appended."
            ) from error
        await add_to_rows(
            self.connection, Balance, ("account", "unit"), ("amount",), summary.balances
        )
        await add_to_rows(
            self.connection, RunningTotal, ("scope", "month"), TOTAL_COLUMNS, summary.totals
        )

    async def _check_cover(
        self, entries: Sequence[Entry], lowest: dict[tuple[str, str], tuple[int, int]]
    ) -> None:
        """Refuse the batch if a fund that loses money in it would at any moment be below zero."""
        accounts = sorted({account for account, _ in lowest})
        held: dict[tuple[str, str], int] = {}
        for start in range(0, len(accounts), KEYS_AT_ONCE):
            rows = await Balance.select().where(
                Balance.account.is_in(accounts[start : start + KEYS_AT_ONCE])
            )
            held.update({(row["account"], row["unit"]): int(row["amount"]) for row in rows})
        for key, (change, index) in lowest.items():
            if held.get(key, 0) + change < 0:
                source = entries[index].source
                raise Refused(
                    "Entry {id} (sheet {sheet}, row {row}) would bring {account} to {amount},"
                    " below zero. Nothing of the batch was appended.",
                    id=entries[index].id,
                    sheet=source.sheet or "–",
                    row=source.row or "–",
                    account=key[0],
                    amount=f"{held.get(key, 0) + change} {key[1]}",
                )

    async def publish(self) -> None:
        """Sign the checkpoint of the tree as it now stands, if it has grown.

        Raises:
            RuntimeError: an append failed and its error was caught: tree and rows may differ.
        """
        if not self._whole:
            raise RuntimeError("an append failed: the whole write must be taken back")
        if self.size == self._published_size:
            return
        for level, hashes in enumerate(self._edge.levels):
            await self._write_edge(level, bytes(hashes))
        note = sign_note(
            Checkpoint(self._origin, self.size, self._edge.root()).text(), [self._signing_key]
        )
        await insert_rows(
            self.connection,
            PublishedCheckpoint,
            ("size", "note", "published_at"),
            [(self.size, note, self.recorded_at)],
        )
        self._published_size = self.size

    async def _write_edge(self, level: int, hashes: bytes) -> None:
        number = self.size >> (8 * (level + 1))
        if await Edge.exists().where(Edge.level == level):
            await Edge.update({Edge.number: number, Edge.hashes: hashes}).where(Edge.level == level)
        else:
            await Edge.insert(Edge(level=level, number=number, hashes=hashes))
