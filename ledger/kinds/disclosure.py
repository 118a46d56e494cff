"""Provides the kind `disclosure`: the digest of a published document and what was found in it."""

from ledger.entries import Digest, Facts, Listed, Posting, Struct
from ledger.kinds.kind import Kind


class AcceptedProblem(Struct, frozen=True, kw_only=True):
    """A problem that the checks found and a person accepted, by its place in the document."""

    cell: str | None = None
    code: str
    sheet: int | None = None


class DisclosureFacts(Facts, frozen=True, kw_only=True):
    """Facts of a published list of gifts, in fen, recorded when a problem of it was accepted.

    `stated_total` is the total that the document itself states, `skipped` the number of its rows
    that were left out.
    """

    accepted: tuple[AcceptedProblem, ...] = ()
    digest: Digest
    omitted: int = 0
    rows: int
    skipped: int = 0
    stated_total: int | None = None
    total: int

    def postings(self, organisation: str) -> tuple[Posting, ...]:
        """Return nothing: the gifts of the list are entries of their own."""
        return ()

    def listed(self) -> Listed:
        """Return the line of a list."""
        return 0, None, None, None


DISCLOSURE = Kind("disclosure", DisclosureFacts)
