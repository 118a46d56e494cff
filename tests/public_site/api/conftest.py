"""Provides programs that speak to the API over a fresh ledger."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import uuid4

import httpx
import pytest
from litestar import Litestar

from charity.organisations.registry import add_organisation
from charity.people.roles import Role
from charity.people.tokens import Scope, make_token
from charity.reporting.batches.store import BatchStore
from charity.reporting.batches.work import work
from ledger.database.engines import write_transaction
from public_site.settings import Settings
from tests.conftest import ORGANISATION
from tests.public_site.applications import application
from tests.public_site.conftest import SITE
from tests.public_site.workplace.conftest import invent_person

BOTH = (Scope.BATCHES_READ, Scope.BATCHES_WRITE)
BATCHES = "/api/v1/batches"
OTHER = "53440300MJL1234568"
GIFT = {"kind": "gift", "day": "2026-11-20", "amount": 10000}

Program = Callable[..., Awaitable[httpx.AsyncClient]]


class Woken:
    """Stands for the runner of jobs: notes which batches it was told of."""

    def __init__(self, store: BatchStore, settings: Settings) -> None:
        self.settings = settings
        self.store = store
        self.batches: list[str] = []

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Do nothing by itself."""
        yield

    def wake(self, batch: str) -> None:
        """Note the batch."""
        self.batches.append(batch)


def key() -> dict[str, str]:
    """Return the header with a new idempotency key."""
    return {"idempotency-key": uuid4().hex}


def gifts(*records: dict[str, Any], title: str = "示例批次") -> dict[str, Any]:
    """Return a batch of records; one gift by default."""
    return {"title": title, "records": list(records) or [GIFT]}


@pytest.fixture
async def app(settings: Settings) -> AsyncIterator[Litestar]:
    """The application over a fresh ledger, with the registered organisation ORGANISATION."""
    app = application(settings, Woken)
    async with app.lifespan():
        await add_organisation(ORGANISATION, "示例基金会")
        yield app


@pytest.fixture
def jobs(app: Litestar) -> Woken:
    """Who is told of waiting batches instead of the runner of jobs."""
    return cast("Woken", app.state.jobs)


async def token_for(
    app: Litestar,
    organisation: str = ORGANISATION,
    scopes: tuple[Scope, ...] = BOTH,
    person: str | None = None,
) -> str:
    """Return a token of an invented maker."""
    ledger = app.state.ledger
    maker = person or await invent_person(ledger, (Role.MAKER, organisation))
    now = datetime.now(UTC)
    async with write_transaction(ledger.engine):
        _, token = await make_token(
            maker, organisation, "示例程序", scopes, now + timedelta(days=30), now
        )
    return token


@pytest.fixture
async def program(app: Litestar) -> AsyncIterator[Program]:
    """Return clients with a token: `await program()`, or without: `await program(token="")`."""
    async with AsyncExitStack() as clients:

        async def make(
            organisation: str = ORGANISATION,
            scopes: tuple[Scope, ...] = BOTH,
            *,
            token: str | None = None,
            person: str | None = None,
        ) -> httpx.AsyncClient:
            if token is None:
                token = await token_for(app, organisation, scopes, person)
            headers = {"authorization": f"Bearer {token}"} if token else {}
            transport = httpx.ASGITransport(cast("Any", app), raise_app_exceptions=False)
            return await clients.enter_async_context(
                httpx.AsyncClient(transport=transport, base_url=SITE, headers=headers)
            )

        yield make


async def do_job(app: Litestar, batch: str) -> None:
    """Do the job of a batch here, as the process of its own would."""
    await work(app.state.batches, batch, datetime.now(UTC).date())
