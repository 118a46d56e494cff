"""Provides how an entry counts in the running totals: by what it brings into and out of accounts.

The rule is one for all kinds: what a posting puts into a fund, a store of goods or a trust adds to
the columns of what came in, what it takes out adds to one column of what went out. Therefore
received − refunded − spent − passed on = held, in every scope and unit.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import product
from typing import TypeAlias

from ledger.accounts import ALL, scopes_of


class Column(IntEnum):
    """The columns of a running total, in their order.

    GIFTS are counted, the others summed in minor units. RECEIVED is all that came in, from outside
    or from another charity; TRANSFERRED the part of it that another charity or a trust passed on,
    which is no new giving; PASSED_ON what went to another organisation of this ledger.
    """

    GIFTS = 0
    PLEDGED = 1
    RECEIVED = 2
    TRANSFERRED = 3
    PASSED_ON = 4
    SPENT = 5
    REFUNDED = 6


COLUMNS = tuple(column.name.lower() for column in Column)


@dataclass(frozen=True, slots=True, eq=False)
class Counting:
    """How the postings of a kind count.

    Attributes:
        incoming: columns that what comes into an account adds to.
        outgoing: the column that what goes out of an account adds to.
        reversed: whether it takes back what an earlier entry had added.
    """

    incoming: tuple[Column, ...] = ()
    outgoing: Column | None = None
    reversed: bool = False

    def columns(self, count: int, amount: int) -> list[int]:
        """Return what `count` postings of the same sign, with this sum, add to each column."""
        sums = [0] * len(Column)
        sign = -1 if self.reversed else 1
        if amount * sign > 0:
            for column in self.incoming:
                sums[column] = count * sign if column is Column.GIFTS else amount
        elif self.outgoing is not None:
            sums[self.outgoing] = -amount
        return sums


GIVEN = Counting((Column.GIFTS, Column.RECEIVED))
PLEDGED = Counting((Column.PLEDGED,))
TRANSFERRED = Counting((Column.GIFTS, Column.RECEIVED, Column.TRANSFERRED), Column.PASSED_ON)
SPENT = Counting(outgoing=Column.SPENT)
REFUNDED = Counting(outgoing=Column.REFUNDED)

REVERSED: Mapping[Counting, Counting] = {
    counting: replace(counting, reversed=True) for counting in (GIVEN, TRANSFERRED, SPENT, REFUNDED)
}

Group: TypeAlias = tuple[str, str, str, Counting, bool]
"""Account, unit, ISO day (or '' where days do not matter), way of counting, whether it gains."""

Groups: TypeAlias = dict[Group, list[int]]
"""How many postings each group holds, and their sum in minor units."""

TotalRow: TypeAlias = tuple[str, str, str, *tuple[int, ...]]
"""Scope, month and unit, then what to add to each column."""


def new_groups() -> Groups:
    """Return groups that hold nothing yet."""
    return defaultdict(lambda: [0, 0])


def total_rows(groups: Groups) -> list[TotalRow]:
    """Return what these postings add to the totals of every scope, by month and for all months."""
    sums: dict[tuple[str, str, str], list[int]] = {}
    for (account, unit, day, counting, _), (count, amount) in groups.items():
        columns = counting.columns(count, amount)
        for scope, of_month in product(scopes_of(account), {day[:7], ALL}):
            row = sums.setdefault((scope, of_month, unit), [0] * len(Column))
            for column, share in enumerate(columns):
                row[column] += share
    return [(scope, month, unit, *row) for (scope, month, unit), row in sums.items()]
