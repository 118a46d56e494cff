"""Tests of archives: all receipts as PDFs in one ZIP, with a list that no spreadsheet runs."""

import csv
import io
from zipfile import ZipFile

import pytest

from charity.receipts.archive import RECEIPTS_AT_ONCE, check_archive, receipt_archive
from charity.receipts.issuing import issue_receipts, void_receipt
from charity.receipts.lists import GiftFilter, receipts_for
from ledger.log import Ledger
from ledger.messages import Refused
from public_site.downloads import csv_text
from tests.charity.receipts.receipts import GOODS, PRINTING, given
from tests.conftest import ORGANISATION
from tests.ledger.entries import append_gifts

DAY = "2026-02-01"


async def archived(ledger: Ledger) -> list[bytes]:
    positions = await receipts_for(ORGANISATION, GiftFilter())
    parts = receipt_archive(ledger.vault, positions, PRINTING, csv_text)
    return [part async for part in parts]


def rows_of(archive: bytes) -> list[list[str]]:
    with ZipFile(io.BytesIO(archive)) as files:
        text = files.read("receipts.csv").decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


async def test_an_archive_holds_every_receipt_and_a_list_with_totals(ledger: Ledger) -> None:
    gifts = [
        await given(ledger, "plain", {}),
        await given(ledger, "formula", {"amount": 50}, "=虚构公式()"),
        await given(ledger, "goods", {"amount": 30, "goods": GOODS}),
        await given(ledger, "rare", {"amount": 25}, "虚构\U0002f800"),
        await given(ledger, "other", {"currency": "HKD"}),
    ]
    async with ledger.write() as writer:
        issued = await issue_receipts(writer, ORGANISATION, gifts, DAY)
        await void_receipt(writer, ORGANISATION, issued[0], "虚构原因", DAY)
    archive = b"".join(await archived(ledger))
    with ZipFile(io.BytesIO(archive)) as files:
        assert files.testzip() is None
        names = files.namelist()
        assert all(files.read(name).startswith(b"%PDF") for name in names[:-1])
    assert names == [f"2026-00000{n}.pdf" for n in (1, 2, 3, 5)] + ["receipts.csv"]
    rows = rows_of(archive)
    assert [row[2] for row in rows[1:6]] == ["VOID", "valid", "valid", "valid", "valid"]
    assert [row[3:5] for row in rows[1:6]] == [
        ["100.00", "CNY"],
        ["0.50", "CNY"],
        ["30", "示例瓶装水/箱"],
        ["0.25", "CNY"],
        ["100.00", "HKD"],
    ]
    assert rows[2][5] == "'=虚构公式()"
    assert "U+2F800" in rows[4][9]
    assert rows[6:] == [
        ["Total of the valid ones", "", "", "0.75", "CNY"],
        ["Total of the valid ones", "", "", "100.00", "HKD"],
        ["Total of the valid ones", "", "", "30", "示例瓶装水/箱"],
    ]
    assert archive == b"".join(await archived(ledger)), "the same each time"


async def test_a_large_archive_is_sent_in_parts(ledger: Ledger) -> None:
    count = RECEIPTS_AT_ONCE + 5
    await append_gifts(ledger, 0, count)
    async with ledger.write() as writer:
        await issue_receipts(writer, ORGANISATION, range(count), DAY)
    parts = await archived(ledger)
    assert len(parts) == 3
    assert len(rows_of(b"".join(parts))) == count + 2
    assert max(map(len, parts)) < 0.95 * sum(map(len, parts))


@pytest.mark.parametrize(
    ("count", "told"), [(0, "no receipt"), (10_001, "at most; these are 10001")]
)
def test_an_archive_is_neither_empty_nor_endless(count: int, told: str) -> None:
    with pytest.raises(Refused, match=told):
        check_archive(range(count))
    check_archive(range(1))
