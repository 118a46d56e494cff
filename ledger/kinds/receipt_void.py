"""Provides the kind `receipt_void`: that a receipt of donation is void (作废); its number stays."""

from ledger.entries import Facts, Listed, Position, ShortText
from ledger.kinds.kind import Kind


class ReceiptVoidFacts(Facts, frozen=True):
    """Facts of a void: why, and `refers_to`, the position of the receipt.

    The reason names no person. A new receipt for the same gift may follow.
    """

    reason: ShortText
    refers_to: Position

    def listed(self) -> Listed:
        """Return the line of a list."""
        return 0, None, None, None, self.refers_to


RECEIPT_VOID = Kind("receipt_void", ReceiptVoidFacts)
