"""Tests of reporting in a real browser, with a real server and jobs in processes of their own."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from charity.organisations.registry import add_organisation
from charity.people.roles import Role
from public_site.opening import initialise, opened
from public_site.settings import Settings
from public_site.workplace.visiting import SESSION_COOKIE
from tests.browser.conftest import DESKTOP, PHONE, Visitor
from tests.browser.test_journeys import overflow
from tests.conftest import ORGANISATION, ORIGIN
from tests.public_site.running import serving
from tests.public_site.workplace.conftest import invent_person, session_of

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

Visits = Callable[..., Any]
WORKPLACE = f"/workplace/{ORGANISATION}"
HEADER = "捐赠日期,捐赠人,金额（元）,备注"
PROBLEMS = (HEADER, "2025-12-01,虚构甲,100,", "2025-12-02,,30.50,", "2025-12-03,虚构乙,很多,")
MENDED = (*PROBLEMS[:-1], "2025-12-03,虚构乙,9,")
UNKNOWN = ("善款人儿,银钱几何,哪一天", "虚构丙,5,2025-12-01", "虚构丁,6,2025-12-02")
UNKNOWN_TOO = (UNKNOWN[0], "虚构戊,7,2025-12-03", "虚构己,8,2025-12-04")


@dataclass(frozen=True)
class Office:
    """A home with an organisation, and the sessions of its invented people."""

    home: Path
    sessions: dict[Role, str]


async def _furnish(home: Path) -> Office:
    settings = Settings(home=home, database="", origin=ORIGIN)
    await initialise(settings)
    sessions = {}
    async with opened(settings) as ledger:
        await add_organisation(ORGANISATION, "示例基金会")
        for role, name in ((Role.MAKER, "虚构经办"), (Role.CHECKER, "虚构复核")):
            person = await invent_person(ledger, (role, ORGANISATION), name=name)
            sessions[role] = await session_of(ledger, person)
    return Office(home, sessions)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    return asyncio.run(_furnish(tmp_path_factory.mktemp("office")))


@pytest.fixture(scope="module")
def served(office: Office, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(office.home, tmp_path_factory.mktemp("served") / "log") as address:
        yield address


def sit_down(person: Visitor, office: Office, role: Role) -> "Page":
    """Sign a visitor in as the invented person of a role."""
    cookie = {"name": SESSION_COOKIE, "value": office.sessions[role], "url": person.site}
    person.page.context.add_cookies([cookie])  # type: ignore[list-item]
    return person.page


def choose(page: "Page", name: str, lines: tuple[str, ...]) -> None:
    content = "\r\n".join(lines).encode()
    page.locator("#file").set_input_files({"name": name, "mimeType": "text/csv", "buffer": content})


def checked(page: "Page") -> None:
    """Wait until the job of the batch is done, as the page shows it by itself."""
    page.wait_for_url("**/batches/*")
    page.locator("[data-progress]").wait_for(state="detached")
    page.locator("#history").wait_for()


def upload(person: Visitor, language: str, name: str, lines: tuple[str, ...]) -> None:
    person.go(f"/{language}{WORKPLACE}")
    person.page.locator("a[href$='/upload']").first.click()
    choose(person.page, name, lines)
    person.page.locator("form[action$='/upload'] button").click()
    checked(person.page)


def deed(page: "Page", name: str) -> None:
    """Press the button of a form about a batch."""
    page.locator(f"main form[action$='/{name}'] button[type=submit]").first.click()


@pytest.mark.parametrize(
    ("language", "viewport", "total"),
    [("zh", DESKTOP, "¥139.50"), ("en", PHONE, "¥279.00")],
    ids=["zh-desktop", "en-phone"],
)
def test_from_a_list_with_problems_to_the_public_page(
    visitor: Visits, office: Office, language: str, viewport: dict[str, int], total: str
) -> None:
    day = "2025-12" if language == "zh" else "2025-11"
    problems, mended = (
        tuple(line.replace("2025-12", day) for line in lines) for lines in (PROBLEMS, MENDED)
    )
    with visitor(viewport) as maker, visitor(viewport) as checker:
        page = sit_down(maker, office, Role.MAKER)
        upload(maker, language, "list.csv", problems)
        assert page.locator(".place").all_inner_texts() == ["list!B3", "list!C4"]
        assert overflow(maker) == 0
        choose(page, "list.csv", mended)
        deed(page, "file")
        checked(page)
        assert page.locator(".place").all_inner_texts() == ["list!B3"]
        page.locator("input[name=accept]").first.check()
        deed(page, "check")
        checked(page)
        assert "¥139.50" in page.locator(".figures").inner_text()
        assert page.locator("table.preview tbody tr").count() == 3
        deed(page, "submit")
        page.wait_for_load_state()
        assert page.locator("form[action$='/approve']").count() == 0

        other = sit_down(checker, office, Role.CHECKER)
        checker.go(f"/{language}{WORKPLACE}")
        other.locator("#waiting ~ * a.who, [aria-labelledby=waiting] a.who").first.click()
        other.wait_for_url("**/batches/*")
        assert other.locator(".is-accepted .place").all_inner_texts() == ["list!B3"]
        assert overflow(checker) == 0
        deed(other, "approve")
        checked(other)
        other.locator("#receipt").wait_for()
        assert overflow(checker) == 0

        page.reload()
        page.locator("#receipt").wait_for()
        maker.go(f"/{language}/organisations/{ORGANISATION}")
        assert total in page.locator(".statement").inner_text()


def test_unknown_headers_are_told_once(visitor: Visits, office: Office) -> None:
    with visitor(DESKTOP) as maker, visitor(DESKTOP) as checker:
        page = sit_down(maker, office, Role.MAKER)
        upload(maker, "en", "other.csv", UNKNOWN)
        page.locator("a.button[href$='/columns']").click()
        page.wait_for_url("**/columns")
        for at, role in enumerate(("donor", "amount", "day")):
            page.locator(f"#role-0-{at}").select_option(role)
        deed(page, "columns")
        checked(page)
        assert "¥11.00" in page.locator(".figures").inner_text()
        deed(page, "submit")
        page.wait_for_load_state()
        other = sit_down(checker, office, Role.CHECKER)
        other.goto(page.url)
        deed(other, "approve")
        checked(other)
        upload(maker, "en", "next.csv", UNKNOWN_TOO)
        assert "¥15.00" in page.locator(".figures").inner_text()
        assert page.locator("form[action$='/submit']").count() == 1


def test_without_scripts_the_page_comes_by_itself(visitor: Visits, office: Office) -> None:
    with visitor(PHONE, scripts=False) as maker:
        page = sit_down(maker, office, Role.MAKER)
        lines = (HEADER, "2025-10-01,虚构庚,12,", "2025-10-02,虚构辛,13,")
        upload(maker, "zh", "plain.csv", lines)
        assert "¥25.00" in page.locator(".figures").inner_text()
        deed(page, "withdraw")
        page.wait_for_load_state()
        assert page.locator("main form[action*='/batches/']").count() == 0


def test_too_large_a_file_gets_a_page(visitor: Visits, office: Office, tmp_path: Path) -> None:
    path = tmp_path / "large.csv"
    with path.open("wb") as file:
        file.truncate(80 * 2**20)
    with visitor(PHONE) as maker:
        page = sit_down(maker, office, Role.MAKER)
        maker.go(f"/en{WORKPLACE}/upload")
        page.locator("#file").set_input_files(path)
        page.locator("form[action$='/upload'] button").click()
        page.get_by_text("This file is too large").first.wait_for()
        assert "64 MiB" in page.locator(".lead").inner_text()
        assert [text for text in maker.complaints if "413" not in text] == []
        maker.complaints.clear()
