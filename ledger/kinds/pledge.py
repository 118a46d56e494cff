"""Provides the kind `pledge`: a promise to give (认捐), which is no gift until it is paid."""

from typing import ClassVar

from ledger.counting import PLEDGED, Counting
from ledger.entries import CURRENCY, Code, Currency, Facts, Fen, Listed
from ledger.kinds.donation import Donor
from ledger.kinds.kind import Kind


class PledgeFacts(Facts, frozen=True, kw_only=True):
    """Facts of a pledge, in minor units.

    It moves no money. Donations that are paid against it name its position.
    """

    counting: ClassVar[Counting] = PLEDGED

    amount: Fen
    currency: Currency = CURRENCY
    donor: Donor
    fund: Code

    def listed(self) -> Listed:
        """Return the line of a list."""
        return self.amount, self.currency, self.fund, self.donor.reference, None


PLEDGE = Kind("pledge", PledgeFacts)
