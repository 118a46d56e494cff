"""Tests of a disk that is full, and of databases that another process holds locked.

A disk is full in two ways: files may not grow beyond a limit of the process, and, where a file
system in memory can be mounted, there is really no room. Sources of errors: setrlimit(2), mount(8).
"""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from ledger.appending import signed_store
from ledger.database import sqlite_engine
from ledger.log import Ledger
from ledger.messages import Refused
from ledger.reading import read_head
from public_site.commands.charity_group import UNUSABLE
from public_site.opening import opened
from public_site.settings import Settings
from tests.charity.importing import run_import, write_list
from tests.ledger.after_faults import check_after_fault, check_whole
from tests.ledger.appending.test_faults import BEFORE, prepare
from tests.ledger.entries import append, append_gifts, gift, stored_bodies
from tests.ledger.faults import Task, WarmProcess, warm_process

pytestmark = pytest.mark.one_engine("sqlite", "the server has the files of the other engine")

KILOBYTE = 1024
TOO_FEW = (1, 8, 40, 100, 180, 260)
"""Kilobytes that no file may exceed: something of an append needs more than each of them."""

ROOM = 4 * 1024 * KILOBYTE
GAPS = (0, 4, 16, 40, 80, 120, 200)
"""Kilobytes that a full disk still has free."""


@pytest.fixture(scope="module")
def process() -> Iterator[WarmProcess]:
    with warm_process() as process:
        yield process


@pytest.mark.parametrize("work", ["single", "group"])
async def test_files_that_may_not_grow_lose_nothing_and_the_log_goes_on_when_they_may(
    work: str, settings: Settings, process: WarmProcess, tmp_path: Path
) -> None:
    bodies = await prepare(settings)
    failed = 0
    for number, kilobytes in enumerate(TOO_FEW, 1):
        task = Task(
            *(str(settings.home), "", work, 1_000 * number),
            file_bytes=kilobytes * KILOBYTE,
            attempts=2,
        )
        outcome = process.run(task)
        assert (outcome.status, outcome.done) == (0, True), outcome
        failed += bool(outcome.failures)
        bodies = await check_after_fault(task, tmp_path / "log", bodies, outcome.appended)
    assert failed > 1


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """Mount a small file system in memory; skip where that is not allowed."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", str(folder)]
    if (
        shutil.which("mount") is None
        or subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode
    ):
        pytest.skip("only the superuser can mount a file system in memory")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@contextmanager
def filled(folder: Path, left: int) -> Iterator[None]:
    """Fill the disk of a folder but for so many bytes; empty it again at the end."""
    filler = folder / "filler"
    disk = os.statvfs(folder)
    with filler.open("wb") as file:
        file.write(bytes(max(0, disk.f_bavail * disk.f_frsize - left)))
    try:
        yield
    finally:
        filler.unlink()


def on_disk(settings: Settings, disk: Path, floor: int = 0) -> Settings:
    """Return the settings of a copy of an installation on another disk."""
    home = shutil.copytree(settings.home, disk / "home")
    return Settings(home=home, database="", origin=settings.origin, disk_floor_mb=floor)


async def test_appends_to_a_full_disk_lose_nothing_and_go_on_when_there_is_room(
    settings: Settings, tmp_path: Path
) -> None:
    await prepare(settings)
    with small_disk(tmp_path / "disk") as disk:
        async with opened(on_disk(settings, disk)) as ledger:
            await append(ledger, gift(1_000))
            failed = 0
            for number, gap in enumerate(GAPS, 1_001):
                before = await stored_bodies()
                with filled(disk, gap * KILOBYTE):
                    try:
                        await ledger.append(gift(number))
                    except UNUSABLE:
                        failed += 1
                    await ledger.settle()
                    assert (await stored_bodies())[: len(before)] == before
                answer = await ledger.append(gift(number))
                assert answer.position == number - 1_000 + BEFORE
                await ledger.settle()
            assert failed > 1
            await check_whole(ledger, tmp_path / "log")


async def test_an_import_to_a_full_disk_is_there_whole_or_not_at_all(
    settings: Settings, tmp_path: Path
) -> None:
    await prepare(settings)
    failed = 0
    with small_disk(tmp_path / "disk") as disk:
        here = on_disk(settings, disk)
        for number, gap in enumerate(GAPS):
            rows = (f"虚构{number}-{row},{row + 1},备注" for row in range(50))
            path = write_list(tmp_path, *rows, name=f"{number}.csv")
            async with opened(here) as ledger:
                size = len(await stored_bodies())
                with filled(disk, gap * KILOBYTE):
                    try:
                        await run_import(ledger, path)
                    except (Refused, *UNUSABLE):
                        failed += 1
                    assert len(await stored_bodies()) in {size, size + 50}
                await run_import(ledger, path)
                assert len(await check_whole(ledger, tmp_path / "log")) == size + 50
    assert failed > 1


async def test_publishing_to_a_full_disk_signs_nothing_twice(
    settings: Settings, tmp_path: Path
) -> None:
    await prepare(settings)
    failed = 0
    with small_disk(tmp_path / "disk") as disk:
        async with opened(on_disk(settings, disk)) as ledger:
            for number, gap in enumerate(GAPS, 1_000):
                async with ledger._writing() as writer:
                    await writer.append([gift(number)])
                with filled(disk, gap * KILOBYTE):
                    try:
                        await ledger.publisher.publish()
                    except UNUSABLE:
                        failed += 1
                    head = await read_head()
                    assert head is not None
                    assert head.size <= ledger.store.read().size
                size = len(await stored_bodies())
                assert await ledger.publisher.publish() == size
                await check_whole(ledger, tmp_path / "log")
    assert failed > 1


async def test_a_log_is_read_only_before_its_disk_is_full(
    settings: Settings, tmp_path: Path
) -> None:
    await prepare(settings)
    with small_disk(tmp_path / "disk") as disk:
        async with opened(on_disk(settings, disk, floor=2)) as ledger:
            with filled(disk, 1024 * KILOBYTE):
                with pytest.raises(Refused, match="read-only"):
                    await ledger.append(gift(1_000))
                with pytest.raises(Refused, match="read-only"):
                    await append(ledger, gift(1_000))
                assert len(await stored_bodies()) == BEFORE
            await ledger.append(gift(1_000))
            await ledger.settle()
            assert len(await check_whole(ledger, tmp_path / "log")) == BEFORE + 1


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Hold a database locked, as another process would."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        yield


@pytest.fixture
async def impatient(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ledger]:
    """A ledger that does not wait long for a lock."""
    monkeypatch.setattr(sqlite_engine, "BUSY_SECONDS", 0.05)
    monkeypatch.setattr(signed_store, "BUSY_SECONDS", 0.05)
    await prepare(settings)
    async with opened(settings) as ledger:
        yield ledger


@pytest.mark.parametrize("name", ["charity.sqlite", "signed.sqlite"])
async def test_a_locked_database_is_told_and_nothing_is_half_written(
    impatient: Ledger, home: Path, tmp_path: Path, name: str
) -> None:
    with locked(home / name):
        with pytest.raises((sqlite3.OperationalError, Refused), match="locked"):
            await impatient.append(gift(1_000))
        with pytest.raises((sqlite3.OperationalError, Refused), match="locked"):
            await append_gifts(impatient, 1_000, 300)
    assert len(await stored_bodies()) == BEFORE
    assert (await impatient.append(gift(1_000))).position == BEFORE
    await impatient.settle()
    assert len(await check_whole(impatient, tmp_path / "log")) == BEFORE + 1


async def test_a_store_that_is_locked_while_a_checkpoint_is_signed_delays_only_its_publication(
    impatient: Ledger, home: Path, tmp_path: Path
) -> None:
    async with impatient._writing() as writer:
        await writer.append([gift(1_000)])
    with locked(home / "signed.sqlite"), pytest.raises((sqlite3.OperationalError, Refused)):
        await impatient.publisher.publish()
    assert impatient.store.read().size == BEFORE
    assert await impatient.publisher.publish() == BEFORE + 1
    await check_whole(impatient, tmp_path / "log")
