"""Provides what came into an account and went out of it, in the order of the log, page by page.

It is read from the summary of movements by key, never the whole ledger: the entries in the books of
one fund or trust, and those in other books by which money was passed on to it or out of it.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

from piccolo.columns.combination import And, Where

from ledger.accounts import fund_account, must_stay_covered, trust_account
from ledger.entries import Entry
from ledger.kinds.refund import REFUND
from ledger.kinds.reversal import INCOMING, REVERSAL, REVERSIBLE
from ledger.messages import Refused
from ledger.tables import MovementRow
from ledger.tracing import Change, void_positions

ROWS_AT_ONCE: Final = 5_000
POSITIONS_AT_ONCE: Final = 900
COLUMNS: Final = (
    MovementRow.position,
    MovementRow.kind,
    MovementRow.amount,
    MovementRow.organisation,
    MovementRow.fund,
    MovementRow.trust,
    MovementRow.other_organisation,
    MovementRow.other_fund,
    MovementRow.refers_to,
)

Row = Mapping[str, Any]
Condition = Where | And


def _books(account: str, unit: str) -> tuple[Condition, Condition | None]:
    """Return the conditions on movements: those that name this account as their own, the others."""
    in_unit = MovementRow.unit == unit
    match account.split("/"):
        case ["funds" | "goods", organisation, fund]:
            own = (MovementRow.organisation == organisation) & (MovementRow.fund == fund)
            other = (MovementRow.other_organisation == organisation) & (
                MovementRow.other_fund == fund
            )
            return own & in_unit, other & in_unit
        case ["trusts", organisation, number]:
            own = (MovementRow.organisation == organisation) & (MovementRow.trust == number)
            return own & in_unit, None
        case _:
            raise Refused("What {account} holds cannot be traced.", account=account)


def changes_of(position: int, entry: Entry) -> dict[tuple[str, str], Change]:
    """Return account and unit → what an entry changes there, in funds, goods and trusts."""
    postings = [posting for posting in entry.postings if must_stay_covered(posting.account)]
    own_source = entry.facts.refers_to if entry.kind == REFUND.name else None
    return {
        (posting.account, posting.unit): Change(
            position,
            entry.kind,
            posting.amount,
            own_source,
            next((o.account for o in postings if o.account != posting.account), None),
        )
        for posting in postings
    }


async def _passed_on(elsewhere: Condition | None, size: int) -> list[Change]:
    """Return the changes by entries that stand in other books of this ledger."""
    if elsewhere is None:
        return []
    rows = (
        await MovementRow.select(*COLUMNS)
        .where(elsewhere & (MovementRow.kind != REVERSAL.name) & (MovementRow.position < size))
        .order_by(MovementRow.position)
    )
    return [
        Change(row["position"], row["kind"], -_own_amount(row), None, _own_account(row))
        for row in rows
    ]


async def reversals_of(positions: Sequence[int], size: int) -> dict[int, int]:
    """Return reversal → reversed entry for those of `positions` that were reversed."""
    found: dict[int, int] = {}
    for start in range(0, len(positions), POSITIONS_AT_ONCE):
        rows = await MovementRow.select(MovementRow.position, MovementRow.refers_to).where(
            MovementRow.refers_to.is_in(list(positions[start : start + POSITIONS_AT_ONCE]))
            & (MovementRow.kind == REVERSAL.name)
            & (MovementRow.position < size)
        )
        found.update((row["position"], row["refers_to"]) for row in rows)
    return found


async def _void(books: Sequence[Condition], size: int) -> frozenset[int]:
    reversals: dict[int, int] = {}
    for condition in books:
        rows = await MovementRow.select(MovementRow.position, MovementRow.refers_to).where(
            condition & (MovementRow.kind == REVERSAL.name) & (MovementRow.position < size)
        )
        reversals.update((row["position"], row["refers_to"]) for row in rows)
    return void_positions(reversals)


def _own_amount(row: Row) -> int:
    """Return what a movement brings into its own account; below zero where it takes out."""
    amount: int = row["amount"]
    return amount if row["kind"] in INCOMING else -amount


def _own_account(row: Row) -> str:
    """Return the fund or trust that a movement of money names as its own."""
    if row["trust"] is not None:
        return trust_account(row["organisation"], row["trust"])
    return fund_account(row["organisation"], row["fund"])


def _own_changes(rows: Sequence[Row]) -> list[Change]:
    """Return what movements change in their own account."""
    return [
        Change(
            row["position"],
            row["kind"],
            _own_amount(row),
            row["refers_to"] if row["kind"] == REFUND.name else None,
            fund_account(row["other_organisation"], row["other_fund"])
            if row["other_organisation"] is not None
            else None,
        )
        for row in rows
        if row["kind"] in REVERSIBLE
    ]


async def account_changes(account: str, unit: str, size: int) -> AsyncIterator[list[Change]]:
    """Yield what standing entries change in an account, below a checkpoint of `size` entries.

    Entries that were reversed before that checkpoint are left out, and so are the reversals.
    """
    own, elsewhere = _books(account, unit)
    passed = await _passed_on(elsewhere, size)
    void = await _void([own] if elsewhere is None else [own, elsewhere], size)
    last, whole = -1, True
    while whole:
        rows = (
            await MovementRow.select(*COLUMNS)
            .where(own & (MovementRow.position > last) & (MovementRow.position < size))
            .order_by(MovementRow.position)
            .limit(ROWS_AT_ONCE)
        )
        whole = len(rows) == ROWS_AT_ONCE
        stop = rows[-1]["position"] + 1 if whole else size
        here = [change for change in passed if last < change.position < stop]
        changes = sorted([*_own_changes(rows), *here])
        yield [change for change in changes if change.position not in void]
        last = stop - 1
