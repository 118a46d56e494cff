"""Tests of passwords: which are good, how they are hashed, how long a look takes."""

import asyncio
import threading
import time

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from charity.people import passwords
from charity.people.passwords import (
    HASHED_AT_ONCE,
    hash_password,
    password_problem,
    require_good_password,
    verify_password,
)
from charity.people.sample import SAMPLE_PASSWORD
from ledger.messages import Refused
from tests.charity.people.inventing import EMAIL, GOOD_PASSWORD

NAME = "Xugou Renyuan"


@pytest.mark.parametrize(
    "text", [GOOD_PASSWORD, SAMPLE_PASSWORD, "a1b2c3d4e5f6", "蓝色河马在月亮上读报纸昨天"]
)
def test_good_passwords(text: str) -> None:
    assert password_problem(text, EMAIL, NAME) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "too short"),
        ("a1b2c3d4e5f", "too short"),
        ("ab1c2d3e" * 25 + "f", "too long"),
        ("x" * 10_000, "too long"),
        ("Password1234", "Many others"),
        ("ＰＡＳＳＷＯＲＤ１２３４", "Many others"),
        ("abababababab", "Many others"),
        ("woaini1314520", "Many others"),
        ("Xugou@example.org", "own name or e-mail"),
        ("xugouxugou2026", "own name or e-mail"),
        ("XugouRenyuan1", "own name or e-mail"),
    ],
)
def test_bad_passwords_are_told_why(text: str, words: str) -> None:
    problem = password_problem(text, EMAIL, NAME)
    assert problem is not None
    assert words in problem.text()
    with pytest.raises(Refused, match=words):
        require_good_password(text, EMAIL, NAME)


async def test_a_hash_proves_its_password_only() -> None:
    hashed = await hash_password(GOOD_PASSWORD)
    assert hashed.startswith("$argon2id$")
    assert hashed != await hash_password(GOOD_PASSWORD)
    assert await verify_password(GOOD_PASSWORD, hashed)
    assert not await verify_password(GOOD_PASSWORD + " ", hashed)
    assert not await verify_password("", hashed)
    assert not await verify_password("\ud800", hashed)


async def test_two_ways_of_writing_a_character_are_one() -> None:
    assert await verify_password("Café au lait 4", await hash_password("Café au lait 4"))


async def test_what_is_longer_than_any_password_is_not_cut_to_one() -> None:
    longest = ("abcdefghij" * 20)[:200]
    hashed = await hash_password(longest)
    assert await verify_password(longest, hashed)
    assert not await verify_password(longest + "k", hashed)
    assert not await verify_password(longest + "k" * 1_000_000, hashed)


async def test_without_a_person_nothing_matches_and_as_much_is_computed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hashed = await hash_password(GOOD_PASSWORD)
    computed: list[str] = []
    verify = passwords.HASHER.verify

    def counted(text: bytes, of: str) -> bool:
        computed.append(of)
        return verify(text, of)

    monkeypatch.setattr(passwords.HASHER, "verify", counted)
    assert not await verify_password(GOOD_PASSWORD, None)
    assert await verify_password(GOOD_PASSWORD, hashed)
    parameters = [of.rsplit("$", 2)[0] for of in computed]
    assert len(computed) == 2
    assert parameters[0] == parameters[1]


async def test_many_at_once_take_few_threads_and_leave_the_loop_free(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lock, running, most = threading.Lock(), 0, 0

    def slow(_: bytes) -> str:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.01)
        with lock:
            running -= 1
        return "hash"

    monkeypatch.setattr(passwords.HASHER, "hash", slow)
    await asyncio.gather(*(hash_password(GOOD_PASSWORD) for _ in range(20)))
    assert most == HASHED_AT_ONCE


def test_the_parameters_are_those_of_the_standard() -> None:
    hashed = PasswordHash((Argon2Hasher(),)).hash("anything")
    assert hashed.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
