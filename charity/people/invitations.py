"""Provides invitations: a link by e-mail, good for seven days and one role.

Who has no account yet sets name and password with it; who has one signs in and gains the role.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from secrets import token_urlsafe
from types import MappingProxyType
from typing import Any, Final
from uuid import uuid4

from charity.organisations.tables import Organisation
from charity.people.memberships import checked_standing, find_person, grant, holds, person_of
from charity.people.particulars import normal_email, parse_email, parse_name
from charity.people.passwords import hash_password, require_good_password
from charity.people.roles import Role, Standing
from charity.people.sessions import ACTIVE, TOKEN_BYTES, instant, token_hash
from charity.people.tables import Invitation, Person
from ledger.database.engines import Engine, write_transaction
from ledger.messages import Message, Refused

OPEN_FOR: Final = timedelta(days=7)


class InvitationState(StrEnum):
    """Whether an invitation may still be accepted, or why not."""

    OPEN = "open"
    USED = "used"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


REASONS: Final = MappingProxyType(
    {
        InvitationState.USED: Message("This invitation was accepted already. Simply sign in."),
        InvitationState.WITHDRAWN: Message(
            "This invitation was withdrawn, or a newer one took its place. Look for the newest"
            " mail, or ask whoever invited you."
        ),
        InvitationState.EXPIRED: Message(
            "This invitation is over: it was good for seven days. Ask for a new one."
        ),
    }
)


@dataclass(frozen=True, slots=True)
class InvitationView:
    """An invitation; `id` names it in forms and opens nothing.

    Attributes:
        has_account: whether somebody signs in with this e-mail already.
    """

    id: str
    email: str
    name: str
    language: str
    role: Role
    organisation: str | None
    organisation_name: str | None
    invited_by: str | None
    made_at: str
    expires_at: str
    state: InvitationState
    has_account: bool

    @property
    def standing(self) -> Standing:
        """The role that it gives."""
        return Standing(self.role, self.organisation)

    @property
    def problem(self) -> Message | None:
        """Why it can no longer be accepted; None if it can."""
        return REASONS.get(self.state)


async def invite(
    *,
    email: str,
    name: str,
    role: Role,
    organisation: str | None,
    language: str,
    invited_by: str | None,
    now: datetime,
) -> str:
    """Invite somebody to a role; return the token of the link. An older invitation to it is void.

    Only inside `ledger.database.engines.write_transaction`.

    Raises:
        Refused: the e-mail or name is none, the role does not fit the organisation, the person
            holds it already, or is disabled.
    """
    email, standing = parse_email(email), await checked_standing(role, organisation)
    there = await find_person(email)
    if there is not None and not there.is_active:
        raise Refused("This person is disabled. Enable the person first.")
    if there is not None and await holds(there.id, standing):
        raise Refused("This person holds this role already.")
    await _withdraw_earlier(email, standing, now)
    token = token_urlsafe(TOKEN_BYTES)
    await Invitation.insert(
        Invitation(
            token_hash=token_hash(token),
            email=email,
            name=parse_name(name) if name.strip() else "",
            language=language,
            role=standing.role.value,
            organisation=standing.organisation,
            invited_by=invited_by,
            made_at=instant(now),
            expires_at=instant(now + OPEN_FOR),
            used_at=None,
            withdrawn_at=None,
        )
    )
    return token


def _is_open() -> Any:
    return Invitation.used_at.is_null() & Invitation.withdrawn_at.is_null()


async def _withdraw_earlier(email: str, standing: Standing, now: datetime) -> None:
    of_organisation = (
        Invitation.organisation.is_null()
        if standing.organisation is None
        else Invitation.organisation == standing.organisation
    )
    await Invitation.update({Invitation.withdrawn_at: instant(now)}).where(
        (Invitation.email == email)
        & (Invitation.role == standing.role.value)
        & of_organisation
        & _is_open()
    )


async def find_invitation(token: str, now: datetime) -> InvitationView | None:
    """Return the invitation of a link, in whatever state it is; None if there is none."""
    row = await Invitation.select().where(Invitation.token_hash == token_hash(token)).first()
    return await _view(row, now) if row is not None else None


async def open_invitations(now: datetime) -> list[InvitationView]:
    """Return the invitations that wait to be accepted, the newest first."""
    rows = (
        await Invitation.select()
        .where(_is_open() & (Invitation.expires_at > instant(now)))
        .order_by(Invitation.made_at, ascending=False)
    )
    return [await _view(row, now) for row in rows]


async def withdraw_invitation(invitation: str, now: datetime) -> bool:
    """Withdraw an invitation, by its id; return whether it was open.

    Only inside `ledger.database.engines.write_transaction`.
    """
    withdrawn = (
        await Invitation.update({Invitation.withdrawn_at: instant(now)})
        .where((Invitation.token_hash == invitation) & _is_open())
        .returning(Invitation.token_hash)
    )
    return bool(withdrawn)


async def accept_invitation(
    engine: Engine,
    token: str,
    name: str,
    password: str,
    now: datetime,
    *,
    language: str = "zh",
) -> str:
    """Make the account that an invitation is for, with its role; return the person's id.

    Raises:
        Refused: the invitation is over, somebody has this account already, or the name or
            password will not do.
    """
    view = await _open_invitation(token, now)
    if view.has_account:
        raise Refused("You have an account already: sign in, then open this link again.")
    name = parse_name(name)
    require_good_password(password, view.email, name)
    hashed = await hash_password(password)
    person = uuid4().hex
    async with write_transaction(engine):
        await _use_up(view, now)
        await Person.insert(
            Person(
                id=person,
                email=view.email,
                name=name,
                language=language,
                password=hashed,
                second_factor=None,
                second_factor_step=None,
                state=ACTIVE,
                made_at=instant(now),
            )
        )
        await grant(person, view.standing, view.invited_by, now)
    return person


async def accept_as(engine: Engine, token: str, person: str, now: datetime) -> None:
    """Give a signed-in person the role of an invitation.

    Raises:
        Refused: the invitation is over, or is for another e-mail address.
    """
    view = await _open_invitation(token, now)
    there = await person_of(person)
    if there is None or there.email != view.email:
        raise Refused(
            "This invitation is for another e-mail address than the one that you signed in with."
        )
    async with write_transaction(engine):
        await _use_up(view, now)
        await grant(person, view.standing, view.invited_by, now)


async def _open_invitation(token: str, now: datetime) -> InvitationView:
    """Return an invitation that may be accepted.

    Raises:
        Refused: there is none, or it is over.
    """
    view = await find_invitation(token, now)
    if view is None:
        raise Refused(
            "There is no such invitation. Copy the whole link out of the mail, up to its end."
        )
    if view.problem is not None:
        raise Refused(view.problem.template, **view.problem.values)
    return view


async def _use_up(view: InvitationView, now: datetime) -> None:
    """Use an invitation up, unless somebody has done so at the same moment."""
    used = (
        await Invitation.update({Invitation.used_at: instant(now)})
        .where((Invitation.token_hash == view.id) & _is_open())
        .returning(Invitation.token_hash)
    )
    if not used or (not view.has_account and await find_person(view.email) is not None):
        reason = REASONS[InvitationState.USED]
        raise Refused(reason.template, **reason.values)


def _state(row: dict[str, Any], now: datetime) -> InvitationState:
    if row["used_at"] is not None:
        return InvitationState.USED
    if row["withdrawn_at"] is not None:
        return InvitationState.WITHDRAWN
    if instant(now) >= row["expires_at"]:
        return InvitationState.EXPIRED
    return InvitationState.OPEN


async def _view(row: dict[str, Any], now: datetime) -> InvitationView:
    organisation = (
        await Organisation.select(Organisation.name)
        .where(Organisation.code == (row["organisation"] or ""))
        .first()
    )
    return InvitationView(
        id=row["token_hash"],
        email=row["email"],
        name=row["name"],
        language=row["language"],
        role=Role(row["role"]),
        organisation=row["organisation"],
        organisation_name=organisation["name"] if organisation is not None else None,
        invited_by=row["invited_by"],
        made_at=row["made_at"],
        expires_at=row["expires_at"],
        state=_state(row, now),
        has_account=await Person.exists().where(Person.email == normal_email(row["email"])),
    )
