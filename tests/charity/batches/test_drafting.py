"""Tests of handing in and changing: idempotency, limits, and two who change at once."""

import asyncio
from datetime import date

import pytest

from charity.reporting.batches.drafting import (
    KeyUsed,
    change_list,
    change_records,
    draft_list,
    draft_records,
    records_bytes,
    records_of,
    title_of,
)
from charity.reporting.batches.reading import batches_of, find_batch, waiting_for_job
from charity.reporting.batches.records import GiftRecord, RecordsContent
from charity.reporting.batches.schemas import ListOptions
from charity.reporting.batches.states import BatchState
from charity.reporting.batches.tables import Batch
from ledger.messages import Refused, WrongUse
from tests.charity.batches.conftest import GIFTS, OTHER, Office, csv
from tests.conftest import ORGANISATION

RECORDS = RecordsContent(records=(GiftRecord(day=date(2025, 12, 1), amount=500),))


async def test_a_list_waits_to_be_checked(office: Office) -> None:
    options = ListOptions(given_day="2025-12-01", accept=("anonymous",), columns={"金额": "amount"})
    batch = await office.draft(options=options)
    view = await office.view(batch)
    assert (view.state, view.version, view.title) == (BatchState.CHECKING, 1, "虚构清单.csv")
    assert view.options == options
    assert view.made_by_name == "虚构经办人"
    assert view.has_hand_of(office.maker)
    assert not view.has_hand_of(office.checker)
    assert office.store.drafts.read(batch, 1) == GIFTS
    assert await waiting_for_job(office.store) == [batch]


async def test_names_are_sealed_in_the_table(office: Office) -> None:
    batch = await office.draft(name="虚构张三的清单.csv", options=ListOptions(consent="虚构张三"))
    row = await Batch.select().where(Batch.id == batch).first()
    assert row is not None
    told = "".join(
        bytes(value).hex() if isinstance(value, bytes | memoryview) else str(value)
        for value in row.values()
    )
    assert "虚构" not in told
    assert "虚构".encode().hex() not in told


async def test_records_come_back(office: Office) -> None:
    batch = await draft_records(
        office.store,
        person=office.maker,
        organisation=ORGANISATION,
        title="虚构记录",
        content=RECORDS,
    )
    view = await office.view(batch)
    assert (view.content, view.fund, view.origin) == ("records", None, "form")
    assert records_of(office.store.drafts.read(batch, 1)) == RECORDS
    assert records_of(records_bytes(RECORDS)) == RECORDS


async def test_other_organisations_see_nothing(office: Office) -> None:
    batch = await office.draft()
    assert await find_batch(office.store, OTHER, batch) is None
    assert await batches_of(office.store, OTHER) == []
    assert [view.id for view in await batches_of(office.store, ORGANISATION)] == [batch]
    assert await batches_of(office.store, ORGANISATION, {BatchState.READY}) == []
    assert await batches_of(office.store, ORGANISATION, ()) == []


async def test_the_same_key_returns_the_same_batch(office: Office) -> None:
    async def hand_in(content: bytes, token: str | None = "a" * 32) -> str:
        return await draft_list(
            office.store,
            person=office.maker,
            organisation=ORGANISATION,
            fund="general",
            file_name="虚构.csv",
            content=content,
            options=ListOptions(),
            token=token,
            idempotency_key="虚构-1",
        )

    first, again = await asyncio.gather(hand_in(GIFTS), hand_in(GIFTS))
    assert first == again
    assert await hand_in(GIFTS, "b" * 32) != first
    assert await hand_in(GIFTS, None) != first
    with pytest.raises(KeyUsed):
        await hand_in(csv("虚构丁,1.00"))
    assert len(await batches_of(office.store, ORGANISATION)) == 3
    assert len(office.store.drafts.batches()) == 3


async def test_what_cannot_be_a_list_is_refused_at_once(office: Office) -> None:
    for content, options, words in (
        (b"", ListOptions(), "empty"),
        (bytes(64 * 2**20 + 1), ListOptions(), "at most 64 MB"),
        (GIFTS, ListOptions(given_day="soon"), "soon"),
    ):
        with pytest.raises(Refused, match=words):
            await office.draft(content, options=options)
    assert await batches_of(office.store, ORGANISATION) == []
    assert office.store.drafts.batches() == []


@pytest.mark.parametrize(
    ("given", "title"),
    [
        ("清单.xlsx", "清单.xlsx"),
        ("C:\\虚构\\清单.xlsx", "清单.xlsx"),
        ("../../清单.csv", "清单.csv"),
        ("清\u202e单\n.csv", "清 单 .csv"),
        ("", "–"),
        ("名" * 10_000, "名" * 200),
    ],
)
def test_titles_are_printable_and_short(given: str, title: str) -> None:
    assert title_of(given) == title


async def test_a_change_is_checked_anew(office: Office) -> None:
    batch = await office.draft()
    assert await office.work(batch) == BatchState.READY
    content = csv("虚构丁,1.00")
    await change_list(
        office.store,
        person=office.maker,
        organisation=ORGANISATION,
        batch=batch,
        seen_version=1,
        content=content,
        file_name="虚构二.csv",
    )
    view = await office.view(batch)
    assert (view.state, view.version, view.title) == (BatchState.CHECKING, 2, "虚构二.csv")
    assert view.report is None
    assert office.store.drafts.read(batch, 2) == content
    assert await office.work(batch) == BatchState.READY
    report = (await office.view(batch)).report
    assert report is not None
    assert (report.rows, report.total) == (1, 100)


async def test_of_two_changes_at_once_one_wins(office: Office) -> None:
    batch = await office.draft()
    contents = [csv(f"虚构{name},1.00") for name in "丁戊己庚"]
    outcomes = await asyncio.gather(
        *(
            change_list(
                office.store,
                person=office.maker,
                organisation=ORGANISATION,
                batch=batch,
                seen_version=1,
                content=content,
            )
            for content in contents
        ),
        return_exceptions=True,
    )
    refused = [outcome for outcome in outcomes if outcome is not None]
    assert len(refused) == 3
    assert all("changed meanwhile" in str(refusal) for refusal in refused)
    winner = contents[outcomes.index(None)]
    assert office.store.drafts.read(batch, 2) == winner
    assert await office.work(batch) == BatchState.READY


async def test_only_reporters_of_the_organisation_change(office: Office) -> None:
    batch = await office.draft()

    async def change(person: str, organisation: str, content: str = "list") -> None:
        if content == "list":
            await change_list(
                office.store,
                person=person,
                organisation=organisation,
                batch=batch,
                seen_version=1,
            )
        else:
            await change_records(
                office.store,
                person=person,
                organisation=organisation,
                batch=batch,
                seen_version=1,
                content=RECORDS,
            )

    with pytest.raises(WrongUse, match="no such batch"):
        await change(office.stranger, OTHER)
    with pytest.raises(Refused, match="may not"):
        await change(office.stranger, ORGANISATION)
    with pytest.raises(Refused, match="may not"):
        await change(office.checker, ORGANISATION)
    with pytest.raises(WrongUse, match="another kind"):
        await change(office.maker, ORGANISATION, "records")
    assert (await office.view(batch)).version == 1


async def test_a_submitted_batch_does_not_change(office: Office) -> None:
    batch = await office.submitted()
    with pytest.raises(Refused, match="waits for approval"):
        await change_list(
            office.store,
            person=office.maker,
            organisation=ORGANISATION,
            batch=batch,
            seen_version=1,
            content=csv("虚构丁,1.00"),
        )
    assert office.store.drafts.read(batch, 1) == GIFTS
