"""Provides the rules for merges of donors and for ownership between them, over a stream of entries.

The log alone cannot tell how a reference is shown to the public without its gifts; that named,
pseudonymous and anonymous references are never merged with each other is checked by whoever
enters a merge (`charity.donors.merging`).
"""

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Final

from ledger.donor_groups import DonorGroups
from ledger.entries import Entry
from ledger.kinds.donor_merge import DONOR_MERGE, DonorMergeFacts, Pair
from ledger.kinds.donor_separation import DONOR_SEPARATION, DonorSeparationFacts
from ledger.kinds.ownership import OWNERSHIP, OwnershipFacts
from ledger.kinds.ownership_end import OWNERSHIP_END, OwnershipEndFacts
from ledger.messages import Refused

JOINING: Final = frozenset({DONOR_MERGE.name, OWNERSHIP.name})
"""The kinds that bring donors together; they refer to no earlier entry."""

PARTING: Final = frozenset({DONOR_SEPARATION.name, OWNERSHIP_END.name})
"""The kinds that undo one of those, which they refer to."""


@dataclass(frozen=True, slots=True)
class Owned:
    """An ownership between donors; `last` is its last ISO day, None while it goes on.

    A last day before the first one, `since`, says that it never held.
    """

    parent: str
    child: str
    since: str
    last: str | None = None

    def is_in_force(self, day: str) -> bool:
        """Return whether it holds on an ISO day."""
        return self.since <= day and (self.last is None or day <= self.last)


class DonorRelations:
    """The merges that stand and the ownerships, after a stream of entries from the first.

    Attributes:
        merges: position → the two references, of merges that stand.
        ownerships: position → ownership, the ended ones too.
    """

    def __init__(self) -> None:
        self.merges: dict[int, Pair] = {}
        self.ownerships: dict[int, Owned] = {}
        self._groups = DonorGroups()

    @property
    def groups(self) -> DonorGroups:
        """The groups that the merges make."""
        return self._groups

    def check(self, entry: Entry) -> None:
        """Check a merge or an ownership; what parts donors is checked with what it refers to.

        Raises:
            Refused: the two references are the same or one donor already; an ownership would go
                round in a circle on some day; or it stands already.
        """
        match entry.facts:
            case DonorMergeFacts(donors=(one, other)):
                self._check_merge(one, other)
            case OwnershipFacts():
                self._check_ownership(entry)

    def take(self, position: int, entry: Entry) -> None:
        """Take an entry that was checked."""
        match entry.facts:
            case DonorMergeFacts(donors=pair):
                self.merges[position] = pair
                self._groups.join(*pair)
            case DonorSeparationFacts(refers_to=merge):
                self.merges.pop(merge, None)
                self._groups = DonorGroups(self.merges.values())
            case OwnershipFacts(parent=parent, child=child, since=since):
                self.ownerships[position] = Owned(parent, child, since)
            case OwnershipEndFacts(refers_to=place) if place in self.ownerships:
                self.ownerships[place] = replace(self.ownerships[place], last=entry.day)

    def _check_merge(self, one: str, other: str) -> None:
        if one == other:
            raise Refused("These are not two donors: both references are {donor}.", donor=one)
        if self._groups.are_one(one, other):
            raise Refused("{one} and {other} are one donor already.", one=one, other=other)
        joined = DonorGroups((*self.merges.values(), (one, other)))
        if self._goes_round(joined, joined.representative(one), joined.representative(one)):
            raise Refused(
                "{one} and {other} stand one above the other in a group of companies: they cannot"
                " be one donor. If that is a mistake, end the ownership first, by a day before it"
                " began.",
                one=one,
                other=other,
            )

    def _check_ownership(self, entry: Entry) -> None:
        facts = entry.facts
        parent, child = map(self._groups.representative, (facts.parent, facts.child))
        if parent == child:
            raise Refused("Parent and child are one donor.")
        if facts.since > entry.day:
            raise Refused(
                "An ownership is entered when it has begun: {since} is after {day}.",
                since=facts.since,
                day=entry.day,
            )
        for position, (above, below, owned) in self._edges(self._groups).items():
            if (above, below) == (parent, child) and (owned.last or facts.since) >= facts.since:
                raise Refused("This ownership stands already, entry {position}.", position=position)
        if self._goes_round(self._groups, child, parent, facts.since):
            raise Refused("The ownership would go round in a circle.")

    def _edges(self, groups: DonorGroups) -> dict[int, tuple[str, str, Owned]]:
        """Return position → groups of parent and child, of every ownership that ever held."""
        return {
            position: (
                groups.representative(owned.parent),
                groups.representative(owned.child),
                owned,
            )
            for position, owned in self.ownerships.items()
            if owned.last is None or owned.last >= owned.since
        }

    def _goes_round(self, groups: DonorGroups, start: str, goal: str, since: str = "") -> bool:
        """Return whether ownerships lead from one group down to another, all on one day.

        Only days from `since` on matter. What holds at all on some day, holds together on the
        first day of one of the ownerships, or on `since`: no other day needs to be looked at.
        """
        below: dict[str, list[tuple[str, Owned]]] = defaultdict(list)
        for parent, child, owned in self._edges(groups).values():
            if owned.last is None or owned.last >= since:
                below[parent].append((child, owned))
        reached = _reached(below, start)
        if goal not in {child for group in reached for child, _ in below.get(group, ())}:
            return False
        days = {owned.since for group in reached for _, owned in below.get(group, ())} | {since}
        return any(
            goal
            in {
                child
                for group in _reached(below, start, day)
                for child, owned in below.get(group, ())
                if owned.is_in_force(day)
            }
            for day in days
            if day >= since
        )


def _reached(
    below: dict[str, list[tuple[str, Owned]]], start: str, day: str | None = None
) -> Collection[str]:
    """Return a group and all below it: on a day, or on any."""
    reached = {start}

    def step(group: str) -> Iterator[str]:
        for child, owned in below.get(group, ()):
            if child not in reached and (day is None or owned.is_in_force(day)):
                yield child

    waiting = [start]
    while waiting:
        for child in step(waiting.pop()):
            reached.add(child)
            waiting.append(child)
    return reached


@dataclass(frozen=True, slots=True)
class Joined:
    """A merge or an ownership that another entry undoes, and by what it was undone so far."""

    entry: Entry
    position: int
    ended_at: int | None


def check_parting(entry: Entry, joined: Joined) -> None:
    """Check what undoes a merge or ends an ownership.

    Raises:
        Refused: it refers to another kind of entry, to one that another organisation decided (the
            log's own entries undo everybody's), or to one that was undone already.
    """
    facts, there = entry.facts, joined.entry.facts
    merge = isinstance(facts, DonorSeparationFacts)
    if not isinstance(there, DonorMergeFacts if merge else OwnershipFacts):
        if merge:
            raise Refused("Entry {position} is no merge of donors.", position=joined.position)
        raise Refused("Entry {position} is no ownership.", position=joined.position)
    if entry.organisation not in {None, joined.entry.organisation}:
        raise Refused(
            "Entry {position} was decided by somebody else: who decided it undoes it, or the"
            " supervision.",
            position=joined.position,
        )
    if joined.ended_at is not None:
        raise Refused(
            "Entry {position} was undone already, by entry {end}.",
            position=joined.position,
            end=joined.ended_at,
        )
