"""Provides the invented people of a sample city.

Their password and their secret stand in this file: they are never made in a real ledger.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import uuid4

from charity.people.memberships import grant
from charity.people.passwords import hash_password
from charity.people.roles import SECOND_FACTOR_ROLES, Role, Standing
from charity.people.second_factor import keep_secret
from charity.people.sessions import ACTIVE, instant
from charity.people.tables import Person
from ledger.database.engines import write_transaction
from ledger.log import Ledger
from ledger.messages import Refused
from ledger.vault.envelopes import Envelopes

SAMPLE_PASSWORD: Final = "shili-demo-2026"  # noqa: S105 (of invented people in sample data only)
SAMPLE_SECRET: Final = "SHILISHILISHILISHILISHILISHILIAB"  # noqa: S105 (likewise)


@dataclass(frozen=True, slots=True)
class SamplePerson:
    """An invented person; `place` counts the organisations, None stands for the whole platform."""

    email: str
    name: str
    role: Role
    place: int | None = None


SAMPLE_PEOPLE: Final = (
    SamplePerson("officer@shili.example", "虚构局员甲", Role.BUREAU_OFFICER),
    SamplePerson("maker1@shili.example", "虚构经办甲", Role.MAKER, 0),
    SamplePerson("checker1@shili.example", "虚构复核甲", Role.CHECKER, 0),
    SamplePerson("maker2@shili.example", "虚构经办乙", Role.MAKER, 1),
    SamplePerson("checker2@shili.example", "虚构复核乙", Role.CHECKER, 1),
    SamplePerson("auditor@shili.example", "虚构审计甲", Role.AUDITOR),
    SamplePerson("judge@shili.example", "虚构评委甲", Role.JUDGE),
)


async def invent_people(ledger: Ledger, envelopes: Envelopes, organisations: Sequence[str]) -> bool:
    """Make the invented people, for two organisations; return False if anybody is there already.

    Raises:
        Refused: the ledger is a real one.
    """
    if not ledger.sample:
        raise Refused("This ledger is not for sample data; nothing invented goes into it.")
    if await Person.exists():
        return False
    hashed = await hash_password(SAMPLE_PASSWORD)
    now = ledger.clock()
    async with write_transaction(ledger.engine):
        for invented in SAMPLE_PEOPLE:
            person = uuid4().hex
            await Person.insert(
                Person(
                    id=person,
                    email=invented.email,
                    name=invented.name,
                    language="zh",
                    password=hashed,
                    second_factor=None,
                    second_factor_step=None,
                    state=ACTIVE,
                    made_at=instant(now),
                )
            )
            if invented.role in SECOND_FACTOR_ROLES:
                await keep_secret(envelopes, person, SAMPLE_SECRET, None)
            place = invented.place
            organisation = organisations[place] if place is not None else None
            await grant(person, Standing(invented.role, organisation), None, now)
    return True
