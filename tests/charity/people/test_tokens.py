"""Tests of API tokens: limited in scope, organisation and time; only hashes kept."""

from datetime import datetime, timedelta

import pytest

from charity.organisations.registry import add_organisation
from charity.people.roles import Permission, Role, Standing
from charity.people.tables import ApiToken
from charity.people.tokens import (
    LONGEST,
    Scope,
    find_token,
    make_token,
    revoke_token,
    tokens_of,
    touch_token,
)
from ledger.database.engines import write_transaction
from ledger.log import Ledger
from ledger.messages import Refused
from tests.charity.people.inventing import NOW, invent, maker_of
from tests.conftest import ORGANISATION

MAKER = maker_of(ORGANISATION)
OTHER = "53440300000009988H"
END = NOW + timedelta(days=30)


async def make(
    ledger: Ledger,
    person: str,
    scopes: tuple[Scope, ...] = (Scope.BATCHES_READ,),
    organisation: str = ORGANISATION,
    end: datetime = END,
    name: str = "示例财务系统",
) -> tuple[str, str]:
    async with write_transaction(ledger.engine):
        return await make_token(person, organisation, name, scopes, end, NOW)


async def test_a_token_acts_as_a_maker_of_its_organisation_only(ledger: Ledger) -> None:
    await add_organisation(OTHER, "另一示例基金会", confirm_code=True)
    person = await invent(
        ledger, MAKER, maker_of(OTHER), Standing(Role.BUREAU_OFFICER), name="虚构经办"
    )
    token_id, token = await make(ledger, person, (Scope.BATCHES_WRITE, Scope.BATCHES_READ))
    assert token.startswith("cc_")
    assert len(token) > 40
    found = await find_token(token, NOW)
    assert found is not None
    assert (found.token, found.organisation, found.actor.person) == (token_id, ORGANISATION, person)
    assert found.may(Scope.BATCHES_READ)
    assert found.may(Scope.BATCHES_WRITE)
    assert found.actor.may(Permission.REPORT, ORGANISATION)
    assert not found.actor.may(Permission.REPORT, OTHER)
    assert not found.actor.may(Permission.MANAGE_PEOPLE)
    _, reading = await make(ledger, person)
    narrow = await find_token(reading, NOW)
    assert narrow is not None
    assert not narrow.may(Scope.BATCHES_WRITE)


async def test_only_hashes_are_kept(ledger: Ledger) -> None:
    _, token = await make(ledger, await invent(ledger, MAKER))
    assert token not in str(await ApiToken.select())


async def test_a_token_ends(ledger: Ledger) -> None:
    token_id, token = await make(ledger, await invent(ledger, MAKER))
    assert await find_token(token, END - timedelta(seconds=1))
    assert await find_token(token, END) is None
    async with write_transaction(ledger.engine):
        assert not await revoke_token(OTHER, token_id, NOW), "of another organisation"
        assert await find_token(token, NOW)
        assert await revoke_token(ORGANISATION, token_id, NOW)
        assert not await revoke_token(ORGANISATION, token_id, NOW)
    assert await find_token(token, NOW) is None
    for wrong in ("", "cc_", token[3:], token + "x", "cc_" + "x" * 10_000):
        assert await find_token(wrong, NOW) is None


@pytest.mark.parametrize(
    ("scopes", "organisation", "end", "name", "words"),
    [
        ((), ORGANISATION, END, "示例", "Choose what the token is good for"),
        ((Scope.BATCHES_READ,), OTHER, END, "示例", "Only a maker"),
        ((Scope.BATCHES_READ,), ORGANISATION, NOW, "示例", "within a year"),
        ((Scope.BATCHES_READ,), ORGANISATION, NOW + LONGEST * 2, "示例", "within a year"),
        ((Scope.BATCHES_READ,), ORGANISATION, END, "", "1 to 60 characters"),
        ((Scope.BATCHES_READ,), ORGANISATION, END, "长" * 10_000, "1 to 60 characters"),
    ],
)
async def test_what_cannot_be_a_token_is_refused(
    ledger: Ledger,
    scopes: tuple[Scope, ...],
    organisation: str,
    end: datetime,
    name: str,
    words: str,
) -> None:
    person = await invent(ledger, MAKER)
    with pytest.raises(Refused, match=words):
        await make(ledger, person, scopes, organisation, end, name)
    assert not await ApiToken.exists()


async def test_a_checker_makes_no_token(ledger: Ledger) -> None:
    person = await invent(ledger, Standing(Role.CHECKER, ORGANISATION))
    with pytest.raises(Refused, match="Only a maker"):
        await make(ledger, person)


async def test_tokens_are_listed_with_their_last_use(ledger: Ledger) -> None:
    person = await invent(ledger, MAKER, name="虚构经办")
    token_id, _ = await make(ledger, person)
    await touch_token(ledger.engine, token_id, NOW)
    await touch_token(ledger.engine, token_id, NOW + timedelta(minutes=4))
    [view] = await tokens_of(ORGANISATION)
    assert (view.id, view.person_name, view.name) == (token_id, "虚构经办", "示例财务系统")
    assert view.used_at == "2026-11-23T01:02:03Z"
    assert view.is_open(NOW)
    assert not view.is_open(END)
    assert await tokens_of(OTHER) == []
