"""Tests of the second factor: codes around now, none twice, secrets that rest sealed."""

import asyncio
from datetime import timedelta

import pyotp
import pytest

from charity.people.second_factor import (
    STEP_SECONDS,
    accept_secret,
    code_at,
    has_second_factor,
    keep_secret,
    new_secret,
    offer_secret,
    prove_code,
    provisioning_uri,
    remove_second_factor,
    secret_of,
    secret_place,
    step_of,
)
from charity.people.tables import Person
from ledger.database.engines import write_transaction
from ledger.log import Ledger
from ledger.messages import Refused
from ledger.vault.envelopes import Envelopes
from tests.charity.people.inventing import EMAIL, NOW, invent

STEP = timedelta(seconds=STEP_SECONDS)


async def person_with(ledger: Ledger, envelopes: Envelopes, secret: str) -> str:
    person = await invent(ledger)
    async with write_transaction(ledger.engine):
        await keep_secret(envelopes, person, secret, None)
    return person


async def prove(ledger: Ledger, envelopes: Envelopes, person: str, code: str, at: int = 0) -> bool:
    """Prove a code, some steps after NOW."""
    async with write_transaction(ledger.engine):
        return await prove_code(envelopes, person, code, NOW + at * STEP)


def code(secret: str, steps: int = 0) -> str:
    return code_at(secret, step_of(NOW) + steps)


def test_codes_are_those_of_the_standard() -> None:
    """RFC 6238, appendix B: the last six figures of its SHA-1 examples."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    assert code_at(secret, 59 // STEP_SECONDS) == "287082"
    assert code_at(secret, 1_111_111_109 // STEP_SECONDS) == "081804"
    assert code_at(secret, 20_000_000_000 // STEP_SECONDS) == "353130"


def test_an_app_reads_the_address() -> None:
    secret = new_secret()
    parsed = pyotp.parse_uri(provisioning_uri(secret, EMAIL, "慈善之城"))
    assert (parsed.secret, parsed.name, parsed.issuer) == (secret, EMAIL, "慈善之城")
    assert len(secret) == 32


async def test_codes_around_now_are_taken_each_once(ledger: Ledger, envelopes: Envelopes) -> None:
    secret = new_secret()
    person = await person_with(ledger, envelopes, secret)
    assert not await prove(ledger, envelopes, person, code(secret, -2))
    assert await prove(ledger, envelopes, person, code(secret, -1))
    assert not await prove(ledger, envelopes, person, code(secret, -1))
    assert await prove(ledger, envelopes, person, code(secret, 1))
    assert not await prove(ledger, envelopes, person, code(secret, 1), at=1)
    assert not await prove(ledger, envelopes, person, code(secret)), "an older one after a newer"
    assert not await prove(ledger, envelopes, person, code(secret, 3), at=1)
    assert await prove(ledger, envelopes, person, code(secret, 2), at=2)


@pytest.mark.parametrize(
    "typed", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "²²²²²²", "9" * 10_000]
)
async def test_what_is_no_code_is_refused(ledger: Ledger, envelopes: Envelopes, typed: str) -> None:
    person = await person_with(ledger, envelopes, new_secret())
    assert not await prove(ledger, envelopes, person, typed)


async def test_blanks_in_a_code_do_no_harm(ledger: Ledger, envelopes: Envelopes) -> None:
    secret = new_secret()
    person = await person_with(ledger, envelopes, secret)
    right = code(secret)
    assert await prove(ledger, envelopes, person, f" {right[:3]} {right[3:]} ")


async def test_the_same_code_at_the_same_moment_is_taken_once(
    ledger: Ledger, envelopes: Envelopes
) -> None:
    secret = new_secret()
    person = await person_with(ledger, envelopes, secret)
    outcomes = await asyncio.gather(
        *(prove(ledger, envelopes, person, code(secret)) for _ in range(8))
    )
    assert sorted(outcomes) == [False] * 7 + [True]


async def test_a_secret_rests_sealed_and_opens_only_in_its_place(
    ledger: Ledger, envelopes: Envelopes
) -> None:
    secret = new_secret()
    person = await person_with(ledger, envelopes, secret)
    assert await secret_of(envelopes, person) == secret
    row = await Person.select(Person.second_factor).where(Person.id == person).first()
    assert row is not None
    assert secret.encode() not in bytes(row["second_factor"])
    assert envelopes.open(secret_place(person), bytes(row["second_factor"])) == secret.encode()
    with pytest.raises(Refused):
        envelopes.open(secret_place("somebody else"), bytes(row["second_factor"]))


async def test_an_offered_secret_is_kept_when_a_code_proves_it(
    ledger: Ledger, envelopes: Envelopes
) -> None:
    person = await invent(ledger)
    secret, offer = offer_secret(envelopes, person)
    async with write_transaction(ledger.engine):
        assert not await accept_secret(envelopes, person, offer, "000000", NOW, proved=False)
        assert not await has_second_factor(person)
        assert await accept_secret(envelopes, person, offer, code(secret), NOW, proved=False)
    assert await has_second_factor(person)
    assert not await prove(ledger, envelopes, person, code(secret)), "it was used to set it up"
    assert await prove(ledger, envelopes, person, code(secret, 1))


async def test_a_second_factor_is_replaced_only_by_who_proved_it(
    ledger: Ledger, envelopes: Envelopes
) -> None:
    person = await person_with(ledger, envelopes, new_secret())
    secret, offer = offer_secret(envelopes, person)
    async with write_transaction(ledger.engine):
        with pytest.raises(Refused, match="Prove your present"):
            await accept_secret(envelopes, person, offer, code(secret), NOW, proved=False)
        assert await accept_secret(envelopes, person, offer, code(secret), NOW, proved=True)
    assert await secret_of(envelopes, person) == secret


@pytest.mark.parametrize("offer", ["", "?", "AAAA", "A" * 10_000, "\ud800"])
async def test_a_forged_offer_is_refused(ledger: Ledger, envelopes: Envelopes, offer: str) -> None:
    person = await invent(ledger)
    async with write_transaction(ledger.engine):
        with pytest.raises(Refused):
            await accept_secret(envelopes, person, offer, "000000", NOW, proved=False)


async def test_an_offer_to_another_is_refused(ledger: Ledger, envelopes: Envelopes) -> None:
    person = await invent(ledger)
    secret, offer = offer_secret(envelopes, "somebody else")
    async with write_transaction(ledger.engine):
        with pytest.raises(Refused):
            await accept_secret(envelopes, person, offer, code(secret), NOW, proved=False)


async def test_without_a_secret_no_code_is_right(ledger: Ledger, envelopes: Envelopes) -> None:
    secret = new_secret()
    person = await person_with(ledger, envelopes, secret)
    async with write_transaction(ledger.engine):
        await remove_second_factor(person)
    assert await secret_of(envelopes, person) is None
    assert not await prove(ledger, envelopes, person, code(secret))
    assert not await prove(ledger, envelopes, "nobody", code(secret))
