"""Provides traces: where the money of a gift went, and which gifts paid for a spending.

A trace is computed from the entries up to a checkpoint and from nothing else: whoever has those
entries gets the same. Entries that come later, a reversal among them, never change it; they make
another trace at another checkpoint.
"""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from charity.organisations.tables import Fund
from charity.tracing.changes import account_changes, changes_of, reversals_of
from ledger.entries import ORGANISATION_PREFIX, Entry
from ledger.kinds import parse_entry
from ledger.kinds.refund import REFUND
from ledger.kinds.reversal import REVERSAL
from ledger.messages import Message, Refused, WrongUse
from ledger.reading import read_entry, read_head
from ledger.tables import MovementRow
from ledger.tracing import Attribution, Change, Direction, Share, Trail, Wanted

LISTED_MAX: Final = 1_000


class TooManyEntries(Refused):
    """The funds on the trail hold more entries than the caller is ready to read."""


class Outcome(StrEnum):
    """What became of money: where the share of a gift ends.

    REFUNDED: to its own donor. REFUNDED_OTHER: to the donor of a gift that was spent already.
    PASSED_ON: in a ring between two funds, whose gift was reversed. UNSPENT: it is still there.
    """

    SPENT = "spent"
    REFUNDED = "refunded"
    REFUNDED_OTHER = "refunded_other"
    PASSED_ON = "passed_on"
    UNSPENT = "unspent"


@dataclass(frozen=True, slots=True)
class Rule:
    """The rule by which the money of one account was attributed.

    Attributes:
        account: the fund or trust.
        name: of the fund as registered, or the trust's filing number.
        earmarked: whether the account itself is tied to a purpose: a restricted fund, a trust.
    """

    account: str
    name: str
    earmarked: bool

    @property
    def sentence(self) -> Message:
        """The rule in words."""
        if self.account.startswith("trusts/"):
            return Message(
                "Earmarked for the charitable trust {name}; first in, first out within it.",
                name=self.name,
            )
        if self.earmarked:
            return Message(
                "Earmarked for the fund {name}; first in, first out within it.", name=self.name
            )
        return Message("First in, first out within the unrestricted fund {name}.", name=self.name)


@dataclass(frozen=True, slots=True)
class Trace:
    """What is known of the money of one entry at a checkpoint; amounts in minor units.

    Attributes:
        direction: whether the money was followed onward or back.
        position: of the entry.
        entry: the entry itself.
        account: the fund or trust that the entry moves money of.
        unit: of all amounts.
        amount: of the entry in that account, above zero; all shares add up to it.
        size: number of entries of the checkpoint at which this was computed.
        shares: where the trail ends, the first thousand.
        count: the number of all shares; `share_pages` yields them.
        first: the lowest position at which a share ends.
        last: the highest.
        rules: one for each account on the trail, the entry's own first.
        reversed_by: position of the reversal; the entry counts as never made then.
        outcomes: of a gift, what became of it: the sum of the shares of each outcome.
        refunded_otherwise: of a gift, what was paid back to its donor out of other money, because
            its own had been spent.
    """

    direction: Direction
    position: int
    entry: Entry
    account: str
    unit: str
    amount: int
    size: int
    shares: tuple[Share, ...]
    count: int
    first: int | None
    last: int | None
    rules: tuple[Rule, ...]
    reversed_by: int | None
    outcomes: Mapping[Outcome, int]
    refunded_otherwise: int = 0


def outcome(share: Share, gift_position: int) -> Outcome:
    """Return what became of a share of the gift at `gift_position`."""
    end = share.end
    if end is None:
        return Outcome.UNSPENT
    if end.kind == REFUND.name:
        return Outcome.REFUNDED if end.own_source == gift_position else Outcome.REFUNDED_OTHER
    return Outcome.SPENT if end.passed is None else Outcome.PASSED_ON


def start_of(position: int, entry: Entry, direction: Direction) -> tuple[str, str, Change] | None:
    """Return account, unit and change from which an entry's money can be followed this way."""
    if entry.kind == REVERSAL.name:
        return None
    for (account, unit), change in changes_of(position, entry).items():
        if (change.amount > 0) is (direction is Direction.ONWARD):
            return account, unit, change
    return None


def directions(position: int, entry: Entry) -> tuple[Direction, ...]:
    """Return the ways in which an entry's money can be followed; none if it moves none."""
    return tuple(way for way in Direction if start_of(position, entry, way) is not None)


@dataclass(frozen=True, slots=True)
class _Start:
    """An entry whose money is to be followed, below a checkpoint of `size` entries."""

    entry: Entry
    account: str
    unit: str
    change: Change
    direction: Direction
    size: int
    reversed_by: int | None


async def _start(position: int, direction: Direction, size: int | None) -> _Start:
    head = await read_head()
    whole = head.size if head is not None else 0
    size = min(size, whole) if size is not None else whole
    if not 0 <= position < size:
        raise WrongUse(
            "There is no entry {position} under the checkpoint of {size} entries.",
            position=position,
            size=size,
        )
    entry = parse_entry(await read_entry(position))
    start = start_of(position, entry, direction)
    if start is None and direction is Direction.ONWARD:
        raise WrongUse("Entry {position} brings no money into a fund.", position=position)
    if start is None:
        raise WrongUse("Entry {position} takes no money out of a fund.", position=position)
    reversals = await reversals_of([position], size)
    return _Start(entry, *start, direction, size, next(iter(reversals), None))


async def _followed(
    start: _Start, entries_max: int | None
) -> AsyncIterator[tuple[str, list[Share]]]:
    """Yield accounts on the trail and shares that end there, page by page."""
    if start.reversed_by is not None:
        return
    wanted = Wanted(start.change.position, 0, abs(start.change.amount))
    trail = Trail(start.direction, start.account, wanted)
    read = 0
    while (account := trail.next_account()) is not None:
        attribution = Attribution()
        async for changes in account_changes(account, start.unit, start.size):
            read += len(changes)
            if entries_max is not None and read > entries_max:
                raise TooManyEntries(
                    "The funds on this trail hold more than {most} entries.", most=entries_max
                )
            yield account, list(trail.follow(attribution.add(changes)))
            if not trail.open:
                break
        else:
            yield account, list(trail.follow(attribution.rest()))


async def share_pages(
    position: int, direction: Direction, size: int | None = None, entries_max: int | None = None
) -> AsyncIterator[list[Share]]:
    """Yield all shares of an entry's money, however many.

    Args:
        position: of the entry.
        direction: whether its money is followed onward or back.
        size: of the checkpoint; the newest by default.
        entries_max: how many entries of funds may be read; any number by default.

    Raises:
        WrongUse: there is no such entry, or it moves no money this way.
        TooManyEntries: the funds hold more than `entries_max`.
    """
    async for _, shares in _followed(await _start(position, direction, size), entries_max):
        yield shares


@dataclass(slots=True)
class _Collected:
    """What is kept of the shares: the first of them, their number, and where they end."""

    listed: list[Share]
    accounts: dict[str, None]
    outcomes: Counter[Outcome]
    count: int = 0
    first: int | None = None
    last: int | None = None

    def add(self, share: Share, position: int) -> None:
        self.count += 1
        if len(self.listed) < LISTED_MAX:
            self.listed.append(share)
        self.outcomes[outcome(share, position)] += share.amount
        if share.end is not None:
            end = share.end.position
            self.first = end if self.first is None else min(self.first, end)
            self.last = end if self.last is None else max(self.last, end)


async def _rules(accounts: Sequence[str]) -> tuple[Rule, ...]:
    rules = []
    for account in accounts:
        room, owner, code = account.split("/")
        if room == "trusts":
            rules.append(Rule(account, code, earmarked=True))
            continue
        fund = (
            await Fund.objects()
            .where(
                (Fund.organisation == owner.removeprefix(ORGANISATION_PREFIX)) & (Fund.code == code)
            )
            .first()
        )
        name = fund.name if fund is not None else code
        rules.append(Rule(account, name, earmarked=fund is not None and fund.restricted))
    return tuple(rules)


async def _refunded(position: int, size: int) -> int:
    """Return how much of a gift was paid back, by refunds that were not reversed."""
    rows = await MovementRow.select(MovementRow.position, MovementRow.amount).where(
        (MovementRow.refers_to == position)
        & (MovementRow.kind == REFUND.name)
        & (MovementRow.position < size)
    )
    undone = (await reversals_of([row["position"] for row in rows], size)).values()
    return sum(row["amount"] for row in rows if row["position"] not in undone)


async def _trace(start: _Start, entries_max: int | None) -> Trace:
    found = _Collected([], {}, Counter())
    async for account, shares in _followed(start, entries_max):
        found.accounts[account] = None
        for share in shares:
            found.add(share, start.change.position)
    of_gift = start.direction is Direction.ONWARD
    stands = of_gift and start.reversed_by is None
    refunded = await _refunded(start.change.position, start.size) if stands else 0
    return Trace(
        direction=start.direction,
        position=start.change.position,
        entry=start.entry,
        account=start.account,
        unit=start.unit,
        amount=abs(start.change.amount),
        size=start.size,
        shares=tuple(found.listed),
        count=found.count,
        first=found.first,
        last=found.last,
        rules=await _rules(list(found.accounts) or [start.account]),
        reversed_by=start.reversed_by,
        outcomes=found.outcomes if of_gift else {},
        refunded_otherwise=refunded - found.outcomes[Outcome.REFUNDED] if of_gift else 0,
    )


async def trace_gift(
    position: int, size: int | None = None, entries_max: int | None = None
) -> Trace:
    """Return where the money went that an entry brought into a fund or trust.

    Arguments and errors are those of `share_pages`.
    """
    return await _trace(await _start(position, Direction.ONWARD, size), entries_max)


async def trace_spending(
    position: int, size: int | None = None, entries_max: int | None = None
) -> Trace:
    """Return which gifts paid for what an entry took out of a fund or trust.

    Arguments and errors are those of `share_pages`.
    """
    return await _trace(await _start(position, Direction.BACK, size), entries_max)
