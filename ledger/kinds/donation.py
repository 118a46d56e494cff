"""Provides the kind `donation`: money received from a donor into a fund."""

from enum import StrEnum
from typing import Annotated, ClassVar

import msgspec

from ledger.accounts import donor_account, fund_account
from ledger.counting import GIVEN, Counting
from ledger.entries import (
    CURRENCY,
    Code,
    Currency,
    Day,
    Facts,
    Fen,
    Listed,
    Position,
    Posting,
    Struct,
)
from ledger.kinds.kind import Kind

Reference = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}\Z")]
Time = Annotated[str, msgspec.Meta(pattern=r"^[0-2][0-9]:[0-5][0-9]:[0-5][0-9]\Z")]
"""HH:MM:SS, Asia/Shanghai."""
Commitment = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]


class Visibility(StrEnum):
    """What a donor chose for one gift.

    NAMED: stable reference, name shown with separate consent. PSEUDONYMOUS: stable reference, no
    name. ANONYMOUS: a fresh reference for each gift, so that gifts cannot be linked.
    """

    NAMED = "named"
    PSEUDONYMOUS = "pseudonymous"
    ANONYMOUS = "anonymous"


class Donor(Struct, frozen=True, gc=False, kw_only=True):
    """The donor as the log knows him: a reference and a salted commitment, never a name.

    `commitment` (SHA-256, hex) is absent where the list names nobody.
    """

    commitment: Commitment | None = None
    reference: Reference
    visibility: Visibility


class DonationFacts(Facts, frozen=True, gc=False, kw_only=True):
    """Facts of a gift of money, in minor units.

    `period_start` is set when the list states only a period (the entry's day is its last day);
    `time` when the list has one; `on_behalf` when somebody else paid; `pledge` is the position of
    the pledge that the gift is paid against.
    """

    counting: ClassVar[Counting] = GIVEN

    amount: Fen
    currency: Currency = CURRENCY
    donor: Donor
    fund: Code
    on_behalf: bool = False
    period_start: Day | None = None
    pledge: Position | None = None
    time: Time | None = None

    def postings(self, organisation: str) -> tuple[Posting, ...]:
        """Return: out of the donor, into the fund."""
        return (
            Posting(donor_account(self.donor.reference), -self.amount, self.currency),
            Posting(fund_account(organisation, self.fund), self.amount, self.currency),
        )

    def listed(self) -> Listed:
        """Return the line of a list."""
        return self.amount, self.currency, self.fund, self.donor.reference, self.pledge


DONATION = Kind("donation", DonationFacts)
