"""Tests of issuing receipts and making them void: numbers go on, a write is whole or nothing."""

import pytest

from charity.receipts.issuing import issue_receipts, void_receipt
from charity.receipts.lists import (
    GiftFilter,
    find_receipts,
    gifts_without_receipt,
    receipt_years,
    receipts_for,
    receipts_of_entry,
    receipts_of_year,
    void_count,
)
from ledger.auditing.audit import audit_log
from ledger.kinds.donation_receipt import FiscalReceipt
from ledger.log import Ledger
from ledger.messages import Refused
from tests.conftest import ORGANISATION
from tests.ledger.entries import (
    append,
    append_gifts,
    gift,
    refund_of,
    reversal_of,
    spending,
    stored_entries,
)

DAY = "2026-02-01"
ALL = GiftFilter()


async def issue(ledger: Ledger, *gifts: int, day: str = DAY) -> range:
    async with ledger.write() as writer:
        return await issue_receipts(writer, ORGANISATION, gifts, day)


async def void(ledger: Ledger, receipt: int, reason: str = "虚构原因") -> int:
    async with ledger.write() as writer:
        return await void_receipt(writer, ORGANISATION, receipt, reason, DAY)


async def numbers() -> list[tuple[str, int]]:
    return [
        (entry.day[:4], entry.facts.number)
        for entry in await stored_entries()
        if entry.kind == "donation_receipt"
    ]


async def test_numbers_go_on_within_a_write_and_from_write_to_write(ledger: Ledger) -> None:
    await append_gifts(ledger, 0, 6)
    assert await issue(ledger, 2, 0) == range(6, 8)
    async with ledger.write() as writer:
        await issue_receipts(writer, ORGANISATION, [1], DAY)
        await issue_receipts(writer, ORGANISATION, [3], DAY)
    await issue(ledger, 4, day="2027-01-01")
    await issue(ledger, 5)
    assert await numbers() == [("2026", n) for n in (1, 2, 3, 4)] + [("2027", 1), ("2026", 5)]
    assert not (await audit_log(ledger)).problems


async def test_one_wrong_gift_and_nothing_is_issued(ledger: Ledger) -> None:
    await append_gifts(ledger, 0, 3)
    await issue(ledger, 1)
    with pytest.raises(Refused, match="gift 1 has a valid receipt already"):
        await issue(ledger, 0, 1, 2)
    assert await numbers() == [("2026", 1)]
    await issue(ledger, 0, 2)
    assert await numbers() == [("2026", 1), ("2026", 2), ("2026", 3)]


async def test_a_void_receipt_keeps_its_number_and_a_new_one_may_follow(ledger: Ledger) -> None:
    await append_gifts(ledger, 0, 1)
    await issue(ledger, 0)
    await void(ledger, 1)
    assert await issue(ledger, 0) == range(3, 4)
    assert await numbers() == [("2026", 1), ("2026", 2)]
    with pytest.raises(Refused, match="void already"):
        await void(ledger, 1)
    assert await void_count(ORGANISATION, "2026") == 1
    assert await receipts_of_year(ORGANISATION, "2026", limit=9) == [3, 1]
    assert await receipts_of_year(ORGANISATION, "2026", only_void=True, limit=9) == [1]
    assert await receipts_of_year(ORGANISATION, "2026", below=2, limit=9) == [1]


@pytest.mark.parametrize(("reason", "told"), [(" ", "Say why"), ("x" * 501, "at most 500")])
async def test_a_void_needs_a_reason(ledger: Ledger, reason: str, told: str) -> None:
    await append_gifts(ledger, 0, 1)
    await issue(ledger, 0)
    with pytest.raises(Refused, match=told):
        await void(ledger, 1, reason)


async def test_a_fiscal_receipt_stands_in_the_entry(ledger: Ledger) -> None:
    await append_gifts(ledger, 0, 2)
    fiscal = FiscalReceipt(code="44030126", number="0000012345")
    async with ledger.write() as writer:
        await issue_receipts(writer, ORGANISATION, [0, 1], DAY, {1: fiscal})
    assert [entry.facts.fiscal for entry in (await stored_entries())[2:]] == [None, fiscal]


async def test_receipts_are_found_by_number_and_by_entry(ledger: Ledger) -> None:
    await append_gifts(ledger, 0, 3)
    await issue(ledger, 0, 1)
    await issue(ledger, 2, day="2027-01-01")
    assert await receipt_years(ORGANISATION) == [("2027", 1), ("2026", 2)]
    assert await find_receipts(ORGANISATION, number=1, year=None) == [5, 3]
    assert await find_receipts(ORGANISATION, number=1, year="2026") == [3]
    assert await find_receipts(ORGANISATION, number=7, year=None) == []
    assert await receipts_of_entry(ORGANISATION, 1) == [4]
    assert await receipts_of_entry(ORGANISATION, 4) == [4]
    assert await receipts_of_entry("53330000501874064B", 1) == []


async def test_gifts_without_a_valid_receipt_are_listed_and_no_others(ledger: Ledger) -> None:
    await append_gifts(ledger, 0, 6)
    refund = refund_of(2, gift(2), 40)
    await append(
        ledger,
        reversal_of(0, gift(0)),
        refund_of(1, gift(1), 100, "whole"),
        refund,
        spending(1, 1),
    )
    await append(ledger, refund_of(2, gift(2), 60, "rest"), reversal_of(8, refund, "back"))
    assert await gifts_without_receipt(ORGANISATION, ALL, limit=9) == [2, 3, 4, 5]
    [receipt] = await issue(ledger, 4)
    assert await gifts_without_receipt(ORGANISATION, ALL, limit=9) == [2, 3, 5]
    await void(ledger, receipt)
    assert await gifts_without_receipt(ORGANISATION, ALL, limit=9) == [2, 3, 4, 5]
    assert await gifts_without_receipt(ORGANISATION, ALL, limit=2) == [2, 3]
    later = ("2026-01-02", 3)
    assert await gifts_without_receipt(ORGANISATION, ALL, after=later, limit=9) == [4, 5]
    assert not (await audit_log(ledger)).problems


async def test_gifts_and_receipts_are_narrowed_by_day_batch_and_donor(ledger: Ledger) -> None:
    await append_gifts(ledger, 0, 5)
    for narrowed, found in (
        (GiftFilter(first_day="2026-01-03"), []),
        (GiftFilter(last_day="2026-01-01"), []),
        (GiftFilter(first_day="2026-01-02", last_day="2026-01-02"), [0, 1, 2, 3, 4]),
        (GiftFilter(positions=range(1, 3)), [1, 2]),
        (GiftFilter(donor=f"{3:032x}"), [3]),
    ):
        assert await gifts_without_receipt(ORGANISATION, narrowed, limit=9) == found
    await issue(ledger, 4, 3, 2)
    await issue(ledger, 1, day="2027-01-01")
    assert await receipts_for(ORGANISATION, ALL) == [5, 6, 7, 8]
    assert await receipts_for(ORGANISATION, ALL, "2027") == [8]
    assert await receipts_for(ORGANISATION, GiftFilter(positions=range(2, 4))) == [6, 7]
    assert await receipts_for(ORGANISATION, GiftFilter(donor=f"{3:032x}"), "2026") == [6]
