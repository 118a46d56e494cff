"""Tests of single facts: spending, refunds up to what was given, corrections of one's own."""

from pathlib import Path

import pytest

from charity.organisations.registry import add_organisation
from charity.reporting.records import (
    Request,
    record_correction,
    record_expenditures,
    record_filing,
    record_gift,
    record_goods_distribution,
    record_pledge,
    record_refund,
    record_reversal,
    record_transfer,
    record_trust_contribution,
    record_trust_distribution,
)
from ledger.entries import FundPlace, request_id
from ledger.kinds.correction import CorrectionFacts
from ledger.kinds.donation import DonationFacts
from ledger.kinds.expenditure import ExpenditureFacts, Purpose
from ledger.kinds.filing import FilingFacts
from ledger.kinds.goods_distribution import GoodsDistributionFacts
from ledger.kinds.goods_donation import GoodsDonationFacts
from ledger.kinds.onward_transfer import OnwardTransferFacts
from ledger.kinds.pledge import PledgeFacts
from ledger.kinds.refund import RefundReason
from ledger.kinds.trust_contribution import TrustContributionFacts
from ledger.kinds.trust_distribution import TrustDistributionFacts
from ledger.log import Ledger
from ledger.messages import Refused
from ledger.tables import Balance, RunningTotal
from tests.charity.importing import run_import, write_list
from tests.conftest import ORGANISATION
from tests.ledger.entries import (
    FUND,
    IDENTIFIER,
    append,
    donor,
    gift,
    requested,
    spending,
    stored_bodies,
    stored_entries,
)

OTHER = "53330000501874064B"
GOODS = "goods:示例文具/套"


def request(key: str, organisation: str = ORGANISATION) -> Request:
    return Request(organisation, "2026-01-03", key)


def spent(amount: int) -> ExpenditureFacts:
    return ExpenditureFacts(
        amount=amount, description="示例支出", fund="general", project="p", purpose=Purpose.PROGRAM
    )


async def refund(ledger: Ledger, position: int, amount: int, *keys: str) -> list[int]:
    async with ledger.write() as writer:
        return [
            await record_refund(writer, request(key), position, amount, RefundReason.MISTAKE)
            for key in keys
        ]


async def held() -> int:
    row = await Balance.select(Balance.amount).where(Balance.account == FUND).first()
    return int(row["amount"]) if row else 0


async def test_spendings_are_appended_as_one_batch(ledger: Ledger) -> None:
    await append(ledger, gift(1, 500))
    async with ledger.write() as writer:
        spendings = [(request("a"), spent(100)), (request("b"), spent(400))]
        assert await record_expenditures(writer, spendings) == range(1, 3)
    entries = await stored_entries()
    assert [entry.facts for entry in entries[1:]] == [spent(100), spent(400)]
    assert [entry.id for entry in entries[1:]] == [request_id(IDENTIFIER, key) for key in "ab"]
    assert await held() == 0


async def test_spendings_beyond_the_fund_are_refused_whole(ledger: Ledger) -> None:
    await append(ledger, gift(1, 500))
    async with ledger.write() as writer:
        pass
    with pytest.raises(Refused, match="below zero"):
        async with ledger.write() as writer:
            await record_expenditures(
                writer, [(request("a"), spent(1)), (request("b"), spent(500))]
            )
    assert len(await stored_bodies()) == 1


async def test_a_gift_is_paid_back_in_parts_and_never_beyond_its_amount(ledger: Ledger) -> None:
    await append(ledger, gift(1, 500), gift(2, 500))
    assert await refund(ledger, 0, 200, "a", "b") == [2, 3]
    with pytest.raises(Refused, match="only 100 fen are left to pay back, not 101"):
        await refund(ledger, 0, 101, "c")
    assert await refund(ledger, 0, 100, "c") == [4]
    with pytest.raises(Refused, match="only 0 fen are left"):
        await refund(ledger, 0, 1, "d")
    assert await held() == 500
    last = (await stored_entries())[4]
    assert (last.facts.donor, last.facts.fund, last.facts.refers_to) == (donor(1), "general", 0)


async def test_a_refund_beyond_the_gift_within_one_write_is_refused(ledger: Ledger) -> None:
    await append(ledger, gift(1, 500), gift(2, 500))
    with pytest.raises(Refused, match="only 200 fen"):
        await refund(ledger, 0, 300, "a", "b")
    assert len(await stored_bodies()) == 2


@pytest.mark.parametrize("amount", [0, -1, -500])
async def test_a_refund_of_nothing_or_less_is_refused(ledger: Ledger, amount: int) -> None:
    await append(ledger, gift(1, 500))
    with pytest.raises(Refused):
        await refund(ledger, 0, amount, "a")
    assert (len(await stored_bodies()), await held()) == (1, 500)


async def test_a_refund_of_money_that_is_spent_is_refused(ledger: Ledger) -> None:
    await append(ledger, gift(1, 500), spending(1, 450))
    with pytest.raises(Refused, match="below zero"):
        await refund(ledger, 0, 51, "a")
    assert await refund(ledger, 0, 50, "a") == [2]


async def test_an_onward_transfer_is_paid_back_like_a_gift(ledger: Ledger) -> None:
    facts = OnwardTransferFacts(amount=70, donor=donor(1), fund="general")
    await append(ledger, requested("onward_transfer", facts, "1"))
    assert await refund(ledger, 0, 70, "a") == [1]


@pytest.mark.parametrize(
    ("position", "message"),
    [(1, "is no gift"), (2, "no entry 2"), (2**63, "no entry"), (-1, "no entry")],
)
async def test_a_refund_of_what_is_no_gift_is_refused(
    ledger: Ledger, position: int, message: str
) -> None:
    await append(ledger, gift(1, 500), spending(1, 100))
    with pytest.raises(Refused, match=message):
        await refund(ledger, position, 1, "a")


async def test_a_refund_of_another_organisations_gift_is_refused(ledger: Ledger) -> None:
    await append(ledger, gift(1, 500))
    with pytest.raises(Refused, match="no gift to"):
        async with ledger.write() as writer:
            await record_refund(writer, request("a", OTHER), 0, 1, RefundReason.FRAUD)


async def test_the_same_request_again_is_refused(ledger: Ledger) -> None:
    await append(ledger, gift(1, 500))
    await refund(ledger, 0, 1, "a")
    with pytest.raises(Refused, match="already"):
        await refund(ledger, 0, 1, "a")
    assert len(await stored_bodies()) == 2


CORRECTION = CorrectionFacts(
    by="财务部", field="day", new="2026-01-01", old="2026-01-02", reason="错", refers_to=0
)


async def test_a_correction_of_ones_own_entry_is_appended(ledger: Ledger) -> None:
    await append(ledger, gift(1))
    async with ledger.write() as writer:
        assert await record_correction(writer, request("a"), CORRECTION) == 1
    assert (await stored_entries())[1].facts == CORRECTION


async def test_a_correction_of_another_organisations_entry_is_refused(ledger: Ledger) -> None:
    await append(ledger, gift(1))
    with pytest.raises(Refused, match="another organisation's"):
        async with ledger.write() as writer:
            await record_correction(writer, request("a", OTHER), CORRECTION)
    assert len(await stored_bodies()) == 1


async def test_a_correction_of_what_is_not_there_is_refused(ledger: Ledger) -> None:
    with pytest.raises(Refused, match="no entry 0"):
        async with ledger.write() as writer:
            await record_correction(writer, request("a"), CORRECTION)


@pytest.mark.parametrize("text", ["", "x" * 501])
async def test_a_correction_that_nobody_could_parse_again_is_refused(
    ledger: Ledger, text: str
) -> None:
    await append(ledger, gift(1))
    facts = CorrectionFacts(by="财务部", field="day", new=text, old="b", reason="c", refers_to=0)
    with pytest.raises(Refused):
        async with ledger.write() as writer:
            await record_correction(writer, request("a"), facts)
    assert len(await stored_bodies()) == 1


async def test_a_gift_of_an_imported_list_can_be_paid_back(ledger: Ledger, tmp_path: Path) -> None:
    await add_organisation(OTHER, "另一示例基金会")
    await run_import(ledger, write_list(tmp_path, "虚构甲,5,"))
    assert await refund(ledger, 0, 500, "a") == [1]
    gift_facts, refund_facts = (entry.facts for entry in await stored_entries())
    assert refund_facts.donor == gift_facts.donor


async def test_a_correction_without_an_office_is_refused(ledger: Ledger) -> None:
    await append(ledger, gift(1))
    facts = CorrectionFacts(field="day", new="a", old="b", reason="c", refers_to=0)
    async with ledger.write() as writer:
        with pytest.raises(Refused, match="by which office"):
            await record_correction(writer, request("a"), facts)


async def test_goods_are_given_back_in_their_own_unit(ledger: Ledger) -> None:
    water = "goods:示例瓶装水/箱"
    facts = GoodsDonationFacts(amount=9, donor=donor(1), fund="general", goods=water)
    await append(ledger, *(requested("goods_donation", facts, key) for key in "12"))
    assert await refund(ledger, 0, 4, "a") == [2]
    with pytest.raises(Refused, match=f"only 5 {water} are left"):
        await refund(ledger, 0, 6, "b")
    rows = await Balance.select().where(Balance.account == FUND.replace("funds/", "goods/"))
    assert [(row["unit"], row["amount"]) for row in rows] == [(water, 14)]


async def reverse(ledger: Ledger, position: int, key: str, organisation: str = ORGANISATION) -> int:
    async with ledger.write() as writer:
        return await record_reversal(writer, request(key, organisation), position, "虚构的误记")


async def test_an_entry_is_reversed_once(ledger: Ledger) -> None:
    await append(ledger, gift(1, 500), spending(1, 200))
    assert await reverse(ledger, 1, "a") == 2
    assert await held() == 500
    with pytest.raises(Refused, match="was reversed by entry 2"):
        await reverse(ledger, 1, "b")
    with pytest.raises(Refused, match="cannot be reversed"):
        await reverse(ledger, 2, "c")
    assert await reverse(ledger, 0, "d") == 3
    assert await held() == 0


async def test_a_gift_that_was_paid_back_is_reversed_only_after_its_refunds(
    ledger: Ledger,
) -> None:
    await append(ledger, gift(1, 500), gift(2, 500))
    await refund(ledger, 0, 200, "a")
    with pytest.raises(Refused, match="reverse the refunds first"):
        await reverse(ledger, 0, "b")
    assert await reverse(ledger, 2, "b") == 3
    assert await refund(ledger, 0, 500, "c") == [4]


async def test_money_that_is_spent_cannot_be_reversed_away(ledger: Ledger) -> None:
    await append(ledger, gift(1, 500), spending(1, 1))
    with pytest.raises(Refused, match="below zero"):
        await reverse(ledger, 0, "a")
    with pytest.raises(Refused, match="A reversal repeats"):
        await reverse(ledger, 1, "a", OTHER)
    with pytest.raises(Refused, match="no entry 2"):
        await reverse(ledger, 2, "a")


async def test_a_pledge_is_no_gift_until_it_is_paid(ledger: Ledger) -> None:
    async with ledger.write() as writer:
        pledge = PledgeFacts(amount=900, donor=donor(1), fund="general")
        assert await record_pledge(writer, request("a"), pledge) == 0
    assert await held() == 0
    paid = DonationFacts(amount=400, donor=donor(1), fund="general", pledge=0)
    await append(ledger, requested("donation", paid, "b"))
    row = await RunningTotal.select().where(
        (RunningTotal.scope == IDENTIFIER) & (RunningTotal.month == "")
    )
    assert [(one["pledged"], one["received"], one["gifts"]) for one in row] == [(900, 400, 1)]


async def test_money_passed_on_within_the_ledger_is_no_new_giving(ledger: Ledger) -> None:
    await append(ledger, gift(1, 500))
    giver = FundPlace(fund="general", organisation=IDENTIFIER)
    async with ledger.write() as writer:
        assert await record_transfer(writer, request("a", OTHER), giver, "water", 300) == 1
    assert await held() == 200
    rows = await RunningTotal.select().where(RunningTotal.month == "")
    totals = {row["scope"]: row for row in rows}
    assert totals[""]["received"] - totals[""]["transferred"] == 500
    assert totals[IDENTIFIER]["passed_on"] == totals[f"CN-USCI-{OTHER}"]["transferred"] == 300
    with pytest.raises(Refused, match="below zero"):
        async with ledger.write() as writer:
            await record_transfer(writer, request("b", OTHER), giver, "water", 201)


async def test_gifts_of_money_and_goods_are_recorded(ledger: Ledger) -> None:
    money = DonationFacts(amount=500, currency="USD", donor=donor(1), fund="general")
    goods = GoodsDonationFacts(amount=30, donor=donor(2), fund="general", goods=GOODS)
    out = GoodsDistributionFacts(
        amount=20, description="示例发放", fund="general", goods=GOODS, project="p"
    )
    async with ledger.write() as writer:
        assert await record_gift(writer, request("money"), money) == 0
        assert await record_gift(writer, request("goods"), goods) == 1
        assert await record_goods_distribution(writer, request("out"), out) == 2
    entries = await stored_entries()
    assert [entry.kind for entry in entries] == ["donation", "goods_donation", "goods_distribution"]
    assert [entry.facts for entry in entries] == [money, goods, out]
    with pytest.raises(Refused, match="below zero"):
        async with ledger.write() as writer:
            await record_goods_distribution(writer, request("again"), out)


async def test_a_trust_takes_and_gives(ledger: Ledger) -> None:
    put_in = TrustContributionFacts(amount=900, settlor=donor(1), trust="XT-1")
    recipient = FundPlace(fund="general", organisation=f"CN-USCI-{OTHER}")
    grant = TrustDistributionFacts(
        amount=500, description="示例资助", recipient=recipient, trust="XT-1"
    )
    async with ledger.write() as writer:
        assert await record_trust_contribution(writer, request("in"), put_in) == 0
        assert await record_trust_distribution(writer, request("out"), grant) == 1
    entries = await stored_entries()
    assert [(entry.kind, entry.organisation) for entry in entries] == [
        ("trust_contribution", IDENTIFIER),
        ("trust_distribution", IDENTIFIER),
    ]
    with pytest.raises(Refused, match="below zero"):
        async with ledger.write() as writer:
            await record_trust_distribution(writer, request("more"), grant)


async def test_a_trust_is_spent_by_its_trustee_alone(ledger: Ledger) -> None:
    put_in = TrustContributionFacts(amount=900, settlor=donor(1), trust="XT-1")
    spent_on_purpose = TrustDistributionFacts(amount=500, description="示例资助", trust="XT-1")
    async with ledger.write() as writer:
        await record_trust_contribution(writer, request("in"), put_in)
    with pytest.raises(Refused, match=f"bring trusts/CN-USCI-{OTHER}/XT-1 to -500 CNY"):
        async with ledger.write() as writer:
            await record_trust_distribution(writer, request("out", OTHER), spent_on_purpose)
    async with ledger.write() as writer:
        await record_trust_contribution(writer, request("in", OTHER), put_in)
        await record_trust_distribution(writer, request("out", OTHER), spent_on_purpose)
    rows = await Balance.select().where(Balance.account.like("trusts/%"))
    assert {row["account"]: row["amount"] for row in rows} == {
        f"trusts/{IDENTIFIER}/XT-1": 900,
        f"trusts/CN-USCI-{OTHER}/XT-1": 400,
    }


async def test_a_filing_is_recorded(ledger: Ledger) -> None:
    facts = FilingFacts(digest="0" * 64, number="SAMPLE-1", subject="示例备案")
    async with ledger.write() as writer:
        assert await record_filing(writer, request("filing"), facts) == 0
    [entry] = await stored_entries()
    assert (entry.kind, entry.facts, entry.postings) == ("filing", facts, ())
