"""Provides the kind `disclosure`: the digest of a published document and what was found in it."""

from ledger.entries import Digest, Facts, Struct, Whole
from ledger.kinds.kind import Kind


class AcceptedProblem(Struct, frozen=True, kw_only=True):
    """A problem that the checks found and a person accepted, by its place in the document."""

    cell: str | None = None
    code: str
    sheet: Whole | None = None


class DisclosureFacts(Facts, frozen=True, kw_only=True):
    """Facts of a published list of gifts, in fen, recorded when a problem of it was accepted.

    `stated_total` is the total that the document itself states, `skipped` the number of its rows
    that were left out. The gifts of the list are entries of their own.
    """

    accepted: tuple[AcceptedProblem, ...] = ()
    digest: Digest
    omitted: Whole = 0
    rows: Whole
    skipped: Whole = 0
    stated_total: Whole | None = None
    total: Whole


DISCLOSURE = Kind("disclosure", DisclosureFacts)
