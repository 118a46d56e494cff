"""Tests of `charity rotate-key` and `charity post-quantum-key`, and of who can check a log then."""

import json
import shutil
import stat
from pathlib import Path

import pytest

from ledger.signing.signatures import SigningKey, VerifierKey
from tests.public_site.running import Run
from tests.public_site.test_commands import CODE, DONE, REFUSED, WRONG_USE
from tests.public_site.test_import_command import a_list


@pytest.fixture
def old(run: Run, tmp_path: Path) -> str:
    """The key of a log with one gift in it."""
    run("init")
    run("organisation", "add", CODE, "示例社")
    append(run, tmp_path, "虚构甲")
    return run("log-key").output.strip()


def append(run: Run, tmp_path: Path, name: str) -> None:
    sheet = a_list(tmp_path / f"{name}.csv", ("2025-01-01", name, "1.50", ""))
    result = run("import", str(sheet), "--org", CODE)
    assert result.status == DONE, result.errors


def keys(run: Run) -> list[str]:
    return run("log-key").output.splitlines()


def exported(run: Run, tmp_path: Path) -> str:
    assert run("export-log", str(tmp_path / "log")).status == DONE
    return str(tmp_path / "log")


def test_both_keys_sign_and_the_old_one_is_retired_later(
    run: Run, old: str, tmp_path: Path
) -> None:
    result = run("rotate-key", "--json")
    assert result.status == DONE, result.errors
    report = json.loads(result.output)
    new = report["log_key"]
    assert keys(run) == [new, old]
    assert report["entry"] == 1
    assert json.loads(run("rotate-key", "--json").output) == report, "never a third key"
    log = exported(run, tmp_path)
    for key in (old, new):
        assert run("verify", log, "--key", key).status == DONE
    assert run("rotate-key", "--finish").status == REFUSED
    assert run("rotate-key", "--finish", "--now").status == DONE
    assert keys(run) == [new]
    assert run("rotate-key", "--finish", "--now").status == WRONG_USE


def test_who_knows_the_old_key_is_led_to_the_new_one_and_to_the_one_after(
    run: Run, old: str, tmp_path: Path
) -> None:
    for name in ("虚构乙", "虚构丙"):
        run("rotate-key")
        assert run("rotate-key", "--finish", "--now").status == DONE
        append(run, tmp_path, name)
    [newest] = keys(run)
    log = exported(run, tmp_path)
    result = run("verify", log, "--key", old)
    assert result.status == DONE, result.errors
    assert newest in result.output
    assert result.output.count("its successor") == 2
    forged = str(SigningKey.generate(VerifierKey.parse(old).name).verifier)
    assert run("verify", log, "--key", forged).status == REFUSED


def test_a_checkpoint_kept_under_the_old_key_still_counts(
    run: Run, old: str, tmp_path: Path
) -> None:
    kept = shutil.copy(Path(exported(run, tmp_path)) / "checkpoint", tmp_path / "kept")
    run("rotate-key")
    exported(run, tmp_path)
    run("rotate-key", "--finish", "--now")
    append(run, tmp_path, "虚构乙")
    log = exported(run, tmp_path)
    assert run("verify", log, "--key", old, "--since", str(kept)).status == DONE
    [new] = keys(run)
    assert run("verify", log, "--key", new, "--since", str(kept)).status == REFUSED
    both = ["--key", new, "--key", old, "--since", str(kept)]
    assert run("verify", log, *both).status == DONE


def test_key_files_are_for_their_owner_alone(run: Run, old: str, tmp_path: Path) -> None:
    run("rotate-key")
    run("post-quantum-key")
    run("rotate-key", "--finish", "--now")
    home = tmp_path / "home"
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    found = {path.name: stat.S_IMODE(path.stat().st_mode) for path in home.glob("*.key")}
    assert len(found) >= 4
    assert set(found.values()) == {0o600}
    (home / "log-signing.key").chmod(0o644)
    result = run("log-key")
    assert result.status == REFUSED
    assert "chmod 600" in result.errors


def test_the_ml_dsa_key_signs_along(run: Run, old: str, tmp_path: Path) -> None:
    result = run("post-quantum-key", "--json")
    quantum = json.loads(result.output)["log_key"]
    assert run("post-quantum-key").output.splitlines()[-1] == quantum
    assert keys(run) == [old, quantum]
    assert run("verify", exported(run, tmp_path)).status == DONE
    both = ["--key", old, "--key", quantum]
    assert run("verify", exported(run, tmp_path), *both).status == REFUSED, "not signed yet"
    append(run, tmp_path, "虚构乙")
    log = exported(run, tmp_path)
    checked = run("verify", log, *both)
    assert "ML-DSA-44" in checked.output
    assert (Path(log) / "log-key").read_text() == f"{old}\n{quantum}\n"
    for key in (old, str(Path(log) / "log-key")):
        assert run("verify", log, "--key", key).status == DONE
    assert run("verify", log, CHARITY_LOG_KEY=f"{old}\n{quantum}").status == DONE
    assert run("verify", log, "--key", quantum).status == REFUSED, "the log's own key is needed"
    assert run("rotate-key").status == DONE
    assert keys(run)[1:] == [old, quantum]


def test_a_program_from_before_the_rotation_is_noticed(run: Run, old: str, tmp_path: Path) -> None:
    """What still signs with the old key alone must end before that key is retired."""
    run("rotate-key")
    home = tmp_path / "home"
    new = (home / "log-signing.key").read_text()
    shutil.copy(home / "log-signing-previous.key", home / "log-signing.key")
    append(run, tmp_path, "虚构乙")
    (home / "log-signing.key").write_text(new)
    result = run("rotate-key", "--finish", "--now")
    assert result.status == REFUSED
    assert "before the rotation" in result.errors
    append(run, tmp_path, "虚构丙")
    assert run("rotate-key", "--finish", "--now").status == DONE


def test_a_key_from_the_environment_is_rotated_in_the_environment(
    run: Run, old: str, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    first = (home / "log-signing.key").read_text().strip()
    (home / "log-signing.key").unlink()
    result = run("rotate-key", CHARITY_SIGNING_KEY=first)
    assert (result.status, result.output) == (WRONG_USE, "")
    second = (home / "log-signing-next.key").read_text().strip()
    both = f"{second}\n{first}"
    assert run("rotate-key", CHARITY_SIGNING_KEY=both).status == DONE
    log_keys = run("log-key", CHARITY_SIGNING_KEY=both).output.splitlines()
    assert [VerifierKey.parse(key) for key in log_keys] == [
        SigningKey.from_text(key).verifier for key in (second, first)
    ]
    result = run("rotate-key", "--finish", "--now", CHARITY_SIGNING_KEY=both)
    assert "second line" in result.errors
    assert run("log-key", CHARITY_SIGNING_KEY=second).status == DONE


def test_now_without_finish_and_a_log_without_rotation_are_wrong_use(run: Run, old: str) -> None:
    assert run("rotate-key", "--now").status == WRONG_USE
    assert run("rotate-key", "--finish").status == WRONG_USE
    assert keys(run) == [old]
