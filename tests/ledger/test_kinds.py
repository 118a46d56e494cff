"""Tests of the kinds of entries: their postings, and what the summaries take from them."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.accounts import must_stay_covered
from ledger.entries import Facts
from ledger.kinds import KINDS
from ledger.kinds.correction import CorrectionFacts
from ledger.kinds.expenditure import ExpenditureFacts, Purpose
from ledger.kinds.kind import Kind, Total
from ledger.kinds.onward_transfer import OnwardTransferFacts
from ledger.kinds.refund import RefundFacts, RefundReason
from tests.ledger.entries import FUND, IDENTIFIER, donor, facts_of, gift

DONOR = "donors/" + f"{7:032x}"


def test_each_kind_is_found_under_its_own_name() -> None:
    assert {name: kind.name for name, kind in KINDS.items()} == {name: name for name in KINDS}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@settings(max_examples=15)
@given(data=st.data())
def test_postings_sum_to_zero_in_every_unit(kind: Kind, data: st.DataObject) -> None:
    facts = data.draw(facts_of(kind))
    sums: Counter[str] = Counter()
    for posting in facts.postings(IDENTIFIER):
        sums[posting.unit] += posting.amount
    assert set(sums.values()) <= {0}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@settings(max_examples=15)
@given(data=st.data())
def test_a_kind_moves_money_exactly_when_it_counts_in_a_total(
    kind: Kind, data: st.DataObject
) -> None:
    facts = data.draw(facts_of(kind))
    moved = sum(abs(posting.amount) for posting in facts.postings(IDENTIFIER))
    expected = 2 * facts.listed()[0] if kind.total else 0
    assert moved == expected


@pytest.mark.parametrize(
    ("facts", "postings"),
    [
        (gift(7, 250).facts, {DONOR: -250, FUND: 250}),
        (
            OnwardTransferFacts(amount=250, donor=donor(7), fund="general"),
            {DONOR: -250, FUND: 250},
        ),
        (
            ExpenditureFacts(
                amount=30,
                description="示例支出",
                fund="general",
                project="water",
                purpose=Purpose.ADMINISTRATION,
            ),
            {FUND: -30, f"spent/{IDENTIFIER}/water/administration": 30},
        ),
        (
            RefundFacts(
                amount=40,
                donor=donor(7),
                fund="general",
                reason=RefundReason.MISTAKE,
                refers_to=3,
            ),
            {FUND: -40, DONOR: 40},
        ),
        (CorrectionFacts(field="day", new="a", old="b", reason="c", refers_to=0), {}),
    ],
)
def test_postings_of_a_kind(facts: Facts, postings: dict[str, int]) -> None:
    made = facts.postings(IDENTIFIER)
    assert {posting.account: posting.amount for posting in made} == postings
    assert {posting.unit for posting in made} <= {"CNY"}


def test_a_refund_is_listed_with_its_fund_its_donor_and_its_gift() -> None:
    facts = RefundFacts(
        amount=40, donor=donor(7), fund="general", reason=RefundReason.MINOR, refers_to=3
    )
    assert facts.listed() == (40, "general", f"{7:032x}", 3)


def test_only_money_received_counts_as_received_or_transferred() -> None:
    assert {name: kind.total for name, kind in KINDS.items()} == {
        "donation": Total.RECEIVED,
        "onward_transfer": Total.TRANSFERRED,
        "expenditure": Total.SPENT,
        "refund": Total.REFUNDED,
        "correction": None,
        "disclosure": None,
    }


def test_only_funds_and_trusts_must_be_covered() -> None:
    accounts = (DONOR, FUND, f"spent/{IDENTIFIER}/p/program", "trusts/x")
    assert list(filter(must_stay_covered, accounts)) == [FUND, "trusts/x"]
