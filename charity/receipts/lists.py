"""Provides the finding of receipts and of gifts that have none, read from the summary of movements.

Positions are found along indexes: of the organisation's receipts by year and number, of what refers
to an entry, of the organisation's entries by day.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from charity.organisations.uscc import organisation_identifier
from charity.reporting.batches.tables import Batch
from ledger.kinds.donation_receipt import DONATION_RECEIPT
from ledger.tables import MovementRow

NUMBER_MAX: Final = 10**9

_VOID: Final = """EXISTS (
    SELECT 1 FROM ledger_movement AS void
    WHERE void.refers_to = receipt.position AND void.kind = 'receipt_void')"""
_OF_SERIES: Final = """receipt.kind = 'donation_receipt' AND receipt.organisation = {}
    AND substr(receipt.day, 1, 4) = {}"""
_YEARS: Final = """
SELECT substr(day, 1, 4) AS year, count(*) AS receipts FROM ledger_movement
WHERE kind = 'donation_receipt' AND organisation = {}
GROUP BY substr(day, 1, 4) ORDER BY year DESC
"""
_OPEN_GIFTS: Final = """
SELECT gift.position FROM ledger_movement AS gift
WHERE gift.organisation = {} AND gift.kind IN ('donation', 'goods_donation')
AND NOT EXISTS (
    SELECT 1 FROM ledger_movement AS receipt
    WHERE receipt.refers_to = gift.position AND receipt.kind = 'donation_receipt'
    AND NOT EXISTS (
        SELECT 1 FROM ledger_movement AS void
        WHERE void.refers_to = receipt.position AND void.kind = 'receipt_void'))
AND NOT EXISTS (
    SELECT 1 FROM ledger_movement AS undone
    WHERE undone.refers_to = gift.position AND undone.kind = 'reversal')
AND gift.amount > (
    SELECT coalesce(sum(back.amount), 0) FROM ledger_movement AS back
    WHERE back.refers_to = gift.position AND back.kind = 'refund'
    AND NOT EXISTS (
        SELECT 1 FROM ledger_movement AS undone
        WHERE undone.refers_to = back.position AND undone.kind = 'reversal'))
"""
"""SQL with a place, {}, for each value."""


@dataclass(frozen=True, slots=True)
class GiftFilter:
    """Which gifts are meant; None for no limit.

    Attributes:
        first_day, last_day: ISO days of the gifts.
        positions: only gifts at these positions, such as those of a batch.
        donor: the lasting reference of a donor.
    """

    first_day: str | None = None
    last_day: str | None = None
    positions: range | None = None
    donor: str | None = None

    def conditions(self) -> tuple[str, list[object]]:
        """Return the conditions on `gift` in SQL, each begun with AND, and their values."""
        limits: list[tuple[str, object | None]] = [
            ("gift.day >= {}", self.first_day),
            ("gift.day <= {}", self.last_day),
            ("gift.position >= {}", self.positions.start if self.positions is not None else None),
            ("gift.position < {}", self.positions.stop if self.positions is not None else None),
            ("gift.donor = {}", self.donor),
        ]
        there = [(sql, value) for sql, value in limits if value is not None]
        return "".join(f" AND {sql}" for sql, _ in there), [value for _, value in there]


async def _rows(sql: str, *values: object) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = await MovementRow.raw(sql, *values)
    return rows


async def receipt_years(organisation: str) -> list[tuple[str, int]]:
    """Return the years in which an organisation issued receipts, and how many, the newest first."""
    rows = await _rows(_YEARS, organisation_identifier(organisation))
    return [(row["year"], row["receipts"]) for row in rows]


async def receipts_of_year(
    organisation: str,
    year: str,
    *,
    below: int = NUMBER_MAX + 1,
    only_void: bool = False,
    limit: int,
) -> list[int]:
    """Return positions of receipts of a year whose number is below a number, the newest first."""
    rows = await _rows(
        f"SELECT receipt.position FROM ledger_movement AS receipt WHERE {_OF_SERIES}"  # noqa: S608 (our words)
        f" AND receipt.amount < {{}}{f' AND {_VOID}' if only_void else ''}"
        " ORDER BY receipt.amount DESC LIMIT {}",
        organisation_identifier(organisation),
        year,
        below,
        limit,
    )
    return [row["position"] for row in rows]


async def void_count(organisation: str, year: str) -> int:
    """Return how many receipts of a year are void."""
    rows = await _rows(
        "SELECT count(*) AS receipts FROM ledger_movement AS receipt"  # noqa: S608 (our words)
        f" WHERE {_OF_SERIES} AND {_VOID}",
        organisation_identifier(organisation),
        year,
    )
    return int(rows[0]["receipts"])


async def find_receipts(organisation: str, *, number: int, year: str | None) -> list[int]:
    """Return the positions of an organisation's receipts with a number, the newest first."""
    years = (
        [year] if year is not None else [known for known, _ in await receipt_years(organisation)]
    )
    found: list[int] = []
    for each in years:
        found += await receipts_of_year(organisation, each, below=number + 1, limit=1)
    rows = await MovementRow.select(MovementRow.position).where(
        MovementRow.position.is_in(found or [-1]) & (MovementRow.amount == number)
    )
    return sorted((row["position"] for row in rows), reverse=True)


async def receipts_of_entry(organisation: str, position: int) -> list[int]:
    """Return a receipt by its own position, or the receipts of the gift there, the newest first."""
    rows = (
        await MovementRow.select(MovementRow.position)
        .where(
            (MovementRow.organisation == organisation_identifier(organisation))
            & (MovementRow.kind == DONATION_RECEIPT.name)
            & ((MovementRow.position == position) | (MovementRow.refers_to == position))
        )
        .order_by(MovementRow.position, ascending=False)
    )
    return [row["position"] for row in rows]


async def receipts_for(organisation: str, gifts: GiftFilter, year: str | None = None) -> list[int]:
    """Return the positions of all receipts of a year, or of certain gifts, in their order."""
    conditions, values = gifts.conditions()
    in_year = " AND substr(receipt.day, 1, 4) = {}" if year is not None else ""
    rows = await _rows(
        "SELECT receipt.position FROM ledger_movement AS receipt"  # noqa: S608 (our words)
        " JOIN ledger_movement AS gift ON gift.position = receipt.refers_to"
        f" WHERE receipt.kind = 'donation_receipt' AND receipt.organisation = {{}}"
        f"{in_year}{conditions} ORDER BY substr(receipt.day, 1, 4), receipt.amount",
        organisation_identifier(organisation),
        *([year] if year is not None else []),
        *values,
    )
    return [row["position"] for row in rows]


async def gifts_without_receipt(
    organisation: str,
    gifts: GiftFilter,
    *,
    after: tuple[str, int] | None = None,
    limit: int,
) -> list[int]:
    """Return positions of gifts that may get a receipt and have no valid one, the oldest first.

    Gifts that were reversed or paid back in full are left out. `after` is day and position of the
    last gift that was seen.
    """
    conditions, values = gifts.conditions()
    if after is not None:
        conditions += " AND (gift.day > {} OR (gift.day = {} AND gift.position > {}))"
        values += [after[0], after[0], after[1]]
    rows = await _rows(
        f"{_OPEN_GIFTS}{conditions} ORDER BY gift.day, gift.position LIMIT {{}}",
        organisation_identifier(organisation),
        *values,
        limit,
    )
    return [row["position"] for row in rows]


async def batch_positions(organisation: str, batch: str) -> range | None:
    """Return where the entries of an organisation's appended batch stand; None if nowhere."""
    row = (
        await Batch.select(Batch.first_position, Batch.entries)
        .where((Batch.id == batch) & (Batch.organisation == organisation))
        .first()
    )
    if row is None or row["first_position"] is None or row["entries"] is None:
        return None
    return range(row["first_position"], row["first_position"] + row["entries"])


def chunks(positions: Sequence[int], size: int) -> list[Sequence[int]]:
    """Return positions a few at a time, in their order."""
    return [positions[start : start + size] for start in range(0, len(positions), size)]
