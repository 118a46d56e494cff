"""Tests of sessions: their end, their list, their revoking, their new tokens."""

from datetime import timedelta

from charity.people.roles import Role, Standing
from charity.people.second_factor import keep_secret, new_secret
from charity.people.sessions import (
    ENDS_AFTER,
    IDLE_AFTER,
    SEEN_EVERY,
    find_actor,
    own_sessions,
    prune_sessions,
    revoke_session,
    revoke_sessions,
    rotate_session,
    token_hash,
    touch_session,
)
from charity.people.tables import Session
from ledger.database.engines import write_transaction
from ledger.log import Ledger
from ledger.vault.envelopes import Envelopes
from tests.charity.people.inventing import NOW, actor_by, invent, maker_of, session
from tests.conftest import ORGANISATION

SECOND = timedelta(seconds=1)


async def test_a_session_ends_after_two_idle_hours_and_after_twelve(ledger: Ledger) -> None:
    token = await session(ledger, await invent(ledger))
    assert await find_actor(token, NOW + IDLE_AFTER)
    assert await find_actor(token, NOW + IDLE_AFTER + SECOND) is None
    now = NOW
    while now < NOW + ENDS_AFTER - SECOND:
        await touch_session(ledger.engine, token_hash(token), now)
        assert await find_actor(token, now)
        now += timedelta(hours=1)
    assert await find_actor(token, NOW + ENDS_AFTER) is None
    assert await find_actor("another", NOW) is None


async def test_use_is_noted_every_five_minutes_at_most(ledger: Ledger) -> None:
    hashed = token_hash(await session(ledger, await invent(ledger)))
    seen = []
    for moment in (NOW + SEEN_EVERY - SECOND, NOW + SEEN_EVERY, NOW + SEEN_EVERY * 2 - SECOND):
        await touch_session(ledger.engine, hashed, moment)
        seen.append((await Session.select(Session.seen_at))[0]["seen_at"])
    assert seen == ["2026-11-23T01:02:03Z", "2026-11-23T01:07:03Z", "2026-11-23T01:07:03Z"]
    await touch_session(ledger.engine, "another", NOW)


async def test_people_see_and_end_their_own_sessions_only(ledger: Ledger) -> None:
    one, other = await invent(ledger), await invent(ledger, email="other@example.org")
    tokens = [await session(ledger, one, NOW + timedelta(minutes=n)) for n in range(3)]
    strange = await session(ledger, other)
    mine = await own_sessions(one, NOW)
    assert [view.id for view in mine] == [token_hash(token) for token in reversed(tokens)]
    assert mine[0].browser == "test"
    async with write_transaction(ledger.engine):
        assert not await revoke_session(one, token_hash(strange), NOW)
        assert await revoke_session(one, token_hash(tokens[0]), NOW)
        assert not await revoke_session(one, token_hash(tokens[0]), NOW)
    assert await find_actor(tokens[0], NOW) is None
    async with write_transaction(ledger.engine):
        assert await revoke_sessions(one, NOW, but=token_hash(tokens[2])) == 1
    assert [view.id for view in await own_sessions(one, NOW)] == [token_hash(tokens[2])]
    async with write_transaction(ledger.engine):
        assert await revoke_sessions(one, NOW) == 1
    assert await own_sessions(one, NOW) == []
    assert await find_actor(strange, NOW)


async def test_a_proved_session_goes_on_under_a_new_token(ledger: Ledger) -> None:
    token = await session(ledger, await invent(ledger))
    later = NOW + timedelta(hours=1)
    async with write_transaction(ledger.engine):
        new = await rotate_session(token_hash(token), later, proved_second_factor=True)
    assert new is not None
    assert new != token
    assert await find_actor(token, later) is None
    actor = await actor_by(new, later)
    assert actor.proved_second_factor
    assert await find_actor(new, NOW + ENDS_AFTER) is None, "it does not last longer"
    async with write_transaction(ledger.engine):
        assert await rotate_session(token_hash(token), later) is None, "the old one is over"
        newest = await rotate_session(token_hash(new), later)
    assert newest is not None
    assert (await actor_by(newest, later)).proved_second_factor, "what was proved stays proved"


async def test_who_has_a_second_factor_is_asked_for_it(
    ledger: Ledger, envelopes: Envelopes
) -> None:
    person = await invent(ledger, maker_of(ORGANISATION))
    token = await session(ledger, person)
    assert not (await actor_by(token)).needs_second_factor
    async with write_transaction(ledger.engine):
        await keep_secret(envelopes, person, new_secret(), None)
    assert (await actor_by(token)).needs_second_factor
    checker = await invent(ledger, Standing(Role.CHECKER, ORGANISATION), email="other@example.org")
    assert (await actor_by(await session(ledger, checker))).needs_second_factor


async def test_what_ended_a_day_ago_is_deleted(ledger: Ledger) -> None:
    person = await invent(ledger)
    revoked, expired = await session(ledger, person), await session(ledger, person)
    kept = await session(ledger, person, NOW + timedelta(days=1))
    async with write_transaction(ledger.engine):
        await revoke_session(person, token_hash(revoked), NOW)
        await prune_sessions(NOW + timedelta(hours=23))
    assert await Session.count() == 3
    async with write_transaction(ledger.engine):
        await prune_sessions(NOW + timedelta(hours=25))
    assert await Session.count() == 2
    async with write_transaction(ledger.engine):
        await prune_sessions(NOW + timedelta(hours=37))
    left = [row["token_hash"] for row in await Session.select()]
    assert left == [token_hash(kept)]
    assert token_hash(expired) not in left
