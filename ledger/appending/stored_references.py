"""Provides what entries refer to, read from the database: what was refunded, paid, receipted."""

from collections.abc import Sequence
from typing import Any

from ledger.database.bulk_rows import fetch_among, fetch_rows, is_sqlite, table_name
from ledger.donor_relations import JOINING, PARTING
from ledger.entries import Entry
from ledger.kinds import parse_entry
from ledger.kinds.donation import DONATION
from ledger.kinds.donation_receipt import DONATION_RECEIPT
from ledger.kinds.receipt_void import RECEIPT_VOID
from ledger.kinds.refund import REFUND
from ledger.kinds.reversal import REVERSAL
from ledger.messages import Refused
from ledger.references import References, Series, is_bound, reference_of, series_of
from ledger.tables import OF_RELATIONS, LogEntry, MovementRow

MOVEMENT = ("position", "kind", "amount", "refers_to")


async def last_receipt_number(connection: Any, series: Series) -> int:
    """Return the last number of a series of receipts; 0 before the first one. An index has it."""
    first, second = ("?", "?") if is_sqlite(connection) else ("$1", "$2")
    rows = await fetch_rows(
        connection,
        f"SELECT max(amount) AS last FROM {table_name(MovementRow)}"  # noqa: S608 (our names)
        f" WHERE kind = '{DONATION_RECEIPT.name}' AND organisation = {first}"
        f" AND substr(day, 1, 4) = {second}",
        series,
    )
    return rows[0]["last"] or 0


async def stored_relations(connection: Any) -> list[tuple[int, Entry]]:
    """Return position and entry of all merges, ownerships and what undid them, in their order."""
    rows = await fetch_rows(
        connection,
        f"SELECT position FROM {table_name(MovementRow)} WHERE {OF_RELATIONS} ORDER BY position",  # noqa: S608 (our names)
    )
    positions = [row["position"] for row in rows]
    bodies = await fetch_among(connection, LogEntry, ("position", "body"), "position", positions)
    return sorted(
        ((row["position"], parse_entry(bytes(row["body"]))) for row in bodies),
        key=lambda stored: stored[0],
    )


class StoredReferences(References):
    """What became of entries in the database that others, not yet appended, refer to."""

    def __init__(self) -> None:
        super().__init__(self._entry)
        self._entries: dict[int, Entry] = {}

    @classmethod
    async def of(cls, connection: Any, entries: Sequence[Entry]) -> "StoredReferences":
        """Read what these entries refer to, as far as the database holds it already."""
        references = cls()
        referring = [entry for entry in entries if reference_of(entry) is not None]
        wanted = {place for entry in referring if (place := reference_of(entry)) is not None}
        if wanted:
            await references._load(connection, sorted(wanted))
        for series in sorted({found for e in referring if (found := series_of(e)) is not None}):
            last = await last_receipt_number(connection, series)
            if last:
                references._last_numbers[series] = last
        if any(entry.kind in JOINING or entry.kind in PARTING for entry in entries):
            await references._load_relations(connection)
        return references

    async def _load_relations(self, connection: Any) -> None:
        """Load all merges and ownerships: few, for each is a person's decision."""
        for position, entry in await stored_relations(connection):
            self.relations.take(position, entry)

    async def _load(self, connection: Any, positions: list[int]) -> None:
        """Load entries, what refers to them, and what has reversed that again."""
        bodies = await fetch_among(
            connection, LogEntry, ("position", "body"), "position", positions
        )
        self._entries = {row["position"]: parse_entry(bytes(row["body"])) for row in bodies}
        first = await fetch_among(connection, MovementRow, MOVEMENT, "refers_to", positions)
        second = await fetch_among(
            connection, MovementRow, MOVEMENT, "refers_to", [row["position"] for row in first]
        )
        for row in (*first, *second):
            if row["kind"] == REVERSAL.name:
                self._reversed_at[row["refers_to"]] = row["position"]
            elif row["kind"] == RECEIPT_VOID.name:
                self._void_at[row["refers_to"]] = row["position"]
            elif row["kind"] in PARTING:
                self._ended_at[row["refers_to"]] = row["position"]
        for row in first:
            if row["position"] in self._reversed_at or row["position"] in self._void_at:
                continue
            if row["kind"] == REFUND.name:
                self._refunded[row["refers_to"]] += row["amount"]
            elif row["kind"] == DONATION.name:
                self._paid[row["refers_to"]] += row["amount"]
            elif row["kind"] == DONATION_RECEIPT.name:
                self._receipt_at[row["refers_to"]] = row["position"]

    def _entry(self, position: int) -> Entry:
        try:
            return self._entries[position]
        except KeyError as error:
            raise Refused("There is no entry {position}.", position=position) from error

    def check(self, entry: Entry) -> None:
        """Check what an entry refers to; nothing is remembered.

        Raises:
            Refused: it refers to no earlier entry, or breaks a rule of its kind.
        """
        place = reference_of(entry)
        if place is not None:
            self._check(entry, place)
        elif is_bound(entry):
            self.relations.check(entry)

    def add(self, position: int, entry: Entry) -> None:
        """Take the next entry, which later ones may refer to.

        Raises:
            Refused: as `check`.
        """
        super().add(position, entry)
        self._entries[position] = entry
