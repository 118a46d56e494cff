"""Tests of jobs: check, preview, append once, and what crashes and changes in between do."""

from datetime import date

import pytest

from charity.reporting.batches.drafting import change_list, draft_records
from charity.reporting.batches.reading import batch_receipt, waiting_for_job
from charity.reporting.batches.records import GiftRecord, RecordsContent, RefundRecord
from charity.reporting.batches.schemas import BatchReport, ListOptions
from charity.reporting.batches.states import BatchState
from charity.reporting.batches.work import work
from ledger.kinds.refund import RefundReason
from ledger.messages import WrongUse
from ledger.reading import read_head
from tests.charity.batches.conftest import Office, codes, csv, entries, report_of
from tests.charity.importing import NUMBERED_COLUMNS
from tests.conftest import ORGANISATION


async def test_a_check_reports_what_would_happen(office: Office) -> None:
    batch = await office.draft(csv("虚构甲,100.00", "示例慈善基金会,20.50", "虚构丙,3.25"))
    assert await office.work(batch) == BatchState.READY
    report = await report_of(office, batch)
    assert (report.rows, report.new, report.known, report.total) == (3, 3, 0, 12_375)
    assert (report.transferred, report.transferred_total) == (1, 2_050)
    assert (report.first_day, report.last_day) == ("2025-12-01", "2025-12-01")
    [effect] = report.effects
    assert (effect.fund, effect.unit, effect.before, effect.after) == ("general", "CNY", 0, 12_375)
    rows, pages = office.store.drafts.read_rows(batch, 1, 1)
    assert pages == 1
    assert report.preview == rows
    assert [(row.who, row.amount, row.standing) for row in rows] == [
        ("虚构甲", 10_000, "new"),
        ("示例慈善基金会", 2_050, "transfer"),
        ("虚构丙", 325, "new"),
    ]
    assert [row.place.rpartition("!")[2] for row in rows] == ["A2", "A3", "A4"]
    assert await entries() == 0
    assert await waiting_for_job(office.store) == []


async def test_problems_stop_it_with_their_place(office: Office) -> None:
    batch = await office.draft(csv("虚构甲,100.00", "虚构乙,若干"))
    assert await office.work(batch) == BatchState.PROBLEMS
    [problem] = (await report_of(office, batch)).problems
    assert (problem.code, problem.cell, problem.header) == (
        "amount_unreadable",
        "C3",
        "金额（元）",
    )
    assert problem.message.message().text() == "“若干” is not an amount."
    await change_list(
        office.store,
        person=office.maker,
        organisation=ORGANISATION,
        batch=batch,
        seen_version=1,
        options=ListOptions(accept=("skip",)),
    )
    assert await office.work(batch) == BatchState.READY
    report = await report_of(office, batch)
    assert (report.rows, report.skipped) == (1, 1)
    assert [one.code for one in report.accepted] == ["amount_unreadable"]


async def test_a_file_that_cannot_be_read_is_a_problem(office: Office) -> None:
    batch = await office.draft(b"%PDF-1.7 invented")
    assert await office.work(batch) == BatchState.PROBLEMS
    assert codes(await report_of(office, batch)) == ["unreadable"]


async def test_an_approved_list_is_appended_once(office: Office) -> None:
    batch = await office.approved()
    assert await office.work(batch) == BatchState.APPENDED
    view = await office.view(batch)
    assert (view.first_position, view.entries) == (0, 3)
    assert view.report is not None
    assert (view.report.new, view.report.preview) == (3, ())
    assert office.store.drafts.batches() == []
    assert await office.work(batch) == BatchState.APPENDED
    assert await entries() == 3
    assert office.store.drafts.batches() == []


async def test_an_appended_batch_has_a_receipt(office: Office) -> None:
    batch = await office.approved()
    assert await batch_receipt(office.store, await office.view(batch)) is None
    await office.work(batch)
    later = await office.approved(csv("虚构丁,1.00"))
    await office.work(later)
    receipt = await batch_receipt(office.store, await office.view(batch))
    assert receipt is not None
    assert (receipt.first, receipt.last, receipt.size) == (0, 2, 3)
    head = await read_head()
    assert head is not None
    newest = await batch_receipt(office.store, await office.view(later))
    assert newest is not None
    assert (newest.first, newest.last, newest.note) == (3, 3, head.signed_note)
    assert newest.root in head.note
    assert newest.root != receipt.root


async def test_receipts_are_issued_with_the_list(office: Office) -> None:
    content = csv("虚构甲,100.00", "示例慈善基金会,20.50")
    batch = await office.approved(content, options=ListOptions(receipts=True))
    assert await office.work(batch) == BatchState.APPENDED
    view = await office.view(batch)
    assert (view.first_position, view.entries) == (0, 2)
    assert await entries() == 3  # an onward transfer gets none


async def test_the_job_waits_for_an_approval(office: Office) -> None:
    batch = await office.submitted()
    assert await office.work(batch) == BatchState.SUBMITTED
    assert await entries() == 0
    with pytest.raises(WrongUse, match="no such batch"):
        await office.work("0" * 32)


async def test_one_batch_has_one_job(office: Office) -> None:
    batch = await office.draft()
    with office.store.drafts.locked(batch) as is_free:
        assert is_free
        assert await office.work(batch) == BatchState.CHECKING
    assert await office.work(batch) == BatchState.READY


async def test_the_same_file_twice(office: Office) -> None:
    first = await office.draft()
    await office.work(first)
    second = await office.draft(name="虚构另名.csv")
    assert await office.work(second) == BatchState.READY
    [notice] = [
        notice
        for notice in (await report_of(office, second)).notices
        if notice.code == "same_file_waiting"
    ]
    assert notice.batch == first
    for batch in (first, second):
        await office.submit(batch)
        await office.approve(batch)
    assert await office.work(first) == BatchState.APPENDED
    assert await office.work(second) == BatchState.PROBLEMS
    report = await report_of(office, second)
    assert codes(report) == ["same_file"]
    assert "ledger_changed" in noticed(report)
    view = await office.view(second)
    assert (view.decided_by, view.submitted_by) == (None, None)
    third = await office.draft()
    assert await office.work(third) == BatchState.PROBLEMS
    assert codes(await report_of(office, third)) == ["same_file"]
    assert await entries() == 3


async def test_what_became_known_since_the_check_goes_back(office: Office) -> None:
    options = ListOptions(accept=("known",))
    one = csv("虚构甲,100.00,T1", "虚构乙,20.50,T2", columns=NUMBERED_COLUMNS)
    two = csv("虚构乙,20.50,T2", "虚构丙,3.25,T3", columns=NUMBERED_COLUMNS)
    first = await office.approved(one, options=options)
    second = await office.approved(two, options=options)
    assert await office.work(first) == BatchState.APPENDED
    assert await office.work(second) == BatchState.READY
    report = await report_of(office, second)
    [notice] = [one for one in report.notices if one.code == "ledger_changed"]
    assert "New rows: 2 then, 1 now." in notice.message.message().text()
    assert (report.new, report.known) == (1, 1)
    assert [row.standing for row in report.preview] == ["known", "new"]
    assert [row.standing for row in office.store.drafts.read_rows(second, 2, 1)[0]] == [
        "known",
        "new",
    ]
    assert await entries() == 2
    await office.submit(second)
    await office.approve(second)
    assert await office.work(second) == BatchState.APPENDED
    assert await entries() >= 3


async def test_rows_of_another_list_are_known_by_themselves(office: Office) -> None:
    first = await office.approved(csv("虚构甲,100.00", "虚构乙,20.50"))
    await office.work(first)
    second = await office.draft(csv("虚构甲,100.00", "虚构乙,20.50", "虚构丁,7.00"))
    assert await office.work(second) == BatchState.PROBLEMS
    report = await report_of(office, second)
    assert codes(report) == ["rows_known"]
    assert [row.standing for row in report.preview] == ["known", "known", "new"]
    assert report.effects[0].after - report.effects[0].before == 700


def noticed(report: BatchReport) -> list[str]:
    return [notice.code for notice in report.notices]


async def draft_content(office: Office, content: RecordsContent) -> str:
    return await draft_records(
        office.store,
        person=office.maker,
        organisation=ORGANISATION,
        title="虚构记录",
        content=content,
    )


async def test_records_are_checked_and_appended(office: Office) -> None:
    content = RecordsContent(
        records=tuple(GiftRecord(day=date(2025, 12, 1), amount=n) for n in range(1, 31))
    )
    batch = await draft_content(office, content)
    assert await office.work(batch) == BatchState.READY
    report = await report_of(office, batch)
    assert (report.rows, report.new, len(report.preview)) == (30, 30, 20)
    assert len(office.store.drafts.read_rows(batch, 1, 1)[0]) == 30
    await office.submit(batch)
    await office.approve(batch)
    assert await office.work(batch) == BatchState.APPENDED
    view = await office.view(batch)
    assert (view.first_position, view.entries) == (0, 30)


async def test_records_that_are_known_already_append_nothing(office: Office) -> None:
    gift = RecordsContent(records=(GiftRecord(day=date(2025, 12, 1), amount=500, key="k1"),))
    first, second = [await draft_content(office, gift) for _ in range(2)]
    for batch in (first, second):
        assert await office.work(batch) == BatchState.READY
        await office.submit(batch)
        await office.approve(batch)
    assert await office.work(first) == BatchState.APPENDED
    assert await office.work(second) == BatchState.PROBLEMS
    report = await report_of(office, second)
    assert (codes(report), noticed(report)[0]) == (["nothing_new"], "ledger_changed")
    assert await entries() == 1


async def test_what_the_ledger_takes_no_more_goes_back(office: Office) -> None:
    gift = RecordsContent(records=(GiftRecord(day=date(2025, 12, 1), amount=500),))
    refund = RecordsContent(
        records=(
            GiftRecord(day=date(2025, 12, 2), amount=1),
            RefundRecord(day=date(2025, 12, 2), gift=0, amount=400, reason=RefundReason.MISTAKE),
        )
    )
    batches = []
    for content in (gift, refund, refund):
        batch = await draft_content(office, content)
        assert await office.work(batch) == BatchState.READY, await report_of(office, batch)
        await office.submit(batch)
        await office.approve(batch)
        batches.append(batch)
        if content is gift:
            assert await office.work(batch) == BatchState.APPENDED
    assert await office.work(batches[1]) == BatchState.APPENDED
    assert await office.work(batches[2]) == BatchState.PROBLEMS
    report = await report_of(office, batches[2])
    assert noticed(report)[0] == "ledger_changed"
    assert codes(report) == ["refund_too_much"]
    assert await entries() == 3


async def test_progress_is_told_seldom(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[str, int, int]] = []

    def tell(_: object, batch: str, stage: str, done: int, total: int) -> None:
        told.append((stage, done, total))

    monkeypatch.setattr(type(office.store.drafts), "tell", tell)
    batch = await office.draft(csv(*(f"虚构第{number}人,1.00" for number in range(20_000))))
    await office.work(batch)
    assert ("read", 20_000, 20_000) in told
    assert ("check", 20_000, 20_000) in told
    assert len(told) < 30


async def test_another_day_checks_anew(office: Office) -> None:
    batch = await office.draft()
    assert await work(office.store, batch, date(2025, 11, 30)) == BatchState.PROBLEMS
    assert "date_in_future" in codes(await report_of(office, batch))
