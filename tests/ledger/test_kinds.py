"""Tests of the kinds of entries: their postings, and what the summaries take from them."""

from collections import Counter
from typing import get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.accounts import must_stay_covered
from ledger.entries import Currency, Entry, Facts, FundPlace, entry_bytes
from ledger.kinds import KINDS, parse_entry
from ledger.kinds.correction import CorrectionFacts
from ledger.kinds.donation import DonationFacts
from ledger.kinds.erasure import ErasureFacts, ErasureGround
from ledger.kinds.expenditure import ExpenditureFacts, Purpose
from ledger.kinds.goods_distribution import GoodsDistributionFacts
from ledger.kinds.goods_donation import GoodsDonationFacts
from ledger.kinds.kind import Kind
from ledger.kinds.onward_transfer import OnwardTransferFacts
from ledger.kinds.pledge import PledgeFacts
from ledger.kinds.refund import RefundFacts, RefundReason
from ledger.kinds.reversal import ReversalFacts
from ledger.kinds.trust_contribution import TrustContributionFacts
from ledger.kinds.trust_distribution import TrustDistributionFacts
from ledger.messages import Refused
from tests.ledger.entries import (
    FUND,
    IDENTIFIER,
    donor,
    facts_of,
    gift,
    requested,
    reversal_of,
    spending,
)

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
    counts = facts.counting is not None and kind.name != "pledge"
    assert moved == (2 * abs(facts.listed()[0]) if counts else 0)


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
    assert facts.listed() == (40, "CNY", "general", f"{7:032x}", 3)


WATER = "goods:示例瓶装水/箱"
OTHER = "CN-USCI-53330000501874064B"
TRUST = f"trusts/{IDENTIFIER}/4403000000001"


@pytest.mark.parametrize(
    ("facts", "postings"),
    [
        (
            GoodsDonationFacts(amount=3, donor=donor(7), fund="general", goods=WATER),
            {DONOR: -3, f"goods/{IDENTIFIER}/general": 3},
        ),
        (
            GoodsDistributionFacts(
                amount=2, description="示例", fund="general", goods=WATER, project="p"
            ),
            {f"goods/{IDENTIFIER}/general": -2, f"spent/{IDENTIFIER}/p/program": 2},
        ),
        (
            RefundFacts(
                amount=1,
                donor=donor(7),
                fund="general",
                goods=WATER,
                reason=RefundReason.MISTAKE,
                refers_to=0,
            ),
            {f"goods/{IDENTIFIER}/general": -1, DONOR: 1},
        ),
    ],
)
def test_goods_are_posted_in_their_own_unit(facts: Facts, postings: dict[str, int]) -> None:
    made = facts.postings(IDENTIFIER)
    assert {posting.account: posting.amount for posting in made} == postings
    assert {posting.unit for posting in made} == {WATER}


@pytest.mark.parametrize(
    ("facts", "postings"),
    [
        (
            OnwardTransferFacts(
                amount=5, fund="general", giver=FundPlace(fund="water", organisation=OTHER)
            ),
            {f"funds/{OTHER}/water": -5, FUND: 5},
        ),
        (
            TrustContributionFacts(amount=9, settlor=donor(7), trust="4403000000001"),
            {DONOR: -9, TRUST: 9},
        ),
        (
            TrustDistributionFacts(amount=4, description="示例", trust="4403000000001"),
            {TRUST: -4, f"spent/{TRUST}/program": 4},
        ),
        (
            TrustDistributionFacts(
                amount=4,
                description="示例",
                recipient=FundPlace(fund="water", organisation=OTHER),
                trust="4403000000001",
            ),
            {TRUST: -4, f"funds/{OTHER}/water": 4},
        ),
        (PledgeFacts(amount=1, donor=donor(7), fund="general"), {}),
        (reversal_of(0, gift(7, 250)).facts, {DONOR: 250, FUND: -250}),
    ],
)
def test_postings_between_organisations_and_trusts(facts: Facts, postings: dict[str, int]) -> None:
    assert {posting.account: posting.amount for posting in facts.postings(IDENTIFIER)} == postings


def test_a_transfer_within_one_organisation_is_none() -> None:
    giver = FundPlace(fund="water", organisation=IDENTIFIER)
    facts = OnwardTransferFacts(amount=5, fund="general", giver=giver)
    with pytest.raises(Refused, match="one organisation to another"):
        facts.postings(IDENTIFIER)


@pytest.mark.parametrize("giver", [None, FundPlace(fund="water", organisation=OTHER)])
def test_a_transfer_names_a_donor_or_a_giver(giver: FundPlace | None) -> None:
    with pytest.raises(ValueError, match="a donor or a giver"):
        OnwardTransferFacts(
            amount=5, donor=donor(1) if giver else None, fund="general", giver=giver
        )


@pytest.mark.parametrize("kind", ["reversal", "correction", "pledge", "seal", "nothing"])
def test_what_moved_nothing_cannot_be_reversed(kind: str) -> None:
    with pytest.raises(ValueError, match="cannot be reversed"):
        ReversalFacts(facts={}, kind=kind, reason="虚构", refers_to=0)


def test_a_reversal_tells_by_its_sign_who_loses_what_was_reversed() -> None:
    assert reversal_of(3, gift(7, 250)).facts.listed() == (
        -250,
        "CNY",
        "general",
        f"{7:032x}",
        3,
    )
    assert reversal_of(4, spending(1, 30)).facts.listed() == (30, "CNY", "general", None, 4)


@pytest.mark.parametrize("currency", get_args(Currency))
def test_only_another_currency_than_the_yuan_stands_in_the_bytes(currency: Currency) -> None:
    facts = DonationFacts(amount=250, currency=currency, donor=donor(7), fund="general")
    entry = requested("donation", facts, "1")
    assert {posting.unit for posting in entry.postings} == {currency}
    written = msgspec.json.decode(entry_bytes(entry))["facts"]
    assert written.get("currency") == (None if currency == "CNY" else currency)


def test_entries_of_the_log_itself_name_no_organisation() -> None:
    facts = ErasureFacts(count=2, ground=ErasureGround.CONSENT_WITHDRAWN)
    body = entry_bytes(requested("erasure", facts, "1", organisation=None))
    assert b"organisation" not in body
    assert parse_entry(body).facts == facts
    assert {name for name, kind in KINDS.items() if kind.of_log} == {
        "statement",
        "seal",
        "key_rotation",
        "erasure",
    }


@pytest.mark.parametrize(
    "entry",
    [
        requested("erasure", ErasureFacts(count=2, ground=ErasureGround.REQUIRED), "1"),
        requested("donation", gift(1).facts, "1", organisation=None),
    ],
)
def test_whose_entry_it_is_follows_from_its_kind(entry: Entry) -> None:
    with pytest.raises(Refused, match="must name its organisation"):
        parse_entry(entry_bytes(entry))


@pytest.mark.parametrize(
    "unit",
    [
        "goods:水",
        "goods:水/",
        "goods:/箱",
        "水/箱",
        "goods:a b/箱",
        "goods:" + "水" * 51 + "/箱",
        "CNY",
    ],
)
def test_what_is_no_unit_of_goods_is_refused(unit: str) -> None:
    facts = GoodsDonationFacts(amount=3, donor=donor(7), fund="general", goods=unit)
    with pytest.raises(Refused, match="no entry of the ledger"):
        parse_entry(entry_bytes(requested("goods_donation", facts, "1")))


def test_only_funds_goods_and_trusts_must_be_covered() -> None:
    accounts = (DONOR, FUND, f"spent/{IDENTIFIER}/p/program", TRUST, "goods/x/y")
    assert list(filter(must_stay_covered, accounts)) == [FUND, TRUST, "goods/x/y"]
