"""Provides the kind `onward_transfer`: money that another charity passes on, never new giving."""

from typing import ClassVar

from ledger.accounts import donor_account, fund_account
from ledger.counting import TRANSFERRED, Counting
from ledger.entries import (
    CURRENCY,
    Code,
    Currency,
    Day,
    Facts,
    Fen,
    FundPlace,
    Listed,
    Posting,
)
from ledger.kinds.donation import Donor, Time
from ledger.kinds.kind import Kind
from ledger.messages import Refused


class OnwardTransferFacts(Facts, frozen=True, gc=False, kw_only=True):
    """Facts of money that another charity passed on, in minor units.

    It comes from a charity that keeps its books elsewhere (`donor`) or from a fund of another
    organisation of this ledger (`giver`), one of the two. It is counted apart, so that giving is
    not counted twice: the donors of that money were counted where they gave it. `on_behalf`,
    `period_start` and `time` are as those of a donation.
    """

    counting: ClassVar[Counting] = TRANSFERRED

    amount: Fen
    currency: Currency = CURRENCY
    donor: Donor | None = None
    fund: Code
    giver: FundPlace | None = None
    on_behalf: bool = False
    period_start: Day | None = None
    time: Time | None = None

    def __post_init__(self) -> None:
        """Check that the money comes from one place."""
        if (self.donor is None) == (self.giver is None):
            raise ValueError("an onward transfer names a donor or a giver, one of the two")

    def postings(self, organisation: str) -> tuple[Posting, ...]:
        """Return: out of the giver's fund or of the charity elsewhere, into the fund.

        Raises:
            Refused: giver and recipient are one organisation.
        """
        if self.giver is not None:
            if self.giver.organisation == organisation:
                raise Refused("An onward transfer goes from one organisation to another.")
            origin = fund_account(self.giver.organisation, self.giver.fund)
        else:
            origin = donor_account(self.donor.reference if self.donor else "")
        return (
            Posting(origin, -self.amount, self.currency),
            Posting(fund_account(organisation, self.fund), self.amount, self.currency),
        )

    def listed(self) -> Listed:
        """Return the line of a list."""
        reference = self.donor.reference if self.donor else None
        return self.amount, self.currency, self.fund, reference, None

    def other_place(self) -> FundPlace | None:
        """Return the fund that the money comes out of."""
        return self.giver


ONWARD_TRANSFER = Kind("onward_transfer", OnwardTransferFacts)
