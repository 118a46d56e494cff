"""Tests of pages of batches that came back: rejected, or approved on an older ledger."""

from collections.abc import AsyncIterator

import pytest
from litestar import Litestar

from charity.organisations.registry import add_organisation
from charity.people.roles import Role
from charity.reporting.batches.approval import submit
from charity.reporting.batches.drafting import draft_records
from charity.reporting.batches.work import work
from public_site.settings import Settings
from tests.charity.batches.recording import OTHER, content_of, record
from tests.conftest import ORGANISATION
from tests.public_site.applications import application
from tests.public_site.workplace.record_filling import hand_in, registered
from tests.public_site.workplace.reporting import LIST, TODAY, Desk, JobsHere, SitAt, desks
from tests.public_site.workplace.test_batches import actions, submitted

NUMBERED = (
    "捐赠日期,捐赠人,金额（元）,交易单号\r\n2025-12-01,虚构甲,{},X{}\r\n2025-12-01,虚构乙,5,Y1\r\n"
)
REASON = "示例：金额与回单不符"


@pytest.fixture
async def app(settings: Settings) -> AsyncIterator[Litestar]:
    app = application(settings, JobsHere)
    async with app.lifespan():
        await add_organisation(ORGANISATION, "示例基金会")
        await registered(app)
        yield app


@pytest.fixture
async def sit(app: Litestar) -> AsyncIterator[SitAt]:
    async with desks(app) as sit:
        yield sit


@pytest.fixture
async def maker(sit: SitAt) -> Desk:
    return await sit(Role.MAKER, language="en", name="虚构经办")


@pytest.fixture
async def checker(sit: SitAt) -> Desk:
    return await sit(Role.CHECKER, language="en", name="虚构复核")


async def test_a_rejected_list_is_mended_where_it_stands(maker: Desk, checker: Desk) -> None:
    batch = await submitted(maker)
    await checker.do(batch, "reject", reason=REASON)
    page = await maker.page(batch)
    assert {"file", "check", "withdraw"} <= actions(page)
    assert REASON in page.text
    assert "Rejected by 虚构复核" in page.text
    assert "虚构甲" in page.text, "what was reported can still be looked at"
    assert {"file", "check", "withdraw"}.isdisjoint(actions(await checker.page(batch)))
    overview = await maker.page()
    assert "To mend" in [each.text for each in overview.every("h3")]
    assert REASON in overview.text
    assert overview.text.count("list.csv") == 1
    sent = await maker.send(
        f"{batch}/file", at=batch, files={"file": ("mended.csv", LIST.replace("2000", "3000"))}
    )
    assert sent.status_code == 303
    await maker.jobs.done()
    page = await maker.page(batch)
    assert REASON in page.text, "why it was rejected stays visible while it is mended"
    await maker.do(batch, "submit")
    assert REASON in (await checker.page(batch)).text
    assert REASON in (await checker.page("/batches")).text
    await checker.do(batch, "approve")
    assert await maker.size() == 2
    page = await maker.page(batch)
    assert REASON not in page.text
    assert "rejected" in page.with_class("history")[0].text


async def test_a_rejected_record_comes_back_in_its_form(maker: Desk, checker: Desk) -> None:
    batch = "/batches/" + await hand_in(maker.client, "gift")
    await maker.do(batch, "submit")
    await checker.do(batch, "reject", reason=REASON)
    page = await maker.page(batch)
    assert any((each.get("href") or "").endswith("/records") for each in page.every("a"))
    form = await maker.page(f"{batch}/records")
    assert "1234.50" in [each.get("value") for each in form.every("input")]


async def test_a_changed_ledger_is_shown_as_it_is_now(maker: Desk, checker: Desk) -> None:
    first, second = [await submitted(maker, NUMBERED.format(7, number)) for number in (1, 2)]
    for batch in (first, second):
        await checker.send(f"{batch}/approve", at=batch)
    for batch in (first, second):
        await work(maker.app.state.batches, batch.rpartition("/")[2], TODAY)
    page = await maker.page(second)
    assert "The ledger has changed" in page.text
    assert "虚构复核 had approved it on" in page.text
    rows = page.with_class("preview")[0].text
    assert "虚构甲" in rows, "its rows are shown as they are now"
    assert "known already" in rows
    assert "The ledger has changed" not in (await maker.page(first)).text


async def test_the_balance_before_is_the_present_one(maker: Desk, checker: Desk) -> None:
    batch = await submitted(maker)
    other = await submitted(maker, LIST.replace("虚构甲", "虚构丁").replace("2000", "3000"))
    assert "¥0.00" in (await checker.page(batch)).text
    await checker.do(other, "approve")
    page = await checker.page(batch)
    assert "¥3,100.50" in page.text
    assert "¥5,201.00" in page.text
    assert "¥0.00" not in page.text


async def test_the_same_file_leads_to_the_other_batch(maker: Desk) -> None:
    first = await maker.uploaded(LIST, name="first.csv")
    second = await maker.uploaded(LIST, name="second.csv")
    page = await maker.page(second)
    [link] = [each for each in page.every("a") if each.text == "first.csv"]
    assert link.get("href") == maker.base + first
    assert first.rpartition("/")[2] not in page.text


async def test_a_form_is_called_in_the_readers_language(maker: Desk, sit: SitAt) -> None:
    batch = "/batches/" + await hand_in(maker.client, "gift")
    assert "Record a gift 2026-01-02" in (await maker.page(batch)).one("h1").text
    chinese = await sit(Role.CHECKER)
    title = (await chinese.page(batch)).one("h1").text
    assert title.endswith(" 2026-01-02")
    assert "Record a gift" not in title
    await maker.do(batch, "submit")
    await chinese.do(batch, "approve")
    assert title in (await chinese.page()).text, "without the preview, too"


async def test_a_correction_moves_no_amount(maker: Desk, checker: Desk) -> None:
    await checker.do(await submitted(maker), "approve")
    batch = "/batches/" + await hand_in(maker.client, "correction", entry="0")
    table = (await maker.page(batch)).with_class("preview")[0]
    assert "—" in table.text
    assert "¥0.00" not in table.text


async def test_the_giving_organisation_reads_what_it_is_asked(sit: SitAt, maker: Desk) -> None:
    giver = await sit(Role.MAKER, code=OTHER, language="en")
    second = await sit(Role.CHECKER, code=OTHER, language="en")
    gift = await giver.uploaded("捐赠日期,捐赠人,金额（元）\r\n2025-12-01,虚构丙,50\r\n")
    await giver.do(gift, "submit")
    await second.do(gift, "approve")
    store = maker.app.state.batches
    batch = await draft_records(
        store,
        person=maker.person,
        organisation=ORGANISATION,
        title="示例",
        content=content_of(
            record(
                "gift",
                donor={"name": "虚构戊", "choice": "with_amount", "consent": "示例第5条"},
            ),
            record("transfer", giver=OTHER, giver_fund="general", amount=500),
        ),
    )
    await maker.jobs.done()
    await submit(store, person=maker.person, organisation=ORGANISATION, batch=batch, seen_version=1)
    page = await second.page(f"/batches/{batch}")
    assert "Out of its fund" in page.text
    assert "虚构戊" not in page.text
    assert "示例第5条" not in page.text
