"""Provides new passwords: changed by who knows the old one, or reset through a link by e-mail.

The link carries a sealed note that is bound to the present password: it works once, for an hour,
and nothing about it is kept.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from charity.people.particulars import normal_email
from charity.people.passwords import hash_password, require_good_password, verify_password
from charity.people.roles import Actor
from charity.people.sessions import ACTIVE, instant, revoke_sessions, rotate_session
from charity.people.signing_in import SignIn
from charity.people.tables import Person
from charity.people.throttling import begin_attempt, note_success, wait_message
from ledger.database.engines import Engine, write_transaction
from ledger.messages import Message, Refused
from ledger.vault.envelopes import Envelopes

RESET_WITHIN: Final = timedelta(hours=1)
RESET_PLACE: Final = "password-reset"
TOKEN_CHARACTERS_MAX: Final = 400


@dataclass(frozen=True, slots=True)
class Reset:
    """What a request for a new password leads to.

    Attributes:
        wait: seconds to wait; 0 if the request was taken. Everybody gets the same answer.
        email: where a link is to be sent; None if nobody signs in with this e-mail.
        token: of the link.
        language: that the person reads.
    """

    wait: int = 0
    email: str | None = None
    token: str | None = None
    language: str = "zh"


async def request_reset(
    engine: Engine, envelopes: Envelopes, email: str, address: str, now: datetime
) -> Reset:
    """Make the link for a new password, if there is such a person.

    Whoever calls this sends the mail after the answer is out, so that its time tells nothing.
    """
    wait = await begin_attempt(engine, envelopes, f"reset of {email}", address, now)
    if wait:
        return Reset(wait=wait)
    row = await Person.select().where(Person.email == normal_email(email)).first()
    if row is None or row["state"] != ACTIVE:
        return Reset()
    note = "\n".join((row["id"], instant(now + RESET_WITHIN), _mark(envelopes, row)))
    token = urlsafe_b64encode(envelopes.seal(RESET_PLACE, note.encode())).decode().rstrip("=")
    return Reset(email=row["email"], token=token, language=row["language"])


def _mark(envelopes: Envelopes, row: dict[str, Any]) -> str:
    """Return what ties a link to the password that it replaces."""
    return envelopes.digest(f"{RESET_PLACE}\n{row['id']}\n{row['password']}")


async def find_reset(envelopes: Envelopes, token: str, now: datetime) -> dict[str, Any] | None:
    """Return the row of the person whom a link is for; None if the link is over."""
    if len(token) > TOKEN_CHARACTERS_MAX:
        return None
    try:
        sealed = urlsafe_b64decode(token.encode() + b"=" * (-len(token) % 4))
        person, until, mark = envelopes.open(RESET_PLACE, sealed).decode().split("\n")
    except (ValueError, Refused):
        return None
    row = await Person.select().where(Person.id == person).first()
    if row is None or row["state"] != ACTIVE or instant(now) >= until:
        return None
    return row if mark == _mark(envelopes, row) else None


async def reset_password(
    engine: Engine, envelopes: Envelopes, token: str, password: str, address: str, now: datetime
) -> str:
    """Set a new password through a link; return the person's id. All sessions end.

    The second factor stays as it is.

    Raises:
        Refused: the link is over, or the password will not do.
    """
    row = await _live_reset(envelopes, token, now)
    require_good_password(password, row["email"], row["name"])
    hashed = await hash_password(password)
    async with write_transaction(engine):
        row = await _live_reset(envelopes, token, now)
        await Person.update({Person.password: hashed}).where(Person.id == row["id"])
        await revoke_sessions(row["id"], now)
        for account in (row["email"], f"reset of {row['email']}"):
            await note_success(envelopes, account, address, now)
    return str(row["id"])


async def _live_reset(envelopes: Envelopes, token: str, now: datetime) -> dict[str, Any]:
    row = await find_reset(envelopes, token, now)
    if row is None:
        raise Refused(
            "This link is over: it is good for one hour and one new password. Ask for another."
        )
    return row


async def change_password(
    engine: Engine,
    envelopes: Envelopes,
    actor: Actor,
    present: str,
    new: str,
    address: str,
    now: datetime,
) -> SignIn:
    """Change the password of who is signed in; all other sessions end, this one gets a new token.

    Raises:
        Refused: the new password will not do.
    """
    row = await Person.select().where(Person.id == actor.person).first()
    if row is None or actor.session is None:
        raise Refused("Sign in first.")
    require_good_password(new, row["email"], row["name"])
    account = f"password of {actor.person}"
    wait = await begin_attempt(engine, envelopes, account, address, now)
    if wait:
        return SignIn(refusal=wait_message(wait), wait=wait)
    if not await verify_password(present, row["password"]):
        return SignIn(person=actor.person, refusal=Message("Your present password is wrong."))
    hashed = await hash_password(new)
    async with write_transaction(engine):
        await Person.update({Person.password: hashed}).where(Person.id == actor.person)
        await revoke_sessions(actor.person, now, but=actor.session)
        token = await rotate_session(actor.session, now)
        await note_success(envelopes, account, address, now)
    return SignIn(person=actor.person, token=token)
