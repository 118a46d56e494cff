"""Tests of a killed import: all of it is there afterwards or nothing, and the log verifies."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from charity.organisations.registry import add_organisation
from charity.reporting.tables import ImportedList
from ledger.export import export_log
from ledger.log import Ledger
from ledger.reading import read_head
from ledger.tables import LogEntry, MovementRow, VaultPage
from ledger.vault.reading import known_donors
from ledger.verification import folder_fetch, verify_log
from public_site.opening import opened
from public_site.settings import Settings
from tests.charity.importing import run_import, write_list
from tests.conftest import ORGANISATION
from tests.ledger.entries import append_gifts, stored_entries

pytestmark = pytest.mark.one_engine("sqlite", "killed by steps of SQLite; see test_postgres")

ROWS = 3_000
BEFORE = 10
IMPORTING = """
import asyncio, os, signal, sqlite3, sys
from pathlib import Path
from public_site.opening import opened
from public_site.settings import Settings
from tests.charity.importing import run_import

home, path, kill_at = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
connect = sqlite3.connect
steps = 0

def count():
    global steps
    steps += 1
    if steps == kill_at:
        os.kill(os.getpid(), signal.SIGKILL)

def counted(*args, **kwargs):
    connection = connect(*args, **kwargs)
    connection.set_progress_handler(count, 2_000)
    return connection

sqlite3.connect = counted

async def main():
    async with opened(Settings(home=home, database="", origin="log.example/city")) as ledger:
        print("opened", flush=True)
        assert (await run_import(ledger, path)).appended == 3_000
    print(steps, flush=True)

asyncio.run(main())
"""


def start(home: Path, path: Path, kill_at: int) -> subprocess.Popen[bytes]:
    """Start a process that imports a list and kills itself when SQLite has done so many steps."""
    return subprocess.Popen(
        [sys.executable, "-c", IMPORTING, str(home), str(path), str(kill_at)],
        cwd=Path(__file__).parents[3],
        stdout=subprocess.PIPE,
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_list(tmp_path, *(f"虚构{number},{number + 1},备注" for number in range(ROWS)))


@pytest.fixture
async def prepared(settings: Settings) -> Settings:
    """A home whose log holds a few entries."""
    async with opened(settings) as ledger:
        await add_organisation(ORGANISATION, "示例基金会")
        await append_gifts(ledger, 0, BEFORE)
    return settings


def size_of(file: Path) -> int:
    """Return the bytes of a file; 0 where there is none, as when the last user has closed it."""
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


async def check_all_or_nothing(settings: Settings, path: Path, folder: Path) -> int:
    """Check what is there after a crash; then import again; return how many rows were there."""
    async with opened(settings) as ledger:
        await ledger.publisher.publish()  # it may have died between commit and publication
        found = int(await LogEntry.count()) - BEFORE
        head = await read_head()
        assert head is not None
        assert (found, head.size - BEFORE) in {(0, 0), (ROWS, ROWS)}
        assert await MovementRow.count() == head.size
        assert await ImportedList.count() == (found > 0)
        await check_log(ledger, folder / "after-the-crash", head.size)
        references = [entry.facts.donor.reference for entry in (await stored_entries())[BEFORE:]]
        assert len(await known_donors(ledger.vault, references)) == found
        assert await VaultPage.exists() == (found > 0)
        again = await run_import(ledger, path)
        assert (again.appended, again.known) == ((0, ROWS) if found else (ROWS, 0))
        await check_log(ledger, folder / "in-the-end", BEFORE + ROWS)
    return found


async def check_log(ledger: Ledger, folder: Path, size: int) -> None:
    await export_log(folder, ledger.verifier_key)
    assert verify_log(folder_fetch(folder), [ledger.verifier_key]).entries == size


async def test_an_import_killed_while_it_writes_leaves_nothing(
    prepared: Settings, path: Path, tmp_path: Path
) -> None:
    spare = Path(shutil.copytree(prepared.home, tmp_path / "spare"))
    output, _ = start(spare, path, 0).communicate(timeout=60)
    steps = int(output.split()[-1])
    assert steps > 50
    for kill_at in (1, steps // 2, steps * 9 // 10):
        process = start(prepared.home, path, kill_at)
        process.communicate(timeout=60)
        assert process.returncode == -signal.SIGKILL
    assert await check_all_or_nothing(prepared, path, tmp_path) == 0


@pytest.mark.parametrize("written", [0, 1_500_000, 3_300_000])
async def test_an_import_killed_while_it_commits_leaves_all_or_nothing(
    prepared: Settings, path: Path, tmp_path: Path, written: int
) -> None:
    process = start(prepared.home, path, 0)
    while process.poll() is None and size_of(prepared.home / "charity.sqlite-wal") <= written:
        pass
    process.kill()
    process.communicate(timeout=60)
    assert await check_all_or_nothing(prepared, path, tmp_path) in {0, ROWS}
