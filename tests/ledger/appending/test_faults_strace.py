"""Tests of failing system calls: each one of an append fails once, or is the last of its process.

The calls are those on the files of the database and of the store of signed checkpoints. By default
some of the many similar ones are taken; CHARITY_ALL_FAULTS=1 takes every one.
"""

import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest

from public_site.settings import Settings
from tests.ledger.after_faults import check_after_fault
from tests.ledger.appending.test_faults import prepare
from tests.ledger.faults import KILLED, Outcome, Task, WarmProcess, warm_process

pytestmark = pytest.mark.one_engine("sqlite", "its files are written by this process itself")

STRACE = shutil.which("strace")
FILES = (
    "charity.sqlite",
    "charity.sqlite-wal",
    "charity.sqlite-shm",
    "signed.sqlite",
    "signed.sqlite-journal",
    "",
)
FAULTS = ("error=EIO", "error=ENOSPC", "signal=SIGKILL")
WRITING = ("pwrite64", "openat", "fdatasync", "ftruncate", "fallocate")
"""Calls that a full disk may refuse."""

NEVER_FAILING = ("fcntl", "close", "newfstatat", "fstat", "stat", "lstat")
"""Calls that a failing disk does not refuse in practice; processes are only killed at them."""

STEP = {"pwrite64": 3, "pread64": 4, "fcntl": 6, "newfstatat": 12, "close": 3}
"""Of so many similar calls one is taken by default."""

OUR_ERRORS = ("Refused", "WrongUse", "OperationalError", "DatabaseError", "OSError")
ATTEMPTS = 2


@pytest.fixture(scope="module")
def process() -> Iterator[WarmProcess]:
    if STRACE is None:
        pytest.skip("strace is not installed")
    with warm_process() as process:
        yield process


def run_under_strace(
    process: WarmProcess, task: Task, output: Path, *options: str, files_only: bool = True
) -> Outcome:
    """Do a task while strace watches the calls on its files; return what became of it.

    Once it has failed it is left alone: in every new thread strace would count from 1 again.
    """
    assert STRACE is not None
    process.start(task)
    watched = process.wait_until_ready()
    paths = [str(Path(task.home) / name) for name in FILES] if files_only else []
    strace = subprocess.Popen(
        [STRACE, "-f", "-p", str(watched), "-o", str(output)]
        + [part for path in paths for part in ("-P", path)]
        + list(options),
        stderr=subprocess.PIPE,
    )
    assert strace.stderr is not None
    answer = strace.stderr.readline().decode()
    process.say(b"go")
    failed = process.wait_until_failed()
    strace.terminate()
    strace.communicate()
    if failed:
        process.say(b"go")
        process.wait_until_ended()
    outcome = process.outcome
    if "attached" not in answer:
        pytest.skip(f"strace may not watch processes here: {answer}")
    return outcome


def task_for(settings: Settings, first: int, attempts: int) -> Task:
    return Task(str(settings.home), "", "single", first, waits=True, attempts=attempts)


def calls_of(output: Path) -> dict[str, int]:
    """Return how often each call was made at most by one thread: strace counts so."""
    calls: Counter[tuple[str, str]] = Counter(
        re.findall(r"^(\d+) +(\w+)\(", output.read_text(errors="replace"), re.MULTILINE)
    )
    most: dict[str, int] = {}
    for (_, name), count in calls.items():
        most[name] = max(most.get(name, 0), count)
    return most


def injections(calls: dict[str, int], fault: str) -> Iterator[tuple[str, int]]:
    """Yield at which calls a fault is injected: name, and which of the calls of that name."""
    everything = "CHARITY_ALL_FAULTS" in os.environ
    for name, count in sorted(calls.items()):
        if (fault == "error=ENOSPC" and name not in WRITING) or (
            fault == "error=EIO" and name in NEVER_FAILING
        ):
            continue
        for when in range(1, count + 1, 1 if everything else STEP.get(name, 1)):
            yield name, when


@pytest.mark.parametrize("fault", FAULTS)
async def test_whatever_call_fails_nothing_acknowledged_is_lost_and_the_log_goes_on(
    fault: str, settings: Settings, process: WarmProcess, tmp_path: Path
) -> None:
    bodies = await prepare(settings)
    output = tmp_path / "calls"
    trial = task_for(settings, 1_000, 1)
    assert run_under_strace(process, trial, output).done
    calls = calls_of(output)
    assert {"pwrite64", "fdatasync", "openat", "unlink"} <= set(calls)
    hit = 0
    for number, (name, when) in enumerate(injections(calls, fault), 2):
        task = task_for(settings, 1_000 * number, 1 if "signal" in fault else ATTEMPTS)
        outcome = run_under_strace(
            process, task, output, "-e", f"trace={name}", "-e", f"inject={name}:{fault}:when={when}"
        )
        hit += "INJECTED" in output.read_text(errors="replace") or outcome.status == KILLED
        if "error" in fault:
            assert (outcome.status, outcome.done) == (0, True), (name, when, outcome)
        for failure in outcome.failures:
            assert failure.startswith(OUR_ERRORS), (name, when, failure)
        bodies = await check_after_fault(task, tmp_path / "log", bodies, outcome.appended)
    assert hit > 10


def order_of(output: Path, **wanted: str) -> list[str]:
    """Return the names of the calls that match, in the order in which they were made."""
    lines = output.read_text(errors="replace").splitlines()
    return [name for line in lines for name, call in wanted.items() if re.search(call, line)]


async def test_an_append_is_on_the_disk_before_it_is_answered_and_signed_before_it_is_published(
    settings: Settings, process: WarmProcess, tmp_path: Path
) -> None:
    await prepare(settings)
    output = tmp_path / "calls"
    calls = "trace=pwrite64,fdatasync,fsync,unlink,write"
    task = task_for(settings, 1_000, 1)
    assert run_under_strace(process, task, output, "-y", "-e", calls, files_only=False).done
    home = re.escape(task.home)
    order = order_of(
        output,
        write=rf"pwrite64\(\d+<{home}/charity.sqlite-wal>",
        sync=rf"f(data)?sync\(\d+<{home}/charity.sqlite-wal>",
        answer=r"write\(1<.*appended",
        sign=rf"pwrite64\(\d+<{home}/signed.sqlite>",
        sign_sync=rf"f(data)?sync\(\d+<{home}/signed.sqlite>",
        unlink=rf'unlink\("{home}/signed.sqlite-journal',
        folder=rf"f(data)?sync\(\d+<{home}>",
    )
    steps = [name for name, _ in groupby(order)]
    assert steps[:3] == ["write", "sync", "answer"]
    signing = ["folder", "sign", "sign_sync", "unlink", "folder"]
    assert steps[3:10] == [*signing, "write", "sync"]
