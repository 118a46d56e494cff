"""Provides the kind `refund`: a gift, or part of it, paid back to its donor."""

from enum import StrEnum
from typing import ClassVar

from ledger.accounts import donor_account, fund_account, goods_account
from ledger.counting import REFUNDED, Counting
from ledger.entries import (
    CURRENCY,
    Code,
    Currency,
    Facts,
    Fen,
    GoodsUnit,
    Listed,
    Position,
    Posting,
)
from ledger.kinds.donation import Donor
from ledger.kinds.kind import Kind


class RefundReason(StrEnum):
    """The only grounds on which a gift is paid back."""

    MISTAKE = "mistake"
    MINOR = "minor"
    FRAUD = "fraud"
    SYSTEM_FAULT = "system_fault"


class RefundFacts(Facts, frozen=True, kw_only=True):
    """Facts of a refund; `refers_to` is the position of the gift.

    The amount is in minor units of `currency`, or in whole pieces of `goods` where goods go back.
    """

    counting: ClassVar[Counting] = REFUNDED

    amount: Fen
    currency: Currency = CURRENCY
    donor: Donor
    fund: Code
    goods: GoodsUnit | None = None
    reason: RefundReason
    refers_to: Position

    def postings(self, organisation: str) -> tuple[Posting, ...]:
        """Return: out of the fund or its goods, back to the donor."""
        account = goods_account if self.goods else fund_account
        unit = self.goods or self.currency
        return (
            Posting(account(organisation, self.fund), -self.amount, unit),
            Posting(donor_account(self.donor.reference), self.amount, unit),
        )

    def listed(self) -> Listed:
        """Return the line of a list."""
        unit = self.goods or self.currency
        return self.amount, unit, self.fund, self.donor.reference, self.refers_to


REFUND = Kind("refund", RefundFacts)
