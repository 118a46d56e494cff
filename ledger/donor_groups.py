"""Provides the groups of donor references that are one donor: from merges, without separations.

Whoever recomputes a ranking from the log needs nothing but this and the entries.
"""

from collections.abc import Collection, Iterable, Mapping

from ledger.kinds.donor_merge import Pair


class DonorGroups:
    """References joined into groups (union–find); the smallest reference stands for its group."""

    def __init__(self, pairs: Iterable[Pair] = ()) -> None:
        self._above: dict[str, str] = {}
        for pair in pairs:
            self.join(*pair)

    def representative(self, reference: str) -> str:
        """Return what stands for the group of a reference: itself, if it was never joined."""
        above = self._above
        top = reference
        while (higher := above.get(top, top)) != top:
            top = higher
        while (higher := above.get(reference, reference)) != top:
            above[reference], reference = top, higher
        return top

    def join(self, one: str, other: str) -> None:
        """Make the groups of two references one."""
        first, second = sorted((self.representative(one), self.representative(other)))
        self._above[first] = self._above[second] = first

    def are_one(self, one: str, other: str) -> bool:
        """Return whether two references are in one group."""
        return self.representative(one) == self.representative(other)

    def members(self) -> list[str]:
        """Return all references that were joined to another, in order."""
        return sorted(self._above)


def groups_of(merges: Mapping[int, Pair], separations: Collection[int]) -> dict[str, str]:
    """Return reference → what stands for its group, of all references in a merge that stands.

    Args:
        merges: position of each merge → its two references.
        separations: positions of the merges that were undone.

    The order of neither makes a difference; without the last merge all is as before it.
    """
    undone = frozenset(separations)
    groups = DonorGroups(pair for position, pair in merges.items() if position not in undone)
    return {reference: groups.representative(reference) for reference in groups.members()}
