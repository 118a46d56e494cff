"""Provides tests of what a list says besides its gifts: currency, status, other kinds of lists."""

from pathlib import Path

import pytest

from charity.reporting.problems import ACCEPT_WORDS, PROBLEMS
from charity.reporting.row_words import is_yuan, standing
from ledger.messages import Refused
from tests.charity.lists import HEADER, codes, gift, noticed, read, write_csv, write_xlsx


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "list.xlsx"


def test_a_foreign_currency_in_a_row(file: Path) -> None:
    rows = [[*HEADER, "币种"], [*gift(), "人民币"], [*gift(amount=1e6), "美元"], [*gift(), ""]]
    path = write_xlsx(file, rows)
    assert codes(read(path)) == [("currency_foreign", "E3")]
    gifts = read(path, "skip")
    assert (gifts.problems, gifts.total_fen, gifts.skipped) == ([], 20_000, 1)


@pytest.mark.parametrize("text", ["", " ", "人民币", "CNY", "rmb", "元", "人民币（元）", "ＣＮＹ"])
def test_words_for_yuan(text: str) -> None:
    assert is_yuan(text)


@pytest.mark.parametrize("text", ["美元", "USD", "港币", "$", 840.0])
def test_words_for_other_money(text: str | float) -> None:
    assert not is_yuan(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "received"), ("支付成功", "received"), ("已到账", "received"), ("Paid", "received"),
        ("SUCCESS", "received"), ("未退款", "received"), ("已退款", "not_received"),
        ("退款成功", "not_received"), ("待支付", "not_received"), ("未支付", "not_received"),
        ("交易失败", "not_received"), ("已取消", "not_received"), ("已关闭", "not_received"),
        ("处理中", "not_received"), ("Refunded", "not_received"), ("unpaid", "not_received"),
        ("Pending", "not_received"), ("unsuccessful", "not_received"), ("未完成", "not_received"),
        ("示例", "unknown"), (3.0, "unknown"), ("已开票", "unknown"),
    ],
)  # fmt: skip
def test_words_for_a_status(text: str | float, expected: str) -> None:
    assert standing(text) == expected


def test_money_that_did_not_come(file: Path) -> None:
    rows = [[*HEADER, "支付状态"], [*gift(), "成功"], [*gift("", -5, "昨天"), "已退款"],
            [*gift(), "示例"], [*gift(), "示例二"]]  # fmt: skip
    path = write_xlsx(file, rows)
    gifts = read(path)
    assert codes(gifts) == [("not_received", "E3")]
    assert [(n.cell, n.message.values) for n in gifts.notices if n.code == "status_unknown"] == [
        ("E4", {"found": "示例", "count": 2})
    ]
    gifts = read(path, "skip")
    assert (len(gifts.rows), gifts.skipped, gifts.problems) == (3, 1, [])


def test_a_failed_attempt_does_not_block_the_id_of_the_next(file: Path) -> None:
    rows = [[*HEADER, "流水号", "状态"], [*gift(), "示例001", "失败"], [*gift(), "示例001", "成功"]]
    gifts = read(write_xlsx(file, rows), "skip")
    assert (gifts.problems, [row.row for row in gifts.rows]) == ([], [3])


def test_two_status_columns_are_asked_about(file: Path) -> None:
    rows = [[*HEADER, "交易状态", "退款状态"], [*gift(), "成功", "已退款"]]
    assert codes(read(write_xlsx(file, rows))) == [("column_ambiguous", "F1")]


@pytest.mark.parametrize(
    "rows",
    [
        [["2025年示例支出明细"], ["日期", "姓名", "金额"], ["2025-01-01", "虚构甲", 1]],
        [["示例善款拨付"], ["日期", "金额"], ["2025-01-01", 1]],
        [["示例"], ["捐款使用明细"], ["日期", "项目", "金额"], ["2025-01-01", "示例", 1]],
        [["日期", "收款单位", "金额"], ["2025-01-01", "示例医院", 1]],
        [["支出金额", "收款方"], [1, "示例医院"]],
        [["受助人姓名", "资助金额"], ["虚构甲", 1]],
        [["资助对象", "付款金额"], ["虚构甲", 1]],
    ],
)
def test_lists_of_spending_are_refused(file: Path, rows: list[list[object]]) -> None:
    with pytest.raises(Refused, match="list of spending"):
        read(write_xlsx(file, rows))


@pytest.mark.parametrize(
    "rows",
    [
        [["捐赠收入支出明细"], ["日期", "姓名", "金额"], ["2025-01-01", "虚构甲", 1]],
        [["示例支出"], ["日期", "捐赠人", "金额"], ["2025-01-01", "虚构甲", 1]],
        [["日期", "付款人", "收款单位", "付款金额"], ["2025-01-01", "虚构甲", "示例会", 1]],
        [["日期", "姓名", "捐款金额", "收款方"], ["2025-01-01", "虚构甲", 1, "示例会"]],
    ],
)
def test_lists_of_gifts_that_speak_of_spending_are_read(
    file: Path, rows: list[list[object]]
) -> None:
    assert len(read(write_xlsx(file, rows)).rows) == 1


def test_other_sheets_are_named(file: Path) -> None:
    path = write_xlsx(
        file,
        [HEADER, gift()],
        [["日期", "收款单位", "金额"], ["2025-01-01", "示例医院", 1]],
        [["示例说明"]],
        [["捐款汇总"], ["一月", 100.0]],
        [HEADER],
        names=["一", "二", "三", "四", "五"],
    )
    gifts = read(path)
    told = {notice.code: notice for notice in gifts.notices}
    for code, sheet in (
        ("spending_left_out", "二"),
        ("sheet_without_table", "三"),
        ("sheet_of_totals", "四"),
        ("table_empty", "五"),
    ):
        assert (told[code].sheet, f"“{sheet}”" in told[code].message.text()) == (sheet, True)
    assert codes(gifts) == []


def test_a_list_without_donors_is_told(file: Path) -> None:
    gifts = read(write_xlsx(file, [["日期", "金额"], ["2025-01-01", 1]]))
    assert ("no_donor_column" in noticed(gifts), gifts.rows[0].donor) == (True, None)
    assert "no_donor_column" not in noticed(read(write_xlsx(file, [HEADER, gift()])))


@pytest.mark.parametrize("below", [[], [["制表：虚构甲"]], [["合计", "", 0]]])
@pytest.mark.parametrize("given", [None, "2025-01-01"])
def test_a_table_without_gifts(file: Path, below: list[list[object]], given: str | None) -> None:
    gifts = read(write_xlsx(file, [HEADER, *below]), given=given)
    assert codes(gifts) == [("no_gifts", None)]
    assert PROBLEMS["no_gifts"].accept is None


def test_a_list_of_which_every_row_is_left_out_has_gifts(file: Path) -> None:
    assert codes(read(write_xlsx(file, [HEADER, gift(amount="若干")]), "skip")) == []


def test_a_repeated_sheet(file: Path) -> None:
    rows = [HEADER, gift(), gift(amount=5)]
    path = write_xlsx(file, rows, [["示例"], *rows], names=["一", "二"])
    gifts = read(path)
    assert (codes(gifts), gifts.problems[0].sheet, len(gifts.rows)) == (
        [("sheet_repeated", None)], "二", 2,
    )  # fmt: skip
    assert all(name in gifts.problems[0].message.text() for name in ("“一”", "“二”"))
    accepted = read(path, "overlap")
    assert (accepted.problems, len(accepted.rows)) == ([], 4)


@pytest.mark.parametrize(
    "second",
    [
        [HEADER, gift(), gift(amount=6)],
        [HEADER, gift(amount=5), gift()],
        [HEADER, gift(), gift(amount=5), gift()],
        [["单位：万元"], ["捐赠日期", "捐赠人", "金额", "备注"], gift(), gift(amount=5)],
        [HEADER],
    ],
)
def test_sheets_that_differ_are_no_repetition(file: Path, second: list[list[object]]) -> None:
    gifts = read(write_xlsx(file, [HEADER, gift(), gift(amount=5)], second))
    assert codes(gifts) == []


def test_the_same_gifts_of_another_month_are_no_repetition(file: Path) -> None:
    rows = [["姓名", "金额"], ["虚构甲", 1]]
    gifts = read(write_xlsx(file, [["2020年1月示例"], *rows], [["2020年2月示例"], *rows]))
    assert (codes(gifts), len(gifts.rows)) == ([], 2)


@pytest.mark.parametrize("unit", ["万元", "千元"])
def test_a_scaled_unit_is_told(file: Path, unit: str) -> None:
    gifts = read(
        write_xlsx(file, [["日期", "姓名", f"金额（{unit}）"], ["2020-01-22", "虚构甲", 1]])
    )
    notice = next(notice for notice in gifts.notices if notice.code == "unit_scaled")
    assert notice.message.values == {"unit": unit, "yuan": f"{gifts.total_fen // 100:,}"}
    assert "unit_scaled" not in noticed(read(write_xlsx(file, [HEADER, gift()])))


@pytest.mark.parametrize(("title", "told"), [("2020年1月示例", True), ("2020年1月22日", False)])
def test_a_period_out_of_the_title_is_told(file: Path, title: str, told: bool) -> None:
    gifts = read(write_xlsx(file, [[title], ["姓名", "金额"], ["虚构甲", 1]]))
    assert ("period_from_title" in noticed(gifts)) is told


@pytest.mark.parametrize(
    ("name", "given", "text"),
    [
        ("示例", "2024", "the year 2024 is not enough"),
        ("示例2024年1月2日", "2024", "the year 2024 is not enough"),
        ("示例", None, "or its name tells"),
        ("示例2024年1月2日", None, "name says: 2024年1月2日"),
    ],
)
def test_what_is_said_where_no_day_is_known(
    tmp_path: Path, name: str, given: str | None, text: str
) -> None:
    gifts = read(write_csv(tmp_path / f"{name}.csv", "姓名,金额", "虚构甲,1"), given=given)
    assert codes(gifts) == [("date_missing", None)]
    assert text in gifts.problems[0].message.text()


def test_what_is_said_where_no_year_is_known(tmp_path: Path) -> None:
    lines = ("日期,姓名,金额", "1月2日,虚构甲,1")
    gifts = read(write_csv(tmp_path / "示例.csv", *lines))
    assert "its name tells none" in gifts.problems[0].message.text()
    gifts = read(write_csv(tmp_path / "示例2024年1月2日.csv", *lines))
    assert "2024年1月2日" in gifts.problems[0].message.text()


def test_a_row_left_out_is_named_by_the_cell_of_its_problem(file: Path) -> None:
    path = write_xlsx(file, [HEADER, gift(day="昨天"), gift()])
    (problem,) = read(path).problems
    cells = [notice.cell for notice in read(path, "skip").notices if notice.code == "row_skipped"]
    assert cells == [problem.cell] == ["A2"]


@pytest.mark.parametrize("accept", ["skip", "A2", "C2"])
def test_leaving_a_row_out_settles_all_of_it(file: Path, accept: str) -> None:
    path = write_xlsx(file, [HEADER, gift("=虚构", "若干", "昨天"), gift()])
    assert len(read(path).problems) == 3
    gifts = read(path, accept)
    assert (gifts.problems, gifts.skipped, len(gifts.rows)) == ([], 1, 1)


@pytest.mark.parametrize("row", [["", "虚构甲"], ["示例一行"], ["2020-01-22", "", "", "示例"]])
def test_a_row_without_an_amount_is_one_problem(file: Path, row: list[object]) -> None:
    assert codes(read(write_xlsx(file, [HEADER, row, gift()]))) == [("amount_missing", "C2")]


def test_a_row_with_too_many_cells_is_one_problem(tmp_path: Path) -> None:
    lines = ("日期,姓名,金额", "昨天,,若干,示例", "2020-01-22,虚构甲,1")
    assert codes(read(write_csv(tmp_path / "list.csv", *lines))) == [("row_too_long", "D2")]


def test_amounts_are_shown_as_they_were_written(file: Path) -> None:
    rows = [HEADER, gift(amount=1e15), gift(amount=0), gift(amount=-2)]
    large, zero, negative = read(write_xlsx(file, rows)).problems
    assert "“1000000000000000”" in large.message.text()
    assert "refund" in negative.mend.text()
    assert "refund" not in zero.mend.text()


def test_a_transaction_id_has_a_limit(file: Path) -> None:
    rows = [[*HEADER, "流水号"], [*gift(), "7" * 200], [*gift(""), "7" * 201]]
    path = write_xlsx(file, rows)
    assert codes(read(path)) == [("donor_missing", "B3"), ("transaction_too_long", "E3")]
    first, second = read(path, "anonymous", "transaction").rows
    assert (first.transaction, first.accepted) == ("7" * 200, None)
    assert (second.transaction, second.accepted) == (None, "anonymous,transaction")


def test_all_accept_words_are_known() -> None:
    words = "aggregate anonymous code overlap skip target total transaction unusual"
    assert set(words.split()) == ACCEPT_WORDS
