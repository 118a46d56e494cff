"""Tests of new passwords: links that work once for an hour, and changes by who knows the old."""

from dataclasses import replace
from datetime import timedelta

import pytest

from charity.people.memberships import disable_person
from charity.people.new_passwords import (
    RESET_WITHIN,
    Reset,
    change_password,
    find_reset,
    request_reset,
    reset_password,
)
from charity.people.sessions import find_actor, token_hash
from charity.people.signing_in import SignIn, sign_in
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

NEW_PASSWORD = "another 蓝色 hippopotamus"


async def asked(ledger: Ledger, envelopes: Envelopes, email: str = EMAIL) -> Reset:
    return await request_reset(ledger.engine, envelopes, email, ELSEWHERE, NOW)


async def entered(ledger: Ledger, envelopes: Envelopes, password: str) -> SignIn:
    return await sign_in(ledger.engine, envelopes, EMAIL, password, ELSEWHERE, NOW)


async def test_a_link_sets_a_new_password_once(ledger: Ledger, envelopes: Envelopes) -> None:
    person = await invent(ledger)
    cookie = await session(ledger, person)
    first, second = await asked(ledger, envelopes), await asked(ledger, envelopes)
    assert (first.email, first.language, first.wait) == (EMAIL, "zh", 0)
    assert first.token is not None
    assert second.token is not None
    later = NOW + RESET_WITHIN - timedelta(seconds=1)
    assert await find_reset(envelopes, first.token, later)
    assert person == await reset_password(
        ledger.engine, envelopes, first.token, NEW_PASSWORD, ELSEWHERE, later
    )
    assert await find_actor(cookie, NOW) is None
    assert (await entered(ledger, envelopes, GOOD_PASSWORD)).token is None
    assert (await entered(ledger, envelopes, NEW_PASSWORD)).token
    for token in (first.token, second.token):
        with pytest.raises(Refused, match="link is over"):
            await reset_password(ledger.engine, envelopes, token, GOOD_PASSWORD, ELSEWHERE, later)


async def test_a_link_is_over(ledger: Ledger, envelopes: Envelopes) -> None:
    person = await invent(ledger)
    token = (await asked(ledger, envelopes)).token
    assert token is not None
    forged = ["", "?", "A" * 10_000, token[:-2], token + "AA", "虚构", token.swapcase()]
    for wrong in forged:
        assert await find_reset(envelopes, wrong, NOW) is None
    assert await find_reset(envelopes, token, NOW + RESET_WITHIN) is None
    assert await find_reset(Envelopes(bytes(32)), token, NOW) is None
    async with write_transaction(ledger.engine):
        await disable_person(person, NOW)
    assert await find_reset(envelopes, token, NOW) is None


async def test_a_bad_new_password_leaves_the_link_good(
    ledger: Ledger, envelopes: Envelopes
) -> None:
    await invent(ledger)
    token = (await asked(ledger, envelopes)).token
    assert token is not None
    with pytest.raises(Refused, match="too short"):
        await reset_password(ledger.engine, envelopes, token, "short", ELSEWHERE, NOW)
    assert await find_reset(envelopes, token, NOW)


async def test_strangers_get_the_same_answer_and_nobody_is_flooded(
    ledger: Ledger, envelopes: Envelopes
) -> None:
    await invent(ledger)
    for email in (EMAIL, "nobody@example.org"):
        waits = [(await asked(ledger, envelopes, email)).wait for _ in range(7)]
        assert waits == [0, 0, 0, 0, 0, 30, 30]
    assert await asked(ledger, envelopes, "another@example.org") == Reset()
    assert (await entered(ledger, envelopes, GOOD_PASSWORD)).token, "signing in is not blocked"


async def test_a_link_opens_the_door_that_wrong_passwords_closed(
    ledger: Ledger, envelopes: Envelopes
) -> None:
    await invent(ledger)
    for _ in range(6):
        outcome = await entered(ledger, envelopes, "forgotten")
    assert outcome.wait == 30
    token = (await asked(ledger, envelopes)).token
    assert token is not None
    await reset_password(ledger.engine, envelopes, token, NEW_PASSWORD, ELSEWHERE, NOW)
    assert (await entered(ledger, envelopes, NEW_PASSWORD)).token


async def test_a_change_ends_all_other_sessions(ledger: Ledger, envelopes: Envelopes) -> None:
    person = await invent(ledger)
    mine, other = await session(ledger, person), await session(ledger, person)
    outcome = await change_password(
        ledger.engine,
        envelopes,
        await actor_by(mine),
        GOOD_PASSWORD,
        NEW_PASSWORD,
        ELSEWHERE,
        NOW,
    )
    assert outcome.token is not None
    assert (await actor_by(outcome.token)).person == person
    assert await find_actor(mine, NOW) is None
    assert await find_actor(other, NOW) is None
    assert (await entered(ledger, envelopes, NEW_PASSWORD)).token


async def test_a_change_needs_the_present_password(ledger: Ledger, envelopes: Envelopes) -> None:
    actor = await actor_by(await session(ledger, await invent(ledger)))

    async def change(present: str, new: str = NEW_PASSWORD) -> SignIn:
        return await change_password(ledger.engine, envelopes, actor, present, new, ELSEWHERE, NOW)

    with pytest.raises(Refused, match="too short"):
        await change(GOOD_PASSWORD, "short")
    for _ in range(5):
        outcome = await change("wrong")
        assert outcome.refusal is not None
        assert outcome.refusal.text() == "Your present password is wrong."
    assert (await change(GOOD_PASSWORD)).wait == 30
    assert (await entered(ledger, envelopes, GOOD_PASSWORD)).token
    with pytest.raises(Refused, match="Sign in"):
        await change_password(
            ledger.engine, envelopes, replace(actor, session=None), "", NEW_PASSWORD, "", NOW
        )
    assert actor.session is not None
    assert len(actor.session) == len(token_hash(""))
