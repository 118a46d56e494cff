"""Provides the kind `filing`: what was filed (备案) with an authority, by its number and digest."""

from ledger.entries import Digest, Facts, FilingNumber, ShortText
from ledger.kinds.kind import Kind


class FilingFacts(Facts, frozen=True):
    """Facts of a filing: its subject in words, its number, the SHA-256 of what was filed."""

    digest: Digest
    number: FilingNumber
    subject: ShortText


FILING = Kind("filing", FilingFacts)
