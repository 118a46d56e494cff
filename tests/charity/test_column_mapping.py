"""Tests of columns assigned by hand: how they are called, what a role given by hand does."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charity.organisations.uscc import complete_code
from charity.reporting.cells import Cell, plain_text
from charity.reporting.column_mapping import (
    ASSIGNABLE,
    IGNORE,
    assigned,
    check_roles,
    header_names,
)
from charity.reporting.donation_list import DonationList, read_donation_list
from charity.reporting.workbooks import Sheet, Workbook
from ledger.messages import Refused
from tests.charity.lists import TODAY, codes, noticed, read, write_csv, write_xlsx

ROLES = ("day", "donor", "amount", "time", "transaction", "remark", "currency", "status", "code")
RECOGNISED = ("日期", "捐赠人", "金额", "时间", "交易单号", "备注", "币种", "状态", "信用代码")
CODE = complete_code("91440300MA500000")
DONORS = ("虚构甲", "示例有限公司", "虚构乙转来虚构丙捐款", "=虚构", "", "合计", "虚" * 10_000)

AMOUNTS: tuple[Cell, ...] = (1.0, 2.5, "3.00", "-1", "")


@st.composite
def rows(draw: st.DrawFn) -> list[list[Cell]]:
    """Draw rows of `ROLES`: mostly gifts, some with something wrong."""
    count = draw(st.integers(1, 6))
    return [
        [
            draw(st.sampled_from(["2025-01-02", "2025.1.3", "昨天"])),
            draw(st.sampled_from(DONORS)),
            draw(st.sampled_from(AMOUNTS)),
            draw(st.sampled_from(["", "13:05:06"])),
            f"A{number}",
            draw(st.sampled_from(["", "示例", "+1"])),
            draw(st.sampled_from(["", "人民币", "美元"])),
            draw(st.sampled_from(["", "已到账", "已退款"])),
            draw(st.sampled_from(["", CODE, "示例"])),
        ]
        for number in range(count)
    ]


def list_of(*lines: list[Cell]) -> Workbook:
    return Workbook("list.xlsx", "0" * 64, [Sheet("一", [list(line) for line in lines])])


def found_in(gifts: DonationList) -> set[tuple[str, str]]:
    """Return the kinds of open problems with their rows: the columns differ."""
    return {(problem.code, (problem.cell or "")[1:]) for problem in gifts.problems}


@given(rows(), st.permutations(range(len(ROLES))), st.booleans())
def test_columns_in_any_order_are_read_by_hand_as_by_their_headers(
    lines: list[list[Cell]], order: list[int], named: bool
) -> None:
    by_header = read_donation_list(list_of(list(RECOGNISED), *lines), today=TODAY)
    headers: list[Cell] = [f"示例列{place}" if named else "" for place in range(len(ROLES))]
    headers[0] = "示例列0"
    names = header_names([str(header) for header in headers])
    columns = {names[place]: ROLES[at] for place, at in enumerate(order)}
    shuffled = [[line[at] for at in order] for line in lines]
    by_hand = read_donation_list(list_of(headers, *shuffled), today=TODAY, columns=columns)
    assert by_hand.rows == by_header.rows
    assert by_hand.total_fen == by_header.total_fen
    assert found_in(by_hand) == found_in(by_header)


HEADERS = ("姓名", "姓名#2", "＃A", "", " 姓 名 ", "#B", "x" * 200)


@given(st.lists(st.sampled_from(HEADERS), max_size=9))
def test_no_two_columns_are_called_alike(texts: list[str]) -> None:
    names = header_names(texts)
    assert len({plain_text(name) for name in names}) == len(texts)
    assert all(0 < len(name) <= 105 for name in names)
    assert all(assigned(names, {name: "donor"}) == {at: "donor"} for at, name in enumerate(names))


def test_columns_are_called_by_their_header_their_number_or_their_letter() -> None:
    texts = ["姓名", "金额（元）", "姓名", "", "姓名", "姓名#2"]
    names = header_names(texts)
    assert names == ("姓名", "金额（元）", "姓名#3", "#D", "姓名#4", "姓名#2")


def test_a_header_is_found_in_half_width_too() -> None:
    assert assigned(("金额（元）",), {"金额(元)": "amount"}) == {0: "amount"}


def test_an_unknown_role_is_refused() -> None:
    check_roles(dict.fromkeys(map(str, range(3)), ASSIGNABLE[0]))
    with pytest.raises(Refused, match=r"“甲” cannot be read as “giver”: the roles are donor"):
        check_roles({"甲": "giver"})
    with pytest.raises(Refused, match="cannot be read as “goods”"):
        check_roles({"甲": "goods"})


def test_one_role_for_two_columns_is_refused() -> None:
    with pytest.raises(Refused, match="Two columns are to be read as donor: “甲” and “乙”"):
        assigned(("甲", "乙"), {"甲": "donor", "乙": "donor"})
    assert assigned(("甲", "乙"), {"甲": IGNORE, "乙": IGNORE}) == {0: IGNORE, 1: IGNORE}


def test_a_role_by_hand_wins_over_the_recognised_one(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", "捐赠日期,捐赠人,真名,金额", "2025-01-02,虚构甲,虚构乙,1")
    assert [row.donor for row in read(path).rows] == ["虚构甲"]
    assert [row.donor for row in read(path, columns={"真名": "donor"}).rows] == ["虚构乙"]
    assert [row.donor for row in read(path, columns={"捐赠人": IGNORE}).rows] == [None]


def test_columns_that_cannot_be_told_apart_are_settled_by_hand(tmp_path: Path) -> None:
    path = write_csv(
        tmp_path / "a.csv", "捐赠日期,捐赠人,捐赠人,金额", "2025-01-02,虚构甲,虚构乙,1"
    )
    assert codes(read(path)) == [("column_ambiguous", "C1")]
    assert [row.donor for row in read(path, columns={"捐赠人#2": "donor"}).rows] == ["虚构乙"]
    assert [row.donor for row in read(path, columns={"捐赠人": "donor"}).rows] == ["虚构甲"]


def test_a_table_that_nobody_recognises_is_read_by_hand(tmp_path: Path) -> None:
    lines = ("示例一月公示,,", ",,", "何人,何时,几何", "虚构甲,2025-01-02,1.50", "合计,,1.50")
    path = write_csv(tmp_path / "a.csv", *lines)
    with pytest.raises(Refused, match="No table of donations"):
        read(path)
    gifts = read(path, columns={"何人": "donor", "何时": "day", "几何": "amount"})
    assert [(row.row, row.donor, row.amount_fen) for row in gifts.rows] == [(4, "虚构甲", 150)]
    assert (gifts.stated_total_fen, gifts.problems) == (150, [])


def test_goods_stay_goods_unless_their_quantity_is_ignored(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", "日期,捐赠人,金额,数量", "2025-01-02,虚构甲,1,1")
    with pytest.raises(Refused, match="list of goods"):
        read(path, columns={"金额": "amount"})
    assert len(read(path, columns={"数量": IGNORE}).rows) == 1


def test_spending_stays_spending_unless_a_donor_is_named_by_hand(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", "示例支出", "日期,何人,金额", "2025-01-02,虚构甲,1")
    with pytest.raises(Refused, match="list of spending"):
        read(path, columns={"金额": "amount"})
    assert len(read(path, columns={"何人": "donor"}).rows) == 1


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"没有": "donor"}, "no column “没有”, which is to be read as donor"),
        ({"何人": "donor"}, "one must be the amount"),
        ({"几何": "amount"}, "one must be the amount"),
        ({"何人": "remark", "几何": "amount"}, "one must be the amount"),
        ({"何人": "amount", "几何": "amount"}, "Two columns are to be read as amount"),
        ({"何人": "nobody"}, "cannot be read as “nobody”"),
        ({"没" * 10_000: "donor"}, "no column “没{100}”"),
    ],
)
def test_roles_that_make_no_table_are_refused(
    tmp_path: Path, columns: dict[str, str], says: str
) -> None:
    path = write_csv(tmp_path / "a.csv", "何人,何时,几何", "虚构甲,2025-01-02,1.50")
    with pytest.raises(Refused, match=says):
        read(path, columns=columns)


def test_a_header_that_is_ignored_need_not_be_there(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", "捐赠日期,捐赠人,金额", "2025-01-02,虚构甲,1")
    assert len(read(path, columns={"没有": IGNORE}).rows) == 1


def test_each_sheet_takes_the_roles_of_its_own_headers(tmp_path: Path) -> None:
    first = [["何时", "何人", "金额"], ["2025-01-02", "虚构甲", 1.0]]
    second = [["捐赠日期", "捐赠人", "几何"], ["2025-01-03", "虚构乙", 2.0]]
    path = write_xlsx(tmp_path / "a.xlsx", first, second)
    columns = {"何时": "day", "何人": "donor", "几何": "amount"}
    assert [row.donor for row in read(path, columns=columns).rows] == ["虚构甲", "虚构乙"]


def test_a_cell_merged_downwards_heads_the_columns_below_it() -> None:
    lines: list[list[Cell]] = [
        ["序号", "捐赠人", "捐赠信息", ""],
        ["", "", "日期", "金额"],
        [1.0, "虚构甲", "2025-01-02", 5.0],
    ]
    workbook = list_of(*lines)
    workbook.sheets[0].merged.extend([((0, 0), (1, 0)), ((0, 1), (1, 1)), ((0, 2), (0, 3))])
    gifts = read_donation_list(workbook, today=TODAY)
    assert [(row.row, row.donor, row.amount_fen) for row in gifts.rows] == [(3, "虚构甲", 500)]
    assert "no_donor_column" not in noticed(gifts)


def test_cells_that_begin_like_formulas_are_told_by_hand_too(tmp_path: Path) -> None:
    names = ("=虚构", "+虚构", "-虚构", "@虚构")
    path = write_csv(
        tmp_path / "a.csv", "何时,何人,金额", *(f"2025-01-02,{name},1" for name in names)
    )
    gifts = read(path, columns={"何时": "day", "何人": "donor"})
    assert codes(gifts) == [("formula_in_name", f"B{row}") for row in range(2, 6)]
