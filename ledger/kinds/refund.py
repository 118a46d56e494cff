"""Provides the kind `refund`: a gift, or part of it, paid back to its donor."""

from enum import StrEnum

from ledger.accounts import donor_account, fund_account
from ledger.entries import CURRENCY, Code, Facts, Fen, Listed, Position, Posting
from ledger.kinds.donation import Donor
from ledger.kinds.kind import Kind, Total


class RefundReason(StrEnum):
    """The only grounds on which a gift is paid back."""

    MISTAKE = "mistake"
    MINOR = "minor"
    FRAUD = "fraud"
    SYSTEM_FAULT = "system_fault"


class RefundFacts(Facts, frozen=True):
    """Facts of a refund, in fen; `refers_to` is the position of the gift."""

    amount: Fen
    donor: Donor
    fund: Code
    reason: RefundReason
    refers_to: Position

    def postings(self, organisation: str) -> tuple[Posting, ...]:
        """Return: out of the fund, back to the donor."""
        return (
            Posting(fund_account(organisation, self.fund), -self.amount, CURRENCY),
            Posting(donor_account(self.donor.reference), self.amount, CURRENCY),
        )

    def listed(self) -> Listed:
        """Return the line of a list."""
        return self.amount, self.fund, self.donor.reference, self.refers_to


REFUND = Kind("refund", RefundFacts, Total.REFUNDED)
