"""Tests of signing in: the right way in, and every wrong one told alike."""

import asyncio
from datetime import timedelta

import pytest

from charity.people import passwords, signing_in
from charity.people.memberships import disable_person
from charity.people.recovery_codes import new_codes
from charity.people.roles import Role, Standing
from charity.people.second_factor import code_at, keep_secret, new_secret, offer_secret, step_of
from charity.people.sessions import find_actor
from charity.people.signing_in import (
    SignIn,
    prove_second_factor,
    set_up_second_factor,
    sign_in,
)
from charity.people.tables import Person, Session
from ledger.database.engines import write_transaction
from ledger.log import Ledger
from ledger.messages import Refused
from ledger.vault.envelopes import Envelopes
from tests.charity.people.inventing import (
    ELSEWHERE,
    EMAIL,
    GOOD_PASSWORD,
    NOW,
    actor_by,
    invent,
    session,
)

CHECKER = Standing(Role.AUDITOR)


async def enter(
    ledger: Ledger,
    envelopes: Envelopes,
    password: str = GOOD_PASSWORD,
    email: str = EMAIL,
    address: str = ELSEWHERE,
    seconds: int = 0,
) -> SignIn:
    now = NOW + timedelta(seconds=seconds)
    return await sign_in(
        ledger.engine, envelopes, email, password, address, now, browser="Invented 1.0"
    )


def words(outcome: SignIn) -> str:
    assert outcome.refusal is not None
    assert outcome.token is None
    return outcome.refusal.text()


async def test_the_right_password_starts_a_session(ledger: Ledger, envelopes: Envelopes) -> None:
    person = await invent(ledger, CHECKER)
    outcome = await enter(ledger, envelopes, email=" XuGou@Example.org ")
    assert (outcome.person, outcome.refusal, outcome.wait) == (person, None, 0)
    assert outcome.token is not None
    actor = await actor_by(outcome.token)
    assert (actor.person, actor.proved_second_factor) == (person, False)
    assert [row["browser"] for row in await Session.select()] == ["Invented 1.0"]


async def test_all_that_is_wrong_is_told_alike(ledger: Ledger, envelopes: Envelopes) -> None:
    person = await invent(ledger)
    wrong_password = await enter(ledger, envelopes, "wrong")
    assert wrong_password.person == person
    nobody = await enter(ledger, envelopes, email="nobody@example.org")
    assert nobody.person is None
    async with write_transaction(ledger.engine):
        await disable_person(person, NOW)
    disabled = await enter(ledger, envelopes)
    told = {words(outcome) for outcome in (wrong_password, nobody, disabled)}
    assert told == {"The e-mail or the password is wrong."}
    endless = await enter(ledger, envelopes, "x" * 10_000, "y" * 10_000)
    assert words(endless) in told
    assert not await Session.exists()


async def test_whoever_waits_computes_no_hash(
    ledger: Ledger, envelopes: Envelopes, monkeypatch: pytest.MonkeyPatch
) -> None:
    await invent(ledger)
    computed = 0
    verify = passwords.HASHER.verify

    def counted(text: bytes, of: str) -> bool:
        nonlocal computed
        computed += 1
        return verify(text, of)

    monkeypatch.setattr(passwords.HASHER, "verify", counted)
    outcomes = await asyncio.gather(*(enter(ledger, envelopes, "wrong") for _ in range(300)))
    assert computed == 5
    assert {outcome.wait for outcome in outcomes} == {0, 30}
    waiting = await enter(ledger, envelopes)
    assert (waiting.wait, waiting.person) == (30, None)
    assert words(waiting) == "Too many attempts failed. Wait 30 seconds, then try again."
    assert computed == 5
    assert (await enter(ledger, envelopes, address="198.51.100.9")).token
    assert (await enter(ledger, envelopes, seconds=30)).token


async def test_a_password_that_is_replaced_meanwhile_opens_nothing(
    ledger: Ledger, envelopes: Envelopes, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = await invent(ledger)
    verify = passwords.verify_password

    async def slowly(text: str, hashed: str | None) -> bool:
        matches = await verify(text, hashed)
        async with write_transaction(ledger.engine):
            await Person.update({Person.password: "new"}).where(Person.id == person)
        return matches

    monkeypatch.setattr(signing_in, "verify_password", slowly)
    assert words(await enter(ledger, envelopes)) == "The e-mail or the password is wrong."
    assert not await Session.exists()


async def test_a_code_turns_the_session_into_a_proved_one(
    ledger: Ledger, envelopes: Envelopes
) -> None:
    person, secret = await invent(ledger, CHECKER), new_secret()
    async with write_transaction(ledger.engine):
        await keep_secret(envelopes, person, secret, None)
    old = await session(ledger, person)
    actor = await actor_by(old)
    right = code_at(secret, step_of(NOW))

    async def prove(code: str) -> SignIn:
        return await prove_second_factor(ledger.engine, envelopes, actor, code, ELSEWHERE, NOW)

    assert "Wait for the next one" in words(await prove("000000"))
    outcome = await prove(right)
    assert outcome.token is not None
    assert (await actor_by(outcome.token)).proved_second_factor
    assert await find_actor(old, NOW) is None
    assert "was used before" in words(await prove(right))


async def test_codes_cannot_be_guessed(ledger: Ledger, envelopes: Envelopes) -> None:
    person, secret = await invent(ledger, CHECKER), new_secret()
    async with write_transaction(ledger.engine):
        await keep_secret(envelopes, person, secret, None)
        codes = await new_codes(person)
    actor = await actor_by(await session(ledger, person))

    async def prove(code: str, *, recovery: bool = False, address: str = ELSEWHERE) -> SignIn:
        return await prove_second_factor(
            ledger.engine, envelopes, actor, code, address, NOW, recovery=recovery
        )

    right = code_at(secret, step_of(NOW))
    wrong = "000000" if right != "000000" else "000001"
    for _ in range(3):
        assert not (await prove(wrong)).wait
    for _ in range(2):
        assert words(await prove("ABCD", recovery=True)) == (
            "This recovery code is wrong, or was used before."
        )
    assert (await prove(right)).wait == 30
    assert (await prove(codes[0], recovery=True)).wait == 30
    assert (await prove(codes[0], recovery=True, address="198.51.100.9")).token


async def test_setting_up_a_second_factor_proves_the_session(
    ledger: Ledger, envelopes: Envelopes
) -> None:
    person = await invent(ledger, CHECKER)
    actor = await actor_by(await session(ledger, person))
    secret, offer = offer_secret(envelopes, person)

    async def set_up(code: str) -> SignIn:
        return await set_up_second_factor(
            ledger.engine, envelopes, actor, offer, code, ELSEWHERE, NOW
        )

    assert "This code is wrong" in words(await set_up("12345"))
    outcome = await set_up(code_at(secret, step_of(NOW)))
    assert outcome.token is not None
    proved = await actor_by(outcome.token)
    assert proved.proved_second_factor
    assert proved.has_second_factor
    with pytest.raises(Refused, match="Prove your present"):
        await set_up(code_at(secret, step_of(NOW) + 1))
