"""Tests that a list is appended as it was approved, or not at all."""

from typing import Any

import msgspec
import pytest

from charity.reporting.batches.approval import approve
from charity.reporting.batches.findings import finding
from charity.reporting.batches.schemas import FundEffect, ListOptions
from charity.reporting.batches.states import BatchState
from charity.reporting.batches.tables import Batch
from ledger.database.engines import write_transaction
from ledger.messages import Message, Refused
from tests.charity.batches.conftest import Office, entries, report_of
from tests.conftest import ORGANISATION

HEADERS = "捐赠日期,捐赠人,金额（元）,到账（元）"
ARRIVED = {
    "捐赠日期": "day",
    "捐赠人": "donor",
    "金额（元）": "ignore",
    "到账（元）": "amount",
}


def two_amounts(name: str) -> bytes:
    """Return a list of one gift with two columns that may be its amount: 100 and 7 yuan."""
    return f"{HEADERS}\r\n2025-12-01,{name},100.00,7.00\r\n".encode()


async def test_columns_remembered_after_the_approval_change_nothing(office: Office) -> None:
    approved = await office.approved(two_amounts("虚构甲"))
    assert (await report_of(office, approved)).total == 10_000
    other = await office.approved(two_amounts("虚构乙"), options=ListOptions(columns=ARRIVED))
    assert await office.work(other) == BatchState.APPENDED
    assert await entries() == 1
    assert await office.work(approved) == BatchState.READY
    report = await report_of(office, approved)
    assert report.total == 700  # it is shown as it would be read now, to be approved anew
    notice = report.notices[0]
    assert notice.code == "ledger_changed"
    assert "100.00 yuan then, 7.00 yuan now" in notice.message.message().text()
    assert "虚构复核人 had approved it on" in notice.message.message().text()
    assert await entries() == 1


async def test_an_earlier_page_approves_nothing_of_the_new_preview(office: Office) -> None:
    approved = await office.approved(two_amounts("虚构甲"))
    other = await office.approved(two_amounts("虚构乙"), options=ListOptions(columns=ARRIVED))
    await office.work(other)
    await office.work(approved)
    view = await office.view(approved)
    assert (view.version, view.submitted_by, view.decided_by) == (2, None, None)
    await office.submit(approved)
    with pytest.raises(Refused, match="you saw version 1"):
        await approve(
            office.store,
            person=office.second_checker,
            organisation=ORGANISATION,
            batch=approved,
            seen_version=1,
        )
    await office.approve(approved)
    assert await office.work(approved) == BatchState.APPENDED
    assert await entries() == 2


async def test_other_words_in_the_report_change_nothing(office: Office) -> None:
    batch = await office.approved()
    report = msgspec.structs.replace(
        await report_of(office, batch),
        notices=(finding("example", Message("An earlier wording.")),),
        preview=(),
        seconds=99,
        effects=(FundEffect(ORGANISATION, "general", "CNY", 7, 7 + 12_375),),
    )
    async with write_transaction(office.store.ledger.engine):
        sealed = office.store.seal_report(batch, report)
        await Batch.update({Batch.report: sealed}).where(Batch.id == batch)
    assert await office.work(batch) == BatchState.APPENDED


@pytest.mark.parametrize(
    "told", [{"new": 2}, {"transferred": 1}, {"transferred_total": 1}, {"effects": ()}]
)
async def test_what_would_do_otherwise_than_approved_goes_back(
    office: Office, told: dict[str, Any]
) -> None:
    batch = await office.approved()
    report = msgspec.structs.replace(await report_of(office, batch), **told)
    async with write_transaction(office.store.ledger.engine):
        sealed = office.store.seal_report(batch, report)
        await Batch.update({Batch.report: sealed}).where(Batch.id == batch)
    assert await office.work(batch) == BatchState.READY
    assert await entries() == 0
