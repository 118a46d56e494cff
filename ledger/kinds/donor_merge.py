"""Provides the kind `donor_merge`: that two lasting references are one and the same donor."""

from enum import StrEnum
from typing import TypeAlias

from ledger.entries import Facts, ShortText
from ledger.kinds.donation import Reference
from ledger.kinds.kind import Kind

Pair: TypeAlias = tuple[Reference, Reference]


class MergeBasis(StrEnum):
    """By what a person knows that two references are one donor.

    USCC: the same unified social credit code. IDENTITY: the same identity document or account.
    NAME: the same name, written in two ways. DECLARED: the donor says so.
    """

    USCC = "uscc"
    IDENTITY = "identity"
    NAME = "name"
    DECLARED = "declared"


class DonorMergeFacts(Facts, frozen=True):
    """Facts of a merge: the two references, by what and why. The reason names no person.

    Gifts keep the reference that they have; whoever ranks donors counts both references as one
    (`ledger.donor_groups.groups_of`) as long as no separation undoes the merge.
    """

    basis: MergeBasis
    donors: Pair
    reason: ShortText


DONOR_MERGE = Kind("donor_merge", DonorMergeFacts, of_either=True)
