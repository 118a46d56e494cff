"""Provides invented people who are signed in to the site over a fresh ledger."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any, cast
from uuid import uuid4

import httpx
import pytest
from litestar import Litestar

from charity.organisations.registry import add_organisation
from charity.people.roles import ORGANISATION_ROLES, Role
from charity.people.sessions import ACTIVE, instant, start_session
from charity.people.tables import Membership, Person
from ledger.database.engines import write_transaction
from ledger.log import Ledger
from public_site.settings import Settings
from public_site.workplace.visiting import SESSION_COOKIE
from tests.conftest import ORGANISATION
from tests.public_site.applications import application
from tests.public_site.conftest import BROWSER, SITE

FROM_THIS_SITE = {"origin": SITE, "sec-fetch-site": "same-origin"}

SignedIn = Callable[..., Awaitable[httpx.AsyncClient]]


async def invent_person(ledger: Ledger, *standings: tuple[Role, str | None], name: str = "") -> str:
    """Make an invented person with these roles; return its id."""
    person = uuid4().hex
    now = instant(datetime.now(UTC))
    async with write_transaction(ledger.engine):
        await Person.insert(
            Person(
                id=person,
                email=f"{person[:8]}@example.org",
                name=name or "虚构人员",
                language="zh",
                password="-",
                second_factor=None,
                second_factor_step=None,
                state=ACTIVE,
                made_at=now,
            )
        )
        for role, organisation in standings:
            await Membership.insert(
                Membership(
                    person=person,
                    role=role,
                    organisation=organisation,
                    granted_by=None,
                    granted_at=now,
                    ended_by=None,
                    ended_at=None,
                )
            )
    return person


async def session_of(ledger: Ledger, person: str, *, second_factor: bool = True) -> str:
    """Return the token of a new session of a person."""
    async with write_transaction(ledger.engine):
        return await start_session(
            person, "test", datetime.now(UTC), proved_second_factor=second_factor
        )


@pytest.fixture
async def app(settings: Settings) -> AsyncIterator[Litestar]:
    """The application over a fresh ledger, with the registered organisation ORGANISATION."""
    app = application(settings)
    async with app.lifespan():
        await add_organisation(ORGANISATION, "示例基金会")
        yield app


@pytest.fixture
async def signed_in(app: Litestar) -> AsyncIterator[SignedIn]:
    """Return clients of invented people: `await signed_in(Role.MAKER, ORGANISATION)`.

    Without a role nobody is signed in. Forms are sent as browsers send them.
    """
    async with AsyncExitStack() as clients:

        async def sign_in(
            role: Role | None = None,
            organisation: str | None = ORGANISATION,
            *,
            second_factor: bool = True,
        ) -> httpx.AsyncClient:
            client = await clients.enter_async_context(
                httpx.AsyncClient(
                    transport=httpx.ASGITransport(cast("Any", app)),
                    base_url=SITE,
                    headers=BROWSER | FROM_THIS_SITE,
                )
            )
            if role is not None:
                ledger = app.state.ledger
                place = organisation if role in ORGANISATION_ROLES else None
                person = await invent_person(ledger, (role, place))
                token = await session_of(ledger, person, second_factor=second_factor)
                client.cookies.set(SESSION_COOKIE, token)
            return client

        yield sign_in
