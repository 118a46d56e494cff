"""Tests of the summaries: balances and totals are those that the entries themselves tell."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.entries import Entry, Posting
from ledger.kinds.correction import CorrectionFacts
from ledger.kinds.donation import DonationFacts
from ledger.kinds.expenditure import ExpenditureFacts, Purpose
from ledger.kinds.onward_transfer import OnwardTransferFacts
from ledger.kinds.refund import RefundFacts, RefundReason
from ledger.messages import Refused
from ledger.summaries import summarise
from ledger.tables import Balance, MovementRow, RunningTotal
from tests.conftest import fresh_ledger
from tests.ledger.entries import IDENTIFIER, append, donor, gift, requested, stored_entries

Totals = dict[tuple[str, str], tuple[int, ...]]
AMOUNT = {"donation": 1, "onward_transfer": 2, "expenditure": 3, "refund": 4}
"""The column of each kind: gifts are counted in column 0."""


class Step(NamedTuple):
    """Something that happens to a fund in a month, as far as the fund can bear it."""

    kind: str
    amount: int
    fund: str
    month: int


steps = st.builds(
    Step,
    st.sampled_from([*AMOUNT, "correction"]),
    st.integers(1, 10**12),
    st.sampled_from(["general", "water"]),
    st.integers(1, 3),
)


def entries_of(course: Sequence[Step]) -> list[Entry]:
    """Return entries that never overdraw a fund, one for each step that is possible."""
    held: dict[str, int] = defaultdict(int)
    entries: list[Entry] = []
    for number, (kind, amount, fund, month) in enumerate(course):
        facts: DonationFacts | ExpenditureFacts | RefundFacts | CorrectionFacts
        if kind == "donation":
            facts = DonationFacts(amount=amount, donor=donor(number), fund=fund)
        elif kind == "onward_transfer":
            facts = OnwardTransferFacts(amount=amount, donor=donor(number), fund=fund)
        elif kind == "correction" and entries:
            facts = CorrectionFacts(field="x", new="x", old="y", reason="z", refers_to=0)
        elif kind == "correction" or not held[fund]:
            continue
        elif kind == "expenditure":
            facts = ExpenditureFacts(
                amount=1 + amount % held[fund],
                description="示例支出",
                fund=fund,
                project=f"p{month}",
                purpose=Purpose.PROGRAM,
            )
        else:
            facts = RefundFacts(
                amount=1 + amount % held[fund],
                donor=donor(number),
                fund=fund,
                reason=RefundReason.MISTAKE,
                refers_to=0,
            )
        entries.append(requested(kind, facts, str(number), f"2026-0{month}-15"))
        for posting in entries[-1].postings:
            if posting.account.startswith("funds/"):
                held[fund] += posting.amount
    return entries


def naive_balances(entries: Sequence[Entry]) -> dict[str, int]:
    balances: dict[str, int] = defaultdict(int)
    for entry in entries:
        for posting in entry.postings:
            assert posting.unit == "CNY"
            donors = posting.account.startswith("donors/")
            balances["donors" if donors else posting.account] += posting.amount
    return dict(balances)


def naive_totals(entries: Sequence[Entry]) -> Totals:
    totals: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0] * 5)
    for entry in entries:
        if entry.kind not in AMOUNT:
            continue
        facts = entry.facts
        for scope in ("", entry.organisation, f"funds/{entry.organisation}/{facts.fund}"):
            for month in ("", entry.day[:7]):
                row = totals[scope, month]
                row[AMOUNT[entry.kind]] += facts.amount
                if entry.kind == "onward_transfer":
                    row[1] += facts.amount
                row[0] += entry.kind in {"donation", "onward_transfer"}
    return {key: tuple(row) for key, row in totals.items()}


async def kept_balances() -> dict[str, int]:
    return {row["account"]: row["amount"] for row in await Balance.select()}


async def kept_totals() -> Totals:
    columns = ("gifts", "received", "transferred", "spent", "refunded")
    return {
        (row["scope"], row["month"]): tuple(row[column] for column in columns)
        for row in await RunningTotal.select()
    }


@settings(max_examples=25)
@given(course=st.lists(steps, max_size=40), cuts=st.sets(st.integers(0, 40), max_size=4))
async def test_balances_and_totals_are_those_that_the_entries_tell(
    made_home: Path, course: list[Step], cuts: set[int]
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
        assert sum(naive_balances(stored).values()) == 0


@given(course=st.lists(steps, max_size=40), surplus=st.integers(1, 10**12), at=st.integers(0, 40))
def test_the_lowest_point_of_a_fund_is_that_of_its_running_balance(
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
            if not posting.account.startswith("funds/"):
                continue
            held[key] += posting.amount
            if held[key] < lowest.get(key, (0, 0))[0]:
                lowest[key] = (held[key], index)
    summary = summarise(entries, 0)
    below = {key: low for key, low in summary.lowest.items() if low[0] < 0}
    assert below == lowest


async def test_lists_show_one_line_for_every_entry(made_home: Path) -> None:
    facts = CorrectionFacts(field="x", new="x", old="y", reason="z", refers_to=0)
    async with fresh_ledger(made_home) as ledger:
        await append(ledger, gift(1, 250), requested("correction", facts, "1"))
        rows = await MovementRow.select().order_by(MovementRow.position)
    assert [tuple(row.values()) for row in rows] == [
        (0, IDENTIFIER, "2026-01-02", "donation", "general", 250, f"{1:032x}", None),
        (1, IDENTIFIER, "2026-01-02", "correction", None, 0, None, 0),
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
