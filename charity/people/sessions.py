"""Provides sessions: who is signed in, until when; kept here, so that they can be revoked.

The browser holds a random token, the database only its hash: a copy of the database opens nothing.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from secrets import token_urlsafe
from typing import Final

from charity.people.roles import Actor, Role, Standing
from charity.people.tables import Membership, Person, Session
from ledger.database.engines import Engine, write_transaction

ACTIVE: Final = "active"
TOKEN_BYTES: Final = 32
IDLE_AFTER: Final = timedelta(hours=2)
ENDS_AFTER: Final = timedelta(hours=12)
SEEN_EVERY: Final = timedelta(minutes=5)
BROWSER_CHARACTERS_MAX: Final = 200
KEPT_AFTER_END: Final = timedelta(days=1)


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
    row = (
        await Person.select(Person.name, Person.state, Person.second_factor)
        .where(Person.id == person)
        .first()
    )
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
        has_second_factor=row["second_factor"] is not None,
    )


@dataclass(frozen=True, slots=True)
class SessionView:
    """A session as its owner sees it; `id` names it in forms and opens nothing."""

    id: str
    made_at: str
    seen_at: str
    browser: str
    proved_second_factor: bool


async def own_sessions(person: str, now: datetime) -> list[SessionView]:
    """Return the sessions of a person that are open, the one used last first."""
    rows = (
        await Session.select()
        .where(
            (Session.person == person)
            & Session.revoked_at.is_null()
            & (Session.expires_at > instant(now))
            & (Session.seen_at >= instant(now - IDLE_AFTER))
        )
        .order_by(Session.seen_at, ascending=False)
    )
    return [
        SessionView(
            id=row["token_hash"],
            made_at=row["made_at"],
            seen_at=row["seen_at"],
            browser=row["browser"],
            proved_second_factor=row["second_factor_at"] is not None,
        )
        for row in rows
    ]


async def revoke_session(person: str, session: str, now: datetime) -> bool:
    """End one session of a person, by its hash; return whether it was open.

    Only inside `ledger.database.engines.write_transaction`, like all that ends sessions.
    """
    ended = (
        await Session.update({Session.revoked_at: instant(now)})
        .where(
            (Session.token_hash == session)
            & (Session.person == person)
            & Session.revoked_at.is_null()
        )
        .returning(Session.token_hash)
    )
    return bool(ended)


async def revoke_sessions(person: str, now: datetime, *, but: str | None = None) -> int:
    """End all sessions of a person, `but` the one with this hash; return how many."""
    ended = (
        await Session.update({Session.revoked_at: instant(now)})
        .where(
            (Session.person == person)
            & Session.revoked_at.is_null()
            & (Session.token_hash != (but or ""))
        )
        .returning(Session.token_hash)
    )
    return len(ended)


async def rotate_session(
    session: str, now: datetime, *, proved_second_factor: bool = False
) -> str | None:
    """Give an open session a new token; return it, or None if the session is over.

    Whoever proves a second factor, or changes the password, goes on under another token: one that
    was stolen before is worth nothing afterwards. The session does not last longer for it.
    """
    row = await Session.select().where(Session.token_hash == session).first()
    if row is None or not await revoke_session(row["person"], session, now):
        return None
    token = token_urlsafe(TOKEN_BYTES)
    changed = {"token_hash": token_hash(token), "seen_at": instant(now)}
    if proved_second_factor:
        changed["second_factor_at"] = instant(now)
    await Session.insert(Session(**(row | changed)))
    return token


async def touch_session(engine: Engine, session: str, now: datetime) -> None:
    """Note that a session is in use, at most every five minutes."""
    row = await Session.select(Session.seen_at).where(Session.token_hash == session).first()
    if row is None or now - moment_of(row["seen_at"]) < SEEN_EVERY:
        return
    async with write_transaction(engine):
        await Session.update({Session.seen_at: instant(now)}).where(
            (Session.token_hash == session) & Session.revoked_at.is_null()
        )


async def prune_sessions(now: datetime) -> None:
    """Delete sessions that ended more than a day ago. Only inside `write_transaction`."""
    end = instant(now - KEPT_AFTER_END)
    await Session.delete().where(
        (Session.expires_at < end) | (Session.revoked_at.is_not_null() & (Session.revoked_at < end))
    )
