"""Tests of tracing over a real ledger: funds, transfers, refunds, reversals, goods, trusts."""

from collections.abc import AsyncIterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charity.organisations.registry import add_fund
from charity.tracing import changes
from charity.tracing.changes import account_changes, changes_of
from charity.tracing.traces import (
    Outcome,
    TooManyEntries,
    Trace,
    directions,
    share_pages,
    trace_gift,
    trace_spending,
)
from ledger.entries import Entry, FundPlace
from ledger.kinds.donation import DonationFacts
from ledger.kinds.expenditure import ExpenditureFacts, Purpose
from ledger.kinds.goods_distribution import GoodsDistributionFacts
from ledger.kinds.goods_donation import GoodsDonationFacts
from ledger.kinds.onward_transfer import OnwardTransferFacts
from ledger.kinds.pledge import PledgeFacts
from ledger.kinds.reversal import REVERSAL
from ledger.kinds.trust_contribution import TrustContributionFacts
from ledger.kinds.trust_distribution import TrustDistributionFacts
from ledger.log import Ledger
from ledger.messages import Refused, WrongUse
from ledger.tracing import Change, Direction
from tests.conftest import ORGANISATION, MadeHome, fresh_ledger
from tests.ledger.entries import (
    FUND,
    IDENTIFIER,
    append,
    donor,
    gift,
    refund_of,
    requested,
    reversal_of,
    spending,
)

OTHER = "CN-USCI-53440300000009999T"
OTHER_FUND = f"funds/{OTHER}/general"
GOODS = "goods:示例饮用水/箱"
TRUST = "XT-1"


def passed_on(number: int, amount: int) -> Entry:
    """Return a transfer from the general fund to that of the other organisation."""
    facts = OnwardTransferFacts(
        amount=amount, fund="general", giver=FundPlace(fund="general", organisation=IDENTIFIER)
    )
    return requested("onward_transfer", facts, f"passed-{number}", organisation=OTHER)


def spending_of_other(number: int, amount: int) -> Entry:
    facts = ExpenditureFacts(
        amount=amount, description="示例支出", fund="general", project="p", purpose=Purpose.PROGRAM
    )
    return requested("expenditure", facts, f"other-{number}", organisation=OTHER)


def in_short(trace: Trace) -> list[tuple[int | None, int, tuple[int, ...]]]:
    """Return end, amount and way of each share."""
    return [
        (share.end.position if share.end else None, share.amount, share.via)
        for share in trace.shares
    ]


async def test_a_gift_is_followed_to_its_spending_and_back(ledger: Ledger) -> None:
    await append(ledger, gift(0, 100), gift(1, 50), spending(2, 120), gift(3, 9))
    first, second = await trace_gift(0), await trace_gift(1)
    assert in_short(first) == [(2, 100, ())]
    assert in_short(second) == [(2, 20, ()), (None, 30, ())]
    assert dict(second.outcomes) == {Outcome.SPENT: 20, Outcome.UNSPENT: 30}
    assert in_short(await trace_spending(2)) == [(0, 100, ()), (1, 20, ())]
    assert (second.amount, second.unit, second.account, second.size) == (50, "CNY", FUND, 4)
    assert (second.count, second.first, second.last, second.reversed_by) == (2, 2, 2, None)


async def test_the_rule_is_named(ledger: Ledger) -> None:
    await add_fund(ORGANISATION, "study", "虚构助学专项", restricted=True)
    await append(ledger, gift(0, 5), gift(1, 5, fund="study"), gift(2, 5, fund="unregistered"))
    sentences = [(await trace_gift(place)).rules[0].sentence.text() for place in range(3)]
    assert sentences == [
        "First in, first out within the unrestricted fund 非限定性资金.",
        "Earmarked for the fund 虚构助学专项; first in, first out within it.",
        "First in, first out within the unrestricted fund unregistered.",
    ]
    assert [(await trace_gift(place)).rules[0].earmarked for place in range(3)] == [
        False,
        True,
        False,
    ]


async def test_funds_are_kept_apart(ledger: Ledger) -> None:
    await append(
        ledger, gift(0, 50), gift(1, 50, fund="study"), spending(2, 30, fund="study"), gift(3, 1)
    )
    assert in_short(await trace_gift(0)) == [(None, 50, ())]
    assert in_short(await trace_gift(1)) == [(2, 30, ()), (None, 20, ())]


async def test_an_earlier_checkpoint_gives_the_earlier_trace(ledger: Ledger) -> None:
    await append(ledger, gift(0, 100))
    await append(ledger, spending(1, 40))
    await append(ledger, reversal_of(1, spending(1, 40)))
    assert in_short(await trace_gift(0, 1)) == [(None, 100, ())]
    assert in_short(await trace_gift(0, 2)) == [(1, 40, ()), (None, 60, ())]
    assert in_short(await trace_gift(0)) == [(None, 100, ())]
    assert (await trace_gift(0, 99)).size == 3


async def test_refunds_are_told_apart(ledger: Ledger) -> None:
    """Gift 0 was spent when it was paid back: 30 of gift 1 went for that."""
    gifts = gift(0, 100), gift(1, 50)
    await append(ledger, *gifts, spending(2, 100))
    await append(ledger, refund_of(0, gifts[0], 30, "first"), refund_of(1, gifts[1], 5, "second"))
    spent, kept = await trace_gift(0), await trace_gift(1)
    assert (dict(spent.outcomes), spent.refunded_otherwise) == ({Outcome.SPENT: 100}, 30)
    assert dict(kept.outcomes) == {
        Outcome.REFUNDED_OTHER: 30,
        Outcome.REFUNDED: 5,
        Outcome.UNSPENT: 15,
    }
    assert kept.refunded_otherwise == 0
    assert in_short(await trace_spending(3)) == [(1, 30, ())]


async def test_a_reversed_refund_was_never_made(ledger: Ledger) -> None:
    given_back = refund_of(0, gift(0, 100), 30)
    await append(ledger, gift(0, 100))
    await append(ledger, given_back)
    await append(ledger, reversal_of(1, given_back))
    trace = await trace_gift(0)
    assert (in_short(trace), trace.refunded_otherwise) == ([(None, 100, ())], 0)
    undone = await trace_spending(1)
    assert (undone.reversed_by, undone.shares, undone.count) == (2, (), 0)


async def test_a_reversed_gift_paid_for_nothing(ledger: Ledger) -> None:
    await append(ledger, gift(0, 100), spending(1, 80), gift(2, 100))
    await append(ledger, reversal_of(0, gift(0, 100)))
    trace = await trace_gift(0)
    assert (trace.reversed_by, trace.shares, dict(trace.outcomes)) == (3, (), {})
    assert in_short(await trace_gift(2)) == [(1, 80, ()), (None, 20, ())]
    assert in_short(await trace_spending(1)) == [(2, 80, ())]


async def test_money_passed_on_is_followed_to_the_final_spending(ledger: Ledger) -> None:
    await append(ledger, gift(0, 100), gift(1, 50), spending(2, 30))
    await append(ledger, passed_on(3, 90))
    await append(ledger, spending_of_other(4, 60), spending_of_other(5, 25))
    assert in_short(await trace_gift(0)) == [(2, 30, ()), (4, 60, (3,)), (5, 10, (3,))]
    assert in_short(await trace_gift(1)) == [(None, 30, ()), (5, 15, (3,)), (None, 5, (3,))]
    assert [share.account for share in (await trace_gift(1)).shares] == [
        FUND,
        OTHER_FUND,
        OTHER_FUND,
    ]
    assert in_short(await trace_spending(5)) == [(0, 10, (3,)), (1, 15, (3,))]
    assert [rule.account for rule in (await trace_spending(5)).rules] == [OTHER_FUND, FUND]
    assert directions(3, passed_on(3, 90)) == (Direction.BACK, Direction.ONWARD)
    assert in_short(await trace_spending(3)) == [(0, 70, ()), (1, 20, ())]
    assert in_short(await trace_gift(3)) == [(4, 60, ()), (5, 25, ()), (None, 5, ())]


async def test_a_reversed_transfer_leaves_the_money_where_it_was(ledger: Ledger) -> None:
    await append(ledger, gift(0, 100))
    await append(ledger, passed_on(1, 90))
    await append(ledger, reversal_of(1, passed_on(1, 90)))
    await append(ledger, spending(3, 95))
    assert in_short(await trace_gift(0)) == [(3, 95, ()), (None, 5, ())]


async def test_goods_are_followed_in_their_own_unit(ledger: Ledger) -> None:
    given = GoodsDonationFacts(amount=10, donor=donor(1), fund="general", goods=GOODS)
    handed = GoodsDistributionFacts(
        amount=4, description="示例发放", fund="general", goods=GOODS, project="p"
    )
    await append(
        ledger,
        gift(0, 100),
        requested("goods_donation", given, "goods"),
        requested("goods_distribution", handed, "handed"),
        spending(3, 7),
    )
    trace = await trace_gift(1)
    assert (trace.unit, in_short(trace)) == (GOODS, [(2, 4, ()), (None, 6, ())])
    assert in_short(await trace_spending(3)) == [(0, 7, ())]


async def test_currencies_are_kept_apart(ledger: Ledger) -> None:
    foreign = DonationFacts(amount=50, currency="HKD", donor=donor(1), fund="general")
    await append(ledger, requested("donation", foreign, "hkd"), gift(1, 20), spending(2, 20))
    assert in_short(await trace_gift(0)) == [(None, 50, ())]
    assert in_short(await trace_spending(2)) == [(1, 20, ())]


async def test_a_settlors_money_is_followed_through_the_trust_into_a_fund(ledger: Ledger) -> None:
    given = TrustContributionFacts(amount=100, settlor=donor(1), trust=TRUST)
    at_once = TrustDistributionFacts(amount=10, description="示例支出", trust=TRUST)
    onward = TrustDistributionFacts(
        amount=60,
        description="示例资助",
        recipient=FundPlace(fund="general", organisation=OTHER),
        trust=TRUST,
    )
    await append(
        ledger,
        requested("trust_contribution", given, "given"),
        requested("trust_distribution", at_once, "spent"),
    )
    await append(ledger, requested("trust_distribution", onward, "onward"))
    await append(ledger, spending_of_other(3, 45))
    trace = await trace_gift(0)
    assert in_short(trace) == [(1, 10, ()), (None, 30, ()), (3, 45, (2,)), (None, 15, (2,))]
    assert trace.rules[0].sentence.text() == (
        "Earmarked for the charitable trust XT-1; first in, first out within it."
    )
    assert in_short(await trace_spending(3)) == [(0, 45, (2,))]


async def test_another_trustees_trust_of_the_same_number_is_another(ledger: Ledger) -> None:
    given = TrustContributionFacts(amount=100, settlor=donor(1), trust=TRUST)
    spent = TrustDistributionFacts(amount=30, description="示例支出", trust=TRUST)
    await append(
        ledger,
        requested("trust_contribution", given, "given"),
        requested("trust_contribution", given, "given", organisation=OTHER),
        requested("trust_distribution", spent, "spent", organisation=OTHER),
    )
    assert in_short(await trace_gift(0)) == [(None, 100, ())]
    assert in_short(await trace_gift(1)) == [(2, 30, ()), (None, 70, ())]
    assert in_short(await trace_spending(2)) == [(1, 30, ())]


async def test_what_moves_no_money_is_not_traced(ledger: Ledger) -> None:
    pledge = requested("pledge", PledgeFacts(amount=5, donor=donor(1), fund="general"), "pledge")
    await append(ledger, gift(0, 5), pledge, spending(2, 5))
    await append(ledger, reversal_of(2, spending(2, 5)))
    for position in (1, 3):
        with pytest.raises(WrongUse, match="brings no money into a fund"):
            await trace_gift(position)
        with pytest.raises(WrongUse, match="takes no money out of a fund"):
            await trace_spending(position)
    for position in (-1, 4, 2**70):
        with pytest.raises(WrongUse, match="There is no entry"):
            await trace_gift(position)
    with pytest.raises(WrongUse, match="brings no money"):
        await trace_gift(2)


async def test_accounts_without_cover_are_refused(ledger: Ledger) -> None:
    with pytest.raises(Refused, match="cannot be traced"):
        await anext(account_changes("donors/1", "CNY", 1))


async def test_many_gifts_are_counted_and_all_of_them_yielded(ledger: Ledger) -> None:
    await append(ledger, *(gift(number, 2) for number in range(1_200)), spending(1_200, 2_301))
    trace = await trace_spending(1_200)
    assert (trace.count, len(trace.shares), trace.first, trace.last) == (1_151, 1_000, 0, 1_150)
    pages = [shares async for shares in share_pages(1_200, Direction.BACK)]
    assert sum(share.amount for shares in pages for share in shares) == 2_301


async def test_a_trail_that_is_too_long_is_refused(ledger: Ledger) -> None:
    await append(ledger, *(gift(number) for number in range(5)))
    assert (await trace_gift(4, entries_max=5)).count == 1
    with pytest.raises(TooManyEntries, match="more than 4 entries"):
        await trace_gift(4, entries_max=4)


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "ROWS_AT_ONCE", 3)
    monkeypatch.setattr(changes, "POSITIONS_AT_ONCE", 2)


@pytest.mark.usefixtures("small_pages")
async def test_pages_of_the_database_leave_nothing_out(ledger: Ledger) -> None:
    await append(ledger, *(gift(number, 10) for number in range(7)))
    await append(ledger, *(passed_on(number, 11) for number in range(7, 10)))
    await append(ledger, reversal_of(8, passed_on(8, 11)), *(gift(11 + n, 1) for n in range(3)))
    found = [change async for page in account_changes(FUND, "CNY", 14) for change in page]
    assert [change.position for change in found] == [*range(8), 9, 11, 12, 13]
    there = [change async for page in account_changes(OTHER_FUND, "CNY", 14) for change in page]
    assert [change.position for change in there] == [7, 9]


Story = list[tuple[int, int, int]]


def _told(story: Story) -> list[Entry]:
    """Return the entries of a story, as far as the funds allow them."""
    told: list[Entry] = []
    held = {FUND: 0, OTHER_FUND: 0}
    undone: set[int] = set()
    for what, amount, choice in story:
        number = len(told)
        options = [
            gift(number, amount),
            spending(number, amount),
            passed_on(number, amount),
            spending_of_other(number, amount),
        ]
        if what < len(options):
            entry = options[what]
        elif told and told[choice % number].kind != REVERSAL.name:
            if choice % number in undone:
                continue
            entry = reversal_of(choice % number, told[choice % number], f"reversal-{number}")
        else:
            continue
        change = {posting.account: posting.amount for posting in entry.postings}
        if all(held[account] + change.get(account, 0) >= 0 for account in held):
            held = {account: held[account] + change.get(account, 0) for account in held}
            told.append(entry)
            if entry.kind == REVERSAL.name:
                undone.add(entry.facts.refers_to)
    return told


async def _changes(account: str, size: int) -> AsyncIterator[Change]:
    async for page in account_changes(account, "CNY", size):
        for change in page:
            yield change


@settings(max_examples=20)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 30), st.integers(0, 99)), max_size=25))
async def test_changes_are_those_of_the_entries(made_home: MadeHome, story: Story) -> None:
    told = _told(story)
    void = {
        position
        for place, entry in enumerate(told)
        if entry.kind == REVERSAL.name
        for position in (place, entry.facts.refers_to)
    }
    async with fresh_ledger(made_home) as ledger:
        await append(ledger, *told)
        for account in (FUND, OTHER_FUND):
            found = [change async for change in _changes(account, len(told))]
            wanted = [
                change
                for place, entry in enumerate(told)
                if place not in void
                and (change := changes_of(place, entry).get((account, "CNY"))) is not None
            ]
            assert found == wanted
