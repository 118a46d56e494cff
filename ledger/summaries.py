"""Provides the summaries of entries: what lists show, balances, totals by scope, month and unit.

They are kept in the append transaction so that pages never scan the log, and can be made again
from the log alone.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import TypeAlias

from ledger.accounts import ALL, DONOR_PREFIX, DONORS, fund_account, must_stay_covered
from ledger.counting import PLEDGED, Group, Groups, TotalRow, new_groups, total_rows
from ledger.entries import Entry, Posting
from ledger.kinds import KINDS
from ledger.messages import Refused

__all__ = ["ALL", "Summary", "is_balanced", "pledged", "summarise"]

NOTHING = (0, 0)

Lowest: TypeAlias = dict[tuple[str, str], tuple[int, int]]
"""Account and unit → the lowest amount, and the index of the entry that brings it there."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run of entries adds to the summaries.

    Attributes:
        movements: rows of `ledger_movement`.
        balances: (account, unit, minor units to add).
        totals: scope, month and unit, then what to add to each of `ledger.counting.COLUMNS`.
        lowest: for each covered account that loses something, the lowest point it reaches relative
            to its start, and the index of the entry that brings it there.
    """

    movements: list[tuple[object, ...]]
    balances: list[tuple[str, str, int]]
    totals: list[TotalRow]
    lowest: Lowest


def summarise(entries: Sequence[Entry], first_position: int) -> Summary:
    """Return what these entries, at positions from `first_position`, add to the summaries.

    Raises:
        Refused: an entry is of no known kind, or its postings do not balance.
    """
    for kind in set(map(attrgetter("kind"), entries)).difference(KINDS):
        raise Refused("There is no kind of entry {kind!r}.", kind=kind)
    movements: list[tuple[object, ...]] = []
    for position, entry in enumerate(entries, first_position):
        facts = entry.facts
        amount, unit, fund, donor, refers_to = facts.listed()
        trust = facts.trust_number() if fund is None else None
        place = facts.other_place() if donor is None else None
        movements.append(
            (
                position,
                entry.organisation,
                entry.day,
                entry.kind,
                fund,
                place.organisation if place is not None else None,
                place.fund if place is not None else None,
                amount,
                unit,
                donor,
                trust,
                refers_to,
            )
        )
    balances, groups, lowest = _added(entries)
    return Summary(movements, balances, total_rows(groups), lowest)


def _added(entries: Sequence[Entry]) -> tuple[list[tuple[str, str, int]], Groups, Lowest]:
    """Return what these entries add to balances and totals, and the lowest points on the way."""
    running: dict[tuple[str, str], int] = defaultdict(int)
    groups = new_groups()
    lowest: Lowest = {}
    for index, entry in enumerate(entries):
        postings, day, counting = entry.postings, entry.day, entry.facts.counting
        for posting in postings:
            account, amount, unit = posting.account, posting.amount, posting.unit
            if account.startswith(DONOR_PREFIX):
                continue
            key = (account, unit)
            running[key] = held = running[key] + amount
            if amount < 0 and held < lowest.get(key, NOTHING)[0]:
                lowest[key] = (held, index)
            group = groups[account, unit, day, counting, amount > 0]
            group[0] += 1
            group[1] += amount
        if not is_balanced(postings):
            raise Refused("The postings of entry {id} do not sum to zero.", id=entry.id)
        if counting is PLEDGED:
            group_key, amount = pledged(entry)
            groups[group_key][1] += amount
    # Postings sum to zero, so what all donors together gave is what the other accounts hold.
    for (_, unit), amount in list(running.items()):
        running[DONORS, unit] -= amount
    lowest = {key: low for key, low in lowest.items() if must_stay_covered(key[0])}
    return [(account, unit, amount) for (account, unit), amount in running.items()], groups, lowest


def pledged(entry: Entry) -> tuple[Group, int]:
    """Return where a pledge counts, which has no postings, and its amount in minor units."""
    facts = entry.facts
    account = fund_account(entry.organisation or "", facts.fund)
    return (account, facts.currency, entry.day, PLEDGED, True), facts.amount


def is_balanced(postings: tuple[Posting, ...]) -> bool:
    """Return whether postings sum to zero in every unit."""
    if len(postings) == 2:
        first, second = postings
        return first.amount == -second.amount and first.unit == second.unit
    sums: dict[str, int] = defaultdict(int)
    for posting in postings:
        sums[posting.unit] += posting.amount
    return not any(sums.values())
