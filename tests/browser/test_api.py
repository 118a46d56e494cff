"""Tests of the page of the API in a real browser: the viewer needs nothing from anywhere else."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from public_site.opening import initialise
from public_site.settings import Settings
from tests.browser.conftest import DESKTOP, PHONE
from tests.conftest import ORIGIN
from tests.public_site.running import serving

pytestmark = [
    pytest.mark.browser,
    pytest.mark.one_engine("sqlite", "what a browser sees; tests of the API run on both engines"),
]

Visits = Callable[..., Any]
OPERATIONS = 7


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real server over an empty log: the API's page shows no entries."""
    home = tmp_path_factory.mktemp("api")
    asyncio.run(initialise(Settings(home=home / "home", database="", origin=ORIGIN)))
    with serving(home / "home", home / "log") as address:
        yield address


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_the_viewer_shows_every_operation_and_asks_nobody_else(
    visitor: Visits, language: str, viewport: dict[str, int]
) -> None:
    with visitor(viewport) as person:  # which fails if anything is asked of another site
        person.go(f"/{language}/api")
        person.page.wait_for_selector("#viewer .opblock")
        assert person.page.locator("#viewer .opblock").count() == OPERATIONS
        width = person.page.evaluate("document.documentElement.scrollWidth")
        assert width <= viewport["width"]


def test_an_operation_is_tried_out_on_the_page(visitor: Visits) -> None:
    with visitor(DESKTOP) as person:
        person.go("/en/api")
        person.page.click("#viewer .opblock-get >> nth=0")
        person.page.click("#viewer .try-out__btn")
        with person.page.expect_response("**/api/v1/batches?*") as answered:
            person.page.click("#viewer .execute")
        assert answered.value.status == 401
        person.page.wait_for_selector("#viewer .responses-inner >> text=token-missing")
        # The browser itself notes every answer that is none; that is what was expected.
        assert [said for said in person.complaints if "401" not in said] == []
        person.complaints.clear()


def test_without_scripts_the_operations_are_a_plain_list(visitor: Visits) -> None:
    with visitor(PHONE, scripts=False) as person:
        person.go("/en/api")
        assert person.page.locator(".operations tbody tr").count() == OPERATIONS
        assert not person.page.locator("#viewer").is_visible()
