"""Provides the summaries of entries: what lists show, balances, totals by scope and month.

They are kept in the append transaction so that pages never scan the log, and can be made again
from the log alone.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import TypeAlias

from ledger.accounts import DONOR_PREFIX, DONORS, fund_account, must_stay_covered
from ledger.entries import Entry, Posting
from ledger.kinds import KINDS
from ledger.kinds.kind import Kind, Total
from ledger.messages import Refused

TOTAL_COLUMNS = {
    Total.RECEIVED: (1, 1, 0, 0, 0),
    Total.TRANSFERRED: (1, 1, 1, 0, 0),
    Total.SPENT: (0, 0, 0, 1, 0),
    Total.REFUNDED: (0, 0, 0, 0, 1),
}
"""Which of gifts (counted, not summed), received, transferred, spent, refunded an amount adds to.

Received is all money that came in from outside; transferred is the part of it that other charities
passed on, which is not new giving.
"""

ALL = ""
NOTHING = (0, 0)

ByMonth: TypeAlias = dict[tuple[str, str | None, str, str], list[int]]
"""Organisation, fund, month and kind → count and sum in fen."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run of entries adds to the summaries.

    Attributes:
        movements: rows of `ledger_movement`.
        balances: (account, unit, minor units to add).
        totals: (scope, month, gifts, received, transferred, spent, refunded to add), in fen; a
            scope is an organisation, the account of a fund, or '' for all; the month '' is all.
        lowest: for each covered account that loses money, the lowest point it reaches relative to
            its start, and the index of the entry that brings it there.
    """

    movements: list[tuple[object, ...]]
    balances: list[tuple[str, str, int]]
    totals: list[tuple[str, str, int, int, int, int, int]]
    lowest: dict[tuple[str, str], tuple[int, int]]


def summarise(entries: Sequence[Entry], first_position: int) -> Summary:
    """Return what these entries, at positions from `first_position`, add to the summaries.

    Raises:
        Refused: an entry is of no known kind, or its postings do not balance.
    """
    movements: list[tuple[object, ...]] = []
    by_month: ByMonth = defaultdict(lambda: [0, 0])
    for position, entry in enumerate(entries, first_position):
        kind, organisation, day = entry.kind, entry.organisation, entry.day
        amount, fund, donor, refers_to = entry.facts.listed()
        movements.append((position, organisation, day, kind, fund, amount, donor, refers_to))
        total = by_month[organisation, fund, day[:7], kind]
        total[0] += 1
        total[1] += amount
    balances, lowest = _balances(entries)
    return Summary(movements, balances, _totals(by_month), lowest)


def _balances(
    entries: Sequence[Entry],
) -> tuple[list[tuple[str, str, int]], dict[tuple[str, str], tuple[int, int]]]:
    running: dict[tuple[str, str], int] = defaultdict(int)
    lowest: dict[tuple[str, str], tuple[int, int]] = {}
    for index, entry in enumerate(entries):
        for posting in entry.postings:
            account, amount = posting.account, posting.amount
            if account.startswith(DONOR_PREFIX):
                continue
            key = (account, posting.unit)
            running[key] = held = running[key] + amount
            if amount < 0 and held < lowest.get(key, NOTHING)[0]:
                lowest[key] = (held, index)
        if not is_balanced(entry.postings):
            raise Refused("The postings of entry {id} do not sum to zero.", id=entry.id)
    # Postings sum to zero, so what all donors together gave is what the other accounts hold.
    for (_, unit), amount in list(running.items()):
        running[DONORS, unit] -= amount
    lowest = {key: low for key, low in lowest.items() if must_stay_covered(key[0])}
    return [(account, unit, amount) for (account, unit), amount in running.items()], lowest


def is_balanced(postings: tuple[Posting, ...]) -> bool:
    """Return whether postings sum to zero in every unit."""
    if len(postings) == 2:
        first, second = postings
        return first.amount == -second.amount and first.unit == second.unit
    sums: dict[str, int] = defaultdict(int)
    for posting in postings:
        sums[posting.unit] += posting.amount
    return not any(sums.values())


def _kind(name: str) -> Kind:
    try:
        return KINDS[name]
    except KeyError as error:
        raise Refused("There is no kind of entry {kind!r}.", kind=name) from error


def _totals(
    by_month: ByMonth,
) -> list[tuple[str, str, int, int, int, int, int]]:
    sums: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0, 0, 0])
    for (organisation, fund, month, kind), (count, amount) in by_month.items():
        total = _kind(kind).total
        if total is None:
            continue
        counts, *amounts = TOTAL_COLUMNS[total]
        scopes = (ALL, organisation, fund_account(organisation, fund or ""))
        for key in product(scopes, (month, ALL)):
            row = sums[key]
            row[0] += count * counts
            for column, share in enumerate(amounts, 1):
                row[column] += amount * share
    return [
        (scope, month, row[0], row[1], row[2], row[3], row[4])
        for (scope, month), row in sums.items()
    ]
