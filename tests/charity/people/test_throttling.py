"""Tests of throttling: guesses are few, looks are cheap, nobody is locked out by others."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from charity.people.tables import FailedSignIn
from charity.people.throttling import (
    FAILURES_IN_AN_HOUR,
    FREE_FAILURES,
    FREE_FAILURES_ALL,
    LONGEST_WAIT,
    begin_attempt,
    forget_failures,
    note_success,
    wait_message,
)
from ledger.database.engines import write_transaction
from ledger.log import Ledger
from ledger.vault.envelopes import Envelopes
from tests.charity.people.conftest import VAULT_KEY
from tests.charity.people.inventing import EMAIL, NOW
from tests.conftest import MadeHome, fresh_ledger

HOME = "198.51.100.1"
WAITS = [30, 60, 120, 240, 480, 900, 900]


@dataclass
class Attacks:
    """Attempts on one ledger, at a time that the test moves."""

    ledger: Ledger
    envelopes: Envelopes
    now: datetime = NOW
    tried: int = field(default=0)

    async def attempt(self, address: str, email: str = EMAIL) -> int:
        """Try a wrong password; return the seconds to wait, 0 if it was tried."""
        wait = await begin_attempt(self.ledger.engine, self.envelopes, email, address, self.now)
        self.tried += not wait
        return wait

    async def succeed(self, address: str, email: str = EMAIL) -> None:
        async with write_transaction(self.ledger.engine):
            await note_success(self.envelopes, email, address, self.now)

    def later(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def attacks(ledger: Ledger, envelopes: Envelopes) -> Attacks:
    return Attacks(ledger, envelopes)


def address(number: int) -> str:
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


async def test_after_five_failures_waits_double_up_to_a_quarter_of_an_hour(
    attacks: Attacks,
) -> None:
    assert [await attacks.attempt(HOME) for _ in range(FREE_FAILURES)] == [0] * FREE_FAILURES
    waits = []
    for _ in WAITS:
        waits.append(await attacks.attempt(HOME))
        attacks.later(waits[-1])
        assert await attacks.attempt(HOME) == 0
    assert waits == WAITS


async def test_a_wait_ends_to_the_second(attacks: Attacks) -> None:
    for _ in range(FREE_FAILURES):
        await attacks.attempt(HOME)
    attacks.later(29)
    assert await attacks.attempt(HOME) == 1
    attacks.later(1)
    assert await attacks.attempt(HOME) == 0


async def test_whoever_waits_is_not_counted_and_writes_nothing(attacks: Attacks) -> None:
    for _ in range(FREE_FAILURES):
        await attacks.attempt(HOME)
    before = await FailedSignIn.select().order_by(FailedSignIn.key)
    for _ in range(20):
        assert await attacks.attempt(HOME) == 30
    assert await FailedSignIn.select().order_by(FailedSignIn.key) == before


async def test_success_forgets_the_failures_of_the_account(attacks: Attacks) -> None:
    for _ in range(FREE_FAILURES - 1):
        await attacks.attempt(HOME)
    await attacks.succeed(HOME)
    assert [await attacks.attempt(HOME) for _ in range(FREE_FAILURES)] == [0] * FREE_FAILURES


async def test_the_next_day_begins_anew(attacks: Attacks) -> None:
    for _ in range(FREE_FAILURES):
        await attacks.attempt(HOME)
    attacks.later(24 * 3600 + 1)
    assert [await attacks.attempt(HOME) for _ in range(FREE_FAILURES)] == [0] * FREE_FAILURES
    assert await attacks.attempt(HOME) == 30


async def test_an_address_has_fifty_failures_an_hour_for_all_accounts(attacks: Attacks) -> None:
    attacks.now = NOW.replace(minute=10, second=0)
    for number in range(FAILURES_IN_AN_HOUR):
        assert await attacks.attempt(HOME, f"xugou{number}@example.org") == 0
    assert await attacks.attempt(HOME, "another@example.org") == 50 * 60
    assert await attacks.attempt("198.51.100.2", "another@example.org") == 0
    attacks.later(50 * 60)
    assert await attacks.attempt(HOME, "another@example.org") == 0


async def test_success_does_not_use_up_the_fifty_of_an_office(attacks: Attacks) -> None:
    attacks.now = NOW.replace(minute=10, second=0)
    for number in range(FAILURES_IN_AN_HOUR * 2):
        email = f"xugou{number}@example.org"
        assert await attacks.attempt(HOME, email) == 0
        await attacks.succeed(HOME, email)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:198.51.100.1", "198.51.100.1", True),
        ("198.51.100.1", "198.51.100.2", False),
        ("", "unknown", False),
    ],
)
async def test_an_ipv6_network_counts_as_one_address(
    attacks: Attacks, one: str, other: str, same: bool
) -> None:
    for _ in range(FREE_FAILURES):
        await attacks.attempt(one)
    assert (await attacks.attempt(other) > 0) is same


async def test_an_account_is_one_however_it_is_typed(attacks: Attacks) -> None:
    for typed in (EMAIL, EMAIL.upper(), f" {EMAIL}", EMAIL.title(), f"{EMAIL} "):
        await attacks.attempt(HOME, typed)
    assert await attacks.attempt(HOME) == 30


async def test_a_thousand_at_the_same_moment_are_five(attacks: Attacks) -> None:
    waits = await asyncio.gather(*(attacks.attempt(HOME) for _ in range(200)))
    assert sorted(waits)[:FREE_FAILURES] == [0] * FREE_FAILURES
    assert attacks.tried == FREE_FAILURES


async def test_one_address_cannot_make_others_wait(attacks: Attacks) -> None:
    for _ in range(300):
        attacks.later(await attacks.attempt(HOME))
    assert attacks.tried > FREE_FAILURES_ALL
    assert await attacks.attempt("198.51.100.2") == 0


async def test_many_addresses_wait_but_each_is_told_once_how_long(attacks: Attacks) -> None:
    """The wait of an address that never failed is fixed, whatever the others do meanwhile."""
    for number in range(FREE_FAILURES_ALL + 10):
        await attacks.attempt(address(number))
    wait = await attacks.attempt(HOME)
    assert 0 < wait <= LONGEST_WAIT.total_seconds()
    for number in range(1000, 1000 + wait):
        attacks.later(1)
        await attacks.attempt(address(number))
    assert await attacks.attempt(HOME) == 0


async def test_nothing_readable_is_kept(attacks: Attacks) -> None:
    await attacks.attempt(HOME)
    kept = str(await FailedSignIn.select())
    assert EMAIL not in kept
    assert HOME not in kept
    async with write_transaction(attacks.ledger.engine):
        await forget_failures(attacks.now + timedelta(hours=25))
    assert not await FailedSignIn.exists()


@pytest.mark.one_engine("sqlite", "the counting is the same; ten thousand looks take long")
async def test_ten_thousand_wrong_passwords_from_one_address(attacks: Attacks) -> None:
    """One a second, for nearly three hours."""
    for _ in range(10_000):
        await attacks.attempt(HOME)
        attacks.later(1)
    assert attacks.tried == 20
    assert await attacks.attempt("198.51.100.2") == 0, "the owner, from an address of his own"


@pytest.mark.one_engine("sqlite", "the counting is the same; ten thousand commits take long")
async def test_ten_thousand_wrong_passwords_from_a_hundred_addresses(attacks: Attacks) -> None:
    """All in a second; then the owner comes, from an address that never failed."""
    for number in range(10_000):
        await attacks.attempt(address(number % 100))
    assert attacks.tried < FREE_FAILURES_ALL * 2
    wait = await attacks.attempt(HOME)
    assert 0 < wait <= LONGEST_WAIT.total_seconds()
    attacks.later(wait)
    for number in range(100):
        await attacks.attempt(address(number))
    assert await attacks.attempt(HOME) == 0


@pytest.mark.one_engine("sqlite", "the rules are the same; an example takes many attempts")
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.integers(0, 40), st.integers(0, 400)), max_size=80))
async def test_the_owner_waits_at_most_a_quarter_of_an_hour(
    made_home: MadeHome, steps: list[tuple[int, int]]
) -> None:
    """Whatever others do before and meanwhile: after the first wait the door is open."""
    async with fresh_ledger(made_home) as ledger:
        attacks = Attacks(ledger, Envelopes(VAULT_KEY))
        half = len(steps) // 2
        for number, seconds in steps[:half]:
            await attacks.attempt(address(number))
            attacks.later(seconds)
        wait = await attacks.attempt(HOME)
        assert wait <= LONGEST_WAIT.total_seconds()
        until = attacks.now + timedelta(seconds=wait)
        for number, seconds in steps[half:]:
            await attacks.attempt(address(number))
            attacks.later(seconds)
        attacks.now = max(until, attacks.now)
        assert wait == 0 or await attacks.attempt(HOME) == 0


def test_the_message_names_seconds_or_minutes() -> None:
    assert wait_message(30).text() == ("Too many attempts failed. Wait 30 seconds, then try again.")
    assert wait_message(601).text() == (
        "Too many attempts failed. Wait 11 minutes, then try again."
    )
