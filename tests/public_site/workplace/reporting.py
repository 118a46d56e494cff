"""Provides the site with jobs done in this process, and people who report and approve in it."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any, cast

import httpx
from litestar import Litestar

from charity.people.roles import Role
from charity.reporting.batches.reading import waiting_for_job
from charity.reporting.batches.store import BatchStore
from charity.reporting.batches.work import work
from public_site.settings import Settings
from public_site.workplace.visiting import SESSION_COOKIE
from tests.conftest import ORGANISATION
from tests.public_site.conftest import BROWSER, SITE
from tests.public_site.page_reading import Element, read_page
from tests.public_site.workplace.conftest import FROM_THIS_SITE, invent_person, session_of

TODAY = date(2026, 1, 1)
LOOK_SECONDS = 0.05
FORM_WORD = re.compile(r'name="form_word" value="([0-9a-f]*)"')
VERSION = re.compile(r'name="seen_version" value="([0-9]+)"')

LIST = (
    "捐赠日期,捐赠人,金额（元）,备注\r\n"
    "2025-12-01,虚构甲,100.50,\r\n"
    "2025-12-02,示例科技有限公司,2000,\r\n"
)
WITH_PROBLEMS = LIST + "2025-12-03,,30,\r\n2025-12-04,虚构乙,无,\r\n2025-12-05,虚构丙,很多,\r\n"


class JobsHere:
    """Does the jobs in this process, when a test asks for it: as if they took their time."""

    def __init__(self, store: BatchStore, _: Settings) -> None:
        self.store = store
        self.woken: list[str] = []

    def wake(self, batch: str) -> None:
        """Note who woke it."""
        self.woken.append(batch)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run nothing by itself."""
        yield

    async def done(self) -> None:
        """Do what waits."""
        for batch in await waiting_for_job(self.store):
            await work(self.store, batch, TODAY)


@dataclass
class Desk:
    """A person at the workplace of an organisation, in one language."""

    app: Litestar
    client: httpx.AsyncClient
    person: str
    code: str = ORGANISATION
    language: str = "zh"

    @property
    def base(self) -> str:
        """The address of the organisation's workplace."""
        return f"/{self.language}/workplace/{self.code}"

    async def page(self, path: str = "", status: int = 200) -> Element:
        """Return a page of the workplace."""
        response = await self.client.get(self.base + path)
        assert response.status_code == status, response.text
        return read_page(response.text)

    async def send(
        self, path: str, data: dict[str, Any] | None = None, at: str | None = None, **more: Any
    ) -> httpx.Response:
        """Send a form as the page at `at` holds it."""
        shown = (await self.client.get(self.base + (path if at is None else at))).text
        word, version = FORM_WORD.search(shown), VERSION.search(shown)
        assert word is not None, shown
        hidden = {"form_word": word[1]} | ({"seen_version": version[1]} if version else {})
        return await self.client.post(self.base + path, data=hidden | (data or {}), **more)

    async def upload(
        self, content: bytes | str, name: str = "list.csv", **fields: str
    ) -> httpx.Response:
        """Upload a list."""
        body = content.encode() if isinstance(content, str) else content
        return await self.send("/upload", fields, files={"file": (name, body)})

    async def uploaded(self, content: bytes | str, name: str = "list.csv", **fields: str) -> str:
        """Upload a list, have it checked, and return the path of its batch."""
        response = await self.upload(content, name, **fields)
        assert response.status_code == 303, response.text
        await self.jobs.done()
        return response.headers["location"].removeprefix(self.base)

    async def do(self, batch: str, deed: str, **data: Any) -> httpx.Response:
        """Do something with a batch, and what follows from it."""
        response = await self.send(f"{batch}/{deed}", data, at=batch)
        await self.jobs.done()
        return response

    @property
    def jobs(self) -> JobsHere:
        """What does the jobs."""
        jobs: JobsHere = self.app.state.jobs
        return jobs

    async def size(self) -> int:
        """Return the number of entries in the ledger."""
        async with self.app.state.ledger.write() as writer:
            return cast("int", writer.size)


SitAt = Callable[..., Awaitable[Desk]]


@asynccontextmanager
async def desks(app: Litestar) -> AsyncIterator[SitAt]:
    """Yield what seats invented people: `await sit(Role.MAKER, language="en")`."""
    async with AsyncExitStack() as clients:

        async def sit(
            *roles: Role, language: str = "zh", code: str = ORGANISATION, name: str = ""
        ) -> Desk:
            client = await clients.enter_async_context(
                httpx.AsyncClient(
                    transport=httpx.ASGITransport(cast("Any", app)),
                    base_url=SITE,
                    headers=BROWSER | FROM_THIS_SITE,
                )
            )
            ledger = app.state.ledger
            person = await invent_person(ledger, *((role, code) for role in roles), name=name)
            client.cookies.set(SESSION_COOKIE, await session_of(ledger, person))
            return Desk(app, client, person, code, language)

        yield sit


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 60.0) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 (it happens in another process)
            await asyncio.sleep(LOOK_SECONDS)
