"""Provides the audit of the operator's own database: everything it holds against everything else.

A stranger audits the published files (`ledger.verification`); this looks behind them: every stored
entry, tile and checkpoint, every summary that pages show, and the store of signed checkpoints. It
reads one state of the database, streams, and collects what is wrong instead of stopping at it.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ledger.appending.publication import stored_edge
from ledger.auditing.entry_rules import EntryRules
from ledger.auditing.summary_check import SummaryCheck
from ledger.database.bulk_rows import ROWS_AT_ONCE, fetch_among, fetch_rows, table_name
from ledger.database.engines import snapshot
from ledger.entries import Entry
from ledger.hashing import leaf_hash
from ledger.kinds import parse_canonical_entry, parse_entry
from ledger.log import Ledger
from ledger.messages import Message, Refused
from ledger.references import reference_of
from ledger.signing.notes import Checkpoint, VerifierKey, open_checkpoint, open_note
from ledger.tables import Cosignature, LogEntry, PublishedCheckpoint, Tile
from ledger.tiles import FullTile, RightEdge

PROBLEMS_MAX = 100
OnProgress = Callable[[int, int], None]


@dataclass(slots=True)
class AuditReport:
    """What an audit found.

    Attributes:
        entries: how many entries were read.
        findings: what was proved, in words.
        problems: what is wrong, in words; the first hundred.
        problem_count: how many there are.
    """

    entries: int = 0
    findings: list[Message] = field(default_factory=list)
    problems: list[Message] = field(default_factory=list)
    problem_count: int = 0

    def add(self, *problems: Message) -> None:
        """Take problems up."""
        self.problem_count += len(problems)
        self.problems += problems[: PROBLEMS_MAX - len(self.problems)]


async def stored_entries(
    connection: Any, size: int
) -> AsyncIterator[tuple[int, list[tuple[str, bytes]]]]:
    """Yield the entries of the database, a few thousand at a time: first position, id and bytes."""
    for start in range(0, size, ROWS_AT_ONCE):
        stop = min(start + ROWS_AT_ONCE, size)
        sql = (
            f"SELECT position, id, body FROM {table_name(LogEntry)}"  # noqa: S608 (our names)
            f" WHERE position >= {start} AND position < {stop} ORDER BY position"
        )
        rows = await fetch_rows(connection, sql)
        if [row["position"] for row in rows] != list(range(start, stop)):
            raise Refused("Entries are missing from the database after entry {start}.", start=start)
        yield start, [(row["id"], bytes(row["body"])) for row in rows]


async def audit_log(
    ledger: Ledger,
    retired_keys: Sequence[VerifierKey] = (),
    on_progress: OnProgress = lambda done, total: None,
) -> AuditReport:
    """Audit everything that the ledger's database holds.

    Checked are: every signature and its root, every leaf and tile, every entry against the rules
    of its kind and of what it refers to, every sum of postings, balances, totals and lines of
    lists, the series of receipts, and that the store of signed checkpoints fits.

    Args:
        ledger: whose database it is.
        retired_keys: that signed checkpoints in earlier years.
        on_progress: is told how many entries are read, and how many there are.
    """
    async with snapshot(ledger.engine) as connection:
        keys = [*ledger.verifier_keys, *retired_keys]
        return await _Audit(ledger, keys, connection).run(on_progress)


class _Audit:
    """An audit on its way through the log."""

    def __init__(self, ledger: Ledger, keys: Sequence[VerifierKey], connection: Any) -> None:
        self._ledger = ledger
        self._keys = keys
        self._connection = connection
        self._report = AuditReport()
        self._edge = RightEdge()
        self._tiles = 0
        self._checkpoints: dict[int, Checkpoint] = {}
        self._rules = EntryRules()
        self._summaries = SummaryCheck()

    async def run(self, on_progress: OnProgress) -> AuditReport:
        report = self._report
        try:
            stored = await stored_edge(self._connection)
            await self._read_checkpoints()
            async for start, rows in stored_entries(self._connection, stored.size):
                await self._check_entries(start, rows)
                on_progress(self._edge.size, stored.size)
            await self._check_end(stored)
        except Refused as refusal:
            report.add(refusal.message)
        report.entries = self._edge.size
        if not report.problem_count:
            report.findings = self._findings()
        return report

    async def _read_checkpoints(self) -> None:
        """Read all published checkpoints and their cosignatures, and check the signatures."""
        rows = await fetch_rows(
            self._connection,
            f"SELECT size, note FROM {table_name(PublishedCheckpoint)} ORDER BY size",  # noqa: S608 (our name)
        )
        for row in rows:
            size = row["size"]
            try:
                self._checkpoints[size] = self._opened(row["note"], size)
            except Refused as refusal:
                self._report.add(_untrusted(size, refusal))
        notes = {row["size"]: row["note"] for row in rows}
        lines = await fetch_rows(
            self._connection,
            f"SELECT size, witness, line FROM {table_name(Cosignature)}",  # noqa: S608 (our name)
        )
        for row in lines:
            try:
                text, _, _ = notes[row["size"]].partition("\n\n")
                open_note(f"{text}\n\n{row['line']}", [VerifierKey.parse(row["witness"])])
            except KeyError:
                self._report.add(_untrusted(row["size"], Refused("there is none")))
            except Refused as refusal:
                self._report.add(_untrusted(row["size"], refusal))

    def _opened(self, note: str, size: int) -> Checkpoint:
        checkpoint = open_checkpoint(note, self._keys, self._ledger.origin)
        if checkpoint.size != size:
            raise Refused("it was signed over {size} entries", size=checkpoint.size)
        return checkpoint

    async def _check_entries(self, start: int, rows: Sequence[tuple[str, bytes]]) -> None:
        """Check a run of entries, their tiles, and the roots of the checkpoints among them."""
        entries: list[Entry] = []
        leaves: list[bytes] = []
        for position, (entry_id, body) in enumerate(rows, start):
            leaves.append(leaf_hash(body))
            entry = self._sound(position, entry_id, body)
            if entry is not None:
                entries.append(entry)
        await self._check_tiles(self._append(start, leaves))
        await self._check_references(start, entries)
        if len(entries) == len(rows):
            movements = self._summaries.add(entries, start)
            self._report.add(
                *await self._summaries.compare_movements(self._connection, movements, start)
            )

    def _sound(self, position: int, entry_id: str, body: bytes) -> Entry | None:
        """Return the entry of these bytes; None, and a problem told, if they are none."""
        try:
            entry = parse_canonical_entry(body)
        except Refused as refusal:
            self._report.add(_unsound(position, refusal))
            return None
        if entry.id != entry_id:
            self._report.add(
                Message("Entry {index} is kept under the id {id}.", index=position, id=entry_id)
            )
        return entry

    def _append(self, start: int, leaves: Sequence[bytes]) -> list[FullTile]:
        """Move the edge on, and compare its root with every checkpoint on the way."""
        full: list[FullTile] = []
        stops = sorted(size for size in self._checkpoints if start < size < start + len(leaves))
        done = 0
        for stop in (*stops, start + len(leaves)):
            full += self._edge.append(leaves[done : stop - start])
            done = stop - start
            checkpoint = self._checkpoints.get(stop)
            if checkpoint is not None and checkpoint.root != self._edge.root():
                self._report.add(
                    Message(
                        "The checkpoint over {size} entries has another root than these entries.",
                        size=stop,
                    )
                )
        return full

    async def _check_tiles(self, full: Sequence[FullTile]) -> None:
        paths = [tile.tile_path().path() for tile in full]
        rows = await fetch_among(self._connection, Tile, ("path", "hashes"), "path", paths)
        there = {row["path"]: bytes(row["hashes"]) for row in rows}
        self._tiles += len(full)
        for path, tile in zip(paths, full, strict=True):
            if there.get(path) != tile.hashes:
                self._report.add(
                    Message("The tile {path} does not hold the hashes of these entries.", path=path)
                )

    async def _check_references(self, start: int, entries: Sequence[Entry]) -> None:
        """Check what entries refer to, and the series of receipts."""
        places = {place for entry in entries if (place := reference_of(entry)) is not None}
        rows = await fetch_among(
            self._connection, LogEntry, ("position", "body"), "position", sorted(places)
        )
        self._rules.referred = {row["position"]: parse_entry(bytes(row["body"])) for row in rows}
        for position, entry in enumerate(entries, start):
            try:
                self._rules.check(position, entry)
            except Refused as refusal:
                self._report.add(_unsound(position, refusal))

    async def _check_end(self, stored: RightEdge) -> None:
        """Check what can be known only when every entry was read."""
        if stored.levels != self._edge.levels:
            self._report.add(Message("The stored edge of the tree is not that of these entries."))
        self._report.add(*await self._summaries.compare_sums(self._connection, stored.size))
        for table, more in ((LogEntry, stored.size), (Tile, self._tiles)):
            rows = await fetch_rows(
                self._connection,
                f"SELECT count(*) AS rows_there FROM {table_name(table)}",  # noqa: S608 (our name)
            )
            if rows[0]["rows_there"] != more:
                self._report.add(
                    Message(
                        "{table} has {count} rows instead of {expected}.",
                        table=table_name(table),
                        count=rows[0]["rows_there"],
                        expected=more,
                    )
                )
        self._check_store(stored.size)

    def _check_store(self, size: int) -> None:
        """Check that the store of signed checkpoints holds the newest one."""
        signed = self._ledger.store.read()
        newest = max(self._checkpoints, default=0)
        if not newest <= signed.size <= size:
            self._report.add(
                Message(
                    "The store of signed checkpoints says {signed}, the newest published checkpoint"
                    " has {newest} entries, and {size} are stored.",
                    signed=signed.size,
                    newest=newest,
                    size=size,
                )
            )

    def _findings(self) -> list[Message]:
        return [
            Message(
                "{count} entries are canonical, follow the rules of their kinds, and have the"
                " hashes in {tiles} tiles.",
                count=self._edge.size,
                tiles=self._tiles,
            ),
            Message(
                "{count} checkpoints are signed, and each has the root of its entries.",
                count=len(self._checkpoints),
            ),
            Message(
                "Balances, totals and {count} lines of lists are what the entries add up to.",
                count=self._summaries.movements,
            ),
            Message(
                "{count} entries refer to earlier ones as they may, and {receipts} series of"
                " receipts have no gap.",
                count=self._rules.references,
                receipts=self._rules.receipt_series,
            ),
        ]


def _untrusted(size: int, refusal: Refused) -> Message:
    return Message(
        "The checkpoint over {size} entries cannot be trusted: {reason}",
        size=size,
        reason=refusal.message,
    )


def _unsound(position: int, refusal: Refused) -> Message:
    return Message("Entry {index} is unsound: {reason}", index=position, reason=refusal.message)
