"""Tests of the column of credit codes: what it holds, whom it tells apart, when it stops a list."""

from pathlib import Path

import pytest

from charity.donors.enrolment import donor_digest_of_code
from charity.organisations.uscc import complete_code
from charity.reporting.cells import Cell, Unreadable
from charity.reporting.credit_codes import credit_code
from charity.reporting.donation_list import read_donation_list
from charity.reporting.workbooks import Sheet, Workbook
from ledger.kinds.donation import Visibility
from ledger.log import Ledger
from ledger.vault.reading import known_donors
from tests.charity.importing import run_import, told
from tests.charity.lists import TODAY, codes, read, write_csv
from tests.conftest import ORGANISATION
from tests.ledger.entries import stored_bodies, stored_entries

FIRST, SECOND = complete_code("91440300MA500000"), complete_code("92440300MA500001")
WRONG = FIRST[:-1] + ("1" if FIRST[-1] == "0" else "0")
HEADER = "捐赠日期,捐赠人,金额,捐赠人信用代码"


def write_list(folder: Path, *rows: str, name: str = "list.csv") -> Path:
    return write_csv(folder / name, HEADER, *(f"2025-12-01,{row}" for row in rows))


@pytest.mark.parametrize(
    "cell", [FIRST, f" {FIRST.lower()}\u3000", f"CN-USCI-{FIRST}", " ".join(FIRST)]
)
def test_a_code_is_read_in_any_form(cell: Cell) -> None:
    assert credit_code(cell) == FIRST


@pytest.mark.parametrize("cell", ["", " ", "/", "-", "无", "\u200b"])
def test_a_blank_cell_is_no_code(cell: Cell) -> None:
    assert credit_code(cell) is None


@pytest.mark.parametrize(
    "cell",
    [WRONG, FIRST[:-1], "示例", "110101199001010000", 914403001234567.0, 0.0, True, "9" * 10_000],
)
def test_anything_else_is_a_problem_that_does_not_show_it(cell: Cell) -> None:
    with pytest.raises(Unreadable) as caught:
        credit_code(cell)
    assert (caught.value.code, caught.value.found) == ("code_invalid", "")


@pytest.mark.parametrize(
    "header",
    [
        "统一社会信用代码",
        "捐赠人信用代码",
        "社会信用代码",
        "Credit Code",
        "USCC",
        "捐赠方 信用代码",
    ],
)
def test_the_column_is_recognised(tmp_path: Path, header: str) -> None:
    path = write_csv(
        tmp_path / "a.csv", f"捐赠日期,捐赠人,金额,{header}", f"2025-01-02,虚构甲,1,{FIRST}"
    )
    assert [row.code for row in read(path).rows] == [FIRST]


def test_the_column_of_recipients_is_not(tmp_path: Path) -> None:
    path = write_csv(
        tmp_path / "a.csv", "捐赠日期,捐赠人,金额,受赠方信用代码", f"2025-01-02,虚构甲,1,{FIRST}"
    )
    assert [row.code for row in read(path).rows] == [None]


def test_an_invalid_code_stops_the_list_until_it_is_accepted(tmp_path: Path) -> None:
    path = write_list(tmp_path, f"示例公司,1,{WRONG}", f"示例公司,2,{FIRST}", "虚构甲,3,")
    gifts = read(path)
    assert codes(gifts) == [("code_invalid", "D2")]
    assert WRONG not in str(gifts.problems[0])
    assert gifts.total_fen == 600
    accepted = read(path, "code")
    assert [(row.code, row.accepted) for row in accepted.rows] == [
        (None, "code"), (FIRST, None), (None, None),
    ]  # fmt: skip


def test_a_code_merged_over_several_rows_holds_for_all() -> None:
    rows: list[list[Cell]] = [
        ["捐赠日期", "捐赠人", "金额", "信用代码"],
        ["2025-01-02", "示例公司", 1.0, FIRST],
        ["2025-01-02", "示例公司", 2.0, ""],
    ]
    sheet = Sheet("一", rows, merged=[((1, 3), (2, 3))])
    gifts = read_donation_list(Workbook("a.xlsx", "0" * 64, [sheet]), today=TODAY)
    assert [row.code for row in gifts.rows] == [FIRST, FIRST]


async def test_a_code_tells_an_organisation_apart_whatever_its_name(
    ledger: Ledger, tmp_path: Path
) -> None:
    rows = (f"示例贸易有限公司,1,{FIRST}", f"示例商行,2,{SECOND}", f"示例商贸公司,3,{FIRST}")
    result = await run_import(ledger, write_list(tmp_path, *rows))
    assert told(result) == (3, 0, [])
    later = write_list(tmp_path, f"示例贸易（改名）有限公司,4,{FIRST}", name="later.csv")
    assert told(await run_import(ledger, later)) == (1, 0, [])
    donors = [entry.facts.donor for entry in await stored_entries()]
    assert donors[0] == donors[2] == donors[3]
    assert donors[1].reference != donors[0].reference
    assert {donor.visibility for donor in donors} == {Visibility.NAMED}
    known = await known_donors(ledger.vault, [donors[1].reference])
    assert known[donors[1].reference].identity.name == "示例商行"


async def test_a_code_never_stands_in_the_log(ledger: Ledger, tmp_path: Path) -> None:
    rows = (f"示例有限公司,1,{FIRST}", f"虚构甲,2,{WRONG}")
    assert told(await run_import(ledger, write_list(tmp_path, *rows), ["code"]))[0] == 2
    for body in await stored_bodies():
        assert FIRST.encode() not in body
        assert WRONG.encode() not in body


async def test_the_same_name_with_and_without_a_code_are_two_donors(
    ledger: Ledger, tmp_path: Path
) -> None:
    rows = (f"示例有限公司,1,{FIRST}", "示例有限公司,2,", f"示例有限公司,3,{SECOND}")
    await run_import(ledger, write_list(tmp_path, *rows))
    references = {entry.facts.donor.reference for entry in await stored_entries()}
    assert len(references) == 3
    assert donor_digest_of_code(ledger.vault, FIRST) != donor_digest_of_code(ledger.vault, SECOND)


async def test_a_charity_with_a_code_passes_its_money_on(ledger: Ledger, tmp_path: Path) -> None:
    result = await run_import(ledger, write_list(tmp_path, f"示例慈善会,5,{FIRST}"))
    assert (result.transferred_rows, result.transferred_fen) == (1, 500)
    assert [entry.kind for entry in await stored_entries()] == ["onward_transfer"]


async def test_a_row_that_names_nobody_stays_without_a_name(ledger: Ledger, tmp_path: Path) -> None:
    result = await run_import(
        ledger, write_list(tmp_path, f"爱心人士,1,{FIRST}", f",2,{FIRST}"), ["anonymous"]
    )
    assert told(result) == (2, 0, [])
    donors = [entry.facts.donor for entry in await stored_entries()]
    assert [donor.commitment for donor in donors] == [None, None]


async def test_a_code_that_cannot_be_the_donors_stops_the_list(
    ledger: Ledger, tmp_path: Path
) -> None:
    own = write_list(tmp_path, f"虚构甲,1,{ORGANISATION}")
    assert told(await run_import(ledger, own, ["code"])) == (0, 0, ["code_of_recipient"])
    shared = write_list(tmp_path, f"虚构甲,1,{FIRST}", f"虚构乙,1,{FIRST}")
    assert told(await run_import(ledger, shared, ["code"])) == (0, 0, ["code_shared"])
    result = await run_import(ledger, shared, columns={"捐赠人信用代码": "ignore"})
    assert told(result) == (2, 0, [])
    assert {entry.facts.donor.visibility for entry in await stored_entries()} == {
        Visibility.ANONYMOUS
    }
