"""Provides tests on real published lists, which are not part of the repository.

Only counts and totals are asserted: the lists hold names of people.
"""

from pathlib import Path

import pytest

from ledger.messages import Refused
from tests.charity.lists import codes, noticed, read

FOLDER = Path(__file__).parents[3] / "shared" / "data" / "red_cross_2020"

pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="the published lists (../shared/data/red_cross_2020) are absent"
)


def _file(part: str) -> Path:
    (path,) = FOLDER.glob(f"*{part}*")
    return path


@pytest.mark.parametrize(
    ("part", "rows", "fen", "cell"),
    [
        ("donate01", 60, 348_223_211, "D65"),
        ("donate03", 1_995, 15_396_731_614, "D1999"),
        ("donate04", 1_995, 15_396_731_614, "D1999"),
        ("donate08", 2_860, 2_976_311_798, "D2864"),
        ("2020年1月24日.xlsx", 1_207, 21_078_319, "D1208"),
    ],
)
def test_lists_agree_with_their_own_total(part: str, rows: int, fen: int, cell: str) -> None:
    gifts = read(_file(part))
    assert (len(gifts.rows), gifts.total_fen, gifts.problems) == (rows, fen, [])
    assert (gifts.stated_total_fen, gifts.stated_total_cell) == (fen, cell)
    assert "total_agrees" in noticed(gifts)


@pytest.mark.parametrize(
    ("part", "rows", "fen"),
    [("副本", 1_207, 21_078_319), ("2020年2月13日", 1_648, 45_358_911), ("云闪付", 568, 3_945_856)],
)
def test_lists_without_a_total(part: str, rows: int, fen: int) -> None:
    gifts = read(_file(part))
    assert (len(gifts.rows), gifts.total_fen, gifts.problems) == (rows, fen, [])
    assert gifts.stated_total_fen is None
    assert all(row.time for row in gifts.rows)
    assert len({row.day for row in gifts.rows}) == 1


def test_two_files_are_one_list() -> None:
    first, second = read(_file("donate03")), read(_file("donate04"))
    assert first.rows == second.rows
    assert first.file_digest != second.file_digest


def test_a_copy_holds_the_same_transaction_ids() -> None:
    first, second = read(_file("2020年1月24日.xlsx")), read(_file("副本"))
    assert {row.transaction for row in first.rows} == {row.transaction for row in second.rows}
    assert len({row.transaction for row in first.rows}) == 1_207


def test_names_handed_on_are_told_apart() -> None:
    payers = [row.payer for row in read(_file("donate08")).rows if row.payer]
    assert len(payers) == 60


def test_a_year_in_the_file_name_is_not_used() -> None:
    gifts = read(_file("农业银行"))
    assert codes(gifts) == [("year_unknown", "A2")]
    assert "2019" in gifts.problems[0].message.text()
    assert gifts.problems[0].accept is None
    assert gifts.rows == []


@pytest.mark.parametrize("given", ["2020", "2020-01-28", "2020-01-22/2020-01-28"])
def test_a_confirmed_year(given: str) -> None:
    gifts = read(_file("农业银行"), given=given)
    assert (len(gifts.rows), gifts.total_fen, gifts.problems) == (745, 6_160_958_505, [])
    assert gifts.stated_count == 746
    assert {"count_differs", "total_agrees"} <= noticed(gifts)
    periods = {(row.period_start.isoformat(), row.day.isoformat()) for row in gifts.rows
               if row.period_start}  # fmt: skip
    assert periods == {("2020-01-22", "2020-01-28")}


def test_a_confirmed_day_must_agree_with_the_title() -> None:
    assert codes(read(_file("农业银行"), given="2020-01-27")) == [("date_differs", "A2")]


def test_gifts_without_a_donor() -> None:
    gifts = read(_file("支付宝"))
    assert codes(gifts) == [("donor_missing", "A222"), ("donor_missing", "A458")]
    accepted = read(_file("支付宝"), "anonymous")
    assert (len(accepted.rows), accepted.total_fen) == (502, 16_654_800)
    assert accepted.problems == []
    assert [row.row for row in accepted.rows if row.accepted == "anonymous"] == [222, 458]


def test_a_partial_list_with_text_amounts() -> None:
    gifts = read(_file("现金公示"))
    assert (len(gifts.rows), gifts.problems) == (101, [])
    assert {row.day.isoformat() for row in gifts.rows} == {"2020-02-01"}
    assert {"total_partial", "year_inferred", "rows_below_table"} <= noticed(gifts)


@pytest.mark.parametrize("part", ["物资公示", "物资一览表"])
def test_goods_are_refused(part: str) -> None:
    with pytest.raises(Refused, match="list of goods"):
        read(_file(part))
