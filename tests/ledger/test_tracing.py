"""Tests of tracing: by hand, and against a slow reference that moves every single fen."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.messages import Refused
from ledger.tracing import (
    Attribution,
    Change,
    Direction,
    Part,
    Share,
    Trail,
    Wanted,
    void_positions,
)

ACCOUNTS = ("funds/a/general", "funds/a/study", "funds/b/general")

Books = dict[str, list[Change]]
Fen = tuple[str, int, int]
"""An account, an entry and the number of a unit within it."""


def gift(position: int, amount: int) -> Change:
    return Change(position, "donation", amount)


def spending(position: int, amount: int) -> Change:
    return Change(position, "expenditure", -amount)


def refund(position: int, amount: int, own_source: int) -> Change:
    return Change(position, "refund", -amount, own_source)


def parts_of(changes: Iterable[Change]) -> list[Part]:
    attribution = Attribution()
    return [*attribution.add(changes), *attribution.rest()]


def in_short(parts: Iterable[Part]) -> list[tuple[int, int | None, int]]:
    """Return source, use and amount of parts."""
    return [(part.source.position, part.use and part.use.position, part.amount) for part in parts]


def trace(books: Books, direction: Direction, account: str, wanted: Wanted) -> list[Share]:
    trail = Trail(direction, account, wanted)
    shares: list[Share] = []
    while (name := trail.next_account()) is not None:
        shares += trail.follow(parts_of(books[name]))
        assert trail.open == 0
    return shares


def ends(shares: Iterable[Share]) -> list[tuple[int, int | None, tuple[int, ...]]]:
    return [(share.amount, share.end and share.end.position, share.via) for share in shares]


def test_money_goes_out_in_the_order_in_which_it_came_in() -> None:
    changes = [gift(0, 100), gift(1, 50), spending(2, 120), gift(3, 10), spending(4, 35)]
    assert in_short(parts_of(changes)) == [
        (0, 2, 100),
        (1, 2, 20),
        (1, 4, 30),
        (3, 4, 5),
        (3, None, 5),
    ]


def test_parts_say_which_units_of_both_sides_they_join() -> None:
    parts = parts_of([gift(0, 100), gift(1, 50), spending(2, 120), spending(3, 10)])
    assert [(part.source_start, part.use_start) for part in parts] == [
        (0, 0),
        (0, 100),
        (20, 0),
        (30, 0),
    ]


def test_a_refund_takes_the_unspent_part_of_its_own_gift_first() -> None:
    changes = [gift(0, 100), gift(1, 50), gift(2, 30), refund(3, 20, 1), spending(4, 140)]
    assert in_short(parts_of(changes)) == [
        (1, 3, 20),
        (0, 4, 100),
        (1, 4, 30),
        (2, 4, 10),
        (2, None, 20),
    ]


def test_a_refund_of_spent_money_takes_the_oldest_that_is_there() -> None:
    changes = [gift(0, 100), gift(1, 50), spending(2, 90), refund(3, 40, 0)]
    assert in_short(parts_of(changes)) == [(0, 2, 90), (0, 3, 10), (1, 3, 30), (1, None, 20)]


def test_spending_that_lost_its_gift_waits_for_the_next() -> None:
    """Gift 0 was reversed: as it was never made, gift 2 paid for both spendings."""
    changes = [spending(1, 80), gift(2, 100), spending(3, 15), gift(4, 5)]
    assert in_short(parts_of(changes)) == [(2, 1, 80), (2, 3, 15), (2, None, 5), (4, None, 5)]


def test_more_going_out_than_in_is_refused() -> None:
    with pytest.raises(Refused, match="Entry 1 takes out more"):
        parts_of([gift(0, 5), spending(1, 6)])


def test_what_was_reversed_is_void_and_so_is_its_reversal() -> None:
    assert void_positions({}) == frozenset()
    assert void_positions({7: 2, 9: 3}) == {2, 3, 7, 9}


def test_money_passed_on_is_followed_to_its_spending_and_back() -> None:
    first, second, _ = ACCOUNTS
    books: Books = {
        first: [
            gift(0, 100),
            gift(1, 50),
            spending(2, 30),
            Change(3, "onward_transfer", -90, passed=second),
        ],
        second: [
            Change(3, "onward_transfer", 90, passed=first),
            gift(4, 5),
            spending(6, 60),
            spending(7, 25),
        ],
    }
    onward = trace(books, Direction.ONWARD, first, Wanted(0, 0, 100))
    assert ends(onward) == [(30, 2, ()), (60, 6, (3,)), (10, 7, (3,))]
    onward = trace(books, Direction.ONWARD, first, Wanted(1, 0, 50))
    assert ends(onward) == [(30, None, ()), (15, 7, (3,)), (5, None, (3,))]
    back = trace(books, Direction.BACK, second, Wanted(7, 0, 25))
    assert ends(back) == [(10, 0, (3,)), (15, 1, (3,))]


def test_money_that_two_funds_passed_to_each_other_ends_somewhere() -> None:
    """Its gift was reversed after it had gone there and back."""
    first, second, _ = ACCOUNTS
    books: Books = {
        first: [
            Change(1, "onward_transfer", -9, passed=second),
            Change(2, "onward_transfer", 9, passed=second),
        ],
        second: [
            Change(1, "onward_transfer", 9, passed=first),
            Change(2, "onward_transfer", -9, passed=first),
        ],
    }
    shares = trace(books, Direction.ONWARD, second, Wanted(1, 0, 9))
    assert [(share.amount, share.end and share.end.passed) for share in shares] == [(9, first)]


@dataclass
class Story:
    """Invented books: what hypothesis draws is done if it is possible then."""

    books: Books = field(default_factory=lambda: {account: [] for account in ACCOUNTS})
    reversals: dict[int, int] = field(default_factory=dict)
    entries: list[list[tuple[str, Change]]] = field(default_factory=list)

    def held(self, account: str) -> int:
        """Return the balance with everything, also what was reversed."""
        total = sum(change.amount for change in self.books[account])
        undone = sum(
            change.amount
            for position in self.reversals.values()
            for there, change in self.entries[position]
            if there == account
        )
        return total - undone

    def act(self, what: int, first: str, second: str, amount: int, choice: int) -> None:
        position = len(self.entries)
        available = min(amount, self.held(first))
        gifts = [
            (there, change)
            for legs in self.entries
            for there, change in legs
            if change.kind == "donation" and there == first
        ]
        legs: list[tuple[str, Change]] = []
        if what <= 1:
            legs = [(first, gift(position, amount))]
        elif what == 2 and available:
            legs = [(first, spending(position, available))]
        elif what == 3 and gifts and available:
            own = gifts[choice % len(gifts)][1]
            legs = [(first, refund(position, min(available, own.amount), own.position))]
        elif what == 4 and available and first != second:
            legs = [
                (first, Change(position, "onward_transfer", -available, passed=second)),
                (second, Change(position, "onward_transfer", available, passed=first)),
            ]
        elif what == 5 and self.entries and self._can_reverse(choice % position):
            self.reversals[position] = choice % position
        self.entries.append(legs)
        for account, change in legs:
            self.books[account].append(change)

    def _can_reverse(self, position: int) -> bool:
        legs = self.entries[position]
        if position in self.reversals.values() or not legs:
            return False
        return all(self.held(account) >= change.amount for account, change in legs)

    def standing(self) -> Books:
        void = void_positions(self.reversals)
        return {
            account: [change for change in changes if change.position not in void]
            for account, changes in self.books.items()
        }


@st.composite
def stories(draw: st.DrawFn) -> Story:
    story = Story()
    account = st.sampled_from(ACCOUNTS)
    steps = st.tuples(st.integers(0, 5), account, account, st.integers(1, 12), st.integers(0, 99))
    for step in draw(st.lists(steps, max_size=40)):
        story.act(*step)
    return story


class Reference:
    """The rule, said with single fen in lists: slow and obvious."""

    def __init__(self, books: Books) -> None:
        self.paid_by: dict[Fen, Fen] = {}
        self.went_into: dict[Fen, Fen] = {}
        self.passed: dict[tuple[str, int], str | None] = {}
        for account, changes in books.items():
            self._account(account, changes)

    def _account(self, account: str, changes: Sequence[Change]) -> None:
        held: list[Fen] = []
        waiting: list[Fen] = []
        for change in changes:
            self.passed[account, change.position] = change.passed
            units = [(account, change.position, number) for number in range(abs(change.amount))]
            if change.amount > 0:
                held += units
            else:
                waiting += units
                own = [fen for fen in held if fen[1] == change.own_source]
                for fen in own[: len(waiting)]:
                    self._join(fen, waiting.pop(0))
                    held.remove(fen)
            while held and waiting:
                self._join(held.pop(0), waiting.pop(0))

    def _join(self, source: Fen, use: Fen) -> None:
        self.went_into[source], self.paid_by[use] = use, source

    def _end(self, joined: dict[Fen, Fen], fen: Fen) -> tuple[int | None, str, tuple[int, ...]]:
        via: tuple[int, ...] = ()
        while True:
            account = fen[0]
            if fen not in joined:
                return None, account, via
            _, position, number = joined[fen]
            there = self.passed[account, position]
            if there is None or position in via:
                return position, account, via
            via = (*via, position)
            fen = (there, position, number)

    def ends(
        self, direction: Direction, account: str, change: Change
    ) -> Counter[tuple[int | None, str, tuple[int, ...]]]:
        joined = self.went_into if direction is Direction.ONWARD else self.paid_by
        units = range(abs(change.amount))
        return Counter(self._end(joined, (account, change.position, number)) for number in units)


@given(stories())
def test_every_entry_is_traced_as_if_each_fen_were_moved(story: Story) -> None:
    books = story.standing()
    reference = Reference(books)
    for account, changes in books.items():
        for change in changes:
            direction = Direction.ONWARD if change.amount > 0 else Direction.BACK
            wanted = Wanted(change.position, 0, abs(change.amount))
            shares = trace(books, direction, account, wanted)
            found: Counter[tuple[int | None, str, tuple[int, ...]]] = Counter()
            for share in shares:
                assert share.amount > 0
                end = share.end.position if share.end is not None else None
                found[end, share.account, share.via] += share.amount
            assert found == reference.ends(direction, account, change)
            assert sum(share.amount for share in shares) == abs(change.amount)


@given(stories())
def test_parts_add_up_on_both_sides(story: Story) -> None:
    for changes in story.standing().values():
        sources: dict[int, int] = defaultdict(int)
        uses: dict[int, int] = defaultdict(int)
        for part in parts_of(changes):
            assert part.source_start == sources[part.source.position]
            sources[part.source.position] += part.amount
            if part.use is not None:
                assert part.use_start == uses[part.use.position]
                uses[part.use.position] += part.amount
        assert sources == {c.position: c.amount for c in changes if c.amount > 0}
        assert uses == {c.position: -c.amount for c in changes if c.amount < 0}


@given(stories(), st.data())
def test_pages_of_any_length_give_the_same_parts(story: Story, data: st.DataObject) -> None:
    changes = story.standing()[ACCOUNTS[0]]
    cut = data.draw(st.integers(0, len(changes)))
    attribution = Attribution()
    parts = [
        *attribution.add(changes[:cut]),
        *attribution.add(changes[cut:]),
        *attribution.rest(),
    ]
    assert parts == parts_of(changes)
