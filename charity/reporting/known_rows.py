"""Provides the recognition of gifts that are in the ledger already, under whatever title.

Rows with a transaction id are known by it. Rows without are compared (day, amount, donor) with the
lists of the same organisation whose days overlap: identical rows inside one list are separate
gifts, but a list that repeats another is not new money.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from charity.donors.names import is_masked, names_nobody
from charity.reporting.donation_list import ListRow
from charity.reporting.tables import ImportedList
from ledger.tables import MovementRow
from ledger.vault.reading import known_donors
from ledger.vault.vault import Vault

REPEATED_SHARE = 0.5
NAMED_SHARE = 0.05
NAMED_ROWS = 10
"""A list counts as a repetition when half of its rows stand in another, or ten rows and one in
twenty with a full name among them (the project's own rule)."""

Gift: TypeAlias = tuple[str, int, str | None]
"""Day, amount in fen, donor's name."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """How many rows of a new list stand in an imported one, and how many of them are named."""

    rows: int
    named: int
    of: int
    digest: str
    recorded_at: str
    first_position: int

    @property
    def is_repetition(self) -> bool:
        """Whether so much stands there that a person must say what is new."""
        return self.rows >= self.of * REPEATED_SHARE or (
            self.named >= max(NAMED_ROWS, self.of * NAMED_SHARE)
        )


async def list_with_digest(digest: str) -> ImportedList | None:
    """Return the imported list that came from exactly this file, if there is one."""
    return await ImportedList.objects().where(ImportedList.digest == digest).first()


def gift_of(row: ListRow) -> Gift:
    """Return what a row is compared by; words that name nobody count as no name."""
    donor = None if row.donor is None or names_nobody(row.donor) else row.donor
    return (row.day.isoformat(), row.amount_fen, donor)


async def find_overlaps(
    vault: Vault, organisation: str, rows: Sequence[ListRow]
) -> tuple[Overlap | None, Counter[Gift]]:
    """Compare rows with the imported lists of an organisation.

    Returns:
        The list that shares most rows with these, if any does; and all gifts that stand in some
        list already, with how often.
    """
    candidates = (
        await ImportedList.select()
        .where(
            (ImportedList.organisation == organisation)
            & (ImportedList.first_day <= max(row.day for row in rows).isoformat())
            & (ImportedList.last_day >= min(row.day for row in rows).isoformat())
        )
        .order_by(ImportedList.id)
    )
    known: Counter[Gift] = Counter()
    if not candidates:
        return None, known
    new = Counter(map(gift_of, rows))
    largest: Overlap | None = None
    for candidate in candidates:
        shared = await _shared(vault, new, candidate)
        known |= shared
        if shared.total() > (largest.rows if largest else 0):
            largest = Overlap(
                shared.total(),
                sum(count for (_, _, name), count in shared.items() if _is_full(name)),
                len(rows),
                candidate["digest"],
                candidate["recorded_at"],
                candidate["first_position"],
            )
    return largest, known


def _is_full(name: str | None) -> bool:
    return name is not None and not is_masked(name)


def without_known(rows: Sequence[ListRow], known: Counter[Gift]) -> list[int]:
    """Return the places of those rows that no list holds yet.

    Of equal rows the first ones count as known, as many as the lists hold.
    """
    left = Counter(known)
    fresh = []
    for place, row in enumerate(rows):
        gift = gift_of(row)
        if row.transaction is None and left[gift] > 0:
            left[gift] -= 1
        else:
            fresh.append(place)
    return fresh


async def _shared(vault: Vault, new: Counter[Gift], candidate: dict[str, Any]) -> Counter[Gift]:
    """Return those of the new gifts that stand in an imported list.

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
    return new & old
