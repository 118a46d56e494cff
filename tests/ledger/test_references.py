"""Tests of the rules for entries that refer to earlier ones."""

from typing import Any

import msgspec
import pytest
from hypothesis import given

from ledger.entries import Entry
from ledger.kinds.correction import CorrectionFacts
from ledger.kinds.donation import DonationFacts, Donor, Visibility
from ledger.kinds.goods_donation import GoodsDonationFacts
from ledger.kinds.onward_transfer import OnwardTransferFacts
from ledger.kinds.pledge import PledgeFacts
from ledger.kinds.reversal import ReversalFacts
from ledger.messages import Refused
from ledger.references import References, Referred, check_reference, reference_of
from tests.ledger.courses import GOODS, OTHER, Step, courses, entries_of
from tests.ledger.entries import donor, gift, refund_of, requested, reversal_of, spending

GIFT = gift(1, 500)
TRANSFER = requested(
    "onward_transfer", OnwardTransferFacts(amount=500, donor=donor(1), fund="general"), "transfer"
)
GOODS_GIFT = requested(
    "goods_donation",
    GoodsDonationFacts(amount=500, donor=donor(1), fund="general", goods=GOODS),
    "goods",
)


def named(number: int) -> Donor:
    return Donor(reference=f"{number:032x}", visibility=Visibility.NAMED)


def pledged(number: int, **fields: Any) -> Entry:
    plain: dict[str, Any] = {"amount": 500, "donor": named(number), "fund": "general"}
    return requested("pledge", PledgeFacts(**plain | fields), f"pledge-{number}")


def paid(number: int, **fields: Any) -> Entry:
    plain: dict[str, Any] = {"amount": 100, "donor": named(number), "fund": "general", "pledge": 0}
    return requested("donation", DonationFacts(**plain | fields), f"paid-{number}")


def correction(position: int, organisation: str | None = None) -> Entry:
    facts = CorrectionFacts(field="x", new="x", old="y", reason="z", refers_to=position)
    plain = requested("correction", facts, f"correction-{position}")
    return plain if organisation is None else elsewhere(plain, organisation)


def elsewhere(entry: Entry, organisation: str = OTHER) -> Entry:
    return msgspec.structs.replace(entry, organisation=organisation)


def stream(*entries: Entry) -> References:
    """Return the state after these entries; each may refer to those before it."""
    references = References(entries.__getitem__)
    for position, entry in enumerate(entries):
        references.add(position, entry)
    return references


@pytest.mark.parametrize("given_entry", [GIFT, TRANSFER, GOODS_GIFT])
def test_a_refund_pays_back_a_gift_up_to_its_amount(given_entry: Entry) -> None:
    last = refund_of(0, given_entry, 200)
    check_reference(last, Referred(given_entry, 0, refunded=300))
    with pytest.raises(Refused, match="only 199"):
        check_reference(last, Referred(given_entry, 0, refunded=301))


@pytest.mark.parametrize(
    "fields",
    [{"donor": donor(2)}, {"fund": "water"}, {"currency": "HKD"}, {"goods": GOODS}],
)
def test_a_refund_goes_the_way_that_its_gift_came(fields: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="the donor, the fund and the unit"):
        check_reference(refund_of(0, GIFT, 1, **fields), Referred(GIFT, 0))


@pytest.mark.parametrize("other", [spending(1, 500), pledged(1), elsewhere(GIFT)])
def test_only_a_gift_to_the_organisation_is_paid_back(other: Entry) -> None:
    with pytest.raises(Refused, match="no gift to"):
        check_reference(refund_of(0, GIFT, 1), Referred(other, 0))


@pytest.mark.parametrize("entry", [refund_of(7, GIFT, 1), reversal_of(7, GIFT), correction(7)])
def test_what_refers_to_nothing_is_refused(entry: Entry) -> None:
    with pytest.raises(Refused, match="no entry 7"):
        check_reference(entry, None)
    assert reference_of(entry) == 7


def test_what_refers_to_none_passes() -> None:
    check_reference(GIFT, None)
    assert reference_of(GIFT) is None


@pytest.mark.parametrize(
    "referred", [gift(1, 501), gift(2, 500), spending(1, 500), elsewhere(GIFT), TRANSFER]
)
def test_a_reversal_repeats_what_it_reverses(referred: Entry) -> None:
    check_reference(reversal_of(0, GIFT), Referred(GIFT, 0))
    with pytest.raises(Refused, match="A reversal repeats"):
        check_reference(reversal_of(0, GIFT), Referred(referred, 0))


@pytest.mark.parametrize("entry", [refund_of(0, GIFT, 1), reversal_of(0, GIFT)])
def test_what_was_reversed_is_neither_paid_back_nor_reversed_again(entry: Entry) -> None:
    with pytest.raises(Refused, match="was reversed by entry 5"):
        check_reference(entry, Referred(GIFT, 0, reversed_at=5))


def test_a_gift_with_refunds_is_not_reversed() -> None:
    with pytest.raises(Refused, match="reverse the refunds first"):
        check_reference(reversal_of(0, GIFT), Referred(GIFT, 0, refunded=1))


@pytest.mark.parametrize(
    "fields",
    [{"donor": named(2)}, {"fund": "water"}, {"currency": "USD"}],
)
def test_a_pledge_is_paid_by_its_donor_into_its_fund(fields: dict[str, Any]) -> None:
    check_reference(paid(1), Referred(pledged(1), 0))
    with pytest.raises(Refused, match="has its donor, fund and currency"):
        check_reference(paid(1, **fields), Referred(pledged(1), 0))


def test_an_anonymous_donor_may_pay_under_a_fresh_reference() -> None:
    check_reference(paid(2, donor=donor(2)), Referred(pledged(1), 0))
    check_reference(paid(2), Referred(pledged(1, donor=donor(1)), 0))


@pytest.mark.parametrize("other", [GIFT, elsewhere(pledged(1))])
def test_a_gift_is_paid_against_nothing_but_a_pledge(other: Entry) -> None:
    with pytest.raises(Refused, match="no pledge to"):
        check_reference(paid(1), Referred(other, 0))


def test_an_organisation_corrects_its_own_entries() -> None:
    check_reference(correction(0), Referred(GIFT, 0))
    check_reference(correction(0), Referred(correction(0), 0))
    with pytest.raises(Refused, match="another organisation's"):
        check_reference(correction(0, OTHER), Referred(GIFT, 0))


@pytest.mark.parametrize("position", [1, 2, 10**9])
def test_an_entry_refers_only_to_what_was_before_it(position: int) -> None:
    with pytest.raises(Refused, match=f"no entry {position}"):
        stream(GIFT, refund_of(position, GIFT, 1))


def test_refunds_add_up_over_a_stream_until_they_are_reversed() -> None:
    refunds = [refund_of(0, GIFT, 250, "a"), refund_of(0, GIFT, 250, "b")]
    assert stream(GIFT, *refunds).referred(0).refunded == 500
    with pytest.raises(Refused, match="only 0 fen"):
        stream(GIFT, *refunds, refund_of(0, GIFT, 1, "c"))
    undone = stream(GIFT, *refunds, reversal_of(2, refunds[1]), refund_of(0, GIFT, 250, "c"))
    assert undone.referred(0).refunded == 500
    assert undone.referred(2).reversed_at == 3


def test_payments_add_up_over_a_stream_until_they_are_reversed() -> None:
    entries = [pledged(1), paid(1), paid(1, amount=50)]
    assert stream(*entries).referred(0).paid == 150
    assert stream(*entries, reversal_of(1, paid(1))).referred(0).paid == 50


@given(course=courses)
def test_in_every_allowed_course_nothing_is_paid_back_beyond_its_gift(course: list[Step]) -> None:
    entries = entries_of(course)
    reversed_positions = {
        entry.facts.refers_to for entry in entries if isinstance(entry.facts, ReversalFacts)
    }
    reversals = [entry for entry in entries if entry.kind == "reversal"]
    assert len(reversals) == len(reversed_positions)
    for position, entry in enumerate(entries):
        back = sum(
            other.facts.amount
            for place, other in enumerate(entries)
            if other.kind == "refund"
            and other.facts.refers_to == position
            and place not in reversed_positions
        )
        assert back <= (0 if position in reversed_positions else abs(entry.facts.listed()[0]))
