"""Tests of `charity erase` and `charity consent`: no byte anywhere still has the name."""

import asyncio
import base64
import json
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from secrets import token_bytes
from urllib.parse import quote

import httpx
import pytest

from charity.donors.enrolment import Choice, Giver, enrol_giver, record_consent
from charity.organisations.registry import add_organisation
from ledger.kinds.donation import DonationFacts
from ledger.signing.keys import read_vault_key
from ledger.vault.page_keys import PAGE_KEYS_FILE, PageKeys
from ledger.vault.vault import Vault
from public_site.opening import initialise, opened
from public_site.settings import Settings
from tests.charity.importing import run_import, write_list
from tests.conftest import ORGANISATION, TestClock
from tests.ledger.entries import IDENTIFIER, requested
from tests.public_site.running import (
    COMMAND,
    START_SECONDS,
    Result,
    Run,
    environment,
    run_here,
    serving,
)

ERASED = "虚构欧阳晓珊瑚"
OTHER = "虚构端木长青藤"
THANKED = "虚构司徒望海楼"
COMPANY = "示例珊瑚礁科技有限公司"
BASIS = f"示例捐赠表第3条，{ERASED}等同意（虚构）"
DATABASE = "charity.sqlite"
SUMMARIES = ("ledger_balance", "ledger_total", "ledger_movement", "ledger_entry")
PATHS = (
    "/{language}/",
    "/{language}/organisations",
    f"/{{language}}/organisations?q={quote(ERASED)}",
    f"/{{language}}/organisations/{ORGANISATION}",
    f"/{{language}}/organisations/{ORGANISATION}/donations",
    f"/{{language}}/organisations/{ORGANISATION}/donations.csv",
    *(f"/{{language}}/entries/{position}" for position in range(6)),
    *(
        f"/entries/{position}.{ending}"
        for position in range(6)
        for ending in ("json", "tlog-proof")
    ),
    "/checkpoint",
    "/tile/entries/000.p/6",
)


def forms(name: str) -> dict[str, bytes]:
    """Return every sort of bytes that a name may be written in."""
    raw = {
        encoding: name.encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be", "gbk")
    }
    escaped = {
        "percent": quote(name).encode(),
        "percent, small letters": quote(name).lower().encode(),
        "\\u": json.dumps(name)[1:-1].encode(),
        "&#": "".join(f"&#{ord(letter)};" for letter in name).encode(),
        "&#x": "".join(f"&#x{ord(letter):x};" for letter in name).encode(),
    }
    written = {
        **{f"hex of {encoding}": data.hex().encode() for encoding, data in raw.items()},
        **{f"HEX of {encoding}": data.hex().upper().encode() for encoding, data in raw.items()},
    }
    for encoding, data in raw.items():
        for shift in range(3):  # base64 has three alignments; the edges mix with what is around
            encoded = base64.b64encode(bytes(shift) + data)
            written[f"base64 of {encoding}, {shift}"] = encoded[4:-4]
    return {**raw, **escaped, **written}


def places_of(name: str, contents: Mapping[str, bytes]) -> list[str]:
    """Return where a name stands, in whatever form."""
    return [
        f"{place}: {form}"
        for form, data in forms(name).items()
        for place, content in contents.items()
        if data in content
    ]


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def unsealed(home: Path, keys_of: Path) -> dict[str, bytes]:
    """Return everything sealed in the database of a home, opened with the keys of another."""
    key = read_vault_key(keys_of)
    vault = Vault(key, PageKeys(keys_of / PAGE_KEYS_FILE, key), token_bytes)
    opening: dict[str, Callable[[sqlite3.Row], object]] = {
        "vault_page": lambda row: vault.open_page(row["page"], row["sealed"]),
        "vault_remark": lambda row: vault.open_remark(row["position"], row["sealed"]),
        "vault_consent": lambda row: vault.open_basis(row["id"], row["sealed"]),
        "vault_thanks": lambda row: vault.open_thanks(row["page"], row["sealed"]),
    }
    return {
        f"{home.name}: {table}": "\n".join(str(open_row(row)) for row in rows(home, table)).encode()
        for table, open_row in opening.items()
    }


def rows(home: Path, table: str) -> list[sqlite3.Row]:
    with closing(sqlite3.connect(home / DATABASE)) as connection:
        connection.row_factory = sqlite3.Row
        return connection.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()


def summaries(home: Path) -> dict[str, list[tuple[object, ...]]]:
    return {table: [tuple(row) for row in rows(home, table)] for table in SUMMARIES}


async def build(home: Path, folder: Path) -> None:
    """Import a list whose persons agreed to be named; one more is thanked without an amount."""
    settings = Settings(home=home, database="", origin="log.example/city")
    await initialise(settings)
    async with opened(settings, TestClock()) as ledger:
        await add_organisation(ORGANISATION, "示例基金会")
        gifts = (
            f"{ERASED},11,",
            f"{OTHER},12,{ERASED}代付",
            f"{ERASED}转来{OTHER}捐款,13,",
            f"{COMPANY},14,虚构备注",
        )
        path = write_list(folder, *gifts, name=f"{ERASED}.csv")
        assert (await run_import(ledger, path, consent=BASIS)).appended == 4
        async with ledger.write() as writer:
            consent = await record_consent(ledger.vault, "示例（虚构）", writer.recorded_at)
            giver, choice = Giver(THANKED), Choice.WITHOUT_AMOUNT
            donor = await enrol_giver(ledger.vault, writer, IDENTIFIER, giver, choice, consent)
            facts = DonationFacts(amount=7_654_321, donor=donor, fund="general")
            await writer.append([requested("donation", facts, "thanked")])


@dataclass(frozen=True)
class Place:
    """A home, the folder around it, and the address of its site."""

    folder: Path
    home: Path
    address: str

    def pages(self) -> dict[str, bytes]:
        """Return what the site answers, in both languages."""
        answers = {}
        with httpx.Client(base_url=self.address) as client:
            for path in {path.format(language=one) for path in PATHS for one in ("zh", "en")}:
                answers[path] = client.get(path).content
        return answers

    def run(self, *arguments: str, typed: str = "") -> Result:
        """Run a command in a process of its own, typing into it."""
        done = subprocess.run(
            [COMMAND, *arguments],
            input=typed,
            env=environment(self.home),
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    home, lists = tmp_path / "home", tmp_path / "lists"
    lists.mkdir()
    asyncio.run(build(home, lists))
    shutil.rmtree(lists)
    with serving(home, tmp_path / "served.log") as address:
        yield Place(tmp_path, home, address)


@pytest.mark.parametrize("by", ["name", "entry"])
def test_no_byte_anywhere_still_has_the_name(place: Place, by: str) -> None:
    before = place.pages()
    shown = places_of(ERASED, before)
    assert {f"/zh/entries/{number}: utf-8" for number in (0,)} <= set(shown)
    assert any(path.startswith("/zh/organisations/") and ".csv" in path for path in shown)
    proof = place.folder / "0.tlog-proof"
    entry = place.folder / "0.json"
    entry.write_bytes(before["/entries/0.json"])
    proof.write_bytes(before["/entries/0.tlog-proof"])
    sums = summaries(place.home)
    backup = Path(shutil.copytree(place.home, place.folder / "backup"))
    outputs = {}
    if by == "name":
        outputs["erase"] = place.run("erase", "--yes", "--json", typed=f"{ERASED}\n\n")
    else:
        outputs["erase"] = place.run("erase", "--yes", "--json", "--entry", "0")
        outputs["again"] = place.run("erase", "--yes", typed=f"{ERASED}\n\n")
    assert {name: result.status for name, result in outputs.items()} == dict.fromkeys(outputs, 0)
    told = json.loads(outputs["erase"].output)
    assert (told["donors"], told["position"]) == (1, 5)
    outputs["export"] = place.run("export-log", str(place.folder / "log"))
    key = place.run("log-key").output.strip()
    outputs["verify"] = place.run("verify", str(place.folder / "log"), "--key", key)
    outputs["proof"] = place.run("verify", str(entry), str(proof), "--key", key)
    assert [result.status for result in outputs.values()] == [0] * len(outputs)
    everything = {
        **place.pages(),
        **files_of(place.home),
        **files_of(place.folder / "log"),
        **unsealed(place.home, place.home),
        **unsealed(backup, place.home),
        "server's log": (place.folder / "served.log").read_bytes(),
        **{name: (it.output + it.errors).encode() for name, it in outputs.items()},
    }
    searched = f"/organisations?q={quote(ERASED)}"  # the page repeats what was searched for
    found = [spot for spot in places_of(ERASED, everything) if searched not in spot]
    assert found == []
    _check_the_rest(place, everything, backup)
    now = summaries(place.home)
    extra = 1 if by == "name" else 2
    for table in ("ledger_movement", "ledger_entry"):
        assert now[table][:-extra] == sums[table]
        assert len(now[table]) == len(sums[table]) + extra
    assert [now[table] for table in SUMMARIES[:2]] == [sums[table] for table in SUMMARIES[:2]]


def _check_the_rest(place: Place, everything: Mapping[str, bytes], backup: Path) -> None:
    """The other donors are still shown, and still open out of the old copy."""
    assert OTHER.encode() in everything["/zh/entries/2"]
    assert COMPANY.encode() in everything["/zh/entries/3"]
    assert b"sqlite-wal" not in b"".join(name.encode() for name in files_of(place.home)) or (
        (place.home / f"{DATABASE}-wal").stat().st_size == 0
    )
    with_old_keys = unsealed(backup, backup)
    assert places_of(ERASED, with_old_keys), "the copy held the name under the old keys"
    assert THANKED.encode() in everything["home: vault_thanks"]
    opened = b"".join(data for name, data in everything.items() if name.startswith("backup: "))
    # One of them may share a bucket with what was erased; not all of them.
    assert any(name.encode() in opened for name in (OTHER, COMPANY, THANKED))


def test_erasing_again_erases_nothing(place: Place) -> None:
    assert place.run("erase", "--yes", "--entry", "0").status == 0
    again = place.run("erase", "--yes", "--entry", "0")
    assert (again.status, again.output) == (0, "Nothing was erased.\n")
    assert len(rows(place.home, "ledger_entry")) == 6


def test_a_name_that_is_thanked_stands_beside_no_amount(place: Place) -> None:
    pages = place.pages()
    assert (
        places_of(THANKED, {path: page for path, page in pages.items() if "entries" in path}) == []
    )
    lists = {path: page for path, page in pages.items() if "donations" in path or path == "/zh/"}
    assert places_of(THANKED, lists) == []
    assert b"76,543.21" in pages["/zh/entries/4"]


def test_a_withdrawn_consent_hides_its_names_at_once(place: Place) -> None:
    listed = json.loads(place.run("consent", "list", "--json").output)["consents"]
    assert [(one["number"], one["basis"]) for one in listed] == [(1, BASIS), (2, "示例（虚构）")]
    assert ERASED in place.pages()["/zh/entries/0"].decode()
    assert place.run("consent", "withdraw", "1").status == 0
    pages = place.pages()
    searched = {path: page for path, page in pages.items() if "?q=" not in path}
    assert places_of(ERASED, searched) == []
    assert places_of(OTHER, searched) == []
    assert COMPANY in pages["/zh/entries/3"].decode()
    assert any(ERASED.encode() in data for data in unsealed(place.home, place.home).values())
    again = place.run("consent", "withdraw", "1", "--json")
    assert json.loads(again.output) == {"number": 1, "withdrawn": False}
    assert place.run("consent", "withdraw", "9").status == 1


@pytest.fixture
def run_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    lists = tmp_path / "lists"
    lists.mkdir()
    asyncio.run(build(tmp_path / "home", lists))
    return run_here(monkeypatch, tmp_path / "home")


@pytest.mark.parametrize("position", ["5", "99"])
def test_an_entry_without_a_donor_is_refused(run_in: Run, position: str) -> None:
    result = run_in("erase", "--yes", "--entry", position)
    assert (result.status, result.output) == (1, "")
    assert f"Entry {position} is not there, or has no donor." in result.errors


def test_an_unknown_ground_is_wrong_use(run_in: Run) -> None:
    assert run_in("erase", "--entry", "0", "--ground", "虚构").status == 2


def test_nothing_is_erased_without_a_yes(place: Place) -> None:
    result = place.run("erase", "--entry", "0", typed="n\n")
    assert (result.status, result.output) == (0, "Nothing was erased.\n")
    assert "To be erased: 1 " in result.errors
    assert ERASED in place.pages()["/zh/entries/0"].decode()
