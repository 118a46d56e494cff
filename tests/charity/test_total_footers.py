"""Provides tests of footers in Chinese capitals and of what is said of a total that agrees."""

from pathlib import Path

import pytest

from charity.reporting.donation_list import DonationList
from tests.charity.lists import HEADER, codes, gift, noticed, read, write_csv, write_xlsx


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "list.xlsx"


def said(gifts: DonationList, code: str) -> list[str]:
    return [notice.message.text() for notice in gifts.notices if notice.code == code]


FOOTERS = [
    [["合计：人民币叁佰元整（¥300.00）"]],
    [["", "合计：人民币叁佰元整（¥300.00）"]],
    [["", "", "合计：人民币叁佰元整（¥300.00）"]],
    [["合计（大写）", "", "叁佰元整"]],
    [["合计（大写）", "叁佰元整", 300]],
    [["合计（大写）", "叁佰元整", "¥300.00"]],
    [["大写", "叁佰元整"]],
    [["大写：", "叁佰元整", "小写：", "¥300.00"]],
    [["合计", "", 300], ["大写：叁佰元整"]],
    [["大写：叁佰元整"], ["合计", "", 300]],
    [["人民币（大写）", "叁佰圆正", 300], ["合计", "", 300]],
    [["", "叁佰元整"]],
    [["共2笔，合计人民币叁佰元整"]],
]


@pytest.mark.parametrize("footer", FOOTERS)
def test_totals_in_capitals_are_totals_and_no_gifts(file: Path, footer: list[list[object]]) -> None:
    gifts = read(write_xlsx(file, [HEADER, gift(), gift(amount=200), *footer]))
    assert (codes(gifts), len(gifts.rows), gifts.stated_total_fen) == ([], 2, 30_000)
    assert "total_agrees" in noticed(gifts)


@pytest.mark.parametrize("footer", FOOTERS)
def test_totals_in_capitals_that_differ_are_told_once_a_cell(
    file: Path, footer: list[list[object]]
) -> None:
    gifts = read(write_xlsx(file, [HEADER, gift(), gift(amount=100), *footer]))
    found = codes(gifts)
    assert {code for code, _ in found} == {"total_differs"}
    assert len(set(found)) == len(found) <= len(footer)
    assert (len(gifts.rows), codes(read(file, "total"))) == (2, [])


def test_capitals_that_contradict_their_digits_differ(file: Path) -> None:
    rows = [HEADER, gift(), gift(amount=200), ["合计（大写）", "贰佰元整", 300]]
    assert codes(read(write_xlsx(file, rows))) == [("total_differs", "B4")]


def test_a_gift_whose_row_says_its_amount_in_capitals_too_stays_a_gift(file: Path) -> None:
    rows = [[*HEADER, "大写"], [*gift(), "壹佰元整"], [*gift(donor=""), "壹佰元整"]]
    gifts = read(write_xlsx(file, rows), "anonymous")
    assert (len(gifts.rows), gifts.stated_total_fen, gifts.problems) == (2, None, [])


def test_rows_left_out_are_told_beside_the_total(file: Path) -> None:
    rows = [HEADER, gift(), gift(amount=200, day="昨天"), ["合计", "", 300]]
    gifts = read(write_xlsx(file, rows), "skip")
    (text,) = said(gifts, "total_agrees_skipped")
    assert "300.00 yuan, agrees with all 2 rows; 1 of them, 200.00 yuan, are left out" in text
    assert text.endswith("so 100.00 yuan go in.")
    assert "total_agrees" not in noticed(gifts)


def test_open_rows_are_told_beside_the_total(file: Path) -> None:
    rows = [HEADER, gift(), gift(amount=200, day="昨天"), ["合计", "", 300]]
    gifts = read(write_xlsx(file, rows))
    assert said(gifts, "total_agrees_open") == [
        "The stated total agrees with all 2 rows; 1 of them are open."
    ]
    assert "total_agrees" not in noticed(gifts)


@pytest.mark.parametrize("accept", [(), ("skip",)])
def test_a_total_without_what_never_came_agrees(file: Path, accept: tuple[str, ...]) -> None:
    rows = [[*HEADER, "状态"], [*gift(), "成功"], [*gift(amount=50), "已退款"], ["合计", "", 100]]
    gifts = read(write_xlsx(file, rows), *accept)
    assert codes(gifts) == ([] if accept else [("not_received", "E3")])
    assert "total_agrees_without" in noticed(gifts)


def test_a_total_waits_while_amounts_are_not_known(file: Path) -> None:
    rows = [HEADER, gift(), gift(amount="若干"), ["合计", "", 100]]
    assert {"total_unchecked"} == noticed(read(write_xlsx(file, rows)))


@pytest.mark.parametrize(
    ("footer", "silent"), [(["合计", "", 100], False), (["共1笔"], True), ([], True)]
)
def test_a_list_that_states_no_total_is_told(
    file: Path, footer: list[object], silent: bool
) -> None:
    gifts = read(write_xlsx(file, [HEADER, gift(), footer]))
    assert ("no_total" in noticed(gifts)) is silent


def test_a_total_that_cannot_be_read_is_not_called_absent(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "list.csv", "日期,姓名,金额", "2020-01-22,虚构甲,1", "合计,,若干")
    gifts = read(path)
    assert codes(gifts) == [("total_unreadable", "C3")]
    assert "no_total" not in noticed(gifts)
