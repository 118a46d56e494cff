"""Tests of the folder of drafts: sealed, closed, and gone when it should be."""

import os
import stat
from pathlib import Path

import pytest

from charity.reporting.batches.drafts import ABANDONED_SECONDS, DraftFolder, Progress
from charity.reporting.batches.schemas import PreviewRow
from ledger.messages import Refused
from ledger.vault.envelopes import Envelopes

BATCH = "0f" * 16
OTHER_BATCH = "1e" * 16


@pytest.fixture
def drafts(tmp_path: Path) -> DraftFolder:
    return DraftFolder(tmp_path / "drafts", Envelopes(bytes(32)))


def row(number: int) -> PreviewRow:
    return PreviewRow(f"表!A{number}", "gift", "2025-12-01", number, "CNY", "general", "虚构捐赠人")


def test_content_comes_back(drafts: DraftFolder) -> None:
    drafts.write(BATCH, 1, b"first")
    drafts.write(BATCH, 2, b"second")
    assert (drafts.read(BATCH, 1), drafts.read(BATCH, 2)) == (b"first", b"second")


def test_nothing_readable_lies_on_the_disk_and_nobody_else_may_look(drafts: DraftFolder) -> None:
    drafts.write(BATCH, 1, "虚构捐赠人".encode())
    drafts.write_rows(BATCH, 1, [row(1)])
    drafts.tell(BATCH, "read", 1, 2)
    files = [path for path in drafts.folder.rglob("*") if path.is_file()]
    assert len(files) == 3
    assert not any("虚构".encode() in path.read_bytes() for path in files)
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    folders = [drafts.folder, drafts.folder / BATCH]
    assert {stat.S_IMODE(path.stat().st_mode) for path in folders} == {0o700}


def test_content_opens_in_its_place_only(drafts: DraftFolder) -> None:
    drafts.write(BATCH, 1, b"content")
    drafts.write(OTHER_BATCH, 1, b"another")
    (drafts.folder / BATCH / "content.1").replace(drafts.folder / OTHER_BATCH / "content.1")
    with pytest.raises(Refused, match="cannot be opened"):
        drafts.read(OTHER_BATCH, 1)
    with pytest.raises(Refused, match="no longer here"):
        drafts.read(BATCH, 1)


@pytest.mark.parametrize(
    ("count", "pages"), [(0, 0), (1, 1), (499, 1), (500, 1), (501, 2), (1_250, 3)]
)
def test_rows_come_back_page_by_page(drafts: DraftFolder, count: int, pages: int) -> None:
    rows = [row(number) for number in range(count)]
    drafts.write_rows(BATCH, 3, rows)
    back: list[PreviewRow] = []
    for page in range(1, pages + 1):
        part, told = drafts.read_rows(BATCH, 3, page)
        assert told == pages
        back += part
    assert back == rows
    for outside in (-1, 0, pages + 1):
        assert drafts.read_rows(BATCH, 3, outside) == ((), pages)
    assert drafts.read_rows(BATCH, 4, 1) == ((), 0)


def test_progress_is_told(drafts: DraftFolder) -> None:
    assert drafts.progress(BATCH) is None
    drafts.tell(BATCH, "read", 10, 50)
    assert drafts.progress(BATCH) == Progress("read", 10, 50)
    (drafts.folder / BATCH / "progress").write_bytes(b"")
    assert drafts.progress(BATCH) is None


def test_an_id_leads_nowhere_else(drafts: DraftFolder) -> None:
    for wrong in ("..", "", "0" * 31, f"{'0' * 31}/", "../" + "0" * 29, "G" * 32):
        with pytest.raises(ValueError, match="no id"):
            drafts.write(wrong, 1, b"content")


def test_only_older_versions_are_removed(drafts: DraftFolder) -> None:
    for version in (1, 2, 3):
        drafts.write(BATCH, version, b"content")
    drafts.write_rows(BATCH, 1, [row(1)])
    (drafts.folder / BATCH / "content.1.unfinished").touch()
    drafts.remove_older(BATCH, 2)
    assert {path.name for path in (drafts.folder / BATCH).iterdir()} == {"content.2", "content.3"}


def test_removing_is_harmless_again(drafts: DraftFolder) -> None:
    drafts.write(BATCH, 1, b"content")
    drafts.remove(BATCH)
    drafts.remove(BATCH)
    assert drafts.batches() == []


def test_a_folder_without_a_line_is_abandoned_after_a_while(drafts: DraftFolder) -> None:
    drafts.write(BATCH, 1, b"content")
    drafts.remove_abandoned(BATCH)
    assert drafts.batches() == [BATCH]
    folder = drafts.folder / BATCH
    before = folder.stat().st_mtime - ABANDONED_SECONDS - 1
    os.utime(folder, (before, before))
    drafts.remove_abandoned(BATCH)
    assert drafts.batches() == []


def test_a_lock_is_held_by_one(drafts: DraftFolder) -> None:
    with (
        drafts.locked(BATCH) as first,
        drafts.locked(BATCH) as second,
        drafts.locked(OTHER_BATCH) as other,
    ):
        assert (first, second, other) == (True, False, True)
    with drafts.locked(BATCH) as again:
        assert again
