"""Provides appending: sequence and integrate, inside one transaction of the caller's.

Publishing follows when the transaction is committed: see `ledger.appending.publication`.
"""

import sqlite3
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any, TypeAlias

import asyncpg

from ledger.appending.cover import Cover
from ledger.appending.publication import INSTANT, stored_edge
from ledger.appending.stored_references import StoredReferences
from ledger.appending.submissions import Admission, Appended, Submission, check_limits, check_sound
from ledger.counting import COLUMNS
from ledger.database.bulk_rows import (
    BEYOND,
    ROWS_AT_ONCE,
    Insert,
    Write,
    fetch_among,
    start_inserts,
    write_together,
)
from ledger.donor_relations import JOINING
from ledger.entries import VERSION, Entry, Facts, Source, entry_bytes
from ledger.hashing import leaf_hashes
from ledger.messages import Refused
from ledger.summaries import Summary, summarise
from ledger.tables import Balance, Edge, LogEntry, MovementRow, RunningTotal, Tile, VaultPage
from ledger.tiles import TILE_WIDTH, FullTile, RightEdge
from ledger.vault.vault import Vault, VaultRow

VAULT_COLUMNS = ("page", "sealed", "shown", "consent")
MOVEMENT_COLUMNS = (
    "position",
    "organisation",
    "day",
    "kind",
    "fund",
    "other_organisation",
    "other_fund",
    "amount",
    "unit",
    "donor",
    "trust",
    "refers_to",
)
KIND = MOVEMENT_COLUMNS.index("kind")
TOTAL_KEYS = ("scope", "month", "unit")


class KnownId(Refused):
    """The log holds the id of an entry already."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Entries that are appended together, and what the vault must know of their donors.

    `bodies` are the entries' bytes, where they are known already.
    """

    entries: Sequence[Entry]
    vault_rows: Sequence[VaultRow] = ()
    bodies: Sequence[bytes] = ()


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

    def __init__(self, connection: Any, edge: RightEdge, now: datetime) -> None:
        self.connection = connection
        self.edge = edge
        self._stored_size = edge.size
        self._whole = True
        self.now = now
        self.recorded_at = now.strftime(INSTANT)

    @classmethod
    async def at_head(cls, connection: Any, now: datetime) -> "Writer":
        """Return the writer at the log's present end."""
        return cls(connection, await stored_edge(connection), now)

    @property
    def size(self) -> int:
        """The number of entries, those appended here included: the next entry's position."""
        return self.edge.size

    def entry(
        self,
        kind: str,
        day: str,
        organisation: str | None,
        facts: Facts,
        entry_id: str,
        source: Source,
    ) -> Entry:
        """Return an entry of the present moment, its postings made by its kind's rule."""
        return Entry(
            day=day,
            facts=facts,
            id=entry_id,
            kind=kind,
            organisation=organisation,
            postings=facts.postings(organisation or ""),
            recorded_at=self.recorded_at,
            source=source,
            version=VERSION,
        )

    async def known(self, ids: Sequence[str]) -> dict[str, int]:
        """Return id → position for those of `ids` that the log already holds."""
        rows = await fetch_among(self.connection, LogEntry, ("id", "position"), "id", ids)
        return {row["id"]: row["position"] for row in rows}

    async def append(self, entries: Iterable[Entry], vault_rows: Sequence[VaultRow] = ()) -> range:
        """Append entries, and what the vault must know of their donors; return their positions.

        Raises:
            Refused: an entry is unsound, too large, is there already, refers to an entry as it
                must not, or would bring a fund below zero; nothing of the transaction stays then.
        """
        everything = list(entries)
        for entry in everything:
            check_sound(entry)
        parts = [
            everything[start : start + ROWS_AT_ONCE]
            for start in range(0, len(everything), ROWS_AT_ONCE)
        ]
        return await self.append_batches([Batch([], vault_rows), *(Batch(part) for part in parts)])

    async def append_batches(
        self, batches: Iterable[Batch], on_progress: Callable[[int], None] | None = None
    ) -> range:
        """Append batches one after the other; return the positions of all their entries.

        While the database writes one batch the next is made: batches may come from a generator,
        and only two of them are in memory at a time. Their facts are the caller's to check.
        `on_progress` is told how many entries are appended so far.

        Raises:
            Refused: as `append`.
        """
        self._whole = False
        first = self.size
        writing: Writing | None = None
        for batch in batches:
            start = self.size
            prepared = self._prepared(batch)
            if writing is not None:
                await self._finish(writing)
            await self._check(batch.entries, start, prepared.summary)
            writing = await self._start(prepared)
            if on_progress is not None:
                on_progress(self.size - first)
        if writing is not None:
            await self._finish(writing)
        self._whole = True
        return range(first, self.size)

    async def _check(self, entries: Sequence[Entry], start: int, summary: Summary) -> None:
        """Refuse a batch that overdraws a fund, or refers to an entry as it must not."""
        if any(row[-1] is not None or row[KIND] in JOINING for row in summary.movements):
            references = await StoredReferences.of(self.connection, entries)
            for position, entry in enumerate(entries, start):
                references.add(position, entry)
        if summary.lowest:
            cover = await Cover.of(self.connection, [account for account, _ in summary.lowest])
            cover.check(entries, summary.lowest)

    async def append_each(
        self, submissions: Sequence[Submission], vault: Vault, *, look_up: bool = True
    ) -> list[Appended | Refused]:
        """Append those of the submissions that can be; return an answer to each.

        One that is refused leaves the others as they are. One whose id the log holds already gets
        the first answer again if its content is the same, else it is a conflict.

        Raises:
            KnownId: without `look_up`, the log holds the id of one of them already, or may do so,
                for it would be refused as new.
        """
        self._whole = False
        admission = await Admission.of(
            self.connection, self.size, submissions, vault, look_up=look_up
        )
        answers = [admission.answer(submission) for submission in submissions]
        if not look_up and any(isinstance(answer, Refused) for answer in answers):
            raise KnownId("One of these submissions is refused, unless its id is known already.")
        if admission.accepted:
            entries, bodies, rows = zip(*admission.accepted, strict=True)
            batch = Batch(entries, list(chain.from_iterable(rows)), bodies)
            await self._write_at_once(self._prepared(batch))
        self._whole = True
        return answers

    def _prepared(self, batch: Batch) -> _Prepared:
        """Number, encode, hash and sum up a batch."""
        bodies = batch.bodies or [entry_bytes(entry) for entry in batch.entries]
        first = self.size
        rows = self._sequenced(batch.entries, bodies, first)
        summary = summarise(batch.entries, first)
        tiles = self.edge.append(leaf_hashes(bodies))
        return _Prepared(rows, tiles, summary, batch.vault_rows)

    @staticmethod
    def _sequenced(
        entries: Sequence[Entry], bodies: Sequence[bytes], first: int
    ) -> list[tuple[int, str, bytes]]:
        """Return the rows of the log: position, idempotency key and bytes of each entry."""
        check_limits(entries, bodies)
        return [
            (position, entry.id, body)
            for position, (entry, body) in enumerate(zip(entries, bodies, strict=True), first)
        ]

    async def _start(self, batch: _Prepared) -> Writing:
        """Hand a batch to the database: log, tree, vault, lines of lists."""
        with _refusals():
            return await start_inserts(self.connection, *_inserts(batch)), batch.summary

    async def _finish(self, writing: Writing) -> None:
        """Wait until a batch is written, and add it to balances and totals."""
        inserting, summary = writing
        with _refusals():
            await inserting
            await write_together(self.connection, _additions(summary))

    async def _write_at_once(self, batch: _Prepared) -> None:
        """Write a small batch, with the tree's edge after it, in one errand."""
        inserts = [Write(insert) for insert in _inserts(batch)]
        with _refusals():
            await write_together(
                self.connection, [*inserts, *_additions(batch.summary), self._edge_rows()]
            )
        self._stored_size = self.size

    def _edge_rows(self) -> Write:
        rows = [
            (level, self.size // TILE_WIDTH ** (level + 1), hashes)
            for level, hashes in enumerate(self.edge.levels)
        ]
        return Write((Edge, ("level", "number", "hashes"), rows), keys=1)

    async def store_edge(self) -> None:
        """Store the tree's right edge as it now stands: the last step before the commit.

        Raises:
            RuntimeError: an append failed and its error was caught: tree and rows may differ.
        """
        if not self._whole:
            raise RuntimeError("an append failed: the whole write must be taken back")
        if self.size != self._stored_size:
            await write_together(self.connection, [self._edge_rows()])
            self._stored_size = self.size


def _inserts(batch: _Prepared) -> list[Insert]:
    tiles = [(tile.tile_path().path(), tile.hashes) for tile in batch.tiles]
    return [
        (LogEntry, ("position", "id", "body"), batch.rows),
        (VaultPage, VAULT_COLUMNS, batch.vault_rows),
        (Tile, ("path", "hashes"), tiles),
        (MovementRow, MOVEMENT_COLUMNS, batch.summary.movements),
    ]


def _additions(summary: Summary) -> list[Write]:
    return [
        Write((Balance, ("account", "unit", "amount"), summary.balances), keys=2, adding=True),
        Write(
            (RunningTotal, (*TOTAL_KEYS, *COLUMNS), summary.totals),
            keys=len(TOTAL_KEYS),
            adding=True,
        ),
    ]


@contextmanager
def _refusals() -> Iterator[None]:
    """Turn what the database refuses into an answer."""
    try:
        yield
    except (asyncpg.CheckViolationError, asyncpg.NumericValueOutOfRangeError) as error:
        raise _too_much() from error
    except (sqlite3.IntegrityError, asyncpg.UniqueViolationError) as error:
        if BEYOND in str(error):
            raise _too_much() from error
        raise KnownId(
            "One of these entries is in the ledger already. Nothing was appended."
        ) from error


def _too_much() -> Refused:
    return Refused(
        "The sums of these entries, with what is there, are larger than the ledger can hold"
        " exactly. Nothing was appended."
    )
