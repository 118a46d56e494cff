"""Tests of the keys of the vault's buckets: one sealed file, renewed and destroyed durably."""

import os
import stat
from pathlib import Path

import pytest

from ledger.messages import Refused
from ledger.vault.page_keys import BUCKETS, PAGE_KEYS_FILE, PageKeys

KEY = bytes(range(32))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    PageKeys.make(tmp_path / PAGE_KEYS_FILE, KEY)
    return tmp_path / PAGE_KEYS_FILE


def test_the_file_is_its_owners_alone_and_keeps_its_size(file: Path) -> None:
    size = file.stat().st_size
    keys = PageKeys(file, KEY)
    keys.destroy_older(keys.renew(range(100)))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.stat().st_size == size
    assert [path.name for path in file.parent.iterdir()] == [PAGE_KEYS_FILE]


def test_the_file_is_made_once(file: Path) -> None:
    before = file.read_bytes()
    PageKeys.make(file, KEY)
    assert file.read_bytes() == before


def test_every_bucket_has_a_key_of_its_own(file: Path) -> None:
    keys = PageKeys(file, KEY)
    assert len({keys.key(bucket, 1) for bucket in range(BUCKETS)}) == BUCKETS
    assert keys.unfinished() == {}


def test_a_renewed_bucket_has_both_keys_until_the_older_is_destroyed(file: Path) -> None:
    keys = PageKeys(file, KEY)
    first, other = keys.key(7, 1), keys.key(8, 1)
    assert keys.renew([7]) == {7: 2} == keys.unfinished() == PageKeys(file, KEY).unfinished()
    assert (keys.key(7, 1), keys.generations(7)) == (first, [2, 1])
    second = keys.key(7, 2)
    assert second != first
    keys.destroy_older({7: 2})
    assert (keys.key(7, 1), keys.key(7, 2), keys.key(8, 1)) == (None, second, other)
    assert (keys.cipher(7, 1), keys.generations(7), keys.unfinished()) == (None, [2], {})


def test_another_process_sees_the_new_keys(file: Path) -> None:
    mine, theirs = PageKeys(file, KEY), PageKeys(file, KEY)
    theirs.renew([7])
    assert mine.key(7, 2) == theirs.key(7, 2)
    theirs.destroy_older({7: 2})
    assert mine.key(7, 1) is not None
    mine.refresh()
    assert mine.key(7, 1) is None


def test_the_older_key_that_another_erasure_needs_is_kept(file: Path) -> None:
    keys = PageKeys(file, KEY)
    keys.destroy_older(keys.renew([7]))
    keys.renew([7])
    keys.destroy_older({7: 2})
    assert keys.generations(7) == [3, 2]


def test_a_bucket_with_two_keys_gets_no_third(file: Path) -> None:
    keys = PageKeys(file, KEY)
    keys.renew([7])
    with pytest.raises(RuntimeError, match="unfinished"):
        keys.renew([7])


def test_an_old_copy_of_the_file_is_recognised(file: Path) -> None:
    old = file.read_bytes()
    keys = PageKeys(file, KEY)
    keys.destroy_older(keys.renew([7]))
    file.write_bytes(old)
    with pytest.raises(Refused, match="older than the database"):
        PageKeys(file, KEY).key(7, 2)


@pytest.mark.parametrize("position", [0, 20, -5])
def test_a_damaged_file_is_refused(file: Path, position: int) -> None:
    content = bytearray(file.read_bytes())
    content[position] = ord("A") if content[position] != ord("A") else ord("B")
    file.write_bytes(content)
    with pytest.raises(Refused, match="cannot be opened"):
        PageKeys(file, KEY)


def test_the_file_of_another_vault_is_refused(file: Path) -> None:
    with pytest.raises(Refused, match="another vault"):
        PageKeys(file, bytes(32))


def test_a_missing_file_is_not_made_again(file: Path) -> None:
    keys = PageKeys(file, KEY)
    file.unlink()
    for use in (keys.refresh, lambda: PageKeys(file, KEY)):
        with pytest.raises(Refused, match="is missing"):
            use()
    assert not file.exists()


def test_a_crash_while_it_is_written_leaves_the_old_file(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = file.read_bytes()

    def fail(*_: object) -> None:
        raise OSError("no space")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="no space"):
        PageKeys(file, KEY).renew([7])
    assert file.read_bytes() == before
