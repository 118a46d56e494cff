"""Tests of many tasks that write, of readers beside a writer, and of a writer that is cancelled."""

import asyncio
from contextvars import copy_context
from pathlib import Path

import anyio

from ledger.export import export_log
from ledger.log import Ledger
from ledger.messages import Refused
from ledger.reading import read_head
from ledger.verification import folder_fetch, verify_log
from tests.ledger.entries import (
    append,
    gift,
    published_sizes,
    rows_of_all_tables,
    stored_bodies,
    stored_entries,
)


async def test_tasks_that_append_at_the_same_time_lose_nothing(
    ledger: Ledger, tmp_path: Path
) -> None:
    async def appends(task: int) -> None:
        for number in range(5):
            await append(ledger, gift(100 * task + number), gift(100 * task + number + 50))

    async with anyio.create_task_group() as group:
        for task in range(12):
            group.start_soon(appends, task)
    sizes = await published_sizes()
    assert sizes[-1] == 120
    assert set(sizes) <= set(range(2, 122, 2))
    assert sorted({entry.id for entry in await stored_entries()}) == sorted(
        gift(100 * task + number + half).id
        for task in range(12)
        for number in range(5)
        for half in (0, 50)
    )
    await export_log(tmp_path, ledger.verifier_key)
    assert verify_log(folder_fetch(tmp_path), [ledger.verifier_key]).entries == 120


async def test_tasks_that_append_the_same_entry_append_it_once(ledger: Ledger) -> None:
    refused: list[Exception] = []

    async def append_once() -> None:
        try:
            await append(ledger, gift(1))
        except Refused as refusal:
            refused.append(refusal)

    async with anyio.create_task_group() as group:
        for _ in range(6):
            group.start_soon(append_once)
    assert (len(refused), len(await stored_bodies())) == (5, 1)


async def test_a_reader_sees_nothing_of_a_write_before_its_end(ledger: Ledger) -> None:
    await append(ledger, gift(1))
    seen: list[int] = []

    async def read() -> None:
        head = await read_head()
        seen.append(head.size if head else 0)

    context = copy_context()
    async with ledger.write() as writer:
        await writer.append([gift(2)])
        await asyncio.create_task(read(), context=context)
    await read()
    assert seen == [1, 2]


async def test_a_cancelled_write_leaves_the_ledger_as_it_was(ledger: Ledger) -> None:
    await append(ledger, gift(1))
    before = await rows_of_all_tables()
    reached = anyio.Event()

    async def write_for_ever() -> None:
        async with ledger.write() as writer:
            await writer.append([gift(2)])
            reached.set()
            await anyio.sleep_forever()

    async with anyio.create_task_group() as group:
        group.start_soon(write_for_ever)
        await reached.wait()
        group.cancel_scope.cancel()
    assert await rows_of_all_tables() == before
    assert await append(ledger, gift(2)) == range(1, 2)
