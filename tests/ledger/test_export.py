"""Tests of the export: a folder of files that holds what is served, and verifies."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.export import export_log
from ledger.log import Ledger
from ledger.messages import Refused
from ledger.reading import read_head, read_tile
from ledger.signing.notes import VerifierKey, open_checkpoint
from ledger.tiles import parse_tile_path, tiles_of
from ledger.verification import VerificationError, folder_fetch, verify_log
from public_site.opening import initialise, opened
from public_site.settings import Settings
from tests.conftest import MadeHome, fresh_ledger
from tests.ledger.entries import append_gifts


def files_in(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 600])
async def test_the_exported_folder_holds_what_is_served_and_verifies(
    ledger: Ledger, tmp_path: Path, size: int
) -> None:
    await append_gifts(ledger, 0, size)
    assert await export_log(tmp_path / "log", ledger.verifier_key) == size
    files = files_in(tmp_path / "log")
    head = await read_head()
    assert head is not None
    assert files.pop("checkpoint") == head.note.encode()
    assert files.pop("log-key") == f"{ledger.verifier_key}\n".encode()
    assert sorted(files) == sorted(path.path() for path in tiles_of(size))
    for path, data in files.items():
        assert data == await read_tile(parse_tile_path(path))
    report = verify_log(folder_fetch(tmp_path / "log"), [ledger.verifier_key])
    assert (report.entries, report.checkpoint) == (size, head.checkpoint)


async def test_an_export_after_more_appends_brings_the_folder_up_to_date(
    ledger: Ledger, tmp_path: Path
) -> None:
    key, folder = ledger.verifier_key, tmp_path / "log"
    earlier = None
    for first, count in ((0, 1), (1, 254), (255, 3), (258, 342)):
        await append_gifts(ledger, first, count)
        before = files_in(folder)
        await export_log(folder, key)
        report = verify_log(folder_fetch(folder), [key], earlier=earlier)
        assert report.entries == first + count
        earlier = report.checkpoint
        after = files_in(folder)
        assert {path: after[path] for path in before if path != "checkpoint"} == {
            path: data for path, data in before.items() if path != "checkpoint"
        }


async def test_a_second_export_of_the_same_log_changes_nothing(
    ledger: Ledger, tmp_path: Path
) -> None:
    await append_gifts(ledger, 0, 300)
    await export_log(tmp_path / "log", ledger.verifier_key)
    before = files_in(tmp_path / "log")
    await export_log(tmp_path / "log", ledger.verifier_key)
    assert files_in(tmp_path / "log") == before


async def test_export_tells_how_many_files_are_written(ledger: Ledger, tmp_path: Path) -> None:
    await append_gifts(ledger, 0, 300)
    told: list[tuple[int, int]] = []
    await export_log(tmp_path, ledger.verifier_key, lambda *step: told.append(step))
    assert told == [(done, 5) for done in range(1, 6)]


async def test_an_empty_log_is_not_exported(ledger: Ledger, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="empty"):
        await export_log(tmp_path / "log", ledger.verifier_key)
    assert not (tmp_path / "log").exists()


async def test_a_folder_with_another_log_is_left_as_it_is(ledger: Ledger, tmp_path: Path) -> None:
    await append_gifts(ledger, 0, 300)
    await export_log(tmp_path / "log", ledger.verifier_key)
    before = files_in(tmp_path / "log")
    other = Settings(home=tmp_path / "other", database="", origin="other.example")
    await initialise(other)
    async with opened(other) as second:
        await append_gifts(second, 1_000, 400)
        with pytest.raises(Refused, match="another log"):
            await export_log(tmp_path / "log", second.verifier_key)
    assert files_in(tmp_path / "log") == before


@pytest.fixture(scope="module")
def exported(
    made_home: MadeHome, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, bytes], VerifierKey]:
    """The files of a log with 300 entries, and its key."""
    folder = tmp_path_factory.mktemp("log")

    async def export() -> VerifierKey:
        async with fresh_ledger(made_home) as ledger:
            await append_gifts(ledger, 0, 300)
            await export_log(folder, ledger.verifier_key)
            return ledger.verifier_key

    key = asyncio.run(export())
    return {path: data for path, data in files_in(folder).items() if path != "log-key"}, key


@settings(max_examples=150)
@given(data=st.data())
def test_a_bit_flipped_in_any_file_is_caught(
    exported: tuple[dict[str, bytes], VerifierKey], data: st.DataObject
) -> None:
    files, key = exported
    path = data.draw(st.sampled_from(sorted(files)))
    bit = data.draw(st.integers(0, 8 * len(files[path]) - 1))
    changed = bytearray(files[path])
    changed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(VerificationError):
        verify_log((files | {path: bytes(changed)}).__getitem__, [key])


def test_a_missing_file_is_caught(exported: tuple[dict[str, bytes], VerifierKey]) -> None:
    files, key = exported
    assert verify_log(files.__getitem__, [key]).entries == 300
    for path in files:
        rest = {name: data for name, data in files.items() if name != path}
        with pytest.raises(VerificationError, match="missing"):
            verify_log(rest.__getitem__, [key])


def test_the_checkpoint_of_the_folder_is_signed(
    exported: tuple[dict[str, bytes], VerifierKey],
) -> None:
    files, key = exported
    checkpoint = open_checkpoint(files["checkpoint"].decode(), [key])
    assert (checkpoint.origin, checkpoint.size) == ("log.example/city", 300)
