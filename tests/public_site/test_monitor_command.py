"""Tests of `charity monitor`: what it says of an honest log, and what it does about a lie."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.witnessing.monitoring_folder import confirm_evidence
from tests.ledger.small_logs import LOG_KEY, SmallLog, entries, served_files
from tests.public_site.running import Result, Run

KEY = str(LOG_KEY.verifier)
DONE, REFUSED, UNAVAILABLE = 0, 1, 2
LOG = SmallLog(entries(400))
FORK = SmallLog([*entries(10), *entries(390, "虚构")])


class Served:
    """A log whose files a test changes, and the monitor of it."""

    def __init__(self, run: Run, files: dict[str, bytes], address: str, home: Path) -> None:
        self._run = run
        self.files = files
        self.address = address
        self.home = home

    def serve(self, log: SmallLog, size: int) -> None:
        self.files.clear()
        self.files.update(log.files(size))

    def monitor(self, *options: str) -> Result:
        return self._run(
            "monitor",
            self.address,
            *("--key", KEY),
            *("--home", str(self.home)),
            "--once",
            *options,
        )


@pytest.fixture
def served(run: Run, tmp_path: Path) -> Iterator[Served]:
    files: dict[str, bytes] = {}
    with served_files(files) as address:
        yield Served(run, files, address, tmp_path / "monitor")


def test_an_honest_log_is_consistent(served: Served) -> None:
    for size, new in ((300, 300), (300, 0), (400, 100)):
        served.serve(LOG, size)
        result = served.monitor()
        assert result.status == DONE, result.errors
        assert f" {size} entries, {new} of them read now" in result.output
        assert (served.home / "checkpoint").read_bytes() == LOG.note(size).encode()
    report = json.loads(served.monitor("--json", "--no-entries").output)
    assert (report["consistent"], report["size"]) == (True, 400)


@pytest.mark.parametrize("size", [200, 300, 400])
def test_a_lie_is_shouted_and_its_evidence_kept(served: Served, size: int) -> None:
    served.serve(LOG, 300)
    served.monitor()
    served.serve(FORK, size)
    result = served.monitor()
    assert (result.status, result.output) == (REFUSED, "")
    assert result.errors.startswith("THE LOG IS NOT CONSISTENT")
    [evidence] = served.home.glob("evidence-*")
    assert str(evidence) in result.errors
    shown = confirm_evidence(evidence, [LOG_KEY.verifier])
    assert shown.convicts is (size >= 300)
    explanation = (evidence / "README.txt").read_text()
    assert str(shown.reason) in explanation
    assert KEY in explanation
    assert (served.home / "checkpoint").read_bytes() == LOG.note(300).encode()


def test_the_lie_is_in_json_too_and_in_chinese(served: Served, run: Run) -> None:
    served.serve(LOG, 300)
    served.monitor()
    served.serve(FORK, 400)
    result = served.monitor("--json")
    report = json.loads(result.output)
    assert result.status == REFUSED
    assert (report["consistent"], report["convicts"]) == (False, True)
    assert Path(report["evidence"]).is_dir()


def test_without_once_it_stops_at_the_first_lie(run: Run, tmp_path: Path) -> None:
    with served_files(FORK.files(400)) as address:
        home = tmp_path / "monitor"
        assert run("monitor", address, "--key", KEY, "--home", str(home), "--once").status == DONE
    with served_files(LOG.files(400)) as address:
        result = run("monitor", address, "--key", KEY, "--home", str(home), "--every", "0.1")
        assert result.status == REFUSED


def test_a_log_that_is_down_is_no_lie(served: Served, run: Run, free_port: int) -> None:
    served.serve(LOG, 300)
    served.monitor()
    served.address = f"http://127.0.0.1:{free_port}"
    result = served.monitor()
    assert result.status == UNAVAILABLE
    assert "cannot be read now" in result.errors
    assert list(served.home.glob("evidence-*")) == []
    warning = json.loads(served.monitor("--json").output)
    assert "cannot be read now" in warning["warning"]


def test_a_missing_tile_is_no_lie(served: Served) -> None:
    served.serve(LOG, 300)
    del served.files["tile/entries/000"]
    result = served.monitor()
    assert result.status == UNAVAILABLE
    assert "tile/entries/000" in result.errors
    assert not (served.home / "checkpoint").exists()


def test_an_old_checkpoint_is_warned_of(served: Served) -> None:
    served.serve(LOG, 300)
    assert served.monitor("--max-age", "3600").errors == ""
    dates = served.home / "dates.json"
    dates.write_text(dates.read_text().replace("20", "19", 2).replace(': "20', ': "19'))
    result = served.monitor("--max-age", "3600")
    assert result.status == DONE
    assert "the same since" in result.errors
    assert json.loads(served.monitor("--max-age", "3600", "--json").output)["old"] is True


@pytest.mark.parametrize("key", ["", "nonsense"])
def test_what_is_no_key_is_wrong_use(run: Run, key: str) -> None:
    result = run("monitor", "http://127.0.0.1:9", "--key", key, "--once")
    assert (result.status, result.output) == (2, "")
