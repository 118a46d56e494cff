"""Provides the check that funds and trusts are never below zero, before anything is written."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ledger.accounts import must_stay_covered
from ledger.database.bulk_rows import fetch_among
from ledger.entries import Entry
from ledger.messages import Refused
from ledger.tables import Balance

Lowest = Mapping[tuple[str, str], tuple[int, int]]
"""Account and unit → the lowest point relative to the start, and the entry that brings it there."""


class Cover:
    """What accounts hold that lose money, in minor units, while entries are being checked."""

    def __init__(self, held: dict[tuple[str, str], int]) -> None:
        self._held = held

    @classmethod
    async def of(cls, connection: Any, accounts: Iterable[str]) -> "Cover":
        """Return what these accounts hold in the database."""
        rows = await fetch_among(
            connection, Balance, ("account", "unit", "amount"), "account", sorted(set(accounts))
        )
        return cls({(row["account"], row["unit"]): int(row["amount"]) for row in rows})

    @classmethod
    async def of_entries(cls, connection: Any, entries: Iterable[Entry]) -> "Cover":
        """Return what the accounts hold that these entries take money from."""
        return await cls.of(
            connection,
            {
                posting.account
                for entry in entries
                for posting in entry.postings
                if posting.amount < 0 and must_stay_covered(posting.account)
            },
        )

    def check(self, entries: Sequence[Entry], lowest: Lowest) -> None:
        """Check a batch by the lowest point of each account.

        Raises:
            Refused: an account would at that moment be below zero.
        """
        for key, (change, index) in lowest.items():
            self._check(entries[index], key, self._held.get(key, 0) + change)

    def take(self, entry: Entry) -> None:
        """Check one entry, and count what it moves for those that follow.

        Raises:
            Refused: an account would be below zero; nothing is counted then.
        """
        after: dict[tuple[str, str], int] = {}
        for posting in entry.postings:
            if must_stay_covered(posting.account):
                key = (posting.account, posting.unit)
                after[key] = after.get(key, self._held.get(key, 0)) + posting.amount
                if posting.amount < 0:
                    self._check(entry, key, after[key])
        self._held.update(after)

    @staticmethod
    def _check(entry: Entry, key: tuple[str, str], amount: int) -> None:
        if amount < 0:
            raise Refused(
                "Entry {id} (sheet {sheet}, row {row}) would bring {account} to {amount},"
                " below zero. Nothing of the batch was appended.",
                id=entry.id,
                sheet=entry.source.sheet or "–",
                row=entry.source.row or "–",
                account=key[0],
                amount=f"{amount} {key[1]}",
            )
