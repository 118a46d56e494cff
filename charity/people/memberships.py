"""Provides the roles that people hold: granting and ending them, and the list of people.

Ending a role, and disabling a person, takes sessions and tokens away in the same transaction.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from charity.organisations.registry import find_organisation
from charity.people.particulars import normal_email
from charity.people.recovery_codes import forget_codes
from charity.people.roles import ORGANISATION_ROLES, Role, Standing
from charity.people.second_factor import remove_second_factor
from charity.people.sessions import ACTIVE, instant, revoke_sessions
from charity.people.tables import Membership, Person
from charity.people.tokens import revoke_tokens
from ledger.messages import Refused, WrongUse

DISABLED: Final = "disabled"


@dataclass(frozen=True, slots=True)
class PersonView:
    """A person with the roles in force, as those see it who manage people."""

    id: str
    email: str
    name: str
    language: str
    state: str
    has_second_factor: bool
    standings: tuple[Standing, ...]
    made_at: str

    @property
    def is_active(self) -> bool:
        """Whether the person may sign in."""
        return self.state == ACTIVE


async def checked_standing(role: Role, organisation: str | None) -> Standing:
    """Return the role for this organisation, or for the whole platform.

    Raises:
        Refused: the role is held for an organisation and none is named, or the other way round.
        WrongUse: no organisation with this code is registered.
    """
    if role in ORGANISATION_ROLES:
        if organisation is None:
            raise Refused("A maker or checker works for one organisation: name it by its code.")
        return Standing(role, (await find_organisation(organisation)).code)
    if organisation is not None:
        raise Refused("This role is held for the whole platform: name no organisation.")
    return Standing(role)


def _in_force(person: str, standing: Standing) -> Any:
    of_organisation = (
        Membership.organisation.is_null()
        if standing.organisation is None
        else Membership.organisation == standing.organisation
    )
    return (
        (Membership.person == person)
        & (Membership.role == standing.role.value)
        & of_organisation
        & Membership.ended_at.is_null()
    )


async def holds(person: str, standing: Standing) -> bool:
    """Return whether a person holds a role."""
    return await Membership.exists().where(_in_force(person, standing))


async def grant(person: str, standing: Standing, granted_by: str | None, now: datetime) -> None:
    """Give a person a role; the same again changes nothing.

    Only inside `ledger.database.engines.write_transaction`, like all that changes people here.
    """
    if await holds(person, standing):
        return
    await Membership.insert(
        Membership(
            person=person,
            role=standing.role.value,
            organisation=standing.organisation,
            granted_by=granted_by,
            granted_at=instant(now),
            ended_by=None,
            ended_at=None,
        )
    )


async def end_role(person: str, standing: Standing, ended_by: str | None, now: datetime) -> bool:
    """End a role at once, with the person's sessions and tokens; return whether it was held.

    Open sessions end whatever other roles there are: who signs in again sees what is left.
    """
    ended = (
        await Membership.update({Membership.ended_at: instant(now), Membership.ended_by: ended_by})
        .where(_in_force(person, standing))
        .returning(Membership.id)
    )
    if not ended:
        return False
    await revoke_sessions(person, now)
    if standing.role is Role.MAKER:
        await revoke_tokens(person, now, standing.organisation)
    return True


async def disable_person(person: str, now: datetime) -> bool:
    """Let a person sign in no more, at once; return whether the person was active."""
    disabled = (
        await Person.update({Person.state: DISABLED})
        .where((Person.id == person) & (Person.state == ACTIVE))
        .returning(Person.id)
    )
    await revoke_sessions(person, now)
    await revoke_tokens(person, now)
    return bool(disabled)


async def enable_person(person: str) -> bool:
    """Let a disabled person sign in again; return whether the person was disabled."""
    enabled = (
        await Person.update({Person.state: ACTIVE})
        .where((Person.id == person) & (Person.state == DISABLED))
        .returning(Person.id)
    )
    return bool(enabled)


async def reset_second_factor(person: str, now: datetime) -> None:
    """Take a lost second factor and its recovery codes away; the next sign-in sets up another."""
    await remove_second_factor(person)
    await forget_codes(person)
    await revoke_sessions(person, now)


async def people(organisation: str | None = None) -> list[PersonView]:
    """Return all people, or those with a role for an organisation, by name."""
    rows = await Person.select().order_by(Person.name).order_by(Person.email)
    memberships = await Membership.select().where(Membership.ended_at.is_null())
    standings: dict[str, list[Standing]] = {}
    for row in memberships:
        standing = Standing(Role(row["role"]), row["organisation"])
        standings.setdefault(row["person"], []).append(standing)
    views = [_view(row, standings.get(row["id"], [])) for row in rows]
    if organisation is None:
        return views
    return [
        view
        for view in views
        if any(standing.organisation == organisation for standing in view.standings)
    ]


async def find_person(email: str) -> PersonView | None:
    """Return the person with this e-mail address; None if there is none."""
    return await _read_person(Person.email == normal_email(email))


async def person_of(person: str) -> PersonView | None:
    """Return the person with this id; None if there is none."""
    return await _read_person(Person.id == person)


async def known_person(email: str) -> PersonView:
    """Return the person with this e-mail address.

    Raises:
        WrongUse: there is none.
    """
    found = await find_person(email)
    if found is None:
        raise WrongUse("Nobody signs in with this e-mail. See: charity person list")
    return found


async def _read_person(condition: Any) -> PersonView | None:
    row = await Person.select().where(condition).first()
    if row is None:
        return None
    memberships = await Membership.select().where(
        (Membership.person == row["id"]) & Membership.ended_at.is_null()
    )
    return _view(row, [Standing(Role(each["role"]), each["organisation"]) for each in memberships])


def _view(row: dict[str, Any], standings: list[Standing]) -> PersonView:
    return PersonView(
        id=row["id"],
        email=row["email"],
        name=row["name"],
        language=row["language"],
        state=row["state"],
        has_second_factor=row["second_factor"] is not None,
        standings=tuple(
            sorted(standings, key=lambda each: (each.role.value, each.organisation or ""))
        ),
        made_at=row["made_at"],
    )
