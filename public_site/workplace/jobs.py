"""Provides the running of jobs: each batch that waits is checked or appended in its own process.

A long list blocks no page that way, and a job that dies takes nothing with it: what it appends it
appends in one transaction.
"""

import asyncio
import logging
import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Final, Protocol

from charity.reporting.batches.reading import waiting_for_job
from charity.reporting.batches.store import BatchStore
from charity.reporting.batches.work import give_up
from public_site.settings import Settings

logger = logging.getLogger(__name__)

AT_ONCE: Final = 2
TRIES: Final = 3
LOOK_SECONDS: Final = 5.0
LIMIT_SECONDS: Final = 600.0
END_SECONDS: Final = 10.0


class Jobs(Protocol):
    """What pages need of whoever runs the jobs."""

    def wake(self, batch: str) -> None:
        """Have the job of a batch done soon."""

    def running(self) -> AbstractAsyncContextManager[None]:
        """Run jobs inside this context; at its end those under way are ended."""


def job_command(batch: str) -> list[str]:
    """Return the command that does the job of one batch."""
    return [sys.executable, "-m", "public_site.commands", "work", batch]


def job_environment(settings: Settings) -> dict[str, str]:
    """Return this process's environment with its settings, wherever they came from."""
    told: Mapping[str, object] = {
        "HOME": settings.home.absolute(),
        "DATABASE": settings.database,
        "ORIGIN": settings.origin,
        "DISK_FLOOR_MB": settings.disk_floor_mb,
        "WITNESSES": settings.witnesses.absolute() if settings.witnesses else None,
        "LANGUAGE": settings.language,
    }
    chosen = {f"CHARITY_{name}": str(value) for name, value in told.items() if value is not None}
    return {**os.environ, **chosen}


class JobRunner:
    """Runs the jobs of waiting batches, at most two at once, as long as the site runs.

    Args:
        store: where the batches are.
        settings: the installation, for the processes that do the jobs.
        limit_seconds: after so many seconds a job is ended; it may be tried again.
        look_seconds: how often it looks for batches that nobody announced.
    """

    def __init__(
        self,
        store: BatchStore,
        settings: Settings,
        *,
        limit_seconds: float = LIMIT_SECONDS,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self._store = store
        self._environment = job_environment(settings)
        self._limit_seconds = limit_seconds
        self._look_seconds = look_seconds
        self._woken = asyncio.Event()
        self._room = asyncio.Semaphore(AT_ONCE)
        self._running: dict[str, asyncio.Task[None]] = {}
        self._failures: dict[str, int] = {}

    def wake(self, batch: str) -> None:
        """Look for waiting batches at once; a batch that is given anew may fail anew."""
        self._failures.pop(batch, None)
        self._woken.set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run jobs inside this context; at its end those under way are ended."""
        looking = asyncio.create_task(self._look())
        try:
            yield
        finally:
            tasks = [looking, *self._running.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _look(self) -> None:
        while True:
            self._woken.clear()
            try:
                waiting = await waiting_for_job(self._store)
            except Exception:
                logger.exception("waiting batches cannot be read")
                waiting = []
            for batch in waiting:
                if batch not in self._running:
                    self._begin(batch)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), self._look_seconds)

    def _begin(self, batch: str) -> None:
        task = asyncio.create_task(self._do(batch))
        self._running[batch] = task
        task.add_done_callback(lambda _: self._ended(batch))

    def _ended(self, batch: str) -> None:
        self._running.pop(batch, None)
        self._woken.set()

    async def _do(self, batch: str) -> None:
        async with self._room:
            try:
                status = await run_apart(job_command(batch), self._environment, self._limit_seconds)
            except OSError:
                logger.exception("the job of batch %s cannot be started", batch)
                status = None
        if status == 0 and batch not in await waiting_for_job(self._store):
            self._failures.pop(batch, None)
            return
        failures = self._failures.get(batch, 0) + 1
        self._failures[batch] = failures
        logger.error("the job of batch %s ended with %s, time %d", batch, status, failures)
        if failures >= TRIES:
            self._failures.pop(batch)
            await give_up(self._store, batch)
        else:
            await asyncio.sleep(self._look_seconds * failures)


async def run_apart(
    command: Sequence[str], environment: Mapping[str, str], limit_seconds: float
) -> int | None:
    """Run a command in a process of its own; return its exit status, None if it took too long.

    It stands apart from the keyboard of whoever serves the site (a session of its own), and it is
    ended when this task is cancelled: first asked to, then killed.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        env=dict(environment),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        return await asyncio.wait_for(process.wait(), limit_seconds)
    except TimeoutError:
        return None
    finally:
        await asyncio.shield(_end(process))


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), END_SECONDS)
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
