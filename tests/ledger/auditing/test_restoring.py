"""Tests of bringing entries back: from signed files, all of them or nothing."""

import shutil
from pathlib import Path

import pytest

from ledger.appending.publication import LogDamaged
from ledger.auditing.audit import audit_log
from ledger.auditing.restoring import restore_entries
from ledger.export import export_log
from ledger.messages import Refused
from ledger.verification import folder_fetch
from public_site.opening import opened
from public_site.settings import Settings
from tests.conftest import TestClock
from tests.ledger.damage import flipped
from tests.ledger.entries import append, append_gifts, gift, spending, stored_bodies

pytestmark = pytest.mark.one_engine("sqlite", "puts an old copy of the file back")


@pytest.fixture
async def set_back(settings: Settings, home: Path, tmp_path: Path) -> Path:
    """A home whose database is an old copy of 300 entries; returns the files of all 701."""
    folder, old = tmp_path / "exported", tmp_path / "old.sqlite"
    async with opened(settings, TestClock()) as ledger:
        await append_gifts(ledger, 0, 300)
    shutil.copy(home / "charity.sqlite", old)
    async with opened(settings, TestClock()) as ledger:
        await append_gifts(ledger, 300, 400)
        await append(ledger, spending(1, 500))
        await export_log(folder, ledger.verifier_key)
    shutil.copy(old, home / "charity.sqlite")
    return folder


async def test_missing_entries_come_back_and_the_log_goes_on(
    settings: Settings, set_back: Path
) -> None:
    async with opened(settings, TestClock()) as ledger:
        with pytest.raises(LogDamaged):
            await append(ledger, gift(9_999))
        assert await restore_entries(ledger, folder_fetch(set_back)) == range(300, 701)
        assert await restore_entries(ledger, folder_fetch(set_back)) == range(701, 701)
        await append(ledger, gift(9_999))
        assert not (await audit_log(ledger)).problems


@pytest.mark.parametrize("path", ["tile/entries/001", "tile/entries/002.p/189", "checkpoint"])
async def test_damaged_files_change_nothing(settings: Settings, set_back: Path, path: str) -> None:
    file = set_back / path
    data = file.read_bytes()
    file.write_bytes(flipped(data, len(data) * 8 - 800 if "entries" in path else 300))
    async with opened(settings, TestClock()) as ledger:
        with pytest.raises(Refused):
            await restore_entries(ledger, folder_fetch(set_back))
        assert len(await stored_bodies()) == 300


async def test_files_older_than_what_was_signed_change_nothing(
    settings: Settings, set_back: Path, home: Path, tmp_path: Path
) -> None:
    async with opened(settings, TestClock()) as ledger:
        await export_log(tmp_path / "older", ledger.verifier_key)
        with pytest.raises(Refused, match="701 were signed"):
            await restore_entries(ledger, folder_fetch(tmp_path / "older"))
