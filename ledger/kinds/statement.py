"""Provides the kind `statement`: a published ranking, index or award result, by its digest."""

from ledger.entries import Digest, Facts, Position, ShortText
from ledger.kinds.kind import Kind


class StatementFacts(Facts, frozen=True):
    """Facts of a published edition: the SHA-256 of its result.

    `size` is that of the checkpoint at which it was computed: whoever has the first `size` entries
    can compute it again.
    """

    digest: Digest
    edition: ShortText
    size: Position


STATEMENT = Kind("statement", StatementFacts, of_log=True)
