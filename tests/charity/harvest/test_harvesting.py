"""Tests of the harvest: from an address to a batch that waits for a second person."""

import json
from datetime import date

import pytest

from charity.people.roles import Role
from charity.people.tables import Membership
from charity.reporting.batches.approval import approve, reject
from charity.reporting.batches.reading import find_batch
from charity.reporting.batches.schemas import ListOptions
from charity.reporting.batches.states import BatchState
from charity.reporting.batches.store import BatchStore
from charity.reporting.batches.work import work
from charity.reporting.harvest.harvesting import (
    Fetching,
    Harvest,
    Harvested,
    add_source,
    end_source,
    harvest_and_submit,
    outcome_of,
    sources_of,
)
from ledger.database.engines import write_transaction
from ledger.log import Ledger
from ledger.messages import Refused
from ledger.reading import read_head
from tests.charity.harvest.web_server import WebServer, answer
from tests.conftest import ORGANISATION
from tests.public_site.workplace.conftest import invent_person

LIST = "捐赠人,金额,捐赠日期\n虚构甲,1.00,2020-01-28\n虚构乙,2.50,2020-01-29\n".encode()
TODAY = date(2026, 11, 23)


@pytest.fixture
async def maker(ledger: Ledger) -> str:
    """An invented person who reports for ORGANISATION."""
    return await invent_person(ledger, (Role.MAKER, ORGANISATION))


async def listed(store: BatchStore, maker: str, address: str) -> None:
    await add_source(
        store,
        person=maker,
        organisation=ORGANISATION,
        fund="general",
        address=address,
        options=ListOptions(),
    )


async def harvested(store: BatchStore, fetching: Fetching) -> Harvest:
    [line] = await sources_of(ORGANISATION)
    return await harvest_and_submit(store, line, fetching, TODAY)


async def size() -> int:
    head = await read_head()
    return head.size if head is not None else 0


async def test_a_list_is_fetched_and_waits_for_a_second_person(
    store: BatchStore, ledger: Ledger, maker: str, web: WebServer, fetching: Fetching
) -> None:
    web.holds("/list.csv", LIST, 'etag: "1"')
    await listed(store, maker, web.address("/list.csv"))
    done = await harvested(store, fetching)
    assert (done.ended, done.state, await size()) == (Harvested.BATCH, BatchState.SUBMITTED, 0)
    assert done.batch is not None
    view = await find_batch(store, ORGANISATION, done.batch)
    assert view is not None
    assert (view.origin, view.made_by) == ("harvest", maker)
    checker = await invent_person(ledger, (Role.CHECKER, ORGANISATION))
    await approve(
        store,
        person=checker,
        organisation=ORGANISATION,
        batch=done.batch,
        seen_version=view.version,
    )
    assert await work(store, done.batch, TODAY) is BatchState.APPENDED
    assert await size() == 2


async def test_what_has_not_changed_makes_no_second_batch(
    store: BatchStore, maker: str, web: WebServer, fetching: Fetching
) -> None:
    web.holds("/list.csv", LIST, 'etag: "1"')
    await listed(store, maker, web.address("/list.csv"))
    await harvested(store, fetching)
    assert (await harvested(store, fetching)).ended is Harvested.UNCHANGED
    assert web.requests[-1][1]["if-none-match"] == '"1"'
    web.says("/list.csv", b"HTTP/1.1 304 Not Modified\r\n\r\n")
    assert (await harvested(store, fetching)).ended is Harvested.UNCHANGED
    web.holds("/list.csv", LIST + "虚构丙,3,2020-01-30\n".encode(), 'etag: "2"')
    again = await harvested(store, fetching)
    assert again.ended is Harvested.BATCH


async def test_a_rejected_list_does_not_come_back_by_itself(
    store: BatchStore, ledger: Ledger, maker: str, web: WebServer, fetching: Fetching
) -> None:
    web.holds("/list.csv", LIST)
    await listed(store, maker, web.address("/list.csv"))
    done = await harvested(store, fetching)
    assert done.batch is not None
    view = await find_batch(store, ORGANISATION, done.batch)
    assert view is not None
    checker = await invent_person(ledger, (Role.CHECKER, ORGANISATION))
    await reject(
        store,
        person=checker,
        organisation=ORGANISATION,
        batch=done.batch,
        seen_version=view.version,
        reason="示例理由",
    )
    assert (await harvested(store, fetching)).ended is Harvested.UNCHANGED


async def test_a_list_with_problems_waits_for_a_person(
    store: BatchStore, maker: str, web: WebServer, fetching: Fetching
) -> None:
    web.holds("/list.csv", LIST + "虚构丙,无,2020-01-30\n".encode())
    await listed(store, maker, web.address("/list.csv"))
    done = await harvested(store, fetching)
    assert (done.ended, done.state) == (Harvested.BATCH, BatchState.PROBLEMS)


async def test_a_file_that_is_no_list_is_a_batch_with_its_problem(
    store: BatchStore, maker: str, web: WebServer, fetching: Fetching
) -> None:
    web.holds("/list.csv", b"<!doctype html><html>moved</html>")
    await listed(store, maker, web.address("/list.csv"))
    assert (await harvested(store, fetching)).state is BatchState.PROBLEMS
    assert await size() == 0


async def test_a_360giving_file_becomes_records(
    store: BatchStore, maker: str, web: WebServer, fetching: Fetching
) -> None:
    grants = [
        {
            "id": f"360G-{number}",
            "title": "虚构项目",
            "currency": "CNY",
            "amountAwarded": 100 * number,
            "awardDate": "2026-03-01",
            "fundingOrganization": [{"id": "X-1", "name": "虚构科技有限公司"}],
            "recipientOrganization": [{"id": f"CN-USCI-{ORGANISATION}", "name": "示例基金会"}],
        }
        for number in (1, 2)
    ]
    web.holds("/grants.json", json.dumps({"grants": grants}).encode())
    await listed(store, maker, web.address("/grants.json"))
    done = await harvested(store, fetching)
    assert (done.ended, done.state) == (Harvested.BATCH, BatchState.SUBMITTED)
    assert done.batch is not None
    view = await find_batch(store, ORGANISATION, done.batch)
    assert view is not None
    assert view.report is not None
    assert (view.content, view.report.total) == ("records", 30_000)


async def test_a_failure_is_kept_and_told_and_does_not_lose_what_was_known(
    store: BatchStore, maker: str, web: WebServer, fetching: Fetching
) -> None:
    web.holds("/list.csv", LIST, 'etag: "1"')
    await listed(store, maker, web.address("/list.csv"))
    await harvested(store, fetching)
    web.says("/list.csv", answer(LIST)[:-5])
    assert (await harvested(store, fetching)).ended is Harvested.FAILED
    [line] = await sources_of(ORGANISATION)
    outcome = outcome_of(line)
    assert outcome is not None
    assert "broke off" in outcome.text()
    assert line["etag"] == '"1"'


async def test_whoever_reports_no_more_is_no_maker_of_a_batch(
    store: BatchStore, ledger: Ledger, maker: str, web: WebServer, fetching: Fetching
) -> None:
    web.holds("/list.csv", LIST)
    await listed(store, maker, web.address("/list.csv"))
    async with write_transaction(ledger.engine):
        await Membership.update({Membership.ended_at: "2026-11-23T00:00:00Z"}).where(
            Membership.person == maker
        )
    done = await harvested(store, fetching)
    assert (done.ended, web.requests) == (Harvested.FAILED, [])


async def test_an_address_stands_on_the_list_once_and_can_be_taken_off(
    store: BatchStore, maker: str
) -> None:
    await listed(store, maker, "https://list.example/a.csv")
    with pytest.raises(Refused):
        await listed(store, maker, "https://list.example/a.csv#top")
    [line] = await sources_of(ORGANISATION)
    await end_source(store, "53440300MJL1234568", line["id"])
    assert len(await sources_of(ORGANISATION)) == 1
    await end_source(store, ORGANISATION, line["id"])
    assert await sources_of(ORGANISATION) == []
