"""Tests of the way into the workplace in a real browser: from an invitation to a recovery code."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pyotp
import pytest

from charity.organisations.registry import add_organisation
from charity.people.invitations import invite
from charity.people.roles import Role
from ledger.database.engines import write_transaction
from public_site.opening import opened
from public_site.settings import Settings
from tests.browser.conftest import DESKTOP, PHONE, WAIT_MILLISECONDS, Visitor, running_chromium
from tests.browser.test_journeys import overflow
from tests.conftest import ORGANISATION, MadeHome
from tests.public_site.running import serving

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

pytestmark = [
    pytest.mark.browser,
    pytest.mark.one_engine("sqlite", "what a browser sees; tests of pages run on both engines"),
]

PASSWORD = "示例-冬瓜 汽笛 围棋 灯塔"
UNLABELLED = """() => [...document.querySelectorAll('input, select, textarea')]
  .filter(field => field.type !== 'hidden' && field.checkVisibility()
    && !field.labels.length && !field.getAttribute('aria-label'))
  .map(field => field.outerHTML)"""
TWICE = """() => [...document.querySelectorAll('[id]')].map(each => each.id)
  .filter((id, place, all) => all.indexOf(id) !== place)"""
POINTING_NOWHERE = """() => [...document.querySelectorAll('[aria-describedby], [aria-labelledby]')]
  .flatMap(each => (each.getAttribute('aria-describedby') || '').split(' ')
    .concat((each.getAttribute('aria-labelledby') || '').split(' ')))
  .filter(id => id && !document.getElementById(id))"""


async def _invited(settings: Settings) -> str:
    """Invite a checker of a new organisation; return the secret of the link."""
    async with opened(settings) as ledger:
        await add_organisation(ORGANISATION, "示例基金会")
        async with write_transaction(ledger.engine):
            return await invite(
                email="fuhe@example.org",
                name="虚构复核",
                role=Role.CHECKER,
                organisation=ORGANISATION,
                language="zh",
                invited_by=None,
                now=datetime.now(UTC),
            )


@pytest.fixture(scope="module")
def browser(made_home: MadeHome) -> Iterator["Browser"]:
    """Chromium, started after the home was made: it holds the event loop of this thread."""
    with running_chromium() as browser:
        yield browser


@pytest.fixture
def invited_site(made_home: MadeHome, tmp_path: "Path") -> Iterator[tuple[str, str]]:
    """A served site, and the secret of an open invitation; made in a thread of its own."""
    from concurrent.futures import ThreadPoolExecutor

    with made_home.copied(tmp_path / "home") as settings, ThreadPoolExecutor(1) as thread:
        secret = thread.submit(lambda: asyncio.run(_invited(settings))).result()
        with serving(settings.home, tmp_path / "log") as address:
            yield address, secret


@contextmanager
def person_at(browser: "Browser", site: str, viewport: dict[str, int]) -> Iterator[Visitor]:
    """A person at a browser without a script running, as the workplace needs none."""
    context = browser.new_context(
        viewport={"width": viewport["width"], "height": viewport["height"]},
        accept_downloads=True,
    )
    context.set_default_timeout(WAIT_MILLISECONDS)
    person = Visitor(context.new_page(), site)
    person.watch()
    try:
        yield person
    finally:
        context.close()
    assert person.foreign == []


def look(person: Visitor) -> None:
    """Check what every page owes to those who see little, or use a small screen."""
    assert overflow(person) == 0, person.page.url
    assert person.page.evaluate(UNLABELLED) == []
    assert person.page.evaluate(TWICE) == []
    assert person.page.evaluate(POINTING_NOWHERE) == []
    assert person.page.locator("h1").count() == 1


def accept_invitation(person: Visitor, language: str, secret: str) -> None:
    person.go(f"/{language}/workplace/invitations/{secret}")
    look(person)
    page = person.page
    page.locator("#password").fill("zu kurz")
    page.locator("#again").fill("zu kurz")
    page.locator(".desk-form button").click()
    page.locator("#password[aria-invalid]").wait_for()
    look(person)
    page.locator("#password").fill(PASSWORD)
    page.locator("#again").fill(PASSWORD)
    page.locator(".desk-form button").click()
    page.wait_for_url("**/second-factor**")


def set_up_second_factor(person: Visitor) -> list[str]:
    """Set the second step up by the secret beside the QR code; return the recovery codes."""
    page = person.page
    look(person)
    assert page.locator(".qr svg").bounding_box()["width"] > 150  # type: ignore[index]
    secret = page.locator("#secret").inner_text().replace(" ", "")
    assert page.locator("#code").get_attribute("autocomplete") == "one-time-code"
    page.locator("#code").fill(pyotp.TOTP(secret).at(datetime.now(UTC)))
    page.locator("form.sheet button").click()
    page.locator(".recovery-codes").wait_for()
    look(person)
    codes = page.locator(".recovery-codes li").all_inner_texts()
    assert len(set(codes)) == 10
    file = page.locator("a[download]").get_attribute("href") or ""
    assert file.startswith("data:text/plain")
    assert all(code in unquote(file) for code in codes)
    return codes


def sign_in_with(person: Visitor, language: str, code: str) -> None:
    page = person.page
    person.go(f"/{language}/workplace/sign-in")
    look(person)
    page.locator("#email").fill("fuhe@example.org")
    page.locator("#password").fill(PASSWORD)
    page.locator(".desk-form button").click()
    page.wait_for_url("**/second-factor**")
    look(person)
    page.locator("#code").fill(code)
    page.locator(".desk-form button").click()


@pytest.mark.parametrize(
    ("language", "viewport"), [("zh", PHONE), ("en", DESKTOP)], ids=["phone", "desktop"]
)
def test_from_the_invitation_to_a_recovery_code(
    browser: "Browser", invited_site: tuple[str, str], language: str, viewport: dict[str, int]
) -> None:
    site, secret = invited_site
    with person_at(browser, site, viewport) as person:
        page = person.page
        accept_invitation(person, language, secret)
        codes = set_up_second_factor(person)
        page.locator("a.button").click()
        page.wait_for_url(f"**/{language}/workplace/{ORGANISATION}")
        page.locator(".desk-person a").click()
        page.wait_for_url("**/account")
        look(person)
        page.locator(".desk-navigation button").click()
        page.wait_for_url("**/sign-in**")
        sign_in_with(person, language, codes[3])
        page.wait_for_url(f"**/{language}/workplace/{ORGANISATION}")
        page.locator(".desk-navigation button").click()
        page.wait_for_url("**/sign-in**")
        sign_in_with(person, language, codes[3])
        page.locator("#code[aria-invalid]").wait_for()  # it was used once already
        assert re.search("/second-factor", page.url)
