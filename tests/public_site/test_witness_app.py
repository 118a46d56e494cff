"""Tests of the witness over HTTP, and of `charity witness` and `charity cosign`."""

import subprocess
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from ledger.signing.notes import SignatureType, SigningKey, VerifierKey, open_note
from ledger.witnessing.witness import REQUEST_BYTES_MAX
from tests.ledger.small_logs import LOG_KEY, ORIGIN, SmallLog, entries
from tests.public_site.running import (
    COMMAND,
    START_SECONDS,
    STOP_SECONDS,
    Run,
    environment,
    run_apart,
)
from tests.public_site.test_commands import CODE
from tests.public_site.test_import_command import a_list
from tests.public_site.witness_running import NAME, RunningWitness, running_witness

LOG = SmallLog(entries(300))
FORK = SmallLog(entries(300, "虚构"))


@pytest.fixture
def witness(tmp_path: Path) -> Iterator[RunningWitness]:
    with running_witness(tmp_path / "witness", LOG_KEY.verifier) as witness:
        yield witness


def add(witness: RunningWitness, body: bytes) -> httpx.Response:
    return httpx.post(f"{witness.address}/add-checkpoint", content=body)


def test_the_answers_over_http(witness: RunningWitness) -> None:
    first = add(witness, LOG.request(0, 9))
    assert (first.status_code, first.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    open_note(LOG.checkpoint(9).text() + "\n" + first.text, [witness.key])
    conflict = add(witness, LOG.request(0, 300))
    assert (conflict.status_code, conflict.text) == (409, "9\n")
    assert conflict.headers["content-type"] == "text/x.tlog.size"
    assert add(witness, FORK.request(9, 300)).status_code == 422
    assert add(witness, LOG.request(9, 300)).status_code == 200
    assert add(witness, b"nonsense").status_code == 400
    assert add(witness, b"x" * (REQUEST_BYTES_MAX + 1)).status_code == 413
    assert httpx.get(f"{witness.address}/add-checkpoint").status_code == 405


def test_what_was_cosigned_is_served_under_the_hash_of_the_origin(witness: RunningWitness) -> None:
    address = f"{witness.address}/{sha256(ORIGIN.encode()).hexdigest()}/checkpoint"
    assert httpx.get(address).status_code == 404
    add(witness, LOG.request(0, 9))
    note = httpx.get(address).text
    assert len(open_note(note, [LOG_KEY.verifier, witness.key]).signatures) == 2
    assert httpx.get(f"{witness.address}/witness-key").text == f"{witness.key}\n"


@pytest.mark.parametrize(("path", "word"), [("/zh", "见证方"), ("/en", "witness"), ("/", "")])
def test_the_page_says_what_it_is(witness: RunningWitness, path: str, word: str) -> None:
    before = httpx.get(witness.address + path)
    add(witness, LOG.request(0, 280))
    add(witness, FORK.request(0, 280))
    after = httpx.get(witness.address + path)
    for page in (before, after):
        assert page.status_code == 200
        assert str(witness.key).replace("+", "&#43;") in page.text or str(witness.key) in page.text
        assert ORIGIN in page.text
        assert word in page.text
        assert "content-security-policy" in page.headers
    assert "280" in after.text
    assert ('alarm">' in before.text, 'alarm">' in after.text) == (False, True)


def test_the_command_runs_a_witness_and_keeps_its_key(tmp_path: Path, free_port: int) -> None:
    home = tmp_path / "witness"
    arguments = ["--home", str(home), "--log", f"{LOG_KEY.verifier}@示例", "--port", str(free_port)]
    without_name = run_apart(tmp_path, "witness", *arguments)
    assert (without_name.status, "--name" in without_name.errors) == (2, True)
    address = f"http://127.0.0.1:{free_port}"
    keys = []
    for body, status in ((LOG.request(0, 9), 200), (FORK.request(9, 300), 422)):
        process = subprocess.Popen(
            [COMMAND, "witness", *arguments, "--name", NAME],
            env=environment(tmp_path),
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdout is not None
            keys.append(VerifierKey.parse(process.stdout.readline().split()[-1]))
            # The address is printed when its port is open: the answer waits for the server.
            answer = httpx.post(f"{address}/add-checkpoint", content=body, timeout=START_SECONDS)
            assert answer.status_code == status
            assert "示例" in httpx.get(address).text
        finally:
            process.terminate()
            process.communicate(timeout=STOP_SECONDS)
    assert keys[0] == keys[1]
    assert keys[0].signature_type is SignatureType.COSIGNATURE


@pytest.mark.parametrize("log", ["nonsense", "a+b+c@名", ""])
def test_what_is_no_log_is_wrong_use(run: Run, tmp_path: Path, log: str) -> None:
    result = run("witness", "--home", str(tmp_path / "w"), "--log", log, "--name", NAME)
    assert (result.status, result.output) == (2, "")
    assert not (tmp_path / "w").exists()


def test_the_log_s_command_asks_its_witnesses(run: Run, tmp_path: Path, free_port: int) -> None:
    run("init")
    assert run("cosign").status == 2
    run("organisation", "add", CODE, "示例社")
    rows = [("2025-01-01", f"虚构{number:03d}", "1.50", "") for number in range(30)]
    assert run("import", str(a_list(tmp_path / "list.csv", *rows)), "--org", CODE).status == 0
    log_key = VerifierKey.parse(run("log-key").output.split()[0])
    other = SigningKey.generate("absent.example", SignatureType.COSIGNATURE).verifier
    with running_witness(tmp_path / "witness", log_key) as witness:
        (tmp_path / "home" / "witnesses").write_text(witness.line)
        result = run("cosign")
        assert (result.status, result.errors) == (0, "")
        assert "✓ witness.example cosigned 30 entries" in result.output
        listed = tmp_path / "list"
        listed.write_text(f"{witness.line}{other} http://127.0.0.1:{free_port}\n")
        result = run("cosign", CHARITY_WITNESSES=str(listed))
    assert result.status == 1
    assert [line[0] for line in result.output.splitlines()] == ["✓", "!"]
    assert run("export-log", str(tmp_path / "log")).status == 0
    note = (tmp_path / "log" / "checkpoint").read_text()
    assert len(open_note(note, [log_key, witness.key]).signatures) == 2


def test_a_missing_list_of_witnesses_is_told(run: Run, tmp_path: Path) -> None:
    run("init")
    result = run("cosign", CHARITY_WITNESSES=str(tmp_path / "none"))
    assert (result.status, result.output) == (2, "")
    assert "cannot be read" in result.errors
