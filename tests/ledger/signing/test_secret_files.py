"""Tests of secret files: for their owner alone, whole or not there, never overwritten by chance."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.messages import Refused
from ledger.signing.secret_files import (
    make_secret,
    read_secret,
    remove_leftovers,
    replace_secret,
)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_secret_is_made_for_its_owner_alone_whatever_the_mask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        make_secret(tmp_path / "home" / "a.key", "secret")
    finally:
        os.umask(before)
    assert (mode(tmp_path / "home"), mode(tmp_path / "home" / "a.key")) == (0o700, 0o600)
    assert read_secret(tmp_path / "home" / "a.key") == "secret"


def test_a_secret_is_never_made_over_another(tmp_path: Path) -> None:
    make_secret(tmp_path / "a.key", "first")
    with pytest.raises(FileExistsError):
        make_secret(tmp_path / "a.key", "second")
    assert read_secret(tmp_path / "a.key") == "first"
    assert [path.name for path in tmp_path.iterdir()] == ["a.key"]


def test_a_secret_is_made_where_there_are_no_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "link", no_links)
    make_secret(tmp_path / "a.key", "first")
    with pytest.raises(FileExistsError):
        make_secret(tmp_path / "a.key", "second")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["first\n"]


def test_a_secret_is_replaced_whole(tmp_path: Path) -> None:
    make_secret(tmp_path / "a.key", "first")
    replace_secret(tmp_path / "a.key", "second")
    assert read_secret(tmp_path / "a.key") == "second"
    assert (mode(tmp_path / "a.key"), len(list(tmp_path.iterdir()))) == (0o600, 1)


def die(*_: object) -> None:
    os._exit(9)


def fail(*_: object) -> None:
    raise OSError("the disk is full")


def replace_with(path: Path, text: str, replace: Callable[..., None]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "replace", replace)
        replace_secret(path, text)


def test_a_killed_replacement_leaves_one_known_file_which_the_next_one_takes(
    tmp_path: Path,
) -> None:
    make_secret(tmp_path / "a.key", "first")
    for _ in range(2):
        child = os.fork()
        if child == 0:
            replace_with(tmp_path / "a.key", "second", die)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
        assert {one.name for one in tmp_path.iterdir()} == {"a.key", "a.key.unfinished"}
    assert read_secret(tmp_path / "a.key") == "first"
    (tmp_path / "a.key.unfinished").chmod(0o644)
    replace_secret(tmp_path / "a.key", "third")
    assert [one.name for one in tmp_path.iterdir()] == ["a.key"]
    assert (mode(tmp_path / "a.key"), read_secret(tmp_path / "a.key")) == (0o600, "third")


def test_a_failed_replacement_leaves_nothing(tmp_path: Path) -> None:
    make_secret(tmp_path / "a.key", "first")
    with pytest.raises(OSError, match="the disk is full"):
        replace_with(tmp_path / "a.key", "second", fail)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["first\n"]


def test_leftovers_are_removed_and_what_people_made_stays(tmp_path: Path) -> None:
    names = ["a.key", "a.key.bak", "a.key.2026-01-02", "a_key.unfinished", "b.key.unfinished"]
    for name in [*names, "a.key.unfinished", "a.key.k3_9zx0a"]:
        (tmp_path / name).touch()
    remove_leftovers(tmp_path / "a.key")
    assert sorted(one.name for one in tmp_path.iterdir()) == sorted(names)


@pytest.mark.parametrize("bits", [0o644, 0o640, 0o604, 0o620, 0o601, 0o777])
def test_a_secret_that_others_can_reach_is_refused_with_the_way_to_mend_it(
    tmp_path: Path, bits: int
) -> None:
    make_secret(tmp_path / "a.key", "inside")
    (tmp_path / "a.key").chmod(bits)
    with pytest.raises(Refused, match=rf"mode 0{bits:o}.*chmod 600") as refused:
        read_secret(tmp_path / "a.key")
    assert "inside" not in str(refused.value)
    (tmp_path / "a.key").chmod(0o400)
    assert read_secret(tmp_path / "a.key") == "inside"
    assert len(list(tmp_path.iterdir())) == 1


def test_where_the_file_system_keeps_no_modes_a_secret_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such a file system gives every file the same mode, which nobody can change."""
    make_secret(tmp_path / "a.key", "secret")
    fstat = os.fstat

    def everything_open(descriptor: int) -> os.stat_result:
        mode, *rest = fstat(descriptor)
        return os.stat_result((int(mode) | 0o777, *rest))

    monkeypatch.setattr(os, "fstat", everything_open)
    assert read_secret(tmp_path / "a.key") == "secret"


def test_a_secret_that_is_not_text_is_refused(tmp_path: Path) -> None:
    make_secret(tmp_path / "a.key", "")
    (tmp_path / "a.key").write_bytes(b"\xff\x00\xfe")
    with pytest.raises(Refused, match="not text"):
        read_secret(tmp_path / "a.key")
