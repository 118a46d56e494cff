"""Tests of `charity demo`: the same city each time, whole or not at all, never in a real ledger."""

import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from charity.sample.building import SampleCity
from charity.sample.city import plan
from ledger.kinds import KINDS
from ledger.vault.reading import THANKS_MIN
from public_site.commands.demo import UNFINISHED, build_sample
from public_site.settings import Settings
from tests.public_site.running import Run, environment, run_apart

GIFTS = 2_000
SECONDS_MAX = 120
PLEDGES = "(SELECT position FROM ledger_movement WHERE kind = 'pledge')"
NEGATIVE = """
SELECT account FROM ledger_balance WHERE amount < 0 AND (account LIKE 'funds/%'
 OR account LIKE 'goods/%' OR account LIKE 'trusts/%')
"""
SMALL_CITY = f"""
from charity.sample.city import plan
from public_site.commands import main
plan()["gifts"], plan()["years"] = {GIFTS}, 1
main(["demo", "--no-serve"])
"""


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the sample city small in this process."""
    monkeypatch.setitem(plan(), "gifts", GIFTS)
    monkeypatch.setitem(plan(), "years", 1)


def read(home: Path, query: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(home / "charity.sqlite")
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def root(home: Path) -> str:
    """Return the root hash of the newest checkpoint."""
    [(note,)] = read(home, "SELECT note FROM ledger_checkpoint ORDER BY size DESC LIMIT 1")
    return str(note).splitlines()[2]


def build_apart(home: Path, seed: str) -> "subprocess.Popen[bytes]":
    """Build a small city in a process whose sets and dictionaries are ordered by another seed."""
    return subprocess.Popen(
        [sys.executable, "-c", SMALL_CITY],
        env=environment(home, PYTHONHASHSEED=seed),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def test_the_city_is_always_the_same_and_whole(run: Run, tmp_path: Path) -> None:
    homes = [tmp_path / "one", tmp_path / "two"]
    for home, seed in zip(homes, ("1", "2"), strict=True):
        assert build_apart(home, seed).wait(SECONDS_MAX) == 0
    assert root(homes[0]) == root(homes[1])
    assert (homes[0] / "vault.key").read_bytes() != (homes[1] / "vault.key").read_bytes()
    assert {path.name for path in homes[0].iterdir()} == {
        "charity.sqlite",
        "log-signing.key",
        "signed.sqlite",
        "vault-pages.key",
        "vault.key",
    }
    _check_content(homes[0])
    log, settings = tmp_path / "log", {"CHARITY_HOME": str(homes[0])}
    assert run("export-log", str(log), **settings).status == 0
    key = run("log-key", **settings).output.strip()
    assert run("verify", str(log), "--key", key).status == 0
    assert run("audit", **settings).status == 0
    assert run("rebuild", **settings).status == 0


def _check_content(home: Path) -> None:
    bodies = [row[0] for row in read(home, "SELECT body FROM ledger_entry")]
    kinds = Counter(msgspec.json.decode(body)["kind"] for body in bodies)
    assert kinds.keys() == KINDS.keys() - {
        "disclosure",
        "statement",
        "seal",
        "key_rotation",
        "erasure",
    }, "every kind that a report makes"
    _check_promises(home)
    assert kinds["donation"] + kinds["onward_transfer"] >= GIFTS * 9 // 10
    names = [str(row[0]) for row in read(home, "SELECT name FROM charity_organisation")]
    assert len(names) > 11
    assert all("示例" in name or "虚构" in name for name in names)
    codes_valid = {row[0] for row in read(home, "SELECT code_valid FROM charity_organisation")}
    assert codes_valid == {1}


def _check_promises(home: Path) -> None:
    """Check that the city has one of everything that a reader is to meet."""
    movements = "SELECT count(*) FROM ledger_movement WHERE "
    for condition, least in (
        ("unit = 'HKD'", 1),
        ("unit = 'USD' AND kind = 'expenditure'", 1),
        ("unit = 'goods:示例儿童绘本/册' AND kind = 'goods_donation'", 1),
        ("unit = 'goods:示例儿童绘本/册' AND kind = 'goods_distribution'", 1),
        (f"kind = 'donation' AND refers_to IN {PLEDGES}", 2),
        ("kind = 'onward_transfer' AND other_organisation IS NOT NULL", 1),
        ("kind = 'trust_contribution'", 2),
        ("kind = 'trust_distribution' AND other_organisation IS NOT NULL", 1),
        ("kind = 'trust_distribution' AND other_organisation IS NULL", 1),
    ):
        [(count,)] = read(home, movements + condition)
        assert count >= least, condition
    entries = {
        position: msgspec.json.decode(body)
        for position, body in read(home, "SELECT position, body FROM ledger_entry")
    }
    pledge = next(entry for entry in entries.values() if entry["kind"] == "pledge")
    paid = [entry["facts"] for entry in entries.values() if "pledge" in entry["facts"]]
    assert sum(facts["amount"] for facts in paid) == pledge["facts"]["amount"]
    place, reversal = next(each for each in entries.items() if each[1]["kind"] == "reversal")
    right, wrong = entries[place + 1], entries[reversal["facts"]["refers_to"]]
    assert right["facts"] == wrong["facts"] | {"amount": wrong["facts"]["amount"] // 10}
    lasting = Counter(
        entry["facts"]["donor"]["reference"]
        for entry in entries.values()
        if entry["facts"].get("donor", {}).get("visibility") == "pseudonymous"
    )
    assert list(lasting.values()) == [2], "a pseudonymous donor who gives again"
    assert len(read(home, "SELECT 1 FROM vault_thanks")) == THANKS_MIN
    assert not read(home, NEGATIVE), "no fund below zero"


def test_demo_never_goes_into_a_real_ledger(run: Run, tmp_path: Path) -> None:
    assert run("init").status == 0
    before = (tmp_path / "home" / "charity.sqlite").read_bytes()
    result = run("demo", "--no-serve")
    assert (result.status, result.output) == (1, "")
    assert "real ledger" in result.errors
    assert (tmp_path / "home" / "charity.sqlite").read_bytes() == before


def test_demo_wants_a_file_not_a_server(run: Run) -> None:
    result = run("demo", "--no-serve", CHARITY_DATABASE="postgresql://host.invalid/city")
    assert result.status == 1
    assert "CHARITY_DATABASE" in result.errors


def interrupted_after(steps: int) -> Callable[[SampleCity, Callable[[int, int], None]], object]:
    """Return a way of building that stops after some steps, as Ctrl+C does."""
    build = SampleCity.build

    async def interrupted(self: SampleCity, on_progress: Callable[[int, int], None]) -> None:
        def stop(done: int, total: int) -> None:
            if done >= steps:
                raise KeyboardInterrupt
            on_progress(done, total)

        await build(self, stop)

    return interrupted


def test_an_interrupted_city_is_built_anew_and_then_kept(
    run: Run, small: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    settings = Settings(home=home, database="")
    with monkeypatch.context() as patch:
        patch.setattr(SampleCity, "build", interrupted_after(3))
        with pytest.raises(KeyboardInterrupt):
            build_sample(settings)
    assert (home / f"charity.sqlite{UNFINISHED}").exists(), "the test must interrupt the building"
    assert not (home / "charity.sqlite").exists()
    assert build_sample(settings) > GIFTS
    assert {path.name for path in home.glob("charity*")} == {"charity.sqlite"}
    before = (home / "charity.sqlite").read_bytes()
    again = run("demo", "--no-serve")
    assert (again.status, "invented" in again.output) == (0, True)
    assert (home / "charity.sqlite").read_bytes() == before


def test_serve_without_a_log_says_so_before_it_starts(tmp_path: Path) -> None:
    result = run_apart(tmp_path / "home", "serve")
    assert result.status == 2
    assert "charity init" in result.errors
    assert "Traceback" not in result.errors


def test_the_whole_city_is_built_as_it_is_shipped(tmp_path: Path) -> None:
    """The other tests build a smaller one: the shipped lists must pass the checks too."""
    settings = Settings(home=tmp_path / "home", database="")
    assert build_sample(settings) > 20_000
