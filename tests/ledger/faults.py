"""Provides processes that work on a ledger and are killed, or whose resources fail.

One process has imported everything and forks a child for each piece of work: a fresh interpreter
for each would take seconds. What a child is told is durable it writes into a pipe at once, where
it stays when the child is killed.
"""

import asyncio
import os
import resource
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias
from unittest.mock import patch

import asyncpg
import msgspec

from ledger.appending import publication
from ledger.appending.publication import Publisher
from ledger.appending.signed_store import SignedStore
from ledger.appending.submissions import Appended
from ledger.database.sqlite_engine import GuardedConnection
from ledger.entries import Entry
from ledger.kinds.donation import Visibility
from ledger.log import Ledger
from ledger.vault import page_keys as vault_keys
from ledger.vault.erasure import erase_donors
from public_site.opening import opened
from public_site.settings import Settings
from tests.charity.importing import run_import
from tests.ledger.entries import gift, spending, stored_entries

ROOT = Path(__file__).parents[2]
KILLED = -signal.SIGKILL
STATEMENT_CHARACTERS = 50


Step: TypeAlias = tuple[str, int]
"""A step of a write: its name, and which of those of that name it is, from 1."""


class Task(msgspec.Struct, frozen=True):
    """What a child is to do.

    Attributes:
        home: the installation's folder.
        database: the address of its database; '' for SQLite's.
        work: which of WORKS.
        first: number of the first gift; what has another number is another gift.
        kill_before: the step before which the child kills itself: its name, and which of those
            of that name, from 1; None for never.
        file: a list to be imported.
        waits: whether it says that it is ready, and waits for a line before it begins, and again
            after each failure.
        file_bytes: how large its files may become, at first; 0 for as large as they like.
        attempts: how often it tries again what failed.
    """

    home: str
    database: str
    work: str
    first: int = 0
    kill_before: Step | None = None
    file: str = ""
    waits: bool = False
    file_bytes: int = 0
    attempts: int = 1

    def settings(self) -> Settings:
        """Return the settings of the installation."""
        home = Path(self.home)
        return Settings(
            home=home, database=self.database, origin="log.example/city", disk_floor_mb=0
        )


class Told(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a child tells: an event, what it is about, and a number.

    Events are "ready", "step" (one that begins), "appended" (an id, its position), "done" (a work),
    "failed" (an error), and "ended" (its status, told by its parent).
    """

    event: str
    name: str = ""
    number: int = 0


@dataclass
class Outcome:
    """What became of a child.

    Attributes:
        status: its exit status, negative for a signal.
        appended: id → position of what it was told to be durable.
        steps: the steps that it reached; the last one it did not survive if it was killed.
        done: whether its work came to its end.
        failures: the errors that it was told.
    """

    status: int = 0
    appended: dict[str, int] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    done: bool = False
    failures: list[str] = field(default_factory=list)

    def take(self, told: Told) -> None:
        """Take up what was told."""
        match told.event:
            case "appended":
                assert self.appended.setdefault(told.name, told.number) == told.number
            case "step":
                self.steps.append((told.name, told.number))
            case "done":
                self.done = True
            case "failed":
                self.failures.append(told.name)
            case "ended":
                self.status = told.number


class WarmProcess:
    """A process that forks a child for each task.

    Attributes:
        outcome: what has become so far of the task started last.
    """

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.outcome = Outcome()

    def run(self, task: Task) -> Outcome:
        """Do a task; return what became of it."""
        self.start(task)
        self.wait_until_ended()
        return self.outcome

    def start(self, task: Task) -> None:
        """Begin a task."""
        self.outcome = Outcome()
        self.say(msgspec.json.encode(task))

    def say(self, line: bytes) -> None:
        """Give the process, or its child that waits, a line to read."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + b"\n")
        self._process.stdin.flush()

    def _listen_until(self, *events: str) -> Told:
        assert self._process.stdout is not None
        while True:
            told = msgspec.json.decode(self._process.stdout.readline(), type=Told)
            self.outcome.take(told)
            if told.event in events:
                return told

    def wait_until_failed(self) -> bool:
        """Wait until the work has failed; return False if it has ended before."""
        return self._listen_until("failed", "ended").event == "failed"

    def wait_until_ready(self) -> int:
        """Wait until the child of a task that waits is ready; return its process id."""
        return self._listen_until("ready").number

    def wait_until_ended(self) -> None:
        """Wait until the child is gone."""
        self._listen_until("ended")

    def close(self) -> None:
        """End the process."""
        self._process.communicate(timeout=60)


@contextmanager
def warm_process() -> Iterator[WarmProcess]:
    """Start such a process, and end it."""
    process = WarmProcess()
    try:
        yield process
    finally:
        process.close()


# --- what a child does ---


def _tell(event: str, name: str = "", number: int = 0) -> None:
    os.write(1, msgspec.json.encode(Told(event, name, number)) + b"\n")


Reach = Callable[[str], None]
DRIVERS: tuple[Any, ...] = (GuardedConnection, asyncpg.Connection)
STEPS: tuple[tuple[Any, str], ...] = (
    (GuardedConnection, "execute"),
    (GuardedConnection, "executemany"),
    (asyncpg.Connection, "execute"),
    (asyncpg.Connection, "fetch"),
    (asyncpg.Connection, "copy_records_to_table"),
    (SignedStore, "read"),
    (SignedStore, "replace"),
    (Publisher, "_verify"),
    (Publisher, "_publish_signed"),
    (publication, "sign_note"),
    (vault_keys, "replace_secret"),
)
"""What is announced before it is called."""


def _deadly(kill_before: Step | None) -> Reach:
    """Return what is called before each step: it kills the process before the one given."""
    reached: Counter[str] = Counter()

    def reach(name: str) -> None:
        reached[name] += 1
        step = name, reached[name]
        _tell("step", *step)
        if step == kill_before:
            os.kill(os.getpid(), signal.SIGKILL)

    return reach


def _announced(original: Callable[..., Any], before: Callable[..., None]) -> Callable[..., Any]:
    def stepped(*arguments: Any, **options: Any) -> Any:
        before(*arguments)
        return original(*arguments, **options)

    return stepped


@contextmanager
def steps_watched(reach: Reach) -> Iterator[None]:
    """Have every step of a write announced: SQL, reading back, signing, publishing, keys."""

    def statement(_: object, sql: str, *__: object) -> None:
        if not sql.startswith("PRAGMA"):
            reach(sql[:STATEMENT_CHARACTERS])

    with ExitStack() as stack:
        for owner, name in STEPS:
            original = getattr(owner, name)
            before = statement if owner in DRIVERS else partial(_reach_named, reach, name)
            stack.enter_context(patch.object(owner, name, _announced(original, before)))
        yield


def _reach_named(reach: Reach, name: str, *_: object) -> None:
    reach(name)


def submitted(work: str, first: int) -> list[Entry]:
    """Return the entries of a piece of work that appends single entries."""
    if work == "single":
        return [gift(first)]
    gifts = [gift(first + number) for number in range(10)]
    return [*gifts, spending(first, 50), gift(first)]


async def _append(ledger: Ledger, task: Task, reach: Reach) -> None:
    async def append_one(entry: Entry) -> None:
        answer = await ledger.append(entry)
        reach("answer")
        _tell("appended", entry.id, answer.position)

    answers = await asyncio.gather(
        *map(append_one, submitted(task.work, task.first)), return_exceptions=True
    )
    await ledger.settle()
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer


async def _append_on_and_on(ledger: Ledger, task: Task, reach: Reach) -> None:
    for number in range(200):
        await _append(ledger, msgspec.structs.replace(task, first=task.first + 10 * number), reach)


async def _import(ledger: Ledger, task: Task, reach: Reach) -> None:
    await run_import(ledger, Path(task.file))


async def _publish(ledger: Ledger, task: Task, reach: Reach) -> None:
    await ledger.publisher.publish()


async def named_gift(ledger: Ledger, name: str, number: int) -> tuple[Entry, Appended]:
    """Append a gift of somebody with a name."""
    [donor], rows = ledger.vault.enrol([name], ledger.clock(), Visibility.ANONYMOUS)
    entry = gift(number)
    facts = msgspec.structs.replace(entry.facts, donor=donor)
    entry = msgspec.structs.replace(entry, facts=facts, postings=facts.postings(entry.organisation))
    return entry, await ledger.append(entry, rows)


async def _erase(ledger: Ledger, task: Task, reach: Reach) -> None:
    entry = next(one for one in await stored_entries() if one.id == gift(task.first).id)
    await erase_donors(ledger, [entry.facts.donor.reference])


WORKS = {
    "single": _append,
    "group": _append,
    "stream": _append_on_and_on,
    "import": _import,
    "publish": _publish,
    "erase": _erase,
}


def _go_on(_: str) -> None:
    """Let every step be."""


async def _work(task: Task) -> None:
    async with opened(task.settings()) as ledger:
        if task.waits:
            await _append(ledger, msgspec.structs.replace(task, first=task.first + 100), _go_on)
            _tell("ready", number=os.getpid())
            _read_line()
        reach = _deadly(task.kill_before)
        with steps_watched(reach):
            await _try(ledger, task, reach)


async def _try(ledger: Ledger, task: Task, reach: Reach) -> None:
    """Do the work, and what failed again without the limit of its files."""
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    if task.file_bytes:
        resource.setrlimit(resource.RLIMIT_FSIZE, (task.file_bytes, unlimited[1]))
    for attempt in range(1, task.attempts + 1):
        try:
            await WORKS[task.work](ledger, task, reach)
        except Exception as error:
            _tell("failed", f"{type(error).__name__}: {error}"[:300])
            resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
            if attempt == task.attempts:
                raise
            if task.waits:
                _read_line()
        else:
            _tell("done", task.work)
            return


def _read_line() -> bytes:
    """Read a line and not a byte more: the rest is for whoever reads next."""
    line = b""
    while not line.endswith(b"\n"):
        if not (byte := os.read(0, 1)):
            break
        line += byte
    return line


def _fork_for_each() -> None:
    while line := _read_line():
        child = os.fork()
        if not child:
            try:
                asyncio.run(_work(msgspec.json.decode(line, type=Task)))
            except BaseException:
                sys.excepthook(*sys.exc_info())
                os._exit(1)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        _tell("ended", number=os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    _fork_for_each()
