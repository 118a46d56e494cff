"""Provides the kind `correction`: a published correction note (更正说明) to an earlier entry.

Source: 《慈善组织信息公开办法》(民政部令第81号) art. 16: information already disclosed is corrected
by a published correction note.
"""

from ledger.entries import Facts, Listed, Position, Posting, ShortText
from ledger.kinds.kind import Kind


class CorrectionFacts(Facts, frozen=True):
    """Facts of a correction of words: what stood there, what is right, and why.

    It moves no money: a wrong amount is refunded or reversed and entered anew.
    """

    field: ShortText
    new: ShortText
    old: ShortText
    reason: ShortText
    refers_to: Position

    def postings(self, organisation: str) -> tuple[Posting, ...]:
        """Return nothing: words are corrected, no money moves."""
        return ()

    def listed(self) -> Listed:
        """Return the line of a list."""
        return 0, None, None, self.refers_to


CORRECTION = Kind("correction", CorrectionFacts)
