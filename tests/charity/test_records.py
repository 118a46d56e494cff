"""Tests of single facts: spending, refunds up to what was given, corrections of one's own."""

from pathlib import Path

import pytest

from charity.organisations.registry import add_organisation
from charity.reporting.records import (
    Request,
    record_correction,
    record_expenditures,
    record_refund,
)
from ledger.entries import request_id
from ledger.kinds.correction import CorrectionFacts
from ledger.kinds.expenditure import ExpenditureFacts, Purpose
from ledger.kinds.onward_transfer import OnwardTransferFacts
from ledger.kinds.refund import RefundReason
from ledger.log import Ledger
from ledger.messages import Refused
from ledger.tables import Balance
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
    async with ledger.write() as writer:
        with pytest.raises(Refused, match="no gift to"):
            await record_refund(writer, request("a", OTHER), 0, 1, RefundReason.FRAUD)


async def test_the_same_request_again_is_refused(ledger: Ledger) -> None:
    await append(ledger, gift(1, 500))
    await refund(ledger, 0, 1, "a")
    with pytest.raises(Refused, match="already"):
        await refund(ledger, 0, 1, "a")
    assert len(await stored_bodies()) == 2


CORRECTION = CorrectionFacts(
    field="day", new="2026-01-01", old="2026-01-02", reason="错", refers_to=0
)


async def test_a_correction_of_ones_own_entry_is_appended(ledger: Ledger) -> None:
    await append(ledger, gift(1))
    async with ledger.write() as writer:
        assert await record_correction(writer, request("a"), CORRECTION) == 1
    assert (await stored_entries())[1].facts == CORRECTION


async def test_a_correction_of_another_organisations_entry_is_refused(ledger: Ledger) -> None:
    await append(ledger, gift(1))
    async with ledger.write() as writer:
        with pytest.raises(Refused, match="another organisation's"):
            await record_correction(writer, request("a", OTHER), CORRECTION)
    assert len(await stored_bodies()) == 1


async def test_a_correction_of_what_is_not_there_is_refused(ledger: Ledger) -> None:
    async with ledger.write() as writer:
        with pytest.raises(Refused, match="no entry 0"):
            await record_correction(writer, request("a"), CORRECTION)


@pytest.mark.parametrize("text", ["", "x" * 501])
async def test_a_correction_that_nobody_could_parse_again_is_refused(
    ledger: Ledger, text: str
) -> None:
    await append(ledger, gift(1))
    facts = CorrectionFacts(field="day", new=text, old="b", reason="c", refers_to=0)
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
