"""Provides the rows of movements as one book sees them, and what became of them by later entries.

What is passed on within this ledger is one entry of whoever reports it; it stands in the book of
the other organisation too, with its sign turned round.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from piccolo.columns.combination import And, Or, Where

from charity.receipts.reading import receipt_number
from ledger.donor_relations import PARTING
from ledger.entries import CURRENCY
from ledger.kinds.correction import CORRECTION
from ledger.kinds.donation import DONATION
from ledger.kinds.donation_receipt import DONATION_RECEIPT
from ledger.kinds.receipt_void import RECEIPT_VOID
from ledger.kinds.refund import REFUND
from ledger.kinds.reversal import INCOMING, REVERSAL, REVERSIBLE
from ledger.tables import MovementRow
from public_site.formatting import amount_in

BESIDE_BOOKS = (DONATION_RECEIPT.name, RECEIPT_VOID.name)
"""Kinds that lists leave out unless they are asked for: a receipt repeats its gift."""

IN_BOOKS = MovementRow.kind.not_in(list(BESIDE_BOOKS))

Row = Mapping[str, Any]
Condition = Where | And | Or


def in_books(organisation: str) -> tuple[Condition, Condition]:
    """Return the conditions on the rows of an organisation: its own, and those of others."""
    return MovementRow.organisation == organisation, MovementRow.other_organisation == organisation


async def newest_rows(conditions: Sequence[Condition], count: int) -> list[dict[str, Any]]:
    """Return the newest rows that meet one of the conditions, at most `count`, by their days.

    Each condition is asked by itself, for then the database reads along an index.
    """
    found: dict[int, dict[str, Any]] = {}
    for condition in conditions:
        rows = (
            await MovementRow.select()
            .where(condition)
            .order_by(MovementRow.day, ascending=False)
            .order_by(MovementRow.position, ascending=False)
            .limit(count)
        )
        found.update((row["position"], row) for row in rows)
    newest = sorted(found.values(), key=lambda row: (row["day"], row["position"]), reverse=True)
    return newest[:count]


def seen_from_other_side(row: Row, book: str | None) -> bool:
    """Return whether the book of an organisation sees a row from its other side."""
    return book is not None and row["other_organisation"] == book


def way(row: Row, book: str | None = None) -> int:
    """Return 1 where a row brings something into a book, −1 where it takes out, else 0.

    The book is that of the organisation or trust that reports the entry, unless another
    organisation's identifier is given.
    """
    if row["kind"] == REVERSAL.name:
        sign = 1 if row["amount"] > 0 else -1
    elif row["kind"] in REVERSIBLE:
        sign = 1 if row["kind"] in INCOMING else -1
    else:
        return 0
    return -sign if seen_from_other_side(row, book) else sign


def is_trusts(row: Row, book: str | None = None) -> bool:
    """Return whether a row moves money of a trust in this book, not the organisation's own."""
    return row["trust"] is not None and not seen_from_other_side(row, book)


@dataclass(frozen=True, slots=True)
class UnitSum:
    """What came in and went out in one unit, of the organisation itself or of its trusts."""

    of_trusts: bool
    unit: str
    came_in: int
    went_out: int

    @property
    def in_text(self) -> str:
        """What came in, with its unit."""
        return amount_in(self.came_in, self.unit)

    @property
    def out_text(self) -> str:
        """What went out, with its unit."""
        return amount_in(self.went_out, self.unit)


def sums_by_unit(rows: Iterable[Row], book: str) -> list[UnitSum]:
    """Return the sums of rows in each unit; the organisation's own yuan first, also where zero."""
    sums = {(False, CURRENCY): [0, 0]}
    for row in rows:
        sign = way(row, book)
        if sign:
            sum_ = sums.setdefault((is_trusts(row, book), row["unit"]), [0, 0])
            sum_[sign < 0] += abs(row["amount"])
    first, *rest = [UnitSum(*key, *sum_) for key, sum_ in sums.items()]
    return [first, *sorted(rest, key=lambda each: (each.of_trusts, each.unit))]


@dataclass(frozen=True, slots=True)
class IssuedReceipt:
    """A receipt of donation: its entry, its number with the year, what made it void."""

    position: int
    number: str
    void: int | None


@dataclass(slots=True)
class Later:
    """What became of an entry by later ones that stand; amounts in its unit.

    Attributes:
        reversed_by: the position of its reversal.
        refunded: what was paid back of a gift.
        paid: what was paid against a pledge.
        corrections: positions of correction notes.
        receipts: the receipts of a gift, the void ones too.
        void_by: the position of what made a receipt void.
        ended_by: the position of what undid a merge of donors, or ended an ownership.
    """

    reversed_by: int | None = None
    refunded: int = 0
    paid: int = 0
    corrections: list[int] = field(default_factory=list)
    receipts: list[IssuedReceipt] = field(default_factory=list)
    void_by: int | None = None
    ended_by: int | None = None

    def add(self, row: Row, void: int | None = None) -> None:
        """Take a later entry that stands; of a receipt also what made it void."""
        match row["kind"]:
            case REVERSAL.name:
                self.reversed_by = row["position"]
            case REFUND.name:
                self.refunded += row["amount"]
            case DONATION.name:
                self.paid += row["amount"]
            case CORRECTION.name:
                self.corrections.append(row["position"])
            case DONATION_RECEIPT.name:
                number = receipt_number(row["day"], row["amount"])
                self.receipts.append(IssuedReceipt(row["position"], number, void))
            case RECEIPT_VOID.name:
                self.void_by = row["position"]
            case kind if kind in PARTING:
                self.ended_by = row["position"]


LATER_COLUMNS = (
    MovementRow.position,
    MovementRow.kind,
    MovementRow.amount,
    MovementRow.day,
    MovementRow.refers_to,
)


async def later_entries(positions: Collection[int]) -> dict[int, Later]:
    """Return what became of each of these entries, those included of which nothing became."""
    found = {position: Later() for position in positions}
    rows = (
        await MovementRow.select(*LATER_COLUMNS)
        .where(MovementRow.refers_to.is_in(list(positions) or [-1]))
        .order_by(MovementRow.position)
    )
    undone = await _undone([row["position"] for row in rows])
    for row in rows:
        by = undone.get(row["position"])
        if by is None or row["kind"] == DONATION_RECEIPT.name:
            found[row["refers_to"]].add(row, by)
    return found


async def _undone(positions: list[int]) -> dict[int, int]:
    """Return position → by what, of those of these entries that were reversed or made void."""
    if not positions:
        return {}
    rows = await MovementRow.select(MovementRow.refers_to, MovementRow.position).where(
        MovementRow.refers_to.is_in(positions)
        & MovementRow.kind.is_in([REVERSAL.name, RECEIPT_VOID.name])
    )
    return {row["refers_to"]: row["position"] for row in rows}
