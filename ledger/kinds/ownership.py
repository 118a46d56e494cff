"""Provides the kind `ownership`: that one donor belongs to another's group (关联企业)."""

from datetime import date

from ledger.entries import Day, Facts, ShortText
from ledger.kinds.donation import Reference
from ledger.kinds.kind import Kind


class OwnershipFacts(Facts, frozen=True):
    """Facts of an ownership: child and parent, its first day, and where anyone can read it.

    `evidence` is public words, such as “2025年年报第87页”. The two stay two donors: a group is
    another relation than a merge.
    """

    child: Reference
    evidence: ShortText
    parent: Reference
    since: Day

    def __post_init__(self) -> None:
        """Make sure that the first day exists."""
        date.fromisoformat(self.since)


OWNERSHIP = Kind("ownership", OwnershipFacts, of_either=True)
