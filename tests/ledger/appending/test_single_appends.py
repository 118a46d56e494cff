"""Tests of single appends from many tasks: durable, in groups, each fact once."""

import asyncio
from collections.abc import Callable
from itertools import chain
from pathlib import Path

import msgspec
import pytest

from ledger.appending.repetition import Conflict
from ledger.appending.submissions import Appended
from ledger.entries import Entry
from ledger.export import export_log
from ledger.kinds.donation import DonationFacts, Visibility
from ledger.kinds.refund import RefundFacts, RefundReason
from ledger.kinds.trust_contribution import TrustContributionFacts
from ledger.log import Ledger
from ledger.messages import Refused
from ledger.reading import read_head
from ledger.vault.vault import VaultRow
from ledger.verification import folder_fetch, verify_log
from tests.ledger.entries import (
    FUND,
    append,
    donor,
    gift,
    requested,
    reversal_of,
    spending,
    stored_bodies,
    stored_entries,
)


async def test_concurrent_appends_are_all_there_in_a_log_that_verifies(
    ledger: Ledger, tmp_path: Path
) -> None:
    async def appends(task: int) -> list[int]:
        return [(await ledger.append(gift(100 * task + turn))).position for turn in range(20)]

    positions = await asyncio.gather(*(appends(task) for task in range(32)))
    assert sorted(chain.from_iterable(positions)) == list(range(640))
    assert all(mine == sorted(mine) for mine in positions)
    entries = await stored_entries()
    for task, mine in enumerate(positions):
        for turn, position in enumerate(mine):
            assert entries[position].id == gift(100 * task + turn).id
    await ledger.settle()
    head = await read_head()
    assert head is not None
    assert head.size == 640
    await export_log(tmp_path, ledger.verifier_key)
    assert verify_log(folder_fetch(tmp_path), [ledger.verifier_key]).entries == 640


async def test_the_same_again_gets_the_first_answer_and_other_content_is_a_conflict(
    ledger: Ledger,
) -> None:
    assert await ledger.append(gift(1, 500)) == Appended(0, repeated=False)
    later = msgspec.structs.replace(gift(1, 500), recorded_at="2026-02-03T04:05:06Z")
    assert await ledger.append(later) == Appended(0, repeated=True)
    for other in (gift(1, 501), gift(1, 500, fund="other")):
        with pytest.raises(Conflict, match="another content"):
            await ledger.append(other)
    assert len(await stored_bodies()) == 1


async def test_a_refund_sent_again_gets_the_first_answer_though_nothing_is_left(
    ledger: Ledger,
) -> None:
    await append(ledger, gift(1, 100))
    assert await ledger.append(refund(1, 100)) == Appended(1, repeated=False)
    assert await ledger.append(refund(1, 100)) == Appended(1, repeated=True)


async def test_in_one_group_too(ledger: Ledger) -> None:
    first, again, other = await asyncio.gather(
        ledger.append(gift(1, 500)),
        ledger.append(gift(1, 500)),
        ledger.append(gift(1, 7)),
        return_exceptions=True,
    )
    assert (first, again) == (Appended(0, repeated=False), Appended(0, repeated=True))
    assert isinstance(other, Conflict)


def named_gift(ledger: Ledger, name: str) -> tuple[Entry, list[VaultRow]]:
    """Return the same gift of 5 yuan by somebody, freshly enrolled each time."""
    [enrolled], rows = ledger.vault.enrol([name], ledger.clock(), Visibility.ANONYMOUS)
    facts = DonationFacts(amount=500, donor=enrolled, fund="general")
    return requested("donation", facts, "named-gift"), list(rows)


async def test_a_repeated_gift_is_known_by_its_donors_name(ledger: Ledger) -> None:
    assert await ledger.append(*named_gift(ledger, "虚构甲")) == Appended(0, repeated=False)
    assert await ledger.append(*named_gift(ledger, "虚构甲")) == Appended(0, repeated=True)
    with pytest.raises(Conflict):
        await ledger.append(*named_gift(ledger, "虚构乙"))


def named_contribution(ledger: Ledger, name: str) -> tuple[Entry, list[VaultRow]]:
    """Return the same 5 yuan put into a trust by somebody, freshly enrolled each time."""
    [enrolled], rows = ledger.vault.enrol([name], ledger.clock(), Visibility.ANONYMOUS)
    facts = TrustContributionFacts(amount=500, settlor=enrolled, trust="XT-1")
    return requested("trust_contribution", facts, "named-contribution"), list(rows)


async def test_a_repeated_contribution_is_known_by_its_settlors_name(ledger: Ledger) -> None:
    for repeated in (False, True):
        contribution = named_contribution(ledger, "虚构甲")
        assert await ledger.append(*contribution) == Appended(0, repeated=repeated)
    with pytest.raises(Conflict):
        await ledger.append(*named_contribution(ledger, "虚构乙"))


@pytest.mark.parametrize("make", [named_gift, named_contribution])
async def test_a_repeated_reversal_is_known_by_the_name_in_the_reversed_entry(
    ledger: Ledger, make: Callable[[Ledger, str], tuple[Entry, list[VaultRow]]]
) -> None:
    first, rows = make(ledger, "虚构甲")
    await ledger.append(first, rows)
    assert await ledger.append(reversal_of(0, first)) == Appended(1, repeated=False)
    again, rows = make(ledger, "虚构甲")
    assert await ledger.append(reversal_of(0, again), rows) == Appended(1, repeated=True)
    other, rows = make(ledger, "虚构乙")
    with pytest.raises(Conflict):
        await ledger.append(reversal_of(0, other), rows)


async def test_a_fund_never_goes_below_zero_whatever_comes_together(ledger: Ledger) -> None:
    await append(ledger, gift(1, 100))
    outcomes = await asyncio.gather(
        *(ledger.append(spending(number, 60)) for number in range(3)),
        ledger.append(gift(2, 20)),
        ledger.append(spending(9, 60)),
        return_exceptions=True,
    )
    assert [isinstance(outcome, Refused) for outcome in outcomes] == [
        False,
        True,
        True,
        False,
        False,
    ]
    held = sum(
        posting.amount
        for entry in await stored_entries()
        for posting in entry.postings
        if posting.account == FUND
    )
    assert held == 0


def refund(number: int, amount: int) -> Entry:
    facts = RefundFacts(
        amount=amount, donor=donor(1), fund="general", reason=RefundReason.MISTAKE, refers_to=0
    )
    return requested("refund", facts, f"refund-{number}")


async def test_refunds_that_come_together_never_exceed_their_gift(ledger: Ledger) -> None:
    await append(ledger, gift(1, 100), gift(2, 1_000))
    outcomes = await asyncio.gather(
        *(ledger.append(refund(number, 40)) for number in range(4)), return_exceptions=True
    )
    assert [isinstance(outcome, Refused) for outcome in outcomes] == [False, False, True, True]


async def test_an_unsound_entry_is_refused_alone(ledger: Ledger) -> None:
    unsound = msgspec.structs.replace(gift(1), postings=gift(2, 99).postings)
    outcomes = await asyncio.gather(
        ledger.append(unsound), ledger.append(gift(3)), return_exceptions=True
    )
    assert isinstance(outcomes[0], Refused)
    assert outcomes[1] == Appended(0, repeated=False)


async def test_within_a_write_the_writer_appends(ledger: Ledger) -> None:
    async with ledger.write() as writer:
        with pytest.raises(RuntimeError):
            await ledger.append(gift(1))
        await writer.append([gift(2)])
    assert len(await stored_bodies()) == 1


async def test_below_the_floor_of_free_disk_the_log_is_read_only(ledger: Ledger) -> None:
    await append(ledger, gift(1))
    ledger.disk_floor = 2**60
    with pytest.raises(Refused, match="read-only"):
        await ledger.append(gift(2))
    with pytest.raises(Refused, match="read-only"):
        await append(ledger, gift(2))
    assert len(await stored_bodies()) == 1
    ledger.disk_floor = 0
    await append(ledger, gift(2))
