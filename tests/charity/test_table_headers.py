"""Tests of the headers told for assigning columns by hand, and of what is remembered of them."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from charity.organisations.registry import add_organisation
from charity.reporting.batches.schemas import TableHeaders
from charity.reporting.column_mapping import ASSIGNABLE
from charity.reporting.table_headers import (
    COLUMNS_TOLD,
    header_of,
    read_headers,
    remember_columns,
    remembered_columns,
)
from charity.reporting.tables import ColumnMapping
from ledger.database.engines import write_transaction
from ledger.log import Ledger
from ledger.messages import Refused
from tests.charity.importing import run_import, told
from tests.charity.lists import noticed, write_csv, write_xlsx
from tests.conftest import ORGANISATION

OTHER_ORGANISATION = "53330000501874064B"
STRANGE = ("何时,何人,几何,捐赠人", "2025-01-02,虚构甲,1,示例")
BY_HAND = {"何时": "day", "何人": "donor", "几何": "amount", "捐赠人": "ignore"}


def headers(content: str, name: str = "list.csv") -> tuple[TableHeaders, ...]:
    return read_headers(name, content.encode())


def table(*names: str, roles: tuple[str | None, ...] = ()) -> TableHeaders:
    return TableHeaders("一", 1, names, roles or (None,) * len(names))


async def remember(ledger: Ledger, tables: tuple[TableHeaders, ...], **columns: str) -> None:
    async with write_transaction(ledger.engine):
        await remember_columns(ORGANISATION, tables, columns)


def test_the_header_is_told_with_roles_and_samples() -> None:
    [found] = headers(
        "示例公示,,\n捐赠日期,捐赠人,金额,\n,虚构甲,1,x\n2025-01-02,虚构乙,2,\n,虚构丙,3\n,虚构丁,4\n"
    )
    assert (found.sheet, found.row) == ("list", 2)
    assert found.headers == ("捐赠日期", "捐赠人", "金额", "#D")
    assert found.roles == ("day", "donor", "amount", None)
    assert found.samples == (
        ("2025-01-02",),
        ("虚构甲", "虚构乙", "虚构丙"),
        ("1", "2", "3"),
        ("x",),
    )


def test_of_several_columns_the_one_that_is_read_has_the_role() -> None:
    [found] = headers("捐赠日期,捐赠人,付款人,金额,用途,备注\n2025-01-02,虚构甲,虚构乙,1,,\n")
    assert found.roles == ("day", "donor", None, "amount", None, "remark")
    [doubtful] = headers("捐赠日期,捐赠人,捐赠人,金额\n2025-01-02,虚构甲,虚构乙,1\n")
    assert doubtful.headers == ("捐赠日期", "捐赠人", "捐赠人#2", "金额")
    assert doubtful.roles == ("day", "donor", "donor", "amount")


def test_where_no_table_is_recognised_the_row_most_like_a_header_is_told() -> None:
    [found] = headers("示例公示,,,\n何时,何人,几何,\n2025-01-02,虚构甲,1,\n2025-01-02,虚构乙,1,\n")
    assert (found.row, found.headers) == (2, ("何时", "何人", "几何"))
    assert found.roles == (None, None, None)
    assert headers("示例\n虚构甲,1\n") == ()


def test_a_list_of_goods_tells_its_headers_too() -> None:
    [found] = headers("捐赠人,物资名称,数量\n虚构甲,示例,1\n")
    assert found.roles == ("donor", None, None)


def test_each_sheet_that_looks_like_a_table_is_told(tmp_path: Path) -> None:
    rows = [["捐赠日期", "捐赠人", "金额"], ["2025-01-02", "虚构甲", 1]]
    path = write_xlsx(tmp_path / "a.xlsx", rows, [["示例说明"]], rows, names=["一", "二", "三"])
    assert [found.sheet for found in read_headers(path.name, path.read_bytes())] == ["一", "三"]


def test_wide_tables_and_long_headers_are_cut() -> None:
    first = ",".join(["捐赠人", "金额", "长" * 10_000, *(f"列{at}" for at in range(1_000))])
    [found] = headers(f"{first}\n虚构甲,1,{'虚' * 10_000}\n")
    assert len(found.headers) == len(found.roles) == len(found.samples) == COLUMNS_TOLD
    assert found.headers[2] == "长" * 100
    assert found.samples[2] == ("虚" * 60,)


def test_a_cell_tells_what_stands_above_it() -> None:
    tables = (TableHeaders("一", 3, ("日期", "#B", "金额"), (None,) * 3),)
    assert header_of(tables, "一", "C4") == "金额"
    assert header_of(tables, "一", "A1000") == "日期"
    for sheet, cell in (("一", "C3"), ("一", "B4"), ("一", "D4"), ("二", "C4"), ("一", None)):
        assert header_of(tables, sheet, cell) is None
    assert header_of(tables, None, None) is None


async def test_roles_are_remembered_for_the_same_headers_of_the_same_organisation(
    ledger: Ledger,
) -> None:
    tables = (table("甲", "乙"),)
    await remember(ledger, tables, 甲="donor", 乙="amount")
    assert await remembered_columns(ORGANISATION, tables) == {"甲": "donor", "乙": "amount"}
    assert await remembered_columns(OTHER_ORGANISATION, tables) == {}
    assert await remembered_columns(ORGANISATION, (table("乙", "甲"),)) == {}
    assert await remembered_columns(ORGANISATION, (table("甲", "乙", "丙"), *tables)) != {}
    assert await remembered_columns(ORGANISATION, ()) == {}


async def test_no_words_of_a_file_are_kept(ledger: Ledger) -> None:
    await remember(ledger, (table("虚构甲", "一百"),), 虚构甲="donor", 一百="amount")
    [row] = await ColumnMapping.select()
    assert row["mapping"] == '{"0": "donor", "1": "amount"}'


async def test_what_is_assigned_later_takes_the_place_of_the_earlier(ledger: Ledger) -> None:
    tables = (table("甲", "乙"),)
    await remember(ledger, tables, 甲="donor", 乙="amount")
    await remember(ledger, tables, 甲="amount", 乙="day")
    assert await remembered_columns(ORGANISATION, tables) == {"甲": "amount", "乙": "day"}
    await remember(ledger, tables, 丙="day")
    assert await remembered_columns(ORGANISATION, tables) == {"甲": "amount", "乙": "day"}


async def test_what_is_recognised_anyway_is_forgotten(ledger: Ledger) -> None:
    tables = (table("捐赠人", "金额", "丙", roles=("donor", "amount", None)),)
    await remember(ledger, tables, 捐赠人="ignore", 丙="donor")
    assert await remembered_columns(ORGANISATION, tables) != {}
    await remember(ledger, tables, 捐赠人="donor", 金额="amount", 丙="ignore")
    assert await ColumnMapping.count() == 0


async def test_what_makes_no_table_is_not_remembered(ledger: Ledger) -> None:
    tables = (table("甲", "乙"),)
    await remember(ledger, tables, 甲="donor")
    assert await ColumnMapping.count() == 0
    with pytest.raises(Refused, match="cannot be read as"):
        await remember(ledger, tables, 甲="giver")
    with pytest.raises(Refused, match="Two columns"):
        await remember(ledger, tables, 甲="amount", 乙="amount")


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    names=st.lists(
        st.sampled_from(["甲", "乙#2", "=丙", "#D", "x" * 100, "'\"\\{}", "\0"]), unique=True
    ),
    roles=st.permutations(ASSIGNABLE),
)
async def test_what_is_remembered_comes_back(
    ledger: Ledger, names: list[str], roles: list[str]
) -> None:
    tables = (table("示例", "金额", *names),)
    columns = {"示例": "donor", "金额": "amount"}
    columns |= dict(zip(names, [one for one in roles if one not in columns.values()], strict=False))
    async with write_transaction(ledger.engine):
        await remember_columns(ORGANISATION, tables, columns)
    assert await remembered_columns(ORGANISATION, tables) == columns


async def test_a_list_with_remembered_headers_is_read_as_by_hand(
    ledger: Ledger, tmp_path: Path
) -> None:
    first = write_csv(tmp_path / "a.csv", *STRANGE)
    second = write_csv(tmp_path / "b.csv", STRANGE[0], "2025-01-03,虚构丁,5,示例")
    with pytest.raises(Refused):
        await run_import(ledger, second)
    result = await run_import(ledger, first, columns=BY_HAND)
    assert told(result) == (1, 0, [])
    assert "columns_remembered" not in {notice.code for notice in result.notices}
    again = await run_import(ledger, second)
    assert told(again) == (1, 0, [])
    assert [row.donor for row in again.donation_list.rows] == ["虚构丁"]
    assert "columns_remembered" in {notice.code for notice in again.notices}


async def test_a_dry_run_remembers_nothing(ledger: Ledger, tmp_path: Path) -> None:
    result = await run_import(
        ledger, write_csv(tmp_path / "a.csv", *STRANGE), columns=BY_HAND, dry_run=True
    )
    assert (result.problems, len(result.donation_list.rows)) == ([], 1)
    assert [found.headers for found in result.tables] == [("何时", "何人", "几何", "捐赠人")]
    assert await ColumnMapping.count() == 0


async def test_roles_given_now_win_over_remembered_ones(ledger: Ledger, tmp_path: Path) -> None:
    await run_import(ledger, write_csv(tmp_path / "a.csv", *STRANGE), columns=BY_HAND)
    other = {"何时": "day", "捐赠人": "donor", "几何": "amount"}
    second = write_csv(tmp_path / "b.csv", STRANGE[0], "2025-01-03,虚构丁,5,虚构戊")
    result = await run_import(ledger, second, columns=other)
    assert [row.donor for row in result.donation_list.rows] == ["虚构戊"]
    assert "columns_remembered" not in noticed(result.donation_list)


async def test_another_organisation_remembers_for_itself(ledger: Ledger, tmp_path: Path) -> None:
    await add_organisation(OTHER_ORGANISATION, "示例社")
    await run_import(ledger, write_csv(tmp_path / "a.csv", *STRANGE), columns=BY_HAND)
    second = write_csv(tmp_path / "b.csv", STRANGE[0], "2025-01-03,虚构丁,5,")
    with pytest.raises(Refused, match="No table of donations"):
        await run_import(ledger, second, organisation=OTHER_ORGANISATION)
