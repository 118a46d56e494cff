"""Tests of the first page of the workplace: what is due, what waits, what the funds hold."""

from collections.abc import AsyncIterator
from datetime import date, timedelta

import pytest
from litestar import Litestar

from charity.organisations.registry import OrganisationKind, add_fund, add_organisation
from charity.people.roles import Role
from charity.people.tables import Membership
from charity.projects.tables import Campaign
from ledger.database.engines import write_transaction
from public_site.settings import Settings
from public_site.workplace.overview import first_day_here
from tests.conftest import ORGANISATION
from tests.ledger.entries import gift
from tests.public_site.applications import application
from tests.public_site.page_reading import Element
from tests.public_site.workplace.reporting import (
    LIST,
    WITH_PROBLEMS,
    JobsHere,
    SitAt,
    desks,
)


@pytest.fixture
async def app(settings: Settings) -> AsyncIterator[Litestar]:
    app = application(settings, JobsHere)
    async with app.lifespan():
        await add_organisation(ORGANISATION, "示例基金会", OrganisationKind.FOUNDATION)
        await add_fund(ORGANISATION, "study-aid", "虚构助学专项", restricted=True, purpose="虚构")
        yield app


@pytest.fixture
async def sit(app: Litestar) -> AsyncIterator[SitAt]:
    async with desks(app) as sit:
        yield sit


def section(page: Element, name: str) -> Element:
    return next(each for each in page.every("section") if each.get("aria-labelledby") == name)


def listed(page: Element) -> list[tuple[str, list[str]]]:
    """Return the headings of what waits, each with the batches below it."""
    waiting = section(page, "waiting")
    return list(
        zip(
            [each.text for each in waiting.every("h3")],
            [[who.text for who in table.with_class("who")] for table in waiting.every("table")],
            strict=True,
        )
    )


async def test_what_waits_for_whom(sit: SitAt) -> None:
    maker, checker = await sit(Role.MAKER, language="en"), await sit(Role.CHECKER, language="en")
    submitted = await maker.uploaded(LIST, name="submitted.csv")
    await maker.do(submitted, "submit")
    await maker.uploaded(LIST.replace("虚构甲", "虚构丁"), name="draft.csv")
    await maker.uploaded(WITH_PROBLEMS, name="problems.csv")
    assert listed(await maker.page()) == [
        ("To mend", ["problems.csv"]),
        ("Drafts", ["draft.csv"]),
        ("Submitted", ["submitted.csv"]),
    ]
    assert listed(await checker.page())[0] == ("For you to approve", ["submitted.csv"])
    await checker.do(submitted, "approve")
    page = await maker.page()
    assert "submitted.csv" in section(page, "ended").text
    assert "#0 – #1" in section(page, "ended").text


async def test_who_made_it_is_not_asked_to_approve_it(sit: SitAt) -> None:
    both = await sit(Role.MAKER, Role.CHECKER, language="en")
    await both.do(await both.uploaded(LIST), "submit")
    assert listed(await both.page()) == [("Submitted", ["list.csv"])]


async def test_balances_come_from_the_ledger(sit: SitAt) -> None:
    maker, checker = await sit(Role.MAKER), await sit(Role.CHECKER)
    batch = await maker.uploaded(LIST, fund="study-aid")
    await maker.do(batch, "submit")
    await checker.do(batch, "approve")
    rows = list(section(await maker.page(), "balances").one("tbody").every("tr"))
    amounts = [[cell.text for cell in row.every("td")] for row in rows]
    assert amounts == [["¥0.00"] * 4, ["¥2,100.50", "¥0.00", "¥0.00", "¥2,100.50"]]


async def test_what_is_due_names_its_article_and_pretends_nothing(sit: SitAt) -> None:
    today = date.today()  # noqa: DTZ011 (a day more or less does not matter here)
    ends = today - timedelta(75)
    await Campaign.insert(
        Campaign(
            organisation=ORGANISATION,
            name="虚构募捐",
            filing_number=None,
            fund="general",
            starts=(ends - timedelta(30)).isoformat(),
            ends=ends.isoformat(),
            target=None,
        )
    )
    for language, article in (("zh", "第七十九条"), ("en", "art. 79(2)")):
        desk = await sit(Role.MAKER, language=language)
        due = section(await desk.page(), "due")
        soon = next(each for each in due.with_class("duty-soon") if "虚构募捐" in each.text)
        assert article in soon.text
        assert len(soon.with_class("note")) == 2


async def test_a_checker_is_offered_no_forms_to_report(sit: SitAt) -> None:
    maker = await sit(Role.MAKER)
    await maker.do(await maker.uploaded(LIST), "submit")
    checker = await sit(Role.CHECKER)
    page = await checker.page()
    assert "list.csv" in section(page, "waiting").text
    links = {link.get("href").rpartition("/")[2] for link in page.one("main").every("a")}
    assert "upload" not in links
    assert not {"gift", "spending"} & links


async def test_an_organisation_that_is_not_registered(sit: SitAt) -> None:
    stranger = await sit(Role.MAKER, code="53440300000000000X")
    await stranger.page(status=404)


async def test_what_was_due_before_an_organisation_came_here_is_not_overdue(
    sit: SitAt, app: Litestar
) -> None:
    today = date.today()  # noqa: DTZ011 (a day more or less does not matter here)
    ends = (today - timedelta(150)).isoformat()
    campaign = {"organisation": ORGANISATION, "fund": "general", "starts": ends, "ends": ends}
    await Campaign.insert(
        Campaign(name="虚构旧募捐", filing_number=None, target=None, **campaign)  # type: ignore[arg-type]
    )
    desk = await sit(Role.MAKER)
    assert "虚构旧募捐" not in section(await desk.page(), "due").text
    async with write_transaction(app.state.ledger.engine):
        await Membership.update({Membership.granted_at: f"{ends}T00:00:00Z"}, force=True)
    assert "虚构旧募捐" in section(await desk.page(), "due").text


async def test_the_first_entry_tells_since_when_an_organisation_is_here(
    sit: SitAt, app: Litestar
) -> None:
    assert await first_day_here(ORGANISATION) is None
    async with app.state.ledger.write() as writer:
        await writer.append([gift(0)])
    recorded = date.fromisoformat(gift(0).recorded_at[:10])
    assert await first_day_here(ORGANISATION) == recorded
    await sit(Role.MAKER)
    assert await first_day_here(ORGANISATION) == recorded
