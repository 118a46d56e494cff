"""Tests of recovery codes: ten, legible, each good once, only their hashes kept."""

import asyncio
import re

from charity.people.recovery_codes import CODES, codes_left, new_codes, use_code
from charity.people.tables import RecoveryCode
from ledger.database.engines import write_transaction
from ledger.log import Ledger
from tests.charity.people.inventing import NOW


async def made(ledger: Ledger, person: str = "person") -> list[str]:
    async with write_transaction(ledger.engine):
        return await new_codes(person)


async def used(ledger: Ledger, code: str, person: str = "person") -> bool:
    async with write_transaction(ledger.engine):
        return await use_code(person, code, NOW)


async def test_ten_codes_of_which_each_works_once(ledger: Ledger) -> None:
    codes = await made(ledger)
    assert len(set(codes)) == CODES == 10
    assert all(re.fullmatch(r"[A-Z2-7]{4}(-[A-Z2-7]{4}){3}", code) for code in codes)
    assert await used(ledger, codes[0])
    assert not await used(ledger, codes[0])
    assert await codes_left("person") == 9
    assert await used(ledger, codes[9].lower().replace("-", " "))
    assert not await used(ledger, codes[1], person="somebody else")
    assert not await used(ledger, "")
    assert not await used(ledger, "A" * 10_000)


async def test_misread_letters_are_understood(ledger: Ledger) -> None:
    codes = await made(ledger)
    for code in codes:
        misread = code.replace("O", "0").replace("I", "1").replace("B", "8")
        assert await used(ledger, misread)


async def test_a_new_set_replaces_the_old(ledger: Ledger) -> None:
    old, others = await made(ledger), await made(ledger, "somebody else")
    new = await made(ledger)
    assert not await used(ledger, old[0])
    assert await used(ledger, new[0])
    assert await used(ledger, others[0], "somebody else")


async def test_only_hashes_are_kept(ledger: Ledger) -> None:
    codes = await made(ledger)
    kept = str(await RecoveryCode.select())
    assert not any(code in kept or code.replace("-", "") in kept for code in codes)


async def test_the_same_code_at_the_same_moment_works_once(ledger: Ledger) -> None:
    codes = await made(ledger)
    outcomes = await asyncio.gather(*(used(ledger, codes[0]) for _ in range(8)))
    assert sorted(outcomes) == [False] * 7 + [True]
