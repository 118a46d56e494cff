"""Provides tests of the totals that a list states, and of the notes below it."""

from pathlib import Path

import pytest

from tests.charity.lists import HEADER, codes, gift, noticed, read, write_xlsx


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "list.xlsx"


@pytest.mark.parametrize(
    "total",
    [
        ["合计", "", 300.0000000004],
        ["", "合  计：", "300.00"],
        ["", "", "", "", 300],
        ["总计", "", "300元"],
        ["", "", 300],
        ["共计2人次", "总金额300.00"],
        ["合计：300元"],
        ["Total", "", 300],
    ],
)
def test_totals_agree(file: Path, total: list[object]) -> None:
    gifts = read(write_xlsx(file, [HEADER, gift(), gift(amount=200), total]))
    assert (codes(gifts), len(gifts.rows)) == ([], 2)
    assert gifts.stated_total_fen == 30_000
    assert "total_agrees" in noticed(gifts)


@pytest.mark.parametrize(
    "total", [["合计", "", 300.01], ["总金额300.01元"], ["", "", "", "", 300.01]]
)
def test_totals_differ(file: Path, total: list[object]) -> None:
    path = write_xlsx(file, [HEADER, gift(), gift(amount=200), total])
    gifts = read(path)
    assert [code for code, _ in codes(gifts)] == ["total_differs"]
    text = gifts.problems[0].message.text()
    assert all(figure in text for figure in ("300.01", "300.00", "0.01"))
    assert read(path, "total").problems == []


def test_subtotals_and_totals_of_blocks(file: Path) -> None:
    rows = [HEADER, gift(), ["小计", "", 100], gift(amount=200), ["小计", "", 200],
            gift(), ["小计", "", 999], ["合计", "", 400]]  # fmt: skip
    gifts = read(write_xlsx(file, rows))
    assert codes(gifts) == [("total_differs", "C7")]
    assert (gifts.total_fen, gifts.stated_total_cell) == (40_000, "C8")
    assert codes(read(file, "C7")) == codes(read(file, "total")) == []


def test_a_total_waits_for_rows_that_cannot_be_read(file: Path) -> None:
    rows = [HEADER, gift(), gift(amount="若干"), ["合计", "", 300]]
    gifts = read(write_xlsx(file, rows))
    assert codes(gifts) == [("amount_unreadable", "C3")]
    assert "total_unchecked" in noticed(gifts)


@pytest.mark.parametrize(
    ("sentence", "problems"),
    [
        ("收到社会捐款0.03万元，共2人次，累计收到900万元。", []),
        ("收到社会捐款0.05万元，共2人次。", ["total_differs"]),
        ("共3人次，累计900万元。", ["count_differs"]),
    ],
)
def test_sentences_above_the_table(file: Path, sentence: str, problems: list[str]) -> None:
    path = write_xlsx(file, [[sentence], HEADER, gift(), gift(amount=215)])
    assert [code for code, _ in codes(read(path))] == problems


def test_a_list_that_holds_more_than_it_states(file: Path) -> None:
    rows = [
        ["收到捐款0.01万元"],
        HEADER,
        gift(),
        gift(amount=300),
        [],
        ["注：以上为大额捐赠明细。"],
    ]
    assert codes(read(write_xlsx(file, rows))) == [("total_differs", "A1")]


def test_notes_below_the_table_are_no_gifts(file: Path) -> None:
    rows = [
        ["示例慈善会捐款明细"],
        HEADER,
        gift(),
        [],
        ["", "注：示例说明"],
        ["", "示例慈善会"],
        ["2020-02-03"],
    ]
    gifts = read(write_xlsx(file, rows))
    assert (codes(gifts), len(gifts.rows)) == ([], 1)


def test_a_donor_without_an_amount_in_the_last_row_is_no_note(file: Path) -> None:
    rows = [HEADER, gift(), gift(donor="示例有限公司", amount="")]
    assert codes(read(write_xlsx(file, rows))) == [("amount_missing", "C3")]


def test_a_row_left_out_does_not_silence_a_total_that_differs(file: Path) -> None:
    path = write_xlsx(file, [HEADER, gift(), gift(amount="若干"), ["合计", "", 300]])
    assert [code for code, _ in codes(read(path, "skip"))] == ["total_differs"]
    path = write_xlsx(file, [HEADER, gift(), gift(amount=200, day="昨天"), ["合计", "", 300]])
    gifts = read(path, "skip")
    assert (codes(gifts), gifts.total_fen, gifts.stated_total_fen) == ([], 10_000, 30_000)
