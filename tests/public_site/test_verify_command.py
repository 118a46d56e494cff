"""Tests of `charity verify` and `charity export-log`: what is proved, and what is found out."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.public_site.running import Run
from tests.public_site.test_commands import CODE, DONE, REFUSED, WRONG_USE
from tests.public_site.test_import_command import a_list

OTHER_KEY = "log.example/other+6dc54a96+ATqfy7I7nTrir89g6joQNlDtyiAmFuHHIx7rgWPeIf7X"
FIRST = [("2025-01-01", f"虚构{number:03d}", "1.50", "") for number in range(300)]
SECOND = [("2025-02-01", f"示例{number:03d}", "2.50", "") for number in range(30)]


@pytest.fixture
def key(run: Run, tmp_path: Path) -> str:
    """The key of a log with a list in it, exported to `log`."""
    run("init")
    run("organisation", "add", CODE, "示例社")
    assert run("import", str(a_list(tmp_path / "first.csv", *FIRST)), "--org", CODE).status == DONE
    assert run("export-log", str(tmp_path / "log")).status == DONE
    return run("log-key").output.strip()


def grow(run: Run, tmp_path: Path) -> None:
    run("import", str(a_list(tmp_path / "second.csv", *SECOND)), "--org", CODE)
    assert run("export-log", str(tmp_path / "log")).status == DONE


def test_a_folder_is_verified_without_any_database(run: Run, key: str, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "home")
    result = run("verify", str(tmp_path / "log"), "--key", key, "--json")
    assert result.status == DONE
    report = json.loads(result.output)
    assert report["verified"] is True
    assert any("300" in finding for finding in report["findings"])
    assert not (tmp_path / "home").exists()


def test_the_key_may_come_from_a_file_or_the_environment(
    run: Run, key: str, tmp_path: Path
) -> None:
    (tmp_path / "key").write_text(f"{key}\n")
    log = str(tmp_path / "log")
    assert run("verify", log, "--key", str(tmp_path / "key")).status == DONE
    assert run("verify", log, CHARITY_LOG_KEY=key).status == DONE
    assert run("verify", log, CHARITY_LOG_KEY=OTHER_KEY).status == REFUSED


def test_a_log_under_another_key_is_not_trusted(run: Run, key: str, tmp_path: Path) -> None:
    result = run("verify", str(tmp_path / "log"), "--key", OTHER_KEY)
    assert (result.status, result.output) == (REFUSED, "")


@pytest.mark.parametrize("wrong", ["", "nonsense", "a+b+c", OTHER_KEY[:-4]])
def test_what_is_no_key_is_wrong_use(run: Run, key: str, tmp_path: Path, wrong: str) -> None:
    result = run("verify", str(tmp_path / "log"), "--key", wrong)
    assert (result.status, result.output) == (WRONG_USE, "")


def flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def digit_changed(path: Path) -> None:
    """Change an amount, as somebody would who wants to hide 1 yuan."""
    content = path.read_bytes()
    assert b'"amount":150' in content
    path.write_bytes(content.replace(b'"amount":150', b'"amount":250', 1))


@pytest.mark.parametrize(
    ("file", "change"),
    [
        ("tile/entries/000", digit_changed),
        ("tile/entries/000", Path.unlink),
        ("tile/entries/001.p/44", flipped),
        ("tile/0/000", flipped),
        ("tile/0/001.p/44", Path.unlink),
        ("tile/1/000.p/1", flipped),
        ("checkpoint", flipped),
        ("checkpoint", Path.unlink),
    ],
)
def test_what_was_tampered_with_is_found_out(
    run: Run, key: str, tmp_path: Path, file: str, change: Callable[[Path], None]
) -> None:
    change(tmp_path / "log" / file)
    result = run("verify", str(tmp_path / "log"), "--key", key)
    assert (result.status, result.output) == (REFUSED, "")
    assert "Traceback" not in result.errors


def test_a_grown_log_still_begins_with_what_was_kept(run: Run, key: str, tmp_path: Path) -> None:
    kept = shutil.copy(tmp_path / "log" / "checkpoint", tmp_path / "kept")
    grow(run, tmp_path)
    result = run("verify", str(tmp_path / "log"), "--key", key, "--since", str(kept))
    assert result.status == DONE
    assert "300" in result.output
    assert "330" in result.output


def test_a_log_that_lost_entries_is_found_out(run: Run, key: str, tmp_path: Path) -> None:
    """An older copy is whole in itself: only a kept checkpoint shows what is gone."""
    shutil.copytree(tmp_path / "log", tmp_path / "old")
    grow(run, tmp_path)
    kept = str(tmp_path / "log" / "checkpoint")
    assert run("verify", str(tmp_path / "old"), "--key", key).status == DONE
    assert run("verify", str(tmp_path / "old"), "--key", key, "--since", kept).status == REFUSED


def test_a_checkpoint_that_is_none_does_not_prove_anything(
    run: Run, key: str, tmp_path: Path
) -> None:
    for content in (b"", b"nonsense", b"\xff\xfe\x00", b"a\n1\nb\n"):
        (tmp_path / "kept").write_bytes(content)
        result = run(
            "verify", str(tmp_path / "log"), "--key", key, "--since", str(tmp_path / "kept")
        )
        assert result.status != DONE
        assert result.errors


@pytest.mark.parametrize("target", ["nowhere", "http://", "http://[broken", "x" * 5000, "\x00"])
def test_what_is_no_log_is_wrong_use_or_refused(run: Run, target: str) -> None:
    result = run("verify", target, "--key", OTHER_KEY)
    assert result.status in {REFUSED, WRONG_USE}
    assert result.output == ""
    assert result.errors


def test_an_empty_folder_is_no_log(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert run("verify", str(tmp_path / "empty"), "--key", OTHER_KEY).status == REFUSED
    assert run("verify", str(tmp_path / "empty")).status == WRONG_USE


def test_an_entry_needs_its_proof_and_a_key(run: Run, key: str, tmp_path: Path) -> None:
    entry = tmp_path / "7.json"
    entry.write_bytes(b"{}")
    assert run("verify", str(entry), "--key", key).status == WRONG_USE
    proof = tmp_path / "7.tlog-proof"
    proof.write_bytes(b"nonsense")
    assert run("verify", str(entry)).status == WRONG_USE
    assert run("verify", str(entry), "--key", key).status == REFUSED
    proof.write_bytes(b"\xff\xfe")
    assert run("verify", str(entry), str(proof), "--key", key).status == WRONG_USE
    assert run("verify", str(entry), str(tmp_path / "no"), "--key", key).status == WRONG_USE


def test_an_empty_log_cannot_be_exported(run: Run, tmp_path: Path) -> None:
    run("init")
    result = run("export-log", str(tmp_path / "log"))
    assert (result.status, (tmp_path / "log").exists()) == (REFUSED, False)


def test_a_folder_that_cannot_be_written_is_told(run: Run, key: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    result = run("export-log", str(tmp_path / "file" / "log"))
    assert (result.status, result.output) == (WRONG_USE, "")
    assert "file" in result.errors


def test_export_again_brings_the_copy_up_to_date(run: Run, key: str, tmp_path: Path) -> None:
    full = tmp_path / "log" / "tile" / "0" / "000"
    before = full.stat().st_mtime_ns
    grow(run, tmp_path)
    assert full.stat().st_mtime_ns == before, "what is full never changes"
    assert run("verify", str(tmp_path / "log"), "--key", key).status == DONE
    assert list((tmp_path / "log").rglob("*.unfinished")) == []
