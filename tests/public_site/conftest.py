"""Provides the site over the invented ledger, spoken to without a server."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast
from urllib.parse import urljoin

import httpx
import pytest

from public_site.settings import Settings
from tests.public_site.applications import application
from tests.public_site.city import City
from tests.public_site.page_reading import Element, links, read_page
from tests.public_site.running import Run, run_here, unused_port

SITE = "http://localhost"
ALIKE = 290
"""Entries before this place are gifts of lists, but for the first ten nothing new to see."""
BROWSER = {"accept": "text/html,application/xhtml+xml"}


@asynccontextmanager
async def site(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """Open the application over a ledger and yield a client that speaks to it as browsers do."""
    app = application(settings)
    transport = httpx.ASGITransport(cast("Any", app))
    async with (
        app.lifespan(),
        httpx.AsyncClient(transport=transport, base_url=SITE, headers=BROWSER) as client,
    ):
        yield client


@pytest.fixture
async def client(city: City) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the site over the invented ledger; tests only read it."""
    async with site(city.settings) as client:
        yield client


@pytest.fixture
async def blank_client(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the site over a real ledger without an entry."""
    async with site(settings) as client:
        yield client


@dataclass(frozen=True)
class Visit:
    """What the site answered to one address."""

    content: bytes
    content_type: str

    @property
    def text(self) -> str:
        """The answer as text."""
        return self.content.decode()

    @property
    def is_page(self) -> bool:
        """Whether the answer is a page."""
        return self.content_type.startswith("text/html")

    @cached_property
    def page(self) -> Element:
        """The answer as a page."""
        return read_page(self.text)


async def _crawl(settings: Settings) -> dict[str, Visit]:
    """Follow every link from the home pages; of the entries that all look alike, a few."""
    visits: dict[str, Visit] = {}
    waiting = ["/zh/", "/en/"]
    async with site(settings) as client:
        while waiting:
            address = waiting.pop()
            if address in visits:
                continue
            visits[address] = await visit(client, address)
            if visits[address].is_page:
                here = [urljoin(SITE + address, link) for link in links(visits[address].page)]
                waiting += [link.removeprefix(SITE) for link in here if _is_followed(link)]
    return visits


async def visit(client: httpx.AsyncClient, address: str) -> Visit:
    """Return what the site answers to an address that it must know."""
    response = await client.get(address)
    assert response.status_code == 200, address
    return Visit(response.content, response.headers["content-type"])


def _is_followed(link: str) -> bool:
    entry = re.search(r"/entries/([0-9]+)", link)
    if entry is not None and int(entry[1]) in range(10, ALIKE) and int(entry[1]) % 30 not in {0, 3}:
        return False
    return link.startswith(SITE) and "#" not in link


@pytest.fixture(scope="session")
def visits(city: City) -> dict[str, Visit]:
    """What can be reached from the home pages, by its address."""
    return asyncio.run(_crawl(city.settings))


@pytest.fixture(scope="session")
def pages(visits: dict[str, Visit]) -> dict[str, Element]:
    """The pages among what can be reached, by their addresses."""
    return {address: visit.page for address, visit in visits.items() if visit.is_page}


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs the `charity` command in an empty home, `tmp_path / "home"`."""
    return run_here(monkeypatch, tmp_path / "home")


@pytest.fixture
def free_port() -> int:
    """A port of the loopback address that nobody listens on."""
    return unused_port()
