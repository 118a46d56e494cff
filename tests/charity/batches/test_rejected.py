"""Tests of rejected batches: mended without being typed again, or forgotten at last."""

from dataclasses import replace
from datetime import timedelta

import pytest

from charity.people.roles import Role
from charity.reporting.batches.approval import reject, withdraw
from charity.reporting.batches.drafting import change_list
from charity.reporting.batches.schemas import ListOptions
from charity.reporting.batches.states import BatchState
from charity.reporting.batches.work import REJECTED_KEPT, sweep
from ledger.messages import Refused
from tests.charity.batches.conftest import Office, csv, entries, invent, report_of
from tests.conftest import ORGANISATION

MENDED = csv("虚构甲,100.00", "虚构乙,20.50")


async def rejected(office: Office) -> str:
    """Have a batch rejected."""
    batch = await office.submitted()
    version = (await office.view(batch)).version
    await reject(
        office.store,
        person=office.checker,
        organisation=ORGANISATION,
        batch=batch,
        seen_version=version,
        reason="虚构：合计不符",
    )
    return batch


async def change(office: Office, batch: str, person: str, content: bytes | None = MENDED) -> None:
    await change_list(
        office.store,
        person=person,
        organisation=ORGANISATION,
        batch=batch,
        seen_version=(await office.view(batch)).version,
        content=content,
    )


async def test_it_is_mended_submitted_and_approved_again(office: Office) -> None:
    batch = await rejected(office)
    await change(office, batch, office.maker)
    assert (await office.view(batch)).state == BatchState.CHECKING
    assert await office.work(batch) == BatchState.READY
    view = await office.view(batch)
    assert (view.version, view.reason, view.decided_by) == (2, "虚构：合计不符", None)
    assert view.rejected_by_name == "虚构复核人"
    assert view.rejected_at is not None
    await office.submit(batch)
    await office.approve(batch)
    assert await office.work(batch) == BatchState.APPENDED
    view = await office.view(batch)
    assert (view.reason, view.rejected_by_name, view.entries) == (None, "虚构复核人", 2)
    assert await entries() == 2


async def test_its_content_alone_is_checked_with_other_choices(office: Office) -> None:
    batch = await rejected(office)
    await change(office, batch, office.maker, content=None)
    assert await office.work(batch) == BatchState.READY
    assert (await report_of(office, batch)).rows == 3


async def test_who_mends_it_does_not_approve_it(office: Office) -> None:
    batch = await rejected(office)
    both = await invent(office.store.ledger, Role.MAKER, ORGANISATION, "虚构另一经办人")
    await change(office, batch, both)
    assert (await office.view(batch)).authors == {office.maker, both}
    with pytest.raises(Refused, match="may not do this"):
        await change(office, batch, office.checker)


async def test_withdrawn_its_content_goes(office: Office) -> None:
    batch = await rejected(office)
    await withdraw(
        office.store,
        person=office.maker,
        organisation=ORGANISATION,
        batch=batch,
        seen_version=1,
    )
    view = await office.view(batch)
    assert (view.state, view.report, view.reason) == (BatchState.WITHDRAWN, None, None)
    assert office.store.drafts.batches() == []


@pytest.mark.parametrize(("seconds", "is_kept"), [(-60, True), (60, False)])
async def test_what_nobody_mends_is_forgotten(
    office: Office, seconds: int, *, is_kept: bool
) -> None:
    batch = await rejected(office)
    view = await office.view(batch)
    clock = office.store.ledger.clock
    later = replace(
        office.store,
        ledger=replace(
            office.store.ledger,
            clock=lambda: clock() + REJECTED_KEPT + timedelta(seconds=seconds),
        ),
    )
    await sweep(later)
    after = await office.view(batch)
    assert (after.state, after.reason) == (BatchState.REJECTED, view.reason)
    assert after.may_change is is_kept
    assert after.report is not None
    assert bool(after.report.preview) is is_kept
    assert (office.store.drafts.batches() == [batch]) is is_kept
    if not is_kept:
        with pytest.raises(Refused, match="no longer here"):
            await change(office, batch, office.maker, content=None)
        await sweep(later)


async def test_a_rejected_batch_may_be_changed_by_options_only(office: Office) -> None:
    batch = await rejected(office)
    await change_list(
        office.store,
        person=office.maker,
        organisation=ORGANISATION,
        batch=batch,
        seen_version=1,
        options=ListOptions(receipts=True),
    )
    assert await office.work(batch) == BatchState.READY
    assert (await office.view(batch)).options.receipts
