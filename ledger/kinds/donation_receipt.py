"""Provides the kind `donation_receipt`: a receipt of donation (捐赠收据) issued for a gift.

Source: 《慈善法》(2023) art. 38: whoever takes a gift gives the donor a receipt.
"""

import re
from typing import Annotated, Final, TypeAlias

import msgspec

from ledger.entries import Facts, Listed, Position, Struct
from ledger.kinds.kind import Kind

ReceiptNumber: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=10**9)]
"""The number of a receipt in its organisation's series of a year: from 1, without a gap."""

FISCAL_DIGITS: Final = re.compile(r"^[0-9]{6,12}\Z")
FiscalCode: TypeAlias = Annotated[str, msgspec.Meta(pattern=FISCAL_DIGITS.pattern)]
"""票据代码 or 票据号码 as it is printed on an official fiscal receipt."""


class FiscalReceipt(Struct, frozen=True, gc=False):
    """The official electronic receipt of the fiscal authority that a receipt belongs to.

    `code` is its 票据代码, `number` its 票据号码 (财综〔2024〕1号 art. 6).
    """

    code: FiscalCode
    number: FiscalCode


class DonationReceiptFacts(Facts, frozen=True, gc=False, kw_only=True):
    """Facts of a receipt: its number, and `refers_to`, the position of the gift.

    The series is that of the entry's organisation and of the year of its day. What the receipt
    says beside that follows from the gift and from what was paid back of it before.
    """

    fiscal: FiscalReceipt | None = None
    number: ReceiptNumber
    refers_to: Position

    def listed(self) -> Listed:
        """Return the line of a list: the number stands where others have their amount."""
        return self.number, None, None, None, self.refers_to


DONATION_RECEIPT = Kind("donation_receipt", DonationReceiptFacts)
