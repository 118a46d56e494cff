"""Provides the kind `correction`: a published correction note (更正说明) to an earlier entry.

Source: 《慈善组织信息公开办法》(民政部令第81号) art. 16: information already disclosed is corrected
by a published correction note.
"""

from ledger.entries import Facts, Listed, Position, ShortText
from ledger.kinds.kind import Kind


class CorrectionFacts(Facts, frozen=True, kw_only=True):
    """Facts of a correction of words: what stood there, what is right, why, and who says so.

    `by` is an office or a role, such as 财务部, never a person's name; notes of the first version
    of this kind have none. It moves no money: a wrong amount is refunded or reversed and entered
    anew.
    """

    by: ShortText | None = None
    field: ShortText
    new: ShortText
    old: ShortText
    reason: ShortText
    refers_to: Position

    def listed(self) -> Listed:
        """Return the line of a list."""
        return 0, None, None, None, self.refers_to


CORRECTION = Kind("correction", CorrectionFacts)
