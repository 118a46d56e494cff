"""Provides tracing: which money that came into an account paid for what went out of it.

The rule is first in, first out (先进先出) in the order of the log, for one account and one unit:

- Money goes out in the order in which it came in.
- What is paid back to a donor goes out of his own gift first, as far as it is unspent.
- An entry that was reversed counts as never made, and so does its reversal. Spending that would
  then come before the money for it is paid by what comes in next.

The minor units that an entry brings in are numbered from 0, and so are those that it takes out. A
part joins a run of the one to a run of the other: so parts of several accounts can be laid end to
end where money was passed on.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import NamedTuple

from ledger.messages import Refused


class Change(NamedTuple):
    """What one entry changes in one account.

    Attributes:
        position: of the entry.
        kind: of the entry.
        amount: minor units that come in (above zero) or go out (below zero).
        own_source: position of the gift whose money goes out first; set for a refund.
        passed: the account of this ledger on the other side, where money is passed on.
    """

    position: int
    kind: str
    amount: int
    own_source: int | None = None
    passed: str | None = None


class Part(NamedTuple):
    """A run of money: `amount` minor units of `source`, from its unit number `source_start` on.

    They went into `use`, from its unit number `use_start` on; None: they are still there.
    """

    source: Change
    use: Change | None
    amount: int
    source_start: int
    use_start: int


def void_positions(reversals: Mapping[int, int]) -> frozenset[int]:
    """Return the positions of the entries that count as never made.

    `reversals` maps the position of each reversal to that of the entry that it reverses; what was
    reversed stays reversed.
    """
    return frozenset((*reversals.keys(), *reversals.values()))


class Attribution:
    """Attributes what goes out of an account to what came in, change by change.

    It keeps only what is open: money that is still there, or spending that waits for money.
    """

    def __init__(self) -> None:
        # Each open change, the oldest first, and how many of its units are settled already.
        self._held: OrderedDict[int, tuple[Change, int]] = OrderedDict()
        self._waiting: OrderedDict[int, tuple[Change, int]] = OrderedDict()

    def add(self, changes: Iterable[Change]) -> Iterator[Part]:
        """Take the next changes, in the order of the log; yield the parts that they make."""
        for change in changes:
            if change.amount > 0:
                self._held[change.position] = (change, 0)
                if self._waiting:
                    yield from self._settle_oldest()
            elif change.amount < 0:
                self._waiting[change.position] = (change, 0)
                own = change.own_source
                if own is not None and own in self._held:
                    yield self._settle(own, change.position)
                yield from self._settle_oldest()

    def rest(self) -> Iterator[Part]:
        """Yield the money that is still there.

        Raises:
            Refused: more went out than came in.
        """
        for use, _ in self._waiting.values():
            raise Refused("Entry {position} takes out more than there is.", position=use.position)
        for source, start in self._held.values():
            yield Part(source, None, source.amount - start, start, 0)

    def _settle_oldest(self) -> Iterator[Part]:
        while self._held and self._waiting:
            yield self._settle(next(iter(self._held)), next(iter(self._waiting)))

    def _settle(self, source_position: int, use_position: int) -> Part:
        """Join the open rest of a source to that of a use, as far as both reach."""
        source, source_start = self._held[source_position]
        use, use_start = self._waiting[use_position]
        left, wanted = source.amount - source_start, -use.amount - use_start
        amount = min(left, wanted)
        if amount == left:
            del self._held[source_position]
        else:
            self._held[source_position] = (source, source_start + amount)
        if amount == wanted:
            del self._waiting[use_position]
        else:
            self._waiting[use_position] = (use, use_start + amount)
        return Part(source, use, amount, source_start, use_start)


class Direction(Enum):
    """Which way money is followed: from a use back to its gifts, or from a gift to its uses."""

    BACK = "back"
    ONWARD = "onward"


class Share(NamedTuple):
    """A share of the money followed, where its trail ends.

    Attributes:
        amount: minor units.
        account: where the trail ends.
        end: the use of the money, or the gift that it was; None: it is still in the account.
        via: positions of the entries by which it was passed on from fund to fund, in the order in
            which they were met.
    """

    amount: int
    account: str
    end: Change | None
    via: tuple[int, ...] = ()


class Wanted(NamedTuple):
    """A run of the units of an entry (from `start`, before `stop`) that is to be followed."""

    position: int
    start: int
    stop: int
    via: tuple[int, ...] = ()


class Trail:
    """Follows money through accounts, one account after the other.

    Call `next_account`, hand all parts of that account to `follow`, and begin again. No account is
    gone through more often than money came back to it.
    """

    def __init__(self, direction: Direction, account: str, wanted: Wanted) -> None:
        self._onward = direction is Direction.ONWARD
        self._later: dict[str, list[Wanted]] = {account: [wanted]}
        self._account = account
        self._wanted: dict[int, list[Wanted]] = {}
        self.open = 0

    def next_account(self) -> str | None:
        """Return the account whose parts are needed next; None at the end of the trail.

        `open` is then the number of minor units that wait for their part.
        """
        if not self._later:
            return None
        choose = min if self._onward else max
        self._account = choose(
            self._later, key=lambda name: choose(run.position for run in self._later[name])
        )
        self._wanted = {}
        for run in self._later.pop(self._account):
            self._wanted.setdefault(run.position, []).append(run)
            self.open += run.stop - run.start
        return self._account

    def follow(self, parts: Iterable[Part]) -> Iterator[Share]:
        """Take parts of the account; yield what is known of the money followed."""
        for part in parts:
            known = part.source if self._onward else part.use
            if known is None or known.position not in self._wanted:
                continue
            for run in self._wanted[known.position]:
                share = self._share(part, run)
                if share is not None:
                    yield share

    def _share(self, part: Part, run: Wanted) -> Share | None:
        """Return what a part says of a run; None where the trail goes on or they do not meet."""
        if self._onward:
            end, here, there = part.use, part.source_start, part.use_start
        else:
            end, here, there = part.source, part.use_start, part.source_start
        start, stop = max(here, run.start), min(here + part.amount, run.stop)
        if start >= stop:
            return None
        self.open -= stop - start
        # A reversed gift may leave money that two funds passed to each other: its trail is a ring.
        if end is None or end.passed is None or end.position in run.via:
            return Share(stop - start, self._account, end, run.via)
        offset = there - here
        onward = Wanted(end.position, start + offset, stop + offset, (*run.via, end.position))
        self._later.setdefault(end.passed, []).append(onward)
        return None
