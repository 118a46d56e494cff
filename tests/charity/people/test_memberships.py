"""Tests of roles: granting, ending, disabling; sessions and tokens end with them."""

from datetime import timedelta

import pytest

from charity.people.memberships import (
    checked_standing,
    disable_person,
    enable_person,
    end_role,
    find_person,
    grant,
    holds,
    known_person,
    people,
    person_of,
    reset_second_factor,
)
from charity.people.recovery_codes import codes_left, new_codes
from charity.people.roles import Role, Standing
from charity.people.second_factor import keep_secret, new_secret
from charity.people.sessions import find_actor
from charity.people.tables import Membership
from charity.people.tokens import Scope, find_token, make_token
from ledger.database.engines import write_transaction
from ledger.log import Ledger
from ledger.messages import Refused, WrongUse
from ledger.vault.envelopes import Envelopes
from tests.charity.people.inventing import EMAIL, NOW, invent, maker_of, session
from tests.conftest import ORGANISATION

MAKER = maker_of(ORGANISATION)
CHECKER = Standing(Role.CHECKER, ORGANISATION)
OFFICER = Standing(Role.BUREAU_OFFICER)


async def test_a_role_fits_its_place(ledger: Ledger) -> None:
    assert await checked_standing(Role.MAKER, ORGANISATION) == MAKER
    assert await checked_standing(Role.BUREAU_OFFICER, None) == OFFICER
    with pytest.raises(Refused, match="name it by its code"):
        await checked_standing(Role.CHECKER, None)
    with pytest.raises(Refused, match="name no organisation"):
        await checked_standing(Role.JUDGE, ORGANISATION)
    with pytest.raises(WrongUse):
        await checked_standing(Role.MAKER, "53440300000009999X")


async def test_a_role_is_granted_once_and_may_be_granted_again(ledger: Ledger) -> None:
    person = await invent(ledger, MAKER, MAKER)
    assert await Membership.count() == 1
    async with write_transaction(ledger.engine):
        assert await end_role(person, MAKER, "officer", NOW)
        assert not await end_role(person, MAKER, "officer", NOW)
        assert not await holds(person, MAKER)
        await grant(person, MAKER, "officer", NOW)
    assert await holds(person, MAKER)
    assert await Membership.count() == 2, "what was stays on record"


async def test_a_role_ends_with_sessions_and_tokens_at_once(ledger: Ledger) -> None:
    person = await invent(ledger, MAKER, CHECKER)
    cookie = await session(ledger, person)
    async with write_transaction(ledger.engine):
        end = NOW + timedelta(days=9)
        _, token = await make_token(person, ORGANISATION, "示例", [Scope.BATCHES_WRITE], end, NOW)
    assert await find_token(token, NOW)
    async with write_transaction(ledger.engine):
        await end_role(person, CHECKER, None, NOW)
    assert await find_actor(cookie, NOW) is None
    assert await find_token(token, NOW), "the maker's role is still there"
    async with write_transaction(ledger.engine):
        await end_role(person, MAKER, None, NOW)
        await grant(person, MAKER, None, NOW)
    assert await find_token(token, NOW) is None, "a new role does not wake old tokens"


async def test_a_disabled_person_is_out_at_once(ledger: Ledger) -> None:
    person = await invent(ledger, MAKER)
    cookie = await session(ledger, person)
    async with write_transaction(ledger.engine):
        end = NOW + timedelta(days=9)
        _, token = await make_token(person, ORGANISATION, "示例", [Scope.BATCHES_READ], end, NOW)
        assert await disable_person(person, NOW)
        assert not await disable_person(person, NOW)
    assert await find_actor(cookie, NOW) is None
    assert await find_token(token, NOW) is None
    view = await known_person(EMAIL)
    assert not view.is_active
    async with write_transaction(ledger.engine):
        assert await enable_person(person)
        assert not await enable_person(person)
    assert await find_actor(cookie, NOW) is None, "what ended stays ended"
    assert await find_token(token, NOW) is None


async def test_a_lost_second_factor_is_taken_away_with_its_codes(
    ledger: Ledger, envelopes: Envelopes
) -> None:
    person = await invent(ledger, CHECKER)
    cookie = await session(ledger, person)
    async with write_transaction(ledger.engine):
        await keep_secret(envelopes, person, new_secret(), None)
        await new_codes(person)
        await reset_second_factor(person, NOW)
    assert not (await known_person(EMAIL)).has_second_factor
    assert await codes_left(person) == 0
    assert await find_actor(cookie, NOW) is None


async def test_people_are_listed_with_their_roles(ledger: Ledger) -> None:
    officer = await invent(ledger, OFFICER, email="b@example.org", name="虚构乙")
    maker = await invent(ledger, MAKER, CHECKER, email="a@example.org", name="虚构甲")
    views = await people()
    assert [view.name for view in views] == ["虚构乙", "虚构甲"]
    assert {view.id: view.standings for view in views} == {
        officer: (OFFICER,),
        maker: (CHECKER, MAKER),
    }
    assert [view.id for view in await people(ORGANISATION)] == [maker]
    assert await person_of(maker) == await find_person(" A@Example.org ")
    assert await find_person("nobody@example.org") is None
    with pytest.raises(WrongUse, match="Nobody signs in"):
        await known_person("nobody@example.org")
