"""Tests of several processes that append to one log at once, on each engine."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ledger.entries import Entry
from ledger.export import export_log
from ledger.kinds.donation import DonationFacts
from ledger.log import Ledger
from ledger.reading import read_head
from ledger.verification import folder_fetch, verify_log
from public_site.settings import Settings
from tests.ledger.entries import append, spending, stored_entries
from tests.ledger.test_summaries import kept_balances, kept_totals, naive_balances, naive_totals

PROCESSES = 4
TASKS = 5
TURNS = 4
PAIRS = 3
SHARED = 6
SECONDS_MAX = 120
APPENDING = """
import asyncio, json, sys
from ledger.messages import Refused
from public_site.opening import opened
from public_site.settings import Settings
from tests.ledger.entries import append, gift

settings = Settings.model_validate_json(sys.argv[1])
process, tasks, turns, pairs, shared = map(int, sys.argv[2:])
acknowledged, refused = {}, []

async def single(ledger, entry):
    try:
        acknowledged[entry.id] = (await ledger.append(entry)).position
    except Refused:
        refused.append(entry.id)

async def task(ledger, number):
    for turn in range(turns):
        await single(ledger, gift(number * 100 + turn, key=f"single-{process}"))

async def together(ledger):
    for number in range(pairs):
        entries = [gift(2 * number + half, key=f"pair-{process}") for half in range(2)]
        positions = await append(ledger, *entries)
        acknowledged.update(zip((entry.id for entry in entries), positions))

async def collide(ledger):
    for number in range(shared):
        await single(ledger, gift(number, 1_000 + process, key="shared"))

async def main():
    async with opened(settings) as ledger:
        print("ready", flush=True)
        sys.stdin.readline()
        work = [task(ledger, number) for number in range(tasks)]
        await asyncio.gather(*work, together(ledger), collide(ledger))
    print(json.dumps([acknowledged, refused]))

asyncio.run(main())
"""


Told = list[tuple[dict[str, int], list[str]]]


def append_at_once(settings: Settings) -> Told:
    """Let processes append at the same time; return what each was told: positions, refusals."""
    numbers = map(str, (TASKS, TURNS, PAIRS, SHARED))
    arguments = list(numbers)
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", APPENDING, settings.model_dump_json(), str(number), *arguments],
            cwd=Path(__file__).parents[3],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(PROCESSES)
    ]
    try:
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        return [_told(process) for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def _told(process: "subprocess.Popen[str]") -> tuple[dict[str, int], list[str]]:
    output, _ = process.communicate(timeout=SECONDS_MAX)
    assert process.returncode == 0
    told: Any = json.loads(output)
    return told[0], told[1]


async def test_processes_that_append_at_once_lose_nothing_and_write_nothing_twice(
    ledger: Ledger, settings: Settings, tmp_path: Path
) -> None:
    told = append_at_once(settings)
    entries = await stored_entries()
    positions = {entry.id: position for position, entry in enumerate(entries)}
    own = PROCESSES * (TASKS * TURNS + 2 * PAIRS)
    assert len(entries) == len(positions) == own + SHARED
    acknowledged = [item for mine, _ in told for item in mine.items()]
    assert dict(acknowledged) == positions
    assert len(acknowledged) == len(positions), "an entry was acknowledged to two processes"
    check_that_one_won(told, entries)
    await check_log(ledger, entries, tmp_path / "copy")
    assert await append(ledger, spending(1, 100)) == range(len(entries), len(entries) + 1)


def check_that_one_won(told: Told, entries: Sequence[Entry]) -> None:
    """Of the processes that used the same key for another content, one was acknowledged."""
    refusals = Counter(entry_id for _, refused in told for entry_id in refused)
    assert list(refusals.values()) == [PROCESSES - 1] * SHARED
    for process, (mine, _) in enumerate(told):
        for entry_id in refusals.keys() & mine.keys():
            facts = entries[mine[entry_id]].facts
            assert isinstance(facts, DonationFacts)
            assert facts.amount == 1_000 + process


async def check_log(ledger: Ledger, entries: Sequence[Entry], folder: Path) -> None:
    """The log holds these entries and verifies; the summaries are those of a recount."""
    head = await read_head()
    assert head is not None
    assert head.size == len(entries)
    await export_log(folder, ledger.verifier_key)
    report = verify_log(folder_fetch(folder), [ledger.verifier_key])
    assert report.entries == len(entries)
    assert await kept_balances() == naive_balances(entries)
    assert await kept_totals() == naive_totals(entries)
