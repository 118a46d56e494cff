"""Tests of receipts as they are handed out: by the page of an entry, and by the operator."""

import asyncio
import json
from pathlib import Path

import httpx
import pytest

from ledger.messages import Refused
from ledger.receipt import RECEIPT_MEDIA_TYPE, Receipt, verify_receipt
from ledger.signing.notes import VerifierKey
from ledger.tables import VaultPage
from public_site.opening import opened
from public_site.settings import Settings
from tests.public_site.city import NEVER_SHOWN, City
from tests.public_site.page_reading import links, read_page
from tests.public_site.running import Run
from tests.public_site.test_commands import CODE, DONE, REFUSED, WRONG_USE
from tests.public_site.test_entry import key_of, places
from tests.public_site.test_import_command import a_list

NAME = "虚构收据人"
ROWS = [("2025-01-01", NAME, "1.50", ""), ("2025-01-02", "爱心人士", "2.50", "")]


@pytest.fixture
def key(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The key of a log with a gift of somebody and one of nobody, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    run("init")
    run("organisation", "add", CODE, "示例社")
    assert run("import", str(a_list(tmp_path / "list.csv", *ROWS)), "--org", CODE).status == DONE
    return run("log-key").output.split()[0]


async def test_every_entry_has_a_receipt_that_names_nobody(
    client: httpx.AsyncClient, city: City
) -> None:
    log_key = await key_of(client)
    for place in places(city):
        response = await client.get(f"/entries/{place}.receipt.json")
        assert response.headers["content-type"].startswith(RECEIPT_MEDIA_TYPE)
        disposition = f'attachment; filename="{place}.receipt.json"'
        assert response.headers["content-disposition"] == disposition
        report = verify_receipt(Receipt.parse(response.content), [log_key])
        assert (report.index, report.donor) == (place, None)
        assert not any(name in response.text for name in NEVER_SHOWN)
    assert (await client.get("/entries/999999.receipt.json")).status_code == 404


async def test_the_checker_is_linked_from_where_receipts_are(client: httpx.AsyncClient) -> None:
    for language in ("zh", "en"):
        entry = links(read_page((await client.get(f"/{language}/entries/0")).text))
        assert {f"/{language}/receipt", "/entries/0.receipt.json"} <= set(entry)
        check = links(read_page((await client.get(f"/{language}/check")).text))
        assert f"/{language}/receipt" in check


async def test_the_checker_comes_as_a_file_with_its_policy(client: httpx.AsyncClient) -> None:
    shown = await client.get("/en/receipt")
    kept = await client.get("/en/receipt-checker.html")
    assert kept.headers["content-disposition"].startswith("attachment")
    assert not kept.headers["content-type"].startswith("text/html"), "never shown on the site"
    assert "connect-src 'none'" in shown.headers["content-security-policy"]
    page = read_page(kept.text)
    [policy] = [each for each in page.every("meta") if each.get("http-equiv")]
    assert "connect-src 'none'" in policy.get("content")
    assert [each.get("src") for each in page.every() if each.get("src")] == []
    assert list(page.every("link")) == []
    assert str(await key_of(client)) in kept.text


def test_a_receipt_is_checked_offline_by_command(run: Run, key: str, tmp_path: Path) -> None:
    assert run("receipt", "0").status == DONE
    result = run("verify", "0.receipt.json", "--key", key, CHARITY_HOME=str(tmp_path / "no"))
    assert result.status == DONE
    assert "1.50" in result.output
    assert NAME not in result.output
    assert "!" not in result.output
    alone = run("verify", "0.receipt.json")
    assert alone.status == DONE
    assert "agrees with itself" in alone.output


def test_with_the_opening_only_its_owner_reads_it(run: Run, key: str, tmp_path: Path) -> None:
    result = run("receipt", "0", "--opening", "-o", "gift.receipt.json", "--json")
    assert json.loads(result.output) == {
        "position": 0,
        "file": "gift.receipt.json",
        "opening": True,
    }
    file = tmp_path / "gift.receipt.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert verify_receipt(Receipt.parse(file.read_bytes()), [VerifierKey.parse(key)]).donor == NAME
    assert NAME in run("verify", str(file), "--key", key).output
    renamed = file.rename(tmp_path / "gift.receipt (1).json")
    renamed.write_bytes(renamed.read_bytes().replace(NAME.encode(), NAME[:-1].encode()))
    forged = run("verify", str(renamed), "--key", key)
    assert (forged.status, forged.output) == (REFUSED, "")


def test_the_command_never_prints_the_name(run: Run, key: str) -> None:
    result = run("receipt", "0", "--opening")
    assert result.status == DONE
    assert NAME not in result.output + result.errors


def test_a_gift_of_nobody_cannot_be_opened(run: Run, key: str, tmp_path: Path) -> None:
    result = run("receipt", "1", "--opening")
    assert (result.status, result.output) == (REFUSED, "")
    assert run("receipt", "1").status == DONE


def test_what_the_vault_forgot_cannot_be_opened(
    run: Run, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def forget() -> None:
        async with opened(Settings(home=tmp_path / "home", database="")):
            await VaultPage.delete(force=True)

    asyncio.run(forget())
    result = run("receipt", "0", "--opening")
    assert (result.status, result.output) == (REFUSED, "")
    assert "erased" in result.errors
    assert not (tmp_path / "0.receipt.json").exists()
    assert run("receipt", "0").status == DONE


def test_no_file_is_overwritten_and_no_entry_invented(run: Run, key: str, tmp_path: Path) -> None:
    (tmp_path / "0.receipt.json").write_text("kept")
    assert run("receipt", "0").status == WRONG_USE
    assert (tmp_path / "0.receipt.json").read_text() == "kept"
    assert run("receipt", "99").status == WRONG_USE
    assert run("receipt", "9" * 30).status == WRONG_USE
    assert run("receipt", "-1").status == WRONG_USE


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b"[" * 2_000_000])
def test_what_is_no_receipt_is_refused(run: Run, key: str, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.receipt.json").write_bytes(content)
    result = run("verify", "x.receipt.json", "--key", key)
    assert (result.status, result.output) == (REFUSED, "")
    with pytest.raises(Refused):
        Receipt.parse(content)
