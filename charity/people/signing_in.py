"""Provides signing in: e-mail and password first, then the second factor where it is due.

Whoever has to wait costs one look into the database; no password is hashed for it. Who the account
is, and whether there is one, does not show: neither in the answer nor in the time that it takes.

The routes record these acts, as they record all others.
"""

from dataclasses import dataclass
from datetime import datetime

from charity.people.particulars import normal_email
from charity.people.passwords import verify_password
from charity.people.recovery_codes import use_code
from charity.people.roles import Actor
from charity.people.second_factor import accept_secret, prove_code
from charity.people.sessions import ACTIVE, prune_sessions, rotate_session, start_session
from charity.people.tables import Person
from charity.people.throttling import (
    begin_attempt,
    forget_failures,
    note_success,
    wait_message,
)
from ledger.database.engines import Engine, write_transaction
from ledger.messages import Message
from ledger.vault.envelopes import Envelopes


@dataclass(frozen=True, slots=True)
class SignIn:
    """What an attempt led to: a session, or the reason why not.

    Attributes:
        person: whose account was tried, for the access log; None if there is none, or nothing was
            tried. It is never shown to whoever was refused.
        token: of the session, for the cookie; None if refused.
        refusal: why not, for the page; None if it worked.
        wait: seconds to wait until the next attempt makes sense.
    """

    person: str | None = None
    token: str | None = None
    refusal: Message | None = None
    wait: int = 0


def _refused_for(wait: int) -> SignIn:
    return SignIn(refusal=wait_message(wait), wait=wait)


async def sign_in(
    engine: Engine,
    envelopes: Envelopes,
    email: str,
    password: str,
    address: str,
    now: datetime,
    *,
    browser: str = "",
) -> SignIn:
    """Let a person in who knows the password, and start the session.

    The second factor is still to be proved (`prove_second_factor`) where a role demands it.
    """
    wait = await begin_attempt(engine, envelopes, email, address, now)
    if wait:
        return _refused_for(wait)
    row = (
        await Person.select(Person.id, Person.password, Person.state)
        .where(Person.email == normal_email(email))
        .first()
    )
    matches = await verify_password(password, row["password"] if row is not None else None)
    person: str | None = row["id"] if row is not None else None
    if row is None or person is None or not matches or row["state"] != ACTIVE:
        return SignIn(person=person, refusal=Message("The e-mail or the password is wrong."))
    async with write_transaction(engine):
        if not await _is_unchanged(person, row["password"]):
            return SignIn(person=person, refusal=Message("The e-mail or the password is wrong."))
        await note_success(envelopes, email, address, now)
        await prune_sessions(now)
        await forget_failures(now)
        token = await start_session(person, browser, now)
    return SignIn(person=person, token=token)


async def _is_unchanged(person: str, hashed: str) -> bool:
    """Return whether the password is still the one that was compared, in the meantime."""
    return await Person.exists().where(
        (Person.id == person) & (Person.password == hashed) & (Person.state == ACTIVE)
    )


def _account_of_second_factor(person: str) -> str:
    return f"second factor of {person}"


async def prove_second_factor(
    engine: Engine,
    envelopes: Envelopes,
    actor: Actor,
    code: str,
    address: str,
    now: datetime,
    *,
    recovery: bool = False,
) -> SignIn:
    """Take the code of the app, or (`recovery`) a recovery code; the session gets a new token."""
    account = _account_of_second_factor(actor.person)
    wait = await begin_attempt(engine, envelopes, account, address, now)
    if wait:
        return _refused_for(wait)
    async with write_transaction(engine):
        if recovery:
            proved = await use_code(actor.person, code, now)
        else:
            proved = await prove_code(envelopes, actor.person, code, now)
        token = await _proved_session(actor, now) if proved else None
        if token is not None:
            await note_success(envelopes, account, address, now)
    if token is not None:
        return SignIn(person=actor.person, token=token)
    return SignIn(person=actor.person, refusal=_wrong_code(recovery=recovery))


async def set_up_second_factor(
    engine: Engine,
    envelopes: Envelopes,
    actor: Actor,
    offer: str,
    code: str,
    address: str,
    now: datetime,
) -> SignIn:
    """Keep the offered secret if the app's code is right; the session counts as proved then.

    Raises:
        Refused: there is a second factor already that was not proved in this session, or the
            offer was another's.
    """
    account = _account_of_second_factor(actor.person)
    wait = await begin_attempt(engine, envelopes, account, address, now)
    if wait:
        return _refused_for(wait)
    async with write_transaction(engine):
        kept = await accept_secret(
            envelopes, actor.person, offer, code, now, proved=actor.proved_second_factor
        )
        token = await _proved_session(actor, now) if kept else None
        if token is not None:
            await note_success(envelopes, account, address, now)
    if token is not None:
        return SignIn(person=actor.person, token=token)
    return SignIn(person=actor.person, refusal=_wrong_code(recovery=False))


async def _proved_session(actor: Actor, now: datetime) -> str | None:
    if actor.session is None:
        return None
    return await rotate_session(actor.session, now, proved_second_factor=True)


def _wrong_code(*, recovery: bool) -> Message:
    if recovery:
        return Message("This recovery code is wrong, or was used before.")
    return Message(
        "This code is wrong, or was used before. Wait for the next one in your app; if it goes on,"
        " look whether the clock of your phone is right."
    )
