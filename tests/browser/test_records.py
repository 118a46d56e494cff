"""Journeys of a maker and a checker: a gift by hand with its receipt, a correction with preview."""

import asyncio
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from charity.organisations.registry import add_organisation
from charity.people.roles import Role
from charity.projects.tables import Project
from charity.reporting.batches.recording import append_records
from charity.reporting.batches.store import BatchStore
from ledger.vault.envelopes import Envelopes
from public_site.opening import initialise, opened
from public_site.settings import Settings
from public_site.workplace.visiting import SESSION_COOKIE
from tests.browser.conftest import DESKTOP, PHONE, Visitor
from tests.charity.batches.recording import content_of, record
from tests.conftest import ORGANISATION
from tests.public_site.running import serving
from tests.public_site.workplace.conftest import invent_person, session_of

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

DESK = f"/en/workplace/{ORGANISATION}"
SPENT = 1
"""The position of a spending that is there from the start."""


@dataclass(frozen=True)
class Desk:
    """A served site with a maker and a checker, and the tokens of their sessions."""

    site: str
    maker: str
    checker: str


async def _made(settings: Settings) -> tuple[str, str]:
    """Make a ledger with a gift and a spending; return the sessions of a maker and a checker."""
    await initialise(settings)
    async with opened(settings) as ledger:
        await add_organisation(ORGANISATION, "示例基金会")
        await Project.insert(
            Project(
                organisation=ORGANISATION,
                code="school",
                name="示例校园",
                fund="general",
                budget=None,
            )
        )
        store = BatchStore.at(ledger, settings.drafts, Envelopes(bytes(32)))
        async with ledger.write() as writer:
            content = content_of(record("gift"), record("spending"))
            await append_records(store, writer, ORGANISATION, content, "0" * 32)
        people = [
            await invent_person(ledger, (role, ORGANISATION)) for role in (Role.MAKER, Role.CHECKER)
        ]
        maker, checker = [await session_of(ledger, person) for person in people]
    return maker, checker


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A site of its own, in a process of its own: these journeys write into the ledger."""
    folder: Path = tmp_path_factory.mktemp("desk")
    settings = Settings(home=folder / "home", database="", origin="log.example/city")
    maker, checker = asyncio.run(_made(settings))
    with serving(settings.home, folder / "log") as address:
        yield Desk(address, maker, checker)


@pytest.fixture(scope="module")
def served(desk: Desk) -> str:
    """The address that the browser visits."""
    return desk.site


def sign_in(person: Visitor, token: str) -> None:
    """Let a browser be signed in."""
    cookie: Any = {"name": SESSION_COOKIE, "value": token, "url": person.site}
    person.page.context.add_cookies([cookie])


def decide(page: "Page", button: str) -> None:
    """Press a button of a batch's page."""
    page.get_by_role("button", name=button).click()


def approve(visitor: Callable[..., Any], desk: Desk, batch: str) -> None:
    """Let the checker approve a batch, and wait until it is in the ledger."""
    with visitor(DESKTOP) as checker:
        sign_in(checker, desk.checker)
        checker.page.goto(batch)
        decide(checker.page, "Approve and enter into the ledger")
        checker.page.locator("main .batch-state.batch-appended").first.wait_for(timeout=60_000)


def test_a_gift_by_hand_gets_into_the_ledger_with_its_receipt(
    desk: Desk, visitor: Callable[..., Any]
) -> None:
    with visitor(PHONE, scripts=False) as maker:
        sign_in(maker, desk.maker)
        maker.go(f"{DESK}/records/gift")
        page = maker.page
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        page.get_by_label("Amount", exact=True).fill("1,234.50")
        page.get_by_label("Name", exact=True).fill("虚构张三")
        page.get_by_label("Show the name beside the amount").check()
        page.get_by_label("Issue a donation receipt when the gift is in the ledger").check()
        page.get_by_role("button", name="Check and make a draft").click()
        told = page.get_by_role("alert")
        told.get_by_role("link").click()
        assert page.get_by_label("Amount", exact=True).input_value() == "1,234.50"
        page.locator(":target").fill("示例捐赠表第5条")
        page.get_by_role("button", name="Check and make a draft").click()
        batch = page.url
        decide(page, "Submit for approval")
        [refused] = maker.complaints
        assert "422" in refused  # a browser tells the console of a form that was refused
        maker.complaints.clear()
    approve(visitor, desk, batch)
    with visitor(PHONE, scripts=False) as anybody:
        anybody.go("/en/entries/2")
        assert "¥1,234.50" in anybody.page.locator(".cover-amount").inner_text()
        assert "虚构张三" in anybody.page.content()
        anybody.go("/en/entries/3")
        assert "Receipt of donation" in anybody.page.locator("h1").inner_text()


def test_a_correction_is_read_before_it_is_published(
    desk: Desk, visitor: Callable[..., Any]
) -> None:
    with visitor(PHONE, scripts=False) as maker:
        sign_in(maker, desk.maker)
        maker.go(f"{DESK}/records/correction")
        page = maker.page
        page.get_by_label("Number of the entry").fill(str(SPENT))
        page.get_by_role("button", name="Next").click()
        assert page.get_by_label("What the entry says").input_value() == "示例支出"
        page.get_by_label("What is right").fill("示例支出（更正）")
        page.get_by_label("Why it was wrong").fill("写错了")
        page.get_by_label("Corrected by").fill("财务部")
        page.get_by_role("button", name="Next: see the public wording").click()
        shown = page.locator("table.book").inner_text()
        assert "示例支出（更正）" in shown
        page.get_by_role("button", name="Change the words").click()
        assert page.get_by_label("Why it was wrong").input_value() == "写错了"
        page.get_by_role("button", name="Next: see the public wording").click()
        page.get_by_role("button", name="Make a draft with these words").click()
        batch = page.url
        decide(page, "Submit for approval")
    approve(visitor, desk, batch)
    with visitor(PHONE, scripts=False) as anybody:
        anybody.go(f"/en/entries/{SPENT}")
        there = anybody.page.locator("[aria-labelledby=corrections] table.book").inner_text()
        assert re.sub("#[0-9]+", "—", there) == shown
