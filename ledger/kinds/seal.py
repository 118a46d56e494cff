"""Provides the kind `seal`: a judge's score sheet, committed before the others' are known."""

from ledger.entries import Code, Digest, Facts, ShortText
from ledger.kinds.kind import Kind


class SealFacts(Facts, frozen=True):
    """Facts of a sealed score sheet: a seat of the panel, never a name, and a commitment."""

    commitment: Digest
    edition: ShortText
    seat: Code


SEAL = Kind("seal", SealFacts, of_log=True)
