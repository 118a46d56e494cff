"""Tests of the second person: who may decide, once, and only on what was seen."""

import asyncio
from datetime import date

import pytest

from charity.people.roles import Role
from charity.reporting.batches.approval import approve, reject, submit, withdraw
from charity.reporting.batches.drafting import change_list, draft_records
from charity.reporting.batches.reading import batches_awaiting_agreement, find_batch
from charity.reporting.batches.records import GiftRecord, RecordsContent, TransferRecord
from charity.reporting.batches.states import BatchState
from charity.reporting.batches.tables import Batch
from ledger.database.engines import write_transaction
from ledger.messages import Refused, WrongUse
from tests.charity.batches.conftest import OTHER, Office, csv, invent
from tests.conftest import ORGANISATION


async def decide(office: Office, batch: str, person: str, version: int = 1) -> None:
    await approve(
        office.store,
        person=person,
        organisation=ORGANISATION,
        batch=batch,
        seen_version=version,
    )


async def refuse(office: Office, batch: str, person: str, reason: str = "虚构理由") -> None:
    await reject(
        office.store,
        person=person,
        organisation=ORGANISATION,
        batch=batch,
        seen_version=1,
        reason=reason,
    )


async def test_a_second_person_approves(office: Office) -> None:
    batch = await office.approved()
    view = await office.view(batch)
    assert view.state == BatchState.APPROVED
    assert (view.submitted_by_name, view.decided_by_name) == ("虚构经办人", "虚构复核人")


async def test_nobody_approves_what_they_had_a_hand_in(office: Office) -> None:
    both = await invent(office.store.ledger, Role.CHECKER, ORGANISATION, "虚构两职")
    made = await office.submitted(person=both)
    with pytest.raises(Refused, match="second person"):
        await decide(office, made, both)

    changed = await office.draft(csv("虚构丁,1.00"))
    async with write_transaction(office.store.ledger.engine):
        await Batch.update({Batch.authors: f"{office.maker} {both}"}).where(Batch.id == changed)
    assert await office.work(changed) == BatchState.READY
    await office.submit(changed)
    with pytest.raises(Refused, match="second person"):
        await decide(office, changed, both)

    for batch in (made, changed):
        assert (await office.view(batch)).state == BatchState.SUBMITTED
        await decide(office, batch, office.checker)


async def test_whoever_changed_a_batch_is_remembered(office: Office) -> None:
    helper = await invent(office.store.ledger, Role.MAKER, ORGANISATION, "虚构帮手")
    batch = await office.draft()
    for version in (1, 2):
        await change_list(
            office.store,
            person=helper,
            organisation=ORGANISATION,
            batch=batch,
            seen_version=version,
        )
    assert (await office.view(batch)).authors == {office.maker, helper}


async def test_only_checkers_of_the_organisation_decide(office: Office) -> None:
    batch = await office.submitted()
    with pytest.raises(Refused, match="may not"):
        await decide(office, batch, office.stranger)
    with pytest.raises(WrongUse, match="no such batch"):
        await approve(
            office.store,
            person=office.stranger,
            organisation=OTHER,
            batch=batch,
            seen_version=1,
        )
    with pytest.raises(Refused, match="may not"):
        await decide(office, batch, "0" * 32)
    maker = await invent(office.store.ledger, Role.MAKER, ORGANISATION, "虚构经办人二")
    with pytest.raises(Refused, match="may not"):
        await refuse(office, batch, maker)
    with pytest.raises(WrongUse, match="no such batch"):
        await decide(office, "0" * 32, office.checker)
    assert (await office.view(batch)).state == BatchState.SUBMITTED


async def test_of_two_checkers_at_the_same_moment_one_decides(office: Office) -> None:
    batch = await office.submitted()
    outcomes = await asyncio.gather(
        decide(office, batch, office.checker),
        decide(office, batch, office.second_checker),
        refuse(office, batch, office.checker),
        return_exceptions=True,
    )
    refused = [outcome for outcome in outcomes if outcome is not None]
    assert len(refused) == 2
    view = await office.view(batch)
    assert view.decided_by_name is not None
    for refusal in refused:
        assert isinstance(refusal, Refused)
        assert view.decided_by_name in str(refusal)
        assert "2026-01-02" in str(refusal)


async def test_what_changed_after_the_look_is_not_approved(office: Office) -> None:
    batch = await office.draft()
    await office.work(batch)
    await change_list(
        office.store,
        person=office.maker,
        organisation=ORGANISATION,
        batch=batch,
        seen_version=1,
        content=csv("虚构丁,1.00"),
    )
    assert await office.work(batch) == BatchState.READY
    with pytest.raises(Refused, match="changed meanwhile"):
        await submit(
            office.store,
            person=office.maker,
            organisation=ORGANISATION,
            batch=batch,
            seen_version=1,
        )
    await office.submit(batch)
    with pytest.raises(Refused, match="version 2"):
        await decide(office, batch, office.checker, version=1)
    assert (await office.view(batch)).state == BatchState.SUBMITTED


async def test_a_rejected_batch_keeps_its_reason_and_its_content(office: Office) -> None:
    batch = await office.submitted()
    for words in ("", "  \n", "长" * 2_001):
        with pytest.raises(Refused, match="Say why"):
            await refuse(office, batch, office.checker, words)
    await refuse(office, batch, office.checker, " 合计不符 ")
    view = await office.view(batch)
    assert (view.state, view.reason) == (BatchState.REJECTED, "合计不符")
    assert view.decided_by_name == "虚构复核人"
    assert view.report is not None
    assert (view.report.rows, len(view.report.preview)) == (3, 3)
    assert view.may_change
    assert office.store.drafts.batches() == [batch]
    with pytest.raises(Refused, match="虚构复核人 rejected"):
        await decide(office, batch, office.second_checker)


async def test_a_withdrawn_batch_keeps_its_line_only(office: Office) -> None:
    batch = await office.submitted()
    await withdraw(
        office.store,
        person=office.maker,
        organisation=ORGANISATION,
        batch=batch,
        seen_version=1,
    )
    view = await office.view(batch)
    assert (view.state, view.report) == (BatchState.WITHDRAWN, None)
    assert office.store.drafts.batches() == []
    with pytest.raises(Refused, match="was withdrawn"):
        await decide(office, batch, office.checker)


async def test_what_is_approved_is_not_withdrawn(office: Office) -> None:
    batch = await office.approved()
    with pytest.raises(Refused, match="虚构复核人 approved"):
        await withdraw(
            office.store,
            person=office.maker,
            organisation=ORGANISATION,
            batch=batch,
            seen_version=1,
        )
    assert (await office.view(batch)).state == BatchState.APPROVED


async def transfer(office: Office) -> str:
    """Return a submitted batch that takes money out of a fund of OTHER."""
    content = RecordsContent(
        records=(
            GiftRecord(day=date(2025, 12, 1), amount=500),
            TransferRecord(day=date(2025, 12, 2), amount=300, giver=OTHER),
        )
    )
    batch = await draft_records(
        office.store,
        person=office.maker,
        organisation=ORGANISATION,
        title="虚构转赠",
        content=content,
    )
    assert await office.work(batch) == BatchState.READY, (await office.view(batch)).report
    assert await find_batch(office.store, OTHER, batch) is None
    await office.submit(batch)
    return batch


@pytest.fixture
async def funded(office: Office) -> Office:
    """The office, with 10 yuan in the general fund of OTHER."""
    maker = await invent(office.store.ledger, Role.MAKER, OTHER, "虚构对方经办人")
    checker = await invent(office.store.ledger, Role.CHECKER, OTHER, "虚构对方复核人")
    batch = await draft_records(
        office.store,
        person=maker,
        organisation=OTHER,
        title="虚构",
        content=RecordsContent(records=(GiftRecord(day=date(2025, 11, 1), amount=1_000),)),
    )
    await office.work(batch)
    await submit(office.store, person=maker, organisation=OTHER, batch=batch, seen_version=1)
    await office.approve(batch, checker, OTHER)
    assert await office.work(batch) == BatchState.APPENDED
    return office


@pytest.mark.parametrize("first", [ORGANISATION, OTHER])
async def test_money_of_another_organisation_needs_its_agreement(
    funded: Office, first: str
) -> None:
    office, batch = funded, await transfer(funded)
    [waiting] = await batches_awaiting_agreement(office.store, OTHER)
    assert waiting.id == batch
    people = {ORGANISATION: office.checker, OTHER: office.stranger}
    second = OTHER if first == ORGANISATION else ORGANISATION
    await office.approve(batch, people[first], first)
    assert (await office.view(batch)).state == BatchState.SUBMITTED
    assert await office.work(batch) == BatchState.SUBMITTED
    with pytest.raises(Refused, match="approved this batch already"):
        await office.approve(batch, people[first], first)
    await office.approve(batch, people[second], second)
    assert (await office.view(batch)).state == BatchState.APPROVED
    assert await batches_awaiting_agreement(office.store, OTHER) == []
    assert await office.work(batch) == BatchState.APPENDED


async def test_the_other_organisation_sees_its_transfers_only(funded: Office) -> None:
    batch = await transfer(funded)
    view = await funded.view(batch, OTHER)
    assert not view.is_own
    assert view.report is not None
    assert [row.kind for row in view.report.preview] == ["transfer"]
    assert {effect.organisation[-18:] for effect in view.report.effects} == {OTHER}
    own = (await funded.view(batch)).report
    assert own is not None
    assert [row.kind for row in own.preview] == ["gift", "transfer"]


@pytest.mark.parametrize(("origin", "is_told"), [("form", True), ("api", False)])
async def test_the_other_organisation_does_not_read_what_a_program_calls_a_batch(
    funded: Office, origin: str, *, is_told: bool
) -> None:
    batch = await transfer(funded)
    async with write_transaction(funded.store.ledger.engine):
        await Batch.update({Batch.origin: origin}).where(Batch.id == batch)
    assert (await funded.view(batch)).title == "虚构转赠"
    assert (await funded.view(batch, OTHER)).title == ("虚构转赠" if is_told else batch[:8])


async def test_one_person_does_not_agree_for_both(funded: Office) -> None:
    batch = await transfer(funded)
    both = await invent(funded.store.ledger, Role.CHECKER, OTHER, "虚构两家")
    async with write_transaction(funded.store.ledger.engine):
        await Batch.update(
            {Batch.decided_by: both, Batch.decided_at: "2026-01-01T00:00:00Z"}
        ).where(Batch.id == batch)
    with pytest.raises(Refused, match="somebody else"):
        await funded.approve(batch, both, OTHER)


async def test_the_other_organisation_may_reject(funded: Office) -> None:
    batch = await transfer(funded)
    await funded.approve(batch)
    await reject(
        funded.store,
        person=funded.stranger,
        organisation=OTHER,
        batch=batch,
        seen_version=1,
        reason="虚构：没有这笔转赠",
    )
    view = await funded.view(batch)
    assert (view.state, view.decided_by_name) == (BatchState.REJECTED, "虚构外人")
