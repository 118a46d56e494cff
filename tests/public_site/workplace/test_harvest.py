"""Tests of the page of harvesting, over a foundation's real web server."""

from collections.abc import AsyncIterator
from ipaddress import ip_network

import pytest

from charity.people.roles import Role
from charity.reporting.harvest.harvesting import sources_of
from public_site.settings import Settings
from tests.charity.harvest.web_server import WebServer, serving
from tests.conftest import ORGANISATION
from tests.public_site.workplace.accounts import send
from tests.public_site.workplace.conftest import SignedIn

LIST = "捐赠人,金额,捐赠日期\n虚构甲,1.00,2020-01-28\n".encode()
PAGE = f"/en/workplace/{ORGANISATION}/harvest"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """The settings of a fresh installation that may fetch from the loopback address."""
    return settings.model_copy(update={"harvest_networks": (ip_network("127.0.0.0/8"),)})


@pytest.fixture
async def web() -> AsyncIterator[WebServer]:
    """A foundation's web server."""
    async with serving() as server:
        yield server


async def test_a_maker_puts_an_address_on_the_list_and_fetches_it(
    signed_in: SignedIn, web: WebServer
) -> None:
    web.holds("/list.csv", LIST)
    maker = await signed_in(Role.MAKER)
    address = web.address("/list.csv", "127.0.0.1")
    added = await send(maker, PAGE, PAGE, address=address, fund="general")
    assert (added.status_code, added.headers["location"]) == (303, PAGE)
    [line] = await sources_of(ORGANISATION)
    fetched = await send(maker, f"{PAGE}/{line['id']}/fetch", PAGE)
    [line] = await sources_of(ORGANISATION)
    batch = f"/en/workplace/{ORGANISATION}/batches/{line['batch']}"
    assert fetched.headers["location"] == batch
    assert (await maker.get(batch)).status_code == 200
    assert address in (await maker.get(PAGE)).text
    await send(maker, f"{PAGE}/{line['id']}/end", PAGE)
    assert await sources_of(ORGANISATION) == []


@pytest.mark.parametrize("address", ["", "list.csv", "file:///etc/passwd", "https://" + "x" * 3000])
async def test_what_is_no_address_is_told_and_kept_in_the_form(
    signed_in: SignedIn, address: str
) -> None:
    maker = await signed_in(Role.MAKER)
    answer = await send(maker, PAGE, PAGE, address=address, fund="general")
    assert answer.status_code == 422
    assert "no web address" in answer.text
    assert await sources_of(ORGANISATION) == []


async def test_a_private_address_is_told_on_the_page(signed_in: SignedIn) -> None:
    maker = await signed_in(Role.MAKER)
    await send(maker, PAGE, PAGE, address="http://10.0.0.1/list.csv", fund="general")
    [line] = await sources_of(ORGANISATION)
    fetched = await send(maker, f"{PAGE}/{line['id']}/fetch", PAGE)
    assert fetched.headers["location"] == PAGE
    assert "private network" in (await maker.get(PAGE)).text


async def test_nobody_fetches_the_address_of_another_organisation(
    signed_in: SignedIn, web: WebServer
) -> None:
    web.holds("/list.csv", LIST)
    maker = await signed_in(Role.MAKER)
    await send(maker, PAGE, PAGE, address=web.address("/list.csv", "127.0.0.1"), fund="general")
    [line] = await sources_of(ORGANISATION)
    other = "53440300MJL1234568"
    stranger = await signed_in(Role.MAKER, other)
    page = f"/en/workplace/{other}/harvest"
    await send(stranger, f"{page}/{line['id']}/fetch", page)
    await send(stranger, f"{page}/{line['id']}/end", page)
    assert web.requests == []
    assert len(await sources_of(ORGANISATION)) == 1
