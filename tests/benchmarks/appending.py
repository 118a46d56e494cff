"""Provides the measured appends of the ledger: in bulk, and singly by many tasks."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from ledger.appending.writer import Batch
from ledger.entries import Entry
from ledger.log import Ledger
from public_site.opening import initialise, opened
from public_site.settings import Settings
from tests.benchmarks.clocks import Clock
from tests.benchmarks.donations import BATCH, chunks, donations


def settings_of(home: Path, database: str = "") -> Settings:
    """Return the settings of an installation under `home`; in SQLite unless told otherwise."""
    return Settings(home=home, database=database, origin="bench.example/log")


def _batches(entries: Sequence[Entry]) -> Iterator[Batch]:
    for start in range(0, len(entries), BATCH):
        yield Batch(entries[start : start + BATCH])


async def append_bulk(ledger: Ledger, count: int, prefix: str = "") -> float:
    """Append donations in one transaction; return the seconds, without the making of objects."""
    clock = Clock()
    clock.start()
    async with ledger.write() as writer:
        clock.stop()
        for chunk in chunks(count, prefix=prefix):
            with clock:
                await writer.append_batches(_batches(chunk))
        clock.start()
    clock.stop()
    return clock.seconds


async def _bulk(settings: Settings, count: int) -> float:
    await initialise(settings)
    async with opened(settings) as ledger:
        return count / await append_bulk(ledger, count)


def bulk(home: Path, count: int, database: str = "") -> float:
    """Return the entries per second of a bulk append into a new ledger."""
    return asyncio.run(_bulk(settings_of(home, database), count))


async def _single(settings: Settings, tasks: int, each: int) -> tuple[float, list[float]]:
    await initialise(settings)
    entries = donations(0, tasks * each)
    seconds: list[float] = []
    async with opened(settings) as ledger:

        async def append(own: Sequence[Entry]) -> None:
            for entry in own:
                started = time.perf_counter()
                await ledger.append(entry)
                seconds.append(time.perf_counter() - started)

        started = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for task in range(tasks):
                group.create_task(append(entries[task::tasks]))
        return len(entries) / (time.perf_counter() - started), seconds


def single(home: Path, tasks: int, each: int, database: str = "") -> tuple[float, list[float]]:
    """Return appends per second of `tasks` tasks, and the seconds that each append took."""
    return asyncio.run(_single(settings_of(home, database), tasks, each))
