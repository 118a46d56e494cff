"""Provides invented people with a password, a role, a session."""

from datetime import UTC, datetime
from uuid import uuid4

from charity.people.memberships import grant
from charity.people.passwords import hash_password
from charity.people.roles import Actor, Role, Standing
from charity.people.sessions import ACTIVE, find_actor, instant, start_session
from charity.people.tables import Person
from ledger.database.engines import write_transaction
from ledger.log import Ledger

NOW = datetime(2026, 11, 23, 1, 2, 3, tzinfo=UTC)
GOOD_PASSWORD = "四个 unrelated words 蓝色河马"
EMAIL = "xugou@example.org"
ELSEWHERE = "203.0.113.7"


async def invent(
    ledger: Ledger,
    *standings: Standing,
    email: str = EMAIL,
    name: str = "虚构人员",
    password: str = GOOD_PASSWORD,
) -> str:
    """Make an invented person; return its id."""
    person, hashed = uuid4().hex, await hash_password(password)
    async with write_transaction(ledger.engine):
        await Person.insert(
            Person(
                id=person,
                email=email,
                name=name,
                language="zh",
                password=hashed,
                second_factor=None,
                second_factor_step=None,
                state=ACTIVE,
                made_at=instant(NOW),
            )
        )
        for standing in standings:
            await grant(person, standing, None, NOW)
    return person


def maker_of(organisation: str) -> Standing:
    """Return the role of a maker."""
    return Standing(Role.MAKER, organisation)


async def session(ledger: Ledger, person: str, now: datetime = NOW) -> str:
    """Start a session; return its token."""
    async with write_transaction(ledger.engine):
        return await start_session(person, "test", now)


async def actor_by(token: str, now: datetime = NOW) -> Actor:
    """Return who is signed in with a token; the test fails if nobody is."""
    actor = await find_actor(token, now)
    assert actor is not None
    return actor
