"""Tests of appending: positions, checkpoints, refusals, taking back, the append-only triggers."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest

from charity.organisations.registry import add_fund
from ledger.appending.writer import Batch
from ledger.entries import Entry, entry_bytes
from ledger.export import export_log
from ledger.kinds.disclosure import AcceptedProblem, DisclosureFacts
from ledger.kinds.donation import Visibility
from ledger.kinds.onward_transfer import OnwardTransferFacts
from ledger.log import Ledger
from ledger.messages import Refused
from ledger.reading import read_head
from ledger.tables import LogEntry
from ledger.verification import folder_fetch, verify_log
from tests.conftest import ORGANISATION
from tests.ledger.entries import (
    FUND,
    append,
    append_gifts,
    donor,
    gift,
    published_sizes,
    requested,
    rows_of_all_tables,
    spending,
    stored_bodies,
    stored_entries,
)


async def test_append_numbers_entries_from_zero_without_a_gap(ledger: Ledger) -> None:
    ranges = [await append_gifts(ledger, first, count) for first, count in ((0, 3), (3, 1), (4, 5))]
    positions = await LogEntry.select(LogEntry.position).order_by(LogEntry.position)
    assert ranges == [range(3), range(3, 4), range(4, 9)]
    assert [row["position"] for row in positions] == list(range(9))


async def test_append_stores_the_bytes_of_the_entries_in_order(ledger: Ledger) -> None:
    entries = [gift(number, number) for number in (5, 3, 9)]
    await append(ledger, *entries)
    assert await stored_bodies() == [entry_bytes(entry) for entry in entries]


async def test_a_write_publishes_one_checkpoint_however_often_it_appends(ledger: Ledger) -> None:
    async with ledger.write() as writer:
        for number in range(3):
            await writer.append([gift(2 * number), gift(2 * number + 1)])
            assert writer.size == 2 * number + 2
    await append_gifts(ledger, 6, 1)
    assert await published_sizes() == [6, 7]
    head = await read_head()
    assert head is not None
    assert (head.size, head.checkpoint.origin) == (7, "log.example/city")


async def test_append_of_nothing_publishes_nothing(ledger: Ledger) -> None:
    async with ledger.write() as writer:
        assert await writer.append([]) == range(0)
    assert await read_head() is None


async def test_append_tells_how_many_entries_are_appended(ledger: Ledger) -> None:
    told: list[int] = []
    async with ledger.write() as writer:
        batches = (Batch([gift(2 * number), gift(2 * number + 1)]) for number in range(3))
        await writer.append_batches(batches, told.append)
    assert told == [2, 4, 6]


async def test_a_batch_may_spend_what_the_batch_before_it_brought(ledger: Ledger) -> None:
    async with ledger.write() as writer:
        batches = [Batch([gift(1, 500)]), Batch([spending(1, 500)]), Batch([]), Batch([gift(2)])]
        assert await writer.append_batches(batches) == range(3)


@pytest.mark.parametrize("place", range(4))
async def test_a_batch_that_overdraws_takes_the_batches_around_it_back(
    ledger: Ledger, place: int
) -> None:
    batches = [Batch([gift(number)]) for number in range(3)]
    batches.insert(place, Batch([spending(1, 301)]))
    with pytest.raises(Refused, match="spending-1"):
        async with ledger.write() as writer:
            await writer.append_batches(batches)
    assert await stored_bodies() == []
    assert await append_gifts(ledger, 0, 2) == range(2)


async def test_an_error_in_the_making_of_a_batch_takes_the_earlier_ones_back(
    ledger: Ledger,
) -> None:
    def batches() -> Iterator[Batch]:
        yield Batch([gift(1)])
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        async with ledger.write() as writer:
            await writer.append_batches(batches())
    assert await stored_bodies() == []


async def test_known_finds_the_positions_of_many_ids(ledger: Ledger) -> None:
    await append_gifts(ledger, 0, 2_000)
    ids = [gift(number).id for number in range(0, 4_000, 2)]
    async with ledger.write() as writer:
        known = await writer.known(ids)
    assert known == {gift(number).id: number for number in range(0, 2_000, 2)}


@pytest.mark.parametrize(
    ("spendings", "named"),
    [
        ([spending(1, 501)], "spending-1"),
        ([spending(1, 300), spending(2, 201)], "spending-2"),
        ([spending(1, 501), gift(9, 1_000)], "spending-1"),
        ([gift(9, 100), spending(1, 601), gift(10, 100)], "spending-1"),
        ([gift(9, 1_000, fund="other"), spending(1, 501)], "spending-1"),
    ],
    ids=["at once", "together", "covered at the end", "in between", "another fund's money"],
)
async def test_a_batch_that_overdraws_a_fund_is_refused_whole_with_the_row_named(
    ledger: Ledger, spendings: list[Entry], named: str
) -> None:
    await append(ledger, gift(1, 500))
    before = await rows_of_all_tables()
    with pytest.raises(Refused, match=f"{named} .*{FUND} to -1 CNY"):
        await append(ledger, *spendings)
    assert await rows_of_all_tables() == before


async def test_a_fund_may_be_spent_to_its_last_fen(ledger: Ledger) -> None:
    await append(ledger, gift(1, 500), spending(1, 499))
    await append(ledger, spending(2, 1))
    with pytest.raises(Refused, match="spending-3"):
        await append(ledger, spending(3, 1))


async def test_what_an_earlier_write_spent_is_gone(ledger: Ledger) -> None:
    async with ledger.write() as writer:
        await writer.append([gift(1, 500)])
        await writer.append([spending(1, 400)])
    with pytest.raises(Refused, match="spending-3"):
        await append(ledger, spending(2, 60), spending(3, 41))
    assert len(await stored_bodies()) == 2


@pytest.mark.parametrize("apart", [True, False], ids=["in two writes", "in one batch"])
async def test_a_second_entry_with_the_same_id_is_refused(ledger: Ledger, apart: bool) -> None:
    entries = [gift(1, 100), gift(2, 100), gift(1, 200)]
    if apart:
        await append(ledger, *entries[:2])
        entries = entries[2:]
    before = await rows_of_all_tables()
    with pytest.raises(Refused, match="in the ledger already"):
        await append(ledger, *entries)
    assert await rows_of_all_tables() == before


def disclosure_of(count: int) -> Entry:
    """Return an entry of exactly `count` bytes."""

    def with_code(length: int) -> Entry:
        problem = AcceptedProblem(code="x" * length)
        facts = DisclosureFacts(accepted=(problem,), digest="0" * 64, rows=1, total=1)
        return requested("disclosure", facts, "large")

    return with_code(count - len(entry_bytes(with_code(0))))


async def test_an_entry_of_65535_bytes_is_appended(ledger: Ledger) -> None:
    await append(ledger, disclosure_of(65_535))
    assert [len(body) for body in await stored_bodies()] == [65_535]


async def test_an_entry_of_65536_bytes_is_refused(ledger: Ledger) -> None:
    with pytest.raises(Refused, match="65536 bytes"):
        await append(ledger, gift(1), disclosure_of(65_536))
    assert await stored_bodies() == []


async def test_an_error_inside_a_write_takes_everything_back(ledger: Ledger) -> None:
    await append_gifts(ledger, 0, 300)
    before = await rows_of_all_tables()
    _, pages = ledger.vault.enrol(["虚构人"], ledger.clock(), Visibility.ANONYMOUS)

    async def write() -> None:
        async with ledger.write() as writer:
            await writer.append([gift(number) for number in range(300, 900)], pages)
            await add_fund(ORGANISATION, "water", "示例专项", restricted=True)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await write()
    assert await rows_of_all_tables() == before
    assert await append_gifts(ledger, 300, 600) == range(300, 900)


async def test_a_refusal_that_is_caught_inside_a_write_takes_it_back_all_the_same(
    ledger: Ledger, tmp_path: Path
) -> None:
    await append(ledger, gift(1, 500))

    async def write() -> None:
        async with ledger.write() as writer:
            with suppress(Refused):
                await writer.append([gift(2), spending(1, 1_000)])

    with pytest.raises(RuntimeError, match="an append failed"):
        await write()
    await append(ledger, gift(3))
    await export_log(tmp_path, ledger.verifier_key)
    report = verify_log(folder_fetch(tmp_path), [ledger.verifier_key])
    assert report.entries == len(await stored_bodies())


@pytest.mark.parametrize("surplus", [0, 1])
async def test_an_id_has_at_most_300_characters(ledger: Ledger, surplus: int) -> None:
    entry = msgspec.structs.replace(gift(1), id="x" * (300 + surplus))
    if surplus:
        with pytest.raises(Refused, match="longer than 300"):
            await append(ledger, entry)
        assert await stored_bodies() == []
    else:
        await append(ledger, entry)
        assert await stored_entries() == [entry]


async def test_onward_transfers_fill_a_fund_like_gifts(ledger: Ledger) -> None:
    facts = OnwardTransferFacts(amount=70, donor=donor(1), fund="general")
    await append(ledger, requested("onward_transfer", facts, "1"), spending(1, 70))
    assert len(await stored_bodies()) == 2


async def test_sums_that_no_reader_could_hold_exactly_are_refused(ledger: Ledger) -> None:
    largest = 10**15
    await append(ledger, *(gift(number, largest) for number in range(9)))
    before = await rows_of_all_tables()
    with pytest.raises(Refused, match="larger than the ledger can hold"):
        await append(ledger, gift(9, largest))
    with pytest.raises(Refused, match="larger than the ledger can hold"):
        await ledger.append(gift(9, largest))
    assert await rows_of_all_tables() == before
    await append(ledger, spending(1, largest))
    await append(ledger, gift(10, 100))
