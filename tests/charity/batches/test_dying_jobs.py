"""Tests of jobs in processes of their own: killed in the middle, and two at once."""

import os
import signal
import sys
from asyncio import create_subprocess_exec, gather
from asyncio.subprocess import DEVNULL

import pytest

from charity.reporting.batches.states import BatchState
from ledger.log import Ledger
from ledger.reading import read_head
from ledger.tables import LogEntry
from public_site.settings import Settings
from tests.charity.batches.conftest import Office

RUN = "from public_site.commands import main; main(['work', '{batch}'])"
DIE = (
    "import os, signal\n"
    "from {module} import {name}\n"
    "{name}.{method} = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)\n"
)
DEATHS = {
    "with entries, before the commit": ("ledger.appending.writer", "Writer", "store_edge"),
    "committed, not published": ("ledger.appending.publication", "Publisher", "publish"),
    "published, not cleaned": ("charity.reporting.batches.drafts", "DraftFolder", "remove"),
}


async def run(settings: Settings, program: str) -> int:
    """Run a program over an installation; return its exit status."""
    process = await create_subprocess_exec(
        sys.executable,
        "-c",
        program,
        env={
            **os.environ,
            "CHARITY_HOME": str(settings.home),
            "CHARITY_DATABASE": settings.database,
            "CHARITY_ORIGIN": settings.origin,
            "CHARITY_LANGUAGE": "en",
        },
        stdin=DEVNULL,
        stdout=DEVNULL,
    )
    return await process.wait()


@pytest.mark.parametrize("death", DEATHS)
async def test_a_killed_job_is_done_again(
    office: Office, ledger: Ledger, settings: Settings, death: str
) -> None:
    batch = await office.approved()
    module, name, method = DEATHS[death]
    program = DIE.format(module=module, name=name, method=method) + RUN.format(batch=batch)
    assert await run(settings, program) == -signal.SIGKILL
    is_committed = "before" not in death
    state = (await office.view(batch)).state
    assert state == (BatchState.APPENDED if is_committed else BatchState.APPROVED)
    assert await LogEntry.count() == (3 if is_committed else 0)
    assert await run(settings, RUN.format(batch=batch)) == 0
    assert (await office.view(batch)).state == BatchState.APPENDED
    assert await LogEntry.count() == 3
    assert office.store.drafts.batches() == []
    await ledger.publisher.publish()
    head = await read_head()
    assert head is not None
    assert head.size == 3


async def test_two_processes_append_a_batch_once(office: Office, settings: Settings) -> None:
    batch = await office.approved()
    program = RUN.format(batch=batch)
    assert {*await gather(run(settings, program), run(settings, program))} == {0}
    view = await office.view(batch)
    assert (view.state, view.first_position, view.entries) == (BatchState.APPENDED, 0, 3)
    assert await LogEntry.count() == 3
