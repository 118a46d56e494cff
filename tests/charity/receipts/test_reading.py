"""Tests of reading receipts: what each says of its gift, then and now, and whom it names."""

from charity.organisations.registry import add_fund, add_organisation
from charity.projects.tables import Campaign
from charity.receipts.issuing import issue_receipts, void_receipt
from charity.receipts.reading import DonationReceipt, Item, read_receipts
from ledger.hashing import leaf_hash
from ledger.log import Ledger
from tests.charity.receipts.receipts import GOODS, PAYER, given
from tests.conftest import ORGANISATION
from tests.ledger.entries import append, refund_of, reversal_of, stored_bodies, stored_entries

DAY = "2026-02-01"


async def receipt_of_gift(ledger: Ledger, gift: int, *, with_names: bool = True) -> DonationReceipt:
    async with ledger.write() as writer:
        [position] = await issue_receipts(writer, ORGANISATION, [gift], DAY)
    return await read(ledger, position, with_names=with_names)


async def read(ledger: Ledger, position: int, *, with_names: bool = True) -> DonationReceipt:
    [receipt] = await read_receipts(ledger.vault, [position], with_names=with_names)
    return receipt


async def test_a_receipt_names_the_donor_only_where_the_vault_may_be_opened(
    ledger: Ledger,
) -> None:
    receipt = await receipt_of_gift(ledger, await given(ledger, "1", {}))
    assert (receipt.payer, receipt.payer_code) == (PAYER, None)
    assert (receipt.full_number, receipt.amount, receipt.unit) == ("2026-000001", 100_00, "CNY")
    assert receipt.organisation == "示例基金会"
    assert receipt.leaf == leaf_hash((await stored_bodies())[receipt.position])
    assert (await read(ledger, receipt.position, with_names=False)).payer is None


async def test_a_registered_payer_has_its_credit_code(ledger: Ledger) -> None:
    await add_organisation("53330000501874064B", "示例促进会")
    receipt = await receipt_of_gift(ledger, await given(ledger, "1", {}, "示例促进会"))
    assert receipt.payer_code == "53330000501874064B"


async def test_a_gift_stands_under_the_campaign_of_its_fund_on_its_day(ledger: Ledger) -> None:
    await add_fund(ORGANISATION, "water", "虚构饮水专项", restricted=True)
    await Campaign.insert(
        Campaign(
            organisation=ORGANISATION,
            name="虚构募捐",
            filing_number="53440300000009996CA26001",
            fund="water",
            starts="2026-01-01",
            ends="2026-01-31",
            target=None,
        )
    )
    within = await given(ledger, "1", {"fund": "water"})
    before = await given(ledger, "2", {"fund": "water"}, day="2025-12-31")
    assert (await receipt_of_gift(ledger, within)).item == Item(
        "53440300000009996CA26001", "虚构募捐"
    )
    assert (await receipt_of_gift(ledger, before)).item == Item("water", "虚构饮水专项")


async def test_goods_are_read_with_their_measure(ledger: Ledger) -> None:
    gift = await given(ledger, "1", {"goods": GOODS, "amount": 30})
    receipt = await receipt_of_gift(ledger, gift)
    assert (receipt.is_goods, receipt.amount) == (True, 30)
    assert (receipt.item.goods, receipt.item.measure) == ("示例瓶装水", "箱")


async def test_refunds_before_and_after_the_issue_are_told_apart(ledger: Ledger) -> None:
    gift = await given(ledger, "1", {})
    entry = (await stored_entries())[gift]
    undone = refund_of(gift, entry, 5_00, "undone")
    [first, *_] = await append(ledger, undone, refund_of(gift, entry, 30_00, "before"))
    await append(ledger, reversal_of(first, undone))
    receipt = await receipt_of_gift(ledger, gift)
    assert (receipt.given, receipt.amount, receipt.paid_back_since) == (100_00, 70_00, 0)
    assert not receipt.is_contradicted
    await append(ledger, refund_of(gift, entry, 10_00, "after"))
    now = await read(ledger, receipt.position)
    assert (now.amount, now.paid_back_since) == (70_00, 10_00), "what it says never changes"
    assert now.is_contradicted


async def test_a_receipt_of_a_reversed_gift_is_to_be_made_void(ledger: Ledger) -> None:
    gift = await given(ledger, "1", {})
    receipt = await receipt_of_gift(ledger, gift)
    await append(ledger, reversal_of(gift, (await stored_entries())[gift]))
    assert (await read(ledger, receipt.position)).is_contradicted
    async with ledger.write() as writer:
        position = await void_receipt(writer, ORGANISATION, receipt.position, " 虚构原因 ", DAY)
    now = await read(ledger, receipt.position)
    assert now.void is not None
    assert (now.void.position, now.void.day, now.void.reason) == (position, DAY, "虚构原因")
    assert not now.is_contradicted


async def test_what_is_no_receipt_is_left_out_and_the_order_kept(ledger: Ledger) -> None:
    gifts = [await given(ledger, str(number), {}) for number in range(3)]
    async with ledger.write() as writer:
        issued = await issue_receipts(writer, ORGANISATION, gifts, DAY)
    wanted = [issued[2], gifts[0], issued[0], 10**6]
    read_back = await read_receipts(ledger.vault, wanted, with_names=False)
    assert [receipt.number for receipt in read_back] == [3, 1]
