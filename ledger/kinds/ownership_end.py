"""Provides the kind `ownership_end`: that an ownership is over, or was entered by mistake."""

from ledger.entries import Facts, Listed, Position, ShortText
from ledger.kinds.kind import Kind


class OwnershipEndFacts(Facts, frozen=True):
    """Facts of an end: why, and `refers_to`, the position of the ownership.

    The day of the entry is the last day of the ownership. A day before its first one says that it
    never held: it was entered by mistake.
    """

    reason: ShortText
    refers_to: Position

    def listed(self) -> Listed:
        """Return the line of a list."""
        return 0, None, None, None, self.refers_to


OWNERSHIP_END = Kind("ownership_end", OwnershipEndFacts, of_either=True)
