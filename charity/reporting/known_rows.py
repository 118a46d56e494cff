"""Provides the recognition of gifts that are in the ledger already, under whatever title.

Rows with a transaction id are known by it. Rows without are compared (day, amount, donor) with the
lists of the same organisation whose days overlap: identical rows inside one list are separate
gifts, but a list that repeats another is not new money.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from charity.reporting.donation_list import ListRow
from charity.reporting.tables import ImportedList
from ledger.tables import MovementRow
from ledger.vault import Vault
from ledger.vault_reading import known_donors

REPEATED_SHARE = 0.5
"""From which share of its rows on a list counts as a repetition (the project's own rule)."""

Gift: TypeAlias = tuple[str, int, str | None]
"""Day, amount in fen, donor's name."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """How many rows of a new list stand in an imported one."""

    rows: int
    of: int
    file_name: str
    recorded_at: str
    first_position: int

    @property
    def is_repetition(self) -> bool:
        """Whether so much stands there that it is the same list again."""
        return self.rows >= self.of * REPEATED_SHARE


async def list_with_digest(digest: str) -> ImportedList | None:
    """Return the imported list that came from exactly this file, if there is one."""
    return await ImportedList.objects().where(ImportedList.digest == digest).first()


async def largest_overlap(
    vault: Vault, organisation: str, rows: Sequence[ListRow]
) -> Overlap | None:
    """Return the imported list of this organisation that shares most rows with these."""
    candidates = (
        await ImportedList.select()
        .where(
            (ImportedList.organisation == organisation)
            & (ImportedList.first_day <= max(row.day for row in rows).isoformat())
            & (ImportedList.last_day >= min(row.day for row in rows).isoformat())
        )
        .order_by(ImportedList.id)
    )
    if not candidates:
        return None
    new = Counter((row.day.isoformat(), row.amount_fen, row.donor) for row in rows)
    largest: Overlap | None = None
    for candidate in candidates:
        shared = await _shared(vault, new, candidate)
        if shared > (largest.rows if largest else 0):
            largest = Overlap(
                shared,
                len(rows),
                candidate["file_name"],
                candidate["recorded_at"],
                candidate["first_position"],
            )
    return largest


async def _shared(vault: Vault, new: Counter[Gift], candidate: dict[str, Any]) -> int:
    """Return how many of the new gifts stand in an imported list.

    Days and amounts alone are compared first: names are opened only where these agree.
    """
    first, count = candidate["first_position"], candidate["rows"]
    lines = await MovementRow.select(MovementRow.day, MovementRow.amount, MovementRow.donor).where(
        (MovementRow.position >= first) & (MovementRow.position < first + count)
    )
    wanted = {(day, amount) for day, amount, _ in new}
    alike = [line for line in lines if (line["day"], line["amount"]) in wanted]
    donors = await known_donors(vault, {line["donor"] for line in alike})
    names = {reference: donor.identity.name for reference, donor in donors.items()}
    old = Counter((line["day"], line["amount"], names.get(line["donor"])) for line in alike)
    return (new & old).total()
