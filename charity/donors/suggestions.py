"""Provides suggestions which donors may be one: organisations with near names; a person decides.

Names of persons are never compared. Two organisations that are both told apart by their credit
codes have different codes, so they are never suggested.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from anyio import to_thread

from charity.donors.directory import DonorLine
from charity.donors.merging import DIFFERENT, LATER, pair_key
from charity.donors.same_names import Likely, Likeness, near_names
from charity.donors.tables import DonorDecision
from ledger.donor_relations import DonorRelations
from ledger.kinds.donor_merge import MergeBasis

KEPT: Final = 8
"""For so many organisations, or states of the list of names, the near ones are remembered."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Two donors that may be one.

    Attributes:
        one, other: the donors.
        likeness: why their names may be one.
        basis: USCC where one of two equal names was reported with its credit code and the other
            without; else NAME.
        put_off: whether somebody said “later”.
    """

    one: DonorLine
    other: DonorLine
    likeness: Likeness
    basis: MergeBasis
    put_off: bool


class NearNames:
    """Remembers what near names were found among the same names last; it keeps no name."""

    def __init__(self) -> None:
        self._known: dict[bytes, list[Likely]] = {}

    async def among(self, names: Sequence[str]) -> list[Likely]:
        """Return the pairs of names that may be one, found in a thread of its own."""
        digest = sha256("\n".join(names).encode()).digest()
        if digest not in self._known:
            found = await to_thread.run_sync(near_names, names)
            while len(self._known) >= KEPT:
                del self._known[next(iter(self._known))]
            self._known[digest] = found
        return self._known[digest]


async def suggestions(
    near: NearNames, lines: Sequence[DonorLine], relations: DonorRelations
) -> list[Suggestion]:
    """Return which of these donors may be one, the surest first, those put off last.

    Left out is what was decided: merged, said to be different, or parent and child.
    """
    organisations = [line for line in lines if line.is_organisation and line.name is not None]
    likely = await near.among([line.name or "" for line in organisations])
    answers = {
        row["pair"]: row["answer"]
        for row in await DonorDecision.select(DonorDecision.pair, DonorDecision.answer)
    }
    related = {frozenset((owned.parent, owned.child)) for owned in relations.ownerships.values()}
    found = []
    for pair in likely:
        one, other = organisations[pair.one], organisations[pair.other]
        references = (one.reference, other.reference)
        answer = answers.get(pair_key(references))
        if (
            answer == DIFFERENT
            or (one.by_code and other.by_code)
            or frozenset(references) in related
            or relations.groups.are_one(*references)
        ):
            continue
        found.append(
            Suggestion(one, other, pair.likeness, _basis(pair, one, other), answer == LATER)
        )
    return sorted(found, key=lambda each: (each.put_off, each.basis is not MergeBasis.USCC))


def _basis(pair: Likely, one: DonorLine, other: DonorLine) -> MergeBasis:
    is_same = pair.likeness is Likeness.WRITING and one.by_code != other.by_code
    return MergeBasis.USCC if is_same else MergeBasis.NAME
