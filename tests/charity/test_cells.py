"""Provides tests of single cells: exact amounts, clean text, identifiers, dates."""

import math
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charity.reporting.cells import (
    LARGEST_FEN,
    Unreadable,
    amount_fen,
    cell_name,
    clean_text,
    exact_fen,
    total_fen,
    transaction_id,
    yuan_text,
)
from charity.reporting.dates import GivenDay, Moment, PartialDay, read_moment, read_time
from ledger.messages import Refused

FEN = st.integers(min_value=1, max_value=LARGEST_FEN)
SCALES = st.sampled_from([100, 100_000, 1_000_000])


@given(FEN, SCALES)
def test_every_amount_is_read_exactly_from_its_float(fen: int, scale: int) -> None:
    assert exact_fen(fen / scale, scale) == fen


@given(FEN)
def test_every_amount_is_read_exactly_from_text(fen: int) -> None:
    yuan = yuan_text(fen)
    wide = yuan.translate({ord(c): ord(c) + 0xFEE0 for c in "0123456789.,"})
    for text in (yuan, yuan.replace(",", ""), f"￥{yuan}元", f"\u3000{wide}\xa0"):
        assert exact_fen(text) == fen


@given(st.floats(min_value=0.001, max_value=1e12))
def test_a_float_is_read_as_the_decimal_that_it_shows(number: float) -> None:
    exact = Decimal(repr(number)) * 100
    nearest = int(exact.to_integral_value())
    dust = Decimal(math.ulp(number)) * 400
    if abs(exact - nearest) <= min(dust, Decimal("0.01")):
        assert exact_fen(number) == nearest
    else:
        with pytest.raises(Unreadable, match="amount_too_precise"):
            exact_fen(number)


@given(st.integers(1, 10**11), st.integers(1, 9), st.sampled_from([3, 4, 5]))
def test_fractions_of_a_fen_are_not_rounded_away(fen: int, digit: int, decimals: int) -> None:
    text = f"{fen // 100}.{fen % 100:02}" + "0" * (decimals - 3) + str(digit)
    for cell in (text, float(text)):
        with pytest.raises(Unreadable) as caught:
            exact_fen(cell)
        assert caught.value.code == "amount_too_precise"


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=200))
def test_dust_of_a_float_sum_is_rounded_off(amounts: list[int]) -> None:
    assert total_fen(sum(fen / 100 for fen in amounts)) == sum(amounts)


@pytest.mark.parametrize(
    ("cell", "fen"),
    [
        ("4,000,000.00", 400_000_000),
        ("￥1,000", 100_000),
        ("１２３．４５", 12_345),
        ("1.5万", 1_500_000),
        ("1.5 万元", 1_500_000),
        ("2亿元", 20_000_000_000),
        ("100元", 10_000),
        ("人民币100元整", 10_000),
        ("-5", -500),
        ("¥-5.00", -500),
        (100, 10_000),
        (0.1 + 0.2, 30),
        (-0.5, -50),
        (3482232.1100000003, 348_223_211),
    ],
)
def test_forms_of_amounts(cell: str | float, fen: int) -> None:
    assert exact_fen(cell) == fen


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("", "amount_missing"),
        (" \u200b\u3000", "amount_missing"),
        ("1e5", "amount_unreadable"),
        ("1,00", "amount_unreadable"),
        ("1,0000.00", "amount_unreadable"),
        ("1 000", "amount_unreadable"),
        ("$100", "amount_unreadable"),
        ("--5", "amount_unreadable"),
        ("-¥-5", "amount_unreadable"),
        ("9" * 50, "amount_unreadable"),
        ("٣", "amount_unreadable"),
        ("abc", "amount_unreadable"),
        (True, "amount_unreadable"),
        (date(2020, 1, 1), "amount_unreadable"),
        (float("inf"), "amount_unreadable"),
        (float("nan"), "amount_unreadable"),
        (1e300, "amount_too_large"),
        (1e14, "amount_too_large"),
        ("99999999999999", "amount_too_large"),
        (0.0, "amount_not_positive"),
        ("0.00", "amount_not_positive"),
        (-1.0, "amount_not_positive"),
        ("100.005", "amount_too_precise"),
        (0.005, "amount_too_precise"),
    ],
)
def test_what_is_no_amount(cell: str | float | date, code: str) -> None:
    with pytest.raises(Unreadable) as caught:
        amount_fen(cell)
    assert caught.value.code == code


def test_text_that_names_its_unit_is_read_in_it() -> None:
    assert exact_fen("100元", scale=1_000_000) == 10_000
    assert exact_fen("1945.81", scale=1_000_000) == 1_945_810_000
    assert exact_fen(1945.81, scale=1_000_000) == 1_945_810_000


@given(st.text(st.sampled_from("虚构Ａ *\u3000\xa0\u200b\ufeff\u2060\t\n\x07\u202e"), max_size=12))
def test_clean_text_is_clean_and_stays_so(text: str) -> None:
    cleaned = clean_text(text)
    assert cleaned.isprintable()
    assert cleaned == cleaned.strip()
    assert "  " not in cleaned
    assert clean_text(cleaned) == cleaned
    assert [c for c in cleaned if c in "虚构Ａ*"] == [c for c in text if c in "虚构Ａ*"]


def test_rare_characters_stay() -> None:
    assert clean_text("虚构\ue000\U00020bb7") == "虚构\ue000\U00020bb7"


@given(st.integers(0, 20_000), st.integers(1, 10**6))
def test_cell_names_count_like_a_spreadsheet(column: int, row: int) -> None:
    name = cell_name(row, column)
    letters = name.rstrip("0123456789")
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    assert (number - 1, name[len(letters) :]) == (column, str(row))


def test_transaction_ids() -> None:
    assert transaction_id(" ０１02\u200b03 \t") == "010203"
    assert transaction_id(12345.0) == "12345"
    assert transaction_id("  ") is None
    for lost in (1.02e27, "1.02020E+27", True):
        with pytest.raises(Unreadable):
            transaction_id(lost)


DAY = date(2020, 1, 22)


@pytest.mark.parametrize(
    ("cell", "moment"),
    [
        ("2020.01.22", Moment(DAY)),
        ("2020-1-22", Moment(DAY)),
        ("2020/1/22", Moment(DAY)),
        ("2020年1月22日", Moment(DAY)),
        ("20200122", Moment(DAY)),
        ("２０２０．１．２２", Moment(DAY)),
        (" 2020-01-22\u3000", Moment(DAY)),
        ("43852", Moment(DAY)),
        (43852.0, Moment(DAY)),
        (20200122.0, Moment(DAY)),
        (20200122, Moment(DAY)),
        (DAY, Moment(DAY)),
        (datetime.fromisoformat("2020-01-22"), Moment(DAY)),
        ("2020-01-22 13:05:06", Moment(DAY, "13:05:06")),
        ("2020/1/22 9:05", Moment(DAY, "09:05:00")),
        ("20200122130506", Moment(DAY, "13:05:06")),
        ("2020-01-22T13:05:06+08:00", Moment(DAY, "13:05:06")),
        ("2020-01-21T20:00:00Z", Moment(DAY, "04:00:00")),
        (43852.5, Moment(DAY, "12:00:00")),
        (datetime.fromisoformat("2020-01-22 13:05:06"), Moment(DAY, "13:05:06")),
        ("1月22日", PartialDay(1, 22)),
    ],
)
def test_forms_of_dates(cell: str | float | date, moment: Moment | PartialDay) -> None:
    assert read_moment(cell) == moment


@pytest.mark.parametrize(
    "cell",
    ["2020-02-30", "2020-01/22", "1/2/2020", "01-02-2020", "2020", "20201301", "2月30日", "昨天",
     float("inf"), float("nan"), 1e300, -1.0, True, time(1, 2), timedelta(1), "2020-01-22 25:00"],
)  # fmt: skip
def test_what_is_no_date(cell: str | float | time | timedelta) -> None:
    with pytest.raises(Unreadable) as caught:
        read_moment(cell)
    assert caught.value.code == "date_unreadable"


@given(st.dates(date(1990, 1, 1), date(2099, 12, 31)))
def test_every_day_is_read_from_every_form(day: date) -> None:
    serial = (day - date(1899, 12, 30)).days
    for cell in (day.isoformat(), f"{day:%Y%m%d}", f"{day:%Y.%m.%d}", float(serial), day):
        assert read_moment(cell) == Moment(day)


@pytest.mark.parametrize(
    ("cell", "clock"),
    [
        ("00:06:24", "00:06:24"),
        ("9:05", "09:05:00"),
        (time(9, 5, 1), "09:05:01"),
        (0.5, "12:00:00"),
        (timedelta(hours=3), "03:00:00"),
        ("2020-01-22 13:05:06", "13:05:06"),
        ("", None),
    ],
)
def test_forms_of_times(cell: str | float | time | timedelta, clock: str | None) -> None:
    assert read_time(cell) == clock


@pytest.mark.parametrize("text", ["2020", "2020-01-28", "2020-01-22/2020-01-28"])
def test_given_days(text: str) -> None:
    assert str(GivenDay.parse(text)) == text


@pytest.mark.parametrize(
    "text", ["", "20", "2020-1-28", "2020-02-30", "2020-01-28/2020-01-22", "a/b/c", "2020-01-28/"]
)
def test_what_is_no_given_day(text: str) -> None:
    with pytest.raises(Refused):
        GivenDay.parse(text)
