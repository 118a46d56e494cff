"""Tests of invitations: one role, one acceptance, seven days; every other way says why not."""

import asyncio
from datetime import datetime, timedelta

import pytest

from charity.people.invitations import (
    OPEN_FOR,
    InvitationState,
    accept_as,
    accept_invitation,
    find_invitation,
    invite,
    open_invitations,
    withdraw_invitation,
)
from charity.people.memberships import disable_person, holds, person_of
from charity.people.passwords import verify_password
from charity.people.roles import Role, Standing
from charity.people.tables import Invitation, Person
from ledger.database.engines import write_transaction
from ledger.log import Ledger
from ledger.messages import Refused
from tests.charity.people.inventing import EMAIL, GOOD_PASSWORD, NOW, invent, maker_of
from tests.conftest import ORGANISATION

MAKER = maker_of(ORGANISATION)
NAME = "虚构经办"


async def invited(
    ledger: Ledger, standing: Standing = MAKER, email: str = EMAIL, now: datetime = NOW
) -> str:
    async with write_transaction(ledger.engine):
        return await invite(
            email=email,
            name=NAME,
            role=standing.role,
            organisation=standing.organisation,
            language="zh",
            invited_by="officer",
            now=now,
        )


async def accept(
    ledger: Ledger, token: str, password: str = GOOD_PASSWORD, now: datetime = NOW
) -> str:
    return await accept_invitation(ledger.engine, token, NAME, password, now)


async def test_an_invitation_makes_an_account_with_its_role(ledger: Ledger) -> None:
    token = await invited(ledger, email=" Xugou@Example.org")
    view = await find_invitation(token, NOW)
    assert view is not None
    assert (view.email, view.name, view.role, view.organisation_name, view.state) == (
        EMAIL, NAME, Role.MAKER, "示例基金会", InvitationState.OPEN,
    )  # fmt: skip
    assert not view.has_account
    assert view.problem is None
    person = await accept(ledger, token)
    made = await person_of(person)
    assert made is not None
    assert (made.email, made.name, made.standings) == (EMAIL, NAME, (MAKER,))
    row = await Person.select(Person.password).where(Person.id == person).first()
    assert row is not None
    assert await verify_password(GOOD_PASSWORD, row["password"])
    assert await open_invitations(NOW) == []


async def test_only_the_hash_of_the_token_is_kept(ledger: Ledger) -> None:
    token = await invited(ledger)
    assert token not in str(await Invitation.select())


async def test_over_is_told_why(ledger: Ledger) -> None:
    used = await invited(ledger)
    await accept(ledger, used)
    with pytest.raises(Refused, match="accepted already"):
        await accept(ledger, used)
    replaced = await invited(ledger, email="other@example.org")
    await invited(ledger, email="other@example.org")
    with pytest.raises(Refused, match="withdrawn, or a newer one"):
        await accept(ledger, replaced)
    late = await invited(ledger, email="third@example.org")
    assert (await find_invitation(late, NOW + OPEN_FOR - timedelta(seconds=1))) is not None
    with pytest.raises(Refused, match="good for seven days"):
        await accept(ledger, late, now=NOW + OPEN_FOR)
    for wrong in ("", "another", late[:-1], "x" * 10_000):
        assert await find_invitation(wrong, NOW) is None
        with pytest.raises(Refused, match="no such invitation"):
            await accept(ledger, wrong)


async def test_a_withdrawn_invitation_is_over(ledger: Ledger) -> None:
    token = await invited(ledger)
    [view] = await open_invitations(NOW)
    async with write_transaction(ledger.engine):
        assert await withdraw_invitation(view.id, NOW)
        assert not await withdraw_invitation(view.id, NOW)
    with pytest.raises(Refused, match="withdrawn"):
        await accept(ledger, token)
    assert await open_invitations(NOW) == []


async def test_a_bad_password_changes_nothing(ledger: Ledger) -> None:
    token = await invited(ledger)
    with pytest.raises(Refused, match="too short"):
        await accept(ledger, token, "short")
    with pytest.raises(Refused, match="1 to 60"):
        await accept_invitation(ledger.engine, token, "虚" * 10_000, GOOD_PASSWORD, NOW)
    assert not await Person.exists()
    await accept(ledger, token)


async def test_who_has_an_account_signs_in_and_gains_the_role(ledger: Ledger) -> None:
    person = await invent(ledger, MAKER)
    other = await invent(ledger, email="other@example.org")
    checker = Standing(Role.CHECKER, ORGANISATION)
    token = await invited(ledger, checker)
    with pytest.raises(Refused, match="sign in, then open this link"):
        await accept(ledger, token)
    with pytest.raises(Refused, match="another e-mail address"):
        await accept_as(ledger.engine, token, other, NOW)
    await accept_as(ledger.engine, token, person, NOW)
    assert await holds(person, checker)
    assert not await holds(other, checker)
    with pytest.raises(Refused, match="accepted already"):
        await accept_as(ledger.engine, token, person, NOW)


async def test_two_invitations_of_one_person_make_one_account(ledger: Ledger) -> None:
    tokens = [
        await invited(ledger),
        await invited(ledger, Standing(Role.CHECKER, ORGANISATION)),
    ]
    outcomes = await asyncio.gather(
        *(accept(ledger, token) for token in tokens * 3), return_exceptions=True
    )
    assert len([outcome for outcome in outcomes if isinstance(outcome, str)]) == 1
    assert all(isinstance(outcome, str | Refused) for outcome in outcomes)
    assert await Person.count() == 1


@pytest.mark.parametrize(
    ("standing", "email", "words"),
    [
        (Standing(Role.MAKER), EMAIL, "name it by its code"),
        (Standing(Role.JUDGE, ORGANISATION), EMAIL, "name no organisation"),
        (MAKER, "nobody", "no e-mail address"),
        (MAKER, "maker@example.org", "holds this role already"),
        (MAKER, "disabled@example.org", "is disabled"),
    ],
)
async def test_what_cannot_be_invited_is_refused(
    ledger: Ledger, standing: Standing, email: str, words: str
) -> None:
    await invent(ledger, MAKER, email="maker@example.org")
    disabled = await invent(ledger, email="disabled@example.org")
    async with write_transaction(ledger.engine):
        await disable_person(disabled, NOW)
    with pytest.raises(Refused, match=words):
        await invited(ledger, standing, email)
    assert not await Invitation.exists()
