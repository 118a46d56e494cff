"""Provides the making of all summaries from the log alone, beside those that the database keeps."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

from ledger.appending.writer import MOVEMENT_COLUMNS, TOTAL_KEYS
from ledger.counting import COLUMNS
from ledger.database.bulk_rows import fetch_rows, insert_rows, table_name
from ledger.entries import Entry
from ledger.messages import Message
from ledger.summaries import summarise
from ledger.tables import Balance, MovementRow, RunningTotal

Amounts: TypeAlias = dict[tuple[str, ...], tuple[int, ...]]
"""Key columns → amounts."""

BALANCE_KEYS = ("account", "unit")


class SummaryCheck:
    """Makes the summaries of a log again, entry by entry, and compares them row by row.

    Attributes:
        movements: how many lines of lists were compared.
    """

    def __init__(self) -> None:
        self.movements = 0
        self._balances: Counter[tuple[str, str]] = Counter()
        self._totals: dict[tuple[str, str, str], list[int]] = {}

    def add(self, entries: Sequence[Entry], first: int) -> list[tuple[object, ...]]:
        """Take the next entries of the log; return the rows of `ledger_movement` they make.

        Raises:
            Refused: postings do not balance.
        """
        summary = summarise(entries, first)
        for account, unit, amount in summary.balances:
            self._balances[account, unit] += amount
        for scope, month, unit, *amounts in summary.totals:
            total = self._totals.setdefault((scope, month, unit), [0] * len(COLUMNS))
            for column, amount in enumerate(amounts):
                total[column] += amount
        return summary.movements

    async def compare_movements(
        self, connection: Any, movements: Sequence[tuple[object, ...]], first: int
    ) -> list[Message]:
        """Return where the database's lines of these entries differ from those made again."""
        sql = (
            f"SELECT {', '.join(MOVEMENT_COLUMNS)} FROM {table_name(MovementRow)}"  # noqa: S608 (our names)
            f" WHERE position >= {first} AND position < {first + len(movements)}"
        )
        there = {
            row["position"]: tuple(row[column] for column in MOVEMENT_COLUMNS)
            for row in await fetch_rows(connection, sql)
        }
        self.movements += len(movements)
        return [
            Message(
                "The line of entry {position} in the lists is not what it says.", position=position
            )
            for position, movement in enumerate(movements, first)
            if there.get(position) != movement
        ]

    async def compare_sums(self, connection: Any, size: int) -> list[Message]:
        """Return where balances and totals differ from those of all entries taken.

        Args:
            connection: reads from one state of the database.
            size: how many entries there are: lines of lists beyond them are told too.
        """
        balances = await _read(connection, Balance, BALANCE_KEYS, ("amount",))
        totals = await _read(connection, RunningTotal, TOTAL_KEYS, COLUMNS)
        beyond = await fetch_rows(
            connection,
            f"SELECT count(*) AS lines FROM {table_name(MovementRow)}"  # noqa: S608 (our name)
            f" WHERE position < 0 OR position >= {size}",
        )
        messages = [
            *_differences(
                "balance", balances, {key: (sum_,) for key, sum_ in self._balances.items()}
            ),
            *_differences("total", totals, {key: tuple(row) for key, row in self._totals.items()}),
        ]
        if beyond[0]["lines"]:
            messages.append(
                Message("{count} lines of the lists belong to no entry.", count=beyond[0]["lines"])
            )
        return messages

    async def write_sums(self, connection: Any) -> None:
        """Write balances and totals as they follow from all entries taken; the tables are empty."""
        balances = [(*key, amount) for key, amount in self._balances.items()]
        totals = [(*key, *amounts) for key, amounts in self._totals.items()]
        await insert_rows(connection, Balance, (*BALANCE_KEYS, "amount"), balances)
        await insert_rows(connection, RunningTotal, (*TOTAL_KEYS, *COLUMNS), totals)


async def _read(
    connection: Any, table: Any, keys: Sequence[str], columns: Sequence[str]
) -> Amounts:
    sql = f"SELECT {', '.join((*keys, *columns))} FROM {table_name(table)}"  # noqa: S608 (our names)
    return {
        tuple(row[key] for key in keys): tuple(int(row[column]) for column in columns)
        for row in await fetch_rows(connection, sql)
    }


def _differences(what: str, there: Amounts, made: Amounts) -> Iterator[Message]:
    """Yield the rows that differ; one that is missing counts as zeros, so zeros may be missing."""
    for key in sorted({*there, *made}):
        zeros = (0,) * len(next(iter((*there.values(), *made.values()))))
        kept, right = there.get(key, zeros), made.get(key, zeros)
        if kept != right:
            yield Message(
                "The {what} of {key} is kept as {kept}; the log says {right}.",
                what=what,
                key=" · ".join(part or "*" for part in key),
                kept=", ".join(map(str, kept)),
                right=", ".join(map(str, right)),
            )
