"""Provides the test that ordinary rows give the same by the short way and by the careful way."""

from datetime import date

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from charity.organisations.uscc import complete_code
from charity.reporting.careful_rows import CarefulReader
from charity.reporting.cells import Cell
from charity.reporting.gift_rows import DayRules
from charity.reporting.headers import Columns, Table
from charity.reporting.list_rows import RowReader
from charity.reporting.problems import Findings
from charity.reporting.workbooks import Sheet
from tests.charity.lists import TODAY

DAY = date(2020, 1, 22)
CODE = complete_code("91440300MA500000")
DONORS: st.SearchStrategy[Cell] = st.one_of(
    st.sampled_from(["虚构甲", "合计", "合 计", "", "-", "=虚构", "虚构甲转来虚构乙捐款",
                     "捐赠汇总",
                     " 虚构\u3000乙",
                     "虚构（甲）", "小计：", "叁佰元整", "合计：人民币叁佰元整¥300.00", "¥300.00",
                     "合计（大写）", "大写", "虚构元", "捐款总计叁佰元整¥300", "RMB300", "金额大写",
                     "*虚", "Example Name", 5.0]),
    st.text(st.sampled_from("虚构甲 合计总小转来汇*\u3000\u200b=（）"), max_size=6),
)  # fmt: skip
AMOUNTS: st.SearchStrategy[Cell] = st.one_of(
    st.floats(), st.integers(-5, 10**6).map(lambda fen: fen / 100),
    st.sampled_from(["", "5", "1.5万", "-1", "若干", "￥3.00", 1e13, 0.0]),
)  # fmt: skip
DAYS: st.SearchStrategy[Cell] = st.sampled_from(
    ["2020.01.22", "20200122130506", "", "2099-01-01", "昨天", "1月22日", 43852.0, DAY]
)
TIMES: st.SearchStrategy[Cell] = st.sampled_from(["", "13:05:06", "25:00", 0.5])
IDS: st.SearchStrategy[Cell] = st.sampled_from(
    ["", " 001 ", "002", "A03", 4.0, 1e29, "合计", "7" * 200, "7" * 201, "叁佰元整"]
)
REMARKS: st.SearchStrategy[Cell] = st.sampled_from(["", "示例", " 示例\u3000", "合计", 5.0])
CURRENCIES: st.SearchStrategy[Cell] = st.sampled_from(["", "人民币", "CNY ", "美元", "合计", 5.0])
STATUSES: st.SearchStrategy[Cell] = st.sampled_from(["", "支付成功", "已退款", "示例", "合计", 5.0])
CODES: st.SearchStrategy[Cell] = st.sampled_from(["", CODE, f" {CODE} ", CODE[::-1], "无", 5.0])
OPTIONAL = ["donor", "day", "time", "transaction", "remark", "currency", "status", "code"]
HEADERS: list[Cell] = [
    "金额", "姓名", "日期", "时间", "单号", "备注", "币种", "状态", "信用代码", "",
]  # fmt: skip


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    rows=st.lists(
        st.tuples(AMOUNTS, DONORS, DAYS, TIMES, IDS, REMARKS, CURRENCIES, STATUSES, CODES).map(
            list
        ),
        max_size=8,
    ),
    absent=st.sets(st.sampled_from(OPTIONAL)),
    ragged=st.booleans(),
    accept=st.sets(st.sampled_from(["anonymous", "skip", "transaction", "aggregate", "code"])),
)
def test_the_short_way_gives_what_the_careful_way_gives(
    rows: list[list[Cell]], absent: set[str], ragged: bool, accept: set[str]
) -> None:
    places = {name: at for at, name in enumerate(OPTIONAL, 1) if name not in absent}
    columns = Columns(0, **places)
    cells = [[*row, ""] for row in rows]
    headed = frozenset(at for at in columns if at is not None)
    table = Table(
        Sheet("一", [HEADERS, *cells], ragged=ragged), 0, columns, headed, 100, None, added=1
    )
    days = DayRules(None, columns.day is not None, lambda month, day: None, TODAY)
    readers = []
    for kind in (CarefulReader, RowReader):
        findings = Findings(accept)
        reader = kind(table, days, {}, findings)
        reader.read(cells, 2, len(cells) + 1)
        sums = (reader.sums(), reader.totals, reader.yearless, reader.unknown_statuses)
        readers.append((reader.rows, sums, codes_of(findings)))
    assert readers[0] == readers[1]


def codes_of(findings: Findings) -> list[tuple[str, str | None]]:
    return [(problem.code, problem.cell) for problem in findings.problems + findings.accepted]
