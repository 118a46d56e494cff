"""Tests of the running of jobs: in processes of their own, again when they die, ended with us."""

import asyncio
import os
import sys
import time
from datetime import UTC, datetime

import pytest

from charity.people.roles import Role
from charity.reporting.batches.drafting import draft_list
from charity.reporting.batches.reading import find_batch
from charity.reporting.batches.schemas import ListOptions
from charity.reporting.batches.states import BatchState
from charity.reporting.batches.store import BatchStore
from ledger.log import Ledger
from ledger.signing.keys import read_vault_key
from ledger.vault.envelopes import Envelopes
from public_site.settings import Settings
from public_site.workplace import jobs
from public_site.workplace.jobs import JobRunner, job_environment, run_apart
from tests.conftest import ORGANISATION
from tests.public_site.workplace.conftest import invent_person
from tests.public_site.workplace.reporting import LIST, until

QUICK = 0.05


@pytest.fixture
def store(ledger: Ledger, settings: Settings) -> BatchStore:
    ledger.clock = lambda: datetime.now(UTC)
    envelopes = Envelopes(read_vault_key(settings.home))
    return BatchStore.at(ledger, settings.drafts, envelopes)


async def drafted(store: BatchStore) -> str:
    return await draft_list(
        store,
        person=await invent_person(store.ledger, (Role.MAKER, ORGANISATION)),
        organisation=ORGANISATION,
        fund="general",
        file_name="list.csv",
        content=LIST.encode(),
        options=ListOptions(),
    )


async def reaches(store: BatchStore, batch: str, state: BatchState) -> None:
    async def has() -> bool:
        view = await find_batch(store, ORGANISATION, batch)
        return view is not None and view.state is state

    await until(has)


async def test_a_waiting_batch_is_found_at_the_start(store: BatchStore, settings: Settings) -> None:
    batch = await drafted(store)
    async with JobRunner(store, settings).running():
        await reaches(store, batch, BatchState.READY)


async def test_a_batch_is_woken_at_once(store: BatchStore, settings: Settings) -> None:
    runner = JobRunner(store, settings, look_seconds=3_600)
    async with runner.running():
        batch = await drafted(store)
        runner.wake(batch)
        await reaches(store, batch, BatchState.READY)


async def test_a_job_that_dies_again_and_again_fails(
    store: BatchStore, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []

    def dying(batch: str) -> list[str]:
        calls.append(batch)
        return [sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"]

    monkeypatch.setattr(jobs, "job_command", dying)
    batch = await drafted(store)
    async with JobRunner(store, settings, look_seconds=QUICK).running():
        await reaches(store, batch, BatchState.FAILED)
    assert calls == [batch] * jobs.TRIES


async def test_a_job_that_does_nothing_is_not_repeated_for_ever(
    store: BatchStore, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "job_command", lambda _: [sys.executable, "-c", ""])
    batch = await drafted(store)
    async with JobRunner(store, settings, look_seconds=QUICK).running():
        await reaches(store, batch, BatchState.FAILED)


async def test_no_more_than_two_at_once(
    store: BatchStore, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    running, most = 0, 0

    async def counted(*_: object) -> int:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        return 1

    monkeypatch.setattr(jobs, "run_apart", counted)
    batches = [await drafted(store) for _ in range(5)]
    async with JobRunner(store, settings, look_seconds=QUICK).running():
        for batch in batches:
            await reaches(store, batch, BatchState.FAILED)
    assert most == jobs.AT_ONCE


async def test_a_job_that_takes_too_long_is_ended() -> None:
    started = time.monotonic()
    command = [sys.executable, "-c", "import time; time.sleep(600)"]
    assert await run_apart(command, dict(os.environ), 0.2) is None
    assert time.monotonic() - started < jobs.END_SECONDS


async def test_at_the_end_jobs_under_way_are_ended(
    store: BatchStore, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = asyncio.Event()
    make = asyncio.create_subprocess_exec
    made: list[asyncio.subprocess.Process] = []

    async def noted(*command: str, **options: object) -> asyncio.subprocess.Process:
        made.append(await make(*command, **options))  # type: ignore[arg-type]
        started.set()
        return made[-1]

    monkeypatch.setattr(asyncio, "create_subprocess_exec", noted)
    sleeping = [sys.executable, "-c", "import time; time.sleep(600)"]
    monkeypatch.setattr(jobs, "job_command", lambda _: sleeping)
    await drafted(store)
    async with JobRunner(store, settings).running():
        await started.wait()
    assert [process.returncode for process in made] == [-15]


def test_the_child_has_the_settings_wherever_they_came_from(settings: Settings) -> None:
    told = job_environment(settings)
    assert told["CHARITY_HOME"] == str(settings.home)
    assert told["CHARITY_DATABASE"] == settings.database
    assert told["CHARITY_ORIGIN"] == settings.origin
    assert "CHARITY_WITNESSES" not in told or settings.witnesses is not None
