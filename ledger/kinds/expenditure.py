"""Provides the kind `expenditure`: money of a fund spent on a project."""

from enum import StrEnum
from typing import ClassVar

from ledger.accounts import fund_account, spending_account
from ledger.counting import SPENT, Counting
from ledger.entries import CURRENCY, Code, Currency, Facts, Fen, Listed, Posting, ShortText
from ledger.kinds.kind import Kind


class Purpose(StrEnum):
    """What money was spent on, by the classes of the charity law's spending rules (art. 61)."""

    PROGRAM = "program"
    ADMINISTRATION = "administration"
    FUNDRAISING = "fundraising"


class ExpenditureFacts(Facts, frozen=True, kw_only=True):
    """Facts of a spending, in minor units; `description` is public and names no person."""

    counting: ClassVar[Counting] = SPENT

    amount: Fen
    currency: Currency = CURRENCY
    description: ShortText
    fund: Code
    project: Code
    purpose: Purpose

    def postings(self, organisation: str) -> tuple[Posting, ...]:
        """Return: out of the fund, into what the project has spent."""
        return (
            Posting(fund_account(organisation, self.fund), -self.amount, self.currency),
            Posting(
                spending_account(organisation, self.project, self.purpose),
                self.amount,
                self.currency,
            ),
        )

    def listed(self) -> Listed:
        """Return the line of a list."""
        return self.amount, self.currency, self.fund, None, None


EXPENDITURE = Kind("expenditure", ExpenditureFacts)
