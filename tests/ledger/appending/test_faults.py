"""Tests of crashes at every step: nothing acknowledged is lost, nothing is there twice."""

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from charity.organisations.registry import add_organisation
from ledger.entries import Entry
from ledger.log import Ledger
from ledger.tables import VaultPage
from ledger.vault.erasure import erase_donors
from ledger.vault.reading import known_donors
from public_site.opening import opened
from public_site.settings import Settings
from tests.charity.importing import run_import, write_list
from tests.conftest import ORGANISATION, MadeHome, TestClock
from tests.ledger.after_faults import check_after_fault, check_audit, check_whole
from tests.ledger.entries import append_gifts, gift, stored_bodies, stored_entries
from tests.ledger.faults import KILLED, Step, Task, WarmProcess, named_gift, warm_process

BEFORE = 250
ROWS = 300
ALWAYS = ("BEGIN", "ledger_ent", "COMMIT", "_verify", "sign_note", "replace", "_publish_signed")
"""Steps that every write has."""


@pytest.fixture(scope="module")
def process() -> Iterator[WarmProcess]:
    with warm_process() as process:
        yield process


async def prepare(settings: Settings) -> list[bytes]:
    """Fill a log almost up to its first full tile; return the bytes of its entries."""
    async with opened(settings) as ledger:
        await add_organisation(ORGANISATION, "示例基金会")
        await append_gifts(ledger, 0, BEFORE)
        return await stored_bodies()


def task_for(settings: Settings, work: str, first: int, step: Step | None, file: str = "") -> Task:
    return Task(str(settings.home), settings.database, work, first, step, file)


def steps_of(process: WarmProcess, task: Task, *expected: str) -> list[Step]:
    """Do a task, and return the steps that leave something behind.

    Args:
        process: does the task.
        task: kills itself at no step.
        expected: parts of names of steps that must be among them: else nothing would be tested.
    """
    outcome = process.run(task)
    assert outcome.done, outcome
    names = [name for name, _ in outcome.steps]
    for part in (*ALWAYS, *expected):
        assert any(part in name for name in names), (part, names)
    return [step for step in outcome.steps if not step[0].startswith("SELECT")]


@pytest.mark.parametrize("work", ["single", "group"])
async def test_appends_killed_at_any_step_lose_nothing_acknowledged_and_append_nothing_twice(
    work: str, settings: Settings, process: WarmProcess, tmp_path: Path
) -> None:
    await prepare(settings)
    trial = task_for(settings, work, 1_000, None)
    steps = steps_of(process, trial, "ledger_checkpoint", "answer")
    bodies = await stored_of(settings)
    for number, step in enumerate(steps, 2):
        task = task_for(settings, work, 1_000 * number, step)
        outcome = process.run(task)
        fills_no_tile = outcome.done and "ledger_tile" in step[0]
        assert fills_no_tile or (outcome.status, outcome.steps[-1]) == (KILLED, step), outcome
        bodies = await check_after_fault(task, tmp_path / "log", bodies, outcome.appended)


async def test_an_import_killed_at_any_step_is_there_whole_or_not_at_all(
    made_home: MadeHome, process: WarmProcess, tmp_path: Path
) -> None:
    file = write_list(tmp_path, *(f"虚构{number},{number + 1},备注" for number in range(ROWS)))
    with made_home.copied(tmp_path / "trial") as settings:
        await prepare(settings)
        trial = task_for(settings, "import", 0, None, str(file))
        steps = steps_of(process, trial, "vault_page", "ledger_tile", "ledger_checkpoint")
        assert len(await stored_of(settings)) == BEFORE + ROWS
    for number, step in enumerate(steps):
        folder = tmp_path / str(number)
        with made_home.copied(folder) as settings:
            bodies = await prepare(settings)
            outcome = process.run(task_for(settings, "import", 0, step, str(file)))
            assert (outcome.status, outcome.steps[-1]) == (KILLED, step), outcome
            async with opened(settings) as ledger:
                await ledger.publisher.publish()
                found = await check_audit(ledger)
                assert found[:BEFORE] == bodies
                assert len(found) in {BEFORE, BEFORE + ROWS}
                assert await VaultPage.exists() == (len(found) > BEFORE)
                again = await run_import(ledger, file)
                assert again.appended + len(found) == BEFORE + ROWS
                assert (await check_whole(ledger, folder / "log"))[: len(found)] == found


async def test_an_erasure_killed_at_any_step_is_finished_when_repeated(
    settings: Settings, process: WarmProcess, tmp_path: Path
) -> None:
    await prepare(settings)
    async with opened(settings) as ledger:
        await named_gift(ledger, "虚构", 1_000)
    trial = task_for(settings, "erase", 1_000, None)
    for number, step in enumerate(steps_of(process, trial, "replace_secret", "vault_page"), 1_001):
        async with opened(settings) as ledger:
            entry, _ = await named_gift(ledger, "虚构甲", number)
            kept, _ = await named_gift(ledger, "虚构乙", 4_000 + number)
            bodies = await stored_bodies()
        outcome = process.run(task_for(settings, "erase", number, step))
        assert (outcome.status, outcome.steps[-1]) == (KILLED, step), outcome
        async with opened(settings) as ledger:
            found = await check_audit(ledger)
            assert found[: len(bodies)] == bodies
            gone = len(found) > len(bodies)
            assert await names_of(ledger, entry, kept) == [None if gone else "虚构甲", "虚构乙"]
            await erase_donors(ledger, [entry.facts.donor.reference])
            assert await names_of(ledger, entry, kept) == [None, "虚构乙"]
            assert not ledger.vault.page_keys.unfinished()
            assert len(await check_whole(ledger, tmp_path / "log")) == len(bodies) + 1


async def stored_of(settings: Settings) -> list[bytes]:
    async with opened(settings):
        return await stored_bodies()


async def names_of(ledger: Ledger, *entries: Entry) -> list[str | None]:
    """Return the names that the vault has behind gifts."""
    references = [entry.facts.donor.reference for entry in entries]
    known = await known_donors(ledger.vault, references)
    return [known[one].identity.name if one in known else None for one in references]


@pytest.mark.parametrize("step", [("COMMIT", 1), ("sign_note", 3), ("answer", 9), ("replace", 6)])
async def test_a_writer_that_is_killed_leaves_the_other_writing(
    step: Step, settings: Settings, process: WarmProcess, tmp_path: Path
) -> None:
    bodies = await prepare(settings)
    task = task_for(settings, "stream", 1_000, step)
    async with opened(settings) as ledger:
        killed = asyncio.create_task(asyncio.to_thread(process.run, task))
        mine: list[Entry] = []
        while not killed.done() or len(mine) < 20:
            mine.append(gift(100_000 + len(mine)))
            await ledger.append(mine[-1])
        outcome = await killed
        assert outcome.status == KILLED, outcome
        await ledger.settle()
        assert (await check_whole(ledger, tmp_path / "log"))[:BEFORE] == bodies
        entries = await stored_entries()
        assert [entries[place].id for place in outcome.appended.values()] == [*outcome.appended]
        ids = [entry.id for entry in entries]
        assert [one for one in ids if one in {entry.id for entry in mine}] == [e.id for e in mine]


class JumpingClock(TestClock):
    """A clock that is set back by a day at every third look."""

    looks = 0

    def __call__(self) -> datetime:
        self.looks += 1
        if self.looks % 3 == 0:
            self.now -= timedelta(days=1)
        return super().__call__()


async def test_a_clock_that_steps_back_refuses_nothing_and_the_log_verifies(
    settings: Settings, tmp_path: Path
) -> None:
    bodies = await prepare(settings)
    path = write_list(tmp_path, *(f"虚构{number},{number + 1},备注" for number in range(70)))
    async with opened(settings, JumpingClock()) as ledger:
        for number in range(12):
            await ledger.append(gift(1_000 + number))
            await ledger.settle()
        given = [await named_gift(ledger, f"虚构{one}", one + 2_000) for one in range(5)]
        named = [entry for entry, _ in given]
        assert (await run_import(ledger, path)).appended == 70
        await erase_donors(ledger, [named[0].facts.donor.reference])
        assert await names_of(ledger, *named) == [None, "虚构1", "虚构2", "虚构3", "虚构4"]
        found = await check_whole(ledger, tmp_path / "log")
        assert (found[:BEFORE], len(found)) == (bodies, BEFORE + 12 + 5 + 70 + 1)
    async with opened(settings, JumpingClock()) as ledger:
        assert (await ledger.append(gift(1_000))).repeated
