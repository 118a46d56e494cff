"""Provides tests of reading a whole donation list: tables, days, totals, problems."""

from datetime import date
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from charity.reporting.cells import Cell
from charity.reporting.donation_list import read_donation_list
from charity.reporting.headers import Columns, Table, role_of
from charity.reporting.periods import spans_in
from charity.reporting.problems import PROBLEMS
from charity.reporting.table_rows import fill_merged
from charity.reporting.workbooks import Sheet, open_file, read_workbook
from ledger.messages import Refused
from tests.charity.lists import HEADER, TODAY, codes, gift, noticed, read, write_csv, write_xlsx

DAY = date(2020, 1, 22)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "list.xlsx"


# Tables


@pytest.mark.parametrize(
    ("header", "role"),
    [
        ("捐赠(单位/姓名）个人", "donor"),
        ("捐赠（单位/姓名）", "donor"),
        ("捐赠单位及个人", "donor"),
        ("Donor Name", "donor"),
        ("捐赠 金额（万元）", "amount"),
        ("金额(元)", "amount"),
        ("实际捐赠金额", "amount"),
        ("Amount (CNY)", "amount"),
        ("累计金额", None),
        ("收款人姓名", None),
        ("联系电话", None),
        ("到账日期", "day"),
        ("transaction id", "transaction"),
        ("数量总计", "quantity"),
        ("", None),
        ("地区", None),
    ],
)
def test_headers(header: str, role: str | None) -> None:
    found = role_of(header.replace("（", "(").replace("）", ")"))
    assert (found[0] if found else None) == role


def test_title_unit_and_repeated_header_are_no_gifts(file: Path) -> None:
    rows = [["", "示例捐款信息（一）"], ["", "", "", "单位：万元"], [], HEADER, gift(amount=1.5),
            [], HEADER, gift(amount="1,000.25元"), gift(amount="0.01"),
            [" ", "\u200b"]]  # fmt: skip
    rows = [
        [str(cell).replace("（元）", "") if row is HEADER else cell for cell in row] for row in rows
    ]
    gifts = read(write_xlsx(file, rows))
    assert [row.amount_fen for row in gifts.rows] == [1_500_000, 100_025, 10_000]
    assert (gifts.title, gifts.problems) == ("示例捐款信息（一）", [])


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([["单位：万元"], HEADER, gift()], "unit_contradicts"),
        ([["姓名", "金额（美元）"], ["虚构甲", 1]], "currency_foreign"),
        ([["姓名", "金额", "姓名", "金额"], ["虚构甲", 1, "虚构乙", 2]], "column_ambiguous"),
        ([["姓名", "应捐金额", "实捐金额"], ["虚构甲", 1, 2]], "column_ambiguous"),
    ],
)
def test_tables_that_could_be_misread(file: Path, rows: list[list[object]], code: str) -> None:
    gifts = read(write_xlsx(file, rows), given="2020-01-22")
    assert (codes(gifts)[0][0], gifts.rows) == (code, [])


def test_every_sheet_with_a_table_is_read(file: Path) -> None:
    path = write_xlsx(
        file, [HEADER, gift()], [], [["示例说明"]], [HEADER, gift(donor="")],
        [["品名", "数量"], ["示例", 1]], names=["一", "二", "三", "四", "五"],
    )  # fmt: skip
    gifts = read(path)
    assert [(row.sheet, row.row) for row in gifts.rows] == [("一", 2), ("四", 2)]
    assert codes(gifts) == [("donor_missing", "B2")]
    assert {"sheet_without_table", "goods_left_out"} <= noticed(gifts)
    assert codes(read(path, "B2")) == [("donor_missing", "B2")]
    assert codes(read(path, "四!b2")) == []
    assert "accept_unused" in noticed(read(path, "B2"))


@pytest.mark.parametrize("rows", [[["示例"]], [["姓名", "地区"], ["虚构甲", "示例"]]])
def test_a_file_without_a_table(file: Path, rows: list[list[object]]) -> None:
    with pytest.raises(Refused, match="No table"):
        read(write_xlsx(file, rows))


def test_merged_cells_hold_for_all_their_rows() -> None:
    rows: list[list[Cell]] = [
        ["日期", "姓名", "金额"],
        ["2020-01-22", "虚构甲", 1.0],
        ["", "", 2.0],
    ]
    sheet = Sheet("一", rows, merged=[((1, 0), (2, 0)), ((1, 1), (2, 1))])
    fill_merged(Table(sheet, 0, Columns(amount=2, donor=1, day=0), frozenset({0, 1, 2}), 100, None))
    assert rows[2] == ["2020-01-22", "虚构甲", 2.0]


def test_progress_counts_rows(file: Path) -> None:
    calls: list[tuple[int, int]] = []
    path = write_xlsx(file, [HEADER, *[gift()] * 12_000])
    gifts = read_donation_list(
        read_workbook(open_file(path)), today=TODAY, on_progress=lambda *call: calls.append(call)
    )
    assert calls == [(5_000, 12_000), (10_000, 12_000), (12_000, 12_000)]
    assert len(gifts.rows) == 12_000  # identical rows are gifts of their own


# Problems of rows


@pytest.mark.parametrize(
    ("row", "code", "cell"),
    [
        (gift(donor=""), "donor_missing", "B2"),
        (gift(donor="/"), "donor_missing", "B2"),
        (gift(donor="虚" * 2_001), "name_too_long", "B2"),
        (gift(donor="POS 及二维码捐赠汇总"), "aggregate_row", "B2"),
        (gift(amount=""), "amount_missing", "C2"),
        (gift(amount="若干"), "amount_unreadable", "C2"),
        (gift(amount="1e5"), "amount_unreadable", "C2"),
        (gift(amount=-5), "amount_not_positive", "C2"),
        (gift(amount=0), "amount_not_positive", "C2"),
        (gift(amount=1e300), "amount_too_large", "C2"),
        (gift(amount="1e309"), "amount_unreadable", "C2"),
        (gift(amount=1.005), "amount_too_precise", "C2"),
        (gift(day=""), "row_date_missing", "A2"),
        (gift(day="1/2/2020"), "date_unreadable", "A2"),
        (gift(day="2099-01-01"), "date_in_future", "A2"),
        (gift(day="1989-12-31"), "date_too_early", "A2"),
    ],
)
def test_problems_of_a_row(file: Path, row: list[object], code: str, cell: str) -> None:
    path = write_xlsx(file, [HEADER, row, gift()])
    assert codes(read(path)) == [(code, cell)]
    word = PROBLEMS[code].accept
    assert word is not None
    for accept in (word, cell, f"Sheet1!{cell}"):
        gifts = read(path, accept)
        assert (gifts.problems, len(gifts.accepted)) == ([], 1)
        assert (gifts.skipped, len(gifts.rows)) == ((1, 1) if word == "skip" else (0, 2))
        assert "accept_unused" not in noticed(gifts)


def test_all_problems_are_told_at_once(file: Path) -> None:
    path = write_xlsx(file, [HEADER, gift("", "若干", "昨天"), gift(), gift(amount=-1)])
    assert codes(read(path)) == [
        ("amount_unreadable", "C2"),
        ("donor_missing", "B2"),
        ("date_unreadable", "A2"),
        ("amount_not_positive", "C4"),
    ]


def test_every_problem_can_be_said(file: Path) -> None:
    gifts = read(
        write_xlsx(file, [HEADER, gift("", "若干", "昨天"), gift(amount=-1), ["合计", "", 7]])
    )
    for problem in gifts.problems:
        assert problem.message.text()
        assert problem.mend.text()
        assert (problem.sheet, bool(problem.cell)) == ("Sheet1", True)
    assert all(notice.message.text() for notice in gifts.notices)


def test_names_and_payers(file: Path) -> None:
    rows = [HEADER, gift("虚构甲转来虚构乙捐款"), gift(" 虚构\u3000丙\u200b ")]
    gifts = read(write_xlsx(file, rows))
    assert [(row.payer, row.donor) for row in gifts.rows] == [
        ("虚构甲", "虚构乙"),
        (None, "虚构 丙"),
    ]


def test_a_list_without_a_donor_column(file: Path) -> None:
    rows = [["交易单号", "金额"], ["01202001222359590001  ", 1], ["01202001222359590002", 2],
            ["01202001222359590001", 4], ["合计", 7]]  # fmt: skip
    gifts = read(write_xlsx(file, rows), "A4")
    assert [(row.donor, row.day, row.time) for row in gifts.rows] == [(None, DAY, "23:59:59")] * 2
    assert [problem.code for problem in gifts.accepted] == ["transaction_twice"]
    assert (gifts.problems, gifts.skipped, gifts.stated_total_fen) == ([], 1, 700)


def test_an_id_that_was_stored_as_a_number(file: Path) -> None:
    path = write_xlsx(file, [[*HEADER, "流水号"], [*gift(), 1.0202020012423594e29]])
    assert codes(read(path)) == [("transaction_imprecise", "E2")]
    assert read(path, "transaction").rows[0].transaction is None


# Days


def test_days_in_ids_count_only_if_all_ids_agree(file: Path) -> None:
    rows = [["交易单号", "金额"], ["0120200122", 1], ["0120209922", 2]]
    gifts = read(write_xlsx(file, rows))
    assert codes(gifts) == [("date_missing", None)]
    assert [row.day for row in read(file, given="2020-01-28").rows] == [date(2020, 1, 28)] * 2


def test_days_in_ids_that_contradict_the_title_are_not_used(file: Path) -> None:
    rows = [
        ["2020年1月28日示例明细"],
        ["交易单号", "金额"],
        ["8820150315001", 1],
        ["8820150315002", 2],
    ]
    gifts = read(write_xlsx(file, rows))
    assert [row.day for row in gifts.rows] == [date(2020, 1, 28)] * 2
    assert "transaction_days_ignored" in noticed(gifts)


@pytest.mark.parametrize(
    ("above", "start", "day"),
    [
        ("示例明细（2020年02月11日）", None, date(2020, 2, 11)),
        (20200211, None, date(2020, 2, 11)),
        ("2019年12月30日至2020年1月3日", date(2019, 12, 30), date(2020, 1, 3)),
        ("12月30日0时至2020年1月3日", date(2019, 12, 30), date(2020, 1, 3)),
        ("2020年1月22日-28日", date(2020, 1, 22), date(2020, 1, 28)),
        ("2020.1.22—2020.1.28", date(2020, 1, 22), date(2020, 1, 28)),
        ("2020年2月示例明细", date(2020, 2, 1), date(2020, 2, 29)),
        ("截至2020年1月27日24:00", None, date(2020, 1, 27)),
        ("2020年1月27日，制表日期2020-02-03", None, date(2020, 1, 27)),
        ("2020年示例明细（1月27日）", None, date(2020, 1, 27)),
    ],
)
def test_days_in_the_title(file: Path, above: object, start: date | None, day: date) -> None:
    gifts = read(write_xlsx(file, [[above], ["姓名", "金额"], ["虚构甲", 1]]))
    assert [(row.period_start, row.day) for row in gifts.rows] == [(start, day)]


@given(st.dates(date(1990, 1, 1), TODAY), st.dates(date(1990, 1, 1), TODAY))
def test_periods_are_read_from_their_text(first: date, last: date) -> None:
    (span,) = spans_in(f"{first.year}年{first.month}月{first.day}日至{last:%Y.%m.%d}")
    assert (span.start, span.end) == (first.timetuple()[:3], last.timetuple()[:3])


@pytest.mark.parametrize(
    ("below", "given", "problems"),
    [
        (date(2020, 2, 2), None, []),
        ("2021年1月5日", None, []),
        (None, None, ["year_unknown"]),
        (None, "2020", []),
        (None, "2020-02-01", []),
        (None, "2020-02-02", ["date_differs"]),
        (date(2020, 2, 2), "2019", ["date_differs"]),
        (None, "2099", ["list_date_impossible"]),
    ],
)
def test_the_year_of_a_list(
    file: Path, below: object, given: str | None, problems: list[str]
) -> None:
    foot = below.isoformat() if isinstance(below, date) else below
    rows = [["（2月1日）"], ["姓名", "金额"], ["虚构甲", 1], [], [foot]]
    gifts = read(write_xlsx(file, rows), given=given)
    assert [code for code, _ in codes(gifts)] == problems
    assert [row.day for row in gifts.rows] == ([] if problems else [date(2020, 2, 1)])


def test_a_date_only_in_the_file_name_is_asked_for(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "示例2019年1月28日.xlsx", [["姓名", "金额"], ["虚构甲", 1]])
    gifts = read(path)
    assert codes(gifts) == [("date_missing", None)]
    assert "2019年1月28日" in gifts.problems[0].message.text()


def test_several_days_in_the_title_are_asked_for(file: Path) -> None:
    rows = [["2020年1月22日"], ["2020年1月23日"], ["姓名", "金额"], ["虚构甲", 1]]
    assert codes(read(write_xlsx(file, rows))) == [("date_ambiguous", "A1")]
    assert [row.day for row in read(file, given="2020-01-23").rows] == [date(2020, 1, 23)]


def test_dates_of_rows_come_before_a_given_day(file: Path) -> None:
    gifts = read(write_xlsx(file, [HEADER, gift(), gift(day="")]), given="2020-01-28")
    assert [row.day for row in gifts.rows] == [DAY, date(2020, 1, 28)]
    assert "given_day_filled" in noticed(gifts)
    gifts = read(write_xlsx(file, [HEADER, gift()]), given="2020-01-28")
    assert "given_day_unused" in noticed(gifts)


@pytest.mark.parametrize(("given", "problems"), [(None, [("year_unknown", "A2")]), ("2020", [])])
def test_rows_that_tell_no_year(
    file: Path, given: str | None, problems: list[tuple[str, str]]
) -> None:
    gifts = read(write_xlsx(file, [HEADER, gift(day="1月22日"), gift(day="1月22日")]), given=given)
    assert (codes(gifts), len(gifts.rows)) == (problems, 0 if problems else 2)


def test_a_column_headed_time_may_hold_days_and_the_other_way_round(file: Path) -> None:
    path = write_xlsx(file, [["时间", "姓名", "金额"], ["2020-01-22 13:05:06", "虚构甲", 1]])
    assert [(row.day, row.time) for row in read(path).rows] == [(DAY, "13:05:06")]
    rows = [
        ["2020年1月22日"],
        ["捐赠时间", "姓名", "金额"],
        ["13:05:06", "虚构甲", 1],
        ["?", "虚构乙", 1],
    ]
    gifts = read(write_xlsx(file, rows))
    assert [(row.day, row.time) for row in gifts.rows] == [(DAY, "13:05:06"), (DAY, None)]
    assert "time_unreadable" in noticed(gifts)


def test_text_and_workbook_give_the_same_rows(tmp_path: Path, file: Path) -> None:
    workbook = read(write_xlsx(file, [["日期", "姓名", "金额"], ["2020-01-22", "虚构甲", 0.29]]))
    text = read(write_csv(tmp_path / "list.csv", "日期,姓名,金额", "2020-01-22,虚构甲,0.29"))
    assert [row[1:] for row in workbook.rows] == [row[1:] for row in text.rows]


def test_a_hidden_sheet_is_told(file: Path) -> None:
    with xlsxwriter.Workbook(file) as book:
        book.add_worksheet("一").write_row(0, 0, ["示例"])
        hidden = book.add_worksheet("二")
        hidden.write_row(0, 0, HEADER)
        hidden.write_row(1, 0, gift())
        hidden.hide()
        chart = book.add_chart({"type": "bar"})
        chart.add_series({"values": "=二!$C$2"})
        book.add_chartsheet("三").set_chart(chart)
    gifts = read(file)
    assert (len(gifts.rows), codes(gifts)) == (1, [])
    assert "sheet_hidden" in noticed(gifts)
