"""Provides the kind `donor_separation`: the undoing (拆分) of a merge of two donor references."""

from ledger.entries import Facts, Listed, Position, ShortText
from ledger.kinds.kind import Kind


class DonorSeparationFacts(Facts, frozen=True):
    """Facts of a separation: why, and `refers_to`, the position of the merge.

    The reason names no person. The same two references may be merged again later.
    """

    reason: ShortText
    refers_to: Position

    def listed(self) -> Listed:
        """Return the line of a list."""
        return 0, None, None, None, self.refers_to


DONOR_SEPARATION = Kind("donor_separation", DonorSeparationFacts, of_either=True)
