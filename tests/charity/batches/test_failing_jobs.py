"""Tests of jobs that fail or die: nothing is lost, nothing is done twice, no name is told."""

from typing import Any

import pytest

from charity.reporting.batches import work as work_module
from charity.reporting.batches.approval import withdraw
from charity.reporting.batches.drafting import change_list
from charity.reporting.batches.listing import check_list
from charity.reporting.batches.reading import batch_receipt, waiting_for_job
from charity.reporting.batches.states import BatchState
from charity.reporting.batches.tables import Batch
from charity.reporting.batches.work import give_up, sweep
from ledger.database.engines import write_transaction
from tests.charity.batches.conftest import GIFTS, Office, codes, csv, entries, report_of
from tests.conftest import ORGANISATION


async def test_changed_content_is_never_appended(office: Office) -> None:
    batch = await office.approved()
    office.store.drafts.write(batch, 1, csv("虚构甲,999.00"))
    assert await office.work(batch) == BatchState.FAILED
    assert codes(await report_of(office, batch)) == ["broken_off"]
    assert await entries() == 0


async def test_lost_content_is_told(office: Office) -> None:
    batch = await office.draft()
    office.store.drafts.remove(batch)
    assert await office.work(batch) == BatchState.FAILED
    [problem] = (await report_of(office, batch)).problems
    assert "no longer here" in problem.message.message().text()


async def test_a_fault_is_told_and_logged_without_names(
    office: Office, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    name = "虚构张三"

    async def broken(*_: object) -> None:
        raise RuntimeError(name)

    batch = await office.draft()
    with monkeypatch.context() as patched:
        patched.setattr(work_module, "check_list", broken)
        assert await office.work(batch) == BatchState.FAILED
    assert codes(await report_of(office, batch)) == ["broken_off"]
    assert batch in caplog.text
    assert "RuntimeError" in caplog.text
    assert name not in caplog.text
    await change_list(
        office.store,
        person=office.maker,
        organisation=ORGANISATION,
        batch=batch,
        seen_version=1,
    )
    assert await office.work(batch) == BatchState.READY


class Killed(BaseException):
    """Stands for the end of a process: nothing catches it."""


@pytest.mark.parametrize("state", [BatchState.CHECKING, BatchState.APPROVED])
async def test_a_job_that_dies_before_its_commit_is_done_again(
    office: Office, monkeypatch: pytest.MonkeyPatch, state: BatchState
) -> None:
    batch = await (office.draft() if state == BatchState.CHECKING else office.approved())

    async def killed(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(work_module, "move", killed)
        with pytest.raises(Killed):
            await office.work(batch)
    assert await entries() == 0
    assert await waiting_for_job(office.store) == [batch]
    ended = BatchState.READY if state == BatchState.CHECKING else BatchState.APPENDED
    assert await office.work(batch) == ended
    assert await entries() == (0 if state == BatchState.CHECKING else 3)


async def test_a_job_that_dies_after_its_commit_appends_nothing_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = await office.approved()

    async def killed(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(type(office.store.ledger.publisher), "publish", killed)
        with pytest.raises(Killed):
            await office.work(batch)
    assert (await office.view(batch)).state == BatchState.APPENDED
    assert office.store.drafts.batches() == [batch]
    assert await batch_receipt(office.store, await office.view(batch)) is None
    assert await office.work(batch) == BatchState.APPENDED
    assert office.store.drafts.batches() == []
    assert await entries() == 3


async def test_a_fault_after_the_commit_does_not_undo_the_state(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = await office.approved()

    async def broken(*_: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr(type(office.store.ledger.publisher), "publish", broken)
        assert await office.work(batch) == BatchState.APPENDED
    assert await entries() == 3


async def test_a_change_during_the_check_is_checked_too(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = await office.draft()
    check = check_list
    calls = []

    async def changed_meanwhile(*arguments: Any) -> Any:
        checked = await check(*arguments)
        calls.append(checked)
        if len(calls) == 1:
            await change_list(
                office.store,
                person=office.maker,
                organisation=ORGANISATION,
                batch=batch,
                seen_version=1,
                content=csv("虚构丁,1.00"),
            )
        return checked

    monkeypatch.setattr(work_module, "check_list", changed_meanwhile)
    assert await office.work(batch) == BatchState.READY
    assert [checked.report.rows for checked in calls] == [3, 1]
    assert (await report_of(office, batch)).total == 100


async def test_a_withdrawal_during_the_check_leaves_nothing(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = await office.draft()
    check = check_list

    async def withdrawn_meanwhile(*arguments: Any) -> Any:
        await withdraw(
            office.store,
            person=office.maker,
            organisation=ORGANISATION,
            batch=batch,
            seen_version=1,
        )
        return await check(*arguments)

    monkeypatch.setattr(work_module, "check_list", withdrawn_meanwhile)
    assert await office.work(batch) == BatchState.WITHDRAWN
    assert office.store.drafts.batches() == []
    assert (await office.view(batch)).report is None


async def test_what_crashes_left_is_swept(office: Office) -> None:
    open_batch = await office.draft()
    office.store.drafts.write(open_batch, 1, GIFTS)
    ended = await office.draft(csv("虚构丁,1.00"))
    async with write_transaction(office.store.ledger.engine):
        await Batch.update({Batch.state: BatchState.REJECTED.value}).where(Batch.id == ended)
    await change_list(
        office.store,
        person=office.maker,
        organisation=ORGANISATION,
        batch=open_batch,
        seen_version=1,
    )
    office.store.drafts.write(open_batch, 1, GIFTS)
    await sweep(office.store)
    folder = office.store.drafts.folder
    left = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert left == {f"{open_batch}/content.2"}


async def test_a_job_is_given_up(office: Office) -> None:
    batch = await office.draft()
    await give_up(office.store, batch)
    assert (await office.view(batch)).state == BatchState.FAILED
    appended = await office.approved(csv("虚构丁,1.00"))
    await office.work(appended)
    await give_up(office.store, appended)
    assert (await office.view(appended)).state == BatchState.APPENDED
    await give_up(office.store, "0" * 32)
