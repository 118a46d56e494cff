"""Provides the kind `onward_transfer`: money that another charity passes on, never new giving."""

from ledger.kinds.donation import DonationFacts
from ledger.kinds.kind import Kind, Total


class OnwardTransferFacts(DonationFacts, frozen=True, gc=False):
    """Facts of money received from a charity that keeps its own books elsewhere.

    It is posted like a gift, so that balances hold, and counted apart, so that giving is not
    counted twice: the donors of that money were counted where they gave it.
    """


ONWARD_TRANSFER = Kind("onward_transfer", OnwardTransferFacts, Total.TRANSFERRED)
