"""Tests of the summaries: balances and totals are those that the entries themselves tell."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.counting import COLUMNS
from ledger.entries import Entry, Posting
from ledger.kinds.correction import CorrectionFacts
from ledger.kinds.expenditure import ExpenditureFacts, Purpose
from ledger.messages import Refused
from ledger.summaries import summarise
from ledger.tables import Balance, MovementRow, RunningTotal
from tests.conftest import MadeHome, fresh_ledger
from tests.ledger.courses import OTHER, Step, courses, entries_of, step
from tests.ledger.entries import IDENTIFIER, append, gift, requested, reversal_of, stored_entries

Totals = dict[tuple[str, str, str], tuple[int, ...]]


class Effect(NamedTuple):
    """What an entry adds to one column, in the scopes of one account."""

    account: str
    column: str
    amount: int


def effects(entry: Entry) -> list[Effect]:  # noqa: C901, PLR0911, PLR0912 (a case for each kind)
    """Return what an entry adds to the totals, told once more for each kind."""
    facts, organisation = entry.facts, entry.organisation
    fund = f"funds/{organisation}/{getattr(facts, 'fund', '')}"
    goods = fund.replace("funds/", "goods/")
    came_in = [("gifts", 1), ("received", getattr(facts, "amount", 0))]
    passed = [*came_in, ("transferred", getattr(facts, "amount", 0))]
    match entry.kind:
        case "donation":
            return [Effect(fund, *one) for one in came_in]
        case "goods_donation":
            return [Effect(goods, *one) for one in came_in]
        case "pledge":
            return [Effect(fund, "pledged", facts.amount)]
        case "expenditure":
            return [Effect(fund, "spent", facts.amount)]
        case "goods_distribution":
            return [Effect(goods, "spent", facts.amount)]
        case "refund":
            return [Effect(goods if facts.goods else fund, "refunded", facts.amount)]
        case "trust_contribution":
            return [Effect(f"trusts/{organisation}/{facts.trust}", *one) for one in came_in]
        case "onward_transfer":
            found = [Effect(fund, *one) for one in passed]
            if facts.giver is not None:
                giver = f"funds/{facts.giver.organisation}/{facts.giver.fund}"
                found.append(Effect(giver, "passed_on", facts.amount))
            return found
        case "trust_distribution":
            trust = f"trusts/{organisation}/{facts.trust}"
            if facts.recipient is None:
                return [Effect(trust, "spent", facts.amount)]
            fund = f"funds/{facts.recipient.organisation}/{facts.recipient.fund}"
            return [
                *(Effect(fund, *one) for one in passed),
                Effect(trust, "passed_on", facts.amount),
            ]
        case "reversal":
            undone = msgspec.structs.replace(entry, kind=facts.kind, facts=facts.facts)
            return [effect._replace(amount=-effect.amount) for effect in effects(undone)]
        case _:
            return []


def scopes(account: str) -> tuple[str, ...]:
    first, second, *_ = account.split("/")
    return ("trusts", account) if first == "trusts" else ("", second, account)


def naive_totals(entries: Sequence[Entry]) -> Totals:
    totals: dict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
    for entry in entries:
        for account, column, amount in effects(entry):
            for scope in scopes(account):
                for month in ("", entry.day[:7]):
                    totals[scope, month, entry.facts.listed()[1] or ""][column] += amount
    return {key: tuple(row[column] for column in COLUMNS) for key, row in totals.items()}


def naive_balances(entries: Sequence[Entry]) -> dict[tuple[str, str], int]:
    balances: dict[tuple[str, str], int] = defaultdict(int)
    for entry in entries:
        for posting in entry.postings:
            donors = posting.account.startswith("donors/")
            balances["donors" if donors else posting.account, posting.unit] += posting.amount
    return dict(balances)


def held_by_totals(totals: Totals) -> dict[tuple[str, str], int]:
    held: dict[tuple[str, str], int] = {}
    for (scope, month, unit), columns in totals.items():
        row = dict(zip(COLUMNS, columns, strict=True))
        if not month:
            gone = row["refunded"] + row["spent"] + row["passed_on"]
            held[scope, unit] = row["received"] - gone
    return held


def held_by_accounts(balances: dict[tuple[str, str], int]) -> dict[tuple[str, str], int]:
    held: dict[tuple[str, str], int] = defaultdict(int)
    for (account, unit), amount in balances.items():
        if account.startswith(("funds/", "goods/", "trusts/")):
            for scope in scopes(account):
                held[scope, unit] += amount
    return held


async def kept_balances() -> dict[tuple[str, str], int]:
    return {(row["account"], row["unit"]): row["amount"] for row in await Balance.select()}


async def kept_totals() -> Totals:
    return {
        (row["scope"], row["month"], row["unit"]): tuple(row[column] for column in COLUMNS)
        for row in await RunningTotal.select()
    }


@settings(max_examples=15)
@given(course=courses, cuts=st.sets(st.integers(0, 40), max_size=4))
async def test_balances_and_totals_are_those_that_the_entries_tell(
    made_home: MadeHome, course: list[Step], cuts: set[int]
) -> None:
    entries = entries_of(course)
    edges = [0, *sorted(cut for cut in cuts if cut < len(entries)), len(entries)]
    async with fresh_ledger(made_home) as ledger:
        for start, end in pairwise(edges):
            await append(ledger, *entries[start:end])
        stored = await stored_entries()
        assert [entry.id for entry in stored] == [entry.id for entry in entries]
        assert await kept_balances() == naive_balances(stored)
        assert await kept_totals() == naive_totals(stored)


@given(course=courses)
def test_what_totals_say_is_held_is_what_the_accounts_hold(course: list[Step]) -> None:
    summary = summarise(entries_of(course), 0)
    totals: Totals = {
        (str(scope), str(month), str(unit)): tuple(map(int, columns))
        for scope, month, unit, *columns in summary.totals
    }
    balances = {(account, unit): amount for account, unit, amount in summary.balances}
    by_accounts = held_by_accounts(balances)
    by_totals = held_by_totals(totals)
    assert {key: by_totals.get(key, 0) for key in by_accounts} == by_accounts
    assert all(held == by_accounts.get(key, 0) for key, held in by_totals.items())
    for unit in {unit for _, unit in balances}:
        assert sum(amount for (_, of_unit), amount in balances.items() if of_unit == unit) == 0


def test_a_reversal_takes_back_what_was_counted_in_the_month_of_the_reversal() -> None:
    entries = [gift(1, 250), reversal_of(0, gift(1, 250), day="2026-02-03")]
    totals = naive_totals(entries)
    assert {tuple(row) for row in summarise(entries, 0).totals} == {
        (*key, *columns) for key, columns in totals.items()
    }
    assert totals["", "2026-02", "CNY"] == (-1, 0, -250, 0, 0, 0, 0)
    assert totals["", "", "CNY"] == (0,) * len(COLUMNS)


@given(course=courses, surplus=st.integers(1, 10**12), at=st.integers(0, 40))
def test_the_lowest_point_of_an_account_is_that_of_its_running_balance(
    course: list[Step], surplus: int, at: int
) -> None:
    entries = entries_of(course)
    facts = ExpenditureFacts(
        amount=surplus, description="x", fund="water", project="p", purpose=Purpose.PROGRAM
    )
    entries.insert(at, requested("expenditure", facts, "surplus"))
    held: dict[tuple[str, str], int] = defaultdict(int)
    lowest: dict[tuple[str, str], tuple[int, int]] = {}
    for index, entry in enumerate(entries):
        for posting in entry.postings:
            key = (posting.account, posting.unit)
            if not posting.account.startswith(("funds/", "goods/", "trusts/")):
                continue
            held[key] += posting.amount
            if held[key] < lowest.get(key, (0, 0))[0]:
                lowest[key] = (held[key], index)
    summary = summarise(entries, 0)
    below = {key: low for key, low in summary.lowest.items() if low[0] < 0}
    assert below == lowest


async def test_lists_show_one_line_for_every_entry(made_home: MadeHome) -> None:
    facts = CorrectionFacts(field="x", new="x", old="y", reason="z", refers_to=0)
    entries = entries_of([step("trust_contribution", 30), step("erasure")])
    async with fresh_ledger(made_home) as ledger:
        await append(ledger, gift(1, 250), requested("correction", facts, "1"), *entries)
        rows = await MovementRow.select().order_by(MovementRow.position)
    day, nobody = "2026-01-02", (None, None)
    assert [tuple(row.values()) for row in rows[:2]] == [
        (0, IDENTIFIER, day, "donation", "general", *nobody, 250, "CNY", f"{1:032x}", None, None),
        (1, IDENTIFIER, day, "correction", None, *nobody, 0, None, None, None, 0),
    ]
    assert [(row["organisation"], row["unit"], row["trust"]) for row in rows[2:]] == [
        (IDENTIFIER, "CNY", "4403000000001"),
        (None, None, None),
    ]


async def test_lists_show_the_other_side_of_what_is_passed_on_within(
    made_home: MadeHome,
) -> None:
    entries = entries_of(
        [
            step("donation", 100),
            step("onward_transfer", 7),
            step("transfer_within", 40, organisation=OTHER, fund="water"),
            step("trust_contribution", 30),
            step("trust_grant", 20),
            step("trust_distribution", 10),
            step("reversal", pick=2),
        ]
    )
    async with fresh_ledger(made_home) as ledger:
        await append(ledger, *entries)
        rows = await MovementRow.select().order_by(MovementRow.position)
    assert [(row["kind"], row["other_organisation"], row["other_fund"]) for row in rows] == [
        ("donation", None, None),
        ("onward_transfer", None, None),
        ("onward_transfer", IDENTIFIER, "general"),
        ("trust_contribution", None, None),
        ("trust_distribution", OTHER, "general"),
        ("trust_distribution", None, None),
        ("reversal", IDENTIFIER, "general"),
    ]


@pytest.mark.parametrize(
    ("postings", "unbalanced"),
    [
        ((Posting("donors/a", -100, "CNY"), Posting("funds/a", 99, "CNY")), True),
        ((Posting("donors/a", -100, "CNY"), Posting("funds/a", 100, "USD")), True),
        ((Posting("donors/a", -100, "CNY"), Posting("funds/a", 100, "CNY")), False),
    ],
)
def test_postings_that_do_not_balance_are_refused(
    postings: tuple[Posting, ...], unbalanced: bool
) -> None:
    entry = msgspec.structs.replace(gift(1), postings=postings)
    if unbalanced:
        with pytest.raises(Refused, match="sum to zero"):
            summarise([entry], 0)
    else:
        assert sorted(summarise([entry], 0).balances) == [
            ("donors", "CNY", -100),
            ("funds/a", "CNY", 100),
        ]


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(Refused, match="kind"):
        summarise([msgspec.structs.replace(gift(1), kind="gift")], 0)
