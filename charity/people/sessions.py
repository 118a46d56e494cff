"""Provides sessions: who is signed in, until when; kept here, so that they can be revoked.

The browser holds a random token, the database only its hash: a copy of the database opens nothing.
"""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from secrets import token_urlsafe
from typing import Final

from charity.people.roles import Actor, Role, Standing
from charity.people.tables import Membership, Person, Session

ACTIVE: Final = "active"
TOKEN_BYTES: Final = 32
IDLE_AFTER: Final = timedelta(hours=2)
ENDS_AFTER: Final = timedelta(hours=12)
SEEN_EVERY: Final = timedelta(minutes=5)
BROWSER_CHARACTERS_MAX: Final = 200


def instant(moment: datetime) -> str:
    """Return a moment as tables keep it: UTC, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment_of(text: str) -> datetime:
    """Return the moment that a table keeps."""
    return datetime.fromisoformat(text)


def token_hash(token: str) -> str:
    """Return the hash (SHA-256, hex) under which a random token is kept."""
    return sha256(token.encode()).hexdigest()


async def start_session(
    person: str, browser: str, now: datetime, *, proved_second_factor: bool = False
) -> str:
    """Start a session for a person who has proved who they are; return its token.

    Only inside `ledger.database.engines.write_transaction`. Each sign-in has a token of its own.
    """
    token = token_urlsafe(TOKEN_BYTES)
    await Session.insert(
        Session(
            token_hash=token_hash(token),
            person=person,
            made_at=instant(now),
            seen_at=instant(now),
            expires_at=instant(now + ENDS_AFTER),
            second_factor_at=instant(now) if proved_second_factor else None,
            browser=browser[:BROWSER_CHARACTERS_MAX],
            revoked_at=None,
        )
    )
    return token


async def find_actor(token: str, now: datetime) -> Actor | None:
    """Return who is signed in with this token; None if nobody is, any more."""
    row = (
        await Session.select()
        .where((Session.token_hash == token_hash(token)) & Session.revoked_at.is_null())
        .first()
    )
    if row is None or instant(now) >= row["expires_at"]:
        return None
    if now - moment_of(row["seen_at"]) > IDLE_AFTER:
        return None
    return await actor_of(
        row["person"],
        session=row["token_hash"],
        proved_second_factor=row["second_factor_at"] is not None,
    )


async def actor_of(
    person: str, *, session: str | None = None, proved_second_factor: bool = False
) -> Actor | None:
    """Return a person with the roles in force; None if there is none, or it is disabled."""
    row = await Person.select(Person.name, Person.state).where(Person.id == person).first()
    if row is None or row["state"] != ACTIVE:
        return None
    standings = await Membership.select(Membership.role, Membership.organisation).where(
        (Membership.person == person) & Membership.ended_at.is_null()
    )
    return Actor(
        person=person,
        name=row["name"],
        standings=frozenset(
            Standing(Role(standing["role"]), standing["organisation"]) for standing in standings
        ),
        proved_second_factor=proved_second_factor,
        session=session,
    )
