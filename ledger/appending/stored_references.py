"""Provides what entries refer to, read from the database: refunded, paid, reversed entries."""

from collections.abc import Iterable
from typing import Any

from ledger.database.bulk_rows import fetch_among
from ledger.entries import Entry
from ledger.kinds import parse_entry
from ledger.kinds.donation import DONATION
from ledger.kinds.refund import REFUND
from ledger.kinds.reversal import REVERSAL
from ledger.messages import Refused
from ledger.references import References, check_reference, reference_of
from ledger.tables import LogEntry, MovementRow

MOVEMENT = ("position", "kind", "amount", "refers_to")


class StoredReferences(References):
    """What became of entries in the database that others, not yet appended, refer to."""

    def __init__(self) -> None:
        super().__init__(self._entry)
        self._entries: dict[int, Entry] = {}

    @classmethod
    async def of(cls, connection: Any, entries: Iterable[Entry]) -> "StoredReferences":
        """Read what these entries refer to, as far as the database holds it already."""
        references = cls()
        wanted = {place for entry in entries if (place := reference_of(entry)) is not None}
        if wanted:
            await references._load(connection, sorted(wanted))
        return references

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
        self._reversed_at.update(
            (row["refers_to"], row["position"])
            for row in (*first, *second)
            if row["kind"] == REVERSAL.name
        )
        for row in first:
            if row["position"] in self._reversed_at:
                continue
            if row["kind"] == REFUND.name:
                self._refunded[row["refers_to"]] += row["amount"]
            elif row["kind"] == DONATION.name:
                self._paid[row["refers_to"]] += row["amount"]

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
            check_reference(entry, self.referred(place))

    def add(self, position: int, entry: Entry) -> None:
        """Take the next entry, which later ones may refer to.

        Raises:
            Refused: as `check`.
        """
        super().add(position, entry)
        self._entries[position] = entry
